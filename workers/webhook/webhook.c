/*
 * webhook - delivers tickets by HTTP
 *
 * An attempt goes through two passes: the first compares the payload with what
 * was accepted and signs it, in slices between everything else, so that a
 * large one never holds up the others; the second is the request.
 */
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/lines.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/http.h"
#include "workers/common/skeleton.h"
#include "workers/webhook/body.h"
#include "workers/webhook/config.h"
#include "workers/webhook/sign.h"
#include "workers/webhook/verdict.h"

#define SLICE (2 * 1024 * 1024)	/* bytes of a first pass between two looks */
#define CHUNK (64 * 1024)
#define HEADER_METADATA_MAX (8 * 1024)
#define PROGRESS_EVERY 1000	/* ms */

struct webhook;

struct attempt {
	LIST_ENTRY(attempt) entry;	/* of those in their first pass */
	struct webhook	*webhook;	/* borrowed */
	struct link_attempt facts;
	char		*text[ATTEMPT_texts];	/* own; but the config */
	int		 job, payload;	/* own */
	struct config	*config;	/* held */
	struct body	 body;
	struct signature *signature;	/* own; until the headers are made */
	int64_t		 started;	/* monotonic ms */
	int64_t		 told;
};

struct webhook {
	struct skeleton	 skeleton;
	struct http	*http;		/* own */
	struct egress	*egress;	/* own */
	struct signer	*signer;	/* own */
	struct configs	 configs;
	char		*organization;	/* own */
	char		*permanent;	/* own; statuses, one a line */
	char		*tls_minimum;	/* own */
	char		*user_agent;	/* own */
	char		*chunk;		/* own; CHUNK bytes */
	LIST_HEAD(, attempt) first_pass;
	unsigned	 attempts;	/* that it holds */
};

/* --- ends --------------------------------------------------------------------------- */

static void
attempt_free(struct attempt *attempt)
{
	attempt->webhook->attempts--;
	signature_free(&attempt->signature);
	body_close(&attempt->body);
	if (attempt->config != NULL)
		config_release(attempt->config);
	for (int i = 0; i < ATTEMPT_texts; i++)
		free(attempt->text[i]);
	close(attempt->job);
	if (attempt->payload != -1)
		close(attempt->payload);
	free(attempt);
}

static void
attempt_answer(struct attempt *attempt, struct link_record *record)
{
	record->outcome.token = attempt->facts.token;
	record->outcome.ms = clock_monotonic() - attempt->started;
	skeleton_send(&attempt->webhook->skeleton, record);
	attempt_free(attempt);
}

/* It ends before anything was sent. */
static void
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
	attempt_answer(attempt, &record);
}

static void
fail_changed(struct attempt *attempt)
{
	struct why why;

	if (attempt->body.changed)
		(void)why_set(&why, ERROR_PAYLOAD_CHANGED, "the job or its "
		    "payload is no longer what was accepted");
	else
		(void)why_set(&why, ERROR_UNAVAILABLE,
		    "the payload cannot be read");
	attempt_fail(attempt, &why);
}

/* --- the second pass: the request ------------------------------------------------------ */

static int64_t
request_read(void *arg, char *out, size_t room)
{
	struct attempt *attempt = arg;

	return body_read(&attempt->body, out, room);
}

static void
request_moved(void *arg, int64_t sent)
{
	struct attempt *attempt = arg;
	struct link_record record;

	link_init(&record, LINK_progress);
	record.progress.token = attempt->facts.token;
	record.progress.bytes = sent;
	skeleton_send(&attempt->webhook->skeleton, &record);
}

static void
request_done(void *arg, const struct http_answer *answer)
{
	struct attempt *attempt = arg;
	struct verdict_text text;
	struct link_record record;

	if (answer->stopped) {
		fail_changed(attempt);
		return;
	}
	link_init(&record, LINK_outcome);
	verdict(answer, attempt->webhook->permanent, &record, &text);
	attempt_answer(attempt, &record);
	buf_free(&text.remote);
}

/* A trace of its own where the sender has none. */
static void
put_traceparent(struct buf *lines, const struct attempt *attempt)
{
	const char *trace = attempt->text[ATTEMPT_traceparent];
	unsigned char id[24];

	if (trace[0] != '\0') {
		buf_printf(lines, "traceparent: %s\n", trace);
		return;
	}
	if (RAND_bytes(id, sizeof(id)) != 1)
		return;		/* a trace is no reason to fail */
	id[0] |= 1;
	id[16] |= 1;		/* neither may be all zero */
	buf_str(lines, "traceparent: 00-");
	for (size_t i = 0; i < sizeof(id); i++)
		buf_printf(lines, "%s%02x", i == 16 ? "-" : "", id[i]);
	buf_str(lines, "-00\n");
}

