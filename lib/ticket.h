/*
 * ticket - one job to one destination: its file's name
 *
 * `<id>.<destination>:p<priority>,a<attempts>`, for example
 * `01JDCZ7Q2T5M8YB3K4N6P9RSVW.ehr-webhook:p5,a2`.  attempts counts those that
 * are finished.  The directory that holds the file is the ticket's state.
 */
#ifndef LIB_TICKET_H
#define LIB_TICKET_H

#include <stdbool.h>

#include "lib/id.h"

#define DESTINATION_ID_MAX 63
#define TICKET_NAME_MAX (ID_LENGTH + 1 + DESTINATION_ID_MAX + 16)
#define PRIORITY_MAX 10
#define ATTEMPTS_MAX 9999

struct ticket {
	struct id	 id;
	char		 destination[DESTINATION_ID_MAX + 1];
	int		 priority;	/* 0 to 10, 10 goes first */
	int		 attempts;	/* finished ones */
};

/* [a-z0-9][a-z0-9-]{0,62} */
bool	 destination_id_valid(const char *);

void	 ticket_format(const struct ticket *, char out[TICKET_NAME_MAX]);

/* Reads a file's name, exactly.  Returns 0, or -1 if it is no ticket's. */
int	 ticket_parse(const char *name, struct ticket *);

#endif
