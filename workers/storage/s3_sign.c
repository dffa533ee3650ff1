/*
 * s3_sign - a call to S3, signed
 *
 * The URL is put together from the parts that are signed, so that what is sent
 * is what was signed.
 */
#include <string.h>

#include "lib/clock.h"

#include "workers/common/sigv4.h"
#include "workers/storage/provider.h"
#include "workers/storage/s3.h"

/* The Host header, and the path of the key. */
static int
call_place(const struct call *call, struct buf *scheme, struct buf *host,
    struct buf *path, struct why *why)
{
	const struct s3_config *s3 = &call->config->s3;

	if (!s3->path_style)
		buf_printf(host, "%s.", s3->bucket);
	if (call_host(s3->endpoint, scheme, host, why) == -1)
		return -1;
	buf_str(path, call_endpoint_path(s3->endpoint));
	if (s3->path_style)
		buf_printf(path, "/%s", s3->bucket);
	buf_printf(path, "/%s", call->key);
	return 0;
}

/* All but the agent is signed. */
static int
s3_sign(struct call *call, const char *host, const char *path,
    struct why *why)
{
	const struct s3_config *s3 = &call->config->s3;
	const struct sigv4_key key = { .id = s3->key_id,
		.secret = s3->secret, .token = s3->token,
		.region = s3->region, .service = "s3" };
	const struct sigv4_request request = { .method = call->method,
		.host = host, .path = path, .query = call->query,
		.sha256 = call->sha256, .now = clock_wall() };

	return sigv4_sign(&key, &request, &call->headers, why);
}

int
s3_start(struct call *call, struct why *why)
{
	struct buf url = { 0 }, host = { 0 }, path = { 0 };
	int result;

	result = call_place(call, &url, &host, &path, why);
	if (result == 0)
		result = s3_sign(call, host.data, path.data, why);
	if (result == 0) {
		buf_printf(&url, "://%s%s%s%s", host.data, path.data,
		    call->query[0] != '\0' ? "?" : "", call->query);
		result = call_send(call, url.data, why);
	}
	buf_free(&url);
	buf_free(&host);
	buf_free(&path);
	return result;
}
