/*
 * spool - the directories of one organization, and moves between them
 *
 * A ticket is one file; its state is the directory that holds it.  Every state
 * change is one rename(2) that never replaces, so a crash leaves each ticket
 * in exactly one place.  Everything is opened beneath the spool's directory
 * (openat2, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS) and never through a link.
 */
#ifndef LIB_SPOOL_H
#define LIB_SPOOL_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/facts.h"
#include "lib/ticket.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct statx;
struct spool;				/* opaque */

/* Opens <spool_directory>/<org>.  NULL with *why. */
struct spool	*spool_open(const char *spool_directory, const char *org,
		    struct why *);

/*
 * The same for who drops jobs: tmp/, data/, new/ and receipts/ alone, which he
 * need not be able to read.
 */
struct spool	*spool_open_drops(const char *spool_directory,
		    const char *org, struct why *);
void		 spool_close(struct spool **);
const char	*spool_organization(const struct spool *);

/*
 * The open directory of a queue.  It can be synced, unless spool_open_drops()
 * could not read it (EBADF).
 */
int	 spool_directory(const struct spool *, enum queue);

/*
 * statx of a name in a queue, without following.  Returns 1, 0 if it is not
 * there, -1 with *why.
 */
int	 spool_stat(const struct spool *, enum queue, const char *name,
	    struct statx *, struct why *);

/*
 * Opens a regular file for reading.  Returns a descriptor, or -1 with *why
 * (number is ENOENT if it is not there).  Never blocks on a fifo.
 */
int	 spool_open_file(const struct spool *, enum queue, const char *name,
	    struct why *);

/*
 * The same of what spool_stat() has looked at: not opened is what has taken its
 * place since, or has got another link (number is ESTALE).
 */
int	 spool_open_same(const struct spool *, enum queue, const char *name,
	    const struct statx *, struct why *);

/*
 * Renames without replacing.  Returns 1 if moved, 0 if `from_name` is not in
 * `from` any more (somebody else won), -1 with *why: number is EEXIST if the
 * target is taken.
 */
int	 spool_move(const struct spool *, enum queue from,
	    const char *from_name, enum queue to, const char *to_name,
	    struct why *);

/* The same for a ticket's delivery: into done/<YYYY-MM-DD>/ of `wall_ms`. */
int	 spool_move_done(struct spool *, enum queue from,
	    const char *from_name, const char *to_name, int64_t wall_ms,
	    struct why *);

/*
 * Creates a file with these bytes.  Returns 1 if created, 0 if the name is
 * taken, -1 with *why (nothing is left behind).
 */
int	 spool_create(const struct spool *, enum queue, const char *name,
	    const void *, size_t, struct why *);

/*
 * The same, replacing: written beside it under a `.` name and renamed; that is
 * SPOOL_REPLACING where nobody else creates files, and may be left by a crash.
 */
#define SPOOL_REPLACING ".replacing"
int	 spool_replace(const struct spool *, enum queue, const char *name,
	    const void *, size_t, struct why *);

/*
 * The same, and that user may read it, and nobody else but the owner: for a
 * receipt of a shared spool.
 */
int	 spool_replace_for(const struct spool *, enum queue, const char *name,
	    const void *, size_t, uid_t reader, struct why *);

/*
 * Appends lines to a file.  An unfinished last line, which a crash left, is
 * cut away first.  Returns 1, 0 if it is not there, -1 with *why (the file is
 * as it was).  With no bytes it only says whether the file is there.
 */
int	 spool_append(const struct spool *, enum queue, const char *name,
	    const void *, size_t, struct why *);

/*
 * The same for a line that moves the ticket nowhere: an mtime that is to come,
 * when it is due or rests from, stays.
 */
int	 spool_append_note(const struct spool *, enum queue, const char *name,
	    const void *, size_t, struct why *);

/*
 * The same to one that is open for reading and appending; the name is for
 * messages.  0: the file has no name any more.
 */
int	 spool_append_open(int fd, enum queue, const char *name, const void *,
	    size_t, struct why *);

/*
 * Writes over the beginning of a file, which stays as long as it is: a few
 * bytes, which a crash leaves as they were or as they are.  1, 0 or -1 as
 * above.
 */
int	 spool_overwrite(const struct spool *, enum queue, const char *name,
	    const void *, size_t, struct why *);

/* Sets a ticket's mtime (when it is due).  1, 0 or -1 as above. */
int	 spool_set_due(const struct spool *, enum queue, const char *name,
	    int64_t wall_ms, struct why *);

/* Removes a file.  1, 0 if it was not there, -1 with *why. */
int	 spool_remove(const struct spool *, enum queue, const char *name,
	    struct why *);

/* Reads a ticket's file.  1, 0 if it is not there or has no first line, -1. */
int	 spool_read_ticket(const struct spool *, enum queue,
	    const char *name, struct ticket_file *, struct why *);

/*
 * The same, and on 1 it stays open for spool_append_open() in *fd_r, which the
 * caller closes.
 */
int	 spool_open_ticket(const struct spool *, enum queue,
	    const char *name, struct ticket_file *, int *fd_r, struct why *);

/*
 * Walks a queue in pieces: spool_list() opens the directory anew, next()
 * gives names in no order, without those that begin with a dot.  done/ and
 * stored/ are walked through their days: *day_r is then the day's name, else "".
 */
struct spool_list;
struct spool_list	*spool_list(const struct spool *, enum queue,
			    struct why *);
/* The same with the names that begin with a dot. */
struct spool_list	*spool_list_all(const struct spool *, enum queue,
			    struct why *);
/* The same with the days up to that one alone, the others unread. */
struct spool_list	*spool_list_until(const struct spool *, enum queue,
			    const char *day, struct why *);
const char	*spool_list_next(struct spool_list *, const char **day_r);
/* True if it ended because the directory could not be read on. */
bool		 spool_list_failed(const struct spool_list *);
void		 spool_list_free(struct spool_list **);

/*
 * Removes <queue>/<day> if it is empty.  1, 0 if it is not, or is none, -1 with
 * *why.
 */
int	 spool_remove_day(const struct spool *, enum queue, const char *day,
	    struct why *);

/*
 * The path of a file in done/ or stored/ relative to it, `<day>/<name>`, can be
 * used as a name in all of the above.
 */

/*
 * Takes the lock that one spoold holds over spool and journal.  Returns a
 * descriptor that holds it until it is closed, or -1 with *why: UNAVAILABLE
 * if another process has it, and still has it two seconds later.  A forked child
 * that lives on must close it, or it keeps the lock.
 */
int	 spool_lock(const char *spool_directory, const char *journal_directory,
	    struct why *);

#endif
