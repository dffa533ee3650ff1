/*
 * traps - what a program asks by mistake is refused, or does nothing
 *
 * Nobody is asked: each line is what the error says, or what is given.
 */
#include <stdio.h>
#include <string.h>

#include <libspool.h>

static struct libspool_error error;

static void
refused(const char *call, struct libspool_result *result)
{
	(void)printf("%s: %s\n", call, result == NULL ? error.code : "given");
	libspool_free(&result);
	memset(&error, 0, sizeof(error));
}

int
main(void)
{
	struct libspool *spool = libspool_open(NULL, NULL, &error);
	struct libspool *none = libspool_open(NULL, "nowhere", NULL);
	struct libspool_tickets tickets = { .names = NULL };
	struct libspool_job job = { .json = "{}" };
	const char *text;

	refused("second", libspool_secret_second(spool, "ok", NULL, "x", NULL,
	    &error));
	refused("flush", libspool_queue_flush(spool, &tickets, &error));
	refused("flush all", libspool_queue_flush(spool, NULL, &error));
	refused("create", libspool_destination_create(spool, NULL, &error));
	(void)strcpy(error.code, "KEPT");
	refused("ask", libspool_ask(none, "queue.status", "x", &error));
	(void)strcpy(error.code, "KEPT");
	refused("update", libspool_destination_update(none, "ok", "x",
	    &error));
	(void)strcpy(error.code, "KEPT");
	refused("create", libspool_destination_create(none, "x", &error));
	(void)strcpy(error.code, "KEPT");
	refused("config", libspool_config_get(none, "x", &error));
	text = libspool_json(NULL);
	(void)printf("%s", text == NULL ? "" : text);
	text = libspool_text(NULL, "a");
	(void)printf("%s %lld %d %zu\n", text == NULL ? "none" : text,
	    libspool_number(NULL, "a", 7), libspool_true(NULL, "a"),
	    libspool_count(NULL, ""));
	(void)printf("%d ", libspool_write(spool, &job, &error));
	(void)printf("%d\n", libspool_drop_written(spool, NULL, NULL, &error));
	(void)libspool_submit(spool, &job, &error);
	(void)printf("%zu %s\n", strlen(error.delivery_id),
	    libspool_take_back(spool, error.name, NULL, NULL) == 1 ?
	    "taken back" : "not there");
	libspool_close(&spool);
	return 0;
}
