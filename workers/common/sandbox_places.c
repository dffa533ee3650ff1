/*
 * sandbox_places - where a worker may read and write, by Landlock
 *
 * What a kernel knows differs: whatever is added to Landlock later only takes
 * more away, so each version is asked for all that it has.  The numbers are
 * those of linux/landlock.h, which may be older than the kernel.
 */
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "workers/common/sandbox_inside.h"

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING (READING | LANDLOCK_ACCESS_FS_WRITE_FILE |		\
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |		\
    LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* What the first version knows of file systems, and what came later. */
#define FS_FIRST ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define FS_REFER (UINT64_C(1) << 13)	/* version 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)	/* 3 */
#define NET_BIND (UINT64_C(1) << 0)	/* 4, TCP only */
#define NET_CONNECT (UINT64_C(1) << 1)
#define FS_IOCTL (UINT64_C(1) << 15)	/* 5, of devices */
#define SCOPE_ABSTRACT (UINT64_C(1) << 0)	/* 6, Unix sockets */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

/* struct landlock_ruleset_attr, as it is by now. */
struct ruleset {
	uint64_t	 fs, net, scoped;
};

/* By version, what it brought; its struct grew with it. */
static const struct {
	size_t		 size;
	struct ruleset	 brought;
} versions[] = {
	{ 0, { 0, 0, 0 } },
	{ 8, { FS_FIRST, 0, 0 } },
	{ 8, { FS_REFER, 0, 0 } },
	{ 8, { FS_TRUNCATE, 0, 0 } },
	{ 16, { 0, NET_BIND | NET_CONNECT, 0 } },
	{ 16, { FS_IOCTL, 0, 0 } },
	{ 24, { 0, 0, SCOPE_ABSTRACT | SCOPE_SIGNAL } },
};
#define VERSIONS ((long)(sizeof(versions) / sizeof(*versions)))

/* Where a resolver, its modules and OpenSSL read. */
static const char *const readable[] = {
	"/etc/ca-certificates", "/etc/crypto-policies", "/etc/gai.conf",
	"/etc/host.conf", "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime",
	"/etc/nsswitch.conf", "/etc/pki", "/etc/protocols",
	"/etc/resolv.conf", "/etc/services", "/etc/ssl", "/usr", "/lib",
	"/lib64", "/run/systemd/resolve", "/run/NetworkManager",
	"/run/resolvconf", "/run/nscd", NULL
};

/* glibc has no wrappers for these. */
static int
place_allow(int rules, const char *path, uint64_t access, struct why *why)
{
	struct landlock_path_beneath_attr place = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	struct stat st;
	long result;

	if (place.parent_fd == -1)
		return 0;		/* what is not there need not be read */
	/* Of a file there are no rights but these. */
	if (fstat(place.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		place.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;
	result = syscall(SYS_landlock_add_rule, rules,
	    LANDLOCK_RULE_PATH_BENEATH, &place, 0);
	if (result == -1)
		(void)why_errno(why, "Landlock: %s", path);
	(void)close(place.parent_fd);
	return result == -1 ? -1 : 0;
}

/* 0, or -1 with *why: the first place that the kernel does not take. */
static int
places_allow(int rules, const char *const *paths, uint64_t access,
    struct why *why)
{
	for (; paths != NULL && *paths != NULL; paths++)
		if (place_allow(rules, *paths, access, why) == -1)
			return -1;
	return 0;
}

/* All that this kernel can take away, and how large the struct for that is. */
static size_t
ruleset_of(long version, struct ruleset *all)
{
	size_t size = 0;

	for (long i = 1; i <= version && i < VERSIONS; i++) {
		all->fs |= versions[i].brought.fs;
		all->net |= versions[i].brought.net;
		all->scoped |= versions[i].brought.scoped;
		size = versions[i].size;
	}
	return size;
}

int
places_restrict(const struct places *places, const char *const *writable,
    struct why *why)
{
	struct ruleset all = { 0 };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = ruleset_of(version, &all);
	int rules, result = 0;

	if (version < 1)
		return why_errno(why, "Landlock");
	if (places->programs) {
		/* They may be anything, but signal nobody else. */
		all = (struct ruleset) { 0, 0, all.scoped & SCOPE_SIGNAL };
		if (all.scoped == 0)
			return 0;
	}
	if (places->connects)
		all.net &= ~NET_CONNECT;
	rules = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (rules == -1)
		return why_errno(why, "Landlock");
	if (places->resolves)
		result = places_allow(rules, readable, READING, why);
	if (result == 0)
		result = places_allow(rules, writable, WRITING, why);
	if (result == 0 &&
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		result = why_errno(why, "Landlock");
	(void)close(rules);
	return result;
}
