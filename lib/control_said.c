/*
 * control_said - why a spoold that a command started has ended
 */
#include <string.h>
#include <unistd.h>

#include "lib/control.h"

int
control_said(int said, struct why *why)
{
	char text[4096], *line, *colon, *end;
	ssize_t length = pread(said, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	line = strstr(text, "spoold: ");
	if (line == NULL)
		return -1;
	line += strlen("spoold: ");
	if ((end = strchr(line, '\n')) != NULL)
		*end = '\0';
	colon = strstr(line, ": ");
	if (colon == NULL)
		return -1;
	*colon = '\0';
	return error_by_name(line) == ERROR_NONE ? -1
	    : why_set(why, error_by_name(line), "%s", colon + 2);
}
