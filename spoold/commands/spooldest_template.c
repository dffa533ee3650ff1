/*
 * spooldest_template - names in templates that a job may not have
 *
 * A name that is none of spoold's own can only be one of a job's metadata, and
 * nobody knows these yet.  Where it is in neither it is empty, which is worth a
 * word while the template is being written.
 */
#include <stdio.h>
#include <string.h>

#include "lib/destination_field.h"
#include "lib/mustache.h"

#include "spoold/commands/spooldest.h"

static const char *const known[] = {
#define TEMPLATE_NAME(name, sentence) #name,
#include "lib/template_names.def"
#undef TEMPLATE_NAME
};

struct place {
	const char	*type, *field;
};

/* Whether it is a known name, or one of its parts. */
static bool
is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t length = strlen(known[i]);

		if (strncmp(name, known[i], length) == 0 &&
		    (name[length] == '\0' || name[length] == '.'))
			return true;
	}
	return strcmp(name, ".") == 0;
}

static void
warn(void *arg, const char *name, bool within)
{
	const struct place *place = arg;

	/* A section's members have names of their own. */
	if (!within && !is_known(name))
		(void)fprintf(stderr, "spooldest: warning: config.%s.%s: "
		    "{{%s}} is empty unless a job's metadata has it\n",
		    place->type, place->field, name);
}

static bool
is_template(const struct destination_field *field)
{
	return strcmp(field->form, "template") == 0 ||
	    strcmp(field->form, "line") == 0;
}

void
templates_warn(const struct json *document)
{
	struct place place = { json_string(json_get(document, "type"), ""),
	    NULL };
	const struct json *config = json_get(json_get(document, "config"),
	    place.type);
	int transport = transport_by_name(place.type);
	const struct destination_field *field;
	struct why why;
	size_t at = 0;

	while (transport != -1 && (field = destination_field_next(
	    (enum transport)transport, &at)) != NULL) {
		const char *text = json_string(destination_value(config,
		    field->path), NULL);

		place.field = field->path;
		if (text != NULL && is_template(field))
			(void)mustache_check(text, warn, &place, &why);
	}
}
