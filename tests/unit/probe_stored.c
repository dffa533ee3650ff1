/*
 * probe_stored - drives lib/stored
 *
 * create DIR
 * path ID DESTINATION DUE
 * parse NAME			"ID DESTINATION", or status 1
 * make DIR ORG NAME AT SHA256	standard input, sealed into a record
 * read NAME			standard input, a record: "AT SHA256"
 * open DIR ORG NAME		standard input, a record: what it sealed
 */
#include "tests/unit/probe.h"

#include "lib/hex.h"
#include "lib/stored.h"

static int
answer(int result, const struct why *why)
{
	if (result == -1)
		probe_print_why(why);
	return result == -1 ? 1 : 0;
}

static int
probe_path(char **argv)
{
	char path[STORED_PATH];
	struct id id;
	int64_t due;

	if (id_parse(argv[0], &id) == -1 || clock_parse(argv[2], &due) == -1)
		return 64;
	stored_path(&id, argv[1], due, path);
	printf("%s\n", path);
	return 0;
}

static int
probe_parse(const char *name)
{
	char id[ID_LENGTH + 1];
	struct stored_record record;

	if (stored_parse(name, &record.id, record.destination) == -1)
		return 1;
	id_format(&record.id, id);
	printf("%s %s\n", id, record.destination);
	return 0;
}

static int
probe_make(char **argv)
{
	struct vault *vault;
	struct stored_record record = { .sealed = NULL };
	struct buf out = { 0 };
	struct why why;
	size_t length;
	char *input, *text;
	int result;

	if (stored_parse(argv[2], &record.id, record.destination) == -1 ||
	    clock_parse(argv[3], &record.delivered_at) == -1 ||
	    hex_parse(argv[4], record.sha256, SHA256_LENGTH) == -1)
		return 64;
	vault = vault_open(argv[0], &why);
	if (vault == NULL)
		return answer(-1, &why);
	input = probe_read(&length);
	text = xstrndup(input, length);
	free(input);
	result = stored_seal(&record, vault, argv[1], text, &why);
	if (result == 0) {
		stored_print(&out, &record);
		(void)fwrite(out.data, 1, out.len, stdout);
	}
	buf_free(&out);
	free(text);
	stored_free(&record);
	vault_close(&vault);
	return answer(result, &why);
}

static int
probe_record(const char *name, struct stored_record *record, struct why *why)
{
	size_t length;
	char *text = probe_read(&length);
	int result = stored_parse(name, &record->id, record->destination);

	if (result == 0)
		result = stored_read(text, length, record, why);
	free(text);
	return result;
}

static int
probe_show(const char *name)
{
	struct stored_record record = { .sealed = NULL };
	char at[CLOCK_TEXT], hex[HEX_SIZE(SHA256_LENGTH)];
	struct why why = { 0 };

	if (probe_record(name, &record, &why) == -1)
		return answer(-1, &why);
	clock_format(record.delivered_at, at);
	hex_format(record.sha256, SHA256_LENGTH, hex);
	printf("%s %s\n", at, hex);
	stored_free(&record);
	return 0;
}

static int
probe_open(char **argv)
{
	struct stored_record record = { .sealed = NULL };
	struct buf out = { 0 };
	struct why why = { 0 };
	struct vault *vault = vault_open(argv[0], &why);
	int result = -1;

	if (vault != NULL)
		result = probe_record(argv[2], &record, &why);
	if (result == 0)
		result = stored_open(&record, vault, argv[1], &out, &why);
	if (out.len > 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_wipe(&out);
	stored_free(&record);
	vault_close(&vault);
	return answer(result, &why);
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct why why;

	if (strcmp(verb, "create") == 0 && argc == 3)
		return answer(vault_create(argv[2], &why), &why);
	if (strcmp(verb, "path") == 0 && argc == 5)
		return probe_path(argv + 2);
	if (strcmp(verb, "parse") == 0 && argc == 3)
		return probe_parse(argv[2]);
	if (strcmp(verb, "make") == 0 && argc == 7)
		return probe_make(argv + 2);
	if (strcmp(verb, "read") == 0 && argc == 3)
		return probe_show(argv[2]);
	if (strcmp(verb, "open") == 0 && argc == 5)
		return probe_open(argv + 2);
	return 64;
}
