/*
 * download - publishes tickets, and serves the links to them
 *
 * Publishing is a look through the payload: a ticket is delivered when all of
 * it was found to be what was accepted, and has a name.  From then on it is
 * spoold who knows the link; this process knows none, and opens no file.  It
 * serves all organizations, with a descriptor for each fetch.
 *
 * Facts for the manual:
 *
 *  - The listener is bound before the worker is shut in; certificate and key
 *    are read then, as the worker's user, and once: after a renewal the worker
 *    has to be started anew.  It may accept then, and no longer open files,
 *    bind or connect.
 *  - When the configuration is reloaded, another worker takes the listener
 *    over; the old one sends what it is sending, and ends.
 *  - Plain HTTP on loopback and Unix sockets only.  A Unix socket has the mode
 *    0660 and the worker's group: a proxy has to be in it.  One that is left
 *    over is replaced.
 *  - A link's page is `…/d/TOKEN`, its button's POST goes to
 *    `…/d/TOKEN/file` and is answered with the file; a POST to the page's
 *    address does the same.
 *    Whatever path baseUrl has before `/d/` may be there or be taken off by a
 *    proxy.
 *  - Either sets the cookie `fetch-…` (HttpOnly, SameSite=Lax, 24 h, Secure
 *    by TLS or X-Forwarded-Proto: https of a trusted proxy).  With it, GET of
 *    `…/d/TOKEN/file`, or of the page's address with Range, goes on, up to
 *    twice the size in bytes that arrived.  HEAD is free.  4,096 such fetches
 *    are remembered, the others and those before a restart count as used up.
 *  - What is sent is compared with its SHA-256 on the way; where it differs the
 *    last block is held back and the connection is cut.  What was changed since
 *    the fetch began is not gone on with.
 *  - An address (an IPv6 /64) has 200 connections and requests at once, 300
 *    requests in a row and 30 a second; there are 1,000 connections in all.
 *    Cut off is who has not sent a request in 15 s, or takes less than 1 KiB a
 *    second over 30 s.  A head may have 16 KiB, a body 4 KiB, which is ignored.
 *  - 404 for anything that is not to be fetched, 250 ms (or a multiple) after
 *    it was asked for; 405, 413, 429 and, when spoold can count nothing at the
 *    moment or has not answered for 30 s, 503.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file_name.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/path.h"
#include "workers/download/config.h"
#include "workers/download/page.h"
#include "workers/download/visit.h"

#define METADATA_MAX (64 * 1024)	/* bytes of a job's that are kept */
#define DAYS_FEW 14		/* left of a certificate, to be told of */

/* A ticket being published. */
struct publishing {
	struct extent_reader reader;
	struct buf	 name;		/* own */
};

/* --- the listener --------------------------------------------------------- */

static void
download_ready(void *arg, short events)
{
	(void)arg;
	(void)events;		/* the loop's turn does it */
}

static void
certificate_tell(const struct download *download)
{
	int days = certificate_days(&download->certificate, clock_wall());

	if (download->certificate.chain != NULL && days < DAYS_FEW)
		log_warning("download.tls_certificate: %d days left of it",
		    days);
}

/* 0, or -1 with *why. */
static int
download_open(struct download *download, const struct link_record *setup,
    struct why *why)
{
	const char *minimum = setup->text[SETUP_tls_minimum];

	if (certificate_read(&download->certificate,
	    setup->text[SETUP_certificate], setup->text[SETUP_key],
	    why) == -1 ||
	    peers_read(&download->peers, setup->text[SETUP_proxies],
	    why) == -1 ||
	    (download->passes = passes_new(why)) == NULL ||
	    listener_open(&download->listener, download->where,
	    download->certificate.chain != NULL, why) == -1)
		return -1;
	download->server = server_start(&download->listener,
	    &download->certificate, minimum, &download->handler, why);
	certificate_wipe_key(&download->certificate);
	return download->server == NULL ? -1 : 0;
}

static void *
download_begin(struct courier *courier, const struct link_record *setup,
    struct why *why)
{
	struct download *download = xcalloc(1, sizeof(*download));

	download->courier = courier;
	download->where = xstrdup(setup->text[SETUP_listen]);
	download->guests = guests_new();
	download->handler = (struct server_handler){ visit_admit, visit_left,
		visit_asked, visit_ended, download };
	TAILQ_INIT(&download->asking);
	TAILQ_INIT(&download->late);
	page_policy(&download->policy);
	if (download_open(download, setup, why) == -1)
		return NULL;	/* the process ends */
	certificate_tell(download);
	download->watch = (struct watch){
		.fd = server_fd(download->server), .events = POLLIN,
		.ready = download_ready, .arg = download };
	courier_watch(courier, &download->watch);
	return download;
}

