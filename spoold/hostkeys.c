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
#include "lib/hex.h"
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

static const char *
pinned_key(const struct destination *destination)
{
	return json_string(destination_value(destination_config(destination),
	    "hostKey"), "");
}

/*
 * True if that key, in hex, is the pinned one: whatever became of the attempt,
 * it was that server's.
 */
static bool
is_pinned(const struct destination *destination, const char *fingerprint)
{
	char text[HEX_SIZE(HOSTKEY_HASH)];
	struct hostkey key;

	if (hostkey_parse(pinned_key(destination), &key) != NULL)
		return false;
	hex_format(key.sha256, HOSTKEY_HASH, text);
	return strcmp(text, fingerprint) == 0;
}

void
hostkeys_note(struct target *target, int64_t version,
    const struct link_record *outcome)
{
	const struct destination *destination = target->destination;

	if (destination == NULL || destination->version != version)
		return;
	if (outcome->outcome.error == ERROR_HOST_KEY_MISMATCH) {
		target->other_key = true;
		find_key(outcome->text[OUTCOME_reason], target->shown_key);
	} else if (target->other_key &&
	    (outcome->outcome.verdict == VERDICT_delivered ||
	    is_pinned(destination, outcome->text[OUTCOME_fingerprint])))
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

static void
tell(struct spoold *s, const struct target *target)
{
	bool pinned = pinned_key(target->destination)[0] != '\0';

	alerts_found(s, ALERT_host_key, target->organization->id, target->id,
	    "the server of %s has %s%s, %s, so nothing is sent to it: "
	    "spooldest test %s", target->id, target->shown_key[0] != '\0' ?
	    "the key " : pinned ? "another key" : "a key",
	    target->shown_key, pinned ? "which is not its hostKey" :
	    "and it has no hostKey to compare that with", target->id);
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
				tell(s, target);
	alerts_looked(s, ALERT_host_key);
}
