/*
 * organization - one tenant: its spool, its destinations, what waits
 */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/flight.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/sweep.h"
#include "spoold/watch.h"
#include "spoold/worker.h"

/* What the file system must be, unless the administrator says otherwise. */
static int
organization_check(const struct spoold *s, const struct organization *org,
    struct why *why)
{
	int kind = layout_file_system(spool_directory(org->spool, QUEUE_cur),
	    why);

	if (kind == 0 && !s->allow_volatile)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "the spool of %s is on tmpfs, which a power cut empties: "
		    "start with --volatile if that is meant", org->id);
	return kind == -1 ? -1 : 0;
}

static void
organization_free(struct spoold *s, struct organization *org)
{
	struct waiting *w;
	struct pool *pool;

	watch_organization_end(s, org);
	drops_free(org);
	commit_forget(s, org);
	limits_end(s, org);
	keys_settle_all(org);
	for (int i = 0; i < TRANSPORTS; i++)
		if (org->pools[i] != s->listener)
			pool_free(&org->pools[i]);
	while ((pool = TAILQ_FIRST(&org->pipes)) != NULL) {
		TAILQ_REMOVE(&org->pipes, pool, of_pipes);
		pool_free(&pool);
	}
	pool_free(&org->intake);
	spool_list_free(&org->list);
	while ((w = RB_MIN(waiting_by_name, &org->tickets)) != NULL)
		tickets_remove(s, w);
	finished_free_all(org);
	targets_free(org);
	spool_close(&org->spool);
	free(org->id);
	free(org);
}

static int
organization_open(struct spoold *s, const char *id, struct why *why)
{
	struct organization *org = xcalloc(1, sizeof(*org));

	org->id = xstrdup(id);
	RB_INIT(&org->targets);
	RB_INIT(&org->tickets);
	RB_INIT(&org->finished);
	RB_INIT(&org->due);
	RB_INIT(&org->expiries);
	TAILQ_INIT(&org->claims);
	TAILQ_INIT(&org->forwards);
	drops_init(&org->drops);
	TAILQ_INIT(&org->pipes);
	lane_init(org->lanes);
	for (int i = 0; i < TRANSPORTS; i++)
		org->pools[i] = i == TRANSPORT_download ? s->listener :
		    flight_pool(s, org, (enum transport)i, "");
	org->intake = drops_pool(s, org);
	for (int i = 0; i < QUEUES; i++)
		org->watches[i] = -1;
	TAILQ_INSERT_TAIL(&s->organizations, org, entry);
	org->spool = spool_open(s->conf->top_spool_directory, id, why);
	return org->spool == NULL || organization_check(s, org, why) == -1 ||
	    targets_load(s, org, why) == -1 ? -1 : 0;
}

/* Opens those of `conf` that there are none of yet. */
static int
organizations_add(struct spoold *s, const struct conf *conf, struct why *why)
{
	for (size_t i = 0; i < conf->organization_count; i++)
		if (organization_find(s, conf->organizations[i].id) == NULL &&
		    organization_open(s, conf->organizations[i].id,
		    why) == -1)
			return -1;
	return 0;
}

int
organizations_open(struct spoold *s, struct why *why)
{
	s->listener = flight_pool(s, NULL, TRANSPORT_download, "");
	return organizations_add(s, s->conf, why);
}

void
organizations_close(struct spoold *s)
{
	struct organization *org;

	while ((org = TAILQ_FIRST(&s->organizations)) != NULL) {
		TAILQ_REMOVE(&s->organizations, org, entry);
		organization_free(s, org);
	}
	while ((org = TAILQ_FIRST(&s->removed)) != NULL) {
		TAILQ_REMOVE(&s->removed, org, removed);
		organization_free(s, org);
	}
	pool_free(&s->listener);
}

/* The first again after the last. */
static struct organization *
organization_after(const struct spoold *s, const struct organization *org)
{
	struct organization *next = org == NULL ? NULL :
	    TAILQ_NEXT(org, entry);

	return next != NULL ? next : TAILQ_FIRST(&s->organizations);
}

struct organization *
organizations_turn(struct spoold *s)
{
	s->first = organization_after(s, s->first);
	return s->first;
}

struct organization *
organizations_next(const struct spoold *s, const struct organization *org)
{
	struct organization *next = organization_after(s, org);

	return next == s->first ? NULL : next;
}

struct organization *
organization_find(const struct spoold *s, const char *id)
{
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry)
		if (strcmp(org->id, id) == 0)
			return org;
	return NULL;
}

/* Whom a pipe runs as, where that is not its kind's user. */
static const char *
pipe_user(const struct spoold *s, const struct destination *destination)
{
	const struct json *config = json_get(json_get(destination->document,
	    "config"), "pipe");
	const struct conf_pipe *pipe = conf_pipe(s->conf,
	    json_string(json_get(config, "pipe"), ""));

	return s->nurse == NULL || pipe == NULL ? "" : pipe->user;
}

