/*
 * mustache - text out of a template and values
 *
 * One pass and no tree: the template is read from tag to tag, a section over a
 * list again for each of its members.  Delimiters belong to the place in the
 * template, so whoever goes back gets those that were in force there.
 *
 * A list within itself a few times over would be gone through for ever without
 * writing a byte; so tags are counted, too.
 */
#include <string.h>

#include "lib/mustache.h"

#define DELIMITER_MAX 16	/* bytes */

/* Where it is, and what a tag begins and ends with there. */
struct scanner {
	const char	*at;
	char		 open[DELIMITER_MAX + 1], close[DELIMITER_MAX + 1];
};

/* The kinds are what stands after the opening delimiter; 0: a variable. */
struct tag {
	char		 kind;
	char		 name[MUSTACHE_NAME_MAX + 1];
	const char	*begin;		/* the text before it ends there */
	const char	*end;		/* and goes on here */
};

struct render {
	const char	*template;	/* borrowed */
	struct scanner	 scanner;
	const struct json *stack[MUSTACHE_NESTING + 1];	/* borrowed */
	size_t		 depth;		/* of the stack */
	int		 nesting;	/* of sections */
	long		 steps;
	bool		 html, json;
	/* Of what JSON has been written: so much was looked at, and ends so. */
	size_t		 looked;
	bool		 in_string, escaped;
	struct buf	*out;		/* borrowed */
	mustache_named	*named;		/* or NULL */
	void		*arg;
	struct why	*why;
};

/* The words, and the line that they are about. */
static int
wrong(const struct render *render, const char *at, const char *words)
{
	int line = 1;

	for (const char *p = render->template; p < at; p++)
		line += *p == '\n';
	(void)why_set(render->why, ERROR_VALIDATION_ERROR,
	    "has on line %d %s", line, words);
	return -1;
}

/* --- tags ----------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A tag that is alone on its line takes the line with it. */
static void
tag_widen(struct tag *tag, const char *template)
{
	const char *begin = tag->begin, *end = tag->end;

	while (begin > template && (begin[-1] == ' ' || begin[-1] == '\t'))
		begin--;
	while (*end == ' ' || *end == '\t')
		end++;
	if (end[0] == '\r' && end[1] == '\n')
		end++;
	if ((begin > template && begin[-1] != '\n') ||
	    (*end != '\n' && *end != '\0'))
		return;
	tag->begin = begin;
	tag->end = *end == '\n' ? end + 1 : end;
}

/* What ends a tag of that kind. */
static void
tag_mark(const struct scanner *scanner, char kind, char out[DELIMITER_MAX + 2])
{
	size_t at = 0;

	if (kind == '{' || kind == '=')
		out[at++] = kind == '{' ? '}' : '=';
	memcpy(out + at, scanner->close, strlen(scanner->close) + 1);
}

/* 1 with the next tag, 0 if none follows, or -1. */
static int
tag_read(const struct render *render, struct tag *tag)
{
	const struct scanner *scanner = &render->scanner;
	char mark[DELIMITER_MAX + 2];
	const char *from, *to;

	tag->begin = tag->end = strstr(scanner->at, scanner->open);
	if (tag->begin == NULL)
		return 0;
	from = tag->begin + strlen(scanner->open);
	tag->kind = '\0';
	if (*from != '\0' && strchr("#^/!={&><$", *from) != NULL)
		tag->kind = *from++;
	tag_mark(scanner, tag->kind, mark);
	to = strstr(from, mark);
	if (to == NULL)
		return wrong(render, tag->begin, "a tag that does not end");
	tag->end = to + strlen(mark);
	if (tag->kind != '\0' && strchr("#^/!=", tag->kind) != NULL)
		tag_widen(tag, render->template);
	tag->name[0] = '\0';
	if (tag->kind == '!')
		return 1;
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	if (to - from < 1 || to - from > MUSTACHE_NAME_MAX)
		return wrong(render, tag->begin, to == from ?
		    "a tag without a name" : "a name that is too long");
	memcpy(tag->name, from, (size_t)(to - from));
	tag->name[to - from] = '\0';
	return 1;
}

/* A word of a tag that sets delimiters; its length, 0 if it is none. */
static size_t
delimiter_copy(const char *word, char out[DELIMITER_MAX + 1])
{
	size_t length = strcspn(word, " \t\r\n");

	if (length > DELIMITER_MAX || memchr(word, '=', length) != NULL)
		return 0;
	memcpy(out, word, length);
	out[length] = '\0';
	return length;
}

