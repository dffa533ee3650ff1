/*
 * destination_portable - destinations on their way between instances
 *
 * One travels as what a person could have written, but that each credential
 * is sealed under a key of the file (passphrase.h) or left out as ********.  A
 * sealed one is bound to its field and to all else that its destination says:
 * whoever changes a host, a proxy or a host key in the file opens nothing.
 */
#ifndef LIB_DESTINATION_PORTABLE_H
#define LIB_DESTINATION_PORTABLE_H

#include "lib/destination.h"

#define PORTABLE_FORMAT "spoold-destinations-v1"
#define PORTABLE_LEFT_OUT "********"

/*
 * Appends it, its credentials sealed by `file`, or (NULL) left out.  Returns
 * how many were sealed, or -1 with *why.
 */
int	 destination_export(const struct destination *,
	    const struct destination_keeper *, const struct vault *file,
	    struct buf *out, struct why *);

/* Opens what is sealed in one, in place.  0, or -1 with *why. */
int	 destination_unseal(struct json *document, const struct vault *file,
	    struct why *);

/* Leaves it out instead.  True if there was something. */
bool	 destination_leave_out(struct json *document);

/*
 * Takes away what was left out; `told` gets each field's path, behind a
 * semicolon each.
 */
void	 destination_drop_left_out(struct json *document, struct buf *told);

/*
 * Writes `changes`: the paths of what one view has otherwise than another.
 */
void	 destination_differences(const struct json *before,
	    const struct json *after, struct buf *out);

#endif
