/*
 * roll - which organizations there were: the journal says which come and go
 *
 * A line each, first in the journal: where a crash comes before the file, the
 * same is journaled again.  An instance without the file has just been made,
 * or is older than this: then those that there are begin it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_table.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/ticket.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/durable.h"
#include "spoold/organization.h"
#include "spoold/roll.h"
#include "spoold/spoold.h"

static char *
roll_path(const struct spoold *s)
{
	return xasprintf("%s/organizations", s->conf->top_state_directory);
}

/* The ids of the file.  1, 0 if there is none, -1 with errno. */
static int
roll_read(const struct spoold *s, struct conf_list *ids)
{
	char *path = roll_path(s), *line = NULL;
	FILE *file = fopen(path, "re");
	size_t size = 0;
	int result = 1;

	free(path);
	if (file == NULL)
		return errno == ENOENT ? 0 : -1;
	while (getline(&line, &size, file) != -1) {
		line[strcspn(line, "\n")] = '\0';
		if (destination_id_valid(line))
			conf_list_add(ids, line, strlen(line));
	}
	if (ferror(file) != 0)
		result = -1;
	free(line);
	(void)fclose(file);
	return result;
}

static void
roll_written(void *arg, int error)
{
	char *path = arg;

	if (error != 0)
		log_warning("write %s: %s", path, strerror(error));
	free(path);
}

/* The action of the lines. */
static void
roll_write(struct spoold *s, void *arg)
{
	const struct organization *org;
	struct buf text = { .max = 0 };
	char *path = roll_path(s);

	(void)arg;
	/* Never empty, which would remove it. */
	buf_str(&text, "# What the journal knows of; see spoold(8).\n");
	TAILQ_FOREACH(org, &s->organizations, entry)
		buf_printf(&text, "%s\n", org->id);
	durable_put(s->durable, path, text.data, text.len, roll_written,
	    path);
	buf_free(&text);
}

static void
roll_line(struct spoold *s, enum event event, const char *id, const char *by)
{
	struct buf fields = { 0 };

	json_put_string(&fields, "org", id);
	if (by != NULL)
		json_put_string(&fields, "by", by);
	(void)commit_line(s, event, &fields);
	log_info("%s: organization %s", id, event == EVENT_organization_added ?
	    "added" : "removed");
}

static bool
roll_has(const struct conf_list *ids, const char *id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (strcmp(ids->items[i], id) == 0)
			return true;
	return false;
}

void
roll_call(struct spoold *s, const char *by)
{
	struct conf_list before = { NULL, 0 };
	const struct organization *org;
	int found = roll_read(s, &before);
	bool changed = found == 0;

	if (found == -1)
		log_warning("read %s/organizations: %s",
		    s->conf->top_state_directory, strerror(errno));
	TAILQ_FOREACH(org, &s->organizations, entry)
		if (found == 1 && !roll_has(&before, org->id)) {
			roll_line(s, EVENT_organization_added, org->id, by);
			changed = true;
		}
	for (size_t i = 0; i < before.count && found == 1; i++)
		if (organization_find(s, before.items[i]) == NULL) {
			roll_line(s, EVENT_organization_removed,
			    before.items[i], by);
			changed = true;
		}
	conf_list_free(&before);
	if (changed)
		commit_then(s, NULL, roll_write, NULL);
}
