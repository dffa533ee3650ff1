/*
 * secrets - the lives of the secrets that sign
 *
 * Nothing is remembered here: what is due follows from the destinations, so a
 * restart changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/organization.h"
#include "spoold/rotations.h"
#include "spoold/secrets.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/trial.h"

#define DAY INT64_C(86400000)	/* ms */

struct destination_keeper
secrets_keeper(const struct spoold *s, const struct target *target)
{
	return (struct destination_keeper) { .vault = s->vault,
	    .organization = target->organization->id };
}

int64_t
secrets_overlap_end(const struct spoold *s)
{
	return clock_wall() + s->conf->webhook_secrets_overlap_days * DAY;
}

bool
secrets_are_uncertain(const struct destination *destination)
{
	return destination->secret_count > 1 &&
	    destination->secrets[0].accepted_at == 0;
}

int
secrets_put(struct spoold *s, struct target *target,
    struct destination *changed, enum event event, const char *id,
    const char *by, destination_done *done, void *arg, struct why *why)
{
	char reason[64];
	struct destination_change change = {
		.destination = changed,
		.event = event,
		.by = by,
		.reason = reason,
		.done = done,
		.arg = arg,
	};

	(void)snprintf(reason, sizeof(reason), "secret %s", id);
	return destination_put(s, target, &change, why);
}

/* --- what is due ---------------------------------------------------------- */

/* The oldest one, if its overlap has ended; or NULL. */
static const struct destination_secret *
overdue(const struct destination *destination, int64_t now)
{
	const struct destination_secret *oldest =
	    &destination->secrets[destination->secret_count - 1];

	return destination->secret_count > 1 && oldest->expires_at <= now ?
	    oldest : NULL;
}

/* True if its secret is spoold's own, alone, and old enough. */
static bool
needs_successor(const struct spoold *s, const struct destination *destination,
    int64_t now)
{
	int64_t days = s->conf->webhook_secrets_rotation_days;

	return days > 0 && destination->secret_count == 1 &&
	    destination->secrets[0].made &&
	    now - destination->secrets[0].created_at >= days * DAY;
}

static int
retire(struct spoold *s, struct target *target,
    const struct destination_secret *secret, struct why *why)
{
	struct destination_keeper keeper = secrets_keeper(s, target);
	struct destination *copy = destination_copy(target->destination, why);

	if (copy == NULL)
		return -1;
	if (destination_secret_remove(copy, &keeper, secret->id, why) == -1) {
		destination_free(&copy);
		return -1;
	}
	return secrets_put(s, target, copy, EVENT_secret_expired, secret->id,
	    "spoold", NULL, NULL, why);
}

static int
succeed(struct spoold *s, struct target *target, struct why *why)
{
	struct destination_keeper keeper = secrets_keeper(s, target);
	struct destination *copy = destination_copy(target->destination, why);
	struct buf secret = { 0 };
	int result = -1;

	if (copy != NULL && signing_make(&secret, why) == 0)
		result = destination_secret_add(copy, &keeper, secret.data,
		    true, secrets_overlap_end(s), why);
	buf_wipe(&secret);
	if (result == 0)
		return secrets_put(s, target, copy, EVENT_secret_rotated,
		    copy->secrets[0].id, "spoold", NULL, NULL, why);
	destination_free(&copy);
	return -1;
}

/* It passed: the older one can retire, if it still is the one beside it. */
static void
drilled(struct spoold *s, void *arg, struct target *target,
    const struct trial_result *result)
{
	const struct destination *destination = target->destination;
	struct destination *copy;
	struct why why;

	(void)arg;
	target->drilling = false;
	if (!result->success || destination == NULL || target->changing ||
	    destination->secret_count == 0 ||
	    strcmp(destination->secrets[0].id, target->drilled) != 0)
		return;
	copy = destination_copy(destination, &why);
	if (copy != NULL)
		destination_secret_accept(copy);
	if (copy == NULL || secrets_put(s, target, copy,
	    EVENT_secret_accepted, target->drilled, "spoold", NULL, NULL,
	    &why) == -1)
		log_warning("%s: secrets: %s", target->id, why.text);
}

/*
 * One that spoold made by itself is tried by itself, once a day and not before
 * it is a day old: its receiver learns it when it does, nobody is there to say
 * so, and until then it refuses what has that signature alone.
 */
static void
drill(struct spoold *s, struct target *target, int64_t now)
{
	const struct destination_secret *made =
	    &target->destination->secrets[0];
	struct why why;

	if (!made->made || now - made->created_at < DAY ||
	    target_gate(target) != GATE_open || target->drilling ||
	    (target->drilled_at != 0 && now - target->drilled_at < DAY &&
	    now >= target->drilled_at))
		return;
	target->drilled_at = now;
	target->drilling = true;
	(void)snprintf(target->drilled, sizeof(target->drilled), "%s",
	    made->id);
	if (trial_start(s, target, TEST_drill, "spoold", drilled, NULL,
	    &why) == -1) {
		target->drilling = false;
		log_info("%s: secrets: %s", target->id, why.text);
	}
}

/* True if an older one has to go on for want of certainty. */
static bool
check_target(struct spoold *s, struct target *target, int64_t now)
{
	const struct destination *destination = target->destination;
	const struct destination_secret *old;
	struct why why;
	int result = 0;

	if (destination == NULL || destination->secret_count == 0)
		return false;
	old = overdue(destination, now);
	if (secrets_are_uncertain(destination))
		drill(s, target, now);
	if (old != NULL && secrets_are_uncertain(destination))
		return true;
	if (target->changing)
		return false;
	if (old != NULL)
		result = retire(s, target, old, &why);
	else if (needs_successor(s, destination, now))
		result = succeed(s, target, &why);
	if (result == -1)
		log_warning("%s: secrets: %s", target->id, why.text);
	return false;
}

void
secrets_check(struct spoold *s)
{
	const struct target *uncertain = NULL;
	struct organization *org;
	struct target *target;
	int64_t now = clock_wall();
	bool good = true;

	if (s->offline || s->phase != PHASE_RUNNING ||
	    !commit_possible(s, NULL))
		return;
	TAILQ_FOREACH(org, &s->organizations, entry)
		RB_FOREACH(target, targets, &org->targets) {
			if (check_target(s, target, now))
				uncertain = target;
			if (target->destination != NULL &&
			    !target->changing)
				good = rotations_due(s, target, now) && good;
		}
	if (good)
		alert_end(s, ALERT_value);
	if (uncertain == NULL)
		alert_end(s, ALERT_secret);
	else
		alert_begin(s, ALERT_secret, "the new secret of %s is not "
		    "known to be accepted, so the old one signs along beyond "
		    "its overlap: spooldest secret rotate --drill %s",
		    uncertain->id, uncertain->id);
}
