/*
 * courier - a transport's worker: what all of them have in common
 *
 * One process, one thread, one loop.  A transport is a table of functions; its
 * main() is courier_run().  For each ticket the courier reads the
 * destination's settings, compares the job with what was accepted and asks the
 * transport to go on; the transport ends each attempt by attempt_end() or one
 * of its kin, once.  Whatever takes long is cut in slices, so that one ticket
 * never holds up the others and spoold, which takes silence for death, hears
 * that it goes on.
 *
 * Ownership: an attempt and a trial are the courier's.  What a transport keeps
 * with one is in its `state`, given back in `close`.
 */
#ifndef WORKERS_COURIER_H
#define WORKERS_COURIER_H

#include <sys/queue.h>

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/egress.h"
#include "lib/json.h"
#include "lib/link.h"
#include "lib/why.h"

#include "workers/common/http.h"
#include "workers/common/parcel.h"
#include "workers/common/sandbox.h"
#include "workers/common/verdict.h"

#define COURIER_CHUNK (64 * 1024)	/* bytes of courier_chunk() */

struct courier;				/* opaque */
struct held;				/* opaque: settings under a count */

/* A ticket on its way to its destination. */
struct attempt {
	TAILQ_ENTRY(attempt) entry;
	struct courier	*courier;	/* borrowed */
	struct link_attempt facts;
	char		*text[ATTEMPT_texts];	/* own; never NULL; but
					 * ATTEMPT_config, which is */
	struct parcel	 parcel;
	struct json	*metadata;	/* own; see attempt_metadata() */
	struct held	*held;
	const void	*config;	/* the transport's own struct, held */
	void		*state;		/* own; `state_size` bytes, zeroed */
	int64_t		 started;	/* monotonic ms */
	int64_t		 told;		/* when spoold last heard of it */
	int64_t		 gone;		/* bytes gone through before `send` */
};

/* A destination being tried, without a job. */
struct trial {
	struct courier	*courier;	/* borrowed */
	struct link_test facts;
	struct link_tested steps;	/* as far as they were made */
	char		 says[STEPS][STEP_SAYS_MAX];	/* what was seen */
	struct held	*held;
	const void	*config;	/* held */
	void		*state;		/* own; `trial_size` bytes, zeroed */
	int64_t		 started;	/* monotonic ms */
};

/* What an attempt once stored is to go. */
struct erasure {
	TAILQ_ENTRY(erasure) entry;	/* the transport's, for a queue */
	struct courier	*courier;	/* borrowed */
	struct link_erase facts;
	char		*stored;	/* own; what OUTCOME_stored said */
	struct held	*held;
	const void	*config;	/* held */
	void		*state;		/* own; `erasure_size` bytes, zeroed */
	int64_t		 told;		/* when spoold last heard of it */
};

struct transport {
	const char	*program;	/* for the log: "spoold-webhook" */
	enum sandbox	 sandbox;
	size_t		 state_size;	/* of an attempt's state */
	size_t		 trial_size;	/* and of a trial's */
	size_t		 erasure_size;	/* and of an erasure's */
	size_t		 metadata_max;	/* bytes of a job's metadata to keep */
	bool		 http;		/* it asks for courier_http() */

	/*
	 * Before the worker is shut in: opens what needs files, and returns
	 * what courier_own() gives.  NULL with *why ends the worker.  May be
	 * NULL.
	 */
	void		*(*begin)(struct courier *,
			    const struct link_record *setup, struct why *);
	/*
	 * After that: the directories beneath which it may write, the last is
	 * NULL; for SANDBOX_files.  May be NULL.
	 */
	const char *const *(*writable)(const struct courier *);

	/*
	 * Reads a destination's settings, kept while an attempt of it is under
	 * way.  NULL with *why: the attempt is deferred.  `config_free` wipes.
	 */
	void		*(*config_read)(const struct courier *,
			    const struct json *, struct why *);
	void		 (*config_free)(void *);

	/*
	 * A new attempt; the parcel is open, nothing has been read.  0, or -1
	 * with *why as attempt_fail() takes it.  May be NULL.
	 */
	int		 (*open)(struct attempt *, struct why *);
	/*
	 * The job is what was accepted.  A slice of what is to be done before
	 * `send`; adds the bytes gone through to *done.  1: ready, 0: more, -1
	 * with *why.  May be NULL.
	 */
	int		 (*prepare)(struct attempt *, int64_t *done,
			    struct why *);
	/* On its way.  Ends it, now or later. */
	void		 (*send)(struct attempt *);
	/* It has ended: frees what `state` has.  May be NULL. */
	void		 (*close)(struct attempt *);

	/* Tries a destination.  Ends it by trial_end(), now or later. */
	void		 (*test)(struct trial *);
	void		 (*trial_close)(struct trial *);  /* may be NULL */

	/*
	 * Removes what an attempt stored, if it is that still.  Ends it by
	 * erasure_end() or one of its kin, now or later.  NULL: what it
	 * delivers nobody can take back.
	 */
	void		 (*erase)(struct erasure *);
	void		 (*erasure_close)(struct erasure *);  /* may be NULL */

	/*
	 * Once each turn of the loop, for what `send` began; true if there is
	 * more to do at once.  May be NULL.
	 */
	bool		 (*turn)(struct courier *);

