/*
 * destination_together - what the fields of a config say only together
 *
 * Each of them has its form by then.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "lib/certificate.h"
#include "lib/destination_field.h"
#include "lib/signing.h"

bool
destination_signature_is(const struct json *config, const char *word)
{
	return strcmp(json_string(json_get(config, "signature"), "standard"),
	    word) == 0;
}

void
destination_check_secret(const struct json *config, const char *secret,
    const char *path, struct complaints *all)
{
	bool x_webhook = destination_signature_is(config, "x-webhook");

	if (signing_kind(secret) == SIGNING_raw && !x_webhook)
		complain(all, path, "must be \"whsec_\" and base64 unless the "
		    "signature is x-webhook");
	if (signing_kind(secret) == SIGNING_ed25519 &&
	    (x_webhook || destination_signature_is(config, "both")))
		complain(all, path, "must be \"whsec_\" and base64 unless the "
		    "signature is standard");
}

/* The first of the certificates is the key's. */
bool
destination_is_pair(const struct json *certificates, const char *private_key)
{
	struct certificates *all = certificates_read(certificates);
	EVP_PKEY *key = private_key_parse(private_key);
	bool good = all != NULL && key != NULL &&
	    certificates_have_key(all, key);

	EVP_PKEY_free(key);
	certificates_free(&all);
	return good;
}

/* A certificate is shown with its key, or not at all. */
static void
check_client(const struct json *config, enum transport transport,
    struct complaints *all)
{
	const struct json *certificate = destination_value(config,
	    "tls.clientCert");
	const char *key = json_string(destination_value(config,
	    "tls.clientKey"), NULL);
	char path[FIELD_PATH_MAX];

	(void)snprintf(path, sizeof(path), "config.%s.tls.%s",
	    transport_name(transport), certificate == NULL ? "clientCert" :
	    "clientKey");
	if ((certificate == NULL) != (key == NULL))
		complain(lacks_of(all), path, "is missing: a client needs "
		    "both, its certificate and the key");
	else if (key != NULL && !destination_is_pair(certificate, key))
		complain(all, path, "is not the key of clientCert");
}

/* What belongs to each kind of authentication, and to no other. */
static const struct {
	const char	*type, *field;
} auth_fields[] = {
	{ "bearer", "token" },
	{ "basic", "user" },
	{ "basic", "password" },
	{ "apiKey", "header" },
	{ "apiKey", "key" },
};

static void
check_auth(const struct json *config, enum transport transport,
    struct complaints *all)
{
	const struct json *auth = json_get(config, "auth");
	const char *type = json_string(json_get(auth, "type"), "");
	const char *header = strcmp(type, "apiKey") == 0 ?
	    json_string(json_get(auth, "header"), "") : "Authorization";
	const struct json *other = json_first(json_get(config, "headers"));
	char path[FIELD_PATH_MAX];

	for (size_t i = 0; auth != NULL &&
	    i < sizeof(auth_fields) / sizeof(*auth_fields); i++) {
		bool wanted = strcmp(auth_fields[i].type, type) == 0;
		bool there = json_get(auth, auth_fields[i].field) != NULL;

		(void)snprintf(path, sizeof(path), "config.%s.auth.%s",
		    transport_name(transport), auth_fields[i].field);
		if (wanted && !there)
			complain(lacks_of(all), path,
			    "is missing: %s needs it", type);
		else if (there && !wanted)
			complain(all, path, "belongs to the type %s",
			    auth_fields[i].type);
	}
	(void)snprintf(path, sizeof(path), "config.%s.auth",
	    transport_name(transport));
	if (auth != NULL && type[0] == '\0')
		complain(all, path, "has no type");
	/* RFC 7617: what stands before the first colon is the user. */
	if (strchr(json_string(json_get(auth, "user"), ""), ':') != NULL)
		complain(all, path, "has a user with a colon in it");
	for (; auth != NULL && other != NULL; other = json_next(other))
		if (strcasecmp(json_name(other), header) == 0)
			complain(all, path, "sets the header %s, which is "
			    "among the headers, too", header);
}

/* Credentials for a proxy are both there, and so is the proxy. */
static void
check_proxy(const struct json *config, enum transport transport,
    struct complaints *all)
{
	const struct json *auth = json_get(config, "proxyAuth");
	const char *user = json_string(json_get(auth, "user"), NULL);
	char path[FIELD_PATH_MAX];

	(void)snprintf(path, sizeof(path), "config.%s.proxyAuth",
	    transport_name(transport));
	if (auth == NULL)
		return;
	if (json_get(config, "proxy") == NULL)
		complain(all, path, "needs a proxy");
	if (user == NULL || json_get(auth, "password") == NULL)
		complain(lacks_of(all), path,
		    "needs both, user and password");
	else if (strchr(user, ':') != NULL)
		complain(all, path, "has a user with a colon in it");
}

/* Who logs in has one of a password and a token. */
static void
check_login(const struct json *config, enum transport transport,
    struct complaints *all)
{
	const struct json *smtp = json_get(config, "smtpConfig");
	const struct json *auth = json_get(smtp, "auth");
	bool pass = json_get(auth, "pass") != NULL;
	bool token = json_get(auth, "oauth2") != NULL;
	char path[FIELD_PATH_MAX];

	(void)snprintf(path, sizeof(path), "config.%s.smtpConfig.",
	    transport_name(transport));
	if (auth != NULL && (json_get(auth, "user") == NULL ||
	    pass == token)) {
		(void)strlcat(path, "auth", sizeof(path));
		complain(pass && token ? all : lacks_of(all), path,
		    "needs a user and one of pass and oauth2");
	} else if (json_boolean(json_get(smtp, "secure"), false) &&
	    json_get(smtp, "startTls") != NULL) {
		(void)strlcat(path, "startTls", sizeof(path));
		complain(all, path, "means nothing with secure: TLS is "
		    "there from the first byte on");
	}
}

/* A program speaks to nobody that spoold knows of, and links are fetched. */
static void
check_without_network(const struct json *config, enum transport transport,
    struct complaints *all)
{
	static const char *const network[] = { "tls", "proxy", "proxyAuth" };
	char path[FIELD_PATH_MAX];

	for (size_t i = 0; i < sizeof(network) / sizeof(*network); i++)
		if (json_get(config, network[i]) != NULL) {
			(void)snprintf(path, sizeof(path), "config.%s.%s",
			    transport_name(transport), network[i]);
			complain(all, path, transport == TRANSPORT_pipe ?
			    "means nothing to a program" :
			    "means nothing to a link, which is fetched");
		}
}

void
destination_check_together(const struct json *config, enum transport transport,
    struct complaints *all)
{
	const struct destination_field *field =
	    destination_field_of(transport, "secret");
	const char *secret = field == NULL ? NULL :
	    json_string(destination_value(config, field->path), NULL);
	char path[FIELD_PATH_MAX];

	check_client(config, transport, all);
	check_auth(config, transport, all);
	check_proxy(config, transport, all);
	check_login(config, transport, all);
	if (transport == TRANSPORT_email)
		destination_check_service(config, all);
	if (transport == TRANSPORT_pipe || transport == TRANSPORT_download)
		check_without_network(config, transport, all);
	if (transport == TRANSPORT_storage)
		destination_check_storage(config, all);
	if (transport == TRANSPORT_sftp)
		destination_check_sftp(config, all);
	destination_check_cms(config, transport, all);
	if (secret == NULL)
		return;
	(void)snprintf(path, sizeof(path), "config.%s.%s",
	    transport_name(transport), field->path);
	destination_check_secret(config, secret, path, all);
}
