/*
 * instance - whose an instance is
 */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/xalloc.h"

struct conf *
instance_conf(const char *file, struct why *why)
{
	return conf_read_asked(file, why);
}

bool
instance_is_shared(const struct conf *conf)
{
	return conf->top_user[0] != '\0';
}

int
instance_user(const struct conf *conf, struct account *account,
    struct why *why)
{
	int found = account_user(conf->top_user, account, why);

	if (found == 1 && account->uid == 0)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: user: %s is "
		    "root, and spoold is to run as somebody else",
		    conf->file, conf->top_user);
	if (found == 0)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: there is no user "
		    "%s: spoolctl init makes it", conf->file, conf->top_user);
	return found == 1 ? 0 : -1;
}

int
instance_owner(const struct conf *conf, uid_t *uid, struct why *why)
{
	struct account account = { .uid = geteuid() };

	if (instance_is_shared(conf) &&
	    instance_user(conf, &account, why) == -1)
		return -1;
	*uid = account.uid;
	return 0;
}

int
instance_owners(const struct conf *conf, const struct conf_organization *org,
    struct layout_owners *owners, struct why *why)
{
	struct account account;
	int found;

	*owners = (struct layout_owners) { .shared = false };
	if (!instance_is_shared(conf))
		return 0;
	if (instance_user(conf, &account, why) == -1)
		return -1;
	owners->shared = true;
	owners->user = account.uid;
	owners->own = account.gid;
	/* Nobody but root drops anything then. */
	owners->submitters = account.gid;
	if (org->submitters[0] == '\0')
		return 0;
	found = account_group(org->submitters, &owners->submitters, why);
	if (found == 0)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: there is no "
		    "group %s, the submitters of %s: groupadd makes one",
		    conf->file, org->submitters, org->id);
	return found == 1 ? 0 : -1;
}

void
instance_kind_user(const struct conf *conf, const char *kind,
    char out[INSTANCE_USER_MAX])
{
	(void)snprintf(out, INSTANCE_USER_MAX, "%s-%s", conf->top_user, kind);
}

/* A directory that others may add to is safe where it is sticky. */
static int
check_roots(const char *file, const char *path, struct why *why)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return why_errno(why, "look at %s", path);
	if (st.st_uid == 0 && ((st.st_mode & 022) == 0 ||
	    (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0)))
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "%s says which users to run "
	    "as, so only root may be able to change it: %s is not root's "
	    "alone to write", file, path);
}

int
instance_check_file(const struct conf *conf, struct why *why)
{
	char *path = xstrdup(conf->file), *slash;
	int result = check_roots(conf->file, path, why);

	while (result == 0 && (slash = strrchr(path, '/')) != NULL &&
	    slash != path) {
		*slash = '\0';
		result = check_roots(conf->file, path, why);
	}
	free(path);
	return result;
}

/* None of them comes back, whatever is executed. */
static int
capabilities_drop(struct why *why)
{
	unsigned long capability = 0;

	while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
		capability++;
	if (errno != EINVAL)
		return why_errno(why, "drop capability %lu", capability);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return why_errno(why, "drop privileges");
	return 0;
}

/* Changing the user has cleared them; whether that is so is looked at. */
static int
capabilities_none(struct why *why)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) == -1)
		return why_errno(why, "look at the capabilities");
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if ((data[i].effective | data[i].permitted |
		    data[i].inheritable) != 0)
			return why_set(why, ERROR_INTERNAL_ERROR,
			    "capabilities are left after a change of user");
	return 0;
}

static int
become(const struct account *account, struct why *why)
{
	if (capabilities_drop(why) == -1)
		return -1;
	if (setgroups(0, NULL) == -1 ||
	    setresgid(account->gid, account->gid, account->gid) == -1 ||
	    setresuid(account->uid, account->uid, account->uid) == -1)
		return why_errno(why, "become uid %u", account->uid);
	if (setuid(0) == 0 || setgid(0) == 0)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "a change of user was not for good");
	return capabilities_none(why);
}

int
instance_become(const struct conf *conf, struct why *why)
{
	struct account account;

	if (!instance_is_shared(conf))
		return 0;
	if (instance_user(conf, &account, why) == -1)
		return -1;
	if (geteuid() == account.uid)
		return 0;
	if (geteuid() != 0)
		return why_set(why, ERROR_PERMISSION_DENIED, "%s is of the "
		    "system's instance: this is for root and %s", conf->file,
		    conf->top_user);
	return become(&account, why);
}
