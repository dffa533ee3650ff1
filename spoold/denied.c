/*
 * denied - who asked for what he may not, for the journal
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/denied.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define TOLD_APART 512		/* refusals, at a time */
#define DENIED_EVERY 60000	/* ms between lines of the same */

struct refused_request {
	TAILQ_ENTRY(refused_request) entry;
	uid_t		 uid;
	enum verb_id	 verb;
	char		*organization;	/* own; its id; NULL: about none */
	char		*by;		/* own */
	int64_t		 since;		/* monotonic ms, of its last line */
	int64_t		 count;		/* since then */
};

struct refused_requests {
	TAILQ_HEAD(, refused_request) list;	/* by `since` */
	size_t		 count;
	struct refused_request others;	/* those for whom there was no room */
};

struct refused_requests *
denied_new(void)
{
	struct refused_requests *refused = xcalloc(1, sizeof(*refused));

	TAILQ_INIT(&refused->list);
	refused->others.verb = VERBS;
	return refused;
}

static void
refused_free(struct refused_request *refused)
{
	free(refused->organization);
	free(refused->by);
	free(refused);
}

static void
refused_remove(struct refused_requests *all, struct refused_request *refused)
{
	TAILQ_REMOVE(&all->list, refused, entry);
	all->count--;
	refused_free(refused);
}

void
denied_free(struct refused_requests **all)
{
	struct refused_request *refused, *next;

	if (*all == NULL)
		return;
	TAILQ_FOREACH_SAFE(refused, &(*all)->list, entry, next)
		refused_free(refused);
	free(*all);
	*all = NULL;
}

/* A line of those that came since the last one. */
static void
refused_journal(struct spoold *s, struct refused_request *refused)
{
	const char *verb = refused->verb == VERBS ? NULL :
	    verb_name(refused->verb);
	struct buf fields = { 0 };

	commit_fields(&fields, refused->organization, NULL);
	json_put_string(&fields, "verb", verb);
	json_put_string(&fields, "by", refused->by);
	json_put_integer(&fields, "count", refused->count);
	(void)commit_line(s, EVENT_denied, &fields);
	log_info("control: denied verb=%s by=\"%s\" count=%lld",
	    verb == NULL ? "-" : verb, refused->by == NULL ? "-" :
	    refused->by, (long long)refused->count);
	refused->count = 0;
	refused->since = clock_monotonic();
}

static struct refused_request *
refused_find(struct refused_requests *all, uid_t uid, enum verb_id verb,
    const char *organization)
{
	struct refused_request *refused;

	TAILQ_FOREACH(refused, &all->list, entry)
		if (refused->uid == uid && refused->verb == verb &&
		    (organization == NULL) == (refused->organization == NULL) &&
		    (organization == NULL ||
		    strcmp(refused->organization, organization) == 0))
			return refused;
	return all->count < TOLD_APART ? NULL : &all->others;
}

void
denied_add(struct spoold *s, uid_t uid, const char *by, enum verb_id verb,
    const struct organization *organization)
{
	struct refused_requests *all = s->refused;
	const char *id = organization == NULL ? NULL : organization->id;
	struct refused_request *refused = refused_find(all, uid, verb, id);

	if (refused != NULL) {
		refused->count++;
		return;
	}
	refused = xcalloc(1, sizeof(*refused));
	refused->uid = uid;
	refused->verb = verb;
	refused->organization = id == NULL ? NULL : xstrdup(id);
	refused->by = xstrdup(by);
	refused->count = 1;
	TAILQ_INSERT_TAIL(&all->list, refused, entry);
	all->count++;
	refused_journal(s, refused);
}

void
denied_check(struct spoold *s)
{
	struct refused_requests *all = s->refused;
	struct refused_request *refused, *next;
	int64_t before = clock_monotonic() - DENIED_EVERY;

	TAILQ_FOREACH_SAFE(refused, &all->list, entry, next) {
		if (refused->since > before)
			break;
		/* One of which nothing more came is forgotten. */
		if (refused->count == 0) {
			refused_remove(all, refused);
			continue;
		}
		refused_journal(s, refused);
		TAILQ_REMOVE(&all->list, refused, entry);
		TAILQ_INSERT_TAIL(&all->list, refused, entry);
	}
	if (all->others.count != 0 && all->others.since <= before)
		refused_journal(s, &all->others);
}

void
denied_settle(struct spoold *s)
{
	struct refused_request *refused;

	TAILQ_FOREACH(refused, &s->refused->list, entry)
		if (refused->count != 0)
			refused_journal(s, refused);
	if (s->refused->others.count != 0)
		refused_journal(s, &s->refused->others);
}
