/*
 * job - what a client drops: one JSON file, one delivery request
 *
 * The text is scanned first, strictly; then payload.data and payload.metadata,
 * which may be megabytes and are nobody's business here, are cut out and only
 * the envelope that is left becomes a tree.  One table says which fields there
 * are; whatever is not in it is an error, because a misspelt `expiresAt` that
 * is silently ignored would be found out too late.
 *
 * Each message begins with the path of the field and says what is allowed.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/job.h"
#include "lib/job_text.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#define NODES_MAX 4096		/* values in an envelope */
#define PATH_SIZE 256
#define PRIORITY_DEFAULT 5
#define DEFAULT_WORD "default"

static const char *const type_names[PAYLOAD_TYPES] = {
	[PAYLOAD_report] = "report",
	[PAYLOAD_export] = "export",
	[PAYLOAD_data] = "data",
	[PAYLOAD_custom] = "custom",
};

enum part { PART_top, PART_payload, PART_options, PARTS };

static const char *const part_names[PARTS] = {
	[PART_top] = "", [PART_payload] = "payload",
	[PART_options] = "options",
};

/* The two values that are cut out, by their place in `members`. */
enum { CUT_data, CUT_metadata, CUTS };

/* One job being read. */
struct reading {
	const char	*text;
	struct job	*job;
	struct scan_member cut[CUTS + 1];
};

struct field;
typedef int	 read_field(struct reading *, const struct field *,
		    const struct json *, const char *path, struct why *);

static read_field read_text, read_time, read_destinations, read_part,
    read_type, read_data, read_metadata, read_priority, read_tags;

static const struct field {
	enum part	 part;
	const char	*name;
	bool		 required;
	read_field	*read;
	size_t		 at;		/* of a text or time, in struct job */
	enum text_rule	 rule;
} fields[] = {
#define TEXT(member, rule) read_text, offsetof(struct job, member), TEXT_##rule
	{ PART_top, "organizationId", false, TEXT(organization, word) },
	{ PART_top, "destinations", true, read_destinations, 0, 0 },
	{ PART_top, "payload", true, read_part, 0, 0 },
	{ PART_top, "options", false, read_part, 0, 0 },
	{ PART_payload, "type", true, read_type, 0, 0 },
	{ PART_payload, "data", false, read_data, 0, 0 },
	{ PART_payload, "file", false, TEXT(file, file) },
	{ PART_payload, "filename", false, TEXT(filename, file) },
	{ PART_payload, "contentType", false, TEXT(content_type, media) },
	{ PART_payload, "metadata", false, read_metadata, 0, 0 },
	{ PART_options, "priority", false, read_priority, 0, 0 },
	{ PART_options, "correlationId", false, TEXT(correlation_id, word) },
	{ PART_options, "idempotencyKey", false,
	    TEXT(idempotency_key, word) },
	{ PART_options, "tags", false, read_tags, 0, 0 },
	{ PART_options, "deliverAt", false, read_time,
	    offsetof(struct job, deliver_at), 0 },
	{ PART_options, "expiresAt", false, read_time,
	    offsetof(struct job, expires_at), 0 },
	{ PART_options, "traceparent", false, TEXT(traceparent, trace) },
	{ PART_options, "callback", false, TEXT(callback, destination) },
#undef TEXT
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

const char *
payload_type_name(enum payload_type type)
{
	return type_names[type];
}

/* --- values -------------------------------------------------------------- */

static int
read_text(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	char **into = (void *)((char *)reading->job + field->at);

	return job_text(value, path, field->rule, into, why);
}

static int
read_time(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	int64_t *into = (void *)((char *)reading->job + field->at);

	if (clock_parse(json_string(value, ""), into) == -1)
		return why_field(why, path, "%s must be a time as in RFC "
		    "3339, like \"2026-11-23T21:04:05Z\"", path);
	/* 0 stands for none; nobody means the first millisecond of 1970. */
	if (*into <= 0)
		*into = 1;
	return 0;
}

static int
read_type(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	const char *name = json_string(value, "");

	(void)field;
	for (int i = 0; i < PAYLOAD_TYPES; i++)
		if (strcmp(name, type_names[i]) == 0) {
			reading->job->type = (enum payload_type)i;
			return 0;
		}
	return why_field(why, path, "%s must be \"report\", \"export\", "
	    "\"data\" or \"custom\"", path);
}

static int
read_priority(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	(void)field;
	if (!json_is_integer(value, 0, PRIORITY_MAX))
		return why_field(why, path,
		    "%s must be a whole number from 0 to %d", path,
		    PRIORITY_MAX);
	reading->job->priority = (int)json_integer(value, 0);
	return 0;
}

static int
read_data(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	(void)field;
	(void)value;
	reading->job->data = reading->cut[CUT_data].span;
	if (reading->job->data.length > 0)
		return 0;
	return why_field(why, path, "%s was not found by the scan", path);
}

static int
read_metadata(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	struct span span = reading->cut[CUT_metadata].span;

	(void)field;
	(void)value;
	if (span.length == 0 || reading->text[span.offset] != '{')
		return why_field(why, path, "%s must be an object", path);
	reading->job->metadata = span;
	return 0;
}

/*
 * Reads an array's strings, all by one rule, into a new list.  What has been
 * read is in the list even when it fails.
 */
static int
read_list(const struct json *array, const char *path, enum text_rule rule,
    char ***list_r, size_t *count_r, struct why *why)
{
	const struct json *item = json_first(array);
	char at[PATH_SIZE];

	*list_r = xcalloc(json_count(array) + 1, sizeof(**list_r));
	for (; item != NULL; item = json_next(item)) {
		(void)snprintf(at, sizeof(at), "%s[%zu]", path, *count_r);
		if (job_text(item, at, rule, &(*list_r)[*count_r], why) == -1)
			return -1;
		(*count_r)++;
	}
	return 0;
}

static int
read_tags(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	struct job *job = reading->job;

	(void)field;
	if (!json_is(value, JSON_ARRAY) || json_count(value) > JOB_TAGS_MAX)
		return why_field(why, path,
		    "%s must be an array of up to %d strings", path,
		    JOB_TAGS_MAX);
	return read_list(value, path, TEXT_word, &job->tags, &job->tag_count,
	    why);
}

/* Returns the place of `id` in the first `count` destinations, or `count`. */
static size_t
destination_place(const struct job *job, const char *id, size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(job->destinations[i], id) != 0)
		i++;
	return i;
}

