/*
 * egress - which addresses an organization's workers may connect to
 *
 * An address is first brought to what it stands for (IPv4 in IPv6 forms), then
 * put into a class by the networks below.  A CIDR names every address in it,
 * but a dangerous one only if it is not wider than the dangerous network: who
 * writes 0.0.0.0/0 means the internet, not this host's own services or a
 * cloud's metadata.
 */
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/egress.h"
#include "lib/network.h"
#include "lib/xalloc.h"

#define REFRESH_EVERY 10000	/* ms */

struct rules {
	bool		 private, public, loopback;	/* the words */
	struct network	*networks;	/* own */
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
	struct network network;

	if (strcmp(text, "private") == 0 || strcmp(text, "public") == 0 ||
	    strcmp(text, "loopback") == 0 ||
	    network_parse(text, &network) == 0)
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "\"%s\": allowed are CIDRs "
	    "and the words private, public and loopback", text);
}

static int
rules_read(struct rules *rules, const char *const *texts, size_t count,
    struct why *why)
{
	rules->networks = xcalloc(count + 1, sizeof(*rules->networks));
	for (size_t i = 0; i < count; i++) {
		if (egress_check_rule(texts[i], why) == -1)
			return -1;
		if (strcmp(texts[i], "private") == 0)
			rules->private = true;
		else if (strcmp(texts[i], "public") == 0)
			rules->public = true;
		else if (strcmp(texts[i], "loopback") == 0)
			rules->loopback = true;
		else
			(void)network_parse(texts[i],
			    &rules->networks[rules->count++]);
	}
	return 0;
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
	free((*egress)->allow.networks);
	free((*egress)->plaintext.networks);
	free((*egress)->own);
	free(*egress);
	*egress = NULL;
}

static bool
rules_allow(const struct rules *rules, enum class class, unsigned bits,
    const struct address *address)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->networks[i].bits >= bits &&
		    network_has(&rules->networks[i], address))
			return true;
	return (class == CLASS_PUBLIC && rules->public) ||
	    (class == CLASS_PRIVATE && rules->private) ||
	    (class == CLASS_LOOPBACK && rules->loopback);
}

int
egress_allows(const struct egress *egress, const struct sockaddr *sa,
    struct why *why)
{
	static const char *const names[] = { "public", "private",
	    "this host itself", "never without being named" };
	char text[ADDRESS_TEXT] = "";
	struct address address;
	enum class class;
	unsigned bits;

	if (address_seen(&address, sa) == -1)
		return why_set(why, ERROR_EGRESS_DENIED,
		    "an address of family %d", (int)sa->sa_family);
	class = address_class(egress, &address, &bits);
	if (rules_allow(&egress->allow, class, bits, &address))
		return 0;
	address_text(&address, text);
	return why_set(why, ERROR_EGRESS_DENIED,
	    "%s (%s) is not within egress_allow", text, names[class]);
}

int
egress_allows_plaintext(const struct egress *egress,
    const struct sockaddr *sa, struct why *why)
{
	char text[ADDRESS_TEXT] = "";
	struct address address;
	enum class class;
	unsigned bits;

	if (address_seen(&address, sa) == -1)
		return why_set(why, ERROR_EGRESS_DENIED,
		    "an address of family %d", (int)sa->sa_family);
	class = address_class(egress, &address, &bits);
	if (class == CLASS_LOOPBACK ||
	    rules_allow(&egress->plaintext, class, bits, &address))
		return 0;
	address_text(&address, text);
	return why_set(why, ERROR_EGRESS_DENIED, "%s is spoken to without TLS "
	    "only where plaintext_allow names it", text);
}
