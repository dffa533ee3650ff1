/*
 * conf_write - a setting's value as it stands in spoold.conf
 */
#ifndef LIB_CONF_WRITE_H
#define LIB_CONF_WRITE_H

#include "lib/buf.h"
#include "lib/conf_table.h"

/* Appends what `text` (items by commas) is there: in quotes, in braces. */
void	 setting_write(const struct setting *, const char *text, struct buf *);

/* Appends a string of libconfuse that reads as these bytes. */
void	 conf_quote(const char *text, size_t length, struct buf *);

#endif
