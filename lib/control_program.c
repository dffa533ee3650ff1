/*
 * control_program - where spoold's other programs are
 *
 * Found from where this one runs, never from a compiled-in path: a copy of
 * $(PREFIX), and the build tree, work as they stand.  This program is in bin/,
 * sbin/ or libexec/spoold/, so the top is one or two levels up.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/control.h"

#define WORKERS "libexec/spoold"

/* Cuts the last part of a path.  False if there is none. */
static bool
path_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

int
control_program(const char *name, char *out, size_t size, struct why *why)
{
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *place = "bin", *base = strrchr(name, '/');
	int written;

	if (length == -1)
		return why_errno(why, "read /proc/self/exe");
	self[length] = '\0';
	if (!path_up(self))
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "%s is no path of a program", self);
	length = (ssize_t)strlen(self) - (ssize_t)strlen(WORKERS);
	if (length > 0 && strcmp(self + length, WORKERS) == 0)
		(void)path_up(self);
	(void)path_up(self);
	if (base != NULL)
		place = WORKERS;
	else if (strcmp(name, "spoold") == 0)
		place = "sbin";
	written = snprintf(out, size, "%s/%s/%s", self, place,
	    base == NULL ? name : base + 1);
	if (written < 0 || (size_t)written >= size)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "the path of %s is too long", name);
	return 0;
}
