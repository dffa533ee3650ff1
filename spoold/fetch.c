/*
 * fetch - somebody opens a link: who may have what it leads to
 *
 * - Refused is refused: the worker is told one and the same whatever the
 *   reason, which is for the journal.
 * - A fetch that is on its way to the journal counts already, so however many
 *   come at once no more get through than may.
 * - Every answer that does not fit the worker's link waits in one list, which
 *   is bounded: a worker that asks on without listening is killed.
 */
#include <sys/queue.h>

#include <openssl/crypto.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/network.h"
#include "lib/published_file.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/fetch.h"
#include "spoold/fetch_denied.h"
#include "spoold/links.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/worker.h"

#define FETCHES_MAX 1024	/* that wait for a sync, or to be sent */
#define OPEN_MAX 128		/* of these that have a descriptor */
#define TAKEN_MAX 16384		/* fetches that can be gone on with */
#define TAKEN_FOR (24 * 60 * 60 * 1000)	/* ms */

struct fetch {
	TAILQ_ENTRY(fetch) entry;
	struct spoold	*spoold;	/* borrowed */
	struct worker	*worker;	/* borrowed; NULL: it is gone */
	struct organization *organization;	/* borrowed; of a take */
	char		 reference[REFERENCE_SIZE];
	uint8_t		 token[SHA256_LENGTH];
	char		 peer[ADDRESS_TEXT];	/* "": not known */
	int64_t		 count;		/* of a take: which it is */
	bool		 counted;	/* its link's file says so */
	bool		 ready;		/* to be sent */
	int		 fd;		/* own, or -1 */
	char		*name, *type;	/* own, or NULL */
	struct link_fetched answer;
};

/* One that was taken, by its line's seq. */
struct taken {
	uint64_t	 serial;	/* 0: none */
	int64_t		 at;		/* monotonic ms */
	uint8_t		 token[SHA256_LENGTH];
};

struct fetches {
	TAILQ_HEAD(, fetch) list;
	size_t		 count;
	size_t		 open;		/* of these have a descriptor */
	struct taken	 taken[TAKEN_MAX];	/* a ring */
	size_t		 next;
	struct denials	*denials;	/* own */
};

/* A link that somebody asks for. */
struct asked {
	struct organization *organization;	/* borrowed */
	struct published published;	/* own */
	struct published_state state;
};

struct fetches *
fetches_new(void)
{
	struct fetches *fetches = xcalloc(1, sizeof(*fetches));

	TAILQ_INIT(&fetches->list);
	fetches->denials = denials_new();
	return fetches;
}

static void
fetch_free(struct fetch *fetch)
{
	struct fetches *fetches = fetch->spoold->fetches;

	TAILQ_REMOVE(&fetches->list, fetch, entry);
	fetches->count--;
	if (fetch->worker != NULL)
		worker_leave(fetch->worker);
	if (fetch->fd != -1) {
		fetches->open--;
		close(fetch->fd);
	}
	free(fetch->name);
	free(fetch->type);
	free(fetch);
}

void
fetches_free(struct fetches **fetches)
{
	struct fetch *fetch, *next;

	if (*fetches == NULL)
		return;
	TAILQ_FOREACH_SAFE(fetch, &(*fetches)->list, entry, next)
		fetch_free(fetch);
	denials_free(&(*fetches)->denials);
	free(*fetches);
	*fetches = NULL;
}

/* --- answers -------------------------------------------------------------- */

/* Sends it, and it is gone; or it waits until the link has room. */
static void
fetch_send(struct fetch *fetch)
{
	struct link_record record;

	link_init(&record, LINK_fetched);
	record.fetched = fetch->answer;
	record.text[FETCHED_filename] = fetch->name;
	record.text[FETCHED_content_type] = fetch->type;
	record.fd[0] = fetch->fd;
	fetch->ready = true;
	if (fetch->worker != NULL && worker_send(fetch->worker, &record) == 0)
		return;
	fetch_free(fetch);
}

static void
fetch_refuse(struct fetch *fetch, enum error error)
{
	fetch->answer = (struct link_fetched) {
		.token = fetch->answer.token, .error = (int32_t)error };
	fetch_send(fetch);
}

void
fetches_able(struct spoold *s, struct worker *worker)
{
	struct fetch *fetch, *next;

	TAILQ_FOREACH_SAFE(fetch, &s->fetches->list, entry, next)
		if (fetch->worker == worker && fetch->ready &&
		    !worker->blocked)
			fetch_send(fetch);
}

void
fetches_died(struct spoold *s, struct worker *worker)
{
	struct fetch *fetch, *next;

	TAILQ_FOREACH_SAFE(fetch, &s->fetches->list, entry, next) {
		if (fetch->worker != worker)
			continue;
		fetch->worker = NULL;
		if (fetch->ready)
			fetch_free(fetch);
	}
}

/* --- whether it may be ---------------------------------------------------- */

