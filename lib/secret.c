/*
 * secret - memory for what is kept in clear
 *
 * Each has pages of its own, so that what is said of them holds for nothing
 * else, and for all of it.
 */
#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

#include "lib/secret.h"

int
secret_set(struct secret *secret, const char *data, size_t length,
    struct why *why)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (length / page + 1) * page;
	void *memory;

	memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		(void)why_errno(why, "get memory for a secret");
		secret_free(secret);
		return -1;
	}
	/* As far as the limits allow; swap is the administrator's matter. */
	(void)mlock(memory, mapped);
	/* Nor has a child that is forked any use for it. */
	if (madvise(memory, mapped, MADV_DONTDUMP) == -1 ||
	    madvise(memory, mapped, MADV_WIPEONFORK) == -1) {
		(void)why_errno(why, "keep a secret to this process");
		(void)munmap(memory, mapped);
		secret_free(secret);
		return -1;
	}
	if (length > 0)
		memcpy(memory, data, length);
	/* It may be what was copied. */
	secret_free(secret);
	secret->data = memory;
	secret->length = length;
	secret->mapped = mapped;
	return 0;
}

void
secret_free(struct secret *secret)
{
	if (secret->data == NULL)
		return;
	explicit_bzero(secret->data, secret->mapped);
	(void)munmap(secret->data, secret->mapped);
	memset(secret, 0, sizeof(*secret));
}
