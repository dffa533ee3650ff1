/*
 * session - one SSH session, up to the login
 *
 * libssh, never blocking, over a socket that is connected already.  Only
 * session.c and subsystem.c know libssh's types.  libssh reads no
 * configuration, no known hosts and no agent here; it is told everything.
 */
#ifndef WORKERS_SFTP_SESSION_H
#define WORKERS_SFTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/hostkey.h"
#include "lib/why.h"

struct config;
struct session;				/* opaque */
struct session_key;			/* opaque: a private key, opened */

/* NULL if it is none, or the passphrase (NULL: none) does not open it. */
struct session_key	*session_key_read(const char *text,
			    const char *passphrase);
void			 session_key_free(struct session_key **);

/*
 * What the server may show for its key; a server has one of each at most.  The
 * last is for a look at what it has beside the kind that is pinned.
 */
enum family { FAMILY_any, FAMILY_ed25519, FAMILY_ecdsa, FAMILY_rsa,
	FAMILY_unpinned, FAMILIES };

/* How far it has come. */
enum stage { STAGE_handshake, STAGE_login, STAGE_interactive, STAGE_open,
	STAGES };

/*
 * The socket becomes its own.  Keys of that family only are asked for, or of
 * the kind that is pinned unless it is FAMILY_unpinned; NULL with *why.
 * `config` is borrowed until it is open.
 */
struct session	*session_new(int fd, const struct config *, enum family,
		    struct why *);
void		 session_free(struct session **);

/*
 * Goes on until it has to wait.  1: open, 0: it waits, -1 with *why; that is
 * HOST_KEY_MISMATCH before anything but the handshake was sent.
 */
int		 session_go_on(struct session *, struct why *);
enum stage	 session_stage(const struct session *);

/* The server's key, once shown: its family, FAMILY_any before that. */
enum family	 session_hostkey(const struct session *,
		    uint8_t sha256[HOSTKEY_HASH]);

/* What poll(2) is to look for. */
short		 session_events(const struct session *);

/* Bytes that have come from the server, for whatever channel. */
uint64_t	 session_received(const struct session *);

/* True if much comes that no channel takes: libssh keeps some of it. */
bool		 session_is_flooded(const struct session *);

/* True once nothing goes over it any more, for none of its channels. */
bool		 session_is_over(const struct session *);

#endif
