/*
 * offline_environment - what a spoold that is started to answer is told
 *
 * A private instance's owner is the one who asks, so it gets all that he has.
 * The system's instance is led nowhere by who asks, root included, and nobody's
 * by who runs a setuid program: of those it gets only what is about how words
 * are written, and how a sanitizer reports.
 */
#include <sys/auxv.h>

#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/xalloc.h"

#include "libspool/client.h"

static const char *const harmless[] = { "PATH=", "TZ=", "LANG=", "LC_",
	"ASAN_OPTIONS=", "LSAN_OPTIONS=", "UBSAN_OPTIONS=" };

static bool
is_harmless(const char *entry)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (strncmp(entry, harmless[i], strlen(harmless[i])) == 0)
			return true;
	return false;
}

char **
offline_environment(const struct conf *conf)
{
	bool whole = !instance_is_shared(conf) && getauxval(AT_SECURE) == 0;
	size_t count = 0, kept = 0;
	char **entries;

	while (environ != NULL && environ[count] != NULL)
		count++;
	entries = xcalloc(count + 1, sizeof(*entries));
	for (size_t i = 0; i < count; i++)
		if (whole || is_harmless(environ[i]))
			entries[kept++] = environ[i];
	return entries;
}
