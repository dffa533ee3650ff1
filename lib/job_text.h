/*
 * job_text - the forms that a job's strings may have
 */
#ifndef LIB_JOB_TEXT_H
#define LIB_JOB_TEXT_H

#include "lib/json.h"
#include "lib/why.h"

enum text_rule {
	TEXT_word,		/* 1 to 256 characters, none a control */
	TEXT_file,		/* one part of a path */
	TEXT_media,		/* RFC 9110's media-type, in ASCII */
	TEXT_trace,		/* W3C Trace Context's traceparent */
	TEXT_destination,	/* a destination's id */
	TEXT_RULES
};

/*
 * Copies the string into *into_r, which the caller frees.  Returns 0, or -1
 * with *why saying what is allowed.
 */
int	 job_text(const struct json *, const char *path, enum text_rule,
	    char **into_r, struct why *);

#endif
