/*
 * spool_lock - one spoold at a time over a spool and its journal
 *
 * flock(2), because the kernel releases it with the process however that
 * ends; a pid in a file would have to be believed.  Spool and journal may be
 * on different file systems and each needs a lock of its own, yet they are
 * one thing to the caller: both descriptors are put into a message of a
 * socket pair that nobody receives, and the one end that is returned keeps
 * them open until it is closed itself.
 *
 * A process that was killed has its locks until it is gone, and it goes only
 * when a sync that it began has ended; so they are asked for again for a while.
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/spool.h"

#define LOCK_NAME ".lock"
#define LOCKS 2
#define PATIENCE 2000		/* ms */
#define AGAIN 20		/* ms */

/* 0, or -1 with errno. */
static int
lock_take(int fd)
{
	int64_t until = clock_monotonic() + PATIENCE;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK || clock_monotonic() >= until)
			return -1;
		(void)poll(NULL, 0, AGAIN);
	}
	return 0;
}

/* Locks <directory>/.lock.  Returns its descriptor, or -1 with *why. */
static int
lock_directory(const char *directory, struct why *why)
{
	int dir, fd;

	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return why_errno(why, "open %s", directory);
	fd = openat(dir, LOCK_NAME,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		(void)why_errno(why, "open %s/%s", directory, LOCK_NAME);
	close(dir);
	if (fd == -1)
		return -1;
	if (lock_take(fd) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		(void)why_set(why, ERROR_UNAVAILABLE,
		    "another spoold has the lock %s/%s", directory,
		    LOCK_NAME);
	else
		(void)why_errno(why, "lock %s/%s", directory, LOCK_NAME);
	close(fd);
	return -1;
}

/* Sends the descriptors to nobody.  0, or -1 with errno. */
static int
lock_send(int socket, const int fds[LOCKS])
{
	union {
		struct cmsghdr	 header;
		char		 bytes[CMSG_SPACE(LOCKS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header;

	memset(&control, 0, sizeof(control));
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(LOCKS * sizeof(int));
	memcpy(CMSG_DATA(header), fds, LOCKS * sizeof(int));
	return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* One descriptor that keeps the others open, or -1 with *why. */
static int
lock_bind(const int fds[LOCKS], struct why *why)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == -1)
		return why_errno(why, "keep the lock");
	if (lock_send(pair[0], fds) == -1) {
		(void)why_errno(why, "keep the lock");
		close(pair[1]);
		pair[1] = -1;
	}
	close(pair[0]);
	return pair[1];
}

int
spool_lock(const char *spool_directory, const char *journal_directory,
    struct why *why)
{
	int fds[LOCKS], result;

	fds[0] = lock_directory(spool_directory, why);
	if (fds[0] == -1)
		return -1;
	if (mkdir(journal_directory, 0700) == -1 && errno != EEXIST) {
		(void)why_errno(why, "create directory %s",
		    journal_directory);
		close(fds[0]);
		return -1;
	}
	fds[1] = lock_directory(journal_directory, why);
	result = fds[1] == -1 ? -1 : lock_bind(fds, why);
	close(fds[0]);
	if (fds[1] != -1)
		close(fds[1]);
	return result;
}
