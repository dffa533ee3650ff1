/*
 * why - what went wrong, said once, where it is known
 *
 * A struct why is filled in completely each time, so what an earlier failure
 * left in it never shows.  Texts that are too long are cut, at the end of a
 * character, since they go into JSON.
 */
#include "lib/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

static const struct {
	const char	*name;
	int		 exit_status;
	enum error_kind	 kind;
} errors[ERROR_COUNT] = {
	[ERROR_NONE] = { "NONE", 0, ERROR_KIND_command },
#define ERROR(code, status, kind, sentence) \
	[ERROR_##code] = { #code, status, ERROR_KIND_##kind },
#include "lib/errors.def"
#undef ERROR
};

/* What errno means for whoever asked; anything else is an INTERNAL_ERROR. */
static const struct {
	int		 number;
	enum error	 code;
} meanings[] = {
	{ ENOSPC,	ERROR_UNAVAILABLE },
	{ EDQUOT,	ERROR_UNAVAILABLE },
	{ EROFS,	ERROR_UNAVAILABLE },
	{ EMFILE,	ERROR_UNAVAILABLE },
	{ ENFILE,	ERROR_UNAVAILABLE },
	{ ENOMEM,	ERROR_UNAVAILABLE },
	{ ENOBUFS,	ERROR_UNAVAILABLE },
	{ EAGAIN,	ERROR_UNAVAILABLE },
	{ ETIMEDOUT,	ERROR_UNAVAILABLE },
	{ EACCES,	ERROR_PERMISSION_DENIED },
	{ EPERM,	ERROR_PERMISSION_DENIED },
};

static void
reset(struct why *why, enum error code)
{
	memset(why, 0, sizeof *why);
	why->code = code;
	why->offset = -1;
}

/* Appends to the text, cutting it at the end of a character. */
static void __attribute__((format(printf, 2, 0)))
say(struct why *why, const char *format, va_list args)
{
	size_t	 length = strlen(why->text), room = sizeof why->text - length;
	int	 n;

	n = vsnprintf(why->text + length, room, format, args);
	if (n < 0)
		why->text[length] = '\0';
	else
		why->text[utf8_cut(why->text, length + (size_t)n,
		    sizeof why->text - 1)] = '\0';
}

int
why_set(struct why *why, enum error code, const char *format, ...)
{
	va_list	 args;

	reset(why, code);
	va_start(args, format);
	say(why, format, args);
	va_end(args);
	return -1;
}

int
why_errno(struct why *why, const char *format, ...)
{
	const char	*words;
	va_list		 args;
	size_t		 i, length, room;
	int		 number = errno;

	reset(why, ERROR_INTERNAL_ERROR);
	why->number = number;
	for (i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		if (meanings[i].number == number)
			why->code = meanings[i].code;
	va_start(args, format);
	say(why, format, args);
	va_end(args);
	/* The reason is worth more than the end of a long path. */
	words = strerror(number);
	room = sizeof why->text - strlen(words) - sizeof ": ";
	length = utf8_cut(why->text, strlen(why->text), room);
	(void)snprintf(why->text + length, sizeof why->text - length, ": %s",
	    words);
	errno = number;
	return -1;
}

int
why_open(struct why *why, const char *path, const char *help)
{
	int number = errno;

	if (number != ENOENT)
		return why_errno(why, "open %s", path);
	(void)why_set(why, ERROR_CONFIG_ERROR, "%s is missing: %s", path,
	    help);
	why->number = number;
	return -1;
}

int
why_field(struct why *why, const char *path, const char *format, ...)
{
	va_list	 args;
	size_t	 length;

	reset(why, ERROR_VALIDATION_ERROR);
	length = utf8_cut(path, strlen(path), sizeof why->path - 1);
	memcpy(why->path, path, length);
	va_start(args, format);
	say(why, format, args);
	va_end(args);
	return -1;
}

const char *
error_name(enum error code)
{
	return errors[code].name;
}

int
error_exit_status(enum error code)
{
	return errors[code].exit_status;
}

enum error_kind
error_kind(enum error code)
{
	return errors[code].kind;
}

enum error
error_by_name(const char *name)
{
	enum error	 code;

	for (code = ERROR_NONE + 1; code < ERROR_COUNT; code++)
		if (strcmp(errors[code].name, name) == 0)
			return code;
	return ERROR_NONE;
}
