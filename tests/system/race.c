/*
 * race - a submitter who puts something else in the place of what he dropped
 *
 * race SPOOL SECONDS TRIES ROUND DELAY [KIND]
 *
 * SPOOL is an organization's; in it another user has left data/victim and
 * tmp/.victim.json, whose names this one knows.  Each try drops a job and, in
 * the time that spoold looks at it and opens it, swaps it or its payload for a
 * link to one of those, or for a fifo: up to DELAY microseconds later.  In a
 * sticky directory a hard link to another's file cannot be taken away again,
 * so that is one shot; one's own links and fifos are swapped to and fro.
 *
 * Prints how many tries there were of each kind.  Whether one has won the
 * caller finds out: in the journal, at the receiver, in receipts.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BEHIND 128		/* drops that may wait for spoold, */
#define SLOW 1000		/* but one where DELAY is more us than that */
#define SWAPS 8			/* of one's own, in a try */
#define NAME 64

enum kind { PAYLOAD_LINK, PAYLOAD_SYMLINK, PAYLOAD_FIFO, JOB_LINK,
	JOB_SYMLINK, JOB_FIFO, KINDS };

static const char *const kinds[KINDS] = { "payload-link", "payload-symlink",
	"payload-fifo", "job-link", "job-symlink", "job-fifo" };

struct race {
	const char	*spool;
	unsigned	 round, seed;
	unsigned	 delay;		/* us */
	time_t		 until;
	int		 only;		/* that kind, or -1 */
	long		 counts[KINDS];
};

/* Anything up to `most` us, without giving the processor away. */
static void
spin(struct race *race, unsigned most)
{
	struct timespec from, now;
	long us = most == 0 ? 0 : rand_r(&race->seed) % (long)most;

	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	do
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000 +
	    (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

static void
put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);

	if (fd == -1 || write(fd, text, strlen(text)) !=
	    (ssize_t)strlen(text) || close(fd) == -1)
		err(1, "%s", name);
}

/* What is to be seen instead, made beside it. */
static void
decoy(enum kind kind, const char *beside, const char *link)
{
	int made = kind == PAYLOAD_FIFO || kind == JOB_FIFO ?
	    mkfifo(beside, 0660) : symlink(link, beside);

	if (made == -1)
		err(1, "%s", beside);
}

/*
 * The swap.  That spoold has what was dropped already, or refused it, is no
 * failure.
 */
static void
swap(struct race *race, enum kind kind, const char *name, const char *beside)
{
	bool payload = kind < JOB_LINK;

	spin(race, race->delay);
	if (kind == PAYLOAD_LINK || kind == JOB_LINK) {
		if (unlink(name) == 0 && link(payload ? "data/victim" :
		    "tmp/.victim.json", name) == -1)
			err(1, "link to the victim's");
		return;
	}
	for (int i = 0; i < SWAPS; i++) {
		if (renameat2(AT_FDCWD, name, AT_FDCWD, beside,
		    RENAME_EXCHANGE) == -1)
			break;
		spin(race, race->delay / SWAPS);
	}
	(void)unlink(beside);
}

static void
try(struct race *race, long i)
{
	enum kind kind = race->only != -1 ? (enum kind)race->only :
	    (enum kind)(i % KINDS);
	bool payload = kind < JOB_LINK;
	char data[NAME], temporary[NAME], job[NAME], beside[NAME], text[256];

	(void)snprintf(data, sizeof(data), "data/r%u.%ld", race->round,
	    i);
	(void)snprintf(temporary, sizeof(temporary), "tmp/r%u.%ld",
	    race->round, i);
	(void)snprintf(job, sizeof(job), "new/r%u.%ld.json", race->round,
	    i);
	(void)snprintf(beside, sizeof(beside), "%s/.r%u.%ld", payload ?
	    "data" : "new", race->round, i);
	(void)snprintf(text, sizeof(text), payload ? "{\"destinations\":"
	    "[\"ok\"],\"payload\":{\"type\":\"data\",\"file\":\"r%u.%ld\"}}" :
	    "{\"destinations\":[\"ok\"],\"payload\":{\"type\":\"data\","
	    "\"data\":[%u,%ld]}}", race->round, i);
	if (payload)
		put(data, "his own\n");
	put(temporary, text);
	if (kind != PAYLOAD_LINK && kind != JOB_LINK)
		decoy(kind, beside, payload ? "victim" :
		    "../tmp/.victim.json");
	if (rename(temporary, job) == -1)
		err(1, "%s", job);
	swap(race, kind, payload ? data : job, beside);
	race->counts[kind]++;
}

/* Until spoold has come after: one may not list what waits, but look for it. */
static void
wait_for(const struct race *race, long i)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	char job[NAME];

	(void)snprintf(job, sizeof(job), "new/r%u.%ld.json", race->round, i);
	while (faccessat(AT_FDCWD, job, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    time(NULL) < race->until)
		(void)nanosleep(&moment, NULL);
}

int
main(int argc, char **argv)
{
	struct race race = { .seed = 1 };
	long tries, behind, i;

	if (argc != 6 && argc != 7)
		errx(64, "usage: race SPOOL SECONDS TRIES ROUND DELAY [KIND]");
	race.only = -1;
	for (int kind = 0; kind < KINDS && argc == 7; kind++)
		if (strcmp(kinds[kind], argv[6]) == 0)
			race.only = kind;
	race.spool = argv[1];
	race.until = time(NULL) + strtol(argv[2], NULL, 10);
	tries = strtol(argv[3], NULL, 10);
	race.round = race.seed = (unsigned)strtoul(argv[4], NULL, 10);
	race.delay = (unsigned)strtoul(argv[5], NULL, 10);
	behind = race.delay > SLOW ? 1 : BEHIND;
	umask(0);
	if (chdir(race.spool) == -1)
		err(1, "%s", race.spool);
	for (i = 0; i < tries && time(NULL) < race.until; i++) {
		if (i >= behind)
			wait_for(&race, i - behind);
		try(&race, i);
	}
	for (int kind = 0; kind < KINDS; kind++)
		printf("%s %ld\n", kinds[kind], race.counts[kind]);
	return i < tries;
}
