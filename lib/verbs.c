/*
 * verbs - what can be asked over the control socket, from one table
 *
 * Unknown fields are an error: they may mean something to who sent them.
 */
#include <string.h>

#include "lib/verbs.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char	*name;
	unsigned	 roles;
} verbs[VERBS] = {
#define VERB(identifier, topic, name, roles, sentence) \
	[VERB_##identifier] = { name, roles },
#define FIELD(verb, name, form, needed, roles, sentence)
#include "lib/verbs.def"
#undef FIELD
#undef VERB
};

static const struct field {
	enum verb_id	 verb;
	const char	*name;
	enum verb_form	 form;
	bool		 needed;
	unsigned	 roles;		/* 0: those of the verb */
} fields[] = {
#define VERB(identifier, topic, name, roles, sentence)
#define FIELD(verb, name, form, needed, roles, sentence) \
	{ VERB_##verb, #name, VERB_FORM_##form, needed, roles },
#include "lib/verbs.def"
#undef FIELD
#undef VERB
};

static const struct {
	const char	*name;
	unsigned	 set;
} roles_table[ROLES] = {
#define ROLE(identifier, setting, also, sentence) \
	[ROLE_##identifier] = { #identifier, FOR_##identifier | (also) },
#include "lib/verbs.def"
#undef ROLE
};

static const struct {
	const char	*words;
	enum json_kind	 kind, items;
	size_t		 max;		/* bytes of a text; 0: any */
} forms[VERB_FORMS] = {
#define FORM(identifier, kind, items, max, words) \
	[VERB_FORM_##identifier] = { words, JSON_##kind, JSON_##items, max },
#include "lib/verbs.def"
#undef FORM
};

const char *
verb_name(enum verb_id verb)
{
	return verbs[verb].name;
}

unsigned
verb_roles(enum verb_id verb)
{
	return verbs[verb].roles;
}

enum verb_id
verb_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return (enum verb_id)i;
	return VERBS;
}

const char *
role_name(enum role role)
{
	return roles_table[role].name;
}

unsigned
role_set(enum role role)
{
	return roles_table[role].set;
}

static bool
form_fits(enum verb_form form, const struct json *value)
{
	const struct json *item;

	if (!json_is(value, forms[form].kind))
		return false;
	if (forms[form].kind == JSON_NUMBER)
		return json_is_integer(value, 0, INT64_MAX);
	if (forms[form].kind == JSON_STRING)
		return forms[form].max == 0 ||
		    strlen(json_string(value, "")) <= forms[form].max;
	if (forms[form].kind == JSON_ARRAY)
		for (item = json_first(value); item != NULL;
		    item = json_next(item))
			if (!json_is(item, forms[form].items))
				return false;
	return true;
}

static const struct field *
field_find(enum verb_id verb, const char *name)
{
	for (size_t i = 0; i < LENGTH(fields); i++)
		if (fields[i].verb == verb && strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

/* What every request has beside the fields of its verb. */
static bool
is_common(const char *name)
{
	return strcmp(name, "id") == 0 || strcmp(name, "verb") == 0 ||
	    strcmp(name, "organizationId") == 0;
}

int
verb_check(enum verb_id verb, const struct json *request, struct why *why)
{
	const struct json *value = json_first(request);
	const struct field *field;
	const char *name;

	for (; value != NULL; value = json_next(value)) {
		name = json_name(value);
		if (is_common(name))
			continue;
		field = field_find(verb, name);
		if (field == NULL)
			return why_field(why, name, "%s is no field of %s",
			    name, verb_name(verb));
		if (!form_fits(field->form, value))
			return why_field(why, name, "%s must be %s", name,
			    forms[field->form].words);
	}
	for (field = fields; field < fields + LENGTH(fields); field++)
		if (field->verb == verb && field->needed &&
		    json_get(request, field->name) == NULL)
			return why_field(why, field->name,
			    "%s is missing: %s needs it", field->name,
			    verb_name(verb));
	return 0;
}

const char *
verb_field_denied(enum verb_id verb, const struct json *request,
    unsigned roles)
{
	for (size_t i = 0; i < LENGTH(fields); i++)
		if (fields[i].verb == verb && fields[i].roles != 0 &&
		    (fields[i].roles & roles) == 0 &&
		    json_get(request, fields[i].name) != NULL)
			return fields[i].name;
	return NULL;
}
