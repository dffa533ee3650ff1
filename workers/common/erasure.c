/*
 * erasure - what an attempt once stored is to go
 *
 * They take no attempt's place: spoold gives a few at a time, and a delivery
 * never waits for one.
 */
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/common/courier_inside.h"

#define MOVED_EVERY 1000	/* ms */

static void
erasure_free(struct erasure *erasure)
{
	struct courier *courier = erasure->courier;

	if (courier->transport->erasure_close != NULL)
		courier->transport->erasure_close(erasure);
	courier->erasures--;
	held_give(courier, erasure->held);
	free(erasure->stored);
	free(erasure->state);
	free(erasure);
}

void
erasure_end(struct erasure *erasure, enum error error, int code,
    const char *reason)
{
	struct link_record record;

	link_init(&record, LINK_erased);
	record.erased.token = erasure->facts.token;
	record.erased.error = (int32_t)error;
	record.erased.code = code;
	record.text[ERASED_reason] = reason;
	skeleton_send(&erasure->courier->skeleton, &record);
	erasure_free(erasure);
}

void
erasure_gone(struct erasure *erasure)
{
	erasure_end(erasure, ERROR_NONE, 0, "");
}

void
erasure_fail(struct erasure *erasure, const struct why *why)
{
	struct why copy = *why;		/* it may be in the state */

	erasure_end(erasure, copy.code, 0, copy.text);
}

void
erasure_moved(struct erasure *erasure)
{
	int64_t now = clock_monotonic();
	struct link_record record;

	if (now - erasure->told < MOVED_EVERY)
		return;
	erasure->told = now;
	link_init(&record, LINK_progress);
	record.progress.token = erasure->facts.token;
	skeleton_send(&erasure->courier->skeleton, &record);
}

void
erasure_take(struct courier *courier, const struct link_record *record)
{
	const struct transport *transport = courier->transport;
	struct erasure *erasure = xcalloc(1, sizeof(*erasure));
	struct why why;

	erasure->courier = courier;
	erasure->facts = record->erase;
	erasure->told = clock_monotonic();
	erasure->stored = xstrdup(record->text[ERASE_stored]);
	erasure->state = xcalloc(1, transport->erasure_size + 1);
	courier->erasures++;
	if (transport->erase == NULL) {
		erasure_end(erasure, ERROR_PERMISSION_DENIED, 0,
		    "this transport erases nothing");
		return;
	}
	erasure->held = held_take(courier, record->text[ERASE_config], &why);
	if (erasure->held == NULL) {
		erasure_fail(erasure, &why);
		return;
	}
	erasure->config = erasure->held->config;
	transport->erase(erasure);
}
