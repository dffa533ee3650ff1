/*
 * destination - a destination's file, as it may have been changed by hand
 *
 * Sealed values in it are opened, too, or refused.
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

static void
check_json(struct buf *text)
{
	struct json	*json;
	struct why	 why;

	json = json_parse(text->data, text->len, &why);
	MUST(json != NULL);
	json_free(&json);
	buf_wipe(text);
}

static void
check_again(const struct destination *destination)
{
	struct buf		 once = { 0 }, twice = { 0 };
	struct destination	*again;
	struct why		 why;

	destination_print(destination, &once);
	again = destination_read(once.data, once.len, &why);
	MUST(again != NULL);
	destination_print(again, &twice);
	MUST(fuzz_same(&once, &twice));
	destination_free(&again);
	buf_free(&once);
	buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct destination	*destination;
	struct buf		 out = { 0 };
	struct why		 why;

	destination = destination_read((const char *)data, size, &why);
	if (destination == NULL)
		return 0;
	MUST(destination_id_valid(destination->id));
	check_again(destination);
	destination_print_masked(destination, &out);
	check_json(&out);
	if (destination_open(destination, "demo", vault, &out, &why) == 0)
		check_json(&out);
	buf_wipe(&out);
	destination_set_disabled(destination, true, "fuzz", "because");
	destination_set_default(destination, true);
	check_again(destination);
	destination_free(&destination);
	return 0;
}
