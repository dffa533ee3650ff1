/*
 * sandbox - what a worker may still ask of the kernel
 *
 * seccomp decides by system call, Landlock by place, limits by how much; each
 * in a file of its own, and the table below says what of them a kind of worker
 * gets.  A worker that writes files may do so beneath the directories that it
 * was given, whatever else the user that it runs as owns.
 */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <time.h>
#include <unistd.h>

#include "workers/common/sandbox_inside.h"

#define MEBIBYTE ((rlim_t)1024 * 1024)

/* The shadow of the sanitizers' memory has no bounds. */
#ifdef __SANITIZE_ADDRESS__
#define SHADOWED true
#else
#define SHADOWED false
#endif

/*
 * A limit is far above what a worker needs and far below what a machine has:
 * it is for one that has gone mad.  Descriptors and memory grow with how many
 * attempts there may be at once; 0: as it was.
 */
static const struct {
	struct places	 places;
	bool		 writes;	/* beneath what it was given */
	rlim_t		 tasks;		/* of its user's, if it may make any */
	rlim_t		 memory, memory_each;	/* MiB that it can write */
	rlim_t		 files, files_each;
} sandboxes[SANDBOXES] = {
	[SANDBOX_descriptors] = { .memory = 768, .memory_each = 1,
	    .files = 256, .files_each = 4 },
	[SANDBOX_listener] = { .memory = 1024 },
	[SANDBOX_network] = { .places = { .resolves = true, .connects = true },
	    .tasks = 4096, .memory = 512, .memory_each = 16,
	    .files = 256, .files_each = 16 },
	[SANDBOX_files] = { .places = { .resolves = true, .connects = true },
	    .writes = true, .tasks = 4096, .memory = 512, .memory_each = 16,
	    .files = 256, .files_each = 16 },
	[SANDBOX_programs] = { .places = { .programs = true } },
};

/* For good: an instance that root runs has workers that are root by name. */
static int
privileges_drop(struct why *why)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	unsigned long capability = 0;

	/* The bounding set: only who may can, and beyond the last is EINVAL. */
	while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
		capability++;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
	    syscall(SYS_capset, &header, none) == -1)
		return why_errno(why, "drop capabilities");
	return 0;
}

/* --- limits --------------------------------------------------------------- */

/* Never above what it was; for good, since nobody can raise it again. */
static int
limit_set(__rlimit_resource_t what, rlim_t most, struct why *why)
{
	struct rlimit limit;

	if (getrlimit(what, &limit) == -1)
		return why_errno(why, "getrlimit");
	if (limit.rlim_max > most)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(what, &limit) == -1 ?
	    why_errno(why, "setrlimit") : 0;
}

/* Of descriptors the bound is a soft one, which holds back a mistake. */
static int
limit_files(rlim_t most, struct why *why)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return why_errno(why, "getrlimit");
	limit.rlim_cur = limit.rlim_max < most ? limit.rlim_max : most;
	return setrlimit(RLIMIT_NOFILE, &limit) == -1 ?
	    why_errno(why, "setrlimit") : 0;
}

int
sandbox_limit(enum sandbox sandbox, unsigned concurrency, struct why *why)
{
	rlim_t memory = SHADOWED ? RLIM_INFINITY :
	    (sandboxes[sandbox].memory +
	    sandboxes[sandbox].memory_each * concurrency) * MEBIBYTE;
	rlim_t files = sandboxes[sandbox].files +
	    sandboxes[sandbox].files_each * concurrency;

	if (files > 0 && limit_files(files, why) == -1)
		return -1;
	if (sandboxes[sandbox].places.programs)
		return 0;
	if (limit_set(RLIMIT_NPROC, sandboxes[sandbox].tasks, why) == -1)
		return -1;
	return limit_set(RLIMIT_DATA, memory, why);
}

/* --- the sandbox ---------------------------------------------------------- */

int
sandbox_enter(enum sandbox sandbox, const char *const *writable,
    struct why *why)
{
	struct why without;
	int result;

	/* The first use of the calendar reads /etc/localtime. */
	tzset();
	result = places_restrict(&sandboxes[sandbox].places,
	    sandboxes[sandbox].writes ? writable : NULL, &without);
	/* Where a kernel knows one only, that one is there. */
	if (privileges_drop(why) == -1 || calls_restrict(sandbox, why) == -1)
		return -1;
	if (result == -1)
		*why = without;
	return result;
}
