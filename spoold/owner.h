/*
 * owner - the users of dropped files, by uid and by name
 *
 * A job's submitter is a name: that is what people know, and what a journal
 * still says when the uid is another's.
 */
#ifndef SPOOLD_OWNER_H
#define SPOOLD_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The one that was looked up last: of many drops most come from one user. */
struct owner {
	uint32_t	 uid;
	char		*name;		/* own; NULL: none was looked up */
	int64_t		 looked_up;	/* monotonic ms */
};

/* The name of that uid, or the uid in decimal.  The caller frees it. */
char	*owner_name(struct owner *, uint32_t uid);

/* The uid of that name; false if there is no such user any more. */
bool	 owner_uid(struct owner *, const char *name, uid_t *);

#endif
