/*
 * client - libspool's own side of a connection
 *
 * A descriptor that comes with an answer is kept until the next question.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"
#include "lib/xalloc.h"

#include "libspool/client.h"

struct libspool *
client_new(int fd)
{
	struct libspool *client = xcalloc(1, sizeof(*client));

	client->fd = fd;
	client->timeout = -1;
	client->passed = -1;
	client->in.max = CONTROL_ANSWER_MAX;
	return client;
}

/* Closes the descriptor that came with an answer. */
static void
client_passed(struct libspool *client)
{
	if (client->passed != -1)
		close(client->passed);
	client->passed = -1;
}

/* Gives the connection up; the next question makes another. */
static void
client_disconnect(struct libspool *client)
{
	if (client->fd != -1)
		close(client->fd);
	client->fd = -1;
	client_passed(client);
	buf_wipe(&client->in);
	client->in.max = CONTROL_ANSWER_MAX;
}

void
libspool_close(struct libspool **client_p)
{
	struct libspool *client = *client_p;

	if (client == NULL)
		return;
	client_disconnect(client);
	spool_close(&client->spool);
	conf_free(&client->conf);
	free(client->organization);
	free(client);
	*client_p = NULL;
}

/* A path too long for sockaddr_un is reached through the open directory. */
int
client_connect(const char *directory, int *fd_r, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int dir, fd, failed;

	dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return errno == ENOENT ? 0
		    : why_errno(why, "open %s", directory);
	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "/proc/self/fd/%d/control.sock", dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		(void)why_errno(why, "socket");
		close(dir);
		return -1;
	}
	failed = connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1
	    ? errno : 0;
	close(dir);
	if (failed == 0) {
		*fd_r = fd;
		return 1;
	}
	close(fd);
	if (failed == ENOENT || failed == ECONNREFUSED)
		return 0;
	errno = failed;
	return why_errno(why, "connect to %s/control.sock", directory);
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
    const struct buf *arguments, struct why *why)
{
	struct buf line = { .max = CONTROL_LINE_MAX };
	size_t sent = 0;
	ssize_t n;
	int done = -1;

	client_passed(client);
	json_open(&line, NULL, '{');
	json_put_integer(&line, "id", ++client->asked);
	json_put_string(&line, "verb", verb);
	if (arguments != NULL && arguments->len > 0) {
		buf_char(&line, ',');
		buf_add(&line, arguments->data, arguments->len);
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

static void
text_copy(char *out, size_t size, const struct json *value)
{
	(void)snprintf(out, size, "%s", json_string(value, ""));
}

/* What is wrong, field by field; all of it, or nothing. */
static void
fields_copy(char *out, size_t size, const struct json *fields)
{
	const struct json *field = json_first(fields);
	struct buf text = { .max = size };

	for (; json_is(fields, JSON_ARRAY) && field != NULL;
	    field = json_next(field))
		json_put_value(&text, NULL, field);
	if (!text.overflow && text.len > 0 && text.len < size)
		memcpy(out, text.data, text.len + 1);
	buf_free(&text);
}

int
client_error(const struct json *error, struct why *why)
{
	const struct json *details = json_get(error, "details");
	const char *name = json_string(json_get(error, "code"), "");
	enum error code = error_by_name(name);

	(void)why_set(why, code == ERROR_NONE ? ERROR_INTERNAL_ERROR : code,
	    "%s", json_string(json_get(error, "message"),
	    "spoold gave no reason"));
	text_copy(why->path, sizeof(why->path), json_get(details, "path"));
	text_copy(why->id, sizeof(why->id), json_get(details, "deliveryId"));
	text_copy(why->name, sizeof(why->name), json_get(details, "name"));
	text_copy(why->nearest, sizeof(why->nearest),
	    json_get(details, "nearest"));
	fields_copy(why->fields, sizeof(why->fields),
	    json_get(details, "fields"));
	why->offset = json_integer(json_get(details, "offset"), -1);
	why->retry_after = json_integer(json_get(details, "retryAfter"), 0);
	return -1;
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
		(void)client_error(json_get(answer, "error"), why);
		goto out;
	}
	*result_r = json_get(answer, "result") == NULL ? json_new_object()
	    : json_copy(json_get(answer, "result"));
	read = 1;
out:
	json_free(&answer);
	return read;
}

struct json *
client_wait(struct libspool *client, int64_t timeout, struct why *why)
{
	int64_t until = timeout < 0 ? -1 : clock_monotonic() + timeout;
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
    const struct buf *arguments, int64_t timeout, struct why *why)
{
	if (request_send(client, verb, arguments, why) == -1)
		return NULL;
	return client_wait(client, timeout, why);
}

/* Connects if that is not done yet: 0, or -1 with *why. */
static int
client_open(struct libspool *client, struct why *why)
{
	int connected;

	if (client->fd != -1)
		return 0;
	connected = client_connect(client->conf->top_run_directory,
	    &client->fd, why);
	if (connected == 0)
		return why_set(why, ERROR_UNAVAILABLE, "spoold is down; start "
		    "it with spoolctl -c %s start", client->conf->file);
	return connected == 1 ? 0 : -1;
}

struct libspool_result *
client_ask(struct libspool *client, const char *verb, struct buf *members,
    struct libspool_error *error)
{
	struct libspool_result *result = NULL;
	struct json *json = NULL;
	struct why why;

	if (client->organization != NULL)
		json_put_string(members, "organizationId",
		    client->organization);
	if (client_open(client, &why) == 0) {
		json = client_call(client, verb, members, client->timeout,
		    &why);
		/* What was asked in vain is never taken for an answer. */
		if (json == NULL && (why.number == ETIMEDOUT ||
		    why.number == ECONNRESET))
			client_disconnect(client);
	}
	buf_wipe(members);
	if (json == NULL) {
		error_fill(error, &why);
		return NULL;
	}
	result = xcalloc(1, sizeof(*result));
	result->json = json;
	return result;
}
