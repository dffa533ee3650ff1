/*
 * json - reading JSON that has been scanned, and changing it
 *
 * A `struct json` is a cJSON in disguise.  cJSON rounds numbers to doubles; so
 * that ids, inodes and what is printed again stay exact, each number that is
 * not a short integer keeps its text in its item's valuestring, which cJSON
 * copies and frees for every kind of item.  Strings are wiped before they are
 * freed, since some documents hold credentials.
 */
#include "lib/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "lib/scan.h"
#include "lib/xalloc.h"

#define INT64_LIMIT 9223372036854775808.0	/* 2^63: exact in a double */
#define EXACT_DIGITS 15		/* a double holds every integer of so many */
#define CJSON_NUMBER_MAX 63	/* bytes of a number that any cJSON reads */

static const char *const kind_names[] = {
	[JSON_NULL] = "null", [JSON_BOOLEAN] = "a boolean",
	[JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
	[JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
};

/* The only places where one is taken for the other. */
static const cJSON *
item_of(const struct json *json)
{
	return (const cJSON *)(const void *)json;
}

static cJSON *
item_of_mutable(struct json *json)
{
	return (cJSON *)(void *)json;
}

static struct json *
json_of(cJSON *item)
{
	return (struct json *)(void *)item;
}

/*
 * cJSON gets its memory where the process it is in said, which a program that
 * uses libspool may have done; so what it frees has to come from there, too.
 */
static char *
text_keep(const char *text, size_t length)
{
	char	*copy = xmust(cJSON_malloc(length + 1));

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

static void
wipe(cJSON *item)
{
	for (; item != NULL; item = item->next) {
		if (item->valuestring != NULL)
			explicit_bzero(item->valuestring,
			    strlen(item->valuestring));
		wipe(item->child);
	}
}

/* Where the text of the next number is looked for. */
struct cursor {
	const char	*text;
	size_t		 length;
	size_t		 at;
};

/* The next number's bytes; strings are passed over. */
static size_t
next_number(struct cursor *c, size_t *length_r)
{
	static const char	 bytes[] = "+-.0123456789Ee";
	bool			 quoted = false;
	size_t			 begin;
	char			 at;

	for (; c->at < c->length; c->at++) {
		at = c->text[c->at];
		if (at == '"')
			quoted = !quoted;
		else if (quoted && at == '\\')
			c->at++;
		else if (!quoted && (at == '-' || (at >= '0' && at <= '9')))
			break;
	}
	begin = c->at;
	while (c->at < c->length &&
	    memchr(bytes, c->text[c->at], sizeof bytes - 1) != NULL)
		c->at++;
	*length_r = c->at - begin;
	return begin;
}

/* True if a double and its printed form say the same as the text. */
static bool
is_short_integer(const char *text, size_t length)
{
	size_t	 i = text[0] == '-' ? 1 : 0;

	if (length > EXACT_DIGITS || (i == 1 && text[1] == '0'))
		return false;
	for (; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

/* The numbers of the tree stand in the text in the same order. */
static void
keep_numbers(cJSON *item, struct cursor *c)
{
	size_t	 begin, length;

	for (; item != NULL; item = item->next) {
		if (cJSON_IsNumber(item)) {
			begin = next_number(c, &length);
			if (!is_short_integer(c->text + begin, length))
				item->valuestring =
				    text_keep(c->text + begin, length);
		}
		keep_numbers(item->child, c);
	}
}

/*
 * cJSON before 1.7.19 takes the first 63 bytes of a number for all of it.  In
 * an array or object it stumbles over the rest; alone, it says nothing.
 */
static bool
is_cut(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at) != NULL)
		at++;
	return at < end;
}

/* True if that is where cJSON has stumbled over the rest of a number. */
static bool
is_in_number(const char *at, const char *end)
{
	return at != NULL && at < end && strchr("+-.0123456789Ee", *at) != NULL;
}

struct json *
json_parse(const char *text, size_t length, struct why *why)
{
	struct cursor	 cursor = { text, length, 0 };
	struct scan	 scan = { 0 };
	const char	*end = NULL;
	cJSON		*item;
	int		 rc;

	if ((rc = scan_json(text, length, &scan, NULL, why)) == -1)
		return NULL;
	if (rc == 0) {
		(void)why_set(why, ERROR_VALIDATION_ERROR,
		    "the text ends too early, at byte %zu", length);
		why->offset = (int64_t)length;
		return NULL;
	}
	item = cJSON_ParseWithLengthOpts(text, length, &end, 0);
	/* The text is right, so nothing else keeps it from being read. */
	if (item == NULL && !is_in_number(end, text + length))
		(void)xmust(item);
	if (item == NULL || is_cut(end, text + length)) {
		cJSON_Delete(item);
		(void)why_set(why, ERROR_VALIDATION_ERROR,
		    "a number has more than %d characters, at byte %td",
		    CJSON_NUMBER_MAX, end - text);
		why->offset = end - text;
		return NULL;
	}
	keep_numbers(item, &cursor);
	return json_of(item);
}

void
json_free(struct json **json)
{
	cJSON	*item = item_of_mutable(*json);

	wipe(item);
	cJSON_Delete(item);
	*json = NULL;
}

const struct json *
json_get(const struct json *object, const char *name)
{
	return json_of(cJSON_GetObjectItemCaseSensitive(item_of(object),
	    name));
}

struct json *
json_get_mutable(struct json *object, const char *name)
{
	return json_of(cJSON_GetObjectItemCaseSensitive(item_of(object),
	    name));
}

enum json_kind
json_kind(const struct json *json)
{
	const cJSON	*item = item_of(json);

	if (cJSON_IsBool(item))
		return JSON_BOOLEAN;
	if (cJSON_IsNumber(item))
		return JSON_NUMBER;
	if (cJSON_IsString(item))
		return JSON_STRING;
	if (cJSON_IsArray(item))
		return JSON_ARRAY;
	return cJSON_IsObject(item) ? JSON_OBJECT : JSON_NULL;
}

bool
json_is(const struct json *json, enum json_kind kind)
{
	return json != NULL && json_kind(json) == kind;
}

const char *
json_kind_name(enum json_kind kind)
{
	return kind_names[kind];
}

const char *
json_string(const struct json *json, const char *fallback)
{
	return json_is(json, JSON_STRING) ? item_of(json)->valuestring :
	    fallback;
}

double
json_number(const struct json *json, double fallback)
{
	return json_is(json, JSON_NUMBER) ? item_of(json)->valuedouble :
	    fallback;
}

/* True if the number is an integer that fits; 1.0 and 1e3 are integers. */
static bool
integer_of(const struct json *json, int64_t *value_r)
{
	const cJSON	*item = item_of(json);
	double		 value;
	char		*end;

	if (!json_is(json, JSON_NUMBER))
		return false;
	if (item->valuestring != NULL) {
		errno = 0;
		*value_r = strtoll(item->valuestring, &end, 10);
		if (*end == '\0')
			return errno == 0;
	}
	value = item->valuedouble;
	if (!(value >= -INT64_LIMIT && value < INT64_LIMIT))
		return false;
	*value_r = (int64_t)value;
	return (double)*value_r >= value && (double)*value_r <= value;
}

int64_t
json_integer(const struct json *json, int64_t fallback)
{
	int64_t	 value;

	return integer_of(json, &value) ? value : fallback;
}

bool
json_is_integer(const struct json *json, int64_t min, int64_t max)
{
	int64_t	 value;

	return integer_of(json, &value) && value >= min && value <= max;
}

bool
json_boolean(const struct json *json, bool fallback)
{
	return json_is(json, JSON_BOOLEAN) ? cJSON_IsTrue(item_of(json)) :
	    fallback;
}

const struct json *
json_first(const struct json *json)
{
	return json == NULL ? NULL : json_of(item_of(json)->child);
}

const struct json *
json_next(const struct json *json)
{
	return json_of(item_of(json)->next);
}

const char *
json_name(const struct json *json)
{
	return item_of(json)->string;
}

size_t
json_count(const struct json *json)
{
	return json == NULL ? 0 : (size_t)cJSON_GetArraySize(item_of(json));
}

static void
print_members(struct buf *out, const cJSON *item)
{
	const cJSON	*member;

	buf_char(out, cJSON_IsArray(item) ? '[' : '{');
	cJSON_ArrayForEach(member, item) {
		if (member != item->child)
			buf_char(out, ',');
		if (member->string != NULL && cJSON_IsObject(item)) {
			json_quote(out, member->string,
			    strlen(member->string));
			buf_char(out, ':');
		}
		json_print(out, json_of((cJSON *)(uintptr_t)member));
	}
	buf_char(out, cJSON_IsArray(item) ? ']' : '}');
}

void
json_print(struct buf *out, const struct json *json)
{
	const cJSON	*item = item_of(json);

	switch (json_kind(json)) {
	case JSON_NULL:
		buf_str(out, "null");
		break;
	case JSON_BOOLEAN:
		buf_str(out, cJSON_IsTrue(item) ? "true" : "false");
		break;
	case JSON_NUMBER:
		if (item->valuestring != NULL)
			buf_str(out, item->valuestring);
		else
			buf_printf(out, "%" PRId64,
			    (int64_t)item->valuedouble);
		break;
	case JSON_STRING:
		json_quote(out, item->valuestring, strlen(item->valuestring));
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		print_members(out, item);
		break;
	}
}

struct json *
json_new_object(void)
{
	return json_of(xmust(cJSON_CreateObject()));
}

struct json *
json_copy(const struct json *json)
{
	return json == NULL ? NULL :
	    json_of(xmust(cJSON_Duplicate(item_of(json), 1)));
}

/* Puts an item into an object, which owns it from then on. */
static void
set(struct json *object, const char *name, cJSON *item)
{
	cJSON	*parent = item_of_mutable(object), *old;
	int	 ok;

	assert(cJSON_IsObject(parent));
	old = cJSON_GetObjectItemCaseSensitive(parent, name);
	if (old == NULL) {
		ok = cJSON_AddItemToObject(parent, name, item);
	} else {
		if (old->valuestring != NULL)
			explicit_bzero(old->valuestring,
			    strlen(old->valuestring));
		wipe(old->child);
		ok = cJSON_ReplaceItemInObjectCaseSensitive(parent, name,
		    item);
	}
	if (!ok)
		(void)xmust(NULL);
}

void
json_set_string(struct json *object, const char *name, const char *value)
{
	set(object, name, xmust(cJSON_CreateString(value)));
}

void
json_set_integer(struct json *object, const char *name, int64_t value)
{
	char	*text = xasprintf("%" PRId64, value);
	cJSON	*item;

	item = xmust(cJSON_CreateNumber((double)value));
	if (!is_short_integer(text, strlen(text)))
		item->valuestring = text_keep(text, strlen(text));
	free(text);
	set(object, name, item);
}

void
json_set_boolean(struct json *object, const char *name, bool value)
{
	set(object, name, xmust(cJSON_CreateBool(value)));
}

void
json_set_null(struct json *object, const char *name)
{
	set(object, name, xmust(cJSON_CreateNull()));
}

void
json_set(struct json *object, const char *name, const struct json *value)
{
	set(object, name, item_of_mutable(json_copy(value)));
}

void
json_remove(struct json *object, const char *name)
{
	cJSON	*item;

	item = cJSON_DetachItemFromObjectCaseSensitive(
	    item_of_mutable(object), name);
	if (item == NULL)
		return;
	wipe(item);
	cJSON_Delete(item);
}
