/*
 * destination_update - a destination as somebody wants it to be
 *
 * The patch is merged into what the person who wrote it sees, with credentials
 * opened, and the whole is then checked and sealed like a new destination; so
 * there is one set of rules.  A credential that is shown as ******** stays,
 * but not where it would be sent to another place, or be trusted to another
 * authority: whoever may change a URL need not know the password.  A secret
 * that signs is never sent; it stays.
 */
#include <stdio.h>
#include <string.h>

#include "lib/destination_field.h"
#include "lib/destination_rotate.h"
#include "lib/destination_secret.h"

#define MASK "********"
#define OLD DESTINATION_OLD_SECRETS

/* An update under way. */
struct update {
	const struct destination *old;	/* borrowed */
	const struct destination_keeper *keeper;
	const struct json *patch;	/* borrowed */
	struct json	*view;		/* own; masked, its config opened */
	struct json	*merged;	/* own; the view with the patch in it */
	const char	*type;
};

/* --- small things -------------------------------------------------------- */

static const struct json *
config_in(const struct update *update, const struct json *document)
{
	return json_get(json_get(document, "config"), update->type);
}

static bool
is_mask(const struct json *value)
{
	return strcmp(json_string(value, ""), MASK) == 0;
}

static bool
is_same(const struct json *a, const struct json *b)
{
	struct buf first = { 0 }, second = { 0 };
	bool same;

	if (a == NULL || b == NULL)
		return a == b;
	json_print(&first, a);
	json_print(&second, b);
	same = strcmp(first.data, second.data) == 0;
	buf_wipe(&first);
	buf_wipe(&second);
	return same;
}

/* --- merging ------------------------------------------------------------- */

/* RFC 7396, but that a mask leaves what is there. */
static void
merge(struct json *into, const struct json *patch)
{
	const struct json *member = json_first(patch);

	for (; member != NULL; member = json_next(member)) {
		const char *name = json_name(member);
		const struct json *there = json_get(into, name);

		if (json_is(member, JSON_NULL)) {
			if (there != NULL)
				json_remove(into, name);
		} else if (json_is(member, JSON_OBJECT)) {
			if (!json_is(there, JSON_OBJECT)) {
				struct json *empty = json_new_object();

				json_set(into, name, empty);
				json_free(&empty);
			}
			merge(json_get_mutable(into, name), member);
		} else if (there == NULL || !is_mask(member))
			json_set(into, name, member);
	}
}

static int
view_make(struct update *update, struct why *why)
{
	update->view = destination_view(update->old, update->keeper, why);
	if (update->view == NULL)
		return -1;
	update->merged = json_copy(update->view);
	merge(update->merged, update->patch);
	return 0;
}

/* What spoold itself wrote may come back as it was shown, not changed. */
static void
drop_own(struct update *update)
{
	struct json *config = json_get_mutable(json_get_mutable(
	    update->merged, "config"), update->type);
	const struct json *member = json_first(update->view);

	for (; member != NULL; member = json_next(member)) {
		const char *name = json_name(member);

		if (!destination_field_is_top(name) &&
		    is_same(json_get(update->merged, name), member))
			json_remove(update->merged, name);
	}
	if (json_get(config, OLD) != NULL && is_same(json_get(config, OLD),
	    json_get(config_in(update, update->view), OLD)))
		json_remove(config, OLD);
}

/* --- checking ------------------------------------------------------------ */

static int
check_version(const struct update *update, struct why *why)
{
	const struct json *version = json_get(update->patch, "version");

	if (!json_is(update->patch, JSON_OBJECT))
		return why_field(why, "", "an update must be an object");
	if (version == NULL ||
	    json_integer(version, -1) == update->old->version)
		return 0;
	return why_set(why, ERROR_CONFLICT, "destination %s has changed "
	    "meanwhile: it is at version %lld", update->old->id,
	    (long long)update->old->version);
}

/* What makes a destination the one it is, and what has its own command. */
static void
check_fixed(const struct update *update, struct complaints *all)
{
	static const char *const fixed[] = { "id", "type" };
	const struct json *before = json_get(config_in(update, update->view),
	    "secret");
	char path[FIELD_PATH_MAX];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (!is_same(json_get(update->merged, fixed[i]),
		    json_get(update->view, fixed[i])))
			complain(all, fixed[i], "cannot be changed");
	if (before == NULL || is_same(json_get(config_in(update,
	    update->merged), "secret"), before))
		return;
	(void)snprintf(path, sizeof(path), "config.%s.secret", update->type);
	complain(all, path, "is changed by spooldest secret, which lets the "
	    "old one sign along");
}

