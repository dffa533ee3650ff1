/*
 * probe_mustache - drives lib/mustache
 *
 * probe_mustache render	standard input is an array of objects: template,
 *				data, and perhaps html (true), json (false), max
 *				and times (the template is repeated); a line for each:
 *				what it yields as a JSON string, or `! words`
 * probe_mustache check		standard input is a template; a line for each
 *				name, `+` before one in a section
 */
#include "tests/unit/probe.h"

#include "lib/json.h"
#include "lib/mustache.h"

static void
render(const struct json *each)
{
	struct buf	 template = { 0 }, out = { 0 }, line = { 0 };
	bool		 as_json = json_boolean(json_get(each, "json"), false);
	int		 result;
	long long	 times = json_integer(json_get(each, "times"), 1);
	struct why	 why;

	buf_str(&template, "");
	while (times-- > 0)
		buf_str(&template, json_string(json_get(each, "template"),
		    ""));
	out.max = (size_t)json_integer(json_get(each, "max"), 0);
	buf_str(&out, "");
	result = as_json ? mustache_render_json(template.data,
	    json_get(each, "data"), &out, &why) :
	    mustache_render(template.data, json_get(each, "data"),
	    json_boolean(json_get(each, "html"), true), &out, &why);
	if (result == -1)
		printf("! %s\n", why.text);
	else {
		json_quote(&line, out.data, out.len);
		printf("%s\n", line.data);
	}
	buf_free(&template);
	buf_free(&out);
	buf_free(&line);
}

static void
name(void *arg, const char *text, bool within)
{
	(void)arg;
	printf("%s%s\n", within ? "+" : "", text);
}

int
main(int argc, char *argv[])
{
	size_t			 length;
	char			*text = probe_read(&length), *template;
	const struct json	*each;
	struct json		*json;
	struct why		 why;

	if (argc != 2)
		return 64;
	if (strcmp(argv[1], "check") == 0) {
		template = xstrndup(text, length);
		if (mustache_check(template, name, NULL, &why) == -1)
			printf("! %s\n", why.text);
		free(template);
		free(text);
		return 0;
	}
	json = json_parse(text, length, &why);
	free(text);
	if (json == NULL) {
		probe_print_why(&why);
		return 1;
	}
	for (each = json_first(json); each != NULL; each = json_next(each))
		render(each);
	json_free(&json);
	return 0;
}
