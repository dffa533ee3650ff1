/*
 * control - asking spoold for something
 *
 * One question is under way at a time; its number is what tells its answer
 * from one that came too late for an earlier question.  `spoold --offline`
 * writes to a file of ours instead of stderr, so that why it did not start can
 * be said once, by the command that wanted it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/xalloc.h"

#define CONTROL_FD 3		/* of `spoold --offline` */
#define CONTROL_PATIENCE 10000	/* ms for another command to give the lock up */
#define CONTROL_PAUSE 100	/* ms between two tries */

struct control {
	int		 fd;
	pid_t		 child;		/* `spoold --offline`, or 0 */
	int		 said;		/* its stderr, or -1 */
	int64_t		 asked;		/* number of the last question */
	struct buf	 in;		/* what came after the last answer */
};

static struct control *
control_new(int fd)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->fd = fd;
	control->said = -1;
	control->in.max = CONTROL_ANSWER_MAX;
	return control;
}

void
control_close(struct control **control_p)
{
	struct control *control = *control_p;

	if (control == NULL)
		return;
	close(control->fd);
	if (control->child > 0)
		while (waitpid(control->child, NULL, 0) == -1 &&
		    errno == EINTR)
			continue;
	if (control->said != -1)
		close(control->said);
	buf_free(&control->in);
	free(control);
	*control_p = NULL;
}

bool
control_is_offline(const struct control *control)
{
	return control->child > 0;
}

/*
 * Connects to the socket.  Returns 1 with its descriptor, 0 if nobody listens,
 * -1 with *why.  A path too long for sockaddr_un is reached through the open
 * directory.
 */
static int
socket_connect(const char *directory, int *fd_r, struct why *why)
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

/*
 * In the child: never returns.  Its own session, so that Ctrl-C ends the
 * command and spoold then ends in good order.
 */
static void
offline_exec(const char *program, const char *file, int fd, int said)
{
	if (setsid() == -1 || dup2(said, STDERR_FILENO) == -1)
		_exit(70);
	if (fd == CONTROL_FD ? fcntl(fd, F_SETFD, 0) == -1
	    : dup2(fd, CONTROL_FD) == -1)
		_exit(70);
	(void)execl(program, program, "-c", file, "--offline", (char *)NULL);
	(void)dprintf(STDERR_FILENO, "spoold: INTERNAL_ERROR: run %s: %s\n",
	    program, strerror(errno));
	_exit(70);
}

static struct control *
offline_start(const struct conf *conf, struct why *why)
{
	char program[4096];
	struct control *control;
	int pair[2], said;

	if (control_program("spoold", program, sizeof(program), why) == -1)
		return NULL;
	said = memfd_create("spoold-said", MFD_CLOEXEC);
	if (said == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		(void)why_errno(why, "prepare for spoold --offline");
		if (said != -1)
			close(said);
		return NULL;
	}
	control = control_new(pair[0]);
	control->said = said;
	control->child = fork();
	if (control->child == 0)
		offline_exec(program, conf->file, pair[1], said);
	close(pair[1]);
	if (control->child == -1) {
		(void)why_errno(why, "fork");
		control_close(&control);
	}
	return control;
}

