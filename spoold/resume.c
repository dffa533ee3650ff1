/*
 * resume - where the last attempt of a ticket had come to
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "spoold/resume.h"

#define RESUMES_MAX 1024	/* of 4 KiB each at most */

static int
resume_compare(const struct resume *a, const struct resume *b)
{
	return a->waiting < b->waiting ? -1 : a->waiting > b->waiting;
}

RB_PROTOTYPE(resume_by_ticket, resume, entry, resume_compare)
RB_GENERATE(resume_by_ticket, resume, entry, resume_compare)

void
resume_begin(struct resumes *resumes)
{
	RB_INIT(&resumes->tickets);
	TAILQ_INIT(&resumes->all);
	resumes->count = 0;
}

static struct resume *
resume_find(const struct resumes *resumes, const struct waiting *waiting)
{
	struct resume key = { .waiting = waiting };

	return RB_FIND(resume_by_ticket,
	    (struct resume_by_ticket *)(uintptr_t)&resumes->tickets, &key);
}

static void
resume_drop(struct resumes *resumes, struct resume *resume)
{
	RB_REMOVE(resume_by_ticket, &resumes->tickets, resume);
	TAILQ_REMOVE(&resumes->all, resume, age);
	resumes->count--;
	explicit_bzero(resume->text, strlen(resume->text));
	free(resume->text);
	free(resume);
}

void
resume_forget(struct resumes *resumes, const struct waiting *waiting)
{
	struct resume *resume = resume_find(resumes, waiting);

	if (resume != NULL)
		resume_drop(resumes, resume);
}

void
resume_keep(struct resumes *resumes, const struct waiting *waiting,
    const char *text)
{
	struct resume *resume = xcalloc(1, sizeof(*resume));

	resume_forget(resumes, waiting);
	resume->waiting = waiting;
	resume->text = xstrdup(text);
	RB_INSERT(resume_by_ticket, &resumes->tickets, resume);
	TAILQ_INSERT_TAIL(&resumes->all, resume, age);
	if (++resumes->count > RESUMES_MAX)
		resume_drop(resumes, TAILQ_FIRST(&resumes->all));
}

const char *
resume_of(const struct resumes *resumes, const struct waiting *waiting)
{
	const struct resume *resume = resume_find(resumes, waiting);

	return resume == NULL ? "" : resume->text;
}
