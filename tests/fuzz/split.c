/*
 * split - several jobs in one stream
 *
 * The first byte says in how large pieces the rest comes.  What is handed out
 * is the stream again, in order and but for white space; and an object that is
 * good JSON comes alone.
 */
#include <sys/socket.h>

#include "lib/scan.h"
#include "lib/split.h"
#include "tests/fuzz/fuzz.h"

#define PACKETS 100	/* that a socket holds for sure */
#define WHITE " \t\r\n"

/* A stream that gives at most `piece` bytes at once; the bytes in it. */
static size_t
begin_stream(int pair[2], const uint8_t *data, size_t size, size_t piece)
{
	size_t	 sent = 0;

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	for (int i = 0; i < PACKETS && sent < size; i++) {
		if (piece > size - sent)
			piece = size - sent;
		MUST(send(pair[0], data + sent, piece, 0) == (ssize_t)piece);
		sent += piece;
	}
	MUST(close(pair[0]) == 0);
	return sent;
}

static size_t
skip_white(const char *text, size_t at, size_t size)
{
	while (at < size && text[at] != '\0' &&
	    strchr(WHITE, text[at]) != NULL)
		at++;
	return at;
}

static void
check_stream(int fd, const char *stream, size_t size)
{
	struct scan	 scan = { 0 };
	struct split	 split;
	struct why	 why;
	const char	*text;
	size_t		 at, length, count = 0;
	bool		 one;

	at = skip_white(stream, 0, size);
	one = at < size && stream[at] == '{' &&
	    scan_json(stream, size, &scan, NULL, &why) == 1;
	split_begin(&split, fd, SIZE_MAX);
	while (split_next(&split, &text, &length, &why) == 1) {
		MUST(length > 0 && length <= size - at);
		MUST(memcmp(text, stream + at, length) == 0);
		at = skip_white(stream, at + length, size);
		count++;
	}
	MUST(at == size);
	MUST(!one || count == 1);
	split_end(&split);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int	 pair[2];

	if (size < 2)
		return 0;
	size = begin_stream(pair, data + 1, size - 1, 1 + (size_t)data[0]);
	check_stream(pair[1], (const char *)data + 1, size);
	MUST(close(pair[1]) == 0);
	return 0;
}
