/*
 * api_answer - what the answers of services mean
 *
 * Each has a table of its own: what is wrong with the destination, such as a
 * key, a domain that is not verified or an account, is deferred whatever its
 * status, so that the mended destination delivers what waited.  What is in no
 * table is judged as all answers of HTTP are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "workers/email/api.h"

#define SKEW_MIN 60		/* s between the clocks that are worth a word */
#define RESET_MAX (24 * 3600)	/* s */

/* --- what the answer says ------------------------------------------------- */

/* Its JSON, or NULL. */
static struct json *
answer_json(const struct http_answer *answer)
{
	struct why why;

	return answer->status == 0 || answer->body.len == 0 ? NULL :
	    json_parse(answer->body.data, answer->body.len, &why);
}

/* The first of these members that is a string, or "". */
static const char *
first_of(const struct json *object, const char *const *names)
{
	const char *found = "";

	for (; *names != NULL && *found == '\0'; names++)
		found = json_string(json_get(object, *names), "");
	return found;
}

/* The first error: SendGrid has an array of them, the others are one. */
static const struct json *
error_of(const struct json *json)
{
	const struct json *errors = json_get(json, "errors");

	return json_is(errors, JSON_ARRAY) ? json_first(errors) : json;
}

static const char *
message_of(const struct json *error)
{
	static const char *const names[] = { "message", "Message", NULL };

	return first_of(error, names);
}

/*
 * What the service calls it.  Amazon's name may have a namespace before it,
 * `…#Name`, and an address behind, `Name:http://…`.
 */
static void
put_name(const struct api_call *call, const struct json *error,
    char name[API_SAID_MAX])
{
	static const char *const names[] = { "name", "__type", "code", NULL };
	const char *text = call->said.error_type, *hash;

	if (text[0] == '\0')
		text = first_of(error, names);
	hash = strrchr(text, '#');
	(void)snprintf(name, API_SAID_MAX, "%s", hash != NULL ? hash + 1 :
	    text);
	name[strcspn(name, ":")] = '\0';
}

bool
api_is(const struct api_call *call, const struct http_answer *answer,
    const char *name)
{
	struct json *json = answer_json(answer);
	char found[API_SAID_MAX];

	put_name(call, error_of(json), found);
	json_free(&json);
	return strcmp(found, name) == 0;
}

/* --- the verdict ---------------------------------------------------------- */

#define NO_SUCH_API "there is no such API: mend endpoint"

/* What every API means by them. */
static const struct api_error statuses[] = {
	{ 400, NULL, NULL, API_NEVER, "it does not take the mail" },
	{ 401, NULL, NULL, API_AUTH, NULL },
	{ 403, NULL, NULL, API_AUTH, NULL },
	{ 404, NULL, NULL, API_CONFIG, NO_SUCH_API },
	{ 405, NULL, NULL, API_CONFIG, NO_SUCH_API },
	{ 413, NULL, NULL, API_NEVER, "the mail is too large for it" },
	{ 422, NULL, NULL, API_NEVER, "it does not take the mail" },
	{ 429, NULL, NULL, API_SLOWER, "it asks for fewer requests" },
};

static const struct api_error *
row_among(const struct api_error *rows, size_t count, int status,
    const char *name, const char *message)
{
	for (size_t i = 0; i < count; i++) {
		const struct api_error *row = &rows[i];

		if ((row->status == 0 || row->status == status) &&
		    (row->name == NULL || strcmp(row->name, name) == 0) &&
		    (row->message == NULL || strncmp(message, row->message,
		    strlen(row->message)) == 0))
			return row;
	}
	return NULL;
}

static const struct api_error *
row_of(const struct api *api, int status, const char *name,
    const char *message)
{
	const struct api_error *row = NULL;

	if (api->errors == NULL)
		return NULL;
	row = row_among(api->errors, api->error_count, status, name, message);
	return row != NULL ? row : row_among(statuses, sizeof(statuses) /
	    sizeof(*statuses), status, name, message);
}

/* spoold's own words: what the service said is kept beside them. */
static void
put_reason(const struct api *api, const struct http_answer *answer,
    const struct api_error *row, struct verdict_text *text)
{
	size_t length;

	(void)snprintf(text->reason, sizeof(text->reason),
	    "it answered %d%s%s: ", answer->status, row->name != NULL ? " " :
	    "", row->name != NULL ? row->name : "");
	length = strlen(text->reason);
	if (row->words != NULL)
		(void)strlcpy(text->reason + length, row->words,
		    sizeof(text->reason) - length);
	else
		(void)snprintf(text->reason + length, sizeof(text->reason) -
		    length, "it does not accept the %s", api->credentials);
}

