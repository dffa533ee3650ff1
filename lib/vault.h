/*
 * vault - credentials at rest
 *
 * A sealed value is {"sealed": "v1.<key id>.<nonce>.<ciphertext and tag>"}:
 * AES-256-GCM under a key derived with HKDF-SHA256 from the master key for one
 * organization and destination.  Where it belongs (organization, destination,
 * origin, field, version) is authenticated with it, so a sealed value moved
 * anywhere else does not open.
 */
#ifndef LIB_VAULT_H
#define LIB_VAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/why.h"

struct vault;				/* opaque; locked, not dumped, wiped */

/*
 * 32 random bytes into <key_directory>/master.key, mode 0400.  Returns 0, or
 * -1 with *why (CONFLICT if there is one).
 */
int	 vault_create(const char *key_directory, struct why *);

/* True if systemd has given the master key, for whoever it started only. */
bool	 vault_is_given(void);

/*
 * Opens $CREDENTIALS_DIRECTORY/spoold.master-key, else
 * <key_directory>/master.key.  NULL with *why (CONFIG_ERROR: missing, of
 * another size, readable by others).
 */
struct vault	*vault_open(const char *key_directory, struct why *);
void		 vault_close(struct vault **);

/* One of a master key that is somewhere else.  NULL with *why. */
#define VAULT_KEY_BYTES 32
struct vault	*vault_of_key(const unsigned char key[VAULT_KEY_BYTES],
		    struct why *);

/* The id of the key that seals, as it stands in what is sealed. */
const char	*vault_key_id(const struct vault *);

/* True if the text was sealed under that key. */
bool	 vault_is_current(const struct vault *, const char *sealed);

/*
 * Another master key.  After vault_rotation_begin() there are two: vault_open()
 * has both, seals under the new one and opens what is sealed under either.
 * When everything has been sealed anew vault_rotation_end() has the new key
 * replace the old one, which is gone then.  A rotation that has begun and not
 * ended is gone on with by the next begin.  0, or -1 with *why.
 */
int	 vault_rotation_begin(const char *key_directory, struct why *);
int	 vault_rotation_end(const char *key_directory, struct why *);

/* True if one has begun and not ended. */
bool	 vault_is_rotating(const struct vault *);

/* Where a value belongs; all strings borrowed, none NULL. */
struct vault_place {
	const char	*organization;
	const char	*destination;
	const char	*origin;	/* scheme://host:port, or "" */
	const char	*field;		/* its path within config */
};

/* Appends the sealed text (without the object around it) to `out`. */
int	 vault_seal(const struct vault *, const struct vault_place *,
	    const char *value, size_t length, struct buf *out, struct why *);

/*
 * Appends the value to `out`, which the caller wipes.  Returns 0, or -1 with
 * *why, which never has a part of it: it was sealed under another key, for
 * another place, or was changed.
 */
int	 vault_unseal(const struct vault *, const struct vault_place *,
	    const char *sealed, struct buf *out, struct why *);

/*
 * What nobody can make, or know, without the master key of that id:
 * HMAC-SHA256 of the text under a key derived for that purpose.  Returns 0, or
 * -1 with *why: there is no such key any more.
 */
#define VAULT_MAC_LENGTH 32
int	 vault_authenticate(const struct vault *, const char *key_id,
	    const char *purpose, const struct buf *text,
	    unsigned char out[VAULT_MAC_LENGTH], struct why *);

#endif
