/*
 * destination_warn - what may be wrong about a destination, and may be meant
 *
 * Only for the destination_warn*.c.
 */
#ifndef LIB_DESTINATION_WARN_H
#define LIB_DESTINATION_WARN_H

#include "lib/destination_field.h"

struct warnings {
	const struct json *config;	/* borrowed; in clear */
	enum transport	 transport;
	struct buf	*out;		/* borrowed */
};

/* Adds one: its path, and a sentence. */
void	 warn_field(struct warnings *, const char *field, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* Names in templates that are empty unless a job has them. */
void	 destination_warn_templates(struct warnings *);

#endif
