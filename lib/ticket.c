/*
 * ticket - one job to one destination: its file's name
 *
 * A name is read exactly: what ticket_parse() takes is what ticket_format()
 * writes, so no two names stand for the same ticket with the same numbers.
 */
#include "lib/ticket.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The length of the destination id that the text begins with, or 0. */
static size_t
destination_span(const char *text)
{
	size_t	 n = 0;

	if (!is_word(text[0]))
		return 0;
	while (is_word(text[n]) || text[n] == '-')
		n++;
	return n <= DESTINATION_ID_MAX ? n : 0;
}

bool
destination_id_valid(const char *id)
{
	size_t	 n = destination_span(id);

	return n > 0 && id[n] == '\0';
}

/* Digits without leading zeros; where they end. */
static char *
number_format(char *out, int number)
{
	if (number >= 10)
		out = number_format(out, number / 10);
	*out++ = (char)('0' + number % 10);
	return out;
}

/* Without printf(3): it is called several times for each attempt. */
void
ticket_format(const struct ticket *ticket, char out[TICKET_NAME_MAX])
{
	size_t	 length = strlen(ticket->destination);

	assert(ticket->priority >= 0 && ticket->priority <= PRIORITY_MAX);
	assert(ticket->attempts >= 0 && ticket->attempts <= ATTEMPTS_MAX);
	assert(length <= DESTINATION_ID_MAX);
	id_format(&ticket->id, out);
	out += ID_LENGTH;
	*out++ = '.';
	memcpy(out, ticket->destination, length);
	out += length;
	memcpy(out, ":p", 2);
	out = number_format(out + 2, ticket->priority);
	memcpy(out, ",a", 2);
	out = number_format(out + 2, ticket->attempts);
	*out = '\0';
}

/* Reads 0 to max in decimal, without leading zeros.  The rest, or NULL. */
static const char *
number_parse(const char *text, int max, int *number_r)
{
	int	 number = 0;

	if (*text < '0' || *text > '9' || (text[0] == '0' &&
	    text[1] >= '0' && text[1] <= '9'))
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++)
		if ((number = number * 10 + (*text - '0')) > max)
			return NULL;
	*number_r = number;
	return text;
}

int
ticket_parse(const char *name, struct ticket *ticket)
{
	struct ticket	 read = { 0 };
	size_t		 n;

	if (id_parse(name, &read.id) == -1 || name[ID_LENGTH] != '.')
		return -1;
	name += ID_LENGTH + 1;
	if ((n = destination_span(name)) == 0)
		return -1;
	memcpy(read.destination, name, n);
	if (strncmp(name += n, ":p", 2) != 0)
		return -1;
	name = number_parse(name + 2, PRIORITY_MAX, &read.priority);
	if (name == NULL || strncmp(name, ",a", 2) != 0)
		return -1;
	name = number_parse(name + 2, ATTEMPTS_MAX, &read.attempts);
	if (name == NULL || *name != '\0')
		return -1;
	*ticket = read;
	return 0;
}
