/*
 * destination_field - the table of a destination's fields, and its checks
 *
 * Only for destination.c and the destination_*.c beside it.
 */
#ifndef LIB_DESTINATION_FIELD_H
#define LIB_DESTINATION_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/destination.h"
#include "lib/json.h"
#include "lib/why.h"

#define FIELD_PATH_MAX 256

/* The member of a config that holds the secrets that sign along. */
#define DESTINATION_OLD_SECRETS "oldSecrets"

/* All that is wrong, in words; zeroed to begin with. */
struct complaints {
	size_t		 count;
	char		 path[FIELD_PATH_MAX];	/* the first one's */
	struct buf	 text;			/* as much as fits a why */
	size_t		 told;			/* of them in text */
	struct buf	 fields;		/* each as JSON, as much as fits */
	struct complaints *lacks;		/* borrowed; see lacks_of() */
};

/* Adds one; the words go on after the path ("must be …"). */
void	 complain(struct complaints *, const char *path, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * Where to complain of what is not there: it may be kept apart from what is
 * wrong, for whoever can do without it for a while.
 */
struct complaints	*lacks_of(struct complaints *);

/*
 * Ends them: 0 if there are none, else -1 with *why.  Frees.
 */
int	 complaints_end(struct complaints *, struct why *);

struct destination_field {
	const char	*path;
	const char	*form;
	bool		 required;
	bool		 sealed;
	int		 transport;	/* -1: any */
};

/*
 * Walks the config's fields of a transport in the order of the document.
 * `at` is 0 to begin with; NULL at the end.
 */
const struct destination_field	*destination_field_next(enum transport,
				    size_t *at);

/* The first field of that form that is the transport's own, or NULL. */
const struct destination_field	*destination_field_of(enum transport,
				    const char *form);

/* The value at a path like "retryConfig.maxRetries", or NULL. */
const struct json	*destination_value(const struct json *,
			    const char *path);

/*
 * Appends scheme://host:port of the config's URL or host; an empty text where
 * its type has neither, or the config leaves it out; behind a space, where its
 * tokens come from, if it says so.  -1 if a URL is none.
 */
int	 destination_origin(const struct json *config, enum transport,
	    struct buf *);

/* The config of its type. */
const struct json	*destination_config(const struct destination *);

/* The sealed text, if that is what a value of a document is; or NULL. */
const char	*destination_sealed(const struct json *);

/* True for a member of the document that a person may give. */
bool	 destination_field_is_top(const char *name);

/* Reads what the document says of its secrets into the struct. */
void	 destination_read_secrets(struct destination *);

/* Checks all but what depends on the transport / what depends on it. */
void	 destination_check_top(const struct json *, struct complaints *);
void	 destination_check_config(const struct json *, enum transport,
	    struct complaints *);

/* True for a header whose value is no secret. */
bool	 header_harmless(const char *name);

/* True if the config asks for that signature. */
bool	 destination_signature_is(const struct json *config, const char *);

/* Checks what the fields of a config, each good by itself, say together. */
void	 destination_check_together(const struct json *config,
	    enum transport, struct complaints *);

/* Complains if a signature like `config` asks for cannot be made with it. */
void	 destination_check_secret(const struct json *config,
	    const char *secret, const char *path, struct complaints *);

/* The part of that which is a storage destination's own. */
void	 destination_check_storage(const struct json *config,
	    struct complaints *);

/* The part of that which is about an email destination's service. */
void	 destination_check_service(const struct json *config,
	    struct complaints *);

/*
 * Appends a template of JSON, which a person may write as a string or as JSON
 * itself, as one text.
 */
void	 destination_request_text(const struct json *, struct buf *);

/* The part of that which is an sftp destination's own. */
void	 destination_check_sftp(const struct json *config,
	    struct complaints *);

/* The part of that which is about signing and encrypting. */
void	 destination_check_cms(const struct json *config, enum transport,
	    struct complaints *);

/* True if the first of the certificates is the private key's. */
bool	 destination_is_pair(const struct json *certificates,
	    const char *private_key);

/* Leaves what a person may give in a view: all of the rest is spoold's. */
void	 destination_view_strip(struct json *view);

/* 0, or -1 with *why: all that the config lacks, and only that. */
int	 destination_lacks(const struct json *input,
	    const struct destination_keeper *, struct why *);

/*
 * Appends what is doubtful about a config, each as a member of an array of
 * JSON: its path, and a sentence about it.
 */
void	 destination_warn(const struct json *config, enum transport,
	    struct buf *);

/*
 * Checks that a value has a form of destination.def, and complains if not.
 */
void	 destination_check_form(const struct json *, const char *form,
	    const char *path, struct complaints *);

#endif
