/*
 * verbs_list - the destinations of an organization, filtered, sorted, in pages
 */
#include <stdlib.h>
#include <string.h>

#include "lib/control.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/usage.h"
#include "spoold/verbs.h"

#define LIMIT 100		/* where none is asked for */
#define LIMIT_MAX 1000
#define ANSWER_ROOM (CONTROL_ANSWER_MAX - DESTINATION_FILE_MAX - 1024)

/* What can be sorted by: the members of a document, as they stand in it. */
static const char *const sortable[] = {
	"id", "label", "type", "isDefault", "disabled", "countUsage",
	"lastUsedAt", "createdAt", "updatedAt", "version",
};

/* What is asked for. */
struct listing {
	const char	*type;
	const struct json *is_default, *disabled;
	const char	*sort_by;
	bool		 descending;
	int64_t		 limit, offset;
};

/* One that is wanted, and what it is sorted by. */
struct listed {
	struct target	*target;	/* borrowed */
	const struct json *key;		/* borrowed, or NULL */
	int		 direction;
};

/* --- what is asked for ---------------------------------------------------- */

static bool
is_sortable(const char *name)
{
	size_t i = 0;

	while (i < sizeof(sortable) / sizeof(*sortable) &&
	    strcmp(sortable[i], name) != 0)
		i++;
	return i < sizeof(sortable) / sizeof(*sortable);
}

static int
check_flag(const struct json *value, const char *name, struct why *why)
{
	return value == NULL || json_is(value, JSON_BOOLEAN) ? 0 :
	    why_field(why, name, "%s must be true or false", name);
}

static int
check_number(const struct json *value, const char *name, int64_t max,
    struct why *why)
{
	return value == NULL || json_is_integer(value, 0, max) ? 0 :
	    why_field(why, name, "%s must be a whole number from 0 to %lld",
	    name, (long long)max);
}

static int
listing_read(const struct json *json, struct listing *listing,
    struct why *why)
{
	const struct json *limit = json_get(json, "limit");
	const struct json *offset = json_get(json, "offset");
	const char *order = json_string(json_get(json, "sortOrder"), "asc");

	*listing = (struct listing) {
		.type = json_string(json_get(json, "type"), NULL),
		.is_default = json_get(json, "isDefault"),
		.disabled = json_get(json, "disabled"),
		.sort_by = json_string(json_get(json, "sortBy"), "id"),
		.descending = strcmp(order, "desc") == 0,
		.limit = json_integer(limit, LIMIT),
		.offset = json_integer(offset, 0),
	};
	if (listing->type != NULL && transport_by_name(listing->type) == -1)
		return why_field(why, "type", "there is no type \"%s\"",
		    listing->type);
	if (!is_sortable(listing->sort_by))
		return why_field(why, "sortBy", "sortBy must be id, label, "
		    "type, isDefault, disabled, countUsage, lastUsedAt, "
		    "createdAt, updatedAt or version");
	if (!listing->descending && strcmp(order, "asc") != 0)
		return why_field(why, "sortOrder",
		    "sortOrder must be asc or desc");
	return check_flag(listing->is_default, "isDefault", why) == -1 ||
	    check_flag(listing->disabled, "disabled", why) == -1 ||
	    check_number(limit, "limit", LIMIT_MAX, why) == -1 ||
	    check_number(offset, "offset", INT64_MAX / 2, why) == -1 ? -1 : 0;
}

static bool
listing_wants(const struct listing *listing, const struct destination *dest)
{
	return dest != NULL && (listing->type == NULL ||
	    strcmp(listing->type, transport_name(dest->transport)) == 0) &&
	    (listing->is_default == NULL ||
	    json_boolean(listing->is_default, false) == dest->is_default) &&
	    (listing->disabled == NULL ||
	    json_boolean(listing->disabled, false) == dest->disabled);
}

/* --- sorting -------------------------------------------------------------- */

/* What is not there comes first; times sort as texts. */
static int
compare_keys(const struct json *a, const struct json *b)
{
	int64_t one, other;

	if (json_is(a, JSON_STRING) && json_is(b, JSON_STRING))
		return strcmp(json_string(a, ""), json_string(b, ""));
	if (json_is(a, JSON_STRING) || json_is(b, JSON_STRING))
		return json_is(a, JSON_STRING) ? 1 : -1;
	one = json_is(a, JSON_BOOLEAN) ? json_boolean(a, false) :
	    json_integer(a, 0);
	other = json_is(b, JSON_BOOLEAN) ? json_boolean(b, false) :
	    json_integer(b, 0);
	return (one > other) - (one < other);
}

/* Among equals by id, whatever the direction: pages follow each other. */
static int
compare(const void *a, const void *b)
{
	const struct listed *one = a, *other = b;
	int order = one->direction * compare_keys(one->key, other->key);

	return order != 0 ? order :
	    strcmp(one->target->id, other->target->id);
}

/* All that are wanted, in their order; the caller frees. */
static struct listed *
listing_collect(const struct listing *listing, struct organization *org,
    size_t *count_r)
{
	struct listed *all = NULL;
	size_t count = 0, room = 0;
	struct target *target;

	RB_FOREACH(target, targets, &org->targets) {
		if (!listing_wants(listing, target->destination))
			continue;
		if (count == room) {
			room = room > 0 ? 2 * room : 64;
			all = xreallocarray(all, room, sizeof(*all));
		}
		usage_settle(target);
		all[count++] = (struct listed) { .target = target,
		    .direction = listing->descending ? -1 : 1,
		    .key = json_get(target->destination->document,
		    listing->sort_by) };
	}
	if (count > 1 && (listing->descending ||
	    strcmp(listing->sort_by, "id") != 0))
		qsort(all, count, sizeof(*all), compare);
	*count_r = count;
	return all;
}

/* --- the answer ----------------------------------------------------------- */

void
verb_destination_list(struct request *request)
{
	struct buf out = { 0 }, text = { 0 };
	struct listing listing;
	struct listed *all;
	size_t count;
	struct why why;

	if (listing_read(request->json, &listing, &why) == -1) {
		request_fail(request, &why);
		return;
	}
	all = listing_collect(&listing, request->organization, &count);
	json_open(&out, NULL, '{');
	json_open(&out, "deliveryDestinations", '[');
	for (size_t i = (size_t)listing.offset; i < count && i <
	    (size_t)(listing.offset + listing.limit) &&
	    out.len < ANSWER_ROOM; i++) {
		buf_clear(&text);
		destination_print_masked(all[i].target->destination, &text);
		json_put_raw(&out, NULL, text.data, text.len);
	}
	json_close(&out, ']');
	json_put_integer(&out, "totalCount", (int64_t)count);
	json_close(&out, '}');
	free(all);
	buf_free(&text);
	request_answer(request, &out);
}
