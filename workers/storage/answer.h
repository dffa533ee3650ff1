/*
 * answer - what the answers of a store's API mean
 *
 * Each provider has a table of its error codes.  A code that says what is
 * wrong with the destination is deferred whatever its status, so that the
 * mended destination delivers what waited.
 */
#ifndef WORKERS_STORAGE_ANSWER_H
#define WORKERS_STORAGE_ANSWER_H

#include "workers/storage/call.h"

#define CODE_MAX 64		/* bytes of an error code */

enum {
	CODE_AGAIN = 1,		/* the same request may be taken later */
	CODE_TAKEN = 2,		/* something has that key already */
	CODE_CLOCK = 4,		/* it may be for the clock */
	CODE_KNOWN = 8,		/* the credentials were good, not the right */
};

struct code {
	const char	*name;
	enum verdict	 verdict;
	enum error	 error;
	int		 flags;		/* OUTCOME_… */
	int		 more;		/* CODE_… */
	const char	*words;		/* what it means, and what mends it */
};

/* What most rows begin with. */
#define AUTH VERDICT_deferred, ERROR_AUTHENTICATION_FAILED, OUTCOME_TRANSPORT
#define CONFIG VERDICT_deferred, ERROR_CONFIG_ERROR, OUTCOME_TRANSPORT
#define LATER VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_TRANSPORT
#define SLOWER VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_SLOW_DOWN
#define FULL VERDICT_deferred, ERROR_REMOTE_FULL, OUTCOME_TRANSPORT
#define DAMAGED VERDICT_deferred, ERROR_PROTOCOL_ERROR, 0
#define NEVER VERDICT_failed, ERROR_HTTP_STATUS, 0
#define KEPT VERDICT_failed, ERROR_CONFLICT, 0

/*
 * What an answer means: verdict(), and what the provider's codes add.
 * `permanent` as in verdict_rules.
 */
void	 answer_verdict(const struct call *, const struct http_answer *,
	    const char *permanent, struct link_record *,
	    struct verdict_text *);

/* Its code's flags, CODE_…; 0 where there is none. */
int	 answer_flags(const struct call *, const struct http_answer *);

/* True for 2xx, and for what has a code: any other server may say the rest. */
bool	 answer_is_providers(const struct call *, const struct http_answer *);

/* True for 2xx without an error that was sent behind it. */
bool	 answer_is_good(const struct call *, const struct http_answer *);

/* True if it says that something has that key already. */
bool	 answer_is_taken(const struct call *, const struct http_answer *);

/*
 * The text of the first such element of XML, and where it ends, for the next;
 * false: there is none that fits.
 */
bool	 answer_element(const char **xml, const char *name, char *out,
	    size_t size);

/* True if its error has that code. */
bool	 answer_has_code(const struct call *, const struct http_answer *,
	    const char *code);

/* A code's text out of an element `Code` of the body. */
bool	 answer_code_element(const struct http_answer *, char *out,
	    size_t size);

#endif
