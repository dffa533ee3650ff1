/*
 * probe_sandbox - what is possible in a sandbox
 *
 * probe_sandbox none|descriptors|listener|network|files|programs WHAT [PATH
 * [DIRECTORY]]:
 * enters it, writable beneath the directory, tries, and prints `done` or why
 * not.  WHAT: read (a file), write (into a file), socket,
 * name (resolve localhost), run (a program), fork, thread, code (memory that
 * can be run), unix (a local socket), packet (a raw one), signal (one to the
 * parent), owner (have it sent for a descriptor), limits (look at the
 * parent's), sort (more than a few); and of the process whose pid the path is:
 * memory (read it), descriptors (take one), trace.
 */
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <unistd.h>

#include "workers/common/sandbox.h"

#include "tests/unit/probe.h"

static int
try_read(const char *path)
{
	int	 fd = open(path, O_RDONLY);

	if (fd == -1)
		return -1;
	(void)close(fd);
	return 0;
}

static int
try_write(const char *path)
{
	int	 fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd == -1)
		return -1;
	(void)close(fd);
	return 0;
}

static int
try_socket(const char *path)
{
	(void)path;
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1 ? -1 : 0;
}

static int
try_unix(const char *path)
{
	(void)path;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1 ? -1 : 0;
}

static int
try_packet(const char *path)
{
	(void)path;
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) == -1 ? -1 : 0;
}

static int
try_signal(const char *path)
{
	(void)path;
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int
try_owner(const char *path)
{
	(void)path;
	return fcntl(STDIN_FILENO, F_SETOWN, getppid());
}

static int
try_limits(const char *path)
{
	struct rlimit	 limit;

	(void)path;
	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit);
}

static int
compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int
try_sort(const char *path)
{
	int	 numbers[4096];

	(void)path;
	for (int i = 0; i < 4096; i++)
		numbers[i] = 4096 - i;
	qsort(numbers, 4096, sizeof *numbers, compare);
	return numbers[0] == 1 ? 0 : -1;
}

static int
try_name(const char *path)
{
	struct addrinfo	*found;

	(void)path;
	errno = ENOENT;
	if (getaddrinfo("localhost", "80", NULL, &found) != 0)
		return -1;
	freeaddrinfo(found);
	return 0;
}

static int
try_run(const char *path)
{
	(void)execl(path, path, (char *)NULL);
	return -1;
}

static int
try_fork(const char *path)
{
	pid_t	 pid = fork();

	(void)path;
	if (pid == 0)
		_exit(0);
	return pid == -1 || waitpid(pid, NULL, 0) != pid ? -1 : 0;
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
try_thread(const char *path)
{
	pthread_t	 thread;

	(void)path;
	errno = pthread_create(&thread, NULL, nothing, NULL);
	return errno != 0 || pthread_join(thread, NULL) != 0 ? -1 : 0;
}

static int
try_code(const char *path)
{
	void	*page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)path;
	return page == MAP_FAILED ? -1 : 0;
}

/* Of another process, whose pid `path` is. */
static int
try_memory(const char *path)
{
	char		 bytes[16];
	struct iovec	 here = { bytes, sizeof bytes };
	struct iovec	 there = { bytes, sizeof bytes };

	return process_vm_readv((pid_t)strtol(path, NULL, 10), &here, 1,
	    &there, 1, 0) == -1 ? -1 : 0;
}

static int
try_descriptors(const char *path)
{
	int	 fd = (int)syscall(SYS_pidfd_open, strtol(path, NULL, 10), 0);

	return fd == -1 ? -1 : (int)syscall(SYS_pidfd_getfd, fd, 3, 0);
}

static int
try_trace(const char *path)
{
	return ptrace(PTRACE_SEIZE, (pid_t)strtol(path, NULL, 10), NULL,
	    NULL) == -1 ? -1 : 0;
}

static const struct {
	const char	*name;
	int		(*run)(const char *path);
} tries[] = {
	{ "read", try_read }, { "write", try_write },
	{ "socket", try_socket }, { "name", try_name }, { "run", try_run },
	{ "fork", try_fork }, { "thread", try_thread }, { "code", try_code },
	{ "unix", try_unix }, { "packet", try_packet },
	{ "signal", try_signal }, { "owner", try_owner },
	{ "limits", try_limits }, { "sort", try_sort },
	{ "memory", try_memory }, { "descriptors", try_descriptors },
	{ "trace", try_trace },
};

static const char *const names[SANDBOXES] = {
	[SANDBOX_descriptors] = "descriptors",
	[SANDBOX_listener] = "listener", [SANDBOX_network] = "network",
	[SANDBOX_files] = "files", [SANDBOX_programs] = "programs",
};

int
main(int argc, char *argv[])
{
	const char	*path = argc > 3 ? argv[3] : "/etc/hostname";
	const char	*writable[] = { argc > 4 ? argv[4] : NULL, NULL };
	struct why	 why;

	if (argc < 3)
		return 64;
	for (int i = 0; i < SANDBOXES; i++)
		if (strcmp(argv[1], names[i]) == 0 &&
		    sandbox_enter((enum sandbox)i, writable, &why) == -1) {
			probe_print_why(&why);
			return 1;
		}
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		if (strcmp(argv[2], tries[i].name) == 0) {
			const char	*said = tries[i].run(path) == 0 ?
			    "done" : strerror(errno);

			if (write(STDOUT_FILENO, said, strlen(said)) == -1)
				_exit(2);
			_exit(0);
		}
	return 64;
}
