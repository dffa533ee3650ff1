/*
 * conf_text - the file's text, without its comments
 *
 * libconfuse adds lines of its own for each comment, so that an error would
 * name a line far below the wrong one.  Comments are therefore blanked before
 * it sees them; line feeds stay where they are.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/conf_parse.h"

#define FILE_SIZE_MAX (1024 * 1024)

int
conf_text_read(const char *file, struct buf *out, struct why *why)
{
	FILE *stream = fopen(file, "re");
	char part[4096];
	bool failed;
	size_t n;

	if (stream == NULL)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: %s", file,
		    strerror(errno));
	out->max = FILE_SIZE_MAX;
	buf_str(out, "");
	while ((n = fread(part, 1, sizeof(part), stream)) > 0)
		buf_add(out, part, n);
	failed = ferror(stream) != 0;
	(void)fclose(stream);
	if (failed)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: cannot be read",
		    file);
	if (out->overflow)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: is longer than "
		    "%d bytes", file, FILE_SIZE_MAX);
	/* libconfuse would take what is before it for all. */
	if (out->len > 0 && memchr(out->data, '\0', out->len) != NULL)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: has a NUL",
		    file);
	return 0;
}

/* Skips what is in quotes, with the quotes. */
static char *
skip_quoted(char *p)
{
	char quote = *p++;

	while (*p != '\0' && *p != quote)
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	return *p == '\0' ? p : p + 1;
}

static char *
blank_line(char *p, char with)
{
	while (*p != '\0' && *p != '\n')
		*p++ = with;
	return p;
}

static char *
blank_block(char *p, char with)
{
	char *end = strstr(p + 2, "*/");

	/* Without an end it is libconfuse's to complain. */
	if (end == NULL)
		return p + strlen(p);
	for (end += 2; p < end; p++)
		if (*p != '\n' || with != ' ')
			*p = with;
	return p;
}

void
conf_text_blank(char *text, char with)
{
	bool within = false;	/* a word: its slashes are its own */

	for (char *p = text; *p != '\0';) {
		if (*p == '"' || *p == '\'')
			p = skip_quoted(p);
		else if (*p == '#' || (!within && p[0] == '/' && p[1] == '/'))
			p = blank_line(p, with);
		else if (!within && p[0] == '/' && p[1] == '*')
			p = blank_block(p, with);
		else
			p++;
		within = p > text && p[-1] != with &&
		    strchr(" \t\r\n={}(),+;\"'", p[-1]) == NULL;
	}
}
