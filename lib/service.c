/*
 * service - what systemd is told of a service of Type=notify
 *
 * A datagram for each, to the socket that the environment names; a name that
 * begins with @ is an abstract one.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/service.h"

static void
service_say(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = name == NULL ? 0 : strlen(name);
	int fd;

	if (length < 2 || length >= sizeof(to.sun_path) ||
	    (name[0] != '/' && name[0] != '@'))
		return;
	memcpy(to.sun_path, name, length);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)(void *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	(void)close(fd);
}

void
service_ready(void)
{
	service_say("READY=1");
}

void
service_reloading(void)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%"
	    PRId64, clock_monotonic_us());
	service_say(text);
}

void
service_stopping(void)
{
	service_say("STOPPING=1");
}

void
service_alive(void)
{
	if (getenv("WATCHDOG_USEC") != NULL)
		service_say("WATCHDOG=1");
}
