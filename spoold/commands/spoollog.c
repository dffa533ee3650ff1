/*
 * spoollog - the journal: follow, search, verify; as postlog(1), journalctl(1)
 *
 * Reads the files; spoold is neither needed nor asked.  A line that is wrong
 * is reported and the rest is read all the same: whoever looks for something
 * wants what there is.  Only `verify` is a judgement.
 */
#include "spoold/commands/spoollog.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/id.h"
#include "lib/show.h"
#include "lib/xalloc.h"

#define ID_PREFIX 8		/* the shortest that stands for an id */
#define TAIL_LINES 10		/* that -f begins with */
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

struct log_command {
	bool		 follow;
	const char	*since, *until;
	struct cli_list	 events;
	const char	*job;
	const char	*destination;
	const char	*key;
	const char	*head;
};

#define LOG_OPTION(field) offsetof(struct log_command, field)

static const struct cli_option options[] = {
	{ 'f', "follow", NULL, "Print the last lines, then what is added.",
	    CLI_FLAG, LOG_OPTION(follow), NULL },
	{ 0, "since", "TIME", "Only lines from TIME on.", CLI_TEXT,
	    LOG_OPTION(since), NULL },
	{ 0, "until", "TIME", "Only lines before TIME.", CLI_TEXT,
	    LOG_OPTION(until), NULL },
	{ 0, "event", "EVENT", "Only that event; may be given several times.",
	    CLI_LIST, LOG_OPTION(events), NULL },
	{ 0, "job", "ID", "Only lines about that job.", CLI_TEXT,
	    LOG_OPTION(job), NULL },
	{ 0, "dest", "DEST", "Only lines about that destination.", CLI_TEXT,
	    LOG_OPTION(destination), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option verify_options[] = {
	{ 0, "key", "FILE", "The first public key; else the instance's "
	    "journal.pub.", CLI_TEXT, LOG_OPTION(key), NULL },
	{ 0, "head", "SEQ:HASH", "A head kept elsewhere, which must be in it.",
	    CLI_TEXT, LOG_OPTION(head), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

/* A path below log_directory, which the caller frees, or NULL with *why. */
static char *
log_path(struct cli *cli, const char *name, struct why *why)
{
	const struct conf *conf = cli_conf(cli, why);
	struct stat st;
	char *path;

	if (conf == NULL)
		return NULL;
	path = xasprintf("%s/%s", conf->top_log_directory, name);
	if (stat(path, &st) == -1) {
		why_errno(why, "%s", path);
		if (why->code == ERROR_INTERNAL_ERROR)
			why_set(why, ERROR_UNAVAILABLE,
			    "%s: there is no journal yet: spoolctl start begins "
			    "it", path);
		free(path);
		return NULL;
	}
	return path;
}

/* --- lines ---------------------------------------------------------------- */

static int
filter_events(struct log_filter *f, const struct cli_list *events,
    struct why *why)
{
	for (size_t i = 0; i < events->count; i++) {
		int event = event_by_name(events->items[i]);

		if (event == -1)
			return why_set(why, ERROR_USAGE, "--event: \"%s\" is "
			    "none; spoold-journal(5) lists them",
			    events->items[i]);
		f->events[event] = true;
		f->some_events = true;
	}
	return 0;
}

static int
filter_job(struct log_filter *f, const char *job, struct why *why)
{
	size_t length = strlen(job);

	if (length < ID_PREFIX || length > ID_LENGTH || job[strspn(job,
	    "0123456789ABCDEFGHJKMNPQRSTVWXYZ")] != '\0')
		return why_set(why, ERROR_USAGE, "--job: \"%s\" is no id, nor "
		    "the first %d characters of one or more", job, ID_PREFIX);
	f->job = job;
	return 0;
}

static int
filter_make(struct cli *cli, const struct log_command *c,
    struct log_filter *f, struct why *why)
{
	if (filter_events(f, &c->events, why) == -1)
		return -1;
	if (c->since != NULL &&
	    cli_when("--since", c->since, &f->since, why) == -1)
		return -1;
	if (c->until != NULL &&
	    cli_when("--until", c->until, &f->until, why) == -1)
		return -1;
	if (c->job != NULL && filter_job(f, c->job, why) == -1)
		return -1;
	f->destination = c->destination;
	if (cli->organization == NULL)
		return 0;
	if (cli_organization(cli, why) == NULL)
		return -1;
	f->organization = cli->organization;
	return 0;
}

/* Where reading begins, or -1 with *why. */
static int64_t
first_seq(const char *directory, const struct log_command *c,
    const struct log_filter *f, struct why *why)
{
	char hash[HEX_SIZE(JOURNAL_HASH)];
	int64_t seq = 0;

	int there = journal_head(directory, &seq, hash, why);

	if (there == -1)
		return -1;
	if (there == 0 && !c->follow)
		return why_set(why, ERROR_UNAVAILABLE, "%s: there is no line "
		    "yet: spoolctl start begins it", directory);
	if (f->since != 0)
		return journal_seek(directory, f->since, why);
	if (!c->follow)
		return 1;
	return seq > TAIL_LINES ? seq - TAIL_LINES + 1 : 1;
}

static void
print_line(const struct cli *cli, const struct journal_line *line,
    bool coloured)
{
	if (!cli->json) {
		log_show(line, coloured);
		return;
	}
	(void)fwrite(line->text, 1, line->length, stdout);
	(void)putchar('\n');
}

/*
 * Prints what is there.  Returns 1 if more may come, 0 if what comes now is
 * too late to be wanted; a wrong line is reported and makes *status its own.
 */
static int
print_lines(struct cli *cli, struct journal_reader *reader,
    const struct log_filter *f, int *status)
{
	bool coloured = show_coloured(stdout);
	struct journal_line line;
	struct why why;
	int r;

	while ((r = journal_reader_next(reader, &line, &why)) != 0) {
		if (r == -1) {
			*status = cli_fail(cli, &why);
			/* What cannot be read at all will not get better. */
			if (why.code != ERROR_VALIDATION_ERROR)
				return 0;
			continue;
		}
		/* The clock may have been set back, but not by a day. */
		if (f->until != 0 && line.time >= f->until + DAY_MS)
			return 0;
		if (log_filter_takes(f, &line))
			print_line(cli, &line, coloured);
		if (ferror(stdout))
			return 0;
	}
	return 1;
}

static int
print_journal(struct cli *cli, const struct log_command *c,
    const char *directory, const struct log_filter *f)
{
	struct journal_reader *reader = NULL;
	struct log_watch watch = { -1 };
	struct why why;
	int64_t seq = first_seq(directory, c, f, &why);
	int status = 0;

	if (seq != -1)
		reader = journal_reader_open(directory, seq, &why);
	if (reader == NULL)
		return cli_fail(cli, &why);
	if (c->follow)
		log_watch_open(&watch, directory);
	while (print_lines(cli, reader, f, &status) == 1 && c->follow &&
	    (f->until == 0 || clock_wall() < f->until)) {
		if (fflush(stdout) == EOF)
			break;
		log_watch_wait(&watch);
	}
	log_watch_close(&watch);
	journal_reader_close(&reader);
	return status;
}

static int
log_lines(struct cli *cli, void *state)
{
	const struct log_command *c = state;
	struct log_filter filter = { 0 };
	struct why why;
	char *directory;
	int status;

	if (filter_make(cli, c, &filter, &why) == -1)
		return cli_fail(cli, &why);
	directory = log_path(cli, "journal", &why);
	if (directory == NULL)
		return cli_fail(cli, &why);
	status = print_journal(cli, c, directory, &filter);
	free(directory);
	return status;
}

/* --- head, verify --------------------------------------------------------- */

static int
log_head(struct cli *cli, void *state)
{
	char hash[HEX_SIZE(JOURNAL_HASH)];
	struct why why;
	int64_t seq;
	char *directory = log_path(cli, "journal", &why);
	int r;

	(void)state;
	if (directory == NULL)
		return cli_fail(cli, &why);
	r = journal_head(directory, &seq, hash, &why);
	if (r == 0)
		r = why_set(&why, ERROR_UNAVAILABLE,
		    "%s: there is no line yet", directory);
	free(directory);
	if (r == -1)
		return cli_fail(cli, &why);
	printf(cli->json ? "{\"seq\":%" PRId64 ",\"hash\":\"%s\"}\n" :
	    "%" PRId64 ":%s\n", seq, hash);
	return 0;
}

static void
print_verdict_json(const struct journal_verdict *v, const struct why *bad,
    bool head)
{
	struct buf out = { 0 };

	json_open(&out, NULL, '{');
	json_put_boolean(&out, "good", bad == NULL);
	json_put_integer(&out, "lines", v->lines);
	json_put_integer(&out, "checkpoints", v->checkpoints);
	json_put_integer(&out, "firstSeq", v->first_seq);
	json_put_integer(&out, "lastSeq", v->last_seq);
	json_put_string(&out, "lastHash", v->last_hash);
	json_put_integer(&out, "unproven", v->unproven);
	json_put_boolean(&out, "headChecked", bad == NULL && head);
	if (bad != NULL) {
		json_put_string(&out, "reason", bad->text);
		json_put_string(&out, "segment", v->bad_segment);
		json_put_integer(&out, "line", v->bad_line);
	}
	json_close(&out, '}');
	printf("%s\n", out.data);
	buf_free(&out);
}

static void
print_verdict(const struct journal_verdict *v, const struct why *bad,
    bool head)
{
	if (bad != NULL) {
		printf("bad: ");
		show_text(stdout, bad->text);
		printf("\n");
		return;
	}
	printf("good: %" PRId64 " lines, %" PRId64 " to %" PRId64 ", %" PRId64
	    " checkpoints\n", v->lines, v->first_seq, v->last_seq,
	    v->checkpoints);
	if (v->unproven > 0)
		printf("%" PRId64 " lines after the last checkpoint are "
		    "unproven\n", v->unproven);
	if (!head)
		printf("the tail is unproven: lines cut off at the end show "
		    "only with --head\n");
}

/* What there is to verify: all of the instance's, a directory, or files. */
static int
verify_words(struct cli *cli, const char *key, const char *head,
    struct journal_verdict *v, struct why *why)
{
	struct stat st;
	bool directory = cli->word_count == 1 &&
	    stat(cli->words[0], &st) == 0 && S_ISDIR(st.st_mode);
	char *path;
	int r;

	if (cli->word_count > 0)
		return journal_verify(directory ? cli->words[0] : NULL,
		    cli->words, directory ? 0 : cli->word_count, key, head, v,
		    why);
	path = log_path(cli, "journal", why);
	if (path == NULL)
		return -1;
	r = journal_verify(path, NULL, 0, key, head, v, why);
	free(path);
	return r;
}

/* What is named must be there: 0, or -1 with *why. */
static int
words_check(const struct cli *cli, struct why *why)
{
	for (size_t i = 0; i < cli->word_count; i++)
		if (access(cli->words[i], F_OK) == -1) {
			(void)why_errno(why, "%s", cli->words[i]);
			if (why->code == ERROR_INTERNAL_ERROR)
				why->code = ERROR_USAGE;
			return -1;
		}
	return 0;
}

static int
log_verify(struct cli *cli, void *state)
{
	const struct log_command *c = state;
	struct journal_verdict verdict;
	struct why why;
	char *key = NULL;
	int r = words_check(cli, &why);

	if (r == 0)
		key = c->key != NULL ? xstrdup(c->key) :
		    log_path(cli, "journal.pub", &why);
	r = key == NULL ? -1 :
	    verify_words(cli, key, c->head, &verdict, &why);

	free(key);
	if (r == -1)
		return cli_fail(cli, &why);
	if (cli->json)
		print_verdict_json(&verdict, r == 0 ? NULL : &why,
		    c->head != NULL);
	else
		print_verdict(&verdict, r == 0 ? NULL : &why,
		    c->head != NULL);
	return r;
}

int
main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "verify", "[FILE...]", "Check the chain and every signature.",
		    verify_options, 0, SIZE_MAX, log_verify },
		{ "head", NULL, "Print the last line's seq and hash, to keep "
		    "elsewhere.", NULL, 0, 0, log_head },
		{ NULL, NULL, NULL, NULL, 0, 0, NULL }
	};
	static const struct cli_program program = {
		.name = "spoollog",
		.verbs = verbs,
		.itself = {
			.sentence = "Print the journal: everything that "
			    "happened.",
			.options = options,
			.action = log_lines,
		},
	};
	struct log_command command = { 0 };

	return cli_run(&program, argc, argv, &command);
}
