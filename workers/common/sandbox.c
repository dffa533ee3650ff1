/*
 * sandbox - what a worker may still ask of the kernel
 *
 * seccomp decides by system call, Landlock by place.  The calls of a worker
 * without network are known exactly, so anything else is an attack and kills
 * it; spoold sees a worker that died by SIGSYS.  What a resolver's modules ask
 * for differs from system to system; there a call that is not in the list is
 * refused with EPERM, and only those that no client needs kill.  A worker that
 * writes files may do so beneath the directories that it was given, whatever
 * else the user that it runs as owns.
 */
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "workers/common/sandbox.h"

#define CALL(name) SCMP_SYS(name)
#define LAST __NR_SCMP_ERROR

/* clang says it in another way. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Landlock's rights of later kernels than these headers are of. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

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
	CALL(fcntl), CALL(openat), CALL(readlink), CALL(gettid), CALL(sigaltstack),
	CALL(rt_sigaction), CALL(tgkill), CALL(sched_yield), CALL(getrlimit),
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
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(mount),
	CALL(init_module), CALL(finit_module), CALL(bpf), CALL(keyctl),
	CALL(add_key), CALL(io_uring_setup), CALL(userfaultfd),
	CALL(perf_event_open), CALL(kexec_load),
	LAST
};

/* Where a resolver, its modules and OpenSSL read. */
static const char *const readable[] = {
	"/etc/ca-certificates", "/etc/crypto-policies", "/etc/gai.conf",
	"/etc/host.conf", "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime",
	"/etc/nsswitch.conf", "/etc/pki", "/etc/protocols",
	"/etc/resolv.conf", "/etc/services", "/etc/ssl", "/usr", "/lib",
	"/lib64", "/run/systemd/resolve", "/run/NetworkManager",
	"/run/resolvconf", "/run/nscd", NULL
};

static const struct {
	uint32_t	 otherwise;	/* for a call in none of the lists */
	bool		 network, files, listens;
} sandboxes[SANDBOXES] = {
	[SANDBOX_descriptors] = { SCMP_ACT_KILL_PROCESS, 0, 0, 0 },
	[SANDBOX_listener] = { SCMP_ACT_KILL_PROCESS, 0, 0, 1 },
	[SANDBOX_network] = { SCMP_ACT_ERRNO(EPERM), 1, 0, 0 },
	[SANDBOX_files] = { SCMP_ACT_ERRNO(EPERM), 1, 1, 0 },
};

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING (READING | LANDLOCK_ACCESS_FS_WRITE_FILE |		\
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |		\
    LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* --- places --------------------------------------------------------------- */

/* glibc has no wrappers for these. */
static int
place_allow(int rules, const char *path, uint64_t access, struct why *why)
{
	struct landlock_path_beneath_attr place = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	struct stat st;
	long result;

	if (place.parent_fd == -1)
		return 0;		/* what is not there need not be read */
	/* Of a file there are no rights but these. */
	if (fstat(place.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		place.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;
	result = syscall(SYS_landlock_add_rule, rules,
	    LANDLOCK_RULE_PATH_BENEATH, &place, 0);
	if (result == -1)
		(void)why_errno(why, "Landlock: %s", path);
	(void)close(place.parent_fd);
	return result == -1 ? -1 : 0;
}

/*
 * Everything of the file systems is forbidden but reading in `reading`, and
 * files and directories beneath `writable`, lists that end in NULL.
 */
static int
places_restrict(const char *const *reading, const char *const *writable,
    struct why *why)
{
	struct landlock_ruleset_attr all = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	int rules, result = 0;

	if (version >= 2)
		all.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		all.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	rules = version < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset,
	    &all, sizeof(all), 0);
	if (rules == -1)
		return why_errno(why, "Landlock");
	for (; reading != NULL && *reading != NULL && result == 0; reading++)
		result = place_allow(rules, *reading, READING, why);
	for (; writable != NULL && *writable != NULL && result == 0;
	    writable++)
		result = place_allow(rules, *writable, WRITING, why);
	if (result == 0 &&
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		result = why_errno(why, "Landlock");
	(void)close(rules);
	return result;
}

/* --- privileges ----------------------------------------------------------- */

/* For good: an instance that root runs has workers that are root by name. */
static int
privileges_drop(struct why *why)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	unsigned long capability = 0;

	/* The bounding set: only who may can, and beyond the last is EINVAL. */
	while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
		capability++;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
	    syscall(SYS_capset, &header, none) == -1)
		return why_errno(why, "drop capabilities");
	return 0;
}

/* --- calls ---------------------------------------------------------------- */

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

static int
calls_of_network(scmp_filter_ctx filter, bool writes)
{
	int result = calls_add(filter, SCMP_ACT_ALLOW, network);

	if (result == 0 && writes)
		result = calls_add(filter, SCMP_ACT_ALLOW, files);
	if (result == 0)
		result = calls_narrow(filter, narrow_network);
	if (result == 0)
		result = calls_add(filter, SCMP_ACT_KILL_PROCESS, deadly);
	return result != 0 ? result : calls_threads(filter);
}

static int
calls_of_listener(scmp_filter_ctx filter)
{
	int result = calls_add(filter, SCMP_ACT_ALLOW, listener);

	return result != 0 ? result : calls_narrow(filter, narrow_listener);
}

static int
calls_restrict(enum sandbox sandbox, struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(sandboxes[sandbox].otherwise);
	int result;

	if (filter == NULL)
		return why_set(why, ERROR_UNAVAILABLE, "seccomp_init");
	result = calls_add(filter, SCMP_ACT_ALLOW, descriptors);
	if (result == 0)
		result = calls_narrow(filter, narrow_descriptors);
	if (result == 0)
		result = calls_no_signals(filter, sandboxes[sandbox].network);
	if (result == 0)
		result = sandboxes[sandbox].network ?
		    calls_of_network(filter, sandboxes[sandbox].files) :
		    calls_no_code(filter);
	if (result == 0 && sandboxes[sandbox].listens)
		result = calls_of_listener(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		return why_set(why, ERROR_UNAVAILABLE, "seccomp: %s",
		    strerror(-result));
	return 0;
}

int
sandbox_enter(enum sandbox sandbox, const char *const *writable,
    struct why *why)
{
	struct why places;
	int result = 0;

	/* The first use of the calendar reads /etc/localtime. */
	tzset();
	if (sandbox == SANDBOX_programs)
		return privileges_drop(why);
	if (sandboxes[sandbox].network)
		result = places_restrict(readable, sandboxes[sandbox].files ?
		    writable : NULL, &places);
	else if (sandboxes[sandbox].listens)
		result = places_restrict(NULL, NULL, &places);
	/* Where a kernel knows one only, that one is there. */
	if (privileges_drop(why) == -1 || calls_restrict(sandbox, why) == -1)
		return -1;
	if (result == -1)
		*why = places;
	return result;
}
