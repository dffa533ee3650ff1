/*
 * spoolctl - an instance: make one, start, stop, look after it
 */
#include <stddef.h>
#include <stdint.h>

#include "spoold/commands/spoolctl.h"

#define FIELD(field) offsetof(struct spoolctl, field)
#define END { 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }

static const struct cli_option init_options[] = {
	{ 0, "root", "DIR", "Make a whole private instance below DIR; without "
	    "it the system's, with its users and groups.", CLI_TEXT,
	    FIELD(root), NULL },
	END
};

static const struct cli_option org_options[] = {
	{ 0, "submitters", "GROUP", "Who may drop jobs; in the system's "
	    "instance ORG-submitters unless named.", CLI_TEXT,
	    FIELD(groups.submitters), NULL },
	{ 0, "viewers", "GROUP", "Who may see its status.", CLI_TEXT,
	    FIELD(groups.viewers), NULL },
	{ 0, "operators", "GROUP", "Who may hold, retry and cancel as well.",
	    CLI_TEXT, FIELD(groups.operators), NULL },
	{ 0, "administrators", "GROUP", "Who may change its destinations as "
	    "well.", CLI_TEXT, FIELD(groups.administrators), NULL },
	{ 0, "auditors", "GROUP", "Who may read its journal.", CLI_TEXT,
	    FIELD(groups.auditors), NULL },
	END
};

static const struct cli_option start_options[] = {
	{ 'f', "foreground", NULL, "Stay in the foreground.", CLI_FLAG,
	    FIELD(foreground), NULL },
	{ 0, "restored", NULL,
	    "The spool comes from a backup: set everything aside first.",
	    CLI_FLAG, FIELD(restored), NULL },
	{ 0, "volatile", NULL, "Take a spool on tmpfs.", CLI_FLAG,
	    FIELD(allow_volatile), NULL },
	END
};

static const struct cli_option stop_options[] = {
	{ 0, "now", NULL, "Do not wait for attempts under way.", CLI_FLAG,
	    FIELD(now), NULL },
	END
};

static const struct cli_option check_options[] = {
	{ 0, "fix", NULL, "Mend directories and modes; with spoold down also "
	    "files that are where they do not belong.", CLI_FLAG, FIELD(fix),
	    NULL },
	END
};

static const struct cli_option upgrade_options[] = {
	{ 'n', "dry-run", NULL, "Only say what would change.", CLI_FLAG,
	    FIELD(dry_run), NULL },
	{ 0, "back", NULL, "Put back what the last upgrade has changed.",
	    CLI_FLAG, FIELD(back), NULL },
	END
};

static const struct cli_verb verbs[] = {
	{ "init", NULL, "Make an instance; -o names its organization.",
	    init_options, 0, 0, spoolctl_init },
	{ "start", NULL, "Start spoold; return once it takes jobs.",
	    start_options, 0, 0, spoolctl_start },
	{ "stop", NULL, "Stop spoold when attempts under way have ended.",
	    stop_options, 0, 0, spoolctl_stop },
	{ "reload", NULL, "Put a changed configuration in force.", NULL, 0, 0,
	    spoolctl_reload },
	{ "status", NULL, "How it is: exit 0 healthy, 1 degraded, 2 down.",
	    NULL, 0, 0, spoolctl_status },
	{ "check", NULL, "Look for what is wrong: exit 0 if nothing is.",
	    check_options, 0, 0, spoolctl_check },
	{ "upgrade", NULL, "Bring configuration and state to the format of "
	    "this version.", upgrade_options, 0, 0, spoolctl_upgrade },
	{ "org add", "ORG", "Add an organization, its groups and directories.",
	    org_options, 1, 1, spoolctl_org_add },
	{ "org remove", "ORG", "Remove one that is empty.", NULL, 1, 1,
	    spoolctl_org_remove },
	{ "org list", NULL, "List them.", NULL, 0, 0, spoolctl_org_list },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL }
};

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoolctl",
		.verbs = verbs,
		.itself = {
			.synopsis = "VERB",
			.sentence = "Make, start, stop and check an instance.",
		},
	};
	struct spoolctl state = { .root = NULL };

	return cli_run(&program, argc, argv, &state);
}
