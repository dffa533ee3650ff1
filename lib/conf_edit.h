/*
 * conf_edit - changes the text of spoold.conf
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

/*
 * Adds an empty section of that scope and title at the end.  Whether there is
 * one already the caller knows.
 */
void	 conf_section_add(struct buf *text, enum setting_scope,
	    const char *title);

/*
 * Takes all sections of that scope and title away, with the comments in them;
 * those around them stay.  Returns 1, 0 if there is none, -1 with *why
 * (CONFIG_ERROR): the text is none that can be changed.
 */
int	 conf_section_remove(struct buf *text, enum setting_scope,
	    const char *title, struct why *);

#endif
