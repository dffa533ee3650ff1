/*
 * destination_secret - the secrets of a destination that signs
 *
 * A sealed value opens only where it was sealed for, so a secret that goes out
 * of use is opened and sealed anew for its new place.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/destination_field.h"
#include "lib/destination_secret.h"

#define OLD DESTINATION_OLD_SECRETS

/* --- what is known of them ----------------------------------------------- */

static int64_t
time_at(const struct json *object, const char *name)
{
	int64_t ms = 0;

	return clock_parse(json_string(json_get(object, name), ""),
	    &ms) == 0 ? ms : 0;
}

void
destination_read_secrets(struct destination *destination)
{
	const struct json *document = destination->document;
	const struct json *all = json_get(document, "secrets");
	const struct json *one = json_first(all);

	destination->secret_count = 0;
	/* One of before there was more than one. */
	if (all == NULL && json_get(destination_config(destination),
	    "secret") != NULL)
		destination->secrets[destination->secret_count++] =
		    (struct destination_secret) { .id = "1",
		    .created_at = time_at(document, "createdAt") };
	for (; json_is(one, JSON_OBJECT) && destination->secret_count <
	    SIGNING_SECRETS_MAX; one = json_next(one)) {
		struct destination_secret *secret =
		    &destination->secrets[destination->secret_count++];

		*secret = (struct destination_secret) {
			.made = json_boolean(json_get(one, "made"), false),
			.created_at = time_at(one, "createdAt"),
			.accepted_at = time_at(one, "acceptedAt"),
			.expires_at = time_at(one, "expiresAt"),
		};
		(void)snprintf(secret->id, sizeof(secret->id), "%s",
		    json_string(json_get(one, "secretId"), "?"));
	}
}

void
destination_secret_print(const struct destination_secret *secret,
    struct buf *out)
{
	json_open(out, NULL, '{');
	json_put_string(out, "secretId", secret->id);
	json_put_boolean(out, "made", secret->made);
	json_put_time(out, "createdAt", secret->created_at);
	json_put_time(out, "acceptedAt", secret->accepted_at);
	json_put_time(out, "expiresAt", secret->expires_at);
	json_close(out, '}');
}

void
destination_secrets_print(const struct destination *destination,
    struct buf *out)
{
	json_open(out, "secrets", '[');
	for (size_t i = 0; i < destination->secret_count; i++)
		destination_secret_print(&destination->secrets[i], out);
	json_close(out, ']');
}

/* The document says what the struct does. */
static void
write_secrets(struct destination *destination)
{
	struct buf text = { 0 };
	struct json *object;
	struct why why;

	json_open(&text, NULL, '{');
	destination_secrets_print(destination, &text);
	json_close(&text, '}');
	object = json_parse(text.data, text.len, &why);
	json_set(destination->document, "secrets", json_get(object,
	    "secrets"));
	json_free(&object);
	buf_free(&text);
	destination_changed(destination);
}

const struct destination_secret *
destination_secret_find(const struct destination *destination, const char *id,
    struct why *why)
{
	for (size_t i = 0; i < destination->secret_count; i++)
		if (id == NULL ||
		    strcmp(destination->secrets[i].id, id) == 0)
			return &destination->secrets[i];
	if (id == NULL)
		(void)why_set(why, ERROR_CONFLICT,
		    "destination %s has no secret", destination->id);
	else
		(void)why_field(why, "secretId", "%s is no active secret of "
		    "%s", id, destination->id);
	return NULL;
}

void
destination_secret_accept(struct destination *destination)
{
	destination->secrets[0].accepted_at = clock_wall();
	write_secrets(destination);
}

/* --- where they are sealed ----------------------------------------------- */

/* The sealed place of one; its strings are in the buffers. */
struct sealed_place {
	struct vault_place place;
	struct buf	 origin, field;	/* own */
};

static bool
is_current(const struct destination *destination,
    const struct destination_secret *secret)
{
	return secret == &destination->secrets[0];
}

