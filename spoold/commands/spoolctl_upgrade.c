/*
 * spoolctl upgrade - brings an instance to the format of this version, and back
 *
 * Configuration and state go one after the other, each by itself: what it
 * changes is kept (upgrade_record.h), then done.  An older spoold refuses the
 * configuration from the first moment on, this one the state until its last.
 * Whatever cuts it off, calling it again goes on, and --back undoes what was
 * done so far.
 */
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/format.h"
#include "lib/show.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/commands/conf_file.h"
#include "spoold/commands/note.h"
#include "spoold/commands/spoolctl.h"
#include "spoold/commands/upgrade_record.h"
#include "spoold/commands/upgrade_steps.h"

/* The two that change by themselves, each with a record of its own. */
#define PARTS 2
static const enum upgrade_place parts[PARTS] = { UPGRADE_configuration,
	UPGRADE_state };

/* One call of the command. */
struct work {
	struct cli	*cli;		/* borrowed */
	struct upgrade	 upgrade;
	struct upgrade_changes changes[PARTS];
	bool		 kept[PARTS];	/* by a record: it was cut off */
	int		 lock, file_lock;	/* own, or -1 */
};

/* --- what is due ---------------------------------------------------------- */

static void
forget(struct work *work)
{
	for (int i = 0; i < PARTS; i++) {
		upgrade_free(&work->changes[i]);
		work->kept[i] = false;
	}
}

/*
 * What there is to do.  A state that was begun goes on by its record; the
 * configuration is one file, so what it says of itself is all there is to know.
 */
static int
plan(struct work *work, struct why *why)
{
	const struct upgrade *u = &work->upgrade;
	struct upgrade_changes *state = &work->changes[1];
	struct upgrade_changes kept = { .items = NULL };
	int found;

	if (upgrade_plan_configuration(u, &work->changes[0], why) == -1 ||
	    upgrade_plan_state(u, state, why) == -1)
		return -1;
	if (state->from == state->to)
		return 0;
	found = upgrade_record_read(u, UPGRADE_state, &kept, why);
	if (found == 1) {
		upgrade_free(state);
		*state = kept;
		work->kept[1] = true;
	} else
		upgrade_free(&kept);
	return found == -1 ? -1 : 0;
}

/* What is kept of both, for the way back. */
static int
plan_back(struct work *work, struct why *why)
{
	for (int i = 0; i < PARTS; i++) {
		if (upgrade_act(&work->upgrade, parts[i], why) == -1)
			return -1;
		switch (upgrade_record_read(&work->upgrade, parts[i],
		    &work->changes[i], why)) {
		case -1:
			return -1;
		case 1:
			work->kept[i] = true;
			break;
		}
	}
	return 0;
}

static size_t
due(const struct work *work)
{
	return work->changes[0].count + work->changes[1].count;
}

static int
format_before(const struct work *work)
{
	int from = format_known();

	for (int i = 0; i < PARTS; i++)
		if (work->changes[i].count > 0 && work->changes[i].from < from)
			from = work->changes[i].from;
	return from;
}

/* --- said ----------------------------------------------------------------- */

static void
tell_change(const struct work *work, const struct upgrade_change *change,
    bool back, bool would)
{
	/* By which way it goes, and whether there was such a file before. */
	static const struct {
		const char	*verb, *done;
	} words[2][2] = {
		{ { "make", "made" }, { "change", "changed" } },
		{ { "remove", "removed" }, { "put back", "put back" } },
	};
	const char *verb = words[back][change->there].verb;
	const char *done = words[back][change->there].done;
	char *path = upgrade_path(&work->upgrade, change);
	struct buf line = { .max = 0 };

	if (!work->cli->json) {
		(void)printf("%s%s ", would ? "would " : "",
		    would ? verb : done);
		show_text(stdout, path);
		(void)fputc('\n', stdout);
	} else {
		json_open(&line, NULL, '{');
		json_put_string(&line, "path", path);
		json_put_string(&line, would ? "would" : "did",
		    would ? verb : done);
		json_close(&line, '}');
		(void)printf("%s\n", line.data);
	}
	buf_free(&line);
	free(path);
}

static void
tell_changes(const struct work *work, bool back, bool would)
{
	for (int part = 0; part < PARTS; part++) {
		const struct upgrade_changes *changes = &work->changes[part];

		for (size_t i = 0; i < changes->count; i++)
			tell_change(work, &changes->items[i], back, would);
	}
}

/* The last line: from which format to which, and in words. */
static void
tell(const struct work *work, int from, int to, bool changed,
    const char *words)
{
	if (work->cli->json)
		(void)printf("{\"from\":%d,\"to\":%d,\"changed\":%s}\n",
		    from, to, changed ? "true" : "false");
	else
		(void)printf("%s\n", words);
}

