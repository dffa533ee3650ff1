/*
 * spooler - an example of libspool: what a program can ask of spoold
 *
 *     cc spooler.c $(pkg-config --cflags --libs libspool) -o spooler
 *     ./spooler submit report.pdf archive
 *
 * Each command is a row of the table below; what spoold answers is printed as
 * JSON, what is wrong said as its own commands say it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libspool.h>

typedef struct libspool_result *command(struct libspool *, char **words,
	    struct libspool_error *);

/* Drops a file for a destination, and waits until it is there or given up. */
static struct libspool_result *
submit(struct libspool *spool, char **words, struct libspool_error *error)
{
	char data[LIBSPOOL_DATA], id[LIBSPOOL_ID], name[LIBSPOOL_NAME];
	char json[512];
	struct libspool_job job = { .json = json, .data = data };
	struct libspool_result *verdict;
	int fd = open(words[0], O_RDONLY | O_CLOEXEC), done;

	if (fd == -1) {
		perror(words[0]);
		exit(66);
	}
	done = libspool_attach(spool, fd, data, error);
	close(fd);
	if (done == -1)
		return NULL;
	(void)snprintf(json, sizeof(json), "{\"destinations\":[\"%s\"],"
	    "\"payload\":{\"type\":\"report\",\"file\":\"%s\"}}", words[1],
	    data);
	/* From here on no crash loses it. */
	if (libspool_drop(spool, &job, id, name, error) == -1)
		return NULL;
	(void)fprintf(stderr, "dropped %s\n", id);
	verdict = libspool_verdict(spool, name, error);
	if (verdict == NULL)
		return NULL;
	libspool_free(&verdict);
	return libspool_wait(spool, id, name, error);
}

/* Drops a whole job; answers when it is accepted or refused. */
static struct libspool_result *
drop(struct libspool *spool, char **words, struct libspool_error *error)
{
	struct libspool_job job = { .json = words[0] };

	return libspool_submit(spool, &job, error);
}

static struct libspool_result *
status(struct libspool *spool, char **words, struct libspool_error *error)
{
	return libspool_status(spool, words[0], NULL, error);
}

static struct libspool_result *
hold(struct libspool *spool, char **words, struct libspool_error *error)
{
	struct libspool_tickets tickets = { .id = words[0] };

	return libspool_hold(spool, &tickets, error);
}

static struct libspool_result *
release(struct libspool *spool, char **words, struct libspool_error *error)
{
	struct libspool_tickets tickets = { .id = words[0] };

	return libspool_release(spool, &tickets, error);
}

static struct libspool_result *
cancel(struct libspool *spool, char **words, struct libspool_error *error)
{
	struct libspool_tickets tickets = { .id = words[0] };

	return libspool_cancel(spool, &tickets, error);
}

static struct libspool_result *
queue(struct libspool *spool, char **words, struct libspool_error *error)
{
	(void)words;
	return libspool_queue_status(spool, error);
}

static struct libspool_result *
create(struct libspool *spool, char **words, struct libspool_error *error)
{
	return libspool_destination_create(spool, words[0], error);
}

static struct libspool_result *
list(struct libspool *spool, char **words, struct libspool_error *error)
{
	(void)words;
	return libspool_destination_list(spool, "{\"limit\":50}", error);
}

/* Any verb of spoold-control(7) with its fields. */
static struct libspool_result *
ask(struct libspool *spool, char **words, struct libspool_error *error)
{
	return libspool_ask(spool, words[0], words[1], error);
}

/* The payload itself; whoever reads it says why. */
static struct libspool_result *
payload(struct libspool *spool, char **words, struct libspool_error *error)
{
	struct libspool_result *result;
	char bytes[4096];
	long long at, end;
	ssize_t n;
	int fd;

	result = libspool_payload(spool, words[0], NULL, words[1], &fd,
	    error);
	if (result == NULL)
		return NULL;
	at = libspool_number(result, "offset", 0);
	end = at + libspool_number(result, "bytes", 0);
	for (; at < end; at += n) {
		n = pread(fd, bytes, end - at < (long long)sizeof(bytes) ?
		    (size_t)(end - at) : sizeof(bytes), at);
		if (n <= 0 || fwrite(bytes, 1, (size_t)n, stdout) == 0)
			break;
	}
	(void)putchar('\n');
	close(fd);
	return result;
}

static const struct {
	const char	*name;
	int		 words;
	const char	*synopsis;
	command		*run;
} commands[] = {
	{ "submit", 2, "FILE DESTINATION", submit },
	{ "drop", 1, "JOB", drop },
	{ "status", 1, "ID", status },
	{ "hold", 1, "ID", hold },
	{ "release", 1, "ID", release },
	{ "cancel", 1, "ID", cancel },
	{ "payload", 2, "ID REASON", payload },
	{ "queue", 0, "", queue },
	{ "create", 1, "DESTINATION", create },
	{ "list", 0, "", list },
	{ "ask", 2, "VERB FIELDS", ask },
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static int
run(command *wanted, char **words)
{
	struct libspool_error error;
	struct libspool_result *result = NULL;
	struct libspool *spool = libspool_open(NULL,
	    getenv("SPOOLER_ORGANIZATION"), &error);
	int exit_status = 0;

	if (spool != NULL)
		result = wanted(spool, words, &error);
	if (result != NULL)
		(void)puts(libspool_json(result));
	else {
		(void)fprintf(stderr, "spooler: %s: %s\n", error.code,
		    error.message);
		exit_status = error.status;
	}
	libspool_free(&result);
	libspool_close(&spool);
	return exit_status;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (argc > 1 && strcmp(argv[1], commands[i].name) == 0 &&
		    argc == commands[i].words + 2)
			return run(commands[i].run, argv + 2);
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(stderr, "usage: spooler %s %s\n",
		    commands[i].name, commands[i].synopsis);
	return 64;
}
