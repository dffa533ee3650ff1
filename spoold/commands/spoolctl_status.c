/*
 * spoolctl status - how an instance is
 *
 * Exit status 0 healthy, 1 degraded, 2 down.  With spoold down, what waits is
 * counted in the directories.
 */
#include <sys/statvfs.h>

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/show.h"
#include "lib/spool.h"

#include "spoold/commands/spoolctl.h"

enum { STATUS_HEALTHY, STATUS_DEGRADED, STATUS_DOWN };

/* --- free space --- */

/* The file systems of spool and journal. */
static void
put_space(struct buf *out, const struct conf *conf)
{
	const char *const paths[] = { conf->top_spool_directory,
	    conf->top_log_directory };
	struct statvfs fs;

	json_open(out, NULL, '[');
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (statvfs(paths[i], &fs) == -1)
			continue;
		json_open(out, NULL, '{');
		json_put_string(out, "directory", paths[i]);
		json_put_integer(out, "bytesFree",
		    (int64_t)(fs.f_bavail * fs.f_frsize));
		json_put_integer(out, "inodesFree", (int64_t)fs.f_favail);
		json_close(out, '}');
	}
	json_close(out, ']');
}

/* --- with spoold down --- */

static int64_t
count_queue(const struct spool *spool, enum queue queue)
{
	struct ticket ticket;
	const char *name, *day;
	struct why why;
	struct spool_list *list = spool_list(spool, queue, &why);
	int64_t count = 0;

	if (list == NULL)
		return 0;
	while ((name = spool_list_next(list, &day)) != NULL)
		count += ticket_parse(name, &ticket) == 0;
	spool_list_free(&list);
	return count;
}

/* The same members that spoold itself gives, as far as they can be known. */
static void
put_down(struct buf *out, const struct conf *conf)
{
	json_open(out, NULL, '{');
	json_put_string(out, "health", "down");
	json_open(out, "organizations", '[');
	for (size_t i = 0; i < conf->organization_count; i++) {
		const char *id = conf->organizations[i].id;
		struct why why;
		struct spool *spool = spool_open(conf->top_spool_directory,
		    id, &why);

		if (spool == NULL)
			continue;
		json_open(out, NULL, '{');
		json_put_string(out, "organizationId", id);
		json_put_integer(out, "pendingCount",
		    count_queue(spool, QUEUE_cur));
		json_put_integer(out, "processingCount", 0);
		json_put_integer(out, "retryingCount",
		    count_queue(spool, QUEUE_retry));
		json_put_integer(out, "heldCount",
		    count_queue(spool, QUEUE_hold));
		json_put_integer(out, "failedCount",
		    count_queue(spool, QUEUE_failed));
		json_close(out, '}');
		spool_close(&spool);
	}
	json_close(out, ']');
	json_close(out, '}');
}

/* --- for people --- */

static int64_t
number(const struct json *object, const char *name)
{
	return json_integer(json_get(object, name), 0);
}

static void
show_organizations(const struct json *status)
{
	static const struct show_column columns[] = {
		{ "ORGANIZATION", false }, { "DUE", true },
		{ "IN FLIGHT", true }, { "RETRYING", true }, { "HELD", true },
		{ "FAILED", true }, { "OLDEST", true }, { NULL, false }
	};
	struct show_table *table = show_table_new(stdout, columns);
	const struct json *org;
	char age[32];

	for (org = json_first(json_get(status, "organizations"));
	    org != NULL; org = json_next(org)) {
		show_cell(table, SHOW_PLAIN, json_string(json_get(org,
		    "organizationId"), ""));
		show_cell_number(table, number(org, "pendingCount"));
		show_cell_number(table, number(org, "processingCount"));
		show_cell_number(table, number(org, "retryingCount"));
		show_cell_number(table, number(org, "heldCount"));
		show_cell_number(table, number(org, "failedCount"));
		clock_format_age(number(org, "oldestPendingAge"), age);
		show_cell(table, SHOW_PLAIN,
		    number(org, "oldestPendingAge") == 0 ? "-" : age);
	}
	show_table_close(&table);
}