static void
tell_upgraded(const struct work *work, int from)
{
	struct buf words = { .max = 0 };
	char *path;

	buf_printf(&words, "The instance is of format %d; it was of %d.  What "
	    "was before is kept in", format_known(), from);
	for (int i = 0; i < PARTS; i++) {
		if (work->changes[i].count == 0)
			continue;
		path = upgrade_record_path(&work->upgrade, parts[i]);
		buf_printf(&words, "%s %s", words.data[words.len - 1] == 'n' ?
		    "" : " and", path);
		free(path);
	}
	buf_str(&words, "; spoolctl upgrade --back puts it back.");
	tell(work, from, format_known(), true, words.data);
	buf_free(&words);
}

/* --- both ways ------------------------------------------------------------ */

/* While nobody else changes anything. */
static int
take_locks(struct work *work, struct why *why)
{
	const struct conf *conf = work->upgrade.conf;
	char *journal = xasprintf("%s/journal", conf->top_log_directory);
	struct stat st;

	if (upgrade_act(&work->upgrade, UPGRADE_state, why) == 0)
		work->lock = spool_lock(conf->top_spool_directory, journal,
		    why);
	free(journal);
	if (work->lock == -1) {
		if (why->code == ERROR_UNAVAILABLE)
			(void)why_set(why, ERROR_UNAVAILABLE, "spoold, or a "
			    "command that is in its place, works in the "
			    "format that there is: spoolctl stop, or wait for "
			    "that to end, then call it again");
		return -1;
	}
	if (upgrade_act(&work->upgrade, UPGRADE_configuration, why) == -1)
		return -1;
	work->file_lock = conf_file_lock(conf->file, &st, why);
	return work->file_lock == -1 ? -1 : 0;
}

/* Says in the journal what is about to happen. */
static int
record(struct work *work, int from, int to, struct why *why)
{
	const struct passwd *user = getpwuid(getuid());
	struct buf fields = { .max = 0 };
	char *by = user == NULL ? xasprintf("%u", getuid()) :
	    xasprintf("%s (%u)", user->pw_name, getuid());
	int result = upgrade_act(&work->upgrade, UPGRADE_state, why);

	json_put_integer(&fields, "from", from);
	json_put_integer(&fields, "to", to);
	json_put_string(&fields, "by", by);
	if (result == 0)
		result = note_lines(work->upgrade.conf, EVENT_format_changed,
		    &fields, 1, why);
	buf_free(&fields);
	free(by);
	return result;
}

/* What was cut off may have left something that is none of it. */
static int
tidy(struct work *work, struct why *why)
{
	const struct upgrade *u = &work->upgrade;
	int result = upgrade_tidy(u, UPGRADE_configuration,
	    strrchr(u->conf->file, '/') + 1, why);

	if (result == 0)
		result = upgrade_tidy(u, UPGRADE_state, FORMAT_FILE, why);
	for (int part = 0; part < PARTS; part++) {
		const struct upgrade_changes *changes = &work->changes[part];

		for (size_t i = 0; i < changes->count && result == 0; i++)
			if (!changes->items[i].directory)
				result = upgrade_tidy(u,
				    changes->items[i].place,
				    changes->items[i].path, why);
	}
	return result;
}

/* Nothing is touched if something would be lost. */
static int
check(struct work *work, bool back, struct why *why)
{
	struct buf words = { .max = 0 };
	int result = 0;

	for (int i = 0; i < PARTS && result == 0; i++)
		if (upgrade_check(&work->upgrade, &work->changes[i], back,
		    &words, why) == -1)
			result = -1;
	if (result == 0 && words.len > 0)
		result = why_set(why, ERROR_CONFLICT, "%s%s; nothing was "
		    "changed", words.data, back ? ", which would be lost on "
		    "the way back: take that away first" : " an upgrade was "
		    "cut off: put back what it was or was to become, then "
		    "call it again");
	buf_free(&words);
	return result;
}

static int
forget_record(const struct work *work, int part, struct why *why)
{
	return upgrade_act(&work->upgrade, parts[part], why) == -1 ? -1 :
	    upgrade_record_remove(&work->upgrade, parts[part], why);
}

static int
go(struct work *work, struct why *why)
{
	int from = format_before(work);

	if (check(work, false, why) == -1 ||
	    record(work, from, format_known(), why) == -1 ||
	    tidy(work, why) == -1)
		return -1;
	for (int i = 0; i < PARTS; i++) {
		if (work->changes[i].count == 0)
			continue;
		if (upgrade_act(&work->upgrade, parts[i], why) == -1 ||
		    (!work->kept[i] && upgrade_record_write(&work->upgrade,
		    parts[i], &work->changes[i], why) == -1) ||
		    upgrade_do(&work->upgrade, &work->changes[i], why) == -1)
			return -1;
	}
	tell_changes(work, false, false);
	tell_upgraded(work, from);
	return 0;
}

