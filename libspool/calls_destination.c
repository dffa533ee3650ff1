/*
 * calls_destination - one call for each thing that can be asked about
 * destinations and their secrets
 */
#include <string.h>

#include "libspool/client.h"

/* Asks with a text of JSON as the member of that name. */
static struct libspool_result *
ask_with(struct libspool *client, const char *verb, struct buf *out,
    const char *name, const char *json, struct libspool_error *error)
{
	struct why why;

	if (put_document(out, name, json, &why) == 0)
		return client_ask(client, verb, out, error);
	buf_wipe(out);
	return client_failed(client, error, &why);
}

struct libspool_result *
libspool_destination_create(struct libspool *client, const char *json,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };
	struct why why;

	if (put_documents(&out, "destinations", json, &why) == 0)
		return client_ask(client, "destination.create", &out, error);
	buf_wipe(&out);
	return client_failed(client, error, &why);
}

struct libspool_result *
libspool_destination_update(struct libspool *client, const char *id,
    const char *patch, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "destinationId", id);
	return ask_with(client, "destination.update", &out, "destination",
	    patch, error);
}

/* A destination, and one more member that is a text or a flag. */
static struct libspool_result *
ask_of(struct libspool *client, const char *verb, const char *id,
    const char *name, const char *text, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "destinationId", id);
	if (name != NULL)
		json_put_string(&out, name, text);
	return client_ask(client, verb, &out, error);
}

static struct libspool_result *
ask_flagged(struct libspool *client, const char *verb, const char *id,
    const char *name, int flag, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "destinationId", id);
	json_put_boolean(&out, name, flag != 0);
	return client_ask(client, verb, &out, error);
}

struct libspool_result *
libspool_destination_get(struct libspool *client, const char *id,
    struct libspool_error *error)
{
	return ask_of(client, "destination.get", id, NULL, NULL, error);
}

struct libspool_result *
libspool_destination_list(struct libspool *client, const char *filter,
    struct libspool_error *error)
{
	return libspool_ask(client, "destination.list", filter, error);
}

struct libspool_result *
libspool_destination_delete(struct libspool *client, const char *id,
    int cancel_tickets, const char *reason, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "destinationId", id);
	json_put_boolean(&out, "cancelTickets", cancel_tickets != 0);
	json_put_string(&out, "reason", reason);
	return client_ask(client, "destination.delete", &out, error);
}

struct libspool_result *
libspool_destination_enable(struct libspool *client, const char *id,
    const char *reason, struct libspool_error *error)
{
	return ask_of(client, "destination.enable", id, "reason", reason,
	    error);
}

struct libspool_result *
libspool_destination_disable(struct libspool *client, const char *id,
    const char *reason, struct libspool_error *error)
{
	return ask_of(client, "destination.disable", id, "reason", reason,
	    error);
}

struct libspool_result *
libspool_destination_test(struct libspool *client, const char *id, int deliver,
    struct libspool_error *error)
{
	return ask_flagged(client, "destination.test", id, "deliver", deliver,
	    error);
}

struct libspool_result *
libspool_destination_health(struct libspool *client, const char *id,
    struct libspool_error *error)
{
	return ask_of(client, "destination.health", id, NULL, NULL, error);
}

struct libspool_result *
libspool_destination_duplicate(struct libspool *client, const char *id,
    const char *new_id, struct libspool_error *error)
{
	return ask_of(client, "destination.duplicate", id, "newId", new_id,
	    error);
}

struct libspool_result *
libspool_destination_export(struct libspool *client, const char *id,
    const char *key, struct libspool_error *error)
{
	return ask_of(client, "destination.export", id, "key", key, error);
}

struct libspool_result *
libspool_destination_import(struct libspool *client, const char *json,
    int dry_run, const char *reason, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_boolean(&out, "dryRun", dry_run != 0);
	json_put_string(&out, "reason", reason);
	return ask_with(client, "destination.import", &out, "destination",
	    json, error);
}

/* --- defaults ------------------------------------------------------------- */

struct libspool_result *
libspool_default_add(struct libspool *client, const char *id,
    const char *reason, struct libspool_error *error)
{
	return ask_of(client, "default.add", id, "reason", reason, error);
}

struct libspool_result *
libspool_default_remove(struct libspool *client, const char *id,
    const char *reason, struct libspool_error *error)
{
	return ask_of(client, "default.remove", id, "reason", reason, error);
}

struct libspool_result *
libspool_default_list(struct libspool *client, struct libspool_error *error)
{
	return libspool_ask(client, "default.list", NULL, error);
}

/* --- secrets -------------------------------------------------------------- */

struct libspool_result *
libspool_secret_list(struct libspool *client, const char *destination,
    struct libspool_error *error)
{
	return ask_of(client, "secret.list", destination, NULL, NULL, error);
}

struct libspool_result *
libspool_secret_rotate(struct libspool *client, const char *destination,
    int drill, struct libspool_error *error)
{
	return ask_flagged(client, "secret.rotate", destination, "drill",
	    drill, error);
}

struct libspool_result *
libspool_secret_confirm(struct libspool *client, const char *destination,
    struct libspool_error *error)
{
	return ask_flagged(client, "secret.rotate", destination, "confirm", 1,
	    error);
}

struct libspool_result *
libspool_secret_add(struct libspool *client, const char *destination,
    const char *secret, int drill, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "destinationId", destination);
	json_put_string(&out, "secret", secret);
	json_put_boolean(&out, "drill", drill != 0);
	return client_ask(client, "secret.add", &out, error);
}

struct libspool_result *
libspool_secret_second(struct libspool *client, const char *destination,
    const char *field, const char *value, const char *at,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };
	struct why why;

	/* Without one it would be a new secret for signing. */
	if (field == NULL) {
		(void)why_set(&why, ERROR_USAGE,
		    "whose second value it is to be is not said");
		return client_failed(client, error, &why);
	}
	json_put_string(&out, "destinationId", destination);
	json_put_string(&out, "field", field);
	json_put_string(&out, "secret", value);
	json_put_string(&out, "at", at);
	return client_ask(client, "secret.add", &out, error);
}

struct libspool_result *
libspool_secret_revoke(struct libspool *client, const char *destination,
    const char *secret_id, struct libspool_error *error)
{
	return ask_of(client, "secret.revoke", destination, "secretId",
	    secret_id, error);
}

struct libspool_result *
libspool_secret_reveal(struct libspool *client, const char *destination,
    const char *secret_id, struct libspool_error *error)
{
	return ask_of(client, "secret.reveal", destination, "secretId",
	    secret_id, error);
}
