/*
 * roles - who is at the other end of the control socket, and what he may
 *
 * Root and the user that spoold runs as own the instance, but no worker does:
 * in a private instance workers have his uid, and they speak to strangers.
 */
#include <sys/socket.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/organization.h"
#include "spoold/roles.h"
#include "spoold/spoold.h"
#include "spoold/worker.h"

#define NOBODY ((gid_t)-1)	/* no group has it */
#define ENTRY_MAX (1024 * 1024)	/* bytes of a group with its members */

/* Where an organization's settings name the group of each role. */
static const size_t settings[ROLES] = {
#define ROLE(identifier, setting, also, sentence) \
	[ROLE_##identifier] = offsetof(struct conf_organization, setting),
#include "lib/verbs.def"
#undef ROLE
};

static const char *
role_group(const struct conf_organization *conf, enum role role)
{
	return *(char *const *)((const char *)conf + settings[role]);
}

/* The group of that name; a warning and NOBODY if there is none. */
static gid_t
group_find(const char *organization, const char *name)
{
	struct group entry, *found = NULL;
	size_t size = 4096;
	char *text = NULL;
	int failed;

	do {
		size *= 4;
		text = xreallocarray(text, 1, size);
		failed = getgrnam_r(name, &entry, text, size, &found);
	} while (failed == ERANGE && size < ENTRY_MAX);
	if (found == NULL)
		log_warning("%s: there is no group %s%s%s: nobody has its "
		    "role", organization, name, failed == 0 ? "" : ": ",
		    failed == 0 ? "" : strerror(failed));
	free(text);
	return found == NULL ? NOBODY : entry.gr_gid;
}

void
roles_resolve(struct spoold *s)
{
	const struct conf_organization *conf;
	struct organization *org;
	const char *name;

	TAILQ_FOREACH(org, &s->organizations, entry) {
		conf = organization_conf(s, org);
		for (int i = 0; i < ROLES; i++) {
			name = conf == NULL ? "" : role_group(conf,
			    (enum role)i);
			org->roles.groups[i] = name[0] == '\0' ? NOBODY :
			    group_find(org->id, name);
		}
	}
}

bool
roles_are_given(const struct spoold *s)
{
	const struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry)
		for (int i = 0; i < ROLES; i++)
			if (org->roles.groups[i] != NOBODY)
				return true;
	return false;
}

static char *
user_name(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char text[4096];

	if (getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 &&
	    found != NULL)
		return xstrdup(found->pw_name);
	return xasprintf("%u", (unsigned)uid);
}

/* The supplementary groups, after the primary one. */
static int
peer_groups(int fd, gid_t primary, struct peer *peer, struct why *why)
{
	socklen_t length = 0;

	peer->groups = xcalloc(1, sizeof(gid_t));
	peer->groups[0] = primary;
	peer->group_count = 1;
	/* The first call says how much room they need. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) == 0 ||
	    length == 0)
		return 0;
	if (errno != ERANGE)
		return why_errno(why, "SO_PEERGROUPS");
	peer->groups = xreallocarray(peer->groups,
	    1 + length / sizeof(gid_t), sizeof(gid_t));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups + 1,
	    &length) == -1)
		return why_errno(why, "SO_PEERGROUPS");
	peer->group_count += length / sizeof(gid_t);
	return 0;
}

int
peer_read(const struct spoold *s, int fd, struct peer *peer, struct why *why)
{
	socklen_t length = sizeof(struct ucred);
	struct ucred found;

	memset(peer, 0, sizeof(*peer));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &length) == -1)
		return why_errno(why, "SO_PEERCRED");
	if (peer_groups(fd, found.gid, peer, why) == -1) {
		peer_free(peer);
		return -1;
	}
	peer->pid = found.pid;
	peer->uid = found.uid;
	peer->owner = (found.uid == 0 || found.uid == geteuid()) &&
	    !worker_is(s, found.pid);
	peer->name = user_name(found.uid);
	return 0;
}

void
peer_free(struct peer *peer)
{
	free(peer->groups);
	free(peer->name);
	memset(peer, 0, sizeof(*peer));
}

static bool
is_member(const struct peer *peer, gid_t group)
{
	for (size_t i = 0; i < peer->group_count && group != NOBODY; i++)
		if (peer->groups[i] == group)
			return true;
	return false;
}

unsigned
peer_roles(const struct peer *peer, const struct organization *org)
{
	unsigned set = 0;

	for (int i = 0; i < ROLES; i++)
		if (is_member(peer, org->roles.groups[i]))
			set |= role_set((enum role)i);
	return set;
}
