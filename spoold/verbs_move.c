/*
 * verbs_move - destinations on their way to another instance, and from one
 *
 * What leaves is sealed under a key that the caller made of a passphrase, so
 * that no credential is ever outside of spoold in clear, and that is on record
 * before it is answered.  What comes is one that a person could have written;
 * where something is missing in it, it is taken, but disabled.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/destination_field.h"
#include "lib/destination_portable.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#include "spoold/allowed.h"
#include "spoold/commit.h"
#include "spoold/destinations.h"
#include "spoold/organization.h"
#include "spoold/secrets.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/verbs.h"

/* --- export --------------------------------------------------------------- */

/* What is answered once its line is on disk. */
struct exporting {
	struct request	*request;
	struct buf	 out;		/* own */
};

static void
export_answer(struct spoold *s, void *arg)
{
	struct exporting *exporting = arg;

	(void)s;
	request_answer(exporting->request, &exporting->out);
	free(exporting);
}

static void
export_journal(struct request *request, const struct target *target)
{
	struct buf fields = { 0 };

	commit_fields(&fields, target->organization->id, NULL);
	json_put_string(&fields, "dest", target->id);
	json_put_string(&fields, "by", request->by);
	json_put_string(&fields, "reason", "exported, sealed");
	(void)commit_line(request->spoold, EVENT_secret_revealed, &fields);
}

/* The vault of the file; NULL with *why. */
static struct vault *
export_vault(const char *text, struct why *why)
{
	struct buf key = { 0 };
	struct vault *vault = NULL;

	if (base64_decode(&key, text, strlen(text), BASE64_STANDARD) == -1 ||
	    key.len != VAULT_KEY_BYTES)
		(void)why_field(why, "key", "key must be base64 of %d bytes",
		    VAULT_KEY_BYTES);
	else
		vault = vault_of_key((const unsigned char *)key.data, why);
	buf_wipe(&key);
	return vault;
}

/* Returns how many credentials went along, or -1 with *why. */
static int
export_make(const struct request *request, const struct target *target,
    struct buf *out, struct why *why)
{
	struct destination_keeper keeper = secrets_keeper(request->spoold,
	    target);
	const char *key = request_string(request, "key", NULL);
	struct vault *vault = key == NULL ? NULL : export_vault(key, why);
	struct buf text = { 0 };
	int sealed = -1;

	if (key == NULL || vault != NULL)
		sealed = destination_export(target->destination, &keeper,
		    vault, &text, why);
	if (sealed != -1) {
		json_open(out, NULL, '{');
		json_put_raw(out, "destination", text.data, text.len);
		json_close(out, '}');
	}
	buf_free(&text);
	vault_close(&vault);
	return sealed;
}

void
verb_destination_export(struct request *request)
{
	struct target *target = request_target(request);
	struct exporting *exporting;
	struct why why;
	int sealed;

	if (target == NULL)
		return;
	exporting = xcalloc(1, sizeof(*exporting));
	exporting->request = request;
	sealed = export_make(request, target, &exporting->out, &why);
	if (sealed == -1) {
		free(exporting);
		request_fail(request, &why);
	} else if (sealed == 0)
		export_answer(request->spoold, exporting);
	else {
		export_journal(request, target);
		commit_then(request->spoold, request->organization,
		    export_answer, exporting);
	}
}

/* --- import --------------------------------------------------------------- */

/* One on its way in. */
struct importing {
	struct request	*request;
	const char	*action;	/* what is done, or would be */
	struct json	*input;		/* own; what is to be made of it */
	struct buf	 lacking;	/* own; why it cannot be used yet */
	struct buf	 changes;	/* own; a member of the answer */
	struct buf	 secret;	/* own; one that was made */
	bool		 other_secret;	/* is in the file, and not used */
	struct destination *made;	/* own until put */
};

static void
import_free(struct importing *importing)
{
	destination_view_free(&importing->input);
	buf_free(&importing->lacking);
	buf_free(&importing->changes);
	buf_wipe(&importing->secret);
	destination_free(&importing->made);
	free(importing);
}

