/*
 * checkpoint - how far the journal need not be read again
 *
 * What the sync covers is decided before it starts: the last line whose
 * actions have been carried out, and the attempts without an outcome at that
 * moment.  The seq of the checkpoint's line is written to `.checkpoint` beside
 * the spools, by which a spool that was restored from a backup is known.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/checkpoint.h"
#include "spoold/commit.h"
#include "spoold/durable.h"
#include "spoold/flights.h"
#include "spoold/spoold.h"

struct checkpoint {
	struct timer	 timer;
	bool		 wanted;	/* the interval is over */
	bool		 running;
	bool		 last;		/* the running one is the last */
	bool		 broken;	/* a sync failed */
	int64_t		 up_to;
	struct buf	 in_flight;	/* own; a JSON array */
	void		(*done)(struct spoold *);
	int64_t		 seq;		/* of the line */
	bool		 unnoted;	/* `.checkpoint` does not have it yet */
};

static void
checkpoint_set_timer(struct spoold *s)
{
	timer_set(s->loop, &s->checkpoint->timer, clock_monotonic() +
	    s->conf->queue_checkpoint_interval);
}

static void
checkpoint_end(struct spoold *s)
{
	struct checkpoint *c = s->checkpoint;

	c->running = false;
	buf_free(&c->in_flight);
	if (c->last)
		c->done(s);
	else if (c->done == NULL)
		checkpoint_set_timer(s);
}

/* `.checkpoint` is written. */
static void
checkpoint_noted(void *arg, int error)
{
	struct spoold *s = arg;

	s->checkpoint->unnoted = error != 0;
	if (error != 0)
		alert_begin(s, ALERT_checkpoint, "write .checkpoint: %s",
		    strerror(error));
	else
		alert_end(s, ALERT_checkpoint);
	checkpoint_end(s);
}

/* The action of the checkpoint's line. */
static void
checkpoint_note(struct spoold *s, void *arg)
{
	char *path, text[32];

	(void)arg;
	(void)snprintf(text, sizeof(text), "%lld\n",
	    (long long)s->checkpoint->seq);
	path = xasprintf("%s/.checkpoint", s->conf->top_spool_directory);
	durable_put(s->durable, path, text, strlen(text), checkpoint_noted, s);
	free(path);
}

/* The spool's file system is synced. */
static void
checkpoint_synced(void *arg, int error)
{
	struct spoold *s = arg;
	struct checkpoint *c = s->checkpoint;
	struct why why;

	if (error != 0) {
		c->broken = true;
		alert_begin(s, ALERT_checkpoint, "sync of the spool: %s; "
		    "nothing is accepted or attempted until a restart",
		    strerror(error));
		checkpoint_end(s);
		return;
	}
	c->seq = journal_add_checkpoint(s->journal, c->up_to, &c->in_flight,
	    &why);
	if (c->seq == -1) {
		alert_begin(s, ALERT_checkpoint, "%s", why.text);
		checkpoint_end(s);
		return;
	}
	commit_then(s, NULL, checkpoint_note, NULL);
}

static void
checkpoint_start(struct spoold *s)
{
	struct checkpoint *c = s->checkpoint;

	s->changed = false;
	c->up_to = journal_durable(s->journal);
	buf_clear(&c->in_flight);
	flights_list(s, &c->in_flight);
	durable_sync(s->durable, checkpoint_synced, s);
}

bool
checkpoint_waits(const struct spoold *s)
{
	return s->checkpoint->wanted && !s->checkpoint->running;
}

void
checkpoint_run(struct spoold *s)
{
	struct checkpoint *c = s->checkpoint;
	bool possible = !c->broken && commit_carried_out(s) &&
	    journal_pending(s->journal) == 0;

	if (c->done != NULL && commit_stuck(s)) {
		/* One that is under way cannot be noted, either. */
		c->done(s);
		return;
	}
	if (!c->wanted || c->running)
		return;
	if (possible && (c->unnoted || s->changed)) {
		c->running = true;
		c->wanted = false;
		c->last = c->done != NULL;
		/* No more than one that `.checkpoint` does not have. */
		if (c->unnoted)
			checkpoint_note(s, NULL);
		else
			checkpoint_start(s);
	} else if (c->done != NULL) {
		/* The next start reads the journal from the one before. */
		c->wanted = false;
		c->done(s);
	}
}

static void
checkpoint_due(void *arg)
{
	struct spoold *s = arg;

	if ((s->changed || s->checkpoint->unnoted) && !s->checkpoint->broken)
		s->checkpoint->wanted = true;
	else
		checkpoint_set_timer(s);
}

struct checkpoint *
checkpoint_new(struct spoold *s)
{
	struct checkpoint *c = xcalloc(1, sizeof(*c));

	c->timer.fire = checkpoint_due;
	c->timer.arg = s;
	s->checkpoint = c;
	checkpoint_set_timer(s);
	return c;
}

void
checkpoint_free(struct checkpoint **c)
{
	if (*c == NULL)
		return;
	buf_free(&(*c)->in_flight);
	free(*c);
	*c = NULL;
}

void
checkpoint_last(struct spoold *s, void (*done)(struct spoold *))
{
	timer_clear(s->loop, &s->checkpoint->timer);
	s->checkpoint->done = done;
	s->checkpoint->wanted = true;
}

bool
checkpoint_possible(const struct spoold *s)
{
	return !s->checkpoint->broken;
}

int64_t
checkpoint_read(const char *spool_directory, struct why *why)
{
	char *path = xasprintf("%s/.checkpoint", spool_directory);
	char text[32] = "";
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 && errno == ENOENT) {
		free(path);
		return 0;
	}
	got = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got == -1)
		why_errno(why, "read %s", path);
	if (fd != -1)
		close(fd);
	free(path);
	if (got == -1)
		return -1;
	text[got] = '\0';
	return strtoll(text, NULL, 10);
}
