/*
 * config - a webhook destination's settings
 *
 * What is wrong here spoold should have refused when it was created.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#include "workers/webhook/config.h"

void
config_free(struct config *config)
{
	settings_headers_free(&config->headers);
	free(config->auth.name);
	settings_wipe(config->auth.value);
	free(config->url);
	free(config->method);
	settings_tls_free(&config->tls);
	settings_proxy_free(&config->proxy);
	free(config->success);
	for (size_t i = 0; i < config->secret_count; i++)
		buf_wipe(&config->secrets[i].key);
	free(config);
}

/* 0, or -1 with *why: it cannot sign. */
static int
read_secret(struct config *config, const char *text, struct why *why)
{
	struct config_secret *secret;

	if (config->secret_count == SIGNING_SECRETS_MAX)
		return settings_wrong(why, "secret", "is one of too many");
	secret = &config->secrets[config->secret_count++];
	secret->ed25519 = signing_kind(text) == SIGNING_ed25519;
	if (signing_key(text, &secret->key) == -1)
		return settings_wrong(why, "secret",
		    "is not base64 of a key after its prefix");
	if (secret->ed25519 && config->x_webhook)
		return settings_wrong(why, "secret",
		    "is an ed25519 key, which only signs standard");
	return 0;
}

/* The current one, and those that sign along. */
static int
read_secrets(struct config *config, const struct json *json, struct why *why)
{
	const char *current = json_string(json_get(json, "secret"), NULL);
	const struct json *old = json_first(json_get(json, "oldSecrets"));

	if (current == NULL)
		return config->standard || config->x_webhook ?
		    settings_wrong(why, "secret", "is needed to sign") : 0;
	if (read_secret(config, current, why) == -1)
		return -1;
	for (; old != NULL; old = json_next(old))
		if (read_secret(config, json_string(old, ""), why) == -1)
			return -1;
	return 0;
}

/* RFC 7617, in UTF-8. */
static void
put_basic(struct buf *out, const struct json *auth)
{
	struct buf pair = { 0 };

	buf_printf(&pair, "%s:%s", json_string(json_get(auth, "user"), ""),
	    json_string(json_get(auth, "password"), ""));
	buf_str(out, "Basic ");
	base64_encode(out, pair.data, pair.len, BASE64_STANDARD);
	buf_wipe(&pair);
}

static void
read_auth(struct config *config, const struct json *auth)
{
	const char *type = json_string(json_get(auth, "type"), "");
	const char *name = "Authorization";
	struct buf value = { 0 };

	if (auth == NULL)
		return;
	if (strcmp(type, "bearer") == 0)
		buf_printf(&value, "Bearer %s",
		    json_string(json_get(auth, "token"), ""));
	else if (strcmp(type, "basic") == 0)
		put_basic(&value, auth);
	else {
		name = json_string(json_get(auth, "header"), "");
		buf_str(&value, json_string(json_get(auth, "key"), ""));
	}
	config->auth.name = xstrdup(name);
	config->auth.value = xstrdup(value.data);
	buf_wipe(&value);
}

static void
read_success(struct config *config, const struct json *statuses)
{
	const struct json *status = json_first(statuses);
	struct buf list = { 0 };

	buf_str(&list, "");
	for (; status != NULL; status = json_next(status))
		buf_printf(&list, "%lld\n",
		    (long long)json_integer(status, 0));
	config->success = xstrdup(list.data);
	buf_free(&list);
}

static int
config_fill(struct config *config, const struct json *json,
    const char *tls_minimum, struct why *why)
{
	const char *body = json_string(json_get(json, "body"), "");
	const char *signature = json_string(json_get(json, "signature"),
	    "standard");
	bool both = strcmp(signature, "both") == 0;

	config->url = xstrdup(json_string(json_get(json, "url"), ""));
	config->method = xstrdup(json_string(json_get(json, "method"),
	    "POST"));
	settings_tls(&config->tls, json, tls_minimum);
	config->body = strcmp(body, "envelope") == 0 ? BODY_ENVELOPE :
	    strcmp(body, "data") == 0 ? BODY_DATA :
	    strcmp(body, "file") == 0 ? BODY_FILE : BODY_DEFAULT;
	config->standard = both || strcmp(signature, "standard") == 0;
	config->x_webhook = both || strcmp(signature, "x-webhook") == 0;
	settings_headers(&config->headers, json);
	read_auth(config, json_get(json, "auth"));
	settings_proxy(&config->proxy, json);
	read_success(config, json_get(json, "successStatus"));
	return read_secrets(config, json, why);
}

struct config *
config_read(const struct json *json, const char *tls_minimum, struct why *why)
{
	struct config *config = xcalloc(1, sizeof(*config));

	if (config_fill(config, json, tls_minimum, why) == 0)
		return config;
	config_free(config);
	return NULL;
}

int
config_headers(const struct config *config, struct headers *headers,
    struct why *why)
{
	if (settings_headers_set(&config->headers, headers, why) == -1)
		return -1;
	return config->auth.name == NULL ? 0 : headers_set(headers,
	    config->auth.name, config->auth.value, why);
}
