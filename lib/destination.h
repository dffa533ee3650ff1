/*
 * destination - where to, how, with which credentials
 *
 * One JSON file each, <state_directory>/<org>/destinations/<id>.json, written
 * by spoold alone.  Credentials in it are sealed (vault.h).  Which fields each
 * type's config has, of what form, and which are secret stands once, in
 * destination.def.
 */
#ifndef LIB_DESTINATION_H
#define LIB_DESTINATION_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/signing.h"
#include "lib/ticket.h"
#include "lib/vault.h"
#include "lib/why.h"

#define DESTINATION_FILE_MAX 65536

enum transport {
#define TRANSPORT(name) TRANSPORT_##name,
#define DESTINATION_FIELD(type, path, form, required, sealed, sentence)
#include "lib/destination.def"
#undef TRANSPORT
#undef DESTINATION_FIELD
	TRANSPORTS
};
const char	*transport_name(enum transport);
int		 transport_by_name(const char *);	/* or -1 */

/* How to wait between attempts; -1 in a field: as the configuration says. */
struct retry_policy {
	int	 max_retries;
	int64_t	 base_delay;		/* ms */
	int64_t	 max_delay;		/* ms, maxBackoffDelay */
	double	 multiplier;		/* < 0: as the configuration says */
	bool	 formula;		/* a field but max_retries was given */
};

/* A secret that signs: what is known of it, but not what it is. */
struct destination_secret {
	char	 id[24];
	bool	 made;			/* by spoold, and not by a person */
	int64_t	 created_at;		/* wall ms */
	int64_t	 accepted_at;		/* by the receiver; 0: not known */
	int64_t	 expires_at;		/* end of its overlap; 0: the current */
};

struct destination {
	char		 id[DESTINATION_ID_MAX + 1];
	enum transport	 transport;
	bool		 is_default;
	bool		 disabled;
	int64_t		 version;
	int		 concurrency;	/* 0: the scheduler's own */
	int		 rate_per_minute;	/* 0: none */
	bool		 ordered;
	bool		 rotates;	/* has a credential with a second value */
	int64_t		 timeout;	/* ms without progress */
	int		 cleanup_days;	/* what it stored goes then; 0: never */
	struct retry_policy retry;
	struct destination_secret secrets[SIGNING_SECRETS_MAX];	/* the current
					 * first, then the younger first */
	size_t		 secret_count;
	struct json	*document;	/* own; the file, sealed */
	struct buf	 warnings;	/* own; what was doubtful about it when
					 * it was made, as the members of an
					 * array of JSON */
};

/* The vault, and whose destination it is. */
struct destination_keeper {
	const struct vault *vault;
	const char	*organization;
	struct buf	*lacking;	/* borrowed; see destination_make() */
};

/*
 * Reads a destination's file text.  NULL with *why.  Freed by
 * destination_free().
 */
struct destination	*destination_read(const char *text, size_t,
			    struct why *);
void	 destination_free(struct destination **);

/*
 * Makes a new destination out of what a person wrote: checks every field and
 * names all that are wrong in *why's text (path is the first), makes the id
 * from the label if it is left out (`taken` says which are in use), makes a
 * webhook secret if none is given, seals credentials, sets createdAt, version
 * 1 and the rest.  `made_secret` gets a secret that was made, to be shown once
 * and then wiped; empty if none was.  NULL with *why.
 *
 * Where the keeper has a `lacking`, what is missing in the config is not
 * wrong: it gets that in words, and the destination must not be used before
 * destination_complete() says so.
 */
typedef bool	 destination_taken(const void *arg, const char *id);
struct destination	*destination_make(const struct json *input,
			    const struct destination_keeper *,
			    destination_taken *taken, const void *arg,
			    struct buf *made_secret, struct why *why);

/*
 * Checks a whole one as destination_make() would: 0, or -1 with *why, which
 * names all that is missing; what else may be wrong by now does not count.
 */
int	 destination_complete(const struct destination *,
	    const struct destination_keeper *, struct why *);

/*
 * What destination_make() would make the same of, credentials in clear: to be
 * wiped by destination_view_free().  Secrets that sign along are masked.  NULL
 * with *why.
 */
struct json	*destination_view(const struct destination *,
		    const struct destination_keeper *, struct why *);
void		 destination_view_free(struct json **);

/*
 * Another one like it, `id` or (NULL) made from the label, with the same
 * credentials and secrets; it is no default, and unused.
 */
struct destination	*destination_duplicate(const struct destination *,
			    const char *id, const struct destination_keeper *,
			    destination_taken *taken, const void *arg,
			    struct why *why);

/*
 * Changes who uses it: `disabled` with by and reason (both may be NULL), or
 * isDefault.  Raises version, sets updatedAt.
 */
void	 destination_set_disabled(struct destination *, bool disabled,
	    const char *by, const char *reason);
void	 destination_set_default(struct destination *, bool);

/* True if that user may name it in a job. */
bool	 destination_admits(const struct destination *, const char *user);

/* Raises version, sets updatedAt: after any other change of the document. */
void	 destination_changed(struct destination *);

/* Its file's text. */
void	 destination_print(const struct destination *, struct buf *);

/* For people: the same with "********" for every sealed value. */
void	 destination_print_masked(const struct destination *, struct buf *);

/*
 * The config of its type with every sealed value opened, as a worker gets it:
 * `{"url": …, …}`.  `out` is to be wiped.
 */
int	 destination_open(const struct destination *, const char *organization,
	    const struct vault *, struct buf *out, struct why *);

/*
 * Its file's text with every value sealed under the vault's current key: the
 * others are opened and sealed anew.  0, or -1 with *why.
 */
int	 destination_reseal(const struct destination *,
	    const char *organization, const struct vault *, struct buf *out,
	    struct why *);

/*
 * Opens every sealed value and wipes it; `found` is told of each: its field
 * within config, whether it is sealed under the vault's current key, and *why
 * it does not open, or NULL.
 */
typedef void	 destination_found(void *arg, const char *field,
		    bool is_current, const struct why *);
void	 destination_check_sealed(const struct destination *,
	    const char *organization, const struct vault *,
	    destination_found *, void *arg);

#endif
