/*
 * resend - mail by Resend's "Send Email"
 *
 * As its SDK writes it.  Every attempt has the same Idempotency-Key and the
 * same body, so for a day nothing arrives twice.  A Message-ID is not among the
 * headers that it says it takes, so it gives one of its own.
 */
#include <string.h>

#include "workers/email/api.h"

/* --- a mail --------------------------------------------------------------- */

/* `Name <user@host>`, the name in quotes where it has specials (RFC 5322). */
static void
put_address(struct buf *out, const char *name,
    const struct mail_address *address)
{
	struct buf text = { 0 };
	const char *quote = address->name != NULL &&
	    strpbrk(address->name, "()<>[]:;@,.\"\\") != NULL ? "\"" : "";

	if (address->address == NULL)
		return;
	if (address->name != NULL)
		buf_printf(&text, "%s%s%s <%s>", quote, address->name, quote,
		    address->address);
	else
		buf_str(&text, address->address);
	json_put_string(out, name, text.data);
	buf_free(&text);
}

static void
put_attachment(struct encoded *body, const struct mime_parts *parts)
{
	struct buf *out = &body->head;

	json_open(out, "attachments", '[');
	json_open(out, NULL, '{');
	json_put_string(out, "filename", parts->name);
	json_put_string(out, "content_type", parts->type);
	api_put_source(body, "content");
	json_close(&body->tail, '}');
	json_close(&body->tail, ']');
	json_close(&body->tail, '}');
	body->extent = parts->attachment;
}

/* It takes no mail without a text: a blank is what nothing looks like. */
static int
compose(const struct api_mail *mail, struct encoded *body, struct why *why)
{
	const struct config *config = mail->config;
	const struct mime_parts *parts = &mail->message->parts;
	bool html = parts->html != NULL && parts->html[0] != '\0';
	struct buf *out = &body->head;

	(void)why;
	json_open(out, NULL, '{');
	put_address(out, "from", &config->from);
	api_put_addresses(out, "to", &config->to, put_address);
	api_put_addresses(out, "cc", &config->cc, put_address);
	api_put_addresses(out, "bcc", &config->bcc, put_address);
	put_address(out, "reply_to", &config->reply_to);
	json_put_string(out, "subject", mail->message->subject.data);
	json_put_string(out, "text", parts->text[0] != '\0' || html ?
	    parts->text : " ");
	if (html)
		json_put_string(out, "html", parts->html);
	json_open(out, "headers", '{');
	json_put_string(out, "Auto-Submitted", "auto-generated");
	json_close(out, '}');
	if (parts->attachment != NULL)
		put_attachment(body, parts);
	else
		json_close(out, '}');
	return 0;
}

static int
authorize(const struct api_call *call, struct headers *headers,
    struct why *why)
{
	if (call->key[0] != '\0' && headers_set(headers, "Idempotency-Key",
	    call->key, why) == -1)
		return -1;
	return api_bearer(call, headers, why);
}

/* --- answers -------------------------------------------------------------- */

#define RESTRICTED "restricted_api_key"

/* "Resend API Reference, Errors", and its page on idempotency keys. */
static const struct api_error errors[] = {
	{ 0, "validation_error", "API key is invalid", API_AUTH, NULL },
	{ 0, "missing_api_key", NULL, API_AUTH, NULL },
	{ 0, "invalid_api_key", NULL, API_AUTH, NULL },
	{ 0, RESTRICTED, NULL, API_AUTH, "the apiKey may not do that" },
	{ 403, "validation_error", NULL, API_CONFIG, "the domain of from is "
	    "not verified there, or the account may send to its owner only" },
	{ 0, "invalid_from_address", NULL, API_CONFIG,
	    "it does not take from" },
	{ 0, "invalid_idempotent_request", NULL, VERDICT_failed,
	    ERROR_CONFLICT, 0, "an earlier attempt has arrived, with what the "
	    "destination's settings made of it then" },
	{ 0, "concurrent_idempotent_requests", NULL, API_LATER,
	    "an earlier attempt is still under way there" },
	{ 0, "daily_quota_exceeded", NULL, API_SLOWER,
	    "the account's mails for today are used up" },
	{ 0, "monthly_quota_exceeded", NULL, API_SLOWER,
	    "the account's mails for this month are used up" },
	{ 0, "rate_limit_exceeded", NULL, API_SLOWER,
	    "it asks for fewer requests" },
	{ 0, "security_error", NULL, API_NEVER, "it does not take the mail" },
	{ 409, NULL, NULL, API_LATER, "it is busy with the same" },
};

/*
 * The limit: "Attachments": 40 MB for a mail, after they are in base64.  A key
 * that may only send is told so when it asks for domains: it is a good one.
 */
static const struct api api = {
	.endpoint = "https://api.resend.com",
	.path = "/emails",
	.max = 40 * 1024 * 1024LL,
	.success = "200",
	.id = "id",
	.errors = errors,
	.error_count = sizeof(errors) / sizeof(*errors),
	.compose = compose,
	.authorize = authorize,
	.test_method = "GET",
	.test_path = "/domains",
	.test_error = RESTRICTED,
	.credentials = "apiKey",
	.needs = { "apiKey" },
};

const struct service service_resend = {
	.name = "resend",
	.compose = api_compose,
	.prepare = api_prepare,
	.send = api_send,
	.test = api_test,
	.api = &api,
};
