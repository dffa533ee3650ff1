/*
 * fetch_denied - who was refused at a link, for the journal
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/network.h"
#include "lib/published.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/fetch_denied.h"
#include "spoold/organization.h"

#define DENIALS_MAX 512		/* told apart at a time; of these */
#define GUESSES_MAX 128		/* who asked for links that are none, and */
#define PEERS_MAX 16		/* at one link: no more hide the others */
#define DENIALS_EVERY 60000	/* ms between lines of the same */

struct refusal {
	TAILQ_ENTRY(refusal) entry;
	enum denial	 denial;
	char		 peer[ADDRESS_TEXT];
	char		 reference[REFERENCE_SIZE];	/* "": none */
	char		 organization[64];
	char		 destination[DESTINATION_ID_MAX + 1];
	struct id	 id;
	int64_t		 since;		/* monotonic ms, of its last line */
	int64_t		 count;		/* since then */
};

struct denials {
	TAILQ_HEAD(, refusal) list;	/* by `since` */
	size_t		 count;
	struct refusal	 others;	/* those for whom there was no room */
};

static const char *const reasons[DENIALS] = {
	[DENIED_unknown] = "there is no such link",
	[DENIED_expired] = "it has expired",
	[DENIED_used_up] = "it was fetched as often as it may be",
	[DENIED_revoked] = "it was revoked",
	[DENIED_address] = "it is not for that address",
	[DENIED_changed] = "what it leads to is not what was published",
};

struct denials *
denials_new(void)
{
	struct denials *denials = xcalloc(1, sizeof(*denials));

	TAILQ_INIT(&denials->list);
	return denials;
}

void
denials_free(struct denials **denials)
{
	struct refusal *refusal, *next;

	if (*denials == NULL)
		return;
	TAILQ_FOREACH_SAFE(refusal, &(*denials)->list, entry, next)
		free(refusal);
	free(*denials);
	*denials = NULL;
}

static void
refusal_journal(struct spoold *s, const struct refusal *refusal,
    int64_t count)
{
	bool known = refusal->reference[0] != '\0';
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&refusal->id, id);
	commit_fields(&fields, known ? refusal->organization : NULL,
	    known ? id : NULL);
	if (known) {
		json_put_string(&fields, "dest", refusal->destination);
		json_put_string(&fields, "reference", refusal->reference);
	}
	json_put_string(&fields, "reason", reasons[refusal->denial]);
	if (refusal->peer[0] != '\0') {
		json_open(&fields, "peer", '{');
		json_put_string(&fields, "address", refusal->peer);
		json_close(&fields, '}');
	}
	json_put_integer(&fields, "count", count);
	(void)commit_line(s, EVENT_download_denied, &fields);
	log_info("link %s: denied peer=%s count=%lld why=\"%s\"",
	    known ? refusal->reference : "-",
	    refusal->peer[0] != '\0' ? refusal->peer : "-", (long long)count,
	    reasons[refusal->denial]);
}

static struct refusal *
refusal_find(struct denials *denials, enum denial denial,
    const char *reference, const char *peer)
{
	struct refusal *refusal;

	TAILQ_FOREACH(refusal, &denials->list, entry)
		if (refusal->denial == denial &&
		    strcmp(refusal->peer, peer) == 0 &&
		    strcmp(refusal->reference, reference) == 0)
			return refusal;
	return NULL;
}

/* Whoever else is refused at that link is told of as one. */
static bool
are_many(const struct denials *denials, const char *reference)
{
	const struct refusal *refusal;
	size_t peers = 0;

	TAILQ_FOREACH(refusal, &denials->list, entry)
		if (strcmp(refusal->reference, reference) == 0)
			peers++;
	return peers >= (reference[0] == '\0' ? GUESSES_MAX : PEERS_MAX);
}

static void
text_set(char *into, size_t size, const char *text)
{
	(void)strlcpy(into, text == NULL ? "" : text, size);
}

void
denials_add(struct spoold *s, struct denials *denials, enum denial denial,
    const struct denied *what, const char *peer)
{
	const char *reference = what->reference == NULL ? "" :
	    what->reference;
	struct refusal *refusal;

	refusal = refusal_find(denials, denial, reference, peer);
	if (refusal == NULL && are_many(denials, reference)) {
		peer = "";
		refusal = refusal_find(denials, denial, reference, peer);
	}
	if (refusal == NULL && denials->count == DENIALS_MAX)
		refusal = &denials->others;
	if (refusal != NULL) {
		refusal->count++;
		return;
	}
	refusal = xcalloc(1, sizeof(*refusal));
	refusal->denial = denial;
	refusal->since = clock_monotonic();
	text_set(refusal->peer, sizeof(refusal->peer), peer);
	text_set(refusal->reference, sizeof(refusal->reference), reference);
	text_set(refusal->organization, sizeof(refusal->organization),
	    what->organization == NULL ? NULL : what->organization->id);
	text_set(refusal->destination, sizeof(refusal->destination),
	    what->destination);
	if (what->id != NULL)
		refusal->id = *what->id;
	TAILQ_INSERT_TAIL(&denials->list, refusal, entry);
	denials->count++;
	refusal_journal(s, refusal, 1);
}

/* Tells what was counted.  One of which nothing more came is forgotten. */
static void
refusal_settle(struct spoold *s, struct denials *denials,
    struct refusal *refusal, int64_t now)
{
	TAILQ_REMOVE(&denials->list, refusal, entry);
	if (refusal->count == 0) {
		denials->count--;
		free(refusal);
		return;
	}
	refusal_journal(s, refusal, refusal->count);
	refusal->count = 0;
	refusal->since = now;
	TAILQ_INSERT_TAIL(&denials->list, refusal, entry);
}

void
denials_check(struct spoold *s, struct denials *denials)
{
	int64_t now = clock_monotonic();
	struct refusal *refusal, *next, *others = &denials->others;

	TAILQ_FOREACH_SAFE(refusal, &denials->list, entry, next) {
		if (now - refusal->since < DENIALS_EVERY)
			break;
		refusal_settle(s, denials, refusal, now);
	}
	if (others->count == 0 || now - others->since < DENIALS_EVERY)
		return;
	refusal_journal(s, others, others->count);
	others->count = 0;
	others->since = now;
}
