/*
 * journal_damage - a real, signed journal that is damaged, then recovered
 *
 * The input is a list of damages, four bytes each: what, where (two bytes),
 * and with which byte.  Whatever they do, opening either refuses or makes a
 * journal that takes a line, gives that line back, and has nothing left to
 * mend when it is opened again.
 */
#include <dirent.h>

#include "lib/journal.h"
#include "tests/fuzz/fuzz.h"

#define FIRST "2026-11-23.0001.jsonl"
#define SECOND "2026-11-23.0002.jsonl"
#define LINES 24
#define EACH 4		/* bytes of one damage */

/* A journal in two segments, and its keys. */
static struct sound {
	struct buf	 first, second, public, private;
} sound;			/* libFuzzer has nowhere else to keep it */

static const struct journal_place place = {
	"journal", "journal.pub", "journal.key"
};

static void
slurp(const char *path, struct buf *out)
{
	char	 bytes[16384];
	int	 fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t	 got;

	MUST(fd != -1);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)got);
	MUST(got == 0 && close(fd) == 0);
}

/* Calls `each` for every file of the journal. */
static void
each_file(void (*each)(const char *path, struct buf *arg), struct buf *arg)
{
	DIR		*directory = opendir(place.directory);
	struct dirent	*entry;

	MUST(directory != NULL);
	while ((entry = readdir(directory)) != NULL) {
		char	*path = xasprintf("%s/%s", place.directory,
			    entry->d_name);

		if (entry->d_name[0] != '.')
			each(path, arg);
		free(path);
	}
	MUST(closedir(directory) == 0);
}

static void
remove_file(const char *path, struct buf *arg)
{
	(void)arg;
	MUST(unlink(path) == 0);
}

static void
write_journal(void)
{
	struct buf		 fields = { 0 }, none = { 0 };
	struct journal_found	 found;
	struct journal		*journal;
	struct why		 why;

	journal = journal_open(&place, &found, &why);
	MUST(journal != NULL);
	/* It adds the instance and the key to the first line itself. */
	buf_str(&fields, "\"org\":\"demo\",\"job\":\"x\"");
	buf_str(&none, "[]");
	MUST(journal_add(journal, EVENT_start, &fields) == 1);
	for (int i = 1; i < LINES; i++)
		if (i % 6 == 5)
			MUST(journal_add_checkpoint(journal, i, &none,
			    &why) != -1);
		else
			MUST(journal_add(journal, EVENT_attempt, &fields) > 1);
	MUST(journal_commit(journal, &why) == 1);
	journal_close(&journal);
	buf_free(&fields);
	buf_free(&none);
}

/* Once, before libFuzzer begins. */
static void __attribute__((constructor))
begin(void)
{
	char		*directory = fuzz_directory();
	struct buf	 all = { 0 };
	size_t		 half;

	MUST(chdir(directory) == 0);
	free(directory);
	write_journal();
	each_file(slurp, &all);
	for (half = all.len / 2; all.data[half - 1] != '\n'; half++)
		continue;
	buf_add(&sound.first, all.data, half);
	buf_add(&sound.second, all.data + half, all.len - half);
	slurp(place.public_key, &sound.public);
	slurp(place.private_key, &sound.private);
	buf_free(&all);
}

static void
damage(struct buf *text, const uint8_t bytes[EACH])
{
	struct buf	 tail = { 0 };
	size_t		 at, less;

	if (text->len == 0)
		return;
	at = (size_t)(bytes[1] << 8 | bytes[2]) % text->len;
	buf_add(&tail, text->data + at, text->len - at);
	switch (bytes[0] >> 1 & 7) {
	case 0:			/* another byte */
		text->data[at] = (char)bytes[3];
		break;
	case 1:			/* a bit */
		text->data[at] = (char)(text->data[at] ^ 1 << bytes[3] % 8);
		break;
	case 2:			/* one byte more */
		text->len = at;
		buf_char(text, (char)bytes[3]);
		buf_add(text, tail.data, tail.len);
		break;
	case 3:			/* some bytes less */
		less = bytes[3] < tail.len ? bytes[3] : tail.len;
		text->len = at;
		buf_add(text, tail.data + less, tail.len - less);
		break;
	case 4:			/* the end is missing */
		text->len = at;
		break;
	case 5:			/* zeros, as a crash leaves them */
		memset(text->data + at, 0, tail.len);
		break;
	case 6:			/* the end once more */
		buf_add(text, tail.data, tail.len);
		break;
	default:		/* the beginning is missing */
		buf_consume(text, at);
		break;
	}
	buf_free(&tail);
}

static void
put_damaged(const uint8_t *data, size_t size)
{
	struct buf	 first = { 0 }, second = { 0 };

	buf_add(&first, sound.first.data, sound.first.len);
	buf_add(&second, sound.second.data, sound.second.len);
	for (; size >= EACH; data += EACH, size -= EACH)
		damage((data[0] & 1) != 0 ? &second : &first, data);
	each_file(remove_file, NULL);
	fuzz_file("journal/" FIRST, first.data, first.len);
	fuzz_file("journal/" SECOND, second.data, second.len);
	fuzz_file(place.public_key, sound.public.data, sound.public.len);
	fuzz_file(place.private_key, sound.private.data, sound.private.len);
	buf_free(&first);
	buf_free(&second);
}

/* Opens, adds a line and makes it durable; its seq, or 0 if refused. */
static int64_t
open_and_add(struct journal_found *found)
{
	struct buf		 fields = { 0 };
	struct journal		*journal;
	struct why		 why;
	int64_t			 seq;

	journal = journal_open(&place, found, &why);
	if (journal == NULL)
		return 0;
	buf_str(&fields, "\"version\":\"0\"");
	seq = journal_add(journal, EVENT_start, &fields);
	MUST(seq == found->seq + 1);
	MUST(journal_commit(journal, &why) == 1);
	journal_close(&journal);
	buf_free(&fields);
	return seq;
}

static void
check_line(int64_t seq)
{
	struct journal_reader	*reader;
	struct journal_line	 line;
	struct why		 why;
	int64_t			 head;
	char			 hash[2 * JOURNAL_HASH + 1];
	int			 got;

	reader = journal_reader_open(place.directory, seq, &why);
	MUST(reader != NULL);
	while ((got = journal_reader_next(reader, &line, &why)) == -1)
		continue;
	MUST(got == 1 && line.seq == seq && line.event == EVENT_start);
	MUST(journal_reader_next(reader, &line, &why) == 0);
	journal_reader_close(&reader);
	MUST(journal_head(place.directory, &head, hash, &why) == 1);
	MUST(head == seq);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_found	 found = { 0 };
	int			 lowest = fuzz_lowest();
	int64_t			 seq;

	put_damaged(data, size);
	seq = open_and_add(&found);
	if (seq != 0) {
		check_line(seq);
		MUST(open_and_add(&found) == seq + 1);
		MUST(found.cut == 0 && !found.fresh);
		check_line(seq + 1);
	}
	MUST(fuzz_lowest() == lowest);
	return 0;
}
