/*
 * azure_sign - a call to Azure Storage, with a Shared Key or a SAS
 */
#include <string.h>

#include "lib/clock.h"

#include "workers/common/sharedkey.h"
#include "workers/storage/azure.h"
#include "workers/storage/provider.h"

/* What SharedKey, blocks of 16 MiB and more, and Content-MD5 are known from;
 * the emulator refuses what is younger than itself. */
#define VERSION "2021-12-02"

/* What has no body has a type all the same, libcurl's own if not this. */
static int
set_headers(struct call *call, struct why *why)
{
	if (headers_set(&call->headers, "X-Ms-Version", VERSION, why) == -1)
		return -1;
	return strcmp(call->method, "GET") != 0 &&
	    strcmp(call->method, "DELETE") != 0 ? 0 :
	    headers_set(&call->headers, "Content-Type", TYPE_UNKNOWN, why);
}

static int
azure_sign(struct call *call, const char *path, struct why *why)
{
	const struct azure_config *azure = &call->config->azure;
	const struct sharedkey key = { .account = azure->account,
		.key = azure->key };
	const struct sharedkey_request request = { .method = call->method,
		.path = path, .query = call->query, .length = call->length,
		.now = clock_wall() };

	return azure->key != NULL ?
	    sharedkey_sign(&key, &request, &call->headers, why) :
	    sharedkey_date(request.now, &call->headers, why);
}

/* The SAS is what a URL ends with, and no header may have it. */
int
azure_start(struct call *call, struct why *why)
{
	const struct azure_config *azure = &call->config->azure;
	struct buf url = { 0 }, host = { 0 }, path = { 0 };
	const char *sas = azure->key == NULL ? azure->sas : NULL;
	int result;

	buf_printf(&path, "%s/%s/%s", call_endpoint_path(azure->endpoint),
	    azure->container, call->key);
	result = call_host(azure->endpoint, &url, &host, why);
	if (result == 0)
		result = set_headers(call, why);
	if (result == 0)
		result = azure_sign(call, path.data, why);
	if (result == 0) {
		buf_printf(&url, "://%s%s%s%s", host.data, path.data,
		    call->query[0] != '\0' ? "?" : "", call->query);
		if (sas != NULL)
			buf_printf(&url, "%c%s", call->query[0] != '\0' ?
			    '&' : '?', sas);
		result = call_send(call, url.data, why);
	}
	buf_wipe(&url);
	buf_free(&host);
	buf_free(&path);
	return result;
}
