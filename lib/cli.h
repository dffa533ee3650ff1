/*
 * cli - what all commands have in common
 *
 * A command is a table of its options, or of verbs with options each; parsing,
 * --help and the check of how many words it takes come from that table.  Every
 * command also has -c FILE, -o ORG, -j, -v, --help and --version, says errors
 * as `command: CODE: message` (with -j as the JSON error) on stderr, and exits
 * with the code's status.
 */
#ifndef LIB_CLI_H
#define LIB_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libspool.h>

#include "lib/conf.h"
#include "lib/json.h"
#include "lib/spool.h"
#include "lib/why.h"

struct cli;
struct cli_option;

/* What an option is stored as, at its offset within the command's state. */
enum cli_form {
	CLI_FLAG,	/* bool: was given */
	CLI_TEXT,	/* const char *: the last one's argument */
	CLI_LIST,	/* struct cli_list: all of them, in order */
	CLI_DIGITS,	/* const char *: its argument is a word of digits right
			 * after it, else "" (-w, -w 30, --wait=30) */
	CLI_CALL	/* `call` is called, in order */
};

struct cli_list {
	const char	**items;	/* freed by cli_run(); items borrowed */
	size_t		  count;
};

/*
 * Returns 0, or -1 with *why: the argument is wrong.  `argument` is NULL for an
 * option that takes none.
 */
typedef int	 cli_call(void *state, const struct cli_option *,
		    const char *argument, struct why *);

struct cli_option {
	int		 letter;	/* 0: only the long form */
	const char	*name;		/* long form; NULL ends a table */
	const char	*argument;	/* as in --help; NULL: takes none */
	const char	*sentence;
	enum cli_form	 form;
	size_t		 offset;
	cli_call	*call;
};

/* What is done after the options are read; returns the exit status. */
typedef int	 cli_action(struct cli *, void *state);

struct cli_verb {
	const char	*name;		/* NULL ends it; a space: two words */
	const char	*synopsis;	/* the words after it: "FILE|-" */
	const char	*sentence;
	const struct cli_option *options;	/* its own, or NULL */
	size_t		 words_min;	/* how many words it takes */
	size_t		 words_max;	/* SIZE_MAX: any number */
	cli_action	*action;
};

struct cli_program {
	const char	*name;
	const struct cli_verb *verbs;	/* NULL: `itself` is all it does */
	struct cli_verb	 itself;	/* without verbs: all but its name; with
					 * verbs: the sentence, and what it does
					 * without one, if it does */
};

struct cli {
	const struct cli_program *program;
	const struct cli_verb *verb;	/* what is done; never NULL */
	const char	*file;		/* -c, or NULL */
	const char	*organization;	/* -o, or NULL */
	bool		 json;
	bool		 verbose;
	char		**words;	/* borrowed: arguments, no options */
	size_t		 word_count;
	struct conf	*conf;		/* own; see cli_conf() */
	struct spool	*spool;		/* own; see cli_spool() */
	struct libspool	*spoold;	/* own; see cli_spoold() */
	struct libspool_error error;	/* of the last question */
	struct why	 why;		/* why there is no spoold to ask */
	bool		 told;		/* that it was started for this */
};

/*
 * Reads the command line into `state`, does what it says, frees what it read
 * and returns the exit status.  A write to stdout that failed is an error.
 */
int	 cli_run(const struct cli_program *, int argc, char **argv,
	    void *state);

/* Adds to a list; for a command's own CLI_CALL. */
void	 cli_list_add(struct cli_list *, const char *);

/* The configuration, read at the first call.  NULL with *why. */
const struct conf	*cli_conf(struct cli *, struct why *);

/*
 * The organization that -o names, else the only one there is.  NULL with *why:
 * CONFIG_ERROR, ORGANIZATION_NOT_FOUND, or USAGE if it must be named.
 */
const struct conf_organization	*cli_organization(struct cli *,
				    struct why *);

/* That organization's spool, opened at the first call.  NULL with *why. */
struct spool	*cli_spool(struct cli *, struct why *);

/* The same for who only drops jobs; see spool_open_drops(). */
struct spool	*cli_drops(struct cli *, struct why *);

/*
 * The lock that spoold has while it runs, for what cannot be done meanwhile:
 * `because` it would do what.  A descriptor, or -1 with *why (UNAVAILABLE).
 */
int	 cli_lock(struct cli *, const char *because, struct why *);

/* Which spoold is asked, and what about. */
enum cli_spoold {
	CLI_ANYHOW,	/* that runs, or else is started for this */
	CLI_RUNNING,	/* UNAVAILABLE if it is down */
	CLI_SERVER	/* the same, about itself, not an organization */
};

/*
 * What libspool's calls take, with &cli->error: made at the first call, and
 * connected at the first question.  NULL where it cannot be, which they take
 * for a failure, too.
 */
struct libspool	*cli_spoold(struct cli *, enum cli_spoold);

/*
 * What such a call gave, as a document, to be freed with json_free(); the
 * result is freed.  NULL with *why if it is NULL.
 */
struct json	*cli_answer(struct cli *, struct libspool_result *,
		    struct why *);

/* Why such a call failed, also one that gives no result: *why, and -1. */
int	 cli_error(const struct cli *, struct why *);

/* Connects now instead of with the first question: 0, or -1 with *why. */
int	 cli_connect(struct cli *, enum cli_spoold, struct why *);

/* Reports on stderr and returns the exit status of *why. */
int	 cli_fail(const struct cli *, const struct why *);

/* The same about one of several things: `about` comes before the message. */
int	 cli_fail_about(const struct cli *, const char *about,
	    const struct why *);

/* The same in one line for how it was called: USAGE. */
int	 cli_usage(const struct cli *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* On stderr with -v, escaped. */
void	 cli_note(const struct cli *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * An option's argument as a number within min and max, or as a point in time
 * (RFC 3339, a day, an age).  Returns 0, or -1 with *why (USAGE) that names the
 * option.
 */
int	 cli_number(const char *option, const char *argument, int64_t min,
	    int64_t max, int64_t *number_r, struct why *);
int	 cli_when(const char *option, const char *argument, int64_t *ms_r,
	    struct why *);

#endif
