/*
 * published - a download link: what it leads to, until when, and for whom
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/published.h"
#include "lib/ticket.h"
#include "lib/xalloc.h"

#define NETWORKS_MAX 64
#define ENDING ".link"

void
published_reference(const uint8_t token[SHA256_LENGTH],
    char out[REFERENCE_SIZE])
{
	hex_format(token, REFERENCE_BYTES, out);
}

void
published_name(const char *reference, char out[PUBLISHED_NAME])
{
	(void)snprintf(out, PUBLISHED_NAME, "%s%s", reference, ENDING);
}

bool
published_named(const char *name)
{
	uint8_t bytes[REFERENCE_BYTES];

	return hex_parse(name, bytes, sizeof(bytes)) == 0 &&
	    strcmp(name + REFERENCE_SIZE - 1, ENDING) == 0;
}

/* --- writing -------------------------------------------------------------- */

void
published_write(struct buf *out, const struct published *p)
{
	char id[ID_LENGTH + 1];

	id_format(&p->id, id);
	json_put_string(out, "job", id);
	json_put_string(out, "dest", p->destination);
	json_put_hex(out, "tokenSha256", p->token, sizeof(p->token));
	json_put_string(out, "key", p->key);
	json_put_integer(out, "number", p->number);
	json_put_string(out, "baseUrl", p->base);
	json_put_time(out, "expiresAt", p->expires_at);
	json_put_integer(out, "maxAccess", p->max_access);
	json_open(out, "allowedIpRanges", '[');
	for (size_t i = 0; i < p->network_count; i++)
		json_put_string(out, NULL, p->networks[i]);
	json_close(out, ']');
	json_put_boolean(out, "direct", p->direct);
	json_put_string(out, "notify", p->notify);
	json_put_string(out, "name", p->name);
	json_put_string(out, "contentType", p->content_type);
	json_put_boolean(out, "hasFile", p->has_file);
	json_put_integer(out, "offset", p->offset);
	json_put_integer(out, "length", p->length);
	json_put_hex(out, "sha256", p->sha256, sizeof(p->sha256));
	json_put_integer(out, "inode", (int64_t)p->inode);
	json_put_integer(out, "modified", p->modified);
	json_put_integer(out, "changed", p->changed);
}

void
published_write_state(struct buf *out, const struct published_state *state)
{
	size_t begin = out->len;

	json_open(out, NULL, '{');
	json_put_integer(out, "fetches", state->fetches);
	json_put_time(out, "revokedAt", state->revoked_at);
	json_close(out, '}');
	while (out->len - begin < PUBLISHED_STATE - 1)
		buf_char(out, ' ');
	buf_char(out, '\n');
}

void
published_write_file(struct buf *out, const struct published *p)
{
	static const struct published_state none;

	published_write_state(out, &none);
	json_open(out, NULL, '{');
	published_write(out, p);
	json_close(out, '}');
	buf_char(out, '\n');
}

/* --- reading -------------------------------------------------------------- */

static char *
copy_of(const struct json *json, const char *name)
{
	const char *text = json_string(json_get(json, name), NULL);

	return text == NULL ? NULL : xstrdup(text);
}

static bool
read_digest(const struct json *json, const char *name,
    uint8_t out[SHA256_LENGTH])
{
	const char *text = json_string(json_get(json, name), "");

	return strlen(text) == 2 * SHA256_LENGTH &&
	    hex_parse(text, out, SHA256_LENGTH) == 0;
}

static int64_t
number_of(const struct json *json, const char *name)
{
	return json_integer(json_get(json, name), -1);
}

static bool
read_networks(const struct json *json, struct published *p)
{
	const struct json *item = json_first(json);

	if (!json_is(json, JSON_ARRAY) || json_count(json) > NETWORKS_MAX)
		return false;
	p->networks = xcalloc(NETWORKS_MAX, sizeof(*p->networks));
	for (; item != NULL; item = json_next(item))
		p->networks[p->network_count++] =
		    xstrdup(json_string(item, ""));
	return true;
}

