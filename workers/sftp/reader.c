/*
 * reader - a file of the server's, read in order with many requests under way
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/sftp/reader.h"

void
reader_begin(struct reader *reader, const struct wire_handle *handle,
    uint64_t end)
{
	reader_free(reader);
	reader->handle = *handle;
	reader->end = end;
	reader->bytes = xmalloc((size_t)READER_SLOTS * WIRE_DATA_MAX);
}

void
reader_free(struct reader *reader)
{
	free(reader->bytes);
	memset(reader, 0, sizeof(*reader));
}

static char *
bytes_of(const struct reader *reader, unsigned slot)
{
	return reader->bytes + (size_t)slot * WIRE_DATA_MAX;
}

static void
ask_for(struct reader *reader, struct caller *caller,
    struct reader_slot *slot, uint64_t offset)
{
	slot->id = client_id(caller);
	slot->waits = true;
	wire_read(client_out(caller), slot->id, &reader->handle,
	    offset + slot->got, slot->wanted - slot->got);
}

void
reader_ask(struct reader *reader, struct caller *caller)
{
	while (reader->count < READER_SLOTS && reader->asked < reader->end &&
	    !reader->short_of) {
		struct reader_slot *slot = &reader->slot[(reader->head +
		    reader->count) % READER_SLOTS];
		uint64_t left = reader->end - reader->asked;

		*slot = (struct reader_slot) { .wanted = left < WIRE_DATA_MAX ?
		    (uint32_t)left : WIRE_DATA_MAX };
		ask_for(reader, caller, slot, reader->asked);
		reader->asked += slot->wanted;
		reader->count++;
	}
}

void
reader_stop(struct reader *reader)
{
	reader->end = reader->asked;
}

/* The place of the slot whose request that was; -1: nobody's. */
static int
find_slot(const struct reader *reader, uint32_t id)
{
	for (unsigned i = 0; i < reader->count; i++) {
		unsigned place = (reader->head + i) % READER_SLOTS;

		if (reader->slot[place].waits && reader->slot[place].id == id)
			return (int)i;
	}
	return -1;
}

int
reader_take(struct reader *reader, struct caller *caller,
    const struct wire_answer *answer, struct why *why)
{
	int nth = find_slot(reader, answer->id);
	unsigned place = (reader->head + (unsigned)nth) % READER_SLOTS;
	struct reader_slot *slot = &reader->slot[place];

	if (nth == -1)
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "the server answers a read that it was not asked for");
	slot->waits = false;
	if (answer->type == WIRE_STATUS && answer->status == WIRE_EOF) {
		reader->short_of = true;
		return 0;
	}
	if (answer->type != WIRE_DATA || answer->length == 0 ||
	    answer->length > slot->wanted - slot->got)
		return why_set(why, answer->type == WIRE_STATUS ?
		    ERROR_SFTP_STATUS : ERROR_PROTOCOL_ERROR,
		    "the server does not give what it has");
	memcpy(bytes_of(reader, place) + slot->got, answer->bytes,
	    answer->length);
	slot->got += (uint32_t)answer->length;
	if (slot->got < slot->wanted && !reader->short_of)
		ask_for(reader, caller, slot, reader->first +
		    (uint64_t)nth * WIRE_DATA_MAX);
	return 0;
}

const char *
reader_next(struct reader *reader, size_t *length_r)
{
	const struct reader_slot *slot = &reader->slot[reader->head];
	const char *bytes;

	if (reader->count == 0 || slot->waits || slot->got < slot->wanted)
		return NULL;
	bytes = bytes_of(reader, reader->head);
	*length_r = slot->got;
	reader->first += slot->got;
	reader->head = (reader->head + 1) % READER_SLOTS;
	reader->count--;
	return bytes;
}

bool
reader_done(const struct reader *reader)
{
	for (unsigned i = 0; i < reader->count; i++)
		if (reader->slot[(reader->head + i) % READER_SLOTS].waits)
			return false;
	return reader->short_of || (reader->count == 0 &&
	    reader->asked == reader->end);
}
