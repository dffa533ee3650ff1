/*
 * upload - a ticket's object, at a store that speaks HTTP
 *
 * A small content is one request.  A larger one goes in parts, each of which
 * is sent again by itself when that fails.  Nothing is replaced unless the
 * destination says `overwrite`: the request has a condition, and where the
 * server does not know that, it is asked before.  What has the key already is
 * compared.
 *
 * What all providers do is in upload.c, parts.c, digests.c, describe.c and
 * cloud_test.c; a provider is a struct cloud.
 */
#ifndef WORKERS_STORAGE_UPLOAD_H
#define WORKERS_STORAGE_UPLOAD_H

#include <sys/queue.h>

#include "workers/common/courier.h"
#include "workers/common/headers.h"
#include "workers/storage/answer.h"
#include "workers/storage/call.h"
#include "workers/storage/config.h"

#define MD5_LENGTH 16

struct upload;

/* Those that wait for their turn to be sent again. */
struct upload_queue {
	TAILQ_HEAD(, upload) waiting;
	char		*unconditional;	/* own; the endpoint that was last
					 * seen to know no conditions */
};

/* The end of an attempt, while its parts are given up. */
struct upload_end {
	struct link_outcome outcome;
	char		 reason[1024], remote[1025], peer[64];
};

struct part {
	uint8_t		 sha256[SHA256_LENGTH];
	uint8_t		 md5[MD5_LENGTH];
	bool		 summed;	/* the server has compared that */
	bool		 there;		/* the server has it already */
	char		 etag[TAG_MAX];
};

struct upload {
	TAILQ_ENTRY(upload) entry;
	struct attempt	*attempt;	/* borrowed */
	const struct cloud *cloud;
	struct call	 call;
	struct buf	 key, query;	/* own; encoded */
	struct extent	 extent;	/* what is being sent */
	struct extent_reader reader;
	struct buf	 before, after;	/* own; around it, in one request */
	int64_t		 given;		/* of all three */
	struct why	 broken;	/* why it was stopped */
	bool		 conditional;	/* the last request was */
	void		(*then)(struct upload *, const struct http_answer *);
	/* What the content is read for before: */
	EVP_MD_CTX	*sha256, *md5;	/* own; of the part being read */
	EVP_MD_CTX	*whole;		/* own; MD5 of all */
	uint8_t		 whole_md5[MD5_LENGTH];
	int64_t		 digested;	/* bytes of the content */
	/* In parts, where there is more than one request: */
	bool		 parted;
	int64_t		 part_size;	/* 0: nothing is planned */
	struct part	*parts;		/* own */
	size_t		 part_count, part;
	int64_t		 skip;		/* bytes of the part that are there */
	char		*id;		/* own; wiped; NULL: it has not begun */
	struct buf	 body;		/* own; of a request */
	bool		 completing;	/* with that it is all there */
	size_t		 listed;	/* the last part that was told of */
	unsigned	 swept;		/* uploads that were left */
	unsigned	 begun;		/* how often it was begun anew */
	int		 tries;
	int64_t		 due;		/* monotonic ms of the next one */
	bool		 queued;
	void		(*again)(struct upload *);
	struct upload_end end;
};

/* --- what a provider is --------------------------------------------------- */

/* Sets the call's method, query and body, and the request's headers. */
typedef int	 compose(struct upload *, struct headers *, struct why *);

enum upload_step {
	UPLOAD_ask,		/* what has that key? */
	UPLOAD_explain,		/* why asking was refused */
	UPLOAD_put,		/* all in one */
	UPLOAD_begin,		/* of parts; NULL: nothing begins them */
	UPLOAD_part,
	UPLOAD_complete,	/* NULL: the last part does */
	UPLOAD_abort,		/* NULL: nothing has to be given up */
	UPLOAD_STEPS
};

enum taken {
	TAKEN_not,		/* it was not taken */
	TAKEN_yes,
	TAKEN_moved,		/* and `part` and `skip` say what is next */
	TAKEN_lost		/* it has forgotten the upload */
};

enum trial_step { TRIAL_put, TRIAL_again, TRIAL_delete };

/* Something that is there, by a version, or by its tag as it was last seen. */
enum erase_step { ERASE_look, ERASE_explain, ERASE_remove };
struct erase_what {
	const char	*version, *tag;	/* "": none */
	bool		 unconditional;	/* the server knows no conditions */
};

