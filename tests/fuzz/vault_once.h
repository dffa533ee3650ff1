/*
 * vault_once.h - a vault with a key of its own, for a target's whole life
 */
#ifndef TESTS_FUZZ_VAULT_ONCE_H
#define TESTS_FUZZ_VAULT_ONCE_H

#include "lib/vault.h"
#include "tests/fuzz/fuzz.h"

static inline struct vault *
vault_once(void)
{
	char		*directory = fuzz_directory();
	struct vault	*vault;
	struct why	 why;

	MUST(vault_create(directory, &why) == 0);
	vault = vault_open(directory, &why);
	MUST(vault != NULL);
	free(directory);
	return vault;
}

#endif
