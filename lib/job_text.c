/*
 * job_text - the forms that a job's strings may have
 *
 * These strings end up in headers, file names and logs, so what could mean
 * something there (a control character, a slash) is refused here, once, and
 * never cleaned up: a client that sends it has a bug that it should hear of.
 */
#include <stdbool.h>
#include <string.h>

#include "lib/job.h"
#include "lib/job_text.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"

#define FILE_NAME_MAX 255	/* bytes, NAME_MAX */
#define MEDIA_TYPE_MAX 255	/* bytes */
#define TRACE_LENGTH 55		/* of version 00 */
#define TRACE_MAX 256

typedef bool	 text_valid(const char *);

static bool
has_control(const char *text)
{
	size_t length = strlen(text);
	uint32_t code;
	int bytes;

	for (size_t i = 0; i < length; i += (size_t)bytes) {
		bytes = utf8_next(text + i, length - i, &code);
		if (bytes <= 0 || utf8_is_control(code))
			return true;
	}
	return false;
}

static bool
word_valid(const char *text)
{
	return *text != '\0' && utf8_count(text) <= JOB_WORD_MAX;
}

static bool
file_valid(const char *text)
{
	return *text != '\0' && strlen(text) <= FILE_NAME_MAX &&
	    strchr(text, '/') == NULL && strcmp(text, ".") != 0 &&
	    strcmp(text, "..") != 0;
}

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' &&
	    strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Passes over a token; NULL if there is none. */
static const char *
after_token(const char *text)
{
	const char *end = text;

	while (is_token_char(*end))
		end++;
	return end > text ? end : NULL;
}

/* Passes over `token=token` or `token="…"`; NULL if it is neither. */
static const char *
after_parameter(const char *text)
{
	text = after_token(text);
	if (text == NULL || *text++ != '=')
		return NULL;
	if (*text != '"')
		return after_token(text);
	for (text++; *text != '"'; text++) {
		if (*text == '\\')
			text++;
		if (*text < ' ' || *text > '~')
			return NULL;
	}
	return text + 1;
}

static bool
media_valid(const char *text)
{
	if (strlen(text) > MEDIA_TYPE_MAX)
		return false;
	text = after_token(text);
	if (text == NULL || *text++ != '/')
		return false;
	text = after_token(text);
	while (text != NULL && *text != '\0') {
		text += strspn(text, " ");
		if (*text++ != ';')
			return false;
		text = after_parameter(text + strspn(text, " "));
	}
	return text != NULL;
}

/* `count` lower-case hex digits, and at least one that is not `not_all`. */
static bool
hex_field(const char *text, size_t count, char not_all)
{
	bool differs = false;

	for (size_t i = 0; i < count; i++) {
		if (text[i] == '\0' ||
		    strchr("0123456789abcdef", text[i]) == NULL)
			return false;
		if (text[i] != not_all)
			differs = true;
	}
	return differs;
}

/* version-traceid-parentid-flags; a later version may have more behind it. */
static bool
trace_valid(const char *text)
{
	size_t length = strlen(text);

	if (length < TRACE_LENGTH || length > TRACE_MAX)
		return false;
	if (!hex_field(text, 2, 'f') || text[2] != '-' ||
	    !hex_field(text + 3, 32, '0') || text[35] != '-' ||
	    !hex_field(text + 36, 16, '0') || text[52] != '-' ||
	    !hex_field(text + 53, 2, '\0'))
		return false;
	if (length == TRACE_LENGTH)
		return true;
	return strncmp(text, "00", 2) != 0 && text[TRACE_LENGTH] == '-' &&
	    strspn(text + TRACE_LENGTH, "0123456789abcdef-") ==
	    length - TRACE_LENGTH;
}

static const struct {
	text_valid	*valid;
	const char	*allowed;
} rules[TEXT_RULES] = {
	[TEXT_word] = { word_valid,
	    "a string of 1 to 256 characters without control characters" },
	[TEXT_file] = { file_valid,
	    "a file's name of 1 to 255 bytes, without \"/\" and control "
	    "characters, and not \".\" or \"..\"" },
	[TEXT_media] = { media_valid,
	    "a media type like \"application/pdf\", at most 255 bytes" },
	[TEXT_trace] = { trace_valid,
	    "a W3C traceparent, like \"00-<32 hex digits>-<16 hex digits>-"
	    "01\" in lower case, with neither id all zeros" },
	[TEXT_destination] = { destination_id_valid,
	    "a destination's id: 1 to 63 of a-z, 0-9 and \"-\", not "
	    "beginning with \"-\"" },
};

int
job_text(const struct json *value, const char *path, enum text_rule rule,
    char **into_r, struct why *why)
{
	const char *text = json_string(value, NULL);

	if (text == NULL || has_control(text) || !rules[rule].valid(text))
		return why_field(why, path, "%s must be %s", path,
		    rules[rule].allowed);
	*into_r = xstrdup(text);
	return 0;
}
