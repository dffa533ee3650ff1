/*
 * instance - whose an instance is
 *
 * It is the system's if its configuration names a user.  Then root starts it,
 * root alone writes the configuration, spoold runs as that user and every
 * worker as one of its own; the spools are shared, by groups.  Any other is
 * private: whoever owns it runs it, all of it is his, and nobody else may look
 * into it.
 */
#ifndef LIB_INSTANCE_H
#define LIB_INSTANCE_H

#include <stdbool.h>

#include "lib/account.h"
#include "lib/conf.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

/*
 * The configuration for who asks spoold: as conf_read(), but the environment
 * is a private instance's owner's, and overrides nothing of the system's.
 */
struct conf	*instance_conf(const char *file, struct why *);

/* True if it is the system's. */
bool	 instance_is_shared(const struct conf *);

/* Whom spoold runs as.  0, or -1 with *why (CONFIG_ERROR: there is none). */
int	 instance_user(const struct conf *, struct account *, struct why *);

/* The uid that owns what spoold writes: that user's, or the caller's. */
int	 instance_owner(const struct conf *, uid_t *, struct why *);

/* Whose the directories of an organization are.  0, or -1 with *why. */
int	 instance_owners(const struct conf *,
	    const struct conf_organization *, struct layout_owners *,
	    struct why *);

/*
 * The user of a kind of worker (conf_transport_name() has them all): it is
 * called as spoold's and the kind, spoold-webhook.
 */
#define INSTANCE_USER_MAX 128
void		 instance_kind_user(const struct conf *, const char *kind,
		    char out[INSTANCE_USER_MAX]);

/*
 * Whether the configuration of the system's instance is root's to write, and
 * nobody else's, and so is all that leads to it.  0, or -1 with *why
 * (CONFIG_ERROR).
 */
int	 instance_check_file(const struct conf *, struct why *);

/*
 * Becomes spoold's user for good, without any capability, if root calls this
 * for the system's instance; where it is private, or the caller is that user
 * already, nothing is to be done.  0, or -1 with *why (PERMISSION_DENIED: the
 * caller is somebody else).
 */
int	 instance_become(const struct conf *, struct why *);

/* The directories that the configuration names, by what they are for. */
enum place { PLACE_spool, PLACE_state, PLACE_log, PLACE_run, PLACE_key,
	PLACES };

const char	*place_path(const struct conf *, enum place);

/*
 * Makes one of the system's instance with those above it, as root: it belongs
 * to that user.  One that is there gets its owner and mode, too.  0, or -1
 * with *why.
 */
int	 place_make(const struct conf *, enum place, const struct account *,
	    struct why *);

/*
 * Whether it is so: 1, 0 with what is not in `words`, also of a private
 * instance (of which no more is asked than that others cannot write).
 */
int	 place_check(const struct conf *, enum place, uid_t owner,
	    char *words, size_t size);

#endif
