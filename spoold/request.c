/*
 * request - one request of the control protocol: who asks for what, and the
 * answer
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/control.h"
#include "lib/destination.h"
#include "lib/nearest.h"
#include "lib/receipt.h"
#include "lib/xalloc.h"

#include "spoold/connection.h"
#include "spoold/denied.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/verbs.h"

/* Answers, fails, or keeps the request. */
typedef void	 verb_handler(struct request *);

void
request_free(struct request *request)
{
	destination_view_free(&request->json);	/* it may hold credentials */
	buf_free(&request->id);
	if (request->passed != -1)
		close(request->passed);
	free(request->by);
	free(request);
}

/* Begins its answer's line; the request's connection is returned. */
static struct connection *
request_end(struct request *request, struct buf *line, bool ok)
{
	struct connection *connection = request->connection;

	json_open(line, NULL, '{');
	json_put_raw(line, "id", request->id.data, request->id.len);
	json_put_boolean(line, "ok", ok);
	if (connection != NULL) {
		TAILQ_REMOVE(&connection->requests, request, entry);
		connection->request_count--;
	}
	return connection;
}

#define FRAME 64		/* bytes of an answer beside id and result */

void
request_answer(struct request *request, struct buf *result)
{
	struct buf line = { .max = CONTROL_ANSWER_MAX };
	struct connection *connection;
	struct why why;
	int passed;

	if (result->len + request->id.len > CONTROL_ANSWER_MAX - FRAME) {
		buf_wipe(result);
		(void)why_set(&why, ERROR_VALIDATION_ERROR, "the answer would "
		    "be longer than %d bytes: ask for less at once",
		    CONTROL_ANSWER_MAX);
		request_fail(request, &why);
		return;
	}
	connection = request_end(request, &line, true);
	json_put_raw(&line, "result", result->len != 0 ? result->data : "{}",
	    result->len != 0 ? result->len : 2);
	json_close(&line, '}');
	buf_char(&line, '\n');
	buf_wipe(result);
	passed = request->passed;
	request->passed = -1;
	request_free(request);
	connection_say(connection, &line, passed);
}

void
request_fail(struct request *request, const struct why *why)
{
	struct buf line = { .max = CONTROL_ANSWER_MAX };
	struct connection *connection = request_end(request, &line, false);

	receipt_write_error(&line, "error", why);
	json_close(&line, '}');
	buf_char(&line, '\n');
	request_free(request);
	connection_say(connection, &line, -1);
}

const char *
request_string(const struct request *request, const char *name,
    const char *fallback)
{
	return json_string(json_get(request->json, name), fallback);
}

static verb_handler *const handlers[VERBS] = {
#define VERB(identifier, topic, name, roles, sentence) \
	[VERB_##identifier] = verb_##identifier,
#define FIELD(verb, name, form, needed, roles, sentence)
#include "lib/verbs.def"
#undef FIELD
#undef VERB
};

void
request_denied(struct request *request)
{
	uid_t uid = request->connection == NULL ? (uid_t)-1 :
	    request->connection->peer.uid;

	denied_add(request->spoold, uid, request->by, request->verb,
	    request->organization);
}

bool
request_may_see(struct request *request, const char *submitter)
{
	if (request->owner || (request->roles & FOR_viewer) != 0 ||
	    strcmp(submitter, request->connection->peer.name) == 0)
		return true;
	request_denied(request);
	return false;
}

/* The only organization in which the asker has a role, or NULL. */
static struct organization *
organization_only(const struct request *request, bool *several_r)
{
	struct organization *org, *only = NULL;

	TAILQ_FOREACH(org, &request->spoold->organizations, entry) {
		if (!request->owner &&
		    peer_roles(&request->connection->peer, org) == 0)
			continue;
		*several_r = only != NULL;
		if (only != NULL)
			return NULL;
		only = org;
	}
	return only;
}

/* Only who may see all of them is told: others would tell answers apart. */
static void
organization_nearest(const struct spoold *s, const char *id, struct why *why)
{
	struct nearest nearest = { .name = "" };
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry)
		nearest_offer(&nearest, id, org->id);
	memcpy(why->nearest, nearest.name, sizeof(why->nearest));
}

