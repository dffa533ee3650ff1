/*
 * alert - what needs a person
 *
 * The reasons are spoold's own sentences about the machine, never about a
 * patient: no file name, tag or correlation id comes here.
 */
#include <stdarg.h>
#include <stdio.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/spoold.h"

static const char *const names[ALERTS] = {
#define ALERT(identifier, name) [ALERT_##identifier] = name,
	ALERTS_TABLE(ALERT)
#undef ALERT
};

static void
alert_record(struct spoold *s, enum alert alert, const char *state)
{
	struct buf fields = { 0 };

	json_put_string(&fields, "name", names[alert]);
	json_put_string(&fields, "state", state);
	json_put_string(&fields, "reason", s->alerts[alert].reason);
	commit_line(s, EVENT_alert, &fields);
	log_warning("alert: %s %s: %s", names[alert], state,
	    s->alerts[alert].reason);
}

void
alert_begin(struct spoold *s, enum alert alert, const char *format, ...)
{
	struct alert_state *state = &s->alerts[alert];
	va_list ap;

	if (state->since != 0)
		return;
	state->since = clock_wall();
	va_start(ap, format);
	if (vsnprintf(state->reason, sizeof(state->reason), format, ap) < 0)
		state->reason[0] = '\0';
	va_end(ap);
	alert_record(s, alert, "begin");
}

void
alert_end(struct spoold *s, enum alert alert)
{
	if (s->alerts[alert].since == 0)
		return;
	alert_record(s, alert, "end");
	s->alerts[alert].since = 0;
}

void
alert_list(const struct spoold *s, struct buf *out)
{
	json_open(out, "alerts", '[');
	for (size_t i = 0; i < ALERTS; i++) {
		if (s->alerts[i].since == 0)
			continue;
		json_open(out, NULL, '{');
		json_put_string(out, "name", names[i]);
		json_put_time(out, "since", s->alerts[i].since);
		json_put_string(out, "reason", s->alerts[i].reason);
		json_close(out, '}');
	}
	json_close(out, ']');
}
