/*
 * libspool - submitting jobs to spoold, and asking it, from a C program
 *
 * A program can do what a person can with spoold's commands, which stand on
 * this library, too: drop a job durably, wait for it, and ask for whatever the
 * control socket offers (spoold-control(7)) and the program's user may.
 *
 * A struct libspool is one connection, made when it is needed first, for one
 * thread at a time; a child that is forked leaves it alone.  Results are JSON:
 * libspool_text() and its like read them, libspool_json() is the whole.
 * Functions that give a pointer give NULL, and those that give an int -1, if
 * it failed, with the error filled in; the error may be NULL where nobody
 * wants to know.  Given NULL for the connection, they fail and leave the error
 * as libspool_open() filled it in, so that it is enough to look at what is
 * asked last.  Strings are UTF-8.  Nothing is printed, and every descriptor is
 * closed on exec.  Where memory ends, so does the program.
 */
#ifndef LIBSPOOL_H
#define LIBSPOOL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBSPOOL_ID 27		/* a delivery id and its NUL */
#define LIBSPOOL_NAME 201	/* a drop's name and its NUL */
#define LIBSPOOL_DATA 33	/* a payload's name in data/ and its NUL */
#define LIBSPOOL_TICKETS 400	/* that one question can name */

struct libspool;		/* a connection to spoold */
struct libspool_result;		/* what it answered */

/* What was wrong; see spoold-errors(7). */
struct libspool_error {
	char	  code[32];		/* "DESTINATION_NOT_FOUND" */
	int	  status;		/* the exit status of that code */
	int	  number;		/* errno, or 0 */
	char	  message[768];		/* what is wrong, where, what helps */
	char	  path[256];		/* the field that is wrong, or "" */
	char	  delivery_id[32];	/* of the job that it is about, or "" */
	char	  name[832];		/* of the drop, or ""; escaped, but by
					 * libspool_drop() and _submit() */
	char	  nearest[64];		/* what may have been meant, or "" */
	char	  fields[4096];		/* each that is wrong: objects of JSON
					 * with path and message, separated by
					 * commas, or "" */
	long long offset;		/* the byte that is wrong, or -1 */
	long long retry_after;		/* seconds, or 0 */
};

/* "0.1.0" */
const char	*libspool_version(void);

/*
 * For what `file` configures (NULL: $SPOOLD_CONFIG, else
 * /etc/spoold/spoold.conf) and that organization (NULL: the only one that
 * there is, or in which the user has a role).  spoold need not run.  Ended by
 * libspool_close(), which sets the pointer to NULL.
 */
struct libspool	*libspool_open(const char *file, const char *organization,
		    struct libspool_error *);
void		 libspool_close(struct libspool **);

/*
 * How long an answer is waited for, connecting included, in ms; -1, as it is
 * first: for ever.  When the time is up, the error's number is ETIMEDOUT.  For
 * the end of a spoold that was started to answer some seconds are waited then,
 * and it is asked to end; without a timeout its end is waited for.
 */
void	 libspool_set_timeout(struct libspool *, long long ms);

/*
 * For root and a private instance's owner: while spoold is down, `program`,
 * the path of spoold, is started with --offline and answers instead, with the
 * same checks and the same journal.  It ends with the connection, which is
 * waited for.  NULL, as it is first: UNAVAILABLE.
 */
void	 libspool_set_offline(struct libspool *, const char *program);

/* Connects now instead of with the first question. */
int	 libspool_connect(struct libspool *, struct libspool_error *);

/* 1 if it is connected to a spoold that was started for it, else 0. */
int	 libspool_is_offline(const struct libspool *);

/* --- results -------------------------------------------------------------- */

/*
 * A place in a result is written as "destinations[0].status"; "" is all of it.
 * What is given stays as long as the result, which libspool_free() ends.
 */
void		 libspool_free(struct libspool_result **);

/* The whole as one line of JSON.  Nothing is in a result that is NULL. */
const char	*libspool_json(const struct libspool_result *);