int
control_said(int said, struct why *why)
{
	char text[4096], *line, *colon, *end;
	ssize_t length = pread(said, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	line = strstr(text, "spoold: ");
	if (line == NULL)
		return -1;
	line += strlen("spoold: ");
	if ((end = strchr(line, '\n')) != NULL)
		*end = '\0';
	colon = strstr(line, ": ");
	if (colon == NULL)
		return -1;
	*colon = '\0';
	return error_by_name(line) == ERROR_NONE ? -1
	    : why_set(why, error_by_name(line), "%s", colon + 2);
}

/* spoold went away while we waited; it may have said why. */
static int
connection_ended(struct control *control, struct why *why)
{
	(void)why_set(why, ERROR_UNAVAILABLE,
	    "spoold ended before it had answered");
	why->number = ECONNRESET;
	if (control->said != -1)
		(void)control_said(control->said, why);
	return -1;
}

static int
request_send(struct control *control, const char *verb,
    const struct buf *arguments, struct why *why)
{
	struct buf line = { .max = CONTROL_LINE_MAX };
	size_t sent = 0;
	ssize_t n;
	int done = -1;

	json_open(&line, NULL, '{');
	json_put_integer(&line, "id", ++control->asked);
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
		n = send(control->fd, line.data + sent, line.len - sent,
		    MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
			(void)connection_ended(control, why);
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

/* Reads more.  Returns 0, or -1 with *why; ETIMEDOUT after `until`. */
static int
answer_receive(struct control *control, int64_t until, struct why *why)
{
	struct pollfd ready = { .fd = control->fd, .events = POLLIN };
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
	n = recv(control->fd, part, sizeof(part), 0);
	if (n == 0 || (n == -1 && errno == ECONNRESET))
		return connection_ended(control, why);
	if (n == -1)
		return errno == EINTR ? 0 : why_errno(why, "read from spoold");
	buf_add(&control->in, part, (size_t)n);
	explicit_bzero(part, sizeof(part));
	if (control->in.overflow)
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
control_error(const struct json *error, struct why *why)
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
answer_read(struct control *control, size_t length, struct json **result_r,
    struct why *why)
{
	struct json *answer = json_parse(control->in.data, length, why);
	const struct json *ok = json_get(answer, "ok");
	int read = -1;

	if (answer == NULL || !json_is(ok, JSON_BOOLEAN)) {
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "spoold's answer is none of the control protocol");
		goto out;
	}
	if (json_integer(json_get(answer, "id"), 0) != control->asked) {
		read = 0;
		goto out;
	}
	if (!json_boolean(ok, false)) {
		(void)control_error(json_get(answer, "error"), why);
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
control_wait(struct control *control, int64_t timeout, struct why *why)
{
	int64_t until = timeout < 0 ? -1 : clock_monotonic() + timeout;
	struct json *result = NULL;
	char *end;
	int read;

	for (;;) {
		end = control->in.len == 0 ? NULL
		    : memchr(control->in.data, '\n', control->in.len);
		if (end == NULL) {
			if (answer_receive(control, until, why) == -1)
				return NULL;
			continue;
		}
		read = answer_read(control, (size_t)(end - control->in.data),
		    &result, why);
		buf_consume(&control->in,
		    (size_t)(end - control->in.data) + 1);
		if (read != 0)
			return result;
	}
}

struct json *
control_call(struct control *control, const char *verb,
    const struct buf *arguments, int64_t timeout, struct why *why)
{
	if (request_send(control, verb, arguments, why) == -1)
		return NULL;
	return control_wait(control, timeout, why);
}

/* Starts spoold --offline and waits until it has recovered. */
static struct control *
offline_open(const struct conf *conf, struct why *why)
{
	struct control *control = offline_start(conf, why);
	struct json *status;

	if (control == NULL)
		return NULL;
	status = control_call(control, "server.status", NULL, -1, why);
	if (status == NULL)
		control_close(&control);
	json_free(&status);
	return control;
}

struct control *
control_open(const struct conf *conf, enum control_mode mode, struct why *why)
{
	static const struct timespec pause = { 0, CONTROL_PAUSE * 1000000L };
	int64_t until = clock_monotonic() + CONTROL_PATIENCE;
	struct control *control;
	int fd = -1, connected;

	for (;;) {
		connected = socket_connect(conf->top_run_directory, &fd, why);
		if (connected == 1)
			return control_new(fd);
		if (connected == -1)
			return NULL;
		if (mode == CONTROL_ONLINE) {
			(void)why_set(why, ERROR_UNAVAILABLE,
			    "spoold is down; start it with spoolctl -c %s "
			    "start", conf->file);
			return NULL;
		}
		control = offline_open(conf, why);
		/* The lock is another command's, or spoold is starting. */
		if (control != NULL || why->code != ERROR_UNAVAILABLE ||
		    clock_monotonic() > until)
			return control;
		(void)nanosleep(&pause, NULL);
	}
}
