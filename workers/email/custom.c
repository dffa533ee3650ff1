/*
 * custom - mail by any API that takes JSON
 *
 * The destination's template says what is sent; each tag yields what fits where
 * it stands (lib/mustache.h), so nothing of a job becomes more than a value.
 * The attachment's content is not filled in with the rest but marked, by
 * what nobody can guess, and read while the body is.
 */
#include <openssl/rand.h>

#include <string.h>

#include "lib/hex.h"
#include "lib/mustache.h"
#include "lib/scan.h"

#include "workers/email/api.h"

#define REQUEST_MAX (8 * 1024 * 1024)	/* bytes, without the attachment */
#define MARK_BYTES 16
#define MARK_LENGTH (HEX_SIZE(MARK_BYTES) - 1)

/* --- what the template knows ---------------------------------------------- */

/* Where there are none, an empty array. */
static void
put_addresses(struct buf *out, const char *name,
    const struct config_addresses *addresses)
{
	if (addresses->count == 0)
		json_put_raw(out, name, "[]", 2);
	api_put_addresses(out, name, addresses, api_put_person);
}

static void
put_message(struct buf *out, const struct api_mail *mail, const char *mark)
{
	const struct config *config = mail->config;
	const struct mime_parts *parts = &mail->message->parts;

	json_open(out, NULL, '{');
	api_put_person(out, "from", &config->from);
	api_put_person(out, "replyTo", &config->reply_to);
	put_addresses(out, "to", &config->to);
	put_addresses(out, "cc", &config->cc);
	put_addresses(out, "bcc", &config->bcc);
	json_put_string(out, "subject", mail->message->subject.data);
	json_put_string(out, "text", parts->text);
	json_put_string(out, "html", parts->html);
	json_put_string(out, "id", mail->message_id);
	if (parts->attachment != NULL) {
		json_open(out, "attachment", '{');
		json_put_string(out, "name", parts->name);
		json_put_string(out, "type", parts->type);
		json_put_integer(out, "size", parts->attachment->length);
		json_put_string(out, "content", mark);
		json_close(out, '}');
	}
	json_close(out, '}');
}

static struct json *
values_make(const struct api_mail *mail, const char *mark, struct why *why)
{
	struct json *values = NULL, *message;
	struct buf text = { 0 };

	put_message(&text, mail, mark);
	message = json_parse(text.data, text.len, why);
	if (message != NULL) {
		values = json_copy(mail->message->values);
		json_set(values, "message", message);
	}
	json_free(&message);
	buf_wipe(&text);
	return values;
}

/* --- the request ---------------------------------------------------------- */

static int
render(const char *template, const struct json *values, struct buf *out,
    struct why *why)
{
	struct scan scan = { 0 };
	struct why wrong;
	int result;

	out->max = REQUEST_MAX;
	if (mustache_render_json(template, values, out, &wrong) == -1)
		return why_field(why, "requestTemplate",
		    "the destination's requestTemplate %s", wrong.text);
	result = scan_json(out->data, out->len, &scan, NULL, &wrong);
	if (result == 1)
		return 0;
	return why_field(why, "requestTemplate", "the destination's "
	    "requestTemplate yields no JSON: %s", result == 0 ?
	    "it ends too early" : wrong.text);
}

/* What stands behind the mark becomes the tail. */
static int
split(struct encoded *body, const char *mark, const struct extent *attachment,
    struct why *why)
{
	struct buf *head = &body->head;
	char *at = strstr(head->data, mark);

	if (at == NULL)
		return 0;
	buf_str(&body->tail, at + MARK_LENGTH);
	if (strstr(body->tail.data, mark) != NULL)
		return why_field(why, "requestTemplate", "the destination's "
		    "requestTemplate has the attachment's content in it more "
		    "than once");
	head->len = (size_t)(at - head->data);
	head->data[head->len] = '\0';
	body->extent = attachment;
	return 0;
}

static int
compose(const struct api_mail *mail, struct encoded *body, struct why *why)
{
	char mark[HEX_SIZE(MARK_BYTES)];
	uint8_t random[MARK_BYTES];
	struct json *values;
	int result;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return why_set(why, ERROR_INTERNAL_ERROR, "no random bytes");
	hex_format(random, MARK_BYTES, mark);
	values = values_make(mail, mark, why);
	if (values == NULL)
		return -1;
	result = render(mail->config->request, values, &body->head, why);
	json_free(&values);
	return result == -1 ? -1 : split(body, mark,
	    mail->message->parts.attachment, why);
}

static int
authorize(const struct api_call *call, struct headers *headers,
    struct why *why)
{
	if (call->key[0] != '\0' && headers_set(headers, "Idempotency-Key",
	    call->key, why) == -1)
		return -1;
	return settings_headers_set(&call->config->headers, headers, why);
}

/* What it answers is judged as a webhook's answers are. */
static const struct api api = {
	.path = "",
	.success = "",
	.compose = compose,
	.authorize = authorize,
	.test_method = "HEAD",
	.test_path = "",
	.credentials = "headers",
	.needs = { "endpoint", "requestTemplate" },
};

const struct service service_custom = {
	.name = "custom",
	.compose = api_compose,
	.prepare = api_prepare,
	.send = api_send,
	.test = api_test,
	.api = &api,
};
