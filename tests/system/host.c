/*
 * host - a program that uses its process as it likes asks while spoold is down
 *
 *     host late [PROGRAM]	has no time to wait for it
 *     host closed PROGRAM	has closed its first descriptors
 *     host ignoring PROGRAM	ignores and blocks signals
 *     host waiting PROGRAM	waits for all of its children in a thread
 *
 * Prints the version that was answered, or the error's code and number,
 * and how many children are left.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libspool.h>

static void *
wait_for_all(void *arg)
{
	(void)arg;
	for (;;)
		if (waitpid(-1, NULL, 0) == -1)
			(void)usleep(1000);
	return NULL;
}

static void
prepare(const char *how)
{
	pthread_t thread;
	sigset_t all;

	if (strcmp(how, "closed") == 0)
		for (int fd = 0; fd < 3; fd++)
			(void)close(fd);
	if (strcmp(how, "ignoring") == 0) {
		(void)sigfillset(&all);
		(void)sigprocmask(SIG_BLOCK, &all, NULL);
		for (int number = 1; number < SIGRTMIN; number++)
			(void)signal(number, SIG_IGN);
	}
	if (strcmp(how, "waiting") == 0)
		(void)pthread_create(&thread, NULL, wait_for_all, NULL);
}

int
main(int argc, char **argv)
{
	struct libspool_error error = { .code = "" };
	struct libspool_result *result;
	struct libspool *spool;
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100), children = 0;

	prepare(argv[1]);
	spool = libspool_open(NULL, NULL, &error);
	libspool_set_offline(spool, argc > 2 ? argv[2] : NULL);
	if (strcmp(argv[1], "late") == 0)
		libspool_set_timeout(spool, 300);
	result = libspool_server_status(spool, &error);
	if (result != NULL)
		(void)dprintf(out, "%s", libspool_text(result,
		    "version"));
	else
		(void)dprintf(out, "%s %d", error.code, error.number);
	libspool_free(&result);
	libspool_close(&spool);
	while (waitpid(-1, NULL, WNOHANG) >= 0)
		children++;
	(void)dprintf(out, ", children: %d\n", children);
	return 0;
}
