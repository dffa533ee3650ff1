/*
 * mime - a message, composed and read
 *
 * A boundary has `=_` in it, which neither base64 nor quoted-printable ever
 * has; so no text and no attachment can end its part.
 */
#include <openssl/evp.h>

#include <string.h>

#include "workers/email/header.h"
#include "workers/email/mime.h"

#define QUOTED_MAX 75		/* characters of a line before its `=` */
#define BASE64_LENGTH 76	/* of MIME_LINE_BYTES bytes */

/* --- quoted-printable ----------------------------------------------------- */

/* The bytes of a line break at `text`, 0 if there is none. */
static size_t
break_at(const char *text)
{
	return text[0] == '\n' ? 1 : text[0] == '\r' && text[1] == '\n' ? 2 :
	    0;
}

/* What may stand for itself there. */
static bool
is_literal(const char *text, size_t column)
{
	unsigned char c = (unsigned char)*text;

	if (c == ' ' || c == '\t')
		return text[1] != '\0' && break_at(text + 1) == 0;
	/* A dot means something to SMTP there, and "From " to mailboxes. */
	if (column == 0 && (c == '.' || strncmp(text, "From ", 5) == 0))
		return false;
	return c > ' ' && c <= '~' && c != '=';
}

static void
put_quoted(struct buf *out, const char *text)
{
	size_t column = 0, skip;

	for (; *text != '\0'; text += skip == 0 ? 1 : skip) {
		skip = break_at(text);
		if (skip > 0) {
			buf_str(out, "\r\n");
			column = 0;
			continue;
		}
		if (column + 3 > QUOTED_MAX) {
			buf_str(out, "=\r\n");
			column = 0;
		}
		if (is_literal(text, column)) {
			buf_char(out, *text);
			column++;
		} else {
			buf_printf(out, "=%02X", (unsigned char)*text);
			column += 3;
		}
	}
}

/* --- composing ------------------------------------------------------------ */

/* `more` are parameters; of the outermost part only. */
static void
put_text(struct buf *out, const char *subtype, const char *text,
    const char *more)
{
	buf_printf(out, "Content-Type: text/%s; charset=utf-8%s\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n", subtype,
	    more);
	put_quoted(out, text);
}

static void
put_multipart(struct buf *out, const char *subtype,
    const struct mime_parts *parts, const char *more)
{
	buf_printf(out, "Content-Type: multipart/%s;\r\n"
	    " boundary=\"=_%s_%s\"%s\r\n", subtype, parts->boundary,
	    subtype, more);
}

/* The line break before it belongs to it. */
static void
put_boundary(struct buf *out, const char *subtype,
    const struct mime_parts *parts, bool last)
{
	buf_printf(out, "\r\n--=_%s_%s%s\r\n", parts->boundary, subtype,
	    last ? "--" : "");
}

static void
put_texts(struct buf *out, const struct mime_parts *parts, const char *more)
{
	if (parts->html == NULL) {
		put_text(out, "plain", parts->text, more);
		return;
	}
	put_multipart(out, "alternative", parts, more);
	put_boundary(out, "alternative", parts, false);
	put_text(out, "plain", parts->text, "");
	put_boundary(out, "alternative", parts, false);
	put_text(out, "html", parts->html, "");
	put_boundary(out, "alternative", parts, true);
}

void
mime_compose(struct mime *mime, const struct mime_parts *parts)
{
	const char *more = parts->protection != NULL ? parts->protection : "";
	struct buf *head = &mime->head;

	mime->attachment = parts->attachment;
	if (parts->attachment == NULL) {
		put_texts(head, parts, more);
		buf_str(&mime->tail, "\r\n");
		return;
	}
	put_multipart(head, "mixed", parts, more);
	put_boundary(head, "mixed", parts, false);
	put_texts(head, parts, "");
	put_boundary(head, "mixed", parts, false);
	buf_printf(head, "Content-Type: %s\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment", parts->type);
	header_parameter(head, "filename", parts->name);
	buf_str(head, "\r\n\r\n");
	put_boundary(&mime->tail, "mixed", parts, true);
}

