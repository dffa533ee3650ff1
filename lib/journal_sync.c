/*
 * journal_sync - IOCB_CMD_FDSYNC of Linux's asynchronous I/O (io_submit(2))
 *
 * The system calls are used as they are: glibc's aio_fsync(3) would start
 * threads, and a supervisor that forks has none.
 *
 * The kernel puts an event into the queue before it signals the descriptor, so
 * whoever does not wait for that may have the event first and the signal when
 * nothing is under way any more, or the next sync.
 */
#include "lib/journal_sync.h"

#include <linux/aio_abi.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/xalloc.h"

struct journal_sync {
	aio_context_t	 context;	/* 0: none */
	int		 done;		/* own; an eventfd, or -1 */
	bool		 busy;
};

struct journal_sync *
journal_sync_new(void)
{
	struct journal_sync *sync = xcalloc(1, sizeof(*sync));

	sync->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (sync->done != -1 &&
	    syscall(SYS_io_setup, 1, &sync->context) == -1) {
		close(sync->done);
		sync->done = -1;
	}
	return sync;
}

void
journal_sync_free(struct journal_sync **sync)
{
	if (*sync == NULL)
		return;
	/* It waits for what is under way. */
	if ((*sync)->done != -1) {
		(void)syscall(SYS_io_destroy, (*sync)->context);
		close((*sync)->done);
	}
	free(*sync);
	*sync = NULL;
}

int
journal_sync_fd(const struct journal_sync *sync)
{
	return sync->done;
}

int
journal_sync_begin(struct journal_sync *sync, int fd)
{
	struct iocb request = {
		.aio_lio_opcode = IOCB_CMD_FDSYNC,
		.aio_fildes = (uint32_t)fd,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)sync->done,
	};
	struct iocb *requests[] = { &request };

	if (sync->done != -1 &&
	    syscall(SYS_io_submit, sync->context, 1, requests) == 1) {
		sync->busy = true;
		return 0;
	}
	return fdatasync(fd) == -1 ? -1 : 1;
}

int
journal_sync_end(struct journal_sync *sync, bool wait)
{
	struct io_event event;
	uint64_t count;
	long n;

	/* Before the queue is looked at: a later signal is kept. */
	if (sync->done != -1)
		(void)!read(sync->done, &count, sizeof(count));
	if (!sync->busy)
		return 1;
	do
		n = syscall(SYS_io_getevents, sync->context, wait ? 1 : 0, 1,
		    &event, NULL);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return 0;
	sync->busy = false;
	if (n == 1 && event.res == 0)
		return 1;
	if (n == 1)
		errno = (int)-event.res;
	return -1;
}
