/*
 * spoolsubmit - parts of the command
 *
 * A batch takes jobs as text, drops them together behind one barrier, and then
 * asks spoold about each; waiting comes after.
 */
#ifndef SPOOLD_COMMANDS_SPOOLSUBMIT_H
#define SPOOLD_COMMANDS_SPOOLSUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cli.h"
#include "lib/show.h"

#define BATCH_DROPS 256
#define BATCH_BYTES 16777216

struct batch;

struct submit {
	/* What a job is made from. */
	struct cli_list	 destinations, metadata, tags;
	const char	*type, *priority, *key, *correlation;
	const char	*at, *expires;
	const char	*file, *name, *content_type, *data;
	const char	*wait;		/* seconds, "" for ever, NULL: not */
	struct batch	*batch;		/* own */
};

/* A job as it was given; of the options, a file or a part of one. */
struct given {
	const char	*text;		/* borrowed */
	size_t		 length;
	const char	*stem;		/* borrowed; of its name, or NULL */
	const char	*label;		/* borrowed; in errors, or NULL */
	const char	*data;		/* borrowed; its payload, or NULL */
};

/* One that is being dropped. */
struct dropped {
	char		*label;		/* own, or NULL */
	char		*data;		/* own, or NULL */
	char		 id[LIBSPOOL_ID];	/* "": it was not */
	char		 name[LIBSPOOL_NAME];
};

struct batch {
	struct cli	*cli;		/* borrowed */
	bool		 online;	/* spoold answers */
	bool		 wait;		/* print receipts instead of ids */
	int64_t		 until;		/* monotonic ms; -1: for ever */
	struct dropped	 drops[BATCH_DROPS];
	size_t		 count;
	size_t		 told;		/* of which it is known */
	size_t		 bytes;
	struct show_progress progress;
	int64_t		 submitted;
	int		 status;	/* exit status: of the first error */
};

/* Appends the whole job, whose payload file, if any, is called `data`. */
int	 submit_compose(struct buf *, const struct submit *, const char *data,
	    struct why *);

/* The last part of a path. */
const char	*submit_base_name(const char *path);

/* Removes what came to no job, unless it is NULL. */
void	 payload_detach(struct cli *, const char *data);

/* Keeps the exit status of the first thing that went wrong. */
void	 batch_status(struct batch *, int status);

/*
 * Checks the job's form and writes it.  Flushes a full batch.  Returns 0, or
 * -1: it was reported, and its payload is gone.
 */
int	 batch_add(struct batch *, const struct given *);

/* Drops what was written, asks about it, prints. */
void	 batch_flush(struct batch *);

/*
 * Waits until the job that was dropped as `name` (NULL: not known) is
 * finished, prints its receipt and returns the exit status.
 */
int	 submit_wait(struct cli *, const char *id, const char *name,
	    int64_t until);

#endif
