/*
 * destination_form_http - headers, what they carry, and statuses
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/destination_form.h"

#define HEADERS_MAX 64
#define HEADER_NAME_MAX 128	/* bytes */
#define HEADER_VALUE_MAX 8192
#define CREDENTIAL_MAX 4096
#define STATUSES_MAX 64
#define STATUS_FIRST 200	/* those below announce an answer */
#define STATUS_LAST 599
#define MASK "********"

/* Headers that spoold's own framing and signature need to itself. */
static bool
header_reserved(const char *name)
{
	static const char *const reserved[] = { "Host", "Content-Length",
	    "Transfer-Encoding", "Connection" };

	if (strncasecmp(name, "webhook-", strlen("webhook-")) == 0)
		return true;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return true;
	return false;
}

bool
header_harmless(const char *name)
{
	static const char *const harmless[] = { "Accept", "Accept-Language",
	    "Cache-Control", "Content-Language", "Content-Type",
	    "User-Agent", "X-Request-Source" };

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (strcasecmp(name, harmless[i]) == 0)
			return true;
	return false;
}

static bool
header_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= HEADER_NAME_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789!#$%&'*+-.^_`|~") == length;
}

/* True if one before it is the same but for case. */
static bool
header_repeats(const struct json *headers, const struct json *header)
{
	const struct json *other = json_first(headers);

	while (other != header &&
	    strcasecmp(json_name(other), json_name(header)) != 0)
		other = json_next(other);
	return other != header;
}

static void
check_header(const struct json *headers, const struct json *header,
    const char *path, struct complaints *all)
{
	const char *name = json_name(header);
	const char *value = json_string(header, NULL);

	if (!header_name_valid(name))
		complain(all, path, "must be a header's name: up to %d "
		    "letters, digits and \"-\"", HEADER_NAME_MAX);
	else if (header_reserved(name))
		complain(all, path, "may not be set, it is spoold's own");
	else if (header_repeats(headers, header))
		complain(all, path, "is there twice");
	if (value == NULL || *value == '\0' ||
	    strlen(value) > HEADER_VALUE_MAX ||
	    form_count(value, "\t") == -1)
		complain(all, path, "must be a string of 1 to %d bytes "
		    "without CR, LF and other control characters",
		    HEADER_VALUE_MAX);
	else if (strcmp(value, MASK) == 0)
		complain(all, path, "must be the value itself, not what "
		    "stands for it in a listing");
}

void
form_check_headers(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const struct json *header = json_first(value);
	char at[FIELD_PATH_MAX];

	(void)form;
	if (!json_is(value, JSON_OBJECT) || json_count(value) > HEADERS_MAX) {
		complain(all, path, "must be an object of up to %d headers",
		    HEADERS_MAX);
		return;
	}
	for (; header != NULL; header = json_next(header)) {
		(void)snprintf(at, sizeof(at), "%s.%s", path,
		    json_name(header));
		check_header(value, header, at, all);
	}
}

void
form_check_header(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *name = json_string(value, "");

	(void)form;
	if (!header_name_valid(name))
		complain(all, path, "must be a header's name: up to %d "
		    "letters, digits and \"-\"", HEADER_NAME_MAX);
	else if (header_reserved(name))
		complain(all, path, "may not be set, it is spoold's own");
}

void
form_check_credential(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	(void)form;
	if (!form_is_text(value, "", 1, CREDENTIAL_MAX))
		complain(all, path, "must be a string of 1 to %d characters "
		    "without control characters", CREDENTIAL_MAX);
	else if (strcmp(json_string(value, ""), MASK) == 0)
		complain(all, path, "must be the value itself, not what "
		    "stands for it in a listing");
}

void
form_check_statuses(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const struct json *status = json_first(value);
	size_t count = json_is(value, JSON_ARRAY) ? json_count(value) : 0;
	bool good = count >= 1 && count <= STATUSES_MAX;

	(void)form;
	for (; good && status != NULL; status = json_next(status))
		good = json_is_integer(status, STATUS_FIRST, STATUS_LAST);
	if (!good)
		complain(all, path, "must be an array of 1 to %d whole "
		    "numbers from %d to %d", STATUSES_MAX, STATUS_FIRST,
		    STATUS_LAST);
}
