/*
 * ticket_file - a ticket's file: its facts, and the lines that follow
 *
 * The journal is what counts; this file is the copy that lies beside the
 * ticket for people and for receipts.  So what cannot be read of the later
 * lines (a crash, an editor) is left out rather than stopping a delivery, and
 * only the facts, which a delivery needs, have to be right.
 *
 * A file that has outgrown its limit (thousands of attempts) is read at both
 * ends: the facts are at the beginning, and what became of it last at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/facts.h"
#include "lib/xalloc.h"

static const char *const event_names[TICKET_EVENTS] = {
	[TICKET_delivered] = "delivered",
	[TICKET_deferred] = "deferred",
	[TICKET_failed] = "failed",
	[TICKET_maybe] = "maybe",
	[TICKET_cancelled] = "cancelled",
	[TICKET_expired] = "expired",
	[TICKET_requeued] = "requeued",
	[TICKET_revoked] = "revoked",
};

/* Which of them end an attempt. */
static const bool ends_attempt[TICKET_EVENTS] = {
	[TICKET_delivered] = true,
	[TICKET_deferred] = true,
	[TICKET_failed] = true,
	[TICKET_maybe] = true,
};

const char *
ticket_event_name(enum ticket_event event)
{
	return event_names[event];
}

void
event_line_write(struct buf *out, const struct event_line *line)
{
	json_open(out, NULL, '{');
	json_put_string(out, "event", event_names[line->event]);
	if (line->attempt != 0)
		json_put_integer(out, "attempt", line->attempt);
	if (line->seq != 0)
		json_put_integer(out, "seq", line->seq);
	json_put_time(out, "at", line->at);
	json_put_time(out, "due", line->due);
	if (ends_attempt[line->event] && line->attempt != 0)
		json_put_integer(out, "ms", line->ms);
	if (line->code != 0)
		json_put_integer(out, "code", line->code);
	if (line->error != ERROR_NONE)
		json_put_string(out, "errorCode", error_name(line->error));
	if (line->possible_duplicate)
		json_put_boolean(out, "possibleDuplicate", true);
	json_put_string(out, "reason", line->reason);
	json_put_string(out, "reference", line->reference);
	json_put_string(out, "remote", line->remote);
	json_put_string(out, "by", line->by);
	json_put_string(out, "to", line->to);
	json_put_time(out, "eraseAt", line->erase_at);
	json_put_time(out, "linkExpiresAt", line->link_expires_at);
	if (line->link_number != 0)
		json_put_integer(out, "linkNumber", line->link_number);
	json_put_string(out, "linkBase", line->link_base);
	json_put_string(out, "linkKey", line->link_key);
	json_close(out, '}');
	buf_char(out, '\n');
}

static char *
copy_of(const struct json *object, const char *name)
{
	const char *text = json_string(json_get(object, name), NULL);

	return text != NULL ? xstrdup(text) : NULL;
}

static int64_t
time_of(const struct json *object, const char *name)
{
	int64_t ms;

	return clock_parse(json_string(json_get(object, name), ""),
	    &ms) == 0 ? ms : 0;
}

static int64_t
number_of(const struct json *object, const char *name, int64_t max)
{
	const struct json *number = json_get(object, name);

	return json_is_integer(number, 0, max) ? json_integer(number, 0) : 0;
}

/* Returns false if it is none that this version knows. */
static bool
event_line_read(const struct json *json, struct event_line *line)
{
	const char *name = json_string(json_get(json, "event"), "");
	int event = 0;

	while (event < TICKET_EVENTS && strcmp(event_names[event], name) != 0)
		event++;
	if (event == TICKET_EVENTS)
		return false;
	memset(line, 0, sizeof(*line));
	line->event = (enum ticket_event)event;
	line->attempt = (int)number_of(json, "attempt", ATTEMPTS_MAX);
	line->seq = number_of(json, "seq", INT64_MAX);
	line->at = time_of(json, "at");
	line->due = time_of(json, "due");
	line->ms = number_of(json, "ms", INT64_MAX);
	line->code = (int)number_of(json, "code", INT32_MAX);
	line->error = error_by_name(json_string(json_get(json, "errorCode"),
	    ""));
	line->possible_duplicate =
	    json_boolean(json_get(json, "possibleDuplicate"), false);
	line->reason = copy_of(json, "reason");
	line->reference = copy_of(json, "reference");
	line->remote = copy_of(json, "remote");
	line->by = copy_of(json, "by");
	line->to = copy_of(json, "to");
	line->erase_at = time_of(json, "eraseAt");
	line->link_expires_at = time_of(json, "linkExpiresAt");
	line->link_number = (int)number_of(json, "linkNumber", INT32_MAX);
	line->link_base = copy_of(json, "linkBase");
	line->link_key = copy_of(json, "linkKey");
	return true;
}

void
event_line_free(struct event_line *line)
{
	free(line->reason);
	free(line->reference);
	free(line->remote);
	free(line->by);
	free(line->to);
	free(line->link_base);
	free(line->link_key);
}

