/*
 * conf_edit - changes the text of spoold.conf
 *
 * The text is walked once with its comments overwritten, so that every offset
 * is the same in both, and only as far as its form goes: names, `=`, values,
 * braces.  What stands last counts, as for libconfuse: that is what is
 * changed, and what is added goes to the end of the last such section.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_edit.h"
#include "lib/conf_parse.h"
#include "lib/conf_write.h"
#include "lib/xalloc.h"

#define MASK '\001'		/* what a comment is overwritten with */
#define OUTSIDE SIZE_MAX	/* within a section that is not on the way */
#define DEPTH_MAX 8

struct edit {
	const struct setting *setting;
	const char	*title;		/* borrowed, or NULL */
	const char	*text;		/* borrowed; without comments */
	size_t		 at;		/* where the walk is */
	size_t		 level;		/* sections that are open there */
	bool		 found;		/* the setting, from its operator to */
	size_t		 from, to;	/* the end of its value */
	size_t		 depth;		/* how much of its path there is, */
	size_t		 place;		/* and where that can be added to */
	size_t		 begin, end;	/* of the last section of its title,
					 * with its name; both 0: none */
};

/* A word or a string, without its quotes. */
struct word {
	const char	*text;
	size_t		 length;
};

/* --- the path of a section ------------------------------------------------ */

static size_t
path_length(const char *path)
{
	size_t parts = path[0] != '\0';

	for (; *path != '\0'; path++)
		parts += *path == '.';
	return parts;
}

static struct word
path_part(const char *path, size_t n)
{
	for (; n > 0; n--)
		path += strcspn(path, ".") + 1;
	return (struct word) { path, strcspn(path, ".") };
}

static bool
word_is(struct word word, const char *text, size_t length)
{
	return word.length == length &&
	    strncmp(word.text, text, length) == 0;
}

/* How much of the path is matched within a section in one that matches so. */
static size_t
path_enter(const struct edit *edit, size_t matched, struct word name,
    struct word title)
{
	const char *path = edit->setting->section;
	const char *wanted = edit->title != NULL && matched == 0 ?
	    edit->title : "";	/* the first part alone has one */
	struct word part;

	if (matched == OUTSIDE || matched == path_length(path))
		return OUTSIDE;
	part = path_part(path, matched);
	return word_is(name, part.text, part.length) &&
	    word_is(title, wanted, strlen(wanted)) ? matched + 1 : OUTSIDE;
}

/* --- the walk ------------------------------------------------------------- */

static bool
is_space(char c)
{
	return c == MASK || isspace((unsigned char)c);
}

static char
next_char(struct edit *edit)
{
	while (is_space(edit->text[edit->at]))
		edit->at++;
	return edit->text[edit->at];
}

/* A word or string; an empty word's text is NULL: there is none. */
static struct word
take_word(struct edit *edit)
{
	char quote = next_char(edit);
	size_t from = edit->at;

	if (quote != '"' && quote != '\'') {
		while (edit->text[edit->at] != '\0' &&
		    !is_space(edit->text[edit->at]) &&
		    strchr("={}(),+\"'", edit->text[edit->at]) == NULL)
			edit->at++;
		return (struct word) { edit->at == from ? NULL :
		    edit->text + from, edit->at - from };
	}
	for (edit->at++; edit->text[edit->at] != quote; edit->at++) {
		if (edit->text[edit->at] == '\\')
			edit->at++;
		if (edit->text[edit->at] == '\0')
			return (struct word) { NULL, 0 };
	}
	edit->at++;
	return (struct word) { edit->text + from + 1, edit->at - from - 2 };
}

/* A value: a word, or a list of them.  False if it is none. */
static bool
take_value(struct edit *edit)
{
	if (next_char(edit) != '{')
		return take_word(edit).text != NULL;
	edit->at++;
	while (next_char(edit) != '}') {
		if (edit->text[edit->at] == ',')
			edit->at++;
		else if (take_word(edit).text == NULL)
			return false;
	}
	edit->at++;
	return true;
}

static bool
take_assignment(struct edit *edit, size_t matched, struct word name)
{
	const struct setting *setting = edit->setting;
	size_t from = edit->at;

	edit->at += edit->text[edit->at] == '+' ? 2 : 1;
	if (!take_value(edit))
		return false;
	if (matched == path_length(setting->section) &&
	    word_is(name, setting->name, strlen(setting->name))) {
		edit->found = true;
		edit->from = from;
		edit->to = edit->at;
	}
	/* Outside of all, settings stand together at the top. */
	if (edit->level == 0 && edit->depth == 0)
		edit->place = edit->at;
	return true;
}

