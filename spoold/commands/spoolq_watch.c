/*
 * spoolq_watch - goes on showing the queue
 *
 * inotify says that something moved, and then the queue is read again, at most
 * once a second; where there is no inotify to be had it is read every second.
 * A terminal shows the first screenful anew; anything else gets the table again
 * when something in it has changed, and with -j an object for each entry that
 * is new or has changed, and one with a null `queue` for each that has left.
 */
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/write.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolq.h"

#define READ_EVERY 1000		/* ms between two readings, at least */
#define LOOK_EVERY 5000		/* the same, where nothing happens */
#define HEAD_LINES 2		/* of the screen, one for what is left out */

/* An entry as it was shown last. */
struct shown {
	struct ticket	 ticket;
	bool		 drop;
	uint64_t	 hash;		/* of what can change */
};

struct watching {
	struct queue_command *q;	/* borrowed */
	int		 signals, events;	/* own; events -1: none */
	struct shown	*before, *now;	/* own; sorted, and as they come */
	size_t		 before_count, now_count, room;
	bool		 terminal, changed;
	char		*text;		/* own; what is to be written */
	size_t		 length;
};

/* --- what has changed --- */

/* Of what can change in it; its age is no change. */
static uint64_t
hash_of(const struct entry *entry)
{
	uint64_t hash = UINT64_C(14695981039346656037);	/* FNV-1a */
	struct buf text = { .max = 0 };

	buf_printf(&text, "%d %d %lld %d %d %s %s %s", (int)entry->queue,
	    entry->ticket.attempts, (long long)entry->due,
	    (int)entry->error, entry->in_flight_since != 0,
	    entry->reason == NULL ? "" : entry->reason,
	    entry->waiting_for == NULL ? "" : entry->waiting_for,
	    entry->blocked_by == NULL ? "" : entry->blocked_by);
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.data[i]) *
		    UINT64_C(1099511628211);
	buf_free(&text);
	return hash;
}

static int
shown_compare(const void *a, const void *b)
{
	const struct shown *left = a, *right = b;
	int order = id_compare(&left->ticket.id, &right->ticket.id);

	return order != 0 ? order :
	    strcmp(left->ticket.destination, right->ticket.destination);
}

static void
entry_seen(void *arg, const struct entry *entry, const char *json)
{
	struct watching *w = arg;
	const struct shown *known;
	struct shown *shown;

	if (w->now_count == w->room) {
		w->room = w->room == 0 ? 64 : w->room * 2;
		w->now = xreallocarray(w->now, w->room, sizeof(*w->now));
	}
	shown = &w->now[w->now_count++];
	*shown = (struct shown) { entry->ticket, entry->drop, hash_of(entry) };
	known = w->before_count == 0 ? NULL : bsearch(shown, w->before,
	    w->before_count, sizeof(*w->before), shown_compare);
	if (known != NULL && known->hash == shown->hash)
		return;
	w->changed = true;
	if (w->q->cli->json)
		(void)fprintf(w->q->out, "%s\n", json);
}

/* Those that were shown and are there no more; what is now is before then. */
static void
entries_left(struct watching *w)
{
	struct buf line = { .max = 0 };

	if (w->now_count > 1)
		qsort(w->now, w->now_count, sizeof(*w->now), shown_compare);
	for (size_t i = 0; i < w->before_count; i++) {
		struct entry entry = { .queue = QUEUES,
		    .ticket = w->before[i].ticket,
		    .drop = w->before[i].drop, .size = -1 };

		if (w->now_count > 0 && bsearch(&w->before[i], w->now,
		    w->now_count, sizeof(*w->now), shown_compare) != NULL)
			continue;
		w->changed = true;
		if (!w->q->cli->json)
			continue;
		buf_clear(&line);
		queue_json(w->q, &entry, &line);
		(void)fprintf(w->q->out, "%s\n", line.data);
	}
	queue_show_end(w->q);	/* it may know goals again */
	buf_free(&line);
	free(w->before);
	w->before = w->now;
	w->before_count = w->now_count;
	w->now = NULL;
	w->now_count = w->room = 0;
}

/* --- showing --- */

