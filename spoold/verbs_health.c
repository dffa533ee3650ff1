/*
 * verbs_health - how a destination does: tests of it, and what attempts showed
 */
#include <string.h>

#include "lib/json.h"

#include "spoold/destinations.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/trial.h"
#include "spoold/verbs.h"

static void
test_done(struct spoold *s, void *arg, struct target *target,
    const struct trial_result *result)
{
	struct request *request = arg;
	struct buf out = { 0 };

	(void)s;
	json_open(&out, NULL, '{');
	json_put_string(&out, "destinationId", target->id);
	trial_print(result, &out);
	json_close(&out, '}');
	request_answer(request, &out);
}

void
verb_destination_test(struct request *request)
{
	struct target *target = request_target(request);
	struct why why;
	bool deliver;

	if (target == NULL)
		return;		/* and the request is gone */
	deliver = json_boolean(json_get(request->json, "deliver"), false);
	if (target->destination->disabled) {
		(void)why_set(&why, ERROR_DESTINATION_DISABLED,
		    "destination %s is disabled; spooldest enable %s first",
		    target->id, target->id);
		request_fail(request, &why);
	} else if (trial_start(request->spoold, target, deliver ?
	    TEST_deliver : TEST_reach, request->by, test_done, request,
	    &why) == -1)
		request_fail(request, &why);
}

void
verb_destination_health(struct request *request)
{
	const struct target *target = request_target(request);
	struct buf out = { 0 };

	if (target == NULL)
		return;
	health_print(request->spoold->conf, target, &out);
	request_answer(request, &out);
}