static bool	 take_section(struct edit *, size_t matched, struct word name);

/* All that is in a section.  False if it is nothing that can be read. */
static bool
take_entries(struct edit *edit, size_t matched)
{
	struct word name;
	char c;

	while ((c = next_char(edit)) != '\0' && c != '}') {
		name = take_word(edit);
		if (name.text == NULL)
			return false;
		c = next_char(edit);
		if (c == '=' || (c == '+' && edit->text[edit->at + 1] == '=')) {
			if (!take_assignment(edit, matched, name))
				return false;
		} else if (!take_section(edit, matched, name)) {
			return false;
		}
	}
	return (c == '}') == (edit->level > 0);
}

static bool
take_section(struct edit *edit, size_t matched, struct word name)
{
	struct word title = { "", 0 };
	size_t begin = (size_t)(name.text - edit->text);

	if (next_char(edit) != '{')
		title = take_word(edit);
	if (title.text == NULL || next_char(edit) != '{' ||
	    edit->level == DEPTH_MAX)
		return false;
	edit->at++;
	edit->level++;
	matched = path_enter(edit, matched, name, title);
	if (!take_entries(edit, matched))
		return false;
	if (matched != OUTSIDE && matched >= edit->depth) {
		edit->depth = matched;
		edit->place = edit->at;
	}
	edit->at++;
	edit->level--;
	if (matched == 1 && edit->level == 0) {
		/* A name in quotes begins with one. */
		edit->begin = begin - (begin > 0 &&
		    strchr("\"'", edit->text[begin - 1]) != NULL);
		edit->end = edit->at;
	}
	return true;
}

/* --- the change ----------------------------------------------------------- */

/* The comments that stood within what is replaced. */
static void
put_comments(const char *raw, const struct edit *edit, struct buf *out)
{
	for (size_t i = edit->from; i < edit->to; i++) {
		if (edit->text[i] != MASK)
			continue;
		if (i > edit->from && edit->text[i - 1] != MASK)
			buf_char(out, ' ');
		buf_char(out, raw[i]);
		/* One to the end of its line needs that end. */
		if (edit->text[i + 1] == '\n')
			buf_char(out, '\n');
	}
}

static void
put_indent(struct buf *out, size_t depth)
{
	for (; depth > 0; depth--)
		buf_char(out, '\t');
}

/* The setting, in the sections that are missing. */
static void
put_lines(const struct edit *edit, const char *value, struct buf *out)
{
	const char *path = edit->setting->section;
	size_t depth = edit->depth, length = path_length(path);
	struct word part;

	for (; depth < length; depth++) {
		bool titled = edit->title != NULL && depth == 0;

		part = path_part(path, depth);
		put_indent(out, depth);
		buf_printf(out, "%.*s%s%s {\n", (int)part.length, part.text,
		    titled ? " " : "", titled ? edit->title : "");
	}
	put_indent(out, depth);
	buf_printf(out, "%s = %s\n", edit->setting->name, value);
	while (depth-- > edit->depth) {
		put_indent(out, depth);
		buf_str(out, "}\n");
	}
}

/* Where the line of a closing brace begins, if there is only space before. */
static size_t
line_begin(const char *text, size_t at)
{
	size_t begin = at;

	while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t'))
		begin--;
	return begin == 0 || text[begin - 1] == '\n' ? begin : at;
}

/* Where the next line begins, if nothing but space and comments is before. */
static size_t
line_next(const char *text, size_t at)
{
	size_t end = at;

	while (text[end] != '\0' && text[end] != '\n' && is_space(text[end]))
		end++;
	return text[end] == '\n' ? end + 1 : at;
}

/* Where the lines are added.  What is before ends a line, or `break_r`. */
static size_t
find_place(const struct edit *edit, size_t length, bool *break_r)
{
	size_t place = edit->place;

	if (edit->depth > 0)
		place = line_begin(edit->text, place);
	else if (edit->setting->section[0] == '\0' && place > 0)
		place = line_next(edit->text, place);
	else
		place = length;
	*break_r = place > 0 && edit->text[place - 1] != '\n';
	return place;
}

static void
end_line(struct buf *out)
{
	while (out->len > 0 && strchr(" \t", out->data[out->len - 1]) != NULL)
		out->len--;
	buf_char(out, '\n');
}

