/*
 * conf_edit - changes a setting in the text of spoold.conf
 *
 * All else stays as it is, comments included.
 */
#ifndef LIB_CONF_EDIT_H
#define LIB_CONF_EDIT_H

#include "lib/buf.h"
#include "lib/conf_table.h"
#include "lib/why.h"

/*
 * Changes `text` so that the setting of that title (NULL: it has none) is
 * `value`, items by commas.  Where it stands already it is changed, else it is
 * added to its section, which is made if it is not there; an organization must
 * be.  Returns 0, or -1 with *why (CONFIG_ERROR): the value is not allowed, or
 * the text is none that can be changed.
 *
 * Whoever writes the text to a file reads it with conf_read_text() first.
 */
int	 conf_edit(struct buf *text, const struct setting *,
	    const char *title, const char *value, struct why *);

#endif
