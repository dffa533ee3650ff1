/*
 * probe_destination - drives lib/destination
 *
 * make KEYS ORG [TAKEN,...]	makes one of standard input; prints its
 *				document, then `secret ` and one that was made
 * open KEYS ORG		the config of the document on standard input
 * masked | again		the document on standard input
 * fields			what the struct says of it
 * disable BY REASON | enable | default
 * add KEYS ORG SECRET EXPIRES	a secret, until when the one before signs (ms)
 * remove KEYS ORG SECRET_ID
 * update KEYS ORG PATCH	merges the patch
 * secrets			what is known of them
 * url URL
 *
 * Exits with 0, or 1 if something is refused.
 */
#include "tests/unit/probe.h"

#include "lib/destination_secret.h"
#include "lib/url.h"

static int
refuse(const struct why *why)
{
	probe_print_why(why);
	return 1;
}

static int
print(struct buf *out)
{
	printf("%s%s", out->data, out->len > 0 &&
	    out->data[out->len - 1] == '\n' ? "" : "\n");
	buf_wipe(out);
	return 0;
}

static bool
taken(const void *arg, const char *id)
{
	const char *list = arg;
	const char *at = list != NULL ? strstr(list, id) : NULL;

	for (; at != NULL; at = strstr(at + 1, id))
		if ((at == list || at[-1] == ',') &&
		    (at[strlen(id)] == ',' || at[strlen(id)] == '\0'))
			return true;
	return false;
}

static int
probe_make(int argc, char **argv)
{
	struct destination_keeper keeper = { .organization = argv[1] };
	struct destination *destination;
	struct buf secret = { 0 }, out = { 0 };
	struct vault *vault;
	struct json *input;
	struct why why;
	size_t length;
	char *text = probe_read(&length);

	input = json_parse(text, length, &why);
	free(text);
	if (input == NULL)
		return refuse(&why);
	vault = vault_open(argv[0], &why);
	keeper.vault = vault;
	destination = vault == NULL ? NULL : destination_make(input, &keeper,
	    taken, argc > 2 ? argv[2] : NULL, &secret, &why);
	json_free(&input);
	vault_close(&vault);
	if (destination == NULL)
		return refuse(&why);
	destination_print(destination, &out);
	destination_free(&destination);
	(void)print(&out);
	if (secret.len > 0)
		printf("secret %s\n", secret.data);
	buf_wipe(&secret);
	return 0;
}

/* The destination on standard input. */
static struct destination *
input_destination(struct why *why)
{
	size_t length;
	char *text = probe_read(&length);
	struct destination *destination = destination_read(text, length, why);

	free(text);
	return destination;
}

static int
probe_open(const struct destination *destination, char **argv)
{
	struct buf out = { 0 };
	struct vault *vault;
	struct why why;
	int result;

	vault = vault_open(argv[0], &why);
	if (vault == NULL)
		return refuse(&why);
	result = destination_open(destination, argv[1], vault, &out, &why);
	vault_close(&vault);
	if (result == 0)
		return print(&out);
	buf_wipe(&out);
	return refuse(&why);
}

static int
probe_fields(const struct destination *d)
{
	printf("%s %s%s%s version=%lld concurrency=%d rate=%d%s timeout=%lld\n",
	    d->id, transport_name(d->transport), d->is_default ? " default" :
	    "", d->disabled ? " disabled" : "", (long long)d->version,
	    d->concurrency, d->rate_per_minute, d->ordered ? " ordered" : "",
	    (long long)d->timeout);
	printf("retries=%d base=%lld max=%lld multiplier=%g%s\n",
	    d->retry.max_retries, (long long)d->retry.base_delay,
	    (long long)d->retry.max_delay, d->retry.multiplier,
	    d->retry.formula ? " formula" : "");
	return 0;
}

static int
probe_change(struct destination *destination, int argc, char **argv)
{
	struct buf out = { 0 };

	if (strcmp(argv[0], "disable") == 0 && argc == 3)
		destination_set_disabled(destination, true, argv[1], argv[2]);
	else if (strcmp(argv[0], "enable") == 0)
		destination_set_disabled(destination, false, "x", "y");
	else if (strcmp(argv[0], "default") == 0)
		destination_set_default(destination, true);
	if (strcmp(argv[0], "masked") == 0)
		destination_print_masked(destination, &out);
	else
		destination_print(destination, &out);
	return print(&out);
}

/* What one of these makes of the destination; 0, or -1 with *why. */
static int
keep_change(struct destination **destination, const char *verb,
    const struct destination_keeper *keeper, char **argv, struct why *why)
{
	struct buf secret = { 0 };
	struct destination *made;
	struct json *patch;

	if (strcmp(verb, "add") == 0)
		return destination_secret_add(*destination, keeper, argv[0],
		    false, strtoll(argv[1], NULL, 10), why);
	if (strcmp(verb, "remove") == 0)
		return destination_secret_remove(*destination, keeper,
		    argv[0], why);
	patch = json_parse(argv[0], strlen(argv[0]), why);
	if (patch == NULL)
		return -1;
	made = destination_update(*destination, patch, keeper, &secret, why);
	json_free(&patch);
	buf_wipe(&secret);
	if (made == NULL)
		return -1;
	destination_free(destination);
	*destination = made;
	return 0;
}

static int
probe_keep(struct destination **destination, char **argv)
{
	struct destination_keeper keeper = { .organization = argv[2] };
	struct vault *vault;
	struct buf out = { 0 };
	struct why why;
	int result = -1;

	vault = vault_open(argv[1], &why);
	keeper.vault = vault;
	if (vault != NULL)
		result = keep_change(destination, argv[0], &keeper, argv + 3,
		    &why);
	vault_close(&vault);
	if (result == -1)
		return refuse(&why);
	destination_print(*destination, &out);
	return print(&out);
}

static int
probe_secrets(const struct destination *destination)
{
	for (size_t i = 0; i < destination->secret_count; i++)
		printf("%s%s expires=%lld\n", destination->secrets[i].id,
		    destination->secrets[i].made ? " made" : "",
		    (long long)destination->secrets[i].expires_at);
	return 0;
}

static int
probe_url(const char *text)
{
	struct buf origin = { 0 };
	struct url url;
	const char *words = url_parse(text, &url);

	if (words != NULL) {
		printf("%s\n", words);
		return 1;
	}
	url_origin(&url, &origin);
	return print(&origin);
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct destination *destination;
	struct why why;
	int result;

	if (strcmp(verb, "make") == 0 && argc >= 4)
		return probe_make(argc - 2, argv + 2);
	if (strcmp(verb, "url") == 0 && argc == 3)
		return probe_url(argv[2]);
	if (argc < 2)
		return 64;
	destination = input_destination(&why);
	if (destination == NULL)
		return refuse(&why);
	if (strcmp(verb, "open") == 0 && argc == 4)
		result = probe_open(destination, argv + 2);
	else if (strcmp(verb, "fields") == 0)
		result = probe_fields(destination);
	else if (strcmp(verb, "secrets") == 0)
		result = probe_secrets(destination);
	else if ((strcmp(verb, "add") == 0 && argc == 6) ||
	    ((strcmp(verb, "remove") == 0 || strcmp(verb, "update") == 0) &&
	    argc == 5))
		result = probe_keep(&destination, argv + 1);
	else
		result = probe_change(destination, argc - 1, argv + 1);
	destination_free(&destination);
	return result;
}
