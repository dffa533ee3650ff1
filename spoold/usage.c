/*
 * usage - how often a destination was used, and when last
 *
 * One file at a time is on its way, by the helper, whatever the number of
 * destinations; a destination that is being changed is left for later, or its
 * old version would come after the new one.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/durable.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/usage.h"

#define WRITE_EVERY 60000	/* ms */

struct usage {
	struct spoold	*spoold;	/* borrowed */
	struct timer	 timer;
};

void
usage_note(struct target *target)
{
	target->uses++;
	target->used_at = clock_wall();
	target->unwritten = true;
}

void
usage_settle(struct target *target)
{
	struct json *document;
	char at[CLOCK_TEXT];

	if (target->uses == 0 || target->destination == NULL)
		return;
	document = target->destination->document;
	json_set_integer(document, "countUsage", target->uses +
	    json_integer(json_get(document, "countUsage"), 0));
	clock_format(target->used_at, at);
	json_set_string(document, "lastUsedAt", at);
	target->uses = 0;
}

static bool
usage_is_due(const struct target *target)
{
	return target->unwritten && target->destination != NULL &&
	    !target->changing;
}

static void
usage_put(struct spoold *s, struct target *target, durable_done *done,
    void *arg)
{
	char *path = target_path(s, target);
	struct buf text = { 0 };

	usage_settle(target);
	target->unwritten = false;
	destination_print(target->destination, &text);
	durable_put(s->durable, path, text.data, text.len, done, arg);
	free(path);
	buf_wipe(&text);
}

static struct target *
usage_next(const struct spoold *s)
{
	struct organization *org;
	struct target *target;

	TAILQ_FOREACH(org, &s->organizations, entry)
		RB_FOREACH(target, targets, &org->targets)
			if (usage_is_due(target))
				return target;
	return NULL;
}

/* What was not written is counted in memory, and written the next time. */
static void
usage_failed(const struct spoold *s, int error)
{
	struct organization *org;
	struct target *target;

	log_error("write a destination's countUsage: %s", strerror(error));
	TAILQ_FOREACH(org, &s->organizations, entry)
		RB_FOREACH(target, targets, &org->targets)
			target->unwritten = true;
}

static void	 usage_run(void *);

/* The next one at once, or all again after a while. */
static void
usage_written(void *arg, int error)
{
	struct usage *usage = arg;

	if (error != 0)
		usage_failed(usage->spoold, error);
	else if (usage_next(usage->spoold) != NULL) {
		usage_run(usage);
		return;
	}
	timer_set(usage->spoold->loop, &usage->timer,
	    clock_monotonic() + WRITE_EVERY);
}

static void
usage_run(void *arg)
{
	struct usage *usage = arg;
	struct target *target = usage_next(usage->spoold);

	if (target != NULL && usage->spoold->phase == PHASE_RUNNING)
		usage_put(usage->spoold, target, usage_written, usage);
	else
		timer_set(usage->spoold->loop, &usage->timer,
		    clock_monotonic() + WRITE_EVERY);
}

/* At the end nobody is left to try again. */
static void
usage_last(void *arg, int error)
{
	(void)arg;
	if (error != 0)
		log_error("write a destination's countUsage: %s",
		    strerror(error));
}

void
usage_write_all(struct spoold *s)
{
	struct target *target;

	while ((target = usage_next(s)) != NULL)
		usage_put(s, target, usage_last, NULL);
}

struct usage *
usage_new(struct spoold *s)
{
	struct usage *usage = xcalloc(1, sizeof(*usage));

	usage->spoold = s;
	usage->timer.fire = usage_run;
	usage->timer.arg = usage;
	timer_set(s->loop, &usage->timer, clock_monotonic() + WRITE_EVERY);
	return usage;
}

void
usage_free(struct usage **usage)
{
	if (*usage == NULL)
		return;
	timer_clear((*usage)->spoold->loop, &(*usage)->timer);
	free(*usage);
	*usage = NULL;
}
