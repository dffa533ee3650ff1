/*
 * roll - which organizations there were: the journal says which come and go
 */
#ifndef SPOOLD_ROLL_H
#define SPOOLD_ROLL_H

struct spoold;

/*
 * Journals the organizations that were added and removed since that was done
 * last, which <state_directory>/organizations says, whether spoold ran
 * meanwhile or not.  `by` is who had the configuration read, or NULL.
 */
void	 roll_call(struct spoold *, const char *by);

#endif
