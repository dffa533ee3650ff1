/*
 * sweep_work - a sweep under way: what its steps share
 */
#ifndef SPOOLD_SWEEP_WORK_H
#define SPOOLD_SWEEP_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/spool.h"
#include "lib/why.h"

#include "spoold/purge.h"

#define SWEEP_PIECE 1000	/* names a turn */
#define SWEEP_STAT 10		/* names that looking at a file counts for */

struct organization;
struct spoold;
struct job_sweep;
struct journal_sweep;
struct stored_sweep;

struct sweep_work {
	struct spoold	*spoold;	/* borrowed */
	struct organization *organization;	/* borrowed; that it is at */
	bool		 dry;		/* only counts */
	bool		 asked;		/* somebody did, and not the hour */
	int64_t		 now;		/* wall ms, as it began */
	int		 budget;	/* names left in this turn */
	int64_t		 counts[PURGE_KINDS];	/* purged, or due if dry */
	struct spool_list *list;	/* own; of the step under way */
	struct purge	*filling;	/* own; a batch to be */
	struct purge	*running;	/* borrowed; one whose line is added */
	enum purge_kind	 running_kind;
	bool		 failed;	/* a batch was not carried out: *why */
	bool		 drops_wait;	/* no payload of theirs may go */
	struct id	*linked;	/* own; jobs of links that live, in
					 * order once all were looked at */
	size_t		 linked_count, linked_room;
	struct why	 why;
	struct job_sweep *jobs;		/* own; NULL: none is under way */
	struct journal_sweep *journal;	/* own; the same */
	struct stored_sweep *stored;	/* own; the same */
};

/* A step's next piece: 1 when it is through, 0 if there is more, -1 (*why). */
typedef int	 sweep_step(struct sweep_work *, struct why *);

sweep_step sweep_held_drops, sweep_new_drops, sweep_tmp, sweep_payloads,
    sweep_refused, sweep_receipts, sweep_keys, sweep_links, sweep_jobs,
    sweep_days, sweep_stored;
/* Once, after all organizations. */
sweep_step sweep_journal;

/* How long that kind stays in the organization at hand, ms. */
int64_t	 sweep_retention(const struct sweep_work *, enum purge_kind);

/* The batch to add to, of that kind. */
struct purge	*sweep_batch(struct sweep_work *, enum purge_kind);

/* Has what was added purged; the step goes on when that is done. */
void	 sweep_flush(struct sweep_work *);

/* True if the job is under a legal hold, or nobody can say. */
bool	 sweep_is_held(const struct sweep_work *, const struct id *);

/* True if a link of the job lives, which the step before has found out. */
bool	 sweep_is_linked(const struct sweep_work *, const struct id *);
void	 sweep_links_free(struct sweep_work *);

/* The time of a file's last change of state, or of its content; wall ms. */
int64_t	 sweep_changed(const struct statx *);
int64_t	 sweep_modified(const struct statx *);

/* Something happens to a ticket of that job: it stays this time. */
void	 sweep_jobs_touch(struct sweep_work *, const struct id *);
void	 sweep_jobs_free(struct sweep_work *);
void	 sweep_journal_free(struct sweep_work *);

/* True while what is to be erased at destinations is waited for. */
bool	 sweep_stored_waits(const struct sweep_work *);
void	 sweep_stored_free(struct sweep_work *);

/* True while a segment is on its way to be purged. */
bool	 sweep_journal_waits(const struct sweep_work *);

#endif
