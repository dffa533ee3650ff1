/*
 * spooldest_translate - a destination of another service, as one of spoold's
 *
 * The service that spoold replaces keeps DeliveryDestination objects: the same
 * types, with fields that are null or empty where nobody filled them in, some
 * under other names, and what it noted about their use.  What has a meaning
 * here is taken over; what has none is left out and said; what is missing is
 * for spoold to see.  One of spoold's own goes through unchanged.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/destination_field.h"
#include "lib/signing.h"
#include "lib/xalloc.h"

#include "spoold/commands/spooldest.h"

/* What a service notes of its destinations: it begins anew here. */
static const char *const noted[] = {
	"organizationId", "createdAt", "createdBy", "updatedAt", "updatedBy",
	"countUsage", "lastUsedAt", "version", "disabledAt", "disabledBy",
	"disabledReason", "secrets", "expirations", "warnings",
};

/* Other names of the same. */
static const struct {
	enum transport	 transport;
	const char	*from, *to;
} names[] = {
	{ TRANSPORT_webhook, "signingSecret", "secret" },
	{ TRANSPORT_email, "to", "recipients" },
	{ TRANSPORT_email, "smtpConfig.auth.username", "smtpConfig.auth.user" },
	{ TRANSPORT_email, "smtpConfig.auth.password", "smtpConfig.auth.pass" },
	{ TRANSPORT_storage, "config.accessKey", "config.accessKeyId" },
	{ TRANSPORT_storage, "config.secretKey", "config.secretAccessKey" },
	{ TRANSPORT_storage, "config.bucketName", "config.bucket" },
	{ TRANSPORT_storage, "config.containerName", "config.container" },
	{ TRANSPORT_storage, "config.account", "config.accountName" },
	{ TRANSPORT_storage, "config.keyFile", "config.credentials" },
	{ TRANSPORT_sftp, "user", "username" },
	{ TRANSPORT_sftp, "hostFingerprint", "hostKey" },
	{ TRANSPORT_sftp, "remotePath", "path" },
};

/* --- documents ------------------------------------------------------------ */

static void __attribute__((format(printf, 2, 3)))
note(struct translation *translation, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(&translation->notes, format, args);
	va_end(args);
	buf_char(&translation->notes, '\n');
}

/* Null, "", [] and {}: nobody filled it in. */
static bool
is_empty(const struct json *value)
{
	if (json_is(value, JSON_STRING))
		return json_string(value, "")[0] == '\0';
	if (json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT))
		return json_count(value) == 0;
	return value == NULL || json_is(value, JSON_NULL);
}

/* The object that a path's last name is in; *name_r is that name. */
static struct json *
parent_of(struct json *object, const char *path, bool make,
    const char **name_r)
{
	const char *dot;
	char name[FIELD_PATH_MAX];

	for (; (dot = strchr(path, '.')) != NULL; path = dot + 1) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path),
		    path);
		if (make && json_get(object, name) == NULL) {
			struct json *empty = json_new_object();

			json_set(object, name, empty);
			json_free(&empty);
		}
		object = json_get_mutable(object, name);
	}
	*name_r = path;
	return json_is(object, JSON_OBJECT) ? object : NULL;
}

static void
value_remove(struct json *config, const char *path)
{
	const char *name;
	struct json *parent = parent_of(config, path, false, &name);

	if (json_get(parent, name) != NULL)
		json_remove(parent, name);
}

static void
value_set(struct json *config, const char *path, const char *text)
{
	const char *name;
	struct json *parent = parent_of(config, path, true, &name);

	if (parent != NULL)
		json_set_string(parent, name, text);
}

static void
value_move(struct json *config, const char *from, const char *to)
{
	const struct json *value = destination_value(config, from);
	const char *name;
	struct json *parent;

	if (!is_empty(value) && is_empty(destination_value(config, to)) &&
	    (parent = parent_of(config, to, true, &name)) != NULL)
		json_set(parent, name, value);
	value_remove(config, from);
}

static const char *
text_at(const struct json *config, const char *path)
{
	return json_string(destination_value(config, path), "");
}

/* --- each type's own ------------------------------------------------------ */

/* "8022" is a number in some hands. */
static void
number_of_text(struct json *config, const char *path)
{
	const char *text = text_at(config, path), *name;
	struct json *parent = parent_of(config, path, false, &name);
	char *end;
	long number = strtol(text, &end, 10);

	if (*text != '\0' && *end == '\0')
		json_set_integer(parent, name, number);
}

