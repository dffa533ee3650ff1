/*
 * result - what was answered, for who has no JSON library
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "libspool/client.h"

#define NAME_SIZE 128		/* of a member in a place, and its NUL */

void
libspool_free(struct libspool_result **result_p)
{
	struct libspool_result *result = *result_p;

	if (result == NULL)
		return;
	json_free(&result->json);
	buf_wipe(&result->text);
	free(result);
	*result_p = NULL;
}

/* The member `[n]` that a place begins with; what follows it, or NULL. */
static const char *
step_index(const struct json **value, const char *place)
{
	char *end;
	unsigned long n = strtoul(place + 1, &end, 10);
	const struct json *item;

	if (end == place + 1 || *end != ']' || !json_is(*value, JSON_ARRAY))
		return NULL;
	for (item = json_first(*value); item != NULL && n > 0; n--)
		item = json_next(item);
	*value = item;
	return end + 1;
}

/* The member of that name. */
static const char *
step_name(const struct json **value, const char *place)
{
	size_t length = strcspn(place, ".[");
	char name[NAME_SIZE];

	if (length == 0 || length >= sizeof(name))
		return NULL;
	memcpy(name, place, length);
	name[length] = '\0';
	*value = json_get(*value, name);
	return place + length;
}

static const struct json *
result_at(const struct libspool_result *result, const char *place)
{
	const struct json *value = result == NULL ? NULL : result->json;

	while (place != NULL && *place != '\0' && value != NULL)
		if (*place == '[')
			place = step_index(&value, place);
		else
			place = step_name(&value,
			    *place == '.' ? place + 1 : place);
	return place == NULL ? NULL : value;
}

const char *
libspool_json(const struct libspool_result *result)
{
	struct buf *text;

	if (result == NULL)
		return NULL;
	/* It is made once, and is no part of what the result says. */
	text = (struct buf *)(uintptr_t)&result->text;
	if (text->len == 0)
		json_print(text, result->json);
	return text->data;
}

const char *
libspool_text(const struct libspool_result *result, const char *place)
{
	return json_string(result_at(result, place), NULL);
}

long long
libspool_number(const struct libspool_result *result, const char *place,
    long long fallback)
{
	return json_integer(result_at(result, place), fallback);
}

int
libspool_true(const struct libspool_result *result, const char *place)
{
	return json_boolean(result_at(result, place), false);
}

size_t
libspool_count(const struct libspool_result *result, const char *place)
{
	const struct json *value = result_at(result, place);

	return json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT) ?
	    json_count(value) : 0;
}

int
error_fill(struct libspool_error *error, const struct why *why)
{
	if (error == NULL)
		return -1;
	memset(error, 0, sizeof(*error));
	(void)strlcpy(error->code, error_name(why->code),
	    sizeof(error->code));
	error->status = error_exit_status(why->code);
	error->number = why->number;
	(void)strlcpy(error->message, why->text, sizeof(error->message));
	(void)strlcpy(error->path, why->path, sizeof(error->path));
	(void)strlcpy(error->delivery_id, why->id,
	    sizeof(error->delivery_id));
	(void)strlcpy(error->name, why->name, sizeof(error->name));
	(void)strlcpy(error->nearest, why->nearest, sizeof(error->nearest));
	(void)strlcpy(error->fields, why->fields, sizeof(error->fields));
	error->offset = why->offset;
	error->retry_after = why->retry_after;
	return -1;
}
