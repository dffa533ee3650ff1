/*
 * spoollog_show - which lines are wanted, and how people read them
 *
 * Most lines are not wanted when one job is looked for, so the text is searched
 * for the words before it is parsed.
 */
#include "spoold/commands/spoollog.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/show.h"

#define EVENT_WIDTH 12
#define TICKET_WIDTH 40
#define WAIT_MS 1000

/* --- which ---------------------------------------------------------------- */

static bool
has_text(const struct journal_line *line, const char *text)
{
	return text == NULL ||
	    memmem(line->text, line->length, text, strlen(text)) != NULL;
}

static bool
is_equal(const struct json *value, const char *text)
{
	return text == NULL || strcmp(json_string(value, ""), text) == 0;
}

/* A line about one ticket, or the accepted line that has it among others. */
static bool
names_destination(const struct json *line, const char *id)
{
	const struct json *ticket;

	if (is_equal(json_get(line, "dest"), id))
		return true;
	for (ticket = json_first(json_get(line, "tickets")); ticket != NULL;
	    ticket = json_next(ticket))
		if (is_equal(json_get(ticket, "dest"), id))
			return true;
	return false;
}

static bool
fields_match(const struct log_filter *f, const struct json *line)
{
	const char *job = json_string(json_get(line, "job"), "");

	return is_equal(json_get(line, "org"), f->organization) &&
	    (f->job == NULL || strncmp(job, f->job, strlen(f->job)) == 0) &&
	    names_destination(line, f->destination);
}

bool
log_filter_takes(const struct log_filter *f, const struct journal_line *line)
{
	struct why ignored;
	struct json *json;
	bool takes;

	if ((f->some_events && (line->event == -1 ||
	    !f->events[line->event])) || line->time < f->since ||
	    (f->until != 0 && line->time >= f->until))
		return false;
	if (f->organization == NULL && f->job == NULL &&
	    f->destination == NULL)
		return true;
	if (!has_text(line, f->organization) || !has_text(line, f->job) ||
	    !has_text(line, f->destination))
		return false;
	json = json_parse(line->text, line->length, &ignored);
	takes = json != NULL && fields_match(f, json);
	if (json != NULL)
		json_free(&json);
	return takes;
}

/* --- how ------------------------------------------------------------------ */

static enum show_colour
colour_of(int event)
{
	static const enum show_colour colours[EVENTS] = {
		[EVENT_delivered] = SHOW_GREEN,
		[EVENT_deferred] = SHOW_YELLOW,
		[EVENT_maybe] = SHOW_YELLOW,
		[EVENT_failed] = SHOW_RED,
		[EVENT_refused] = SHOW_RED,
		[EVENT_expired] = SHOW_RED,
		[EVENT_alert] = SHOW_RED,
		[EVENT_denied] = SHOW_RED,
	};

	return event == -1 ? SHOW_PLAIN : colours[event];
}

static bool
is_word(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) ||
	    (text[n] != '\0' && strchr("._:/+-@=", text[n]) != NULL))
		n++;
	return n > 0 && text[n] == '\0';
}

/* A string as one word, or in quotes. */
static void
add_string(struct buf *out, const char *text)
{
	struct buf quoted = { 0 };

	if (is_word(text)) {
		buf_str(out, text);
		return;
	}
	buf_char(&quoted, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_char(&quoted, '\\');
		buf_char(&quoted, *text);
	}
	buf_char(&quoted, '"');
	show_escape(out, quoted.data);
	buf_free(&quoted);
}

static void
add_value(struct buf *out, const struct json *value)
{
	const struct json *each;
	struct buf text = { 0 };

	if (json_is(value, JSON_STRING)) {
		add_string(out, json_string(value, ""));
	} else if (json_is(value, JSON_ARRAY)) {
		for (each = json_first(value); each != NULL;
		    each = json_next(each)) {
			if (each != json_first(value))
				buf_char(out, ',');
			add_value(out, json_get(each, "dest") != NULL ?
			    json_get(each, "dest") : each);
		}
	} else {
		json_print(&text, value);
		show_escape(out, text.data == NULL ? "" : text.data);
	}
	buf_free(&text);
}

