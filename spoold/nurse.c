/*
 * nurse - the process that keeps root's part, of the system's instance
 *
 * It is root with three capabilities: to change user and group, and to signal.
 * It opens nothing, resolves no name, parses no text; a packet that is none of
 * its own ends it.  It waits for nothing but packets and its children, and for
 * the moment in which a child becomes a worker.  When spoold is gone it kills
 * what it started and ends.
 *
 * Signals are blocked, for whoever stops the service signals spoold, which
 * knows what is under way.
 */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/link.h"
#include "lib/xalloc.h"

#include "spoold/nurse.h"

#define SOCKET_FD 3
#define SIGNAL_FD 4
#define PASSED 2		/* descriptors with a request to start */
#define CAPABILITIES (1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL)

struct child {
	TAILQ_ENTRY(child) entry;
	pid_t		 pid;
	uint64_t	 number;
};

struct ward {
	const struct nurse_table *table;	/* borrowed */
	TAILQ_HEAD(, child) children;
};

/* --- a new worker --------------------------------------------------------- */

/* For good; that root does not come back is looked at. */
static bool
user_become(const struct nurse_row *row)
{
	return setgroups((size_t)row->group_count, row->groups) == 0 &&
	    setresgid(row->gid, row->gid, row->gid) == 0 &&
	    setresuid(row->uid, row->uid, row->uid) == 0 &&
	    setuid(0) == -1 && setgid(0) == -1;
}

static bool
child_descriptors(const int passed[PASSED], int failed)
{
	/* Above all that are to be, so that none is overwritten. */
	int link = fcntl(passed[0], F_DUPFD_CLOEXEC, LINK_FD + 2);
	int said = fcntl(passed[1], F_DUPFD_CLOEXEC, LINK_FD + 2);
	int tell = fcntl(failed, F_DUPFD_CLOEXEC, LINK_FD + 2);

	return link != -1 && said != -1 && tell != -1 &&
	    dup2(link, LINK_FD) != -1 && dup2(said, STDERR_FILENO) != -1 &&
	    dup3(tell, LINK_FD + 1, O_CLOEXEC) != -1 &&
	    close_range(LINK_FD + 2, ~0U, 0) == 0;
}

/* In the child; never returns. */
static void
child_run(const struct nurse_row *row, const int passed[PASSED], int failed)
{
	char *argv[] = { row->path, NULL };
	char *envp[] = { NULL };
	int tell = failed, number;
	sigset_t none;

	sigemptyset(&none);
	if (child_descriptors(passed, failed)) {
		tell = LINK_FD + 1;
		if (setpgid(0, 0) == 0 && chdir("/") == 0 &&
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		    user_become(row) &&
		    sigprocmask(SIG_SETMASK, &none, NULL) == 0)
			(void)execve(row->path, argv, envp);
	}
	number = errno != 0 ? errno : EPERM;
	(void)!write(tell, &number, sizeof(number));
	_exit(127);
}

/* Waits until it is a worker.  Its pid, or -1 with errno. */
static pid_t
child_start(const struct nurse_row *row, const int passed[PASSED])
{
	int pair[2], number = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		child_run(row, passed, pair[1]);
	close(pair[1]);
	if (pid != -1) {
		do
			n = read(pair[0], &number, sizeof(number));
		while (n == -1 && errno == EINTR);
		if (n != 0) {
			(void)waitpid(pid, NULL, 0);
			errno = n == (ssize_t)sizeof(number) ? number : EIO;
			pid = -1;
		}
	}
	number = errno;
	close(pair[0]);
	errno = number;
	return pid;
}

/* --- what is said --------------------------------------------------------- */

/* Who does not hear is gone; that is seen where it is waited for. */
static void
say(enum nurse_word word, uint64_t number, int value)
{
	const struct nurse_message message = {
		.word = word,
		.number = number,
		.value = value,
	};

	(void)send(SOCKET_FD, &message, sizeof(message), MSG_NOSIGNAL);
}

static struct child *
child_find(const struct ward *ward, uint64_t number)
{
	struct child *child;

	TAILQ_FOREACH(child, &ward->children, entry)
		if (child->number == number)
			return child;
	return NULL;
}

static void
start(struct ward *ward, const struct nurse_message *message,
    const int passed[PASSED])
{
	struct child *child = xcalloc(1, sizeof(*child));

	child->number = message->number;
	child->pid = child_start(&ward->table->rows[message->row], passed);
	if (child->pid == -1) {
		say(NURSE_failed, child->number, errno);
		free(child);
		return;
	}
	TAILQ_INSERT_TAIL(&ward->children, child, entry);
	say(NURSE_started, child->number, child->pid);
}

/* One that is not there any more has been reaped: its pid is another's. */
static void
kill_child(const struct ward *ward, uint64_t number)
{
	const struct child *child = child_find(ward, number);

	if (child != NULL)
		(void)kill(child->pid, SIGKILL);
}

