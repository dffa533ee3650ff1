/*
 * s3_digests - what is done before an object is sent in parts
 *
 * The content is read once before, which compares it with what was accepted
 * and makes the SHA-256 of each part; that is signed with the part, and what
 * has changed when it is sent is found out by it.
 */
#include <stdlib.h>

#include "lib/xalloc.h"

#include "workers/storage/provider.h"

#define PART_SIZE (16 * 1024 * 1024LL)
#define PARTS_MAX 10000
#define ROUND (1024 * 1024LL)	/* bytes; parts are a multiple of these */

static void
parts_plan(struct s3_upload *upload)
{
	const struct extent *content = &upload->attempt->parcel.content;

	upload->part_size = PART_SIZE;
	if (content->length > PART_SIZE * PARTS_MAX)
		upload->part_size = (content->length / PARTS_MAX / ROUND + 1) *
		    ROUND;
	upload->part_count = (size_t)((content->length + upload->part_size -
	    1) / upload->part_size);
	upload->parts = xcalloc(upload->part_count, sizeof(*upload->parts));
	upload->digest = EVP_MD_CTX_new();
	extent_begin(&upload->reader, content);
}

/* How much is missing to the end of the part that is being read. */
static int64_t
digest_room(const struct s3_upload *upload)
{
	int64_t room = upload->part_size -
	    upload->digested % upload->part_size;

	return room < COURIER_CHUNK ? room : COURIER_CHUNK;
}

/* Adds to the part's digest; the last bytes of a part end it. */
static int
digest_add(struct s3_upload *upload, const char *chunk, int64_t length)
{
	int64_t total = upload->attempt->parcel.content.length;
	size_t part = (size_t)(upload->digested / upload->part_size);

	if (upload->digested % upload->part_size == 0 &&
	    EVP_DigestInit_ex(upload->digest, EVP_sha256(), NULL) != 1)
		return -1;
	if (EVP_DigestUpdate(upload->digest, chunk, (size_t)length) != 1)
		return -1;
	upload->digested += length;
	if (upload->digested % upload->part_size != 0 &&
	    upload->digested != total)
		return 0;
	return EVP_DigestFinal_ex(upload->digest, upload->parts[part].sha256,
	    NULL) == 1 ? 0 : -1;
}

int
s3_parts_prepare(struct s3_upload *upload, int64_t *done, struct why *why)
{
	char *chunk = courier_chunk(upload->attempt->courier);
	int64_t got;

	if (upload->part_size == 0)
		parts_plan(upload);
	got = extent_read(&upload->reader, chunk, digest_room(upload), why);
	if (got <= 0)
		return got == 0 ? 1 : -1;
	*done += got;
	return upload->digest != NULL && digest_add(upload, chunk, got) == 0 ?
	    0 : why_set(why, ERROR_UNAVAILABLE, "SHA-256 failed");
}
