/*
 * destination_portable - destinations on their way between instances
 *
 * What a credential is bound to is the SHA-256 of its document with every
 * credential left out, as json_print() writes it: the same on both sides, for
 * members stay in their order and numbers as they were written.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "lib/destination_field.h"
#include "lib/destination_portable.h"
#include "lib/hex.h"

#define ORGANIZATION "any"	/* it may move to another */

/* --- values of a document ------------------------------------------------- */

/*
 * Told of each value and of the one that stands there in another document;
 * what it returns stands in its place (own), or NULL: it stays.  A result of
 * -1 ends the walk.
 */
struct visit {
	struct json	*(*value)(struct visit *, const struct json *,
			    const struct json *twin, const char *path);
	const struct vault *vault;
	struct vault_place place;
	struct buf	*told;
	size_t		 count;
	int		 result;
	struct why	*why;
};

static bool
is_left_out(const struct json *value)
{
	return strcmp(json_string(value, ""), PORTABLE_LEFT_OUT) == 0;
}

/* A string, as a document of its own; the caller frees. */
static struct json *
string_new(const char *text)
{
	struct json *object = json_new_object(), *value;

	json_set_string(object, "value", text);
	value = json_copy(json_get(object, "value"));
	json_free(&object);
	return value;
}

static void
visit(struct visit *walk, struct json *object, const struct json *twin,
    const char *path)
{
	const struct json *member = json_first(object), *next;
	char inner[FIELD_PATH_MAX];

	for (; member != NULL && walk->result == 0; member = next) {
		const char *name = json_name(member);
		struct json *instead;

		next = json_next(member);
		(void)snprintf(inner, sizeof(inner), "%s%s%s", path,
		    path[0] != '\0' ? "." : "", name);
		if (json_is(member, JSON_OBJECT) &&
		    destination_sealed(member) == NULL) {
			visit(walk, json_get_mutable(object, name),
			    json_get(twin, name), inner);
			continue;
		}
		instead = walk->value(walk, member, json_get(twin, name),
		    inner);
		if (instead != NULL)
			json_set(object, name, instead);
		destination_view_free(&instead);
	}
}

static void
visit_config(struct visit *walk, struct json *document,
    const struct json *twin)
{
	visit(walk, json_get_mutable(document, "config"),
	    json_get(twin, "config"), "");
}

/* --- what a credential is bound to ---------------------------------------- */

static struct json *
leave_out(struct visit *walk, const struct json *value,
    const struct json *twin, const char *path)
{
	(void)twin;
	(void)path;
	if (destination_sealed(value) == NULL)
		return NULL;
	walk->count++;
	return string_new(PORTABLE_LEFT_OUT);
}

bool
destination_leave_out(struct json *document)
{
	struct visit walk = { .value = leave_out };

	visit_config(&walk, document, NULL);
	return walk.count > 0;
}

static void
digest(const struct json *document, char out[2 * SHA256_DIGEST_LENGTH + 1])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	struct json *copy = json_copy(document);
	struct buf text = { 0 };

	(void)destination_leave_out(copy);
	json_print(&text, copy);
	(void)SHA256((const unsigned char *)text.data, text.len, hash);
	hex_format(hash, sizeof(hash), out);
	buf_free(&text);
	json_free(&copy);
}

static struct vault_place
place_of(const struct json *document, const char *bound)
{
	return (struct vault_place) { .organization = ORGANIZATION,
	    .destination = json_string(json_get(document, "id"), ""),
	    .origin = bound };
}

/* --- export --------------------------------------------------------------- */

/* Seals a credential of a view where the document has one left out. */
static struct json *
seal(struct visit *walk, const struct json *value, const struct json *twin,
    const char *path)
{
	const char *text = json_string(twin, NULL);
	struct vault_place place = walk->place;
	struct json *sealed = NULL;
	struct buf out = { 0 };

	if (!is_left_out(value) || text == NULL)
		return NULL;
	place.field = path;
	walk->result = vault_seal(walk->vault, &place, text,
	    strlen(text), &out, walk->why);
	if (walk->result == 0) {
		sealed = json_new_object();
		json_set_string(sealed, "sealed", out.data);
		walk->count++;
	}
	buf_free(&out);
	return sealed;
}

/* What a person could have written, and why it is disabled, if it is. */
static struct json *
bare(const struct destination *destination, struct why *why)
{
	struct buf text = { 0 };
	struct json *document, *reason;

	destination_print_masked(destination, &text);
	document = json_parse(text.data, text.len, why);
	buf_free(&text);
	if (document == NULL)
		return NULL;
	reason = json_is(json_get(document, "disabledReason"), JSON_STRING) ?
	    json_copy(json_get(document, "disabledReason")) : NULL;
	destination_view_strip(document);
	json_remove(document, "organizationId");
	if (reason != NULL)
		json_set(document, "disabledReason", reason);
	json_free(&reason);
	return document;
}