/*
 * The organization that it names, or the only one.  One in which the asker has
 * no role does not exist for him.
 */
static int
request_organization(struct request *request, struct why *why)
{
	const struct json *named = json_get(request->json, "organizationId");
	const char *id = json_string(named, NULL);
	bool several = false;

	if (named != NULL && id == NULL)
		return why_field(why, "organizationId",
		    "organizationId must be a text");
	request->organization = id == NULL ? organization_only(request,
	    &several) : organization_find(request->spoold, id);
	if (several)
		return why_field(why, "organizationId", "organizationId is "
		    "needed: there is more than one organization");
	if (request->organization != NULL)
		request->roles = peer_roles(&request->connection->peer,
		    request->organization);
	if (request->owner ? request->organization != NULL :
	    request->roles != 0)
		return 0;
	if (!request->owner)
		request_denied(request);
	if (id == NULL && !request->owner)
		return why_set(why, ERROR_PERMISSION_DENIED,
		    "%s is not for %s", verb_name(request->verb),
		    request->by);
	(void)why_set(why, ERROR_ORGANIZATION_NOT_FOUND,
	    "there is no organization %s", id == NULL ? "at all" : id);
	if (request->owner && id != NULL)
		organization_nearest(request->spoold, id, why);
	return -1;
}

/* Whether the asker may: in the organization that it is about, if any. */
static int
request_permit(struct request *request, struct why *why)
{
	unsigned roles = verb_roles(request->verb);
	const char *field;

	if (roles != FOR_owner && request_organization(request, why) == -1)
		return -1;
	if (request->owner)
		return 0;
	if ((roles & request->roles) == 0) {
		request_denied(request);
		return why_set(why, ERROR_PERMISSION_DENIED,
		    "%s is not for %s", verb_name(request->verb),
		    request->by);
	}
	field = verb_field_denied(request->verb, request->json,
	    request->roles);
	if (field == NULL)
		return 0;
	request_denied(request);
	return why_set(why, ERROR_PERMISSION_DENIED, "%s of %s is not for %s",
	    field, verb_name(request->verb), request->by);
}

static void
request_run(struct request *request)
{
	const char *name = request_string(request, "verb", "");
	struct why why;

	request->verb = verb_find(name);
	if (!json_is(request->json, JSON_OBJECT) || request->verb == VERBS)
		(void)why_set(&why, ERROR_USAGE, "there is no verb \"%s\"",
		    name);
	else if (request_permit(request, &why) == 0 &&
	    verb_check(request->verb, request->json, &why) == 0) {
		handlers[request->verb](request);
		return;
	}
	request_fail(request, &why);
}

/* A name without its number says nothing once users have changed. */
static char *
peer_shown(const struct peer *peer)
{
	char uid[16];

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)peer->uid);
	return strcmp(uid, peer->name) == 0 ? xstrdup(uid) :
	    xasprintf("%s (%s)", peer->name, uid);
}

static struct request *
request_new(struct connection *connection)
{
	struct request *request = xcalloc(1, sizeof(*request));

	request->spoold = connection->spoold;
	request->connection = connection;
	request->by = peer_shown(&connection->peer);
	request->owner = connection->peer.owner;
	request->verb = VERBS;
	request->passed = -1;
	TAILQ_INSERT_TAIL(&connection->requests, request, entry);
	connection->request_count++;
	return request;
}

void
request_take(struct connection *connection, const char *line, size_t length)
{
	struct request *request = request_new(connection);
	struct why why;

	request->json = json_parse(line, length, &why);
	if (json_get(request->json, "id") != NULL)
		json_print(&request->id, json_get(request->json, "id"));
	else
		buf_str(&request->id, "null");
	if (request->json == NULL)
		request_fail(request, &why);
	else
		request_run(request);
}

void
request_too_long(struct connection *connection)
{
	struct request *request = request_new(connection);
	struct why why;

	buf_str(&request->id, "null");
	(void)why_set(&why, ERROR_VALIDATION_ERROR,
	    "a request is longer than %d bytes", CONTROL_LINE_MAX);
	request_fail(request, &why);
}
