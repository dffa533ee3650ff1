/*
 * journal_line - one line of the journal, and how it hangs on the one before
 *
 * {"seq":N,"time":"…","event":"…",<fields>,"hash":"<64 hex digits>"}
 *
 * hash = SHA-256(the hash before ‖ SHA-256(the line up to and without ,"hash"))
 *
 * A checkpoint has ,"signature":"<88 base64 digits>" after its hash.  Both
 * stand at a fixed distance from the line's end, so that nothing within the
 * fields can be taken for them.
 */
#ifndef LIB_JOURNAL_LINE_H
#define LIB_JOURNAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/journal.h"
#include "lib/journal_key.h"
#include "lib/why.h"

#define JOURNAL_INSTANCE 32	/* hex digits */

/* SHA-256, fetched once. */
struct journal_hasher;			/* opaque */

/* NULL with *why. */
struct journal_hasher	*journal_hasher_new(struct why *);
void			 journal_hasher_free(struct journal_hasher **);

/* The hash of a line whose hashed part is `body`, after the hash `before`. */
void	 journal_hash(struct journal_hasher *,
	    const uint8_t before[JOURNAL_HASH], const char *body, size_t length,
	    uint8_t out[JOURNAL_HASH]);

/* What a line says of itself. */
struct journal_form {
	int64_t	 seq;
	int64_t	 time;			/* wall ms */
	int	 event;			/* enum event, or -1: unknown */
	size_t	 body;			/* bytes that the hash covers */
	uint8_t	 hash[JOURNAL_HASH];
	char	 signature[JOURNAL_SIGNATURE_TEXT + 1];	/* "": none */
};

/*
 * Takes a line (without its newline) apart.  Returns 0, or -1 with *why if it
 * has not the form of a line.
 */
int	 journal_form_read(const char *text, size_t length,
	    struct journal_form *, struct why *);

/* Where a walk along the chain stands. */
struct journal_chain {
	struct journal_hasher *hasher;	/* borrowed */
	int64_t	 seq;			/* of the line before */
	uint8_t	 hash[JOURNAL_HASH];	/* of the line before */
	bool	 known;			/* false: the next line is taken as
					 * it is, there is none before */
	char	 instance[JOURNAL_INSTANCE + 1];
	char	 key[JOURNAL_KEY_TEXT + 1];	/* that signs, "": none yet */
};

/*
 * Takes the next line, its seq and its hash checked.  Returns 0, or -1 with
 * *why; then the chain has gone on to that line only if it claims a later seq
 * than the line before, so that one wrong line is reported once.  `form` is
 * filled in as far as it could be read; its seq is 0 if it could not.
 */
int	 journal_chain_line(struct journal_chain *, const char *text,
	    size_t length, struct journal_form *, struct why *);

/*
 * Checks what a line that journal_chain_line() took says about keys: the first
 * start names instance and key, key.rotated is signed by the key before,
 * checkpoint by the key now.  Returns 0 or -1 with *why.
 */
int	 journal_chain_keys(struct journal_chain *, const char *text,
	    size_t length, const struct journal_form *, struct why *);

/* The instance that a first line names, or "". */
void	 journal_instance_read(const struct json *line,
	    char out[JOURNAL_INSTANCE + 1]);

/* What the two signatures are over; appended to `out`. */
void	 journal_signed_text(struct buf *out, const char *instance, int64_t seq,
	    const uint8_t hash[JOURNAL_HASH]);
void	 journal_signed_key(struct buf *out, const char *instance, int64_t seq,
	    const char *key);

#endif
