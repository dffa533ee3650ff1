/*
 * probe_json - drives lib/json
 *
 * probe_json print		parses standard input and prints it again
 * probe_json walk		a line for each value: depth, name, kind, value
 * probe_json integer MIN MAX	the document: json_integer(), json_is_integer()
 * probe_json set LINE...	`NAME=JSON` sets a member, `-NAME` removes one,
 *				`NAME:string|integer|boolean|null=TEXT` sets
 * probe_json quote		standard input as a JSON string
 * probe_json write CALL...	the calls of the writing half: `{`, `[`, `}`,
 *				`]`, `s`, `i`, `b`, `n`, `t`, `r`, `line`, with
 *				`:NAME` and `=VALUE` where it has one
 */
#include "tests/unit/probe.h"

#include "lib/json.h"

static struct json *
parse(void)
{
	size_t		 length;
	char		*text = probe_read(&length);
	struct why	 why;
	struct json	*json = json_parse(text, length, &why);

	free(text);
	if (json == NULL)
		probe_print_why(&why);
	return json;
}

static void
print(const struct json *json)
{
	struct buf	 out = { 0 };

	json_print(&out, json);
	printf("%s\n", out.data);
	buf_free(&out);
}

static void
walk(const struct json *json, int depth)
{
	const struct json	*member;

	printf("%*s%s %s count=%zu string=%s number=%g integer=%lld "
	    "boolean=%d\n", depth, "", json_name(json) ? json_name(json) : "-",
	    json_kind_name(json_kind(json)), json_count(json),
	    json_string(json, "none"), json_number(json, -1),
	    (long long)json_integer(json, -1), json_boolean(json, false));
	for (member = json_first(json); member != NULL;
	    member = json_next(member))
		walk(member, depth + 1);
}

static void
set(struct json *json, char *line)
{
	char		*value, *kind;
	struct json	*parsed;
	struct why	 why;

	if (line[0] == '-') {
		json_remove(json, line + 1);
		return;
	}
	value = probe_after(line, '=');
	if ((kind = strchr(line, ':')) != NULL)
		*kind++ = '\0';
	if (kind == NULL) {
		parsed = json_parse(value, strlen(value), &why);
		json_set(json, line, parsed);
		json_free(&parsed);
	} else if (strcmp(kind, "string") == 0) {
		json_set_string(json, line, value);
	} else if (strcmp(kind, "integer") == 0) {
		json_set_integer(json, line, strtoll(value, NULL, 10));
	} else if (strcmp(kind, "boolean") == 0) {
		json_set_boolean(json, line, strcmp(value, "true") == 0);
	} else {
		json_set_null(json, line);
	}
}

static void
call(struct buf *out, char *text)
{
	char	 kind = text[0];
	char	*value = strchr(text, '='), *name = strchr(text, ':');
	char	*raw = text + strlen(text);

	if (value != NULL) {
		*value++ = '\0';
		raw = value;
	}
	if (name != NULL)
		*name++ = '\0';
	switch (kind) {
	case '{': case '[':
		json_open(out, name, kind);
		break;
	case '}': case ']':
		json_close(out, kind);
		break;
	case 's':
		json_put_string(out, name, value);
		break;
	case 'i':
		json_put_integer(out, name, strtoll(raw, NULL, 10));
		break;
	case 'b':
		json_put_boolean(out, name, strcmp(raw, "true") == 0);
		break;
	case 'n':
		json_put_null(out, name);
		break;
	case 't':
		json_put_time(out, name, strtoll(raw, NULL, 10));
		break;
	case 'r':
		json_put_raw(out, name, raw, strlen(raw));
		break;
	default:
		buf_char(out, '\n');
	}
}

static int
with_document(int argc, char *argv[])
{
	struct json	*json = parse(), *copy;
	int		 i;

	if (json == NULL)
		return 1;
	if (strcmp(argv[1], "print") == 0)
		print(json);
	else if (strcmp(argv[1], "walk") == 0)
		walk(json, 0);
	else if (strcmp(argv[1], "integer") == 0 && argc == 4)
		printf("%lld %s\n", (long long)json_integer(json, -1),
		    json_is_integer(json, strtoll(argv[2], NULL, 10),
		    strtoll(argv[3], NULL, 10)) ? "within" : "no");
	else if (strcmp(argv[1], "set") == 0) {
		for (i = 2; i < argc; i++)
			set(json, argv[i]);
		copy = json_copy(json);
		json_free(&json);
		print(copy);
		json_free(&copy);
	} else if (strcmp(argv[1], "get") == 0 && argc == 3)
		printf("%s %s\n", json_string(json_get(json, argv[2]),
		    "none"), json_get(json_get(json_get(json, argv[2]), "a"),
		    "b") == NULL ? "nothing" : "something");
	json_free(&json);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct buf	 out = { 0 };
	size_t		 length;
	char		*text;
	int		 i;

	if (argc < 2)
		return 64;
	if (strcmp(argv[1], "write") == 0) {
		for (i = 2; i < argc; i++)
			call(&out, argv[i]);
	} else if (strcmp(argv[1], "quote") == 0) {
		text = probe_read(&length);
		json_quote(&out, text, length);
		free(text);
	} else {
		return with_document(argc, argv);
	}
	printf("%s\n", out.data);
	buf_free(&out);
	return 0;
}
