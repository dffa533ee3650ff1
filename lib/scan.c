/*
 * scan - the strict look at a JSON text before cJSON sees it
 *
 * A loop over states, with the open arrays and objects on a stack of fixed
 * size: no text, however deep, uses more of the program's own stack.  Only
 * white space may stand between two steps.  In each object the names are
 * checked when it ends, or when the text ends within it; so duplicate names
 * are found in texts that are wrong further on only if that is outside of the
 * object.
 */
#include "lib/scan.h"

#include <string.h>

#include "lib/scan_keys.h"
#include "lib/scan_token.h"

enum state {
	VALUE,			/* a value comes next */
	ITEM_OR_END,		/* behind [ */
	NAME_OR_END,		/* behind { */
	NAME,			/* behind a comma in an object */
	COLON,
	COMMA_OR_END,		/* behind a value */
	DONE,			/* behind the document */
	STATES
};

struct level {
	bool	 object;
	bool	 within;	/* at one of its members, which has a path */
	size_t	 index;		/* of that, in an array */
	size_t	 keys;		/* where its keys begin */
	size_t	 names;		/* where their names begin */
};

struct scanner {
	struct scan_text	 text;
	enum state		 state;
	struct level		 levels[SCAN_DEPTH_MAX];
	size_t			 depth;
	struct scan_keys	 keys;
	struct scan		*scan;
	struct scan_member	*members;	/* borrowed; may be NULL */
	struct scan_member	*wanted;	/* the one that it is in */
	size_t			 wanted_depth;
	struct why		*why;
};

typedef int	 step(struct scanner *);

static struct level *
innermost(struct scanner *s)
{
	return &s->levels[s->depth - 1];
}

/* The name that level `i` is at: the last key before the next level's. */
static const struct scan_key *
current_key(const struct scanner *s, size_t i)
{
	size_t	 end;

	end = i + 1 < s->depth ? s->levels[i + 1].keys : s->keys.count;
	return &s->keys.keys[end - 1];
}

static void
path_add_name(struct buf *path, const struct scanner *s,
    const struct scan_key *key)
{
	if (path->len > 0)
		buf_char(path, '.');
	buf_add(path, s->keys.names.data + key->start, key->length);
}

/* payload.metadata.list[3] */
static void
path_make(const struct scanner *s, struct buf *path)
{
	size_t	 i;

	buf_str(path, "");
	for (i = 0; i < s->depth && s->levels[i].within; i++) {
		if (s->levels[i].object)
			path_add_name(path, s, current_key(s, i));
		else
			buf_printf(path, "[%zu]", s->levels[i].index);
	}
}

/* `extra` is a name to add to the path, or NULL. */
static int
wrong(struct scanner *s, size_t at, const char *words,
    const struct scan_key *extra)
{
	struct buf	 path = { 0 };

	path_make(s, &path);
	if (extra != NULL)
		path_add_name(&path, s, extra);
	(void)why_field(s->why, path.data, "%s, at byte %zu", words, at);
	s->why->offset = (int64_t)at;
	buf_free(&path);
	return -1;
}

static int
wrong_here(struct scanner *s, const char *words)
{
	return wrong(s, s->text.at, words, NULL);
}

/* True if `path` names the member that the innermost object is at. */
static bool
path_is(const struct scanner *s, const char *path)
{
	const struct scan_key	*key;
	size_t			 i, length;

	for (i = 0; i < s->depth; i++) {
		if (!s->levels[i].object)
			return false;
		key = current_key(s, i);
		length = strcspn(path, ".");
		if (key->length != length || memcmp(path,
		    s->keys.names.data + key->start, length) != 0)
			return false;
		path += length;
		if (*path != (i + 1 < s->depth ? '.' : '\0'))
			return false;
		path++;
	}
	return true;
}

static void
find_wanted(struct scanner *s)
{
	struct scan_member	*member = s->members;

	if (member == NULL || s->depth == 0)
		return;
	for (; member->path != NULL; member++) {
		if (!path_is(s, member->path))
			continue;
		member->span.offset = s->text.at;
		s->wanted = member;
		s->wanted_depth = s->depth;
	}
}

static int
value_begins(struct scanner *s)
{
	if (s->depth > 0)
		innermost(s)->within = true;
	if (s->wanted == NULL)
		find_wanted(s);
	if (s->wanted != NULL)
		return 1;
	if (s->scan->nodes_max > 0 && s->scan->nodes >= s->scan->nodes_max)
		return wrong_here(s, "these are too many values");
	s->scan->nodes++;
	return 1;
}

static void
value_ends(struct scanner *s)
{
	if (s->wanted != NULL && s->wanted_depth == s->depth) {
		s->wanted->span.length =
		    s->text.at - s->wanted->span.offset;
		s->wanted = NULL;
	}
	if (s->depth > 0)
		innermost(s)->within = false;
	s->state = s->depth > 0 ? COMMA_OR_END : DONE;
}