/* The texts and times; the numbers are read by then. */
static bool
published_whole(const struct published *p)
{
	return p->destination != NULL && destination_id_valid(p->destination) &&
	    p->key != NULL && p->base != NULL && p->name != NULL &&
	    p->content_type != NULL && p->number > 0 && p->expires_at > 0 &&
	    p->max_access >= 0 && p->offset >= 0 && p->length >= 0 &&
	    p->offset <= INT64_MAX - p->length;
}

int
published_read(const struct json *json, struct published *p, struct why *why)
{
	const char *id = json_string(json_get(json, "job"), "");
	bool good;

	memset(p, 0, sizeof(*p));
	good = strlen(id) == ID_LENGTH && id_parse(id, &p->id) == 0 &&
	    read_digest(json, "tokenSha256", p->token) &&
	    read_digest(json, "sha256", p->sha256) &&
	    json_is_integer(json_get(json, "number"), 1, INT32_MAX) &&
	    clock_parse(json_string(json_get(json, "expiresAt"), ""),
	    &p->expires_at) == 0;
	p->destination = copy_of(json, "dest");
	p->key = copy_of(json, "key");
	p->number = good ? (int)number_of(json, "number") : 0;
	p->base = copy_of(json, "baseUrl");
	p->max_access = number_of(json, "maxAccess");
	p->direct = json_boolean(json_get(json, "direct"), false);
	p->notify = copy_of(json, "notify");
	p->name = copy_of(json, "name");
	p->content_type = copy_of(json, "contentType");
	p->has_file = json_boolean(json_get(json, "hasFile"), false);
	p->offset = number_of(json, "offset");
	p->length = number_of(json, "length");
	p->inode = (uint64_t)number_of(json, "inode");
	p->modified = number_of(json, "modified");
	p->changed = number_of(json, "changed");
	if (read_networks(json_get(json, "allowedIpRanges"), p) && good &&
	    published_whole(p))
		return 0;
	published_free(p);
	return why_set(why, ERROR_VALIDATION_ERROR,
	    "it is no link as spoold wrote it");
}

void
published_free(struct published *p)
{
	for (size_t i = 0; i < p->network_count; i++)
		free(p->networks[i]);
	free(p->networks);
	free(p->destination);
	free(p->key);
	free(p->base);
	free(p->notify);
	free(p->name);
	free(p->content_type);
	memset(p, 0, sizeof(*p));
}

static int
read_state(const char *text, struct published_state *state, struct why *why)
{
	struct json *json = json_parse(text, PUBLISHED_STATE - 1, why);
	const struct json *fetches = json_get(json, "fetches");
	const char *revoked = json_string(json_get(json, "revokedAt"), NULL);
	bool good;

	if (json == NULL)
		return -1;
	*state = (struct published_state) {
		.fetches = json_integer(fetches, 0) };
	good = json_is_integer(fetches, 0, INT64_MAX) && (revoked == NULL ||
	    clock_parse(revoked, &state->revoked_at) == 0);
	json_free(&json);
	return good ? 0 : why_set(why, ERROR_VALIDATION_ERROR,
	    "its first line is not as spoold wrote it");
}

int
published_read_file(const char *text, size_t length, struct published *p,
    struct published_state *state, struct why *why)
{
	const char *second = text + PUBLISHED_STATE;
	struct json *json;
	int result;

	if (length <= PUBLISHED_STATE || second[-1] != '\n' ||
	    text[length - 1] != '\n')
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "it has not the two lines of a link");
	if (read_state(text, state, why) == -1)
		return -1;
	json = json_parse(second, length - PUBLISHED_STATE, why);
	if (json == NULL)
		return -1;
	result = published_read(json, p, why);
	json_free(&json);
	return result;
}
