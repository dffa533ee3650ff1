/*
 * receipt - what a client gets back, out of tickets in any state
 *
 * The input's first line says for each ticket where it is: a queue, its
 * attempts and whether it is in flight, by one character each; then comes the
 * ticket's file, or what is left of it.  Whatever that says, a receipt is JSON
 * that has the fields which every receipt has.
 */
#include "lib/receipt.h"
#include "tests/fuzz/fuzz.h"

#define TICKETS 4
#define EACH 3		/* characters that say where one is */
#define NOW INT64_C(1795000000000)

static bool
read_file(const uint8_t *data, size_t size, struct ticket_file *file)
{
	struct why	 why;
	int		 fd = fuzz_memory(data, size), result;

	result = ticket_file_read(fd, (off_t)size, file, &why);
	MUST(close(fd) == 0);
	return result == 1;
}

static void
check_receipt(const struct buf *out, size_t count)
{
	struct json	*json;
	struct why	 why;
	struct id	 id;

	json = json_parse(out->data, out->len, &why);
	MUST(json != NULL);
	MUST(id_parse(json_string(json_get(json, "deliveryId"), ""), &id) ==
	    0);
	MUST(json_is(json_get(json, "status"), JSON_STRING));
	MUST(json_is(json_get(json, "updatedAt"), JSON_STRING));
	MUST(json_count(json_get(json, "destinations")) == count);
	json_free(&json);
}

static void
check_tickets(const uint8_t *where, size_t count,
    const struct ticket_file *file)
{
	struct receipt_ticket	 tickets[TICKETS];
	struct buf		 out = { 0 };

	memset(tickets, 0, sizeof(tickets));
	for (size_t i = 0; i < count; i++, where += EACH) {
		tickets[i].queue = (enum queue)(where[0] % QUEUES);
		tickets[i].ticket.attempts = where[1] % 10;
		tickets[i].in_flight = where[2] % 2 == 1;
		tickets[i].due = NOW + where[2];
		tickets[i].file = where[2] % 4 < 2 ? file : NULL;
		if (file != NULL)
			tickets[i].ticket.id = file->facts.id;
		(void)snprintf(tickets[i].ticket.destination,
		    sizeof(tickets[i].ticket.destination), "%s",
		    file != NULL && i < file->facts.job.destination_count ?
		    file->facts.job.destinations[i] : "other");
	}
	(void)receipt_write(&out, "demo", tickets, count, NOW);
	check_receipt(&out, count);
	buf_free(&out);
}

/* A drop that was refused may have any name. */
static void
check_refused(const char *name)
{
	struct buf	 out = { 0 };
	char		 file[RECEIPT_NAME_MAX];
	struct id	 id = { { 1 } };
	struct why	 why;

	(void)why_field(&why, name, "%s is wrong", name);
	receipt_write_refused(&out, "demo", name, &id, name, &why, NOW);
	check_receipt(&out, 0);
	receipt_name(name, &id, file);
	MUST(strlen(file) >= ID_LENGTH);
	buf_free(&out);
}

static void
check_duplicate(const struct facts *facts)
{
	struct buf	 out = { 0 };

	receipt_write_duplicate(&out, "demo", facts, &facts->id, NOW);
	check_receipt(&out, 0);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t		*line = size == 0 ? NULL :
				    memchr(data, '\n', size);
	struct ticket_file	 file;
	size_t			 count;
	char			*name;
	bool			 whole;

	if (line == NULL)
		return 0;
	count = (size_t)(line - data) / EACH;
	if (count > TICKETS)
		count = TICKETS;
	line++;
	size -= (size_t)(line - data);
	whole = read_file(line, size, &file);
	check_tickets(data, count, whole ? &file : NULL);
	if (whole) {
		check_duplicate(&file.facts);
		ticket_file_free(&file);
	}
	name = fuzz_text(line, size);
	check_refused(name);
	free(name);
	return 0;
}
