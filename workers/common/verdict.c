/*
 * verdict - what an answer means for the ticket
 *
 * Each status is a row of one table, each error of the network another's; what
 * is in neither is deferred.  Permanent is only what the receiver says is
 * wrong with the request itself.
 */
#include <curl/curl.h>

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/utf8.h"

#include "workers/common/verdict.h"

#define REMOTE_MAX 1024		/* bytes kept of what it said */
#define RETRY_AFTER_MAX (24 * 3600 * 1000LL)

#define TROUBLE OUTCOME_TRANSPORT

/* The last fits every status. */
static const struct verdict_row statuses[] = {
	{ 200, 299, VERDICT_deferred, ERROR_HTTP_STATUS, 0,
	    "that is no success here" },
	{ 300, 399, VERDICT_deferred, ERROR_HTTP_STATUS, 0,
	    "redirects are not followed" },
	{ 401, 401, VERDICT_deferred, ERROR_AUTHENTICATION_FAILED, TROUBLE,
	    "it does not accept the credentials or the signature" },
	{ 403, 403, VERDICT_deferred, ERROR_AUTHENTICATION_FAILED, TROUBLE,
	    "it does not accept the credentials or the signature" },
	{ 410, 410, VERDICT_failed, ERROR_HTTP_STATUS, OUTCOME_DISABLE,
	    "it is gone, the destination is disabled" },
	{ 429, 429, VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_SLOW_DOWN,
	    "it asks for fewer requests" },
	{ 502, 504, VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_SLOW_DOWN,
	    "it is overloaded or away" },
	{ 400, 499, VERDICT_deferred, ERROR_HTTP_STATUS, 0, NULL },
	{ 500, 599, VERDICT_deferred, ERROR_HTTP_STATUS, TROUBLE, NULL },
	{ 0, 999, VERDICT_deferred, ERROR_PROTOCOL_ERROR, TROUBLE, NULL },
};

/* True if the status is one of a list, one a line. */
static bool
is_listed(const char *list, int status)
{
	for (const char *p = list; *p != '\0';) {
		char *end;

		if (strtol(p, &end, 10) == status)
			return true;
		p = *end == '\n' ? end + 1 : end + strlen(end);
	}
	return false;
}

static bool
is_success(const struct verdict_rules *rules, int status)
{
	return rules->success[0] != '\0' ? is_listed(rules->success, status) :
	    status >= 200 && status <= 299;
}

/* An answer to a part of the request is none to the request. */
static void
verdict_success(const struct http_answer *answer, struct link_record *outcome,
    struct verdict_text *text)
{
	outcome->outcome.verdict = VERDICT_delivered;
	if (answer->all_sent)
		return;
	outcome->outcome.verdict = VERDICT_deferred;
	outcome->outcome.error = ERROR_PROTOCOL_ERROR;
	outcome->outcome.flags = TROUBLE;
	(void)snprintf(text->reason, sizeof(text->reason),
	    "it answered %d after %lld bytes, before it had all",
	    answer->status, (long long)answer->sent);
}

static const struct verdict_row *
row_of(const struct verdict_rules *rules, int status)
{
	const struct verdict_row *row = statuses;

	for (size_t i = 0; i < rules->row_count; i++)
		if (status >= rules->rows[i].from &&
		    status <= rules->rows[i].to)
			return &rules->rows[i];
	while (status < row->from || status > row->to)
		row++;
	return row;
}

static void
verdict_status(const struct http_answer *answer,
    const struct verdict_rules *rules, struct link_record *outcome,
    struct verdict_text *text)
{
	const struct verdict_row *row = row_of(rules, answer->status);

	if (is_success(rules, answer->status)) {
		verdict_success(answer, outcome, text);
		return;
	}
	outcome->outcome.verdict = (int32_t)row->verdict;
	outcome->outcome.error = (int32_t)row->error;
	outcome->outcome.flags = row->flags;
	if (is_listed(rules->permanent, answer->status))
		outcome->outcome.verdict = VERDICT_failed;
	(void)snprintf(text->reason, sizeof(text->reason),
	    "it answered %d%s%s", answer->status,
	    row->words != NULL ? ": " : "",
	    row->words != NULL ? row->words : "");
}

/* No status came. */
static void
verdict_error(const struct http_answer *answer, struct link_record *outcome,
    struct verdict_text *text)
{
	/* An address that is not allowed, and bytes that have changed, are
	 * no trouble of the destination. */
	bool own = answer->error == ERROR_EGRESS_DENIED ||
	    answer->error == ERROR_UNAVAILABLE;
	bool answered = answer->error == ERROR_PROTOCOL_ERROR ||
	    answer->error == ERROR_AUTHENTICATION_FAILED;

