/*
 * outcome - what a server's reply means for the ticket
 */
#ifndef WORKERS_EMAIL_OUTCOME_H
#define WORKERS_EMAIL_OUTCOME_H

#include "lib/link.h"

#include "workers/common/verdict.h"
#include "workers/email/smtp.h"

/*
 * Fills in the outcome of a mail that was not stopped.  The record borrows
 * from `text` and the result.
 */
void	 outcome_of(const struct smtp_result *, struct link_record *,
	    struct verdict_text *text);

#endif
