/*
 * verbs_secret - the secrets that sign: list, rotate, add, revoke, reveal
 *
 * A secret is in an answer twice in its life at most by itself: when spoold
 * has made it, and whenever it is asked for by `reveal`, which is on record
 * before it is answered.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "lib/destination_rotate.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/organization.h"
#include "spoold/rotations.h"
#include "spoold/secrets.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/trial.h"
#include "spoold/verbs.h"

/* A request that changes secrets, until it is answered. */
struct rotating {
	struct request	*request;
	struct target	*target;	/* borrowed */
	struct buf	 made;		/* own; a new one, to show once */
	bool		 drill;
	char		 id[24];	/* of the secret that is drilled */
	struct trial_result result;	/* of the drill */
	bool		 drilled;
};

static void
rotation_free(struct rotating *rotation)
{
	buf_wipe(&rotation->made);
	free(rotation);
}

/* --- answers -------------------------------------------------------------- */

static void
rotation_answer(struct rotating *rotation)
{
	struct buf out = { 0 };

	json_open(&out, NULL, '{');
	json_put_string(&out, "destinationId", rotation->target->id);
	if (rotation->target->destination != NULL)
		destination_secrets_print(rotation->target->destination, &out);
	if (rotation->made.len > 0)
		json_put_string(&out, "secret", rotation->made.data);
	if (rotation->drilled) {
		json_open(&out, "drill", '{');
		trial_print(&rotation->result, &out);
		json_close(&out, '}');
	}
	json_close(&out, '}');
	request_answer(rotation->request, &out);
	rotation_free(rotation);
}

static void
rotation_fail(struct rotating *rotation, const struct why *why)
{
	request_fail(rotation->request, why);
	rotation_free(rotation);
}

/* The last change is in force. */
static void
rotation_done(struct spoold *s, void *arg, struct target *target,
    const struct why *why)
{
	struct rotating *rotation = arg;

	(void)s;
	(void)target;
	if (why != NULL)
		rotation_fail(rotation, why);
	else
		rotation_answer(rotation);
}

/* --- drills --------------------------------------------------------------- */

/* The receiver has the current secret: that is put on record. */
static void
rotation_accept(struct rotating *rotation)
{
	struct target *target = rotation->target;
	struct destination *copy;
	struct why why;

	copy = destination_copy(target->destination, &why);
	if (copy == NULL) {
		rotation_fail(rotation, &why);
		return;
	}
	destination_secret_accept(copy);
	if (secrets_put(rotation->request->spoold, target, copy,
	    EVENT_secret_accepted, copy->secrets[0].id, rotation->request->by,
	    rotation_done, rotation, &why) == -1)
		rotation_fail(rotation, &why);
}

/* What was drilled counts only while it still is the current one. */
static void
rotation_drilled(struct spoold *s, void *arg, struct target *target,
    const struct trial_result *result)
{
	struct rotating *rotation = arg;
	const struct destination *destination = target->destination;

	(void)s;
	rotation->drilled = true;
	rotation->result = *result;
	if (result->success && destination != NULL &&
	    destination->secret_count > 0 &&
	    strcmp(destination->secrets[0].id, rotation->id) == 0)
		rotation_accept(rotation);
	else
		rotation_answer(rotation);
}

static void
rotation_drill(struct rotating *rotation)
{
	struct target *target = rotation->target;
	struct why why;

	(void)snprintf(rotation->id, sizeof(rotation->id), "%s",
	    target->destination->secrets[0].id);
	if (trial_start(rotation->request->spoold, target, TEST_drill,
	    rotation->request->by, rotation_drilled, rotation, &why) == -1)
		rotation_fail(rotation, &why);
}

/* --- rotate, add ---------------------------------------------------------- */

/* The new secret is in force. */
static void
rotation_rotated(struct spoold *s, void *arg, struct target *target,
    const struct why *why)
{
	struct rotating *rotation = arg;

	(void)s;
	if (why != NULL)
		rotation_fail(rotation, why);
	else if (rotation->drill && target->destination != NULL)
		rotation_drill(rotation);
	else
		rotation_answer(rotation);
}

/* A new secret; `given` or, where that is NULL, made here. */
static int
rotation_begin(struct rotating *rotation, const char *given, struct why *why)
{
	struct request *request = rotation->request;
	struct spoold *s = request->spoold;
	struct destination_keeper keeper = secrets_keeper(s,
	    rotation->target);
	struct destination *copy;

	if (given == NULL && signing_make(&rotation->made, why) == -1)
		return -1;
	copy = destination_copy(rotation->target->destination, why);
	if (copy == NULL)
		return -1;
	if (destination_secret_add(copy, &keeper, given != NULL ? given :
	    rotation->made.data, given == NULL, secrets_overlap_end(s),
	    why) == -1) {
		destination_free(&copy);
		return -1;
	}
	return secrets_put(s, rotation->target, copy, EVENT_secret_rotated,
	    copy->secrets[0].id, request->by, rotation_rotated, rotation,
	    why);
}

