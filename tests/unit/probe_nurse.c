/*
 * probe_nurse - asks a nurse what spoold would ask it, and what it never would
 *
 * probe_nurse start UID	it starts this program, which says what it is
 * probe_nurse kill UID		it kills one, and none that it did not start
 * probe_nurse end UID		what it started ends with it
 * probe_nurse wrong KIND UID	a packet that is none: it ends
 * probe_nurse PATH UID		a program that is not there
 *
 * Called without arguments it is a worker.  As root.
 */
#include "tests/unit/probe.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "spoold/nurse.h"

#define WAIT 10000		/* ms */

/* --- the worker ------------------------------------------------------------- */

static void
say_file(const char *name)
{
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			(void)dprintf(3, "%s", line);
	if (file != NULL)
		(void)fclose(file);
}

static int
worker(void)
{
	sigset_t blocked;
	char byte;

	say_file("Uid:");
	say_file("Gid:");
	say_file("Groups:");
	say_file("CapPrm:");
	say_file("NoNewPrivs:");
	(void)sigprocmask(SIG_SETMASK, NULL, &blocked);
	(void)dprintf(3, "environment %d\n", environ[0] != NULL);
	(void)dprintf(3, "blocked %d\n", sigismember(&blocked, SIGTERM));
	for (int fd = 4; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			(void)dprintf(3, "descriptor %d is open\n", fd);
	(void)dprintf(3, "ready\n");
	/* Until its end is closed. */
	while (read(3, &byte, 1) > 0)
		continue;
	return 7;
}

/* --- spoold ----------------------------------------------------------------- */

struct asked {
	int	 nurse, link;
	pid_t	 pid;
};

/* Sends `length` bytes of the message, with that many descriptors. */
static void
tell(const struct asked *asked, const struct nurse_message *message,
    size_t length, int link, int count)
{
	union {
		struct cmsghdr	 header;
		char		 bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = { .bytes = "" };
	char room[128] = "";
	struct iovec iov = { room, length };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	const int passed[4] = { link, 2, 2, 2 };
	size_t size = (size_t)count * sizeof(int);

	memcpy(room, message, sizeof(*message));
	if (count > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(size);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.header), passed, size);
	}
	if (sendmsg(asked->nurse, &header, MSG_NOSIGNAL) == -1)
		printf("send: %s\n", strerror(errno));
}

static void
tell_start(struct asked *asked, uint64_t number)
{
	const struct nurse_message message = { .word = NURSE_start,
		.number = number };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		exit(2);
	tell(asked, &message, sizeof(message), pair[1], 2);
	close(pair[1]);
	asked->link = pair[0];
}

/* What it says next; false if it has ended. */
static bool
hear(const struct asked *asked, struct nurse_message *message)
{
	struct pollfd ready = { .fd = asked->nurse, .events = POLLIN };

	if (poll(&ready, 1, WAIT) != 1) {
		printf("says nothing\n");
		return false;
	}
	return recv(asked->nurse, message, sizeof(*message), 0) ==
	    (ssize_t)sizeof(*message);
}

static void
print_heard(const struct asked *asked)
{
	static const char *const words[NURSE_WORDS] = {
		[NURSE_started] = "started", [NURSE_failed] = "failed",
		[NURSE_died] = "died",
	};
	struct nurse_message message;

	if (!hear(asked, &message))
		printf("ended\n");
	else if (message.word == NURSE_started)
		printf("started %d\n", (int)message.number);
	else
		printf("%s %d %d\n", words[message.word % NURSE_WORDS],
		    (int)message.number, message.value);
}

/* What the worker says, up to its last word. */
static void
print_said(const struct asked *asked)
{
	char text[4096];
	size_t length = 0;
	ssize_t n;

	do {
		n = read(asked->link, text + length,
		    sizeof(text) - 1 - length);
		length += n > 0 ? (size_t)n : 0;
		text[length] = '\0';
	} while (n > 0 && strstr(text, "ready\n") == NULL);
	printf("%s", text);
}

static void
wrong(struct asked *asked, const char *kind)
{
	struct nurse_message message = { .word = NURSE_start, .number = 1 };
	size_t length = sizeof(message);
	int count = 2;

	if (strcmp(kind, "short") == 0)
		length--;
	else if (strcmp(kind, "long") == 0)
		length++;
	else if (strcmp(kind, "row") == 0)
		message.row = 1;
	else if (strcmp(kind, "word") == 0)
		message.word = NURSE_died;
	else if (strcmp(kind, "bare") == 0)
		count = 0;
	else if (strcmp(kind, "more") == 0)
		count = 4;
	else if (strcmp(kind, "again") == 0) {
		tell_start(asked, 1);
		print_heard(asked);
	} else
		exit(64);
	tell(asked, &message, length, 2, count);
	print_heard(asked);
}

static void
run(struct asked *asked, const char *verb)
{
	const struct nurse_message other = { .word = NURSE_kill,
		.number = 1 };
	const struct nurse_message own = { .word = NURSE_kill, .number = 2 };

	tell_start(asked, 2);
	print_heard(asked);
	if (verb[0] == '/')
		return;
	print_said(asked);
	if (strcmp(verb, "kill") == 0) {
		tell(asked, &other, sizeof(other), -1, 0);
		tell(asked, &own, sizeof(own), -1, 0);
		print_heard(asked);
		tell(asked, &own, sizeof(own), -1, 0);
		tell_start(asked, 3);
		print_heard(asked);
	} else if (strcmp(verb, "start") == 0) {
		close(asked->link);
		print_heard(asked);
	}
}

int
main(int argc, char **argv)
{
	struct nurse_row row = { .program = "probe", .path = argv[0] };
	const struct nurse_table table = { &row, 1 };
	struct asked asked = { .link = -1 };
	char self[256], byte;
	int pair[2];

	if (argc == 1)
		return worker();
	self[readlink("/proc/self/exe", self, sizeof(self) - 1)] = '\0';
	row.path = argv[1][0] == '/' ? argv[1] : self;
	row.uid = row.gid = (uid_t)strtoul(argv[argc - 1], NULL, 10);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return 2;
	asked.pid = fork();
	if (asked.pid == 0)
		nurse_run(pair[1], &table);
	close(pair[1]);
	asked.nurse = pair[0];
	if (strcmp(argv[1], "wrong") == 0)
		wrong(&asked, argv[2]);
	else
		run(&asked, argv[1]);
	close(asked.nurse);
	if (waitpid(asked.pid, NULL, 0) == asked.pid)
		printf("the nurse has ended\n");
	if (strcmp(argv[1], "end") == 0 && read(asked.link, &byte, 1) <= 0)
		printf("and what it started\n");
	return 0;
}
