/*
 * probe_old_kernel - runs a command on a kernel that lacks something
 *
 * probe_old_kernel seccomp|landlock|nothing COMMAND [ARGUMENT]...
 * The calls for it fail as if they were not there, for the command and whatever
 * it starts.
 */
#include <sys/prctl.h>

#include <errno.h>
#include <seccomp.h>
#include <unistd.h>

#include "tests/unit/probe.h"

static const struct {
	const char	*what;
	int		 calls[3];
} lacks[] = {
	{ "seccomp", { SCMP_SYS(seccomp) } },
	{ "landlock", { SCMP_SYS(landlock_create_ruleset),
	    SCMP_SYS(landlock_add_rule), SCMP_SYS(landlock_restrict_self) } },
};

/* Without the call there is the older way, which has to fail as well. */
static int
forbid_prctl(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp	 set = SCMP_A0(SCMP_CMP_EQ,
	    PR_SET_SECCOMP, 0);

	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL),
	    SCMP_SYS(prctl), 1, &set);
}

int
main(int argc, char *argv[])
{
	scmp_filter_ctx	 filter = seccomp_init(SCMP_ACT_ALLOW);
	int		 result = 0;

	if (argc < 3 || filter == NULL)
		return 64;
	/* A launcher that root runs leaves what it starts its privileges. */
	if (geteuid() == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
		if (strcmp(argv[1], lacks[i].what) != 0)
			continue;
		for (int j = 0; j < 3 && lacks[i].calls[j] != 0 &&
		    result == 0; j++)
			result = seccomp_rule_add(filter,
			    SCMP_ACT_ERRNO(ENOSYS), lacks[i].calls[j], 0);
		if (i == 0 && result == 0)
			result = forbid_prctl(filter);
	}
	if (result != 0 || seccomp_load(filter) != 0)
		return 70;
	seccomp_release(filter);
	(void)execvp(argv[2], argv + 2);
	return 71;
}
