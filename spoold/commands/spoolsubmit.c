/*
 * spoolsubmit - drops a job, as sendmail(1) does a mail
 *
 * The job is made from the options, or read whole from a file, a directory of
 * files or standard input.  Its form is checked here, so that a mistake is
 * known before anything is written; what spoold thinks of it is asked after
 * the drop (spoolsubmit_batch.c).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/split.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolsubmit.h"

#define STEM_MAX (LIBSPOOL_NAME - 6)	/* bytes: without .json and a NUL */

#define CONNECT_TIMEOUT 5000			/* ms */

#define SUBMIT(field) offsetof(struct submit, field)

static const struct cli_option options[] = {
	{ 'd', "destination", "DEST",
	    "Deliver to DEST; once for each destination. Without: the "
	    "default destinations.", CLI_LIST, SUBMIT(destinations), NULL },
	{ 't', "type", "TYPE", "report, export, data or custom; data.",
	    CLI_TEXT, SUBMIT(type), NULL },
	{ 'p', "priority", "PRIORITY", "0 to 10, 10 goes first; 5.",
	    CLI_TEXT, SUBMIT(priority), NULL },
	{ 'm', "metadata", "KEY=VALUE", "A metadata value; once for each.",
	    CLI_LIST, SUBMIT(metadata), NULL },
	{ 'k', "idempotency-key", "KEY",
	    "The same key again is the same job, and not delivered twice.",
	    CLI_TEXT, SUBMIT(key), NULL },
	{ 'C', "correlation-id", "ID", "The sender's own name for it.",
	    CLI_TEXT, SUBMIT(correlation), NULL },
	{ 'T', "tag", "TAG", "A tag; once for each.", CLI_LIST, SUBMIT(tags), NULL },
	{ 0, "at", "TIME",
	    "Not before: a time, or 2h for in two hours.", CLI_TEXT,
	    SUBMIT(at), NULL },
	{ 0, "expires", "TIME",
	    "Give up then: a time, or 7d for in a week.", CLI_TEXT,
	    SUBMIT(expires), NULL },
	{ 'f', "file", "FILE", "Carry this file; - is standard input.",
	    CLI_TEXT, SUBMIT(file), NULL },
	{ 0, "name", "NAME", "The file's name at the destination.", CLI_TEXT,
	    SUBMIT(name), NULL },
	{ 0, "content-type", "TYPE", "The file's media type.", CLI_TEXT,
	    SUBMIT(content_type), NULL },
	{ 'D', "data", "JSON", "Carry this JSON value.", CLI_TEXT,
	    SUBMIT(data), NULL },
	{ 'w', "wait", "SECONDS",
	    "Wait until it is finished, at most so long, and print the "
	    "receipt.", CLI_DIGITS, SUBMIT(wait), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static void
payload_progress(void *arg, long long bytes)
{
	show_progress(arg, "copying the payload, MiB", bytes >> 20);
}

/* Carries what the descriptor reads.  0, or -1 with *why. */
static int
payload_attach(struct cli *cli, int fd, char data[LIBSPOOL_DATA],
    struct why *why)
{
	struct libspool *spoold = cli_spoold(cli, CLI_RUNNING);
	struct show_progress progress = { .started = 0 };
	int done;

	libspool_set_progress(spoold, payload_progress, &progress);
	done = libspool_attach(spoold, fd, data, &cli->error);
	libspool_set_progress(spoold, NULL, NULL);
	show_progress_end(&progress);
	return done == 0 ? 0 : cli_error(cli, why);
}

static int
payload_copy(struct cli *cli, const char *path, char data[LIBSPOOL_DATA],
    struct why *why)
{
	struct stat stat;
	int fd, done;

	fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
	    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return why_set(why, errno == ENOENT ? ERROR_PAYLOAD_NOT_FOUND
		    : ERROR_PAYLOAD_UNREADABLE, "open %s: %s", path,
		    strerror(errno));
	if (fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode))
		done = why_set(why, ERROR_PAYLOAD_UNREADABLE,
		    "%s is a directory", path);
	else
		done = payload_attach(cli, fd, data, why);
	close(fd);
	return done;
}

/* A job from the options, into the batch. */
static int
submit_composed(struct cli *cli, struct submit *submit)
{
	char data[LIBSPOOL_DATA] = "";
	struct buf text = { .max = 0 };
	struct given given = { .data = submit->file == NULL ? NULL : data };
	struct why why;
	int status = 0;

	if (submit->file != NULL &&
	    payload_copy(cli, submit->file, data, &why) == -1)
		return cli_fail(cli, &why);
	if (submit_compose(&text, submit, data, &why) == -1) {
		payload_detach(cli, given.data);
		status = cli_fail(cli, &why);
	} else {
		given.text = text.data;
		given.length = text.len;
		(void)batch_add(submit->batch, &given);
	}
	buf_wipe(&text);
	return status;
}

/* --- whole jobs --- */

/* The name of the drop: the file's own where it can be one, else NULL. */
static const char *
stem_from(const char *path, char out[STEM_MAX + 1])
{
	const char *base = submit_base_name(path);
	size_t length = strlen(base), end = strlen(".json"), at = 0;
	uint32_t code;
	int bytes = 0;

	if (length > end && strcmp(base + length - end, ".json") == 0)
		length -= end;
	while (at < length && (bytes = utf8_next(base + at, length - at,
	    &code)) > 0 && !utf8_is_control(code))
		at += (size_t)bytes;
	if (at < length || length == 0 || length > STEM_MAX - 8 ||
	    base[0] == '.' || base[0] == '-')
		return NULL;
	(void)snprintf(out, STEM_MAX + 1, "%.*s", (int)length, base);
	return out;
}

/* Each job of a stream; the first keeps the stem as it is. */
static int
submit_stream(struct submit *submit, int fd, const char *stem,
    const char *label)
{
	struct batch *batch = submit->batch;
	char numbered[STEM_MAX + 1];
	struct given given = { .stem = stem == NULL ? NULL : numbered };
	struct split split;
	struct why why;
	unsigned number = 0;
	char *about;
	int found, added = 0;

	split_begin(&split, fd, (size_t)batch->cli->conf->queue_max_job_size);
	while (added == 0 && (found = split_next(&split, &given.text,
	    &given.length, &why)) == 1) {
		number++;
		about = number == 1 ? xstrdup(label)
		    : xasprintf("%s, job %u", label, number);
		(void)snprintf(numbered, sizeof(numbered),
		    number == 1 ? "%.*s" : "%.*s-%u", STEM_MAX - 11,
		    stem == NULL ? "" : stem, number);
		given.label = about;
		added = batch_add(batch, &given);
		free(about);
	}
	split_end(&split);
	if (added == -1)
		return -1;
	if (found == 0 && number == 0)
		found = why_set(&why, ERROR_VALIDATION_ERROR, "is empty");
	if (found == -1)
		batch_status(batch, cli_fail_about(batch->cli, label, &why));
	return found;
}

static void
submit_file(struct submit *submit, int directory, const char *name,
    const char *path)
{
	struct batch *batch = submit->batch;
	char stem[STEM_MAX + 1];
	struct why why;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1) {
		(void)why_set(&why, errno == ENOENT ? ERROR_PAYLOAD_NOT_FOUND
		    : ERROR_PAYLOAD_UNREADABLE, "open: %s", strerror(errno));
		batch_status(batch, cli_fail_about(batch->cli, path, &why));
		return;
	}
	(void)submit_stream(submit, fd, stem_from(name, stem), path);
	close(fd);
}

