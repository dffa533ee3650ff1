/*
 * mail - addresses, and messages whose texts and names are anything
 *
 * However a message comes about, its lines end in CRLF and have at most 78
 * characters of ASCII, none of its body begins with a dot, and its length is
 * what was announced.  Encoded as a whole, for a request, it is the same again.
 */
#include "lib/mail_address.h"
#include "tests/fuzz/fuzz.h"
#include "lib/base64.h"
#include "workers/email/encoded.h"
#include "workers/email/header.h"
#include "workers/email/mime.h"

#define LINE_MAX_LENGTH 78

static void
check_address(const char *text)
{
	struct mail_address	 address, again;

	if (mail_address_parse(text, &address) != NULL)
		return;
	MUST(strpbrk(address.address, " \t\r\n<>,;:\"\\()") == NULL);
	MUST(address.name == NULL || strpbrk(address.name, "\r\n") == NULL);
	MUST(mail_address_parse(address.address, &again) == NULL);
	MUST(strcmp(again.address, address.address) == 0);
	mail_address_free(&again);
	mail_address_free(&address);
}

static void
check_line(const char *line, size_t length, bool body)
{
	MUST(length <= LINE_MAX_LENGTH);
	MUST(!body || length == 0 || line[0] != '.');
	for (size_t i = 0; i < length; i++)
		MUST((line[i] >= ' ' && line[i] <= '~') || line[i] == '\t');
}

static void
check_message(const char *text, size_t length)
{
	bool	 body = false;

	while (length > 0) {
		const char	*end = memmem(text, length, "\r\n", 2);
		size_t		 line;

		MUST(end != NULL);
		line = (size_t)(end - text);
		check_line(text, line, body);
		body = body || line == 0;
		text += line + 2;
		length -= line + 2;
	}
	MUST(body);
}

/* Read in pieces of all sizes, and decoded. */
static void
check_encoded(struct mime *mime, const struct buf *message)
{
	struct encoded	 encoded = { .mime = mime };
	struct buf	 all = { 0 }, decoded = { 0 };
	char		 chunk[700];
	size_t		 room = ENCODED_READ_MIN;
	struct why	 why;
	int64_t		 got;

	buf_str(&encoded.head, "{\"");
	buf_str(&encoded.tail, "\"}");
	encoded_rewind(&encoded);
	while ((got = encoded_read(&encoded, chunk, room, &why)) > 0) {
		buf_add(&all, chunk, (size_t)got);
		room = room * 2 < sizeof(chunk) ? room * 2 : room / 5 +
		    ENCODED_READ_MIN;
	}
	MUST(got == 0 && (int64_t)all.len == encoded_length(&encoded));
	MUST(all.data != NULL && memcmp(all.data, "{\"", 2) == 0);
	MUST(strcmp(all.data + all.len - 2, "\"}") == 0);
	MUST(base64_decode(&decoded, all.data + 2, all.len - 4,
	    BASE64_STANDARD) == 0);
	MUST(decoded.len == message->len &&
	    memcmp(decoded.data, message->data, message->len) == 0);
	buf_free(&all);
	buf_free(&decoded);
	encoded_free(&encoded);
}

static void
read_message(struct mime *mime)
{
	struct buf	 all = { 0 };
	char		 chunk[300];
	struct why	 why;
	int64_t		 got;

	mime_rewind(mime);
	while ((got = mime_read(mime, chunk, sizeof(chunk), &why)) > 0)
		buf_add(&all, chunk, (size_t)got);
	MUST(got == 0 && (int64_t)all.len == mime_length(mime));
	check_message(all.data, all.len);
	check_encoded(mime, &all);
	buf_free(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char			*text = fuzz_text(data, size);
	struct mail_address	 to = { text, text };
	struct mime_parts	 parts = { .boundary = "B", .text = text,
		.html = size % 2 == 0 ? text : NULL };
	struct mime		 mime = { 0 };
	struct buf		 parameter = { 0 };
	struct why		 why;

	check_address(text);
	if (header_check(text, "subject", &why) == 0) {
		header_text(&mime.head, "Subject", text);
		header_parameter(&parameter, "filename", text);
		buf_str(&parameter, "\r\n\r\n");
		check_message(parameter.data + 3, parameter.len - 3);
		if (mail_address_parse(text, &to) == NULL) {
			struct buf	 line = { 0 };

			header_addresses(&line, "Reply-To", &to, 1);
			MUST(strchr(line.data, '\n') != NULL);
			buf_free(&line);
			mail_address_free(&to);
		}
	}
	mime_compose(&mime, &parts);
	read_message(&mime);
	mime_free(&mime);
	buf_free(&parameter);
	free(text);
	return 0;
}
