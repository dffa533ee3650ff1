/*
 * message - what is sent of a job
 *
 * All of it follows from the job, when it was accepted and the destination, so
 * that each attempt sends the same bytes: whoever gets a mail twice can see by
 * its Message-ID and its content that it is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/mustache.h"
#include "lib/xalloc.h"

#include "workers/common/settings.h"
#include "workers/email/header.h"
#include "workers/email/message.h"

#define TYPE_MAX 200		/* bytes of a media type */

/* --- values --------------------------------------------------------------- */

static const char *const own_names[] = {
#define TEMPLATE_NAME(name, sentence) #name,
#include "lib/template_names.def"
#undef TEMPLATE_NAME
};

/* The metadata's own names, but for those that mean something else here. */
static struct json *
values_of(const struct json *metadata)
{
	struct json *values = metadata != NULL ? json_copy(metadata) :
	    json_new_object();

	for (size_t i = 0; i < sizeof(own_names) / sizeof(*own_names); i++)
		json_remove(values, own_names[i]);
	return values;
}

/*
 * What the templates know: the metadata, by their own names and as `metadata`,
 * and spoold's own names, which nothing of a job takes the place of.
 */
static struct json *
values_make(struct attempt *attempt, const struct buf *data, struct why *why)
{
	const struct json *metadata = NULL;
	struct json *values, *parsed = NULL;
	char id[ID_LENGTH + 1], date[CLOCK_TEXT];

	if (attempt_metadata(attempt, &metadata, why) == -1)
		return NULL;
	if (data->len > 0 && (parsed = json_parse(data->data, data->len,
	    why)) == NULL)
		return NULL;
	values = values_of(metadata);
	if (metadata != NULL)
		json_set(values, "metadata", metadata);
	if (parsed != NULL) {
		json_set(values, "data", parsed);
		json_set_string(values, "link", json_string(json_get(parsed,
		    "link"), ""));
		json_set_string(values, "expiresAt", json_string(json_get(
		    parsed, "expiresAt"), ""));
	}
	json_free(&parsed);
	id_format(&attempt->facts.id, id);
	clock_format(attempt->facts.accepted_at, date);
	json_set_string(values, "deliveryId", id);
	json_set_string(values, "organizationId",
	    courier_organization(attempt->courier));
	json_set_string(values, "type", payload_type_name(
	    (enum payload_type)attempt->facts.type));
	json_set_string(values, "date", date);
	if (attempt->text[ATTEMPT_correlation_id][0] != '\0')
		json_set_string(values, "correlationId",
		    attempt->text[ATTEMPT_correlation_id]);
	return values;
}

/* A template of the destination, up to `max` bytes. */
static int
render(struct buf *out, const char *template, const char *field,
    const struct json *values, bool html, size_t max, struct why *why)
{
	struct why wrong;

	out->max = max;
	buf_str(out, "");
	if (template == NULL || mustache_render(template, values, html, out,
	    &wrong) == 0)
		return 0;
	return why_field(why, field, "%s %s", field, wrong.text);
}

/* --- headers -------------------------------------------------------------- */

/* RFC 5322, in UTC; names of days and months are English everywhere. */
static void
put_date(struct buf *out, int64_t wall_ms)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t at = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL)
		return;
	buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    1900 + tm.tm_year, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Of the sender's host, which is one that is somebody's. */
void
message_id(struct buf *out, const struct config *config, const char *id,
    const char *destination)
{
	const char *at = strrchr(config->from.address, '@');

	buf_printf(out, "<%s.%s%s>", id, destination, at);
}

static void
put_id(struct buf *out, const struct config *config, const char *id,
    const char *destination)
{
	buf_str(out, "Message-ID: ");
	message_id(out, config, id, destination);
	buf_str(out, "\r\n");
}

/* What a message's own headers say. */
struct letter {
	const struct config *config;
	const char	*subject;
	int64_t		 date;		/* wall ms */
	const char	*id, *destination;
};

static void
put_headers(struct buf *out, const struct letter *letter, const char *subject)
{
	const struct config *config = letter->config;

	header_addresses(out, "From", &config->from, 1);
	header_addresses(out, "Reply-To", &config->reply_to,
	    config->reply_to.address != NULL);
	header_addresses(out, "To", config->to.list, config->to.count);
	header_addresses(out, "Cc", config->cc.list, config->cc.count);
	header_text(out, "Subject", subject);
	buf_str(out, "Auto-Submitted: auto-generated\r\n");
	put_date(out, letter->date);
	put_id(out, config, letter->id, letter->destination);
}

