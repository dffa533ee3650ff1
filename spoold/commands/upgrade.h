/*
 * upgrade - an instance on its way to another format
 *
 * What is to change is collected first, as texts and directories; nothing of
 * it happens before that is known whole.  What is in spoold's directories is
 * changed as spoold's user, so that nobody who has become that user can have
 * root write elsewhere; the configuration of the system's instance is root's.
 */
#ifndef COMMANDS_UPGRADE_H
#define COMMANDS_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/account.h"
#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/why.h"

enum upgrade_place { UPGRADE_configuration, UPGRADE_state, UPGRADE_spool,
	UPGRADE_PLACES };

/* A file that gets a new text, or a queue of the spool that is made. */
struct upgrade_change {
	enum upgrade_place place;
	char		*path;		/* own; below the place */
	bool		 directory;
	bool		 there;		/* a file that there was, with */
	struct buf	 before;	/* that text */
	struct buf	 after;
};

struct upgrade_changes {
	struct upgrade_change *items;	/* own */
	size_t		 count;
	int		 from, to;
};

struct upgrade {
	const struct conf *conf;	/* borrowed */
	char		*places[UPGRADE_PLACES];	/* own; directories */
	struct account	 user;		/* whom spoold runs as; of a private
					 * instance the caller */
};

/* 0, or -1 with *why (PERMISSION_DENIED: it is somebody else's). */
int	 upgrade_open(struct upgrade *, const struct conf *, struct why *);
/* The caller is who he was again. */
void	 upgrade_close(struct upgrade *);

/*
 * From here on as the one whose that place is: root, or spoold's user.  0, or
 * -1 with *why.
 */
int	 upgrade_act(const struct upgrade *, enum upgrade_place,
	    struct why *);

/* Its whole path, which the caller frees. */
char	*upgrade_path(const struct upgrade *, const struct upgrade_change *);

/*
 * A file's whole text and whose it is, never through a link.  1, 0 if there is
 * none, -1 with *why.
 */
struct stat;
int	 upgrade_read(const char *path, struct buf *, struct stat *,
	    struct why *);

/* Removes what a write of that file has left that was cut off. */
int	 upgrade_tidy(const struct upgrade *, enum upgrade_place,
	    const char *path, struct why *);

/* --- what is collected --- */

/*
 * A file of the state gets that text, which is used up, in place of the one
 * that is there.  0, or -1 with *why.
 */
int	 upgrade_put(const struct upgrade *, struct upgrade_changes *,
	    enum upgrade_place, const char *path, struct buf *after,
	    struct why *);

/* `ORG/QUEUE` is to be made in the spool. */
void	 upgrade_make(struct upgrade_changes *, const char *path);
void	 upgrade_free(struct upgrade_changes *);

/* --- what happens --- */

/*
 * Whether each can be done (or with `back` undone): what has become something
 * else since would be lost.  1, 0 with what it is in `words`, -1 with *why.
 */
int	 upgrade_check(const struct upgrade *, const struct upgrade_changes *,
	    bool back, struct buf *words, struct why *);

/*
 * Does them in their order, or undoes them from the last one on; what is done
 * (or undone) already stays so.  0, or -1 with *why.
 */
int	 upgrade_do(const struct upgrade *, const struct upgrade_changes *,
	    struct why *);
int	 upgrade_undo(const struct upgrade *, const struct upgrade_changes *,
	    struct why *);

#endif
