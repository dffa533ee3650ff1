/*
 * conf_shipped - etc/spoold.conf, from the table
 *
 * Its format and the directories stand in it, for whoever installs puts those
 * in; all else is a comment with the default, so that an administrator sees at
 * once what was changed, and a later version may have another default.
 */
#include <string.h>

#include "lib/conf_table.h"
#include "lib/conf_write.h"

#define WIDTH 78
#define TAB 8

static void
print_indent(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_char(out, '\t');
}

/* A comment, broken at spaces. */
static void
print_comment(struct buf *out, const char *mark, size_t depth,
    const char *words)
{
	size_t width = WIDTH - strlen(mark) - depth * TAB - 2;

	while (*words != '\0') {
		size_t length = strlen(words);

		if (length > width)
			for (length = width; words[length] != ' '; length--)
				continue;
		buf_str(out, mark);
		print_indent(out, depth);
		buf_printf(out, "# %.*s\n", (int)length, words);
		words += length + (words[length] == ' ');
	}
}

static void
print_setting(struct buf *out, const struct setting *setting, size_t depth)
{
	bool set = setting->section[0] == '\0' &&
	    (setting->type == SETTING_path ||
	    strcmp(setting->name, "format") == 0);

	print_comment(out, "", depth, setting->sentence);
	print_indent(out, depth);
	buf_printf(out, "%s%s = ", set ? "" : "#", setting->name);
	setting_write(setting, setting->fallback, out);
	buf_char(out, '\n');
}

static size_t
depth_of(const char *path)
{
	size_t depth = path[0] == '\0' ? 0 : 1;

	for (; *path != '\0'; path++)
		depth += *path == '.';
	return depth;
}

/* How many of the sections that `last` is in `next` is in, too. */
static size_t
depth_shared(const char *last, const char *next)
{
	size_t depth = 0, i = 0;

	for (; last[i] != '\0' && last[i] == next[i]; i++)
		depth += last[i] == '.';
	return depth + (i > 0 && last[i] == '\0' && next[i] == '.');
}

/* Closes what `next` is not within, and opens what it is. */
static void
print_section(struct buf *out, const char *last, const char *next)
{
	const char *dot = strrchr(next, '.');
	size_t shared = depth_shared(last, next), depth = depth_of(last);

	for (; depth > shared; depth--) {
		print_indent(out, depth - 1);
		buf_str(out, "}\n");
	}
	if (next[0] == '\0')
		return;
	buf_char(out, '\n');
	print_comment(out, "", depth, conf_section(next));
	print_indent(out, depth);
	buf_printf(out, "%s {\n", dot != NULL ? dot + 1 : next);
}

/* What counts where it is not set: of one that may be empty, another's. */
static const char *
titled_fallback(const struct setting *setting)
{
	const char *inner = strchr(setting->section, '.');
	const struct setting *plain = inner == NULL ? NULL :
	    conf_setting(SCOPE_plain, inner + 1, setting->name);

	return plain != NULL ? plain->fallback : setting->fallback;
}

static void
print_titled(struct buf *out, enum setting_scope scope, const char *heading)
{
	const struct setting *settings;
	const char *inner, *last = NULL;
	size_t count, depth;

	settings = conf_settings(&count);
	buf_printf(out, "\n%s {\n", heading);
	for (size_t i = 0; i < count; i++) {
		if (settings[i].scope != scope)
			continue;
		inner = strchr(settings[i].section, '.');
		depth = inner == NULL ? 1 : 2;
		if (inner != NULL && last == NULL)
			buf_printf(out, "#\t%s {\n", inner + 1);
		last = inner;
		print_comment(out, "#", depth, settings[i].sentence);
		buf_char(out, '#');
		print_indent(out, depth);
		buf_printf(out, "%s = ", settings[i].name);
		setting_write(&settings[i], titled_fallback(&settings[i]),
		    out);
		buf_char(out, '\n');
	}
	buf_str(out, last != NULL ? "#\t}\n#}\n" : "#}\n");
}

void
conf_print_shipped(struct buf *out)
{
	const struct setting *settings;
	const char *section = "";
	size_t count;

	settings = conf_settings(&count);
	buf_str(out, "# spoold.conf - see spoold.conf(5)\n"
	    "#\n"
	    "# What is commented out is the default.  Durations take ms, s, "
	    "m, h or d;\n"
	    "# sizes k, M or G.\n\n");
	for (size_t i = 0; i < count; i++) {
		if (settings[i].scope != SCOPE_plain)
			continue;
		if (strcmp(section, settings[i].section) != 0)
			print_section(out, section, settings[i].section);
		section = settings[i].section;
		print_setting(out, &settings[i], depth_of(section));
	}
	print_section(out, section, "");
	print_titled(out, SCOPE_transport,
	    "# A transport's workers, for each organization.\n"
	    "#transport webhook");
	print_titled(out, SCOPE_pipe,
	    "# A program that jobs may be given to; see spoold-pipe(8).\n"
	    "#pipe NAME");
	print_titled(out, SCOPE_organization,
	    "# Each organization has a spool of its own.\n"
	    "#organization ID");
}
