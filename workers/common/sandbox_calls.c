/*
 * sandbox_calls - which system calls a worker may make, by seccomp
 *
 * The calls of a worker without network are known exactly, so anything else is
 * an attack and kills it; spoold sees a worker that died by SIGSYS.  What a
 * resolver's modules ask for differs from system to system; there a call that
 * is not in the list is refused with EPERM, and only those that no client
 * needs kill.  What a program asks for nobody knows; there only those are
 * refused that are for looking into others, or for the system itself.
 */
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include "workers/common/sandbox_inside.h"

#define CALL(name) SCMP_SYS(name)
#define LAST __NR_SCMP_ERROR

static const int descriptors[] = {
	CALL(read), CALL(pread64), CALL(write), CALL(writev), CALL(sendmsg),
	CALL(recvmsg), CALL(poll), CALL(ppoll), CALL(close), CALL(fstat),
	CALL(lseek), CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk),
	CALL(futex), CALL(clock_gettime), CALL(gettimeofday), CALL(getpid),
	CALL(getrandom), CALL(restart_syscall), CALL(rt_sigreturn),
	CALL(rt_sigprocmask), CALL(exit), CALL(exit_group),
	CALL(sysinfo),		/* qsort(3) of more than a page's quarter */
#ifdef __SANITIZE_ADDRESS__
	/* What a report of the sanitizers needs, to be read at all. */
	CALL(fcntl), CALL(openat), CALL(readlink), CALL(gettid),
	CALL(sigaltstack), CALL(rt_sigaction), CALL(tgkill),
	CALL(sched_yield), CALL(getrlimit),
	CALL(prctl), CALL(prlimit64), CALL(clone), CALL(wait4), CALL(ptrace),
	CALL(getuid), CALL(getppid), CALL(getdents64), CALL(process_vm_readv),
	CALL(pipe), CALL(dup2), CALL(sched_getaffinity), CALL(ioctl),
	CALL(uname), CALL(kill), CALL(unlink), CALL(mkdir), CALL(newfstatat),
	CALL(mmap), CALL(mprotect),
#endif
	LAST
};

/* For sockets, and for the resolver's threads and files. */
static const int network[] = {
	CALL(connect), CALL(bind), CALL(getsockname), CALL(getpeername),
	CALL(getsockopt), CALL(setsockopt), CALL(shutdown), CALL(sendto),
	CALL(recvfrom), CALL(sendmmsg), CALL(recvmmsg), CALL(eventfd2),
	CALL(pipe2), CALL(openat), CALL(newfstatat), CALL(statx),
	CALL(readlink), CALL(readlinkat), CALL(access), CALL(faccessat2),
	CALL(getdents64), CALL(fstatfs), CALL(uname), CALL(getuid),
	CALL(geteuid), CALL(getgid), CALL(getegid), CALL(gettid),
	CALL(getppid), CALL(mmap), CALL(mprotect), CALL(set_robust_list),
	CALL(rseq), CALL(sched_getaffinity), CALL(sched_yield),
	CALL(nanosleep), CALL(clock_nanosleep), CALL(clock_getres),
	CALL(rt_sigaction), CALL(sigaltstack),
	CALL(mlock),		/* where a secret is kept */
	LAST
};

/* For serving what connects. */
static const int listener[] = {
	CALL(accept4), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait),
	CALL(shutdown), CALL(sendto), CALL(recvfrom), CALL(getsockname),
	CALL(getsockopt), CALL(setsockopt),
	LAST
};

/* For writing files: which ones is Landlock's to say. */
static const int files[] = {
	CALL(openat2), CALL(mkdirat), CALL(unlinkat), CALL(renameat),
	CALL(renameat2), CALL(linkat), CALL(fsync), CALL(fdatasync),
	CALL(fchmod), CALL(fchown), CALL(fgetxattr), CALL(fsetxattr),
	LAST
};

/*
 * Calls that are allowed with one value of one argument: whatever is under
 * the mask has to be equal.  A worker speaks to the outside only, signals
 * nobody but itself, and has no use for the other ends of its descriptors.
 */
struct narrow {
	int		 call;
	unsigned	 argument;
	scmp_datum_t	 mask;
	scmp_datum_t	 value;
};

#define EXACTLY ((scmp_datum_t)0xffffffff)	/* an int's */
#define SOCKET_TYPE ((scmp_datum_t)0xf)
#define NARROW_LAST { LAST, 0, 0, 0 }

