/*
 * worker_try - what a worker that somebody has taken over could do
 *
 * The worker is stopped where it waits, and made to call the kernel as its
 * intruder would, by ptrace(2): what answers are its own filter, its own user
 * and its own limits, and nothing stands in for any of them.
 */
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/clock.h"

#include "tests/unit/probe.h"
#include "tests/unit/worker.h"

#define BELOW_STACK 8192	/* bytes: where arguments are laid */
#define TEXT_MAX 256
#define PATIENCE 5000		/* ms until it waits in the kernel */

/* What it has to lay in the worker's memory, and where each stands there. */
struct laid {
	char		 path[TEXT_MAX];
	struct sockaddr_in address;
	struct rlimit	 limit;
	struct iovec	 from, to;
	char		 bytes[64];
};

/* Arguments that are not known before. */
enum { OTHER = -1000, PATH, ADDRESS, LIMIT, FROM, TO, BYTES, LAST_RESULT };

/* An act is a call, or two, of which the first makes a descriptor. */
static const struct act {
	const char	*name;
	struct call {
		long	 number;
		long	 arguments[6];
	}		 first, second;
} acts[] = {
	{ "read", { SYS_openat, { AT_FDCWD, PATH, O_RDONLY } }, { 0 } },
	{ "write", { SYS_openat, { AT_FDCWD, PATH, O_WRONLY | O_CREAT,
	    0600 } }, { 0 } },
	{ "remove", { SYS_unlinkat, { AT_FDCWD, PATH, 0 } }, { 0 } },
	{ "inet", { SYS_socket, { AF_INET, SOCK_STREAM, 0 } }, { 0 } },
	{ "unix", { SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } }, { 0 } },
	{ "packet", { SYS_socket, { AF_PACKET, SOCK_RAW, 0 } }, { 0 } },
	{ "vsock", { SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 } }, { 0 } },
	{ "alg", { SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 } }, { 0 } },
	{ "raw", { SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_ICMP } }, { 0 } },
	{ "connect", { SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	    { SYS_connect, { LAST_RESULT, ADDRESS,
	    sizeof(struct sockaddr_in) } } },
	{ "listen", { SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	    { SYS_bind, { LAST_RESULT, ADDRESS,
	    sizeof(struct sockaddr_in) } } },
	{ "execve", { SYS_execve, { PATH, 0, 0 } }, { 0 } },
	{ "fork", { SYS_clone, { SIGCHLD, 0, 0, 0, 0 } }, { 0 } },
	{ "ptrace", { SYS_ptrace, { PTRACE_ATTACH, OTHER, 0, 0 } }, { 0 } },
	{ "memory", { SYS_process_vm_readv, { OTHER, TO, 1, FROM, 1, 0 } },
	    { 0 } },
	{ "memory-write", { SYS_process_vm_writev, { OTHER, TO, 1, FROM, 1,
	    0 } }, { 0 } },
	{ "descriptor", { SYS_pidfd_getfd, { STDERR_FILENO, 0, 0 } },
	    { 0 } },
	{ "kill", { SYS_kill, { OTHER, 0 } }, { 0 } },
	{ "tgkill", { SYS_tgkill, { OTHER, OTHER, 0 } }, { 0 } },
	{ "owner", { SYS_fcntl, { STDERR_FILENO, F_SETOWN, OTHER } }, { 0 } },
	{ "limits", { SYS_prlimit64, { OTHER, RLIMIT_CORE, LIMIT, 0 } },
	    { 0 } },
	{ "own-limits", { SYS_prlimit64, { 0, RLIMIT_CORE, LIMIT, 0 } },
	    { 0 } },
	{ "dumpable", { SYS_prctl, { PR_SET_DUMPABLE, 1, 0, 0, 0 } }, { 0 } },
	{ "code", { SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } }, { 0 } },
	{ "namespace", { SYS_unshare, { CLONE_NEWUSER } }, { 0 } },
	{ "mount", { SYS_mount, { 0, PATH, 0, 0, 0 } }, { 0 } },
	{ "module", { SYS_finit_module, { 0, PATH, 0 } }, { 0 } },
	{ "bpf", { SYS_bpf, { 0, BYTES, 64 } }, { 0 } },
	{ "io_uring", { SYS_io_uring_setup, { 1, BYTES } }, { 0 } },
	{ "keys", { SYS_keyctl, { 0, -3, 0, 0, 0 } }, { 0 } },
	{ "perf", { SYS_perf_event_open, { BYTES, 0, -1, -1, 0 } }, { 0 } },
	{ "faults", { SYS_userfaultfd, { 0 } }, { 0 } },
	{ "uid", { SYS_setuid, { 12345 } }, { 0 } },
	{ "clock", { SYS_clock_settime, { 0, BYTES } }, { 0 } },
};

