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
	struct json	*json;		/* own; the whole request */
	struct buf	 id;		/* own; its id, as JSON */
	char		*by;		/* own; user name and uid */
	struct id	 job;		/* delivery.status: who it waits for */
	bool		 waits_for_job;
};

/* Handles a verb: answers, fails, or keeps the request. */
typedef void	 verb_handler(struct request *);

struct verb {
	const char	*name;
	verb_handler	*handle;
	bool		 of_organization;	/* needs one */
	const char	*fields;	/* that it takes, by spaces */
};

/* Each file of verbs has its table; the last row's name is NULL. */
const struct verb	*verbs_server(void);
const struct verb	*verbs_delivery(void);
const struct verb	*verbs_destination(void);
const struct verb	*verbs_explain(void);
const struct verb	*verbs_health(void);
const struct verb	*verbs_list(void);
const struct verb	*verbs_move(void);
const struct verb	*verbs_secret(void);

/* Listens at <run_directory>/control.sock.  NULL with *why. */
struct server	*server_new(struct spoold *, struct why *);
/* Serves one connection that is open already, and ends spoold with it. */
struct server	*server_new_offline(struct spoold *, int fd, struct why *);
void		 server_free(struct server **);

/* A line came: handles it.  Any of the connection's requests may end. */
void	 request_take(struct connection *, const char *line, size_t length);
/* The same for one that is longer than a request may be. */
void	 request_too_long(struct connection *);
void	 request_free(struct request *);

/* Ends a request: with a result (a JSON object; emptied), or an error. */
void	 request_answer(struct request *, struct buf *result);
void	 request_fail(struct request *, const struct why *);

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
