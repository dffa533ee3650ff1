/*
 * conf_row - every setting there is in a configuration, with its name
 *
 * A row is a setting of the table at one place: plain, or of one organization
 * or transport.  Transports that the file does not name have rows, too: their
 * defaults are in force.
 */
#ifndef LIB_CONF_ROW_H
#define LIB_CONF_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/conf_table.h"
#include "lib/why.h"

struct conf_row {
	const struct setting *setting;
	const char	*title;		/* borrowed; NULL: it has none */
	const void	*base;		/* borrowed: where its field is */
	char		 name[SETTING_NAME_MAX];
};

struct conf_rows {
	struct conf_row	*items;		/* own; in the order of conf.def, */
	size_t		 count;		/* titles in that of the file */
};

/* All of them, as long as the configuration lives. */
void	 conf_rows(const struct conf *, struct conf_rows *);
void	 conf_rows_free(struct conf_rows *);

/* The row of that name, or NULL. */
const struct conf_row	*conf_rows_find(const struct conf_rows *,
			    const char *name);

/* Appends its value, or its default, as setting_print() does. */
void	 conf_row_value(const struct conf_row *, struct buf *);
void	 conf_row_default(const struct conf_row *, struct buf *);

/* Where its value comes from: `default`, `file`, `environment`, `override`. */
const char	*conf_row_source(const struct conf *, const struct conf_row *);

/*
 * Sets a value for as long as this configuration lives, whatever file and
 * environment say.  0, or -1 with *why (CONFIG_ERROR).  Rows are to be made
 * anew after it.
 */
int	 conf_override(struct conf *, const struct conf_row *,
	    const char *value, struct why *);

#endif
