/*
 * nurse_ask - what spoold asks of its nurse
 *
 * Nothing here waits: a worker's link can be used before it has started, and
 * what became of it is told.  A nurse that takes no more packets, or says what
 * nobody asked, is as good as gone.  Without one no worker can be started:
 * spoold ends in good order then, for whoever supervises it to start it anew.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/control.h"
#include "lib/instance.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/nurse.h"
#include "spoold/spoold.h"
#include "spoold/worker.h"

#define PASSED 2
#define GROUPS_FIRST 32
#define PATIENCE 1000		/* ms for it to end */

/* --- the table ------------------------------------------------------------ */

/* The groups that root has put the user into, beside its own. */
static void
row_groups(struct nurse_row *row, const char *name)
{
	int count = GROUPS_FIRST, kept = 0;

	row->groups = xcalloc((size_t)count, sizeof(gid_t));
	while (getgrouplist(name, row->gid, row->groups, &count) == -1)
		row->groups = xreallocarray(row->groups, (size_t)count,
		    sizeof(gid_t));
	for (int i = 0; i < count; i++)
		if (row->groups[i] != row->gid)
			row->groups[kept++] = row->groups[i];
	row->group_count = kept;
}

/* One more row: 0, or -1 with *why (CONFIG_ERROR). */
static int
table_add(struct nurse_table *table, const struct conf *conf,
    const char *program, const char *user, struct why *why)
{
	struct account account, spoold;
	char name[INSTANCE_USER_MAX], file[64], path[4096];
	struct nurse_row *row;
	int found;

	if (user[0] != '\0')
		(void)snprintf(name, sizeof(name), "%s", user);
	else
		instance_kind_user(conf, program, name);
	(void)snprintf(file, sizeof(file), "workers/%s", program);
	if (control_program(file, path, sizeof(path), why) == -1 ||
	    instance_user(conf, &spoold, why) == -1 ||
	    (found = account_user(name, &account, why)) == -1)
		return -1;
	if (found == 0)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: there is no user "
		    "%s, which %s is to run as%s", conf->file, name, program,
		    user[0] == '\0' ? ": spoolctl init makes it" : "");
	if (account.uid == 0 || account.uid == spoold.uid)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: %s is not to run "
		    "as %s, which may do more than a worker", conf->file,
		    program, name);
	table->rows = xreallocarray(table->rows, table->count + 1,
	    sizeof(*table->rows));
	row = &table->rows[table->count++];
	*row = (struct nurse_row) { .program = program,
		.user = xstrdup(user), .path = xstrdup(path),
		.uid = account.uid, .gid = account.gid };
	row_groups(row, name);
	return 0;
}

static int
table_find(const struct nurse_table *table, const char *program,
    const char *user)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].program, program) == 0 &&
		    strcmp(table->rows[i].user, user) == 0)
			return (int)i;
	return -1;
}

/* Every kind as its user, and pipes as those that are declared. */
static int
table_make(struct nurse_table *table, const struct conf *conf,
    struct why *why)
{
	static const char pipe[] = "pipe";
	const char *kind;

	for (size_t i = 0; (kind = conf_transport_name(i)) != NULL; i++)
		if (table_add(table, conf, kind, "", why) == -1)
			return -1;
	for (size_t i = 0; i < conf->pipe_count; i++)
		if (table_find(table, pipe, conf->pipes[i].user) == -1 &&
		    table_add(table, conf, pipe, conf->pipes[i].user,
		    why) == -1)
			return -1;
	return 0;
}

static void
table_free(struct nurse_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->rows[i].user);
		free(table->rows[i].path);
		free(table->rows[i].groups);
	}
	free(table->rows);
}

/* --- beginning and end ---------------------------------------------------- */

static int
nurse_fork(struct nurse *nurse, struct why *why)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return why_errno(why, "socketpair");
	nurse->pid = fork();
	if (nurse->pid == 0)
		nurse_run(pair[1], &nurse->table);
	close(pair[1]);
	nurse->source.fd = pair[0];
	return nurse->pid != -1 ? 0 : why_errno(why, "fork");
}

struct nurse *
nurse_new(const struct conf *conf, struct why *why)
{
	struct nurse *nurse = xcalloc(1, sizeof(*nurse));

	nurse->source.fd = -1;
	if (table_make(&nurse->table, conf, why) == -1 ||
	    nurse_fork(nurse, why) == -1)
		nurse_free(&nurse);
	return nurse;
}

/* It needs a moment; one that is stopped is not waited for. */
static void
nurse_wait(const struct nurse *nurse)
{
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open,
	    nurse->pid, 0), .events = POLLIN };

	if (ended.fd == -1)
		return;
	if (poll(&ended, 1, PATIENCE) == 1)
		(void)waitpid(nurse->pid, NULL, 0);
	else
		log_warning("nurse: pid=%d does not end", (int)nurse->pid);
	close(ended.fd);
}

