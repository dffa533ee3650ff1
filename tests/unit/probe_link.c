/*
 * probe_link - lib/link.c, text in, text out
 *
 * One record of each type, filled with something everywhere, goes through a
 * socketpair, is broken in one way, and is received.  probe_link prints what
 * the receiver says, and whether descriptors were left open by that.
 *
 *   probe_link same        every type arrives as it was sent, descriptors too
 *   probe_link TYPE WAY [NUMBER]
 *      down, up            received as spoold, or as a worker
 *      byte N              only the first N bytes arrive
 *      more N              N bytes are appended
 *      type N              the header says so
 *      length I N          the header says so of text I
 *      nul I               a NUL within text I
 *      fds N               N descriptors come with it
 *      number OFFSET N     32 bits at that place of the struct
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/link.h"

#include "tests/unit/probe.h"

#define HEADER (sizeof(uint32_t) * (1 + LINK_TEXTS))

static const char *const names[LINK_TYPES] = {
#define LINK(name, direction, fixed, fds) [LINK_##name] = #name,
	LINK_RECORDS(LINK)
#undef LINK
};

static const struct {
	size_t	 size;
	bool	 up;
	int	 fds;
	size_t	 texts;
} forms[LINK_TYPES] = {
#define up true
#define down false
#define LINK(name, direction, fixed, fds) \
	[LINK_##name] = { sizeof(struct link_##fixed), direction, fds, 0 },
	LINK_RECORDS(LINK)
#undef LINK
#undef up
#undef down
};

static int
count_open(void)
{
	DIR	*dir = opendir("/proc/self/fd");
	int	 count = 0;

	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		(void)closedir(dir);
	return count;
}

/* A record that says something everywhere and is right. */
static void
fill(struct link_record *record, enum link_type type)
{
	static const size_t	 texts[LINK_TYPES] = {
		[LINK_setup] = SETUP_texts, [LINK_attempt] = ATTEMPT_texts,
		[LINK_drop] = DROP_texts, [LINK_payload] = PAYLOAD_texts,
		[LINK_outcome] = OUTCOME_texts, [LINK_need] = NEED_texts,
		[LINK_accept] = ACCEPT_texts, [LINK_refuse] = REFUSE_texts,
		[LINK_test] = TEST_texts, [LINK_tested] = TESTED_texts,
		[LINK_progress] = PROGRESS_texts, [LINK_erase] = ERASE_texts,
		[LINK_erased] = ERASED_texts, [LINK_fetch] = FETCH_texts,
		[LINK_fetched] = FETCHED_texts,
	};

	link_init(record, type);
	for (size_t i = 0; i < texts[type]; i++)
		record->text[i] = i % 2 ? "" : "text";
	if (type == LINK_attempt) {
		record->attempt = (struct link_attempt) { .token = 7,
		    .timeout = 1, .job_bytes = 10, .data_offset = 3,
		    .data_length = 7, .metadata_offset = 10, .has_file = 1 };
		memset(record->attempt.job_sha256, 0xab, SHA256_LENGTH);
	}
	if (type == LINK_accept)
		record->accept = (struct link_accept) { .token = 7,
		    .job_bytes = 10, .data_length = 10, .priority = 10 };
	if (type == LINK_outcome)
		record->outcome = (struct link_outcome) { .token = 7,
		    .verdict = VERDICT_failed, .code = 503 };
	if (type == LINK_test)
		record->test = (struct link_test) { .token = 7, .timeout = 1,
		    .test = TEST_drill };
	if (type == LINK_erase)
		record->erase = (struct link_erase) { .token = 7,
		    .timeout = 1 };
	if (type == LINK_erased)
		record->erased = (struct link_erased) { .token = 7,
		    .code = 404 };
	if (type == LINK_fetch)
		record->fetch = (struct link_fetch) { .token = 7,
		    .access = ACCESS_take };
	if (type == LINK_fetched)
		record->fetched = (struct link_fetched) { .token = 7,
		    .length = 10, .left = -1 };
	if (type == LINK_tested)
		record->tested = (struct link_tested) { .token = 7,
		    .step = { STEP_OK, STEP_FAILED }, .code = 503 };
	for (int i = 0; i < forms[type].fds; i++)
		record->fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
drop_fds(struct link_record *record)
{
	for (int i = 0; i < LINK_FDS; i++)
		if (record->fd[i] != -1)
			(void)close(record->fd[i]);
}

/* Everything of a type goes there and is there. */
static void
same(int pair[2], struct link_buffer *buffer)
{
	struct link_record	 sent, got;
	struct why		 why;

	for (int type = 0; type < LINK_TYPES; type++) {
		bool	 good = true;

		fill(&sent, (enum link_type)type);
		if (link_send(pair[0], &sent, &why) != 1 ||
		    link_receive(pair[1], forms[type].up, buffer, &got,
		    &why) != 1) {
			printf("%s: %s\n", names[type], why.text);
			continue;
		}
		good = got.type == sent.type && memcmp(&got.setup, &sent.setup,
		    forms[type].size) == 0;
		for (int i = 0; i < LINK_TEXTS; i++)
			good = good && strcmp(got.text[i], sent.text[i] ?
			    sent.text[i] : "") == 0;
		for (int i = 0; i < LINK_FDS; i++)
			good = good && (got.fd[i] == -1) == (sent.fd[i] == -1) &&
			    (got.fd[i] == -1 ||
			    fcntl(got.fd[i], F_GETFD) == FD_CLOEXEC);
		printf("%s: %s\n", names[type], good ? "same" : "differs");
		drop_fds(&sent);
		drop_fds(&got);
	}
	(void)link_receive(pair[1], true, buffer, &got, &why);
	printf("then: %s\n", link_receive(pair[1], true, buffer, &got,
	    &why) == 0 ? "nothing" : "something");
	(void)close(pair[0]);
	printf("at the end: %s, %s\n", link_receive(pair[1], true, buffer,
	    &got, &why) == -1 && why.number == EPIPE ? "EPIPE" : "?",
	    why.text);
}

/* Sends the bytes of a record, with as many descriptors as asked for. */
static void
send_bytes(int socket, const char *bytes, size_t length, size_t fds)
{
	union {
		char		 bytes[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr	 align;
	} control = { { 0 } };
	union { const char *in; void *out; } from = { .in = bytes };
	struct iovec	 part = { from.out, length };
	struct msghdr	 message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr	*c;

	if (fds > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
		c = CMSG_FIRSTHDR(&message);
		if (c == NULL)
			abort();	/* there is room for it */
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fds);
		memset(CMSG_DATA(c), 0, sizeof(int) * fds);
	}
	if (sendmsg(socket, &message, 0) == -1)
		printf("sendmsg: %s\n", strerror(errno));
}

/* Where text `i` stands in the bytes of a record. */
static size_t
text_place(const char *bytes, size_t size, int i)
{
	size_t		 at = HEADER + size;
	uint32_t	 length;

	for (int j = 0; j < i; j++) {
		memcpy(&length, bytes + sizeof length * (size_t)(1 + j),
		    sizeof length);
		at += length + 1;
	}
	return at;
}

/* Breaks it as the words say, and sends it. */
static void
mutate(char **words, char *bytes, size_t length, enum link_type type,
    int socket)
{
	const char	*way = words[0];
	long		 first = words[1] ? strtol(words[1], NULL, 10) : 0;
	long		 second = words[1] && words[2] ?
	    strtol(words[2], NULL, 10) : 0;
	uint32_t	 value = (uint32_t)(words[1] && words[2] ? second : first);
	size_t		 fds = (size_t)forms[type].fds;

	if (strcmp(way, "byte") == 0)
		length = (size_t)first;
	else if (strcmp(way, "more") == 0)
		length += (size_t)first;
	else if (strcmp(way, "type") == 0)
		memcpy(bytes, &value, sizeof value);
	else if (strcmp(way, "length") == 0)
		memcpy(bytes + sizeof value * (size_t)(1 + first), &value,
		    sizeof value);
	else if (strcmp(way, "nul") == 0)
		bytes[text_place(bytes, forms[type].size, (int)first)] = '\0';
	else if (strcmp(way, "fds") == 0)
		fds = (size_t)first;
	else if (strcmp(way, "number") == 0)
		memcpy(bytes + HEADER + first, &value, sizeof value);
	send_bytes(socket, bytes, length, fds);
}

static int
broken(int pair[2], struct link_buffer *buffer, char **words)
{
	struct link_record	 record;
	struct why		 why;
	int			 type = 0, before, result;
	char			*bytes = xcalloc(2, LINK_RECORD_MAX);
	ssize_t			 length;
	bool			 up;

	while (type < LINK_TYPES && strcmp(names[type], words[0]) != 0)
		type++;
	if (type == LINK_TYPES)
		return 2;
	fill(&record, (enum link_type)type);
	if (link_send(pair[0], &record, &why) != 1)
		return 2;
	drop_fds(&record);
	length = recv(pair[1], bytes, LINK_RECORD_MAX, 0);
	up = strcmp(words[1], "up") == 0 || (strcmp(words[1], "down") != 0 &&
	    forms[type].up);
	before = count_open();
	mutate(words + 1, bytes, (size_t)length, (enum link_type)type,
	    pair[0]);
	result = link_receive(pair[1], up, buffer, &record, &why);
	if (result == -1)
		printf("%s%s", why.text, why.number == EPROTO ? "" :
		    " (not EPROTO)");
	else
		printf("taken");
	drop_fds(&record);
	printf("%s\n", count_open() == before ? "" : ", and a descriptor left");
	free(bytes);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct link_buffer	*buffer = xcalloc(1, sizeof *buffer);
	int			 pair[2], size = 1 << 20, status = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1 ||
	    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof size) == -1)
		return 2;
	if (argc == 2 && strcmp(argv[1], "same") == 0)
		same(pair, buffer);
	else if (argc > 2)
		status = broken(pair, buffer, argv + 1);
	free(buffer);
	return status;
}
