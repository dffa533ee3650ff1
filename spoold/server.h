/*
 * server - the control socket: one JSON object a line each way
 *
 * Requests are the only JSON from outside that the supervisor reads itself:
 * strict, at most 64 KiB a line, from peers whose uid the kernel says.  A
 * verb's handler answers at once or keeps the request and answers later; a
 * request whose connection has gone is answered into nothing.
 */
#ifndef SPOOLD_SERVER_H
#define SPOOLD_SERVER_H

#include <sys/queue.h>

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/json.h"
#include "lib/verbs.h"
#include "lib/why.h"

struct connection;
struct organization;
struct server;				/* opaque */
struct spoold;

struct request {
	TAILQ_ENTRY(request) entry;	/* in its connection */
	struct spoold	*spoold;	/* borrowed */
	struct connection *connection;	/* borrowed; NULL: it has gone */
	struct organization *organization;	/* borrowed; NULL: names none */
	enum verb_id	 verb;		/* VERBS: none that there is */
	bool		 owner;		/* asked by who may do everything */
	unsigned	 roles;		/* the asker's in the organization */
	struct json	*json;		/* own; the whole request */
	struct buf	 id;		/* own; its id, as JSON */
	char		*by;		/* own; user name and uid */
	struct id	 job;		/* delivery.status: who it waits for */
	bool		 waits_for_job;
	int		 passed;	/* own; goes with the answer, or -1 */
};

/* Listens at <run_directory>/control.sock.  NULL with *why. */
struct server	*server_new(struct spoold *, struct why *);
/* Serves one connection that is open already, and ends spoold with it. */
struct server	*server_new_offline(struct spoold *, int fd, struct why *);
void		 server_free(struct server **);

/*
 * Lets who has a role connect, or nobody but the owner where there are no
 * roles: at the start, and after a reload.
 */
void	 server_open(struct spoold *);

/* A line came: handles it.  Any of the connection's requests may end. */
void	 request_take(struct connection *, const char *line, size_t length);
/* The same for one that is longer than a request may be. */
void	 request_too_long(struct connection *);
void	 request_free(struct request *);

/* Ends a request: with a result (a JSON object; emptied), or an error. */
void	 request_answer(struct request *, struct buf *result);
void	 request_fail(struct request *, const struct why *);

/*
 * The asker may not have what it is about, and is told that it does not exist:
 * that is on record.
 */
void	 request_denied(struct request *);

/*
 * True if a job or drop of that user (a name, or a uid in decimal) is one that
 * the asker may ask about; else it was denied.
 */
bool	 request_may_see(struct request *, const char *submitter);

/* A member of the request. */
const char	*request_string(const struct request *, const char *name,
		    const char *fallback);

/* A drop's verdict, for the request that waits for it. */
void	 server_drop_accepted(struct request *, const struct facts *);
void	 server_drop_refused(struct request *, const struct why *);
/* The drop was withdrawn before it had one. */
void	 server_drop_gone(struct request *);

/* A job's receipt was written: whoever waits for its end is told. */
void	 server_tell(struct spoold *, struct organization *,
	    const struct id *, const struct buf *receipt, bool finished);

#endif
