/*
 * destination_sealed - what is done with each sealed value of a destination
 *
 * One walk writes a document again; what stands for a sealed value in it is
 * what the walk is for: a mask, the value itself, the value sealed anew.  Opened
 * values stand in a buffer of the caller's only, on their way to a worker.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/destination.h"
#include "lib/destination_field.h"
#include "lib/destination_rotate.h"
#include "lib/url.h"

#define SSH_PORT 22
#define MASK "********"

struct walk;

/* Writes what stands for a sealed value.  0, or -1 with the walk's *why. */
typedef int	 put_sealed(struct walk *, const char *name,
		    const char *sealed, const char *path);

struct walk {
	put_sealed	*put;
	struct buf	*out;
	struct why	*why;
	const struct vault *vault;
	struct vault_place place;	/* but the field */
	destination_found *found;
	void		*arg;		/* of `found` */
};

const char *
destination_sealed(const struct json *value)
{
	return json_is(value, JSON_OBJECT) && json_count(value) == 1 ?
	    json_string(json_get(value, "sealed"), NULL) : NULL;
}

static int
walk_value(struct walk *walk, const char *name, const struct json *value,
    const char *path)
{
	const struct json *member = json_first(value);
	const char *sealed = destination_sealed(value);
	char inner[FIELD_PATH_MAX];
	int result = 0;

	if (sealed != NULL)
		return walk->put(walk, name, sealed, path);
	if (!json_is(value, JSON_OBJECT)) {
		json_put_value(walk->out, name, value);
		return 0;
	}
	json_open(walk->out, name, '{');
	for (; member != NULL && result == 0; member = json_next(member)) {
		(void)snprintf(inner, sizeof(inner), "%s%s%s", path,
		    path[0] != '\0' ? "." : "", json_name(member));
		result = walk_value(walk, json_name(member), member, inner);
	}
	json_close(walk->out, '}');
	return result;
}

/* --- masked --------------------------------------------------------------- */

static int
put_masked(struct walk *walk, const char *name, const char *sealed,
    const char *path)
{
	(void)sealed;
	(void)path;
	json_put_string(walk->out, name, MASK);
	return 0;
}

void
destination_print_masked(const struct destination *destination,
    struct buf *out)
{
	struct walk walk = { .put = put_masked, .out = out };

	(void)walk_value(&walk, NULL, destination->document, "");
}

/* --- where its values belong ---------------------------------------------- */

/* The host that an account has for itself; nothing else is given. */
static void
put_account(const struct json *config, struct buf *out)
{
	const char *account = json_string(destination_value(config,
	    "config.accountName"), NULL);

	if (account != NULL)
		buf_printf(out, "https://%s.blob.core.windows.net:443",
		    account);
}

/* Where else credentials go to, behind a space. */
static int
put_token_endpoint(const struct json *config, struct buf *out)
{
	const char *text = json_string(destination_value(config,
	    "config.tokenEndpoint"), NULL);
	struct url url;

	if (text == NULL)
		return 0;
	if (url_parse(text, &url) != NULL)
		return -1;
	buf_char(out, ' ');
	url_origin(&url, out);
	return 0;
}

/* Where there is a host for a URL: its port is beside it. */
static void
put_host(const struct json *config, const char *path, enum transport transport,
    struct buf *out)
{
	const char *host = json_string(destination_value(config, path), "");
	char port[FIELD_PATH_MAX];

	(void)snprintf(port, sizeof(port), "%.*sport",
	    (int)(strlen(path) - strlen("host")), path);
	buf_printf(out, "%s://", transport_name(transport));
	for (; *host != '\0'; host++)
		buf_char(out, (char)tolower((unsigned char)*host));
	buf_printf(out, ":%lld", (long long)json_integer(
	    destination_value(config, port),
	    transport == TRANSPORT_sftp ? SSH_PORT : 0));
}

int
destination_origin(const struct json *config, enum transport transport,
    struct buf *out)
{
	const struct destination_field *field =
	    destination_field_of(transport, "url");
	const struct destination_field *host =
	    destination_field_of(transport, "host");
	const struct json *value = field == NULL ? NULL :
	    destination_value(config, field->path);
	struct url url;

	buf_str(out, "");
	if (host != NULL)
		put_host(config, host->path, transport, out);
	if (field == NULL)
		return 0;
	if (value == NULL)	/* of one that is not whole, nothing is */
		put_account(config, out);
	else if (url_parse(json_string(value, ""), &url) != NULL)
		return -1;
	else
		url_origin(&url, out);
	return put_token_endpoint(config, out);
}