static int
place_begin(struct sealed_place *at, const struct destination *destination,
    const struct destination_keeper *keeper,
    const struct destination_secret *secret, struct why *why)
{
	memset(at, 0, sizeof(*at));
	if (destination_origin(destination_config(destination),
	    destination->transport, &at->origin) == -1)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "destination %s has a URL that is none",
		    destination->id);
	if (is_current(destination, secret))
		buf_printf(&at->field, "%s.secret",
		    transport_name(destination->transport));
	else
		buf_printf(&at->field, "%s." OLD ".%s",
		    transport_name(destination->transport), secret->id);
	at->place = (struct vault_place) {
		.organization = keeper->organization,
		.destination = destination->id,
		.origin = at->origin.data,
		.field = at->field.data,
	};
	return 0;
}

static void
place_end(struct sealed_place *at)
{
	buf_free(&at->origin);
	buf_free(&at->field);
}

static struct json *
config_mutable(struct destination *destination)
{
	return json_get_mutable(json_get_mutable(destination->document,
	    "config"), transport_name(destination->transport));
}

int
destination_secret_open(const struct destination *destination,
    const struct destination_keeper *keeper,
    const struct destination_secret *secret, struct buf *out, struct why *why)
{
	const struct json *config = destination_config(destination);
	const struct json *value = is_current(destination, secret) ?
	    json_get(config, "secret") :
	    json_get(json_get(config, OLD), secret->id);
	struct sealed_place at;
	int result;

	result = place_begin(&at, destination, keeper, secret, why);
	if (result == 0)
		result = vault_unseal(keeper->vault, &at.place,
		    json_string(json_get(value, "sealed"), ""), out, why);
	place_end(&at);
	return result;
}

/* Seals a text as the secret that stands there. */
static int
secret_seal(struct destination *destination,
    const struct destination_keeper *keeper,
    const struct destination_secret *secret, const struct buf *text,
    struct why *why)
{
	struct json *config = config_mutable(destination), *old;
	struct json *value = json_new_object();
	struct sealed_place at;
	struct buf sealed = { 0 };
	int result;

	result = place_begin(&at, destination, keeper, secret, why);
	if (result == 0)
		result = vault_seal(keeper->vault, &at.place, text->data,
		    text->len, &sealed, why);
	if (result == 0) {
		json_set_string(value, "sealed", sealed.data);
		old = json_new_object();
		if (is_current(destination, secret))
			json_set(config, "secret", value);
		else {
			if (json_get(config, OLD) == NULL)
				json_set(config, OLD, old);
			json_set(json_get_mutable(config, OLD), secret->id,
			    value);
		}
		json_free(&old);
	}
	json_free(&value);
	buf_free(&sealed);
	place_end(&at);
	return result;
}

/* --- changing ------------------------------------------------------------ */

static int
check_new(const struct destination *destination, const char *secret,
    struct why *why)
{
	const struct destination_field *field =
	    destination_field_of(destination->transport, "secret");
	struct complaints all = { 0 };
	struct buf text = { 0 };
	struct json *object;

	if (field == NULL || destination->secret_count == 0)
		return why_set(why, ERROR_CONFLICT, "destination %s does not "
		    "sign", destination->id);
	if (destination->secret_count == SIGNING_SECRETS_MAX)
		return why_set(why, ERROR_CONFLICT, "destination %s has %d "
		    "active secrets: wait until the overlap of one has ended, "
		    "or revoke one", destination->id, SIGNING_SECRETS_MAX);
	json_open(&text, NULL, '{');
	json_put_string(&text, "secret", secret);
	json_close(&text, '}');
	object = json_parse(text.data, text.len, why);
	buf_wipe(&text);
	if (object == NULL)
		return -1;
	destination_check_form(json_get(object, "secret"), field->form,
	    "secret", &all);
	json_free(&object);
	if (all.count == 0)
		destination_check_secret(destination_config(destination),
		    secret, "secret", &all);
	return complaints_end(&all, why);
}

