/*
 * spoolctl_spool - what may be wrong with an organization's spool
 *
 * spoold may run meanwhile and move what is looked at.  So a ticket's job that
 * is not there is looked for again once the ticket is seen to be there still:
 * a job leaves after its tickets.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/spool.h"
#include "spool-layout/layout.h"

#include "spoold/commands/spoolctl_check.h"

static void
found_layout(void *arg, const char *words)
{
	found(arg, "layout", "%s", words);
}

static void
check_layout(struct check *check, const struct conf *conf, const char *org)
{
	int fd = open(conf->top_spool_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct why why;

	if (fd == -1)
		return;		/* said already */
	if (layout_check(fd, org, check->fix, found_layout, check,
	    &why) == -1)
		found(check, "layout", "%s", why.text);
	close(fd);
}

/* True for what may stand beside tickets: refused drops with their reason. */
static bool
is_refused(enum queue queue, const char *name)
{
	size_t length = strlen(name);

	return queue == QUEUE_failed && ((length > 5 &&
	    strcmp(name + length - 5, ".json") == 0) || (length > 11 &&
	    strcmp(name + length - 11, ".json.error") == 0));
}

static void
check_name(struct check *check, enum queue queue, const char *name)
{
	struct ticket ticket;

	if (name[0] == '.' && ticket_parse(name + 1, &ticket) == 0)
		found(check, "stray", "%s/%s is a second file of a ticket, "
		    "put aside: look at it, then remove it",
		    queue_name(queue), name);
	else if (name[0] != '.' && ticket_parse(name, &ticket) == -1 &&
	    !is_refused(queue, name))
		found(check, "stray", "%s/%s is no ticket, and is ignored",
		    queue_name(queue), name);
}

static void
check_strays(struct check *check, const struct spool *spool, enum queue queue)
{
	int fd = openat(spool_directory(spool, queue), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		found(check, "layout", "%s/%s: %s", spool_organization(spool),
		    queue_name(queue), strerror(errno));
		if (fd != -1)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		check_name(check, queue, entry->d_name);
	closedir(dir);
}

/* 1, 0 if it is not there, or -1. */
static int
is_there(const struct spool *spool, enum queue queue, const char *name)
{
	struct statx st;
	struct why why;

	return spool_stat(spool, queue, name, &st, &why);
}

/* Tickets that wait for a job that is not there. */
static void
check_orphans(struct check *check, const struct spool *spool,
    enum queue queue)
{
	char job[ID_LENGTH + sizeof(".json")];
	struct spool_list *list;
	const char *name, *day;
	struct ticket ticket;
	struct why why;

	list = spool_list(spool, queue, &why);
	if (list == NULL) {
		found(check, "layout", "%s", why.text);
		return;
	}
	while ((name = spool_list_next(list, &day)) != NULL) {
		if (ticket_parse(name, &ticket) == -1)
			continue;
		id_format(&ticket.id, job);
		memcpy(job + ID_LENGTH, ".json", sizeof(".json"));
		if (is_there(spool, QUEUE_jobs, job) == 0 &&
		    is_there(spool, queue, name) == 1 &&
		    is_there(spool, QUEUE_jobs, job) == 0)
			found(check, "orphan", "%s/%s has no job in jobs/: it "
			    "will fail", queue_name(queue), name);
	}
	spool_list_free(&list);
}

void
check_spool(struct check *check, const struct conf *conf, const char *org)
{
	static const enum queue queues[] = { QUEUE_cur, QUEUE_retry,
	    QUEUE_hold, QUEUE_failed };
	struct spool *spool;
	struct why why;

	check_layout(check, conf, org);
	spool = spool_open(conf->top_spool_directory, org, &why);
	if (spool == NULL)
		return;		/* the layout said so */
	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++) {
		check_strays(check, spool, queues[i]);
		if (queues[i] != QUEUE_failed)
			check_orphans(check, spool, queues[i]);
	}
	spool_close(&spool);
}