/* A string; NULL if there is none. */
const char	*libspool_text(const struct libspool_result *,
		    const char *place);
/* A whole number; `fallback` if there is none. */
long long	 libspool_number(const struct libspool_result *,
		    const char *place, long long fallback);
/* 1 if it is true, else 0. */
int		 libspool_true(const struct libspool_result *,
		    const char *place);
/* How many members an array or object has; 0 if it is none. */
size_t		 libspool_count(const struct libspool_result *,
		    const char *place);

/* --- jobs ----------------------------------------------------------------- */

/* A job that is to be dropped. */
struct libspool_job {
	const char *json;	/* spoold-job(5) */
	const char *name;	/* in new/, without .json; NULL: made up */
	const char *data;	/* what libspool_attach() gave it, or NULL */
};

/*
 * Copies what can be read from `descriptor` to data/, for the job whose
 * payload.file is `data`.  Dropping that job takes it along, and removes it if
 * that fails; where it comes to no job, libspool_detach() removes it.
 */
int	 libspool_attach(struct libspool *, int descriptor,
	    char data[LIBSPOOL_DATA], struct libspool_error *);
int	 libspool_detach(struct libspool *, const char *data,
	    struct libspool_error *);

/* What is told how many bytes of a payload have been copied; NULL: nobody. */
typedef void	 libspool_progress(void *arg, long long bytes);
void	 libspool_set_progress(struct libspool *, libspool_progress *,
	    void *arg);

/*
 * Drops a job, so that no crash loses it once this has returned 0, whether
 * spoold runs or not.  Gives its id, and the name that it has in new/, which
 * is another one where `name` was taken; either may be NULL.  After -1 it is
 * not in new/ and may be dropped again, unless the error has delivery_id and
 * name: then it is spoold's, it is only not sure that it is durable, and one
 * that is dropped again is delivered twice.
 */
int	 libspool_drop(struct libspool *, const struct libspool_job *,
	    char id[LIBSPOOL_ID], char name[LIBSPOOL_NAME],
	    struct libspool_error *);

/*
 * Many cost as much as one if they are dropped together.  Each is written
 * first, where spoold does not see it, and then all are made durable and
 * dropped.  `each` is told of them in their order: the id and name, or NULL
 * and the error for which that one was not dropped.  What it writes is
 * dropped the next time; it must not close the connection; it may be NULL.
 * -1: none was, or (each was told) it is not sure that they are durable.
 */
typedef void	 libspool_dropped(void *arg, const char *id, const char *name,
		    const struct libspool_error *);
int	 libspool_write(struct libspool *, const struct libspool_job *,
	    struct libspool_error *);
int	 libspool_drop_written(struct libspool *, libspool_dropped *each,
	    void *arg, struct libspool_error *);

/*
 * Takes a drop back out of new/, and what it was attached to (NULL: nothing).
 * 1, or 0 if spoold has it already.
 */
int	 libspool_take_back(struct libspool *, const char *name,
	    const char *data, struct libspool_error *);

/*
 * The same, and what spoold says of it: deliveryId, status, destinations and
 * queuedAt, or the error for which it refused the job.  Once it is dropped an
 * error has delivery_id and name: if spoold does not run or has not answered
 * in time (UNAVAILABLE) the job waits, and libspool_take_back() or
 * libspool_verdict() may follow.
 */
struct libspool_result	*libspool_submit(struct libspool *,
			    const struct libspool_job *,
			    struct libspool_error *);

/* The verdict on a drop that is in new/ already, waited for. */
struct libspool_result	*libspool_verdict(struct libspool *,
			    const char *name, struct libspool_error *);

/*
 * The job's receipt (spoold-receipt(5)) as it is now, or when no ticket of it
 * is under way any more.  `name` is what it was dropped as, with .json; NULL:
 * it takes longer to find.  Before there is a verdict nothing is known of it
 * (DELIVERY_NOT_FOUND).
 */
struct libspool_result	*libspool_status(struct libspool *, const char *id,
			    const char *name, struct libspool_error *);
