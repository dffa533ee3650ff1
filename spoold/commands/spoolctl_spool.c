/*
 * spoolctl_spool - what may be wrong with an organization's spool
 *
 * spoold may run meanwhile and move what is looked at: then its structure is
 * only looked at.  Directories and modes are mended all the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/spool.h"
#include "lib/stored_file.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/mend.h"
#include "spoold/commands/spoolctl_check.h"

static void
found_layout(void *arg, const char *words)
{
	found(arg, "layout", "%s", words);
}

void
check_layout(struct check *check, const struct conf *conf,
    const struct conf_organization *org)
{
	int fd = open(conf->top_spool_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct layout_owners owners;
	struct why why;

	if (fd == -1)
		return;		/* said already */
	if (instance_owners(conf, org, &owners, &why) == -1 ||
	    layout_check(fd, org->id, &owners, check->fix, found_layout,
	    check, &why) == -1)
		found(check, "layout", "%s", why.text);
	close(fd);
}

/* Second files of tickets that were put aside: for a person to look at. */
static void
check_aside(struct check *check, const struct spool *spool, enum queue queue)
{
	int fd = openat(spool_directory(spool, queue), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct ticket ticket;

	if (dir == NULL) {
		found(check, "layout", "%s/%s: %s", spool_organization(spool),
		    queue_name(queue), strerror(errno));
		if (fd != -1)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == '.' &&
		    ticket_parse(entry->d_name + 1, &ticket) == 0)
			found(check, "stray", "%s/%s is a second file of a "
			    "ticket, put aside: look at it, then remove it",
			    queue_name(queue), entry->d_name);
	closedir(dir);
}

static void
found_structure(void *arg, const struct structure_finding *finding)
{
	struct buf words = { .max = 0 };

	structure_words(finding, &words);
	found(arg, finding->kind == STRUCTURE_jobless ||
	    finding->kind == STRUCTURE_ticketless ? "orphan" : "stray", "%s",
	    words.data);
	buf_free(&words);
}

/* What nobody is going to erase, unless its destination comes back. */
struct ownerless {
	const struct conf *conf;	/* borrowed */
	const char	*organization;	/* borrowed */
	size_t		 count;
	char		 path[STORED_PATH];	/* of the last one */
};

static int
record_seen(void *arg, const char *path, struct stored_record *record,
    struct why *why)
{
	struct ownerless *ownerless = arg;
	char *file;

	(void)why;
	if (record == NULL)
		return 0;	/* the sweep says so */
	file = xasprintf("%s/%s/destinations/%s.json",
	    ownerless->conf->top_state_directory, ownerless->organization,
	    record->destination);
	if (access(file, F_OK) == -1 && errno == ENOENT) {
		ownerless->count++;
		(void)snprintf(ownerless->path, sizeof(ownerless->path), "%s",
		    path);
	}
	free(file);
	return 0;
}

static void
check_stored(struct check *check, const struct conf *conf,
    const struct spool *spool)
{
	struct ownerless ownerless = { .conf = conf,
		.organization = spool_organization(spool) };
	struct why why;

	if (stored_each(spool, record_seen, &ownerless, &why) == -1)
		found(check, "layout", "%s", why.text);
	if (ownerless.count > 0)
		found(check, "stored", "%s/stored: what %zu of the records "
		    "name is not erased, their destination is not there any "
		    "more, such as that of %s: create it again, or erase it "
		    "by hand and remove the record", ownerless.organization,
		    ownerless.count, ownerless.path);
}

void
check_spool(struct check *check, const struct conf *conf, const char *org)
{
	static const enum queue queues[] = { QUEUE_cur, QUEUE_retry,
	    QUEUE_hold, QUEUE_failed };
	struct spool *spool;
	struct why why;
	int result;

	spool = spool_open(conf->top_spool_directory, org, &why);
	if (spool == NULL)
		return;		/* the layout said so */
	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++)
		check_aside(check, spool, queues[i]);
	if (check->locked && check->fix)
		result = mend_structure(conf, spool,
		    found_structure, check, &why);
	else
		result = structure_check(spool, check->locked ?
		    STRUCTURE_AT_REST : STRUCTURE_LOOK, found_structure,
		    check, &why);
	if (result == -1)
		found(check, "layout", "%s", why.text);
	check_stored(check, conf, spool);
	check_links(check, spool);
	spool_close(&spool);
}
