/*
 * download - what a client of the worker for links may send, and a file's name
 *
 * The first byte says which of them it is.  Each is compared with what it
 * promises, not with how it gets there.
 */
#include "tests/fuzz/fuzz.h"

#include "workers/download/disposition.h"
#include "workers/download/page.h"
#include "workers/download/pass.h"
#include "workers/download/peer.h"
#include "workers/download/range.h"
#include "workers/download/route.h"

static void
try_route(const char *text)
{
	struct route route;
	char *again;

	if (!route_parse(text, &route))
		return;
	MUST(route.length > 0 && route.token > text);
	MUST(memchr(route.token, '/', route.length) == NULL);
	again = xasprintf("/d/%.*s%s", (int)route.length, route.token,
	    route.file ? "/file" : "");
	/* What it found is all that matters of the path. */
	MUST(strlen(text) >= strlen(again) &&
	    strcmp(text + strlen(text) - strlen(again), again) == 0);
	free(again);
}

static void
try_range(const char *text)
{
	static const int64_t sizes[] = { 0, 1, 1000, INT64_MAX };
	struct extent_asked asked;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		enum range range = range_parse(text, sizes[i], &asked);

		MUST(range != RANGE_part || (asked.from >= 0 &&
		    asked.length > 0 && asked.from <= sizes[i] - asked.length));
		MUST(range != RANGE_whole || (asked.from == 0 &&
		    asked.length == sizes[i]));
	}
	(void)range_match(text, "\"a\"");
	MUST(range_if(text, "\"a\"") == (*text == '\0' ||
	    strcmp(text, "\"a\"") == 0));
}

static void
try_peer(const char *text)
{
	struct address socket = { { 0 } }, found;
	struct peers peers;
	struct why why;

	MUST(peers_read(&peers, "10.0.0.0/8\n::ffff:127.0.0.1\n", &why) == 0);
	MUST(address_parse("10.0.0.1", &socket) == 0);
	if (peers_find(&peers, &socket, text, &found) == 0)
		MUST(!peers_trust(&peers, &found));
	MUST(address_parse("192.0.2.1", &socket) == 0);
	MUST(peers_find(&peers, &socket, text, &found) == 0 &&
	    memcmp(&found, &socket, sizeof(found)) == 0);
	peers_free(&peers);
}

static void
try_name(const char *text)
{
	struct buf out = { 0 };
	const char *end;

	disposition_put(&out, text);
	for (size_t i = 0; i < out.len; i++)
		MUST(out.data[i] >= 0x20 && out.data[i] < 0x7f);
	/* Two quotes, around a name without any, and nothing that escapes. */
	MUST(strncmp(out.data, "attachment; filename=\"", 22) == 0);
	end = strchr(out.data + 22, '"');
	MUST(end != NULL && strchr(end + 1, '"') == NULL);
	MUST(strchr(out.data, '\\') == NULL);
	MUST(end[1] == '\0' || strncmp(end + 1, "; filename*=UTF-8''", 19) ==
	    0);
	buf_free(&out);
}

static size_t
count(const char *text, char c)
{
	size_t found = 0;

	for (; *text != '\0'; text++)
		found += *text == c;
	return found;
}

/* Whatever the name is, there are as many tags and quotes. */
static void
try_page(const char *text)
{
	struct page page = { .filename = "a", .token = "t",
		.token_length = 1, .bytes = 1, .left = 1 };
	struct buf plain = { 0 }, out = { 0 };

	page_link(&plain, &page);
	page.filename = page.token = text;
	page.token_length = strlen(text);
	page_link(&out, &page);
	MUST(count(out.data, '<') == count(plain.data, '<'));
	MUST(count(out.data, '>') == count(plain.data, '>'));
	MUST(count(out.data, '"') == count(plain.data, '"'));
	buf_free(&plain);
	buf_free(&out);
}

/* No cookie that was not given out is one. */
static void
try_pass(const char *text)
{
	static const struct pass granted = { .serial = 7, .size = 10 };
	struct passes *passes;
	struct buf cookie = { 0 };
	struct pass pass;
	struct why why;

	passes = passes_new(&why);
	MUST(passes != NULL);
	passes_grant(passes, &granted, 1000, &cookie);
	MUST(!passes_find(passes, granted.link, text, 1001, &pass));
	buf_str(&cookie, "; ");
	buf_str(&cookie, text);
	MUST(passes_find(passes, granted.link, cookie.data, 1001, &pass));
	buf_free(&cookie);
	passes_free(&passes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const char *) = { try_route, try_range,
	    try_peer, try_name, try_page, try_pass };
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	tries[data[0] % (sizeof(tries) / sizeof(*tries))](text);
	free(text);
	return 0;
}
