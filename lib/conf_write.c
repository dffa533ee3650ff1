/*
 * conf_write - a setting's value as it stands in spoold.conf
 *
 * In a double-quoted string of libconfuse ${NAME} would be a variable.
 */
#include <string.h>

#include "lib/conf_write.h"

void
conf_quote(const char *text, size_t length, struct buf *out)
{
	buf_char(out, '"');
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' || text[i] == '"' || text[i] == '$')
			buf_char(out, '\\');
		buf_char(out, text[i]);
	}
	buf_char(out, '"');
}

/* Numbers and their like stand bare, words in quotes. */
static bool
is_quoted(const struct setting *setting)
{
	switch (setting->type) {
	case SETTING_string:
	case SETTING_path:
	case SETTING_choice:
	case SETTING_addresses:
	case SETTING_names:
	case SETTING_words:
	case SETTING_durations:
	case SETTING_paths:
	case SETTING_listener:
	case SETTING_account:
	case SETTING_networks:
		return true;
	default:
		return false;
	}
}

static void
write_item(const struct setting *setting, const char *text, size_t length,
    struct buf *out)
{
	if (is_quoted(setting) || length == 0)
		conf_quote(text, length, out);
	else
		buf_add(out, text, length);
}

void
setting_write(const struct setting *setting, const char *text,
    struct buf *out)
{
	const char *item = text;
	bool first = true;

	if (!setting_is_list(setting)) {
		write_item(setting, text, strlen(text), out);
		return;
	}
	buf_char(out, '{');
	while (*item != '\0') {
		size_t length = strcspn(item, ",");

		if (length > 0) {
			if (!first)
				buf_str(out, ", ");
			write_item(setting, item, length, out);
			first = false;
		}
		item += length + (item[length] == ',');
	}
	buf_char(out, '}');
}
