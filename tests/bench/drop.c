/*
 * drop - a client that submits durably, as many as it has at once
 *
 *     drop DIRECTORY JOBS BATCH RATE [files]
 *
 * Writes jobs of 1 KiB, or with `files` jobs that name the payload `f<SEQ>`
 * each, to DIRECTORY/tmp, syncs them with one syncfs(2), renames them to
 * DIRECTORY/new and syncs that: BATCH at a time, or with a RATE of so many a
 * second, those that have become due meanwhile.  At the end it prints
 * `SEQ DUE RENAMED` (monotonic ns) for each.  When a job became due, not when
 * the client came round to it, is when it was submitted.
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOB_BYTES 1024
#define SEQ_FIRST 1000000	/* so that all are of one length */
#define NAME_SIZE 32
#define NS 1000000000U

struct client {
	int tmp, new;
	size_t jobs, batch;
	bool files;
	uint64_t start, interval;	/* ns; 0: as fast as it goes */
	uint64_t *due, *renamed;	/* own, one for each job */
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) == -1)
		err(1, "clock_gettime");
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

static void
sleep_until(uint64_t at)
{
	struct timespec when = { .tv_sec = (time_t)(at / NS),
	    .tv_nsec = (long)(at % NS) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when,
	    NULL) != 0)
		continue;
}

static int
directory_open(const char *parent, const char *name)
{
	int up = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (up == -1)
		err(1, "%s", parent);
	fd = openat(up, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		err(1, "%s/%s", parent, name);
	close(up);
	return fd;
}

static void
job_name(char out[NAME_SIZE], size_t job)
{
	(void)snprintf(out, NAME_SIZE, "b%zu.json", SEQ_FIRST + job);
}

/* JOB_BYTES of text. */
static size_t
job_of_data(char *text, size_t seq)
{
	static const char tail[] = "\"}}}";
	int head;

	head = snprintf(text, JOB_BYTES, "{\"destinations\":[\"sink\"],"
	    "\"payload\":{\"type\":\"data\",\"data\":{\"seq\":%zu,"
	    "\"pad\":\"", seq);
	memset(text + head, 'x', JOB_BYTES - (size_t)head);
	(void)snprintf(text + JOB_BYTES - strlen(tail), sizeof(tail), "%s",
	    tail);
	return JOB_BYTES;
}

static size_t
job_of_file(char *text, size_t seq)
{
	return (size_t)snprintf(text, JOB_BYTES, "{\"destinations\":"
	    "[\"sink\"],\"payload\":{\"type\":\"export\","
	    "\"file\":\"f%zu\"}}", seq);
}

static void
job_write(const struct client *client, size_t job)
{
	char text[JOB_BYTES + 1], name[NAME_SIZE];
	size_t length = client->files ? job_of_file(text, SEQ_FIRST + job) :
	    job_of_data(text, SEQ_FIRST + job);
	int fd;

	job_name(name, job);
	fd = openat(client->tmp, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, text, length) != (ssize_t)length ||
	    close(fd) == -1)
		err(1, "tmp/%s", name);
}

static void
job_rename(const struct client *client, size_t job)
{
	char name[NAME_SIZE];

	job_name(name, job);
	if (renameat2(client->tmp, name, client->new, name,
	    RENAME_NOREPLACE) == -1)
		err(1, "new/%s", name);
	client->renamed[job] = now_ns();
}

/* The end of the batch that begins with this job; waits until it is due. */
static size_t
batch_end(const struct client *client, size_t first)
{
	size_t end = first;
	uint64_t now;

	if (client->interval > 0)
		sleep_until(client->start + first * client->interval);
	now = now_ns();
	for (; end < client->jobs && end - first < client->batch; end++) {
		uint64_t due = client->interval == 0 ? now :
		    client->start + end * client->interval;

		if (due > now)
			break;
		client->due[end] = due;
	}
	return end;
}

static void
batch_submit(const struct client *client, size_t first, size_t end)
{
	for (size_t job = first; job < end; job++)
		job_write(client, job);
	if (syncfs(client->tmp) == -1)
		err(1, "syncfs");
	for (size_t job = first; job < end; job++)
		job_rename(client, job);
	if (fsync(client->new) == -1)
		err(1, "sync new/");
}

static size_t
number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		errx(64, "no number: %s", text);
	return value;
}

int
main(int argc, char *argv[])
{
	struct client client = { 0 };
	size_t rate, end;

	if (argc != 5 && (argc != 6 || strcmp(argv[5], "files") != 0))
		errx(64, "usage: drop DIRECTORY JOBS BATCH RATE [files]");
	client.files = argc == 6;
	client.tmp = directory_open(argv[1], "tmp");
	client.new = directory_open(argv[1], "new");
	client.jobs = number(argv[2]);
	client.batch = number(argv[3]);
	rate = number(argv[4]);
	client.interval = rate == 0 ? 0 : NS / rate;
	client.due = calloc(client.jobs, sizeof(*client.due));
	client.renamed = calloc(client.jobs, sizeof(*client.renamed));
	if (client.due == NULL || client.renamed == NULL)
		err(1, "start");
	client.start = now_ns();
	for (size_t job = 0; job < client.jobs; job = end) {
		end = batch_end(&client, job);
		batch_submit(&client, job, end);
	}
	for (size_t job = 0; job < client.jobs; job++)
		printf("%zu %llu %llu\n", SEQ_FIRST + job,
		    (unsigned long long)client.due[job],
		    (unsigned long long)client.renamed[job]);
	free(client.due);
	free(client.renamed);
	return fflush(stdout) == EOF;
}
