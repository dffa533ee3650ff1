/*
 * account - users and groups of the system, by name
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "lib/account.h"
#include "lib/xalloc.h"

#define TEXT_FIRST 1024
#define TEXT_MAX (16 * 1024 * 1024)	/* a group may have many members */

int
account_user(const char *name, struct account *account, struct why *why)
{
	struct passwd entry, *found = NULL;
	size_t size = TEXT_FIRST;
	char *text = xmalloc(size);
	int number;

	while ((number = getpwnam_r(name, &entry, text, size, &found)) ==
	    ERANGE && size < TEXT_MAX)
		text = xreallocarray(text, 1, size *= 2);
	if (found != NULL)
		*account = (struct account) { entry.pw_uid, entry.pw_gid };
	free(text);
	errno = number;
	/* Some modules say so of a name that there is none of. */
	if (found != NULL || number == 0 || number == ENOENT ||
	    number == ESRCH)
		return found != NULL;
	return why_errno(why, "look up the user %s", name);
}

int
account_group(const char *name, gid_t *gid, struct why *why)
{
	struct group entry, *found = NULL;
	size_t size = TEXT_FIRST;
	char *text = xmalloc(size);
	int number;

	while ((number = getgrnam_r(name, &entry, text, size, &found)) ==
	    ERANGE && size < TEXT_MAX)
		text = xreallocarray(text, 1, size *= 2);
	if (found != NULL)
		*gid = entry.gr_gid;
	free(text);
	errno = number;
	if (found != NULL || number == 0 || number == ENOENT ||
	    number == ESRCH)
		return found != NULL;
	return why_errno(why, "look up the group %s", name);
}