static int64_t
plain_length(const struct mime *mime)
{
	int64_t bytes = mime->attachment == NULL ? 0 :
	    mime->attachment->length;
	int64_t lines = (bytes + MIME_LINE_BYTES - 1) / MIME_LINE_BYTES;

	return (int64_t)mime->head.len + (bytes + 2) / 3 * 4 + 2 * lines +
	    (int64_t)mime->tail.len;
}

int64_t
mime_length(const struct mime *mime)
{
	return mime->smime != NULL ? smime_bound(mime->smime) :
	    plain_length(mime);
}

void
mime_free(struct mime *mime)
{
	smime_free(&mime->smime);
	buf_free(&mime->head);
	buf_free(&mime->tail);
	extent_free(&mime->reader);
}

/* --- reading -------------------------------------------------------------- */

void
mime_rewind(struct mime *mime)
{
	mime->place = MIME_HEAD;
	mime->at = 0;
	if (mime->attachment != NULL)
		extent_begin(&mime->reader, mime->attachment);
}

static int64_t
read_buf(struct mime *mime, const struct buf *from, char *out, size_t room)
{
	size_t left = from->len - (size_t)mime->at;
	size_t length = left < room ? left : room;

	if (length > 0)
		memcpy(out, from->data + mime->at, length);
	mime->at += (int64_t)length;
	return (int64_t)length;
}

/* Up to `want` bytes of the attachment, fewer only at its end. */
static int64_t
read_raw(struct mime *mime, int64_t want, struct why *why)
{
	int64_t done = 0, got;

	do {
		got = extent_read(&mime->reader, mime->raw + done,
		    want - done, why);
		if (got == -1)
			return -1;
		done += got;
	} while (got > 0 && done < want);
	return done;
}

/* Whole lines of base64, as many as there is room for. */
static int64_t
read_attachment(struct mime *mime, char *out, size_t room, struct why *why)
{
	int64_t lines = (int64_t)room / (BASE64_LENGTH + 2), got;
	char *to = out;

	if (lines > MIME_LINES)
		lines = MIME_LINES;
	got = read_raw(mime, lines * MIME_LINE_BYTES, why);
	if (got <= 0)
		return got;
	for (int64_t at = 0; at < got; at += MIME_LINE_BYTES) {
		int64_t length = got - at < MIME_LINE_BYTES ? got - at :
		    MIME_LINE_BYTES;

		to += EVP_EncodeBlock((unsigned char *)to,
		    (const unsigned char *)mime->raw + at, (int)length);
		*to++ = '\r';
		*to++ = '\n';
	}
	return to - out;
}

static int64_t
plain_read(void *arg, char *out, size_t room, struct why *why)
{
	struct mime *mime = arg;
	int64_t got;

	if (mime->place == MIME_HEAD) {
		got = read_buf(mime, &mime->head, out, room);
		if (got > 0)
			return got;
		mime->at = 0;
		mime->place = mime->attachment != NULL ? MIME_ATTACHMENT :
		    MIME_TAIL;
	}
	if (mime->place == MIME_ATTACHMENT) {
		got = read_attachment(mime, out, room, why);
		if (got != 0)
			return got;
		mime->place = MIME_TAIL;
	}
	return read_buf(mime, &mime->tail, out, room);
}

int64_t
mime_read(struct mime *mime, char *out, size_t room, struct why *why)
{
	return mime->smime != NULL ? smime_read(mime->smime, out, room, why) :
	    plain_read(mime, out, room, why);
}

int
mime_protect(struct mime *mime, struct smime *smime, struct why *why)
{
	const struct smime_source source = { plain_read, mime,
	    plain_length(mime) };

	mime->smime = smime;
	return smime_begin(smime, &source, why);
}
