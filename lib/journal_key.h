/*
 * journal_key - the Ed25519 key that signs the journal
 *
 * A key file holds the base64 of the 32 raw bytes and a newline.  A new key
 * first lies in <path>.new; it is moved over the old one, whose bytes are
 * overwritten before, when the journal line that names it is durable.  So at
 * any time one of the two files is the key that the journal calls current.
 */
#ifndef LIB_JOURNAL_KEY_H
#define LIB_JOURNAL_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/why.h"

#define JOURNAL_KEY_TEXT 44		/* base64 of 32 bytes */
#define JOURNAL_SIGNATURE_TEXT 88	/* base64 of 64 bytes */

struct journal_key;			/* opaque; wiped when freed */

/* A new one.  NULL with *why. */
struct journal_key	*journal_key_new(struct why *);
void			 journal_key_free(struct journal_key **);

/* The public part in base64. */
const char	*journal_key_public(const struct journal_key *);

/*
 * Reads the private key `path`, or <path>.new, whichever has the public part
 * `public` (NULL: any), and finishes or undoes a replacement that was
 * interrupted.  Returns 1 with the key, 0 if neither is it, -1 with *why.
 */
int	 journal_key_load(const char *path, const char *public,
	    struct journal_key **, struct why *);

/* Writes it durably as <path>.new.  0 or -1 with *why. */
int	 journal_key_store(const struct journal_key *, const char *path,
	    struct why *);

/*
 * Overwrites what is at `path` and moves <path>.new there, durably.  Nothing
 * to do is no error.  0 or -1 with *why.
 */
int	 journal_key_install(const char *path, struct why *);

/* The public part into a file, durably.  0 or -1 with *why. */
int	 journal_key_publish(const struct journal_key *, const char *path,
	    struct why *);
/* Reads such a file.  0 or -1 with *why. */
int	 journal_key_read_public(const char *path,
	    char out[JOURNAL_KEY_TEXT + 1], struct why *);

void	 journal_key_sign(const struct journal_key *, const struct buf *text,
	    char out[JOURNAL_SIGNATURE_TEXT + 1]);

/*
 * True if `signature` is one by the key `public` over the text.  Both must be
 * base64 in its one canonical form: a bit that nothing decodes is seen too.
 */
bool	 journal_key_verifies(const char *public, const struct buf *text,
	    const char *signature);

#endif
