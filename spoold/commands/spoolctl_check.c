/*
 * spoolctl check - looks for what is wrong
 *
 * A line for each finding, worded so that it says what would help; nothing is
 * changed without --fix.  It reads the disk itself, so it works with spoold
 * down.  What an organization's spool has to say is in spoolctl_spool.c, and
 * what its destinations have in spoolctl_destinations.c.
 */
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/format.h"
#include "lib/hex.h"
#include "lib/instance.h"
#include "lib/journal.h"
#include "lib/show.h"
#include "lib/vault.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/mend.h"
#include "spoold/commands/spoolctl_check.h"

#define TAIL 10000		/* lines of the journal that are read */
#define YEAR_2020 1577836800000LL	/* a clock cannot be before it */

void
found(struct check *check, const char *area, const char *format, ...)
{
	char words[1024];
	struct buf line = { .max = 0 };
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(words, sizeof(words), format, ap) < 0)
		words[0] = '\0';
	va_end(ap);
	check->found++;
	if (!check->cli->json) {
		(void)printf("%s: ", area);
		show_text(stdout, words);
		(void)fputc('\n', stdout);
		return;
	}
	json_open(&line, NULL, '{');
	json_put_string(&line, "area", area);
	json_put_string(&line, "message", words);
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

/* --- configuration, directories, key --- */

/* What somebody else could change makes him master of the instance. */
static void
check_file(struct check *check, const struct conf *conf)
{
	struct stat st;
	struct why why;

	if (instance_is_shared(conf)) {
		if (instance_check_file(conf, &why) == -1)
			found(check, "configuration", "%s", why.text);
	} else if (stat(conf->file, &st) == -1)
		found(check, "layout", "%s: %s", conf->file, strerror(errno));
	else if (st.st_uid != geteuid())
		found(check, "layout", "%s belongs to uid %ju, not to %ju",
		    conf->file, (uintmax_t)st.st_uid, (uintmax_t)geteuid());
	else if ((st.st_mode & 022) != 0)
		found(check, "layout", "%s can be written by others: "
		    "chmod go-w", conf->file);
}

/* What keeps spoold from its next start. */
static void
check_format(struct check *check, const struct conf *conf)
{
	struct why why;

	if (format_check(conf, &why) == -1 && why.code == ERROR_CONFIG_ERROR)
		found(check, "format", "%s", why.text);
}

/* Without its user a worker is never started. */
static void
check_users(struct check *check, const struct conf *conf)
{
	char name[INSTANCE_USER_MAX];
	struct account account;
	const char *kind;
	struct why why;

	for (size_t i = 0; (kind = conf_transport_name(i)) != NULL; i++) {
		instance_kind_user(conf, kind, name);
		switch (account_user(name, &account, &why)) {
		case 0:
			found(check, "users", "there is no user %s: spoolctl "
			    "init makes it", name);
			break;
		case -1:
			found(check, "users", "%s", why.text);
			break;
		}
	}
	for (size_t i = 0; i < conf->organization_count; i++)
		if (conf->organizations[i].submitters[0] == '\0')
			found(check, "users", "organization %s has no "
			    "submitters: nobody but root can drop a job",
			    conf->organizations[i].id);
}

static void
check_places(struct check *check, const struct conf *conf)
{
	struct account account = { .uid = geteuid() };
	bool mends = check->fix && instance_is_shared(conf) && geteuid() == 0;
	char words[1024];
	struct why why;

	if (instance_is_shared(conf)) {
		if (instance_user(conf, &account, &why) == -1) {
			found(check, "users", "%s", why.text);
			return;
		}
		check_users(check, conf);
	}
	for (int i = 0; i < PLACES; i++) {
		if (place_check(conf, (enum place)i, account.uid, words,
		    sizeof(words)) == 1)
			continue;
		if (mends && place_make(conf, (enum place)i, &account,
		    &why) == -1)
			found(check, "layout", "%s", why.text);
		found(check, "layout", "%s%s", words, mends ? " (mended)" :
		    "");
	}
}

