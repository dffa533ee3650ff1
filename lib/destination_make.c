/*
 * destination_make - a new destination out of what a person wrote
 *
 * First everything is checked and all that is wrong is said at once, then the
 * document is written in the order of its table, credentials sealed on the
 * way, so that an unsealed one is never part of a document.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/destination_ends.h"
#include "lib/destination_field.h"
#include "lib/destination_secret.h"
#include "lib/signing.h"
#include "lib/utf8.h"

#define UNIQUE_TRIES 1000

/* One being made. */
struct making {
	const struct json *input;
	const struct json *config;	/* the member of its type */
	const struct destination_keeper *keeper;
	enum transport	 transport;
	char		 id[DESTINATION_ID_MAX + 1];
	struct buf	 origin;
	struct buf	*made_secret;
};

/* --- checking ------------------------------------------------------------ */

/* The member of `config` that is named as the type, and no other. */
static void
check_config_member(struct making *making, struct complaints *all)
{
	const struct json *config = json_get(making->input, "config");
	const char *type = transport_name(making->transport);
	const struct json *member = json_first(config);
	char path[FIELD_PATH_MAX];

	if (!json_is(config, JSON_OBJECT))
		return;
	for (; member != NULL; member = json_next(member)) {
		if (strcmp(json_name(member), type) == 0)
			continue;
		(void)snprintf(path, sizeof(path), "config.%s",
		    json_name(member));
		complain(all, path, "does not belong to the type %s", type);
	}
	(void)snprintf(path, sizeof(path), "config.%s", type);
	making->config = json_get(config, type);
	if (making->config == NULL)
		complain(all, path, "is missing");
	else if (!json_is(making->config, JSON_OBJECT))
		complain(all, path, "must be an object");
	else {
		size_t before = all->count;

		destination_check_config(making->config, making->transport,
		    all);
		if (all->count == before)
			destination_check_together(making->config,
			    making->transport, all);
	}
}

/* Tells what is missing, if it may be; else that is wrong. */
static void
tell_lacks(const struct making *making, struct complaints *lacks)
{
	struct why why;

	if (complaints_end(lacks, &why) == -1)
		buf_str(making->keeper->lacking, why.text);
}

static int
check_all(struct making *making, struct why *why)
{
	struct complaints all = { 0 }, lacks = { 0 };
	int transport;

	if (!json_is(making->input, JSON_OBJECT))
		return why_field(why, "", "a destination must be an object");
	destination_check_top(making->input, &all);
	transport = transport_by_name(json_string(json_get(making->input,
	    "type"), ""));
	if (making->keeper->lacking != NULL)
		all.lacks = &lacks;
	if (transport != -1) {
		making->transport = (enum transport)transport;
		check_config_member(making, &all);
	}
	tell_lacks(making, &lacks);
	return complaints_end(&all, why);
}

static int
check(struct making *making, struct why *why)
{
	const char *organization;

	if (check_all(making, why) == -1)
		return -1;
	organization = json_string(json_get(making->input, "organizationId"),
	    making->keeper->organization);
	if (strcmp(organization, making->keeper->organization) != 0)
		return why_set(why, ERROR_ORGANIZATION_MISMATCH,
		    "organizationId must be %s, if it is given",
		    making->keeper->organization);
	if (destination_origin(making->config, making->transport,
	    &making->origin) == -1)
		return why_field(why, "config",
		    "config has a URL that is none");
	return 0;
}

/* --- the id -------------------------------------------------------------- */

/* Lower case, what may not stand in an id as `-`, none of it at the ends. */
static void
id_from_label(const char *label, const char *fallback,
    char id[DESTINATION_ID_MAX + 1])
{
	size_t length = strlen(label), count = 0;
	uint32_t code;
	int bytes;

	for (size_t i = 0; i < length && count < DESTINATION_ID_MAX;
	    i += (size_t)bytes) {
		bytes = utf8_next(label + i, length - i, &code);
		if (bytes <= 0)
			break;
		if (code >= 'A' && code <= 'Z')
			code += 'a' - 'A';
		if ((code < 'a' || code > 'z') && (code < '0' || code > '9'))
			code = '-';
		if (code != '-' || count > 0)
			id[count++] = (char)code;
	}
	while (count > 0 && id[count - 1] == '-')
		count--;
	id[count] = '\0';
	if (count == 0)
		(void)snprintf(id, DESTINATION_ID_MAX + 1, "%s", fallback);
}

/* `id`, or with the first number behind it that is free. */
static int
id_unique(struct making *making, destination_taken *taken, const void *arg,
    const char *id, struct why *why)
{
	char suffix[16] = "";
	size_t room;

	for (int n = 2; n < UNIQUE_TRIES; n++) {
		room = DESTINATION_ID_MAX - strlen(suffix);
		(void)snprintf(making->id, sizeof(making->id), "%.*s%s",
		    (int)room, id, suffix);
		if (strcmp(making->id, "default") != 0 &&
		    !taken(arg, making->id))
			return 0;
		(void)snprintf(suffix, sizeof(suffix), "-%d", n);
	}
	return why_set(why, ERROR_CONFLICT,
	    "no id like %s is free; give one as id", id);
}

