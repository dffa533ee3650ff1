/*
 * conf - spoold.conf: the settings, from one table
 *
 * conf.def holds every setting once: section, name, type, default, bounds and
 * sentence.  The struct below, the parser, the range checks, the shipped
 * etc/spoold.conf and spoold.conf(5) are made from it.  The file is read by
 * libconfuse; environment variables win over it (formats: SPOOLD_<SECTION>_
 * <NAME>, and a few DELIVERY_ names).
 */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

struct conf_list {
	char	**items;	/* own */
	size_t	 count;
};

/* The C type of each type of setting. */
typedef char		*conf_string;
typedef char		*conf_path;	/* absolute; in the file also from its
					 * directory; may be "" if it is so
					 * by default */
typedef char		*conf_choice;
typedef int64_t		 conf_duration;	/* ms; -1: empty, where it may be */
typedef int64_t		 conf_size;	/* bytes */
typedef int64_t		 conf_integer;
typedef double		 conf_real;
typedef bool		 conf_boolean;
typedef char		*conf_account;	/* a user's or group's name, or "" */
typedef char		*conf_listener;	/* lib/listener.h, or "" */
typedef struct conf_list conf_addresses;	/* CIDRs, words of egress.h */
typedef struct conf_list conf_names;	/* as an id */
typedef struct conf_list conf_words;	/* any text */
typedef struct conf_list conf_statuses;	/* HTTP statuses */
typedef struct conf_list conf_durations;
typedef struct conf_list conf_paths;	/* absolute ones of directories */
typedef struct conf_list conf_networks;	/* CIDRs */

struct conf_organization {
	char	*id;
#define ORGANIZATION_CONF(type, name, def, min, max, sentence) \
	conf_##type name;
#define ORGANIZATION_SECTION_CONF(type, section, name, min, max, sentence) \
	conf_##type section##_##name;
#include "lib/conf.def"
#undef ORGANIZATION_CONF
#undef ORGANIZATION_SECTION_CONF
};

struct conf_transport {
	char	*name;
#define TRANSPORT_CONF(type, name, def, min, max, sentence) \
	conf_##type name;
#include "lib/conf.def"
#undef TRANSPORT_CONF
};

/* A program that jobs may be given to. */
struct conf_pipe {
	char	*name;
#define PIPE_CONF(type, name, def, min, max, sentence) \
	conf_##type name;
#include "lib/conf.def"
#undef PIPE_CONF
};

struct conf {
	char	*file;		/* the file it was read from, absolute */
#define CONF(type, section, name, def, min, max, sentence) \
	conf_##type section##_##name;
#include "lib/conf.def"
#undef CONF
	struct conf_organization *organizations;	/* own */
	size_t	 organization_count;
	struct conf_transport *transports;		/* own */
	size_t	 transport_count;
	struct conf_pipe *pipes;			/* own */
	size_t	 pipe_count;
	struct conf_list variables;	/* of the environment, that set one */
	struct conf_list unknown_variables;	/* SPOOLD_ names that do not */
	/* The names of the settings that each has set; see conf_row.h. */
	struct conf_list file_names, environment_names, override_names;
};

/*
 * Reads `file` (NULL: $SPOOLD_CONFIG, else /etc/spoold/spoold.conf), with the
 * environment's overrides.  NULL with *why: CONFIG_ERROR naming file, line,
 * value and what is allowed.
 */
struct conf	*conf_read(const char *file, struct why *);
void		 conf_free(struct conf **);

/*
 * The same for who asks: the environment overrides nothing where the file names
 * a user, whose instance it is.
 */
struct conf	*conf_read_asked(const char *file, struct why *);

/*
 * The same from a text that is to become that file, and without the
 * environment.
 */
struct conf	*conf_read_text(const char *file, const struct buf *text,
		    struct why *);

/* The transports that may have a section, by number; NULL after the last. */
const char	*conf_transport_name(size_t);

/* A transport's settings; the defaults if it is not named in the file. */
const struct conf_transport	*conf_transport(const struct conf *,
				    const char *name);

/* That pipe, or NULL. */
const struct conf_pipe	*conf_pipe(const struct conf *, const char *name);

/* That organization, or NULL. */
const struct conf_organization	*conf_organization(const struct conf *,
				    const char *id);

/* A fixed list in ms: retry.schedule. Returns the n-th (from 1), or -1. */
int64_t	 conf_schedule(const struct conf *, size_t n);

/*
 * The differences between two configurations as JSON members for the journal's
 * config.reloaded line: "changes":[{"name","old","new"}…]. True if there are
 * any.
 */
bool	 conf_changes(const struct conf *old, const struct conf *new,
	    struct buf *out);

/*
 * What the environment set, as JSON members for the journal's start line:
 * "environment":[{"variable","value"}…].  False, and nothing written,
 * if it set nothing.
 */
bool	 conf_overrides(const struct conf *, struct buf *out);

/*
 * The five directories and the user may not change while running: 0, or -1
 * with *why.
 */
int	 conf_check_reload(const struct conf *old, const struct conf *new,
	    struct why *);

/* The shipped file, made from the table, to out. */
void	 conf_print_shipped(struct buf *out);

#endif
