/*
 * destination_form_storage - directories, modes, buckets and what they have
 */
#include <string.h>

#include "lib/destination_form.h"

#define DIRECTORY_MAX 1024	/* bytes */
#define LOCK_DAYS_MAX 36500
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* True for a string of `min` to `max` bytes, all of which are in `set`. */
static bool
is_of(const struct json *value, const char *set, size_t min, size_t max)
{
	const char *text = json_string(value, "");
	size_t length = strlen(text);

	return length >= min && length <= max && strspn(text, set) == length;
}

/* Absolute, and each part of it a name. */
static bool
is_directory(const char *text)
{
	if (text[0] != '/' || text[1] == '\0' ||
	    strlen(text) > DIRECTORY_MAX || form_count(text, "") == -1)
		return false;
	while (*text == '/') {
		size_t length = strcspn(++text, "/");

		if (length == 0 || (length == 1 && text[0] == '.') ||
		    (length == 2 && text[0] == '.' && text[1] == '.'))
			return false;
		text += length;
	}
	return true;
}

void
form_check_directory(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	(void)form;
	if (!is_directory(json_string(value, "")))
		complain(all, path, "must be an absolute path of up to %d "
		    "bytes without \".\", \"..\", \"//\" and a \"/\" at the "
		    "end", DIRECTORY_MAX);
}

void
form_check_mode(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, "");

	(void)form;
	if (!is_of(value, "01234567", 4, 4) || text[0] != '0' ||
	    text[1] < '6')
		complain(all, path, "must be a string such as \"0640\": four "
		    "octal digits, the first 0, and the owner may read and "
		    "write");
}

void
form_check_bucket(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *text = json_string(value, "");

	(void)form;
	if (!is_of(value, LOWER UPPER DIGITS ".-_", 3, 255) ||
	    text[0] == '.' || strstr(text, "..") != NULL)
		complain(all, path, "must be 3 to 255 letters, digits, "
		    "\".\", \"-\" and \"_\"");
}

void
form_check_region(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	(void)form;
	if (!is_of(value, LOWER DIGITS "-", 1, 63))
		complain(all, path, "must be a region's name, such as "
		    "\"eu-central-1\"");
}

void
form_check_class(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	(void)form;
	if (!is_of(value, UPPER DIGITS "_", 1, 64))
		complain(all, path, "must be a storage class, such as "
		    "\"STANDARD_IA\"");
}

void
form_check_lock(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *mode = json_string(json_get(value, "mode"), "");

	(void)form;
	if (!json_is(value, JSON_OBJECT) || json_count(value) != 2 ||
	    (strcmp(mode, "GOVERNANCE") != 0 &&
	    strcmp(mode, "COMPLIANCE") != 0) ||
	    !json_is_integer(json_get(value, "days"), 1, LOCK_DAYS_MAX))
		complain(all, path, "must be an object with mode, "
		    "\"GOVERNANCE\" or \"COMPLIANCE\", and days, a whole "
		    "number from 1 to %d", LOCK_DAYS_MAX);
}
