/*
 * links - download links: made with the delivery that publishes them
 *
 * A link is an action of its ticket's `delivered` line, which carries all that
 * making it again takes, but not its token: that is made from the master key
 * whenever somebody is to be told it, and compared by its SHA-256.
 */
#ifndef SPOOLD_LINKS_H
#define SPOOLD_LINKS_H

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/published.h"
#include "lib/receipt.h"
#include "lib/why.h"

struct flight;
struct link_record;
struct organization;
struct spoold;
struct story;

/* A file, as it is when its content is about to be compared. */
struct links_seen {
	uint64_t	 inode;
	int64_t		 size;
	int64_t		 modified, changed;	/* wall ns */
};
int	 links_look(int fd, struct links_seen *, struct why *);

/*
 * The worker has checked and named what is to be fetched: makes what the line
 * and the ticket will say.  0, or -1 with *why.
 */
int	 links_prepare(struct flight *, const struct link_record *,
	    struct why *);
void	 links_forget(struct flight *);

/*
 * The action of the line: the link's file, and the job that tells of it.  May
 * be done again.  0, or -1 with *why.
 */
int	 links_publish(struct spoold *, struct organization *,
	    const struct published *, const char *correlation_id,
	    struct why *);

/* The link of receipt_link()'s line, own; NULL: none, or nobody can say. */
char	*links_text(const struct spoold *, const struct organization *,
	    const struct receipt_ticket *);

/*
 * Its file says at least that many fetches, and when it was ended (0: it does
 * not change).  1, 0 if there is none (what is damaged is none, and logged),
 * -1 with *why.
 */
int	 links_change(const struct organization *, const char *reference,
	    int64_t fetches, int64_t revoked_at, struct why *);

/* After a crash, for lines of the journal.  0, or -1 with *why. */
int	 links_redo_delivered(struct spoold *, struct story *,
	    const struct json *line, struct why *);
int	 links_redo_download(const struct organization *,
	    const struct json *line, struct why *);

/*
 * Appends the name that its file is to be given; one that does not open any
 * more, since the master key was replaced, is the delivery's id.
 */
void	 links_name(const struct spoold *, const struct organization *,
	    const struct published *, struct buf *);

/* Opens what it leads to; -1 with *why: it is not what was published. */
int	 links_open(const struct organization *, const struct published *,
	    struct why *);

#endif