	/*
	 * Any other record; its descriptors are the transport's now.  Where
	 * there is such a function, the link is read even while there is no
	 * room for attempts.  May be NULL.
	 */
	void		 (*record)(struct courier *, struct link_record *);

	/*
	 * Whether something goes on that no attempt stands for: when the link
	 * has ended, the worker waits for its end, too.  May be NULL.
	 */
	bool		 (*busy)(const struct courier *);
};

int	 courier_run(const struct transport *);

/* What `begin` returned. */
void	*courier_own(const struct courier *);
/* Requests of all attempts. */
struct http	*courier_http(const struct courier *);
const char	*courier_organization(const struct courier *);
const char	*courier_user_agent(const struct courier *);
const char	*courier_tls_minimum(const struct courier *);
/* Statuses that the configuration calls permanent, one a line. */
const char	*courier_permanent(const struct courier *);
/* Whether the link has ended: nothing more is to be begun. */
bool	 courier_ended(const struct courier *);
/* Sends a record of the transport's own. */
void	 courier_send(struct courier *, const struct link_record *);
/* COURIER_CHUNK bytes, anybody's until it returns. */
char		*courier_chunk(const struct courier *);

/*
 * A descriptor that the loop waits for, besides; `ready` is called with what
 * poll(2) said.  Taken out before the descriptor is closed.
 */
struct watch {
	LIST_ENTRY(watch) entry;
	int		 fd;
	short		 events;	/* POLLIN, POLLOUT */
	void		 (*ready)(void *arg, short events);
	void		*arg;		/* borrowed */
};
void	 courier_watch(struct courier *, struct watch *);
void	 courier_unwatch(struct courier *, struct watch *);

/* The loop turns by then (monotonic ms) at the latest; for the next turn. */
void	 courier_wake(struct courier *, int64_t);

/*
 * The job's metadata, NULL in *metadata if it has none, borrowed from the
 * attempt; once the job was checked.  0, or -1 with *why if there is more of
 * it than `metadata_max`.
 */
int	 attempt_metadata(struct attempt *, const struct json **metadata,
	    struct why *);

/* The media type of what is delivered; never empty. */
#define TYPE_UNKNOWN "application/octet-stream"
const char	*attempt_type(const struct attempt *);

/* --- ends of an attempt: each frees it ------------------------------------ */

/* By an outcome whose record was filled in, but for token and time. */
void	 attempt_end(struct attempt *, struct link_record *);

/*
 * By something on this side.  Only what no further attempt can mend is
 * permanent: VALIDATION_ERROR (the job does not fit the destination) and
 * PAYLOAD_CHANGED.
 */
void	 attempt_fail(struct attempt *, const struct why *);

/* By an answer of HTTP. */
void	 attempt_answered(struct attempt *, const struct http_answer *,
	    const struct verdict_rules *);

/*
 * It goes on, `sent` bytes by now (or whatever else grows as it does): spoold
 * is told, once a second at most.
 */
void	 attempt_moved(struct attempt *, int64_t sent);

/*
 * The next attempt of this ticket, and nobody else, is told that: in its
 * ATTEMPT_resume.  Up to 4096 bytes; it may be a secret, and stands nowhere
 * but in spoold's memory.
 */
void	 attempt_keep(struct attempt *, const char *);

/* --- a trial -------------------------------------------------------------- */

/* A step that was made when the last had come to `from`, ms of the trial. */
void	 trial_step(struct trial *, enum step, bool good, int64_t from,
	    int64_t to);

/* What was seen at it, for whoever asked; no secret. */
void	 trial_says(struct trial *, enum step, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * The steps that a request shows, up to the first that failed, and what was
 * seen: `secure` says that TLS was asked for.  True if all were made up to the
 * answer's arrival.
 */
bool	 trial_http_steps(struct trial *, const struct http_answer *,
	    bool secure);

/*
 * True if this machine's clock is as far from the server's as what signs with
 * the time cannot stand: `authenticate` failed then, and *why says so.
 */
bool	 trial_clock_differs(struct trial *, const struct http_answer *,
	    struct why *);

/*
 * Ends it, and frees it.  The record has error, code and reason; the steps are
 * those that were told.
 */
void	 trial_end(struct trial *, struct link_record *);

/* Ends it by something on this side: nothing was sent. */
void	 trial_fail(struct trial *, const struct why *);

/* --- an erasure ----------------------------------------------------------- */

/*
 * Ends it, and frees it.  What the error says is the same for all transports:
 *
 * NONE			it is gone now, or was before
 * CONFLICT		something else is there; it stays, and is asked for
 *			no more
 * PERMISSION_DENIED	it is there, and may not go: this one is asked for
 *			again a day later
 * anything else	the destination's trouble, and so that of all others
 *			there: all are asked for again later
 *
 * `code` is the remote's status, or 0; the reason has nothing of the path.
 */
void	 erasure_end(struct erasure *, enum error, int code,
	    const char *reason);
void	 erasure_gone(struct erasure *);
void	 erasure_fail(struct erasure *, const struct why *);

/* It goes on: spoold is told, once a second at most. */
void	 erasure_moved(struct erasure *);

#endif
