/*
 * process - what keeps a process to itself
 *
 * One that is not dumpable writes no core, and neither ptrace(2) nor /proc open
 * its memory, environment or descriptors to others of the same user.  Root may
 * still have a core made of it (gcore), but such a tool asks the process what
 * is to be in it: nothing that it has written.
 */
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/process.h"
#include "lib/wiping.h"

#define FILTER "/proc/self/coredump_filter"
#define HEADERS_ONLY "0x10\n"

/* A kernel without core dumps has no such file. */
static int
dump_nothing(struct why *why)
{
	const size_t length = strlen(HEADERS_ONLY);
	int fd = open(FILTER, O_WRONLY | O_CLOEXEC), result = 0;

	if (fd == -1)
		return errno == ENOENT || errno == EACCES ? 0 :
		    why_errno(why, FILTER);
	if (write(fd, HEADERS_ONLY, length) != (ssize_t)length)
		result = why_errno(why, FILTER);
	(void)close(fd);
	return result;
}

int
process_hide(struct why *why)
{
	const struct rlimit none = { 0, 0 };

	/* First: afterwards the file is root's. */
	if (dump_nothing(why) == -1)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return why_errno(why, "PR_SET_DUMPABLE");
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return why_errno(why, "RLIMIT_CORE");
	return wiping_openssl(why);
}

static int
kernel_lacks(struct why *why, const char *what, const char *help)
{
	return why_set(why, ERROR_CONFIG_ERROR, "this kernel does not offer "
	    "%s (%s), so no worker can be shut in: %s, or set sandbox = "
	    "\"besteffort\" to run without", what, strerror(errno), help);
}

int
process_can_be_shut_in(struct why *why)
{
	unsigned action = SECCOMP_RET_KILL_PROCESS;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1)
		return kernel_lacks(why, "seccomp",
		    "use one built with CONFIG_SECCOMP_FILTER");
	if (syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION) == -1)
		return kernel_lacks(why, "Landlock", "use one of 5.13 or later "
		    "that has landlock in its boot option lsm=");
	return 0;
}