/* `origin` is what the place borrows, and the caller's to free. */
static int
place_values(const struct destination *destination, const char *organization,
    struct buf *origin, struct vault_place *place, struct why *why)
{
	if (destination_origin(destination_config(destination),
	    destination->transport, origin) == -1)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "destination %s has a URL that is none",
		    destination->id);
	*place = (struct vault_place) { .organization = organization,
	    .destination = destination->id, .origin = origin->data };
	return 0;
}

/* --- opened --------------------------------------------------------------- */

/* Opens a value into `value`, which the caller wipes. */
static int
open_value(const struct walk *walk, const char *sealed, const char *path,
    struct buf *value, struct why *why)
{
	struct vault_place place = walk->place;

	place.field = path;
	buf_str(value, "");
	return vault_unseal(walk->vault, &place, sealed, value, why);
}

static int
put_opened(struct walk *walk, const char *name, const char *sealed,
    const char *path)
{
	struct buf value = { 0 };
	int result = open_value(walk, sealed, path, &value, walk->why);

	if (result == 0)
		json_put_string(walk->out, name, value.data);
	buf_wipe(&value);
	return result;
}

int
destination_open(const struct destination *destination,
    const char *organization, const struct vault *vault, struct buf *out,
    struct why *why)
{
	struct walk walk = { .put = put_opened, .out = out, .why = why,
	    .vault = vault };
	struct buf origin = { 0 };
	int result = place_values(destination, organization, &origin,
	    &walk.place, why);

	if (result == 0)
		result = walk_value(&walk, NULL,
		    destination_config(destination),
		    transport_name(destination->transport));
	buf_free(&origin);
	return result;
}

/* --- sealed anew ---------------------------------------------------------- */

static int
put_anew(struct walk *walk, const char *name, const char *sealed,
    const char *path)
{
	struct vault_place place = walk->place;
	struct buf value = { 0 }, anew = { 0 };
	int result = 0;

	place.field = path;
	if (!vault_is_current(walk->vault, sealed)) {
		result = open_value(walk, sealed, path, &value, walk->why);
		if (result == 0)
			result = vault_seal(walk->vault, &place, value.data,
			    value.len, &anew, walk->why);
		buf_wipe(&value);
	}
	if (result == 0) {
		json_open(walk->out, name, '{');
		json_put_string(walk->out, "sealed",
		    anew.data != NULL ? anew.data : sealed);
		json_close(walk->out, '}');
	}
	buf_free(&anew);
	return result;
}

/* Where there are sealed values, and how their fields begin. */
static const struct {
	const char	*member, *path;
} sealed_members[] = {
	{ "config", "" },
	{ DESTINATION_ROTATIONS, DESTINATION_ROTATIONS },
};

static int
walk_member(struct walk *walk, const struct json *member)
{
	const char *name = json_name(member);

	for (size_t i = 0; i < sizeof(sealed_members) /
	    sizeof(*sealed_members); i++)
		if (strcmp(name, sealed_members[i].member) == 0)
			return walk_value(walk, name, member,
			    sealed_members[i].path);
	json_put_value(walk->out, name, member);
	return 0;
}

/* All of the document; fields are named from within its config on. */
static int
walk_document(struct walk *walk, const struct json *document)
{
	const struct json *member = json_first(document);
	int result = 0;

	json_open(walk->out, NULL, '{');
	for (; member != NULL && result == 0; member = json_next(member))
		result = walk_member(walk, member);
	json_close(walk->out, '}');
	return result;
}

int
destination_reseal(const struct destination *destination,
    const char *organization, const struct vault *vault, struct buf *out,
    struct why *why)
{
	struct walk walk = { .put = put_anew, .out = out, .why = why,
	    .vault = vault };
	struct buf origin = { 0 };
	int result = place_values(destination, organization, &origin,
	    &walk.place, why);

	if (result == 0)
		result = walk_document(&walk, destination->document);
	buf_char(out, '\n');
	buf_free(&origin);
	return result;
}

/* --- looked at ------------------------------------------------------------ */

static int
look_at(struct walk *walk, const char *name, const char *sealed,
    const char *path)
{
	struct buf value = { 0 };
	struct why why;
	int result = open_value(walk, sealed, path, &value, &why);

	(void)name;
	buf_wipe(&value);
	walk->found(walk->arg, path, vault_is_current(walk->vault, sealed),
	    result == -1 ? &why : NULL);
	return 0;
}

void
destination_check_sealed(const struct destination *destination,
    const char *organization, const struct vault *vault,
    destination_found *found, void *arg)
{
	struct buf origin = { 0 }, unused = { 0 };
	struct walk walk = { .put = look_at, .out = &unused, .vault = vault,
	    .found = found, .arg = arg };
	struct why why;

	if (place_values(destination, organization, &origin, &walk.place,
	    &why) == -1)
		found(arg, "", false, &why);
	else
		(void)walk_document(&walk, destination->document);
	buf_free(&origin);
	buf_free(&unused);
}
