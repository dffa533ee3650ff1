/*
 * erasure_record - the records in stored/: from `delivered`, until `erased`
 *
 * A record is made before its ticket is moved, so that as long as it is missing
 * the line is one that is not carried out.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/erasure.h"
#include "spoold/flight.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

#define DAY_MS (24 * 3600 * 1000LL)

int64_t
erasure_due(const struct stored_record *record,
    const struct destination *destination)
{
	return record->delivered_at + destination->cleanup_days * DAY_MS;
}

/*
 * Sent again, it is as old as the last time: that record counts alone.  Where
 * the one before is says its own line, whatever the days are by now.
 */
static char *
path_before(const struct flight *flight)
{
	const struct target *target = flight->waiting->target;
	const struct ticket_file *file = &flight->file;
	char path[STORED_PATH];
	size_t i = file->line_count;

	while (i > 0 && file->lines[i - 1].erase_at == 0)
		i--;
	if (i == 0)
		return NULL;
	stored_path(&flight->waiting->id, target->id,
	    file->lines[i - 1].erase_at, path);
	return xstrdup(path);
}

void
erasure_note(struct flight *flight, const char *stored, struct buf *fields)
{
	const struct target *target = flight->waiting->target;
	struct stored_record *record;
	struct why why;

	if (stored == NULL || stored[0] == '\0' ||
	    target->destination == NULL ||
	    target->destination->cleanup_days == 0)
		return;
	record = xcalloc(1, sizeof(*record));
	record->id = flight->waiting->id;
	memcpy(record->destination, target->id, sizeof(target->id));
	record->delivered_at = flight->line.at;
	memcpy(record->sha256, flight->file.facts.payload_sha256,
	    SHA256_LENGTH);
	if (stored_seal(record, flight->spoold->vault,
	    target->organization->id, stored, &why) == -1) {
		alert_begin(flight->spoold, ALERT_erase, "what was stored "
		    "will not be erased by itself: %s", why.text);
		stored_free(record);
		free(record);
		return;
	}
	flight->stored = record;
	flight->line.erase_at = erasure_due(record, target->destination);
	flight->replaces = path_before(flight);
	stored_put(fields, record);
	json_put_time(fields, "eraseAt", flight->line.erase_at);
	json_put_string(fields, "replaces", flight->replaces);
}

static int
record_drop(const struct organization *org, const char *replaced,
    const char *path, struct why *why)
{
	if (replaced != NULL && strcmp(replaced, path) != 0 &&
	    spool_remove(org->spool, QUEUE_stored, replaced, why) == -1)
		return -1;
	return 0;
}

/*
 * One that is there and whole stays as it is: what happened to it since counts.
 * Where a crash left an empty one (spool.md's new files), it is written again.
 */
static int
record_put(const struct organization *org, const struct stored_record *record,
    int64_t due, const char *replaces, struct why *why)
{
	char path[STORED_PATH];
	struct buf text = { 0 };
	struct statx stat;
	int result;

	stored_path(&record->id, record->destination, due, path);
	result = spool_stat(org->spool, QUEUE_stored, path, &stat, why);
	if (result == 1 && stat.stx_size > 0 &&
	    (replaces == NULL || strcmp(replaces, path) != 0))
		return record_drop(org, replaces, path, why);
	if (result == -1)
		return -1;
	stored_print(&text, record);
	result = spool_replace(org->spool, QUEUE_stored, path, text.data,
	    text.len, why);
	buf_free(&text);
	if (result == -1 || spool_set_due(org->spool, QUEUE_stored, path, due,
	    why) == -1)
		return -1;
	return record_drop(org, replaces, path, why);
}

int
erasure_record(const struct flight *flight, struct why *why)
{
	return flight->stored == NULL ? 0 :
	    record_put(flight->waiting->target->organization, flight->stored,
	    flight->line.erase_at, flight->replaces, why);
}

/* --- after a crash -------------------------------------------------------- */

int
erasure_redo_delivered(const struct organization *org, const struct id *id,
    const struct json *line, struct why *why)
{
	const char *destination = json_string(json_get(line, "dest"), "");
	struct stored_record record = { .id = *id };
	int64_t due;
	int result;

	if (json_get(line, "stored") == NULL ||
	    !destination_id_valid(destination) ||
	    clock_parse(json_string(json_get(line, "eraseAt"), ""),
	    &due) == -1)
		return 0;
	(void)snprintf(record.destination, sizeof(record.destination), "%s",
	    destination);
	if (stored_take(line, &record, why) == -1)
		return -1;
	result = record_put(org, &record, due,
	    json_string(json_get(line, "replaces"), NULL), why);
	stored_free(&record);
	return result;
}

int
erasure_redo_erased(const struct organization *org, const struct json *line,
    struct why *why)
{
	const char *path = json_string(json_get(line, "record"), NULL);

	return path == NULL ? 0 :
	    spool_remove(org->spool, QUEUE_stored, path, why) == -1 ? -1 : 0;
}