static int
entry_wanted(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), end = strlen(".json");

	return entry->d_name[0] != '.' && length > end &&
	    strcmp(entry->d_name + length - end, ".json") == 0;
}

static int
entry_compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files of a directory that end in .json, in the order of their names. */
static void
submit_directory(struct submit *submit, const char *path)
{
	struct batch *batch = submit->batch;
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries = NULL;
	struct why why;
	int count, i;
	char *file;

	count = directory == -1 ? -1
	    : scandirat(directory, ".", &entries, entry_wanted, entry_compare);
	if (count == -1) {
		(void)why_errno(&why, "read %s", path);
		batch_status(batch, cli_fail(batch->cli, &why));
	}
	for (i = 0; i < count; i++) {
		file = xasprintf("%s/%s", path, entries[i]->d_name);
		submit_file(submit, directory, entries[i]->d_name, file);
		free(file);
		free(entries[i]);
	}
	free(entries);
	if (directory != -1)
		close(directory);
}

static void
submit_whole(struct submit *submit, const char *path)
{
	struct stat entry;

	if (strcmp(path, "-") == 0)
		(void)submit_stream(submit, STDIN_FILENO, NULL,
		    "standard input");
	else if (stat(path, &entry) == 0 && S_ISDIR(entry.st_mode))
		submit_directory(submit, path);
	else
		submit_file(submit, AT_FDCWD, path, path);
}

