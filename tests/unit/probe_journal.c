/*
 * probe_journal - drives lib/journal*: a command a line in, its answer out
 *
 *	open DIR	close		state
 *	add EVENT [FIELDS]		fill N BYTES
 *	checkpoint UPTO INFLIGHT	commit		commits N
 *	begin		ended (waits for what was begun)
 *	signal (a late one, of a sync that has ended)	woken
 *	reader DIR SEQ	next		read DIR SEQ
 *	verify DIR [KEY [HEAD [FILE…]]]
 *	clock DAYS	fail CALL ERRNO [TIMES [AFTER]]	size BYTES
 *
 * The clock and the calls that can fail are this program's own, so that a disk
 * that is full or broken, and tomorrow, come when a test wants them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/journal.h"
#include "tests/unit/probe.h"

#define WORDS 16

struct fault {
	int	 error;		/* errno, 0: none */
	int	 times;		/* how many calls fail */
	int	 after;		/* how many succeed before */
};

struct faults {
	struct fault	 write, fdatasync, fsync, ftruncate, submit, events;
	int64_t		 days;	/* the clock is wrong by */
	int64_t		 bytes;	/* files look longer by */
};

static struct faults faults;

struct probe {
	struct journal	*journal;
	struct journal_reader *reader;
	char		*words[WORDS];
	size_t		 count;
};

/* --- system calls --------------------------------------------------------- */

static bool
fails(struct fault *f)
{
	if (f->error == 0 || f->times == 0 || f->after-- > 0)
		return false;
	f->after = 0;
	f->times--;
	errno = f->error;
	return true;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (syscall(SYS_clock_gettime, id, ts) == -1)
		return -1;
	if (id == CLOCK_REALTIME)
		ts->tv_sec += faults.days * 86400;
	return 0;
}

int
fstat(int fd, struct stat *st)
{
	int r = fstatat(fd, "", st, AT_EMPTY_PATH);

	if (r == 0)
		st->st_size += faults.bytes;
	return r;
}

/* A full disk first takes half of what is written. */
ssize_t
write(int fd, const void *data, size_t length)
{
	if (fails(&faults.write)) {
		if (faults.write.error == ENOSPC)
			(void)syscall(SYS_write, fd, data, length / 2);
		errno = faults.write.error;
		return -1;
	}
	return (ssize_t)syscall(SYS_write, fd, data, length);
}

