/*
 * show - output for people: escaped, aligned, relative, coloured
 *
 * What comes from outside (names, reasons, what a remote said) is never
 * printed as it is: control characters would move the cursor, direction
 * characters would make a name read as another one.
 */
#ifndef LIB_SHOW_H
#define LIB_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/buf.h"
#include "lib/json.h"

/*
 * Appends the text with C0 and C1 control characters, line and paragraph
 * separators and characters that change the direction as `\n`, `\x1b`,
 * `\u202e`, and bytes that are no UTF-8 as `\xff`.
 */
void	 show_escape(struct buf *, const char *);

/*
 * The same for bytes that may have NULs; line feeds and tabs stay as they are
 * if `lines` is set.
 */
void	 show_escape_bytes(struct buf *, const char *, size_t, bool lines);

/* The same as show_escape() to a stream. */
void	 show_text(FILE *, const char *);

/* `in 4m`, `4m ago`, `now`: a wall time seen from `now`. */
void	 show_relative(int64_t wall_ms, int64_t now, char out[40]);

/* `412`, `1.2k`, `10M`: bytes in at most five characters. */
void	 show_size(int64_t bytes, char out[24]);

/* JSON with a line for each member, escaped. */
void	 show_json(FILE *, const struct json *);

enum show_colour { SHOW_PLAIN, SHOW_BOLD, SHOW_RED, SHOW_GREEN, SHOW_YELLOW };

/* True on a terminal, unless NO_COLOR is set or TERM is dumb. */
bool	 show_coloured(FILE *);

/*
 * A table: columns as wide as what stands in them, two spaces between, the
 * header first.  Rows are printed when the table is closed, or when there are
 * thousands of them: memory stays bounded, and the columns only grow.
 */
struct show_column {
	const char	*title;		/* NULL ends the list */
	bool		 right;		/* numbers */
};

struct show_table;			/* opaque */

struct show_table	*show_table_new(FILE *, const struct show_column *);

/* Adds the next cell, escaped; the last one of a row ends it. */
void	 show_cell(struct show_table *, enum show_colour, const char *);
void	 show_cell_number(struct show_table *, int64_t);

/* Prints what is left, and frees.  Without a row nothing was printed. */
void	 show_table_close(struct show_table **);

/*
 * A line on a terminal's stderr for what takes longer than a second:
 * `reading the queue: 120000`.  Zeroed to begin; show_progress_end() clears
 * it.
 */
struct show_progress {
	int64_t	 started;	/* monotonic ms */
	int64_t	 shown;
};
void	 show_progress(struct show_progress *, const char *what, int64_t n);
void	 show_progress_end(struct show_progress *);

#endif