/* --- the attachment ------------------------------------------------------- */

/*
 * A media type as it may stand in a header.  What has parts of its own, or is
 * a message, must not be in base64 (RFC 2046): it is bytes to whoever reads
 * the mail.
 */
static int
check_type(const char *type, const char **out, struct why *why)
{
	static const char *const composite[] = { "multipart/", "message/" };

	*out = strchr(type, '/') != NULL ? type : TYPE_UNKNOWN;
	for (const char *p = type; *p != '\0'; p++)
		if (*p < ' ' || *p > '~' || p - type >= TYPE_MAX)
			return why_field(why, "payload.contentType",
			    "payload.contentType is longer than %d bytes, or "
			    "not in ASCII", TYPE_MAX);
	for (size_t i = 0; i < sizeof(composite) / sizeof(*composite); i++)
		if (strncasecmp(type, composite[i],
		    strlen(composite[i])) == 0)
			*out = TYPE_UNKNOWN;
	return 0;
}

/* Its name; the destination's template, else the payload's own. */
static int
put_name(struct buf *name, const struct attempt *attempt,
    const struct json *values, struct why *why)
{
	const struct config *config = attempt->config;
	const char *own = attempt->text[ATTEMPT_filename];
	char id[ID_LENGTH + 1];

	if (render(name, config->attachment_name, "attachmentName", values,
	    false, MESSAGE_LINE_MAX, why) == -1)
		return -1;
	id_format(&attempt->facts.id, id);
	if (name->len == 0 && attempt->parcel.has_file && own[0] != '\0')
		buf_str(name, own);
	else if (name->len == 0)
		buf_printf(name, "%s%s", id, attempt->parcel.has_file ? "" :
		    ".json");
	if (strchr(name->data, '/') != NULL || strchr(name->data, '\\') !=
	    NULL)
		return why_field(why, "attachmentName",
		    "attachmentName would have a slash in it");
	return header_check(name->data, "attachmentName", why);
}

/* --- signed or encrypted -------------------------------------------------- */

/*
 * What stands outside, in copies that a header of RFC 9788 has: by them a
 * reader knows what an encrypted message's writer has hidden.
 */
static void
put_outer(struct buf *out, const struct buf *outer)
{
	const char *line = outer->data, *end;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		buf_str(out, *line == ' ' ? "" : "HP-Outer: ");
		buf_add(out, line, (size_t)(end + 1 - line));
	}
}

/* Its headers, where all can read them and within what is protected. */
static void
put_both_headers(struct buf *inner, struct buf *outer,
    const struct letter *letter, bool hidden, struct mime_parts *parts)
{
	char subject[MESSAGE_LINE_MAX];

	(void)snprintf(subject, sizeof(subject), MESSAGE_HIDDEN_SUBJECT,
	    letter->id);
	put_headers(outer, letter, hidden ? subject : letter->subject);
	put_headers(inner, letter, letter->subject);
	if (hidden)
		put_outer(inner, outer);
	buf_str(outer, "MIME-Version: 1.0\r\n");
	parts->protection = hidden ? ";\r\n hp=\"cipher\"" :
	    ";\r\n hp=\"clear\"";
}

static int
add_recipients(struct smime *smime, const struct config *config,
    struct why *why)
{
	const struct config_addresses lists[] = { config->to, config->cc,
	    config->bcc };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t j = 0; j < lists[i].count; j++)
			if (smime_recipient(smime, lists[i].list[j].address,
			    why) == -1)
				return -1;
	/* What is encrypted says to each of its readers for whom it is. */
	return config->smime.recipients != NULL && config->bcc.count > 0 ?
	    settings_wrong(why, "bcc", "stands beside smime.recipientCerts") :
	    0;
}

static int
compose_protected(struct mime *mime, const struct letter *letter,
    struct mime_parts *parts, struct why *why)
{
	const struct smime_keys *keys = &letter->config->smime;
	struct smime *smime = smime_new(keys, letter->id, letter->date, why);

