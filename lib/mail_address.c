/*
 * mail_address - the addresses that mail is sent from and to
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mail_address.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"

#define LABEL_MAX 63

static const char WORDS[] = "must be an address, user@host or Name "
    "<user@host>: letters, digits and !#$%&'*+-/=?^_`{|}~ with single dots "
    "between them, and a host in ASCII (xn--… for others)";

static bool
is_atom(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' &&
	    strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Atoms with dots between them; a character beyond ASCII is one of an atom. */
static bool
local_valid(const char *text, size_t length)
{
	bool dot = true;	/* so none may follow */

	if (length == 0 || length > MAIL_LOCAL_MAX)
		return false;
	for (size_t i = 0; i < length;) {
		uint32_t code;
		int bytes = utf8_next(text + i, length - i, &code);

		if (bytes <= 0 || utf8_is_control(code) ||
		    (code == '.' ? dot : code < 0x80 && !is_atom(text[i])))
			return false;
		dot = code == '.';
		i += (size_t)bytes;
	}
	return !dot;
}

/* Labels of letters, digits and, but at their ends, hyphens. */
static bool
domain_valid(const char *text, size_t length)
{
	size_t label = 0;

	if (length == 0 || length > MAIL_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '.' ? label == 0 || text[i - 1] == '-' :
		    !isalnum((unsigned char)c) && (c != '-' || label == 0))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0 && text[length - 1] != '-';
}

static bool
address_valid(const char *text, size_t length)
{
	const char *at = memrchr(text, '@', length);

	return at != NULL && local_valid(text, (size_t)(at - text)) &&
	    domain_valid(at + 1, length - (size_t)(at - text) - 1);
}

/* The name without its quotes: none of its own, no backslash, no brackets. */
static bool
name_trim(const char **name, size_t *length)
{
	uint32_t code;
	int bytes;

	while (*length > 0 && **name == ' ') {
		(*name)++;
		(*length)--;
	}
	while (*length > 0 && (*name)[*length - 1] == ' ')
		(*length)--;
	if (*length >= 2 && **name == '"' && (*name)[*length - 1] == '"') {
		(*name)++;
		*length -= 2;
	}
	for (size_t i = 0; i < *length; i += (size_t)bytes) {
		bytes = utf8_next(*name + i, *length - i, &code);
		if (bytes <= 0 || utf8_is_control(code) ||
		    (code < 0x80 && strchr("\"\\<>", (int)code) != NULL))
			return false;
	}
	return *length <= MAIL_NAME_MAX;
}

const char *
mail_address_parse(const char *text, struct mail_address *out)
{
	size_t length = strlen(text), name_length = 0;
	const char *name = text, *open;

	*out = (struct mail_address) { 0 };
	if (length > 0 && text[length - 1] == '>') {
		open = memrchr(text, '<', length);
		if (open == NULL)
			return WORDS;
		name_length = (size_t)(open - text);
		if (!name_trim(&name, &name_length))
			return "must have a name of up to 128 bytes without "
			    "quotes, backslashes, brackets and control "
			    "characters before <user@host>";
		length = length - (size_t)(open - text) - 2;
		text = open + 1;
	}
	if (!address_valid(text, length))
		return WORDS;
	out->address = xstrndup(text, length);
	if (name_length > 0)
		out->name = xstrndup(name, name_length);
	return NULL;
}

void
mail_address_free(struct mail_address *address)
{
	free(address->name);
	free(address->address);
	*address = (struct mail_address) { 0 };
}

bool
mail_address_is_utf8(const struct mail_address *address)
{
	for (const char *p = address->address; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return true;
	return false;
}