static void
change_text(struct buf *text, const struct edit *edit, const char *value)
{
	struct buf out = { .max = text->max };
	size_t rest = edit->to;
	bool line_break;

	if (edit->found) {
		buf_add(&out, text->data, edit->from);
		buf_printf(&out, "= %s", value);
		put_comments(text->data, edit, &out);
		rest += out.data[out.len - 1] == '\n' &&
		    text->data[rest] == '\n';
	} else {
		rest = find_place(edit, text->len, &line_break);
		buf_add(&out, text->data, rest);
		if (line_break)
			end_line(&out);
		if (edit->depth == 0 && edit->setting->section[0] != '\0')
			buf_char(&out, '\n');
		put_lines(edit, value, &out);
	}
	buf_add(&out, text->data + rest, text->len - rest);
	buf_free(text);
	*text = out;
}

static int
check_value(const struct setting *setting, const char *title,
    const char *value, struct why *why)
{
	char name[SETTING_NAME_MAX];
	struct why reason;

	setting_name(setting, title, name, sizeof(name));
	for (const char *p = value; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return why_set(why, ERROR_CONFIG_ERROR, "%s: control "
			    "characters cannot stand in a configuration",
			    name);
	if (setting_check_text(setting, value, &reason) == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "%s = %s", name,
		    reason.text);
	return 0;
}

static int
unreadable(const struct edit *edit, struct why *why)
{
	size_t line = 1;

	for (size_t i = 0; i < edit->at; i++)
		line += edit->text[i] == '\n';
	return why_set(why, ERROR_CONFIG_ERROR, "line %zu is none that can "
	    "be read", line);
}

int
conf_edit(struct buf *text, const struct setting *setting,
    const char *title, const char *value, struct why *why)
{
	struct edit edit = { .setting = setting, .title = title };
	struct buf written = { 0 };
	int result = 0;
	char *bare;

	if (check_value(setting, title, value, why) == -1)
		return -1;
	buf_str(text, "");
	edit.text = bare = xstrdup(text->data);
	conf_text_blank(bare, MASK);
	if (!take_entries(&edit, 0)) {
		result = unreadable(&edit, why);
	} else if (!edit.found && edit.depth == 0 &&
	    (setting->scope == SCOPE_organization ||
	    setting->scope == SCOPE_pipe)) {
		result = why_set(why, ERROR_CONFIG_ERROR,
		    "there is no %s %s", conf_scope_name(setting->scope),
		    title);
	} else {
		buf_str(&written, "");
		setting_write(setting, value, &written);
		change_text(text, &edit, written.data);
	}
	buf_free(&written);
	free(bare);
	return result;
}

/* --- whole sections ------------------------------------------------------- */

/* A setting that stands in it directly. */
static const struct setting *
section_setting(enum setting_scope scope)
{
	const char *name = conf_scope_name(scope);
	const struct setting *settings;
	size_t count;

	settings = conf_settings(&count);
	while (settings->scope != scope ||
	    strcmp(settings->section, name) != 0)
		settings++;	/* each scope has one */
	return settings;
}

void
conf_section_add(struct buf *text, enum setting_scope scope,
    const char *title)
{
	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buf_char(text, '\n');
	buf_printf(text, "%s%s %s {\n}\n", text->len > 0 ? "\n" : "",
	    conf_scope_name(scope), title);
}

/* Cuts it, and the empty lines that would stand double then. */
static void
cut_section(struct buf *text, const struct edit *edit)
{
	size_t from = line_begin(edit->text, edit->begin);
	size_t to = line_next(edit->text, edit->end);
	struct buf out = { .max = text->max };

	/* What stands after it on its line is not cut with it. */
	for (size_t i = edit->end; i < to; i++)
		if (edit->text[i] == MASK)
			to = edit->end;
	if (from > 1 && text->data[from - 1] == '\n' &&
	    text->data[from - 2] == '\n' &&
	    (text->data[to] == '\0' || text->data[to] == '\n'))
		from--;
	buf_str(&out, "");
	buf_add(&out, text->data, from);
	buf_add(&out, text->data + to, text->len - to);
	buf_free(text);
	*text = out;
}

int
conf_section_remove(struct buf *text, enum setting_scope scope,
    const char *title, struct why *why)
{
	int removed = 0, result = 1;
	char *bare;

	while (result == 1) {
		struct edit edit = { .setting = section_setting(scope),
			.title = title };

		buf_str(text, "");
		edit.text = bare = xstrdup(text->data);
		conf_text_blank(bare, MASK);
		if (!take_entries(&edit, 0))
			result = unreadable(&edit, why);
		else if (edit.end == 0)
			result = 0;
		else
			cut_section(text, &edit);
		free(bare);
		removed += result == 1;
	}
	return result == -1 ? -1 : removed > 0;
}
