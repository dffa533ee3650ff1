/*
 * owner - the users of dropped files, by uid and by name
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "lib/account.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

#include "spoold/owner.h"

#define KEPT 10000		/* ms */

static void
owner_keep(struct owner *last, uint32_t uid, char *name)
{
	free(last->name);
	last->uid = uid;
	last->name = name;
	last->looked_up = clock_monotonic();
}

static bool
owner_is_kept(const struct owner *last)
{
	return last->name != NULL &&
	    clock_monotonic() - last->looked_up < KEPT;
}

char *
owner_name(struct owner *last, uint32_t uid)
{
	struct passwd entry, *found = NULL;
	char text[4096];

	if (owner_is_kept(last) && last->uid == uid)
		return xstrdup(last->name);
	if (getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 &&
	    found != NULL)
		owner_keep(last, uid, xstrdup(found->pw_name));
	else
		owner_keep(last, uid, xasprintf("%u", uid));
	return xstrdup(last->name);
}

bool
owner_uid(struct owner *last, const char *name, uid_t *uid)
{
	struct account account;
	struct why why;
	char *end;

	if (!owner_is_kept(last) || strcmp(last->name, name) != 0) {
		if (account_user(name, &account, &why) == 1)
			owner_keep(last, account.uid, xstrdup(name));
		else if (*name >= '0' && *name <= '9')
			owner_keep(last, (uint32_t)strtoul(name, &end, 10),
			    xstrdup(name));
		else
			return false;
	}
	*uid = last->uid;
	return true;
}
