/*
 * attempt - a ticket on its way: its beginning, its slices, its end
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/common/courier_inside.h"

#define SLICE (2 * 1024 * 1024)	/* bytes of one attempt between two looks */
#define PROGRESS_EVERY 1000	/* ms */

/* --- ends ----------------------------------------------------------------- */

static void
attempt_free(struct attempt *attempt)
{
	struct courier *courier = attempt->courier;

	if (courier->transport->close != NULL)
		courier->transport->close(attempt);
	courier->attempts--;
	parcel_close(&attempt->parcel);
	held_give(courier, attempt->held);
	explicit_bzero(attempt->text[ATTEMPT_resume],
	    strlen(attempt->text[ATTEMPT_resume]));
	for (int i = 0; i < ATTEMPT_texts; i++)
		free(attempt->text[i]);
	json_free(&attempt->metadata);
	free(attempt->state);
	free(attempt);
}

void
attempt_end(struct attempt *attempt, struct link_record *record)
{
	record->outcome.token = attempt->facts.token;
	record->outcome.ms = clock_monotonic() - attempt->started;
	skeleton_send(&attempt->courier->skeleton, record);
	attempt_free(attempt);
}

void
attempt_fail(struct attempt *attempt, const struct why *why)
{
	struct link_record record;
	bool permanent = why->code == ERROR_VALIDATION_ERROR ||
	    why->code == ERROR_PAYLOAD_CHANGED;

	link_init(&record, LINK_outcome);
	record.outcome.verdict = permanent ? VERDICT_failed :
	    VERDICT_deferred;
	record.outcome.error = (int32_t)why->code;
	record.text[OUTCOME_reason] = why->text;
	attempt_end(attempt, &record);
}

void
attempt_answered(struct attempt *attempt, const struct http_answer *answer,
    const struct verdict_rules *rules)
{
	struct verdict_text text;
	struct link_record record;

	link_init(&record, LINK_outcome);
	verdict(answer, rules, &record, &text);
	attempt_end(attempt, &record);
	buf_free(&text.remote);
}

void
attempt_moved(struct attempt *attempt, int64_t sent)
{
	int64_t now = clock_monotonic();
	struct link_record record;

	if (now - attempt->told < PROGRESS_EVERY)
		return;
	attempt->told = now;
	link_init(&record, LINK_progress);
	record.progress.token = attempt->facts.token;
	/* Only what has come further than before is no silence. */
	record.progress.bytes = attempt->gone + sent;
	skeleton_send(&attempt->courier->skeleton, &record);
}

void
attempt_keep(struct attempt *attempt, const char *text)
{
	struct link_record record;

	link_init(&record, LINK_progress);
	record.progress.token = attempt->facts.token;
	record.progress.bytes = attempt->gone;
	record.text[PROGRESS_resume] = text;
	skeleton_send(&attempt->courier->skeleton, &record);
}

int
attempt_metadata(struct attempt *attempt, const struct json **metadata,
    struct why *why)
{
	const struct buf *text = &attempt->parcel.metadata_text;

	if (text->overflow)
		return why_field(why, "payload.metadata",
		    "payload.metadata is larger than the %zu bytes that this "
		    "destination's type takes", text->max);
	if (attempt->metadata == NULL && text->len > 0) {
		attempt->metadata = json_parse(text->data, text->len, why);
		if (attempt->metadata == NULL)
			return -1;
	}
	*metadata = attempt->metadata;
	return 0;
}

const char *
attempt_type(const struct attempt *attempt)
{
	const char *type = attempt->text[ATTEMPT_content_type];

	if (!attempt->parcel.has_file)
		return "application/json";
	return type[0] != '\0' ? type : TYPE_UNKNOWN;
}

/* --- the beginning -------------------------------------------------------- */

static struct attempt *
attempt_new(struct courier *courier, const struct link_record *record)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->courier = courier;
	attempt->facts = record->attempt;
	attempt->started = attempt->told = clock_monotonic();
	attempt->state = xcalloc(1, courier->transport->state_size + 1);
	for (int i = 0; i < ATTEMPT_texts; i++)
		if (i != ATTEMPT_config)
			attempt->text[i] = xstrdup(record->text[i]);
	parcel_open(&attempt->parcel, record,
	    courier->transport->metadata_max);
	courier->attempts++;
	return attempt;
}

void
attempt_take(struct courier *courier, const struct link_record *record)
{
	const struct transport *transport = courier->transport;
	struct attempt *attempt = attempt_new(courier, record);
	struct why why;

	attempt->held = held_take(courier, record->text[ATTEMPT_config],
	    &why);
	if (attempt->held != NULL)
		attempt->config = attempt->held->config;
	if (attempt->held == NULL || (transport->open != NULL &&
	    transport->open(attempt, &why) == -1)) {
		attempt_fail(attempt, &why);
		return;
	}
	TAILQ_INSERT_TAIL(&courier->preparing, attempt, entry);
}

/* The job first, then what the transport has to do. */
static int
attempt_piece(struct attempt *attempt, int64_t *done, struct why *why)
{
	const struct courier *courier = attempt->courier;
	const struct transport *transport = courier->transport;

	if (!parcel_checked(&attempt->parcel))
		return parcel_check(&attempt->parcel, courier->chunk,
		    COURIER_CHUNK, done, why) == -1 ? -1 :
		    parcel_checked(&attempt->parcel) &&
		    transport->prepare == NULL;
	return transport->prepare == NULL ? 1 :
	    transport->prepare(attempt, done, why);
}

/* Up to a slice: 1 when it is ready, 0 if there is more, -1. */
static int
attempt_slice(struct attempt *attempt, struct why *why)
{
	int64_t done = 0, before;
	int result;

	do {
		before = done;
		result = attempt_piece(attempt, &done, why);
	} while (result == 0 && done < SLICE && done > before);
	attempt->gone += done;
	return result;
}

bool
attempts_prepare(struct courier *courier)
{
	struct attempt *attempt, *next;
	struct why why;

	TAILQ_FOREACH_SAFE(attempt, &courier->preparing, entry, next) {
		int result = attempt_slice(attempt, &why);

		if (result == 0) {
			attempt_moved(attempt, 0);
			continue;
		}
		TAILQ_REMOVE(&courier->preparing, attempt, entry);
		if (result == 1)
			courier->transport->send(attempt);
		else
			attempt_fail(attempt, &why);
	}
	return !TAILQ_EMPTY(&courier->preparing);
}