/* --- the command --- */

/* True if options say what the job is like. */
static bool
submit_described(const struct submit *s)
{
	return s->destinations.count + s->metadata.count + s->tags.count > 0 ||
	    s->type != NULL || s->priority != NULL || s->key != NULL ||
	    s->correlation != NULL || s->at != NULL || s->expires != NULL;
}

/* Returns 0, or the exit status of what is wrong. */
static int
submit_check(const struct cli *cli, const struct submit *submit)
{
	size_t inputs = cli->word_count + (submit->file != NULL) +
	    (submit->data != NULL);

	if (inputs == 0)
		return cli_usage(cli,
		    "what to send is missing: --file, --data, JOBFILE or -");
	if (inputs > 1)
		return cli_usage(cli,
		    "only one of --file, --data, JOBFILE and - can be sent");
	if (cli->word_count > 0 && submit_described(submit))
		return cli_usage(cli, "a whole job says itself where it goes "
		    "and how: --destination and the like are for --file and "
		    "--data");
	if (submit->file == NULL &&
	    (submit->name != NULL || submit->content_type != NULL))
		return cli_usage(cli,
		    "--name and --content-type are for --file");
	return 0;
}

/* A spoold that is down, or stuck, keeps nobody from dropping. */
static int
batch_connect(struct batch *batch, struct why *why)
{
	struct cli *cli = batch->cli;
	struct libspool *spoold = cli_spoold(cli, CLI_RUNNING);

	libspool_set_timeout(spoold, CONNECT_TIMEOUT);
	batch->online = libspool_connect(spoold, &cli->error) == 0;
	if (batch->online)
		return 0;
	(void)cli_error(cli, why);
	return why->code == ERROR_UNAVAILABLE ? 0 : -1;
}

static int
submit_prepare(struct cli *cli, struct submit *submit, struct why *why)
{
	struct batch *batch = submit->batch;
	int64_t seconds;

	batch->cli = cli;
	batch->wait = submit->wait != NULL;
	batch->until = -1;
	if (batch->wait && submit->wait[0] != '\0') {
		if (cli_number("--wait", submit->wait, 0, INT32_MAX, &seconds,
		    why) == -1)
			return -1;
		batch->until = clock_monotonic() + seconds * 1000;
	}
	if (cli_drops(cli, why) == NULL)
		return -1;
	return batch_connect(batch, why);
}

static int
submit_run(struct cli *cli, void *state)
{
	struct submit *submit = state;
	int status = submit_check(cli, submit);
	struct why why;

	if (status != 0)
		return status;
	submit->batch = xcalloc(1, sizeof(*submit->batch));
	if (submit_prepare(cli, submit, &why) == -1)
		status = cli_fail(cli, &why);
	else if (cli->word_count > 0)
		submit_whole(submit, cli->words[0]);
	else
		status = submit_composed(cli, submit);
	batch_flush(submit->batch);
	show_progress_end(&submit->batch->progress);
	if (status == 0)
		status = submit->batch->status;
	free(submit->batch);
	return status;
}

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoolsubmit",
		.itself = {
			.synopsis = "[JOBFILE | -]",
			.sentence = "Drops a job and prints its delivery id.",
			.options = options,
			.words_max = 1,
			.action = submit_run,
		},
	};
	struct submit submit = { .wait = NULL };

	return cli_run(&program, argc, argv, &submit);
}