static const struct narrow narrow_descriptors[] = {
	{ CALL(fcntl), 1, EXACTLY, F_GETFD },
	{ CALL(fcntl), 1, EXACTLY, F_SETFD },
	{ CALL(fcntl), 1, EXACTLY, F_GETFL },
	{ CALL(fcntl), 1, EXACTLY, F_DUPFD_CLOEXEC },
	NARROW_LAST
};

static const struct narrow narrow_listener[] = {
	{ CALL(ioctl), 1, EXACTLY, SIOCOUTQ },
	/* fstat(3), as glibc does it: of what it has been passed. */
	{ CALL(newfstatat), 3, EXACTLY, AT_EMPTY_PATH },
	NARROW_LAST
};

static const struct narrow narrow_network[] = {
	{ CALL(socket), 0, EXACTLY, AF_INET },
	{ CALL(socket), 0, EXACTLY, AF_INET6 },
	{ CALL(socket), 0, EXACTLY, AF_NETLINK },
	{ CALL(socketpair), 1, SOCKET_TYPE, SOCK_STREAM },
	{ CALL(ioctl), 1, EXACTLY, FIONREAD },
	{ CALL(ioctl), 1, EXACTLY, FIONBIO },
	{ CALL(ioctl), 1, EXACTLY, SIOCGIFINDEX },
	{ CALL(ioctl), 1, EXACTLY, SIOCGIFNAME },
	{ CALL(prlimit64), 0, EXACTLY, 0 },
	NARROW_LAST
};

static const int deadly[] = {
	CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace),
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(pidfd_getfd),
	CALL(mount), CALL(init_module), CALL(finit_module), CALL(bpf),
	CALL(keyctl), CALL(add_key), CALL(io_uring_setup),
	CALL(userfaultfd), CALL(perf_event_open), CALL(kexec_load),
	LAST
};

/* What no program is to do that a destination hands its jobs to. */
static const int prying[] = {
	CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev),
	CALL(pidfd_getfd), CALL(kcmp), CALL(process_madvise), CALL(mount),
	CALL(umount2), CALL(pivot_root), CALL(move_mount), CALL(open_tree),
	CALL(fsopen), CALL(fsmount), CALL(mount_setattr), CALL(setns),
	CALL(init_module), CALL(finit_module), CALL(delete_module),
	CALL(kexec_load), CALL(kexec_file_load), CALL(bpf),
	CALL(perf_event_open), CALL(userfaultfd), CALL(keyctl),
	CALL(add_key), CALL(request_key), CALL(io_uring_setup),
	CALL(open_by_handle_at), CALL(swapon), CALL(swapoff), CALL(reboot),
	CALL(settimeofday), CALL(clock_settime), CALL(adjtimex),
	CALL(clock_adjtime), CALL(acct), CALL(quotactl), CALL(syslog),
	LAST
};

static int
calls_add(scmp_filter_ctx filter, uint32_t action, const int *calls)
{
	int result = 0;

	for (; *calls != LAST && result == 0; calls++)
		result = seccomp_rule_add(filter, action, *calls, 0);
	return result;
}

static int
calls_narrow(scmp_filter_ctx filter, const struct narrow *narrow)
{
	int result = 0;

	for (; narrow->call != LAST && result == 0; narrow++) {
		const struct scmp_arg_cmp equal = { narrow->argument,
		    SCMP_CMP_MASKED_EQ, narrow->mask, narrow->value };

		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
		    narrow->call, 1, &equal);
	}
	return result;
}

/* fcntl(2) may set flags, but have no signals sent; tgkill(2) is abort(3). */
static int
calls_no_signals(scmp_filter_ctx filter, bool own)
{
	const struct scmp_arg_cmp flags[] = {
		SCMP_A1(SCMP_CMP_MASKED_EQ, EXACTLY, F_SETFL),
		SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0),
	};
	const struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_MASKED_EQ, EXACTLY,
	    (scmp_datum_t)getpid());
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
	    CALL(fcntl), 2, flags);

	if (result != 0 || !own)
		return result;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, CALL(tgkill), 1,
	    &self);
}

