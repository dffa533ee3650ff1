/*
 * config - an email destination's settings
 *
 * What is wrong here spoold should have refused when it was created.
 */
#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mustache.h"
#include "lib/xalloc.h"

#include "workers/email/api.h"
#include "workers/email/config.h"

#define PORT_SECURE 465
#define PORT_SUBMISSION 587

static void
addresses_free(struct config_addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		mail_address_free(&addresses->list[i]);
	free(addresses->list);
}

static void
server_free(struct smtp_server *server)
{
	free(server->url);
	free(server->user);
	settings_wipe(server->password);
	settings_wipe(server->token);
	settings_tls_free(&server->tls);
	settings_proxy_free(&server->proxy);
	explicit_bzero(server->key, sizeof(server->key));
}

void
config_free(struct config *config)
{
	server_free(&config->server);
	free(config->endpoint);
	settings_wipe(config->api_key);
	free(config->region);
	free(config->key_id);
	settings_wipe(config->secret);
	free(config->request);
	settings_headers_free(&config->headers);
	mail_address_free(&config->from);
	mail_address_free(&config->reply_to);
	addresses_free(&config->to);
	addresses_free(&config->cc);
	addresses_free(&config->bcc);
	free(config->subject);
	free(config->text);
	free(config->html);
	free(config->attachment_name);
	smime_keys_free(&config->smime);
	free(config);
}

/* --- the server ----------------------------------------------------------- */

/* One connection serves all who say the same of it. */
static int
server_key(struct smtp_server *server, const struct json *config,
    struct why *why)
{
	static const char *const parts[] = { "smtpConfig", "tls", "proxy",
	    "proxyAuth" };
	struct buf text = { 0 };
	int good;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const struct json *part = json_get(config, parts[i]);

		if (part != NULL)
			json_print(&text, part);
		buf_char(&text, '\n');
	}
	good = EVP_Digest(text.data, text.len, server->key, NULL,
	    EVP_sha256(), NULL);
	buf_wipe(&text);
	return good == 1 ? 0 : why_set(why, ERROR_INTERNAL_ERROR,
	    "SHA-256 failed");
}

static enum starttls
read_starttls(const struct json *smtp)
{
	const char *word = json_string(json_get(smtp, "startTls"), "");

	return strcmp(word, "never") == 0 ? STARTTLS_never :
	    strcmp(word, "opportunistic") == 0 ? STARTTLS_opportunistic :
	    STARTTLS_required;
}

/* TLS and proxy are the destination's, whatever its service. */
static int
server_read(struct smtp_server *server, const struct json *config,
    const char *tls_minimum, struct why *why)
{
	const struct json *smtp = json_get(config, "smtpConfig");
	const struct json *auth = json_get(smtp, "auth");
	const char *host = json_string(json_get(smtp, "host"), "");
	bool secure = json_boolean(json_get(smtp, "secure"), false);
	long long port = json_integer(json_get(smtp, "port"), secure ?
	    PORT_SECURE : PORT_SUBMISSION);

	server->url = xasprintf(strchr(host, ':') != NULL ? "%s://[%s]:%lld" :
	    "%s://%s:%lld", secure ? "smtps" : "smtp", host, port);
	server->secure = secure;
	server->starttls = secure ? STARTTLS_required : read_starttls(smtp);
	server->user = settings_string(auth, "user");
	server->password = settings_string(auth, "pass");
	server->token = settings_string(auth, "oauth2");
	settings_tls(&server->tls, config, tls_minimum);
	settings_proxy(&server->proxy, config);
	if (server->user != NULL && server->password == NULL &&
	    server->token == NULL)
		return settings_wrong(why, "smtpConfig.auth",
		    "has neither a password nor a token");
	return server_key(server, config, why);
}

/* --- an API --------------------------------------------------------------- */

static const struct service *const services[] = {
	&service_smtp,
	&service_sendgrid,
	&service_resend,
	&service_ses,
	&service_custom,
	NULL
};

static const struct service *
service_of(const char *name)
{
	const struct service *const *service = services;

	while (*service != NULL && strcmp((*service)->name, name) != 0)
		service++;
	return *service;
}

/* The one given, or the provider's own. */
static char *
read_endpoint(const struct config *config, const struct json *json)
{
	const struct api *api = config->service->api;
	struct buf own = { 0 };
	size_t before;

	if (api == NULL || api->endpoint == NULL)
		return settings_string(json, "endpoint");
	if (json_string(json_get(json, "endpoint"), NULL) != NULL)
		return settings_endpoint(json, "endpoint");
	before = strcspn(api->endpoint, "%");
	buf_add(&own, api->endpoint, before);
	if (api->endpoint[before] != '\0')
		buf_printf(&own, "%s%s", config->region == NULL ? "" :
		    config->region, api->endpoint + before + 1);
	return own.data;
}

