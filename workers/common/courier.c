/*
 * courier - a transport's worker: its process, its loop
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/lines.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/courier_inside.h"

#define WAIT_MAX 1000		/* ms between two turns while it has any */

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

char *
courier_chunk(const struct courier *courier)
{
	return courier->chunk;
}

bool
courier_ended(const struct courier *courier)
{
	return courier->skeleton.ended;
}

void
courier_send(struct courier *courier, const struct link_record *record)
{
	skeleton_send(&courier->skeleton, record);
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

static bool
courier_is_idle(const struct courier *courier)
{
	return courier->attempts == 0 && courier->erasures == 0;
}

/* What there is no room for waits in the link. */
static bool
courier_listens(const struct courier *courier)
{
	return !courier->skeleton.ended &&
	    (courier->attempts < courier->concurrency ||
	    courier->transport->record != NULL);
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
	bool idle = !busy && courier_is_idle(courier) &&
	    courier->wake == INT64_MAX;

	if (courier->wake != INT64_MAX) {
		int64_t left = courier->wake - clock_monotonic();

		wait = left < 0 ? 0 : left < wait ? left : wait;
	}
	courier->wake = INT64_MAX;
	if (busy)
		wait = 0;
	if (courier->http != NULL)
		http_wait(courier->http, courier->polled, count, wait);
	else if (poll(courier->polled, count, idle ? -1 : (int)wait) == -1)
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
		else if (record.type == LINK_erase)
			erasure_take(courier, &record);
		else if (courier->transport->record != NULL)
			courier->transport->record(courier, &record);
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
	courier->concurrency = courier->skeleton.concurrency;
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
		more = attempts_prepare(&courier);
		if (courier.http != NULL)
			http_run(courier.http);
		if (transport->turn != NULL && transport->turn(&courier))
			more = true;
		if (courier.skeleton.ended && courier_is_idle(&courier) &&
		    (transport->busy == NULL || !transport->busy(&courier)))
			skeleton_end(&courier.skeleton);
	}
}
