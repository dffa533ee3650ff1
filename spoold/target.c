/*
 * target - one destination at work
 *
 * The window is what keeps a destination that hangs from taking the slots of
 * the others: it starts small, grows only with answers, and falls to one.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/destination_store.h"
#include "lib/xalloc.h"

#include "spoold/hostkeys.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/usage.h"
#include "spoold/worker.h"

#define START_LIMIT 30000	/* ms until there has to be a worker */
#define CONNECT_LIMIT 12000	/* ms beside the destination's own timeouts */

#define WINDOW_START 5.0
#define WINDOW_MIN 1.0
#define WINDOW_MAX 1000.0
#define RATE_LAG 10000		/* us */

static int
target_compare(const struct target *a, const struct target *b)
{
	return strcmp(a->id, b->id);
}

RB_GENERATE(targets, target, entry, target_compare)

struct target *
target_get(struct organization *org, const char *id)
{
	struct target *target, *other;

	target = xcalloc(1, sizeof(*target));
	assert(strlen(id) < sizeof(target->id));
	memcpy(target->id, id, strlen(id) + 1);
	other = RB_INSERT(targets, &org->targets, target);
	if (other != NULL) {
		free(target);
		return other;
	}
	target->organization = org;
	target->window = WINDOW_START;
	RB_INIT(&target->ready);
	TAILQ_INIT(&target->staged);
	return target;
}

struct target *
target_find(const struct organization *org, const char *id)
{
	struct target key, *target;

	if (strlen(id) >= sizeof(key.id))
		return NULL;
	memcpy(key.id, id, strlen(id) + 1);
	target = RB_FIND(targets,
	    (struct targets *)(uintptr_t)&org->targets, &key);
	return target != NULL && target->destination != NULL ? target : NULL;
}

/* The new version was made from what the old one said then. */
static void
target_keep_usage(struct target *target, struct destination *destination)
{
	static const char *const names[] = { "countUsage", "lastUsedAt" };
	const struct json *value;

	usage_settle(target);
	target->uses = 0;
	if (target->destination == NULL || destination == NULL)
		return;
	target->unwritten = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		value = json_get(target->destination->document, names[i]);
		if (value != NULL)
			json_set(destination->document, names[i], value);
	}
}

void
target_set(struct target *target, struct destination *destination)
{
	target_keep_usage(target, destination);
	hostkeys_change(target, destination);
	secret_free(&target->config);
	destination_free(&target->destination);
	target->destination = destination;
	target->pool = destination == NULL ? NULL :
	    organization_pool(target->organization, destination);
	target->window = WINDOW_START;
	target->erase_again = 0;
}

enum gate
target_gate(const struct target *target)
{
	const struct destination *destination = target->destination;

	if (destination == NULL)
		return GATE_unconfigured;
	if (destination->disabled)
		return GATE_disabled;
	return destination->transport == TRANSPORT_download &&
	    target->pool->spoold->conf->download_listen[0] == '\0' ?
	    GATE_listener : GATE_open;
}

const char *
gate_word(enum gate gate)
{
	static const char *const words[GATES] = {
		[GATE_unconfigured] = "disabled",
		[GATE_disabled] = "disabled",
		[GATE_listener] = "listener",
	};

	return words[gate];
}

void
target_changed(struct target *target)
{
	if (target->pool != NULL)
		target->pool->spoold->look_for_work = true;
}

/* The oldest ticket, found by going through the organization's once. */
static struct waiting *
target_oldest(struct target *target, struct waiting *from)
{
	struct waiting_by_name *tickets = &target->organization->tickets;
	struct waiting *w;

	w = from != NULL ? from : RB_MIN(waiting_by_name, tickets);
	while (w != NULL && w->target != target)
		w = RB_NEXT(waiting_by_name, tickets, w);
	return w;
}

struct waiting *
target_first(struct target *target)
{
	if (target->first == NULL && target->tickets > 0)
		target->first = target_oldest(target, NULL);
	return target->first;
}

struct waiting *
target_next(struct target *target)
{
	struct waiting *first;

	if (!target->destination->ordered)
		return RB_MIN(waiting_by_rank, &target->ready);
	if (target->in_flight > 0)
		return NULL;
	first = target_first(target);
	return first != NULL && first->placed && first->queue == QUEUE_cur ?
	    first : NULL;
}

void
target_came(struct target *target, struct waiting *w)
{
	if (target->tickets++ == 0 || (target->first != NULL &&
	    id_compare(&w->id, &target->first->id) < 0))
		target->first = w;
}

void
target_leaves(struct target *target, const struct waiting *w)
{
	target->tickets--;
	if (target->first != w)
		return;
	/* The younger ones follow; only ordered destinations need to know. */
	target->first = target->tickets > 0 && target->destination != NULL &&
	    target->destination->ordered ?
	    target_oldest(target, RB_NEXT(waiting_by_name, NULL,
	    (struct waiting *)(uintptr_t)w)) : NULL;
}

int64_t
target_pause(const struct target *target, int64_t now)
{
	return target->destination->rate_per_minute != 0 &&
	    target->next_start > now ? target->next_start : 0;
}

void
target_started(struct target *target, int64_t now)
{
	if (target->destination->rate_per_minute == 0)
		return;
	/* The loop may be late; what it missed so is made up for. */
	if (target->next_start < now - RATE_LAG)
		target->next_start = now - RATE_LAG;
	target->next_start += INT64_C(60000000) /
	    target->destination->rate_per_minute;
}

const struct secret *
target_config(struct spoold *s, struct target *target, struct why *why)
{
	struct buf text = { 0 };
	int result;

	if (target->config.data != NULL)
		return &target->config;
	result = destination_open(target->destination,
	    target->organization->id, s->vault, &text, why);
	if (result == 0)
		result = secret_set(&target->config, text.data, text.len, why);
	buf_wipe(&text);
	return result == 0 ? &target->config : NULL;
}

char *
target_path(const struct spoold *s, const struct target *target)
{
	return xasprintf("%s/%s/destinations/%s.json",
	    s->conf->top_state_directory, target->organization->id,
	    target->id);
}

void
target_answered(struct target *target)
{
	if (target->window < WINDOW_MAX)
		target->window += 1.0 / target->window;
}

void
target_troubled(struct target *target)
{
	target->window /= 2;
	if (target->window < WINDOW_MIN)
		target->window = WINDOW_MIN;
}

/* One that cannot be read stops the start: its tickets would have none. */
static int
target_load(void *arg, const struct destination_file *file, struct why *why)
{
	struct organization *org = arg;

	(void)why;
	if (file->destination == NULL)
		return -1;
	target_set(target_get(org, file->destination->id), file->destination);
	return 0;
}

int
targets_load(struct spoold *s, struct organization *org, struct why *why)
{
	return destinations_each(s->conf->top_state_directory, org->id,
	    target_load, org, why);
}

void
targets_free(struct organization *org)
{
	struct target *target;

	while ((target = RB_MIN(targets, &org->targets)) != NULL) {
		RB_REMOVE(targets, &org->targets, target);
		secret_free(&target->config);
		destination_free(&target->destination);
		free(target);
	}
}

int64_t
target_patience(const struct target *target, bool at_worker)
{
	return at_worker && target->destination != NULL ? CONNECT_LIMIT +
	    3 * target->destination->timeout : START_LIMIT;
}
