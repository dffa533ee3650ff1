/*
 * listener - the socket that downloads come in by
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/network.h"

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

/* The number of its port, or 0. */
static in_port_t
port_parse(const char *text)
{
	char *end;
	unsigned long port;

	if (*text < '0' || *text > '9')
		return 0;
	port = strtoul(text, &end, 10);
	return *end == '\0' && port <= 65535 ? (in_port_t)port : 0;
}

/* The size of what was filled in, or 0 if it is none. */
static socklen_t
place_parse(const char *where, union place *place)
{
	const char *colon = strrchr(where, ':');
	char host[ADDRESS_TEXT + 2];
	size_t length = colon == NULL ? 0 : (size_t)(colon - where);
	in_port_t port;

	if (length == 0 || length >= sizeof(host) ||
	    (port = port_parse(colon + 1)) == 0)
		return 0;
	memcpy(host, where, length);
	host[length] = '\0';
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		place->ipv6.sin6_family = AF_INET6;
		place->ipv6.sin6_port = htons(port);
		return inet_pton(AF_INET6, host + 1,
		    &place->ipv6.sin6_addr) == 1 ? sizeof(place->ipv6) : 0;
	}
	place->ipv4.sin_family = AF_INET;
	place->ipv4.sin_port = htons(port);
	return inet_pton(AF_INET, host, &place->ipv4.sin_addr) == 1 ?
	    sizeof(place->ipv4) : 0;
}

static bool
place_is_loopback(const union place *place)
{
	struct network loopback[2];
	struct address address;

	return address_from(&address, &place->any) == 0 &&
	    network_parse("127.0.0.0/8", &loopback[0]) == 0 &&
	    network_parse("::1", &loopback[1]) == 0 &&
	    (network_has(&loopback[0], &address) ||
	    network_has(&loopback[1], &address));
}

/* --- of the file system --------------------------------------------------- */

static socklen_t
file_parse(const char *path, union place *place)
{
	size_t length = strlen(path);

	if (path[0] != '/' || length >= sizeof(place->file.sun_path))
		return 0;
	place->file.sun_family = AF_UNIX;
	memcpy(place->file.sun_path, path, length + 1);
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
	static const char by_file[] = "unix:";
	union place place = { .any.sa_family = AF_UNSPEC };
	socklen_t size;

	listener->fd = -1;
	listener->by_unix = strncmp(where, by_file, strlen(by_file)) == 0;
	size = listener->by_unix ?
	    file_parse(where + strlen(by_file), &place) :
	    place_parse(where, &place);
	if (size == 0)
		return why_set(why, ERROR_CONFIG_ERROR, "download.listen: "
		    "\"%s\" is none of " FORMS, where);
	if (!listener->by_unix && !tls && !place_is_loopback(&place))
		return why_set(why, ERROR_CONFIG_ERROR, "download.listen: %s "
		    "can be reached from other hosts, and links are secret: it "
		    "needs download.tls_certificate and download.tls_key, or "
		    "be a loopback address or a Unix socket with a proxy "
		    "before it", where);
	if (listener->by_unix && file_clear(place.file.sun_path, why) == -1)
		return -1;
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
