/*
 * buf - a byte string that grows, up to a limit
 *
 * A zeroed struct buf is an empty one without a limit.  Growing beyond `max`
 * sets `overflow` and drops what was to be added; whoever finishes a message
 * checks that flag once instead of every call.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char	*data;		/* own; always ends in a NUL not counted */
	size_t	 len;		/* bytes */
	size_t	 cap;
	size_t	 max;		/* 0: no limit */
	bool	 overflow;
};

void	 buf_add(struct buf *, const void *, size_t);
void	 buf_str(struct buf *, const char *);
void	 buf_char(struct buf *, char);
void	 buf_integer(struct buf *, int64_t);	/* in decimal */
void	 buf_printf(struct buf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
void	 buf_vprintf(struct buf *, const char *, va_list)
	    __attribute__((format(printf, 2, 0)));

/* Removes the first n bytes. */
void	 buf_consume(struct buf *, size_t);

/* Empties; keeps the memory. */
void	 buf_clear(struct buf *);

/* Frees, and makes it an empty one again; wipe overwrites the bytes first. */
void	 buf_free(struct buf *);
void	 buf_wipe(struct buf *);

#endif