int
destination_secret_add(struct destination *destination,
    const struct destination_keeper *keeper, const char *secret, bool made,
    int64_t expires_at, struct why *why)
{
	struct destination_secret *all = destination->secrets;
	struct buf before = { 0 }, now = { 0 };
	int result = -1;

	if (check_new(destination, secret, why) == -1 ||
	    destination_secret_open(destination, keeper, &all[0], &before,
	    why) == -1)
		goto out;
	memmove(&all[1], &all[0],
	    sizeof(*all) * destination->secret_count++);
	all[1].expires_at = expires_at;
	all[0] = (struct destination_secret) { .made = made,
	    .created_at = clock_wall() };
	(void)snprintf(all[0].id, sizeof(all[0].id), "%lld",
	    (long long)destination->version + 1);
	buf_str(&now, secret);
	if (secret_seal(destination, keeper, &all[1], &before, why) == -1 ||
	    secret_seal(destination, keeper, &all[0], &now, why) == -1)
		goto out;
	write_secrets(destination);
	result = 0;
out:
	buf_wipe(&before);
	buf_wipe(&now);
	return result;
}

/* One that signs along, sealed for the place where it is now. */
static int
move_old(struct destination *destination, const struct destination *old,
    const struct destination_keeper *keeper, size_t at, struct why *why)
{
	struct complaints all = { 0 };
	struct buf text = { 0 };
	int result;

	result = destination_secret_open(old, keeper, &old->secrets[at],
	    &text, why);
	if (result == 0) {
		destination_check_secret(destination_config(destination),
		    text.data, "oldSecrets", &all);
		result = complaints_end(&all, why);
	}
	if (result == 0)
		result = secret_seal(destination, keeper,
		    &destination->secrets[at], &text, why);
	buf_wipe(&text);
	return result;
}

int
destination_secrets_move(struct destination *destination,
    const struct destination *old, const struct destination_keeper *keeper,
    struct why *why)
{
	if (old->secret_count == 0)
		return 0;
	memcpy(destination->secrets, old->secrets, sizeof(old->secrets));
	destination->secret_count = old->secret_count;
	for (size_t i = 1; i < old->secret_count; i++)
		if (move_old(destination, old, keeper, i, why) == -1)
			return -1;
	write_secrets(destination);
	return 0;
}

static void
forget_old(struct destination *destination, const char *id)
{
	struct json *config = config_mutable(destination);

	json_remove(json_get_mutable(config, OLD), id);
	if (json_count(json_get(config, OLD)) == 0)
		json_remove(config, OLD);
}

/* The youngest of the others takes the place of the current one. */
static int
step_back(struct destination *destination,
    const struct destination_keeper *keeper, struct why *why)
{
	struct destination_secret *all = destination->secrets;
	struct buf text = { 0 };
	int result;

	result = destination_secret_open(destination, keeper, &all[1], &text,
	    why);
	if (result == 0)
		result = secret_seal(destination, keeper, &all[0], &text, why);
	buf_wipe(&text);
	if (result == 0) {
		forget_old(destination, all[1].id);
		all[1].expires_at = 0;
	}
	return result;
}

int
destination_secret_remove(struct destination *destination,
    const struct destination_keeper *keeper, const char *id, struct why *why)
{
	struct destination_secret *all = destination->secrets;
	const struct destination_secret *secret =
	    destination_secret_find(destination, id, why);
	size_t at;

	if (secret == NULL)
		return -1;
	if (destination->secret_count == 1)
		return why_set(why, ERROR_CONFLICT, "secret %s is the only "
		    "one of %s: rotate it, or add another one first", id,
		    destination->id);
	at = (size_t)(secret - all);
	if (at > 0)
		forget_old(destination, id);
	else if (step_back(destination, keeper, why) == -1)
		return -1;
	destination->secret_count--;
	memmove(&all[at], &all[at + 1],
	    sizeof(*all) * (destination->secret_count - at));
	write_secrets(destination);
	return 0;
}
