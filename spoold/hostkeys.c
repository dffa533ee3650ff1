/*
 * hostkeys - the alert about servers that have another key than is pinned
 */
#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/hostkeys.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

void
hostkeys_note(struct target *target, const struct link_outcome *outcome)
{
	if (outcome->error == ERROR_HOST_KEY_MISMATCH)
		target->other_key = true;
	else if (outcome->verdict == VERDICT_delivered)
		target->other_key = false;
}

void
hostkeys_check(struct spoold *s)
{
	const struct target *found = NULL;
	struct organization *org;
	struct target *target;

	if (s->offline || s->phase != PHASE_RUNNING ||
	    !commit_possible(s, NULL))
		return;
	TAILQ_FOREACH(org, &s->organizations, entry)
		RB_FOREACH(target, targets, &org->targets)
			if (target->other_key && target->destination != NULL)
				found = target;
	if (found == NULL)
		alert_end(s, ALERT_host_key);
	else
		alert_begin(s, ALERT_host_key, "the server of %s has another "
		    "key than its hostKey, so nothing is sent to it: "
		    "spooldest test %s", found->id, found->id);
}
