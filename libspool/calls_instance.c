/*
 * calls_instance - one call for each thing that can be asked about the
 * instance, and what calls have in common
 */
#include <string.h>

#include "libspool/client.h"

/* A document of the caller's, strictly read; NULL with *why. */
static struct json *
document_read(const char *json, struct why *why)
{
	if (json != NULL)
		return json_parse(json, strlen(json), why);
	(void)why_set(why, ERROR_VALIDATION_ERROR, "there is no document");
	return NULL;
}

int
put_document(struct buf *out, const char *name, const char *json,
    struct why *why)
{
	struct json *document = document_read(json, why);

	if (document == NULL)
		return -1;
	json_put_value(out, name, document);
	json_free(&document);
	return 0;
}

int
put_documents(struct buf *out, const char *name, const char *json,
    struct why *why)
{
	struct json *document = document_read(json, why);

	if (document == NULL)
		return -1;
	if (json_is(document, JSON_ARRAY))
		json_put_value(out, name, document);
	else {
		json_open(out, name, '[');
		json_put_value(out, NULL, document);
		json_close(out, ']');
	}
	json_free(&document);
	return 0;
}

int
put_members(struct buf *out, const char *json, struct why *why)
{
	struct json *document = document_read(json, why);
	const struct json *member;

	if (document == NULL)
		return -1;
	if (!json_is(document, JSON_OBJECT)) {
		json_free(&document);
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "what is asked with must be an object");
	}
	member = json_first(document);
	for (; member != NULL; member = json_next(member))
		json_put_value(out, json_name(member), member);
	json_free(&document);
	return 0;
}

struct libspool_result *
libspool_config_get(struct libspool *client, const char *names,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };
	struct why why;

	if (names == NULL || put_document(&out, "names", names, &why) == 0)
		return client_ask(client, "config.get", &out, error);
	return client_failed(client, error, &why);
}

struct libspool_result *
libspool_config_reload(struct libspool *client, struct libspool_error *error)
{
	return libspool_ask(client, "config.reload", NULL, error);
}

struct libspool_result *
libspool_server_status(struct libspool *client, struct libspool_error *error)
{
	return libspool_ask(client, "server.status", NULL, error);
}

struct libspool_result *
libspool_server_stop(struct libspool *client, int now,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_boolean(&out, "now", now != 0);
	return client_ask(client, "server.stop", &out, error);
}
