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

static const struct {
	const char	*name;
	const struct provider *provider;
} providers[] = {
	{ "local", &provider_local },
	{ "s3", &provider_s3 },
	{ "azure", &provider_azure },
	{ "gcs", &provider_gcs },
	{ "gcp", &provider_gcs },
};

static const struct provider *
provider_of(const char *name)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(*providers); i++)
		if (strcmp(providers[i].name, name) == 0)
			return providers[i].provider;
	return NULL;
}

static void
read_local(struct local_config *local, const struct json *json)
{
	local->directory = settings_string(json, "directory");
	local->group = settings_string(json, "group");
	local->mode = (mode_t)strtoul(json_string(json_get(json, "mode"),
	    MODE_DEFAULT), NULL, 8);
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
	s3->endpoint = settings_endpoint(json, "endpoint");
	if (s3->endpoint == NULL && s3->region != NULL)
		s3->endpoint = xasprintf("https://s3.%s.amazonaws.com%s",
		    s3->region, strncmp(s3->region, "cn-", 3) == 0 ? ".cn" :
		    "");
	s3->storage_class = settings_string(json, "storageClass");
	s3->encryption = settings_string(json, "serverSideEncryption");
	s3->kms_key = settings_string(json, "kmsKeyId");
	s3->lock_mode = settings_string(lock, "mode");
	s3->lock_days = json_integer(json_get(lock, "days"), 0);
	s3->path_style = json_boolean(json_get(json, "pathStyle"),
	    json_get(json, "endpoint") != NULL || (s3->bucket != NULL &&
	    strchr(s3->bucket, '.') != NULL));
}

static void
read_azure(struct azure_config *azure, const struct json *json)
{
	const char *sas = json_string(json_get(json, "sasToken"), NULL);

	azure->account = settings_string(json, "accountName");
	azure->container = settings_string(json, "container");
	azure->key = settings_string(json, "accountKey");
	/* As it is shown, a URL's `?` often comes along. */
	azure->sas = sas == NULL ? NULL : xstrdup(sas + (*sas == '?'));
	azure->endpoint = settings_endpoint(json, "endpoint");
	if (azure->endpoint == NULL && azure->account != NULL)
		azure->endpoint = xasprintf(
		    "https://%s.blob.core.windows.net", azure->account);
}

/* The file that Google gives for a service account, as a text. */
static void
read_account(struct gcs_config *gcs, const char *text, const struct json *json)
{
	struct why why;
	struct json *account = text == NULL ? NULL :
	    json_parse(text, strlen(text), &why);

	gcs->email = settings_string(account, "client_email");
	gcs->key = settings_string(account, "private_key");
	gcs->key_id = settings_string(account, "private_key_id");
	gcs->token_uri = settings_string(account, "token_uri");
	gcs->token_endpoint = settings_string(json, "tokenEndpoint");
	if (gcs->token_endpoint == NULL && gcs->token_uri != NULL)
		gcs->token_endpoint = xstrdup(gcs->token_uri);
	json_free(&account);
}

static void
read_gcs(struct gcs_config *gcs, const struct json *json)
{
	gcs->bucket = settings_string(json, "bucket");
	gcs->token = settings_string(json, "accessToken");
	gcs->endpoint = settings_endpoint(json, "endpoint");
	if (gcs->endpoint == NULL)
		gcs->endpoint = xstrdup("https://storage.googleapis.com");
	read_account(gcs, json_string(json_get(json, "credentials"), NULL),
	    json);
}

/* What each provider cannot do without. */
static int
config_check(const struct config *config, struct why *why)
{
	const struct s3_config *s3 = &config->s3;
	const struct azure_config *azure = &config->azure;
	const struct gcs_config *gcs = &config->gcs;
	const struct {
		const struct provider *provider;
		bool	 complete;
		const char *words;
	} checks[] = {
		{ &provider_local, config->local.directory != NULL,
		    "needs a directory" },
		{ &provider_s3, s3->region != NULL && s3->bucket != NULL &&
		    s3->key_id != NULL && s3->secret != NULL, "needs region, "
		    "bucket, accessKeyId and secretAccessKey" },
		{ &provider_azure, azure->account != NULL &&
		    azure->container != NULL && (azure->key != NULL ||
		    azure->sas != NULL), "needs accountName, container and "
		    "one of accountKey and sasToken" },
		{ &provider_gcs, gcs->bucket != NULL && (gcs->token != NULL ||
		    (gcs->email != NULL && gcs->key != NULL &&
		    gcs->token_uri != NULL)), "needs bucket and one of "
		    "credentials, a service account's, and accessToken" },
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (checks[i].provider == config->provider)
			return checks[i].complete ? 0 : settings_wrong(why,
			    "config", checks[i].words);
	return settings_wrong(why, "provider", "is unknown");
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
	read_azure(&config->azure, given);
	read_gcs(&config->gcs, given);
	if (config_check(config, why) == 0)
		return config;
	config_free(config);
	return NULL;
}

static void
free_s3(struct s3_config *s3)
{
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
}

static void
free_azure(struct azure_config *azure)
{
	free(azure->endpoint);
	free(azure->account);
	free(azure->container);
	settings_wipe(azure->key);
	settings_wipe(azure->sas);
}

static void
free_gcs(struct gcs_config *gcs)
{
	free(gcs->endpoint);
	free(gcs->bucket);
	settings_wipe(gcs->token);
	free(gcs->email);
	settings_wipe(gcs->key);
	free(gcs->key_id);
	free(gcs->token_uri);
	free(gcs->token_endpoint);
}

void
config_free(struct config *config)
{
	free(config->path);
	free(config->filename);
	settings_tls_free(&config->tls);
	settings_proxy_free(&config->proxy);
	free(config->local.directory);
	free(config->local.group);
	free_s3(&config->s3);
	free_azure(&config->azure);
	free_gcs(&config->gcs);
	free(config);
}