/* Finds the link with that token.  False if there is none. */
static bool
asked_find(const struct spoold *s, const uint8_t token[SHA256_LENGTH],
    const char *reference, struct asked *asked)
{
	struct organization *org;
	struct why why;
	int found;

	TAILQ_FOREACH(org, &s->organizations, entry) {
		found = published_load(org->spool, reference, &asked->published,
		    &asked->state, &why);
		if (found == -1)
			log_warning("%s: link %s: %s", org->id, reference,
			    why.text);
		if (found != 1)
			continue;
		asked->organization = org;
		if (CRYPTO_memcmp(asked->published.token, token,
		    SHA256_LENGTH) == 0)
			return true;
		published_free(&asked->published);
	}
	return false;
}

/* How often it was taken, with what is on its way to its file. */
static int64_t
asked_fetches(const struct spoold *s, const struct asked *asked)
{
	const struct fetch *fetch;
	int64_t most = asked->state.fetches;

	TAILQ_FOREACH(fetch, &s->fetches->list, entry)
		if (fetch->count > most && !fetch->counted && CRYPTO_memcmp(
		    fetch->token, asked->published.token, SHA256_LENGTH) == 0)
			most = fetch->count;
	return most;
}

static bool
address_allowed(const struct published *p, const char *peer)
{
	struct network network;
	struct address address;

	/* Behind a proxy that does not say who asks, nobody does. */
	if (address_parse(peer, &address) == -1)
		return false;
	if (p->network_count == 0)
		return true;
	for (size_t i = 0; i < p->network_count; i++)
		if (network_parse(p->networks[i], &network) == 0 &&
		    network_has(&network, &address))
			return true;
	return false;
}

/* Why it may not be; DENIALS if it may. */
static enum denial
asked_judge(const struct spoold *s, const struct asked *asked,
    const struct fetch *fetch, int64_t fetches, enum access access)
{
	const struct published *p = &asked->published;

	if (asked->state.revoked_at != 0 ||
	    revoke_pending(s, fetch->reference))
		return DENIED_revoked;
	if (p->expires_at <= clock_wall())
		return DENIED_expired;
	if (!address_allowed(p, fetch->peer))
		return DENIED_address;
	/* What was taken may be gone on with. */
	if (p->max_access != 0 && fetches >= p->max_access &&
	    access != ACCESS_resume)
		return DENIED_used_up;
	return DENIALS;
}

static void
fetch_deny(struct fetch *fetch, enum denial denial, const struct asked *asked)
{
	struct spoold *s = fetch->spoold;
	struct denied what = { NULL, NULL, NULL, NULL };

	if (asked != NULL)
		what = (struct denied) { asked->organization,
		    &asked->published.id, asked->published.destination,
		    fetch->reference };
	denials_add(s, s->fetches->denials, denial, &what, fetch->peer);
	fetch_refuse(fetch, ERROR_PERMISSION_DENIED);
}

/* --- taking --------------------------------------------------------------- */

static void
taken_note(struct fetches *fetches, const struct fetch *fetch)
{
	struct taken *taken = &fetches->taken[fetches->next];

	fetches->next = (fetches->next + 1) % TAKEN_MAX;
	taken->serial = fetch->answer.serial;
	taken->at = clock_monotonic();
	memcpy(taken->token, fetch->token, SHA256_LENGTH);
}

static bool
taken_has(const struct fetches *fetches, uint64_t serial,
    const uint8_t token[SHA256_LENGTH])
{
	int64_t now = clock_monotonic();

	for (size_t i = 0; serial != 0 && i < TAKEN_MAX; i++)
		if (fetches->taken[i].serial == serial)
			return now - fetches->taken[i].at < TAKEN_FOR &&
			    CRYPTO_memcmp(fetches->taken[i].token, token,
			    SHA256_LENGTH) == 0;
	return false;
}

/* The action of its line. */
static void
fetch_taken(struct spoold *s, void *arg)
{
	struct fetch *fetch = arg;
	struct why why;

	if (links_change(fetch->organization, fetch->reference, fetch->count,
	    0, &why) == -1) {
		commit_redo(s, fetch->organization, fetch_taken, fetch,
		    why.text);
		return;
	}
	fetch->counted = true;
	taken_note(s->fetches, fetch);
	fetch_send(fetch);
}

static void
fetch_take(struct fetch *fetch, const struct asked *asked, int64_t fetches)
{
	const struct published *p = &asked->published;
	struct spoold *s = fetch->spoold;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	fetch->organization = asked->organization;
	fetch->count = fetches + 1;
	id_format(&p->id, id);
	commit_fields(&fields, asked->organization->id, id);
	json_put_string(&fields, "dest", p->destination);
	json_put_string(&fields, "reference", fetch->reference);
	json_put_integer(&fields, "count", fetch->count);
	if (fetch->peer[0] != '\0') {
		json_open(&fields, "peer", '{');
		json_put_string(&fields, "address", fetch->peer);
		json_close(&fields, '}');
	}
	json_put_integer(&fields, "bytes", p->length);
	fetch->answer.serial = (uint64_t)commit_line(s, EVENT_download,
	    &fields);
	log_info("%s.%s: download link=%s count=%lld peer=%s", id,
	    p->destination, fetch->reference, (long long)fetch->count,
	    fetch->peer[0] != '\0' ? fetch->peer : "-");
	commit_then_first(s, fetch->organization, fetch_taken, fetch);
}

