/*
 * rotations - credentials whose second value takes over at its time
 *
 * Nothing is remembered here: what is due follows from the destinations.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/destination_ends.h"
#include "lib/destination_rotate.h"
#include "lib/log.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/destinations.h"
#include "spoold/organization.h"
#include "spoold/rotations.h"
#include "spoold/secrets.h"
#include "spoold/server.h"
#include "spoold/spoold.h"

#define DAY INT64_C(86400000)	/* ms */
#define FIELD_TEXT_MAX 320
#define LOOK_EVERY 60000	/* ms */

/* --- what is due ---------------------------------------------------------- */

static int
put(struct spoold *s, struct target *target, struct destination *changed,
    enum event event, const char *field, struct why *why)
{
	struct destination_change change = {
		.destination = changed,
		.event = event,
		.by = "spoold",
		.reason = field,
	};

	return changed == NULL ? -1 : destination_put(s, target, &change, why);
}

static int
forget(struct spoold *s, struct target *target, const char *field,
    struct why *why)
{
	struct destination *copy = destination_copy(target->destination, why);

	if (copy != NULL)
		destination_rotation_forget(copy, field);
	return put(s, target, copy, EVENT_secret_expired, field, why);
}

static int
take_over(struct spoold *s, struct target *target, const char *field,
    struct why *why)
{
	struct destination_keeper keeper = secrets_keeper(s, target);

	return put(s, target, destination_rotation_take_over(
	    target->destination, &keeper, field, why), EVENT_secret_rotated,
	    field, why);
}

bool
rotations_due(struct spoold *s, struct target *target, int64_t now)
{
	int64_t kept = s->conf->webhook_secrets_overlap_days * DAY;
	struct rotation rotation;
	struct why why;
	int result = 0;

	if (!target->destination->rotates)
		return true;
	for (size_t n = 0; !target->changing && destination_rotation(
	    target->destination, n, &rotation); n++) {
		if (rotation.at != 0 && rotation.at <= now)
			result = take_over(s, target, rotation.field, &why);
		else if (rotation.switched_at != 0 &&
		    rotation.switched_at + kept <= now)
			result = forget(s, target, rotation.field, &why);
		if (result == -1)
			break;
	}
	if (result == -1)
		alert_begin(s, ALERT_value, "a value of %s cannot take over: "
		    "%s", target->id, why.text);
	return result == 0;
}

/* --- asked for ------------------------------------------------------------ */

static void
done(struct spoold *s, void *arg, struct target *target,
    const struct why *why)
{
	struct request *request = arg;
	struct buf out = { 0 };

	(void)s;
	if (why != NULL) {
		request_fail(request, why);
		return;
	}
	json_open(&out, NULL, '{');
	json_put_string(&out, "destinationId", target->id);
	if (target->destination != NULL) {
		destination_secrets_print(target->destination, &out);
		destination_rotations_print(target->destination, &out);
	}
	json_close(&out, '}');
	request_answer(request, &out);
}

static void
ask(struct request *request, struct target *target,
    struct destination *changed, enum event event, const char *reason)
{
	struct destination_change change = {
		.destination = changed,
		.event = event,
		.by = request->by,
		.reason = reason,
		.done = done,
		.arg = request,
	};
	struct why why;

	if (destination_put(request->spoold, target, &change, &why) == -1)
		request_fail(request, &why);
}

/* When it is to take over; now, if that is not said. */
static int
time_asked(const struct request *request, int64_t *at_r, struct why *why)
{
	const char *text = request_string(request, "at", NULL);

	*at_r = clock_wall();
	return text == NULL || clock_parse(text, at_r) == 0 ? 0 :
	    why_field(why, "at", "at must be a time as RFC 3339 writes it");
}

void
rotation_add(struct request *request, struct target *target,
    const char *field)
{
	struct destination_keeper keeper = secrets_keeper(request->spoold,
	    target);
	struct destination *copy, *made = NULL;
	char reason[FIELD_TEXT_MAX], time[CLOCK_TEXT];
	struct why why;
	int64_t at;

	copy = destination_copy(target->destination, &why);
	if (copy == NULL || time_asked(request, &at, &why) == -1 ||
	    destination_rotation_plan(copy, &keeper, field, request_string(
	    request, "secret", ""), at, &why) == -1) {
		destination_free(&copy);
		request_fail(request, &why);
		return;
	}
	if (at > clock_wall()) {
		clock_format(at, time);
		(void)snprintf(reason, sizeof(reason), "%s at %s", field,
		    time);
		ask(request, target, copy, EVENT_secret_planned, reason);
		return;
	}
	made = destination_rotation_take_over(copy, &keeper, field, &why);
	destination_free(&copy);
	if (made == NULL)
		request_fail(request, &why);
	else
		ask(request, target, made, EVENT_secret_rotated, field);
}

void
rotation_revoke(struct request *request, struct target *target,
    const char *field)
{
	struct destination_keeper keeper = secrets_keeper(request->spoold,
	    target);
	struct rotation rotation;
	struct destination *made;
	struct why why;

	if (destination_rotation_of(target->destination, field, &rotation) &&
	    rotation.at != 0) {
		made = destination_copy(target->destination, &why);
		if (made != NULL)
			destination_rotation_cancel(made, field);
	} else
		made = destination_rotation_step_back(target->destination,
		    &keeper, field, &why);
	if (made == NULL)
		request_fail(request, &why);
	else
		ask(request, target, made, EVENT_secret_revoked, field);
}

/* --- what ends ------------------------------------------------------------ */

/* The first to end of all destinations. */
struct first {
	const struct target *target;	/* borrowed; the one at hand */
	int64_t		 at, now, lead;
	size_t		 count;		/* that end soon, or have */
	struct buf	 words;		/* own */
};

static void
look(void *arg, const struct ending *ending)
{
	struct first *first = arg;
	struct buf words = { 0 };

	if (!ending_soon(ending, first->now, first->lead, &words))
		return;
	first->count++;
	if (first->at == 0 || ending->at < first->at) {
		first->at = ending->at;
		buf_clear(&first->words);
		buf_printf(&first->words, "of %s %s: spooldest update, or "
		    "secret add", first->target->id, words.data);
	}
	buf_free(&words);
}

void
expirations_again(struct spoold *s)
{
	s->expirations_at = 0;
}

void
expirations_check(struct spoold *s)
{
	struct first first = { .now = clock_wall(),
	    .lead = s->conf->security_expiry_warning };
	struct organization *org;
	struct target *target;

	if (s->offline || s->phase != PHASE_RUNNING ||
	    !commit_possible(s, NULL) || (s->expirations_at != 0 &&
	    clock_monotonic() - s->expirations_at < LOOK_EVERY))
		return;
	s->expirations_at = clock_monotonic();
	TAILQ_FOREACH(org, &s->organizations, entry)
		RB_FOREACH(target, targets, &org->targets) {
			first.target = target;
			if (target->destination != NULL &&
			    !target->destination->disabled)
				destination_ends_known(
				    target->destination->document, look,
				    &first);
		}
	if (first.at == 0)
		alert_end(s, ALERT_expiring);
	else
		alert_begin(s, ALERT_expiring, first.count > 1 ?
		    "%s; and %zu more" : "%s", first.words.data,
		    first.count - 1);
	buf_free(&first.words);
}
