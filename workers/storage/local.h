/*
 * local - files beneath the organization's directories
 *
 * A file is written under another name beside its own, synced, and renamed, so
 * that under its name it is whole or not there.
 */
#ifndef WORKERS_STORAGE_LOCAL_H
#define WORKERS_STORAGE_LOCAL_H

#include "workers/common/courier.h"
#include "workers/storage/config.h"
#include "workers/storage/locator.h"

struct local;				/* opaque */

/*
 * Where it may write: `allow` are directories, `own` those of spoold's that
 * are none of them, nor anything beneath them; one a line.
 */
struct local	*local_new(const char *allow, const char *own);

/* The directories, the last is NULL; borrowed. */
const char *const	*local_directories(const struct local *);

/* The destination's directory.  A descriptor, or -1 with *why. */
int	 local_open(const struct local *, const struct local_config *,
	    struct why *);

/*
 * Goes from the directory `base`, whose descriptor it takes, to the one that
 * `path` names a file in; those that are missing on the way are made.  *name_r
 * is the file's name.  A descriptor, or -1 with *why.
 */
int	 local_descend(const struct local *, const struct local_config *,
	    int base, const char *path, const char **name_r, struct why *);

/* Opens a file there, no link followed.  A descriptor, or -1 with errno. */
int	 local_openat(int directory, const char *name, int flags);

/* Gives a file or directory its mode and group.  0, or -1 with *why. */
int	 local_own(const struct local *, const struct local_config *, int fd,
	    bool directory, struct why *);

/* What errno means where `what` was tried; -1 with *why. */
int	 local_trouble(struct why *, const char *what);

#define LOCAL_TEMPORARY 128		/* bytes of its name until it is whole */

/* A ticket's file. */
struct local_file {
	bool		 begun;		/* the descriptors are */
	uint64_t	 base_inode;	/* of the destination's directory */
	int		 directory;	/* own */
	int		 fd;		/* own; -1: none is open */
	const char	*name;		/* borrowed from the path */
	char		 temporary[LOCAL_TEMPORARY];	/* "": not there */
	struct extent	 there;		/* what has that name already */
	struct extent_reader reader;	/* of it, or of the content */
	bool		 comparing, same;
	int64_t		 written, synced;
	bool		 troubled;
	struct why	 trouble;
};

#define LOCAL_MARK "user.spoold.mark"

/* The mark of an open file, see locator.h; "" if it has none. */
void	 local_mark_of(int fd, char out[LOCATOR_MARK]);

/* An open file's inode, or 0. */
uint64_t	 local_inode_of(int fd);

/*
 * What tells an open file from any other that has its name later: the inode of
 * the destination's directory, its own, and when it was made.  0, or -1 with
 * *why.
 */
#define LOCAL_VERSION 96		/* bytes */
int	 local_version_of(uint64_t base_inode, int fd,
	    char out[LOCAL_VERSION], struct why *);

/* What it stored is to go: the file is read first, a slice each turn. */
struct local_erasure {
	bool		 begun;		/* the descriptors are */
	bool		 queued;
	int		 directory, fd;	/* own */
	const char	*name;		/* borrowed from the locator */
	struct extent	 there;
	struct extent_reader reader;
};

TAILQ_HEAD(local_erasures, erasure);

/* Goes on with the first; true if there is more to do. */
bool	 local_turn(struct local_erasures *);

void	 local_place(const struct config *, struct buf *);
void	 local_erase(struct erasure *);
void	 local_erasure_close(struct erasure *);

int	 local_prepare(struct attempt *, int64_t *done, struct why *);
void	 local_send(struct attempt *);
void	 local_close(struct attempt *);
void	 local_test(struct trial *);

#endif
