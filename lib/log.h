/*
 * log - one event a line, for people and for grep
 *
 * `time level program[pid]: id.dest: event key=value …`.  The words are an
 * interface.  Control characters of what is logged are escaped.  Nothing that
 * comes here may hold a secret, a payload or a metadata value.  syslog.h has
 * some of these names, too: include one of the two.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/why.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

/*
 * Begins logging as `program` to `target`: "stderr", "syslog" or the path of a
 * file, which is appended to.  Before this, lines go to stderr at LOG_INFO.
 * May be called again (a reload, a rotated file).
 */
int	 log_open(const char *program, const char *target, enum log_level,
	    struct why *);

/* The level called `name` ("error", "warning", "info", "debug"), or -1. */
int	 log_level_by_name(const char *name);

void	 log_error(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_warning(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Says why the process cannot go on, and ends it with that exit status. */
void	 log_fatal(int status, const char *, ...)
	    __attribute__((format(printf, 2, 3), noreturn));

#endif
