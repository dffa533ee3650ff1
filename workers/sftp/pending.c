/*
 * pending - requests that wait for their answers, and whose they are
 *
 * The oldest has the id `next_id - count`; of those that follow, one that was
 * answered out of turn stays until all before it are.  How many there can be
 * is bounded by what the callers have under way.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/sftp/pending.h"

#define ROOM_FIRST 64

static struct pending_request *
request_at(const struct pending *pending, size_t nth)
{
	return &pending->request[(pending->head + nth) & (pending->room - 1)];
}

static void
pending_grow(struct pending *pending)
{
	struct pending larger = *pending;

	larger.room = pending->room == 0 ? ROOM_FIRST : 2 * pending->room;
	larger.head = 0;
	larger.request = xcalloc(larger.room, sizeof(*larger.request));
	for (size_t i = 0; i < pending->count; i++)
		larger.request[i] = *request_at(pending, i);
	free(pending->request);
	*pending = larger;
}

uint32_t
pending_add(struct pending *pending, void *owner)
{
	if (pending->count == pending->room)
		pending_grow(pending);
	*request_at(pending, pending->count) = (struct pending_request) {
	    .owner = owner };
	pending->count++;
	pending->awaited++;
	return pending->next_id++;
}

int
pending_take(struct pending *pending, uint32_t id, void **owner_r)
{
	/* Numbers wrap around, and so does this. */
	uint32_t nth = id - (pending->next_id - (uint32_t)pending->count);
	struct pending_request *request;

	if (nth >= pending->count)
		return 0;
	request = request_at(pending, nth);
	if (request->answered)
		return 0;
	*owner_r = request->owner;
	request->answered = true;
	request->owner = NULL;
	pending->awaited--;
	while (pending->count > 0 && request_at(pending, 0)->answered) {
		pending->head = (pending->head + 1) & (pending->room - 1);
		pending->count--;
	}
	return nth == 0 ? 2 : 1;
}

void *
pending_oldest(const struct pending *pending)
{
	return pending->count == 0 ? NULL : request_at(pending, 0)->owner;
}

bool
pending_disown(struct pending *pending, const void *owner)
{
	bool any = false;

	for (size_t i = 0; i < pending->count; i++) {
		struct pending_request *request = request_at(pending, i);

		if (request->owner != owner)
			continue;
		request->owner = NULL;
		any = true;
	}
	return any;
}

void
pending_free(struct pending *pending)
{
	free(pending->request);
	*pending = (struct pending) { 0 };
}