static bool
download_turn(struct courier *courier)
{
	struct download *download = courier_own(courier);
	int64_t now = clock_monotonic(), due, wait;

	if (courier_ended(courier)) {
		server_close(download->server);
		visits_end(download);
	}
	due = visits_turn(download, now);
	wait = server_run(download->server, now);
	if (due != INT64_MAX)
		courier_wake(courier, due);
	if (wait > 0)
		courier_wake(courier, now + wait);
	return wait == 0;
}

/* What is on its way gets there, when the listener is another's already. */
static bool
download_busy(const struct courier *courier)
{
	const struct download *download = courier_own(courier);

	return server_busy(download->server);
}

static void
download_record(struct courier *courier, struct link_record *record)
{
	if (record->type == LINK_fetched)
		visit_fetched(courier_own(courier), record);
}

/* --- publishing ----------------------------------------------------------- */

static void *
download_config(const struct courier *courier, const struct json *json,
    struct why *why)
{
	(void)courier;
	return config_read(json, why);
}

static void
download_config_free(void *config)
{
	config_free(config);
}

static int
publish_name(struct attempt *attempt, struct publishing *publishing,
    struct why *why)
{
	const struct config *config = attempt->config;

	const char *wrong;

	if (path_of(attempt, NULL, config->filename, &publishing->name,
	    why) == -1)
		return -1;
	wrong = file_name_wrong(publishing->name.data);
	return wrong == NULL ? 0 : why_field(why, config->filename != NULL ?
	    "filename" : "payload.filename", "the file's name %s", wrong);
}

static int
publish_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct publishing *publishing = attempt->state;
	int64_t got;

	if (publishing->name.len == 0) {
		if (publish_name(attempt, publishing, why) == -1)
			return -1;
		extent_begin(&publishing->reader, &attempt->parcel.content);
	}
	got = extent_read(&publishing->reader,
	    courier_chunk(attempt->courier), COURIER_CHUNK, why);
	*done += got;
	return got == -1 ? -1 : got == 0;
}

static void
publish_send(struct attempt *attempt)
{
	const struct publishing *publishing = attempt->state;
	struct link_record record;

	link_init(&record, LINK_outcome);
	record.outcome.verdict = VERDICT_delivered;
	record.text[OUTCOME_stored] = publishing->name.data;
	attempt_end(attempt, &record);
}

static void
publish_close(struct attempt *attempt)
{
	struct publishing *publishing = attempt->state;

	extent_free(&publishing->reader);
	buf_free(&publishing->name);
}

/* --- trying --------------------------------------------------------------- */

static void
download_test(struct trial *trial)
{
	const struct download *download = courier_own(trial->courier);
	struct link_record record;
	struct why why;
	int64_t now = clock_monotonic() - trial->started;
	bool works = listener_works(&download->listener);

	if (trial->facts.test != TEST_reach) {
		(void)why_set(&why, ERROR_USAGE, "a link can be tried with a "
		    "job only: drop one");
		trial_fail(trial, &why);
		return;
	}
	link_init(&record, LINK_tested);
	trial_step(trial, STEP_connect, works, 0, now);
	if (!works) {
		record.tested.error = ERROR_CONNECT_FAILURE;
		record.text[TESTED_reason] = "the listener for downloads "
		    "does not listen";
	} else if (download->certificate.chain != NULL) {
		int days = certificate_days(&download->certificate,
		    clock_wall());
		bool good = days >= 0;

		trial_says(trial, STEP_tls, "certificate, %d days left", days);
		trial_step(trial, STEP_tls, good, now, now);
		record.tested.error = good ? ERROR_NONE : ERROR_TLS_FAILURE;
		if (!good)
			record.text[TESTED_reason] = "the certificate of the "
			    "listener for downloads has expired";
	}
	trial_says(trial, STEP_connect, "%s", download->where);
	trial_end(trial, &record);
}

static const struct transport downloads = {
	.program = "spoold-download",
	.sandbox = SANDBOX_listener,
	.state_size = sizeof(struct publishing),
	.metadata_max = METADATA_MAX,
	.begin = download_begin,
	.config_read = download_config,
	.config_free = download_config_free,
	.prepare = publish_prepare,
	.send = publish_send,
	.close = publish_close,
	.test = download_test,
	.turn = download_turn,
	.record = download_record,
	.busy = download_busy,
};

int
main(void)
{
	return courier_run(&downloads);
}
