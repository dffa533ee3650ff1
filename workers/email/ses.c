/*
 * ses - mail by "SendEmail" of Amazon SES (API v2)
 *
 * As its SDK writes it, signed by Signature Version 4: so the body is gone
 * through before it is sent.  With an attachment the whole message goes as
 * MIME, as it would by SMTP; whom it goes to, bcc too, stands beside it.  The
 * API has no key that tells one mail from another, so what may have arrived may
 * arrive twice.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/url.h"

#include "workers/common/sigv4.h"
#include "workers/email/api.h"
#include "workers/email/header.h"

/* --- a mail --------------------------------------------------------------- */

/* A name that is not in ASCII has to be in encoded words there. */
static void
put_address(struct buf *out, const char *name,
    const struct mail_address *address)
{
	struct buf text = { 0 };

	header_mailbox(&text, address);
	json_put_string(out, name, text.data);
	buf_free(&text);
}

static void
put_text(struct buf *out, const char *name, const char *text)
{
	json_open(out, name, '{');
	json_put_string(out, "Data", text);
	json_put_string(out, "Charset", "UTF-8");
	json_close(out, '}');
}

static void
put_simple(struct buf *out, const struct message *message)
{
	json_open(out, "Simple", '{');
	put_text(out, "Subject", message->subject.data);
	json_open(out, "Body", '{');
	if (message->parts.text[0] != '\0' || message->parts.html == NULL)
		put_text(out, "Text", message->parts.text);
	if (message->parts.html != NULL)
		put_text(out, "Html", message->parts.html);
	json_close(out, '}');
	json_open(out, "Headers", '[');
	json_open(out, NULL, '{');
	json_put_string(out, "Name", "Auto-Submitted");
	json_put_string(out, "Value", "auto-generated");
	json_close(out, '}');
	json_close(out, ']');
	json_close(out, '}');
}

static void
put_raw(struct encoded *body, struct mime *mime)
{
	json_open(&body->head, "Raw", '{');
	api_put_source(body, "Data");
	body->mime = mime;
	json_close(&body->tail, '}');
	json_close(&body->tail, '}');
	json_close(&body->tail, '}');
}

static int
compose(const struct api_mail *mail, struct encoded *body, struct why *why)
{
	const struct config *config = mail->config;
	struct buf *out = &body->head;

	(void)why;
	json_open(out, NULL, '{');
	put_address(out, "FromEmailAddress", &config->from);
	json_open(out, "Destination", '{');
	api_put_addresses(out, "ToAddresses", &config->to, put_address);
	api_put_addresses(out, "CcAddresses", &config->cc, put_address);
	api_put_addresses(out, "BccAddresses", &config->bcc, put_address);
	json_close(out, '}');
	/* A message in MIME has it in its own headers. */
	if (mail->mime == NULL && config->reply_to.address != NULL) {
		json_open(out, "ReplyToAddresses", '[');
		put_address(out, NULL, &config->reply_to);
		json_close(out, ']');
	}
	json_open(out, "Content", '{');
	if (mail->mime != NULL) {
		put_raw(body, mail->mime);
		return 0;
	}
	put_simple(out, mail->message);
	json_close(out, '}');
	json_close(out, '}');
	return 0;
}

/* --- the signature -------------------------------------------------------- */

static int
authorize(const struct api_call *call, struct headers *headers,
    struct why *why)
{
	const struct config *config = call->config;
	const struct sigv4_key key = { .id = config->key_id,
		.secret = config->secret, .region = config->region,
		.service = "ses" };
	struct sigv4_request request = { .method = call->method,
		.query = "", .sha256 = call->sha256, .now = clock_wall() };
	struct buf host = { 0 }, path = { 0 };
	const char *wrong, *rest;
	struct url url;
	int result;

	wrong = url_parse(config->endpoint, &url);
	if (wrong != NULL)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "the destination's endpoint %s", wrong);
	buf_str(&host, url.host);
	if (url.port != (url.tls ? 443 : 80))
		buf_printf(&host, ":%d", url.port);
	rest = strstr(config->endpoint, "://");
	rest = rest == NULL ? "" : rest + strlen("://");
	buf_printf(&path, "%s%s", rest + strcspn(rest, "/"), call->path);
	request.host = host.data;
	request.path = path.data;
	result = sigv4_sign(&key, &request, headers, why);
	buf_free(&host);
	buf_free(&path);
	return result;
}

/* --- answers -------------------------------------------------------------- */