static int
put_file_headers(struct buf *lines, const struct attempt *attempt,
    struct why *why)
{
	const struct link_record record = {
		.attempt = attempt->facts,
		.fd = { attempt->job, attempt->payload },
	};
	const char *type = attempt->text[ATTEMPT_content_type];

	buf_printf(lines, "Content-Type: %s\n", type[0] != '\0' ? type :
	    "application/octet-stream");
	if (attempt->facts.metadata_length == 0)
		return 0;
	buf_str(lines, "X-Delivery-Metadata: ");
	if (body_metadata(&record, lines, HEADER_METADATA_MAX, why) == -1)
		return -1;
	buf_char(lines, '\n');
	return 0;
}

/* All headers, one a line. */
static int
put_headers(struct buf *lines, struct attempt *attempt, struct why *why)
{
	const char *key = attempt->text[ATTEMPT_key];
	char id[ID_LENGTH + 1];

	id_format(&attempt->facts.id, id);
	if (key[0] == '\0')
		key = id;
	buf_printf(lines, "User-Agent: %s\nIdempotency-Key: %s\n"
	    "X-Idempotency-Key: %s\n", attempt->webhook->user_agent, key, key);
	put_traceparent(lines, attempt);
	if (attempt->facts.has_file) {
		if (put_file_headers(lines, attempt, why) == -1)
			return -1;
	} else
		buf_str(lines, "Content-Type: application/json\n");
	if (signature_headers(attempt->signature, lines) == -1)
		return why_set(why, ERROR_INTERNAL_ERROR, "HMAC failed");
	return 0;
}

/*
 * The destination's own headers after ours, and instead of those of the same
 * name that are not about the signature.
 */
static void
merge_headers(char **headers, size_t *count, const struct config *config)
{
	for (size_t i = 0; i < config->header_count; i++) {
		size_t length = strcspn(config->headers[i], ":;");
		size_t at = 0;

		while (at < *count && (strncasecmp(headers[at],
		    config->headers[i], length) != 0 ||
		    headers[at][length] != ':'))
			at++;
		headers[at] = config->headers[i];
		if (at == *count)
			++*count;
	}
}

static void
attempt_request(struct attempt *attempt)
{
	const struct config *config = attempt->config;
	struct http_request request = {
		.url = config->url,
		.method = config->method,
		.length = body_length(&attempt->body),
		.timeout = attempt->facts.timeout,
		.ca = config->ca,
		.tls_minimum = config->tls_minimum,
		.read = request_read,
		.moved = request_moved,
		.done = request_done,
		.arg = attempt,
	};
	struct buf lines = { 0 };
	char **own, **headers;
	size_t count = 0;
	struct why why;
	int result;

	if (put_headers(&lines, attempt, &why) == -1) {
		buf_wipe(&lines);
		attempt_fail(attempt, &why);
		return;
	}
	signature_free(&attempt->signature);
	body_rewind(&attempt->body);
	own = lines_split(lines.data, &count);
	headers = xcalloc(count + config->header_count + 1,
	    sizeof(*headers));
	for (size_t i = 0; i < count; i++)
		headers[i] = own[i];
	request.header_count = count;
	merge_headers(headers, &request.header_count, config);
	request.headers = headers;
	result = http_start(attempt->webhook->http, &request, &why);
	lines_free(own, count);
	free(headers);
	buf_wipe(&lines);
	if (result == -1)
		attempt_fail(attempt, &why);
}

/* --- the first pass ------------------------------------------------------------------------ */

/* Up to a slice: 1 at the end, 0 if there is more, -1 if it has changed. */
static int
attempt_slice(struct attempt *attempt)
{
	char *chunk = attempt->webhook->chunk;
	int64_t slice = 0, got;

	while (slice < SLICE) {
		got = body_read(&attempt->body, chunk, CHUNK);
		if (got <= 0)
			return got == 0 ? 1 : -1;
		if (signature_update(attempt->signature, chunk,
		    (size_t)got) == -1)
			return -1;
		slice += got;
	}
	return 0;
}

/* A slice of each; true if there is more. */
static bool
first_pass(struct webhook *webhook)
{
	struct attempt *attempt, *next;
	int64_t now = clock_monotonic();

	LIST_FOREACH_SAFE(attempt, &webhook->first_pass, entry, next) {
		int result = attempt_slice(attempt);

		if (result == 0) {
			if (now - attempt->told >= PROGRESS_EVERY) {
				attempt->told = now;
				request_moved(attempt, 0);
			}
			continue;
		}
		LIST_REMOVE(attempt, entry);
		if (result == 1)
			attempt_request(attempt);
		else
			fail_changed(attempt);
	}
	return !LIST_EMPTY(&webhook->first_pass);
}

