/*
 * express - an organization that drops a single job now and then goes first
 *
 * The time since the last turn counts by what was so then: a loop that slept
 * until a drop woke it has nothing to charge that organization for.
 */
#include "lib/clock.h"

#include "spoold/express.h"
#include "spoold/loop.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define CREDIT_MAX 100000	/* us, of all of them */

void
express_account(struct express *express, bool busy, int64_t passed,
    size_t organizations)
{
	int64_t most = CREDIT_MAX / (int64_t)organizations;

	if (express->busy)
		express->credit -= passed;
	else
		express->credit += passed / (2 * (int64_t)organizations);
	if (express->credit > most)
		express->credit = most;
	if (express->credit < -most)
		express->credit = -most;
	express->busy = busy;
	express->goes_first = busy && express->credit > 0;
}

/* It waits for spoold, for intake or for the disk, and for nothing else. */
static bool
express_busy(const struct organization *org)
{
	return org->actions > 0 || org->drops.at_work > 0 ||
	    (!TAILQ_EMPTY(&org->drops.queue) && !org->drops.held);
}

void
express_turn(struct spoold *s)
{
	int64_t now = clock_monotonic_us(), passed = now - s->express_at;
	int64_t least = CREDIT_MAX;
	struct organization *org;
	size_t count = 0;

	TAILQ_FOREACH(org, &s->organizations, entry)
		count++;
	if (passed < 2 * (int64_t)count)
		return;		/* what comes back would be rounded away */
	/* Those that stood back may have something to attempt. */
	s->look_for_work = s->look_for_work || s->express;
	s->express = false;
	s->express_at = now;
	if (count < 2)
		return;
	TAILQ_FOREACH(org, &s->organizations, entry) {
		struct express *express = &org->express;

		express_account(express, express_busy(org), passed, count);
		s->express = s->express || express->goes_first;
		if (express->goes_first && express->credit < least)
			least = express->credit;
	}
	/* No longer than the credit of the one that has least. */
	if (s->express)
		timer_set(s->loop, &s->express_timer,
		    clock_monotonic() + least / 1000 + 1);
}

bool
express_yields(const struct spoold *s, const struct organization *org)
{
	return s->express && org != NULL && !org->express.goes_first;
}

bool
express_is_over(const struct spoold *s)
{
	struct organization *org;

	if (!s->express)
		return false;
	TAILQ_FOREACH(org, &s->organizations, entry)
		if (org->express.goes_first && express_busy(org))
			return false;
	return true;
}
