/*
 * config - a storage destination's settings
 *
 * What is wrong here spoold should have refused when it was created.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/common/settings.h"
#include "workers/storage/config.h"
#include "workers/storage/provider.h"

#define MODE_DEFAULT "0640"

static const struct provider *const providers[] = {
	&provider_local,
	&provider_s3,
	NULL
};

static const struct provider *
provider_of(const char *name)
{
	const struct provider *const *provider = providers;

	while (*provider != NULL && strcmp((*provider)->name, name) != 0)
		provider++;
	return *provider;
}

static void
read_local(struct local_config *local, const struct json *json)
{
	local->directory = settings_string(json, "directory");
	local->group = settings_string(json, "group");
	local->mode = (mode_t)strtoul(json_string(json_get(json, "mode"),
	    MODE_DEFAULT), NULL, 8);
}

/* Amazon's own, or the one given. */
static char *
read_endpoint(const struct s3_config *s3, const struct json *json)
{
	char *endpoint = settings_string(json, "endpoint");

	if (endpoint == NULL)
		return xasprintf("https://s3.%s.amazonaws.com%s",
		    s3->region == NULL ? "" : s3->region,
		    s3->region != NULL && strncmp(s3->region, "cn-", 3) == 0 ?
		    ".cn" : "");
	for (size_t end = strlen(endpoint); end > 0 &&
	    endpoint[end - 1] == '/'; end--)
		endpoint[end - 1] = '\0';
	return endpoint;
}

static void
read_s3(struct s3_config *s3, const struct json *json)
{
	const struct json *lock = json_get(json, "objectLock");

	s3->region = settings_string(json, "region");
	s3->bucket = settings_string(json, "bucket");
	s3->key_id = settings_string(json, "accessKeyId");
	s3->secret = settings_string(json, "secretAccessKey");
	s3->token = settings_string(json, "sessionToken");
	s3->endpoint = read_endpoint(s3, json);
	s3->storage_class = settings_string(json, "storageClass");
	s3->encryption = settings_string(json, "serverSideEncryption");
	s3->kms_key = settings_string(json, "kmsKeyId");
	s3->lock_mode = settings_string(lock, "mode");
	s3->lock_days = json_integer(json_get(lock, "days"), 0);
	s3->path_style = json_boolean(json_get(json, "pathStyle"),
	    json_get(json, "endpoint") != NULL || (s3->bucket != NULL &&
	    strchr(s3->bucket, '.') != NULL));
}

/* What each provider cannot do without. */
static int
config_check(const struct config *config, struct why *why)
{
	const struct s3_config *s3 = &config->s3;

	if (config->provider == NULL)
		return settings_wrong(why, "provider", "is unknown");
	if (config->provider == &provider_local)
		return config->local.directory != NULL ? 0 :
		    settings_wrong(why, "config.directory", "is missing");
	if (s3->region == NULL || s3->bucket == NULL || s3->key_id == NULL ||
	    s3->secret == NULL)
		return settings_wrong(why, "config",
		    "needs region, bucket, accessKeyId and secretAccessKey");
	return 0;
}

struct config *
config_read(const struct json *json, const char *tls_minimum, struct why *why)
{
	struct config *config = xcalloc(1, sizeof(*config));
	const struct json *given = json_get(json, "config");

	config->provider = provider_of(json_string(json_get(json, "provider"),
	    ""));
	config->path = settings_string(json, "path");
	config->filename = settings_string(json, "filename");
	config->overwrite = json_boolean(json_get(json, "overwrite"), false);
	config->cleanup = json_boolean(json_get(json_get(json, "retention"),
	    "autoCleanup"), false);
	settings_tls(&config->tls, json, tls_minimum);
	settings_proxy(&config->proxy, json);
	read_local(&config->local, given);
	read_s3(&config->s3, given);
	if (config_check(config, why) == 0)
		return config;
	config_free(config);
	return NULL;
}

void
config_free(struct config *config)
{
	struct s3_config *s3 = &config->s3;

	free(config->path);
	free(config->filename);
	settings_tls_free(&config->tls);
	settings_proxy_free(&config->proxy);
	free(config->local.directory);
	free(config->local.group);
	free(s3->endpoint);
	free(s3->region);
	free(s3->bucket);
	free(s3->key_id);
	settings_wipe(s3->secret);
	settings_wipe(s3->token);
	free(s3->storage_class);
	free(s3->encryption);
	free(s3->kms_key);
	free(s3->lock_mode);
	free(config);
}
