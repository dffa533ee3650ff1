/*
 * conf_parse - the file, as libconfuse reads it
 */
#ifndef LIB_CONF_PARSE_H
#define LIB_CONF_PARSE_H

#include "lib/conf.h"
#include "lib/why.h"

/* Fills in what the file's text sets.  0, or -1 with *why. */
int	 conf_parse(struct conf *, const struct buf *text, struct why *);

/* Reads the file's text, as it is.  0, or -1 with *why (CONFIG_ERROR). */
int	 conf_text_read(const char *file, struct buf *out, struct why *);

/*
 * Overwrites the comments, so that every offset stays.  With spaces, for
 * libconfuse, which counts lines wrong after one: then the line feeds within
 * them stay as well.
 */
void	 conf_text_blank(char *text, char with);

/* Fills in what the environment sets.  0, or -1 with *why. */
int	 conf_environment(struct conf *, struct why *);

/* Makes relative paths absolute: seen from the file's directory. */
void	 conf_resolve(struct conf *);

/* What download's settings say only together.  0, or -1 with *why. */
int	 conf_check_listen(const struct conf *, struct why *);

/* A titled section of that title, made with its defaults if it is new. */
struct conf_organization	*conf_add_organization(struct conf *,
				    const char *id);
struct conf_transport	*conf_add_transport(struct conf *, const char *name);
struct conf_pipe	*conf_add_pipe(struct conf *, const char *name);

#endif
