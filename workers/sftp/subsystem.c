/*
 * subsystem - a way to the server's sftp through an SSH session
 *
 * What libssh reads for one channel it keeps for the others as well, up to the
 * window of each: so that a channel may have something though the socket has
 * nothing.
 */
#include <stdlib.h>

#include "lib/xalloc.h"

#include "workers/sftp/subsystem.h"
#include "workers/sftp/session_own.h"

#define WRITE_MAX (256 * 1024)	/* bytes given to libssh at once */

struct subsystem {
	struct session	*session;	/* borrowed */
	ssh_channel	 ssh;		/* the session's; NULL: not yet */
	bool		 accepted, open;	/* by the server; as sftp's */
};

struct subsystem *
subsystem_new(struct session *session)
{
	struct subsystem *subsystem = xcalloc(1, sizeof(*subsystem));

	subsystem->session = session;
	return subsystem;
}

/* What is not closed is the session's still, and ends with it. */
void
subsystem_free(struct subsystem **subsystem, bool close)
{
	if (*subsystem == NULL)
		return;
	if (close && (*subsystem)->ssh != NULL) {
		/* One that has to wait sends the EOF only. */
		if ((*subsystem)->open &&
		    ssh_channel_close((*subsystem)->ssh) == SSH_AGAIN)
			(void)ssh_channel_close((*subsystem)->ssh);
		ssh_channel_free((*subsystem)->ssh);
	}
	free(*subsystem);
	*subsystem = NULL;
}

/* --- opening: 1 done, 0 wait, -1 with *why -------------------------------- */

static int
open_channel(struct subsystem *subsystem, struct why *why)
{
	int result;

	if (subsystem->ssh == NULL)
		subsystem->ssh = ssh_channel_new(subsystem->session->ssh);
	if (subsystem->ssh == NULL)
		return session_failed(subsystem->session, why);
	result = ssh_channel_open_session(subsystem->ssh);
	if (result == SSH_AGAIN)
		return 0;
	if (result != SSH_OK)
		return session_failed(subsystem->session, why);
	subsystem->accepted = true;
	return 1;
}

static int
open_subsystem(struct subsystem *subsystem, struct why *why)
{
	int result = ssh_channel_request_sftp(subsystem->ssh);

	/* It may end the channel instead of an answer. */
	if (result == SSH_AGAIN && !ssh_channel_is_closed(subsystem->ssh))
		return 0;
	if (result != SSH_OK)
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "the server does not speak SFTP with this user");
	subsystem->open = true;
	return 1;
}

int
subsystem_go_on(struct subsystem *subsystem, struct why *why)
{
	int result = 1;

	while (result == 1 && !subsystem->open)
		result = subsystem->accepted ? open_subsystem(subsystem, why) :
		    open_channel(subsystem, why);
	return result;
}

/* --- open ----------------------------------------------------------------- */

int64_t
subsystem_read(struct subsystem *subsystem, char *out, size_t room,
    struct why *why)
{
	int got = ssh_channel_read_nonblocking(subsystem->ssh, out,
	    (uint32_t)room, 0);

	if (got > 0)
		subsystem->session->taken += (uint64_t)got;
	if (got == SSH_EOF || ssh_channel_is_closed(subsystem->ssh))
		return got > 0 ? got : why_set(why, ERROR_CONNECT_FAILURE,
		    "the server ended the session");
	return got >= 0 ? got : got == SSH_AGAIN ? 0 :
	    session_failed(subsystem->session, why);
}

/* What libssh could not send yet it keeps: there is to be little of it. */
int64_t
subsystem_write(struct subsystem *subsystem, const char *bytes, size_t length,
    struct why *why)
{
	int sent;

	if ((ssh_get_poll_flags(subsystem->session->ssh) & SSH_WRITE_PENDING) !=
	    0)
		return 0;
	sent = ssh_channel_write(subsystem->ssh, bytes,
	    (uint32_t)(length < WRITE_MAX ? length : WRITE_MAX));
	return sent >= 0 ? sent : session_failed(subsystem->session, why);
}