struct libspool_result	*libspool_wait(struct libspool *, const char *id,
			    const char *name, struct libspool_error *);

/*
 * What its waiting tickets wait for; to one destination, or to all (NULL).
 * With the name of a drop that is in new/, what that waits for.
 */
struct libspool_result	*libspool_explain(struct libspool *, const char *id,
			    const char *name, const char *destination,
			    struct libspool_error *);

/* When a waiting ticket is tried next; NULL: its only one. */
struct libspool_result	*libspool_retry_schedule(struct libspool *,
			    const char *id, const char *destination,
			    struct libspool_error *);

/*
 * Journals that a payload is read, and why, and gives a descriptor for reading
 * the file that holds it, from the result's offset on, as many as its bytes.
 * The caller closes it.  Whoever has the file already needs none (NULL).
 */
struct libspool_result	*libspool_payload(struct libspool *, const char *id,
			    const char *name, const char *reason,
			    int *descriptor_r, struct libspool_error *);

/* Which tickets: LIBSPOOL_TICKETS by the names of their files, or a job's. */
struct libspool_tickets {
	const char *const *names;
	size_t	  count;
	const char *id;			/* if count is 0 */
	const char *destination;	/* of those only the one to it; NULL:
					 * all */
};

/*
 * Answers with tickets: deliveryId, destinationId, status, and where that is
 * unchanged, reason and errorCode.
 */
struct libspool_result	*libspool_hold(struct libspool *,
			    const struct libspool_tickets *,
			    struct libspool_error *);
struct libspool_result	*libspool_release(struct libspool *,
			    const struct libspool_tickets *,
			    struct libspool_error *);
struct libspool_result	*libspool_cancel(struct libspool *,
			    const struct libspool_tickets *,
			    struct libspool_error *);
struct libspool_result	*libspool_expire(struct libspool *,
			    const struct libspool_tickets *,
			    struct libspool_error *);
/* Ends the links that they published. */
struct libspool_result	*libspool_revoke(struct libspool *,
			    const struct libspool_tickets *,
			    struct libspool_error *);
/*
 * Tries them again, with `delivered` also those in done/ (named with their
 * day); instead to the destination `to`, unless that is NULL.
 */
struct libspool_result	*libspool_retry(struct libspool *,
			    const struct libspool_tickets *, int delivered,
			    const char *to, struct libspool_error *);

/* --- the queue ------------------------------------------------------------ */

/*
 * For who may read the spool, root and a private instance's owner: tells of
 * each ticket in that queue (new, cur, retry, hold or failed; NULL: all but
 * failed) and each drop that has none, as spoolq -j shows them, as far as the
 * files tell: spoold is not asked.  What `each` returns ends it if that is not
 * 0, and is returned; a row is gone when `each` returns.
 */
typedef int	 libspool_row(void *arg, const struct libspool_result *row);
int		 libspool_queue_list(struct libspool *, const char *queue,
		    libspool_row *each, void *arg, struct libspool_error *);

struct libspool_result	*libspool_queue_status(struct libspool *,
			    struct libspool_error *);
/*
 * Makes tickets due now: those named, else those to a destination; all where
 * NULL is given for the tickets.
 */
struct libspool_result	*libspool_queue_flush(struct libspool *,
			    const struct libspool_tickets *,
			    struct libspool_error *);
/* Purges what retention says is due; a dry run only counts it. */
struct libspool_result	*libspool_queue_sweep(struct libspool *, int dry_run,
			    struct libspool_error *);

/* --- destinations --------------------------------------------------------- */

/* Where a reason is asked for, it is for the journal, and may be NULL. */

/* One destination, or an array of them: spoold-destination(5). */
struct libspool_result	*libspool_destination_create(struct libspool *,
			    const char *json, struct libspool_error *);
/* A merge patch (RFC 7396). */
struct libspool_result	*libspool_destination_update(struct libspool *,
			    const char *id, const char *patch,
			    struct libspool_error *);
struct libspool_result	*libspool_destination_get(struct libspool *,
			    const char *id, struct libspool_error *);
