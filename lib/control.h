/*
 * control - asking spoold for something
 *
 * The client's side of the control protocol: one JSON object a line each way
 * over <run_directory>/control.sock.  With spoold down, a command that may
 * (root, or the owner of a private instance) starts `spoold --offline`, which
 * takes the lock, recovers, answers on a socketpair and ends with it: so what
 * a command does is done by the same code, journaled alike, with spoold up or
 * down.
 */
#ifndef LIB_CONTROL_H
#define LIB_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/json.h"
#include "lib/why.h"

#define CONTROL_LINE_MAX 65536	/* bytes of a request, with its newline */
#define CONTROL_ANSWER_MAX 1048576

struct control;				/* opaque */

enum control_mode {
	CONTROL_ONLINE,		/* UNAVAILABLE if spoold is down */
	CONTROL_ANY		/* `spoold --offline` then */
};

/* NULL with *why. */
struct control	*control_open(const struct conf *, enum control_mode,
		    struct why *);
void		 control_close(struct control **);

/* True if it talks to `spoold --offline`. */
bool	 control_is_offline(const struct control *);

/*
 * Asks and waits.  `arguments` are JSON members beside id and verb (from
 * json_put_…), or empty.  `timeout` in ms, -1: for ever.  Returns the answer's
 * result, which the caller frees with json_free(), or NULL with *why: the
 * answer's error, or UNAVAILABLE (number ETIMEDOUT if the time was up: call
 * control_wait() to go on waiting; ECONNRESET if spoold ended meanwhile).
 */
struct json	*control_call(struct control *, const char *verb,
		    const struct buf *arguments, int64_t timeout,
		    struct why *);
struct json	*control_wait(struct control *, int64_t timeout,
		    struct why *);

/*
 * The descriptor that came with the last answer, which is the caller's then, or
 * -1.
 */
int	 control_descriptor(struct control *);

/*
 * Fills *why with the first `spoold: CODE: message` in a file that was
 * spoold's stderr, and leaves it as it is if there is none; -1.
 */
int	 control_said(int said, struct why *why);

/* Fills *why from an error object of the protocol or a receipt; -1. */
int	 control_error(const struct json *error, struct why *);

/*
 * The absolute path of another of spoold's programs ("spoold",
 * "workers/intake"), found relative to this one (/proc/self/exe).
 */
int	 control_program(const char *name, char *out, size_t size,
	    struct why *);

#endif
