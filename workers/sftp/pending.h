/*
 * pending - requests that wait for their answers, and whose they are
 *
 * In the order in which they were made; ids count from 0.  A server may answer
 * in any order, though most keep to that of the requests.
 */
#ifndef WORKERS_SFTP_PENDING_H
#define WORKERS_SFTP_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pending_request {
	void		*owner;		/* borrowed; NULL: gone since */
	bool		 answered;
};

struct pending {
	struct pending_request *request;	/* own; a ring */
	size_t		 room, head;	/* room: 0 or a power of two */
	size_t		 count;		/* from the oldest without an answer */
	size_t		 awaited;	/* of them, without one */
	uint32_t	 next_id;
};

/* Notes a request; its id. */
uint32_t	 pending_add(struct pending *, void *owner);

/*
 * Takes the answer to one.  0 if none of that id waits for an answer; 1, or 2
 * if it was the oldest, with its owner, which may be NULL.
 */
int	 pending_take(struct pending *, uint32_t id, void **owner_r);

/* Whose the oldest is that waits; NULL if nobody's, or there is none. */
void	*pending_oldest(const struct pending *);

/* Whoever owned some is gone; true if one of them waits for an answer. */
bool	 pending_disown(struct pending *, const void *owner);

void	 pending_free(struct pending *);

#endif
