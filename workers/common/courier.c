/*
 * courier - a transport's worker
 *
 * Settings are known by their text and not by the destination's id and
 * version: whoever deletes a destination and creates it anew gets the same id
 * and version.  They are kept only while an attempt of that destination is
 * under way, then wiped.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/lines.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/courier.h"
#include "workers/common/skeleton.h"

#define SLICE (2 * 1024 * 1024)	/* bytes of one attempt between two looks */
#define PROGRESS_EVERY 1000	/* ms */
#define WAIT_MAX 1000		/* ms between two turns while it has any */

struct held {
	LIST_ENTRY(held) entry;
	char		*text;		/* own; as it was handed out */
	unsigned	 users;
	void		*config;	/* own; the transport's */
};

struct courier {
	const struct transport *transport;	/* borrowed */
	struct skeleton	 skeleton;
	struct egress	*egress;	/* own; http's, where there is one */
	struct http	*http;		/* own; or NULL */
	void		*own;		/* the transport's */
	char		*organization;	/* own */
	char		*permanent;	/* own; statuses, one a line */
	char		*tls_minimum;	/* own */
	char		*user_agent;	/* own */
	char		*chunk;		/* own; COURIER_CHUNK bytes */
	LIST_HEAD(, held) held;
	TAILQ_HEAD(, attempt) preparing;	/* before they are sent */
	LIST_HEAD(, watch) watches;
	struct pollfd	*polled;	/* own; the watches and the link */
	size_t		 watch_count, polled_room;
	int64_t		 wake;		/* monotonic ms, or INT64_MAX */
	unsigned	 attempts;	/* that it holds, trials too */
	unsigned	 concurrency;	/* and how many it takes */
};

void *
courier_own(const struct courier *courier)
{
	return courier->own;
}

struct http *
courier_http(const struct courier *courier)
{
	return courier->http;
}

const struct egress *
courier_egress(const struct courier *courier)
{
	return courier->egress;
}

const char *
courier_organization(const struct courier *courier)
{
	return courier->organization;
}

const char *
courier_user_agent(const struct courier *courier)
{
	return courier->user_agent;
}

const char *
courier_tls_minimum(const struct courier *courier)
{
	return courier->tls_minimum;
}

const char *
courier_permanent(const struct courier *courier)
{
	return courier->permanent;
}

unsigned
courier_concurrency(const struct courier *courier)
{
	return courier->concurrency;
}

char *
courier_chunk(const struct courier *courier)
{
	return courier->chunk;
}

/* --- settings ------------------------------------------------------------- */

static void
wipe(char *text)
{
	explicit_bzero(text, strlen(text));
	free(text);
}

static struct held *
held_read(struct courier *courier, const char *text, struct why *why)
{
	struct json *json = json_parse(text, strlen(text), why);
	struct held *held;
	void *config;

	if (json == NULL)
		return NULL;
	config = courier->transport->config_read(courier, json, why);
	json_free(&json);
	if (config == NULL)
		return NULL;
	held = xcalloc(1, sizeof(*held));
	held->text = xstrdup(text);
	held->config = config;
	LIST_INSERT_HEAD(&courier->held, held, entry);
	return held;
}

/* What `text` says, read if no attempt under way holds the same. */
static struct held *
held_take(struct courier *courier, const char *text, struct why *why)
{
	struct held *held;

	LIST_FOREACH(held, &courier->held, entry)
		if (strcmp(held->text, text) == 0)
			break;
	if (held == NULL)
		held = held_read(courier, text, why);
	if (held != NULL)
		held->users++;
	return held;
}

static void
held_give(const struct courier *courier, struct held *held)
{
	if (held == NULL || --held->users != 0)
		return;
	LIST_REMOVE(held, entry);
	courier->transport->config_free(held->config);
	wipe(held->text);
	free(held);
}

/* --- attempts: their ends ------------------------------------------------- */

static void
attempt_free(struct attempt *attempt)
{
	struct courier *courier = attempt->courier;

	if (courier->transport->close != NULL)
		courier->transport->close(attempt);
	courier->attempts--;
	parcel_close(&attempt->parcel);
	held_give(courier, attempt->held);
	for (int i = 0; i < ATTEMPT_texts; i++)
		free(attempt->text[i]);
	json_free(&attempt->metadata);
	free(attempt->state);
	free(attempt);
}

void
attempt_end(struct attempt *attempt, struct link_record *record)
{
	record->outcome.token = attempt->facts.token;
	record->outcome.ms = clock_monotonic() - attempt->started;
	skeleton_send(&attempt->courier->skeleton, record);
	attempt_free(attempt);
}

