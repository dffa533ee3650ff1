/*
 * lines - a text's lines, as a list
 *
 * They may be headers with credentials in them, so they are wiped.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/lines.h"
#include "lib/xalloc.h"

char **
lines_split(const char *text, size_t *count_r)
{
	size_t count = 0, i = 0;
	char **lines;

	for (const char *p = text; *p != '\0'; p++)
		count += *p == '\n';
	lines = xcalloc(count + 1, sizeof(*lines));
	while (i < count) {
		size_t length = strcspn(text, "\n");

		lines[i++] = xstrndup(text, length);
		text += length + 1;
	}
	*count_r = count;
	return lines;
}

void
lines_free(char **lines, size_t count)
{
	if (lines == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		explicit_bzero(lines[i], strlen(lines[i]));
		free(lines[i]);
	}
	free(lines);
}
