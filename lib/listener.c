/*
 * listener - where something listens, as the configuration says it
 */
#include <sys/un.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/listener.h"

#define PREFIX "unix:"
#define PORT_MAX 65535

/* The port behind the last colon.  0, or -1 if there is none. */
static int
port_parse(const char *text, uint16_t *port_r)
{
	unsigned long port;
	char *end;

	if (text[0] < '1' || text[0] > '9')
		return -1;
	port = strtoul(text, &end, 10);
	if (*end != '\0' || port > PORT_MAX)
		return -1;
	*port_r = (uint16_t)port;
	return 0;
}

int
listener_parse(const char *text, struct listener_place *place)
{
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path);
	const char *colon = strrchr(text, ':');
	char host[ADDRESS_TEXT + 2];
	size_t length;

	*place = (struct listener_place) { .path = NULL };
	if (strncmp(text, PREFIX, strlen(PREFIX)) == 0) {
		place->path = text + strlen(PREFIX);
		return place->path[0] == '/' &&
		    strlen(place->path) < room ? 0 : -1;
	}
	length = colon == NULL ? 0 : (size_t)(colon - text);
	if (length == 0 || length >= sizeof(host) ||
	    port_parse(colon + 1, &place->port) == -1)
		return -1;
	memcpy(host, text, length);
	host[length] = '\0';
	if (host[0] != '[')
		return strchr(host, ':') == NULL ?
		    address_parse(host, &place->address) : -1;
	if (host[length - 1] != ']' || strchr(host, ':') == NULL)
		return -1;
	host[length - 1] = '\0';
	return address_parse(host + 1, &place->address);
}

bool
listener_is_local(const struct listener_place *place)
{
	static const char *const names[] = { "127.0.0.0/8", "::1" };
	struct network network;

	if (place->path != NULL)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (network_parse(names[i], &network) == 0 &&
		    network_has(&network, &place->address))
			return true;
	return false;
}
