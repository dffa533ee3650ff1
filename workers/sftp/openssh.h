/*
 * openssh - an ed25519 key in the format of OpenSSH
 */
#ifndef WORKERS_SFTP_OPENSSH_H
#define WORKERS_SFTP_OPENSSH_H

#include "lib/buf.h"

/*
 * Appends the ed25519 key that a PEM text has, which a passphrase (NULL: none)
 * opens, in OpenSSH's own format, not encrypted; the caller wipes it.  0, or
 * -1 if the text is another key or none.
 */
int	 openssh_from_pem(const char *pem, const char *passphrase,
	    struct buf *out);

#endif
