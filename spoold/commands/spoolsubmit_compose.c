/*
 * spoolsubmit_compose - a job from the options
 *
 * It is written as a person would write it and then checked like any other,
 * so the options need no rules of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/scan.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolsubmit.h"

/* A time, or how long from now. */
static int
put_time(struct buf *out, const char *name, const char *option,
    const char *argument, struct why *why)
{
	int64_t ms;

	if (argument == NULL)
		return 0;
	if (clock_parse_duration(argument, &ms) == 0)
		ms += clock_wall();
	else if (cli_when(option, argument, &ms, why) == -1)
		return -1;
	json_put_time(out, name, ms);
	return 0;
}

static int
put_options(struct buf *out, const struct submit *submit, struct why *why)
{
	int64_t priority;
	size_t i;

	json_open(out, "options", '{');
	if (submit->priority != NULL) {
		if (cli_number("--priority", submit->priority, INT32_MIN,
		    INT32_MAX, &priority, why) == -1)
			return -1;
		json_put_integer(out, "priority", priority);
	}
	json_put_string(out, "idempotencyKey", submit->key);
	json_put_string(out, "correlationId", submit->correlation);
	if (submit->tags.count > 0) {
		json_open(out, "tags", '[');
		for (i = 0; i < submit->tags.count; i++)
			json_put_string(out, NULL, submit->tags.items[i]);
		json_close(out, ']');
	}
	if (put_time(out, "deliverAt", "--at", submit->at, why) == -1 ||
	    put_time(out, "expiresAt", "--expires", submit->expires,
	    why) == -1)
		return -1;
	json_close(out, '}');
	return 0;
}

static int
put_metadata(struct buf *out, const struct cli_list *pairs, struct why *why)
{
	size_t i;

	if (pairs->count == 0)
		return 0;
	json_open(out, "metadata", '{');
	for (i = 0; i < pairs->count; i++) {
		const char *pair = pairs->items[i], *equals = strchr(pair, '=');
		char *key;

		if (equals == NULL || equals == pair)
			return why_set(why, ERROR_USAGE,
			    "--metadata: \"%s\" is not KEY=VALUE", pair);
		key = xstrndup(pair, (size_t)(equals - pair));
		json_put_string(out, key, equals + 1);
		free(key);
	}
	json_close(out, '}');
	return 0;
}

static int
put_data(struct buf *out, const char *data, struct why *why)
{
	struct scan scan = { .nodes_max = 0 };
	int scanned = scan_json(data, strlen(data), &scan, NULL, why);

	if (scanned == 0)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "--data: the JSON ends too early");
	if (scanned == 1)
		json_put_raw(out, "data", data, strlen(data));
	return scanned == 1 ? 0 : -1;
}

const char *
submit_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static void
put_file(struct buf *out, const struct submit *submit, const char *data)
{
	const char *name = submit->name;

	if (name == NULL && strcmp(submit->file, "-") != 0)
		name = submit_base_name(submit->file);
	json_put_string(out, "file", data);
	json_put_string(out, "filename", name);
	json_put_string(out, "contentType", submit->content_type);
}

/* The whole job, as if somebody had written it. */
int
submit_compose(struct buf *out, const struct submit *submit,
    const char *data, struct why *why)
{
	size_t i;

	json_open(out, NULL, '{');
	if (submit->destinations.count == 0)
		json_put_string(out, "destinations", "default");
	else {
		json_open(out, "destinations", '[');
		for (i = 0; i < submit->destinations.count; i++)
			json_put_string(out, NULL,
			    submit->destinations.items[i]);
		json_close(out, ']');
	}
	json_open(out, "payload", '{');
	json_put_string(out, "type", submit->type == NULL ? "data"
	    : submit->type);
	if (submit->file != NULL)
		put_file(out, submit, data);
	else if (put_data(out, submit->data, why) == -1)
		return -1;
	if (put_metadata(out, &submit->metadata, why) == -1)
		return -1;
	json_close(out, '}');
	if (put_options(out, submit, why) == -1)
		return -1;
	json_close(out, '}');
	buf_char(out, '\n');
	return 0;
}
