/*
 * probe_records - drives lib/facts, lib/ticket_file and lib/receipt
 *
 * facts			reads a line of facts, writes them again
 * events			reads a ticket's file, prints its lines as the
 *				program understood them, then what it concludes
 * line EVENT ATTEMPT SEQ AT DUE MS CODE ERROR DUPLICATE REASON REFERENCE
 *				writes one line (`-` leaves a text out)
 * receipt ORG NOW [QUEUE:DUE:FLIGHT NAME FILE]...
 * refused ORG NAME ID SUBMITTER PATH OFFSET TEXT
 * duplicate ORG FIRST		of the facts on standard input
 * name DROPPED ID
 *
 * Times are milliseconds.  Exits with 0, 2 if a file has no first line, 1 if
 * something is refused.
 */
#include "tests/unit/probe.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/receipt.h"

#define TICKETS_MAX 8

static int
print(struct buf *out)
{
	printf("%s\n", out->data);
	buf_free(out);
	return 0;
}

static int
refuse(const struct why *why)
{
	probe_print_why(why);
	return 1;
}

/* Facts from standard input; the caller frees them on 0. */
static int
input_facts(struct facts *facts, struct why *why)
{
	size_t length;
	char *text = probe_read(&length);
	struct json *json = json_parse(text, length, why);
	int result;

	free(text);
	if (json == NULL)
		return -1;
	result = facts_read(json, facts, why);
	json_free(&json);
	return result;
}

static int
probe_facts(void)
{
	char id[ID_LENGTH + 1];
	struct buf out = { 0 };
	struct facts facts;
	struct why why;

	if (input_facts(&facts, &why) == -1)
		return refuse(&why);
	id_format(&facts.id, id);
	json_open(&out, NULL, '{');
	json_put_string(&out, "id", id);
	facts_write(&out, &facts);
	json_close(&out, '}');
	facts_free(&facts);
	return print(&out);
}

static int
probe_events(void)
{
	struct ticket_file file;
	struct buf out = { 0 };
	struct why why;
	int result;

	result = ticket_file_read(STDIN_FILENO,
	    lseek(STDIN_FILENO, 0, SEEK_END), &file, &why);
	if (result == -1)
		return refuse(&why);
	if (result == 0) {
		printf("no first line\n");
		return 2;
	}
	for (size_t i = 0; i < file.line_count; i++)
		event_line_write(&out, &file.lines[i]);
	printf("%s%s", file.facts.name, out.len > 0 ? "\n" : "");
	printf("%s", out.len > 0 ? out.data : "\n");
	printf("last=%s doubtful=%s\n", ticket_file_last(&file) == NULL ?
	    "none" : ticket_event_name(ticket_file_last(&file)->event),
	    ticket_file_doubtful(&file) ? "yes" : "no");
	buf_free(&out);
	ticket_file_free(&file);
	return 0;
}

static char *
text_or_null(char *text)
{
	return strcmp(text, "-") == 0 ? NULL : text;
}

static int
probe_line(char **argv)
{
	struct event_line line = { 0 };
	struct buf out = { 0 };

	while (strcmp(ticket_event_name(line.event), argv[0]) != 0)
		line.event++;
	line.attempt = (int)probe_number(argv[1]);
	line.seq = probe_number(argv[2]);
	line.at = probe_number(argv[3]);
	line.due = probe_number(argv[4]);
	line.ms = probe_number(argv[5]);
	line.code = (int)probe_number(argv[6]);
	line.error = error_by_name(argv[7]);
	line.possible_duplicate = probe_number(argv[8]) != 0;
	line.reason = text_or_null(argv[9]);
	line.reference = text_or_null(argv[10]);
	event_line_write(&out, &line);
	printf("%s", out.data);
	buf_free(&out);
	return 0;
}

static void
read_ticket(char **argv, struct receipt_ticket *ticket,
    struct ticket_file *file)
{
	struct why why;
	int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	char *rest;

	if (ticket_parse(argv[1], &ticket->ticket) == -1)
		exit(refuse(&(struct why) { .text = "bad name" }));
	rest = probe_after(argv[0], ':');
	ticket->queue = (enum queue)queue_by_name(argv[0]);
	ticket->due = strtoll(rest, &rest, 10);
	ticket->in_flight = strcmp(rest, ":1") == 0;
	if (fd != -1 && ticket_file_read(fd, lseek(fd, 0, SEEK_END), file,
	    &why) == 1)
		ticket->file = file;
	if (fd != -1)
		close(fd);
}

static int
probe_receipt(int argc, char **argv)
{
	struct receipt_ticket tickets[TICKETS_MAX] = { 0 };
	struct ticket_file files[TICKETS_MAX] = { 0 };
	struct buf out = { 0 };
	size_t count = 0;
	bool finished;

	for (int i = 2; i + 2 < argc && count < TICKETS_MAX; i += 3) {
		read_ticket(argv + i, &tickets[count], &files[count]);
		count++;
	}
	finished = receipt_finished(receipt_write(&out, argv[0], tickets,
	    count, probe_number(argv[1])));
	for (size_t i = 0; i < count; i++)
		ticket_file_free(&files[i]);
	printf("%s\n", finished ? "finished" : "under way");
	return print(&out);
}

static int
probe_refused(char **argv)
{
	struct buf out = { 0 };
	struct why why;
	struct id id;

	(void)why_field(&why, argv[4], "%s", argv[6]);
	why.offset = probe_number(argv[5]);
	(void)id_parse(argv[2], &id);
	receipt_write_refused(&out, argv[0], argv[1], &id, argv[3], &why,
	    1764000000123);
	return print(&out);
}

static int
probe_duplicate(char **argv)
{
	struct buf out = { 0 };
	struct facts facts;
	struct why why;
	struct id first;

	if (input_facts(&facts, &why) == -1)
		return refuse(&why);
	(void)id_parse(argv[1], &first);
	receipt_write_duplicate(&out, argv[0], &facts, &first,
	    1764000000123);
	facts_free(&facts);
	return print(&out);
}

static int
probe_name(char **argv)
{
	char name[RECEIPT_NAME_MAX];
	struct id id;

	(void)id_parse(argv[1], &id);
	receipt_name(argv[0], &id, name);
	printf("%s\n", name);
	return 0;
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";

	argv += 2;
	argc -= 2;
	if (strcmp(verb, "facts") == 0)
		return probe_facts();
	if (strcmp(verb, "events") == 0)
		return probe_events();
	if (strcmp(verb, "line") == 0 && argc == 11)
		return probe_line(argv);
	if (strcmp(verb, "receipt") == 0 && argc >= 2)
		return probe_receipt(argc, argv);
	if (strcmp(verb, "refused") == 0 && argc == 7)
		return probe_refused(argv);
	if (strcmp(verb, "duplicate") == 0 && argc == 2)
		return probe_duplicate(argv);
	if (strcmp(verb, "name") == 0 && argc == 2)
		return probe_name(argv);
	return 64;
}
