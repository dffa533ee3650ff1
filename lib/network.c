/*
 * network - addresses, and the networks that CIDRs name
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/network.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };
static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

static void
address_from_ipv4(struct address *address, const uint8_t bytes[4])
{
	memcpy(address->bytes, mapped, sizeof(mapped));
	memcpy(address->bytes + 12, bytes, 4);
}

bool
address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

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

int
address_from(struct address *address, const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	uint8_t bytes[4];

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(bytes, &in->sin_addr, 4);
		address_from_ipv4(address, bytes);
		return 0;
	case AF_INET6:
		memcpy(address->bytes, &in6->sin6_addr, 16);
		address_unmask(address);
		return 0;
	default:
		return -1;
	}
}

int
address_parse(const char *text, struct address *address)
{
	uint8_t bytes[4];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		address_from_ipv4(address, bytes);
		return 0;
	}
	return inet_pton(AF_INET6, text, address->bytes) == 1 ? 0 : -1;
}

void
address_text(const struct address *address, char out[INET6_ADDRSTRLEN])
{
	if (address_is_ipv4(address))
		(void)inet_ntop(AF_INET, address->bytes + 12, out,
		    INET6_ADDRSTRLEN);
	else
		(void)inet_ntop(AF_INET6, address->bytes, out,
		    INET6_ADDRSTRLEN);
}

/* Whether the first bits agree. */
bool
network_has(const struct network *network, const struct address *address)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (memcmp(network->address.bytes, address->bytes, whole) != 0)
		return false;
	return rest == 0 || ((network->address.bytes[whole] ^
	    address->bytes[whole]) >> (8 - rest)) == 0;
}

int
network_parse(const char *text, struct network *network)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN];
	unsigned long bits;
	uint8_t bytes[16];
	char *end;
	bool ipv4;

	if (snprintf(host, sizeof(host), "%.*s", (int)(slash == NULL ?
	    strlen(text) : (size_t)(slash - text)), text) >=
	    (int)sizeof(host))
		return -1;
	ipv4 = inet_pton(AF_INET, host, bytes) == 1;
	if (ipv4)
		address_from_ipv4(&network->address, bytes);
	else if (inet_pton(AF_INET6, host, network->address.bytes) != 1)
		return -1;
	bits = ipv4 ? 32 : 128;
	if (slash != NULL) {
		unsigned long most = bits;

		bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end != '\0' ||
		    bits > most)
			return -1;
	}
	network->bits = (unsigned)bits + (ipv4 ? 96 : 0);
	return 0;
}
