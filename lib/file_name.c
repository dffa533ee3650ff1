/*
 * file_name - the name of a file as others are given it
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/file_name.h"
#include "lib/utf8.h"

static bool
turns_direction(uint32_t code)
{
	return (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069);
}

const char *
file_name_wrong(const char *name)
{
	size_t length = strlen(name);
	uint32_t code;
	int bytes;

	if (length == 0 || length > FILE_NAME_MAX)
		return length == 0 ? "is empty" :
		    "is longer than 255 bytes";
	if (name[0] == '.')
		return "begins with a dot";
	for (size_t i = 0; i < length; i += (size_t)bytes) {
		bytes = utf8_next(name + i, length - i, &code);
		if (bytes <= 0)
			return "is not UTF-8";
		if (code == '/' || code == '\\')
			return "has a slash in it";
		if (utf8_is_control(code) || turns_direction(code))
			return "has a control character in it, or one that "
			    "turns the direction of text";
	}
	return NULL;
}
