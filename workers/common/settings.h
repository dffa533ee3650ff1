/*
 * settings - what the destinations of several transports say alike
 *
 * The texts are copies, to be wiped with settings_wipe() and its kin.
 */
#ifndef WORKERS_SETTINGS_H
#define WORKERS_SETTINGS_H

#include "lib/json.h"
#include "lib/why.h"

#include "workers/common/headers.h"
#include "workers/common/http.h"

/* Headers that a destination asks for. */
struct settings_headers {
	struct settings_header {
		char	*name, *value;	/* own */
	}		*list;		/* own */
	size_t		 count;
};

/* A member that is a string, or NULL. */
char	*settings_string(const struct json *object, const char *name);

/* An URL's, without a `/` at its end. */
char	*settings_endpoint(const struct json *object, const char *name);

/* Frees a string that may hold a secret; NULL is none. */
void	 settings_wipe(char *);

/* `tls` of a config; `least` is the instance's minimum, never undercut. */
void	 settings_tls(struct http_tls *, const struct json *config,
	    const char *least);
void	 settings_tls_free(struct http_tls *);

/* `proxy` and `proxyAuth` of a config. */
void	 settings_proxy(struct http_proxy *, const struct json *config);
void	 settings_proxy_free(struct http_proxy *);

/* `headers` of a config. */
void	 settings_headers(struct settings_headers *,
	    const struct json *config);
void	 settings_headers_free(struct settings_headers *);
/* Sets them.  0, or -1 with *why. */
int	 settings_headers_set(const struct settings_headers *,
	    struct headers *, struct why *);

/*
 * What is wrong with a destination can be mended: CONFIG_ERROR, so nothing is
 * given up.  Always -1; the words go on after the field's name.
 */
int	 settings_wrong(struct why *, const char *field, const char *words);

#endif
