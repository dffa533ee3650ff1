/*
 * s3_sweep - gives up uploads that attempts before this one left
 *
 * Whatever is on its way to the ticket's own key is taken for theirs: who else
 * has a ticket for the same key has its parts refused, and sends them again.
 * One is given up, then the server is asked anew, until there is none.  Where
 * it does not tell, the upload begins nevertheless: it is no reason to wait.
 */
#include <string.h>

#include "workers/common/sigv4.h"
#include "workers/storage/provider.h"
#include "workers/storage/s3.h"

#define SWEPT_MAX 16
#define ID_MAX 1024		/* bytes of an upload's id */
#define KEY_MAX 2048

/* Of the bucket where `key` is "". */
static int
sweep_start(struct upload *upload, const char *method, const char *key,
    void (*done)(struct upload *, const struct http_answer *))
{
	struct headers headers = { 0 };
	struct call *call = &upload->call;
	struct why why;

	call_body(call, NULL, 0);
	call->method = method;
	call->key = key;
	call->query = upload->query.data;
	if (headers_set(&headers, "Content-Type", TYPE_UNKNOWN, &why) == 0 &&
	    upload_start(upload, &headers, done, &why) == 0)
		return 0;
	headers_free(&headers);
	return -1;
}

static void
abort_done(struct upload *upload, const struct http_answer *answer)
{
	if (answer->status / 100 == 2 && ++upload->swept < SWEPT_MAX)
		s3_sweep(upload);
	else
		parts_create(upload);
}

/* The id of an upload to that key; false: there is none. */
static bool
find_left(const struct buf *answer, const char *key, char *id, size_t size)
{
	const char *rest = answer->data;
	char other[KEY_MAX];

	while (rest != NULL && (rest = strstr(rest, "<Upload>")) != NULL) {
		const char *at = rest += strlen("<Upload>");

		if (answer_element(&at, "Key", other, sizeof(other)) &&
		    strcmp(other, key) == 0) {
			at = rest;
			return answer_element(&at, "UploadId", id, size);
		}
	}
	return false;
}

static void
list_done(struct upload *upload, const struct http_answer *answer)
{
	const struct stored *stored = upload->attempt->state;
	char id[ID_MAX];

	if (answer->status != 200 || !find_left(&answer->body,
	    stored->path.data, id, sizeof(id))) {
		parts_create(upload);
		return;
	}
	buf_clear(&upload->query);
	buf_str(&upload->query, "uploadId=");
	sigv4_encode(&upload->query, id);
	if (sweep_start(upload, "DELETE", upload->key.data, abort_done) == -1)
		parts_create(upload);
}

void
s3_sweep(struct upload *upload)
{
	const struct stored *stored = upload->attempt->state;

	buf_clear(&upload->query);
	buf_str(&upload->query, "prefix=");
	sigv4_encode(&upload->query, stored->path.data);
	buf_str(&upload->query, "&uploads=");
	if (sweep_start(upload, "GET", "", list_done) == -1)
		parts_create(upload);
}
