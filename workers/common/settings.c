/*
 * settings - what the destinations of several transports say alike
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/common/settings.h"

char *
settings_string(const struct json *object, const char *name)
{
	const char *value = json_string(json_get(object, name), NULL);

	return value == NULL ? NULL : xstrdup(value);
}

char *
settings_endpoint(const struct json *object, const char *name)
{
	char *endpoint = settings_string(object, name);

	for (size_t end = endpoint == NULL ? 0 : strlen(endpoint); end > 0 &&
	    endpoint[end - 1] == '/'; end--)
		endpoint[end - 1] = '\0';
	return endpoint;
}

void
settings_wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void
settings_tls(struct http_tls *tls, const struct json *config,
    const char *least)
{
	const struct json *given = json_get(config, "tls");
	const char *minimum = json_string(json_get(given, "minimum"), "");

	*tls = (struct http_tls) {
		.ca = settings_string(given, "ca"),
		.client_certificate = settings_string(given, "clientCert"),
		.client_key = settings_string(given, "clientKey"),
		.pins = settings_string(given, "pinnedPublicKey"),
		/* A destination may ask for more than the instance, not for
		 * less. */
		.minimum = xstrdup(strcmp(minimum, least) > 0 ? minimum :
		    least),
	};
}

void
settings_tls_free(struct http_tls *tls)
{
	free(tls->ca);
	free(tls->client_certificate);
	settings_wipe(tls->client_key);
	free(tls->pins);
	free(tls->minimum);
}

void
settings_proxy(struct http_proxy *proxy, const struct json *config)
{
	const struct json *auth = json_get(config, "proxyAuth");

	*proxy = (struct http_proxy) {
		.url = settings_string(config, "proxy"),
		.user = settings_string(auth, "user"),
		.password = settings_string(auth, "password"),
	};
}

void
settings_proxy_free(struct http_proxy *proxy)
{
	free(proxy->url);
	free(proxy->user);
	settings_wipe(proxy->password);
}

void
settings_headers(struct settings_headers *headers, const struct json *config)
{
	const struct json *given = json_get(config, "headers");
	const struct json *header = json_first(given);

	headers->list = xcalloc(json_count(given) + 1,
	    sizeof(*headers->list));
	headers->count = 0;
	for (; header != NULL; header = json_next(header))
		headers->list[headers->count++] = (struct settings_header) {
			.name = xstrdup(json_name(header)),
			.value = xstrdup(json_string(header, "")),
		};
}

void
settings_headers_free(struct settings_headers *headers)
{
	for (size_t i = 0; i < headers->count; i++) {
		free(headers->list[i].name);
		settings_wipe(headers->list[i].value);
	}
	free(headers->list);
}

int
settings_headers_set(const struct settings_headers *from,
    struct headers *headers, struct why *why)
{
	for (size_t i = 0; i < from->count; i++)
		if (headers_set(headers, from->list[i].name,
		    from->list[i].value, why) == -1)
			return -1;
	return 0;
}

int
settings_wrong(struct why *why, const char *field, const char *words)
{
	(void)why_field(why, field, "the destination's %s %s", field, words);
	why->code = ERROR_CONFIG_ERROR;
	return -1;
}
