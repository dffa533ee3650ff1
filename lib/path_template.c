/*
 * path_template - paths with {names} in them
 */
#include <stdio.h>
#include <string.h>

#include "lib/path_template.h"
#include "lib/utf8.h"

#define METADATA "metadata."
#define NAME_MAX_BYTES 128

static const char *const names[PATH_NAMES] = {
#define PATH_NAME(name, sentence) [PATH_NAME_##name] = #name,
#include "lib/path_names.def"
#undef PATH_NAME
};

/* A piece of a template: text up to `length`, then a name unless at the end. */
struct piece {
	const char	*text;
	size_t		 length;
	enum path_name	 name;		/* PATH_NAMES: metadata */
	char		 metadata[NAME_MAX_BYTES];
	bool		 last;
};

/* The next piece from *at on; NULL, or what is wrong. */
static const char *
piece_next(const char **at, struct piece *piece)
{
	const char *end;
	size_t length;

	piece->text = *at;
	piece->length = strcspn(*at, "{}");
	*at += piece->length;
	piece->last = **at == '\0';
	if (piece->last)
		return NULL;
	end = strchr(*at, '}');
	if (**at == '}' || end == NULL)
		return "has a brace without its other half";
	length = (size_t)(end - ++*at);
	piece->name = 0;
	while (piece->name < PATH_NAMES &&
	    (strlen(names[piece->name]) != length ||
	    strncmp(names[piece->name], *at, length) != 0))
		piece->name++;
	if (piece->name == PATH_NAMES) {
		size_t prefix = strlen(METADATA);

		if (length <= prefix || strncmp(*at, METADATA, prefix) != 0 ||
		    length - prefix >= sizeof(piece->metadata))
			return "names something unknown in braces";
		memcpy(piece->metadata, *at + prefix, length - prefix);
		piece->metadata[length - prefix] = '\0';
	}
	*at = end + 1;
	return NULL;
}

const char *
path_template_check(const char *text)
{
	const char *at = text, *wrong;
	struct piece piece;

	if (*text == '\0' || strlen(text) > PATH_TEMPLATE_MAX)
		return "must have 1 to 1024 bytes";
	do {
		wrong = piece_next(&at, &piece);
		if (wrong != NULL)
			return wrong;
		for (size_t i = 0; i < piece.length; i++)
			if ((unsigned char)piece.text[i] < 0x20 ||
			    piece.text[i] == 0x7f)
				return "has a control character in it";
	} while (!piece.last);
	return NULL;
}

/* What a value may not be; NULL if it is harmless. */
static const char *
value_wrong(const char *value, size_t length)
{
	uint32_t code;
	int bytes;

	if (length == 0)
		return "is empty";
	if (memchr(value, '/', length) != NULL ||
	    memchr(value, '\\', length) != NULL)
		return "has a slash in it";
	for (size_t i = 0; i + 1 < length; i++)
		if (value[i] == '.' && value[i + 1] == '.')
			return "has \"..\" in it";
	for (size_t i = 0; i < length; i += (size_t)bytes) {
		bytes = utf8_next(value + i, length - i, &code);
		if (bytes <= 0)
			return "is not UTF-8";
		if (utf8_is_control(code) || code == 0)
			return "has a control character in it";
	}
	return NULL;
}

static int
put_value(const struct piece *piece, path_value *value, const void *arg,
    struct buf *out, struct why *why)
{
	char field[NAME_MAX_BYTES + 32];
	size_t before = out->len;
	const char *wrong = "is needed, but the job has none";

	if (piece->name == PATH_NAMES)
		(void)snprintf(field, sizeof(field), "payload.metadata.%s",
		    piece->metadata);
	else
		(void)snprintf(field, sizeof(field), "%s",
		    names[piece->name]);
	if (value(arg, piece->name, piece->name == PATH_NAMES ?
	    piece->metadata : NULL, out) == 0)
		wrong = value_wrong(out->data + before, out->len - before);
	if (wrong == NULL && out->len > PATH_TEMPLATE_MAX)
		wrong = "makes it more than 1024 bytes";
	return wrong == NULL ? 0 : why_field(why, field,
	    "%s %s: a path does not take it", field, wrong);
}

int
path_template_expand(const char *text, path_value *value,
    const void *arg, struct buf *out, struct why *why)
{
	const char *at = text, *wrong;
	struct piece piece;

	do {
		wrong = piece_next(&at, &piece);
		if (wrong != NULL)
			return why_set(why, ERROR_CONFIG_ERROR,
			    "the path template %s", wrong);
		buf_add(out, piece.text, piece.length);
		if (!piece.last &&
		    put_value(&piece, value, arg, out, why) == -1)
			return -1;
	} while (!piece.last);
	if (out->len > PATH_TEMPLATE_MAX)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the path has more than %d bytes", PATH_TEMPLATE_MAX);
	return 0;
}