/* "a@x, b@y" as an array. */
static void
list_of_text(struct json *config, const char *field)
{
	const char *text = json_string(json_get(config, field), NULL);
	struct buf list = { .max = 0 };
	struct json *array;
	struct why why;

	if (text == NULL)
		return;
	json_open(&list, NULL, '[');
	while (*text != '\0') {
		size_t length;
		char one[512];

		text += strspn(text, " ,;");
		length = strcspn(text, ",;");
		(void)snprintf(one, sizeof(one), "%.*s", (int)length, text);
		if (length > 0)
			json_put_string(&list, NULL, one);
		text += length;
	}
	json_close(&list, ']');
	array = json_parse(list.data, list.len, &why);
	if (array != NULL)
		json_set(config, field, array);
	json_free(&array);
	buf_free(&list);
}

static void
translate_webhook(struct translation *translation, struct json *config)
{
	const char *secret = text_at(config, "secret");

	(void)translation;
	/* Any text is a key there; here it makes that signature only. */
	if (*secret != '\0' && strcmp(secret, "********") != 0 &&
	    signing_kind(secret) == SIGNING_raw &&
	    is_empty(json_get(config, "signature")))
		json_set_string(config, "signature", "x-webhook");
}

static void
translate_email(struct translation *translation, struct json *config)
{
	(void)translation;
	list_of_text(config, "recipients");
	list_of_text(config, "cc");
	list_of_text(config, "bcc");
	number_of_text(config, "smtpConfig.port");
}

/* AccountName=…;AccountKey=…;EndpointSuffix=… */
static void
translate_connection(struct json *config)
{
	static const struct {
		const char	*key, *path;
	} parts[] = {
		{ "AccountName=", "config.accountName" },
		{ "AccountKey=", "config.accountKey" },
		{ "BlobEndpoint=", "config.endpoint" },
		{ "SharedAccessSignature=", "config.sasToken" },
	};
	char *text = xstrdup(text_at(config, "config.connectionString"));
	size_t length = strlen(text);
	char *rest = text, *part;

	while ((part = strsep(&rest, ";")) != NULL)
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (strncmp(part, parts[i].key,
			    strlen(parts[i].key)) == 0)
				value_set(config, parts[i].path, part +
				    strlen(parts[i].key));
	explicit_bzero(text, length);	/* it is in parts now */
	free(text);
	value_remove(config, "config.connectionString");
}

static void
translate_storage(struct translation *translation, struct json *config)
{
	const struct json *credentials = destination_value(config,
	    "config.credentials");
	struct buf text = { .max = 0 };

	if (strcmp(text_at(config, "provider"), "gcp") == 0)
		json_set_string(config, "provider", "gcs");
	if (strcmp(text_at(config, "provider"), "local") == 0) {
		value_move(config, "config.basePath", "config.directory");
		value_move(config, "config.path", "config.directory");
	}
	if (json_is(credentials, JSON_OBJECT) && json_count(credentials) > 0) {
		json_print(&text, credentials);
		value_set(config, "config.credentials", text.data);
		buf_wipe(&text);
	}
	if (*text_at(config, "config.connectionString") != '\0')
		translate_connection(config);
	if (json_is_integer(destination_value(config, "retention.days"), 0,
	    0)) {
		value_remove(config, "retention");
		note(translation, "config.storage.retention has no days and "
		    "is left out: nothing is erased");
	}
}

static void
translate_sftp(struct translation *translation, struct json *config)
{
	number_of_text(config, "port");
	if (!is_empty(json_get(config, "password")) &&
	    !is_empty(json_get(config, "privateKey"))) {
		json_remove(config, "password");
		note(translation, "config.sftp.password is left out: the "
		    "privateKey logs in");
	}
}

static void	(*const translators[TRANSPORTS])(struct translation *,
		    struct json *) = {
	[TRANSPORT_webhook] = translate_webhook,
	[TRANSPORT_email] = translate_email,
	[TRANSPORT_storage] = translate_storage,
	[TRANSPORT_sftp] = translate_sftp,
};

/* --- what is left out ----------------------------------------------------- */

enum known { UNKNOWN, FIELD, PARENT };

static enum known
is_known(enum transport transport, const char *path)
{
	const struct destination_field *field;
	size_t at = 0, length = strlen(path);

	while ((field = destination_field_next(transport, &at)) != NULL)
		if (strncmp(field->path, path, length) == 0 &&
		    (field->path[length] == '\0' ||
		    field->path[length] == '.'))
			return field->path[length] == '\0' ? FIELD : PARENT;
	return UNKNOWN;
}

static void
leave_out(struct translation *translation, struct json *object,
    enum transport transport, const char *parent)
{
	const struct json *member = json_first(object), *next;
	char path[FIELD_PATH_MAX];

	for (; member != NULL; member = next) {
		const char *name = json_name(member);
		enum known known;

		next = json_next(member);
		(void)snprintf(path, sizeof(path), "%s%s%s", parent,
		    parent[0] != '\0' ? "." : "", name);
		known = is_known(transport, path);
		if (known == PARENT && json_is(member, JSON_OBJECT))
			leave_out(translation, json_get_mutable(object,
			    name), transport, path);
		else if (known == UNKNOWN && !is_empty(member))
			note(translation, "config.%s.%s means nothing here "
			    "and is left out", transport_name(transport),
			    path);
		if (known == UNKNOWN || is_empty(member))
			json_remove(object, name);
	}
}