struct cloud {
	const char	*(*endpoint)(const struct config *);
	const struct said_header *said;
	const struct code *codes;	/* the last has no name */
	/* The code of an answer's error; false: there is none. */
	bool		 (*code)(const struct call *,
			    const struct http_answer *, char *, size_t);
	/* Sends it off with who asks; later, if that is to be found out. */
	int		 (*start)(struct call *, struct why *);
	/* It was answered 401; may be NULL. */
	void		 (*refused)(const struct call *);
	int64_t		 part_from;	/* bytes; as many go in parts */
	size_t		 parts_max;
	bool		 flat;		/* a `/` of a key is encoded, too */
	bool		 md5, part_md5;	/* of all, of a part: is needed */
	bool		 kept;		/* the next attempt may go on with
					 * what one deferred has begun */
	compose		*compose[UPLOAD_STEPS];
	/* Reads what a good answer to UPLOAD_ask says; may be NULL. */
	void		 (*described)(const struct http_answer *,
			    struct said *);
	/* Reads the upload's id out of the answer to UPLOAD_begin. */
	int		 (*begun)(struct upload *, const struct http_answer *,
			    struct why *);
	/* Whether a part was taken. */
	enum taken	 (*part)(struct upload *, const struct http_answer *);
	/* Checks what the last request was answered; may be NULL. */
	int		 (*finished)(struct upload *,
			    const struct http_answer *, struct why *);
	/*
	 * Finds what an attempt before this one has left; it goes on with
	 * parts_create() or parts_next().  `relocate`: after a part that
	 * failed, too.
	 */
	void		 (*recover)(struct upload *);
	bool		 relocate;
	/*
	 * A step of an erasure.  What a version is named by is enough to ask
	 * for it and no other.
	 */
	bool		 versions;
	/* True if a 404 says of the object, not of its store, that it is not. */
	bool		 (*gone)(const struct call *,
			    const struct http_answer *);
	int		 (*erasure)(struct call *, enum erase_step,
			    const struct erase_what *, struct buf *query,
			    struct headers *, struct why *);
	const char	*erase_words;	/* why it may not, and what is needed */
	/* Where these settings put things; see provider.h. */
	void		 (*place)(const struct config *, struct buf *);
	/* A step of a trial. */
	int		 (*trial)(struct call *, enum trial_step,
			    struct buf *query, struct headers *,
			    struct why *);
};

/* --- as a provider's functions -------------------------------------------- */

void	 upload_queue_begin(struct upload_queue *);
/* Goes on with those whose time has come; true if there is more to do. */
bool	 upload_turn(struct courier *, struct upload_queue *);

int	 upload_prepare(struct attempt *, int64_t *done, struct why *);
void	 upload_send(struct attempt *);
void	 upload_close(struct attempt *);

/* Being tried: what is made is removed again. */
struct cloud_trial {
	struct call	 call;
	struct buf	 key, query;	/* own */
	enum trial_step	 step;
	int64_t		 begun;		/* ms of the trial */
};
void	 cloud_test(struct trial *);
void	 cloud_trial_close(struct trial *);

/* What is to go: it is looked at first, and once more in the end. */
struct cloud_erasure {
	struct call	 call;
	struct buf	 key, query;	/* own */
	char		 looked[TAG_MAX];	/* version that was asked for */
	unsigned	 rounds, removed;
	bool		 unconditional;
	void		(*then)(struct erasure *, const struct http_answer *);
};
void	 cloud_place(const struct config *, struct buf *);
void	 cloud_erase(struct erasure *);
void	 cloud_erasure_close(struct erasure *);

/* Appends a path as the store's keys are encoded. */
void	 cloud_key(const struct cloud *, const char *path, struct buf *);

/* --- between the files above and the providers ---------------------------- */

/* Begins a step; a failure to do so is *why. */
int	 upload_step(struct upload *, enum upload_step,
	    void (*then)(struct upload *, const struct http_answer *),
	    struct why *);

/* Begins a call that has no step; its headers become the call's. */
int	 upload_start(struct upload *, struct headers *,
	    void (*then)(struct upload *, const struct http_answer *),
	    struct why *);

/*
 * True unless an answer that looks good says of what is there now that it is
 * not what was sent, or nothing of it: then *why.
 */
bool	 upload_is_finished(struct upload *, const struct http_answer *,
	    struct why *);

/*
 * Keeps for the next attempt by which id the server knows what was begun.
 * What the last one kept as that is borrowed, or NULL: with another version of
 * the destination it begins anew.
 */
void	 upload_keep(struct upload *, const char *kind, const char *id);
const char	*upload_kept(const struct upload *, const char *kind);

/* Ends the attempt by an answer. */
void	 upload_end(struct upload *, const struct http_answer *);

/* The body is the extent, between `before` and `after`. */
void	 upload_reads(struct upload *);

/* Reads the content and makes its digests: a slice. */
int	 digests_prepare(struct upload *, int64_t *done, struct why *);
void	 digests_free(struct upload *);

/*
 * Metadata: each name and value to `put`, the value as plain ASCII or as
 * RFC 2047 has it; in the end the SHA-256.
 */
typedef int	 put_metadata(void *arg, const char *name, const char *value,
		    struct why *);
int	 describe(struct attempt *, put_metadata *, void *arg, struct why *);
/*
 * headers_set() for one of these: of two names that are one to the server
 * neither is left out in silence.
 */
int	 describe_header(struct headers *, const char *name,
	    const char *value, struct why *);
/* headers_set(), but of bytes in base64; and nothing for NULL. */
int	 headers_set_base64(struct headers *, const char *name, const void *,
	    size_t, struct why *);
int	 headers_set_if(struct headers *, const char *name, const char *value,
	    struct why *);

/*
 * The body is the part, but for what is there of it already, which is read all
 * the same, to be compared.  0, or -1 with *why.
 */
int	 parts_read(struct upload *, struct why *);
void	 parts_begin(struct upload *);
void	 parts_create(struct upload *);
/* Sends the next that is not there; or ends it, the last was answered so. */
void	 parts_next(struct upload *, const struct http_answer *);
/* It goes on with the byte at `offset`; false: it cannot. */
bool	 parts_at(struct upload *, int64_t offset);
/* After a failure: waits, or gives it up by that. */
void	 parts_failed(struct upload *, const struct http_answer *,
	    void (*again)(struct upload *));
void	 parts_give_up(struct upload *, const struct why *);
/* Forgets what was begun, and what is there of it. */
void	 parts_forget(struct upload *);
/* The server has forgotten it: it begins anew, or is given up. */
void	 parts_lost(struct upload *);
void	 parts_free(struct upload *);

#endif
