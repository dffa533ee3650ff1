/*
 * verbs_destination - create, get, list, delete, enable, disable, defaults
 */
#include <stdlib.h>
#include <string.h>

#include "lib/destination_field.h"
#include "lib/json.h"
#include "lib/nearest.h"
#include "lib/xalloc.h"

#include "spoold/allowed.h"
#include "spoold/change.h"
#include "spoold/commit.h"
#include "spoold/destinations.h"
#include "spoold/organization.h"
#include "spoold/secrets.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/usage.h"
#include "spoold/verbs.h"

#define CREATE_MAX 100		/* destinations in one request */

/* --- create --------------------------------------------------------------- */

struct creation {
	struct request	*request;
	size_t		 count;
	size_t		 waiting;	/* not yet in force or failed */
	struct destination *made[CREATE_MAX];	/* own until put */
	struct target	*targets[CREATE_MAX];	/* borrowed */
	struct buf	 secrets[CREATE_MAX];	/* own; made ones, to show once */
	bool		 failed;
	struct why	 why;
};

static bool
creation_taken(const void *arg, const char *id)
{
	const struct creation *creation = arg;

	if (target_find(creation->request->organization, id) != NULL)
		return true;
	for (size_t i = 0; i < creation->count; i++)
		if (strcmp(creation->made[i]->id, id) == 0)
			return true;
	return false;
}

static void
creation_free(struct creation *creation)
{
	for (size_t i = 0; i < creation->count; i++) {
		buf_wipe(&creation->secrets[i]);
		destination_free(&creation->made[i]);
	}
	free(creation);
}

/* All are in force, or have failed. */
static void
creation_end(struct creation *creation)
{
	struct buf out = { 0 };

	if (creation->failed) {
		request_fail(creation->request, &creation->why);
		creation_free(creation);
		return;
	}
	json_open(&out, NULL, '{');
	json_open(&out, "destinations", '[');
	for (size_t i = 0; i < creation->count; i++)
		destination_put_made(&out,
		    creation->targets[i]->destination, &creation->secrets[i]);
	json_close(&out, ']');
	json_close(&out, '}');
	request_answer(creation->request, &out);
	creation_free(creation);
}

static void
creation_done(struct spoold *s, void *arg, struct target *target,
    const struct why *why)
{
	struct creation *creation = arg;

	(void)s;
	(void)target;
	if (why != NULL) {
		creation->failed = true;
		creation->why = *why;
	}
	if (--creation->waiting == 0)
		creation_end(creation);
}

/* Makes all of them; -1 with *why if one cannot be: none is then. */
static int
creation_make(struct creation *creation, const struct json *inputs,
    struct why *why)
{
	struct request *request = creation->request;
	struct destination_keeper keeper = { .vault = request->spoold->vault,
	    .organization = request->organization->id };
	struct destination *made;

	for (const struct json *input = json_first(inputs); input != NULL;
	    input = json_next(input)) {
		if (creation->count == CREATE_MAX)
			return why_field(why, "destinations",
			    "more than %d at once", CREATE_MAX);
		made = destination_make(input, &keeper, creation_taken,
		    creation, &creation->secrets[creation->count], why);
		if (made == NULL)
			return -1;
		creation->made[creation->count++] = made;
		if (allowed(request->spoold, request->organization, made,
		    why) == -1)
			return -1;
	}
	if (creation->count == 0)
		return why_field(why, "destinations", "names none");
	return 0;
}

void
verb_destination_create(struct request *request)
{
	struct creation *creation = xcalloc(1, sizeof(*creation));
	struct organization *org = request->organization;
	struct why why;

	creation->request = request;
	if (creation_make(creation, json_get(request->json, "destinations"),
	    &why) == -1) {
		request_fail(request, &why);
		creation_free(creation);
		return;
	}
	creation->waiting = creation->count;
	/* It is freed when the last of them is done, not before. */
	for (size_t i = 0, count = creation->count; i < count; i++) {
		struct destination_change change = {
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			.destination = creation->made[i],
			.event = EVENT_destination_created,
			.by = request->by,
			.done = creation_done,
			.arg = creation,
		};

		creation->targets[i] = target_get(org, creation->made[i]->id);
		creation->made[i] = NULL;
		if (destination_put(request->spoold, creation->targets[i],
		    &change, &why) == -1)
			creation_done(request->spoold, creation,
			    creation->targets[i], &why);
	}
}

/* --- update --------------------------------------------------------------- */

struct updating {
	struct request	*request;
	struct buf	 secret;	/* own; one that was made, to show once */
};

