/*
 * egress - which addresses an organization's workers may connect to
 *
 * An address is first brought to what it stands for (IPv4 in IPv6 forms), then
 * put into a class by the networks below.  A CIDR names every address in it,
 * but a dangerous one only if it is not wider than the dangerous network: who
 * writes 0.0.0.0/0 means the internet, not this host's own services or a
 * cloud's metadata.  A name that is a pattern's says nothing of where it leads:
 * it admits public addresses only.
 */
#include <arpa/inet.h>

#include <ctype.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/egress.h"
#include "lib/egress_rule.h"
#include "lib/network.h"
#include "lib/xalloc.h"

#define REFRESH_EVERY 10000	/* ms */

struct rules {
	struct rule	*list;		/* own */
	size_t		 count;
};

struct egress {
	struct rules	 allow, plaintext;
	struct address	*own;		/* own; the host's addresses */
	size_t		 own_count;
	int64_t		 read_at;	/* monotonic ms, when they were read */
};

enum class {
	CLASS_PUBLIC, CLASS_PRIVATE, CLASS_LOOPBACK, CLASS_FORBIDDEN
};

static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

/* What an address stands for: NAT64 and 6to4 are IPv4 in disguise. */
static void
address_unmask(struct address *address)
{
	uint8_t bytes[4];

	if (memcmp(address->bytes, nat64, sizeof(nat64)) == 0)
		memcpy(bytes, address->bytes + 12, 4);
	else if (address->bytes[0] == 0x20 && address->bytes[1] == 0x02)
		memcpy(bytes, address->bytes + 2, 4);
	else
		return;
	address_from_ipv4(address, bytes);
}

/* 0, or -1 if it is of no family that is known. */
static int
address_seen(struct address *address, const struct sockaddr *sa)
{
	if (address_from(address, sa) == -1)
		return -1;
	address_unmask(address);
	return 0;
}

/* --- rules ---------------------------------------------------------------- */

int
egress_check_rule(const char *text, struct why *why)
{
	struct rule rule;

	if (rule_parse(text, &rule) == 0) {
		rule_free(&rule);
		return 0;
	}
	return why_set(why, ERROR_CONFIG_ERROR, "\"%s\": allowed are CIDRs "
	    "and the words private, public and loopback, with or without "
	    ":PORT, and NAME:PORT, where * stands for a part of the name",
	    text);
}

static int
rules_read(struct rules *rules, const char *const *texts, size_t count,
    struct why *why)
{
	rules->list = xcalloc(count + 1, sizeof(*rules->list));
	for (size_t i = 0; i < count; i++) {
		if (egress_check_rule(texts[i], why) == -1)
			return -1;
		(void)rule_parse(texts[i], &rules->list[rules->count++]);
	}
	return 0;
}

static void
rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		rule_free(&rules->list[i]);
	free(rules->list);
}

/* --- classes -------------------------------------------------------------- */

/* The first that has an address counts. */
static const struct {
	const char	*network;
	enum class	 class;
} classes[] = {
	{ "127.0.0.0/8", CLASS_LOOPBACK },
	{ "::1", CLASS_LOOPBACK },
	{ "0.0.0.0/8", CLASS_FORBIDDEN },
	{ "169.254.0.0/16", CLASS_FORBIDDEN },	/* metadata is in it */
	{ "100.100.100.200", CLASS_FORBIDDEN },	/* metadata, too */
	{ "168.63.129.16", CLASS_FORBIDDEN },	/* and another one */
	{ "192.0.0.0/24", CLASS_FORBIDDEN },	/* protocols; one more in it */
	{ "192.88.99.0/24", CLASS_FORBIDDEN },	/* 6to4's relays, of old */
	{ "198.18.0.0/15", CLASS_FORBIDDEN },	/* benchmarks of networks */
	{ "100.64.0.0/10", CLASS_FORBIDDEN },	/* shared by carriers */
	{ "224.0.0.0/4", CLASS_FORBIDDEN },
	{ "240.0.0.0/4", CLASS_FORBIDDEN },	/* broadcast is in it */
	{ "10.0.0.0/8", CLASS_PRIVATE },
	{ "172.16.0.0/12", CLASS_PRIVATE },
	{ "192.168.0.0/16", CLASS_PRIVATE },
	{ "::ffff:0:0/96", CLASS_PUBLIC },	/* the rest of IPv4 */
	{ "::/96", CLASS_FORBIDDEN },	/* ::, and IPv4 in a form of old */
	{ "64:ff9b:1::/48", CLASS_FORBIDDEN },	/* local NAT64: to anywhere */
	{ "2001::/32", CLASS_FORBIDDEN },	/* Teredo: likewise */
	{ "fd00:ec2::254", CLASS_FORBIDDEN },	/* metadata by IPv6 */
	{ "fd20:ce::254", CLASS_FORBIDDEN },
	{ "fd00::/8", CLASS_PRIVATE },
	{ "fc00::/8", CLASS_FORBIDDEN },	/* reserved */
	{ "fe80::/10", CLASS_FORBIDDEN },
	{ "fec0::/10", CLASS_FORBIDDEN },	/* site-local, of old */
	{ "2001:db8::/32", CLASS_FORBIDDEN },	/* documentation */
	{ "3fff::/20", CLASS_FORBIDDEN },	/* likewise */
	{ "2000::/3", CLASS_PUBLIC },
	{ "::/0", CLASS_FORBIDDEN },	/* nobody has the rest, or all do */
};

