/*
 * body - what is sent
 *
 * payload.data is carried as the client wrote it: its bytes are copied from
 * the job's file, never parsed and printed again, so 12345678901234567890,
 * 1.10 and "\u00e9" arrive unchanged.  The metadata loses the white space
 * between its tokens and nothing else.  Neither is ever in memory as a whole.
 */
#include <string.h>

#include "lib/json.h"
#include "lib/utf8.h"

#include "workers/webhook/body.h"

/* --- composing ------------------------------------------------------------ */

static struct body_part *
add_part(struct body *body)
{
	return &body->parts[body->count++];
}

static void
add_extent(struct body *body, const struct extent *extent, bool minified)
{
	struct body_part *part = add_part(body);

	part->extent = extent;
	part->minified = minified;
}

/* An envelope, up to its data. */
static void
add_beginning(struct body *body, const struct attempt *attempt)
{
	struct buf *out = &add_part(body)->bytes;
	char id[ID_LENGTH + 1];

	id_format(&attempt->facts.id, id);
	json_open(out, NULL, '{');
	json_put_string(out, "type",
	    payload_type_name((enum payload_type)attempt->facts.type));
	json_put_time(out, "timestamp", attempt->facts.accepted_at);
	json_put_string(out, "deliveryId", id);
	json_put_string(out, "organizationId",
	    courier_organization(attempt->courier));
	if (attempt->text[ATTEMPT_correlation_id][0] != '\0')
		json_put_string(out, "correlationId",
		    attempt->text[ATTEMPT_correlation_id]);
	buf_str(out, ",\"data\":");
}

static void
compose(struct body *body, const struct attempt *attempt, bool envelope)
{
	const struct parcel *parcel = &attempt->parcel;

	if (envelope)
		add_beginning(body, attempt);
	add_extent(body, &parcel->content, false);
	if (envelope && parcel->metadata.length > 0) {
		buf_str(&add_part(body)->bytes, ",\"metadata\":");
		add_extent(body, &parcel->metadata, true);
	}
	if (envelope)
		buf_char(&add_part(body)->bytes, '}');
}

int
body_open(struct body *body, const struct attempt *attempt, struct why *why)
{
	const struct config *config = attempt->config;
	bool has_file = attempt->parcel.has_file;

	memset(body, 0, sizeof(*body));
	if (has_file && (config->body == BODY_ENVELOPE ||
	    config->body == BODY_DATA))
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the job carries a file, but the destination's body is "
		    "\"%s\": it takes data only",
		    config->body == BODY_DATA ? "data" : "envelope");
	if (!has_file && config->body == BODY_FILE)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the job carries data, but the destination's body is "
		    "\"file\": it takes files only");
	compose(body, attempt, !has_file && config->body != BODY_DATA);
	return 0;
}

void
body_close(struct body *body)
{
	for (size_t i = 0; i < body->count; i++)
		buf_free(&body->parts[i].bytes);
	extent_free(&body->reader);
	body->count = 0;
}

int64_t
body_length(const struct body *body, const struct parcel *parcel)
{
	int64_t length = 0;

	for (size_t i = 0; i < body->count; i++) {
		const struct body_part *part = &body->parts[i];

		length += part->extent == NULL ? (int64_t)part->bytes.len :
		    part->minified ? parcel->metadata_length :
		    part->extent->length;
	}
	return length;
}

/* A header has no other alphabet; \uXXXX is the same character in JSON. */
int
body_header(const struct parcel *parcel, struct buf *ascii, struct why *why)
{
	const char *text = parcel->metadata_text.data;
	size_t length = parcel->metadata_text.len;
	uint32_t code;
	int bytes;

	ascii->max = BODY_HEADER_MAX;
	for (size_t i = 0; i < length; i += (size_t)bytes) {
		bytes = utf8_next(text + i, length - i, &code);
		if (bytes <= 0)
			break;
		if (code >= 0x20 && code < 0x7f)
			buf_char(ascii, text[i]);
		else if (code < 0x10000)
			buf_printf(ascii, "\\u%04x", code);
		else
			buf_printf(ascii, "\\u%04x\\u%04x",
			    0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	}
	return !ascii->overflow && !parcel->metadata_text.overflow ? 0 :
	    why_field(why, "payload.metadata",
	    "payload.metadata is larger than the %d bytes that a header can "
	    "carry beside a file", BODY_HEADER_MAX);
}

/* --- reading -------------------------------------------------------------- */

static void
begin_part(struct body *body, size_t part)
{
	body->part = part;
	body->at = 0;
	memset(&body->minifier, 0, sizeof(body->minifier));
	if (part < body->count && body->parts[part].extent != NULL)
		extent_begin(&body->reader, body->parts[part].extent);
}

void
body_rewind(struct body *body)
{
	begin_part(body, 0);
}

/* The next bytes of a part; 0 at its end; -1 with *why. */
static int64_t
read_part(struct body *body, char *out, int64_t room, struct why *why)
{
	const struct body_part *part = &body->parts[body->part];
	int64_t got, kept;

	if (part->extent == NULL) {
		got = (int64_t)part->bytes.len - body->at;
		if (got > room)
			got = room;
		if (got > 0)
			memcpy(out, part->bytes.data + body->at, (size_t)got);
		body->at += got;
		return got;
	}
	do {
		got = extent_read(&body->reader, out, room, why);
		kept = got > 0 && part->minified ?
		    (int64_t)minify(&body->minifier, out, (size_t)got) : got;
	} while (got > 0 && kept == 0);
	return kept;
}

int64_t
body_read(struct body *body, char *out, size_t room, struct why *why)
{
	int64_t done = 0, got;

	while (body->part < body->count && done < (int64_t)room) {
		got = read_part(body, out + done, (int64_t)room - done, why);
		if (got == -1)
			return -1;
		if (got == 0)
			begin_part(body, body->part + 1);
		done += got;
	}
	return done;
}
