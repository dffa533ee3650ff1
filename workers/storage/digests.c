/*
 * digests - what is done before a content is sent
 *
 * Where it goes in parts, or its MD5 has to be told before it, the content is
 * read once before, which compares it with what was accepted and makes the
 * SHA-256 of each part: what has changed when that is sent is found out by it.
 */
#include <stdlib.h>

#include "lib/xalloc.h"

#include "workers/storage/upload.h"

#define PART_SIZE (16 * 1024 * 1024LL)
#define ROUND (1024 * 1024LL)	/* bytes; parts are a multiple of these */

static void
digests_plan(struct upload *upload)
{
	const struct extent *content = &upload->attempt->parcel.content;
	int64_t most = (int64_t)upload->cloud->parts_max;

	upload->part_size = PART_SIZE;
	if (!upload->parted)
		upload->part_size = content->length + 1;
	else if (content->length > PART_SIZE * most)
		upload->part_size = (content->length / most / ROUND + 1) *
		    ROUND;
	upload->part_count = (size_t)((content->length + upload->part_size -
	    1) / upload->part_size);
	upload->parts = xcalloc(upload->part_count + 1,
	    sizeof(*upload->parts));
	if (upload->parted)
		upload->sha256 = EVP_MD_CTX_new();
	if (upload->parted && upload->cloud->part_md5)
		upload->md5 = EVP_MD_CTX_new();
	if (upload->cloud->md5)
		upload->whole = EVP_MD_CTX_new();
	extent_begin(&upload->reader, content);
}

/* How much is missing to the end of the part that is being read. */
static int64_t
digests_room(const struct upload *upload)
{
	int64_t room = upload->part_size -
	    upload->digested % upload->part_size;

	return room < COURIER_CHUNK ? room : COURIER_CHUNK;
}

/* 1: good; a digest that is not wanted is. */
static int
digest_begin(EVP_MD_CTX *digest, const EVP_MD *type)
{
	return digest == NULL ? 1 : EVP_DigestInit_ex(digest, type, NULL);
}

static int
digest_add(EVP_MD_CTX *digest, const char *chunk, int64_t length)
{
	return digest == NULL ? 1 : EVP_DigestUpdate(digest, chunk,
	    (size_t)length);
}

static int
digest_end(EVP_MD_CTX *digest, uint8_t *out)
{
	return digest == NULL ? 1 : EVP_DigestFinal_ex(digest, out, NULL);
}

/* The last bytes of a part end its digests. */
static bool
digests_add(struct upload *upload, const char *chunk, int64_t length)
{
	int64_t total = upload->attempt->parcel.content.length;
	struct part *part = &upload->parts[upload->digested /
	    upload->part_size];

	if (upload->digested % upload->part_size == 0 &&
	    (digest_begin(upload->sha256, EVP_sha256()) != 1 ||
	    digest_begin(upload->md5, EVP_md5()) != 1))
		return false;
	if (digest_add(upload->sha256, chunk, length) != 1 ||
	    digest_add(upload->md5, chunk, length) != 1 ||
	    digest_add(upload->whole, chunk, length) != 1)
		return false;
	upload->digested += length;
	if (upload->digested % upload->part_size != 0 &&
	    upload->digested != total)
		return true;
	return digest_end(upload->sha256, part->sha256) == 1 &&
	    digest_end(upload->md5, part->md5) == 1;
}

int
digests_prepare(struct upload *upload, int64_t *done, struct why *why)
{
	char *chunk = courier_chunk(upload->attempt->courier);
	bool good = true;
	int64_t got;

	if (upload->part_size == 0) {
		digests_plan(upload);
		good = digest_begin(upload->whole, EVP_md5()) == 1;
	}
	got = extent_read(&upload->reader, chunk, digests_room(upload), why);
	if (got == -1)
		return -1;
	*done += got;
	if (good)
		good = got > 0 ? digests_add(upload, chunk, got) :
		    digest_end(upload->whole, upload->whole_md5) == 1;
	if (!good)
		return why_set(why, ERROR_UNAVAILABLE,
		    "SHA-256 or MD5 failed");
	return got == 0;
}

void
digests_free(struct upload *upload)
{
	EVP_MD_CTX_free(upload->sha256);
	EVP_MD_CTX_free(upload->md5);
	EVP_MD_CTX_free(upload->whole);
	free(upload->parts);
}
