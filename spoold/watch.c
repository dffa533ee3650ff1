/*
 * watch - inotify on the spools' directories
 *
 * new/ tells of drops; the tickets' directories tell of what a person moved or
 * touched.  Most of what comes from there are the supervisor's own renames:
 * moves.c sees by memory alone that nothing is new in them.
 */
#include <sys/epoll.h>
#include <sys/inotify.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/drop.h"
#include "spoold/moves.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/watch.h"

#define GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)
#define SCAN_UNWATCHED 2000	/* ms between scans where watches ran out */
#define READS_A_TURN 4

static const struct {
	enum queue	 queue;
	uint32_t	 mask;
} watched[] = {
	{ QUEUE_new, IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE },
	{ QUEUE_cur, IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE },
	{ QUEUE_retry, IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
	    IN_ATTRIB },
	{ QUEUE_hold, IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE },
	{ QUEUE_failed, IN_MOVED_TO },
};

struct watch {
	struct source	 source;
	struct timer	 scan;		/* the slow timer */
	bool		 incomplete;	/* not everything is watched */
};

static void
watch_scan_all(struct spoold *s)
{
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry)
		organization_scan(s, org);
}

static void
watch_scan(void *arg)
{
	struct spoold *s = arg;
	struct organization *org;

	timer_set(s->loop, &s->watch->scan, clock_monotonic() +
	    s->conf->queue_scan_interval);
	s->watch->incomplete = false;
	TAILQ_FOREACH(org, &s->organizations, entry)
		watch_organization(s, org);
	if (!s->watch->incomplete)
		alert_end(s, ALERT_watch);
	watch_scan_all(s);
}

static void
watch_event(struct spoold *s, const struct inotify_event *event)
{
	struct organization *org;

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		log_info("watch: events were lost, reading the directories");
		watch_scan_all(s);
		return;
	}
	TAILQ_FOREACH(org, &s->organizations, entry) {
		for (size_t i = 0; i < sizeof(watched) / sizeof(*watched);
		    i++) {
			enum queue queue = watched[i].queue;

			if (org->watches[queue] != event->wd)
				continue;
			if ((event->mask & GONE) != 0) {
				org->watches[queue] = -1;
				organization_reopen(s, org);
			} else if (event->len == 0)
				return;
			else if (queue == QUEUE_new)
				drop_seen(s, org, event->name);
			else
				moves_seen(s, org, queue, event->name,
				    event->mask);
			return;
		}
	}
}

static void
watch_readable(void *arg, uint32_t events)
{
	struct spoold *s = arg;
	_Alignas(struct inotify_event) char bytes[16384];
	ssize_t got, used;

	(void)events;
	for (int i = 0; i < READS_A_TURN; i++) {
		got = read(s->watch->source.fd, bytes, sizeof(bytes));
		if (got <= 0) {
			if (got == -1 && errno != EAGAIN)
				log_warning("watch: %s", strerror(errno));
			return;
		}
		for (used = 0; used < got;) {
			const struct inotify_event *event =
			    (const void *)(bytes + used);

			watch_event(s, event);
			used += (ssize_t)sizeof(*event) + event->len;
		}
	}
}

struct watch *
watch_new(struct spoold *s, struct why *why)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));
	int fd;

	watch->source.ready = watch_readable;
	watch->source.arg = s;
	watch->source.fd = -1;
	watch->scan.fire = watch_scan;
	watch->scan.arg = s;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd == -1) {
		why_errno(why, "inotify_init1");
		free(watch);
		return NULL;
	}
	if (source_add(s->loop, &watch->source, fd, EPOLLIN, why) == -1) {
		close(fd);
		free(watch);
		return NULL;
	}
	timer_set(s->loop, &watch->scan, clock_monotonic() +
	    s->conf->queue_scan_interval);
	return watch;
}

void
watch_free(struct watch **watch)
{
	if (*watch == NULL)
		return;
	if ((*watch)->source.fd != -1)
		close((*watch)->source.fd);
	free(*watch);
	*watch = NULL;
}

void
watch_organization(struct spoold *s, struct organization *org)
{
	char path[64];

	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++) {
		enum queue queue = watched[i].queue;

		if (org->watches[queue] != -1)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d",
		    spool_directory(org->spool, queue));
		org->watches[queue] = inotify_add_watch(s->watch->source.fd,
		    path, watched[i].mask | IN_DELETE_SELF | IN_MOVE_SELF |
		    IN_ONLYDIR);
		if (org->watches[queue] == -1) {
			s->watch->incomplete = true;
			alert_begin(s, ALERT_watch, "inotify watches are not "
			    "to be had (%s): directories are read every 2 s",
			    strerror(errno));
		}
	}
	if (s->watch->incomplete)
		timer_set(s->loop, &s->watch->scan,
		    clock_monotonic() + SCAN_UNWATCHED);
}

void
watch_organization_end(struct spoold *s, struct organization *org)
{
	for (int i = 0; i < QUEUES; i++) {
		if (org->watches[i] != -1 && s->watch != NULL)
			(void)inotify_rm_watch(s->watch->source.fd,
			    org->watches[i]);
		org->watches[i] = -1;
	}
}
