/*
 * loop - one epoll, one timerfd
 *
 * A handler may remove any source, also one whose event has been fetched in
 * this turn and not been handled yet; so the turn's events are kept where
 * source_remove() can blank them.
 */
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "spoold/loop.h"

#define LOOP_EVENTS 64		/* fetched in one turn */
#define LOOP_TURN 300		/* us that a turn is to take */

RB_HEAD(timers, timer);

struct loop {
	int		 epoll;
	int		 timer_fd;
	struct source	 alarm;
	struct timers	 timers;
	int64_t		 armed;		/* what timer_fd is set to, 0: off */
	struct epoll_event events[LOOP_EVENTS];
	int		 event_count;
	int64_t		 late_at;	/* us: when the turn has had its time */
};

static int
timer_compare(const struct timer *a, const struct timer *b)
{
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_PROTOTYPE(timers, timer, entry, timer_compare)
RB_GENERATE(timers, timer, entry, timer_compare)

/* The alarm only wakes the loop; the timers are looked at in every turn. */
static void
alarm_ready(void *arg, uint32_t events)
{
	struct loop *loop = arg;
	uint64_t count;

	(void)events;
	if (read(loop->timer_fd, &count, sizeof(count)) == -1)
		return;		/* set anew meanwhile: nothing to read */
	loop->armed = 0;
}

struct loop *
loop_new(struct why *why)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	RB_INIT(&loop->timers);
	loop->alarm.ready = alarm_ready;
	loop->alarm.arg = loop;
	loop->timer_fd = -1;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll == -1) {
		why_errno(why, "epoll_create1");
		goto out;
	}
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd == -1) {
		why_errno(why, "timerfd_create");
		goto out;
	}
	if (source_add(loop, &loop->alarm, loop->timer_fd, EPOLLIN, why) == -1)
		goto out;
	return loop;
out:
	loop_free(&loop);
	return NULL;
}

void
loop_free(struct loop **loop)
{
	if (*loop == NULL)
		return;
	if ((*loop)->timer_fd != -1)
		close((*loop)->timer_fd);
	if ((*loop)->epoll != -1)
		close((*loop)->epoll);
	free(*loop);
	*loop = NULL;
}

int
source_add(struct loop *loop, struct source *source, int fd, uint32_t events,
    struct why *why)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == -1) {
		source->fd = -1;
		return why_errno(why, "watch descriptor %d", fd);
	}
	source->fd = fd;
	return 0;
}

int
source_change(struct loop *loop, struct source *source, uint32_t events,
    struct why *why)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event) == -1)
		return why_errno(why, "watch descriptor %d", source->fd);
	return 0;
}

void
source_remove(struct loop *loop, struct source *source)
{
	if (source->fd == -1)
		return;
	/* It can only fail for a descriptor that is closed: out already. */
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->fd = -1;
	for (int i = 0; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == source)
			loop->events[i].data.ptr = NULL;
}

void
timer_set(struct loop *loop, struct timer *timer, int64_t due)
{
	timer_clear(loop, timer);
	timer->due = due;
	timer->set = true;
	RB_INSERT(timers, &loop->timers, timer);
}

void
timer_clear(struct loop *loop, struct timer *timer)
{
	if (!timer->set)
		return;
	RB_REMOVE(timers, &loop->timers, timer);
	timer->set = false;
}

/* Arms the timerfd for the earliest timer. */
static int
loop_arm(struct loop *loop, struct why *why)
{
	struct timer *first = RB_MIN(timers, &loop->timers);
	struct itimerspec when = { 0 };

	if (first == NULL || first->due == loop->armed)
		return 0;
	/* A zero would disarm it. */
	when.it_value = clock_to_timespec(first->due > 0 ? first->due : 1);
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when,
	    NULL) == -1)
		return why_errno(why, "timerfd_settime");
	loop->armed = first->due;
	return 0;
}

static void
loop_fire(struct loop *loop)
{
	int64_t now = clock_monotonic();
	struct timer *timer;

	while ((timer = RB_MIN(timers, &loop->timers)) != NULL &&
	    timer->due <= now) {
		timer_clear(loop, timer);
		timer->fire(timer->arg);
	}
}

int
loop_turn(struct loop *loop, bool busy, struct why *why)
{
	int count;

	if (loop_arm(loop, why) == -1)
		return -1;
	count = epoll_wait(loop->epoll, loop->events, LOOP_EVENTS,
	    busy ? 0 : -1);
	if (count == -1) {
		if (errno == EINTR)
			return 0;
		return why_errno(why, "epoll_wait");
	}
	loop->late_at = clock_monotonic_us() + LOOP_TURN;
	loop->event_count = count;
	for (int i = 0; i < count; i++) {
		struct source *source = loop->events[i].data.ptr;

		if (source != NULL)
			source->ready(source->arg, loop->events[i].events);
	}
	loop->event_count = 0;
	loop_fire(loop);
	return 0;
}

bool
loop_is_late(const struct loop *loop)
{
	return clock_monotonic_us() >= loop->late_at;
}