static int
set_delimiters(struct render *render, const struct tag *tag)
{
	struct scanner *scanner = &render->scanner;
	const char *word = tag->name;
	size_t first = delimiter_copy(word, scanner->open), second;

	word += first;
	word += strspn(word, " \t\r\n");
	second = delimiter_copy(word, scanner->close);
	if (first == 0 || second == 0 || word[second] != '\0')
		return wrong(render, tag->begin,
		    "a tag that does not set two delimiters");
	return 0;
}

/* --- values --------------------------------------------------------------- */

/* The value of a name, or NULL. */
static const struct json *
lookup(const struct render *render, const char *name)
{
	char part[MUSTACHE_NAME_MAX + 1];
	const struct json *value = NULL;
	size_t length = strcspn(name, ".");

	if (render->depth == 0)
		return NULL;
	if (strcmp(name, ".") == 0)
		return render->stack[render->depth - 1];
	memcpy(part, name, length);
	part[length] = '\0';
	for (size_t i = render->depth; i > 0 && value == NULL; i--)
		value = json_get(render->stack[i - 1], part);
	for (name += length; *name == '.' && value != NULL; name += length) {
		name++;
		length = strcspn(name, ".");
		memcpy(part, name, length);
		part[length] = '\0';
		value = json_get(value, part);
	}
	return value;
}

static bool
is_true(const struct json *value)
{
	if (value == NULL)
		return false;
	switch (json_kind(value)) {
	case JSON_NULL:
		return false;
	case JSON_BOOLEAN:
		return json_boolean(value, false);
	case JSON_NUMBER:
		return json_number(value, 0) != 0;
	case JSON_STRING:
		return json_string(value, "")[0] != '\0';
	case JSON_ARRAY:
		return json_count(value) > 0;
	default:
		return true;
	}
}

static void
put_escaped(struct buf *out, const char *text)
{
	static const char *const entities[256] = { ['&'] = "&amp;",
	    ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;",
	    ['\''] = "&#39;" };

	for (; *text != '\0'; text++) {
		const char *entity = entities[(unsigned char)*text];

		if (entity != NULL)
			buf_str(out, entity);
		else
			buf_char(out, *text);
	}
}

/* As it stands in a text. */
static void
value_text(struct buf *text, const struct json *value)
{
	if (json_is(value, JSON_STRING))
		buf_str(text, json_string(value, ""));
	else if (value != NULL && !json_is(value, JSON_NULL))
		json_print(text, value);
}

static void
put_value(const struct render *render, const struct json *value, bool escaped)
{
	struct buf text = { .max = render->out->max };

	value_text(&text, value);
	if (text.overflow)
		render->out->overflow = true;
	else if (text.len > 0 && escaped)
		put_escaped(render->out, text.data);
	else if (text.len > 0)
		buf_add(render->out, text.data, text.len);
	buf_wipe(&text);
}

/* --- values in JSON ------------------------------------------------------- */

/* Where the JSON ends that was written so far: in a string, or not. */
static void
json_look(struct render *render)
{
	const struct buf *out = render->out;

	for (; render->looked < out->len; render->looked++) {
		char c = out->data[render->looked];

		if (render->escaped)
			render->escaped = false;
		else if (c == '"')
			render->in_string = !render->in_string;
		else
			render->escaped = render->in_string && c == '\\';
	}
}

/* Without its quotes, so that it can stand within those of the template. */
static void
put_in_string(struct buf *out, const struct json *value)
{
	struct buf text = { .max = out->max }, quoted = { 0 };

	value_text(&text, value);
	if (text.overflow)
		out->overflow = true;
	else if (text.len > 0) {
		json_quote(&quoted, text.data, text.len);
		buf_add(out, quoted.data + 1, quoted.len - 2);
	}
	buf_wipe(&text);
	buf_wipe(&quoted);
}

static int
put_json(struct render *render, const struct tag *tag,
    const struct json *value)
{
	json_look(render);
	if (render->escaped)
		return wrong(render, tag->begin, "a tag behind a backslash");
	if (render->in_string)
		put_in_string(render->out, value);
	else if (value == NULL)
		buf_str(render->out, "null");
	else
		json_print(render->out, value);
	render->looked = render->out->len;
	return 0;
}

/* --- sections ------------------------------------------------------------- */

static int	 render_block(struct render *, const struct tag *section,
		    bool shown);

