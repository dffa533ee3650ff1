/*
 * journal - segments that anybody may have written
 *
 * The first byte says whether the lines get the right hashes (1), without which
 * nothing would come far.  A form feed in the text begins another segment.
 * Reading comes to an end and gives seqs that rise; and what verifies, can be
 * read from its first line to its last without a complaint.
 */
#include <sys/stat.h>

#include "lib/hex.h"
#include "lib/journal.h"
#include "lib/journal_line.h"
#include "tests/fuzz/fuzz.h"

#define HASHED 1
#define SEGMENTS_MAX 4
#define NOON INT64_C(1795435200000)	/* 2026-11-23T12:00:00Z */
#define KEY "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n" /* RFC 8032 */

/* Once, before libFuzzer begins. */
static void __attribute__((constructor))
begin(void)
{
	char	*directory = fuzz_directory();

	MUST(chdir(directory) == 0);
	MUST(mkdir("journal", 0700) == 0);
	fuzz_file("journal.pub", KEY, sizeof(KEY) - 1);
	free(directory);
}

/* A line with the hash that it should have at its end. */
static void
put_hashed(struct buf *out, struct journal_hasher *hasher,
    uint8_t hash[JOURNAL_HASH], const char *line, size_t length)
{
	char	 text[2 * JOURNAL_HASH + 1];

	if (length > 0 && line[length - 1] == '}')
		length--;
	journal_hash(hasher, hash, line, length, hash);
	hex_format(hash, JOURNAL_HASH, text);
	buf_add(out, line, length);
	buf_printf(out, ",\"hash\":\"%s\"}\n", text);
}

static void
put_lines(struct buf *out, struct journal_hasher *hasher,
    uint8_t hash[JOURNAL_HASH], const char *text, size_t size)
{
	const char	*newline;

	for (; size > 0 && (newline = memchr(text, '\n', size)) != NULL;
	    size -= (size_t)(newline + 1 - text), text = newline + 1)
		put_hashed(out, hasher, hash, text, (size_t)(newline - text));
	buf_add(out, text, size);
}

static void
segment_path(char path[64], int number)
{
	(void)snprintf(path, 64, "journal/2026-11-23.%04d.jsonl", number);
}

/* Writes the segments; returns how many. */
static int
put_segments(const char *text, size_t size, bool hashed)
{
	uint8_t			 hash[JOURNAL_HASH] = { 0 };
	struct journal_hasher	*hasher;
	struct why		 why;
	char			 path[64];
	int			 count = 0;

	hasher = journal_hasher_new(&why);
	MUST(hasher != NULL);
	while (count < SEGMENTS_MAX && size > 0) {
		const char	*end = memchr(text, '\f', size);
		size_t		 length = end == NULL ? size :
				    (size_t)(end - text);
		struct buf	 out = { 0 };

		if (hashed)
			put_lines(&out, hasher, hash, text, length);
		else
			buf_add(&out, text, length);
		segment_path(path, ++count);
		fuzz_file(path, out.data, out.len);
		buf_free(&out);
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
	journal_hasher_free(&hasher);
	return count;
}

static void
remove_segments(int count)
{
	char	 path[64];

	for (; count > 0; count--) {
		segment_path(path, count);
		MUST(unlink(path) == 0);
	}
}

/* Reads all from `seq` on.  The last seq, or -1 if a line was wrong. */
static int64_t
read_all(int64_t seq, size_t lines_max)
{
	struct journal_reader	*reader;
	struct journal_line	 line;
	struct why		 why;
	int64_t			 last = 0;
	bool			 wrong = false;
	size_t			 count = 0;
	int			 got;

	reader = journal_reader_open("journal", seq, &why);
	MUST(reader != NULL);
	while ((got = journal_reader_next(reader, &line, &why)) != 0) {
		MUST(++count <= lines_max);
		if (got == -1) {
			wrong = true;
			continue;
		}
		MUST(line.seq > last && line.seq >= seq);
		MUST(line.length < JOURNAL_LINE_MAX);
		MUST(memchr(line.text, '\n', line.length) == NULL);
		last = line.seq;
	}
	journal_reader_close(&reader);
	return wrong ? -1 : last;
}

static void
check_journal(size_t size)
{
	char			 hash[2 * JOURNAL_HASH + 1];
	struct journal_verdict	 verdict;
	struct why		 why;
	int64_t			 seq;
	int			 verified, head;

	verified = journal_verify("journal", NULL, 0, "journal.pub", NULL,
	    &verdict, &why);
	MUST(verified != -1);
	seq = read_all(1, size + SEGMENTS_MAX);
	MUST(verified != 0 || seq == verdict.last_seq);
	(void)read_all(3, size + SEGMENTS_MAX);
	(void)journal_seek("journal", NOON, &why);
	head = journal_head("journal", &seq, hash, &why);
	if (verified == 0) {
		MUST(head == 1 && seq == verdict.last_seq);
		MUST(strcmp(hash, verdict.last_hash) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int	 lowest = fuzz_lowest(), count;

	if (size < 2)
		return 0;
	count = put_segments((const char *)data + 1, size - 1,
	    (data[0] & HASHED) != 0);
	check_journal(size);
	remove_segments(count);
	MUST(fuzz_lowest() == lowest);
	return 0;
}
