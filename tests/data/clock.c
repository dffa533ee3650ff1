/*
 * clock - a wall clock that is wrong by as much as a file says
 *
 * LD_PRELOADed by tests, it moves whatever asks for the wall clock by the
 * seconds in the file that CLOCK_OFFSET names: eight bytes, read anew each
 * time.  Nothing else moves: not the monotonic clock, nor what the kernel
 * writes into files.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

/* Before anybody is shut in. */
__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("CLOCK_OFFSET");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *map = fd == -1 ? MAP_FAILED : mmap(NULL, sizeof(*offset),
	    PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		offset = map;
	if (fd != -1)
		close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	long result = syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && offset != NULL && (clock == CLOCK_REALTIME ||
	    clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += *offset;
	return (int)result;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec at;
	int result = clock_gettime(CLOCK_REALTIME, &at);

	(void)zone;
	now->tv_sec = at.tv_sec;
	now->tv_usec = at.tv_nsec / 1000;
	return result;
}

time_t
time(time_t *out)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_REALTIME, &at);
	if (out != NULL)
		*out = at.tv_sec;
	return at.tv_sec;
}