static void
check_directories(struct check *check, const struct conf *conf)
{
	struct why why;
	int fd;

	check_file(check, conf);
	check_places(check, conf);
	fd = open(conf->top_spool_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	switch (layout_file_system(fd, &why)) {
	case 0:
		found(check, "layout", "the spool is on tmpfs: a power cut "
		    "empties it");
		break;
	case -1:
		found(check, "layout", "%s", why.text);
		break;
	}
	close(fd);
}

static void
check_key(struct check *check, const struct conf *conf)
{
	struct vault *vault;
	struct why why;

	vault = vault_open(conf->top_key_directory, &why);
	if (vault == NULL)
		found(check, "key", "%s", why.text);
	else if (vault_is_rotating(vault))
		found(check, "key", "its rotation was interrupted: spoolkey "
		    "rotate goes on with it");
	vault_close(&vault);
}

/* --- the machine --- */

static void
check_space(struct check *check, const struct conf *conf)
{
	const char *const paths[] = { conf->top_spool_directory,
	    conf->top_log_directory };
	struct statvfs fs;
	char size[24];

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (statvfs(paths[i], &fs) == -1)
			continue;	/* said already */
		show_size((int64_t)(fs.f_bavail * fs.f_frsize), size);
		if (fs.f_bavail * fs.f_frsize <
		    (uint64_t)conf->queue_reserve_bytes)
			found(check, "space", "%s: %s free, less than "
			    "queue.reserve_bytes: nothing new is accepted",
			    paths[i], size);
		/* btrfs has no fixed number of inodes, and says 0. */
		if (fs.f_files != 0 &&
		    fs.f_favail < (uint64_t)conf->queue_reserve_inodes)
			found(check, "space", "%s: %ju inodes free, less than "
			    "queue.reserve_inodes: nothing new is accepted",
			    paths[i], (uintmax_t)fs.f_favail);
	}
}

/* Whether all that spoold watches could be watched once more. */
static void
check_inotify(struct check *check, const struct conf *conf)
{
	int fd = inotify_init1(IN_CLOEXEC);
	bool full = false;

	for (size_t i = 0; i < conf->organization_count; i++)
		for (int queue = 0; queue < QUEUES && fd != -1 && !full;
		    queue++) {
			char *path = xasprintf("%s/%s/%s",
			    conf->top_spool_directory,
			    conf->organizations[i].id,
			    queue_name((enum queue)queue));

			full = inotify_add_watch(fd, path, IN_MOVED_TO) ==
			    -1 && errno == ENOSPC;
			free(path);
		}
	if (full)
		found(check, "inotify", "the kernel's watches are used up: "
		    "spoold reads the directories every 2 s instead; raise "
		    "fs.inotify.max_user_watches, see sysctl(8)");
	if (fd != -1)
		close(fd);
	else
		found(check, "inotify", "the kernel's instances are used up: "
		    "organizations share one, and what that one loses is all "
		    "of theirs; raise fs.inotify.max_user_instances, see "
		    "sysctl(8)");
}

/*
 * Where anybody may link to anybody's file, a submitter cannot read what
 * another one dropped, but keep it from being taken: that has one link then.
 */
static void
check_kernel(struct check *check, const struct conf *conf)
{
	int fd = open("/proc/sys/fs/protected_hardlinks",
	    O_RDONLY | O_CLOEXEC);
	char value = '1';

	if (fd == -1)
		return;
	if (instance_is_shared(conf) && read(fd, &value, 1) == 1 &&
	    value == '0')
		found(check, "kernel", "fs.protected_hardlinks is 0: a "
		    "submitter can keep what another one drops from being "
		    "taken, by a link to it; set it to 1, see sysctl.d(5)");
	close(fd);
}

