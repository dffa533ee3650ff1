/*
 * guests - how much each address may ask for
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/download/guests.h"

#define ROWS 1024

struct guest {
	TAILQ_ENTRY(guest) seen;
	LIST_ENTRY(guest) row;
	struct address	 address;
	int64_t		 filled;	/* up to then, monotonic ms */
	int64_t		 left;		/* thousandths of requests */
	unsigned	 open[GUEST_USES];
};

struct guests {
	TAILQ_HEAD(seen, guest) seen;	/* longest ago first */
	LIST_HEAD(, guest) rows[ROWS];
	size_t		 count;
};

struct guests *
guests_new(void)
{
	struct guests *guests = xcalloc(1, sizeof(*guests));

	TAILQ_INIT(&guests->seen);
	return guests;
}

static void
guest_forget(struct guests *guests, struct guest *guest)
{
	TAILQ_REMOVE(&guests->seen, guest, seen);
	LIST_REMOVE(guest, row);
	guests->count--;
	free(guest);
}

void
guests_free(struct guests **guests)
{
	struct guest *guest, *next;

	if (*guests == NULL)
		return;
	TAILQ_FOREACH_SAFE(guest, &(*guests)->seen, seen, next)
		guest_forget(*guests, guest);
	free(*guests);
	*guests = NULL;
}

size_t
guests_known(const struct guests *guests)
{
	return guests->count;
}

static struct address
guest_address(const struct address *address)
{
	struct address whole = *address;

	if (!address_is_ipv4(address))
		memset(whole.bytes + 8, 0, 8);
	return whole;
}

static size_t
guest_row(const struct address *address)
{
	uint32_t hash = 2166136261;	/* FNV-1a */

	for (size_t i = 0; i < sizeof(address->bytes); i++)
		hash = (hash ^ address->bytes[i]) * 16777619;
	return hash % ROWS;
}

static struct guest *
guest_find(const struct guests *guests, const struct address *address)
{
	struct guest *guest;

	LIST_FOREACH(guest, &guests->rows[guest_row(address)], row)
		if (memcmp(&guest->address, address, sizeof(*address)) == 0)
			break;
	return guest;
}

/* Makes room for one; false if everybody has something open. */
static bool
guests_room(struct guests *guests)
{
	struct guest *guest;

	if (guests->count < GUESTS_MAX)
		return true;
	TAILQ_FOREACH(guest, &guests->seen, seen)
		if (guest->open[GUEST_CONNECTION] == 0 &&
		    guest->open[GUEST_REQUEST] == 0) {
			guest_forget(guests, guest);
			return true;
		}
	return false;
}

static struct guest *
guest_new(struct guests *guests, const struct address *address, int64_t now)
{
	struct guest *guest;

	if (!guests_room(guests))
		return NULL;
	guest = xcalloc(1, sizeof(*guest));
	guest->address = *address;
	guest->filled = now;
	guest->left = GUEST_BURST * 1000;
	TAILQ_INSERT_TAIL(&guests->seen, guest, seen);
	LIST_INSERT_HEAD(&guests->rows[guest_row(address)], guest, row);
	guests->count++;
	return guest;
}

/* One request of its bucket, if there is one. */
static bool
guest_spend(struct guest *guest, int64_t now)
{
	int64_t passed = now - guest->filled;

	guest->filled = now;
	guest->left += passed > GUEST_BURST * 1000 ? GUEST_BURST * 1000 :
	    passed * GUEST_RATE;
	if (guest->left > GUEST_BURST * 1000)
		guest->left = GUEST_BURST * 1000;
	if (guest->left < 1000)
		return false;
	guest->left -= 1000;
	return true;
}

bool
guests_enter(struct guests *guests, const struct address *address,
    enum guest_use use, int64_t now)
{
	struct address whole = guest_address(address);
	struct guest *guest = guest_find(guests, &whole);

	if (guest == NULL)
		guest = guest_new(guests, &whole, now);
	else {
		TAILQ_REMOVE(&guests->seen, guest, seen);
		TAILQ_INSERT_TAIL(&guests->seen, guest, seen);
	}
	if (guest == NULL || guest->open[use] >= GUEST_AT_ONCE ||
	    (use == GUEST_REQUEST && !guest_spend(guest, now)))
		return false;
	guest->open[use]++;
	return true;
}

void
guests_leave(struct guests *guests, const struct address *address,
    enum guest_use use)
{
	struct address whole = guest_address(address);
	struct guest *guest = guest_find(guests, &whole);

	if (guest != NULL && guest->open[use] > 0)
		guest->open[use]--;
}