static int
read_destinations(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	struct job *job = reading->job;
	char at[PATH_SIZE];
	size_t first;

	(void)field;
	if (strcmp(json_string(value, ""), DEFAULT_WORD) == 0)
		return 0;
	if (!json_is(value, JSON_ARRAY) || json_count(value) < 1 ||
	    json_count(value) > JOB_DESTINATIONS_MAX)
		return why_field(why, path, "%s must be an array of 1 to %d "
		    "destination ids, or \"" DEFAULT_WORD "\"", path,
		    JOB_DESTINATIONS_MAX);
	if (read_list(value, path, TEXT_destination, &job->destinations,
	    &job->destination_count, why) == -1)
		return -1;
	for (size_t i = 0; i < job->destination_count; i++) {
		const char *id = job->destinations[i];

		(void)snprintf(at, sizeof(at), "%s[%zu]", path, i);
		if (strcmp(id, DEFAULT_WORD) == 0)
			return why_field(why, at, "%s: \"" DEFAULT_WORD
			    "\" stands alone, in place of the array", at);
		first = destination_place(job, id, i);
		if (first < i)
			return why_field(why, at, "%s repeats %s[%zu] (%s)",
			    at, path, first, id);
	}
	return 0;
}

/* --- the whole ----------------------------------------------------------- */

/* Its members are read by read_members(), after this. */
static int
read_part(struct reading *reading, const struct field *field,
    const struct json *value, const char *path, struct why *why)
{
	(void)reading;
	(void)field;
	if (!json_is(value, JSON_OBJECT))
		return why_field(why, path, "%s must be an object", path);
	return 0;
}

static void
path_of(enum part part, const char *name, char path[PATH_SIZE])
{
	(void)snprintf(path, PATH_SIZE, "%s%s%s", part_names[part],
	    part == PART_top ? "" : ".", name);
}

static const struct field *
field_find(enum part part, const char *name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].part == part &&
		    strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static int
field_unknown(enum part part, const char *name, struct why *why)
{
	struct buf allowed = { 0 };
	char path[PATH_SIZE];

	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].part == part)
			buf_printf(&allowed, "%s%s",
			    allowed.len > 0 ? ", " : "", fields[i].name);
	path_of(part, name, path);
	(void)why_field(why, path, "%s is no field of a job; allowed here "
	    "are %s", path, allowed.data);
	buf_free(&allowed);
	return -1;
}

static int
read_members(struct reading *reading, const struct json *object,
    enum part part, struct why *why)
{
	const struct json *value = json_first(object);
	const struct field *field;
	char path[PATH_SIZE];

