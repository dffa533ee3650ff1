/*
 * message - what is sent of a job
 *
 * All of it follows from the job, when it was accepted and the destination, so
 * that each attempt sends the same bytes: whoever gets a mail twice can see by
 * its Message-ID and its content that it is one.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/mustache.h"
#include "lib/xalloc.h"

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
	return why_field(why, field, "the destination's %s %s", field,
	    wrong.text);
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
static void
put_id(struct buf *out, const struct config *config, const char *id,
    const char *destination)
{
	const char *at = strrchr(config->from.address, '@');

	buf_printf(out, "Message-ID: <%s.%s%s>\r\n", id, destination, at);
}

static void
put_headers(struct buf *out, const struct config *config, const char *subject)
{
	header_addresses(out, "From", &config->from, 1);
	header_addresses(out, "Reply-To", &config->reply_to,
	    config->reply_to.address != NULL);
	header_addresses(out, "To", config->to.list, config->to.count);
	header_addresses(out, "Cc", config->cc.list, config->cc.count);
	header_text(out, "Subject", subject);
	buf_str(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
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
		return why_field(why, "attachmentName", "the attachment's "
		    "name would have a slash in it");
	return header_check(name->data, "attachmentName", why);
}

/* --- the whole ------------------------------------------------------------ */

struct texts {
	struct buf	 subject, text, html, name;	/* own */
	char		 boundary[ID_LENGTH + 1];
};

static int
texts_render(struct texts *texts, struct mime_parts *parts,
    const struct attempt *attempt, const struct json *values, struct why *why)
{
	const struct config *config = attempt->config;
	bool attached = attempt->parcel.has_file || !config->uses_data;

	if (render(&texts->subject, config->subject, "subject", values, false,
	    MESSAGE_LINE_MAX, why) == -1 ||
	    header_check(texts->subject.data, "subject", why) == -1 ||
	    render(&texts->text, config->text, "bodyTemplate", values, false,
	    MESSAGE_TEXT_MAX, why) == -1 ||
	    render(&texts->html, config->html, "htmlTemplate", values, true,
	    MESSAGE_TEXT_MAX, why) == -1)
		return -1;
	id_format(&attempt->facts.id, texts->boundary);
	parts->boundary = texts->boundary;
	parts->text = texts->text.data;
	parts->html = config->html != NULL ? texts->html.data : NULL;
	if (!attached)
		return 0;
	parts->attachment = &attempt->parcel.content;
	if (check_type(attempt_type(attempt), &parts->type, why) == -1 ||
	    put_name(&texts->name, attempt, values, why) == -1)
		return -1;
	parts->name = texts->name.data;
	return 0;
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
	struct json *values = values_make(attempt, data, why);
	struct mime_parts parts = { 0 };
	struct texts texts = { 0 };
	int result = -1;

	if (values == NULL)
		return -1;
	if (texts_render(&texts, &parts, attempt, values, why) == 0) {
		put_headers(&mime->head, config, texts.subject.data);
		put_date(&mime->head, attempt->facts.accepted_at);
		put_id(&mime->head, config, texts.boundary,
		    attempt->text[ATTEMPT_destination]);
		mime_compose(mime, &parts);
		result = check_size(mime, config, why);
	}
	json_free(&values);
	buf_wipe(&texts.subject);
	buf_wipe(&texts.text);
	buf_wipe(&texts.html);
	buf_free(&texts.name);
	return result;
}

void
message_compose_test(struct mime *mime, const struct config *config,
    const struct id *id, const char *organization)
{
	struct mime_parts parts = { .text = "This is no delivery: spoold was "
	    "asked to test whether its mail arrives.\n" };
	char text[ID_LENGTH + 1];

	id_format(id, text);
	parts.boundary = text;
	put_headers(&mime->head, config, "Test by spoold");
	put_date(&mime->head, clock_wall());
	put_id(&mime->head, config, text, organization);
	mime_compose(mime, &parts);
}
