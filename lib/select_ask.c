/*
 * select_ask - having something done to many tickets
 *
 * A request may have 64 KiB, so many tickets are several requests; spoold
 * answers each when its lines are durable.
 */
#include <stdio.h>

#include "lib/cli.h"
#include "lib/select.h"

#define SELECT_REQUEST 400	/* tickets in one request */

static struct json *
part_ask(struct cli *cli, const char *verb, const struct selected *items,
    size_t count, const struct buf *arguments, struct why *why)
{
	struct buf all = { .max = 0 };
	struct json *result;
	size_t i;

	if (arguments != NULL)
		buf_add(&all, arguments->data, arguments->len);
	json_open(&all, "tickets", '[');
	for (i = 0; i < count; i++)
		json_put_string(&all, NULL, items[i].name);
	json_close(&all, ']');
	result = cli_ask(cli, verb, &all, -1, why);
	buf_free(&all);
	return result;
}

int
select_ask(struct cli *cli, const char *verb, const struct selection *tickets,
    const struct buf *arguments, select_answered *answered, void *arg,
    struct why *why)
{
	struct json *result;
	size_t i, count;

	for (i = 0; i < tickets->count; i += count) {
		count = tickets->count - i;
		if (count > SELECT_REQUEST)
			count = SELECT_REQUEST;
		result = part_ask(cli, verb, tickets->items + i, count,
		    arguments, why);
		if (result == NULL)
			return -1;
		answered(arg, result);
		json_free(&result);
	}
	return 0;
}

void
select_announce(const struct cli *cli, size_t count, bool only)
{
	if (cli->json && !only)
		return;
	if (cli->json)
		(void)printf("{\"count\":%zu}\n", count);
	else if (only || count > 1)
		(void)fprintf(only ? stdout : stderr, "%zu ticket%s\n", count,
		    count == 1 ? "" : "s");
}
