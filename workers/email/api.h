/*
 * api - services that take mail by HTTP: what they have in common
 *
 * A service is a struct api: where it is, how a mail is written and a request
 * authorized, and tables of what its answers mean.  A body is composed once,
 * measured, and read while it is sent.
 */
#ifndef WORKERS_EMAIL_API_H
#define WORKERS_EMAIL_API_H

#include "workers/common/courier.h"
#include "workers/common/headers.h"
#include "workers/email/config.h"
#include "workers/email/encoded.h"
#include "workers/email/message.h"
#include "workers/email/service.h"

#define API_SAID_MAX 200	/* bytes of a header of an answer */
#define API_KEY_MAX 160		/* of an Idempotency-Key */

/* What is to be written as a request's body. */
struct api_mail {
	const struct config *config;
	const struct message *message;	/* NULL where there is a mime */
	struct mime	*mime;		/* a whole message, or NULL */
	const char	*message_id;
};

/* Headers of an answer; "": not there. */
struct api_said {
	char		 message_id[API_SAID_MAX];	/* X-Message-Id */
	char		 error_type[API_SAID_MAX];	/* x-amzn-ErrorType */
	char		 reset_at[API_SAID_MAX];	/* X-RateLimit-Reset */
	char		 reset_in[API_SAID_MAX];	/* RateLimit-Reset */
};

struct api_call {
	struct courier	*courier;	/* borrowed */
	const struct config *config;	/* borrowed */
	const char	*method;
	const char	*path;		/* below the endpoint */
	char		 key[API_KEY_MAX];	/* Idempotency-Key, or "" */
	struct encoded	*body;		/* borrowed; NULL: none */
	uint8_t		 sha256[SHA256_LENGTH];	/* of it, where it is signed */
	int64_t		 timeout;	/* ms */
	bool		 fresh;
	struct why	 broken;	/* why reading stopped it */
	void		(*moved)(void *arg, int64_t sent);	/* or NULL */
	void		(*done)(void *arg, const struct http_answer *);
	void		*arg;		/* borrowed */
	struct api_said	 said;
};

/* What an answer means: the first row that fits; 0 and NULL fit any. */
struct api_error {
	int		 status;
	const char	*name;		/* what the service calls it */
	const char	*message;	/* its words begin so */
	enum verdict	 verdict;
	enum error	 error;
	int		 flags;		/* OUTCOME_… */
	const char	*words;		/* what it means, and what mends it;
					 * NULL: that the credentials do not */
};

/* What a service's rows mostly say. */
#define API_AUTH VERDICT_deferred, ERROR_AUTHENTICATION_FAILED, \
    OUTCOME_TRANSPORT
#define API_CONFIG VERDICT_deferred, ERROR_CONFIG_ERROR, OUTCOME_TRANSPORT
#define API_LATER VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_TRANSPORT
#define API_SLOWER VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_SLOW_DOWN
#define API_NEVER VERDICT_failed, ERROR_HTTP_STATUS, 0

struct api {
	const char	*endpoint;	/* with the region for `%`; or NULL */
	const char	*path;		/* where a mail is sent to */
	int64_t		 max;		/* bytes of one; 0: not known */
	bool		 of_mime;	/* `max` counts the message, not the
					 * request */
	bool		 attaches_mime;	/* an attachment comes as MIME */
	bool		 signs;		/* the body's SHA-256 has to be known */
	const char	*success;	/* as verdict_rules has it */
	const char	*id;		/* of the answer's JSON: the mail's id,
					 * without which none was taken */
	/* Come before those that all have; NULL: judged as any HTTP is. */
	const struct api_error *errors;
	size_t		 error_count;
	int		 (*compose)(const struct api_mail *, struct encoded *,
			    struct why *);
	int		 (*authorize)(const struct api_call *, struct headers *,
			    struct why *);
	/* A test asks that, and sends no mail. */
	const char	*test_method, *test_path;
	/* An error that shows that the credentials are good, or NULL. */
	const char	*test_error;
	/* What a good answer says is wrong, in words, or NULL.  May be NULL. */
	const char	*(*test_said)(const struct json *);
	const char	*credentials;	/* the fields, for a person */
	const char	*needs[4];	/* fields of a config; then NULL */
};

/* --- api.c ---------------------------------------------------------------- */

int	 api_compose(struct attempt *, struct why *);
int	 api_prepare(struct attempt *, int64_t *done, struct why *);
void	 api_send(struct attempt *);

/* Starts a call.  0, or -1 with *why. */
int	 api_start(struct api_call *, struct why *);

/* The body's SHA-256, where it is all in memory. */
void	 api_digest(struct api_call *);

/* Sets `Authorization: Bearer` with the destination's key. */
int	 api_bearer(const struct api_call *, struct headers *, struct why *);

/* One address of a mail, in a service's own form; nothing where it is none. */
typedef void	 api_address(struct buf *, const char *name,
		    const struct mail_address *);

/* An object with `email`, and `name` if there is one. */
api_address	 api_put_person;

/* An array of them; nothing if there are none. */
void	 api_put_addresses(struct buf *, const char *name,
	    const struct config_addresses *, api_address *);

/*
 * Begins a string that the body's source is, as the last member of the head;
 * what comes behind it begins the tail.
 */
void	 api_put_source(struct encoded *, const char *name);

/* --- api_answer.c --------------------------------------------------------- */

/*
 * What an answer means: verdict(), and what the service's own table adds.
 * `permanent` as in verdict_rules.
 */
void	 api_verdict(const struct api_call *, const struct http_answer *,
	    const char *permanent, struct link_record *,
	    struct verdict_text *);

/* True if the answer has an error that is called so. */
bool	 api_is(const struct api_call *, const struct http_answer *,
	    const char *name);

/* --- api_test.c ----------------------------------------------------------- */

void	 api_test(struct trial *);

#endif