static int
make_id(struct making *making, destination_taken *taken, const void *arg,
    struct why *why)
{
	const char *given = json_string(json_get(making->input, "id"), NULL);
	char id[DESTINATION_ID_MAX + 1];

	if (given == NULL) {
		id_from_label(json_string(json_get(making->input, "label"),
		    ""), transport_name(making->transport), id);
		return id_unique(making, taken, arg, id, why);
	}
	(void)snprintf(making->id, sizeof(making->id), "%s", given);
	if (!taken(arg, given))
		return 0;
	(void)why_set(why, ERROR_CONFLICT, "destination %s exists already",
	    given);
	(void)snprintf(why->path, sizeof(why->path), "id");
	return -1;
}

/* --- the document -------------------------------------------------------- */

/* A member with its sealed value; `path` is below the type. */
static int
put_sealed(const struct making *making, struct buf *out, const char *name,
    const char *value, const char *path, struct why *why)
{
	struct buf sealed = { 0 }, field = { 0 };
	struct vault_place place = {
	    .organization = making->keeper->organization,
	    .destination = making->id, .origin = making->origin.data };
	int result;

	buf_printf(&field, "%s.%s", transport_name(making->transport), path);
	place.field = field.data;
	result = vault_seal(making->keeper->vault, &place, value, strlen(value),
	    &sealed, why);
	if (result == 0) {
		json_open(out, name, '{');
		json_put_string(out, "sealed", sealed.data);
		json_close(out, '}');
	}
	buf_free(&sealed);
	buf_free(&field);
	return result;
}

static int
put_headers(const struct making *making, struct buf *out, const char *name,
    const struct json *headers, struct why *why)
{
	const struct json *header = json_first(headers);
	char path[FIELD_PATH_MAX];
	int result = 0;

	json_open(out, name, '{');
	for (; header != NULL && result == 0; header = json_next(header)) {
		const char *value = json_string(header, "");

		(void)snprintf(path, sizeof(path), "%s.%s", name,
		    json_name(header));
		if (header_harmless(json_name(header)))
			json_put_string(out, json_name(header), value);
		else
			result = put_sealed(making, out, json_name(header),
			    value, path, why);
	}
	json_close(out, '}');
	return result;
}

/* One field; `name` is the last part of its path. */
static int
put_field(const struct making *making, struct buf *out,
    const struct destination_field *field, const char *name, struct why *why)
{
	const struct json *value = destination_value(making->config,
	    field->path);

	if (value == NULL)	/* a secret that was made here */
		return put_sealed(making, out, name,
		    making->made_secret->data, field->path, why);
	if (strcmp(field->form, "headers") == 0)
		return put_headers(making, out, name, value, why);
	if (field->sealed)
		return put_sealed(making, out, name, json_string(value, ""),
		    field->path, why);
	json_put_value(out, name, value);
	return 0;
}

/*
 * Closes the objects of `open`, a path that ends in a dot, that are not in
 * `path`, and opens those of `path` that are not in it.  The last part's name.
 */
static const char *
put_parents(struct buf *out, char open[FIELD_PATH_MAX], const char *path)
{
	size_t same = 0, length = strlen(open);
	const char *name = path, *dot;
	char parent[FIELD_PATH_MAX];

	for (size_t i = 0; i < length && open[i] == path[i]; i++)
		if (open[i] == '.')
			same = i + 1;
	for (size_t i = same; i < length; i++)
		if (open[i] == '.')
			json_close(out, '}');
	for (name += same; (dot = strchr(name, '.')) != NULL; name = dot + 1) {
		(void)snprintf(parent, sizeof(parent), "%.*s",
		    (int)(dot - name), name);
		json_open(out, parent, '{');
	}
	(void)snprintf(open, FIELD_PATH_MAX, "%.*s", (int)(name - path), path);
	return name;
}

/* The config in the order of its table, fields of one object together. */
static int
put_config(const struct making *making, struct buf *out, struct why *why)
{
	const struct destination_field *field;
	char open[FIELD_PATH_MAX] = "";
	size_t at = 0;
	int result = 0;

	json_open(out, transport_name(making->transport), '{');
	while (result == 0 && (field = destination_field_next(
	    making->transport, &at)) != NULL) {
		if (destination_value(making->config, field->path) == NULL &&
		    (strcmp(field->form, "secret") != 0 ||
		    making->made_secret->len == 0))
			continue;
		result = put_field(making, out, field,
		    put_parents(out, open, field->path), why);
	}
	(void)put_parents(out, open, "");
	json_close(out, '}');
	return result;
}

