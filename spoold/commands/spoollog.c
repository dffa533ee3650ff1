/*
 * spoollog - the journal: list, follow, search, verify
 *
 * It reads the segments itself, so it works with spoold down and on a copy.
 * Following waits for the directory to change; a line that is only half
 * written yet is read when it is whole.
 */
#include <sys/inotify.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/clock.h"
#include "lib/journal.h"
#include "lib/json.h"
#include "lib/show.h"
#include "lib/xalloc.h"

struct spoollog {
	bool		 follow;
	const char	*since, *until, *event, *job, *dest;
	const char	*key, *head;
};

/* What is printed. */
struct filter {
	int64_t		 since, until;	/* wall ms; until 0: no end */
	const char	*event, *job, *dest, *organization;
};

#define FIELD(field) offsetof(struct spoollog, field)
#define END { 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }

static const struct cli_option list_options[] = {
	{ 'f', "follow", NULL, "Go on with what comes.", CLI_FLAG,
	    FIELD(follow), NULL },
	{ 0, "since", "TIME", "Only from then on.", CLI_TEXT, FIELD(since),
	    NULL },
	{ 0, "until", "TIME", "Only until then.", CLI_TEXT, FIELD(until),
	    NULL },
	{ 0, "event", "EVENT", "Only that event.", CLI_TEXT, FIELD(event),
	    NULL },
	{ 0, "job", "ID", "Only that job, or those that begin so.", CLI_TEXT,
	    FIELD(job), NULL },
	{ 0, "dest", "ID", "Only that destination.", CLI_TEXT, FIELD(dest),
	    NULL },
	END
};

static const struct cli_option verify_options[] = {
	{ 0, "key", "FILE", "The first public key, instead of journal.pub.",
	    CLI_TEXT, FIELD(key), NULL },
	{ 0, "head", "SEQ:HASH", "A head kept elsewhere, which must be there.",
	    CLI_TEXT, FIELD(head), NULL },
	END
};

static char *
journal_directory(const struct conf *conf)
{
	return xasprintf("%s/journal", conf->top_log_directory);
}

/* --- listing ---------------------------------------------------------------- */

static bool
filter_takes(const struct filter *filter, const struct journal_line *line,
    const struct json *json)
{
	const char *job = json_string(json_get(json, "job"), "");
	const char *org = json_string(json_get(json, "org"), NULL);

	return line->time >= filter->since &&
	    (filter->until == 0 || line->time <= filter->until) &&
	    (filter->event == NULL || strcmp(json_string(json_get(json,
	    "event"), ""), filter->event) == 0) &&
	    (filter->job == NULL ||
	    strncmp(job, filter->job, strlen(filter->job)) == 0) &&
	    (filter->dest == NULL || strcmp(json_string(json_get(json,
	    "dest"), ""), filter->dest) == 0) &&
	    (filter->organization == NULL || org == NULL ||
	    strcmp(org, filter->organization) == 0);
}

/* Members that the line's beginning shows, or that only machines read. */
static bool
is_hidden(const char *name)
{
	static const char *const hidden[] = { "seq", "time", "event", "hash",
	    "org", "job", "dest", "signature", "key", "keySignature" };

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (strcmp(name, hidden[i]) == 0)
			return true;
	return false;
}

/* `time event job.dest key=value …` */
static void
line_show(const struct json *json)
{
	const char *job = json_string(json_get(json, "job"), "");
	const char *dest = json_string(json_get(json, "dest"), "");
	const struct json *member;

	(void)printf("%s %-12s ", json_string(json_get(json, "time"), ""),
	    json_string(json_get(json, "event"), ""));
	show_text(stdout, job);
	if (dest[0] != '\0') {
		(void)fputs(job[0] != '\0' ? "." : "", stdout);
		show_text(stdout, dest);
	}
	for (member = json_first(json); member != NULL;
	    member = json_next(member)) {
		struct buf value = { 0 };

		if (is_hidden(json_name(member)))
			continue;
		json_print(&value, member);
		(void)printf(" %s=", json_name(member));
		show_text(stdout, value.data);
		buf_free(&value);
	}
	(void)fputc('\n', stdout);
}

static void
line_print(struct cli *cli, const struct filter *filter,
    const struct journal_line *line)
{
	struct json *json;
	struct why why;

	json = json_parse(line->text, line->length, &why);
	if (json != NULL && filter_takes(filter, line, json)) {
		if (cli->json)
			(void)printf("%.*s\n", (int)line->length, line->text);
		else
			line_show(json);
	}
	json_free(&json);
}

/* Waits until something is written below the directory. */
static int
wait_change(int inotify, struct why *why)
{
	_Alignas(struct inotify_event) char events[4096];

	if (fflush(stdout) != 0)
		return why_errno(why, "write");
	if (read(inotify, events, sizeof(events)) == -1 && errno != EINTR)
		return why_errno(why, "wait for the journal");
	return 0;
}

static int
follow_open(const char *directory, struct why *why)
{
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd == -1 || inotify_add_watch(fd, directory, IN_MODIFY |
	    IN_CREATE) == -1) {
		if (fd != -1)
			close(fd);
		return why_errno(why, "watch %s", directory);
	}
	return fd;
}

/* All lines from `seq` on; a bad one is reported, and the rest goes on. */
static int
lines_print(struct cli *cli, const struct filter *filter,
    struct journal_reader *reader, int inotify)
{
	struct journal_line line;
	struct why why;
	int status = 0, got;

	for (;;) {
		got = journal_reader_next(reader, &line, &why);
		if (got == 1)
			line_print(cli, filter, &line);
		else if (got == -1)
			status = cli_fail(cli, &why);
		else if (inotify == -1)
			return status;
		else if (wait_change(inotify, &why) == -1)
			return cli_fail(cli, &why);
	}
}

