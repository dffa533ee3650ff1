/*
 * spooldest_export - destinations for another instance
 *
 * The key is made here of the passphrase, which takes a while, and spoold seals
 * with it: no credential comes here in clear.  A passphrase comes from a file
 * or a terminal, never from the command line, which everybody can read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include <readpassphrase.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/destination_portable.h"
#include "lib/passphrase.h"

#include "spoold/commands/spooldest.h"

/* --- the passphrase ------------------------------------------------------- */

static int
ask_once(const char *prompt, struct buf *out, struct why *why)
{
	char text[PASSPHRASE_MAX + 1];

	if (readpassphrase(prompt, text, sizeof(text), RPP_REQUIRE_TTY) ==
	    NULL)
		return why_set(why, ERROR_USAGE, "there is no terminal to ask "
		    "for a passphrase at: --passphrase-file or "
		    "--no-credentials");
	buf_str(out, text);
	explicit_bzero(text, sizeof(text));
	return 0;
}

static int
ask(bool is_new, struct buf *out, struct why *why)
{
	struct buf again = { .max = 0 };
	int result;

	result = ask_once("Passphrase: ", out, why);
	if (result == 0 && is_new)
		result = ask_once("Once more: ", &again, why);
	if (result == 0 && is_new && (out->data == NULL ||
	    again.data == NULL || strcmp(out->data, again.data) != 0))
		result = why_set(why, ERROR_USAGE,
		    "these were two different ones");
	buf_wipe(&again);
	return result;
}

int
passphrase_read(const struct dest *dest, bool is_new, struct buf *out,
    struct why *why)
{
	if (dest->passphrase_file == NULL) {
		if (ask(is_new, out, why) == -1)
			return -1;
	} else {
		out->max = PASSPHRASE_MAX + 1;
		if (file_read_all(dest->passphrase_file, out, why) == -1)
			return -1;
		if (out->len > 0)
			out->len = strcspn(out->data, "\r\n");
	}
	if (out->len == 0)
		return why_set(why, ERROR_USAGE, "the passphrase is empty");
	out->data[out->len] = '\0';
	return 0;
}

/* --- the file ------------------------------------------------------------- */

/* What is sealed with, as text; empty: credentials are left out. */
struct exporting {
	struct buf	 seal;		/* own; a member of the file */
	struct buf	 key;		/* own; base64, to be wiped */
	struct buf	 ids;		/* own; one a line */
	size_t		 count;
};

static int
key_make(const struct dest *dest, struct exporting *exporting,
    struct why *why)
{
	unsigned char key[VAULT_KEY_BYTES];
	struct buf passphrase = { .max = 0 }, text = { .max = 0 };
	struct json *object = NULL;
	int result = -1;

	if (passphrase_read(dest, true, &passphrase, why) == -1 ||
	    passphrase_put(&exporting->seal, "seal", why) == -1)
		goto out;
	buf_printf(&text, "{%s}", exporting->seal.data);
	object = json_parse(text.data, text.len, why);
	if (object != NULL)
		result = passphrase_key(json_get(object, "seal"), &passphrase,
		    key, why);
	if (result == 0)
		base64_encode(&exporting->key, key, sizeof(key),
		    BASE64_STANDARD);
	OPENSSL_cleanse(key, sizeof(key));
out:
	json_free(&object);
	buf_free(&text);
	buf_wipe(&passphrase);
	return result;
}

/* The beginning, up to the destinations; one line for each of these. */
static void
head_print(const struct exporting *exporting, const char *organization)
{
	struct buf head = { .max = 0 };

	json_open(&head, NULL, '{');
	json_put_string(&head, "format", PORTABLE_FORMAT);
	json_put_string(&head, "organizationId", organization);
	json_put_time(&head, "exportedAt", clock_wall());
	if (exporting->seal.len > 0)
		json_put_raw(&head, NULL, exporting->seal.data,
		    exporting->seal.len);
	json_open(&head, "destinations", '[');
	(void)printf("%s\n", head.data);
	buf_free(&head);
}

static int
export_one(struct cli *cli, struct exporting *exporting, const char *id,
    struct why *why)
{
	struct buf arguments = { .max = 0 }, line = { .max = 0 };
	struct json *result;

	json_put_string(&arguments, "destinationId", id);
	if (exporting->key.len > 0)
		json_put_string(&arguments, "key", exporting->key.data);
	result = cli_ask(cli, "destination.export", &arguments, -1, why);
	buf_wipe(&arguments);
	if (result == NULL)
		return -1;
	json_print(&line, json_get(result, "destination"));
	(void)printf("%s%s", exporting->count++ > 0 ? ",\n" : "", line.data);
	buf_free(&line);
	json_free(&result);
	return 0;
}

static int
note_id(void *arg, struct cli *cli, const struct json *document,
    struct why *why)
{
	struct exporting *exporting = arg;

	(void)cli;
	(void)why;
	buf_printf(&exporting->ids, "%s\n", json_string(json_get(document,
	    "id"), ""));
	return 0;
}

static int
export_all(struct cli *cli, struct exporting *exporting, struct why *why)
{
	const char *organization = cli->organization;
	const struct conf_organization *org;
	char *id = exporting->ids.data, *end;
	int result = 0;

	org = cli_organization(cli, why);
	if (organization == NULL && org == NULL)
		return -1;
	/* Nobody is to take half a file for a whole one. */
	head_print(exporting, org != NULL ? org->id : organization);
	for (; result == 0 && id != NULL && (end = strchr(id, '\n')) != NULL;
	    id = end + 1) {
		*end = '\0';
		result = export_one(cli, exporting, id, why);
	}
	if (result == 0)
		(void)printf("\n]}\n");
	return result;
}

int
dest_export(struct cli *cli, void *state)
{
	const struct dest *dest = state, every = { .reason = NULL };
	struct exporting exporting = { .count = 0 };
	struct why why;
	int result = 0;

	if (dest->no_credentials && dest->passphrase_file != NULL)
		return cli_usage(cli, "--no-credentials and --passphrase-file "
		    "exclude each other");
	for (size_t i = 0; i < cli->word_count; i++)
		buf_printf(&exporting.ids, "%s\n", cli->words[i]);
	if (cli->word_count == 0)
		result = dest_each(cli, &every, note_id, &exporting, &why);
	if (result == 0 && !dest->no_credentials)
		result = key_make(dest, &exporting, &why);
	if (result == 0)
		result = export_all(cli, &exporting, &why);
	buf_free(&exporting.seal);
	buf_wipe(&exporting.key);
	buf_free(&exporting.ids);
	return result == -1 ? cli_fail(cli, &why) : 0;
}
