/*
 * vault_key - where the master key lies; only for vault.c
 */
#ifndef LIB_VAULT_KEY_H
#define LIB_VAULT_KEY_H

#include "lib/vault.h"
#include "lib/why.h"

#define VAULT_KEY_LENGTH 32

/*
 * Reads $CREDENTIALS_DIRECTORY/spoold.master-key, or if that is not there
 * <key_directory>/master.key.  0, or -1 with *why (CONFIG_ERROR).
 */
int	 vault_key_read(const char *key_directory, struct secret *,
	    struct why *);

#endif