static int
read_filter(struct cli *cli, const struct spoollog *state,
    struct filter *filter, struct why *why)
{
	*filter = (struct filter) { .event = state->event, .job = state->job,
	    .dest = state->dest, .organization = cli->organization };
	if (state->since != NULL && cli_when("--since", state->since,
	    &filter->since, why) == -1)
		return -1;
	if (state->until != NULL && cli_when("--until", state->until,
	    &filter->until, why) == -1)
		return -1;
	if (state->event != NULL && event_by_name(state->event) == -1)
		return why_set(why, ERROR_USAGE,
		    "--event %s: there is no such event", state->event);
	return 0;
}

static int
list(struct cli *cli, void *arg)
{
	const struct spoollog *state = arg;
	struct journal_reader *reader = NULL;
	int inotify = -1, status;
	struct filter filter;
	const struct conf *conf;
	char *directory = NULL;
	int64_t seq = 1;
	struct why why;

	conf = cli_conf(cli, &why);
	if (conf == NULL || read_filter(cli, state, &filter, &why) == -1)
		return cli_fail(cli, &why);
	directory = journal_directory(conf);
	if (filter.since != 0)
		seq = journal_seek(directory, filter.since, &why);
	if (seq == -1 || (state->follow &&
	    (inotify = follow_open(directory, &why)) == -1) ||
	    (reader = journal_reader_open(directory, seq, &why)) == NULL)
		status = cli_fail(cli, &why);
	else
		status = lines_print(cli, &filter, reader, inotify);
	journal_reader_close(&reader);
	if (inotify != -1)
		close(inotify);
	free(directory);
	return status;
}

/* --- verifying ---------------------------------------------------------------- */

static void
verdict_print(const struct cli *cli, const struct journal_verdict *verdict,
    bool head)
{
	struct buf line = { 0 };

	if (!cli->json) {
		(void)printf("good: lines %lld to %lld, %lld checkpoints, head "
		    "%lld:%s\n", (long long)verdict->first_seq,
		    (long long)verdict->last_seq,
		    (long long)verdict->checkpoints,
		    (long long)verdict->last_seq, verdict->last_hash);
		if (verdict->unproven != 0)
			(void)printf("%lld lines after the last checkpoint are "
			    "unproven\n", (long long)verdict->unproven);
		if (!head)
			(void)printf("without --head it is unproven that "
			    "nothing was cut off its end\n");
		return;
	}
	json_open(&line, NULL, '{');
	json_put_boolean(&line, "good", true);
	json_put_integer(&line, "firstSeq", verdict->first_seq);
	json_put_integer(&line, "lastSeq", verdict->last_seq);
	json_put_integer(&line, "checkpoints", verdict->checkpoints);
	json_put_integer(&line, "unproven", verdict->unproven);
	json_put_string(&line, "hash", verdict->last_hash);
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

static int
verify(struct cli *cli, void *arg)
{
	const struct spoollog *state = arg;
	struct journal_verdict verdict;
	char *directory, *key, about[128];
	const struct conf *conf;
	struct why why;
	int result;

	/* A copy can be verified where there is no configuration. */
	if (cli->word_count > 0 && state->key != NULL) {
		directory = xstrdup(".");
		key = xstrdup(state->key);
	} else {
		conf = cli_conf(cli, &why);
		if (conf == NULL)
			return cli_fail(cli, &why);
		directory = journal_directory(conf);
		key = state->key != NULL ? xstrdup(state->key) :
		    xasprintf("%s/journal.pub", conf->top_log_directory);
	}
	result = journal_verify(directory, cli->words, cli->word_count, key,
	    state->head, &verdict, &why);
	free(directory);
	free(key);
	if (result == 0) {
		verdict_print(cli, &verdict, state->head != NULL);
		return 0;
	}
	if (result == -1 || verdict.bad_segment[0] == '\0')
		return result == -1 ? cli_fail(cli, &why) :
		    (cli_fail(cli, &why), 1);
	(void)snprintf(about, sizeof(about), "%s:%lld", verdict.bad_segment,
	    (long long)verdict.bad_line);
	(void)cli_fail_about(cli, about, &why);
	return 1;
}

static int
head(struct cli *cli, void *arg)
{
	char hash[2 * JOURNAL_HASH + 1];
	const struct conf *conf;
	char *directory;
	struct why why;
	int64_t seq;
	int result;

	(void)arg;
	conf = cli_conf(cli, &why);
	if (conf == NULL)
		return cli_fail(cli, &why);
	directory = journal_directory(conf);
	result = journal_head(directory, &seq, hash, &why);
	free(directory);
	if (result == 0)
		result = why_set(&why, ERROR_UNAVAILABLE,
		    "the journal has no line yet");
	if (result == -1)
		return cli_fail(cli, &why);
	(void)printf("%lld:%s\n", (long long)seq, hash);
	return 0;
}

static const struct cli_verb verbs[] = {
	{ "verify", "[FILE...]", "Verify the journal: exit 1 at the first bad "
	    "line.", verify_options, 0, SIZE_MAX, verify },
	{ "head", NULL, "Print the last line's seq and hash, to keep "
	    "elsewhere.", NULL, 0, 0, head },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL }
};

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoollog",
		.verbs = verbs,
		.itself = {
			.sentence = "The journal: list, follow, search, "
			    "verify.",
			.options = list_options,
			.action = list,
		},
	};
	struct spoollog state = { .since = NULL };

	return cli_run(&program, argc, argv, &state);
}
