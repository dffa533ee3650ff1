/*
 * locator - what is needed to find again what was stored
 *
 * Told in a `delivered` outcome where the destination has autoCleanup, and told
 * again when it is to be erased.  spoold keeps it sealed: the path may be made
 * of metadata.
 *
 * What is stored bears a mark, where the provider can keep one with it: whose
 * it is.  By that a repeated attempt knows its own work from another's that is
 * the same, and an erasure removes nothing else.
 */
#ifndef WORKERS_STORAGE_LOCATOR_H
#define WORKERS_STORAGE_LOCATOR_H

#include "lib/json.h"

#include "workers/common/courier.h"

/* `<delivery id>.<destination id>`, with its NUL. */
#define LOCATOR_MARK (ID_LENGTH + 1 + DESTINATION_ID_MAX + 1)

/* What an attempt's object is marked with. */
void	 locator_mark(const struct attempt *, char out[LOCATOR_MARK]);

/*
 * Adds it to a `delivered` outcome: what is there is this attempt's own, or
 * that of one before it, never just the same as somebody else's.  `version` is
 * the provider's name for that very object (a version, a generation), or NULL.
 * The record borrows it from the attempt.
 */
void	 locator_tell(struct attempt *, struct link_record *outcome,
	    const char *version);

/* What was told.  The strings are borrowed from `json`; none is NULL. */
struct locator {
	struct json	*json;		/* own */
	const char	*place;		/* provider.place() of that time */
	const char	*path;		/* as stored.path was */
	const char	*mark;
	const char	*version;	/* or "" */
	int64_t		 length;	/* bytes of the content */
};

/* Reads erasure->stored.  0, or -1 with *why. */
int	 locator_read(struct locator *, const struct erasure *, struct why *);
void	 locator_free(struct locator *);

#endif