/* --- the journal, and the clock seen from it --- */

static void
check_clock(struct check *check, int64_t journal_time)
{
	int64_t now = clock_wall();
	char age[32];

	clock_format_age(journal_time - now, age);
	if (now < YEAR_2020)
		found(check, "clock", "it cannot be right: it is before 2020");
	else if (journal_time > now)
		found(check, "clock", "it is %s behind the journal's last "
		    "line", age);
}

/* Reads its last lines; all of it is what `spoollog verify` is for. */
static void
check_journal(struct check *check, const struct conf *conf)
{
	char *directory = xasprintf("%s/journal", conf->top_log_directory);
	char hash[HEX_SIZE(JOURNAL_HASH)];
	struct journal_reader *reader = NULL;
	struct journal_line line = { .time = 0 };
	int64_t seq = 0, last = 0;
	struct why why;
	int result;

	result = journal_head(directory, &seq, hash, &why);
	if (result == 1)
		reader = journal_reader_open(directory,
		    seq > TAIL ? seq - TAIL : 1, &why);
	if (reader != NULL)
		while ((result = journal_reader_next(reader, &line, &why)) ==
		    1)
			last = line.time;
	if (result == -1 || (seq != 0 && reader == NULL))
		found(check, "journal", "%s: see spoollog verify", why.text);
	journal_reader_close(&reader);
	free(directory);
	check_clock(check, last);
}

/* --- what spoold itself says is wrong, if it runs --- */

static void
check_alerts(struct check *check)
{
	const struct json *alert;
	struct json *status;
	struct why why;

	if (cli_connect(check->cli, CLI_SERVER, &why) == -1) {
		if (why.code != ERROR_UNAVAILABLE)
			found(check, "spoold", "%s", why.text);
		return;
	}
	status = cli_answer(check->cli, libspool_server_status(
	    cli_spoold(check->cli, CLI_SERVER), &check->cli->error), &why);
	if (status == NULL)
		found(check, "spoold", "%s", why.text);
	for (alert = json_first(json_get(status, "alerts")); alert != NULL;
	    alert = json_next(alert))
		found(check, "alert", "%s: %s",
		    json_string(json_get(alert, "name"), ""),
		    json_string(json_get(alert, "reason"), ""));
	json_free(&status);
}

/* Everything that is in the spools; with --fix mended as far as can be. */
static void
check_spools(struct check *check, const struct conf *conf)
{
	struct why why;
	int lock;

	/* Of these owners are mended, too, so it is before the lock. */
	for (size_t i = 0; i < conf->organization_count; i++)
		check_layout(check, conf, &conf->organizations[i]);
	/* At rest more can be told: nothing moves while it is looked for. */
	lock = cli_lock(check->cli, MEND_BECAUSE, &why);

	if (check->fix && lock == -1)
		cli_note(check->cli, "%s", why.text);
	check->locked = lock != -1;
	for (size_t i = 0; i < conf->organization_count; i++)
		check_spool(check, conf, conf->organizations[i].id);
	if (lock != -1)
		close(lock);
}

int
spoolctl_check(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	struct check check = { .cli = cli, .fix = state->fix };
	const struct conf *conf;
	struct why why;

	conf = cli_conf(cli, &why);
	if (conf == NULL) {
		found(&check, "configuration", "%s", why.text);
		return 1;
	}
	if (conf->organization_count == 0)
		found(&check, "configuration", "%s: there is no organization",
		    conf->file);
	check_format(&check, conf);
	check_directories(&check, conf);
	check_destinations(&check, conf);
	check_spools(&check, conf);
	check_key(&check, conf);
	check_journal(&check, conf);
	check_space(&check, conf);
	check_inotify(&check, conf);
	check_kernel(&check, conf);
	check_alerts(&check);
	if (check.found == 0 && !cli->json)
		(void)printf("Nothing is wrong\n");
	return check.found == 0 ? 0 : 1;
}
