/*
 * facts - what was accepted, as a ticket's first line and in the journal
 *
 * One table says which fields there are, in which order they are written, how
 * each is read, and which may be missing; writing and reading are two walks
 * over it, so neither can know a field that the other does not.  What is read
 * comes from files that spoold wrote, but a person or a crash may have been
 * there since: nothing is believed beyond its type and range.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/facts.h"
#include "lib/hex.h"
#include "lib/xalloc.h"

#define FILE_MAX INT64_C(0x7fffffffffffffff)

enum fact_kind {
	FACT_text,	/* char *, left out if NULL */
	FACT_time,	/* int64_t wall ms, left out if 0 */
	FACT_bytes,	/* int64_t */
	FACT_place,	/* size_t, left out if 0 */
	FACT_inode,	/* uint64_t */
	FACT_digest,	/* uint8_t[SHA256_LENGTH] */
	FACT_type,	/* enum payload_type */
	FACT_priority,	/* int */
	FACT_words,	/* char ** and its size_t count, left out if none */
	FACT_KINDS
};

static const struct fact {
	const char	*name;
	enum fact_kind	 kind;
	bool		 required;
	size_t		 at;		/* in struct facts */
	size_t		 count_at;	/* of FACT_words */
} table[] = {
#define FACT(kind, required, name, member) \
	{ name, FACT_##kind, required, offsetof(struct facts, member), 0 }
#define WORDS(required, name, member, count) \
	{ name, FACT_words, required, offsetof(struct facts, member), \
	    offsetof(struct facts, count) }
	FACT(text, false, "organizationId", job.organization),
	FACT(text, true, "name", name),
	FACT(text, true, "submitter", submitter),
	FACT(time, true, "acceptedAt", accepted_at),
	FACT(type, true, "type", job.type),
	FACT(priority, true, "priority", job.priority),
	FACT(inode, true, "inode", inode),
	FACT(bytes, true, "jobBytes", job_bytes),
	FACT(digest, true, "jobSha256", job_sha256),
	FACT(bytes, true, "bytes", payload_bytes),
	FACT(digest, true, "sha256", payload_sha256),
	FACT(text, false, "file", job.file),
	FACT(text, false, "filename", job.filename),
	FACT(text, false, "contentType", job.content_type),
	FACT(place, false, "dataOffset", job.data.offset),
	FACT(place, false, "dataLength", job.data.length),
	FACT(place, false, "metadataOffset", job.metadata.offset),
	FACT(place, false, "metadataLength", job.metadata.length),
	FACT(time, false, "expiresAt", job.expires_at),
	FACT(time, false, "deliverAt", job.deliver_at),
	FACT(text, false, "key", job.idempotency_key),
	FACT(text, false, "correlationId", job.correlation_id),
	WORDS(false, "tags", job.tags, job.tag_count),
	FACT(text, false, "traceparent", job.traceparent),
	FACT(text, false, "callback", job.callback),
	WORDS(true, "destinations", job.destinations, job.destination_count),
#undef FACT
#undef WORDS
};
#define FACTS (sizeof(table) / sizeof(*table))

/* The one place where a member is found by its offset. */
static void *
member_of(struct facts *facts, size_t at)
{
	return (char *)facts + at;
}

static const void *
value_of(const struct facts *facts, size_t at)
{
	return (const char *)facts + at;
}

/* --- writing ------------------------------------------------------------- */

void
facts_write_payload(struct buf *out, const struct facts *facts)
{
	json_open(out, "payload", '{');
	json_put_string(out, "type", payload_type_name(facts->job.type));
	json_put_integer(out, "bytes", facts->payload_bytes);
	json_put_hex(out, "sha256", facts->payload_sha256, SHA256_LENGTH);
	json_close(out, '}');
}

static void
write_words(struct buf *out, const char *name, char *const *words,
    size_t count)
{
	if (count == 0)
		return;
	json_open(out, name, '[');
	for (size_t i = 0; i < count; i++)
		json_put_string(out, NULL, words[i]);
	json_close(out, ']');
}

static void
write_fact(struct buf *out, const struct facts *facts,
    const struct fact *fact)
{
	const void *value = value_of(facts, fact->at);

	switch (fact->kind) {
	case FACT_text:
		json_put_string(out, fact->name, *(char *const *)value);
		break;
	case FACT_time:
		json_put_time(out, fact->name, *(const int64_t *)value);
		break;
	case FACT_bytes:
		json_put_integer(out, fact->name, *(const int64_t *)value);
		break;
	case FACT_place:
		if (*(const size_t *)value != 0)
			json_put_integer(out, fact->name,
			    (int64_t)*(const size_t *)value);
		break;
	case FACT_inode:
		json_put_integer(out, fact->name,
		    (int64_t)*(const uint64_t *)value);
		break;
	case FACT_digest:
		json_put_hex(out, fact->name, value, SHA256_LENGTH);
		break;
	case FACT_type:
		json_put_string(out, fact->name,
		    payload_type_name(*(const enum payload_type *)value));
		break;
	case FACT_priority:
		json_put_integer(out, fact->name, *(const int *)value);
		break;
	case FACT_words:
		write_words(out, fact->name, *(char **const *)value,
		    *(const size_t *)value_of(facts, fact->count_at));
		break;
	case FACT_KINDS:
		break;
	}
}

void
facts_write(struct buf *out, const struct facts *facts)
{
	for (size_t i = 0; i < FACTS; i++)
		write_fact(out, facts, &table[i]);
}

/* --- reading ------------------------------------------------------------- */

/*
 * Each reads one value into `into`; false if it is none of its kind.
 */
typedef bool	 read_fact(const struct json *, void *into);

static bool
read_text(const struct json *json, void *into)
{
	if (!json_is(json, JSON_STRING))
		return false;
	*(char **)into = xstrdup(json_string(json, ""));
	return true;
}

static bool
read_time(const struct json *json, void *into)
{
	return json_is(json, JSON_STRING) &&
	    clock_parse(json_string(json, ""), into) == 0;
}

static bool
read_bytes(const struct json *json, void *into)
{
	if (!json_is_integer(json, 0, FILE_MAX))
		return false;
	*(int64_t *)into = json_integer(json, 0);
	return true;
}

static bool
read_place(const struct json *json, void *into)
{
	if (!json_is_integer(json, 0, FILE_MAX))
		return false;
	*(size_t *)into = (size_t)json_integer(json, 0);
	return true;
}

static bool
read_inode(const struct json *json, void *into)
{
	if (!json_is_integer(json, INT64_MIN, INT64_MAX))
		return false;
	*(uint64_t *)into = (uint64_t)json_integer(json, 0);
	return true;
}

static bool
read_digest(const struct json *json, void *into)
{
	const char *text = json_string(json, "");

	return strlen(text) == 2 * SHA256_LENGTH &&
	    hex_parse(text, into, SHA256_LENGTH) == 0;
}

static bool
read_type(const struct json *json, void *into)
{
	const char *name = json_string(json, "");

	for (int i = 0; i < PAYLOAD_TYPES; i++)
		if (strcmp(payload_type_name((enum payload_type)i),
		    name) == 0) {
			*(enum payload_type *)into = (enum payload_type)i;
			return true;
		}
	return false;
}

static bool
read_priority(const struct json *json, void *into)
{
	if (!json_is_integer(json, 0, PRIORITY_MAX))
		return false;
	*(int *)into = (int)json_integer(json, 0);
	return true;
}

static bool
read_words(const struct json *json, void *into, size_t *count)
{
	const struct json *word;
	char **words;

	if (!json_is(json, JSON_ARRAY))
		return false;
	words = xcalloc(json_count(json) + 1, sizeof(*words));
	*(char ***)into = words;
	for (word = json_first(json); word != NULL; word = json_next(word))
		if (!read_text(word, &words[(*count)++]))
			return false;
	return true;
}

static read_fact *const readers[FACT_KINDS] = {
	[FACT_text] = read_text,
	[FACT_time] = read_time,
	[FACT_bytes] = read_bytes,
	[FACT_place] = read_place,
	[FACT_inode] = read_inode,
	[FACT_digest] = read_digest,
	[FACT_type] = read_type,
	[FACT_priority] = read_priority,
};

static int
read_all(const struct json *json, struct facts *facts, struct why *why)
{
	for (size_t i = 0; i < FACTS; i++) {
		const struct fact *fact = &table[i];
		const struct json *value = json_get(json, fact->name);
		void *into = member_of(facts, fact->at);

		if (value == NULL && !fact->required)
			continue;
		if (value == NULL)
			return why_field(why, fact->name, "%s is missing",
			    fact->name);
		if (fact->kind == FACT_words ? !read_words(value, into,
		    member_of(facts, fact->count_at)) :
		    !readers[fact->kind](value, into))
			return why_field(why, fact->name,
			    "%s is not as spoold wrote it", fact->name);
	}
	/* These become parts of file names. */
	for (size_t i = 0; i < facts->job.destination_count; i++)
		if (!destination_id_valid(facts->job.destinations[i]))
			return why_field(why, "destinations", "destinations "
			    "has something that is no destination id");
	return 0;
}

int
facts_read(const struct json *json, struct facts *facts, struct why *why)
{
	const char *id = json_string(json_get(json, "id"), NULL);

	memset(facts, 0, sizeof(*facts));
	if (id == NULL)
		id = json_string(json_get(json, "job"), "");
	if (strlen(id) != ID_LENGTH || id_parse(id, &facts->id) == -1)
		return why_field(why, "id", "id is missing or no delivery id");
	if (read_all(json, facts, why) == 0)
		return 0;
	facts_free(facts);
	return -1;
}

void
facts_free(struct facts *facts)
{
	free(facts->name);
	free(facts->submitter);
	job_free(&facts->job);
	memset(facts, 0, sizeof(*facts));
}
