/*
 * refuse - a drop that is not taken: kept in failed/, with the reason
 */
#ifndef SPOOLD_REFUSE_H
#define SPOOLD_REFUSE_H

#include "lib/why.h"

struct drop;

/* Journals it, then moves it; the drop is gone afterwards. */
void	 refuse_drop(struct drop *, const struct why *);

#endif
