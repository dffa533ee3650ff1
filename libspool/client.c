/*
 * client - a question and its answer
 *
 * A descriptor that comes with an answer is kept until the next question.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"
#include "lib/receipt.h"
#include "lib/xalloc.h"

#include "libspool/client.h"

/* Closes the descriptor that came with an answer. */
static void
client_passed(struct libspool *client)
{
	if (client->passed != -1)
		close(client->passed);
	client->passed = -1;
}

/* spoold went away while we waited. */
static int
connection_ended(struct why *why)
{
	(void)why_set(why, ERROR_UNAVAILABLE,
	    "spoold ended before it had answered");
	why->number = ECONNRESET;
	return -1;
}

static int
request_send(struct libspool *client, const char *verb,
    const struct buf *members, struct why *why)
{
	struct buf line = { .max = CONTROL_LINE_MAX };
	size_t sent = 0;
	ssize_t n;
	int done = -1;

	client_passed(client);
	json_open(&line, NULL, '{');
	json_put_integer(&line, "id", ++client->asked);
	json_put_string(&line, "verb", verb);
	if (members != NULL && members->len > 0) {
		buf_char(&line, ',');
		buf_add(&line, members->data, members->len);
	}
	json_close(&line, '}');
	buf_char(&line, '\n');
	if (line.overflow) {
		(void)why_set(why, ERROR_VALIDATION_ERROR,
		    "%s: the request is larger than %d bytes", verb,
		    CONTROL_LINE_MAX);
		goto out;
	}
	while (sent < line.len) {
		n = send(client->fd, line.data + sent, line.len - sent,
		    MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
			(void)connection_ended(why);
		else if (n == -1)
			(void)why_errno(why, "send %s to spoold", verb);
		if (n == -1)
			goto out;
		sent += (size_t)n;
	}
	done = 0;
out:
	buf_wipe(&line);
	return done;
}

/* As recv(2); a descriptor that comes along is kept, the last one. */
static ssize_t
/* NOLINTNEXTLINE(readability-non-const-parameter): recvmsg(2) writes there */
part_receive(struct libspool *client, char *part, size_t size)
{
	union {
		char		bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	header;
	} control = { .bytes = "" };
	struct iovec into = { part, size };
	struct msghdr message = {
		.msg_iov = &into, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(client->fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = n <= 0 ? NULL :
	    CMSG_FIRSTHDR(&message);

	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int))) {
		client_passed(client);
		memcpy(&client->passed, CMSG_DATA(header), sizeof(int));
	}
	return n;
}

/* Reads more.  Returns 0, or -1 with *why; ETIMEDOUT after `until`. */
static int
answer_receive(struct libspool *client, int64_t until, struct why *why)
{
	struct pollfd ready = { .fd = client->fd, .events = POLLIN };
	char part[16384];
	int64_t left = until == -1 ? -1 : until - clock_monotonic();
	ssize_t n;
	int polled;

	if (until != -1 && left < 0)
		left = 0;
	polled = poll(&ready, 1, left > 3600000 ? 3600000 : (int)left);
	if (polled == -1)
		return errno == EINTR ? 0 : why_errno(why, "wait for spoold");
	if (polled == 0) {
		if (left > 3600000)
			return 0;
		(void)why_set(why, ERROR_UNAVAILABLE,
		    "spoold has not answered in time");
		why->number = ETIMEDOUT;
		return -1;
	}
	n = part_receive(client, part, sizeof(part));
	if (n == 0 || (n == -1 && errno == ECONNRESET))
		return connection_ended(why);
	if (n == -1)
		return errno == EINTR ? 0 : why_errno(why, "read from spoold");
	buf_add(&client->in, part, (size_t)n);
	explicit_bzero(part, sizeof(part));
	if (client->in.overflow)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "spoold's answer is longer than %d bytes",
		    CONTROL_ANSWER_MAX);
	return 0;
}

/*
 * One line.  Returns 1 with the result, 0 if it answers an earlier question,
 * -1 with *why.
 */
static int
answer_read(struct libspool *client, size_t length, struct json **result_r,
    struct why *why)
{
	struct json *answer = json_parse(client->in.data, length, why);
	const struct json *ok = json_get(answer, "ok");
	int read = -1;

	if (answer == NULL || !json_is(ok, JSON_BOOLEAN)) {
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "spoold's answer is none of the control protocol");
		goto out;
	}
	if (json_integer(json_get(answer, "id"), 0) != client->asked) {
		read = 0;
		goto out;
	}
	if (!json_boolean(ok, false)) {
		(void)receipt_read_error(json_get(answer, "error"), why);
		goto out;
	}
	*result_r = json_get(answer, "result") == NULL ? json_new_object()
	    : json_copy(json_get(answer, "result"));
	read = 1;
out:
	json_free(&answer);
	return read;
}

/* The answer to the last question, if it comes before the time is up. */
static struct json *
client_wait(struct libspool *client, struct why *why)
{
	int64_t until = client->timeout < 0 ? -1 :
	    clock_monotonic() + client->timeout;
	struct json *result = NULL;
	char *end;
	int read;

	for (;;) {
		end = client->in.len == 0 ? NULL
		    : memchr(client->in.data, '\n', client->in.len);
		if (end == NULL) {
			if (answer_receive(client, until, why) == -1)
				return NULL;
			continue;
		}
		read = answer_read(client, (size_t)(end - client->in.data),
		    &result, why);
		buf_consume(&client->in,
		    (size_t)(end - client->in.data) + 1);
		if (read != 0)
			return result;
	}
}

struct json *
client_call(struct libspool *client, const char *verb,
    const struct buf *members, struct why *why)
{
	struct json *result = NULL;

	if (request_send(client, verb, members, why) == 0)
		result = client_wait(client, why);
	if (result != NULL ||
	    (why->number != ETIMEDOUT && why->number != ECONNRESET))
		return result;
	/* One that was started for us may have said why it went away. */
	if (why->number == ECONNRESET && client->said != -1)
		(void)control_said(client->said, why);
	/* What was asked in vain is never taken for an answer. */
	client_disconnect(client);
	return NULL;
}

struct libspool_result *
client_ask(struct libspool *client, const char *verb, struct buf *members,
    struct libspool_error *error)
{
	struct libspool_result *result = NULL;
	struct json *json = NULL;
	struct why why;

	if (client == NULL) {
		buf_wipe(members);
		return NULL;
	}
	if (client->organization != NULL)
		json_put_string(members, "organizationId",
		    client->organization);
	if (client_connect(client, &why) == 0)
		json = client_call(client, verb, members, &why);
	buf_wipe(members);
	if (json == NULL) {
		(void)error_fill(error, &why);
		return NULL;
	}
	result = xcalloc(1, sizeof(*result));
	result->json = json;
	return result;
}
