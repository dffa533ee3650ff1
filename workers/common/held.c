/*
 * held - the settings of a destination, as a transport reads them
 *
 * They are known by their text and not by the destination's id and version:
 * whoever deletes a destination and creates it anew gets the same id and
 * version.  They are kept only while an attempt of that destination is under
 * way, then wiped.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/common/courier_inside.h"

static void
wipe(char *text)
{
	explicit_bzero(text, strlen(text));
	free(text);
}

static struct held *
held_read(struct courier *courier, const char *text, struct why *why)
{
	struct json *json = json_parse(text, strlen(text), why);
	struct held *held;
	void *config;

	if (json == NULL)
		return NULL;
	config = courier->transport->config_read(courier, json, why);
	json_free(&json);
	if (config == NULL)
		return NULL;
	held = xcalloc(1, sizeof(*held));
	held->text = xstrdup(text);
	held->config = config;
	LIST_INSERT_HEAD(&courier->held, held, entry);
	return held;
}

struct held *
held_take(struct courier *courier, const char *text, struct why *why)
{
	struct held *held;

	LIST_FOREACH(held, &courier->held, entry)
		if (strcmp(held->text, text) == 0)
			break;
	if (held == NULL)
		held = held_read(courier, text, why);
	if (held != NULL)
		held->users++;
	return held;
}

void
held_give(const struct courier *courier, struct held *held)
{
	if (held == NULL || --held->users != 0)
		return;
	LIST_REMOVE(held, entry);
	courier->transport->config_free(held->config);
	wipe(held->text);
	free(held);
}
