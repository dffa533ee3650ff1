/*
 * url - the URLs that a destination may have
 *
 * libcurl, which will connect to it, must see the same host and port as what
 * was checked, or the check was of something else.  It writes addresses in
 * their usual form (127.1, 0x7f000001): those must be the same address.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

#include "lib/url.h"
#include "tests/fuzz/fuzz.h"

static void
check_part(CURLU *handle, CURLUPart part, const char *is)
{
	char	*value;

	MUST(curl_url_get(handle, part, &value, CURLU_DEFAULT_PORT) ==
	    CURLUE_OK);
	MUST(strcasecmp(value, is) == 0);
	curl_free(value);
}

/* The address within []; false if it is none. */
static bool
six_of(const char *host, struct in6_addr *address)
{
	char	 text[INET6_ADDRSTRLEN];

	if (host[0] != '[')
		return false;
	(void)snprintf(text, sizeof(text), "%.*s",
	    (int)strcspn(host + 1, "]"), host + 1);
	return inet_pton(AF_INET6, text, address) == 1;
}

static bool
same_address(const char *a, const char *b)
{
	struct in6_addr	 six[2];
	struct in_addr	 four[2];

	if (six_of(a, &six[0]) && six_of(b, &six[1]))
		return memcmp(&six[0], &six[1], sizeof(*six)) == 0;
	return inet_aton(a, &four[0]) == 1 && inet_aton(b, &four[1]) == 1 &&
	    four[0].s_addr == four[1].s_addr;
}

static void
check_host(CURLU *handle, const char *host)
{
	char	*value;

	MUST(curl_url_get(handle, CURLUPART_HOST, &value, 0) == CURLUE_OK);
	MUST(strcasecmp(value, host) == 0 || same_address(value, host));
	curl_free(value);
}

static void
check_curl(const char *text, const struct url *url)
{
	CURLU	*handle = curl_url();
	char	 port[16], *none;

	MUST(handle != NULL);
	/* What libcurl does not take at all is not asked. */
	if (curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK) {
		(void)snprintf(port, sizeof(port), "%d", url->port);
		check_part(handle, CURLUPART_SCHEME,
		    url->tls ? "https" : "http");
		check_host(handle, url->host);
		check_part(handle, CURLUPART_PORT, port);
		MUST(curl_url_get(handle, CURLUPART_USER, &none, 0) ==
		    CURLUE_NO_USER);
		MUST(curl_url_get(handle, CURLUPART_FRAGMENT, &none, 0) ==
		    CURLUE_NO_FRAGMENT);
	}
	curl_url_cleanup(handle);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*text = fuzz_text(data, size);
	struct buf	 origin = { 0 };
	struct url	 url, again;

	if (url_parse(text, &url) == NULL) {
		url_origin(&url, &origin);
		MUST(url_parse(origin.data, &again) == NULL);
		MUST(url.tls == again.tls && url.port == again.port);
		MUST(strcmp(url.host, again.host) == 0);
		check_curl(text, &url);
		buf_free(&origin);
	}
	free(text);
	return 0;
}
