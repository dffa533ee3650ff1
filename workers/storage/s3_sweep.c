/*
 * s3_sweep - gives up uploads that attempts before this one left
 *
 * Whatever is on its way to the ticket's own key is taken for theirs: who else
 * has a ticket for the same key has its parts refused, and sends them again.
 * One is given up, then the server is asked anew, until there is none.  Where
 * it does not tell, the upload begins nevertheless: it is no reason to wait.
 */
#include <string.h>

#include "workers/storage/provider.h"

#define SWEPT_MAX 16
#define ID_MAX 1024		/* bytes of an upload's id */
#define KEY_MAX 2048

static void	 list_start(struct s3_upload *);

static int
sweep_start(struct s3_upload *upload, const char *method, void (*done)(void *,
    const struct http_answer *))
{
	struct headers headers = { 0 };
	struct why why;

	s3_body(&upload->call, NULL, 0);
	if (headers_set(&headers, "Content-Type", TYPE_UNKNOWN, &why) == 0 &&
	    s3_upload_start(upload, method, upload->query.data, &headers,
	    done, &why) == 0)
		return 0;
	headers_free(&headers);
	return -1;
}

static void
abort_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;

	if (answer->status / 100 == 2 && ++upload->swept < SWEPT_MAX)
		list_start(upload);
	else
		s3_parts_create(upload);
}

/* The id of an upload to that key; false: there is none. */
static bool
find_left(const struct buf *answer, const char *key, char *id, size_t size)
{
	struct buf rest = { .data = answer->data };
	char other[KEY_MAX];

	while (rest.data != NULL &&
	    (rest.data = strstr(rest.data, "<Upload>")) != NULL) {
		rest.data += strlen("<Upload>");
		if (s3_element(&rest, "Key", other, sizeof(other)) &&
		    strcmp(other, key) == 0)
			return s3_element(&rest, "UploadId", id, size);
	}
	return false;
}

static void
list_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;
	const struct stored *stored = upload->attempt->state;
	char id[ID_MAX];

	if (answer->status != 200 || !find_left(&answer->body,
	    stored->path.data, id, sizeof(id))) {
		s3_parts_create(upload);
		return;
	}
	buf_clear(&upload->query);
	buf_str(&upload->query, "uploadId=");
	sigv4_encode(&upload->query, id);
	if (sweep_start(upload, "DELETE", abort_done) == -1)
		s3_parts_create(upload);
}

static void
list_start(struct s3_upload *upload)
{
	const struct stored *stored = upload->attempt->state;
	int result;

	buf_clear(&upload->query);
	buf_str(&upload->query, "prefix=");
	sigv4_encode(&upload->query, stored->path.data);
	buf_str(&upload->query, "&uploads=");
	upload->of_bucket = true;
	result = sweep_start(upload, "GET", list_done);
	upload->of_bucket = false;
	if (result == -1)
		s3_parts_create(upload);
}

void
s3_sweep(struct s3_upload *upload)
{
	list_start(upload);
}