void
attempt_fail(struct attempt *attempt, const struct why *why)
{
	struct link_record record;
	bool permanent = why->code == ERROR_VALIDATION_ERROR ||
	    why->code == ERROR_PAYLOAD_CHANGED;

	link_init(&record, LINK_outcome);
	record.outcome.verdict = permanent ? VERDICT_failed :
	    VERDICT_deferred;
	record.outcome.error = (int32_t)why->code;
	record.text[OUTCOME_reason] = why->text;
	attempt_end(attempt, &record);
}

void
attempt_answered(struct attempt *attempt, const struct http_answer *answer,
    const struct verdict_rules *rules)
{
	struct verdict_text text;
	struct link_record record;

	link_init(&record, LINK_outcome);
	verdict(answer, rules, &record, &text);
	attempt_end(attempt, &record);
	buf_free(&text.remote);
}

void
attempt_moved(struct attempt *attempt, int64_t sent)
{
	int64_t now = clock_monotonic();
	struct link_record record;

	if (now - attempt->told < PROGRESS_EVERY)
		return;
	attempt->told = now;
	link_init(&record, LINK_progress);
	record.progress.token = attempt->facts.token;
	/* Only what has come further than before is no silence. */
	record.progress.bytes = attempt->gone + sent;
	skeleton_send(&attempt->courier->skeleton, &record);
}

int
attempt_metadata(struct attempt *attempt, const struct json **metadata,
    struct why *why)
{
	const struct buf *text = &attempt->parcel.metadata_text;

	if (text->overflow)
		return why_field(why, "payload.metadata",
		    "payload.metadata is larger than the %zu bytes that this "
		    "destination's type takes", text->max);
	if (attempt->metadata == NULL && text->len > 0) {
		attempt->metadata = json_parse(text->data, text->len, why);
		if (attempt->metadata == NULL)
			return -1;
	}
	*metadata = attempt->metadata;
	return 0;
}

/* --- attempts: their beginning -------------------------------------------- */

static struct attempt *
attempt_new(struct courier *courier, const struct link_record *record)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->courier = courier;
	attempt->facts = record->attempt;
	attempt->started = attempt->told = clock_monotonic();
	attempt->state = xcalloc(1, courier->transport->state_size + 1);
	for (int i = 0; i < ATTEMPT_texts; i++)
		if (i != ATTEMPT_config)
			attempt->text[i] = xstrdup(record->text[i]);
	parcel_open(&attempt->parcel, record,
	    courier->transport->metadata_max);
	courier->attempts++;
	return attempt;
}

static void
attempt_take(struct courier *courier, const struct link_record *record)
{
	const struct transport *transport = courier->transport;
	struct attempt *attempt = attempt_new(courier, record);
	struct why why;

	attempt->held = held_take(courier, record->text[ATTEMPT_config],
	    &why);
	if (attempt->held != NULL)
		attempt->config = attempt->held->config;
	if (attempt->held == NULL || (transport->open != NULL &&
	    transport->open(attempt, &why) == -1)) {
		attempt_fail(attempt, &why);
		return;
	}
	TAILQ_INSERT_TAIL(&courier->preparing, attempt, entry);
}

/* The job first, then what the transport has to do. */
static int
attempt_piece(struct attempt *attempt, int64_t *done, struct why *why)
{
	const struct courier *courier = attempt->courier;
	const struct transport *transport = courier->transport;

	if (!parcel_checked(&attempt->parcel))
		return parcel_check(&attempt->parcel, courier->chunk,
		    COURIER_CHUNK, done, why) == -1 ? -1 :
		    parcel_checked(&attempt->parcel) &&
		    transport->prepare == NULL;
	return transport->prepare == NULL ? 1 :
	    transport->prepare(attempt, done, why);
}

/* Up to a slice: 1 when it is ready, 0 if there is more, -1. */
static int
attempt_slice(struct attempt *attempt, struct why *why)
{
	int64_t done = 0, before;
	int result;

	do {
		before = done;
		result = attempt_piece(attempt, &done, why);
	} while (result == 0 && done < SLICE && done > before);
	attempt->gone += done;
	return result;
}

