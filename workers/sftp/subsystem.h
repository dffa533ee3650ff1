/*
 * subsystem - a way to the server's sftp through an SSH session
 *
 * A session has several; each has a process of its own at the server.
 */
#ifndef WORKERS_SFTP_SUBSYSTEM_H
#define WORKERS_SFTP_SUBSYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/why.h"

struct subsystem;				/* opaque */
struct session;

/* Of a session that is open, and is borrowed: it outlives its channels. */
struct subsystem	*subsystem_new(struct session *);
/* `close`: the server is told, for the session goes on without it. */
void			 subsystem_free(struct subsystem **, bool close);

/* Goes on until it has to wait.  1: open, 0: it waits, -1 with *why. */
int		 subsystem_go_on(struct subsystem *, struct why *);

/*
 * The next bytes, 0 if none is there now, -1 with *why if there will not be.
 */
int64_t		 subsystem_read(struct subsystem *, char *out, size_t room,
		    struct why *);
/* The bytes that it took, 0 if it has to wait, -1 with *why. */
int64_t		 subsystem_write(struct subsystem *, const char *, size_t,
		    struct why *);

#endif
