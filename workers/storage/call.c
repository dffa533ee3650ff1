/*
 * call - one request to the API of a store in a cloud
 */
#include <openssl/evp.h>

#include <string.h>
#include <strings.h>

#include "lib/url.h"

#include "workers/storage/call.h"
#include "workers/storage/provider.h"

/* --- what libcurl's side calls -------------------------------------------- */

/* Quotes belong to an ETag's form. */
static void
call_header(void *arg, const char *name, const char *value)
{
	struct call *call = arg;
	const struct said_header *header =
	    call->config->provider->cloud->said;
	size_t length = strlen(value);

	if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
		value++;
		length -= 2;
	}
	for (; header->name != NULL; header++)
		if (strcasecmp(name, header->name) == 0 &&
		    length < header->size)
			(void)snprintf((char *)&call->said + header->offset,
			    header->size, "%.*s", (int)length, value);
}

static int64_t
call_read(void *arg, char *out, size_t room)
{
	struct call *call = arg;

	return call->read(call->arg, out, room);
}

static void
call_moved(void *arg, int64_t sent)
{
	struct call *call = arg;

	if (call->moved != NULL)
		call->moved(call->arg, sent);
}

static void
call_done(void *arg, const struct http_answer *answer)
{
	struct call *call = arg;
	const struct cloud *cloud = call->config->provider->cloud;

	if (answer->status == 401 && cloud->refused != NULL)
		cloud->refused(call);
	call->done(call->arg, answer);
}

/* --- the request ---------------------------------------------------------- */

void
call_body(struct call *call, const char *bytes, size_t length)
{
	call->bytes = bytes != NULL ? bytes : "";
	call->length = (int64_t)length;
	(void)EVP_Digest(call->bytes, length, call->sha256, NULL, EVP_sha256(),
	    NULL);
}

const char *
call_endpoint_path(const char *endpoint)
{
	const char *host = strstr(endpoint, "://");

	host = host == NULL ? endpoint : host + 3;
	return host + strcspn(host, "/");
}

int
call_host(const char *endpoint, struct buf *scheme, struct buf *host,
    struct why *why)
{
	struct url url;
	const char *wrong = url_parse(endpoint, &url);

	if (wrong != NULL)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "the destination's config.endpoint %s", wrong);
	buf_str(scheme, url.tls ? "https" : "http");
	buf_str(host, url.host);
	if (url.port != (url.tls ? 443 : 80))
		buf_printf(host, ":%d", url.port);
	return 0;
}

int
call_send(struct call *call, const char *url, struct why *why)
{
	struct http_request request = {
		.url = url,
		.method = call->method,
		.length = call->length,
		.timeout = call->timeout,
		.head = strcmp(call->method, "HEAD") == 0,
		.fresh = call->fresh,
		.tls = call->config->tls,
		.proxy = call->config->proxy,
		.bytes = call->bytes,
		.read = call_read,
		.header = call_header,
		.moved = call_moved,
		.done = call_done,
		.arg = call,
	};
	int result;

	memset(&call->said, 0, sizeof(call->said));
	result = headers_set(&call->headers, "User-Agent",
	    courier_user_agent(call->courier), why);
	request.headers = call->headers.list;
	request.header_count = call->headers.count;
	if (result == 0)
		result = http_start(courier_http(call->courier), &request,
		    why);
	headers_free(&call->headers);
	return result;
}

int
call_start(struct call *call, struct why *why)
{
	int result;

	call->denied = false;
	result = call->config->provider->cloud->start(call, why);
	if (result == -1)
		headers_free(&call->headers);
	return result;
}