/* What is said of it to whoever may look. */
static void
fetch_describe(struct fetch *fetch, const struct asked *asked,
    int64_t fetches)
{
	const struct published *p = &asked->published;
	struct link_fetched *answer = &fetch->answer;
	struct buf name = { 0 };

	links_name(fetch->spoold, asked->organization, p, &name);
	fetch->name = xstrdup(name.data);
	buf_wipe(&name);
	fetch->type = xstrdup(p->content_type);
	answer->offset = p->offset;
	answer->length = p->length;
	answer->expires_at = p->expires_at;
	answer->left = p->max_access == 0 ? -1 : p->max_access > fetches ?
	    p->max_access - fetches : 0;
	answer->direct = p->direct;
	memcpy(answer->sha256, p->sha256, SHA256_LENGTH);
}

/* It may be: a look is answered, the others get what it leads to. */
static void
fetch_grant(struct fetch *fetch, const struct asked *asked, int64_t fetches,
    const struct link_fetch *wanted)
{
	struct why why;

	if (wanted->access != ACCESS_look) {
		fetch->fd = links_open(asked->organization, &asked->published,
		    &why);
		if (fetch->fd == -1) {
			log_warning("link %s: %s", fetch->reference,
			    why.text);
			if (why.code == ERROR_UNAVAILABLE)
				fetch_refuse(fetch, ERROR_UNAVAILABLE);
			else
				fetch_deny(fetch, DENIED_changed, asked);
			return;
		}
		fetch->spoold->fetches->open++;
	}
	fetch_describe(fetch, asked, wanted->access == ACCESS_take ?
	    fetches + 1 : fetches);
	if (wanted->access == ACCESS_take) {
		fetch_take(fetch, asked, fetches);
		return;
	}
	fetch->answer.serial = wanted->serial;
	fetch_send(fetch);
}

/* --- what the worker asks ------------------------------------------------- */

static struct fetch *
fetch_new(struct spoold *s, struct worker *worker,
    const struct link_record *record)
{
	struct fetch *fetch = xcalloc(1, sizeof(*fetch));
	struct address address;

	fetch->spoold = s;
	fetch->worker = worker;
	fetch->fd = -1;
	fetch->answer.token = record->fetch.token;
	memcpy(fetch->token, record->fetch.link, SHA256_LENGTH);
	published_reference(fetch->token, fetch->reference);
	/* It comes from outside: an address as spoold writes it, or none. */
	if (address_parse(record->text[FETCH_peer], &address) == 0)
		address_text(&address, fetch->peer);
	TAILQ_INSERT_TAIL(&s->fetches->list, fetch, entry);
	s->fetches->count++;
	/* One that retires goes when it has all answers. */
	worker_attend(worker);
	return fetch;
}

/*
 * True if it can be given now, and if it is taken, counted; not for ever by who
 * retires.  A backup brings back links that were used up or ended since: a
 * person looks first.
 */
static bool
fetch_possible(const struct spoold *s, const struct worker *worker,
    const struct link_fetch *wanted)
{
	if (s->phase != PHASE_RUNNING || s->alerts[ALERT_restored].since != 0)
		return false;
	if (wanted->access == ACCESS_look)
		return true;
	if (s->fetches->open >= OPEN_MAX)
		return false;
	return wanted->access == ACCESS_resume ||
	    (worker->state != WORKER_RETIRING && commit_possible(s, NULL));
}

int
fetch_heard(struct spoold *s, struct worker *worker,
    const struct link_record *record, struct why *why)
{
	const struct link_fetch *wanted = &record->fetch;
	struct fetch *fetch;
	struct asked asked;
	enum denial denial;
	int64_t fetches;

	if (worker->pool != s->listener)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it speaks out of turn");
	if (s->fetches->count == FETCHES_MAX)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it asks for links and takes no answers");
	fetch = fetch_new(s, worker, record);
	if (!fetch_possible(s, worker, wanted)) {
		fetch_refuse(fetch, ERROR_UNAVAILABLE);
		return 0;
	}
	if (!asked_find(s, fetch->token, fetch->reference, &asked)) {
		fetch_deny(fetch, DENIED_unknown, NULL);
		return 0;
	}
	fetches = asked_fetches(s, &asked);
	denial = asked_judge(s, &asked, fetch, fetches,
	    (enum access)wanted->access);
	if (denial == DENIALS && wanted->access == ACCESS_resume &&
	    !taken_has(s->fetches, wanted->serial, fetch->token))
		fetch_refuse(fetch, ERROR_PERMISSION_DENIED);
	else if (denial != DENIALS)
		fetch_deny(fetch, denial, &asked);
	else
		fetch_grant(fetch, &asked, fetches, wanted);
	published_free(&asked.published);
	return 0;
}

/* --- who listens ---------------------------------------------------------- */

void
fetches_run(struct spoold *s)
{
	if (s->conf->download_listen[0] != '\0')
		(void)pool_worker(s->listener);
}

void
fetches_check(struct spoold *s)
{
	denials_check(s, s->fetches->denials);
}
