/*
 * purge - taking away what retention says is due: one batch, one line
 *
 * A batch is collected, its `purged` line is appended and made durable, and
 * only then is anything removed.  The line names all that goes, so that it can
 * be carried out again after a crash.
 */
#ifndef SPOOLD_PURGE_H
#define SPOOLD_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/id.h"
#include "lib/json.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct organization;
struct spoold;
struct stories;

/* PURGE(identifier, name, queue of its files, one, several) */
#define PURGE_TABLE(PURGE)						\
	PURGE(tmp, "tmp", QUEUE_tmp, "file", "files")			\
	PURGE(payloads, "payloads", QUEUE_data, "file", "files")	\
	PURGE(refused, "refused", QUEUE_failed, "drop", "drops")	\
	PURGE(receipts, "receipts", QUEUE_receipts, "receipt", "receipts") \
	PURGE(keys, "keys", QUEUE_keys, "key", "keys")			\
	PURGE(links, "links", QUEUE_jobs, "link", "links")		\
	PURGE(delivered, "delivered", QUEUE_jobs, "job", "jobs")	\
	PURGE(failed, "failed", QUEUE_jobs, "job", "jobs")		\
	PURGE(stored, "stored", QUEUE_stored, "object", "objects")	\
	PURGE(journal, "journal", QUEUES, "segment", "segments")

enum purge_kind {
#define PURGE(identifier, name, queue, one, several) PURGE_##identifier,
	PURGE_TABLE(PURGE)
#undef PURGE
	PURGE_KINDS
};

const char	*purge_name(enum purge_kind);
const char	*purge_unit(enum purge_kind, int64_t count);
enum queue	 purge_queue(enum purge_kind);

struct purge;				/* opaque: a batch */

/*
 * How many of it were removed; *why (else NULL) says what stopped it, with the
 * rest still there.
 */
typedef void	 purge_done(void *arg, int64_t count, const struct why *);

struct purge	*purge_new(struct spoold *, struct organization *,
		    enum purge_kind);
void		 purge_free(struct purge **);

/* A file of the kind's queue, as it was when it was found due. */
void	 purge_add(struct purge *, const char *name, uint64_t inode);

/* A job with its tickets, each in done/ with its day or in failed/. */
void	 purge_add_job(struct purge *, const struct id *,
	    const char *const *tickets, size_t count);

/* True if nothing more should be added to it; its line is bounded so. */
bool	 purge_is_full(const struct purge *);
size_t	 purge_count(const struct purge *);

/* True if it takes that job away. */
bool	 purge_has(const struct purge *, const struct id *);

/* Appends the line and takes all of it away (own); then `done`. */
void	 purge_run(struct purge *, purge_done *, void *arg);

/*
 * At the start, for a `purged` line that no checkpoint covers: removes what
 * the line names and a crash left.  Jobs of which something was heard later
 * stay.  0, or -1 with *why.
 */
int	 purge_redo(const struct spoold *, struct organization *,
	    const struct json *line, struct stories *, struct why *);

#endif
