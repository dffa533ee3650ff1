/*
 * probe_egress - lib/egress.c, text in, text out
 *
 * probe_egress [RULE...] [-- PLAINTEXT_RULE...]
 * Standard input has an address a line, after `NAME>` if it was asked for by
 * that name, and before ` PORT`; or `?NAME PORT`, which a proxy resolves.  For
 * each: the line, whether it may be connected to, and whether without TLS.
 * `own` stands for the host's own addresses that are not loopback or
 * link-local, each a line, written as OWN.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include "lib/egress.h"

#include "tests/unit/probe.h"

static void
judge(const struct egress *egress, const char *host,
    const struct sockaddr *address, const char *name)
{
	struct why	 why;

	printf("%s: %s", name, egress_allows(egress, host, address, &why) ==
	    0 ? "yes" : why.text);
	printf("; plain %s\n", egress_allows_plaintext(egress, host, address,
	    &why) == 0 ? "yes" : why.text);
}

static void
judge_name(const struct egress *egress, const char *text)
{
	const char	*port = strchr(text, ' ');
	char		 host[256];
	struct why	 why;

	(void)snprintf(host, sizeof host, "%.*s", (int)strcspn(text, " "),
	    text);
	printf("?%s: %s\n", text, egress_allows_name(egress, host,
	    port == NULL ? 443 : (int)strtol(port, NULL, 10), &why) == 0 ?
	    "yes" : why.text);
}

static void
judge_text(const struct egress *egress, const char *text)
{
	struct sockaddr_in	 in = { .sin_family = AF_INET };
	struct sockaddr_in6	 in6 = { .sin6_family = AF_INET6 };
	char			 copy[256];
	char			*address = copy, *host = NULL, *port;

	(void)snprintf(copy, sizeof copy, "%s", text);
	if (strchr(copy, '>') != NULL)
		host = strsep(&address, ">");
	port = strchr(address, ' ');
	if (port != NULL) {
		*port++ = '\0';
		in.sin_port = in6.sin6_port = htons((uint16_t)strtol(port,
		    NULL, 10));
	}
	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		judge(egress, host, (const struct sockaddr *)(void *)&in,
		    text);
	else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1)
		judge(egress, host, (const struct sockaddr *)(void *)&in6,
		    text);
	else
		printf("%s: no address\n", text);
}

/* The words only: the addresses differ from machine to machine. */
static void
judge_own(const struct egress *egress)
{
	struct ifaddrs	*all, *one;
	struct why	 why;

	if (getifaddrs(&all) == -1)
		exit(70);
	for (one = all; one != NULL; one = one->ifa_next) {
		const struct sockaddr_in	*in = (void *)one->ifa_addr;

		if (in == NULL || in->sin_family != AF_INET ||
		    ntohl(in->sin_addr.s_addr) >> 24 == 127)
			continue;
		printf("own: %s\n", egress_allows(egress, NULL, one->ifa_addr,
		    &why) == 0 ? "yes" : strchr(why.text, '('));
		break;
	}
	freeifaddrs(all);
}

int
main(int argc, char *argv[])
{
	const char *const	*rules = (const char *const *)(void *)argv;
	struct egress		*egress;
	struct why		 why;
	char			 line[256];
	size_t			 allow = 1, plain;

	while (allow < (size_t)argc && strcmp(argv[allow], "--") != 0)
		allow++;
	plain = allow < (size_t)argc ? allow + 1 : allow;
	egress = egress_new(rules + 1, allow - 1, rules + plain,
	    (size_t)argc - plain, &why);
	if (egress == NULL) {
		probe_print_why(&why);
		return 1;
	}
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "own") == 0)
			judge_own(egress);
		else if (line[0] == '?')
			judge_name(egress, line + 1);
		else
			judge_text(egress, line);
	}
	egress_free(&egress);
	return 0;
}
