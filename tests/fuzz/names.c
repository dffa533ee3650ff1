/*
 * names - the names of tickets, and ids
 *
 * What is read as a name is written as exactly that name, and the other way
 * round.
 */
#include "lib/ticket.h"
#include "tests/fuzz/fuzz.h"

static void
check_name(const char *text)
{
	struct ticket	 ticket;
	char		 name[TICKET_NAME_MAX];

	if (ticket_parse(text, &ticket) == -1)
		return;
	MUST(destination_id_valid(ticket.destination));
	MUST(ticket.priority >= 0 && ticket.priority <= PRIORITY_MAX);
	MUST(ticket.attempts >= 0 && ticket.attempts <= ATTEMPTS_MAX);
	ticket_format(&ticket, name);
	MUST(strcmp(name, text) == 0);
}

static void
check_id(const char *text)
{
	struct id	 id;
	char		 again[ID_LENGTH + 1];

	if (id_parse(text, &id) == -1)
		return;
	id_format(&id, again);
	MUST(strncmp(again, text, ID_LENGTH) == 0);
	MUST(id_time(&id) >= 0);
}

/* A ticket of any id with the longest destination. */
static void
check_bytes(const uint8_t *data)
{
	struct ticket	 ticket = { 0 }, again;
	char		 name[TICKET_NAME_MAX];
	struct id	 id;

	memcpy(ticket.id.bytes, data, sizeof(ticket.id.bytes));
	memset(ticket.destination, '0' + data[0] % 10, DESTINATION_ID_MAX);
	ticket.priority = data[0] % (PRIORITY_MAX + 1);
	ticket.attempts = (data[0] << 8 | data[1]) % (ATTEMPTS_MAX + 1);
	ticket_format(&ticket, name);
	MUST(ticket_parse(name, &again) == 0);
	MUST(id_compare(&ticket.id, &again.id) == 0);
	MUST(strcmp(ticket.destination, again.destination) == 0);
	MUST(ticket.priority == again.priority);
	MUST(ticket.attempts == again.attempts);
	MUST(id_parse(name, &id) == 0 && id_compare(&id, &again.id) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = fuzz_text(data, size);

	check_name(text);
	check_id(text);
	if (size >= sizeof(struct id))
		check_bytes(data);
	free(text);
	return 0;
}
