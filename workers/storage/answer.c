/*
 * answer - what the answers of a store's API mean
 */
#include <inttypes.h>
#include <string.h>

#include "workers/storage/answer.h"
#include "workers/storage/provider.h"

/* --- elements of XML ------------------------------------------------------ */

static const struct {
	const char	*name;
	char		 character;
} entities[] = {
	{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
	{ "&quot;", '"' }, { "&apos;", '\'' }, { "&#34;", '"' },
	{ "&#39;", '\'' },
};

/* The character at *at, which moves behind it. */
static char
next_character(const char **at)
{
	for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
		size_t length = strlen(entities[i].name);

		if (strncmp(*at, entities[i].name, length) == 0) {
			*at += length;
			return entities[i].character;
		}
	}
	return *(*at)++;
}

bool
answer_element(const char **xml, const char *name, char *out, size_t size)
{
	size_t length = strlen(name), used = 0;
	const char *at = *xml;

	if (at == NULL)
		return false;
	/* A NUL in it ends it: nothing valid has one. */
	while ((at = strchr(at, '<')) != NULL) {
		at++;
		if (strncmp(at, name, length) == 0 && at[length] == '>')
			break;
	}
	if (at == NULL)
		return false;
	at += length + 1;
	while (*at != '\0' && *at != '<') {
		if (used + 1 == size)
			return false;
		out[used++] = next_character(&at);
	}
	out[used] = '\0';
	*xml = at;
	return *at == '<';
}

bool
answer_code_element(const struct http_answer *answer, char *out, size_t size)
{
	const char *xml = answer->body.data;

	return answer_element(&xml, "Code", out, size);
}

/* --- codes ---------------------------------------------------------------- */

static const struct cloud *
cloud_of(const struct call *call)
{
	return call->config->provider->cloud;
}

/* The row of its code; NULL: none fits, or it has none at all. */
static const struct code *
code_of(const struct call *call, const struct http_answer *answer,
    bool *named)
{
	const struct cloud *cloud = cloud_of(call);
	char text[CODE_MAX];

	*named = answer->status != 0 &&
	    cloud->code(call, answer, text, CODE_MAX);
	if (!*named)
		return NULL;
	for (const struct code *row = cloud->codes; row->name != NULL; row++)
		if (strcmp(row->name, text) == 0)
			return row;
	return NULL;
}

bool
answer_has_code(const struct call *call, const struct http_answer *answer,
    const char *code)
{
	char text[CODE_MAX];

	return cloud_of(call)->code(call, answer, text, CODE_MAX) &&
	    strcmp(text, code) == 0;
}

int
answer_flags(const struct call *call, const struct http_answer *answer)
{
	bool named;
	const struct code *row = code_of(call, answer, &named);

	return row == NULL ? 0 : row->more;
}

bool
answer_is_providers(const struct call *call, const struct http_answer *answer)
{
	bool named;

	(void)code_of(call, answer, &named);
	return !call->denied && (named || answer->status / 100 == 2);
}

bool
answer_is_good(const struct call *call, const struct http_answer *answer)
{
	bool named;

	(void)code_of(call, answer, &named);
	return answer->status / 100 == 2 && !call->denied && !named;
}

bool
answer_is_taken(const struct call *call, const struct http_answer *answer)
{
	return !answer->stopped && !call->denied && (answer->status == 412 ||
	    (answer_flags(call, answer) & CODE_TAKEN) != 0);
}

/* --- the verdict ---------------------------------------------------------- */

/* What becomes the attempt's reference: a version, else the tag. */
static void
put_reference(const struct said *said, struct verdict_text *text)
{
	const char *reference = said->version[0] != '\0' ? said->version :
	    said->etag;

	/* What verdict() finds in JSON would name the object. */
	text->reference[0] = '\0';
	for (const char *p = reference; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			return;
	(void)snprintf(text->reference, sizeof(text->reference), "%s",
	    reference);
}

/* By its row. */
static void
verdict_code(const struct code *row, const struct http_answer *answer,
    struct link_record *record, struct verdict_text *text)
{
	int64_t ahead = http_ahead(answer);
	char skew[HTTP_SKEW_WORDS] = "";

	if ((row->more & CODE_CLOCK) != 0 &&
	    (ahead > HTTP_SKEW_MAX || ahead < -HTTP_SKEW_MAX))
		http_skew_print(answer, skew);
	record->outcome.verdict = (int32_t)row->verdict;
	record->outcome.error = (int32_t)row->error;
	record->outcome.flags = row->flags;
	(void)snprintf(text->reason, sizeof(text->reason),
	    "it answered %d %s%s%s%s%s", answer->status, row->name,
	    row->words != NULL ? ": " : "",
	    row->words != NULL ? row->words : "",
	    skew[0] != '\0' ? "; this machine's clock is " : "", skew);
}

/* Of any web server: a store says what it is that is not there. */
static void
verdict_no_store(const struct http_answer *answer,
    struct link_record *record, struct verdict_text *text)
{
	record->outcome.verdict = VERDICT_deferred;
	record->outcome.error = ERROR_CONFIG_ERROR;
	record->outcome.flags = OUTCOME_TRANSPORT;
	(void)snprintf(text->reason, sizeof(text->reason), "it answered %d: "
	    "there is no such store: mend endpoint", answer->status);
}

/* What was asked for credentials never has had the content. */
static void
verdict_denied(const struct http_answer *answer, struct link_record *record,
    struct verdict_text *text)
{
	char words[sizeof(text->reason)];

	if (record->outcome.verdict == VERDICT_delivered) {
		record->outcome.error = ERROR_PROTOCOL_ERROR;
		record->outcome.flags = OUTCOME_TRANSPORT;
		(void)snprintf(text->reason, sizeof(text->reason),
		    "it answered %d without a token", answer->status);
	}
	record->outcome.verdict = VERDICT_deferred;
	record->outcome.flags &= ~OUTCOME_DISABLE;
	if (record->outcome.error == ERROR_MAY_HAVE_ARRIVED)
		record->outcome.error = ERROR_TIMEOUT;
	(void)snprintf(words, sizeof(words), "%s", text->reason);
	(void)snprintf(text->reason, sizeof(text->reason),
	    "no token for it: %.*s", (int)sizeof(text->reason) - 32, words);
}

void
answer_verdict(const struct call *call, const struct http_answer *answer,
    const char *permanent, struct link_record *record,
    struct verdict_text *text)
{
	const struct verdict_rules rules = { .success = "",
		.permanent = call->denied ? "" : permanent };
	bool named;
	const struct code *row = code_of(call, answer, &named);

	verdict(answer, &rules, record, text);
	put_reference(&call->said, text);
	if (row != NULL)
		verdict_code(row, answer, record, text);
	else if (named &&
	    record->outcome.verdict == VERDICT_delivered) {
		/* An error after a status that was sent too early. */
		record->outcome.verdict = VERDICT_deferred;
		record->outcome.error = ERROR_HTTP_STATUS;
		(void)snprintf(text->reason, sizeof(text->reason),
		    "it answered %d with an error", answer->status);
	} else if (!named && !call->denied &&
	    (answer->status == 404 || answer->status == 405))
		verdict_no_store(answer, record, text);
	if (call->denied)
		verdict_denied(answer, record, text);
}
