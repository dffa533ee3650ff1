/*
 * body - what is sent
 *
 * payload.data is carried as the client wrote it: its bytes are copied from
 * the job's file, never parsed and printed again, so 12345678901234567890,
 * 1.10 and "\u00e9" arrive unchanged.  The metadata loses the white space
 * between its tokens and nothing else.  Neither is ever in memory as a whole.
 *
 * Only the digests of the job, of the data and of a payload file came with the
 * attempt.  The metadata's is made while the job is checked, from the bytes
 * that made up the job's digest; so a file that its owner changes between two
 * readings is found out at each of them.
 */
#include <string.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/utf8.h"

#include "workers/webhook/body.h"

#define HEADER_MAX (8 * 1024)	/* bytes; servers take little more than that */

/* --- small things --------------------------------------------------------- */

static void
digest_begin(EVP_MD_CTX *digest)
{
	if (EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 is not to be had");
}

static void
digest_add(EVP_MD_CTX *digest, const void *bytes, size_t length)
{
	if (EVP_DigestUpdate(digest, bytes, length) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 failed");
}

static void
digest_end(EVP_MD_CTX *digest, uint8_t out[SHA256_LENGTH])
{
	if (EVP_DigestFinal_ex(digest, out, NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 failed");
}

static bool
digest_is(EVP_MD_CTX *digest, const uint8_t wanted[SHA256_LENGTH])
{
	uint8_t got[SHA256_LENGTH];

	digest_end(digest, got);
	return memcmp(got, wanted, SHA256_LENGTH) == 0;
}

/* Takes white space between tokens out, in place; the bytes that are left. */
static size_t
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

static int
is_changed(struct body *body, const char *what, struct why *why)
{
	body->changed = true;
	return why_set(why, ERROR_PAYLOAD_CHANGED,
	    "%s is no longer what was accepted", what);
}

/*
 * The next bytes of a file's part.  The bytes read, or -1 with *why.
 */
static int64_t
read_file(struct body *body, int fd, int64_t offset, char *out, int64_t room,
    struct why *why)
{
	const char *what = body->has_file && fd != body->job ? "the payload" :
	    "the job";
	ssize_t got = pread(fd, out, (size_t)room, (off_t)offset);

	if (got == -1)
		return why_errno(why, "read %s", what);
	if (got == 0)
		return is_changed(body, what, why);
	return got;
}

/* --- composing ------------------------------------------------------------ */

static struct body_part *
add_part(struct body *body)
{
	struct body_part *part = &body->parts[body->count++];

	part->fd = -1;
	return part;
}

static void
add_file(struct body *body, int fd, const struct extent *extent,
    bool minified, bool whole)
{
	struct body_part *part = add_part(body);

	part->fd = fd;
	part->extent = *extent;
	part->minified = minified;
	part->whole = whole;
}

/* An envelope, up to its data. */
static void
add_beginning(struct body *body, const struct link_record *attempt,
    const char *organization)
{
	struct buf *out = &add_part(body)->bytes;
	char id[ID_LENGTH + 1];

	id_format(&attempt->attempt.id, id);
	json_open(out, NULL, '{');
	json_put_string(out, "type",
	    payload_type_name((enum payload_type)attempt->attempt.type));
	json_put_time(out, "timestamp", attempt->attempt.accepted_at);
	json_put_string(out, "deliveryId", id);
	json_put_string(out, "organizationId", organization);
	if (attempt->text[ATTEMPT_correlation_id][0] != '\0')
		json_put_string(out, "correlationId",
		    attempt->text[ATTEMPT_correlation_id]);
	buf_str(out, ",\"data\":");
}

static void
compose(struct body *body, const struct link_record *attempt, bool envelope,
    const char *organization)
{
	const struct link_attempt *facts = &attempt->attempt;
	struct extent payload = { 0 };

	memcpy(payload.sha256, facts->payload_sha256, SHA256_LENGTH);
	if (body->has_file) {
		payload.length = facts->payload_bytes;
		add_file(body, attempt->fd[1], &payload, false, true);
		return;
	}
	payload.offset = (int64_t)facts->data_offset;
	payload.length = (int64_t)facts->data_length;
	if (envelope)
		add_beginning(body, attempt, organization);
	add_file(body, body->job, &payload, false, false);
	if (envelope && body->metadata.length > 0) {
		buf_str(&add_part(body)->bytes, ",\"metadata\":");
		add_file(body, body->job, &body->metadata, true, false);
	}
	if (envelope)
		buf_char(&add_part(body)->bytes, '}');
}

int
body_open(struct body *body, const struct link_record *attempt,
    const struct config *config, const char *organization, struct why *why)
{
	const struct link_attempt *facts = &attempt->attempt;

	memset(body, 0, sizeof(*body));
	body->has_file = facts->has_file;
	if (body->has_file && (config->body == BODY_ENVELOPE ||
	    config->body == BODY_DATA))
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the job carries a file, but the destination's body is "
		    "\"%s\": it takes data only",
		    config->body == BODY_DATA ? "data" : "envelope");
	if (!body->has_file && config->body == BODY_FILE)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the job carries data, but the destination's body is "
		    "\"file\": it takes files only");
	body->job = attempt->fd[0];
	body->job_bytes = facts->job_bytes;
	memcpy(body->job_sha256, facts->job_sha256, SHA256_LENGTH);
	body->metadata.offset = (int64_t)facts->metadata_offset;
	body->metadata.length = (int64_t)facts->metadata_length;
	body->header.max = HEADER_MAX;
	body->digest = EVP_MD_CTX_new();
	if (body->metadata.length > 0)
		body->metadata_digest = EVP_MD_CTX_new();
	if (body->digest == NULL || (body->metadata.length > 0 &&
	    body->metadata_digest == NULL))
		return why_set(why, ERROR_UNAVAILABLE, "no memory");
	compose(body, attempt, config->body != BODY_DATA, organization);
	digest_begin(body->digest);
	if (body->metadata_digest != NULL)
		digest_begin(body->metadata_digest);
	return 0;
}

void
body_close(struct body *body)
{
	for (size_t i = 0; i < body->count; i++)
		buf_free(&body->parts[i].bytes);
	buf_free(&body->header);
	EVP_MD_CTX_free(body->digest);
	EVP_MD_CTX_free(body->metadata_digest);
	body->digest = body->metadata_digest = NULL;
	body->count = 0;
}

/* --- checking the job ----------------------------------------------------- */

/*
 * The metadata as a header's value: in ASCII, since a header has no other
 * alphabet; \uXXXX stands for the same character in JSON.
 */
static int
finish_header(struct body *body, struct why *why)
{
	struct buf ascii = { .max = HEADER_MAX };
	const char *text = body->header.data;
	size_t length = body->header.len;
	uint32_t code;
	int bytes;

	for (size_t i = 0; i < length; i += (size_t)bytes) {
		bytes = utf8_next(text + i, length - i, &code);
		if (bytes <= 0)
			break;
		if (code >= 0x20 && code < 0x7f)
			buf_char(&ascii, text[i]);
		else if (code < 0x10000)
			buf_printf(&ascii, "\\u%04x", code);
		else
			buf_printf(&ascii, "\\u%04x\\u%04x",
			    0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	}
	ascii.overflow |= body->header.overflow;
	buf_free(&body->header);
	body->header = ascii;
	return !ascii.overflow ? 0 : why_field(why, "payload.metadata",
	    "payload.metadata is larger than the %d bytes that a header can "
	    "carry beside a file", HEADER_MAX);
}

/* What of a piece of the job is metadata. */
static void
check_metadata(struct body *body, char *chunk, int64_t at, int64_t length)
{
	int64_t from = body->metadata.offset - at;
	int64_t to = from + body->metadata.length;
	size_t kept;

	if (from < 0)
		from = 0;
	if (to > length)
		to = length;
	if (from >= to)
		return;
	digest_add(body->metadata_digest, chunk + from, (size_t)(to - from));
	kept = minify(&body->minifier, chunk + from, (size_t)(to - from));
	body->length += (int64_t)kept;
	if (body->has_file)
		buf_add(&body->header, chunk + from, kept);
}

/* All of it is what was accepted: what follows from that. */
static int
check_end(struct body *body, struct why *why)
{
	int64_t metadata = body->length;

	if (body->metadata_digest != NULL)
		digest_end(body->metadata_digest, body->metadata.sha256);
	body->length = 0;
	for (size_t i = 0; i < body->count; i++) {
		struct body_part *part = &body->parts[i];

		body->length += part->fd == -1 ? (int64_t)part->bytes.len :
		    part->minified ? metadata : part->extent.length;
		if (part->minified)
			memcpy(part->extent.sha256, body->metadata.sha256,
			    SHA256_LENGTH);
	}
	return body->has_file ? finish_header(body, why) : 0;
}

int
body_check(struct body *body, char *chunk, size_t size, struct why *why)
{
	int64_t left = body->job_bytes - body->at;
	/* One more than there is, which shows that it ends there. */
	int64_t want = left < (int64_t)size ? left + 1 : (int64_t)size;
	int64_t got;
	char more;

	got = read_file(body, body->job, body->at, chunk, want, why);
	if (got == -1)
		return -1;
	if (got > left)
		return is_changed(body, "the job", why);
	digest_add(body->digest, chunk, (size_t)got);
	check_metadata(body, chunk, body->at, got);
	body->at += got;
	if (got < left)
		return 0;
	if ((got == want && pread(body->job, &more, 1,
	    (off_t)body->at) != 0) ||
	    !digest_is(body->digest, body->job_sha256))
		return is_changed(body, "the job", why);
	return check_end(body, why) == -1 ? -1 : 1;
}

/* --- reading -------------------------------------------------------------- */

static void
begin_part(struct body *body, size_t part)
{
	body->part = part;
	body->at = 0;
	memset(&body->minifier, 0, sizeof(body->minifier));
	if (part < body->count && body->parts[part].fd != -1)
		digest_begin(body->digest);
}

void
body_rewind(struct body *body)
{
	begin_part(body, 0);
}

/* The last of a file's part was read: is it what it was? */
static int
end_file(struct body *body, const struct body_part *part, struct why *why)
{
	char more;

	if (digest_is(body->digest, part->extent.sha256) && (!part->whole ||
	    pread(part->fd, &more, 1, (off_t)part->extent.length) == 0))
		return 0;
	return is_changed(body, body->has_file ? "the payload" : "the job",
	    why);
}

/* The next bytes of the part, which may be none; -1 with *why. */
static int64_t
read_part(struct body *body, const struct body_part *part, char *out,
    int64_t room, struct why *why)
{
	int64_t left = part->extent.length - body->at, got;

	got = read_file(body, part->fd, part->extent.offset + body->at, out,
	    left < room ? left : room, why);
	if (got == -1)
		return -1;
	digest_add(body->digest, out, (size_t)got);
	body->at += got;
	if (got == left && end_file(body, part, why) == -1)
		return -1;
	if (part->minified)
		got = (int64_t)minify(&body->minifier, out, (size_t)got);
	return got;
}

static int64_t
copy_part(struct body *body, const struct body_part *part, char *out,
    int64_t room)
{
	int64_t left = (int64_t)part->bytes.len - body->at;

	if (left > room)
		left = room;
	if (left > 0)
		memcpy(out, part->bytes.data + body->at, (size_t)left);
	body->at += left;
	return left;
}

int64_t
body_read(struct body *body, char *out, size_t room, struct why *why)
{
	int64_t done = 0, got;

	while (body->part < body->count && done < (int64_t)room) {
		const struct body_part *part = &body->parts[body->part];
		int64_t size = part->fd == -1 ? (int64_t)part->bytes.len :
		    part->extent.length;

		if (body->at == size) {
			/* A file without a byte was never read. */
			if (size == 0 && part->fd != -1 &&
			    end_file(body, part, why) == -1)
				return -1;
			begin_part(body, body->part + 1);
			continue;
		}
		got = part->fd == -1 ?
		    copy_part(body, part, out + done, (int64_t)room - done) :
		    read_part(body, part, out + done, (int64_t)room - done,
		    why);
		if (got == -1)
			return -1;
		done += got;
	}
	return done;
}
