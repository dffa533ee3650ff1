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

/* Writes what is asked: 0, or -1 with *why. */
static int
request_write(struct libspool *client, const char *verb,
    const struct buf *members, struct buf *line, struct why *why)
{
	json_open(line, NULL, '{');
	json_put_integer(line, "id", ++client->asked);
	json_put_string(line, "verb", verb);
	if (members != NULL && members->len > 0) {
		buf_char(line, ',');
		buf_add(line, members->data, members->len);
	}
	json_close(line, '}');
	buf_char(line, '\n');
	return !line->overflow ? 0 : why_set(why, ERROR_VALIDATION_ERROR,
	    "%s: the request is larger than %d bytes", verb,
	    CONTROL_LINE_MAX);
}

/*
 * Waits until the connection is ready for that.  Returns 1, 0 to look again,
 * -1 with *why.
 */
static int
client_ready(const struct libspool *client, short events, struct why *why)
{
	struct pollfd ready = { .fd = client->fd, .events = events };
	int left = client_left(client);
	int polled = poll(&ready, 1, left);

	if (polled == -1)
		return errno == EINTR ? 0 : why_errno(why, "wait for spoold");
	if (polled == 0)
		return client_left(client) == 0 ? client_late(why) : 0;
	return 1;
}

static int
request_send(struct libspool *client, const struct buf *line, struct why *why)
{
	size_t sent = 0;
	ssize_t n;
	int ready;

	client_passed(client);
	while (sent < line->len) {
		ready = client_ready(client, POLLOUT, why);
		if (ready == -1)
			return -1;
		n = ready == 0 ? 0 : send(client->fd, line->data + sent,
		    line->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
			return connection_ended(why);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return why_errno(why, "ask spoold");
		if (n > 0)
			sent += (size_t)n;
	}
	return 0;
}

/* Keeps the last of the descriptors that came along, and no other. */
static void
descriptors_take(struct libspool *client, struct msghdr *message)
{
	struct cmsghdr *header;
	size_t count;
	int fd;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	    header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (size_t i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd),
			    sizeof(fd));
			client_passed(client);
			client->passed = fd;
		}
	}
}

/* As recv(2); a descriptor that comes along is kept. */
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
	ssize_t n = recvmsg(client->fd, &message,
	    MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n <= 0)
		return n;
	descriptors_take(client, &message);
	if ((message.msg_flags & MSG_CTRUNC) == 0)
		return n;
	errno = EPROTO;
	return -1;
}

/* Reads more.  Returns 0, or -1 with *why; ETIMEDOUT when the time is up. */
static int
answer_receive(struct libspool *client, struct why *why)
{
	char part[16384];
	ssize_t n;
	int ready = client_ready(client, POLLIN, why);

	if (ready != 1)
		return ready;
	n = part_receive(client, part, sizeof(part));
	if (n == 0 || (n == -1 && errno == ECONNRESET))
		return connection_ended(why);
	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 0 :
		    why_errno(why, "read from spoold");
	buf_add(&client->in, part, (size_t)n);
	explicit_bzero(part, sizeof(part));
	if (client->in.overflow)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "spoold's answer is longer than %d bytes",
		    CONTROL_ANSWER_MAX);
	return 0;
}

enum answer { ANSWER_GIVEN, ANSWER_REFUSED, ANSWER_EARLIER, ANSWER_BROKEN };

/* One line: the result, or (refused, broken) *why. */
static enum answer
answer_read(struct libspool *client, size_t length, struct json **result_r,
    struct why *why)
{
	struct json *answer = json_parse(client->in.data, length, why);
	const struct json *ok = json_get(answer, "ok");
	enum answer read = ANSWER_BROKEN;

	if (answer == NULL || !json_is(ok, JSON_BOOLEAN)) {
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "spoold's answer is none of the control protocol");
		goto out;
	}
	if (json_integer(json_get(answer, "id"), 0) != client->asked) {
		read = ANSWER_EARLIER;
		goto out;
	}
	if (!json_boolean(ok, false)) {
		(void)receipt_read_error(json_get(answer, "error"), why);
		read = ANSWER_REFUSED;
		goto out;
	}
	*result_r = json_get(answer, "result") == NULL ? json_new_object()
	    : json_copy(json_get(answer, "result"));
	read = ANSWER_GIVEN;
out:
	json_free(&answer);
	return read;
}

/* The answer to the last question, if it comes before the time is up. */
static enum answer
client_wait(struct libspool *client, struct json **result_r, struct why *why)
{
	enum answer read;
	char *end;

	for (;;) {
		end = client->in.len == 0 ? NULL
		    : memchr(client->in.data, '\n', client->in.len);
		if (end == NULL) {
			if (answer_receive(client, why) == -1)
				return ANSWER_BROKEN;
			continue;
		}
		read = answer_read(client, (size_t)(end - client->in.data),
		    result_r, why);
		buf_consume(&client->in,
		    (size_t)(end - client->in.data) + 1);
		if (read != ANSWER_EARLIER)
			return read;
	}
}

/* Nobody knows what would come next: it is never taken for an answer. */
static void
client_broken(struct libspool *client, struct why *why)
{
	/* One that was started for us may have said why it went away. */
	if (why->number == ECONNRESET && client->said != -1)
		(void)control_said(client->said, why);
	if (why->number == ETIMEDOUT)
		offline_hurry(client);
	client_disconnect(client);
}

struct json *
client_call(struct libspool *client, const char *verb,
    const struct buf *members, struct why *why)
{
	struct buf line = { .max = CONTROL_LINE_MAX };
	struct json *result = NULL;
	enum answer answer = ANSWER_BROKEN;

	if (request_write(client, verb, members, &line, why) == -1) {
		buf_wipe(&line);
		return NULL;
	}
	if (request_send(client, &line, why) == 0)
		answer = client_wait(client, &result, why);
	buf_wipe(&line);
	if (answer == ANSWER_BROKEN)
		client_broken(client, why);
	return result;
}

struct libspool_result *
client_failed(const struct libspool *client, struct libspool_error *error,
    const struct why *why)
{
	if (client != NULL)
		(void)error_fill(error, why);
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
	client_begin(client);
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