static void
update_done(struct spoold *s, void *arg, struct target *target,
    const struct why *why)
{
	struct updating *updating = arg;
	struct buf out = { 0 };

	(void)s;
	if (why == NULL) {
		destination_put_made(&out, target->destination,
		    &updating->secret);
		request_answer(updating->request, &out);
	} else
		request_fail(updating->request, why);
	buf_wipe(&updating->secret);
	free(updating);
}

void
verb_destination_update(struct request *request)
{
	struct target *target = request_target(request);
	struct updating *updating;
	struct destination_keeper keeper;
	struct destination_change change = {
		.event = EVENT_destination_updated,
		.done = update_done,
	};
	struct why why;

	if (target == NULL)
		return;		/* and the request is gone */
	change.by = request->by;
	updating = xcalloc(1, sizeof(*updating));
	updating->request = request;
	keeper = secrets_keeper(request->spoold, target);
	change.arg = updating;
	change.destination = destination_update(target->destination,
	    json_get(request->json, "destination"), &keeper,
	    &updating->secret, &why);
	if (change.destination != NULL && allowed(request->spoold,
	    request->organization, change.destination, &why) == -1)
		destination_free(&change.destination);
	if (change.destination == NULL ||
	    destination_put(request->spoold, target, &change, &why) == -1)
		update_done(request->spoold, updating, target, &why);
}

/* --- duplicate ------------------------------------------------------------ */

static bool
organization_has(const void *arg, const char *id)
{
	return target_find(arg, id) != NULL;
}

void
verb_destination_duplicate(struct request *request)
{
	struct target *target = request_target(request), *copy;
	struct destination_change change = {
		.event = EVENT_destination_created,
		.reason = "duplicate",
		.done = update_done,
	};
	struct destination_keeper keeper;
	struct updating *updating;
	struct why why;

	if (target == NULL)
		return;
	updating = xcalloc(1, sizeof(*updating));
	updating->request = request;
	keeper = secrets_keeper(request->spoold, target);
	change.by = request->by;
	change.arg = updating;
	change.destination = destination_duplicate(target->destination,
	    request_string(request, "newId", NULL), &keeper,
	    organization_has, request->organization, &why);
	if (change.destination == NULL) {
		update_done(request->spoold, updating, target, &why);
		return;
	}
	copy = target_get(request->organization, change.destination->id);
	if (destination_put(request->spoold, copy, &change, &why) == -1)
		update_done(request->spoold, updating, copy, &why);
}

/* --- looking -------------------------------------------------------------- */

/* There is none of that id; one may be near. */
static void
target_unknown(struct organization *org, const char *id, struct why *why)
{
	struct nearest nearest = { .name = "" };
	struct target *target;

	RB_FOREACH(target, targets, &org->targets)
		if (target->destination != NULL)
			nearest_offer(&nearest, id, target->id);
	(void)why_set(why, ERROR_DESTINATION_NOT_FOUND,
	    "there is no destination \"%s\"", id);
	memcpy(why->nearest, nearest.name, sizeof(why->nearest));
}

struct target *
request_target(struct request *request)
{
	const char *id = request_string(request, "destinationId", "");
	struct target *target = target_find(request->organization, id);
	struct why why;

	if (target == NULL) {
		target_unknown(request->organization, id, &why);
		request_fail(request, &why);
	}
	return target;
}

static void
answer_document(struct request *request, struct target *target)
{
	struct buf out = { 0 };

	usage_settle(target);
	destination_print_masked(target->destination, &out);
	request_answer(request, &out);
}

void
verb_destination_get(struct request *request)
{
	struct target *target = request_target(request);

	if (target != NULL)
		answer_document(request, target);
}

void
verb_default_list(struct request *request)
{
	struct buf out = { 0 };
	struct target *target;

	json_open(&out, NULL, '{');
	json_open(&out, "destinations", '[');
	RB_FOREACH(target, targets, &request->organization->targets)
		if (target->destination != NULL &&
		    target->destination->is_default)
			json_put_string(&out, NULL, target->id);
	json_close(&out, ']');
	json_close(&out, '}');
	request_answer(request, &out);
}

/* --- changing ------------------------------------------------------------- */

static void
change_done_answer(struct spoold *s, void *arg, struct target *target,
    const struct why *why)
{
	struct request *request = arg;
	struct buf out = { 0 };

	(void)s;
	if (why != NULL)
		request_fail(request, why);
	else if (target->destination != NULL)
		answer_document(request, target);
	else
		request_answer(request, &out);
}