static const struct act *
act_find(const char *name)
{
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

#ifdef __x86_64__

struct tracee {
	pid_t		 pid;
	struct user_regs_struct registers;	/* where it waits */
	unsigned long	 memory;	/* where arguments are laid */
	pid_t		 other;		/* whom it would do it to */
	const char	*end;		/* how it ended, or NULL */
};

/* What it forks ends with this probe. */
#define OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK)

/* Waits for its next stop; false if it is no more. */
static bool
tracee_wait(struct tracee *tracee)
{
	int	 status;
	pid_t	 pid = waitpid(tracee->pid, &status, __WALL);

	if (pid != -1 && status >> 16 == PTRACE_EVENT_FORK &&
	    ptrace(PTRACE_SINGLESTEP, tracee->pid, 0, 0) == 0)
		pid = waitpid(tracee->pid, &status, __WALL);
	if (pid == -1)
		tracee->end = "lost";
	else if (WIFSIGNALED(status))
		tracee->end = WTERMSIG(status) == SIGSYS ? "killed" :
		    "killed by another signal";
	else if (WIFEXITED(status))
		tracee->end = "exited";
	return tracee->end == NULL;
}

/* Stops it where it waits in the kernel; -1 if it does not come to that. */
static int
tracee_stop(struct tracee *tracee)
{
	int64_t	 until = clock_monotonic() + PATIENCE;
	long	 code;

	if (ptrace(PTRACE_SEIZE, tracee->pid, 0, OPTIONS) == -1)
		return -1;
	while (clock_monotonic() < until) {
		if (ptrace(PTRACE_INTERRUPT, tracee->pid, 0, 0) == -1 ||
		    !tracee_wait(tracee) || ptrace(PTRACE_GETREGS,
		    tracee->pid, 0, &tracee->registers) == -1)
			return -1;
		code = ptrace(PTRACE_PEEKTEXT, tracee->pid,
		    tracee->registers.rip - 2, 0);
		if ((code & 0xffff) == 0x050f)	/* syscall */
			return 0;
		if (ptrace(PTRACE_CONT, tracee->pid, 0, 0) == -1)
			return -1;
		(void)usleep(1000);
	}
	return -1;
}

static int
tracee_lay(struct tracee *tracee, const struct laid *laid)
{
	unsigned long	 words[sizeof *laid / sizeof(long) + 1] = { 0 };

	memcpy(words, laid, sizeof *laid);
	tracee->memory = (tracee->registers.rsp - BELOW_STACK) & ~15UL;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ptrace(PTRACE_POKEDATA, tracee->pid, tracee->memory +
		    i * sizeof(long), words[i]) == -1)
			return -1;
	return 0;
}

static unsigned long long
argument(const struct tracee *tracee, long value, long before)
{
	static const size_t	 places[] = {
		[PATH - OTHER] = offsetof(struct laid, path),
		[ADDRESS - OTHER] = offsetof(struct laid, address),
		[LIMIT - OTHER] = offsetof(struct laid, limit),
		[FROM - OTHER] = offsetof(struct laid, from),
		[TO - OTHER] = offsetof(struct laid, to),
		[BYTES - OTHER] = offsetof(struct laid, bytes),
	};

	if (value == OTHER)
		return (unsigned long long)tracee->other;
	if (value == LAST_RESULT)
		return (unsigned long long)before;
	if (value > OTHER && value <= BYTES)
		return tracee->memory + places[value - OTHER];
	return (unsigned long long)value;
}

/* What the kernel answers it; of one that ended, nothing that counts. */
static long
tracee_call(struct tracee *tracee, const struct call *call, long before)
{
	struct user_regs_struct	 r = tracee->registers;

	r.rip -= 2;
	r.rax = (unsigned long long)call->number;
	r.orig_rax = (unsigned long long)-1;
	r.rdi = argument(tracee, call->arguments[0], before);
	r.rsi = argument(tracee, call->arguments[1], before);
	r.rdx = argument(tracee, call->arguments[2], before);
	r.r10 = argument(tracee, call->arguments[3], before);
	r.r8 = argument(tracee, call->arguments[4], before);
	r.r9 = argument(tracee, call->arguments[5], before);
	if (ptrace(PTRACE_SETREGS, tracee->pid, 0, &r) == -1 ||
	    ptrace(PTRACE_SINGLESTEP, tracee->pid, 0, 0) == -1)
		tracee->end = "lost";
	else if (tracee_wait(tracee) &&
	    ptrace(PTRACE_GETREGS, tracee->pid, 0, &r) == -1)
		tracee->end = "lost";
	return (long)r.rax;
}

bool
process_try(pid_t pid, const char *name, const char *path)
{
	const struct act	*act = act_find(name);
	const char		*other = getenv("PROBE_OTHER");
	struct tracee		 tracee = { .pid = pid, .other =
	    other == NULL ? getpid() : (pid_t)strtol(other, NULL, 10) };
	struct laid		 laid = { .limit = { RLIM_INFINITY,
	    RLIM_INFINITY }, .address = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) },
	    .sin_port = htons(61999) } };
	static char		 mine[16] = "not yours";
	long			 result;

	if (act == NULL || tracee_stop(&tracee) == -1) {
		printf("%s: cannot be tried\n", name);
		return tracee.end == NULL;
	}
	(void)snprintf(laid.path, sizeof laid.path, "%s", path);
	laid.from = (struct iovec){ mine, sizeof mine };
	laid.to = (struct iovec){ (void *)(((tracee.registers.rsp -
	    BELOW_STACK) & ~15UL) + offsetof(struct laid, bytes)),
	    sizeof mine };
	if (tracee_lay(&tracee, &laid) == -1)
		tracee.end = "no memory for arguments";
	result = tracee.end != NULL ? 0 :
	    tracee_call(&tracee, &act->first, 0);
	if (tracee.end == NULL && result >= 0 && act->second.number != 0)
		result = tracee_call(&tracee, &act->second, result);
	printf("%s: %s\n", name, tracee.end != NULL ? tracee.end :
	    result >= 0 || result < -4095 ? "done" :
	    strerrorname_np((int)-result));
	if (tracee.end != NULL)
		return false;
	/* It goes on as if a signal had interrupted it. */
	tracee.registers.rax = (unsigned long long)-EINTR;
	tracee.registers.orig_rax = (unsigned long long)-1;
	(void)ptrace(PTRACE_SETREGS, pid, 0, &tracee.registers);
	(void)ptrace(PTRACE_DETACH, pid, 0, 0);
	return true;
}

#else

bool
process_try(pid_t pid, const char *name, const char *path)
{
	(void)pid;
	(void)path;
	printf("%s: cannot be tried\n", act_find(name) == NULL ? "it" : name);
	return true;
}

#endif
