/*
 * hostkeys - the alerts about servers that have another key than is pinned
 *
 * What the worker says has the key's fingerprint in it.  The worker has heard
 * that from whoever answered there, so no more of it goes into the alert than
 * what has the form of one.
 */
#include <stdio.h>
#include <string.h>

#include "lib/destination_field.h"
#include "lib/hostkey.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/hostkeys.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

/* The fingerprint in a sentence, or "". */
static void
find_key(const char *reason, char out[HOSTKEY_TEXT])
{
	const char *at = strstr(reason, HOSTKEY_PREFIX);
	struct hostkey key;

	out[0] = '\0';
	if (at == NULL)
		return;
	(void)snprintf(out, HOSTKEY_TEXT, "%.*s", (int)HOSTKEY_TEXT - 1,
	    at);
	if (hostkey_parse(out, &key) != NULL)
		out[0] = '\0';
}

void
hostkeys_note(struct target *target, const struct link_outcome *outcome,
    const char *reason)
{
	if (outcome->error == ERROR_HOST_KEY_MISMATCH) {
		target->other_key = true;
		find_key(reason, target->shown_key);
	} else if (outcome->verdict == VERDICT_delivered)
		target->other_key = false;
}

/* A value of its config, printed. */
static void
put_value(const struct destination *destination, const char *path,
    struct buf *out)
{
	const struct json *value = destination_value(
	    destination_config(destination), path);

	if (value != NULL)
		json_print(out, value);
	buf_char(out, ' ');
}

/* What an attempt's host key depends on. */
static void
put_server(const struct destination *destination, struct buf *out)
{
	put_value(destination, "host", out);
	put_value(destination, "port", out);
	put_value(destination, "hostKey", out);
}

void
hostkeys_change(struct target *target, const struct destination *changed)
{
	struct buf old = { 0 }, new = { 0 };

	if (!target->other_key)
		return;
	if (changed != NULL && target->destination != NULL) {
		put_server(target->destination, &old);
		put_server(changed, &new);
	}
	target->other_key = old.len > 0 && strcmp(old.data, new.data) == 0;
	buf_free(&old);
	buf_free(&new);
}

void
hostkeys_check(struct spoold *s)
{
	struct organization *org;
	struct target *target;

	if (s->offline || s->phase != PHASE_RUNNING ||
	    !commit_possible(s, NULL))
		return;
	alerts_look(s, ALERT_host_key);
	TAILQ_FOREACH(org, &s->organizations, entry)
		RB_FOREACH(target, targets, &org->targets)
			if (target->other_key &&
			    target->destination != NULL &&
			    !target->destination->disabled)
				alerts_found(s, ALERT_host_key, org->id,
				    target->id, "the server of %s has %s%s, "
				    "which is not its hostKey, so nothing is "
				    "sent to it: spooldest test %s",
				    target->id, target->shown_key[0] != '\0' ?
				    "the key " : "another key",
				    target->shown_key, target->id);
	alerts_looked(s, ALERT_host_key);
}