/* Appends `length` bytes from `offset`.  0, or -1 with *why. */
static int
read_part(int fd, off_t offset, size_t length, struct buf *text,
    struct why *why)
{
	char chunk[16384];

	while (length > 0) {
		size_t want = length < sizeof(chunk) ? length : sizeof(chunk);
		ssize_t got = pread(fd, chunk, want, offset);

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return why_errno(why, "read a ticket");
		if (got == 0)
			break;
		buf_add(text, chunk, (size_t)got);
		offset += got;
		length -= (size_t)got;
	}
	return 0;
}

/* Leaves the text's whole lines: up to and with its last newline. */
static void
keep_lines(struct buf *text)
{
	while (text->len > 0 && text->data[text->len - 1] != '\n')
		text->len--;
}

/*
 * Reads the whole lines of a file of `size` bytes, of a long one the first and
 * the last.  0, or -1 with *why.
 */
static int
read_text(int fd, off_t size, struct buf *text, struct why *why)
{
	const size_t half = TICKET_FILE_MAX / 2;
	struct buf tail = { 0 };
	const char *newline;
	int result;

	if (size <= TICKET_FILE_MAX) {
		result = read_part(fd, 0, (size_t)size, text, why);
		keep_lines(text);
		return result;
	}
	if (read_part(fd, 0, half, text, why) == -1)
		return -1;
	newline = text->len > 0 ? memchr(text->data, '\n', text->len) : NULL;
	if (newline == NULL)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the ticket's first line is longer than %zu bytes", half);
	text->len = (size_t)(newline + 1 - text->data);
	result = read_part(fd, size - (off_t)half, half, &tail, why);
	keep_lines(&tail);
	newline = tail.len > 0 ? memchr(tail.data, '\n', tail.len) : NULL;
	if (newline != NULL)
		buf_add(text, newline + 1,
		    tail.len - (size_t)(newline + 1 - tail.data));
	buf_free(&tail);
	return result;
}

void
ticket_file_add(struct ticket_file *file, struct event_line *line)
{
	file->lines = xreallocarray(file->lines, file->line_count + 1,
	    sizeof(*file->lines));
	file->lines[file->line_count++] = *line;
	line->reason = line->reference = line->remote = NULL;
	line->by = line->to = NULL;
	line->link_base = line->link_key = NULL;
}

/* Takes one line of an event, if it is one. */
static void
take_line(struct ticket_file *file, const char *text, size_t length)
{
	struct event_line line;
	struct json *json;
	struct why unread;

	json = json_parse(text, length, &unread);
	if (json == NULL)
		return;
	if (event_line_read(json, &line))
		ticket_file_add(file, &line);
	json_free(&json);
}

static int
parse_facts(const char *text, size_t length, struct facts *facts,
    struct why *why)
{
	struct json *json;
	int result;

	json = json_parse(text, length, why);
	if (json == NULL)
		return -1;
	result = facts_read(json, facts, why);
	json_free(&json);
	return result;
}

int
ticket_file_read(int fd, off_t size, struct ticket_file *file,
    struct why *why)
{
	struct buf text = { 0 };
	const char *line, *end, *newline;
	int result = 1;

	memset(file, 0, sizeof(*file));
	if (read_text(fd, size, &text, why) == -1)
		result = -1;
	else if (text.len == 0)
		result = 0;
	if (result != 1) {
		buf_free(&text);
		return result;
	}
	line = text.data;
	end = text.data + text.len;
	for (; result == 1 && line < end; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			break;
		if (line != text.data)
			take_line(file, line, (size_t)(newline - line));
		else if (parse_facts(line, (size_t)(newline - line),
		    &file->facts, why) == -1)
			result = -1;
	}
	buf_free(&text);
	return result;
}

void
ticket_file_free(struct ticket_file *file)
{
	for (size_t i = 0; i < file->line_count; i++)
		event_line_free(&file->lines[i]);
	free(file->lines);
	facts_free(&file->facts);
	memset(file, 0, sizeof(*file));
}

const struct event_line *
ticket_file_last(const struct ticket_file *file)
{
	for (size_t i = file->line_count; i > 0; i--) {
		const struct event_line *line = &file->lines[i - 1];

		if (event_line_restarts(line))
			return NULL;
		if (ends_attempt[line->event])
			return line;
	}
	return NULL;
}

bool
event_line_restarts(const struct event_line *line)
{
	return line->event == TICKET_requeued && line->to == NULL;
}

/* True if what was sent then may be there although spoold was not told so. */
bool
event_line_doubtful(const struct event_line *line)
{
	return line->event == TICKET_maybe || line->possible_duplicate ||
	    line->error == ERROR_WORKER_DIED ||
	    line->error == ERROR_PROTOCOL_ERROR ||
	    line->error == ERROR_MAY_HAVE_ARRIVED;
}

bool
ticket_file_doubtful(const struct ticket_file *file)
{
	for (size_t i = 0; i < file->line_count; i++)
		if (event_line_doubtful(&file->lines[i]) ||
		    file->lines[i].event == TICKET_delivered)
			return true;
	return false;
}
