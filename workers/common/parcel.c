/*
 * parcel - what was accepted
 *
 * Only the digests of the job, of the data and of a payload file came with the
 * attempt.  The metadata's is made while the job is checked, from the bytes
 * that made up the job's digest.
 */
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#include "workers/common/parcel.h"

/* --- digests -------------------------------------------------------------- */

static void
digest_check(int result)
{
	if (result != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 failed");
}

static EVP_MD_CTX *
digest_begin(EVP_MD_CTX *digest)
{
	if (digest == NULL)
		digest = EVP_MD_CTX_new();
	digest_check(digest != NULL &&
	    EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1);
	return digest;
}

static void
digest_end(EVP_MD_CTX *digest, uint8_t out[SHA256_LENGTH])
{
	digest_check(EVP_DigestFinal_ex(digest, out, NULL));
}

/* --- extents -------------------------------------------------------------- */

size_t
minify(struct minifier *minifier, char *text, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (minifier->in_string) {
			if (minifier->escaped)
				minifier->escaped = false;
			else if (c == '\\')
				minifier->escaped = true;
			else if (c == '"')
				minifier->in_string = false;
		} else if (c == '"')
			minifier->in_string = true;
		else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		text[kept++] = c;
	}
	return kept;
}

void
extent_begin(struct extent_reader *reader, const struct extent *extent)
{
	reader->extent = extent;
	reader->at = 0;
	reader->digest = digest_begin(reader->digest);
}

void
extent_free(struct extent_reader *reader)
{
	EVP_MD_CTX_free(reader->digest);
	*reader = (struct extent_reader){ 0 };
}

static int
is_changed(const struct extent *extent, struct why *why)
{
	return why_set(why, ERROR_PAYLOAD_CHANGED,
	    "%s is no longer what was accepted", extent->what);
}

/* The last of it was read: is it what it was, and does the file end? */
static int
extent_end(struct extent_reader *reader, struct why *why)
{
	const struct extent *extent = reader->extent;
	uint8_t got[SHA256_LENGTH];
	char more;

	digest_end(reader->digest, got);
	if (memcmp(got, extent->sha256, SHA256_LENGTH) != 0 ||
	    (extent->whole && pread(extent->fd, &more, 1,
	    (off_t)(extent->offset + extent->length)) != 0))
		return is_changed(extent, why);
	/* Whoever reads on is told the same. */
	reader->at = extent->length + 1;
	return 0;
}

int64_t
extent_read(struct extent_reader *reader, char *out, int64_t room,
    struct why *why)
{
	const struct extent *extent = reader->extent;
	int64_t left = extent->length - reader->at;
	ssize_t got;

	if (left < 0)
		return 0;
	if (left == 0)
		return extent_end(reader, why);
	got = pread(extent->fd, out, (size_t)(left < room ? left : room),
	    (off_t)(extent->offset + reader->at));
	if (got == -1)
		return why_errno(why, "read %s", extent->what);
	if (got == 0)
		return is_changed(extent, why);
	digest_check(EVP_DigestUpdate(reader->digest, out, (size_t)got));
	reader->at += got;
	if (got == left && extent_end(reader, why) == -1)
		return -1;
	return got;
}

/* --- the parcel ----------------------------------------------------------- */

void
parcel_open(struct parcel *parcel, const struct link_record *attempt,
    size_t kept)
{
	const struct link_attempt *facts = &attempt->attempt;
	struct extent job = { .fd = attempt->fd[0], .what = "the job" };

	*parcel = (struct parcel){ .job = attempt->fd[0],
		.payload = attempt->fd[1], .has_file = facts->has_file };
	parcel->whole = parcel->content = parcel->metadata = job;
	parcel->whole.length = facts->job_bytes;
	parcel->whole.whole = true;
	memcpy(parcel->whole.sha256, facts->job_sha256, SHA256_LENGTH);
	parcel->metadata.offset = (int64_t)facts->metadata_offset;
	parcel->metadata.length = (int64_t)facts->metadata_length;
	parcel->content.offset = (int64_t)facts->data_offset;
	parcel->content.length = (int64_t)facts->data_length;
	if (facts->has_file)
		parcel->content = (struct extent){ .fd = attempt->fd[1],
			.length = facts->payload_bytes,
			.what = "the payload", .whole = true };
	memcpy(parcel->content.sha256, facts->payload_sha256, SHA256_LENGTH);
	parcel->metadata_text.max = kept;
	extent_begin(&parcel->check, &parcel->whole);
	if (parcel->metadata.length > 0)
		parcel->metadata_digest = digest_begin(NULL);
}

void
parcel_close(struct parcel *parcel)
{
	extent_free(&parcel->check);
	EVP_MD_CTX_free(parcel->metadata_digest);
	buf_free(&parcel->metadata_text);
	if (parcel->job != -1)
		(void)close(parcel->job);
	if (parcel->payload != -1)
		(void)close(parcel->payload);
	*parcel = (struct parcel){ .job = -1, .payload = -1 };
}

/* What of a piece of the job is metadata. */
static void
check_metadata(struct parcel *parcel, char *chunk, int64_t at, int64_t length)
{
	int64_t from = parcel->metadata.offset - at;
	int64_t to = from + parcel->metadata.length;
	size_t kept;

	if (from < 0)
		from = 0;
	if (to > length)
		to = length;
	if (from >= to)
		return;
	digest_check(EVP_DigestUpdate(parcel->metadata_digest, chunk + from,
	    (size_t)(to - from)));
	kept = minify(&parcel->minifier, chunk + from, (size_t)(to - from));
	parcel->metadata_length += (int64_t)kept;
	if (parcel->metadata_text.max > 0)
		buf_add(&parcel->metadata_text, chunk + from, kept);
}

bool
parcel_checked(const struct parcel *parcel)
{
	return parcel->check.at > parcel->whole.length;
}

int
parcel_check(struct parcel *parcel, char *chunk, size_t size, int64_t *done,
    struct why *why)
{
	int64_t at = parcel->check.at;
	int64_t got = extent_read(&parcel->check, chunk, (int64_t)size, why);

	if (got == -1)
		return -1;
	if (parcel->metadata_digest != NULL)
		check_metadata(parcel, chunk, at, got);
	*done += got;
	if (!parcel_checked(parcel))
		return 0;
	if (parcel->metadata_digest != NULL)
		digest_end(parcel->metadata_digest, parcel->metadata.sha256);
	return 1;
}