void
nurse_free(struct nurse **nurse)
{
	int fd;

	if (*nurse == NULL)
		return;
	fd = (*nurse)->source.fd;
	if ((*nurse)->spoold != NULL && fd != -1)
		source_remove((*nurse)->spoold->loop, &(*nurse)->source);
	if (fd != -1)
		close(fd);
	if ((*nurse)->pid > 0 && !(*nurse)->lost)
		nurse_wait(*nurse);
	table_free(&(*nurse)->table);
	free(*nurse);
	*nurse = NULL;
}

/* --- what it says --------------------------------------------------------- */

static void
nurse_lose(struct nurse *nurse, const char *how)
{
	struct spoold *s = nurse->spoold;
	int fd = nurse->source.fd;

	if (nurse->lost)
		return;
	nurse->lost = true;
	source_remove(s->loop, &nurse->source);
	close(fd);
	nurse->source.fd = -1;
	nurse_wait(nurse);
	(void)why_set(&s->failure, ERROR_INTERNAL_ERROR, "the nurse %s: no "
	    "worker can be started any more, so spoold ends and is to be "
	    "started anew", how);
	log_warning("nurse: pid=%d %s: ending", (int)nurse->pid, how);
	/* The kernel ends them with it. */
	workers_lost(s);
	spoold_stop(s, false);
}

static void
nurse_heard(struct nurse *nurse, const struct nurse_message *message)
{
	struct worker *worker = worker_numbered(nurse->spoold,
	    message->number);

	switch (message->word) {
	case NURSE_started:
		if (worker != NULL)
			worker->pid = message->value;
		break;
	case NURSE_failed:
		if (worker != NULL)
			worker_failed(worker, message->value);
		break;
	case NURSE_died:
		/* Of one that was given up nobody wants to know. */
		if (worker != NULL)
			worker_ended(worker, message->value);
		break;
	default:
		nurse_lose(nurse, "speaks out of turn");
	}
}

static void
nurse_readable(void *arg, uint32_t events)
{
	struct nurse *nurse = arg;
	int64_t left = nurse->spoold->conf->queue_batch_size;
	struct nurse_message message;
	ssize_t got = 0;

	(void)events;
	while (!nurse->lost && left-- > 0) {
		got = recv(nurse->source.fd, &message, sizeof(message),
		    MSG_DONTWAIT);
		if (got == -1 && errno == EAGAIN)
			return;
		if (got == (ssize_t)sizeof(message))
			nurse_heard(nurse, &message);
		else
			nurse_lose(nurse, "died");
	}
}

int
nurse_listen(struct nurse *nurse, struct spoold *s, struct why *why)
{
	nurse->spoold = s;
	nurse->source.ready = nurse_readable;
	nurse->source.arg = nurse;
	return source_add(s->loop, &nurse->source, nurse->source.fd, EPOLLIN,
	    why);
}

/* --- what it is asked ----------------------------------------------------- */

bool
nurse_knows(const struct nurse *nurse, const char *user)
{
	return table_find(&nurse->table, "pipe", user) != -1;
}

/* 0, or -1 with errno. */
static int
nurse_tell(const struct nurse *nurse, const struct nurse_message *message,
    const int *passed)
{
	union {
		struct cmsghdr	 header;
		char		 bytes[CMSG_SPACE(PASSED * sizeof(int))];
	} control = { .bytes = "" };
	struct iovec iov = { (void *)(uintptr_t)message, sizeof(*message) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (passed != NULL) {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(PASSED * sizeof(int));
		memcpy(CMSG_DATA(&control.header), passed,
		    PASSED * sizeof(int));
	}
	return sendmsg(nurse->source.fd, &header, MSG_NOSIGNAL |
	    MSG_DONTWAIT) == (ssize_t)sizeof(*message) ? 0 : -1;
}

int
nurse_start(struct nurse *nurse, const char *program, const char *user,
    int link, uint64_t *number_r, struct why *why)
{
	const int passed[PASSED] = { link, STDERR_FILENO };
	struct nurse_message message = { .word = NURSE_start };
	int row = table_find(&nurse->table, program, user);

	if (nurse->lost)
		return why_set(why, ERROR_UNAVAILABLE, "the nurse is gone");
	if (row == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "nobody may start %s "
		    "as %s before spoold was started anew", program, user);
	message.row = (uint32_t)row;
	message.number = ++nurse->last;
	if (nurse_tell(nurse, &message, passed) == -1)
		return why_errno(why, "ask the nurse for %s", program);
	*number_r = message.number;
	return 0;
}

void
nurse_kill(struct nurse *nurse, uint64_t number)
{
	const struct nurse_message message = { .word = NURSE_kill,
		.number = number };

	/* Whoever wants it killed goes on with it: the loop hears the end. */
	if (!nurse->lost && nurse_tell(nurse, &message, NULL) == -1)
		(void)shutdown(nurse->source.fd, SHUT_RDWR);
}