/* Where a signature is refused, a clock may be to blame. */
static void
put_skew(const struct api_call *call, const struct http_answer *answer,
    struct verdict_text *text)
{
	int64_t ahead = http_ahead(answer);
	size_t length = strlen(text->reason);
	char skew[HTTP_SKEW_WORDS];

	if (!call->config->service->api->signs ||
	    (ahead > -SKEW_MIN && ahead < SKEW_MIN))
		return;
	http_skew_print(answer, skew);
	(void)snprintf(text->reason + length, sizeof(text->reason) - length,
	    "; this machine's clock is %s", skew);
}

/* Its own words, instead of the JSON around them. */
static void
put_words(const struct json *json, const char *name, struct verdict_text *text)
{
	const struct json *error = error_of(json);
	bool many = error != json;
	struct buf said = { 0 };

	if (message_of(error)[0] == '\0')
		return;
	for (; error != NULL; error = many ? json_next(error) : NULL) {
		const char *field = json_string(json_get(error, "field"),
		    many ? "" : name);

		buf_printf(&said, "%s%s%s%s", said.len > 0 ? "; " : "",
		    field, field[0] != '\0' ? ": " : "", message_of(error));
	}
	buf_clear(&text->remote);
	verdict_words(&text->remote, said.data, said.len);
	buf_free(&said);
}

static void
judge_error(const struct api_call *call, const struct http_answer *answer,
    const struct json *json, struct link_record *record,
    struct verdict_text *text)
{
	const struct json *error = error_of(json);
	const struct api_error *row;
	char name[API_SAID_MAX];

	put_name(call, error, name);
	row = row_of(call->config->service->api, answer->status, name,
	    message_of(error));
	put_words(json, name, text);
	if (row != NULL) {
		record->outcome.verdict = (int32_t)row->verdict;
		record->outcome.error = (int32_t)row->error;
		record->outcome.flags = row->flags;
		put_reason(call->config->service->api, answer, row, text);
	}
	if (record->outcome.error == ERROR_AUTHENTICATION_FAILED)
		put_skew(call, answer, text);
}

/* Words of the remote: one short line of printable ASCII, or none. */
static void
put_reference(const char *id, struct verdict_text *text)
{
	for (const char *p = id; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			return;
	if (strlen(id) < sizeof(text->reference))
		(void)snprintf(text->reference, sizeof(text->reference), "%s",
		    id);
}

/* Whoever answers so but gives no id is not the service, or was cut off. */
static void
judge_success(const struct api_call *call, const struct http_answer *answer,
    const struct json *json, struct link_record *record,
    struct verdict_text *text)
{
	const struct api *api = call->config->service->api;
	const char *id = api->id == NULL ? call->said.message_id :
	    json_string(json_get(json, api->id), "");

	if (id[0] != '\0')
		put_reference(id, text);
	if (api->id == NULL || id[0] != '\0')
		return;
	record->outcome.verdict = VERDICT_deferred;
	record->outcome.error = ERROR_MAY_HAVE_ARRIVED;
	record->outcome.flags = OUTCOME_TRANSPORT;
	(void)snprintf(text->reason, sizeof(text->reason), "it answered %d "
	    "without the mail's %s, so it is not known whether it took it",
	    answer->status, api->id);
	buf_clear(&text->remote);
	verdict_words(&text->remote, answer->body.data, answer->body.len);
}

/* Where nobody said Retry-After, but when the limits begin anew. */
static void
put_reset(const struct api_said *said, struct http_answer *answer)
{
	int64_t wait = strtoll(said->reset_in, NULL, 10);
	int64_t at = strtoll(said->reset_at, NULL, 10);

	if (wait <= 0 && at > 0)
		wait = at - (int64_t)time(NULL);
	if (answer->retry_after[0] == '\0' && wait > 0)
		(void)snprintf(answer->retry_after,
		    sizeof(answer->retry_after), "%" PRId64,
		    wait < RESET_MAX ? wait : RESET_MAX);
}

void
api_verdict(const struct api_call *call, const struct http_answer *answer,
    const char *permanent, struct link_record *record,
    struct verdict_text *text)
{
	const struct verdict_rules rules = {
		.success = call->config->service->api->success,
		.permanent = permanent };
	struct http_answer told = *answer;
	struct json *json = answer_json(answer);

	if (answer->status == 429)
		put_reset(&call->said, &told);
	verdict(&told, &rules, record, text);
	record->text[OUTCOME_peer] = answer->peer;
	record->text[OUTCOME_tls] = answer->tls;
	record->text[OUTCOME_fingerprint] = answer->fingerprint;
	if (record->outcome.verdict == VERDICT_delivered)
		judge_success(call, answer, json, record, text);
	else if (answer->status != 0)
		judge_error(call, answer, json, record, text);
	record->text[OUTCOME_remote] = text->remote.data;
	json_free(&json);
}
