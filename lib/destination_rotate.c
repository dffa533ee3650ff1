/*
 * destination_rotate - credentials that are about to be replaced
 *
 * That a value is good is seen by making the destination that has it, when it
 * is given and once more when it takes over: there is one set of rules.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/destination_field.h"
#include "lib/destination_rotate.h"
#include "lib/destination_secret.h"

#define NEXT "next"
#define PREVIOUS "previous"
#define AT "at"
#define SWITCHED "switchedAt"

/* --- what is known of them ------------------------------------------------ */

static int64_t
time_at(const struct json *entry, const char *name)
{
	int64_t ms = 0;

	return clock_parse(json_string(json_get(entry, name), ""),
	    &ms) == 0 ? ms : 0;
}

static void
rotation_read(const struct json *entry, struct rotation *rotation)
{
	*rotation = (struct rotation) {
		.field = json_name(entry),
		.at = json_get(entry, NEXT) != NULL ? time_at(entry, AT) : 0,
		.switched_at = json_get(entry, PREVIOUS) != NULL ?
		    time_at(entry, SWITCHED) : 0,
	};
}

static const struct json *
entry_of(const struct destination *destination, const char *field)
{
	return json_get(json_get(destination->document,
	    DESTINATION_ROTATIONS), field);
}

bool
destination_rotation(const struct destination *destination, size_t n,
    struct rotation *rotation)
{
	const struct json *entry = json_first(json_get(
	    destination->document, DESTINATION_ROTATIONS));

	for (; entry != NULL && n > 0; n--)
		entry = json_next(entry);
	if (entry != NULL)
		rotation_read(entry, rotation);
	return entry != NULL;
}

bool
destination_rotation_of(const struct destination *destination,
    const char *field, struct rotation *rotation)
{
	const struct json *entry = entry_of(destination, field);

	if (entry != NULL)
		rotation_read(entry, rotation);
	return entry != NULL;
}

void
destination_rotations_print(const struct destination *destination,
    struct buf *out)
{
	struct rotation rotation;

	json_open(out, "values", '[');
	for (size_t n = 0; destination_rotation(destination, n,
	    &rotation); n++) {
		json_open(out, NULL, '{');
		json_put_string(out, "field", rotation.field);
		json_put_time(out, "takesOverAt", rotation.at);
		json_put_time(out, "tookOverAt", rotation.switched_at);
		json_close(out, '}');
	}
	json_close(out, ']');
}

/* --- sealed values -------------------------------------------------------- */

/* The value of the config at a field; a header's name may have dots. */
static const struct json *
value_of(const struct json *config, const char *field)
{
	const size_t headers = strlen("headers.");

	return strncmp(field, "headers.", headers) == 0 ?
	    json_get(json_get(config, "headers"), field + headers) :
	    destination_value(config, field);
}

/* Where it is sealed: rotations.<field>.next; its strings are in the bufs. */
static int
place_make(const struct destination *destination,
    const struct destination_keeper *keeper, const char *field,
    const char *which, struct buf bufs[2], struct vault_place *place,
    struct why *why)
{
	if (destination_origin(destination_config(destination),
	    destination->transport, &bufs[0]) == -1)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "destination %s has a URL that is none",
		    destination->id);
	buf_printf(&bufs[1], DESTINATION_ROTATIONS ".%s.%s", field, which);
	*place = (struct vault_place) { .organization = keeper->organization,
	    .destination = destination->id, .origin = bufs[0].data,
	    .field = bufs[1].data };
	return 0;
}

static int
entry_open(const struct destination *destination,
    const struct destination_keeper *keeper, const char *field,
    const char *which, struct buf *out, struct why *why)
{
	const char *sealed = destination_sealed(json_get(entry_of(destination,
	    field), which));
	struct buf bufs[2] = { { 0 }, { 0 } };
	struct vault_place place;
	int result;

	if (sealed == NULL)
		return why_set(why, ERROR_CONFLICT, "%s of %s has no %s value",
		    field, destination->id, which);
	result = place_make(destination, keeper, field, which, bufs, &place,
	    why);
	if (result == 0)
		result = vault_unseal(keeper->vault, &place, sealed, out, why);
	buf_free(&bufs[0]);
	buf_free(&bufs[1]);
	return result;
}