int
destination_export(const struct destination *destination,
    const struct destination_keeper *keeper, const struct vault *file,
    struct buf *out, struct why *why)
{
	struct visit walk = { .value = seal, .vault = file, .why = why };
	char bound[2 * SHA256_DIGEST_LENGTH + 1];
	struct json *document = bare(destination, why), *view = NULL;
	int result = document == NULL ? -1 : 0;

	if (result == 0 && file != NULL) {
		view = destination_view(destination, keeper, why);
		digest(document, bound);
		walk.place = place_of(document, bound);
		if (view != NULL)
			visit_config(&walk, document, view);
		result = view == NULL ? -1 : walk.result;
	}
	if (result == 0)
		json_print(out, document);
	destination_view_free(&view);
	json_free(&document);
	return result == -1 ? -1 : (int)walk.count;
}

/* --- import --------------------------------------------------------------- */

static struct json *
unseal(struct visit *walk, const struct json *value, const struct json *twin,
    const char *path)
{
	const char *sealed = destination_sealed(value);
	struct vault_place place = walk->place;
	struct json *clear = NULL;
	struct buf text = { 0 };

	(void)twin;
	if (sealed == NULL)
		return NULL;
	place.field = path;
	buf_str(&text, "");
	if (!vault_is_current(walk->vault, sealed))
		walk->result = why_set(walk->why, ERROR_VALIDATION_ERROR,
		    "config.%s does not open: it was exported with another "
		    "passphrase", path);
	else if (vault_unseal(walk->vault, &place, sealed, &text,
	    walk->why) == -1)
		walk->result = why_set(walk->why, ERROR_VALIDATION_ERROR,
		    "config.%s does not open: it, or what its destination "
		    "says beside it, was changed after the export", path);
	else
		clear = string_new(text.data);
	buf_wipe(&text);
	return clear;
}

int
destination_unseal(struct json *document, const struct vault *file,
    struct why *why)
{
	struct visit walk = { .value = unseal, .vault = file, .why = why };
	char bound[2 * SHA256_DIGEST_LENGTH + 1];

	digest(document, bound);
	walk.place = place_of(document, bound);
	visit_config(&walk, document, NULL);
	return walk.result;
}

static void
drop_left_out(struct json *object, const char *path, struct buf *told)
{
	const struct json *member = json_first(object), *next;
	char inner[FIELD_PATH_MAX];

	for (; member != NULL; member = next) {
		const char *name = json_name(member);

		next = json_next(member);
		(void)snprintf(inner, sizeof(inner), "%s.%s", path, name);
		if (json_is(member, JSON_OBJECT))
			drop_left_out(json_get_mutable(object, name), inner,
			    told);
		else if (is_left_out(member)) {
			buf_printf(told, "%s%s was left out",
			    told->len > 0 ? "; " : "", inner);
			json_remove(object, name);
		}
	}
}

void
destination_drop_left_out(struct json *document, struct buf *told)
{
	drop_left_out(json_get_mutable(document, "config"), "config", told);
}

/* --- what is different ---------------------------------------------------- */

static void
differ(const struct json *before, const struct json *after, const char *path,
    struct buf *out)
{
	struct buf one = { 0 }, other = { 0 };

	if (before != NULL)
		json_print(&one, before);
	if (after != NULL)
		json_print(&other, after);
	if ((before == NULL) != (after == NULL) ||
	    strcmp(one.data, other.data) != 0)
		json_put_string(out, NULL, path);
	buf_wipe(&one);
	buf_wipe(&other);
}

static void
differ_within(const struct json *before, const struct json *after,
    const char *path, struct buf *out)
{
	const struct json *member = json_first(before);
	char inner[FIELD_PATH_MAX];

	for (; member != NULL; member = json_next(member)) {
		const char *name = json_name(member);
		const struct json *other = json_get(after, name);

		(void)snprintf(inner, sizeof(inner), "%s%s%s", path,
		    path[0] != '\0' ? "." : "", name);
		if (json_is(member, JSON_OBJECT) &&
		    json_is(other, JSON_OBJECT))
			differ_within(member, other, inner, out);
		else
			differ(member, other, inner, out);
	}
	for (member = json_first(after); member != NULL;
	    member = json_next(member)) {
		if (json_get(before, json_name(member)) != NULL)
			continue;
		(void)snprintf(inner, sizeof(inner), "%s%s%s", path,
		    path[0] != '\0' ? "." : "", json_name(member));
		differ(NULL, member, inner, out);
	}
}

void
destination_differences(const struct json *before, const struct json *after,
    struct buf *out)
{
	json_open(out, "changes", '[');
	differ_within(before, after, "", out);
	json_close(out, ']');
}
