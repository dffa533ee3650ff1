/*
 * upgrade_steps - what each format changes, and all that is due together
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_edit.h"
#include "lib/format.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/upgrade_steps.h"

/* Changes the text of a configuration, but for its `format`. */
typedef int	 step_text(struct buf *, struct why *);

/* Collects what changes in state and spool, but for the state's `format`. */
typedef int	 step_state(const struct upgrade *, struct upgrade_changes *,
		    struct why *);

static step_state	 make_queues;

static const struct step {
	int		 from, to;
	step_text	*text;		/* NULL: nothing */
	step_state	*state;		/* NULL: nothing */
} steps[] = {
	/* Both say their format; queues that came since the first version. */
	{ 0, 1, NULL, make_queues },
};

/* --- 0 to 1 --------------------------------------------------------------- */

/* 1 if there is a file of that name, 0, -1 with *why. */
static int
is_there(const char *path, struct why *why)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return 1;
	return errno == ENOENT ? 0 : why_errno(why, "look at %s", path);
}

/* An organization that has no spool at all has lost it: that is for check. */
static int
make_queues_of(const struct upgrade *u, const char *org,
    struct upgrade_changes *changes, struct why *why)
{
	char *top = xasprintf("%s/%s", u->places[UPGRADE_spool], org);
	int result = is_there(top, why);

	for (int i = 0; i < QUEUES && result == 1; i++) {
		char *path = xasprintf("%s/%s", org,
		    queue_name((enum queue)i));
		char *whole = xasprintf("%s/%s", u->places[UPGRADE_spool],
		    path);
		int there = is_there(whole, why);

		if (there == 0)
			upgrade_make(changes, path);
		else if (there == -1)
			result = -1;
		free(whole);
		free(path);
	}
	free(top);
	return result == -1 ? -1 : 0;
}

static int
make_queues(const struct upgrade *u, struct upgrade_changes *changes,
    struct why *why)
{
	const struct conf *conf = u->conf;
	int result = 0;

	for (size_t i = 0; i < conf->organization_count && result == 0; i++)
		result = make_queues_of(u, conf->organizations[i].id,
		    changes, why);
	return result;
}

/* --- all that is due ------------------------------------------------------ */

static const struct step *
step_from(int from, struct why *why)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (steps[i].from == from)
			return &steps[i];
	(void)why_set(why, ERROR_INTERNAL_ERROR, "nothing leads from format "
	    "%d to %d", from, format_known());
	return NULL;
}

/* The text that it becomes. */
static int
change_text(int from, struct buf *text, struct why *why)
{
	const struct step *step;
	char number[16];

	for (; from < format_known(); from = step->to) {
		step = step_from(from, why);
		if (step == NULL ||
		    (step->text != NULL && step->text(text, why) == -1))
			return -1;
	}
	(void)snprintf(number, sizeof(number), "%d", format_known());
	return conf_edit(text, conf_setting(SCOPE_plain, "", "format"), NULL,
	    number, why);
}

int
upgrade_plan_configuration(const struct upgrade *u,
    struct upgrade_changes *changes, struct why *why)
{
	const char *file = u->conf->file, *name = strrchr(file, '/') + 1;
	struct buf text = { .max = 0 };
	struct stat st;
	int result = upgrade_act(u, UPGRADE_configuration, why);

	*changes = (struct upgrade_changes) { .to = format_known() };
	if (result == 0 && upgrade_read(file, &text, &st, why) != 1)
		result = why_set(why, ERROR_CONFIG_ERROR, "%s: it cannot be "
		    "read", file);
	if (result == 0)
		changes->from = format_of_text(&text);
	if (result == 0 && changes->from < changes->to) {
		result = change_text(changes->from, &text, why);
		if (result == 0)
			result = upgrade_put(u, changes,
			    UPGRADE_configuration, name, &text, why);
	}
	buf_free(&text);
	return result;
}

/* What the state says of itself comes last: then all is done. */
int
upgrade_plan_state(const struct upgrade *u, struct upgrade_changes *changes,
    struct why *why)
{
	struct buf text = { .max = 0 };
	const struct step *step;
	int at;

	*changes = (struct upgrade_changes) { .to = format_known() };
	if (upgrade_act(u, UPGRADE_state, why) == -1)
		return -1;
	changes->from = format_of_state(u->places[UPGRADE_state], why);
	if (changes->from == -1 || format_check_known(
	    u->places[UPGRADE_state], changes->from, why) == -1)
		return -1;
	for (at = changes->from; at < changes->to; at = step->to) {
		step = step_from(at, why);
		if (step == NULL || (step->state != NULL &&
		    step->state(u, changes, why) == -1))
			return -1;
	}
	if (changes->from == changes->to)
		return 0;
	format_print(&text, changes->to);
	return upgrade_put(u, changes, UPGRADE_state, FORMAT_FILE, &text,
	    why);
}