/* The descriptors that came with a packet; how many. */
static int
take_descriptors(struct msghdr *header, int passed[PASSED])
{
	struct cmsghdr *control;
	size_t length;
	int count = 0;

	for (control = CMSG_FIRSTHDR(header); control != NULL;
	    control = CMSG_NXTHDR(header, control)) {
		if (control->cmsg_level != SOL_SOCKET ||
		    control->cmsg_type != SCM_RIGHTS)
			continue;
		length = control->cmsg_len - CMSG_LEN(0);
		for (size_t i = 0; i < length / sizeof(int); i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(control) + i * sizeof(int),
			    sizeof(fd));
			if (count < PASSED)
				passed[count++] = fd;
			else
				close(fd);
		}
	}
	return count;
}

/* False: it was none of spoold's. */
static bool
heed(struct ward *ward, const struct nurse_message *message,
    const int passed[PASSED], int count)
{
	if (message->word == NURSE_kill && count == 0) {
		kill_child(ward, message->number);
		return true;
	}
	if (message->word != NURSE_start || count != PASSED ||
	    message->row >= ward->table->count ||
	    child_find(ward, message->number) != NULL)
		return false;
	start(ward, message, passed);
	return true;
}

/* One packet; false at the end. */
static bool
hear(struct ward *ward)
{
	union {
		struct cmsghdr	 header;
		char		 bytes[CMSG_SPACE(PASSED * sizeof(int))];
	} control;
	struct nurse_message message;
	struct iovec iov = { &message, sizeof(message) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes) };
	int passed[PASSED], count;
	ssize_t got;
	bool heeded;

	got = recvmsg(SOCKET_FD, &header, MSG_CMSG_CLOEXEC);
	if (got == -1 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	count = take_descriptors(&header, passed);
	heeded = got == (ssize_t)sizeof(message) &&
	    (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	    heed(ward, &message, passed, count);
	while (count > 0)
		close(passed[--count]);
	return heeded;
}

/* --- the end of children, and of it --------------------------------------- */

static void
reap(struct ward *ward)
{
	struct signalfd_siginfo info;
	struct child *child;
	int status;
	pid_t pid;

	(void)!read(SIGNAL_FD, &info, sizeof(info));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		TAILQ_FOREACH(child, &ward->children, entry) {
			if (child->pid != pid)
				continue;
			say(NURSE_died, child->number, status);
			TAILQ_REMOVE(&ward->children, child, entry);
			free(child);
			break;
		}
}

static void
end(struct ward *ward)
{
	struct child *child;

	TAILQ_FOREACH(child, &ward->children, entry)
		(void)kill(child->pid, SIGKILL);
	_exit(0);
}

/* --- the beginning -------------------------------------------------------- */

/*
 * Root's name stays, of its power no more than is needed.  Where the bounding
 * set cannot be changed, that no privilege is gained by executing is enough.
 */
static bool
keep_little(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = CAPABILITIES, .permitted = CAPABILITIES },
	};

	for (unsigned long i = 0; i <= CAP_LAST_CAP; i++)
		if (i >= 32 || (CAPABILITIES & 1u << i) == 0)
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	(void)prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED,
	    0, 0, 0);
	return setgroups(0, NULL) == 0 &&
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
	    syscall(SYS_capset, &header, data) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0) == 0;
}

/* Its socket, the signals, and nothing of what spoold's caller had open. */
static bool
take_places(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), signals;
	sigset_t all, child;

	sigfillset(&all);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (null == -1 || sigprocmask(SIG_SETMASK, &all, NULL) == -1)
		return false;
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) == -1)
			return false;
	/* A copy that nothing below overwrites. */
	socket = fcntl(socket, F_DUPFD_CLOEXEC, SIGNAL_FD + 1);
	if (socket == -1 || dup3(socket, SOCKET_FD, O_CLOEXEC) == -1)
		return false;
	signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals != -1 && (signals == SIGNAL_FD ||
	    dup3(signals, SIGNAL_FD, O_CLOEXEC) != -1) &&
	    close_range(SIGNAL_FD + 1, ~0U, 0) == 0;
}

void
nurse_run(int socket, const struct nurse_table *table)
{
	struct ward ward = { .table = table };
	struct pollfd polled[] = { { .fd = SOCKET_FD, .events = POLLIN },
		{ .fd = SIGNAL_FD, .events = POLLIN } };

	TAILQ_INIT(&ward.children);
	(void)prctl(PR_SET_NAME, "spoold-nurse");
	if (!take_places(socket) || !keep_little() || setsid() == -1 ||
	    chdir("/") == -1)
		_exit(1);
	for (;;) {
		if (poll(polled, 2, -1) == -1 && errno != EINTR)
			break;
		if (polled[1].revents != 0)
			reap(&ward);
		if (polled[0].revents != 0 && !hear(&ward))
			break;
	}
	end(&ward);
	_exit(0);
}