int
fdatasync(int fd)
{
	return fails(&faults.fdatasync) ? -1 :
	    (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return fails(&faults.fsync) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
ftruncate(int fd, off_t length)
{
	return fails(&faults.ftruncate) ? -1 :
	    (int)syscall(SYS_ftruncate, fd, length);
}

/*
 * An asynchronous sync that cannot be begun, and one that fails.  No call here
 * has more than five arguments.
 */
long
syscall(long call, ...)
{
	static long (*next)(long, ...);
	struct io_event *event;
	va_list args;
	long a[5], r;

	va_start(args, call);
	for (int i = 0; i < 5; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	if (call == SYS_io_submit && fails(&faults.submit))
		return -1;
	r = next(call, a[0], a[1], a[2], a[3], a[4]);
	if (call == SYS_io_getevents && r == 1 && fails(&faults.events)) {
		event = (struct io_event *)a[3];
		event->res = -faults.events.error;
	}
	return r;
}

/* --- commands ------------------------------------------------------------- */

static const char *
word(const struct probe *p, size_t i, const char *fallback)
{
	return i < p->count ? p->words[i] : fallback;
}

static int64_t
number(const struct probe *p, size_t i, int64_t fallback)
{
	return i < p->count ? strtoll(p->words[i], NULL, 10) : fallback;
}

static void
command_open(struct probe *p)
{
	char *directory = xasprintf("%s/journal", word(p, 1, "."));
	char *public = xasprintf("%s/journal.pub", word(p, 1, "."));
	char *private = xasprintf("%s/journal.key", word(p, 1, "."));
	struct journal_place place = { directory, public, private };
	struct journal_found found;
	struct why why;

	p->journal = journal_open(&place, &found, &why);
	if (p->journal == NULL)
		probe_print_why(&why);
	else
		printf("open fresh=%d seq=%" PRId64 " checkpoint=%" PRId64
		    " previous=%" PRId64 " upTo=%" PRId64 " cut=%" PRId64
		    " bad=%" PRId64 " time=%d\n", found.fresh, found.seq,
		    found.checkpoint, found.previous_checkpoint, found.up_to,
		    found.cut, found.bad, found.last_time != 0);
	free(directory);
	free(public);
	free(private);
}

static void
command_close(struct probe *p)
{
	journal_close(&p->journal);
}

static void
command_add(struct probe *p)
{
	const char *fields = word(p, 2, "");
	struct buf buf = { 0 };

	buf_str(&buf, fields);
	printf("%" PRId64 "\n", journal_add(p->journal,
	    (enum event)event_by_name(word(p, 1, "alert")), &buf));
	buf_free(&buf);
}

static void
command_fill(struct probe *p)
{
	struct buf buf = { 0 };
	int64_t bytes = number(p, 2, 100);

	buf_str(&buf, "\"pad\":\"");
	for (int64_t i = 0; i < bytes; i++)
		buf_char(&buf, 'x');
	buf_str(&buf, "\"");
	for (int64_t i = number(p, 1, 1); i > 0; i--)
		(void)journal_add(p->journal, EVENT_attempt, &buf);
	buf_free(&buf);
}

static void
command_checkpoint(struct probe *p)
{
	struct buf buf = { 0 };
	struct why why;
	int64_t seq;

	buf_str(&buf, word(p, 2, "[]"));
	seq = journal_add_checkpoint(p->journal, number(p, 1, 0), &buf, &why);
	if (seq == -1)
		probe_print_why(&why);
	else
		printf("%" PRId64 "\n", seq);
	buf_free(&buf);
}

static void
command_commit(struct probe *p)
{
	struct why why;
	int r = journal_commit(p->journal, &why);

	printf("commit %d\n", r);
	if (r != 1)
		probe_print_why(&why);
}

static void
command_begin(struct probe *p)
{
	struct why why;
	int r = journal_begin(p->journal, &why);

	printf("begin %d syncing=%d\n", r, journal_syncing(p->journal));
	if (r != 1)
		probe_print_why(&why);
}

static void
command_ended(struct probe *p)
{
	struct why why;
	int r = journal_end(p->journal, true, &why);

	printf("ended %d syncing=%d\n", r, journal_syncing(p->journal));
	if (r != 1)
		probe_print_why(&why);
}

static void
command_signal(struct probe *p)
{
	uint64_t one = 1;

	if (syscall(SYS_write, journal_sync_ready(p->journal), &one,
	    sizeof(one)) != (long)sizeof(one))
		printf("no signal\n");
}

/* As the loop does: once it is readable, until it is no longer. */
static void
command_woken(struct probe *p)
{
	struct pollfd ready = { .fd = journal_sync_ready(p->journal),
		.events = POLLIN };
	struct why why;
	int times = 0, r = 1;

	while (times < 9 && r == 1 && poll(&ready, 1, 0) == 1) {
		r = journal_end(p->journal, false, &why);
		times++;
	}
	printf("woken %d times: %d syncing=%d\n", times, r,
	    journal_syncing(p->journal));
}

/* Adds and commits one after the other, for measuring. */
static void
command_commits(struct probe *p)
{
	struct buf fields = { 0 };
	struct why why;

	buf_str(&fields, "\"org\":\"demo\",\"job\":\"x\"");
	for (int64_t i = number(p, 1, 1); i > 0; i--) {
		(void)journal_add(p->journal, EVENT_attempt, &fields);
		if (journal_commit(p->journal, &why) != 1) {
			probe_print_why(&why);
			break;
		}
	}
	buf_free(&fields);
}

static void
command_state(struct probe *p)
{
	printf("last=%" PRId64 " durable=%" PRId64 " checkpoint=%" PRId64
	    " pending=%d instance=%zu\n", journal_last(p->journal),
	    journal_durable(p->journal), journal_last_checkpoint(p->journal),
	    journal_pending(p->journal) > 0,
	    strlen(journal_instance(p->journal)));
}

static void
command_next(struct probe *p)
{
	struct journal_line line;
	struct why why;
	int r;

	while ((r = journal_reader_next(p->reader, &line, &why)) != 0) {
		if (r == -1)
			probe_print_why(&why);
		else
			printf("%" PRId64 " %s\n", line.seq,
			    line.event == -1 ? "unknown" :
			    event_name((enum event)line.event));
	}
	printf("end\n");
}

static void
command_reader(struct probe *p)
{
	struct why why;

	journal_reader_close(&p->reader);
	p->reader = journal_reader_open(word(p, 1, "."), number(p, 2, 1),
	    &why);
	if (p->reader == NULL)
		probe_print_why(&why);
}

static void
command_read(struct probe *p)
{
	command_reader(p);
	if (p->reader != NULL)
		command_next(p);
}

static void
command_verify(struct probe *p)
{
	struct journal_verdict v;
	struct why why;
	char *public = xasprintf("%s/../journal.pub", word(p, 1, "."));
	const char *head = word(p, 3, "-");
	const char *key = word(p, 2, "-");
	size_t files = p->count > 4 ? p->count - 4 : 0;
	int r = journal_verify(word(p, 1, "."), p->words + 4, files,
	    strcmp(key, "-") == 0 ? public : key,
	    strcmp(head, "-") == 0 ? NULL : head, &v, &why);

	printf("verify %d lines=%" PRId64 " checkpoints=%" PRId64
	    " first=%" PRId64 " last=%" PRId64 " unproven=%" PRId64
	    " bad=%s:%" PRId64 "\n", r, v.lines, v.checkpoints, v.first_seq,
	    v.last_seq, v.unproven, v.bad_segment, v.bad_line);
	if (r != 0)
		probe_print_why(&why);
	free(public);
}

static void
command_clock(struct probe *p)
{
	faults.days = number(p, 1, 0);
}

/* The segment that is opened next looks that much longer. */
static void
command_size(struct probe *p)
{
	faults.bytes = number(p, 1, 0);
}

static int
error_number(const char *name)
{
	return strcmp(name, "ENOSPC") == 0 ? ENOSPC :
	    strcmp(name, "EIO") == 0 ? EIO :
	    strcmp(name, "EDQUOT") == 0 ? EDQUOT : EINVAL;
}

static void
command_fail(struct probe *p)
{
	struct fault fault = { error_number(word(p, 2, "EIO")),
		(int)number(p, 3, 1), (int)number(p, 4, 0) };
	const char *call = word(p, 1, "");

	if (strcmp(call, "write") == 0)
		faults.write = fault;
	else if (strcmp(call, "fdatasync") == 0)
		faults.fdatasync = fault;
	else if (strcmp(call, "fsync") == 0)
		faults.fsync = fault;
	else if (strcmp(call, "ftruncate") == 0)
		faults.ftruncate = fault;
	else if (strcmp(call, "io_submit") == 0)
		faults.submit = fault;
	else if (strcmp(call, "io_getevents") == 0)
		faults.events = fault;
}

static const struct {
	const char	*name;
	void		(*run)(struct probe *);
} commands[] = {
	{ "open", command_open },
	{ "close", command_close },
	{ "add", command_add },
	{ "fill", command_fill },
	{ "checkpoint", command_checkpoint },
	{ "commit", command_commit },
	{ "begin", command_begin },
	{ "ended", command_ended },
	{ "signal", command_signal },
	{ "woken", command_woken },
	{ "commits", command_commits },
	{ "state", command_state },
	{ "reader", command_reader },
	{ "next", command_next },
	{ "read", command_read },
	{ "verify", command_verify },
	{ "clock", command_clock },
	{ "fail", command_fail },
	{ "size", command_size },
};

static void
run(struct probe *p, char *line)
{
	char *rest = line, *at;

	p->count = 0;
	/* An event's fields are the rest of the line. */
	while (p->count < WORDS && (at = p->count == 2 &&
	    strcmp(p->words[0], "add") == 0 ? strsep(&rest, "") :
	    strsep(&rest, " ")) != NULL)
		p->words[p->count++] = at;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, p->words[0]) == 0) {
			commands[i].run(p);
			return;
		}
	printf("no command %s\n", p->words[0]);
}

int
main(void)
{
	struct probe probe = { 0 };
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0) {
		line[n - 1] = '\0';
		run(&probe, line);
		fflush(stdout);
	}
	free(line);
	journal_close(&probe.journal);
	journal_reader_close(&probe.reader);
	return 0;
}
