/*
 * durable - a helper process that waits for the disk
 *
 * Requests go over a SOCK_SEQPACKET pair, one packet each, and are answered in
 * their order by one errno each.  Each can be done twice, so a helper that
 * dies is forked anew and asked again; only where one after the other dies
 * has what was asked failed (EIO).  It holds no lock and no descriptor but the
 * spool's directory, so it never keeps a second spoold from starting.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/replace.h"
#include "lib/xalloc.h"

#include "spoold/durable.h"
#include "spoold/loop.h"
#include "spoold/spoold.h"

#define CONTENT_MAX DURABLE_NAMES_MAX
#define DEATHS_MAX 3		/* without an answer in between */

enum errand { ERRAND_SYNC, ERRAND_PUT, ERRAND_REMOVE };

struct request_packet {
	enum errand errand;
	char	 path[PATH_MAX];	/* "" for a sync */
	size_t	 length;
	char	 content[CONTENT_MAX];
};
#define PACKET_HEAD offsetof(struct request_packet, content)

struct pending {
	STAILQ_ENTRY(pending) entry;
	durable_done	*done;
	void		*arg;
	bool		 sent;
	size_t		 size;
	struct request_packet packet;
};

struct durable {
	struct spoold	*spoold;	/* borrowed */
	char		*directory;	/* own */
	pid_t		 pid;
	int		 deaths;	/* since the last answer */
	struct source	 source;	/* its fd is the socket, own */
	STAILQ_HEAD(, pending) pending;
};

/* --- the helper ----------------------------------------------------------- */

