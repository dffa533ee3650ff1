/*
 * config - an sftp destination's settings
 *
 * What is wrong here spoold should have refused when it was created, but for
 * keys that it cannot open.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/xalloc.h"

#include "workers/common/settings.h"
#include "workers/sftp/config.h"
#include "workers/sftp/session.h"

#define PORT 22

void
config_free(struct config *config)
{
	free(config->url);
	free(config->user);
	settings_wipe(config->password);
	session_key_free(&config->key);
	free(config->path);
	free(config->filename);
	certificates_free(&config->encrypt);
	settings_proxy_free(&config->proxy);
	free(config->tls_minimum);
	explicit_bzero(config->identity, sizeof(config->identity));
	free(config);
}

static char *
read_url(const struct json *json)
{
	const char *host = json_string(json_get(json, "host"), "");

	return xasprintf(strchr(host, ':') != NULL ? "http://[%s]:%d/" :
	    "http://%s:%d/", host,
	    (int)json_integer(json_get(json, "port"), PORT));
}

/* Who connects to whom, by what: each with its length before it. */
static int
read_identity(struct config *config, const struct json *json, struct why *why)
{
	static const char *const fields[] = { "username", "password",
	    "privateKey", "passphrase", "hostKey", "proxy" };
	struct buf all = { 0 };
	int result;

	buf_printf(&all, "%zu %s", strlen(config->url), config->url);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const char *value = json_string(json_get(json, fields[i]), "");

		buf_printf(&all, "%zu %s", strlen(value), value);
	}
	buf_printf(&all, "%s", config->proxy.user != NULL ?
	    config->proxy.user : "");
	result = EVP_Digest(all.data, all.len, config->identity, NULL,
	    EVP_sha256(), NULL) == 1 ? 0 : why_set(why,
	    ERROR_INTERNAL_ERROR, "SHA-256 is not there");
	buf_wipe(&all);
	return result;
}

static int
read_login(struct config *config, const struct json *json, struct why *why)
{
	const char *key = json_string(json_get(json, "privateKey"), NULL);

	config->user = xstrdup(json_string(json_get(json, "username"), ""));
	config->password = settings_string(json, "password");
	if (key != NULL)
		config->key = session_key_read(key, json_string(json_get(json,
		    "passphrase"), NULL));
	if (key != NULL && config->key == NULL)
		return settings_wrong(why, "privateKey", "cannot be read: it "
		    "is damaged, of a kind that is not supported, or the "
		    "passphrase is not its own");
	return config->key != NULL || config->password != NULL ? 0 :
	    settings_wrong(why, "privateKey", "is missing, and so is the "
	    "password");
}

static int
read_pin(struct config *config, const struct json *json, struct why *why)
{
	const char *pin = json_string(json_get(json, "hostKey"), NULL);

	config->pinned = pin != NULL;
	if (pin != NULL && hostkey_parse(pin, &config->pin) != NULL)
		return settings_wrong(why, "hostKey", "is none");
	return 0;
}

static int
read_envelope(struct config *config, const struct json *json, struct why *why)
{
	const struct json *encrypt = json_get(json, "encrypt");

	config->cipher = cms_cipher_by_name(json_string(json_get(json,
	    "encryptCipher"), NULL));
	if (encrypt != NULL)
		config->encrypt = certificates_read(encrypt);
	return encrypt == NULL || config->encrypt != NULL ? 0 :
	    settings_wrong(why, "encrypt", "has no certificates");
}

static int
config_fill(struct config *config, const struct json *json, struct why *why)
{
	config->url = read_url(json);
	config->path = settings_string(json, "path");
	config->filename = settings_string(json, "filename");
	config->create_directories = json_boolean(json_get(json,
	    "createDirectories"), false);
	config->overwrite = json_boolean(json_get(json, "overwrite"), false);
	config->fsync = json_boolean(json_get(json, "fsync"), true);
	config->read_back = strcmp(json_string(json_get(json, "verify"), ""),
	    "sha256") == 0;
	config->tls_minimum = xstrdup("1.2");
	settings_proxy(&config->proxy, json);
	return read_pin(config, json, why) == -1 ||
	    read_envelope(config, json, why) == -1 ||
	    read_login(config, json, why) == -1 ? -1 :
	    read_identity(config, json, why);
}

struct config *
config_read(const struct json *json, struct why *why)
{
	struct config *config = xcalloc(1, sizeof(*config));

	if (config_fill(config, json, why) == 0)
		return config;
	config_free(config);
	return NULL;
}
