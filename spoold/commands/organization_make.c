/*
 * organization_make - what an organization has on disk beside its section
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf_edit.h"
#include "lib/instance.h"
#include "lib/xalloc.h"
#include "spool-layout/directory.h"

#include "spoold/commands/account_make.h"
#include "spoold/commands/organization_make.h"

#define GROUP_MAX 32		/* bytes of a name that groupadd(8) takes */

/* --- its section ---------------------------------------------------------- */

static const struct {
	const char	*setting;
	size_t		 wanted, set;	/* where each stands */
} roles[] = {
#define ROLE(name) { #name, offsetof(struct role_groups, name), \
	    offsetof(struct conf_organization, name) }
	ROLE(submitters), ROLE(viewers), ROLE(operators),
	ROLE(administrators), ROLE(auditors),
#undef ROLE
};

#define ROLES (sizeof(roles) / sizeof(*roles))

static const char *
text_at(const void *base, size_t offset)
{
	return *(const char *const *)(const void *)((const char *)base +
	    offset);
}

int
organization_add_section(struct buf *text, const char *org, bool shared,
    const struct role_groups *groups, struct why *why)
{
	char submitters[128];

	conf_section_add(text, SCOPE_organization, org);
	(void)snprintf(submitters, sizeof(submitters), "%s-submitters", org);
	for (size_t i = 0; i < ROLES; i++) {
		const char *group = text_at(groups, roles[i].wanted);

		if (group == NULL && i == 0 && shared)
			group = submitters;
		if (group != NULL && conf_edit(text,
		    conf_setting(SCOPE_organization, "organization",
		    roles[i].setting), org, group, why) == -1)
			return -1;
	}
	return 0;
}

/* --- its groups and directories ------------------------------------------- */

static int
make_groups(const struct conf_organization *org, struct why *why)
{
	for (size_t i = 0; i < ROLES; i++) {
		const char *group = text_at(org, roles[i].set);

		if (group[0] == '\0')
			continue;
		if (strlen(group) > GROUP_MAX)
			return why_set(why, ERROR_USAGE, "the group %s has "
			    "more than %d bytes: name another with --%s",
			    group, GROUP_MAX, roles[i].setting);
		if (account_make_group(group, why) == -1)
			return -1;
	}
	return 0;
}

/* <state_directory>/<org>/destinations, spoold's alone. */
static int
make_state(const struct conf *conf, const char *org,
    const struct layout_owners *owners, struct why *why)
{
	const struct directory directory = { .name = org, .mode = 0700,
		.shared = owners->shared, .owner = owners->user,
		.group = owners->own, .access = ACCESS_plain };
	int state, own, result = -1;

	state = open(conf->top_state_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state == -1)
		return why_open(why, conf->top_state_directory,
		    "spoolctl init makes it");
	if (directory_create(state, org, &directory, why) == 0 &&
	    (own = directory_open(state, org, why)) != -1) {
		result = directory_create(own, "destinations", &directory,
		    why);
		close(own);
	}
	close(state);
	return result;
}

static int
make_spool(const struct conf *conf, const char *org,
    const struct layout_owners *owners, struct why *why)
{
	int spool = open(conf->top_spool_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (spool == -1)
		return why_open(why, conf->top_spool_directory,
		    "spoolctl init makes it");
	result = layout_create(spool, org, owners, why);
	close(spool);
	return result;
}

int
organization_make(const struct conf *conf, const char *id, struct why *why)
{
	const struct conf_organization *org = conf_organization(conf, id);
	struct layout_owners owners;

	if (instance_is_shared(conf) && make_groups(org, why) == -1)
		return -1;
	if (instance_owners(conf, org, &owners, why) == -1 ||
	    make_state(conf, id, &owners, why) == -1)
		return -1;
	return make_spool(conf, id, &owners, why);
}

/* A path of the state if it is empty: as layout_remove(). */
static int
remove_state(const struct conf *conf, const char *org, const char *rest,
    struct why *why)
{
	char *path = xasprintf("%s/%s%s", conf->top_state_directory, org,
	    rest);
	int result = 1;

	if (rmdir(path) == -1 && errno != ENOENT) {
		result = errno == ENOTEMPTY ? 0 : -1;
		(void)why_errno(why, "remove %s", path);
	}
	free(path);
	return result;
}

int
organization_unmake(const struct conf *conf, const char *org,
    struct why *why)
{
	int spool = open(conf->top_spool_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (spool == -1)
		return why_errno(why, "open %s", conf->top_spool_directory);
	result = layout_remove(spool, org, why);
	close(spool);
	if (result == 1)
		result = remove_state(conf, org, "/destinations", why);
	return result != 1 ? result : remove_state(conf, org, "", why);
}