#define DENIED "AccessDeniedException"
#define SIGNATURE "InvalidSignatureException"
#define CLOCKS "the clocks differ: set this machine's"
#define WRONG_SECRET "the secretAccessKey is not that of the accessKeyId"

/* "SendEmail, Errors" and "Common Errors" of the SES API v2 reference. */
static const struct api_error errors[] = {
	{ 0, "UnrecognizedClientException", NULL, API_AUTH,
	    "it knows no such accessKeyId" },
	{ 0, "InvalidClientTokenId", NULL, API_AUTH,
	    "it knows no such accessKeyId" },
	{ 0, SIGNATURE, "Signature expired", API_AUTH, CLOCKS },
	{ 0, SIGNATURE, "Signature not yet", API_AUTH, CLOCKS },
	{ 0, SIGNATURE, "Credential should be", API_CONFIG,
	    "the region is not the endpoint's" },
	{ 0, SIGNATURE, NULL, API_AUTH, WRONG_SECRET },
	{ 0, "SignatureDoesNotMatch", "Signature expired", API_AUTH, CLOCKS },
	{ 0, "SignatureDoesNotMatch", "Signature not yet", API_AUTH, CLOCKS },
	{ 0, "SignatureDoesNotMatch", NULL, API_AUTH, WRONG_SECRET },
	{ 0, "RequestExpired", NULL, API_AUTH, CLOCKS },
	{ 0, "IncompleteSignature", NULL, API_AUTH,
	    "it does not accept the credentials" },
	{ 0, "MissingAuthenticationTokenException", NULL, API_AUTH,
	    "it does not accept the credentials" },
	{ 0, "ExpiredTokenException", NULL, API_AUTH,
	    "the accessKeyId has expired" },
	{ 0, DENIED, NULL, API_AUTH, "the key may not do that: it needs "
	    "ses:SendEmail and ses:SendRawEmail on the sender's identity" },
	{ 0, "NotAuthorized", NULL, API_AUTH, "the key may not do that" },
	{ 0, "OptInRequired", NULL, API_AUTH,
	    "the key's account does not have the service" },
	{ 0, "TooManyRequestsException", NULL, API_SLOWER,
	    "it asks for fewer requests" },
	{ 0, "ThrottlingException", NULL, API_SLOWER,
	    "it asks for fewer requests" },
	{ 0, "LimitExceededException", NULL, API_SLOWER,
	    "a limit of the account is reached" },
	{ 0, "AccountSuspendedException", NULL, API_LATER,
	    "the account may not send any more" },
	{ 0, "SendingPausedException", NULL, API_LATER,
	    "sending is paused for the account" },
	{ 0, "MailFromDomainNotVerifiedException", NULL, API_CONFIG,
	    "the domain of from is not verified there" },
	{ 0, "MessageRejected", "Email address is not verified", API_CONFIG,
	    "an address is not verified there: from, or in a sandbox any" },
	{ 0, "MessageRejected", NULL, API_NEVER, "it does not take the mail" },
	{ 0, "NotFoundException", NULL, API_CONFIG,
	    "something that it was asked for is not there" },
	{ 0, "BadRequestException", NULL, API_NEVER,
	    "it does not take the mail" },
};

static const char *
test_said(const struct json *json)
{
	return json_boolean(json_get(json, "SendingEnabled"), true) ? NULL :
	    "sending is paused for the account";
}

/*
 * The limit: "Service quotas in Amazon SES": 40 MB for a message, in base64.
 * A key that may send need not be allowed to ask for the account: its
 * signature was good then.
 */
static const struct api api = {
	.endpoint = "https://email.%.amazonaws.com",
	.path = "/v2/email/outbound-emails",
	.max = 40 * 1024 * 1024LL,
	.of_mime = true,
	.attaches_mime = true,
	.signs = true,
	.success = "200",
	.id = "MessageId",
	.errors = errors,
	.error_count = sizeof(errors) / sizeof(*errors),
	.compose = compose,
	.authorize = authorize,
	.test_method = "GET",
	.test_path = "/v2/email/account",
	.test_error = DENIED,
	.test_said = test_said,
	.credentials = "accessKeyId or secretAccessKey",
	.needs = { "region", "accessKeyId", "secretAccessKey" },
};

const struct service service_ses = {
	.name = "ses",
	.compose = api_compose,
	.prepare = api_prepare,
	.send = api_send,
	.test = api_test,
	.api = &api,
};
