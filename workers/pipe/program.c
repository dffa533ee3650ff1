/*
 * program - one process, started with nothing but what it is given
 *
 * posix_spawn(3) knows no limits, so it is a plain fork(2): this process has
 * one thread and is small.  What goes wrong before the program runs comes back
 * over a pipe that its start closes.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "workers/pipe/program.h"

#define PAYLOAD_FD 3
#define FILES_MAX 1024		/* descriptors of a program */

enum { READ, WRITE, ENDS };

struct pipes {
	int	 input[ENDS], output[ENDS];
	int	 failed[ENDS];		/* errno, if it cannot be run */
};

static void
close_end(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static void
close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < ENDS; i++) {
		close_end(&pipes->input[i]);
		close_end(&pipes->output[i]);
		close_end(&pipes->failed[i]);
	}
}

static int
open_pipes(struct pipes *pipes, struct why *why)
{
	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (pipe2(pipes->input, O_CLOEXEC) == -1 ||
	    pipe2(pipes->output, O_CLOEXEC) == -1 ||
	    pipe2(pipes->failed, O_CLOEXEC) == -1 ||
	    fcntl(pipes->input[WRITE], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(pipes->output[READ], F_SETFL, O_NONBLOCK) == -1) {
		(void)why_errno(why, "pipe");
		close_pipes(pipes);
		return -1;
	}
	return 0;
}

static bool
child_limits(const struct program_start *start)
{
	const struct rlimit memory = { (rlim_t)start->memory_limit,
		(rlim_t)start->memory_limit };
	const struct rlimit files = { FILES_MAX, FILES_MAX };

	return setrlimit(RLIMIT_AS, &memory) != -1 &&
	    setrlimit(RLIMIT_NOFILE, &files) != -1;
}

static bool
child_descriptors(const struct pipes *pipes, int payload)
{
	if (dup2(pipes->input[READ], STDIN_FILENO) == -1 ||
	    dup2(pipes->output[WRITE], STDOUT_FILENO) == -1 ||
	    dup2(pipes->output[WRITE], STDERR_FILENO) == -1)
		return false;
	/* It is the worker's link there until now. */
	if (payload == -1 ? close(PAYLOAD_FD) == -1 :
	    dup2(payload, PAYLOAD_FD) == -1)
		return false;
	return close_range(PAYLOAD_FD + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) !=
	    -1;
}

/* In the new process; returns only if the program cannot be run. */
static void
child_run(const struct program_start *start, const struct pipes *pipes)
{
	sigset_t none;

	sigemptyset(&none);
	if (setpgid(0, 0) == -1 || prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
	    sigprocmask(SIG_SETMASK, &none, NULL) == -1 ||
	    chdir("/") == -1 || !child_descriptors(pipes, start->payload) ||
	    !child_limits(start))
		return;
	(void)execve(start->command[0], start->command, start->environment);
}

/* Waits until the program runs.  0, or -1 with *why. */
static int
child_started(const struct program_start *start, struct pipes *pipes,
    pid_t pid, struct why *why)
{
	int number = 0;
	ssize_t n;

	close_end(&pipes->failed[WRITE]);
	do
		n = read(pipes->failed[READ], &number, sizeof(number));
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return 0;
	(void)waitpid(pid, NULL, 0);
	errno = n == (ssize_t)sizeof(number) ? number : EIO;
	(void)why_errno(why, "run %s", start->command[0]);
	why->code = ERROR_CONFIG_ERROR;
	return -1;
}

int
program_start(struct program *program, const struct program_start *start,
    struct why *why)
{
	struct pipes pipes;

	if (open_pipes(&pipes, why) == -1)
		return -1;
	program->pid = fork();
	if (program->pid == 0) {
		int number;

		child_run(start, &pipes);
		number = errno;
		(void)!write(pipes.failed[WRITE], &number, sizeof(number));
		_exit(127);
	}
	if (program->pid == -1) {
		(void)why_errno(why, "fork");
		close_pipes(&pipes);
		return -1;
	}
	if (child_started(start, &pipes, program->pid, why) == -1) {
		close_pipes(&pipes);
		return -1;
	}
	program->ended = (int)syscall(SYS_pidfd_open, program->pid, 0);
	program->input = pipes.input[WRITE];
	program->output = pipes.output[READ];
	pipes.input[WRITE] = pipes.output[READ] = -1;
	close_pipes(&pipes);
	if (program->ended != -1)
		return 0;
	(void)why_errno(why, "pidfd_open");
	(void)program_end(program);
	return -1;
}

int
program_end(struct program *program)
{
	int status = 0;

	(void)kill(-program->pid, SIGKILL);
	while (waitpid(program->pid, &status, 0) == -1 && errno == EINTR)
		;
	close_end(&program->ended);
	close_end(&program->input);
	close_end(&program->output);
	return status;
}
