/*
 * organization - one tenant: its spool, its destinations, what waits
 */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/flight.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
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

	drops_free(org);
	limits_end(s, org);
	keys_settle_all(org);
	for (int i = 0; i < TRANSPORTS; i++)
		if (org->pools[i] != s->listener)
			pool_free(&org->pools[i]);
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
	TAILQ_INIT(&org->claims);
	TAILQ_INIT(&org->forwards);
	drops_init(&org->drops);
	for (int i = 0; i < QUEUES; i++)
		org->watches[i] = -1;
	TAILQ_INSERT_TAIL(&s->organizations, org, entry);
	org->spool = spool_open(s->conf->top_spool_directory, id, why);
	if (org->spool == NULL || organization_check(s, org, why) == -1 ||
	    targets_load(s, org, why) == -1)
		return -1;
	for (int i = 0; i < TRANSPORTS; i++)
		org->pools[i] = i == TRANSPORT_download ? s->listener :
		    flight_pool(s, org, (enum transport)i);
	org->intake = drops_pool(s, org);
	return 0;
}

int
organizations_open(struct spoold *s, struct why *why)
{
	s->listener = flight_pool(s, NULL, TRANSPORT_download);
	for (size_t i = 0; i < s->conf->organization_count; i++)
		if (organization_open(s, s->conf->organizations[i].id,
		    why) == -1)
			return -1;
	return 0;
}

void
organizations_close(struct spoold *s)
{
	struct organization *org;

	while ((org = TAILQ_FIRST(&s->organizations)) != NULL) {
		TAILQ_REMOVE(&s->organizations, org, entry);
		organization_free(s, org);
	}
	pool_free(&s->listener);
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

const struct conf_organization *
organization_conf(const struct spoold *s, const struct organization *org)
{
	return conf_organization(s->conf, org->id);
}

void
organization_reopen(struct spoold *s, struct organization *org)
{
	struct spool *spool;
	struct why why;

	log_warning("%s: a directory was replaced, opening all anew", org->id);
	spool = spool_open(s->conf->top_spool_directory, org->id, &why);
	if (spool == NULL) {
		/* The slow timer tries again. */
		log_warning("%s: %s", org->id, why.text);
		return;
	}
	spool_list_free(&org->list);
	org->scanning = false;
	spool_close(&org->spool);
	org->spool = spool;
	for (int i = 0; i < QUEUES; i++)
		org->watches[i] = -1;
	watch_organization(s, org);
	organization_scan(s, org);
}
