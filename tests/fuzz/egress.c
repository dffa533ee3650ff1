/*
 * egress - rules, and addresses in all their disguises
 *
 * The input is rules, one a line, then a NUL and addresses of 16 bytes.  An
 * IPv4 address is decided alike whatever it is dressed as, a rule is one
 * wherever it stands, and words alone never open what has to be named.
 */
#include <netinet/in.h>

#include "lib/egress.h"
#include "lib/lines.h"
#include "tests/fuzz/fuzz.h"

static bool
allows(const struct egress *egress, const uint8_t bytes[16])
{
	struct sockaddr_in6	 to = { .sin6_family = AF_INET6 };
	struct why		 why;
	int			 allowed;

	memcpy(&to.sin6_addr, bytes, 16);
	(void)egress_allows_plaintext(egress, NULL, (const void *)&to, &why);
	allowed = egress_allows(egress, NULL, (const void *)&to, &why);
	MUST(allowed == 0 || why.code == ERROR_EGRESS_DENIED);
	return allowed == 0;
}

/* An IPv4 address in every form. */
static bool
check_disguises(const struct egress *egress, const uint8_t bytes[4])
{
	struct sockaddr_in	 plain = { .sin_family = AF_INET };
	uint8_t			 mapped[16] = { [10] = 255, [11] = 255 };
	uint8_t			 nat64[16] = { 0, 0x64, 0xff, 0x9b };
	uint8_t			 six[16] = { 0x20, 0x02 };
	struct why		 why;
	bool			 allowed;

	memcpy(&plain.sin_addr, bytes, 4);
	memcpy(mapped + 12, bytes, 4);
	memcpy(nat64 + 12, bytes, 4);
	memcpy(six + 2, bytes, 4);
	allowed = egress_allows(egress, NULL, (const void *)&plain, &why) == 0;
	MUST(allows(egress, mapped) == allowed);
	MUST(allows(egress, nat64) == allowed);
	MUST(allows(egress, six) == allowed);
	return allowed;
}

static void
check_addresses(const struct egress *egress, bool words, const uint8_t *data,
    size_t size)
{
	static const uint8_t	 metadata[4] = { 169, 254, 169, 254 };
	static const uint8_t	 any[4], all[4] = { 255, 255, 255, 255 };
	const struct sockaddr	 unknown = { .sa_family = AF_UNIX };
	struct why		 why;

	for (; size >= 16; data += 16, size -= 16) {
		(void)allows(egress, data);
		(void)check_disguises(egress, data + 12);
	}
	if (words) {
		MUST(!check_disguises(egress, metadata));
		MUST(!check_disguises(egress, any));
		MUST(!check_disguises(egress, all));
	}
	MUST(egress_allows(egress, NULL, &unknown, &why) == -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*text = fuzz_text(data, size), **rules;
	size_t		 count, length = strlen(text);
	struct egress	*egress;
	struct why	 why;
	bool		 good = true, words = true;

	rules = lines_split(text, &count);
	for (size_t i = 0; i < count; i++) {
		good = egress_check_rule(rules[i], &why) == 0 && good;
		words = words && strpbrk(rules[i], ".:") == NULL;
	}
	egress = egress_new((const char *const *)rules, count,
	    (const char *const *)rules, count, &why);
	MUST((egress != NULL) == good);
	if (egress != NULL && length < size)
		check_addresses(egress, words, data + length + 1,
		    size - length - 1);
	egress_free(&egress);
	lines_free(rules, count);
	free(text);
	return 0;
}
