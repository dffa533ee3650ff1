/*
 * s3_resume - goes on with the upload of an attempt that was killed
 *
 * Its id is this ticket's own, and so are its parts: the content is what was
 * accepted, and the server compared each part's SHA-256 when it took it.  Where
 * nobody remembers the id, or the server has forgotten it, whatever was left is
 * given up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/common/sigv4.h"
#include "workers/storage/provider.h"
#include "workers/storage/s3.h"

#define KEPT_AS "s3"		/* the upload's id */
#define PAGE 128		/* parts of one answer, which is bounded */

static void	 list_start(struct upload *, size_t after);

void
s3_keep(struct upload *upload)
{
	upload_keep(upload, KEPT_AS, upload->id);
}

static int64_t
part_length(const struct upload *upload, size_t at)
{
	int64_t left = upload->attempt->parcel.content.length -
	    (int64_t)at * upload->part_size;

	return left < upload->part_size ? left : upload->part_size;
}

/* The text of an element within that one; "" if it has none. */
static void
inner(const char *xml, const char *name, char *out, size_t size)
{
	if (!answer_element(&xml, name, out, size))
		out[0] = '\0';
}

/* As its header has it, but quoted. */
static bool
take_tag(struct part *part, const char *quoted)
{
	size_t length = strlen(quoted);

	if (length < 2 || quoted[0] != '"' || quoted[length - 1] != '"')
		return false;
	(void)snprintf(part->etag, sizeof(part->etag), "%.*s",
	    (int)length - 2, quoted + 1);
	return s3_is_tag(part->etag);
}

/* Reads one element Part; its number, or 0 if it is none of this upload's. */
static size_t
take_part(struct upload *upload, const char *xml)
{
	char number[16], size[32], tag[TAG_MAX], digest[TAG_MAX];
	struct part *part;
	size_t found;

	inner(xml, "PartNumber", number, sizeof(number));
	inner(xml, "Size", size, sizeof(size));
	inner(xml, "ETag", tag, sizeof(tag));
	inner(xml, "ChecksumSHA256", digest, sizeof(digest));
	found = strtoull(number, NULL, 10);
	if (found == 0 || found > upload->part_count)
		return 0;
	part = &upload->parts[found - 1];
	part->there = strtoll(size, NULL, 10) ==
	    part_length(upload, found - 1) && (digest[0] == '\0' ||
	    s3_is_digest(digest, part->sha256)) && take_tag(part, tag);
	part->summed = digest[0] != '\0';
	return found;
}

static void
list_done(struct upload *upload, const struct http_answer *answer)
{
	const char *rest = answer->status == 200 ? answer->body.data : NULL;
	size_t last = 0, count = 0;

	if (rest == NULL) {
		parts_forget(upload);
		s3_sweep(upload);
		return;
	}
	while ((rest = strstr(rest, "<Part>")) != NULL) {
		const char *end = strstr(rest, "</Part>");
		char *element;
		size_t number;

		if (end == NULL)
			break;		/* more than is read of an answer */
		element = xstrndup(rest, (size_t)(end - rest));
		number = take_part(upload, element);
		free(element);
		if (number > last)
			last = number;
		count++;
		rest = end;
	}
	/* A server that pays no heed to where it is to go on has told all. */
	if (count == PAGE && last > upload->listed)
		list_start(upload, last);
	else
		parts_next(upload, answer);
}

static void
list_start(struct upload *upload, size_t after)
{
	struct headers headers = { 0 };
	struct call *call = &upload->call;
	struct why why;

	upload->listed = after;
	buf_clear(&upload->query);
	buf_printf(&upload->query, "max-parts=%d&part-number-marker=%zu&"
	    "uploadId=", PAGE, after);
	sigv4_encode(&upload->query, upload->id);
	call_body(call, NULL, 0);
	call->method = "GET";
	call->key = upload->key.data;
	call->query = upload->query.data;
	if (headers_set(&headers, "Content-Type", TYPE_UNKNOWN, &why) == 0 &&
	    upload_start(upload, &headers, list_done, &why) == 0)
		return;
	headers_free(&headers);
	parts_give_up(upload, &why);
}

void
s3_recover(struct upload *upload)
{
	const char *kept = upload_kept(upload, KEPT_AS);

	if (kept == NULL) {
		s3_sweep(upload);
		return;
	}
	upload->id = xstrdup(kept);
	list_start(upload, 0);
}
