/*
 * destination_form_cloud - accounts, keys and tokens of clouds, and what
 * belongs to which provider of storage
 */
#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/certificate.h"
#include "lib/destination_form.h"
#include "lib/url.h"

#define STORAGE_KEY_MIN 16	/* bytes; Azure's own have 64 */
#define STORAGE_KEY_MAX 256
#define SAS_MAX 2048		/* bytes */
#define ACCOUNT_FILE_MAX 16384	/* characters */
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* --- forms ---------------------------------------------------------------- */

void
form_check_account(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *text = json_string(value, "");
	size_t length = strlen(text);

	(void)form;
	if (length < 3 || length > 24 ||
	    strspn(text, LOWER DIGITS) != length)
		complain(all, path, "must be the name of a storage account: "
		    "3 to 24 lower-case letters and digits");
}

void
form_check_container(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *text = json_string(value, "");
	size_t length = strlen(text);

	(void)form;
	if (length < 3 || length > 63 || text[0] == '-' ||
	    text[length - 1] == '-' || strstr(text, "--") != NULL ||
	    strspn(text, LOWER DIGITS "-") != length)
		complain(all, path, "must be the name of a container: 3 to 63 "
		    "lower-case letters, digits and single \"-\" between "
		    "them");
}

void
form_check_storagekey(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *text = json_string(value, "");
	struct buf key = { 0 };

	(void)form;
	if (base64_decode(&key, text, strlen(text), BASE64_STANDARD) == -1 ||
	    key.len < STORAGE_KEY_MIN || key.len > STORAGE_KEY_MAX)
		complain(all, path, "must be base64 of %d to %d bytes, as "
		    "the account shows its keys", STORAGE_KEY_MIN,
		    STORAGE_KEY_MAX);
	buf_wipe(&key);
}

/* A part of a URL: what no URL has would be another one. */
static bool
is_query(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= 0x20 || *text > 0x7e ||
		    strchr("\"#<>?\\^`{|}", *text) != NULL)
			return false;
	return true;
}

void
form_check_sas(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, "");

	(void)form;
	text += *text == '?';
	if (strlen(text) > SAS_MAX || !is_query(text) ||
	    strstr(text, "sig=") == NULL)
		complain(all, path, "must be a shared access signature, the "
		    "part of its URL behind the \"?\" with sig= in it, of up "
		    "to %d bytes", SAS_MAX);
}

static const char *
account_wrong(const struct json *account)
{
	static const char *const fields[] = { "client_email", "private_key",
		"token_uri" };
	EVP_PKEY *key;
	bool rsa;
	struct url url;

	if (strcmp(json_string(json_get(account, "type"), ""),
	    "service_account") != 0)
		return "must be the JSON of a service account's key file, "
		    "whose type is service_account, as a string";
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (*json_string(json_get(account, fields[i]), "") == '\0')
			return "lacks one of client_email, private_key and "
			    "token_uri";
	key = private_key_parse(json_string(json_get(account,
	    "private_key"), ""));
	rsa = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	EVP_PKEY_free(key);
	if (!rsa)
		return "has a private_key that is no RSA key in PEM";
	if (url_parse(json_string(json_get(account, "token_uri"), ""),
	    &url) != NULL)
		return "has a token_uri that is no http or https URL";
	return NULL;
}

void
form_check_serviceaccount(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *text = json_string(value, "");
	struct json *account = NULL;
	const char *wrong;
	struct why why;

	(void)form;
	if (form_is_text(value, "\t\r\n", 1, ACCOUNT_FILE_MAX))
		account = json_parse(text, strlen(text), &why);
	wrong = account_wrong(account);
	if (wrong != NULL)
		complain(all, path, "%s", wrong);
	json_free(&account);
}

/* --- together ------------------------------------------------------------- */

