/*
 * conf_row - every setting there is in a configuration, with its name
 */
#include <stdlib.h>
#include <string.h>

#include "lib/conf_parse.h"
#include "lib/conf_row.h"
#include "lib/xalloc.h"

static void
rows_add(struct conf_rows *rows, enum setting_scope scope, const char *title,
    const void *base)
{
	const struct setting *settings;
	struct conf_row *row;
	size_t count;

	settings = conf_settings(&count);
	rows->items = xreallocarray(rows->items, rows->count + count,
	    sizeof(*rows->items));
	for (size_t i = 0; i < count; i++) {
		if (settings[i].scope != scope)
			continue;
		row = &rows->items[rows->count++];
		row->setting = &settings[i];
		row->title = title;
		row->base = base;
		setting_name(row->setting, title, row->name,
		    sizeof(row->name));
	}
}

void
conf_rows(const struct conf *conf, struct conf_rows *rows)
{
	const char *name;

	*rows = (struct conf_rows) { NULL, 0 };
	rows_add(rows, SCOPE_plain, NULL, conf);
	for (size_t i = 0; i < conf->organization_count; i++)
		rows_add(rows, SCOPE_organization, conf->organizations[i].id,
		    &conf->organizations[i]);
	for (size_t i = 0; (name = conf_transport_name(i)) != NULL; i++)
		rows_add(rows, SCOPE_transport, name,
		    conf_transport(conf, name));
	for (size_t i = 0; i < conf->pipe_count; i++)
		rows_add(rows, SCOPE_pipe, conf->pipes[i].name,
		    &conf->pipes[i]);
}

void
conf_rows_free(struct conf_rows *rows)
{
	free(rows->items);
	*rows = (struct conf_rows) { NULL, 0 };
}

const struct conf_row *
conf_rows_find(const struct conf_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->items[i].name, name) == 0)
			return &rows->items[i];
	return NULL;
}

void
conf_row_value(const struct conf_row *row, struct buf *out)
{
	buf_str(out, "");
	setting_print(row->setting, row->base, out);
}

void
conf_row_default(const struct conf_row *row, struct buf *out)
{
	buf_str(out, "");
	setting_print_default(row->setting, out);
}

static bool
list_has(const struct conf_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return true;
	return false;
}

/* What wins stands first. */
const char *
conf_row_source(const struct conf *conf, const struct conf_row *row)
{
	if (list_has(&conf->override_names, row->name))
		return "override";
	if (list_has(&conf->environment_names, row->name))
		return "environment";
	return list_has(&conf->file_names, row->name) ? "file" : "default";
}

/* Where the field may be changed; a transport's only once it has its own. */
static void *
row_base(struct conf *conf, const struct conf_row *row)
{
	switch (row->setting->scope) {
	case SCOPE_organization:
		return conf_add_organization(conf, row->title);
	case SCOPE_transport:
		return conf_add_transport(conf, row->title);
	case SCOPE_pipe:
		return conf_add_pipe(conf, row->title);
	default:
		return conf;
	}
}

int
conf_override(struct conf *conf, const struct conf_row *row,
    const char *value, struct why *why)
{
	struct why reason;

	if (setting_store_text(row->setting, row_base(conf, row), value,
	    &reason) == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "%s = %s", row->name,
		    reason.text);
	conf_list_add(&conf->override_names, row->name, strlen(row->name));
	conf_resolve(conf);
	return 0;
}
