/*
 * account_make - users and groups that there are none of yet
 *
 * The system's own programs know where users are kept and which numbers are
 * free; they are run without a shell and with an empty environment.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/account.h"

#include "spoold/commands/account_make.h"

#define SAID_MAX 512
#define WORDS_MAX 16

/* It is in one or the other. */
static int
program_find(const char *name, char path[64], struct why *why)
{
	static const char *const places[] = { "/usr/sbin", "/sbin" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		(void)snprintf(path, 64, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return why_set(why, ERROR_CONFIG_ERROR, "there is no %s in /usr/sbin: "
	    "make users and groups by hand, then call this again", name);
}

/* Its status, with what it said; -1 with *why if it could not be run. */
static int
program_run(const char *path, const char *const *words, int said,
    struct why *why)
{
	posix_spawn_file_actions_t actions;
	char *argv[WORDS_MAX + 1] = { NULL }, *envp[] = { NULL };
	int error, status = 0;
	pid_t pid;

	for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	if ((error = posix_spawn_file_actions_init(&actions)) == 0) {
		error = posix_spawn_file_actions_addopen(&actions, 0,
		    "/dev/null", O_RDWR, 0);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions,
			    said, 1);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions,
			    said, 2);
		if (error == 0)
			error = posix_spawn(&pid, path, &actions, NULL, argv,
			    envp);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	if (error != 0) {
		errno = error;
		return why_errno(why, "run %s", path);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return why_errno(why, "wait for %s", path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int
program_failed(const char *path, int status, int said, struct why *why)
{
	char text[SAID_MAX];
	ssize_t length = pread(said, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return why_set(why, ERROR_CONFIG_ERROR, "%s ended with status %d%s%s",
	    path, status, text[0] != '\0' ? ": " : "", text);
}

/* 1, or -1 with *why. */
static int
make(const char *program, const char *const *words, struct why *why)
{
	char path[64];
	int said, status;

	if (program_find(program, path, why) == -1)
		return -1;
	said = memfd_create("said", MFD_CLOEXEC);
	if (said == -1)
		return why_errno(why, "memfd_create");
	status = program_run(path, words, said, why);
	if (status > 0)
		(void)program_failed(path, status, said, why);
	close(said);
	return status == 0 ? 1 : -1;
}

int
account_make_group(const char *name, struct why *why)
{
	const char *const words[] = { "groupadd", "--system", name, NULL };
	gid_t gid;
	int found = account_group(name, &gid, why);

	return found == 0 ? make("groupadd", words, why) :
	    found == 1 ? 0 : -1;
}

int
account_make_user(const char *name, const char *comment, struct why *why)
{
	const char *const words[] = { "useradd", "--system", "--gid", name,
		"--no-create-home", "--home-dir", "/nonexistent", "--shell",
		"/usr/sbin/nologin", "--comment", comment, name, NULL };
	struct account account;
	int found = account_user(name, &account, why);

	if (found != 0)
		return found == 1 ? 0 : -1;
	return account_make_group(name, why) == -1 ? -1 :
	    make("useradd", words, why);
}