/*
 * The class of an address; *bits_r is how narrow a CIDR has to be to name it.
 */
static enum class
address_class(const struct egress *egress, const struct address *address,
    unsigned *bits_r)
{
	enum class class = CLASS_PUBLIC;
	unsigned family = address_is_ipv4(address) ? 96 : 0;
	struct network network;

	*bits_r = family;
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (network_parse(classes[i].network, &network) == 0 &&
		    network_has(&network, address)) {
			class = classes[i].class;
			break;
		}
	if (class == CLASS_LOOPBACK || class == CLASS_FORBIDDEN) {
		*bits_r = network.bits;
		return class;
	}
	for (size_t i = 0; i < egress->own_count; i++)
		if (memcmp(egress->own[i].bytes, address->bytes, 16) == 0) {
			/* Named by any CIDR but the whole internet. */
			*bits_r = family + 1;
			return CLASS_LOOPBACK;
		}
	return class;
}

/* --- the host's own addresses --------------------------------------------- */

static int
egress_own(struct egress *egress, struct why *why)
{
	struct ifaddrs *all, *one;
	struct address address;

	egress->read_at = clock_monotonic();
	if (getifaddrs(&all) == -1)
		return why_errno(why, "the host's own addresses");
	egress->own_count = 0;
	for (one = all; one != NULL; one = one->ifa_next) {
		if (one->ifa_addr == NULL ||
		    address_seen(&address, one->ifa_addr) == -1)
			continue;
		egress->own = xreallocarray(egress->own,
		    egress->own_count + 1, sizeof(*egress->own));
		egress->own[egress->own_count++] = address;
	}
	freeifaddrs(all);
	return 0;
}

void
egress_refresh(struct egress *egress)
{
	struct why why;

	if (clock_monotonic() - egress->read_at >= REFRESH_EVERY)
		(void)egress_own(egress, &why);
}

struct egress *
egress_new(const char *const *allow, size_t allow_count,
    const char *const *plaintext, size_t plaintext_count, struct why *why)
{
	struct egress *egress = xcalloc(1, sizeof(*egress));

	if (rules_read(&egress->allow, allow, allow_count, why) == -1 ||
	    rules_read(&egress->plaintext, plaintext, plaintext_count,
	    why) == -1 || egress_own(egress, why) == -1)
		egress_free(&egress);
	return egress;
}

void
egress_free(struct egress **egress)
{
	if (*egress == NULL)
		return;
	rules_free(&(*egress)->allow);
	rules_free(&(*egress)->plaintext);
	free((*egress)->own);
	free(*egress);
	*egress = NULL;
}

/* --- decisions ------------------------------------------------------------ */

/* What is about to be connected to. */
struct meant {
	struct address	 address;
	int		 port;
	enum class	 class;
	unsigned	 bits;		/* of a CIDR that names it, at least */
	const char	*host;		/* borrowed; as it was asked for */
	char		 text[ADDRESS_TEXT + 16];	/* address[:port] */
};

/* The kind of rule that admits a class as a whole, beside CIDRs. */
static bool
rule_admits(const struct rule *rule, const struct meant *meant)
{
	static const enum class classes_of[] = {
		[RULE_private] = CLASS_PRIVATE,
		[RULE_public] = CLASS_PUBLIC,
		[RULE_loopback] = CLASS_LOOPBACK,
	};

	if (!rule_has_port(rule, meant->port))
		return false;
	if (rule->kind == RULE_network)
		return rule->network.bits >= meant->bits &&
		    network_has(&rule->network, &meant->address);
	/* A name may resolve to anything: what is not public has to be
	 * named as such. */
	if (rule->kind == RULE_host)
		return meant->class == CLASS_PUBLIC &&
		    rule_has_host(rule, meant->host);
	return classes_of[rule->kind] == meant->class;
}