/*
 * What has a column of its own, or tells something to programs only.  (The
 * key of an accepted line is the job's idempotency key.)
 */
static bool
is_shown(int event, const char *name)
{
	static const char *const hidden[] = { "seq", "time", "event", "hash",
		"signature", "keySignature", "job", "dest", "stored" };

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (strcmp(hidden[i], name) == 0)
			return false;
	return event != EVENT_checkpoint || strcmp(name, "key") != 0;
}

static void
add_fields(struct buf *out, int event, const struct json *line)
{
	const struct json *each;

	for (each = json_first(line); each != NULL; each = json_next(each)) {
		const char *name = json_name(each);

		if (!is_shown(event, name))
			continue;
		buf_char(out, ' ');
		show_escape(out, name);
		buf_char(out, '=');
		if (strcmp(name, "inFlight") == 0)
			buf_printf(out, "%zu", json_count(each));
		/* Of what it takes to make it again, what tells people. */
		else if (strcmp(name, "published") == 0)
			buf_printf(out, "until:%s", json_string(json_get(each,
			    "expiresAt"), "?"));
		else
			add_value(out, each);
	}
}

/* `job.dest`, one of them, or a dash: there is always a third word. */
static void
add_ticket(struct buf *out, const struct json *line)
{
	const char *job = json_string(json_get(line, "job"), "");
	const char *dest = json_string(json_get(line, "dest"), "");
	size_t begin = out->len;

	show_escape(out, job);
	if (*job != '\0' && *dest != '\0')
		buf_char(out, '.');
	show_escape(out, dest);
	if (out->len == begin)
		buf_char(out, '-');
	while (out->len - begin < TICKET_WIDTH)
		buf_char(out, ' ');
}

void
log_show(const struct journal_line *line, bool coloured)
{
	static const char *const codes[] = {
		[SHOW_PLAIN] = "", [SHOW_BOLD] = "\033[1m",
		[SHOW_RED] = "\033[31m", [SHOW_GREEN] = "\033[32m",
		[SHOW_YELLOW] = "\033[33m",
	};
	const char *code = coloured ? codes[colour_of(line->event)] : "";
	char time[CLOCK_TEXT];
	struct buf out = { 0 };
	struct why ignored;
	struct json *json = json_parse(line->text, line->length, &ignored);
	const char *event = json_string(json_get(json, "event"), "?");

	clock_format(line->time, time);
	buf_printf(&out, "%s %s", time, code);
	show_escape(&out, event);
	buf_str(&out, *code == '\0' ? "" : "\033[0m");
	for (size_t n = strlen(event); n < EVENT_WIDTH; n++)
		buf_char(&out, ' ');
	buf_char(&out, ' ');
	add_ticket(&out, json);
	add_fields(&out, line->event, json);
	while (out.len > 0 && out.data[out.len - 1] == ' ')
		out.len--;
	buf_char(&out, '\n');
	(void)fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	if (json != NULL)
		json_free(&json);
}

/* --- when ----------------------------------------------------------------- */

void
log_watch_open(struct log_watch *w, const char *directory)
{
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd != -1 && inotify_add_watch(w->fd, directory,
	    IN_CREATE | IN_MODIFY | IN_MOVED_TO) == -1)
		log_watch_close(w);
}

void
log_watch_wait(struct log_watch *w)
{
	struct pollfd poll_fd = { w->fd, POLLIN, 0 };
	char events[4096];

	/* A look every second costs nothing, and misses nothing. */
	(void)poll(&poll_fd, w->fd == -1 ? 0 : 1, WAIT_MS);
	while (w->fd != -1 && read(w->fd, events, sizeof(events)) > 0)
		continue;
}

void
log_watch_close(struct log_watch *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	w->fd = -1;
}
