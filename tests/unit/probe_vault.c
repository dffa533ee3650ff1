/*
 * probe_vault - drives lib/vault and lib/base64
 *
 * create DIR
 * seal DIR ORG DESTINATION ORIGIN FIELD	standard input, sealed
 * unseal DIR ORG DESTINATION ORIGIN FIELD SEALED
 * memory DIR		what the kernel says of the key's memory
 * encode|decode standard|url		standard input
 */
#include "tests/unit/probe.h"

#include <unistd.h>

#include "lib/base64.h"
#include "lib/secret.h"
#include "lib/vault.h"

static int
answer(int result, const struct why *why)
{
	if (result == -1)
		probe_print_why(why);
	return result == -1 ? 1 : 0;
}

static int
probe_seal(char **argv, bool seal)
{
	struct vault_place place = { argv[1], argv[2], argv[3], argv[4] };
	struct buf out = { 0 };
	struct vault *vault;
	struct why why;
	size_t length;
	int result;
	char *text;

	vault = vault_open(argv[0], &why);
	if (vault == NULL)
		return answer(-1, &why);
	if (seal) {
		text = probe_read(&length);
		result = vault_seal(vault, &place, text, length, &out, &why);
		free(text);
	} else
		result = vault_unseal(vault, &place, argv[5], &out, &why);
	vault_close(&vault);
	if (out.len > 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_wipe(&out);
	return answer(result, &why);
}

#ifdef __SANITIZE_ADDRESS__
#define LOCKS false		/* its mlock(2) does nothing */
#else
#define LOCKS true
#endif

/* The flags of the mapping at `address`, as /proc/self/smaps has them. */
static void
print_flags(const void *address)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	char line[512], start[32];
	bool within = false;

	(void)snprintf(start, sizeof(start), "%lx-", (unsigned long)address);
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (strncmp(line, start, strlen(start)) == 0)
			within = true;
		if (within && strncmp(line, "VmFlags:", 8) == 0) {
			printf("locked=%s dumped=%s\n",
			    strstr(line, " lo") != NULL || !LOCKS ? "yes" :
			    "no",
			    strstr(line, " dd") != NULL ? "no" : "yes");
			break;
		}
	}
	if (maps != NULL)
		(void)fclose(maps);
}

static int
probe_memory(void)
{
	struct secret secret = { 0 };
	struct why why;

	if (secret_set(&secret, "0123456789", 10, &why) == -1)
		return answer(-1, &why);
	printf("%s %zu\n", secret.data, secret.length);
	print_flags(secret.data);
	if (secret_set(&secret, "other", 5, &why) == -1)
		return answer(-1, &why);
	printf("%s %zu\n", secret.data, secret.length);
	if (secret_set(&secret, secret.data + 2, 3, &why) == -1)
		return answer(-1, &why);
	printf("%s %zu\n", secret.data, secret.length);
	secret_free(&secret);
	secret_free(&secret);
	return 0;
}

static int
probe_base64(bool encode, const char *kind)
{
	enum base64 base64 = strcmp(kind, "url") == 0 ? BASE64_URL :
	    BASE64_STANDARD;
	struct buf out = { 0 };
	size_t length;
	char *text = probe_read(&length);
	int result = 0;

	if (encode)
		base64_encode(&out, text, length, base64);
	else
		result = base64_decode(&out, text, length, base64);
	if (result == 0 && out.len > 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	free(text);
	return result == 0 ? 0 : 1;
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 2 ? argv[1] : "";
	struct why why;

	if (strcmp(verb, "create") == 0)
		return answer(vault_create(argv[2], &why), &why);
	if (strcmp(verb, "seal") == 0 && argc == 7)
		return probe_seal(argv + 2, true);
	if (strcmp(verb, "unseal") == 0 && argc == 8)
		return probe_seal(argv + 2, false);
	if (strcmp(verb, "memory") == 0)
		return probe_memory();
	if (strcmp(verb, "encode") == 0 || strcmp(verb, "decode") == 0)
		return probe_base64(verb[0] == 'e', argv[2]);
	return 64;
}
