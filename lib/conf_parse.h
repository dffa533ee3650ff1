/*
 * conf_parse - the file, as libconfuse reads it
 */
#ifndef LIB_CONF_PARSE_H
#define LIB_CONF_PARSE_H

#include "lib/conf.h"
#include "lib/why.h"

/* Fills in what the file sets.  0, or -1 with *why. */
int	 conf_parse(struct conf *, const char *file, struct why *);

/*
 * Appends the file's text, its comments blanked: libconfuse counts lines wrong
 * after one.  0, or -1 with *why.
 */
int	 conf_text(const char *file, struct buf *out, struct why *);

/* Fills in what the environment sets.  0, or -1 with *why. */
int	 conf_environment(struct conf *, struct why *);

/* A titled section of that title, made with its defaults if it is new. */
struct conf_organization	*conf_add_organization(struct conf *,
				    const char *id);
struct conf_transport	*conf_add_transport(struct conf *, const char *name);

#endif
