/*
 * stored - the record of what was stored at a destination and is to go one day
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/stored.h"
#include "lib/xalloc.h"

void
stored_path(const struct id *id, const char *destination, int64_t due,
    char out[STORED_PATH])
{
	char day[CLOCK_DAY], text[ID_LENGTH + 1];

	clock_format_day(due, day);
	id_format(id, text);
	(void)snprintf(out, STORED_PATH, "%s/%s.%s", day, text, destination);
}

int
stored_parse(const char *name, struct id *id,
    char destination[DESTINATION_ID_MAX + 1])
{
	if (id_parse(name, id) == -1 || name[ID_LENGTH] != '.' ||
	    !destination_id_valid(name + ID_LENGTH + 1))
		return -1;
	(void)snprintf(destination, DESTINATION_ID_MAX + 1, "%s",
	    name + ID_LENGTH + 1);
	return 0;
}

/* --- as text -------------------------------------------------------------- */

void
stored_put(struct buf *out, const struct stored_record *record)
{
	json_put_time(out, "storedAt", record->delivered_at);
	json_put_hex(out, "sha256", record->sha256, SHA256_LENGTH);
	json_open(out, "stored", '{');
	json_put_string(out, "sealed", record->sealed);
	json_close(out, '}');
}

int
stored_take(const struct json *json, struct stored_record *record,
    struct why *why)
{
	const char *at = json_string(json_get(json, "storedAt"), "");
	const char *hex = json_string(json_get(json, "sha256"), "");
	const char *sealed = json_string(json_get(json_get(json, "stored"),
	    "sealed"), "");

	if (clock_parse(at, &record->delivered_at) == -1 ||
	    record->delivered_at <= 0 ||
	    hex_parse(hex, record->sha256, SHA256_LENGTH) == -1 ||
	    hex[HEX_SIZE(SHA256_LENGTH) - 1] != '\0' || sealed[0] == '\0')
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "a record of what was stored has storedAt, sha256 and "
		    "stored.sealed");
	record->sealed = xstrdup(sealed);
	return 0;
}

void
stored_free(struct stored_record *record)
{
	free(record->sealed);
	record->sealed = NULL;
}

void
stored_print(struct buf *out, const struct stored_record *record)
{
	json_open(out, NULL, '{');
	stored_put(out, record);
	json_close(out, '}');
	buf_char(out, '\n');
}

int
stored_read(const char *text, size_t length, struct stored_record *record,
    struct why *why)
{
	struct json *json = json_parse(text, length, why);
	int result = json == NULL ? -1 : stored_take(json, record, why);

	json_free(&json);
	return result;
}

/* --- sealed --------------------------------------------------------------- */

/* A record moved to another job, destination or organization stays shut. */
static struct vault_place
place_of(const struct stored_record *record, const char *organization,
    char field[ID_LENGTH + sizeof("stored.")])
{
	char id[ID_LENGTH + 1];

	id_format(&record->id, id);
	(void)snprintf(field, ID_LENGTH + sizeof("stored."), "stored.%s", id);
	return (struct vault_place) {
		.organization = organization,
		.destination = record->destination,
		.origin = "",
		.field = field,
	};
}

int
stored_seal(struct stored_record *record, const struct vault *vault,
    const char *organization, const char *text, struct why *why)
{
	char field[ID_LENGTH + sizeof("stored.")];
	struct vault_place place = place_of(record, organization, field);
	struct buf sealed = { 0 };

	if (vault_seal(vault, &place, text, strlen(text), &sealed, why) == -1) {
		buf_free(&sealed);
		return -1;
	}
	free(record->sealed);
	record->sealed = sealed.data;
	return 0;
}

int
stored_open(const struct stored_record *record, const struct vault *vault,
    const char *organization, struct buf *out, struct why *why)
{
	char field[ID_LENGTH + sizeof("stored.")];
	struct vault_place place = place_of(record, organization, field);

	return vault_unseal(vault, &place, record->sealed, out, why);
}
