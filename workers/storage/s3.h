/*
 * s3 - objects in a bucket of S3, or of a server that speaks its protocol
 *
 * A content of less than 64 MiB is one PUT.  A larger one goes in parts, each
 * of which is sent again by itself when that fails; whatever ends the upload
 * before its completion, the parts are given up at the server, too.
 *
 * Nothing is replaced unless the destination says `overwrite`: a PUT has
 * If-None-Match, and where the server does not know that, it is asked before.
 */
#ifndef WORKERS_STORAGE_S3_H
#define WORKERS_STORAGE_S3_H

#include <sys/queue.h>

#include "workers/common/courier.h"
#include "workers/common/headers.h"
#include "workers/common/sigv4.h"
#include "workers/storage/config.h"
#include "workers/storage/s3_request.h"

#define S3_PART_FROM (64 * 1024 * 1024LL)	/* bytes; more go in parts */

struct attempt;

/* Those that wait for their turn to send a part again. */
struct s3_queue {
	TAILQ_HEAD(, s3_upload) waiting;
	char		*unconditional;	/* own; the endpoint that was last
					 * seen to know no conditions */
};

/* The end of an attempt, while its parts are given up. */
struct s3_end {
	struct link_outcome outcome;
	char		 reason[1024], remote[1025], peer[64];
};

struct s3_part {
	uint8_t		 sha256[SHA256_LENGTH];
	bool		 summed;	/* the server has compared that */
	char		 etag[S3_TAG_MAX];
};

struct s3_upload {
	TAILQ_ENTRY(s3_upload) entry;
	struct attempt	*attempt;	/* borrowed */
	struct s3_call	 call;
	struct buf	 key, query;	/* own; encoded */
	struct extent	 extent;	/* what is being sent */
	struct extent_reader reader;
	struct why	 broken;	/* why it was stopped */
	bool		 conditional;	/* the last PUT was */
	bool		 of_bucket;	/* the next call is not of the key */
	/* Of one in parts: */
	int64_t		 part_size;	/* 0: it is none */
	struct s3_part	*parts;		/* own */
	size_t		 part_count, part;
	EVP_MD_CTX	*digest;	/* own; of the part being read */
	int64_t		 digested;	/* bytes of the content */
	char		*id;		/* own; NULL: it has not begun */
	struct buf	 body;		/* own; what completes it */
	unsigned	 swept;		/* uploads that were left */
	int		 tries;
	int64_t		 due;		/* monotonic ms of the next one */
	bool		 queued;
	void		(*again)(struct s3_upload *);
	struct s3_end	 end;
};

/* Being tried: what is made is removed again. */
struct s3_trial {
	struct s3_call	 call;
	struct buf	 key;		/* own */
	int		 step;
	int64_t		 begun;		/* ms of the trial */
};

/* What it stored is to go. */
struct s3_erasure {
	struct s3_call	 call;
	struct buf	 key, query;	/* own; encoded */
	char		 looked[S3_TAG_MAX];	/* the version at hand, or "" */
	int		 removed;	/* versions */
	int		 rounds;
	bool		 unconditional;	/* it knows no If-Match there */
};

void	 s3_queue_begin(struct s3_queue *);
/* Goes on with those whose time has come; true if there is more to do. */
bool	 s3_turn(struct courier *, struct s3_queue *);

int	 s3_prepare(struct attempt *, int64_t *done, struct why *);
void	 s3_send(struct attempt *);
void	 s3_close(struct attempt *);
void	 s3_test(struct trial *);
void	 s3_trial_close(struct trial *);
void	 s3_place(const struct config *, struct buf *);
void	 s3_erase(struct erasure *);
void	 s3_erasure_close(struct erasure *);

/* --- between the s3*.c --------------------------------------------------- */

struct s3_upload	*s3_upload_of(struct attempt *);

/* Begins a call of that upload; its headers become the call's.  -1: *why. */
int	 s3_upload_start(struct s3_upload *, const char *method,
	    const char *query, struct headers *,
	    void (*done)(void *, const struct http_answer *), struct why *);

/* The headers of what is stored: type, metadata, class, encryption, lock. */
int	 s3_object_headers(struct attempt *, struct headers *, struct why *);

/* The reading, and telling that it moves. */
int64_t	 s3_upload_read(void *, char *out, size_t room);
void	 s3_upload_moved(void *, int64_t sent);

/* Ends the attempt by an answer; *record may have been changed before. */
void	 s3_upload_end(struct s3_upload *, const struct http_answer *);

/* Prepares the parts: a slice of reading. */
int	 s3_parts_prepare(struct s3_upload *, int64_t *done, struct why *);
void	 s3_parts_begin(struct s3_upload *);
void	 s3_parts_create(struct s3_upload *);

/* Gives up what attempts before left, then goes on with s3_parts_create(). */
void	 s3_sweep(struct s3_upload *);
void	 s3_parts_free(struct s3_upload *);

#endif
