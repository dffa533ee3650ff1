/*
 * scan_keys - the member names of the objects that a scan is in
 *
 * Duplicates are looked for once, when an object ends, by sorting its names.
 * That takes n log n whatever the names are; a hash table would have to be
 * keyed with a secret, or names that collide would make it quadratic.  Sorted
 * are the first eight bytes as a number, and only where these are the same the
 * rest.
 */
#include "lib/scan_keys.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

void
scan_keys_add(struct scan_keys *keys, size_t start, size_t offset)
{
	struct scan_key	*key;
	size_t		 i;

	if (keys->count == keys->cap) {
		keys->cap = keys->cap > 0 ? keys->cap * 2 : 32;
		keys->keys = xreallocarray(keys->keys, keys->cap,
		    sizeof keys->keys[0]);
	}
	key = &keys->keys[keys->count++];
	key->start = start;
	key->length = keys->names.len - start;
	key->offset = offset;
	key->head = 0;
	for (i = 0; i < sizeof key->head; i++) {
		key->head <<= 8;
		if (i < key->length)
			key->head |= (unsigned char)keys->names.data[start + i];
	}
}

/* Equal for the same name only; a name has no NUL, so head decides first. */
static int
compare_names(const struct scan_key *a, const struct scan_key *b,
    const char *names)
{
	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(names + a->start, names + b->start, a->length);
}

static int
compare(const void *left, const void *right, void *names)
{
	const struct scan_key	*a = left, *b = right;
	int			 order = compare_names(a, b, names);

	if (order != 0)
		return order;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

bool
scan_keys_duplicate(struct scan_keys *keys, size_t base,
    struct scan_key *which_r)
{
	struct scan_key	*first;
	size_t		 count = keys->count - base, i;
	bool		 found = false;

	if (count < 2)		/* before the first key there is no memory */
		return false;
	first = keys->keys + base;
	qsort_r(first, count, sizeof *first, compare, keys->names.data);
	for (i = 1; i < count; i++) {
		if (compare_names(&first[i - 1], &first[i],
		    keys->names.data) != 0)
			continue;
		if (!found || first[i].offset < which_r->offset)
			*which_r = first[i];
		found = true;
	}
	return found;
}

void
scan_keys_drop(struct scan_keys *keys, size_t base, size_t names_base)
{
	keys->names.len = names_base;
	keys->count = base;
}

void
scan_keys_free(struct scan_keys *keys)
{
	buf_free(&keys->names);
	free(keys->keys);
	memset(keys, 0, sizeof *keys);
}
