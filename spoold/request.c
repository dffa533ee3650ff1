/*
 * request - one request of the control protocol: who asks for what, and the
 * answer
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"
#include "lib/destination.h"
#include "lib/receipt.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/connection.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/worker.h"

#define DENIED_EVERY 60000	/* ms between `denied` lines */

void
request_free(struct request *request)
{
	destination_view_free(&request->json);	/* it may hold credentials */
	buf_free(&request->id);
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

void
request_answer(struct request *request, struct buf *result)
{
	struct buf line = { .max = CONTROL_ANSWER_MAX };
	struct connection *connection = request_end(request, &line, true);

	json_put_raw(&line, "result", result->len != 0 ? result->data : "{}",
	    result->len != 0 ? result->len : 2);
	json_close(&line, '}');
	buf_char(&line, '\n');
	buf_wipe(result);
	request_free(request);
	connection_say(connection, &line);
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
	connection_say(connection, &line);
}

const char *
request_string(const struct request *request, const char *name,
    const char *fallback)
{
	return json_string(json_get(request->json, name), fallback);
}

static const struct verb *
verb_find(const char *name)
{
	const struct verb *const tables[] = { verbs_server(),
	    verbs_delivery(), verbs_destination(), verbs_list(),
	    verbs_explain(), verbs_health(), verbs_secret(), verbs_move(),
	    NULL };

	for (size_t i = 0; tables[i] != NULL; i++)
		for (const struct verb *verb = tables[i]; verb->name != NULL;
		    verb++)
			if (strcmp(verb->name, name) == 0)
				return verb;
	return NULL;
}

/*
 * Root and the owner of a private instance may do everything, but its workers
 * nothing: they have his uid, and speak to strangers.
 */
static int
request_permit(struct request *request, const char *verb, struct why *why)
{
	struct spoold *s = request->spoold;
	uid_t uid = request->connection->uid;
	struct buf fields = { 0 };
	int64_t now = clock_monotonic();

	if ((uid == 0 || uid == geteuid()) &&
	    !worker_is(s, request->connection->pid))
		return 0;
	if (s->denied_at == 0 || now - s->denied_at > DENIED_EVERY) {
		s->denied_at = now;
		json_put_string(&fields, "verb", verb);
		json_put_string(&fields, "by", request->by);
		(void)commit_line(s, EVENT_denied, &fields);
	}
	return why_set(why, ERROR_PERMISSION_DENIED, "%s is not for %s", verb,
	    request->by);
}

/* The organization that it names, or the only one. */
static int
request_organization(struct request *request, struct why *why)
{
	struct spoold *s = request->spoold;
	const char *id = request_string(request, "organizationId", NULL);

	if (id == NULL) {
		request->organization = TAILQ_FIRST(&s->organizations);
		if (request->organization == NULL ||
		    TAILQ_NEXT(request->organization, entry) != NULL)
			return why_field(why, "organizationId",
			    "needed, there is not one organization only");
		return 0;
	}
	request->organization = organization_find(s, id);
	if (request->organization == NULL)
		return why_set(why, ERROR_ORGANIZATION_NOT_FOUND,
		    "there is no organization %s", id);
	return 0;
}

/* True if `name` is one of the words of a list. */
static bool
is_word_of(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (*list != '\0') {
		size_t word = strcspn(list, " ");

		if (word == length && strncmp(list, name, word) == 0)
			return true;
		list += word + strspn(list + word, " ");
	}
	return false;
}

/* Unknown fields are an error: they may mean something to who sent them. */
static int
request_fields(const struct request *request, const struct verb *verb,
    struct why *why)
{
	const struct json *field = json_first(request->json);

	for (; field != NULL; field = json_next(field))
		if (!is_word_of("id verb organizationId", json_name(field)) &&
		    !is_word_of(verb->fields, json_name(field)))
			return why_field(why, json_name(field),
			    "is no field of %s", verb->name);
	return 0;
}

static void
request_run(struct request *request)
{
	const char *name = request_string(request, "verb", "");
	const struct verb *verb = verb_find(name);
	struct why why;

	if (!json_is(request->json, JSON_OBJECT) || verb == NULL)
		(void)why_set(&why, ERROR_USAGE, "there is no verb \"%s\"",
		    name);
	else if (request_permit(request, name, &why) == 0 &&
	    request_fields(request, verb, &why) == 0 &&
	    (!verb->of_organization ||
	    request_organization(request, &why) == 0)) {
		verb->handle(request);
		return;
	}
	request_fail(request, &why);
}

static char *
peer_name(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char text[4096];

	if (getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 &&
	    found != NULL)
		return xasprintf("%s (%u)", found->pw_name, (unsigned)uid);
	return xasprintf("%u", (unsigned)uid);
}

static struct request *
request_new(struct connection *connection)
{
	struct request *request = xcalloc(1, sizeof(*request));

	request->spoold = connection->spoold;
	request->connection = connection;
	request->by = peer_name(connection->uid);
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
