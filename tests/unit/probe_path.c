/*
 * probe_path - lib/path_template.c, text in, text out
 *
 * probe_path TEMPLATE [NAME=VALUE]...
 * What the template yields with these values, in brackets; or what is wrong
 * with it, or with a value and which.  A VALUE may have printf(1)'s escapes
 * already undone by the caller.
 */
#include "lib/path_template.h"

#include "tests/unit/probe.h"

static const char *const names[PATH_NAMES] = {
#define PATH_NAME(name, sentence) [PATH_NAME_##name] = #name,
#include "lib/path_names.def"
#undef PATH_NAME
};

static int
value(const void *arg, enum path_name name, const char *metadata,
    struct buf *out)
{
	char *const *pair = arg;
	char wanted[256];
	size_t length;

	(void)snprintf(wanted, sizeof(wanted), "%s%s=",
	    metadata != NULL ? "metadata." : names[name],
	    metadata != NULL ? metadata : "");
	length = strlen(wanted);
	for (; *pair != NULL; pair++)
		if (strncmp(*pair, wanted, length) == 0) {
			buf_str(out, *pair + length);
			return 0;
		}
	return -1;
}

int
main(int argc, char **argv)
{
	struct buf out = { 0 };
	const char *wrong;
	struct why why;

	if (argc < 2)
		return 64;
	wrong = path_template_check(argv[1]);
	if (wrong != NULL)
		printf("it %s\n", wrong);
	else if (path_template_expand(argv[1], value, argv + 2, &out,
	    &why) == -1)
		printf("%s %s: %s\n", error_name(why.code), why.path,
		    why.text);
	else
		printf("[%s]\n", out.data);
	buf_free(&out);
	return 0;
}
