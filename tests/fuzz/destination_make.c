/*
 * destination_make - a new destination out of what a person wrote
 *
 * What was made is a file that can be read and opened, and no secret that was
 * made for it stands in it.
 */
#include "lib/destination.h"
#include "tests/fuzz/vault_once.h"

static struct vault	*vault;	/* libFuzzer has nowhere else to keep it */

/* Once, before libFuzzer begins. */
static void __attribute__((constructor))
begin(void)
{
	vault = vault_once();
}

static bool
taken(const void *arg, const char *id)
{
	(void)arg;
	return strcmp(id, "taken") == 0;
}

static void
check_made(const struct destination *made, const struct buf *secret)
{
	struct buf		 text = { 0 }, again = { 0 }, opened = { 0 };
	struct destination	*copy;
	struct json		*config;
	struct why		 why;

	destination_print(made, &text);
	MUST(text.len <= DESTINATION_FILE_MAX);
	copy = destination_read(text.data, text.len, &why);
	MUST(copy != NULL);
	destination_print(copy, &again);
	MUST(fuzz_same(&text, &again));
	MUST(destination_open(copy, "demo", vault, &opened, &why) == 0);
	config = json_parse(opened.data, opened.len, &why);
	MUST(config != NULL);
	if (secret->len > 0) {
		MUST(strstr(text.data, secret->data) == NULL);
		MUST(strcmp(json_string(json_get(config, "secret"), ""),
		    secret->data) == 0);
	}
	json_free(&config);
	destination_free(&copy);
	buf_free(&text);
	buf_free(&again);
	buf_wipe(&opened);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct destination	*made;
	struct buf		 secret = { 0 };
	struct destination_keeper keeper = { .organization = "demo",
	    .vault = vault };
	struct json		*input;
	struct why		 why;

	input = json_parse((const char *)data, size, &why);
	if (input == NULL)
		return 0;
	made = destination_make(input, &keeper, taken, NULL, &secret, &why);
	MUST(made != NULL || why.code != ERROR_NONE);
	if (made != NULL) {
		MUST(destination_id_valid(made->id));
		MUST(strcmp(made->id, "taken") != 0);
		check_made(made, &secret);
	}
	buf_wipe(&secret);
	destination_free(&made);
	json_free(&input);
	return 0;
}