static struct rotating *
rotation_new(struct request *request, struct target *target)
{
	struct rotating *rotation = xcalloc(1, sizeof(*rotation));

	rotation->request = request;
	rotation->target = target;
	rotation->drill = json_boolean(json_get(request->json, "drill"),
	    false);
	return rotation;
}

void
verb_secret_rotate(struct request *request)
{
	struct target *target = request_target(request);
	struct rotating *rotation;
	bool confirm, uncertain;
	struct why why;

	if (target == NULL)
		return;		/* and the request is gone */
	rotation = rotation_new(request, target);
	confirm = json_boolean(json_get(request->json, "confirm"), false);
	uncertain = secrets_are_uncertain(target->destination);
	if (confirm && uncertain)
		rotation_accept(rotation);
	else if (confirm) {
		(void)why_set(&why, ERROR_CONFLICT, "there is nothing to "
		    "confirm: %s has no new secret beside an old one",
		    rotation->target->id);
		rotation_fail(rotation, &why);
	} else if (rotation->drill && uncertain)
		rotation_drill(rotation);
	else if (rotation_begin(rotation, NULL, &why) == -1)
		rotation_fail(rotation, &why);
}

void
verb_secret_add(struct request *request)
{
	struct target *target = request_target(request);
	struct rotating *rotation;
	const char *field;
	struct why why;

	if (target == NULL)
		return;
	field = request_string(request, "field", NULL);
	if (field != NULL) {
		rotation_add(request, target, field);
		return;
	}
	rotation = rotation_new(request, target);
	if (rotation_begin(rotation, request_string(request, "secret", ""),
	    &why) == -1)
		rotation_fail(rotation, &why);
}

/* --- revoke --------------------------------------------------------------- */

void
verb_secret_revoke(struct request *request)
{
	struct target *target = request_target(request);
	struct destination_keeper keeper;
	struct rotating *rotation;
	struct destination *copy;
	const char *id;
	struct why why;

	if (target == NULL)
		return;
	id = request_string(request, "secretId", "");
	/* Secrets have numbers, values the names of their fields. */
	if (id[0] >= 'a' && id[0] <= 'z') {
		rotation_revoke(request, target, id);
		return;
	}
	rotation = rotation_new(request, target);
	keeper = secrets_keeper(request->spoold, target);
	copy = destination_copy(target->destination, &why);
	if (copy != NULL && destination_secret_remove(copy, &keeper, id,
	    &why) == -1)
		destination_free(&copy);
	if (copy == NULL || secrets_put(request->spoold, target,
	    copy, EVENT_secret_revoked, id, request->by, rotation_done,
	    rotation, &why) == -1)
		rotation_fail(rotation, &why);
}

/* --- looking -------------------------------------------------------------- */

void
verb_secret_list(struct request *request)
{
	struct target *target = request_target(request);
	struct buf out = { 0 };

	if (target == NULL)
		return;
	json_open(&out, NULL, '{');
	json_put_string(&out, "destinationId", target->id);
	destination_secrets_print(target->destination, &out);
	destination_rotations_print(target->destination, &out);
	json_close(&out, '}');
	request_answer(request, &out);
}

/* What is shown once its line is on disk. */
struct revelation {
	struct request	*request;
	struct buf	 out;		/* own */
};

static void
reveal_answer(struct spoold *s, void *arg)
{
	struct revelation *revelation = arg;

	(void)s;
	request_answer(revelation->request, &revelation->out);
	free(revelation);
}

static void
reveal_journal(struct request *request, const struct target *target,
    const char *id)
{
	struct buf fields = { 0 };
	char reason[64];

	(void)snprintf(reason, sizeof(reason), "secret %s", id);
	commit_fields(&fields, target->organization->id, NULL);
	json_put_string(&fields, "dest", target->id);
	json_put_string(&fields, "by", request->by);
	json_put_string(&fields, "reason", reason);
	(void)commit_line(request->spoold, EVENT_secret_revealed, &fields);
}

void
verb_secret_reveal(struct request *request)
{
	struct target *target = request_target(request);
	const struct destination_secret *secret;
	struct destination_keeper keeper;
	struct revelation *revelation;
	struct buf text = { 0 };
	struct why why;

	if (target == NULL)
		return;
	keeper = secrets_keeper(request->spoold, target);
	secret = destination_secret_find(target->destination,
	    request_string(request, "secretId", NULL), &why);
	if (secret == NULL || destination_secret_open(target->destination,
	    &keeper, secret, &text, &why) == -1) {
		buf_wipe(&text);
		request_fail(request, &why);
		return;
	}
	revelation = xcalloc(1, sizeof(*revelation));
	revelation->request = request;
	json_open(&revelation->out, NULL, '{');
	json_put_string(&revelation->out, "destinationId", target->id);
	json_put_string(&revelation->out, "secretId", secret->id);
	json_put_string(&revelation->out, "secret", text.data);
	json_close(&revelation->out, '}');
	buf_wipe(&text);
	reveal_journal(request, target, secret->id);
	commit_then(request->spoold, request->organization, reveal_answer,
	    revelation);
}