/* Which providers know a field, and which cannot do without it. */
static const struct {
	const char	*field, *known, *required;
} storage_fields[] = {
	{ "directory", "local", "local" },
	{ "mode", "local", "" },
	{ "group", "local", "" },
	{ "endpoint", "s3 azure gcs", "" },
	{ "region", "s3", "s3" },
	{ "bucket", "s3 gcs", "s3 gcs" },
	{ "accessKeyId", "s3", "s3" },
	{ "secretAccessKey", "s3", "s3" },
	{ "sessionToken", "s3", "" },
	{ "pathStyle", "s3", "" },
	{ "storageClass", "s3", "" },
	{ "serverSideEncryption", "s3", "" },
	{ "kmsKeyId", "s3", "" },
	{ "objectLock", "s3", "" },
	{ "accountName", "azure", "azure" },
	{ "accountKey", "azure", "" },
	{ "sasToken", "azure", "" },
	{ "container", "azure", "azure" },
	{ "credentials", "gcs", "" },
	{ "accessToken", "gcs", "" },
	{ "tokenEndpoint", "gcs", "" },
};

/* Credentials in two forms, of which one is given. */
static const struct {
	const char	*provider, *one, *other;
} storage_choices[] = {
	{ "azure", "accountKey", "sasToken" },
	{ "gcs", "credentials", "accessToken" },
};

static bool
is_among(const char *list, const char *word)
{
	size_t length = strlen(word);
	const char *at = strstr(list, word);

	return length > 0 && at != NULL && (at == list || at[-1] == ' ') &&
	    (at[length] == ' ' || at[length] == '\0');
}

static void
check_fields(const char *provider, const struct json *given,
    struct complaints *all)
{
	char path[FIELD_PATH_MAX];

	for (size_t i = 0; i < sizeof(storage_fields) /
	    sizeof(*storage_fields); i++) {
		const char *field = storage_fields[i].field;
		const char *known = storage_fields[i].known;
		bool there = json_get(given, field) != NULL;

		(void)snprintf(path, sizeof(path), "config.storage.config.%s",
		    field);
		if (!there && is_among(storage_fields[i].required, provider))
			complain(lacks_of(all), path,
			    "is missing: %s needs it", provider);
		else if (there && !is_among(known, provider))
			complain(all, path, strchr(known, ' ') == NULL ?
			    "belongs to the provider %s" :
			    "belongs to the providers %s", known);
	}
}

static void
check_choices(const char *provider, const struct json *given,
    struct complaints *all)
{
	char path[FIELD_PATH_MAX];

	for (size_t i = 0; i < sizeof(storage_choices) /
	    sizeof(*storage_choices); i++) {
		const char *one = storage_choices[i].one;
		const char *other = storage_choices[i].other;
		bool has_one = json_get(given, one) != NULL;

		if (strcmp(storage_choices[i].provider, provider) != 0 ||
		    has_one != (json_get(given, other) != NULL))
			continue;
		(void)snprintf(path, sizeof(path), "config.storage.config.%s",
		    has_one ? other : one);
		if (has_one)
			complain(all, path, "stands beside %s: only one of "
			    "them can be used", one);
		else
			complain(lacks_of(all), path, "is missing, and so is "
			    "%s: one of them is needed", other);
	}
}

/* Days alone are kept, for whoever switches it on later. */
static void
check_retention(const struct json *config, struct complaints *all)
{
	const struct json *retention = json_get(config, "retention");
	int64_t days = json_integer(json_get(retention, "days"), 0);
	int64_t locked = json_integer(destination_value(config,
	    "config.objectLock.days"), 0);

	if (!json_boolean(json_get(retention, "autoCleanup"), false))
		return;
	if (days == 0)
		complain(all, "config.storage.retention.days",
		    "is missing: autoCleanup needs it");
	else if (locked > days)
		complain(all, "config.storage.retention.days",
		    "are fewer than those of objectLock, before which "
		    "nothing can be erased");
}

void
destination_check_storage(const struct json *config, struct complaints *all)
{
	const char *provider = json_string(json_get(config, "provider"), "");
	const struct json *given = json_get(config, "config");

	if (strcmp(provider, "gcp") == 0)
		provider = "gcs";
	check_fields(provider, given, all);
	check_choices(provider, given, all);
	check_retention(config, all);
	if (json_get(given, "kmsKeyId") != NULL && strncmp(json_string(
	    json_get(given, "serverSideEncryption"), ""), "aws:", 4) != 0)
		complain(all, "config.storage.config.kmsKeyId",
		    "needs serverSideEncryption with aws:kms or aws:kms:dsse");
	if (json_get(given, "tokenEndpoint") != NULL &&
	    json_get(given, "credentials") == NULL)
		complain(all, "config.storage.config.tokenEndpoint",
		    "needs credentials: nothing is asked there without");
}
