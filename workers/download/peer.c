/*
 * peer - whose address a request comes from
 */
#include <stdlib.h>
#include <string.h>

#include "lib/lines.h"
#include "lib/xalloc.h"

#include "workers/download/peer.h"

#define HOPS_MAX 32		/* proxies that a request went through */

int
peers_read(struct peers *peers, const char *list, struct why *why)
{
	size_t count;
	char **lines = lines_split(list, &count);
	int result = 0;

	*peers = (struct peers){ .proxies = xcalloc(count + 1,
	    sizeof(*peers->proxies)) };
	for (size_t i = 0; i < count && result == 0; i++) {
		if (network_parse(lines[i], &peers->proxies[i]) == -1)
			result = why_set(why, ERROR_CONFIG_ERROR,
			    "download.trusted_proxies: \"%s\" is no address "
			    "and no network", lines[i]);
		peers->count++;
	}
	lines_free(lines, count);
	return result;
}

void
peers_free(struct peers *peers)
{
	free(peers->proxies);
	*peers = (struct peers){ 0 };
}

bool
peers_trust(const struct peers *peers, const struct address *socket)
{
	if (socket == NULL)
		return true;
	for (size_t i = 0; i < peers->count; i++)
		if (network_has(&peers->proxies[i], socket))
			return true;
	return false;
}

/* ADDR, ADDR:PORT, [V6] or [V6]:PORT: some proxies write the port, too. */
static int
hop_parse(const char *text, size_t length, struct address *address)
{
	char copy[ADDRESS_TEXT + sizeof("[]:65535")];
	char *host = copy, *end;

	if (length >= sizeof(copy))
		return -1;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (copy[0] == '[') {
		host++;
		end = strchr(copy, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -1;
	} else {
		end = strchr(copy, ':');
		/* With more than one it is an address of IPv6. */
		if (end != NULL && strchr(end + 1, ':') != NULL)
			end = NULL;
	}
	if (end != NULL) {
		const char *port = *end == ']' ? end + 1 : end;

		if (*port == ':' && (port[1] == '\0' ||
		    port[1 + strspn(port + 1, "0123456789")] != '\0'))
			return -1;
		*end = '\0';
	}
	return address_parse(host, address);
}

int
peers_find(const struct peers *peers, const struct address *socket,
    const char *forwarded, struct address *found)
{
	size_t end = strlen(forwarded);

	if (!peers_trust(peers, socket)) {
		*found = *socket;
		return 0;
	}
	for (int hops = 0; end > 0 && hops < HOPS_MAX; hops++) {
		size_t from = end, to = end;

		while (from > 0 && forwarded[from - 1] != ',')
			from--;
		end = from > 0 ? from - 1 : 0;
		from += strspn(forwarded + from, " \t");
		while (to > from && strchr(" \t", forwarded[to - 1]) != NULL)
			to--;
		if (hop_parse(forwarded + from, from < to ? to - from : 0,
		    found) == -1)
			return -1;
		if (!peers_trust(peers, found))
			return 0;
	}
	return -1;
}