	for (; value != NULL; value = json_next(value)) {
		field = field_find(part, json_name(value));
		if (field == NULL)
			return field_unknown(part, json_name(value), why);
		path_of(part, field->name, path);
		if (field->read(reading, field, value, path, why) == -1)
			return -1;
	}
	for (size_t i = 0; i < FIELDS; i++) {
		path_of(part, fields[i].name, path);
		if (fields[i].part == part && fields[i].required &&
		    json_get(object, fields[i].name) == NULL)
			return why_field(why, path, "%s is missing", path);
	}
	return 0;
}

/* What no field can say alone. */
static int
check_whole(const struct job *job, struct why *why)
{
	bool inline_data = job->data.length > 0;

	if (inline_data && job->file != NULL)
		return why_field(why, "payload.file", "payload.file and "
		    "payload.data are both given; one of the two is allowed");
	if (!inline_data && job->file == NULL)
		return why_field(why, "payload", "payload must have data, or "
		    "the name of a file in data/ as payload.file");
	if (job->callback != NULL && strcmp(job->callback,
	    DEFAULT_WORD) == 0)
		return why_field(why, "options.callback", "options.callback "
		    "must be one destination's id, not \"" DEFAULT_WORD "\"");
	if (job->callback != NULL && destination_place(job, job->callback,
	    job->destination_count) < job->destination_count)
		return why_field(why, "options.callback", "options.callback "
		    "must not be among the destinations (%s is)",
		    job->callback);
	if (job->expires_at != 0 && job->expires_at <= job->deliver_at)
		return why_field(why, "options.expiresAt",
		    "options.expiresAt must be later than options.deliverAt");
	return 0;
}

static int
read_job(struct reading *reading, const struct json *top, struct why *why)
{
	if (!json_is(top, JSON_OBJECT))
		return why_field(why, "", "a job must be an object, not %s",
		    json_kind_name(json_kind(top)));
	if (read_members(reading, top, PART_top, why) == -1 ||
	    read_members(reading, json_get(top, "payload"), PART_payload,
	    why) == -1 ||
	    read_members(reading, json_get(top, "options"), PART_options,
	    why) == -1)
		return -1;
	return check_whole(reading->job, why);
}

/* The text with null in the place of the two large values. */
static struct json *
parse_envelope(const struct reading *reading, size_t length, struct why *why)
{
	struct span first = reading->cut[CUT_data].span;
	struct span second = reading->cut[CUT_metadata].span;
	struct buf envelope = { 0 };
	struct span swap;
	struct json *json;
	size_t at = 0;

	if (first.offset > second.offset) {
		swap = first;
		first = second;
		second = swap;
	}
	if (first.length > 0) {
		buf_add(&envelope, reading->text, first.offset);
		buf_str(&envelope, "null");
		at = first.offset + first.length;
	}
	if (second.length > 0) {
		buf_add(&envelope, reading->text + at, second.offset - at);
		buf_str(&envelope, "null");
		at = second.offset + second.length;
	}
	buf_add(&envelope, reading->text + at, length - at);
	json = json_parse(envelope.data, envelope.len, why);
	buf_free(&envelope);
	return json;
}

int
job_parse(const char *text, size_t length, struct job *job, struct why *why)
{
	struct reading reading = { .text = text, .job = job, .cut = {
	    [CUT_data] = { .path = "payload.data" },
	    [CUT_metadata] = { .path = "payload.metadata" } } };
	struct scan scan = { .nodes_max = NODES_MAX };
	struct json *top;
	int result;

	result = scan_json(text, length, &scan, reading.cut, why);
	if (result != 1)
		return result;
	top = parse_envelope(&reading, length, why);
	if (top == NULL)
		return -1;
	memset(job, 0, sizeof(*job));
	job->priority = PRIORITY_DEFAULT;
	result = read_job(&reading, top, why);
	json_free(&top);
	if (result == 0)
		return 1;
	job_free(job);
	return -1;
}

static void
free_list(char **list, size_t count)
{
	for (size_t i = 0; list != NULL && i < count; i++)
		free(list[i]);
	free(list);
}

void
job_free(struct job *job)
{
	free(job->organization);
	free_list(job->destinations, job->destination_count);
	free(job->file);
	free(job->filename);
	free(job->content_type);
	free(job->correlation_id);
	free(job->idempotency_key);
	free_list(job->tags, job->tag_count);
	free(job->traceparent);
	free(job->callback);
	memset(job, 0, sizeof(*job));
}
