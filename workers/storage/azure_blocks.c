/*
 * azure_blocks - the blocks of a blob, and those that are there already
 *
 * A block with an id is what the id says: the service has compared its MD5
 * when it took it, and takes no half of one.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"

#include "workers/storage/azure.h"

#define NUMBER 4		/* bytes of an id: the block's number, */
#define DIGEST 28		/* and of its SHA-256 */

/* Digits are base64 as well, and all ids of a blob have to be as long. */
void
azure_block_id(const struct upload *upload, size_t part,
    char out[BLOCK_ID_MAX])
{
	uint8_t bytes[NUMBER + DIGEST] = { (uint8_t)(part >> 24),
		(uint8_t)(part >> 16), (uint8_t)(part >> 8), (uint8_t)part };

	memcpy(bytes + NUMBER, upload->parts[part].sha256, DIGEST);
	hex_format(bytes, sizeof(bytes), out);
}

static int64_t
block_size(const struct upload *upload, size_t part)
{
	int64_t left = upload->attempt->parcel.content.length -
	    (int64_t)part * upload->part_size;

	return left < upload->part_size ? left : upload->part_size;
}

/* Whose id it is, if it is one of this blob's and as long. */
static void
find_block(struct upload *upload, const char *name, int64_t size)
{
	char id[BLOCK_ID_MAX];
	uint8_t at[NUMBER];
	size_t part;

	if (hex_parse(name, at, NUMBER) == -1)
		return;
	part = (size_t)at[0] << 24 | (size_t)at[1] << 16 |
	    (size_t)at[2] << 8 | at[3];
	if (part >= upload->part_count)
		return;
	azure_block_id(upload, part, id);
	upload->parts[part].there = strcmp(id, name) == 0 &&
	    size == block_size(upload, part);
}

/* Where the service does not tell, all of them are sent. */
static void
list_done(struct upload *upload, const struct http_answer *answer)
{
	const char *xml = answer->status == 200 ? answer->body.data : NULL;
	char name[256], size[32];

	while (answer_element(&xml, "Name", name, sizeof(name)) &&
	    answer_element(&xml, "Size", size, sizeof(size)))
		find_block(upload, name, strtoll(size, NULL, 10));
	parts_create(upload);
}

void
azure_recover(struct upload *upload)
{
	struct headers headers = { 0 };
	struct call *call = &upload->call;
	struct why why;

	call_body(call, NULL, 0);
	call->method = "GET";
	call->key = upload->key.data;
	call->query = "blocklisttype=uncommitted&comp=blocklist";
	if (upload_start(upload, &headers, list_done, &why) == -1)
		parts_create(upload);
}