static struct json *
entry_mutable(struct destination *destination, const char *field)
{
	struct json *empty = json_new_object(), *all;

	if (json_get(destination->document, DESTINATION_ROTATIONS) == NULL)
		json_set(destination->document, DESTINATION_ROTATIONS, empty);
	all = json_get_mutable(destination->document, DESTINATION_ROTATIONS);
	if (json_get(all, field) == NULL)
		json_set(all, field, empty);
	json_free(&empty);
	return json_get_mutable(all, field);
}

static int
entry_seal(struct destination *destination,
    const struct destination_keeper *keeper, const char *field,
    const char *which, const char *value, struct why *why)
{
	struct buf bufs[2] = { { 0 }, { 0 } }, sealed = { 0 };
	struct json *object = json_new_object();
	struct vault_place place;
	int result;

	result = place_make(destination, keeper, field, which, bufs, &place,
	    why);
	if (result == 0)
		result = vault_seal(keeper->vault, &place, value,
		    strlen(value), &sealed, why);
	if (result == 0) {
		json_set_string(object, "sealed", sealed.data);
		json_set(entry_mutable(destination, field), which, object);
		destination->rotates = true;
	}
	json_free(&object);
	buf_free(&bufs[0]);
	buf_free(&bufs[1]);
	buf_free(&sealed);
	return result;
}

static void
set_time(struct json *entry, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	clock_format(ms, text);
	json_set_string(entry, name, text);
}

/* One that holds nothing any more goes, and so do all of them. */
static void
entry_tidy(struct destination *destination, const char *field)
{
	struct json *all = json_get_mutable(destination->document,
	    DESTINATION_ROTATIONS);
	const struct json *entry = json_get(all, field);

	if (entry != NULL && json_get(entry, NEXT) == NULL &&
	    json_get(entry, PREVIOUS) == NULL)
		json_remove(all, field);
	if (all != NULL && json_count(all) == 0)
		json_remove(destination->document, DESTINATION_ROTATIONS);
}

static void
entry_remove(struct destination *destination, const char *field,
    const char *which, const char *when)
{
	struct json *entry = json_get_mutable(json_get_mutable(
	    destination->document, DESTINATION_ROTATIONS), field);

	if (json_get(entry, which) != NULL)
		json_remove(entry, which);
	if (json_get(entry, when) != NULL)
		json_remove(entry, when);
	entry_tidy(destination, field);
	destination_changed(destination);
}

void
destination_rotation_cancel(struct destination *destination,
    const char *field)
{
	entry_remove(destination, field, NEXT, AT);
}

void
destination_rotation_forget(struct destination *destination,
    const char *field)
{
	entry_remove(destination, field, PREVIOUS, SWITCHED);
}

/* --- another value -------------------------------------------------------- */

/* {"config": {"webhook": {"auth": {"token": value}}}} */
static struct json *
patch_make(const struct destination *destination, const char *field,
    const char *value, struct why *why)
{
	const char *name = field, *dot;
	struct buf text = { 0 };
	struct json *patch;
	char part[FIELD_PATH_MAX];
	int depth = 3;

	json_open(&text, NULL, '{');
	json_open(&text, "config", '{');
	json_open(&text, transport_name(destination->transport), '{');
	while ((dot = strchr(name, '.')) != NULL) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(dot - name),
		    name);
		json_open(&text, part, '{');
		depth++;
		name = dot + 1;
		if (strcmp(part, "headers") == 0)
			break;
	}
	json_put_string(&text, name, value);
	while (depth-- > 0)
		json_close(&text, '}');
	patch = json_parse(text.data, text.len, why);
	buf_wipe(&text);
	return patch;
}

static struct destination *
with_value(const struct destination *old,
    const struct destination_keeper *keeper, const char *field,
    const char *value, struct why *why)
{
	struct json *patch = patch_make(old, field, value, why);
	struct buf unused = { 0 };
	struct destination *made = patch == NULL ? NULL :
	    destination_update(old, patch, keeper, &unused, why);
	const struct json *rotations = json_get(old->document,
	    DESTINATION_ROTATIONS);

	destination_view_free(&patch);
	buf_wipe(&unused);
	/* It is this one that changes now; the rest of it is at hand. */
	if (made != NULL && rotations != NULL)
		json_set(made->document, DESTINATION_ROTATIONS, rotations);
	if (made != NULL)
		made->rotates = rotations != NULL;
	return made;
}

