/*
 * session_own - what session.c and subsystem.c know of libssh, and nobody else
 */
#ifndef WORKERS_SFTP_SESSION_OWN_H
#define WORKERS_SFTP_SESSION_OWN_H

#include <sys/types.h>

#include <libssh/libssh.h>

#include "workers/sftp/session.h"

struct session {
	ssh_session	 ssh;		/* own */
	const struct config *config;	/* borrowed until open */
	int		 fd;		/* own; see close_socket() */
	ino_t		 inode;		/* of the socket */
	enum stage	 stage;
	enum family	 shown;		/* of the server's key */
	uint8_t		 sha256[HOSTKEY_HASH];	/* of that key */
	struct ssh_counter_struct counter;	/* of the socket */
	uint64_t	 taken;		/* bytes that its channels were given */
};

/* Fills *why with what libssh says of its last failure; -1. */
int	 session_failed(const struct session *, struct why *);

#endif
