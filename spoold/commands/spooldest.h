/*
 * spooldest - what the files of the command share
 */
#ifndef SPOOLD_COMMANDS_SPOOLDEST_H
#define SPOOLD_COMMANDS_SPOOLDEST_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/cli.h"
#include "lib/json.h"
#include "lib/why.h"

/* What was asked for. */
struct dest {
	bool		 cancel_tickets;
	const char	*reason;
	const char	*type;
	bool		 only_default, only_disabled, only_enabled;
	const char	*sort, *limit, *offset;
	bool		 descending;
	bool		 drill, confirm, deliver;
	const char	*field, *at;
	const char	*passphrase_file;
	bool		 no_credentials, dry_run;
};

/* Prints it as one line of JSON. */
void	 line_print(const struct json *);

/* Reads all of a file, or of `-`, that cannot be longer than a request. */
int	 file_read(const char *path, struct buf *out, struct why *);

/* The same for one of up to out->max bytes. */
int	 file_read_all(const char *path, struct buf *out, struct why *);

/*
 * The passphrase of a file of destinations: the first line of another file, or
 * asked for at the terminal, twice if it is a new one.  To be wiped.  0, or -1
 * with *why.
 */
int	 passphrase_read(const struct dest *, bool is_new, struct buf *out,
	    struct why *);

/* What another service calls things that spoold knows as well. */
struct translation {
	struct json	*document;	/* own; as spoold takes it */
	char		*reason;	/* own; why it is disabled, or NULL */
	struct buf	 notes;		/* own; what was left out, lines */
};

/*
 * Makes of a destination, spoold's own or that of the service which it
 * replaces, one to import.  0, or -1 with *why: it is none.
 */
int	 translate(const struct json *, struct translation *, struct why *);
void	 translation_free(struct translation *);

/*
 * Calls `each` for every destination that was asked for.  0, or -1 with *why,
 * its own or of one of them.
 */
typedef int	 dest_one(void *arg, struct cli *, const struct json *document,
		    struct why *);
int	 dest_each(struct cli *, const struct dest *, dest_one *each,
	    void *arg, struct why *);

/* Says on standard error what spoold finds doubtful about a destination. */
void	 warnings_show(const struct json *document);

cli_action	 dest_create, dest_update, dest_duplicate;
cli_action	 dest_export, dest_import;
cli_action	 dest_test, dest_health;
cli_action	 secret_list, secret_rotate, secret_add, secret_revoke,
		    secret_reveal;

#endif
