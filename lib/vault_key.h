/*
 * vault_key - where the master key lies; only for vault.c
 */
#ifndef LIB_VAULT_KEY_H
#define LIB_VAULT_KEY_H

#include "lib/secret.h"
#include "lib/vault.h"
#include "lib/why.h"

#define VAULT_KEY_LENGTH 32

#define VAULT_KEYS 2		/* while the key is rotated */

/*
 * Reads $CREDENTIALS_DIRECTORY/spoold.master-key, or if that is not there
 * <key_directory>/master.key, into keys[0]; if a rotation has begun, the next
 * key into keys[1].  Returns how many, or -1 with *why (CONFIG_ERROR) and
 * maybe some read: the caller frees them.
 */
int	 vault_key_read(const char *key_directory,
	    struct secret keys[VAULT_KEYS], struct why *);

#endif
