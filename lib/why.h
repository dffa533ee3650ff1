/*
 * why - what went wrong, said once, where it is known
 *
 * Every function of lib/ that can fail for reasons outside the program takes
 * a struct why and returns -1 (or NULL) with it filled in.  The words say what
 * was tried and where; whoever reports adds for which ticket.  The codes are
 * those of errors.def.
 */
#ifndef LIB_WHY_H
#define LIB_WHY_H

#include <stdint.h>

enum error {
	ERROR_NONE,
#define ERROR(code, status, kind, sentence) ERROR_##code,
#include "lib/errors.def"
#undef ERROR
	ERROR_COUNT
};

enum error_kind { ERROR_KIND_command, ERROR_KIND_attempt };

struct why {
	enum error	 code;
	int		 number;	/* errno, or 0 */
	int64_t		 offset;	/* details.offset in bytes, or -1 */
	int64_t		 retry_after;	/* details.retryAfter in s, or 0 */
	char		 path[256];	/* details.path, or "" */
	char		 id[32];	/* details.deliveryId, or "" */
	char		 fields[4096];	/* details.fields: members of an array of
				 * JSON, or "" */
	char		 name[832];	/* details.name, escaped, or "" */
	char		 nearest[64];	/* details.nearest, or "" */
	char		 text[768];	/* the message, never with a secret */
};

/* Fills *why in and returns -1, so that callers say `return why_set(…)`. */
int	 why_set(struct why *, enum error, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * The same from errno: appends `: <strerror>`.  The code follows from errno:
 * ENOSPC, EDQUOT and EMFILE and their like are UNAVAILABLE, EACCES and EPERM
 * PERMISSION_DENIED, anything else INTERNAL_ERROR.
 */
int	 why_errno(struct why *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * The same for a path that cannot be opened and is part of every instance: one
 * that is missing is a CONFIG_ERROR, and `help` says what brings it back.
 */
int	 why_open(struct why *, const char *path, const char *help);

/* A VALIDATION_ERROR about the JSON field `path`. */
int	 why_field(struct why *, const char *path, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

const char	*error_name(enum error);
int		 error_exit_status(enum error);
enum error_kind	 error_kind(enum error);

/* Returns the code of that name, or ERROR_NONE. */
enum error	 error_by_name(const char *);

#endif
