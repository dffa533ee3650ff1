/*
 * accept - a drop becomes a job with tickets
 */
#ifndef SPOOLD_ACCEPT_H
#define SPOOLD_ACCEPT_H

#include <stdbool.h>

#include "lib/facts.h"
#include "lib/link.h"
#include "lib/why.h"

struct drop;
struct organization;
struct spoold;

/* Intake found it good: refuses or journals it. */
void	 accept_drop(struct drop *, const struct link_record *);

/* Intake asks for its payload file.  0, or -1 with *why: intake is at fault. */
int	 accept_payload(struct drop *, const char *file, struct why *);

/*
 * True if the file in new/ is one that was judged before (a crash left it, or
 * a person put it back): it is in jobs/ or failed/ then, and the drop is gone.
 */
bool	 accept_known(struct drop *);

#endif