static void
import_answer(struct importing *importing, struct destination *destination,
    bool done)
{
	struct buf out = { 0 };

	json_open(&out, NULL, '{');
	json_put_string(&out, "destinationId", destination->id);
	json_put_string(&out, "action", importing->action);
	json_put_boolean(&out, "done", done);
	if (importing->changes.len > 0)
		json_put_raw(&out, NULL, importing->changes.data,
		    importing->changes.len);
	json_put_boolean(&out, "disabled", destination->disabled);
	json_put_string(&out, "disabledReason", json_string(json_get(
	    destination->document, "disabledReason"), NULL));
	if (destination->warnings.len != 0) {
		json_open(&out, "warnings", '[');
		json_put_raw(&out, NULL, destination->warnings.data,
		    destination->warnings.len);
		json_close(&out, ']');
	}
	if (done && importing->secret.len != 0)
		json_put_string(&out, "secret", importing->secret.data);
	json_close(&out, '}');
	request_answer(importing->request, &out);
	import_free(importing);
}

static void
import_fail(struct importing *importing, const struct why *why)
{
	request_fail(importing->request, why);
	import_free(importing);
}

static void
import_done(struct spoold *s, void *arg, struct target *target,
    const struct why *why)
{
	struct importing *importing = arg;

	(void)s;
	if (why != NULL)
		import_fail(importing, why);
	else
		import_answer(importing, target->destination, true);
}

/* One that lacks something is disabled, and says why. */
static void
import_disable(struct importing *importing)
{
	struct destination *made = importing->made;
	const char *reason = request_string(importing->request, "reason",
	    NULL);
	struct buf words = { 0 };

	if (importing->lacking.len > 0) {
		buf_printf(&words, "imported incomplete: %s",
		    importing->lacking.data);
		reason = words.data;
		made->disabled = true;
		json_set_boolean(made->document, "disabled", true);
	}
	if (made->disabled && json_string(json_get(made->document,
	    "disabledReason"), NULL) == NULL) {
		int64_t version = made->version;

		destination_set_disabled(made, true, importing->request->by,
		    reason);
		json_set_integer(made->document, "version", version);
		made->version = version;
	}
	buf_free(&words);
}

/* A new one.  0, or -1 with *why. */
static bool
nobody_has(const void *arg, const char *id)
{
	return target_find(arg, id) != NULL;
}

static int
import_create(struct importing *importing, struct why *why)
{
	struct request *request = importing->request;
	struct destination_keeper keeper = {
		.vault = request->spoold->vault,
		.organization = request->organization->id,
		.lacking = &importing->lacking,
	};
	struct buf left_out = { 0 };

	importing->action = "create";
	destination_drop_left_out(importing->input, &left_out);
	importing->made = destination_make(importing->input, &keeper,
	    nobody_has, request->organization, &importing->secret, why);
	if (left_out.len > 0)
		buf_printf(&importing->lacking, "%s%s",
		    importing->lacking.len > 0 ? "; " : "", left_out.data);
	buf_free(&left_out);
	return importing->made == NULL ? -1 : 0;
}

/* The secret that signs here goes on: another one has its own command. */
static int
import_keep_secret(struct importing *importing,
    const struct destination *old, const struct destination_keeper *keeper,
    struct why *why)
{
	struct json *config = json_get_mutable(json_get_mutable(
	    importing->input, "config"), transport_name(old->transport));
	const char *given = json_string(json_get(config, "secret"), NULL);
	struct buf secret = { 0 };
	int result = 0;

	if (old->secret_count == 0 || given == NULL)
		return 0;
	result = destination_secret_open(old, keeper, &old->secrets[0],
	    &secret, why);
	importing->other_secret = result == 0 &&
	    strcmp(secret.data, given) != 0;
	buf_wipe(&secret);
	json_remove(config, "secret");
	return result;
}

