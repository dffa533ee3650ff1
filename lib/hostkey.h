/*
 * hostkey - the key that an SSH server must have
 *
 * Given as OpenSSH shows it: `SHA256:` and the unpadded base64 of the key's
 * hash, or a line of known_hosts or of a .pub file, whose key is hashed.  What
 * stands beside the key in a line (host names, a comment) counts for nothing:
 * the pin is the destination's.
 */
#ifndef LIB_HOSTKEY_H
#define LIB_HOSTKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define HOSTKEY_HASH 32		/* bytes of SHA-256 */
#define HOSTKEY_MAX 8192	/* bytes of a line */
#define HOSTKEY_PREFIX "SHA256:"
#define HOSTKEY_TEXT (sizeof(HOSTKEY_PREFIX) + 43)	/* of a fingerprint */

/* The kinds of keys, and by which signatures they are proved (RFC 8332). */
#define HOSTKEY_KINDS(KIND)						\
	KIND(ed25519, "ssh-ed25519", "ssh-ed25519")			\
	KIND(ecdsa256, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256")	\
	KIND(ecdsa384, "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384")	\
	KIND(ecdsa521, "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521")	\
	KIND(rsa, "ssh-rsa", "rsa-sha2-512,rsa-sha2-256")

enum hostkey_kind {
#define KIND(identifier, name, algorithms) HOSTKEY_##identifier,
	HOSTKEY_KINDS(KIND)
#undef KIND
	HOSTKEY_kinds		/* any of them */
};

struct hostkey {
	uint8_t		 sha256[HOSTKEY_HASH];
	enum hostkey_kind kind;	/* HOSTKEY_kinds: a fingerprint, no line */
	int		 bits;	/* of the modulus of an RSA key, else 0 */
};

/* An RSA key with fewer bits is too short (NIST SP 800-131A). */
#define HOSTKEY_RSA_MIN 2048

/*
 * Reads one.  NULL, or what is wrong with it in words that go on after the
 * field's name ("must be …").
 */
const char	*hostkey_parse(const char *, struct hostkey *);

/* Appends what is weak about one that is pinned.  True if something is. */
bool	 hostkey_weak(const struct hostkey *, struct buf *);

/* What is negotiated for a kind, as OpenSSH writes lists. */
const char	*hostkey_algorithms(enum hostkey_kind);

/* Appends SHA256:… as ssh-keygen(1) prints it. */
void	 hostkey_print(const uint8_t sha256[HOSTKEY_HASH], struct buf *);

#endif