/* --- attempts ---------------------------------------------------------------------------------- */

static struct attempt *
attempt_new(struct webhook *webhook, const struct link_record *record)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->webhook = webhook;
	attempt->facts = record->attempt;
	attempt->job = record->fd[0];
	attempt->payload = record->fd[1];
	attempt->started = attempt->told = clock_monotonic();
	for (int i = 0; i < ATTEMPT_texts; i++)
		if (i != ATTEMPT_config)
			attempt->text[i] = xstrdup(record->text[i]);
	webhook->attempts++;
	return attempt;
}

/* Whoever reads the job again checks that it is what was accepted. */
static int
check_job(const struct attempt *attempt, struct why *why)
{
	uint8_t digest[SHA256_LENGTH];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	char *chunk = attempt->webhook->chunk;
	bool same = context != NULL &&
	    EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	off_t at = 0;
	ssize_t got;

	while (same && (got = pread(attempt->job, chunk, CHUNK, at)) > 0) {
		at += got;
		same = at <= attempt->facts.job_bytes &&
		    EVP_DigestUpdate(context, chunk, (size_t)got) == 1;
	}
	same = same && EVP_DigestFinal_ex(context, digest, NULL) == 1 &&
	    memcmp(digest, attempt->facts.job_sha256, SHA256_LENGTH) == 0;
	EVP_MD_CTX_free(context);
	return same ? 0 : why_set(why, ERROR_PAYLOAD_CHANGED,
	    "the job is no longer what was accepted");
}

static void
take_attempt(struct webhook *webhook, const struct link_record *record)
{
	struct attempt *attempt = attempt_new(webhook, record);
	char id[ID_LENGTH + 1];
	struct why why;

	id_format(&attempt->facts.id, id);
	attempt->config = config_hold(&webhook->configs,
	    record->text[ATTEMPT_destination], record->attempt.version,
	    record->text[ATTEMPT_config], webhook->tls_minimum, &why);
	if (attempt->config == NULL || check_job(attempt, &why) == -1 ||
	    body_open(&attempt->body, record, attempt->config,
	    webhook->organization, &why) == -1 ||
	    (attempt->signature = signature_new(webhook->signer,
	    attempt->config, id, clock_wall(), &why)) == NULL) {
		attempt_fail(attempt, &why);
		return;
	}
	LIST_INSERT_HEAD(&webhook->first_pass, attempt, entry);
}

static void
webhook_serve(struct webhook *webhook)
{
	struct link_record record;

	while (skeleton_receive(&webhook->skeleton, &record)) {
		if (record.type == LINK_attempt)
			take_attempt(webhook, &record);
		/* It may hold a secret. */
		explicit_bzero(webhook->skeleton.buffer->bytes,
		    webhook->skeleton.buffer->used);
	}
}

/* --- the process ----------------------------------------------------------------------------------- */

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

static void
webhook_begin(struct webhook *webhook)
{
	struct link_record setup;
	struct why why;

	memset(webhook, 0, sizeof(*webhook));
	skeleton_begin(&webhook->skeleton, "spoold-webhook", &setup);
	LIST_INIT(&webhook->configs);
	LIST_INIT(&webhook->first_pass);
	webhook->organization = xstrdup(setup.text[SETUP_organization]);
	webhook->permanent = xstrdup(setup.text[SETUP_permanent]);
	webhook->tls_minimum = xstrdup(setup.text[SETUP_tls_minimum]);
	webhook->user_agent = xstrdup(setup.text[SETUP_user_agent]);
	webhook->chunk = xmalloc(CHUNK);
	webhook->egress = read_egress(&setup, &why);
	if (webhook->egress != NULL)
		webhook->signer = signer_new(&why);
	if (webhook->signer != NULL)
		webhook->http = http_new(webhook->egress,
		    setup.text[SETUP_ca_file], &why);
	if (webhook->http == NULL)
		log_fatal(error_exit_status(why.code), "%s", why.text);
	skeleton_ready(&webhook->skeleton, true);
}

int
main(void)
{
	struct webhook webhook;
	bool more = false;

	webhook_begin(&webhook);
	for (;;) {
		http_wait(webhook.http, webhook.skeleton.ended ? -1 : LINK_FD,
		    more);
		webhook_serve(&webhook);
		more = first_pass(&webhook);
		http_run(webhook.http);
		if (webhook.skeleton.ended && webhook.attempts == 0)
			skeleton_end(&webhook.skeleton);
	}
}
