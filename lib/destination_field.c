/*
 * destination_field - the table of a destination's fields
 *
 * The table decides alone what is accepted: a field that is not in it is
 * wrong, whatever its value, and each that is has its form checked.  All
 * complaints are collected, since whoever writes a destination by hand would
 * rather mend three fields at once than run the command three times.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/destination_field.h"

#define ROOM_FOR_REST 24	/* bytes for "; and 1000 more" */

static const struct destination_field top_fields[] = {
#define TRANSPORT(name)
#define DESTINATION_FIELD(type, path, form, required, sealed, sentence)
#define DESTINATION_TOP(path, form, required, sentence) \
	{ path, form, required, false, -1 },
#include "lib/destination.def"
#undef DESTINATION_TOP
#undef DESTINATION_FIELD
#undef TRANSPORT
};

enum { TRANSPORT_any = -1 };

static const struct destination_field config_fields[] = {
#define TRANSPORT(name)
#define DESTINATION_FIELD(type, path, form, required, sealed, sentence) \
	{ path, form, required, sealed, TRANSPORT_##type },
#include "lib/destination.def"
#undef DESTINATION_FIELD
#undef TRANSPORT
};

/* The rows that are looked at: of one table, for one transport. */
struct rows {
	const struct destination_field *table;
	size_t	 count;
	int	 transport;
};

#define COUNT_OF(table) (sizeof(table) / sizeof(*(table)))

/* --- complaints ---------------------------------------------------------- */

/* One more in `fields`, if it fits. */
static void
note_field(struct complaints *all, const char *path, const char *words)
{
	struct buf one = { 0 };
	struct why room;

	json_open(&one, NULL, '{');
	json_put_string(&one, "path", path);
	json_put_string(&one, "message", words);
	json_close(&one, '}');
	if (all->fields.len + one.len + 1 < sizeof(room.fields))
		json_put_raw(&all->fields, NULL, one.data, one.len);
	buf_free(&one);
}

/* One more in `text`: only whole ones, in their order. */
static void
note_text(struct complaints *all, const char *path, const char *words)
{
	size_t before = all->text.len;
	struct why room;

	if (all->told + 1 < all->count)
		return;
	buf_printf(&all->text, "%s%s %s", before > 0 ? "; " : "", path,
	    words);
	if (all->text.len < sizeof(room.text) - ROOM_FOR_REST || before == 0)
		all->told++;
	else {
		all->text.len = before;
		all->text.data[before] = '\0';
	}
}

void
complain(struct complaints *all, const char *path, const char *format, ...)
{
	struct buf words = { 0 };
	va_list args;

	if (all->count++ == 0)
		(void)snprintf(all->path, sizeof(all->path), "%s", path);
	va_start(args, format);
	buf_vprintf(&words, format, args);
	va_end(args);
	note_field(all, path, words.data);
	note_text(all, path, words.data);
	buf_free(&words);
}

struct complaints *
lacks_of(struct complaints *all)
{
	return all->lacks != NULL ? all->lacks : all;
}

int
complaints_end(struct complaints *all, struct why *why)
{
	int result = 0;

	if (all->count > all->told)
		result = why_field(why, all->path, "%s; and %zu more",
		    all->text.data, all->count - all->told);
	else if (all->count > 0)
		result = why_field(why, all->path, "%s", all->text.data);
	if (result == -1)
		(void)snprintf(why->fields, sizeof(why->fields), "%s",
		    all->fields.data);
	buf_free(&all->text);
	buf_free(&all->fields);
	return result;
}

/* --- the table ----------------------------------------------------------- */

static const struct destination_field *
rows_next(const struct rows *rows, size_t *at)
{
	while (*at < rows->count) {
		const struct destination_field *row = &rows->table[(*at)++];

		if (row->transport == TRANSPORT_any ||
		    row->transport == rows->transport)
			return row;
	}
	return NULL;
}

static struct rows
config_rows(enum transport transport)
{
	return (struct rows) { config_fields, COUNT_OF(config_fields),
	    (int)transport };
}

const struct destination_field *
destination_field_next(enum transport transport, size_t *at)
{
	struct rows rows = config_rows(transport);

	return rows_next(&rows, at);
}

const struct destination_field *
destination_field_of(enum transport transport, const char *form)
{
	const struct destination_field *row;
	size_t at = 0;

	while ((row = destination_field_next(transport, &at)) != NULL)
		if (row->transport == (int)transport &&
		    strcmp(row->form, form) == 0)
			break;
	return row;
}

const struct json *
destination_value(const struct json *object, const char *path)
{
	const char *dot = strchr(path, '.');
	char parent[FIELD_PATH_MAX];

	for (; dot != NULL; dot = strchr(path, '.')) {
		(void)snprintf(parent, sizeof(parent), "%.*s",
		    (int)(dot - path), path);
		object = json_get(object, parent);
		path = dot + 1;
	}
	return json_get(object, path);
}

/* The row of exactly that path; or whether one lies beneath it. */
static const struct destination_field *
rows_find(const struct rows *rows, const char *path, bool *beneath_r)
{
	const struct destination_field *row;
	size_t at = 0, length = strlen(path);

	*beneath_r = false;
	while ((row = rows_next(rows, &at)) != NULL) {
		if (strcmp(row->path, path) == 0)
			return row;
		if (strncmp(row->path, path, length) == 0 &&
		    row->path[length] == '.')
			*beneath_r = true;
	}
	return NULL;
}

bool
destination_field_is_top(const char *name)
{
	struct rows rows = { top_fields, COUNT_OF(top_fields),
	    TRANSPORT_any };
	bool beneath;

	return rows_find(&rows, name, &beneath) != NULL || beneath;
}

/* --- checks -------------------------------------------------------------- */

/* Where the walk is: what to call it, and its path in the table. */
struct place {
	const struct rows *rows;
	const char	*shown;		/* "config.webhook.", or "" */
	const char	*parent;	/* "retryConfig.", or "" */
};

/* Names what may stand there. */
static void
complain_unknown(const struct place *place, const char *shown,
    struct complaints *all)
{
	const struct destination_field *row;
	size_t at = 0, parent = strlen(place->parent);
	struct buf allowed = { 0 };
	const char *last = "";

	while ((row = rows_next(place->rows, &at)) != NULL) {
		const char *name = row->path + parent;
		size_t length;

		if (strncmp(row->path, place->parent, parent) != 0)
			continue;
		length = strcspn(name, ".");
		if (strncmp(name, last, length) == 0 &&
		    (last[length] == '\0' || last[length] == '.'))
			continue;
		buf_printf(&allowed, "%s%.*s", allowed.len > 0 ? ", " : "",
		    (int)length, name);
		last = name;
	}
	complain(all, shown, "is unknown (allowed: %s)", allowed.data);
	buf_free(&allowed);
}

static void	 check_object(const struct place *, const struct json *,
		    struct complaints *);

static void
check_member(const struct place *place, const struct json *value,
    struct complaints *all)
{
	char path[FIELD_PATH_MAX], shown[FIELD_PATH_MAX];
	char inner_shown[FIELD_PATH_MAX], inner[FIELD_PATH_MAX];
	const struct destination_field *row = NULL;
	struct place beneath = { place->rows, inner_shown, inner };
	const char *name = json_name(value);
	bool is_parent = false;
	int length;

	(void)snprintf(shown, sizeof(shown), "%s%s", place->shown, name);
	length = snprintf(path, sizeof(path), "%s%s", place->parent, name);
	/* A dot in a name would look like a path. */
	if (strchr(name, '.') == NULL && length > 0 &&
	    (size_t)length < sizeof(path) - 1)
		row = rows_find(place->rows, path, &is_parent);
	if (row != NULL)
		destination_check_form(value, row->form, shown, all);
	else if (!is_parent)
		complain_unknown(place, shown, all);
	else if (!json_is(value, JSON_OBJECT))
		complain(all, shown, "must be an object");
	else {
		(void)snprintf(inner_shown, sizeof(inner_shown), "%s%s.",
		    place->shown, name);
		(void)snprintf(inner, sizeof(inner), "%s%s.", place->parent,
		    name);
		check_object(&beneath, value, all);
	}
}

static void
check_object(const struct place *place, const struct json *object,
    struct complaints *all)
{
	const struct json *value = json_first(object);

	for (; value != NULL; value = json_next(value))
		check_member(place, value, all);
}

static void
check_rows(const struct rows *rows, const struct json *object,
    const char *shown, struct complaints *all)
{
	struct place place = { rows, shown, "" };
	const struct destination_field *row;
	char path[FIELD_PATH_MAX];
	size_t at = 0;

	check_object(&place, object, all);
	while ((row = rows_next(rows, &at)) != NULL) {
		if (!row->required ||
		    destination_value(object, row->path) != NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", shown, row->path);
		complain(lacks_of(all), path, "is missing");
	}
}

void
destination_check_top(const struct json *input, struct complaints *all)
{
	struct rows rows = { top_fields, COUNT_OF(top_fields),
	    TRANSPORT_any };

	check_rows(&rows, input, "", all);
}

void
destination_check_config(const struct json *config, enum transport transport,
    struct complaints *all)
{
	struct rows rows = config_rows(transport);
	char shown[FIELD_PATH_MAX];

	(void)snprintf(shown, sizeof(shown), "config.%s.",
	    transport_name(transport));
	check_rows(&rows, config, shown, all);
}
