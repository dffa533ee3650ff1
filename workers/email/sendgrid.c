/*
 * sendgrid - mail by SendGrid's "Mail Send" (v3)
 *
 * As its SDK @sendgrid/mail writes it.  The API has no key that tells one mail
 * from another, so what may have arrived may arrive twice.
 */
#include <string.h>

#include "workers/email/api.h"

#define TYPE_MAX 256		/* bytes of a media type */
#define MAY_NOT \
    "the apiKey may not send mail: give it the permission mail.send"

/* --- a mail --------------------------------------------------------------- */

/*
 * A name with a comma or a semicolon in it has to be in quotes ("Limitations";
 * its SDK for Python writes it so).
 */
static void
put_address(struct buf *out, const char *name,
    const struct mail_address *address)
{
	struct mail_address quoted = *address;
	struct buf text = { 0 };

	if (address->name != NULL && strpbrk(address->name, ",;") != NULL) {
		buf_printf(&text, "\"%s\"", address->name);
		quoted.name = text.data;
	}
	api_put_person(out, name, &quoted);
	buf_free(&text);
}

static void
put_text(struct buf *out, const char *type, const char *text)
{
	json_open(out, NULL, '{');
	json_put_string(out, "type", type);
	json_put_string(out, "value", text);
	json_close(out, '}');
}

/* It takes no text without a character: a blank is what nothing looks like. */
static void
put_texts(struct buf *out, const struct mime_parts *parts)
{
	bool html = parts->html != NULL && parts->html[0] != '\0';

	json_open(out, "content", '[');
	if (parts->text[0] != '\0' || !html)
		put_text(out, "text/plain", parts->text[0] != '\0' ?
		    parts->text : " ");
	if (html)
		put_text(out, "text/html", parts->html);
	json_close(out, ']');
}

/* Its media types have no parameters: a `;` is refused. */
static void
put_attachment(struct encoded *body, const struct mime_parts *parts)
{
	struct buf *out = &body->head;
	char type[TYPE_MAX];

	(void)snprintf(type, sizeof(type), "%.*s",
	    (int)strcspn(parts->type, "; \t"), parts->type);
	json_open(out, "attachments", '[');
	json_open(out, NULL, '{');
	json_put_string(out, "filename", parts->name);
	json_put_string(out, "type", type);
	json_put_string(out, "disposition", "attachment");
	api_put_source(body, "content");
	json_close(&body->tail, '}');
	json_close(&body->tail, ']');
	json_close(&body->tail, '}');
	body->extent = parts->attachment;
}

static int
compose(const struct api_mail *mail, struct encoded *body, struct why *why)
{
	const struct config *config = mail->config;
	const struct mime_parts *parts = &mail->message->parts;
	struct buf *out = &body->head;

	(void)why;
	json_open(out, NULL, '{');
	put_address(out, "from", &config->from);
	put_address(out, "reply_to", &config->reply_to);
	json_open(out, "personalizations", '[');
	json_open(out, NULL, '{');
	api_put_addresses(out, "to", &config->to, put_address);
	api_put_addresses(out, "cc", &config->cc, put_address);
	api_put_addresses(out, "bcc", &config->bcc, put_address);
	json_close(out, '}');
	json_close(out, ']');
	json_put_string(out, "subject", mail->message->subject.data);
	put_texts(out, parts);
	json_open(out, "headers", '{');
	json_put_string(out, "Message-ID", mail->message_id);
	json_put_string(out, "Auto-Submitted", "auto-generated");
	json_close(out, '}');
	if (parts->attachment != NULL)
		put_attachment(body, parts);
	else
		json_close(out, '}');
	return 0;
}

/* --- answers -------------------------------------------------------------- */


/*
 * "SendGrid v3 API Reference, Mail Send, Errors"; its errors have words, but no
 * names.
 */
static const struct api_error errors[] = {
	{ 401, NULL, "Maximum credits exceeded", API_SLOWER,
	    "the account's credits are used up" },
	{ 403, NULL, "The from address does not match", API_CONFIG,
	    "from is no sender that was verified there" },
	{ 403, NULL, NULL, API_AUTH, MAY_NOT },
};

static const char *
test_said(const struct json *json)
{
	const struct json *scope = json_first(json_get(json, "scopes"));

	while (scope != NULL && strcmp(json_string(scope, ""),
	    "mail.send") != 0)
		scope = json_next(scope);
	return scope != NULL ? NULL : MAY_NOT;
}

/* The limit: "Mail Send, Limitations": less than 30 MB in all. */
static const struct api api = {
	.endpoint = "https://api.sendgrid.com",
	.path = "/v3/mail/send",
	.max = 30 * 1024 * 1024LL,
	.success = "202",
	.errors = errors,
	.error_count = sizeof(errors) / sizeof(*errors),
	.compose = compose,
	.authorize = api_bearer,
	.test_method = "GET",
	.test_path = "/v3/scopes",
	.test_said = test_said,
	.credentials = "apiKey",
	.needs = { "apiKey" },
};

const struct service service_sendgrid = {
	.name = "sendgrid",
	.compose = api_compose,
	.prepare = api_prepare,
	.send = api_send,
	.test = api_test,
	.api = &api,
};