/* A slice of each; true if there is more to do. */
static bool
courier_prepare(struct courier *courier)
{
	struct attempt *attempt, *next;
	struct why why;

	TAILQ_FOREACH_SAFE(attempt, &courier->preparing, entry, next) {
		int result = attempt_slice(attempt, &why);

		if (result == 0) {
			attempt_moved(attempt, 0);
			continue;
		}
		TAILQ_REMOVE(&courier->preparing, attempt, entry);
		if (result == 1)
			courier->transport->send(attempt);
		else
			attempt_fail(attempt, &why);
	}
	return !TAILQ_EMPTY(&courier->preparing);
}

/* --- trials --------------------------------------------------------------- */

static void
trial_free(struct trial *trial)
{
	struct courier *courier = trial->courier;

	if (courier->transport->trial_close != NULL)
		courier->transport->trial_close(trial);
	courier->attempts--;
	held_give(courier, trial->held);
	free(trial->state);
	free(trial);
}

void
trial_step(struct trial *trial, enum step step, bool good, int64_t from,
    int64_t to)
{
	trial->steps.step[step] = good ? STEP_OK : STEP_FAILED;
	trial->steps.step_ms[step] = to > from ? to - from : 0;
}

bool
trial_http_steps(struct trial *trial, const struct http_answer *answer,
    bool secure)
{
	int64_t now = clock_monotonic() - trial->started;
	int64_t resolved = answer->resolved, connected = answer->connected;
	int64_t secured = secure ? answer->secured : connected;

	trial_step(trial, STEP_resolve, resolved != -1, 0,
	    resolved != -1 ? resolved : now);
	if (resolved == -1)
		return false;
	trial_step(trial, STEP_connect, connected != -1, resolved,
	    connected != -1 ? connected : now);
	if (connected == -1)
		return false;
	if (secure)
		trial_step(trial, STEP_tls, secured != -1, connected,
		    secured != -1 ? secured : now);
	return secured != -1;
}

void
trial_end(struct trial *trial, struct link_record *record)
{
	memcpy(record->tested.step, trial->steps.step,
	    sizeof(record->tested.step));
	memcpy(record->tested.step_ms, trial->steps.step_ms,
	    sizeof(record->tested.step_ms));
	record->tested.token = trial->facts.token;
	record->tested.ms = clock_monotonic() - trial->started;
	skeleton_send(&trial->courier->skeleton, record);
	trial_free(trial);
}

void
trial_fail(struct trial *trial, const struct why *why)
{
	struct link_record record;

	link_init(&record, LINK_tested);
	record.tested.error = (int32_t)why->code;
	record.text[TESTED_reason] = why->text;
	trial_end(trial, &record);
}

static void
trial_take(struct courier *courier, const struct link_record *record)
{
	struct trial *trial = xcalloc(1, sizeof(*trial));
	struct why why;

	trial->courier = courier;
	trial->facts = record->test;
	trial->started = clock_monotonic();
	trial->state = xcalloc(1, courier->transport->trial_size + 1);
	courier->attempts++;
	trial->held = held_take(courier, record->text[TEST_config], &why);
	if (trial->held == NULL) {
		trial_fail(trial, &why);
		return;
	}
	trial->config = trial->held->config;
	courier->transport->test(trial);
}

/* --- the loop ------------------------------------------------------------- */

void
courier_watch(struct courier *courier, struct watch *watch)
{
	LIST_INSERT_HEAD(&courier->watches, watch, entry);
	courier->watch_count++;
}

void
courier_unwatch(struct courier *courier, struct watch *watch)
{
	LIST_REMOVE(watch, entry);
	courier->watch_count--;
}

void
courier_wake(struct courier *courier, int64_t when)
{
	if (when < courier->wake)
		courier->wake = when;
}

/* What there is no room for waits in the link. */
static bool
courier_listens(const struct courier *courier)
{
	return !courier->skeleton.ended &&
	    courier->attempts < courier->concurrency;
}

/* What poll(2) is to look at; the link comes first. */
static nfds_t
courier_polled(struct courier *courier)
{
	struct watch *watch;
	nfds_t count = 0;

	if (courier->polled_room < courier->watch_count + 1) {
		courier->polled_room = 2 * courier->watch_count + 16;
		courier->polled = xreallocarray(courier->polled,
		    courier->polled_room, sizeof(*courier->polled));
	}
	courier->polled[count++] = (struct pollfd){
		.fd = courier_listens(courier) ? LINK_FD : -1,
		.events = POLLIN };
	LIST_FOREACH(watch, &courier->watches, entry)
		courier->polled[count++] = (struct pollfd){ .fd = watch->fd,
		    .events = watch->events };
	return count;
}

