/*
 * api - services that take mail by HTTP: composing, sending
 *
 * Where a request is signed its body is gone through before, in slices; what
 * is sent is read again, and compared with what was accepted each time.
 */
#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/xalloc.h"

#include "workers/email/api.h"
#include "workers/email/delivery.h"

static const struct api *
api_of(const struct config *config)
{
	return config->service->api;
}

/* --- composing ------------------------------------------------------------ */

void
api_put_source(struct encoded *body, const char *name)
{
	json_put_string(&body->head, name, "");
	body->head.data[--body->head.len] = '\0';
	buf_char(&body->tail, '"');
}

void
api_put_person(struct buf *out, const char *name,
    const struct mail_address *address)
{
	if (address->address == NULL)
		return;
	json_open(out, name, '{');
	json_put_string(out, "email", address->address);
	json_put_string(out, "name", address->name);
	json_close(out, '}');
}

void
api_put_addresses(struct buf *out, const char *name,
    const struct config_addresses *addresses, api_address *put)
{
	if (addresses->count == 0)
		return;
	json_open(out, name, '[');
	for (size_t i = 0; i < addresses->count; i++)
		put(out, NULL, &addresses->list[i]);
	json_close(out, ']');
}

/* The provider's limit, and the destination's own. */
static int
check_size(const struct config *config, const struct encoded *body,
    struct why *why)
{
	const struct api *api = api_of(config);
	int64_t request = encoded_length(body);
	int64_t mail = api->of_mime && body->mime != NULL ?
	    mime_length(body->mime) : request;

	if (api->max != 0 && mail > api->max)
		return why_field(why, "payload", "the mail would have %lld "
		    "bytes, more than the %lld that %s takes", (long long)mail,
		    (long long)api->max, config->service->name);
	if (config->max_size != 0 && request > config->max_size)
		return why_field(why, "payload", "the request would have %lld "
		    "bytes, more than the destination's maxMessageSize of "
		    "%lld", (long long)request, (long long)config->max_size);
	return 0;
}

int
api_compose(struct attempt *attempt, struct why *why)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	struct message message = { 0 };
	struct buf id = { 0 };
	struct api_mail mail = { .config = config, .message = &message };
	char text[ID_LENGTH + 1];
	int result;

	id_format(&attempt->facts.id, text);
	message_id(&id, config, text, attempt->text[ATTEMPT_destination]);
	mail.message_id = id.data;
	if (api_of(config)->attaches_mime && message_attaches(attempt)) {
		result = message_compose(&delivery->mime, attempt,
		    &delivery->data, why);
		mail.mime = &delivery->mime;
		mail.message = NULL;
	} else
		result = message_render(&message, attempt, &delivery->data,
		    why);
	if (result == 0)
		result = api_of(config)->compose(&mail, &delivery->body, why);
	if (result == 0)
		result = check_size(config, &delivery->body, why);
	encoded_rewind(&delivery->body);
	message_free(&message);
	buf_free(&id);
	return result;
}

int
api_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct delivery *delivery = attempt->state;
	char *chunk = courier_chunk(attempt->courier);
	int64_t got;

	if (!api_of(attempt->config)->signs)
		return 1;
	if (delivery->digest == NULL) {
		delivery->digest = EVP_MD_CTX_new();
		if (delivery->digest == NULL || EVP_DigestInit_ex(
		    delivery->digest, EVP_sha256(), NULL) != 1)
			return why_set(why, ERROR_INTERNAL_ERROR,
			    "SHA-256 failed");
	}
	got = encoded_read(&delivery->body, chunk, COURIER_CHUNK, why);
	if (got == -1)
		return -1;
	*done += got;
	if (EVP_DigestUpdate(delivery->digest, chunk, (size_t)got) != 1 ||
	    (got == 0 && EVP_DigestFinal_ex(delivery->digest,
	    delivery->call.sha256, NULL) != 1))
		return why_set(why, ERROR_INTERNAL_ERROR, "SHA-256 failed");
	if (got == 0)
		encoded_rewind(&delivery->body);
	return got == 0 ? 1 : 0;
}

void
api_digest(struct api_call *call)
{
	const struct buf *text = call->body != NULL ? &call->body->head :
	    NULL;

	(void)EVP_Digest(text != NULL ? text->data : "", text != NULL ?
	    text->len : 0, call->sha256, NULL, EVP_sha256(), NULL);
}

/* --- a call --------------------------------------------------------------- */

