/*
 * url - the http and https URLs that a destination may have
 *
 * Every known trick with URLs (a password before the host, a backslash for a
 * slash, a control character, a host in percent signs) is one that two
 * parsers read differently, so each of them is refused rather than read.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/url.h"

#define PORT_MAX 65535

static const struct {
	const char	*prefix;
	bool		 tls;
	int		 port;
} schemes[] = {
	{ "https://", true, 443 },
	{ "http://", false, 80 },
};
#define SCHEMES (sizeof(schemes) / sizeof(*schemes))

/* All of it is visible ASCII that may stand in a URL unescaped. */
static bool
characters_valid(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' ||
		    strchr("\"<>\\^`{|}", *text) != NULL)
			return false;
	return true;
}

/*
 * A name or IPv4 address: labels of letters, digits, `-` and `_`, a dot
 * between them and perhaps at the end.
 */
static bool
name_valid(const char *host)
{
	size_t label = 0;

	if (*host == '\0')
		return false;
	for (; *host != '\0'; host++) {
		if (*host == '.' ? label == 0 :
		    !isalnum((unsigned char)*host) && *host != '-' &&
		    *host != '_')
			return false;
		label = *host == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return true;
}

/* [address] */
static bool
address_valid(const char *host)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr binary;
	size_t length = strlen(host);

	if (length < 4 || length - 2 >= sizeof(address) ||
	    host[length - 1] != ']')
		return false;
	memcpy(address, host + 1, length - 2);
	address[length - 2] = '\0';
	return inet_pton(AF_INET6, address, &binary) == 1;
}

/* Reads a port that is all of `text`; -1 if it is none. */
static int
port_parse(const char *text)
{
	int port = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (!isdigit((unsigned char)*text))
			return -1;
		port = port * 10 + (*text - '0');
		if (port > PORT_MAX)
			return -1;
	}
	return port > 0 ? port : -1;
}

/* Splits host[:port], which is changed on the way. */
static const char *
authority_parse(char *authority, struct url *url)
{
	char *colon;

	if (strchr(authority, '@') != NULL)
		return "must not have a user or password";
	colon = strrchr(authority, ':');
	/* A colon within brackets belongs to the address. */
	if (colon != NULL && strchr(colon, ']') == NULL) {
		*colon = '\0';
		url->port = port_parse(colon + 1);
		if (url->port == -1)
			return "must have a port from 1 to 65535, if any";
	}
	if (authority[0] == '[' ? !address_valid(authority) :
	    !name_valid(authority))
		return "must have a host: a name in ASCII (xn--… for "
		    "others), an IPv4 address, or an IPv6 address in []";
	for (size_t i = 0; i <= strlen(authority); i++)
		url->host[i] = (char)tolower((unsigned char)authority[i]);
	return NULL;
}

const char *
url_parse(const char *text, struct url *url)
{
	char authority[URL_HOST_MAX + 1];
	size_t length, i = 0;

	memset(url, 0, sizeof(*url));
	if (strlen(text) > URL_MAX)
		return "must not be longer than 2048 bytes";
	while (i < SCHEMES && strncasecmp(text, schemes[i].prefix,
	    strlen(schemes[i].prefix)) != 0)
		i++;
	if (i == SCHEMES)
		return "must begin with https:// or http://";
	url->tls = schemes[i].tls;
	url->port = schemes[i].port;
	text += strlen(schemes[i].prefix);
	if (!characters_valid(text))
		return "must be visible ASCII, other characters escaped "
		    "as %XX";
	if (strchr(text, '#') != NULL)
		return "must not have a fragment (#…), it is never sent";
	length = strcspn(text, "/?");
	if (length >= sizeof(authority))
		return "must have a host of at most 255 bytes";
	memcpy(authority, text, length);
	authority[length] = '\0';
	return authority_parse(authority, url);
}

void
url_origin(const struct url *url, struct buf *out)
{
	buf_printf(out, "%s://%s:%d", url->tls ? "https" : "http", url->host,
	    url->port);
}