/* Returns an errno, or 0. */
static int
helper_put(struct request_packet *packet)
{
	char *slash = strrchr(packet->path, '/');
	int dir, error;

	if (slash == NULL)
		return EINVAL;
	*slash = '\0';
	dir = open(packet->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return errno;
	if (packet->length != 0)
		error = replace_file(dir, slash + 1, packet->content,
		    packet->length, NULL) == -1 ? errno : 0;
	else
		error = (unlinkat(dir, slash + 1, 0) == -1 &&
		    errno != ENOENT) || fsync(dir) == -1 ? errno : 0;
	close(dir);
	return error;
}

/* Names that have no NUL in the packet are none. */
static int
helper_remove(const struct request_packet *packet)
{
	const char *name = packet->content, *end;
	size_t left = packet->length;
	int dir, error = 0;

	dir = open(packet->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return errno;
	while (left > 0 && (end = memchr(name, '\0', left)) != NULL) {
		if (unlinkat(dir, name, 0) == -1 && errno != ENOENT &&
		    error == 0)
			error = errno;
		left -= (size_t)(end + 1 - name);
		name = end + 1;
	}
	close(dir);
	return error;
}

static int
helper_do(struct request_packet *packet, int spool)
{
	switch (packet->errand) {
	case ERRAND_SYNC:
		return syncfs(spool) == -1 ? errno : 0;
	case ERRAND_PUT:
		return helper_put(packet);
	case ERRAND_REMOVE:
		return helper_remove(packet);
	}
	return EINVAL;
}

static void
helper_run(int socket, int spool)
{
	struct request_packet *packet = xmalloc(sizeof(*packet));
	int error;

	for (;;) {
		ssize_t got = recv(socket, packet, sizeof(*packet), 0);

		if (got <= 0)
			break;
		if ((size_t)got < PACKET_HEAD ||
		    (size_t)got != PACKET_HEAD + packet->length)
			error = EINVAL;
		else
			error = helper_do(packet, spool);
		if (send(socket, &error, sizeof(error), MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(error))
			break;
	}
	_exit(0);
}

/*
 * The parent's lock, journal and sockets are not its own, nor is whoever waits
 * for the parent's output to end.
 */
static void
helper_begin(int socket, const char *directory)
{
	int null, spool;

	if (dup2(socket, 3) == -1 || close_range(4, ~0U, 0) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		_exit(1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	spool = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (null == -1 || spool == -1)
		_exit(1);
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) == -1)
			_exit(1);
	helper_run(3, spool);
}

/* --- the supervisor's side ------------------------------------------------ */

static void	 durable_readable(void *, uint32_t);

static int
durable_fork(struct durable *d, struct why *why)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return why_errno(why, "socketpair");
	d->pid = fork();
	if (d->pid == -1) {
		close(pair[0]);
		close(pair[1]);
		return why_errno(why, "fork");
	}
	if (d->pid == 0)
		helper_begin(pair[1], d->directory);
	close(pair[1]);
	if (source_add(d->spoold->loop, &d->source, pair[0], EPOLLIN,
	    why) == -1) {
		close(pair[0]);
		return -1;
	}
	return 0;
}

static void
durable_answer(struct durable *d, int error)
{
	struct pending *pending = STAILQ_FIRST(&d->pending);

	STAILQ_REMOVE_HEAD(&d->pending, entry);
	pending->done(pending->arg, error);
	explicit_bzero(pending->packet.content, CONTENT_MAX);
	free(pending);
}

/* The helper is gone; what it was asked is to be asked again. */
static void
durable_reap(struct durable *d)
{
	struct pending *pending;
	int fd = d->source.fd;

	if (fd != -1) {
		source_remove(d->spoold->loop, &d->source);
		close(fd);
	}
	if (d->pid > 0 && waitpid(d->pid, NULL, 0) == -1)
		log_warning("durable: waitpid: %s", strerror(errno));
	d->pid = -1;
	STAILQ_FOREACH(pending, &d->pending, entry)
		pending->sent = false;
}

/* What was asked has failed. */
static void
durable_lost(struct durable *d)
{
	durable_reap(d);
	while (!STAILQ_EMPTY(&d->pending))
		durable_answer(d, EIO);
}

/* Sends what has not been sent, as far as the socket takes it. */
static void
durable_send(struct durable *d)
{
	struct pending *pending;
	struct why why;

	if (d->source.fd == -1 && durable_fork(d, &why) == -1) {
		log_error("durable: %s", why.text);
		durable_lost(d);
		return;
	}
	STAILQ_FOREACH(pending, &d->pending, entry) {
		if (pending->sent)
			continue;
		if (send(d->source.fd, &pending->packet, pending->size,
		    MSG_NOSIGNAL | MSG_DONTWAIT) == -1) {
			if (errno != EAGAIN)
				log_warning("durable: %s", strerror(errno));
			return;		/* after the next answer */
		}
		pending->sent = true;
	}
}

static void
durable_readable(void *arg, uint32_t events)
{
	struct durable *d = arg;
	ssize_t got;
	int error;

	(void)events;
	got = recv(d->source.fd, &error, sizeof(error), MSG_DONTWAIT);
	if (got == -1 && errno == EAGAIN)
		return;
	if (got != (ssize_t)sizeof(error) || STAILQ_EMPTY(&d->pending)) {
		log_warning("durable: the helper is gone");
		if (++d->deaths >= DEATHS_MAX) {
			durable_lost(d);
			return;
		}
		durable_reap(d);
		if (!STAILQ_EMPTY(&d->pending))
			durable_send(d);
		return;
	}
	d->deaths = 0;
	durable_answer(d, error);
	if (d->source.fd != -1 && !STAILQ_EMPTY(&d->pending))
		durable_send(d);
}

struct durable *
durable_new(struct spoold *s, const char *spool_directory, struct why *why)
{
	struct durable *d = xcalloc(1, sizeof(*d));

	d->spoold = s;
	d->directory = xstrdup(spool_directory);
	d->source.ready = durable_readable;
	d->source.arg = d;
	d->source.fd = -1;
	STAILQ_INIT(&d->pending);
	if (durable_fork(d, why) == -1) {
		free(d->directory);
		free(d);
		return NULL;
	}
	return d;
}

void
durable_free(struct durable **d)
{
	if (*d == NULL)
		return;
	durable_lost(*d);
	free((*d)->directory);
	free(*d);
	*d = NULL;
}

static void
durable_ask(struct durable *d, enum errand errand, const char *path,
    const void *bytes, size_t length, durable_done *done, void *arg)
{
	struct pending *pending = xcalloc(1, sizeof(*pending));

	assert(strlen(path) < sizeof(pending->packet.path));
	assert(length <= CONTENT_MAX);
	pending->packet.errand = errand;
	memcpy(pending->packet.path, path, strlen(path) + 1);
	if (length != 0)
		memcpy(pending->packet.content, bytes, length);
	pending->packet.length = length;
	pending->size = PACKET_HEAD + length;
	pending->done = done;
	pending->arg = arg;
	STAILQ_INSERT_TAIL(&d->pending, pending, entry);
	durable_send(d);
}

void
durable_sync(struct durable *d, durable_done *done, void *arg)
{
	durable_ask(d, ERRAND_SYNC, "", NULL, 0, done, arg);
}

void
durable_put(struct durable *d, const char *path, const void *bytes,
    size_t length, durable_done *done, void *arg)
{
	durable_ask(d, ERRAND_PUT, path, bytes, length, done, arg);
}

void
durable_remove(struct durable *d, const char *directory, const char *names,
    size_t length, durable_done *done, void *arg)
{
	durable_ask(d, ERRAND_REMOVE, directory, names, length, done, arg);
}