static const struct {
	const char	*name;
	size_t		 offset;
} said_headers[] = {
	{ "X-Message-Id", offsetof(struct api_said, message_id) },
	{ "X-Amzn-ErrorType", offsetof(struct api_said, error_type) },
	{ "X-RateLimit-Reset", offsetof(struct api_said, reset_at) },
	{ "RateLimit-Reset", offsetof(struct api_said, reset_in) },
};

static void
call_header(void *arg, const char *name, const char *value)
{
	struct api_call *call = arg;

	for (size_t i = 0; i < sizeof(said_headers) / sizeof(*said_headers);
	    i++)
		if (strcasecmp(name, said_headers[i].name) == 0 &&
		    strlen(value) < API_SAID_MAX)
			(void)snprintf((char *)&call->said +
			    said_headers[i].offset, API_SAID_MAX, "%s",
			    value);
}

static int64_t
call_read(void *arg, char *out, size_t room)
{
	struct api_call *call = arg;

	return encoded_read(call->body, out, room, &call->broken);
}

static void
call_moved(void *arg, int64_t sent)
{
	struct api_call *call = arg;

	if (call->moved != NULL)
		call->moved(call->arg, sent);
}

static void
call_done(void *arg, const struct http_answer *answer)
{
	struct api_call *call = arg;

	call->done(call->arg, answer);
}

int
api_bearer(const struct api_call *call, struct headers *headers,
    struct why *why)
{
	struct buf value = { 0 };
	int result;

	buf_printf(&value, "Bearer %s", call->config->api_key);
	result = headers_set(headers, "Authorization", value.data, why);
	buf_wipe(&value);
	return result;
}

static int
call_headers(const struct api_call *call, struct headers *headers,
    struct why *why)
{
	if (call->body != NULL && headers_set(headers, "Content-Type",
	    "application/json", why) == -1)
		return -1;
	if (api_of(call->config)->authorize(call, headers, why) == -1)
		return -1;
	/* A proxy may change it, so it is signed by nobody. */
	return headers_set(headers, "User-Agent",
	    courier_user_agent(call->courier), why);
}

/* A body that is all in memory goes in one piece with the headers. */
static void
call_body(struct api_call *call, struct http_request *request)
{
	const struct encoded *body = call->body;

	request->bytes = "";
	if (body == NULL)
		return;
	request->length = encoded_length(body);
	request->bytes = body->extent == NULL && body->mime == NULL ?
	    body->head.data : NULL;
}

int
api_start(struct api_call *call, struct why *why)
{
	char *url = xasprintf("%s%s", call->config->endpoint, call->path);
	struct headers headers = { 0 };
	struct http_request request = {
		.url = url,
		.method = call->method,
		.timeout = call->timeout,
		.head = strcmp(call->method, "HEAD") == 0,
		.fresh = call->fresh,
		.tls = call->config->server.tls,
		.proxy = call->config->server.proxy,
		.read = call_read,
		.header = call_header,
		.moved = call_moved,
		.done = call_done,
		.arg = call,
	};
	int result;

	memset(&call->said, 0, sizeof(call->said));
	call_body(call, &request);
	result = call_headers(call, &headers, why);
	if (result == 0) {
		request.headers = headers.list;
		request.header_count = headers.count;
		result = http_start(courier_http(call->courier), &request,
		    why);
	}
	headers_free(&headers);
	free(url);
	return result;
}

/* --- sending -------------------------------------------------------------- */

static void
send_moved(void *arg, int64_t sent)
{
	attempt_moved(arg, sent);
}

static void
send_done(void *arg, const struct http_answer *answer)
{
	struct attempt *attempt = arg;
	const struct delivery *delivery = attempt->state;
	struct link_record record;
	struct verdict_text text;
	struct why why;

	if (answer->stopped) {
		why = delivery->call.broken;	/* it goes with the attempt */
		attempt_fail(attempt, &why);
		return;
	}
	link_init(&record, LINK_outcome);
	api_verdict(&delivery->call, answer,
	    courier_permanent(attempt->courier), &record, &text);
	attempt_end(attempt, &record);
	buf_free(&text.remote);
}

void
api_send(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	struct api_call *call = &delivery->call;
	char id[ID_LENGTH + 1];
	struct why why;

	id_format(&attempt->facts.id, id);
	(void)snprintf(call->key, sizeof(call->key), "%s.%s", id,
	    attempt->text[ATTEMPT_destination]);
	call->courier = attempt->courier;
	call->config = config;
	call->method = "POST";
	call->path = api_of(config)->path;
	call->body = &delivery->body;
	call->timeout = attempt->facts.timeout;
	call->moved = send_moved;
	call->done = send_done;
	call->arg = attempt;
	if (api_start(call, &why) == -1)
		attempt_fail(attempt, &why);
}
