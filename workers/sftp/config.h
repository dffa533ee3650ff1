/*
 * config - an sftp destination's settings
 */
#ifndef WORKERS_SFTP_CONFIG_H
#define WORKERS_SFTP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/hostkey.h"
#include "lib/json.h"
#include "lib/why.h"

#include "workers/common/cms.h"
#include "workers/common/http.h"

#define CONFIG_IDENTITY 32

struct session_key;

struct config {
	char		*url;		/* own; http://host:port/, to connect */
	char		*user;		/* own */
	char		*password;	/* own; NULL: by key */
	struct session_key *key;	/* own; NULL: by password */
	bool		 pinned;	/* false in a trial only */
	struct hostkey	 pin;
	char		*path, *filename;	/* own; NULL: none */
	bool		 create_directories, overwrite, read_back;
	bool		 fsync;
	struct certificates *encrypt;	/* own; NULL: it is not encrypted */
	enum cms_cipher	 cipher;
	struct http_proxy proxy;	/* own */
	char		*tls_minimum;	/* own; of the proxy: none */
	/* Those of one identity may use each other's sessions. */
	uint8_t		 identity[CONFIG_IDENTITY];
};

/* NULL with *why. */
struct config	*config_read(const struct json *, struct why *);
void		 config_free(struct config *);

#endif