/* The watch of that descriptor, if it is still there. */
static struct watch *
courier_watch_of(const struct courier *courier, int fd)
{
	struct watch *watch;

	LIST_FOREACH(watch, &courier->watches, entry)
		if (watch->fd == fd)
			break;
	return watch;
}

static void
courier_wait(struct courier *courier, bool busy)
{
	nfds_t count = courier_polled(courier);
	int64_t wait = WAIT_MAX;

	if (courier->wake != INT64_MAX) {
		int64_t left = courier->wake - clock_monotonic();

		wait = left < 0 ? 0 : left < wait ? left : wait;
	}
	courier->wake = INT64_MAX;
	if (busy)
		wait = 0;
	if (courier->http != NULL)
		http_wait(courier->http, courier->polled, count, wait);
	else if (poll(courier->polled, count, courier->attempts == 0 &&
	    !busy ? -1 : (int)wait) == -1)
		return;
	/* One that is called may take others out. */
	for (nfds_t i = 1; i < count; i++) {
		struct watch *watch = courier->polled[i].revents == 0 ?
		    NULL : courier_watch_of(courier, courier->polled[i].fd);

		if (watch != NULL)
			watch->ready(watch->arg, courier->polled[i].revents);
	}
}

static void
courier_serve(struct courier *courier)
{
	struct link_record record;

	while (courier_listens(courier) &&
	    skeleton_receive(&courier->skeleton, &record)) {
		if (record.type == LINK_attempt)
			attempt_take(courier, &record);
		else if (record.type == LINK_test)
			trial_take(courier, &record);
		/* It may hold a secret. */
		explicit_bzero(courier->skeleton.buffer->bytes,
		    courier->skeleton.buffer->used);
	}
}

static struct egress *
read_egress(const struct link_record *setup, struct why *why)
{
	size_t allowed, plain;
	char **allow = lines_split(setup->text[SETUP_egress], &allowed);
	char **plaintext = lines_split(setup->text[SETUP_plaintext], &plain);
	struct egress *egress;

	egress = egress_new((const char *const *)allow, allowed,
	    (const char *const *)plaintext, plain, why);
	lines_free(allow, allowed);
	lines_free(plaintext, plain);
	return egress;
}

/* 0, or -1 with *why. */
static int
courier_open(struct courier *courier, const struct link_record *setup,
    struct why *why)
{
	const struct transport *transport = courier->transport;

	courier->egress = read_egress(setup, why);
	if (courier->egress == NULL)
		return -1;
	/* The policy stays with the requests, for as long as they live. */
	if (transport->http && (courier->http = http_new(courier->egress,
	    setup->text[SETUP_ca_file], (int)courier->concurrency,
	    why)) == NULL)
		return -1;
	if (transport->begin == NULL)
		return 0;
	courier->own = transport->begin(courier, setup, why);
	return courier->own == NULL ? -1 : 0;
}

/* Everything that needs a file comes before the sandbox. */
static void
courier_begin(struct courier *courier)
{
	struct link_record setup;
	struct why why;

	skeleton_begin(&courier->skeleton, courier->transport->program,
	    &setup);
	LIST_INIT(&courier->held);
	LIST_INIT(&courier->watches);
	TAILQ_INIT(&courier->preparing);
	courier->wake = INT64_MAX;
	courier->organization = xstrdup(setup.text[SETUP_organization]);
	courier->permanent = xstrdup(setup.text[SETUP_permanent]);
	courier->tls_minimum = xstrdup(setup.text[SETUP_tls_minimum]);
	courier->user_agent = xstrdup(setup.text[SETUP_user_agent]);
	courier->chunk = xmalloc(COURIER_CHUNK);
	courier->concurrency = setup.setup.concurrency > 0 ?
	    (unsigned)setup.setup.concurrency : 1;
	if (courier_open(courier, &setup, &why) == -1)
		log_fatal(error_exit_status(why.code), "%s", why.text);
	skeleton_ready(&courier->skeleton, courier->transport->sandbox,
	    courier->transport->writable == NULL ? NULL :
	    courier->transport->writable(courier),
	    setup.setup.sandbox_required);
}

int
courier_run(const struct transport *transport)
{
	struct courier courier = { .transport = transport };
	bool more = false;

	courier_begin(&courier);
	for (;;) {
		courier_wait(&courier, more);
		courier_serve(&courier);
		more = courier_prepare(&courier);
		if (courier.http != NULL)
			http_run(courier.http);
		if (transport->turn != NULL && transport->turn(&courier))
			more = true;
		if (courier.skeleton.ended && courier.attempts == 0)
			skeleton_end(&courier.skeleton);
	}
}
