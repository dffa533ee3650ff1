/*
 * body - what is sent
 *
 * payload.data is carried as the client wrote it: its bytes are copied from
 * the job's file, never parsed and printed again, so 12345678901234567890,
 * 1.10 and "\u00e9" arrive unchanged.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"

#include "workers/webhook/body.h"

#define METADATA_MAX (256 * 1024)	/* bytes, minified, in an envelope */

/* White space outside of strings does not count. */
static void
minify(const char *text, size_t length, bool *in_string, bool *escaped,
    struct buf *out)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (*in_string) {
			if (*escaped)
				*escaped = false;
			else if (c == '\\')
				*escaped = true;
			else if (c == '"')
				*in_string = false;
		} else if (c == '"')
			*in_string = true;
		else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		buf_char(out, c);
	}
}

int
body_metadata(const struct link_record *attempt, struct buf *out, size_t max,
    struct why *why)
{
	uint64_t left = attempt->attempt.metadata_length;
	off_t at = (off_t)attempt->attempt.metadata_offset;
	bool in_string = false, escaped = false;
	char chunk[4096];

	out->max = out->len + max;
	while (left > 0) {
		ssize_t got = pread(attempt->fd[0], chunk, left <
		    sizeof(chunk) ? (size_t)left : sizeof(chunk), at);

		if (got <= 0)
			return why_set(why, ERROR_PAYLOAD_CHANGED,
			    "the job is shorter than it was");
		minify(chunk, (size_t)got, &in_string, &escaped, out);
		at += got;
		left -= (uint64_t)got;
	}
	if (out->overflow)
		return why_field(why, "payload.metadata",
		    "is larger than the %zu bytes that can be sent", max);
	out->max = 0;
	return 0;
}

/* What stands around the data in an envelope. */
static int
envelope(struct body *body, const struct link_record *attempt,
    const char *organization, struct why *why)
{
	char id[ID_LENGTH + 1];

	id_format(&attempt->attempt.id, id);
	json_open(&body->before, NULL, '{');
	json_put_string(&body->before, "type",
	    payload_type_name((enum payload_type)attempt->attempt.type));
	json_put_time(&body->before, "timestamp",
	    attempt->attempt.accepted_at);
	json_put_string(&body->before, "deliveryId", id);
	json_put_string(&body->before, "organizationId", organization);
	if (attempt->text[ATTEMPT_correlation_id][0] != '\0')
		json_put_string(&body->before, "correlationId",
		    attempt->text[ATTEMPT_correlation_id]);
	buf_str(&body->before, ",\"data\":");
	if (attempt->attempt.metadata_length != 0) {
		buf_str(&body->after, ",\"metadata\":");
		if (body_metadata(attempt, &body->after, METADATA_MAX,
		    why) == -1)
			return -1;
	}
	buf_char(&body->after, '}');
	return 0;
}

int
body_open(struct body *body, const struct link_record *attempt,
    const struct config *config, const char *organization, struct why *why)
{
	bool file = attempt->attempt.has_file;

	memset(body, 0, sizeof(*body));
	if (file && (config->body == BODY_ENVELOPE ||
	    config->body == BODY_DATA))
		return why_set(why, ERROR_VALIDATION_ERROR, "the job carries a "
		    "file, the destination's body is envelope or data");
	if (!file && config->body == BODY_FILE)
		return why_set(why, ERROR_VALIDATION_ERROR, "the job carries "
		    "data, the destination's body is file");
	body->fd = file ? attempt->fd[1] : attempt->fd[0];
	body->offset = file ? 0 : (int64_t)attempt->attempt.data_offset;
	body->length = file ? attempt->attempt.payload_bytes :
	    (int64_t)attempt->attempt.data_length;
	memcpy(body->sha256, attempt->attempt.payload_sha256, SHA256_LENGTH);
	body->digest = EVP_MD_CTX_new();
	if (body->digest == NULL)
		return why_set(why, ERROR_UNAVAILABLE, "no memory");
	if (!file && config->body != BODY_DATA &&
	    envelope(body, attempt, organization, why) == -1)
		return -1;
	body_rewind(body);
	return 0;
}

void
body_close(struct body *body)
{
	buf_wipe(&body->before);
	buf_wipe(&body->after);
	EVP_MD_CTX_free(body->digest);
	body->digest = NULL;
}

int64_t
body_length(const struct body *body)
{
	return (int64_t)body->before.len + body->length +
	    (int64_t)body->after.len;
}

void
body_rewind(struct body *body)
{
	body->at = 0;
	if (EVP_DigestInit_ex(body->digest, EVP_sha256(), NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 is not to be had");
}

/* True if all that was read of the file's part is what was accepted. */
static bool
body_same(struct body *body)
{
	uint8_t digest[SHA256_LENGTH];

	return EVP_DigestFinal_ex(body->digest, digest, NULL) == 1 &&
	    memcmp(digest, body->sha256, SHA256_LENGTH) == 0;
}

/* From the file's part, of which `done` bytes have been read. */
static int64_t
read_part(struct body *body, int64_t done, char *out, size_t room)
{
	int64_t left = body->length - done;
	ssize_t got;

	got = pread(body->fd, out, left < (int64_t)room ? (size_t)left : room,
	    (off_t)(body->offset + done));
	if (got <= 0) {
		body->changed = got == 0;
		return -1;
	}
	if (EVP_DigestUpdate(body->digest, out, (size_t)got) != 1)
		return -1;
	if (got == left && !body_same(body)) {
		body->changed = true;
		return -1;
	}
	return got;
}

int64_t
body_read(struct body *body, char *out, size_t room)
{
	int64_t before = (int64_t)body->before.len, got;
	const struct buf *bytes = &body->before;
	int64_t at = body->at;

	if (at >= before && at < before + body->length)
		got = read_part(body, at - before, out, room);
	else {
		if (at >= before) {
			bytes = &body->after;
			at -= before + body->length;
		}
		got = (int64_t)bytes->len - at;
		if (got > (int64_t)room)
			got = (int64_t)room;
		if (got > 0)
			memcpy(out, bytes->data + at, (size_t)got);
	}
	if (got > 0)
		body->at += got;
	return got;
}
