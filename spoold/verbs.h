/*
 * verbs - what handles each verb of lib/verbs.def
 *
 * A handler answers, fails, or keeps the request and does so later.  Who asks
 * may, in the request's organization, and the fields are as the table says,
 * but what they name may not exist.
 */
#ifndef SPOOLD_VERBS_H
#define SPOOLD_VERBS_H

struct request;

#define VERB(identifier, topic, name, roles, sentence) \
	void	 verb_##identifier(struct request *);
#define FIELD(verb, name, form, needed, roles, sentence)
#include "lib/verbs.def"
#undef FIELD
#undef VERB

#endif