/* Memory that can be run comes from nowhere once everything is loaded. */
static int
calls_no_code(scmp_filter_ctx filter)
{
#ifdef __SANITIZE_ADDRESS__
	(void)filter;
	return 0;
#else
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ,
	    PROT_EXEC, 0);
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
	    CALL(mmap), 1, &no_code);

	return result != 0 ? result : seccomp_rule_add_array(filter,
	    SCMP_ACT_ALLOW, CALL(mprotect), 1, &no_code);
#endif
}

/* Threads, but no processes; clone3 hides which, so glibc is to use clone. */
static int
calls_threads(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ,
	    CLONE_THREAD, CLONE_THREAD);
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
	    CALL(clone), 1, &thread);

	return result != 0 ? result : seccomp_rule_add(filter,
	    SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
}

/*
 * A program's calls: they may be any, but none that looks into another
 * process or changes the system, and sockets only of the families that
 * programs speak.
 */
static int
calls_of_programs(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp beyond = SCMP_A0(SCMP_CMP_GT, AF_NETLINK,
	    0);
	const struct scmp_arg_cmp other = SCMP_A0(SCMP_CMP_NE, 0, 0);
	int result = calls_add(filter, SCMP_ACT_ERRNO(EPERM), prying);

	if (result == 0)
		result = seccomp_rule_add_array(filter,
		    SCMP_ACT_ERRNO(EPERM), CALL(prlimit64), 1, &other);
	if (result == 0)
		result = seccomp_rule_add_array(filter,
		    SCMP_ACT_ERRNO(EPERM), CALL(socket), 1, &beyond);
	for (int family = AF_INET + 1; family < AF_NETLINK && result == 0;
	    family++) {
		const struct scmp_arg_cmp equal = SCMP_A0(SCMP_CMP_EQ,
		    (scmp_datum_t)family, 0);

		if (family != AF_INET6)
			result = seccomp_rule_add_array(filter,
			    SCMP_ACT_ERRNO(EPERM), CALL(socket), 1, &equal);
	}
	return result;
}

static int
calls_of_network(scmp_filter_ctx filter)
{
	int result = calls_add(filter, SCMP_ACT_ALLOW, network);

	if (result == 0)
		result = calls_narrow(filter, narrow_network);
	if (result == 0)
		result = calls_no_signals(filter, true);
	if (result == 0)
		result = calls_add(filter, SCMP_ACT_KILL_PROCESS, deadly);
	return result != 0 ? result : calls_threads(filter);
}

static int
calls_of_files(scmp_filter_ctx filter)
{
	int result = calls_of_network(filter);

	return result != 0 ? result : calls_add(filter, SCMP_ACT_ALLOW,
	    files);
}

static int
calls_of_descriptors(scmp_filter_ctx filter)
{
	int result = calls_no_signals(filter, false);

	return result != 0 ? result : calls_no_code(filter);
}

static int
calls_of_listener(scmp_filter_ctx filter)
{
	int result = calls_of_descriptors(filter);

	if (result == 0)
		result = calls_add(filter, SCMP_ACT_ALLOW, listener);
	return result != 0 ? result : calls_narrow(filter, narrow_listener);
}

/* What all but programs may do comes first. */
static const struct {
	uint32_t	 otherwise;	/* for a call in none of the lists */
	int		(*add)(scmp_filter_ctx);
} filters[SANDBOXES] = {
	[SANDBOX_descriptors] = { SCMP_ACT_KILL_PROCESS,
	    calls_of_descriptors },
	[SANDBOX_listener] = { SCMP_ACT_KILL_PROCESS, calls_of_listener },
	[SANDBOX_network] = { SCMP_ACT_ERRNO(EPERM), calls_of_network },
	[SANDBOX_files] = { SCMP_ACT_ERRNO(EPERM), calls_of_files },
	[SANDBOX_programs] = { SCMP_ACT_ALLOW, calls_of_programs },
};

int
calls_restrict(enum sandbox sandbox, struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(filters[sandbox].otherwise);
	int result = 0;

	if (filter == NULL)
		return why_set(why, ERROR_UNAVAILABLE, "seccomp_init");
	if (filters[sandbox].otherwise != SCMP_ACT_ALLOW) {
		result = calls_add(filter, SCMP_ACT_ALLOW, descriptors);
		if (result == 0)
			result = calls_narrow(filter, narrow_descriptors);
	}
	if (result == 0)
		result = filters[sandbox].add(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		return why_set(why, ERROR_UNAVAILABLE, "seccomp: %s",
		    strerror(-result));
	return 0;
}
