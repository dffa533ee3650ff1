/*
 * mustache - a template and the values that it is filled in with
 *
 * The template comes first, up to a NUL, then JSON.  What the check refuses is
 * never rendered, and nothing is longer than it may be.
 */
#include "lib/json.h"
#include "lib/mustache.h"
#include "lib/scan.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX 4096

static void
name_seen(void *arg, const char *name, bool within)
{
	size_t	*count = arg;

	(void)within;
	MUST(*name != '\0' && strlen(name) <= MUSTACHE_NAME_MAX);
	(*count)++;
}

/*
 * Whatever the values are, what they yield within a string stays in it, and the
 * whole is JSON with that one string.
 */
static void
check_json(const char *template, const struct json *values)
{
	static const char	 around[] = "[\"%s\"]";
	struct buf		 whole = { 0 }, out = { 0 };
	struct scan		 scan = { 0 };
	struct why		 why;

	/* All of it within one string: so is all that it yields. */
	if (strpbrk(template, "\"\\\n\r\t") != NULL ||
	    !utf8_valid(template, strlen(template)))
		return;
	for (const char *p = template; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			return;
	buf_printf(&whole, around, template);
	out.max = OUT_MAX;
	if (mustache_render_json(whole.data, values, &out, &why) == 0)
		MUST(scan_json(out.data, out.len, &scan, NULL, &why) == 1 &&
		    scan.nodes == 2);
	buf_free(&whole);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*template = fuzz_text(data, size);
	size_t		 length = strlen(template), names = 0;
	struct json	*values = NULL;
	struct buf	 out = { .max = OUT_MAX };
	struct why	 why;
	int		 good;

	if (length + 1 < size)
		values = json_parse((const char *)data + length + 1,
		    size - length - 1, &why);
	good = mustache_check(template, name_seen, &names, &why);
	buf_str(&out, "");
	if (mustache_render(template, values, size % 2 == 0, &out,
	    &why) == 0) {
		MUST(good == 0);
		MUST(strlen(out.data) == out.len && out.len <= OUT_MAX);
	} else
		MUST(why.code == ERROR_VALIDATION_ERROR);
	check_json(template, values);
	buf_free(&out);
	json_free(&values);
	free(template);
	return 0;
}