/* --- the whole ------------------------------------------------------------ */

static bool
is_noted(const char *name)
{
	size_t i = 0;

	while (i < sizeof(noted) / sizeof(*noted) &&
	    strcmp(noted[i], name) != 0)
		i++;
	return i < sizeof(noted) / sizeof(*noted);
}

/* Every id is one here: lower case, and `-` for what may not stand in it. */
static void
translate_id(struct translation *translation)
{
	const char *given = json_string(json_get(translation->document, "id"),
	    "");
	char id[DESTINATION_ID_MAX + 1];
	size_t length = 0;

	for (; *given != '\0' && length < DESTINATION_ID_MAX; given++) {
		char c = (char)tolower((unsigned char)*given);
		bool good = isalnum((unsigned char)c) != 0 &&
		    (unsigned char)c < 0x80;

		if (good || length > 0)
			id[length++] = good ? c : '-';
	}
	while (length > 0 && id[length - 1] == '-')
		length--;
	id[length] = '\0';
	given = json_string(json_get(translation->document, "id"), "");
	if (strcmp(given, id) == 0)
		return;
	if (*given != '\0')
		note(translation, "its id was %s", given);
	if (length > 0)
		json_set_string(translation->document, "id", id);
	else if (json_get(translation->document, "id") != NULL)
		json_remove(translation->document, "id");
}

static void
translate_top(struct translation *translation)
{
	struct json *document = translation->document;
	const char *reason = json_string(json_get(document, "disabledReason"),
	    NULL);
	const struct json *member, *next;

	if (reason != NULL && *reason != '\0')
		translation->reason = xstrdup(reason);
	if (is_empty(json_get(document, "label")))
		value_move(document, "name", "label");
	if (is_empty(json_get(document, "label")) &&
	    !is_empty(json_get(document, "id")))
		json_set(document, "label", json_get(document, "id"));
	translate_id(translation);
	for (member = json_first(document); member != NULL; member = next) {
		const char *name = json_name(member);
		bool known = destination_field_is_top(name);

		next = json_next(member);
		if (!known && !is_noted(name) && !is_empty(member))
			note(translation, "%s means nothing here and is left "
			    "out", name);
		/* It is the organization's that imports it. */
		if (!known || json_is(member, JSON_NULL) ||
		    is_noted(name))
			json_remove(document, name);
	}
}

/* The type, by the only config that is filled in where it is not given. */
static int
translate_type(struct translation *translation, struct why *why)
{
	struct json *document = translation->document;
	const char *type = json_string(json_get(document, "type"), NULL);
	const struct json *member = json_first(json_get(document, "config"));
	int transport;

	for (; type == NULL && member != NULL; member = json_next(member))
		if (!is_empty(member) &&
		    transport_by_name(json_name(member)) != -1)
			type = json_name(member);
	transport = type != NULL ? transport_by_name(type) : -1;
	if (transport == -1)
		return why_field(why, "type", "type is %s", type == NULL ?
		    "missing" : "unknown");
	json_set_string(document, "type",
	    transport_name((enum transport)transport));
	return transport;
}

/* The config of the type alone. */
static struct json *
translate_config(struct json *document, enum transport transport)
{
	const char *type = transport_name(transport);
	const struct json *there = json_get(json_get(document, "config"),
	    type);
	struct json *config = json_is(there, JSON_OBJECT) ?
	    json_copy(there) : json_new_object();
	struct json *whole = json_new_object();

	json_set(whole, type, config);
	json_set(document, "config", whole);
	json_free(&config);
	json_free(&whole);
	return json_get_mutable(json_get_mutable(document, "config"), type);
}

int
translate(const struct json *given, struct translation *translation,
    struct why *why)
{
	struct json *config;
	int transport;

	if (!json_is(given, JSON_OBJECT))
		return why_field(why, "", "a destination must be an object");
	translation->document = json_copy(given);
	transport = translate_type(translation, why);
	if (transport == -1)
		return -1;
	translate_top(translation);
	config = translate_config(translation->document,
	    (enum transport)transport);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].transport == (enum transport)transport &&
		    destination_value(config, names[i].from) != NULL)
			value_move(config, names[i].from, names[i].to);
	if (translators[transport] != NULL)
		translators[transport](translation, config);
	leave_out(translation, config, (enum transport)transport, "");
	return 0;
}

void
translation_free(struct translation *translation)
{
	destination_view_free(&translation->document);
	free(translation->reason);
	buf_free(&translation->notes);
}
