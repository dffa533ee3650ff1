/*
 * verbs - what can be asked over the control socket, from one table
 *
 * verbs.def holds every verb once: its name, the roles that may ask for it,
 * and the fields that it takes with their form.  spoold's dispatch and the
 * check of a request, spoold-control(7) and the tests are made from it.
 */
#ifndef LIB_VERBS_H
#define LIB_VERBS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/json.h"
#include "lib/why.h"

enum role {
#define ROLE(identifier, setting, also, sentence) ROLE_##identifier,
#include "lib/verbs.def"
#undef ROLE
	ROLES
};

/* Sets of roles. */
enum {
	FOR_owner = 0,		/* nobody but root and spoold's own user */
#define ROLE(identifier, setting, also, sentence) \
	FOR_##identifier = 1 << ROLE_##identifier,
#include "lib/verbs.def"
#undef ROLE
	FOR_anybody = (1 << ROLES) - 1
};

enum verb_id {
#define VERB(identifier, topic, name, roles, sentence) VERB_##identifier,
#define FIELD(verb, name, form, needed, roles, sentence)
#include "lib/verbs.def"
#undef FIELD
#undef VERB
	VERBS
};

/* What a field's value is. */
enum verb_form {
#define FORM(identifier, kind, items, max, words) VERB_FORM_##identifier,
#include "lib/verbs.def"
#undef FORM
	VERB_FORMS
};

/* The verb of that name, or VERBS: there is none. */
enum verb_id	 verb_find(const char *name);

const char	*verb_name(enum verb_id);
unsigned	 verb_roles(enum verb_id);	/* a set, or FOR_owner */

/*
 * Whether a request's fields are the verb's, of its forms, and none missing
 * that is needed: 0, or -1 with *why (VALIDATION_ERROR, with the path).
 */
int	 verb_check(enum verb_id, const struct json *request, struct why *);

/*
 * The first field of the request that only others may give than who has these
 * roles, or NULL.
 */
const char	*verb_field_denied(enum verb_id, const struct json *request,
		    unsigned roles);

const char	*role_name(enum role);
/* The role, and those that its members have as well. */
unsigned	 role_set(enum role);

#endif
