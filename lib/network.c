/*
 * network - addresses of the Internet, and networks of them
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/network.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

void
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
address_text(const struct address *address, char out[ADDRESS_TEXT])
{
	if (address_is_ipv4(address))
		(void)inet_ntop(AF_INET, address->bytes + 12, out,
		    ADDRESS_TEXT);
	else
		(void)inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT);
}

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
	char host[ADDRESS_TEXT];
	unsigned long bits;
	char *end;
	bool ipv4;

	if (snprintf(host, sizeof(host), "%.*s", (int)(slash == NULL ?
	    strlen(text) : (size_t)(slash - text)), text) >=
	    (int)sizeof(host) ||
	    address_parse(host, &network->address) == -1)
		return -1;
	/* A mapped address is written with the bits of IPv6. */
	ipv4 = strchr(host, ':') == NULL;
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