/* `filter` is an object with the fields of destination.list, or NULL. */
struct libspool_result	*libspool_destination_list(struct libspool *,
			    const char *filter, struct libspool_error *);
struct libspool_result	*libspool_destination_delete(struct libspool *,
			    const char *id, int cancel_tickets,
			    const char *reason, struct libspool_error *);
struct libspool_result	*libspool_destination_enable(struct libspool *,
			    const char *id, const char *reason,
			    struct libspool_error *);
struct libspool_result	*libspool_destination_disable(struct libspool *,
			    const char *id, const char *reason,
			    struct libspool_error *);
/* `deliver`: with a job that is made up. */
struct libspool_result	*libspool_destination_test(struct libspool *,
			    const char *id, int deliver,
			    struct libspool_error *);
/* Another one like it; without an id of its own (NULL) one is made. */
struct libspool_result	*libspool_destination_duplicate(struct libspool *,
			    const char *id, const char *new_id,
			    struct libspool_error *);
/* Its credentials sealed under 32 bytes in base64, or left out (NULL). */
struct libspool_result	*libspool_destination_export(struct libspool *,
			    const char *id, const char *key,
			    struct libspool_error *);
/* Creates it, or updates that of its id; a dry run only says so. */
struct libspool_result	*libspool_destination_import(struct libspool *,
			    const char *json, int dry_run, const char *reason,
			    struct libspool_error *);
struct libspool_result	*libspool_destination_health(struct libspool *,
			    const char *id, struct libspool_error *);

struct libspool_result	*libspool_default_add(struct libspool *,
			    const char *id, const char *reason,
			    struct libspool_error *);
struct libspool_result	*libspool_default_remove(struct libspool *,
			    const char *id, const char *reason,
			    struct libspool_error *);
struct libspool_result	*libspool_default_list(struct libspool *,
			    struct libspool_error *);

/* --- secrets -------------------------------------------------------------- */

struct libspool_result	*libspool_secret_list(struct libspool *,
			    const char *destination, struct libspool_error *);
/* `drill`: it is tried. */
struct libspool_result	*libspool_secret_rotate(struct libspool *,
			    const char *destination, int drill,
			    struct libspool_error *);
/* The receiver has the current one: it is taken for accepted. */
struct libspool_result	*libspool_secret_confirm(struct libspool *,
			    const char *destination, struct libspool_error *);
struct libspool_result	*libspool_secret_add(struct libspool *,
			    const char *destination, const char *secret,
			    int drill, struct libspool_error *);
/*
 * A credential's second value, which takes over at a time (RFC 3339); the field
 * says which.
 */
struct libspool_result	*libspool_secret_second(struct libspool *,
			    const char *destination, const char *field,
			    const char *value, const char *at,
			    struct libspool_error *);
/* The id of a secret, or the field of a second value. */
struct libspool_result	*libspool_secret_revoke(struct libspool *,
			    const char *destination, const char *secret_id,
			    struct libspool_error *);
/* The current one without an id. */
struct libspool_result	*libspool_secret_reveal(struct libspool *,
			    const char *destination, const char *secret_id,
			    struct libspool_error *);

/* --- the instance: for root and its owner --------------------------------- */

/* `names` is an array of settings as JSON, or NULL: all. */
struct libspool_result	*libspool_config_get(struct libspool *,
			    const char *names, struct libspool_error *);
struct libspool_result	*libspool_config_reload(struct libspool *,
			    struct libspool_error *);
struct libspool_result	*libspool_server_status(struct libspool *,
			    struct libspool_error *);
/* `now`: does not wait for attempts in flight. */
struct libspool_result	*libspool_server_stop(struct libspool *, int now,
			    struct libspool_error *);

/* --- anything else -------------------------------------------------------- */

/* Any verb of spoold-control(7); `members` is an object as JSON, or NULL. */
struct libspool_result	*libspool_ask(struct libspool *, const char *verb,
			    const char *members, struct libspool_error *);

#ifdef __cplusplus
}
#endif

#endif