/* The value that counts now, appended in clear. */
static int
current_open(const struct destination *destination,
    const struct destination_keeper *keeper, const char *field,
    struct buf *out, struct why *why)
{
	struct json *view = destination_view(destination, keeper, why);
	const char *text = view == NULL ? NULL : json_string(value_of(
	    json_get(json_get(view, "config"), transport_name(
	    destination->transport)), field), NULL);

	if (text != NULL)
		buf_str(out, text);
	else if (view != NULL)
		(void)why_set(why, ERROR_CONFLICT, "%s of %s has no value",
		    field, destination->id);
	destination_view_free(&view);
	return text == NULL ? -1 : 0;
}

/* A sealed one that stands alone: not half of a pair, nor what signs. */
static int
check_field(const struct destination *destination, const char *field,
    struct why *why)
{
	const struct destination_field *row;
	size_t at = 0;

	if (destination_sealed(value_of(destination_config(destination),
	    field)) == NULL)
		return why_field(why, "field", "%s is no credential that %s "
		    "has", field, destination->id);
	while ((row = destination_field_next(destination->transport,
	    &at)) != NULL)
		if (strcmp(row->path, field) == 0 &&
		    (strcmp(row->form, "secret") == 0 ||
		    strcmp(row->form, "key") == 0))
			return why_field(why, "field", "%s does not change "
			    "by itself: %s", field, row->form[0] == 's' ?
			    "secret add without a field" :
			    "spooldest update, with its certificate");
	return 0;
}

int
destination_rotation_plan(struct destination *destination,
    const struct destination_keeper *keeper, const char *field,
    const char *value, int64_t at, struct why *why)
{
	struct destination *tried;

	if (check_field(destination, field, why) == -1)
		return -1;
	tried = with_value(destination, keeper, field, value, why);
	if (tried == NULL)
		return -1;
	destination_free(&tried);
	if (entry_seal(destination, keeper, field, NEXT, value, why) == -1)
		return -1;
	set_time(entry_mutable(destination, field), AT, at);
	destination_changed(destination);
	return 0;
}

struct destination *
destination_rotation_take_over(const struct destination *old,
    const struct destination_keeper *keeper, const char *field,
    struct why *why)
{
	struct buf next = { 0 }, before = { 0 };
	struct destination *made = NULL;

	if (entry_open(old, keeper, field, NEXT, &next, why) == 0 &&
	    current_open(old, keeper, field, &before, why) == 0)
		made = with_value(old, keeper, field, next.data, why);
	if (made != NULL && entry_seal(made, keeper, field, PREVIOUS,
	    before.data, why) == -1)
		destination_free(&made);
	if (made != NULL) {
		struct json *entry = entry_mutable(made, field);

		json_remove(entry, NEXT);
		json_remove(entry, AT);
		set_time(entry, SWITCHED, clock_wall());
	}
	buf_wipe(&next);
	buf_wipe(&before);
	return made;
}

struct destination *
destination_rotation_step_back(const struct destination *old,
    const struct destination_keeper *keeper, const char *field,
    struct why *why)
{
	struct destination *made = NULL;
	struct buf before = { 0 };

	if (entry_open(old, keeper, field, PREVIOUS, &before, why) == 0)
		made = with_value(old, keeper, field, before.data, why);
	if (made != NULL)
		destination_rotation_forget(made, field);
	buf_wipe(&before);
	return made;
}

/* --- when the destination changes ----------------------------------------- */

void
destination_rotations_keep(struct destination *made,
    const struct destination *old, const struct json *patch)
{
	const struct json *given = json_get(json_get(patch, "config"),
	    transport_name(old->transport));
	struct rotation rotation;

	for (size_t n = 0; destination_rotation(old, n, &rotation); n++)
		if (value_of(given, rotation.field) == NULL && value_of(
		    destination_config(made), rotation.field) != NULL) {
			(void)entry_mutable(made, rotation.field);
			json_set(json_get_mutable(made->document,
			    DESTINATION_ROTATIONS), rotation.field,
			    entry_of(old, rotation.field));
		}
}
