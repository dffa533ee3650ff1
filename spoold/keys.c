/*
 * keys - which job owns an idempotency key
 *
 * A key is looked for among the claims of this turn first, then on disk.  The
 * file says all that is needed to tell a repetition from a conflict, so that
 * the first job may be long gone.
 */
#include <sys/stat.h>

#include <openssl/evp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/keys.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define KEY_BYTES ((KEY_HEX - 1) / 2)

static void
key_digest(const void *data, size_t length, char out[KEY_HEX])
{
	unsigned char hash[SHA256_LENGTH] = { 0 };

	/* It fails for want of memory only, as xmalloc() does. */
	if (EVP_Q_digest(NULL, "SHA256", NULL, data, length, hash, NULL) != 1)
		abort();
	hex_format(hash, KEY_BYTES, out);
}

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of the payload and the destinations, in whatever order they are named. */
static void
claim_fill(struct claim *claim, const struct facts *facts)
{
	size_t count = facts->job.destination_count;
	const char **names = xcalloc(count, sizeof(*names));
	const char *key = facts->job.idempotency_key;
	struct buf all = { 0 };

	for (size_t i = 0; i < count; i++)
		names[i] = facts->job.destinations[i];
	if (count != 0)
		qsort(names, count, sizeof(*names), name_compare);
	buf_add(&all, facts->payload_sha256, SHA256_LENGTH);
	for (size_t i = 0; i < count; i++)
		buf_printf(&all, "%s\n", names[i]);
	claim->owner = facts->id;
	key_digest(key, strlen(key), claim->name);
	key_digest(all.data, all.len, claim->digest);
	buf_free(&all);
	free(names);
}

/*
 * What the key's file says, and how old it is.  1, 0 if there is none that can
 * be read, -1 with *why.
 */
static int
claim_read(const struct organization *org, const char *name,
    struct claim *claim, int64_t *age_r, struct why *why)
{
	char text[ID_LENGTH + 1 + KEY_HEX + 1] = "";
	struct stat st;
	ssize_t got = -1;
	int fd, result;

	fd = spool_open_file(org->spool, QUEUE_keys, name, why);
	if (fd == -1)
		return why->number == ENOENT ? 0 : -1;
	result = fstat(fd, &st);
	if (result == 0)
		got = read(fd, text, sizeof(text) - 1);
	if (got == -1)
		why_errno(why, "read keys/%s", name);
	close(fd);
	if (got == -1)
		return -1;
	*age_r = clock_wall() - clock_from_timespec(st.st_mtim);
	if ((size_t)got != ID_LENGTH + 1 + KEY_HEX ||
	    id_parse(text, &claim->owner) == -1)
		return 0;
	text[ID_LENGTH + KEY_HEX] = '\0';
	memcpy(claim->digest, text + ID_LENGTH + 1, KEY_HEX);
	return 1;
}

static struct claim *
claim_pending(struct organization *org, const char *name)
{
	struct claim *claim;

	TAILQ_FOREACH(claim, &org->claims, entry)
		if (strcmp(claim->name, name) == 0)
			return claim;
	return NULL;
}

int
keys_claim(struct spoold *s, struct organization *org,
    const struct facts *facts, struct id *first_r, struct why *why)
{
	struct claim *claim, *pending, written;
	int64_t age = 0;
	int found;

	if (facts->job.idempotency_key == NULL)
		return 1;
	claim = xcalloc(1, sizeof(*claim));
	claim_fill(claim, facts);
	pending = claim_pending(org, claim->name);
	found = pending != NULL ? 1 :
	    claim_read(org, claim->name, &written, &age, why);
	if (pending != NULL)
		written = *pending;
	if (found == 0 || (found == 1 &&
	    (age >= s->conf->queue_idempotency_window ||
	    id_compare(&written.owner, &facts->id) == 0))) {
		TAILQ_INSERT_TAIL(&org->claims, claim, entry);
		return 1;
	}
	if (found == 1 && strcmp(written.digest, claim->digest) != 0) {
		(void)why_set(why, ERROR_CONFLICT, "its idempotency key was "
		    "met before, with another payload or other destinations");
		id_format(&written.owner, why->id);
		found = -1;
	}
	*first_r = written.owner;
	free(claim);
	return found == 1 ? 0 : -1;
}

void
keys_settle(struct organization *org, const struct facts *facts)
{
	struct claim *claim, *next;

	TAILQ_FOREACH_SAFE(claim, &org->claims, entry, next) {
		if (id_compare(&claim->owner, &facts->id) != 0)
			continue;
		TAILQ_REMOVE(&org->claims, claim, entry);
		free(claim);
	}
}

void
keys_settle_all(struct organization *org)
{
	struct claim *claim;

	while ((claim = TAILQ_FIRST(&org->claims)) != NULL) {
		TAILQ_REMOVE(&org->claims, claim, entry);
		free(claim);
	}
}

int
keys_write(struct organization *org, const struct facts *facts,
    struct why *why)
{
	char text[ID_LENGTH + 1 + KEY_HEX + 1];
	struct claim claim;
	int length;

	if (facts->job.idempotency_key == NULL)
		return 0;
	claim_fill(&claim, facts);
	id_format(&facts->id, text);
	length = snprintf(text + ID_LENGTH, sizeof(text) - ID_LENGTH,
	    " %s\n", claim.digest) + ID_LENGTH;
	if (spool_replace(org->spool, QUEUE_keys, claim.name, text,
	    (size_t)length, why) == -1)
		return -1;
	/* The window begins with the acceptance, also after a crash. */
	return spool_set_due(org->spool, QUEUE_keys, claim.name,
	    facts->accepted_at, why) == -1 ? -1 : 0;
}

int
keys_release(struct organization *org, const struct facts *facts,
    struct why *why)
{
	struct claim claim, written;
	int64_t age;
	int found;

	if (facts->job.idempotency_key == NULL)
		return 0;
	claim_fill(&claim, facts);
	found = claim_read(org, claim.name, &written, &age, why);
	if (found == 1 && id_compare(&written.owner, &facts->id) == 0)
		found = spool_remove(org->spool, QUEUE_keys, claim.name, why);
	return found == -1 ? -1 : 0;
}