/* What cannot be put back has to be of that format already. */
static int
check_all_kept(struct work *work, int to, struct why *why)
{
	int result = 0;

	for (int i = 0; i < PARTS && result == 0; i++)
		if (!work->kept[i])
			result = upgrade_record_missing(&work->upgrade,
			    parts[i], to, why);
	return result;
}

static int
go_back(struct work *work, struct why *why)
{
	int to = format_before(work);
	char words[96];

	if (check_all_kept(work, to, why) == -1 ||
	    check(work, true, why) == -1 ||
	    record(work, format_known(), to, why) == -1 ||
	    tidy(work, why) == -1)
		return -1;
	/* Of what was never kept whole nothing was done. */
	for (int i = PARTS; i-- > 0;)
		if (upgrade_undo(&work->upgrade, &work->changes[i],
		    why) == -1 || forget_record(work, i, why) == -1)
			return -1;
	tell_changes(work, true, false);
	(void)snprintf(words, sizeof(words), "The instance is of format %d "
	    "again: start the version of spoold that it was of.", to);
	tell(work, format_known(), to, true, words);
	return 0;
}

/* --- the command ---------------------------------------------------------- */

static int
upgrade(struct work *work, const struct spoolctl *state, struct why *why)
{
	char words[64];

	if (plan(work, why) == -1)
		return -1;
	if (due(work) > 0 && !state->dry_run) {
		/* What it was before the lock may have changed. */
		forget(work);
		if (take_locks(work, why) == -1 || plan(work, why) == -1)
			return -1;
	}
	if (due(work) == 0) {
		(void)snprintf(words, sizeof(words), "The instance is of "
		    "format %d, which is the newest.", format_known());
		tell(work, format_known(), format_known(), false, words);
		return 0;
	}
	if (!state->dry_run)
		return go(work, why);
	if (check(work, false, why) == -1)
		return -1;
	tell_changes(work, false, true);
	(void)snprintf(words, sizeof(words), "It would go from format %d to "
	    "%d.", format_before(work), format_known());
	tell(work, format_before(work), format_known(), false, words);
	return 0;
}

/*
 * 0 and said, or -1 with *why: there is no way back.  A record that was not
 * kept whole, or is not any more, is none.
 */
static int
no_way_back(struct work *work, const struct spoolctl *state, struct why *why)
{
	const char *directory = work->upgrade.places[UPGRADE_state];
	int format, result;
	char words[64];

	if (upgrade_act(&work->upgrade, UPGRADE_state, why) == -1)
		return -1;
	format = format_of_state(directory, why);
	if (format == -1 || format_check_known(directory, format, why) == -1)
		return -1;
	if (format == format_known())
		result = why_set(why, ERROR_CONFLICT, "the instance is of "
		    "format %d, and nothing of an older one is kept", format);
	else
		result = check_all_kept(work, format, why);
	for (int i = 0; i < PARTS && result == 0 && !state->dry_run; i++)
		result = forget_record(work, i, why);
	if (result == 0 && !state->dry_run)
		result = tidy(work, why);
	if (result == -1)
		return -1;
	(void)snprintf(words, sizeof(words), "The instance is of format %d "
	    "already.", format);
	tell(work, format, format, false, words);
	return 0;
}

static int
upgrade_back(struct work *work, const struct spoolctl *state,
    struct why *why)
{
	char words[64];

	if (!state->dry_run && take_locks(work, why) == -1)
		return -1;
	if (plan_back(work, why) == -1)
		return -1;
	if (!work->kept[0] && !work->kept[1])
		return no_way_back(work, state, why);
	if (!state->dry_run)
		return go_back(work, why);
	if (check_all_kept(work, format_before(work), why) == -1 ||
	    check(work, true, why) == -1)
		return -1;
	tell_changes(work, true, true);
	(void)snprintf(words, sizeof(words), "It would go back from format %d "
	    "to %d.", format_known(), format_before(work));
	tell(work, format_known(), format_before(work), false, words);
	return 0;
}

int
spoolctl_upgrade(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	struct work work = { .cli = cli, .lock = -1, .file_lock = -1 };
	const struct conf *conf;
	struct why why;
	int result = -1;

	umask(077);
	conf = cli_conf(cli, &why);
	if (conf != NULL && upgrade_open(&work.upgrade, conf, &why) == 0)
		result = state->back ? upgrade_back(&work, state, &why) :
		    upgrade(&work, state, &why);
	forget(&work);
	upgrade_close(&work.upgrade);
	if (work.file_lock != -1)
		close(work.file_lock);
	if (work.lock != -1)
		close(work.lock);
	return result == -1 ? cli_fail(cli, &why) : 0;
}
