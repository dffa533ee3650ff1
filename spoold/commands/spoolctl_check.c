/*
 * spoolctl check - looks for what is wrong
 *
 * A line for each finding, worded so that it says what would help; nothing is
 * changed without --fix.  It reads the disk itself, so it works with spoold
 * down.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/journal.h"
#include "lib/show.h"
#include "lib/spool.h"
#include "lib/vault.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/spoolctl.h"

#define YEAR_2020 1577836800000LL	/* a clock before that cannot be right */
#define WATCHES_MIN 1024

struct check {
	struct cli	*cli;
	bool		 fix;
	size_t		 found;
};

static void	 found(struct check *, const char *, const char *, ...)
		    __attribute__((format(printf, 3, 4)));

/* One finding, of an area ("layout", "key", …). */
static void
found(struct check *check, const char *area, const char *format, ...)
{
	char words[1024];
	struct buf line = { 0 };
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

static void
found_layout(void *arg, const char *words)
{
	found(arg, "layout", "%s", words);
}

static void
check_layout(struct check *check, const struct conf *conf, const char *org)
{
	int fd = open(conf->top_spool_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct why why;

	if (fd == -1) {
		found(check, "layout", "%s: %s", conf->top_spool_directory,
		    strerror(errno));
		return;
	}
	if (layout_check(fd, org, check->fix, found_layout, check,
	    &why) == -1)
		found(check, "layout", "%s", why.text);
	close(fd);
}

/* Second files of tickets, which were put aside. */
static void
check_strays(struct check *check, const struct spool *spool)
{
	static const enum queue queues[] = { QUEUE_cur, QUEUE_retry,
	    QUEUE_hold, QUEUE_failed };
	struct dirent *entry;
	struct ticket ticket;
	DIR *dir;

	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++) {
		int fd = openat(spool_directory(spool, queues[i]), ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		dir = fd == -1 ? NULL : fdopendir(fd);
		if (dir == NULL) {
			found(check, "spool", "%s/: %s",
			    queue_name(queues[i]), strerror(errno));
			if (fd != -1)
				close(fd);
			continue;
		}
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] == '.' &&
			    ticket_parse(entry->d_name + 1, &ticket) == 0)
				found(check, "stray", "%s/%s is a second file "
				    "of a ticket, put aside: look at it, then "
				    "remove it", queue_name(queues[i]),
				    entry->d_name);
		closedir(dir);
	}
}

/* Tickets whose job is not in jobs/. */
static void
check_orphans(struct check *check, const struct spool *spool)
{
	static const enum queue queues[] = { QUEUE_cur, QUEUE_retry,
	    QUEUE_hold };
	char job[ID_LENGTH + sizeof(".json")];
	struct spool_list *list;
	const char *name, *day;
	struct ticket ticket;
	struct statx stat;
	struct why why;

	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++) {
		list = spool_list(spool, queues[i], &why);
		if (list == NULL) {
			found(check, "spool", "%s", why.text);
			continue;
		}
		while ((name = spool_list_next(list, &day)) != NULL) {
			if (ticket_parse(name, &ticket) == -1)
				continue;
			id_format(&ticket.id, job);
			memcpy(job + ID_LENGTH, ".json", sizeof(".json"));
			if (spool_stat(spool, QUEUE_jobs, job, &stat,
			    &why) == 0)
				found(check, "orphan", "%s/%s has no job in "
				    "jobs/: it will fail",
				    queue_name(queues[i]), name);
		}
		spool_list_free(&list);
	}
}

static void
check_organization(struct check *check, const struct conf *conf,
    const char *org)
{
	struct spool *spool;
	struct why why;

	check_layout(check, conf, org);
	spool = spool_open(conf->top_spool_directory, org, &why);
	if (spool == NULL) {
		found(check, "spool", "%s", why.text);
		return;
	}
	if (layout_file_system(spool_directory(spool, QUEUE_cur), &why) == -1)
		found(check, "spool", "%s", why.text);
	check_strays(check, spool);
	check_orphans(check, spool);
	spool_close(&spool);
}

static void
check_key(struct check *check, const struct conf *conf)
{
	struct vault *vault;
	struct why why;

	vault = vault_open(conf->top_key_directory, &why);
	if (vault == NULL)
		found(check, "key", "%s", why.text);
	vault_close(&vault);
}

static void
check_journal(struct check *check, const struct conf *conf)
{
	char *directory = xasprintf("%s/journal", conf->top_log_directory);
	char *key = xasprintf("%s/journal.pub", conf->top_log_directory);
	struct journal_verdict verdict;
	struct why why;

	/* Before the first start there is none. */
	if (access(key, F_OK) == 0 && journal_verify(directory, NULL, 0, key,
	    NULL, &verdict, &why) != 0)
		found(check, "journal", "%s", why.text);
	free(directory);
	free(key);
}

static void
check_inotify(struct check *check)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_user_watches", "re");
	char line[32] = "";

	if (file == NULL)
		return;		/* not to be known here */
	if (fgets(line, sizeof(line), file) != NULL &&
	    strtol(line, NULL, 10) < WATCHES_MIN)
		found(check, "inotify", "fs.inotify.max_user_watches is %ld, "
		    "less than %d: see sysctl(8)", strtol(line, NULL, 10),
		    WATCHES_MIN);
	(void)fclose(file);
}

/* What spoold itself says is wrong, if it runs. */
static void
check_alerts(struct check *check)
{
	const struct json *alert;
	struct json *status;
	struct why why;

	if (cli_connect(check->cli, CONTROL_ONLINE, &why) == -1)
		return;
	status = cli_ask(check->cli, "server.status", NULL, -1, &why);
	if (status == NULL)
		found(check, "spoold", "%s", why.text);
	for (alert = json_first(json_get(status, "alerts")); alert != NULL;
	    alert = json_next(alert))
		found(check, "alert", "%s: %s",
		    json_string(json_get(alert, "name"), ""),
		    json_string(json_get(alert, "reason"), ""));
	json_free(&status);
}

int
spoolctl_check(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	struct check check = { .cli = cli, .fix = state->fix };
	const struct conf *conf;
	struct why why;

	conf = cli_conf(cli, &why);
	if (conf == NULL)
		return cli_fail(cli, &why);
	for (size_t i = 0; i < conf->organization_count; i++)
		check_organization(&check, conf, conf->organizations[i].id);
	check_key(&check, conf);
	check_journal(&check, conf);
	check_inotify(&check);
	if (clock_wall() < YEAR_2020)
		found(&check, "clock", "the clock cannot be right");
	check_alerts(&check);
	if (check.found == 0 && !cli->json)
		(void)printf("Nothing is wrong\n");
	return check.found == 0 ? 0 : 1;
}