static void
show_workers(const struct json *status)
{
	static const struct show_column columns[] = {
		{ "WORKER", false }, { "ORGANIZATION", false },
		{ "PID", true }, { "STATE", false }, { "IN FLIGHT", true },
		{ NULL, false }
	};
	struct show_table *table = show_table_new(stdout, columns);
	const struct json *worker;

	for (worker = json_first(json_get(status, "workers"));
	    worker != NULL; worker = json_next(worker)) {
		show_cell(table, SHOW_PLAIN, json_string(json_get(worker,
		    "transport"), ""));
		show_cell(table, SHOW_PLAIN, json_string(json_get(worker,
		    "organizationId"), ""));
		show_cell_number(table, number(worker, "pid"));
		show_cell(table, SHOW_PLAIN, json_string(json_get(worker,
		    "state"), ""));
		show_cell_number(table, number(worker, "inFlight"));
	}
	show_table_close(&table);
}

static void
show_space(const struct json *status)
{
	static const struct show_column columns[] = {
		{ "FREE", true }, { "INODES", true }, { "DIRECTORY", false },
		{ NULL, false }
	};
	struct show_table *table = show_table_new(stdout, columns);
	const struct json *item;
	char size[24];

	for (item = json_first(json_get(status, "space")); item != NULL;
	    item = json_next(item)) {
		show_size(number(item, "bytesFree"), size);
		show_cell(table, SHOW_PLAIN, size);
		show_cell_number(table, number(item, "inodesFree"));
		show_cell(table, SHOW_PLAIN, json_string(json_get(item,
		    "directory"), ""));
	}
	show_table_close(&table);
}

static void
show_head(const struct json *status)
{
	int64_t started = 0;
	char since[40];

	if (json_get(status, "pid") == NULL) {
		(void)printf("spoold is down\n");
		return;
	}
	(void)clock_parse(json_string(json_get(status, "startedAt"), ""),
	    &started);
	show_relative(started, clock_wall(), since);
	(void)printf("spoold %s is %s: pid %lld, started %s\n",
	    json_string(json_get(status, "version"), "?"),
	    json_string(json_get(status, "health"), "?"),
	    (long long)number(status, "pid"), since);
}

static void
show_status(const struct json *status)
{
	const struct json *alert;

	show_head(status);
	for (alert = json_first(json_get(status, "alerts")); alert != NULL;
	    alert = json_next(alert)) {
		(void)printf("alert ");
		show_text(stdout, json_string(json_get(alert, "name"), ""));
		(void)printf(": ");
		show_text(stdout, json_string(json_get(alert, "reason"), ""));
		(void)putchar('\n');
	}
	show_organizations(status);
	show_workers(status);
	show_space(status);
}

/* --- both --- */

/* What can be seen without spoold.  NULL with *why. */
static struct json *
look_oneself(const struct conf *conf, struct why *why)
{
	struct buf text = { .max = 0 };
	struct json *status;

	put_down(&text, conf);
	status = json_parse(text.data, text.len, why);
	buf_free(&text);
	return status;
}

static int
add_space(struct json *status, const struct conf *conf, struct why *why)
{
	struct buf text = { .max = 0 };
	struct json *space;

	put_space(&text, conf);
	space = json_parse(text.data, text.len, why);
	buf_free(&text);
	if (space == NULL)
		return -1;
	json_set(status, "space", space);
	json_free(&space);
	return 0;
}

/* What spoold says, or what can be seen without it. */
static struct json *
look(struct cli *cli, const struct conf *conf, struct why *why)
{
	struct json *status = cli_answer(cli, libspool_server_status(
	    cli_spoold(cli, CLI_SERVER), &cli->error), why);

	if (status == NULL && why->code == ERROR_UNAVAILABLE)
		status = look_oneself(conf, why);
	if (status != NULL && add_space(status, conf, why) == -1)
		json_free(&status);
	return status;
}

int
spoolctl_status(struct cli *cli, void *arg)
{
	const struct conf *conf = NULL;
	struct json *status = NULL;
	struct buf line = { .max = 0 };
	const char *health;
	struct why why;
	int result;

	(void)arg;
	if ((conf = cli_conf(cli, &why)) == NULL ||
	    (status = look(cli, conf, &why)) == NULL)
		return cli_fail(cli, &why);
	if (cli->json) {
		json_print(&line, status);
		(void)printf("%s\n", line.data);
		buf_free(&line);
	} else {
		show_status(status);
	}
	health = json_string(json_get(status, "health"), "");
	result = strcmp(health, "healthy") == 0 ? STATUS_HEALTHY :
	    strcmp(health, "down") == 0 ? STATUS_DOWN : STATUS_DEGRADED;
	json_free(&status);
	return result;
}
