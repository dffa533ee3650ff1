/*
 * format - which format an instance has
 *
 * What a later version has written this one may not be able to read, so what
 * the text of a configuration says is found without reading the rest of it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf_parse.h"
#include "lib/conf_table.h"
#include "lib/format.h"
#include "lib/replace.h"
#include "lib/xalloc.h"

#define NAME "format"
#define FIRST_START "journal.key"	/* what spoold's first start makes */

/* A whole number from 1 on, or -1. */
static int
parse_number(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	return isdigit((unsigned char)text[0]) && number > 0 &&
	    number < INT_MAX && end[strspn(end, " \t\r\n\"'")] == '\0' ?
	    (int)number : -1;
}

int
format_known(void)
{
	return parse_number(conf_setting(SCOPE_plain, "", NAME)->max);
}

/* --- the configuration ---------------------------------------------------- */

/* The end of a word or of a string, with its quotes; never `p` itself. */
static const char *
word_end(const char *p)
{
	char quote = *p;
	const char *end = p + 1;

	if (quote != '"' && quote != '\'')
		return p + strcspn(p, " \t\r\n={}(),;\"'");
	while (*end != '\0' && *end != quote)
		end += *end == '\\' && end[1] != '\0' ? 2 : 1;
	return *end == '\0' ? end : end + 1;
}

/* The value behind `format =`, or 0 if that is not what stands there. */
static int
value_at(const char *p, const char *end)
{
	char *text;
	int number;

	if ((size_t)(end - p) != strlen(NAME) ||
	    strncmp(p, NAME, strlen(NAME)) != 0)
		return 0;
	p = end + strspn(end, " \t\r\n");
	if (*p != '=')
		return 0;
	p += 1 + strspn(p + 1, " \t\r\n");
	p += *p == '"' || *p == '\'';
	text = xstrndup(p, strcspn(p, " \t\r\n={}(),;\"'"));
	number = parse_number(text);
	free(text);
	return number == -1 ? 0 : number;
}

int
format_of_text(const struct buf *given)
{
	char *text = xstrndup(given->data != NULL ? given->data : "",
	    given->len);
	int depth = 0, found = 0, value;
	const char *p, *end;

	conf_text_blank(text, ' ');
	for (p = text; *p != '\0'; p = end) {
		end = word_end(p);
		depth += (*p == '{') - (*p == '}');
		value = depth == 0 && end > p ? value_at(p, end) : 0;
		if (value != 0)
			found = value;	/* the last one counts */
		end += end == p;
	}
	free(text);
	return found;
}

int
format_check_known(const char *file, int format, struct why *why)
{
	if (format <= format_known())
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "%s is of format %d, which a "
	    "later version of spoold has written; this one, %s, knows %d at "
	    "most: run the later one, or go back with its spoolctl upgrade "
	    "--back", file, format, SPOOLD_VERSION, format_known());
}

/* --- the state ------------------------------------------------------------ */

/* Its whole text into `text`.  0, or -1 with errno. */
static int
read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t got;
	int number;

	if (fd == -1)
		return -1;
	got = read(fd, text, size - 1);
	number = errno;
	close(fd);
	if (got == -1) {
		errno = number;
		return -1;
	}
	text[got] = '\0';
	return 0;
}

/* True if spoold never ran on it, or it is not there at all. */
static bool
is_new(const char *state_directory)
{
	char *path = xasprintf("%s/" FIRST_START, state_directory);
	bool result = access(path, F_OK) == -1 && errno == ENOENT;

	free(path);
	return result;
}

/* As format_of_state(); 0 also of one that is new. */
static int
read_state(const char *state_directory, struct why *why)
{
	char *path = xasprintf("%s/" FORMAT_FILE, state_directory), text[32];
	int result;

	if (read_text(path, text, sizeof(text)) == 0) {
		result = parse_number(text);
		if (result == -1)
			(void)why_set(why, ERROR_CONFIG_ERROR, "%s is not the "
			    "number of a format: restore it from a backup",
			    path);
	} else if (errno == ENOENT)
		result = 0;
	else
		result = why_errno(why, "read %s", path);
	free(path);
	return result;
}

int
format_of_state(const char *state_directory, struct why *why)
{
	int format = read_state(state_directory, why);

	return format == 0 && is_new(state_directory) ? format_known() :
	    format;
}

void
format_print(struct buf *out, int format)
{
	buf_printf(out, "%d\n", format);
}

/* --- both ----------------------------------------------------------------- */

/* What the file says; what it does not say is as the state. */
static int
format_of_conf(const struct conf *conf)
{
	for (size_t i = 0; i < conf->file_names.count; i++)
		if (strcmp(conf->file_names.items[i], NAME) == 0)
			return (int)conf->top_format;
	return format_known();
}

int
format_check(const struct conf *conf, struct why *why)
{
	int state = format_of_state(conf->top_state_directory, why);
	int file = format_of_conf(conf), known = format_known();

	if (state == -1 ||
	    format_check_known(conf->top_state_directory, state, why) == -1)
		return -1;
	if (state == known && file == known)
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "%s is of format %d, and this "
	    "version of spoold needs %d: spoolctl upgrade; with -n it says "
	    "first what would change", state < known ?
	    conf->top_state_directory : conf->file, state < known ? state :
	    file, known);
}

int
format_begin(const struct conf *conf, struct why *why)
{
	const char *directory = conf->top_state_directory;
	struct buf text = { .max = 0 };
	int dir, result = 0;

	if (format_check(conf, why) == -1)
		return -1;
	if (read_state(directory, why) != 0)
		return 0;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	format_print(&text, format_known());
	if (dir == -1)
		result = why_open(why, directory, "spoolctl init makes it");
	else if (replace_file(dir, FORMAT_FILE, text.data, text.len,
	    NULL) == -1)
		result = why_errno(why, "write %s/" FORMAT_FILE, directory);
	if (dir != -1)
		close(dir);
	buf_free(&text);
	return result;
}
