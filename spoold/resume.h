/*
 * resume - where the last attempt of a ticket had come to
 *
 * What a worker asked to be told again, in its transport's own words: it may
 * be a secret, so it is in memory and nowhere else, and wiped when it is of no
 * use any more.  A restart forgets all of it: the next attempt begins
 * anew then.  When there are too many, the oldest is forgotten.
 */
#ifndef SPOOLD_RESUME_H
#define SPOOLD_RESUME_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>

struct waiting;

struct resume {
	RB_ENTRY(resume) entry;
	TAILQ_ENTRY(resume) age;
	const struct waiting *waiting;	/* borrowed; whose it is */
	char		*text;		/* own; wiped */
};

RB_HEAD(resume_by_ticket, resume);

struct resumes {
	struct resume_by_ticket tickets;
	TAILQ_HEAD(, resume) all;	/* own; the oldest first */
	size_t		 count;
};

void	 resume_begin(struct resumes *);

/* Keeps it in place of what was kept. */
void	 resume_keep(struct resumes *, const struct waiting *, const char *);

/* What is kept, or "". */
const char	*resume_of(const struct resumes *, const struct waiting *);

/* The ticket has come to an end. */
void	 resume_forget(struct resumes *, const struct waiting *);

#endif