static int
api_read(struct config *config, const struct json *json, struct why *why)
{
	const struct json *request = json_get(json, "requestTemplate");
	struct buf text = { 0 };

	config->service = service_of(json_string(json_get(json, "service"),
	    "smtp"));
	if (config->service == NULL)
		return settings_wrong(why, "service", "is unknown");
	/* No API carries it; spoold has refused that, and so is it here. */
	if (config->service->api != NULL && json_get(json, "smime") != NULL)
		return settings_wrong(why, "smime", "needs the service smtp");
	config->api_key = settings_string(json, "apiKey");
	config->region = settings_string(json, "region");
	config->key_id = settings_string(json, "accessKeyId");
	config->secret = settings_string(json, "secretAccessKey");
	config->endpoint = read_endpoint(config, json);
	settings_headers(&config->headers, json);
	/* It may be JSON itself, instead of a string with that in it. */
	if (json_is(request, JSON_OBJECT) || json_is(request, JSON_ARRAY))
		json_print(&text, request);
	else
		buf_str(&text, json_string(request, ""));
	config->request = text.data;
	if (config->service->api == NULL)
		return 0;
	for (const char *const *needed = config->service->api->needs;
	    *needed != NULL; needed++)
		if (json_get(json, *needed) == NULL)
			return settings_wrong(why, *needed, "is missing");
	return 0;
}

/* --- what is sent --------------------------------------------------------- */

static int
read_address(struct mail_address *address, const struct json *value,
    const char *field, struct why *why)
{
	const char *words = mail_address_parse(json_string(value, ""),
	    address);

	return words == NULL ? 0 : settings_wrong(why, field, words);
}

static int
read_addresses(struct config_addresses *addresses, const struct json *config,
    const char *field, struct why *why)
{
	const struct json *list = json_get(config, field);
	const struct json *each = json_first(list);

	addresses->list = xcalloc(json_count(list) + 1,
	    sizeof(*addresses->list));
	for (; each != NULL; each = json_next(each)) {
		if (read_address(&addresses->list[addresses->count], each,
		    field, why) == -1)
			return -1;
		addresses->count++;
	}
	return 0;
}

static void
notice_data(void *arg, const char *name, bool within)
{
	struct config *config = arg;

	(void)within;
	/* A link's job has nothing else in its data. */
	if (strcmp(name, "data") == 0 || strncmp(name, "data.", 5) == 0 ||
	    strcmp(name, "link") == 0)
		config->uses_data = true;
}

static int
check_template(struct config *config, const char *template, const char *field,
    mustache_named *named, struct why *why)
{
	struct why wrong;

	if (template == NULL || mustache_check(template, named, config,
	    &wrong) == 0)
		return 0;
	return settings_wrong(why, field, wrong.text);
}

static int
config_fill(struct config *config, const struct json *json,
    const char *tls_minimum, struct why *why)
{
	config->subject = xstrdup(json_string(json_get(json, "subject"),
	    "{{type}} {{deliveryId}}"));
	config->text = settings_string(json, "bodyTemplate");
	config->html = settings_string(json, "htmlTemplate");
	config->attachment_name = settings_string(json, "attachmentName");
	config->max_size = json_integer(json_get(json, "maxMessageSize"), 0);
	if (api_read(config, json, why) == -1 ||
	    server_read(&config->server, json, tls_minimum, why) == -1 ||
	    read_address(&config->from, json_get(json, "from"), "from",
	    why) == -1 || (json_get(json, "replyTo") != NULL &&
	    read_address(&config->reply_to, json_get(json, "replyTo"),
	    "replyTo", why) == -1) ||
	    read_addresses(&config->to, json, "recipients", why) == -1 ||
	    read_addresses(&config->cc, json, "cc", why) == -1 ||
	    read_addresses(&config->bcc, json, "bcc", why) == -1 ||
	    check_template(config, config->subject, "subject", NULL,
	    why) == -1 ||
	    check_template(config, config->attachment_name, "attachmentName",
	    NULL, why) == -1 ||
	    check_template(config, config->text, "bodyTemplate", notice_data,
	    why) == -1 ||
	    check_template(config, config->request, "requestTemplate",
	    notice_data, why) == -1 ||
	    smime_keys_read(&config->smime, json_get(json, "smime"),
	    why) == -1)
		return -1;
	return check_template(config, config->html, "htmlTemplate",
	    notice_data, why);
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
