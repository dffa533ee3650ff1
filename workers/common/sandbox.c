/*
 * sandbox - what a worker may still ask of the kernel
 *
 * An allow-list: whatever is not in it kills the process at once, and spoold
 * sees a worker that died by SIGSYS.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <time.h>

#include "workers/common/sandbox.h"

static const int descriptors_only[] = {
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write),
	SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(close), SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(mmap),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(brk), SCMP_SYS(mprotect), SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getpid),
	SCMP_SYS(getrandom), SCMP_SYS(fcntl), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__
	/* What a report of the sanitizers needs, to be read at all. */
	SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(gettid),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(tgkill),
	SCMP_SYS(sched_yield), SCMP_SYS(getrlimit), SCMP_SYS(prctl),
	SCMP_SYS(prlimit64), SCMP_SYS(clone), SCMP_SYS(wait4),
	SCMP_SYS(ptrace), SCMP_SYS(getuid), SCMP_SYS(getppid),
	SCMP_SYS(getdents64), SCMP_SYS(process_vm_readv), SCMP_SYS(pipe),
	SCMP_SYS(dup2), SCMP_SYS(sched_getaffinity), SCMP_SYS(ioctl),
	SCMP_SYS(uname), SCMP_SYS(kill), SCMP_SYS(unlink), SCMP_SYS(mkdir),
#endif
};

int
sandbox_descriptors_only(struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result = 0;

	/* The first use of the calendar reads /etc/localtime. */
	tzset();
	if (filter == NULL)
		return why_set(why, ERROR_UNAVAILABLE, "seccomp_init");
	for (size_t i = 0; i < sizeof(descriptors_only) /
	    sizeof(*descriptors_only) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    descriptors_only[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		return why_set(why, ERROR_UNAVAILABLE, "seccomp: %s",
		    strerror(-result));
	return 0;
}
