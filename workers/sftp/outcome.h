/*
 * outcome - what an answer of SFTP, or the want of one, means for the ticket
 */
#ifndef WORKERS_SFTP_OUTCOME_H
#define WORKERS_SFTP_OUTCOME_H

#include "workers/sftp/client.h"

struct outcome {
	enum verdict	 verdict;
	enum error	 error;
	int		 flags;		/* OUTCOME_… */
	uint32_t	 code;		/* the server's status, or 0 */
	char		 words[768];
	struct buf	 remote;	/* own; what the server said */
};

/* By a STATUS that is not OK, after `what` was tried ("open the file"). */
void	 outcome_status(struct outcome *, const struct wire_answer *,
	    const char *what);

/* By something else; VALIDATION_ERROR, PAYLOAD_CHANGED and CONFLICT have
 * failed. */
void	 outcome_why(struct outcome *, const struct why *);

/* Ends the attempt by it, after that many bytes, and frees what it has. */
void	 outcome_end(struct outcome *, struct attempt *, const char *peer,
	    const struct client *, int64_t bytes);

#endif
