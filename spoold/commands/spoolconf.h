/*
 * spoolconf - what its files share
 */
#ifndef COMMANDS_SPOOLCONF_H
#define COMMANDS_SPOOLCONF_H

#include "lib/cli.h"
#include "lib/conf_table.h"

/* One NAME=VALUE, taken apart. */
struct assignment {
	char		 name[SETTING_NAME_MAX];
	const char	*value;		/* borrowed */
};

/* 0, or -1 with *why (USAGE). */
int	 assignment_read(const char *word, struct assignment *, struct why *);

/* What an unknown name is answered with; -1. */
int	 name_unknown(const char *name, struct why *);

/* -e: changes the file.  Returns 0, or -1 with *why: it is as it was. */
int	 spoolconf_edit(const struct cli *, struct why *);

#endif