static bool
rules_admit(const struct rules *rules, const struct meant *meant)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rule_admits(&rules->list[i], meant))
			return true;
	return false;
}

static int
port_of(const struct sockaddr *sa)
{
	/* Both families have it in the same place. */
	return ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
}

/* 0, or -1 with *why if it is of no family that is known. */
static int
meant_of(const struct egress *egress, const char *host,
    const struct sockaddr *sa, struct meant *meant, struct why *why)
{
	char text[ADDRESS_TEXT] = "";
	bool ipv4;

	if (address_seen(&meant->address, sa) == -1)
		return why_set(why, ERROR_EGRESS_DENIED,
		    "an address of family %d", (int)sa->sa_family);
	meant->host = host;
	meant->port = port_of(sa);
	meant->class = address_class(egress, &meant->address, &meant->bits);
	address_text(&meant->address, text);
	ipv4 = address_is_ipv4(&meant->address);
	if (meant->port == 0)
		(void)snprintf(meant->text, sizeof(meant->text), "%s", text);
	else
		(void)snprintf(meant->text, sizeof(meant->text),
		    ipv4 ? "%s:%d" : "[%s]:%d", text, meant->port);
	return 0;
}

/* As it was asked for, if that says anything else than the address. */
static const char *
meant_as(const struct meant *meant)
{
	size_t length = meant->host == NULL ? 0 : strlen(meant->host);

	return length == 0 || (strncmp(meant->text, meant->host, length) ==
	    0 && (meant->text[length] == '\0' ||
	    meant->text[length] == ':')) ||
	    strncmp(meant->text + 1, meant->host, length) == 0 ? NULL :
	    meant->host;
}

int
egress_allows(const struct egress *egress, const char *host,
    const struct sockaddr *sa, struct why *why)
{
	static const char *const names[] = { "public", "private",
	    "this host itself", "never without being named" };
	struct meant meant;
	const char *as;

	if (meant_of(egress, host, sa, &meant, why) == -1)
		return -1;
	if (rules_admit(&egress->allow, &meant))
		return 0;
	as = meant_as(&meant);
	return why_set(why, ERROR_EGRESS_DENIED,
	    "%s (%s)%s%s%s is not within egress_allow", meant.text,
	    names[meant.class], as == NULL ? "" : ", asked for as ",
	    as == NULL ? "" : as, as == NULL ? "" : ",");
}

int
egress_allows_plaintext(const struct egress *egress, const char *host,
    const struct sockaddr *sa, struct why *why)
{
	struct meant meant;

	if (meant_of(egress, host, sa, &meant, why) == -1)
		return -1;
	if (meant.class == CLASS_LOOPBACK ||
	    rules_admit(&egress->plaintext, &meant))
		return 0;
	return why_set(why, ERROR_EGRESS_DENIED, "%s is spoken to without TLS "
	    "only where plaintext_allow names it", meant.text);
}

/* --- names that somebody else resolves ------------------------------------ */

/* Domains that are nobody's on the internet; RFC 6761, 6762, 8375. */
static const char *const own_domains[] = { "localhost", "localdomain",
	"local", "internal", "intranet", "private", "corp", "home", "lan",
	"home.arpa", "test" };

static bool
name_ends(const char *name, const char *domain)
{
	size_t length = strlen(name), end = strlen(domain);

	return length >= end && strcmp(name + length - end, domain) == 0 &&
	    (length == end || name[length - end - 1] == '.');
}

/* A name that means the same everywhere, as far as can be said of one. */
static bool
name_is_public(const char *name)
{
	const char *last = strrchr(name, '.');

	/* Who takes 127.1 for a name will take it for an address, too. */
	if (last == NULL || !isalpha((unsigned char)last[1]))
		return false;
	for (size_t i = 0; i < sizeof(own_domains) / sizeof(*own_domains);
	    i++)
		if (name_ends(name, own_domains[i]))
			return false;
	return true;
}

int
egress_allows_name(const struct egress *egress, const char *host, int port,
    struct why *why)
{
	bool public = name_is_public(host);

	for (size_t i = 0; i < egress->allow.count; i++) {
		const struct rule *rule = &egress->allow.list[i];

		if (rule_has_port(rule, port) && ((public &&
		    rule->kind == RULE_public) || rule_has_host(rule, host)))
			return 0;
	}
	return why_set(why, ERROR_EGRESS_DENIED, "%s:%d, a name that the "
	    "proxy resolves, is not within egress_allow", host, port);
}