static int
level_open(struct scanner *s, bool object)
{
	struct level	*level;

	if (s->depth == SCAN_DEPTH_MAX)
		return wrong_here(s, "this is nested too deeply");
	level = &s->levels[s->depth++];
	level->object = object;
	level->within = false;
	level->index = 0;
	level->keys = s->keys.count;
	level->names = s->keys.names.len;
	s->state = object ? NAME_OR_END : ITEM_OR_END;
	s->text.at++;
	return 1;
}

/* Leaves the innermost level; its names must all differ. */
static int
level_drop(struct scanner *s)
{
	struct level	*level = innermost(s);
	struct scan_key	 twice;

	level->within = false;
	if (scan_keys_duplicate(&s->keys, level->keys, &twice))
		return wrong(s, twice.offset,
		    "this name is already in the object", &twice);
	scan_keys_drop(&s->keys, level->keys, level->names);
	s->depth--;
	return 1;
}

static int
level_close(struct scanner *s)
{
	if (level_drop(s) == -1)
		return -1;
	s->text.at++;
	value_ends(s);
	return 1;
}

/* A word, string or number, whichever its first byte says. */
static int
scalar(struct scanner *s)
{
	switch (s->text.bytes[s->text.at]) {
	case '"':
		return scan_string(&s->text, NULL);
	case 't':
		return scan_word(&s->text, "true");
	case 'f':
		return scan_word(&s->text, "false");
	case 'n':
		return scan_word(&s->text, "null");
	default:
		return scan_number(&s->text, s->depth == 0);
	}
}

static int
step_value(struct scanner *s)
{
	char	 c = s->text.bytes[s->text.at];
	int	 rc;

	if (value_begins(s) == -1)
		return -1;
	if (c == '{' || c == '[')
		return level_open(s, c == '{');
	if ((rc = scalar(s)) == -1)
		return wrong_here(s, s->text.wrong);
	if (rc == 1)
		value_ends(s);
	return rc;
}

static int
step_item_or_end(struct scanner *s)
{
	return s->text.bytes[s->text.at] == ']' ? level_close(s) :
	    step_value(s);
}

static int
step_name(struct scanner *s)
{
	size_t	 start = s->keys.names.len, offset = s->text.at;
	int	 rc;

	if (s->text.bytes[offset] != '"')
		return wrong_here(s, "a name in quotes is missing");
	if ((rc = scan_string(&s->text, &s->keys.names)) == -1)
		return wrong_here(s, s->text.wrong);
	if (rc == 0)
		return 0;
	scan_keys_add(&s->keys, start, offset);
	innermost(s)->within = true;
	s->state = COLON;
	return 1;
}

static int
step_name_or_end(struct scanner *s)
{
	return s->text.bytes[s->text.at] == '}' ? level_close(s) :
	    step_name(s);
}

static int
step_colon(struct scanner *s)
{
	if (s->text.bytes[s->text.at] != ':')
		return wrong_here(s, "a colon is missing");
	s->text.at++;
	s->state = VALUE;
	return 1;
}

static int
step_comma_or_end(struct scanner *s)
{
	struct level	*level = innermost(s);
	char		 c = s->text.bytes[s->text.at];

	if (c == (level->object ? '}' : ']'))
		return level_close(s);
	if (c != ',')
		return wrong_here(s, level->object ?
		    "a comma or } is missing" : "a comma or ] is missing");
	s->text.at++;
	level->index++;
	s->state = level->object ? NAME : VALUE;
	return 1;
}

static int
step_done(struct scanner *s)
{
	return wrong_here(s, "something follows the document");
}

static step *const steps[STATES] = {
	[VALUE] = step_value,
	[ITEM_OR_END] = step_item_or_end,
	[NAME_OR_END] = step_name_or_end,
	[NAME] = step_name,
	[COLON] = step_colon,
	[COMMA_OR_END] = step_comma_or_end,
	[DONE] = step_done,
};

static void
skip_space(struct scan_text *text)
{
	while (text->at < text->length) {
		switch (text->bytes[text->at]) {
		case ' ': case '\t': case '\n': case '\r':
			text->at++;
			break;
		default:
			return;
		}
	}
}

static int
scan_document(struct scanner *s)
{
	int	 rc = 1;

	if (s->text.length >= 3 &&
	    memcmp(s->text.bytes, "\xef\xbb\xbf", 3) == 0)
		return wrong_here(s, "there is a byte order mark");
	while (rc == 1) {
		skip_space(&s->text);
		if (s->text.at == s->text.length)
			break;
		rc = steps[s->state](s);
	}
	if (rc == -1 || (rc == 1 && s->state == DONE))
		return rc;
	/* What is there could not be the beginning of anything with these. */
	while (s->depth > 0)
		if (level_drop(s) == -1)
			return -1;
	return 0;
}

int
scan_json(const char *text, size_t length, struct scan *scan,
    struct scan_member *members, struct why *why)
{
	struct scanner	 s = {
		.text = { .bytes = text, .length = length },
		.state = VALUE, .scan = scan, .members = members, .why = why
	};
	int		 rc;

	scan->nodes = 0;
	for (; members != NULL && members->path != NULL; members++)
		memset(&members->span, 0, sizeof members->span);
	rc = scan_document(&s);
	scan_keys_free(&s.keys);
	return rc;
}
