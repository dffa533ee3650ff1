/*
 * destination - where to, how, with which credentials
 *
 * The document, as it lies in the file, is the destination; the struct's other
 * members are what the supervisor asks for often, read from it once.  Sealed
 * values stay sealed in it; see destination_sealed.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/destination.h"
#include "lib/destination_field.h"
#include "lib/destination_rotate.h"
#include "lib/xalloc.h"

#define TIMEOUT_DEFAULT 30000	/* ms */
#define NUMBER_MAX INT64_C(1000000000000)

static const char *const names[TRANSPORTS] = {
#define DESTINATION_FIELD(type, path, form, required, sealed, sentence)
#define TRANSPORT(name) [TRANSPORT_##name] = #name,
#include "lib/destination.def"
#undef TRANSPORT
#undef DESTINATION_FIELD
};

const char *
transport_name(enum transport transport)
{
	return names[transport];
}

int
transport_by_name(const char *name)
{
	for (int i = 0; i < TRANSPORTS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

const struct json *
destination_config(const struct destination *destination)
{
	return json_get(json_get(destination->document, "config"),
	    transport_name(destination->transport));
}

/* --- reading ------------------------------------------------------------- */

/* A whole number from 0 on, or the fallback. */
static int64_t
number_at(const struct json *object, const char *path, int64_t fallback)
{
	const struct json *value = destination_value(object, path);

	return json_is_integer(value, 0, NUMBER_MAX) ?
	    json_integer(value, fallback) : fallback;
}

static void
read_retry(const struct json *config, struct retry_policy *retry)
{
	const struct json *own = json_get(config, "retryConfig");

	retry->max_retries = (int)number_at(own, "maxRetries", -1);
	retry->base_delay = number_at(own, "baseDelay", -1);
	retry->max_delay = number_at(own, "maxBackoffDelay", -1);
	retry->multiplier = json_number(json_get(own, "backoffMultiplier"),
	    -1);
	retry->formula = retry->base_delay >= 0 || retry->max_delay >= 0 ||
	    retry->multiplier >= 0;
}

/* What the supervisor asks for, from the document.  0, or -1 with *why. */
static int
take_document(struct destination *destination, struct why *why)
{
	const struct json *document = destination->document;
	const char *id = json_string(json_get(document, "id"), "");
	const char *type = json_string(json_get(document, "type"), "");
	const struct json *config;
	int transport = transport_by_name(type);

	if (!destination_id_valid(id))
		return why_field(why, "id", "id is none");
	if (transport == -1)
		return why_field(why, "type", "type is unknown");
	memcpy(destination->id, id, strlen(id) + 1);
	destination->transport = (enum transport)transport;
	config = destination_config(destination);
	if (!json_is(config, JSON_OBJECT))
		return why_field(why, "config", "config.%s is missing", type);
	destination->is_default = json_boolean(json_get(document,
	    "isDefault"), false);
	destination->disabled = json_boolean(json_get(document, "disabled"),
	    false);
	destination->version = number_at(document, "version", 1);
	destination->concurrency = (int)number_at(document,
	    "limits.concurrency", 0);
	destination->rate_per_minute = (int)number_at(document,
	    "limits.ratePerMinute", 0);
	destination->ordered = json_boolean(destination_value(document,
	    "limits.ordered"), false);
	destination->timeout = number_at(config, "timeout", TIMEOUT_DEFAULT);
	if (json_boolean(destination_value(config, "retention.autoCleanup"),
	    false))
		destination->cleanup_days = (int)number_at(config,
		    "retention.days", 0);
	destination->rotates = json_get(document, DESTINATION_ROTATIONS) !=
	    NULL;
	read_retry(config, &destination->retry);
	destination_read_secrets(destination);
	return 0;
}

struct destination *
destination_read(const char *text, size_t length, struct why *why)
{
	struct destination *destination;
	struct json *document;

	document = json_parse(text, length, why);
	if (document == NULL)
		return NULL;
	destination = xcalloc(1, sizeof(*destination));
	destination->document = document;
	if (take_document(destination, why) == -1)
		destination_free(&destination);
	return destination;
}

void
destination_free(struct destination **destination)
{
	if (*destination == NULL)
		return;
	json_free(&(*destination)->document);
	buf_free(&(*destination)->warnings);
	free(*destination);
	*destination = NULL;
}

bool
destination_admits(const struct destination *destination, const char *user)
{
	const struct json *each = json_first(json_get(destination->document,
	    "submitters"));
	bool nobody = each == NULL;

	while (each != NULL && strcmp(json_string(each, ""), user) != 0)
		each = json_next(each);
	return nobody || each != NULL;
}

/* --- changing ------------------------------------------------------------ */

static void
set_string(struct json *document, const char *name, const char *value)
{
	if (value != NULL)
		json_set_string(document, name, value);
	else
		json_set_null(document, name);
}

void
destination_changed(struct destination *destination)
{
	char now[CLOCK_TEXT];

	clock_format(clock_wall(), now);
	destination->rotates = json_get(destination->document,
	    DESTINATION_ROTATIONS) != NULL;
	json_set_string(destination->document, "updatedAt", now);
	json_set_integer(destination->document, "version",
	    ++destination->version);
}

void
destination_set_disabled(struct destination *destination, bool disabled,
    const char *by, const char *reason)
{
	struct json *document = destination->document;
	char now[CLOCK_TEXT];

	clock_format(clock_wall(), now);
	destination->disabled = disabled;
	json_set_boolean(document, "disabled", disabled);
	set_string(document, "disabledAt", disabled ? now : NULL);
	set_string(document, "disabledBy", disabled ? by : NULL);
	set_string(document, "disabledReason", disabled ? reason : NULL);
	destination_changed(destination);
}

void
destination_set_default(struct destination *destination, bool is_default)
{
	destination->is_default = is_default;
	json_set_boolean(destination->document, "isDefault", is_default);
	destination_changed(destination);
}

/* --- writing ------------------------------------------------------------- */

void
destination_print(const struct destination *destination, struct buf *out)
{
	json_print(out, destination->document);
	buf_char(out, '\n');
}
