/*
 * show_json - JSON for people: a line for each member
 *
 * Every line goes through show_escape(): JSON escapes control characters, but
 * not those that change the direction.
 */
#include <string.h>

#include "lib/show.h"

#define SHOW_INDENT 2

static void
value_show(struct buf *out, const struct json *value, int depth)
{
	bool object = json_is(value, JSON_OBJECT);
	const struct json *each = json_first(value);

	if ((!object && !json_is(value, JSON_ARRAY)) || each == NULL) {
		json_print(out, value);
		return;
	}
	buf_char(out, object ? '{' : '[');
	for (; each != NULL; each = json_next(each)) {
		buf_printf(out, "\n%*s", (depth + 1) * SHOW_INDENT, "");
		if (object) {
			const char *name = json_name(each);

			json_quote(out, name, strlen(name));
			buf_str(out, ": ");
		}
		value_show(out, each, depth + 1);
		if (json_next(each) != NULL)
			buf_char(out, ',');
	}
	buf_printf(out, "\n%*s%c", depth * SHOW_INDENT, "",
	    object ? '}' : ']');
}

void
show_json(FILE *stream, const struct json *value)
{
	struct buf text = { .max = 0 }, escaped = { .max = 0 };

	value_show(&text, value, 0);
	show_escape_bytes(&escaped, text.data, text.len, true);
	buf_char(&escaped, '\n');
	(void)fwrite(escaped.data, 1, escaped.len, stream);
	buf_wipe(&text);
	buf_wipe(&escaped);
}