/* Once, with `value` (NULL: none) on top of what names are looked up in. */
static int
render_with(struct render *render, const struct tag *section,
    const struct json *value, bool shown)
{
	int result;

	if (render->nesting == MUSTACHE_NESTING)
		return wrong(render, section->begin,
		    "a section within too many others");
	render->nesting++;
	if (value != NULL)
		render->stack[render->depth++] = value;
	result = render_block(render, section, shown);
	if (value != NULL)
		render->depth--;
	render->nesting--;
	return result;
}

static int
render_section(struct render *render, const struct tag *tag, bool shown)
{
	const struct json *value = shown ? lookup(render, tag->name) : NULL;
	const struct json *member = json_is(value, JSON_ARRAY) ?
	    json_first(value) : NULL;
	struct scanner begin = render->scanner;
	int result = 0;

	if (tag->kind == '^')
		return render_with(render, tag, NULL, shown &&
		    !is_true(value));
	if (!is_true(value))
		return render_with(render, tag, NULL, false);
	if (member == NULL)
		return render_with(render, tag, value, true);
	for (; member != NULL && result == 0; member = json_next(member)) {
		render->scanner = begin;
		result = render_with(render, tag, member, true);
	}
	return result;
}

/* One tag but the end of a section. */
static int
render_tag(struct render *render, const struct tag *tag, bool shown)
{
	if (tag->kind == '!')
		return 0;
	if (tag->kind == '=')
		return set_delimiters(render, tag);
	if (tag->kind == '>' || tag->kind == '<' || tag->kind == '$')
		return wrong(render, tag->begin,
		    "a partial: there are none here");
	if (render->named != NULL)
		render->named(render->arg, tag->name, render->nesting > 0);
	if (tag->kind == '#' || tag->kind == '^')
		return render_section(render, tag, shown);
	if (shown && render->json)
		return put_json(render, tag, lookup(render, tag->name));
	if (shown)
		put_value(render, lookup(render, tag->name),
		    render->html && tag->kind == '\0');
	return 0;
}

/* Up to the end of that section; NULL: of the template. */
static int
render_block(struct render *render, const struct tag *section, bool shown)
{
	struct tag tag;
	int found;

	for (;;) {
		const char *text = render->scanner.at;

		found = tag_read(render, &tag);
		if (found == -1)
			return -1;
		if (found == 0)
			tag.begin = tag.end = text + strlen(text);
		if (shown && tag.begin > text)
			buf_add(render->out, text, (size_t)(tag.begin - text));
		render->scanner.at = tag.end;
		if (found == 0)
			return section == NULL ? 0 : wrong(render,
			    section->begin, "a section that does not end");
		if (++render->steps > MUSTACHE_STEPS_MAX)
			return wrong(render, tag.begin,
			    "lists that take too long to go through");
		if (tag.kind == '/')
			return section != NULL && strcmp(section->name,
			    tag.name) == 0 ? 0 : wrong(render, tag.begin,
			    "the end of a section that does not begin there");
		if (render_tag(render, &tag, shown) == -1)
			return -1;
		if (render->out->overflow)
			return why_set(render->why, ERROR_VALIDATION_ERROR,
			    "would be longer than %zu bytes",
			    render->out->max);
	}
}

static int
render_whole(struct render *render, const struct json *values)
{
	const struct buf *out = render->out;

	render->scanner = (struct scanner) { render->template, "{{", "}}" };
	render->stack[render->depth++] = values;
	if (render_block(render, NULL, true) == -1)
		return -1;
	return !out->overflow ? 0 : why_set(render->why,
	    ERROR_VALIDATION_ERROR, "would be longer than %zu bytes",
	    out->max);
}

int
mustache_render(const char *template, const struct json *values, bool html,
    struct buf *out, struct why *why)
{
	struct render render = { .template = template, .html = html,
		.out = out, .why = why };

	return render_whole(&render, values);
}

int
mustache_render_json(const char *template, const struct json *values,
    struct buf *out, struct why *why)
{
	struct render render = { .template = template, .json = true,
		.looked = out->len, .out = out, .why = why };

	return render_whole(&render, values);
}

int
mustache_check(const char *template, mustache_named *named, void *arg,
    struct why *why)
{
	struct buf none = { 0 };
	struct render render = { .template = template, .out = &none,
		.scanner = { template, "{{", "}}" }, .named = named,
		.arg = arg, .why = why };

	return render_block(&render, NULL, false);
}
