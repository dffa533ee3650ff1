/*
 * listener - the socket that downloads come in by
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/listener.h"

#include "workers/download/listener.h"

#define BACKLOG 512
#define UNIX_MODE 0660
#define TRIES 40		/* where another listens still, which ends */
#define TRY_AGAIN 50		/* ms */
#define FORMS "ADDR:PORT, [V6]:PORT or unix:PATH"

union place {
	struct sockaddr		 any;
	struct sockaddr_in	 ipv4;
	struct sockaddr_in6	 ipv6;
	struct sockaddr_un	 file;
};

/* --- of the Internet ------------------------------------------------------ */

/* The size of what was filled in. */
static socklen_t
place_fill(const struct listener_place *where, union place *place)
{
	if (address_is_ipv4(&where->address)) {
		place->ipv4.sin_family = AF_INET;
		place->ipv4.sin_port = htons(where->port);
		memcpy(&place->ipv4.sin_addr, where->address.bytes + 12, 4);
		return sizeof(place->ipv4);
	}
	place->ipv6.sin6_family = AF_INET6;
	place->ipv6.sin6_port = htons(where->port);
	memcpy(&place->ipv6.sin6_addr, where->address.bytes, 16);
	return sizeof(place->ipv6);
}

/* --- of the file system --------------------------------------------------- */

static socklen_t
file_fill(const char *path, union place *place)
{
	place->file.sun_family = AF_UNIX;
	(void)strlcpy(place->file.sun_path, path, sizeof(place->file.sun_path));
	return sizeof(place->file);
}

/* What the start fails with: what passes by itself, or is to be mended. */
static int
listener_wrong(struct why *why, const char *what, const char *where)
{
	(void)why_errno(why, "download.listen: %s %s", what, where);
	why->code = why->number == EADDRINUSE || why->number == ENOMEM ||
	    why->number == EMFILE || why->number == ENFILE ||
	    why->number == ENOBUFS ? ERROR_UNAVAILABLE : ERROR_CONFIG_ERROR;
	return -1;
}

/* What the last one left behind goes; anything but a socket stays. */
static int
file_clear(const char *path, struct why *why)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 :
		    listener_wrong(why, "look at", path);
	if (!S_ISSOCK(st.st_mode))
		return why_set(why, ERROR_CONFIG_ERROR, "download.listen: %s "
		    "is there, and no socket", path);
	return unlink(path) == -1 ? listener_wrong(why, "remove", path) : 0;
}

/* --- both ----------------------------------------------------------------- */

static int
listener_bind(int fd, const union place *place, socklen_t size,
    const char *where, struct why *why)
{
	const int on = 1, off = 0;
	mode_t mask;
	int result, tries = 0;

	if (place->any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off));
	if (place->any.sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
		    sizeof(on));
	mask = umask(0777 & ~UNIX_MODE);
	while ((result = bind(fd, &place->any, size)) == -1 &&
	    errno == EADDRINUSE && ++tries < TRIES)
		(void)poll(NULL, 0, TRY_AGAIN);
	(void)umask(mask);
	if (result == -1)
		return listener_wrong(why, "bind to", where);
	if (listen(fd, BACKLOG) == -1)
		return listener_wrong(why, "listen on", where);
	return 0;
}

int
listener_open(struct listener *listener, const char *where, bool tls,
    struct why *why)
{
	union place place = { .any.sa_family = AF_UNSPEC };
	struct listener_place parsed;
	socklen_t size;

	listener->fd = -1;
	if (listener_parse(where, &parsed) == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "download.listen: "
		    "\"%s\" is none of " FORMS, where);
	if (!tls && !listener_is_local(&parsed))
		return why_set(why, ERROR_CONFIG_ERROR, "download.listen: %s "
		    "can be reached from other hosts, and links are secret: it "
		    "needs download.tls_certificate and download.tls_key, or "
		    "be a loopback address or a Unix socket with a proxy "
		    "before it", where);
	listener->by_unix = parsed.path != NULL;
	if (listener->by_unix && file_clear(parsed.path, why) == -1)
		return -1;
	size = listener->by_unix ? file_fill(parsed.path, &place) :
	    place_fill(&parsed, &place);
	listener->fd = socket(place.any.sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd == -1)
		return listener_wrong(why, "a socket for", where);
	if (listener_bind(listener->fd, &place, size, where, why) == 0)
		return 0;
	(void)close(listener->fd);
	listener->fd = -1;
	return -1;
}

bool
listener_works(const struct listener *listener)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	return getsockopt(listener->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
	    &size) == 0 && listens;
}