struct pool *
organization_pool(struct organization *org,
    const struct destination *destination)
{
	struct pool *pool = org->pools[destination->transport];
	const char *user = destination->transport == TRANSPORT_pipe ?
	    pipe_user(pool->spoold, destination) : "";

	if (user[0] == '\0')
		return pool;
	TAILQ_FOREACH(pool, &org->pipes, of_pipes)
		if (strcmp(pool->user, user) == 0)
			return pool;
	pool = flight_pool(org->intake->spoold, org, TRANSPORT_pipe, user);
	TAILQ_INSERT_TAIL(&org->pipes, pool, of_pipes);
	return pool;
}

void
organization_configure(struct organization *org)
{
	struct target *target;

	RB_FOREACH(target, targets, &org->targets)
		if (target->destination != NULL)
			target->pool = organization_pool(org,
			    target->destination);
}

const struct conf_organization *
organization_conf(const struct spoold *s, const struct organization *org)
{
	return conf_organization(s->conf, org->id);
}

void
organization_reopen(struct spoold *s, struct organization *org)
{
	struct spool *spool;
	bool known = org->gone;
	struct why why;

	watch_organization_end(s, org);
	spool = spool_open(s->conf->top_spool_directory, org->id, &why);
	org->gone = spool == NULL;
	if (!known)
		log_warning("%s: a directory was replaced, opening all anew%s"
		    "%s", org->id, org->gone ? ": " : "",
		    org->gone ? why.text : "");
	if (org->gone) {
		watch_for_return(s);
		return;
	}
	if (known)
		log_info("%s: all directories are there again", org->id);
	spool_list_free(&org->list);
	org->scanning = SCAN_NONE;
	spool_close(&org->spool);
	org->spool = spool;
	watch_organization(s, org);
	organization_scan(org, SCAN_ALL);
}

/* --- while it runs -------------------------------------------------------- */

/* 0, or -1 with *why: something is in it. */
static int
organization_is_empty(struct organization *org, struct why *why)
{
	struct target *target;
	struct spool_list *list;
	const char *day;
	bool empty;

	RB_FOREACH(target, targets, &org->targets)
		if (target->destination != NULL)
			return why_set(why, ERROR_CONFLICT, "organization %s "
			    "is not empty: it has the destination %s",
			    org->id, target->id);
	for (int i = 0; i < QUEUES; i++) {
		list = spool_list(org->spool, (enum queue)i, why);
		if (list == NULL)
			return -1;
		empty = spool_list_next(list, &day) == NULL;
		spool_list_free(&list);
		if (!empty)
			return why_set(why, ERROR_CONFLICT, "organization %s "
			    "is not empty: there is something in %s/",
			    org->id, queue_name((enum queue)i));
	}
	return RB_EMPTY(&org->tickets) ? 0 : why_set(why, ERROR_CONFLICT,
	    "organization %s is not empty: it has tickets", org->id);
}

static int
organizations_may_go(const struct spoold *s, const struct conf *conf,
    struct why *why)
{
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry) {
		if (conf_organization(conf, org->id) != NULL)
			continue;
		if (organization_is_empty(org, why) == -1)
			return -1;
		if (!sweep_is_idle(s))
			return why_set(why, ERROR_UNAVAILABLE, "the spools "
			    "are being swept: organization %s can go when "
			    "that is done", org->id);
	}
	return 0;
}

/*
 * It is found no more.  Whoever has it in hand may keep it, for all of it but
 * its workers and watches stays until the end.
 */
static void
organization_remove(struct spoold *s, struct organization *org)
{
	struct pool *pool;

	TAILQ_FOREACH(pool, &s->pools, entry)
		if (pool->organization == org)
			pool_retire(pool);
	watch_organization_end(s, org);
	if (s->first == org)
		s->first = NULL;
	TAILQ_REMOVE(&s->organizations, org, entry);
	TAILQ_INSERT_TAIL(&s->removed, org, removed);
}

int
organizations_change(struct spoold *s, const struct conf *conf,
    struct why *why)
{
	struct organization *last = TAILQ_LAST(&s->organizations,
	    organizations);
	struct organization *org, *next;
	bool added;

	if (organizations_may_go(s, conf, why) == -1)
		return -1;
	added = organizations_add(s, conf, why) == 0;
	for (org = last == NULL ? TAILQ_FIRST(&s->organizations) :
	    TAILQ_NEXT(last, entry); org != NULL; org = next) {
		next = TAILQ_NEXT(org, entry);
		if (added)
			watch_organization(s, org);
		else {
			TAILQ_REMOVE(&s->organizations, org, entry);
			organization_free(s, org);
		}
	}
	if (!added)
		return -1;
	TAILQ_FOREACH_SAFE(org, &s->organizations, entry, next)
		if (conf_organization(conf, org->id) == NULL)
			organization_remove(s, org);
	return 0;
}
