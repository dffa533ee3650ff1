/*
 * s3_request - one request to S3, signed
 *
 * The URL is put together from the parts that are signed, so that what is sent
 * is what was signed.
 */
#include <openssl/evp.h>

#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/url.h"

#include "workers/storage/s3_request.h"

/* --- what libcurl's side calls -------------------------------------------- */

static const struct {
	const char	*name;
	size_t		 offset;
} said_headers[] = {
	{ "ETag", offsetof(struct s3_said, etag) },
	{ "X-Amz-Version-Id", offsetof(struct s3_said, version) },
	{ "X-Amz-Checksum-Sha256", offsetof(struct s3_said, sha256) },
	{ S3_META_SHA256, offsetof(struct s3_said, own_sha256) },
	{ S3_META_MARK, offsetof(struct s3_said, mark) },
	{ "Content-Length", offsetof(struct s3_said, length) },
	{ "Date", offsetof(struct s3_said, date) },
};

/* Quotes belong to an ETag's form. */
static void
call_header(void *arg, const char *name, const char *value)
{
	struct s3_call *call = arg;
	size_t length = strlen(value);

	if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
		value++;
		length -= 2;
	}
	for (size_t i = 0; i < sizeof(said_headers) / sizeof(*said_headers);
	    i++)
		if (strcasecmp(name, said_headers[i].name) == 0 &&
		    length < S3_TAG_MAX)
			(void)snprintf((char *)&call->said +
			    said_headers[i].offset, S3_TAG_MAX, "%.*s",
			    (int)length, value);
}

static int64_t
call_read(void *arg, char *out, size_t room)
{
	struct s3_call *call = arg;

	return call->read(call->arg, out, room);
}

static void
call_moved(void *arg, int64_t sent)
{
	struct s3_call *call = arg;

	if (call->moved != NULL)
		call->moved(call->arg, sent);
}

static void
call_done(void *arg, const struct http_answer *answer)
{
	struct s3_call *call = arg;

	call->done(call->arg, answer);
}

/* --- the request ---------------------------------------------------------- */

void
s3_body(struct s3_call *call, const char *bytes, size_t length)
{
	call->bytes = bytes != NULL ? bytes : "";
	call->length = (int64_t)length;
	(void)EVP_Digest(call->bytes, length, call->sha256, NULL, EVP_sha256(),
	    NULL);
}

/* Where the endpoint's own path begins. */
static const char *
endpoint_path(const char *endpoint)
{
	const char *host = strstr(endpoint, "://");

	host = host == NULL ? endpoint : host + 3;
	return host + strcspn(host, "/");
}

/* The Host header, and the path of the key. */
static int
call_place(const struct s3_call *call, struct buf *scheme, struct buf *host,
    struct buf *path, struct why *why)
{
	const struct s3_config *s3 = &call->config->s3;
	const char *wrong;
	struct url url;

	wrong = url_parse(s3->endpoint, &url);
	if (wrong != NULL)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "the destination's config.endpoint %s", wrong);
	buf_str(scheme, url.tls ? "https" : "http");
	buf_printf(host, "%s%s%s", s3->path_style ? "" : s3->bucket,
	    s3->path_style ? "" : ".", url.host);
	if (url.port != (url.tls ? 443 : 80))
		buf_printf(host, ":%d", url.port);
	buf_str(path, endpoint_path(s3->endpoint));
	if (s3->path_style)
		buf_printf(path, "/%s", s3->bucket);
	buf_printf(path, "/%s", call->key);
	return 0;
}

static int
call_request(struct s3_call *call, const char *url, struct why *why)
{
	struct http_request request = {
		.url = url,
		.method = call->method,
		.headers = call->headers.list,
		.header_count = call->headers.count,
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

	return http_start(courier_http(call->courier), &request, why);
}

/* All but the agent is signed. */
static int
call_sign(struct s3_call *call, const char *host, const char *path,
    struct why *why)
{
	const struct s3_config *s3 = &call->config->s3;
	const struct sigv4_key key = { .id = s3->key_id,
		.secret = s3->secret, .token = s3->token,
		.region = s3->region, .service = "s3" };
	const struct sigv4_request request = { .method = call->method,
		.host = host, .path = path, .query = call->query,
		.sha256 = call->sha256, .now = clock_wall() };

	if (sigv4_sign(&key, &request, &call->headers, why) == -1)
		return -1;
	return headers_set(&call->headers, "User-Agent",
	    courier_user_agent(call->courier), why);
}

int
s3_start(struct s3_call *call, struct why *why)
{
	struct buf url = { 0 }, host = { 0 }, path = { 0 };
	int result;

	memset(&call->said, 0, sizeof(call->said));
	result = call_place(call, &url, &host, &path, why);
	if (result == 0)
		result = call_sign(call, host.data, path.data, why);
	if (result == 0) {
		buf_printf(&url, "://%s%s%s%s", host.data, path.data,
		    call->query[0] != '\0' ? "?" : "", call->query);
		result = call_request(call, url.data, why);
	}
	headers_free(&call->headers);
	buf_free(&url);
	buf_free(&host);
	buf_free(&path);
	return result;
}
