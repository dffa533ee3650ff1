/*
 * destination_warn_template - names in templates that a job may not have
 *
 * A name that is none of spoold's own can only be one of a job's metadata, and
 * nobody knows these yet.  Where it is in neither it is empty, which is worth a
 * word while the template is being written.
 */
#include <string.h>

#include "lib/destination_field.h"
#include "lib/destination_warn.h"
#include "lib/mustache.h"

static const char *const known[] = {
#define TEMPLATE_NAME(name, sentence) #name,
#include "lib/template_names.def"
#undef TEMPLATE_NAME
};

/* And what a template of a request knows besides. */
static const char *const known_in_requests[] = {
#define TEMPLATE_NAME(name, sentence)
#define REQUEST_NAME(name, sentence) #name,
#include "lib/template_names.def"
#undef TEMPLATE_NAME
};

struct place {
	struct warnings	*warnings;	/* borrowed */
	const struct destination_field *field;
};

static bool
is_request(const struct destination_field *field)
{
	return strcmp(field->form, "request") == 0;
}

/* Whether it is one of these names, or what is in it. */
static bool
is_among(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(name, names[i], length) == 0 &&
		    (name[length] == '\0' || name[length] == '.'))
			return true;
	}
	return false;
}

static bool
is_known(const struct destination_field *field, const char *name)
{
	return strcmp(name, ".") == 0 ||
	    is_among(known, sizeof(known) / sizeof(*known), name) ||
	    (is_request(field) && is_among(known_in_requests,
	    sizeof(known_in_requests) / sizeof(*known_in_requests), name));
}

static void
warn(void *arg, const char *name, bool within)
{
	const struct place *place = arg;

	/* A section's members have names of their own. */
	if (!within && !is_known(place->field, name))
		warn_field(place->warnings, place->field->path,
		    "{{%s}} is empty unless a job's metadata has it", name);
}

static bool
is_template(const struct destination_field *field)
{
	return strcmp(field->form, "template") == 0 ||
	    strcmp(field->form, "line") == 0 || is_request(field);
}

void
destination_warn_templates(struct warnings *warnings)
{
	struct place place = { warnings, NULL };
	const struct destination_field *field;
	struct why why;
	size_t at = 0;

	while ((field = destination_field_next(warnings->transport,
	    &at)) != NULL) {
		struct buf text = { 0 };

		if (!is_template(field))
			continue;
		place.field = field;
		destination_request_text(destination_value(warnings->config,
		    field->path), &text);
		(void)mustache_check(text.data, warn, &place, &why);
		buf_free(&text);
	}
}