static void
put_limits(const struct json *input, struct buf *out)
{
	const struct json *limits = json_get(input, "limits");

	json_open(out, "limits", '{');
	json_put_integer(out, "concurrency",
	    json_integer(json_get(limits, "concurrency"), 0));
	json_put_integer(out, "ratePerMinute",
	    json_integer(json_get(limits, "ratePerMinute"), 0));
	json_put_boolean(out, "ordered",
	    json_boolean(json_get(limits, "ordered"), false));
	json_close(out, '}');
}

/* What is known of the secret, if there is one. */
static void
put_first_secret(const struct making *making, struct buf *out, int64_t now)
{
	const struct destination_field *field =
	    destination_field_of(making->transport, "secret");
	struct destination_secret secret = { .id = "1", .created_at = now,
	    .made = making->made_secret->len > 0 };

	if (field == NULL || (!secret.made &&
	    destination_value(making->config, field->path) == NULL))
		return;
	json_open(out, "secrets", '[');
	destination_secret_print(&secret, out);
	json_close(out, ']');
}

static int
put_document(const struct making *making, struct buf *out, struct why *why)
{
	const struct json *input = making->input;
	bool disabled = json_boolean(json_get(input, "disabled"), false);
	int64_t now = clock_wall();
	int result;

	json_open(out, NULL, '{');
	json_put_string(out, "id", making->id);
	json_put_string(out, "organizationId", making->keeper->organization);
	json_put_string(out, "label",
	    json_string(json_get(input, "label"), ""));
	json_put_string(out, "type", transport_name(making->transport));
	json_put_string(out, "description",
	    json_string(json_get(input, "description"), ""));
	json_put_boolean(out, "isDefault",
	    json_boolean(json_get(input, "isDefault"), false));
	json_put_boolean(out, "disabled", disabled);
	if (disabled)
		json_put_time(out, "disabledAt", now);
	else
		json_put_null(out, "disabledAt");
	json_put_null(out, "disabledBy");
	json_put_null(out, "disabledReason");
	json_put_integer(out, "countUsage", 0);
	json_put_null(out, "lastUsedAt");
	json_put_time(out, "createdAt", now);
	json_put_time(out, "updatedAt", now);
	json_put_integer(out, "version", 1);
	json_open(out, "config", '{');
	result = put_config(making, out, why);
	json_close(out, '}');
	put_limits(input, out);
	if (json_get(input, "submitters") != NULL)
		json_put_value(out, "submitters",
		    json_get(input, "submitters"));
	else {
		json_open(out, "submitters", '[');
		json_close(out, ']');
	}
	put_first_secret(making, out, now);
	destination_ends_put(making->config, making->transport, out);
	json_close(out, '}');
	return result;
}

/* --- the whole ----------------------------------------------------------- */

/* Where the type has a secret, it is used, and none is given. */
static bool
secret_wanted(const struct making *making)
{
	const struct destination_field *field =
	    destination_field_of(making->transport, "secret");

	return field != NULL &&
	    !destination_signature_is(making->config, "none") &&
	    destination_value(making->config, field->path) == NULL;
}

struct destination *
destination_make(const struct json *input,
    const struct destination_keeper *keeper, destination_taken *taken,
    const void *arg, struct buf *made_secret, struct why *why)
{
	struct making making = { .input = input, .keeper = keeper,
	    .made_secret = made_secret };
	struct destination *destination = NULL;
	struct buf text = { 0 };

	if (check(&making, why) == -1 ||
	    make_id(&making, taken, arg, why) == -1)
		goto out;
	if (secret_wanted(&making) && signing_make(made_secret, why) == -1)
		goto out;
	if (put_document(&making, &text, why) == -1)
		goto out;
	if (text.len >= DESTINATION_FILE_MAX)
		(void)why_set(why, ERROR_VALIDATION_ERROR, "the destination "
		    "is larger than %d bytes", DESTINATION_FILE_MAX);
	else
		destination = destination_read(text.data, text.len, why);
	if (destination != NULL)
		destination_warn(making.config, making.transport,
		    &destination->warnings);
out:
	buf_free(&making.origin);
	buf_free(&text);
	if (destination == NULL)
		buf_wipe(made_secret);
	return destination;
}

int
destination_lacks(const struct json *input,
    const struct destination_keeper *keeper, struct why *why)
{
	struct complaints all = { 0 }, lacks = { 0 };
	struct making making = { .input = input, .keeper = keeper };
	struct why unused;

	all.lacks = &lacks;
	making.transport = (enum transport)transport_by_name(json_string(
	    json_get(input, "type"), ""));
	check_config_member(&making, &all);
	(void)complaints_end(&all, &unused);
	return complaints_end(&lacks, why);
}
