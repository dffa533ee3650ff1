/*
 * calls - one call for each thing that can be asked about jobs and the queue
 */
#include "libspool/client.h"

struct libspool_result *
libspool_ask(struct libspool *client, const char *verb, const char *members,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };
	struct why why;

	if (members != NULL && put_members(&out, members, &why) == -1) {
		buf_wipe(&out);
		return client_failed(client, error, &why);
	}
	return client_ask(client, verb, &out, error);
}

struct libspool_result *
libspool_verdict(struct libspool *client, const char *name,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "name", name);
	return client_ask(client, "delivery.submit", &out, error);
}

static struct libspool_result *
status(struct libspool *client, const char *id, const char *name, bool wait,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "deliveryId", id);
	json_put_string(&out, "name", name);
	json_put_boolean(&out, "wait", wait);
	return client_ask(client, "delivery.status", &out, error);
}

struct libspool_result *
libspool_status(struct libspool *client, const char *id, const char *name,
    struct libspool_error *error)
{
	return status(client, id, name, false, error);
}

struct libspool_result *
libspool_wait(struct libspool *client, const char *id, const char *name,
    struct libspool_error *error)
{
	return status(client, id, name, true, error);
}

struct libspool_result *
libspool_explain(struct libspool *client, const char *id, const char *name,
    const char *destination, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "deliveryId", id);
	json_put_string(&out, "name", name);
	json_put_string(&out, "destinationId", destination);
	return client_ask(client, "delivery.explain", &out, error);
}

struct libspool_result *
libspool_retry_schedule(struct libspool *client, const char *id,
    const char *destination, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_string(&out, "deliveryId", id);
	json_put_string(&out, "destinationId", destination);
	return client_ask(client, "retry.schedule", &out, error);
}

struct libspool_result *
libspool_payload(struct libspool *client, const char *id, const char *name,
    const char *reason, int *descriptor_r, struct libspool_error *error)
{
	struct buf out = { .max = 0 };
	struct libspool_result *result;
	struct why why;

	json_put_string(&out, "deliveryId", id);
	json_put_string(&out, "name", name);
	json_put_string(&out, "reason", reason);
	result = client_ask(client, "delivery.payload", &out, error);
	if (result == NULL || descriptor_r == NULL)
		return result;
	*descriptor_r = client->passed;
	client->passed = -1;
	if (*descriptor_r != -1)
		return result;
	(void)why_set(&why, ERROR_PAYLOAD_NOT_FOUND,
	    "spoold has no payload of %s", id);
	(void)error_fill(error, &why);
	libspool_free(&result);
	return NULL;
}

/* --- tickets -------------------------------------------------------------- */

static void
put_tickets(struct buf *out, const struct libspool_tickets *tickets)
{
	if (tickets->count == 0) {
		json_put_string(out, "deliveryId", tickets->id);
		json_put_string(out, "destinationId", tickets->destination);
		return;
	}
	json_open(out, "tickets", '[');
	for (size_t i = 0; i < tickets->count; i++)
		json_put_string(out, NULL, tickets->names[i]);
	json_close(out, ']');
}

static struct libspool_result *
ask_of_tickets(struct libspool *client, const char *verb,
    const struct libspool_tickets *tickets, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	put_tickets(&out, tickets);
	return client_ask(client, verb, &out, error);
}

struct libspool_result *
libspool_hold(struct libspool *client, const struct libspool_tickets *tickets,
    struct libspool_error *error)
{
	return ask_of_tickets(client, "delivery.hold", tickets, error);
}

struct libspool_result *
libspool_release(struct libspool *client,
    const struct libspool_tickets *tickets, struct libspool_error *error)
{
	return ask_of_tickets(client, "delivery.release", tickets, error);
}

struct libspool_result *
libspool_cancel(struct libspool *client,
    const struct libspool_tickets *tickets, struct libspool_error *error)
{
	return ask_of_tickets(client, "delivery.cancel", tickets, error);
}

struct libspool_result *
libspool_expire(struct libspool *client,
    const struct libspool_tickets *tickets, struct libspool_error *error)
{
	return ask_of_tickets(client, "delivery.expire", tickets, error);
}

struct libspool_result *
libspool_revoke(struct libspool *client,
    const struct libspool_tickets *tickets, struct libspool_error *error)
{
	return ask_of_tickets(client, "delivery.revoke", tickets, error);
}

struct libspool_result *
libspool_retry(struct libspool *client, const struct libspool_tickets *tickets,
    int delivered, const char *to, struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	put_tickets(&out, tickets);
	json_put_boolean(&out, "delivered", delivered != 0);
	json_put_string(&out, "to", to);
	return client_ask(client, "delivery.retry", &out, error);
}

/* --- the queue ------------------------------------------------------------ */

struct libspool_result *
libspool_queue_status(struct libspool *client, struct libspool_error *error)
{
	return libspool_ask(client, "queue.status", NULL, error);
}

struct libspool_result *
libspool_queue_flush(struct libspool *client,
    const struct libspool_tickets *tickets, struct libspool_error *error)
{
	struct why why;

	if (tickets == NULL)
		return libspool_ask(client, "queue.flush", NULL, error);
	if (tickets->count > 0 || tickets->id != NULL ||
	    tickets->destination != NULL)
		return ask_of_tickets(client, "queue.flush", tickets, error);
	(void)why_set(&why, ERROR_USAGE,
	    "no ticket is named; without a list all are meant");
	return client_failed(client, error, &why);
}

struct libspool_result *
libspool_queue_sweep(struct libspool *client, int dry_run,
    struct libspool_error *error)
{
	struct buf out = { .max = 0 };

	json_put_boolean(&out, "dryRun", dry_run != 0);
	return client_ask(client, "queue.sweep", &out, error);
}
