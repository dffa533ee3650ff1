/*
 * every_call - calls each of libspool's calls that asks, with all it takes
 *
 *     every_call [asking]
 *
 * With a word it drops no job.
 * What then is asked shows whether there is a call for each verb, and a way to
 * each of its fields.
 */
#include <stdio.h>

#include <libspool.h>

static void
answered(const char *call, struct libspool_result *result,
    const struct libspool_error *error)
{
	if (result == NULL)
		(void)printf("%s: %s: %s\n", call, error->code,
		    error->message);
	libspool_free(&result);
}

#define CALL(name, ...) answered(#name, \
    libspool_##name(spool, __VA_ARGS__, &error), &error)
#define CALL_ALONE(name) answered(#name, libspool_##name(spool, &error), \
    &error)

static void
submit(struct libspool *spool)
{
	struct libspool_job job = { .json = "{}" };
	struct libspool_error error;

	CALL(submit, &job);
}

static void
jobs(struct libspool *spool)
{
	struct libspool_error error;

	CALL(verdict, "name.json");
	CALL(status, "id", "name.json");
	CALL(wait, "id", "name.json");
	CALL(explain, "id", "name.json", "destination");
	CALL(retry_schedule, "id", "destination");
	CALL(payload, "id", "name.json", "reason", NULL);
}

static void
tickets(struct libspool *spool, const struct libspool_tickets *which)
{
	struct libspool_error error;

	CALL(hold, which);
	CALL(release, which);
	CALL(cancel, which);
	CALL(expire, which);
	CALL(revoke, which);
	CALL(retry, which, 1, "destination");
	CALL(queue_flush, which);
}

static void
destinations(struct libspool *spool)
{
	struct libspool_error error;

	CALL(destination_create, "{}");
	CALL(destination_update, "id", "{}");
	CALL(destination_get, "id");
	CALL(destination_list, "{\"type\":\"webhook\",\"isDefault\":true,"
	    "\"disabled\":true,\"limit\":1,\"offset\":1,\"sortBy\":\"id\","
	    "\"sortOrder\":\"asc\"}");
	CALL(destination_delete, "id", 1, "reason");
	CALL(destination_enable, "id", "reason");
	CALL(destination_disable, "id", "reason");
	CALL(destination_test, "id", 1);
	CALL(destination_duplicate, "id", "new");
	CALL(destination_export, "id", "key");
	CALL(destination_import, "{}", 1, "reason");
	CALL(destination_health, "id");
	CALL(default_add, "id", "reason");
	CALL(default_remove, "id", "reason");
	CALL_ALONE(default_list);
}

static void
secrets(struct libspool *spool)
{
	struct libspool_error error;

	CALL(secret_list, "id");
	CALL(secret_rotate, "id", 1);
	CALL(secret_confirm, "id");
	CALL(secret_add, "id", "secret", 1);
	CALL(secret_second, "id", "field", "value", "at");
	CALL(secret_revoke, "id", "secret");
	CALL(secret_reveal, "id", "secret");
}

static void
instance(struct libspool *spool)
{
	struct libspool_error error;

	CALL_ALONE(queue_status);
	CALL(queue_sweep, 1);
	CALL(config_get, "[\"name\"]");
	CALL_ALONE(config_reload);
	CALL_ALONE(server_status);
	CALL(server_stop, 1);
}

int
main(int argc, char **argv __attribute__((unused)))
{
	const char *names[] = { "a", "b" };
	const struct libspool_tickets named = { .names = names, .count = 2 };
	const struct libspool_tickets job = { .id = "id",
		.destination = "destination" };
	struct libspool_error error;
	struct libspool *spool = libspool_open(NULL, NULL, &error);

	if (argc == 1)
		submit(spool);
	jobs(spool);
	tickets(spool, &named);
	tickets(spool, &job);
	destinations(spool);
	secrets(spool);
	instance(spool);
	libspool_close(&spool);
	return 0;
}
