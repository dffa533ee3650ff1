/*
 * ticket_file - a ticket's whole file, damaged in any way
 *
 * What was read of it is written and read as the same: its facts, and each
 * line.
 */
#include "tests/fuzz/facts_again.h"

static bool
read_bytes(const void *data, size_t size, struct ticket_file *file)
{
	struct why	 why;
	int		 fd = fuzz_memory(data, size), result;

	result = ticket_file_read(fd, (off_t)size, file, &why);
	MUST(close(fd) == 0);
	return result == 1;
}

static void
write_all(struct buf *out, const struct ticket_file *file)
{
	facts_line(out, &file->facts);
	buf_char(out, '\n');
	for (size_t i = 0; i < file->line_count; i++)
		event_line_write(out, &file->lines[i]);
}

static void
check_again(const struct ticket_file *file)
{
	struct buf		 once = { 0 }, twice = { 0 };
	struct ticket_file	 again;

	if (file->facts.accepted_at == 0)
		return;
	write_all(&once, file);
	MUST(read_bytes(once.data, once.len, &again));
	write_all(&twice, &again);
	MUST(fuzz_same(&once, &twice));
	ticket_file_free(&again);
	buf_free(&once);
	buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ticket_file	 file;
	const struct event_line	*last;

	if (!read_bytes(data, size, &file))
		return 0;
	last = ticket_file_last(&file);
	MUST(last == NULL || (last >= file.lines &&
	    last < file.lines + file.line_count));
	MUST(last == NULL || !event_line_doubtful(last) ||
	    ticket_file_doubtful(&file));
	check_again(&file);
	ticket_file_free(&file);
	return 0;
}
