/*
 * watch - inotify on the spools' directories
 *
 * new/ tells of drops; the tickets' directories tell of what a person moved or
 * touched.  Most of what comes from there are the supervisor's own renames:
 * moves.c sees by memory alone that nothing is new in them.
 *
 * Each organization has an inotify of its own, so that neither its events nor
 * the loss of them are another's.  Of those a user has 128, as kernels are
 * shipped: the organizations beyond share one.
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
#define SCAN_UNWATCHED 2000	/* ms between looks at what is not watched */
#define EVENTS 4096		/* bytes read at once */

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
#define WATCHED (sizeof(watched) / sizeof(*watched))

struct watcher {
	struct source	 source;
	int		 descriptor;	/* own; inotify's */
	struct spoold	*spoold;	/* borrowed */
};

struct watch {
	struct watcher	*shared;	/* own */
	struct timer	 scan;		/* the slow timer */
	struct timer	 again;		/* for directories that are gone */
	bool		 incomplete;	/* not everything is watched */
};

static struct watcher *
watcher_of(const struct spoold *s, const struct organization *org)
{
	return org->watcher != NULL ? org->watcher : s->watch->shared;
}

/* --- what it tells -------------------------------------------------------- */

static void
watch_lost(struct spoold *s, const struct watcher *watcher)
{
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry) {
		if (watcher_of(s, org) != watcher)
			continue;
		log_info("%s: events were lost, reading its directories",
		    org->id);
		organization_scan(org, SCAN_ALL);
	}
}

/* An organization's event; false if its own watcher is gone with that. */
static bool
watch_heard(struct spoold *s, struct organization *org, enum queue queue,
    const struct inotify_event *event)
{
	if ((event->mask & GONE) != 0) {
		bool alone = org->watcher != NULL;

		organization_reopen(s, org);
		return !alone;
	}
	if (event->len == 0)
		return true;
	if (queue == QUEUE_new)
		drop_seen(s, org, event->name);
	else
		moves_seen(s, org, queue, event->name, event->mask);
	return true;
}

/* False if its watcher is gone. */
static bool
watch_event(struct spoold *s, const struct watcher *watcher,
    const struct inotify_event *event)
{
	struct organization *org;

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		watch_lost(s, watcher);
		return true;
	}
	TAILQ_FOREACH(org, &s->organizations, entry) {
		if (watcher_of(s, org) != watcher)
			continue;
		for (size_t i = 0; i < WATCHED; i++)
			if (org->watches[watched[i].queue] == event->wd)
				return watch_heard(s, org, watched[i].queue,
				    event);
	}
	return true;
}

static void
watcher_readable(void *arg, uint32_t events)
{
	struct watcher *watcher = arg;
	struct spoold *s = watcher->spoold;
	_Alignas(struct inotify_event) char bytes[EVENTS];
	ssize_t got, used;

	(void)events;
	do {
		got = read(watcher->source.fd, bytes, sizeof(bytes));
		if (got == -1 && errno != EAGAIN)
			log_warning("watch: %s", strerror(errno));
		for (used = 0; used < got;) {
			const struct inotify_event *event =
			    (const void *)(bytes + used);

			if (!watch_event(s, watcher, event))
				return;
			used += (ssize_t)sizeof(*event) + event->len;
		}
	} while (got > 0 && !loop_is_late(s->loop));
}

/* --- watchers ------------------------------------------------------------- */

static void
watcher_free(struct watcher **watcher)
{
	if (*watcher == NULL)
		return;
	source_remove((*watcher)->spoold->loop, &(*watcher)->source);
	close((*watcher)->descriptor);
	free(*watcher);
	*watcher = NULL;
}

static struct watcher *
watcher_new(struct spoold *s, struct why *why)
{
	struct watcher *watcher = xcalloc(1, sizeof(*watcher));

	watcher->spoold = s;
	watcher->source.ready = watcher_readable;
	watcher->source.arg = watcher;
	watcher->descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watcher->descriptor == -1) {
		why_errno(why, "inotify_init1");
		free(watcher);
		return NULL;
	}
	if (source_add(s->loop, &watcher->source, watcher->descriptor,
	    EPOLLIN, why) == -1)
		watcher_free(&watcher);
	return watcher;
}

/* --- the slow timer ------------------------------------------------------- */

static void
watch_scan(void *arg)
{
	struct spoold *s = arg;
	struct organization *org;

	timer_set(s->loop, &s->watch->scan, clock_monotonic() +
	    s->conf->queue_scan_interval);
	s->watch->incomplete = false;
	TAILQ_FOREACH(org, &s->organizations, entry)
		if (!org->gone)
			watch_organization(s, org);
	if (!s->watch->incomplete)
		alert_end(s, ALERT_watch);
	TAILQ_FOREACH(org, &s->organizations, entry)
		if (!org->gone)
			organization_scan(org, SCAN_ALL);
}

/* Whether those that are gone have come back. */
static void
watch_again(void *arg)
{
	struct spoold *s = arg;
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry)
		if (org->gone)
			organization_reopen(s, org);
}

struct watch *
watch_new(struct spoold *s, struct why *why)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	watch->scan.fire = watch_scan;
	watch->scan.arg = s;
	watch->again.fire = watch_again;
	watch->again.arg = s;
	watch->shared = watcher_new(s, why);
	if (watch->shared == NULL) {
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
	watcher_free(&(*watch)->shared);
	free(*watch);
	*watch = NULL;
}

/* --- an organization ------------------------------------------------------ */

void
watch_for_return(struct spoold *s)
{
	timer_set(s->loop, &s->watch->again,
	    clock_monotonic() + SCAN_UNWATCHED);
}

/* Its own, if it has no watch in the shared one and there is one to be had. */
static void
watch_alone(struct spoold *s, struct organization *org)
{
	struct why why;

	for (size_t i = 0; i < WATCHED; i++)
		if (org->watches[watched[i].queue] != -1)
			return;
	if (org->watcher == NULL)
		org->watcher = watcher_new(s, &why);
	if (org->watcher == NULL && !org->shares)
		log_warning("%s: shares an inotify with other organizations: "
		    "%s; raise fs.inotify.max_user_instances", org->id,
		    why.text);
	org->shares = org->watcher == NULL;
}

void
watch_organization(struct spoold *s, struct organization *org)
{
	char path[64];

	watch_alone(s, org);
	for (size_t i = 0; i < WATCHED; i++) {
		enum queue queue = watched[i].queue;

		if (org->watches[queue] != -1)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d",
		    spool_directory(org->spool, queue));
		org->watches[queue] = inotify_add_watch(
		    watcher_of(s, org)->descriptor, path, watched[i].mask |
		    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
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
		if (org->watches[i] != -1 && org->watcher == NULL)
			(void)inotify_rm_watch(s->watch->shared->descriptor,
			    org->watches[i]);
		org->watches[i] = -1;
	}
	watcher_free(&org->watcher);
}
