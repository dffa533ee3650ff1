/*
 * encoded - a request's body: two texts, and between them something in base64
 *
 * The source is encoded in whole groups of three bytes, so that no padding
 * stands but at its end; what is left of a piece waits for the next.
 */
#include <openssl/evp.h>

#include <string.h>

#include "workers/email/encoded.h"

#define GROUP 3			/* bytes of a source, four characters */

static int64_t
source_length(const struct encoded *encoded)
{
	return encoded->mime != NULL ? mime_length(encoded->mime) :
	    encoded->extent != NULL ? encoded->extent->length : 0;
}

int64_t
encoded_length(const struct encoded *encoded)
{
	return (int64_t)encoded->head.len + (int64_t)encoded->tail.len +
	    (source_length(encoded) + GROUP - 1) / GROUP * 4;
}

void
encoded_rewind(struct encoded *encoded)
{
	encoded->place = ENCODED_HEAD;
	encoded->at = encoded->held = 0;
	encoded->ended = false;
	if (encoded->mime != NULL)
		mime_rewind(encoded->mime);
	else if (encoded->extent != NULL)
		extent_begin(&encoded->reader, encoded->extent);
}

void
encoded_free(struct encoded *encoded)
{
	buf_wipe(&encoded->head);
	buf_wipe(&encoded->tail);
	extent_free(&encoded->reader);
}

/* --- reading -------------------------------------------------------------- */

static int64_t
read_text(struct encoded *encoded, const struct buf *from, char *out,
    size_t room)
{
	size_t left = from->len - encoded->at;
	size_t length = left < room ? left : room;

	if (length > 0)
		memcpy(out, from->data + encoded->at, length);
	encoded->at += length;
	return (int64_t)length;
}

static int64_t
source_read(struct encoded *encoded, char *out, size_t room, struct why *why)
{
	if (encoded->mime != NULL)
		return mime_read(encoded->mime, out, room, why);
	return encoded->extent == NULL ? 0 : extent_read(&encoded->reader,
	    out, (int64_t)room, why);
}

/* Until `want` bytes are held, or the source has ended. */
static int
source_fill(struct encoded *encoded, size_t want, struct why *why)
{
	int64_t got;

	while (encoded->held < want && !encoded->ended) {
		got = source_read(encoded, encoded->raw + encoded->held,
		    sizeof(encoded->raw) - encoded->held, why);
		if (got == -1)
			return -1;
		encoded->held += (size_t)got;
		encoded->ended = got == 0;
	}
	return 0;
}

static int64_t
read_source(struct encoded *encoded, char *out, size_t room, struct why *why)
{
	size_t want = (room - 1) / 4 * GROUP;	/* a NUL comes behind */
	size_t take;

	if (want > ENCODED_PIECE)
		want = ENCODED_PIECE;
	if (source_fill(encoded, want, why) == -1)
		return -1;
	take = encoded->held < want ? encoded->held : want;
	if (take == 0)
		return 0;
	(void)EVP_EncodeBlock((unsigned char *)out,
	    (const unsigned char *)encoded->raw, (int)take);
	encoded->held -= take;
	memmove(encoded->raw, encoded->raw + take, encoded->held);
	return (int64_t)(take + GROUP - 1) / GROUP * 4;
}

/* The next piece; 0 where the place ends. */
static int64_t
read_piece(struct encoded *encoded, char *out, size_t room, struct why *why)
{
	switch (encoded->place) {
	case ENCODED_HEAD:
		return read_text(encoded, &encoded->head, out, room);
	case ENCODED_SOURCE:
		return read_source(encoded, out, room, why);
	default:
		return read_text(encoded, &encoded->tail, out, room);
	}
}

int64_t
encoded_read(struct encoded *encoded, char *out, size_t room,
    struct why *why)
{
	size_t done = 0;
	int64_t got;

	while (room - done >= ENCODED_READ_MIN) {
		got = read_piece(encoded, out + done, room - done, why);
		if (got == -1)
			return -1;
		done += (size_t)got;
		if (got > 0)
			continue;
		if (encoded->place == ENCODED_TAIL)
			break;
		encoded->place = encoded->place == ENCODED_HEAD ?
		    ENCODED_SOURCE : ENCODED_TAIL;
		encoded->at = 0;
	}
	return (int64_t)done;
}
