/*
 * unseen - download links that end without having been fetched
 */
#include <stdio.h>

#include "lib/clock.h"
#include "lib/unseen.h"

#define DAY (24 * 60 * 60 * INT64_C(1000))	/* ms */
#define ENDED_FOR (7 * DAY)	/* that long it is worth a word */
#define PART 4		/* of its time, of which the last one counts */

void
unseen_note(struct unseen *unseen, const struct published *link,
    const struct published_state *state, int64_t now, int64_t lead)
{
	int64_t left = link->expires_at - now;
	bool first;
	char id[ID_LENGTH + 1];

	if (state->fetches > 0 || state->revoked_at != 0 || left > lead ||
	    left > (link->expires_at - id_time(&link->id)) / PART ||
	    left < -ENDED_FOR)
		return;
	/* One that can still be mended is what somebody has to know. */
	first = left > 0 ? unseen->soon == 0 :
	    unseen->soon + unseen->ended == 0;
	if (left > 0) {
		unseen->soon++;
		if (unseen->latest < link->expires_at)
			unseen->latest = link->expires_at;
	} else
		unseen->ended++;
	if (!first && ((left <= 0 && unseen->soon > 0) ||
	    unseen->ends <= link->expires_at))
		return;
	unseen->ends = link->expires_at;
	id_format(&link->id, id);
	(void)snprintf(unseen->ticket, sizeof(unseen->ticket), "%s.%s", id,
	    link->destination);
}

bool
unseen_print(const struct unseen *unseen, int64_t lead, const char *when,
    struct buf *out)
{
	char age[32] = "a day";

	if (unseen->soon + unseen->ended == 0)
		return false;
	if (lead != DAY)
		clock_format_age(lead, age);
	if (unseen->soon > 0)
		buf_printf(out, "%zu that nobody has fetched end%s within %s",
		    unseen->soon, unseen->soon == 1 ? "s" : "", age);
	else
		buf_printf(out, "%zu %s ended that nobody has fetched",
		    unseen->ended, unseen->ended == 1 ? "has" : "have");
	buf_printf(out, ", the first of them, of %s, %s", unseen->ticket,
	    when);
	if (unseen->soon > 0 && unseen->ended > 0)
		buf_printf(out, "; %zu %s ended so", unseen->ended,
		    unseen->ended == 1 ? "has" : "have");
	return true;
}