static size_t
screen_rows(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_row < 8)
		return 8;
	return size.ws_row - HEAD_LINES;
}

/* Reads the queue, into w->text.  0, or -1 with *why. */
static int
watch_read(struct watching *w, struct why *why)
{
	struct queue_command *q = w->q;
	FILE *out;
	int done;

	free(w->text);
	w->text = NULL;
	out = open_memstream(&w->text, &w->length);
	if (out == NULL)
		return why_errno(why, "open_memstream");
	q->out = out;
	w->changed = false;
	if (w->terminal) {
		q->rows_max = screen_rows();
		(void)fprintf(out, "\033[H\033[2J");
	}
	done = queue_read(q, why);
	entries_left(w);
	if (!q->cli->json && q->shown == 0)
		(void)fprintf(out, "Queue is empty\n");
	if (q->rows_max != 0 && q->shown > q->rows_max)
		(void)fprintf(out, "and %zu more\n",
		    q->shown - q->rows_max);
	q->out = stdout;
	if (fclose(out) == EOF && done == 0)
		done = why_errno(why, "open_memstream");
	return done;
}

/* Returns 1, 0 if nobody reads it any more, -1 with *why. */
static int
watch_write(const struct watching *w, bool first, struct why *why)
{
	if (!w->terminal && !first && !w->changed)
		return 1;
	if (!w->terminal && !first && !w->q->cli->json &&
	    write_all(STDOUT_FILENO, "\n", 1) == -1)
		return errno == EPIPE ? 0 :
		    why_errno(why, "write to standard output");
	if (write_all(STDOUT_FILENO, w->text, w->length) == -1)
		return errno == EPIPE ? 0 :
		    why_errno(why, "write to standard output");
	return 1;
}

/* --- waiting --- */

static int
watch_open(struct watching *w, struct why *why)
{
	const struct queue_command *q = w->q;
	char path[64];
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return why_errno(why, "sigprocmask");
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signals == -1)
		return why_errno(why, "signalfd");
	w->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	for (int i = 0; i < QUEUES && w->events != -1; i++) {
		if ((q->queues & 1u << i) == 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d",
		    spool_directory(q->cli->spool, (enum queue)i));
		if (inotify_add_watch(w->events, path, IN_CREATE | IN_DELETE |
		    IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB) == -1) {
			close(w->events);
			w->events = -1;
		}
	}
	return 0;
}

/* Forgets what inotify has told so far: all is read anyway. */
static void
events_drain(const struct watching *w)
{
	char events[4096];

	while (w->events != -1 && read(w->events, events,
	    sizeof(events)) > 0)
		continue;
}

/* Waits for that long or, if `any`, for something to move.  True to end. */
static bool
watch_wait(const struct watching *w, int ms, bool any)
{
	struct pollfd fds[] = { { w->signals, POLLIN, 0 },
	    /* Who reads a pipe that is closed is told without writing. */
	    { STDOUT_FILENO, 0, 0 }, { any ? w->events : -1, POLLIN, 0 } };

	(void)poll(fds, sizeof(fds) / sizeof(*fds), ms);
	return fds[0].revents != 0 ||
	    (fds[1].revents & (POLLERR | POLLHUP)) != 0;
}

int
queue_watch(struct queue_command *q)
{
	struct queue_command own = *q;
	struct watching w = { .q = &own, .signals = -1, .events = -1,
	    .terminal = isatty(STDOUT_FILENO) != 0 && !q->cli->json };
	struct why why;
	int result = watch_open(&w, &why);
	bool first = true, ended = false;

	own.seen = entry_seen;
	own.seen_arg = &w;
	while (result != -1 && !ended) {
		events_drain(&w);
		result = watch_read(&w, &why);
		if (result != -1)
			result = watch_write(&w, first, &why);
		first = false;
		ended = result != 1 || watch_wait(&w, READ_EVERY, false) ||
		    (w.events != -1 &&
		    watch_wait(&w, LOOK_EVERY - READ_EVERY, true));
	}
	if (w.signals != -1)
		close(w.signals);
	if (w.events != -1)
		close(w.events);
	free(w.before);
	free(w.now);
	free(w.text);
	return result == -1 ? cli_fail(q->cli, &why) : 0;
}