static void
import_warn(const struct importing *importing, struct destination *made)
{
	if (!importing->other_secret)
		return;
	json_open(&made->warnings, NULL, '{');
	json_put_string(&made->warnings, "path", "config.webhook.secret");
	json_put_string(&made->warnings, "message", "the one here goes on "
	    "signing, and not that of the file: spooldest secret add");
	json_close(&made->warnings, '}');
}

static int
import_compare(struct importing *importing, const struct destination *old,
    const struct destination_keeper *keeper, struct why *why)
{
	struct json *before = destination_view(old, keeper, why);
	struct json *after = before == NULL ? NULL :
	    destination_view(importing->made, keeper, why);

	if (after != NULL) {
		destination_view_strip(before);
		destination_view_strip(after);
		destination_differences(before, after, &importing->changes);
	}
	destination_view_free(&before);
	destination_view_free(&after);
	return importing->changes.len > 0 ? 0 : -1;
}

static int
import_update(struct importing *importing, const struct target *target,
    struct why *why)
{
	struct destination *old = target->destination;
	struct destination_keeper keeper = secrets_keeper(
	    importing->request->spoold, target);
	struct destination_keeper lenient = keeper;
	struct buf left_out = { 0 };

	lenient.lacking = old->disabled ? &importing->lacking : NULL;
	/* What the file leaves out stays as it is here. */
	destination_drop_left_out(importing->input, &left_out);
	buf_free(&left_out);
	if (import_keep_secret(importing, old, &keeper, why) == -1)
		return -1;
	importing->made = destination_update(old, importing->input, &lenient,
	    &importing->secret, why);
	if (importing->made == NULL)
		return -1;
	import_warn(importing, importing->made);
	import_disable(importing);
	if (import_compare(importing, old, &keeper, why) == -1)
		return -1;
	importing->action = strcmp(importing->changes.data, "\"changes\":[]")
	    == 0 ? "none" : "update";
	return 0;
}

/* Links are no use yet where nobody listens, but may be imported before. */
static int
import_allowed(struct importing *importing, struct why *why)
{
	int result = allowed(importing->request->spoold,
	    importing->request->organization, importing->made, why);

	if (result == 0 || importing->made->transport != TRANSPORT_download)
		return result;
	buf_printf(&importing->lacking, "%s%s",
	    importing->lacking.len > 0 ? "; " : "", why->text);
	return 0;
}

/* What is to be done, or why that cannot be. */
static int
import_make(struct importing *importing, const struct target *target,
    struct why *why)
{
	int result = target == NULL ? import_create(importing, why) :
	    import_update(importing, target, why);

	if (result == -1 || import_allowed(importing, why) == -1)
		return -1;
	import_disable(importing);
	return 0;
}

static void
import_put(struct importing *importing, bool is_new)
{
	struct request *request = importing->request;
	struct destination_change change = {
		.destination = importing->made,
		.event = is_new ? EVENT_destination_created :
		    EVENT_destination_updated,
		.by = request->by,
		.reason = "import",
		.done = import_done,
		.arg = importing,
	};
	struct target *target = target_get(request->organization,
	    importing->made->id);
	struct why why;

	importing->made = NULL;
	if (destination_put(request->spoold, target, &change, &why) == -1)
		import_fail(importing, &why);
}

void
verb_destination_import(struct request *request)
{
	const struct json *input = json_get(request->json, "destination");
	const struct target *target = target_find(request->organization,
	    json_string(json_get(input, "id"), ""));
	bool look = json_boolean(json_get(request->json, "dryRun"), false);
	struct importing *importing = xcalloc(1, sizeof(*importing));
	struct why why;

	importing->request = request;
	importing->input = input == NULL ? json_new_object() :
	    json_copy(input);
	if (import_make(importing, target, &why) == -1)
		import_fail(importing, &why);
	else if (look || strcmp(importing->action, "none") == 0)
		import_answer(importing, importing->made, false);
	else
		import_put(importing, target == NULL);
}
