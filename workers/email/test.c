/*
 * test - whether a server can be reached, and takes mail
 *
 * EHLO, STARTTLS, a login and QUIT, over a connection of its own; a mail only
 * where one is asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"

#include "workers/email/delivery.h"
#include "workers/email/message.h"
#include "workers/email/outcome.h"
#include "workers/email/test.h"

void
test_close(struct trial *trial)
{
	struct synthetic *test = trial->state;

	mime_free(&test->mime);
	free(test->recipients);
	encoded_free(&test->body);
}

void
test_start(struct trial *trial)
{
	const struct config *config = trial->config;

	config->service->test(trial);
}

/* What would help; what the server said stays out of the journal. */
static void
put_help(const struct trial *trial, const struct link_record *outcome,
    struct verdict_text *text)
{
	const struct config *config = trial->config;
	size_t length = strlen(text->reason);

	if (outcome->outcome.error != ERROR_AUTHENTICATION_FAILED)
		return;
	(void)snprintf(text->reason + length, sizeof(text->reason) - length,
	    config->server.user == NULL ? "; give smtpConfig.auth a user and "
	    "a password with spooldest update" : "; give another "
	    "smtpConfig.auth.%s with spooldest update",
	    config->server.token != NULL ? "oauth2" : "pass");
}

/* Whoever reads that it works is told if that is not for long. */
static void
say_certificates(struct trial *trial)
{
	const struct config *config = trial->config;
	struct buf note = { .max = STEP_SAYS_MAX - 1 };

	smime_keys_note(&config->smime, &note);
	if (note.len > 0)
		trial_says(trial, STEP_authenticate, "%s", note.data);
	buf_free(&note);
}

/* The steps up to the one that failed. */
static void
test_steps(struct trial *trial, const struct smtp_result *result,
    bool good)
{
	const struct config *config = trial->config;
	const struct http_answer *connection = result->connection;
	bool secure = connection->secured != -1 ||
	    config->server.starttls == STARTTLS_required;
	int64_t now = clock_monotonic() - trial->started;
	int64_t from = connection->secured != -1 ? connection->secured :
	    connection->connected;

	if (!trial_http_steps(trial, connection, secure))
		return;
	good = good || result->stage > SMTP_AUTH;
	trial_step(trial, STEP_authenticate, good, from, now);
	say_certificates(trial);
	if (good && trial->facts.test != TEST_reach)
		trial_step(trial, STEP_deliver, result->stage == SMTP_END &&
		    result->code >= 200 && result->code <= 299, now, now);
}

static void
test_done(void *arg, const struct smtp_result *result)
{
	struct trial *trial = arg;
	bool reached = result->stage == SMTP_IDLE;
	struct link_record outcome, record;
	struct verdict_text text = { 0 };

	link_init(&outcome, LINK_outcome);
	link_init(&record, LINK_tested);
	if (!reached) {
		outcome_of(result, &outcome, &text);
		put_help(trial, &outcome, &text);
	}
	test_steps(trial, result, reached);
	record.tested.error = outcome.outcome.error;
	record.tested.code = result->code;
	record.text[TESTED_reason] = text.reason;
	trial_end(trial, &record);
	buf_free(&text.remote);
}

static int64_t
test_read(void *arg, char *out, size_t room)
{
	const struct trial *trial = arg;
	struct synthetic *test = trial->state;
	struct why why;

	return mime_read(&test->mime, out, room, &why);
}

static void
test_moved(void *arg, int64_t sent)
{
	(void)arg;
	(void)sent;
}

void
test_smtp(struct trial *trial)
{
	const struct config *config = trial->config;
	struct synthetic *test = trial->state;
	struct smtp_mail mail = {
		.test = trial->facts.test == TEST_reach,
		.fresh = true,
		.timeout = trial->facts.timeout,
		.read = test_read,
		.moved = test_moved,
		.done = test_done,
		.arg = trial,
	};
	struct why why;

	if (message_compose_test(&test->mime, config, &trial->facts.id,
	    courier_organization(trial->courier), &why) == -1) {
		trial_fail(trial, &why);
		return;
	}
	mime_rewind(&test->mime);
	mail.size = mime_length(&test->mime);
	test->recipients = delivery_envelope(config, &mail);
	smtp_send(courier_own(trial->courier), &mail);
}
