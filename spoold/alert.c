/*
 * alert - what needs a person
 *
 * The reasons are spoold's own sentences about the machine, never about a
 * patient: no file name, tag or correlation id comes here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/spoold.h"

#define LISTED 1000		/* about organizations and destinations */

static const char *const names[ALERTS] = {
#define ALERT(identifier, name) [ALERT_##identifier] = name,
	ALERTS_TABLE(ALERT)
#undef ALERT
};

static void
alert_record(struct spoold *s, enum alert alert,
    const struct alert_about *about, const char *what)
{
	const struct alert_state *state = about != NULL ? &about->state :
	    &s->alerts[alert];
	struct buf fields = { 0 };

	json_put_string(&fields, "name", names[alert]);
	json_put_string(&fields, "state", what);
	if (about != NULL) {
		json_put_string(&fields, "org", about->organization);
		json_put_string(&fields, "dest", about->destination);
	}
	json_put_string(&fields, "reason", state->reason);
	commit_line(s, EVENT_alert, &fields);
	log_warning("alert: %s %s: %s", names[alert], what, state->reason);
}

static void	 state_say(struct alert_state *, const char *, va_list)
		    __attribute__((format(printf, 2, 0)));

static void
state_say(struct alert_state *state, const char *format, va_list ap)
{
	if (vsnprintf(state->reason, sizeof(state->reason), format, ap) < 0)
		state->reason[0] = '\0';
}

void
alert_begin(struct spoold *s, enum alert alert, const char *format, ...)
{
	struct alert_state *state = &s->alerts[alert];
	va_list ap;

	va_start(ap, format);
	state_say(state, format, ap);
	va_end(ap);
	if (state->since != 0)
		return;
	state->since = clock_wall();
	alert_record(s, alert, NULL, "begin");
}

void
alert_end(struct spoold *s, enum alert alert)
{
	if (s->alerts[alert].since == 0)
		return;
	alert_record(s, alert, NULL, "end");
	s->alerts[alert].since = 0;
}

/* --- about organizations and destinations --------------------------------- */

static int
compare_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int
about_compare(const struct alert_about *a, const struct alert_about *b)
{
	int order = (a->alert > b->alert) - (a->alert < b->alert);

	if (order == 0)
		order = compare_text(a->organization, b->organization);
	return order != 0 ? order :
	    compare_text(a->destination, b->destination);
}

RB_PROTOTYPE(alerts_by_name, alert_about, by_name, about_compare)
RB_GENERATE(alerts_by_name, alert_about, by_name, about_compare)

static void
about_free(struct spoold *s, struct alert_about *about)
{
	RB_REMOVE(alerts_by_name, &s->alerts_by_name, about);
	TAILQ_REMOVE(&s->alerts_about, about, entry);
	free(about->organization);
	free(about->destination);
	free(about);
}

/* NULL: it is not active. */
static struct alert_about *
about_find(struct spoold *s, enum alert alert, const char *organization,
    const char *destination)
{
	struct alert_about wanted = { .alert = alert,
		.organization = (char *)(uintptr_t)organization,
		.destination = (char *)(uintptr_t)destination };

	return RB_FIND(alerts_by_name, &s->alerts_by_name, &wanted);
}

static struct alert_about *
about_get(struct spoold *s, enum alert alert, const char *organization,
    const char *destination)
{
	struct alert_about *about = about_find(s, alert, organization,
	    destination);

	if (about != NULL)
		return about;
	about = xcalloc(1, sizeof(*about));
	about->alert = alert;
	about->organization = xstrdup(organization);
	about->destination = destination == NULL ? NULL :
	    xstrdup(destination);
	TAILQ_INSERT_TAIL(&s->alerts_about, about, entry);
	RB_INSERT(alerts_by_name, &s->alerts_by_name, about);
	return about;
}

void
alerts_look(struct spoold *s, enum alert alert)
{
	struct alert_about *about;

	TAILQ_FOREACH(about, &s->alerts_about, entry)
		if (about->alert == alert)
			about->found = false;
}

void
alerts_found(struct spoold *s, enum alert alert, const char *organization,
    const char *destination, const char *format, ...)
{
	struct alert_about *about;
	va_list ap;

	about = about_get(s, alert, organization, destination);
	about->found = true;
	va_start(ap, format);
	state_say(&about->state, format, ap);
	va_end(ap);
	if (about->state.since != 0)
		return;
	about->state.since = clock_wall();
	alert_record(s, alert, about, "begin");
}

void
alerts_again(struct spoold *s, enum alert alert, const char *organization,
    const char *destination)
{
	const struct alert_about *about = about_find(s, alert, organization,
	    destination);

	if (about != NULL)
		alert_record(s, alert, about, "again");
}

void
alerts_keep(struct spoold *s, enum alert alert, const char *organization,
    const char *destination)
{
	struct alert_about *about = about_find(s, alert, organization,
	    destination);

	if (about != NULL)
		about->found = true;
}

void
alerts_looked(struct spoold *s, enum alert alert)
{
	struct alert_about *about, *next;

	TAILQ_FOREACH_SAFE(about, &s->alerts_about, entry, next) {
		if (about->alert != alert || about->found)
			continue;
		alert_record(s, alert, about, "end");
		about_free(s, about);
	}
}

void
alerts_free(struct spoold *s)
{
	struct alert_about *about, *next;

	TAILQ_FOREACH_SAFE(about, &s->alerts_about, entry, next)
		about_free(s, about);
}

/* --- all that are active -------------------------------------------------- */

bool
alerts_any(const struct spoold *s)
{
	for (size_t i = 0; i < ALERTS; i++)
		if (s->alerts[i].since != 0)
			return true;
	return !TAILQ_EMPTY(&s->alerts_about);
}

static void
put_alert(struct buf *out, enum alert alert, const struct alert_about *about,
    const struct alert_state *state)
{
	json_open(out, NULL, '{');
	json_put_string(out, "name", names[alert]);
	if (about != NULL) {
		json_put_string(out, "organizationId", about->organization);
		json_put_string(out, "destinationId", about->destination);
	}
	json_put_time(out, "since", state->since);
	json_put_string(out, "reason", state->reason);
	json_close(out, '}');
}

void
alert_list(const struct spoold *s, struct buf *out)
{
	const struct alert_about *about;
	int count = 0;

	json_open(out, "alerts", '[');
	for (size_t i = 0; i < ALERTS; i++)
		if (s->alerts[i].since != 0)
			put_alert(out, (enum alert)i, NULL, &s->alerts[i]);
	TAILQ_FOREACH(about, &s->alerts_about, entry)
		if (count++ < LISTED)
			put_alert(out, about->alert, about, &about->state);
	json_close(out, ']');
}
