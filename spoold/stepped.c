/*
 * stepped - the wall clock jumped: nothing is purged for a day
 *
 * While running, the wall clock is compared with the monotonic one.  Between
 * two runs there is only the journal: a day between two of its lines may be a
 * machine that was off, or a clock that is wrong, and nobody can tell.  The
 * pause itself is kept in a file beside `.checkpoint`, so that a restart does
 * not end it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/durable.h"
#include "spoold/spoold.h"
#include "spoold/stepped.h"

#define STEP (60 * 60 * 1000)		/* ms of either clock are no drift */
#define GAP (24 * 60 * 60 * 1000)	/* ms between two lines */
#define PAUSE (24 * 60 * 60 * 1000)	/* ms without purging */

static char *
pause_path(const struct spoold *s)
{
	return xasprintf("%s/.purge-after", s->conf->top_spool_directory);
}

static void
pause_written(void *arg, int error)
{
	(void)arg;
	/* Without it the pause ends with this run. */
	if (error != 0)
		log_error("write .purge-after: %s", strerror(error));
}

static void
pause_write(struct spoold *s)
{
	char text[32], *path = pause_path(s);
	int64_t until = clock_wall() + PAUSE;

	(void)snprintf(text, sizeof(text), "%lld\n", (long long)until);
	durable_put(s->durable, path, text, strlen(text), pause_written,
	    NULL);
	free(path);
}

/* The wall ms until which a former run pauses, 0 if it does not. */
static int64_t
pause_read(const struct spoold *s)
{
	char text[32] = "", *path = pause_path(s);
	ssize_t got = -1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd != -1)
		got = read(fd, text, sizeof(text) - 1);
	if (got == -1 && errno != ENOENT)
		log_error("read %s: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	free(path);
	return got > 0 ? strtoll(text, NULL, 10) : 0;
}

/* Journals the step, alerts, and pauses; `reason` is for people. */
static void
stepped_by(struct spoold *s, int64_t from, int64_t to, const char *reason)
{
	struct buf fields = { 0 };

	json_put_time(&fields, "from", from);
	json_put_time(&fields, "to", to);
	json_put_string(&fields, "reason", reason);
	(void)commit_line(s, EVENT_clock_stepped, &fields);
	s->stepped.until = clock_monotonic() + PAUSE;
	pause_write(s);
	alert_begin(s, ALERT_clock, "%s; nothing is purged for 24 h", reason);
}

void
stepped_begin(struct spoold *s, int64_t last)
{
	int64_t now = clock_wall(), left;

	s->stepped.ahead = now - clock_monotonic();
	if (last != 0 && (now - last > GAP || last - now > STEP)) {
		stepped_by(s, last, now, now > last ?
		    "more than a day since the journal's last line" :
		    "the journal's last line is of a later time");
		return;
	}
	left = pause_read(s) - now;
	if (left <= 0)
		return;
	s->stepped.until = clock_monotonic() + (left < PAUSE ? left : PAUSE);
	alert_begin(s, ALERT_clock, "the wall clock jumped before spoold "
	    "was started; nothing is purged for 24 h after that");
}

void
stepped_check(struct spoold *s)
{
	int64_t monotonic = clock_monotonic(), wall = clock_wall();
	int64_t step = wall - monotonic - s->stepped.ahead;
	char age[32], reason[128];

	s->stepped.ahead += step;
	if (step > STEP || step < -STEP) {
		clock_format_age(step > 0 ? step : -step, age);
		(void)snprintf(reason, sizeof(reason),
		    "the wall clock went %s by %s",
		    step > 0 ? "forward" : "back", age);
		stepped_by(s, wall - step, wall, reason);
	}
	if (s->stepped.until != 0 && monotonic >= s->stepped.until) {
		s->stepped.until = 0;
		alert_end(s, ALERT_clock);
	}
}

bool
stepped_pauses(const struct spoold *s, struct why *why)
{
	char until[CLOCK_TEXT];
	int64_t left = s->stepped.until - clock_monotonic();

	if (s->stepped.until == 0 || left <= 0)
		return false;
	clock_format(clock_wall() + left, until);
	(void)why_set(why, ERROR_UNAVAILABLE, "%s: none before %s",
	    s->alerts[ALERT_clock].reason, until);
	return true;
}
