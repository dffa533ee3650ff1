/*
 * stored - the record of what is to be erased
 *
 * The first line of the input is a file's name, the rest its text.  What is
 * taken for a record is written as one that says the same.
 */
#include <strings.h>

#include "lib/stored.h"
#include "tests/fuzz/fuzz.h"

static void
again(const struct stored_record *record)
{
	struct stored_record	 second = { .sealed = NULL };
	struct buf		 out = { 0 };
	struct why		 why;

	stored_print(&out, record);
	MUST(stored_read(out.data, out.len, &second, &why) == 0);
	MUST(second.delivered_at == record->delivered_at);
	MUST(memcmp(second.sha256, record->sha256, SHA256_LENGTH) == 0);
	MUST(strcmp(second.sealed, record->sealed) == 0);
	stored_free(&second);
	buf_free(&out);
}

static void
name(const char *text)
{
	char		 destination[DESTINATION_ID_MAX + 1];
	char		 path[STORED_PATH];
	struct id	 id;

	if (stored_parse(text, &id, destination) == -1)
		return;
	stored_path(&id, destination, 0, path);
	MUST(strncmp(path, "1970-01-01/", CLOCK_DAY) == 0);
	MUST(strcasecmp(path + CLOCK_DAY, text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stored_record	 record = { .sealed = NULL };
	const uint8_t		*end = memchr(data, '\n', size);
	size_t			 length = end == NULL ? size :
	    (size_t)(end - data);
	char			*text = fuzz_text(data, length);
	struct why		 why;

	name(text);
	free(text);
	if (end == NULL)
		return 0;
	if (stored_read((const char *)end + 1, size - length - 1, &record,
	    &why) == 0)
		again(&record);
	stored_free(&record);
	return 0;
}