/*
 * True if credentials would go elsewhere, or on another's word.  A URL that is
 * none goes nowhere: it is refused later.
 */
static bool
goes_elsewhere(const struct update *update)
{
	static const char *const trusted[] = { "proxy", "tls.ca",
	    "tls.pinnedPublicKey", "service", "smtpConfig.secure",
	    "smtpConfig.startTls", "hostKey" };
	const struct json *before = config_in(update, update->view);
	const struct json *after = config_in(update, update->merged);
	struct buf old = { 0 }, new = { 0 };
	bool elsewhere;

	elsewhere = destination_origin(before, update->old->transport,
	    &old) == 0 && destination_origin(after, update->old->transport,
	    &new) == 0 && strcmp(old.data, new.data) != 0;
	for (size_t i = 0; i < sizeof(trusted) / sizeof(*trusted); i++)
		elsewhere = elsewhere || !is_same(destination_value(before,
		    trusted[i]), destination_value(after, trusted[i]));
	buf_free(&old);
	buf_free(&new);
	return elsewhere;
}

/*
 * Every credential below `sealed`, as the file has it, that is still there is
 * in the patch, too.
 */
static void
check_given_again(const struct json *sealed, const struct json *patch,
    const struct json *merged, const char *path, struct complaints *all)
{
	const struct json *member = json_first(sealed);
	char inner[FIELD_PATH_MAX];

	if (!json_is(sealed, JSON_OBJECT) || merged == NULL)
		return;
	if (destination_sealed(sealed) != NULL) {
		if (patch == NULL || is_mask(patch))
			complain(all, path, "has to be given again, for the "
			    "host, the proxy or what vouches for them "
			    "changes");
		return;
	}
	for (; member != NULL; member = json_next(member)) {
		const char *name = json_name(member);

		if (strcmp(name, "secret") == 0 || strcmp(name, OLD) == 0)
			continue;
		(void)snprintf(inner, sizeof(inner), "%s.%s", path, name);
		check_given_again(member, json_get(patch, name),
		    json_get(merged, name), inner, all);
	}
}

static int
check(const struct update *update, struct why *why)
{
	struct complaints all = { 0 };
	char path[FIELD_PATH_MAX];

	check_fixed(update, &all);
	(void)snprintf(path, sizeof(path), "config.%s", update->type);
	if (goes_elsewhere(update))
		check_given_again(destination_config(update->old),
		    config_in(update, update->patch),
		    config_in(update, update->merged), path, &all);
	return complaints_end(&all, why);
}

/* --- the new one ---------------------------------------------------------- */

static bool
nobody_has(const void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return false;
}

static void
keep(struct destination *made, const struct destination *old,
    const char *name)
{
	const struct json *value = json_get(old->document, name);

	if (value != NULL)
		json_set(made->document, name, value);
}

/* What it was before is kept where it was not asked to change. */
static void
keep_history(struct destination *made, const struct destination *old)
{
	static const char *const always[] = { "countUsage", "lastUsedAt",
	    "createdAt" };
	static const char *const disabled[] = { "disabledAt", "disabledBy",
	    "disabledReason" };

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		keep(made, old, always[i]);
	for (size_t i = 0; i < sizeof(disabled) / sizeof(*disabled) &&
	    made->disabled == old->disabled; i++)
		keep(made, old, disabled[i]);
	made->version = old->version;
	destination_changed(made);
}

struct destination *
destination_update(const struct destination *old, const struct json *patch,
    const struct destination_keeper *keeper, struct buf *made_secret,
    struct why *why)
{
	struct update update = { .old = old, .keeper = keeper,
	    .patch = patch, .type = transport_name(old->transport) };
	struct destination *made = NULL;
	bool elsewhere = true;

	if (check_version(&update, why) == 0 &&
	    view_make(&update, why) == 0) {
		drop_own(&update);
		json_remove(update.merged, "version");
		elsewhere = goes_elsewhere(&update);
		if (check(&update, why) == 0)
			made = destination_make(update.merged, keeper,
			    nobody_has, NULL, made_secret, why);
	}
	destination_view_free(&update.view);
	destination_view_free(&update.merged);
	if (made != NULL && destination_secrets_move(made, old, keeper,
	    why) == -1)
		destination_free(&made);
	if (made != NULL && !elsewhere)
		destination_rotations_keep(made, old, patch);
	if (made != NULL)
		keep_history(made, old);
	return made;
}
