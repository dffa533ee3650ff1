/*
 * destination_view - a destination as who wrote it sees it, in clear
 *
 * What an update is merged into, what a copy is made from and what two
 * versions are compared by.  It holds credentials, so it is wiped.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "lib/destination_field.h"
#include "lib/destination_secret.h"
#include "lib/utf8.h"

#define OLD DESTINATION_OLD_SECRETS
#define LABEL_MAX 256		/* characters */

/* --- in clear ------------------------------------------------------------- */

struct json *
destination_view(const struct destination *destination,
    const struct destination_keeper *keeper, struct why *why)
{
	const char *type = transport_name(destination->transport);
	struct buf masked = { 0 }, opened = { 0 };
	struct json *view, *config = NULL;

	destination_print_masked(destination, &masked);
	view = json_parse(masked.data, masked.len, why);
	buf_free(&masked);
	if (view != NULL && destination_open(destination,
	    keeper->organization, keeper->vault, &opened, why) == 0)
		config = json_parse(opened.data, opened.len, why);
	buf_wipe(&opened);
	if (config == NULL) {
		json_free(&view);
		return NULL;
	}
	/* Those that sign along stay masked: nobody gives them here. */
	if (json_get(config, OLD) != NULL)
		json_set(config, OLD, json_get(json_get(json_get(view,
		    "config"), type), OLD));
	json_set(json_get_mutable(view, "config"), type, config);
	destination_view_free(&config);
	return view;
}

static void
wipe_strings(const struct json *value)
{
	const struct json *member = json_first(value);
	const char *text = json_string(value, NULL);

	if (text != NULL)	/* the document is ours, and about to end */
		OPENSSL_cleanse((char *)(uintptr_t)text, strlen(text));
	for (; member != NULL; member = json_next(member))
		wipe_strings(member);
}

void
destination_view_free(struct json **view)
{
	if (*view != NULL)
		wipe_strings(*view);
	json_free(view);
}

/* --- as it was written ---------------------------------------------------- */

void
destination_view_strip(struct json *view)
{
	const struct json *member = json_first(view), *next;
	struct json *config = json_get_mutable(json_get_mutable(view,
	    "config"), json_string(json_get(view, "type"), ""));

	for (; member != NULL; member = next) {
		next = json_next(member);
		if (!destination_field_is_top(json_name(member)))
			json_remove(view, json_name(member));
	}
	if (json_get(config, OLD) != NULL)
		json_remove(config, OLD);
}

int
destination_complete(const struct destination *destination,
    const struct destination_keeper *keeper, struct why *why)
{
	struct json *view = destination_view(destination, keeper, why);
	int result = -1;

	if (view == NULL)
		return -1;
	destination_view_strip(view);
	result = destination_lacks(view, keeper, why);
	destination_view_free(&view);
	return result;
}

/* --- another one like it -------------------------------------------------- */

/* "X copy", or X where that would be too long. */
static void
label_copy(struct json *view)
{
	const char *label = json_string(json_get(view, "label"), "");
	struct buf copy = { 0 };
	size_t characters = 0, length = strlen(label);
	uint32_t code;
	int bytes;

	for (size_t i = 0; i < length; i += (size_t)bytes, characters++) {
		bytes = utf8_next(label + i, length - i, &code);
		if (bytes <= 0)
			break;
	}
	buf_printf(&copy, "%s copy", label);
	if (characters + strlen(" copy") <= LABEL_MAX)
		json_set_string(view, "label", copy.data);
	buf_free(&copy);
}

/* Why it is disabled is as true of the copy. */
static void
keep_disabled(struct destination *made, const struct destination *old)
{
	static const char *const names[] = { "disabledAt", "disabledBy",
	    "disabledReason" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_get(old->document, names[i]) != NULL)
			json_set(made->document, names[i],
			    json_get(old->document, names[i]));
}

struct destination *
destination_duplicate(const struct destination *old, const char *id,
    const struct destination_keeper *keeper, destination_taken *taken,
    const void *arg, struct why *why)
{
	struct json *view = destination_view(old, keeper, why);
	struct destination_keeper lenient = *keeper;
	struct buf lacking = { 0 }, made_secret = { 0 };
	struct destination *made;

	if (view == NULL)
		return NULL;
	destination_view_strip(view);
	if (id != NULL)
		json_set_string(view, "id", id);
	else
		json_remove(view, "id");
	label_copy(view);
	json_set_boolean(view, "isDefault", false);
	/* One that is not whole is disabled, and so is its copy then. */
	lenient.lacking = old->disabled ? &lacking : NULL;
	made = destination_make(view, &lenient, taken, arg, &made_secret, why);
	destination_view_free(&view);
	buf_free(&lacking);
	buf_wipe(&made_secret);
	if (made != NULL && destination_secrets_move(made, old, keeper,
	    why) == -1)
		destination_free(&made);
	if (made != NULL) {
		keep_disabled(made, old);
		made->version = 0;	/* the first one, secrets and all */
		destination_changed(made);
	}
	return made;
}