	if (smime == NULL)
		return -1;
	if (add_recipients(smime, letter->config, why) == -1) {
		smime_free(&smime);
		return -1;
	}
	put_both_headers(&mime->head, smime_headers(smime), letter,
	    keys->recipients != NULL, parts);
	mime_compose(mime, parts);
	return mime_protect(mime, smime, why);
}

static int
compose(struct mime *mime, const struct letter *letter,
    struct mime_parts *parts, struct why *why)
{
	if (smime_keys_any(&letter->config->smime))
		return compose_protected(mime, letter, parts, why);
	put_headers(&mime->head, letter, letter->subject);
	buf_str(&mime->head, "MIME-Version: 1.0\r\n");
	mime_compose(mime, parts);
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

bool
message_attaches(const struct attempt *attempt)
{
	const struct config *config = attempt->config;

	return attempt->parcel.has_file || !config->uses_data;
}

void
message_free(struct message *message)
{
	json_free(&message->values);
	buf_wipe(&message->subject);
	buf_wipe(&message->text);
	buf_wipe(&message->html);
	buf_free(&message->name);
}

int
message_render(struct message *message, struct attempt *attempt,
    const struct buf *data, struct why *why)
{
	const struct config *config = attempt->config;
	struct json *values = values_make(attempt, data, why);
	struct mime_parts *parts = &message->parts;

	message->values = values;
	if (values == NULL || render(&message->subject, config->subject,
	    "subject", values, false, MESSAGE_LINE_MAX, why) == -1 ||
	    header_check(message->subject.data, "subject", why) == -1 ||
	    render(&message->text, config->text, "bodyTemplate", values, false,
	    MESSAGE_TEXT_MAX, why) == -1 ||
	    render(&message->html, config->html, "htmlTemplate", values, true,
	    MESSAGE_TEXT_MAX, why) == -1)
		return -1;
	id_format(&attempt->facts.id, message->id);
	parts->boundary = message->id;
	parts->text = message->text.data;
	parts->html = config->html != NULL ? message->html.data : NULL;
	if (!message_attaches(attempt))
		return 0;
	parts->attachment = &attempt->parcel.content;
	if (check_type(attempt_type(attempt), &parts->type, why) == -1 ||
	    put_name(&message->name, attempt, values, why) == -1)
		return -1;
	parts->name = message->name.data;
	return 0;
}

void
message_render_test(struct message *message, const struct id *id,
    const char *organization)
{
	char date[CLOCK_TEXT];

	id_format(id, message->id);
	clock_format(clock_wall(), date);
	buf_str(&message->subject, "Test by spoold");
	buf_str(&message->text, "This is no delivery: spoold was asked to test "
	    "whether its mail arrives.\n");
	message->parts.boundary = message->id;
	message->parts.text = message->text.data;
	message->values = json_new_object();
	json_set_string(message->values, "deliveryId", message->id);
	json_set_string(message->values, "organizationId", organization);
	json_set_string(message->values, "type", "custom");
	json_set_string(message->values, "date", date);
}

static int
check_size(const struct mime *mime, const struct config *config,
    struct why *why)
{
	int64_t length = mime_length(mime);

	if (config->max_size == 0 || length <= config->max_size)
		return 0;
	return why_field(why, "payload", "the message would have %lld bytes, "
	    "more than the destination's maxMessageSize of %lld",
	    (long long)length, (long long)config->max_size);
}

int
message_compose(struct mime *mime, struct attempt *attempt,
    const struct buf *data, struct why *why)
{
	const struct config *config = attempt->config;
	struct message message = { 0 };
	int result = message_render(&message, attempt, data, why);

	if (result == 0) {
		const struct letter letter = { config, message.subject.data,
		    attempt->facts.accepted_at, message.id,
		    attempt->text[ATTEMPT_destination] };

		result = compose(mime, &letter, &message.parts, why) == -1 ?
		    -1 : check_size(mime, config, why);
	}
	message_free(&message);
	return result;
}

int
message_compose_test(struct mime *mime, const struct config *config,
    const struct id *id, const char *organization, struct why *why)
{
	struct message message = { 0 };
	struct letter letter = { .config = config, .date = clock_wall(),
		.destination = organization };
	int result;

	message_render_test(&message, id, organization);
	letter.subject = message.subject.data;
	letter.id = message.id;
	result = compose(mime, &letter, &message.parts, why);
	message_free(&message);
	return result;
}