/* Puts a changed copy (or none: deleted) in force, and answers then. */
static void
change(struct request *request, struct target *target,
    struct destination *copy, enum event event, const char *reason)
{
	struct destination_change put = {
		.destination = copy,
		.event = event,
		.by = request->by,
		.reason = reason,
		.done = change_done_answer,
		.arg = request,
	};
	struct why why;

	if (destination_put(request->spoold, target, &put, &why) == -1)
		request_fail(request, &why);
}

struct destination *
request_copy(struct request *request, struct target **target_r)
{
	struct destination *copy;
	struct why why;

	*target_r = request_target(request);
	if (*target_r == NULL)
		return NULL;
	copy = destination_copy((*target_r)->destination, &why);
	if (copy == NULL)
		request_fail(request, &why);
	return copy;
}

static void
set_disabled(struct request *request, bool disabled)
{
	const char *reason = request_string(request, "reason", NULL);
	struct destination_keeper keeper;
	struct destination *copy;
	struct target *target;
	struct why why;

	copy = request_copy(request, &target);
	if (copy == NULL)
		return;
	keeper = secrets_keeper(request->spoold, target);
	if (!disabled && destination_complete(copy, &keeper, &why) == -1) {
		destination_free(&copy);
		request_fail(request, &why);
		return;
	}
	destination_set_disabled(copy, disabled, request->by, reason);
	change(request, target, copy, disabled ? EVENT_destination_disabled :
	    EVENT_destination_enabled, reason);
}

void
verb_destination_enable(struct request *request)
{
	set_disabled(request, false);
}

void
verb_destination_disable(struct request *request)
{
	set_disabled(request, true);
}

static void
set_default(struct request *request, bool is_default)
{
	const char *why = request_string(request, "reason", NULL);
	struct buf reason = { 0 };
	struct destination *copy;
	struct target *target;

	copy = request_copy(request, &target);
	if (copy == NULL)
		return;
	destination_set_default(copy, is_default);
	buf_printf(&reason, "%s%s%s", is_default ? "added" : "removed",
	    why == NULL ? "" : ": ", why == NULL ? "" : why);
	change(request, target, copy, EVENT_default_changed, reason.data);
	buf_free(&reason);
}

void
verb_default_add(struct request *request)
{
	set_default(request, true);
}

void
verb_default_remove(struct request *request)
{
	set_default(request, false);
}

/* Cancels all of a destination's tickets; those in flight end by themselves. */
static void
cancel_tickets(struct request *request, struct target *target)
{
	struct organization *org = request->organization;
	char name[TICKET_NAME_MAX];
	struct change_place place;
	struct waiting *w;
	struct why why;

	RB_FOREACH(w, waiting_by_name, &org->tickets) {
		if (w->target != target)
			continue;
		tickets_name(w, name);
		place = (struct change_place) { (enum queue)w->queue, name };
		(void)change_ticket(request->spoold, org, CHANGE_cancel,
		    &place, false, request->by, &why);
	}
}

/* The download whose links are told to it, or NULL: they would be lost. */
static const struct target *
told_by(const struct request *request, const char *id)
{
	struct target *target;

	RB_FOREACH(target, targets, &request->organization->targets)
		if (target->destination != NULL &&
		    target->destination->transport == TRANSPORT_download &&
		    strcmp(json_string(json_get(destination_config(
		    target->destination), "notify"), ""), id) == 0)
			return target;
	return NULL;
}

void
verb_destination_delete(struct request *request)
{
	struct target *target = request_target(request);
	const struct target *telling;
	struct why why;

	if (target == NULL)
		return;
	telling = told_by(request, target->id);
	if (telling != NULL) {
		(void)why_set(&why, ERROR_CONFLICT, "the notify of %s names "
		    "%s: give it another, or delete it first", telling->id,
		    target->id);
		request_fail(request, &why);
		return;
	}
	if (target->tickets != 0 && !json_boolean(json_get(request->json,
	    "cancelTickets"), false)) {
		(void)why_set(&why, ERROR_CONFLICT, "%zu ticket%s of %s "
		    "wait%s: cancel first, or use --cancel-tickets",
		    target->tickets, target->tickets == 1 ? "" : "s",
		    target->id, target->tickets == 1 ? "s" : "");
		request_fail(request, &why);
		return;
	}
	cancel_tickets(request, target);
	change(request, target, NULL, EVENT_destination_deleted,
	    request_string(request, "reason", NULL));
}
