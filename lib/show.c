/*
 * show - output for people: escaped, aligned, relative, coloured
 *
 * Cells are escaped when they are added, so their width is that of what is
 * printed: one column a code point, which is right for all but double-width
 * scripts.  Colour is kept beside the text and does not count.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/show.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"

#define SHOW_ROWS 4096		/* rows kept before they are printed */
#define SHOW_COLUMNS 16
#define SHOW_PROGRESS_AFTER 1000	/* ms */
#define SHOW_PROGRESS_EVERY 250

struct show_cell {
	char		 *text;		/* own */
	size_t		  width;
	enum show_colour  colour;
};

struct show_table {
	FILE			 *out;
	const struct show_column *columns;	/* borrowed */
	size_t			  column_count;
	size_t			  widths[SHOW_COLUMNS];
	struct show_cell	 *cells;	/* own */
	size_t			  cell_count;
	bool			  headed;
	bool			  coloured;
};

static const char *const show_codes[] = {
	[SHOW_PLAIN] = "", [SHOW_BOLD] = "\033[1m", [SHOW_RED] = "\033[31m",
	[SHOW_GREEN] = "\033[32m", [SHOW_YELLOW] = "\033[33m",
};

/* Controls, separators, and what Unicode's Bidi_Control names. */
static bool
point_hidden(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x061c, 0x061c }, { 0x200e, 0x200f },
		{ 0x2028, 0x202e }, { 0x2066, 0x2069 },
	};
	size_t i;

	if (utf8_is_control(point))
		return true;
	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (point >= hidden[i].first && point <= hidden[i].last)
			return true;
	return false;
}

static void
escape_point(struct buf *out, uint32_t point)
{
	static const char letters[] = "abtnvfr";	/* BEL to CR */

	if (point >= 0x07 && point <= 0x0d)
		buf_printf(out, "\\%c", letters[point - 0x07]);
	else if (point < 0x80)
		buf_printf(out, "\\x%02x", point);
	else
		buf_printf(out, "\\u%04x", point);
}

void
show_escape_bytes(struct buf *out, const char *text, size_t left, bool lines)
{
	uint32_t point;
	int length;

	for (; left > 0; text += length, left -= (size_t)length) {
		length = utf8_next(text, left, &point);
		if (length <= 0) {
			buf_printf(out, "\\x%02x", (unsigned char)*text);
			length = 1;
		} else if (lines && (point == '\n' || point == '\t'))
			buf_char(out, (char)point);
		else if (point_hidden(point))
			escape_point(out, point);
		else
			buf_add(out, text, (size_t)length);
	}
}

void
show_escape(struct buf *out, const char *text)
{
	show_escape_bytes(out, text, strlen(text), false);
}

void
show_text(FILE *out, const char *text)
{
	struct buf escaped = { .max = 0 };

	show_escape(&escaped, text);
	if (escaped.len > 0)
		(void)fwrite(escaped.data, 1, escaped.len, out);
	buf_free(&escaped);
}

void
show_relative(int64_t wall_ms, int64_t now, char out[40])
{
	int64_t distance = wall_ms - now;
	char age[32];

	if (distance > -1000 && distance < 1000) {
		(void)snprintf(out, 40, "now");
		return;
	}
	clock_format_age(distance < 0 ? -distance : distance, age);
	(void)snprintf(out, 40, distance > 0 ? "in %s" : "%s ago", age);
}

void
show_size(int64_t bytes, char out[24])
{
	static const char units[] = "kMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		(void)snprintf(out, 24, "%lld", (long long)bytes);
		return;
	}
	value /= 1024;
	while (value >= 999.5) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(out, 24, value < 9.95 ? "%.1f%c" : "%.0f%c", value,
	    units[unit]);
}

bool
show_coloured(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) != 0 && (no == NULL || *no == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

static size_t
text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			width++;
	return width;
}

struct show_table *
show_table_new(FILE *out, const struct show_column *columns)
{
	struct show_table *table = xcalloc(1, sizeof(*table));
	size_t i;

	table->out = out;
	table->columns = columns;
	table->coloured = show_coloured(out);
	for (i = 0; i < SHOW_COLUMNS && columns[i].title != NULL; i++)
		table->widths[i] = text_width(columns[i].title);
	table->column_count = i;
	table->cells = xcalloc(SHOW_ROWS * i, sizeof(*table->cells));
	return table;
}

/* The last column is not padded: no trailing spaces. */
static void
cell_print(const struct show_table *table, size_t column,
    const struct show_cell *cell)
{
	bool last = column + 1 == table->column_count;
	bool right = table->columns[column].right;
	int padding = (int)(table->widths[column] - cell->width);
	const char *code = table->coloured ? show_codes[cell->colour] : "";

	(void)fprintf(table->out, "%*s%s%s%s%*s%s",
	    right ? padding : 0, "", code, cell->text,
	    *code == '\0' ? "" : "\033[0m",
	    right || last ? 0 : padding, "", last ? "\n" : "  ");
}

static void
header_print(struct show_table *table)
{
	struct buf title = { .max = 0 };
	size_t i;

	for (i = 0; i < table->column_count; i++) {
		buf_clear(&title);
		buf_str(&title, table->columns[i].title);
		cell_print(table, i, &(struct show_cell) { title.data,
			text_width(title.data), SHOW_BOLD });
	}
	table->headed = true;
	buf_free(&title);
}

static void
rows_print(struct show_table *table)
{
	size_t i;

	if (table->cell_count > 0 && !table->headed)
		header_print(table);
	for (i = 0; i < table->cell_count; i++) {
		cell_print(table, i % table->column_count, &table->cells[i]);
		free(table->cells[i].text);
	}
	table->cell_count = 0;
}

void
show_cell(struct show_table *table, enum show_colour colour, const char *text)
{
	struct show_cell *cell = &table->cells[table->cell_count];
	size_t column = table->cell_count % table->column_count;
	struct buf escaped = { .max = 0 };

	show_escape(&escaped, text);
	cell->text = xstrndup(escaped.data == NULL ? "" : escaped.data,
	    escaped.len);
	buf_free(&escaped);
	cell->width = text_width(cell->text);
	cell->colour = colour;
	if (cell->width > table->widths[column])
		table->widths[column] = cell->width;
	table->cell_count++;
	if (table->cell_count == SHOW_ROWS * table->column_count)
		rows_print(table);
}

void
show_cell_number(struct show_table *table, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	show_cell(table, SHOW_PLAIN, text);
}

void
show_table_close(struct show_table **table)
{
	if (*table == NULL)
		return;
	rows_print(*table);
	free((*table)->cells);
	free(*table);
	*table = NULL;
}

void
show_progress(struct show_progress *progress, const char *what, int64_t n)
{
	int64_t now;

	if (isatty(STDERR_FILENO) == 0)
		return;
	now = clock_monotonic();
	if (progress->started == 0)
		progress->started = now;
	if (now - progress->started < SHOW_PROGRESS_AFTER ||
	    now - progress->shown < SHOW_PROGRESS_EVERY)
		return;
	progress->shown = now;
	(void)fprintf(stderr, "\r%s: %lld\033[K", what, (long long)n);
	(void)fflush(stderr);
}

void
show_progress_end(struct show_progress *progress)
{
	if (progress->shown != 0)
		(void)fprintf(stderr, "\r\033[K");
	*progress = (struct show_progress) { .started = 0 };
}