	outcome->outcome.verdict = VERDICT_deferred;
	outcome->outcome.error = (int32_t)answer->error;
	outcome->outcome.flags = own ? 0 : TROUBLE;
	(void)snprintf(text->reason, sizeof(text->reason), "%s%s%s",
	    answer->peer, answer->peer[0] != '\0' ? ": " : "", answer->words);
	if (answer->all_sent && !own && !answered) {
		outcome->outcome.error = ERROR_MAY_HAVE_ARRIVED;
		(void)snprintf(text->reason, sizeof(text->reason),
		    "%s: everything was sent, no answer came: %s",
		    answer->peer, answer->words);
	}
}

/* Seconds or a date, as ms from now. */
static int64_t
retry_after(const char *value)
{
	int64_t wait = 0;
	time_t date;
	char *end;

	if (value[0] == '\0')
		return 0;
	if (value[0] >= '0' && value[0] <= '9') {
		wait = strtoll(value, &end, 10);
		if (*end != '\0' || wait > RETRY_AFTER_MAX / 1000)
			wait = *end != '\0' ? 0 : RETRY_AFTER_MAX / 1000;
		return wait * 1000;
	}
	date = curl_getdate(value, NULL);
	if (date != -1)
		wait = ((int64_t)date - (int64_t)time(NULL)) * 1000;
	if (wait < 0)
		return 0;
	return wait < RETRY_AFTER_MAX ? wait : RETRY_AFTER_MAX;
}

/* `id` or `reference` of an answer in JSON, a string or a number. */
static void
reference_in_json(const struct buf *body, struct buf *found)
{
	static const char *const names[] = { "id", "reference" };
	struct json *json;
	struct why why;

	if (body->len == 0 || body->data[0] != '{' ||
	    (json = json_parse(body->data, body->len, &why)) == NULL)
		return;
	for (size_t i = 0; i < 2 && found->len == 0; i++) {
		const struct json *value = json_get(json, names[i]);

		if (json_is(value, JSON_STRING))
			buf_str(found, json_string(value, ""));
		else if (json_is(value, JSON_NUMBER))
			json_print(found, value);
	}
	json_free(&json);
}

/* Words of the remote: one short line of printable ASCII, or none. */
static void
find_reference(const struct http_answer *answer, struct verdict_text *text)
{
	struct buf found = { 0 };

	buf_str(&found, answer->request_id);
	if (found.len == 0)
		reference_in_json(&answer->body, &found);
	for (size_t i = 0; i < found.len; i++)
		if (found.data[i] < 0x20 || found.data[i] > 0x7e)
			found.data[0] = '\0';
	if (found.len < sizeof(text->reference))
		(void)snprintf(text->reference, sizeof(text->reference), "%s",
		    found.data);
	buf_free(&found);
}

void
verdict_keep_remote(const char *said, size_t length, struct buf *out)
{
	uint32_t code;

	for (size_t i = 0; i < length && out->len < REMOTE_MAX - 4;) {
		int bytes = utf8_next(said + i, length - i, &code);

		if (bytes > 0 && !utf8_is_control(code) && code != '\\') {
			buf_add(out, said + i, (size_t)bytes);
			i += (size_t)bytes;
		} else
			buf_printf(out, "\\x%02x",
			    (unsigned char)said[i++]);
	}
}

void
verdict(const struct http_answer *answer, const struct verdict_rules *rules,
    struct link_record *outcome, struct verdict_text *text)
{
	memset(text, 0, sizeof(*text));
	if (answer->status != 0)
		verdict_status(answer, rules, outcome, text);
	else
		verdict_error(answer, outcome, text);
	outcome->outcome.code = answer->status;
	outcome->outcome.bytes = answer->sent;
	outcome->outcome.retry_after = retry_after(answer->retry_after);
	find_reference(answer, text);
	if (outcome->outcome.verdict != VERDICT_delivered)
		verdict_keep_remote(answer->body.data, answer->body.len,
		    &text->remote);
	outcome->text[OUTCOME_reason] = text->reason;
	outcome->text[OUTCOME_reference] = text->reference;
	outcome->text[OUTCOME_remote] = text->remote.data;
	outcome->text[OUTCOME_peer] = answer->peer;
	outcome->text[OUTCOME_tls] = answer->tls;
	outcome->text[OUTCOME_fingerprint] = answer->fingerprint;
}
