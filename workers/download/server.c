/*
 * server - HTTP/1.1 on a listener
 *
 * libmicrohttpd is not given a time limit of its own: it would see a client
 * that takes its bytes out of the kernel slowly as one that does nothing.  What
 * has arrived is what was read for it, less what the kernel still holds.
 */
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include <linux/sockios.h>
#include <microhttpd.h>
#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/download/server.h"

#define BLOCK (64 * 1024)	/* bytes of content read at once */
#define LOOK_EVERY 1000		/* ms between two looks at the connections */
#define SPARE_FILES 64		/* descriptors that are no connection's */

/* What is being sent; libmicrohttpd's until its answer is destroyed. */
struct sending {
	struct call	*call;		/* borrowed */
	int		 fd;		/* own */
	int64_t		 offset, length, at;
	EVP_MD_CTX	*digest;	/* own; NULL: not to be compared */
	uint8_t		 sha256[SHA256_LENGTH];
};

/* A request, with what the handler does not see of it. */
struct call {
	struct exchange	 exchange;	/* first: the handler's */
	struct line	*line;		/* borrowed */
	struct sending	*sending;	/* borrowed; NULL: no content */
	struct MHD_Response *response;	/* own; NULL: not yet */
	unsigned	 status;
	size_t		 body;		/* bytes that came */
	bool		 asked, suspended;
};

/* A connection. */
struct line {
	TAILQ_ENTRY(line) entry;
	struct server	*server;	/* borrowed */
	struct MHD_Connection *connection;	/* borrowed */
	const struct sockaddr *socket;	/* borrowed; NULL: a Unix socket */
	int		 fd;		/* borrowed */
	struct call	*call;		/* borrowed; NULL: between two */
	bool		 admitted;
	int64_t		 since;		/* monotonic ms, for its state */
	int64_t		 looked;	/* when `arrived` was looked at */
	int64_t		 arrived;	/* bytes */
};

struct server {
	struct MHD_Daemon *daemon;	/* own */
	const struct server_handler *handler;	/* borrowed */
	bool		 secure, by_unix, closing;
	TAILQ_HEAD(, line) lines;
	int64_t		 looked;	/* monotonic ms */
	char		 words[256];	/* what libmicrohttpd said last */
};

/* --- content -------------------------------------------------------------- */

/* Compares what was read with what it should be; true if it is that. */
static bool
sending_good(struct sending *sending, const char *block, size_t length)
{
	unsigned char got[EVP_MAX_MD_SIZE];

	if (sending->digest == NULL)
		return true;
	if (EVP_DigestUpdate(sending->digest, block, length) != 1)
		return false;
	if (sending->at + (int64_t)length < sending->length)
		return true;
	return EVP_DigestFinal_ex(sending->digest, got, NULL) == 1 &&
	    memcmp(got, sending->sha256, SHA256_LENGTH) == 0;
}

static ssize_t
sending_read(void *arg, uint64_t at, char *block, size_t room)
{
	struct sending *sending = arg;
	int64_t left = sending->length - sending->at;
	ssize_t got = -1;

	if ((int64_t)at == sending->at)
		got = pread(sending->fd, block, (int64_t)room < left ? room :
		    (size_t)left, (off_t)(sending->offset + sending->at));
	if (got <= 0 || !sending_good(sending, block, (size_t)got)) {
		sending->call->exchange.broken = true;
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	sending->at += got;
	return got;
}

static void
sending_free(void *arg)
{
	struct sending *sending = arg;

	EVP_MD_CTX_free(sending->digest);
	if (sending->fd != -1)
		(void)close(sending->fd);
	free(sending);
}

static struct sending *
sending_new(struct call *call, struct answer *answer)
{
	struct sending *sending = xcalloc(1, sizeof(*sending));

	sending->call = call;
	sending->fd = answer->fd;
	sending->offset = answer->offset;
	sending->length = answer->length;
	answer->fd = -1;
	if (!answer->whole)
		return sending;
	memcpy(sending->sha256, answer->sha256, SHA256_LENGTH);
	sending->digest = EVP_MD_CTX_new();
	if (sending->digest == NULL || EVP_DigestInit_ex(sending->digest,
	    EVP_sha256(), NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 failed");
	return sending;
}

/* --- answers -------------------------------------------------------------- */

static struct MHD_Response *
response_new(struct call *call, struct answer *answer)
{
	size_t block = BLOCK;

	if (answer->length == -1)
		return MHD_create_response_from_buffer(answer->body.len,
		    answer->body.data, MHD_RESPMEM_MUST_COPY);
	if (answer->length < BLOCK)
		block = (size_t)answer->length + 1;
	call->sending = sending_new(call, answer);
	return MHD_create_response_from_callback((uint64_t)answer->length,
	    block, sending_read, call->sending, sending_free);
}

void
exchange_answer(struct exchange *exchange, struct answer *answer)
{
	struct call *call = (struct call *)exchange;

	call->status = (unsigned)answer->status;
	call->response = response_new(call, answer);
	if (call->response == NULL)
		log_fatal(error_exit_status(ERROR_UNAVAILABLE),
		    "no memory for an answer");
	for (size_t i = 0; i < answer->headers; i++)
		if (MHD_add_response_header(call->response,
		    answer->header[i].name, answer->header[i].value) !=
		    MHD_YES)
			log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
			    "a header that cannot be sent: %s",
			    answer->header[i].name);
	answer_free(answer);
	call->line->since = call->line->looked = clock_monotonic();
	call->line->arrived = 0;
	if (!call->suspended)
		return;
	call->suspended = false;
	MHD_resume_connection(call->line->connection);
}

/* --- requests ------------------------------------------------------------- */

struct header_wanted {
	const char	*name;
	struct buf	*out;
	size_t		 begin;
};

static enum MHD_Result
header_found(void *arg, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct header_wanted *wanted = arg;

	(void)kind;
	if (strcasecmp(name, wanted->name) != 0 || value == NULL)
		return MHD_YES;
	if (wanted->out->len > wanted->begin)
		buf_str(wanted->out, ", ");
	buf_str(wanted->out, value);
	return MHD_YES;
}

void
exchange_header(const struct exchange *exchange, const char *name,
    struct buf *out)
{
	const struct call *call = (const struct call *)exchange;
	struct header_wanted wanted = { name, out, out->len };

	buf_str(out, "");
	(void)MHD_get_connection_values(call->line->connection,
	    MHD_HEADER_KIND, header_found, &wanted);
}

static struct line *
line_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

static struct call *
call_new(struct line *line, const char *path, const char *method)
{
	struct call *call = xcalloc(1, sizeof(*call));
	struct buf length = { 0 };

	call->line = line;
	call->exchange = (struct exchange){ .method = method, .path = path,
		.socket = line->socket, .secure = line->server->secure };
	line->call = call;
	exchange_header(&call->exchange, MHD_HTTP_HEADER_CONTENT_LENGTH,
	    &length);
	call->exchange.too_large = strtoull(length.data, NULL, 10) >
	    SERVER_BODY_MAX;
	buf_free(&length);
	return call;
}

/* Shows it to the handler, once, and sends the answer, if it is there. */
static enum MHD_Result
call_serve(struct call *call)
{
	const struct server_handler *handler = call->line->server->handler;

	if (!call->asked) {
		call->asked = true;
		handler->asked(handler->arg, &call->exchange);
	}
	if (call->response != NULL)
		return MHD_queue_response(call->line->connection,
		    call->status, call->response);
	call->suspended = true;
	MHD_suspend_connection(call->line->connection);
	return MHD_YES;
}

static enum MHD_Result
server_called(void *arg, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *body, size_t *size,
    void **state)
{
	struct call *call = *state;

	(void)arg;
	(void)version;
	(void)body;
	if (call == NULL) {
		call = *state = call_new(line_of(connection), path, method);
		return call->exchange.too_large ? call_serve(call) : MHD_YES;
	}
	if (*size == 0)
		return call_serve(call);
	/* What is in a body does not matter, so long as it is short. */
	call->body += *size;
	*size = 0;
	return call->body > SERVER_BODY_MAX ? MHD_NO : MHD_YES;
}

/* The bytes of content that are no longer here. */
static int64_t
call_arrived(const struct call *call)
{
	int held = 0;

	if (call->sending == NULL)
		return 0;
	if (ioctl(call->line->fd, SIOCOUTQ, &held) == -1)
		held = 0;
	return call->sending->at > held ? call->sending->at - held : 0;
}

static void
server_completed(void *arg, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct server *server = arg;
	struct call *call = *state;

	(void)connection;
	if (call == NULL)
		return;
	if (call->asked)
		server->handler->ended(server->handler->arg, &call->exchange,
		    code == MHD_REQUEST_TERMINATED_COMPLETED_OK &&
		    call->sending != NULL ? call->sending->length :
		    call_arrived(call));
	call->line->call = NULL;
	call->line->since = clock_monotonic();
	if (call->response != NULL)
		MHD_destroy_response(call->response);
	free(call);
	*state = NULL;
}

/* --- connections ---------------------------------------------------------- */

static void
line_new(struct server *server, struct MHD_Connection *connection,
    void **state)
{
	struct line *line = xcalloc(1, sizeof(*line));

	line->server = server;
	line->connection = connection;
	line->fd = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	if (!server->by_unix)
		line->socket = MHD_get_connection_info(connection,
		    MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	line->since = clock_monotonic();
	TAILQ_INSERT_TAIL(&server->lines, line, entry);
	*state = line;
	line->admitted = server->handler->admit(server->handler->arg,
	    line->socket);
	if (!line->admitted)
		(void)shutdown(line->fd, SHUT_RDWR);
}

static void
server_connected(void *arg, struct MHD_Connection *connection, void **state,
    enum MHD_ConnectionNotificationCode code)
{
	struct server *server = arg;
	struct line *line = *state;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		line_new(server, connection, state);
		return;
	}
	if (line->admitted)
		server->handler->left(server->handler->arg, line->socket);
	TAILQ_REMOVE(&server->lines, line, entry);
	free(line);
}

/* Whether its client has had its time. */
static bool
line_slow(struct line *line, int64_t now)
{
	int64_t arrived;

	if (line->call == NULL && line->server->closing)
		return true;
	if (line->call == NULL || !line->call->asked)
		return now - line->since > SERVER_HEAD_TIME;
	if (line->call->response == NULL || now - line->looked < SERVER_WINDOW)
		return false;
	arrived = call_arrived(line->call);
	if (arrived - line->arrived < SERVER_RATE * (SERVER_WINDOW / 1000))
		return true;
	line->looked = now;
	line->arrived = arrived;
	return false;
}

static void
server_look(struct server *server, int64_t now)
{
	struct line *line;

	server->looked = now;
	/* It sees the end of it as if the client had gone. */
	TAILQ_FOREACH(line, &server->lines, entry)
		if (line_slow(line, now))
			(void)shutdown(line->fd, SHUT_RDWR);
}

/* --- the server ----------------------------------------------------------- */

static void	 server_says(void *, const char *, va_list)
		    __attribute__((format(printf, 2, 0)));

static void
server_says(void *arg, const char *format, va_list args)
{
	struct server *server = arg;

	(void)vsnprintf(server->words, sizeof(server->words), format, args);
	server->words[strcspn(server->words, "\n")] = '\0';
}

/* Paths stay as they came. */
static size_t
server_unescapes(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

/* A connection may have a file beside its socket. */
static unsigned
server_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1 ||
	    files.rlim_cur / 2 > SERVER_CONNECTIONS + SPARE_FILES)
		return SERVER_CONNECTIONS;
	return files.rlim_cur > 4 * SPARE_FILES ?
	    (unsigned)(files.rlim_cur - SPARE_FILES) / 2 : SPARE_FILES;
}

/* PEM, which it reads only, and the versions of TLS. */
static void
options_tls(struct MHD_OptionItem *options, const struct certificate *tls,
    const char *minimum)
{
	static const char newest[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
	static const char both[] =
	    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA";

	*options++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0,
		tls->chain };
	*options++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0,
		tls->key };
	*options++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
		strcmp(minimum, "1.3") == 0 ? (void *)(intptr_t)newest :
		(void *)(intptr_t)both };
	*options = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

static struct MHD_Daemon *
server_daemon(struct server *server, const struct listener *listener,
    struct MHD_OptionItem *options)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_USE_ERROR_LOG | (server->secure ? (unsigned)MHD_USE_TLS : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL,
	    server_called, NULL,
	    /* First: it is used while the others are read. */
	    MHD_OPTION_EXTERNAL_LOGGER, server_says, server,
	    MHD_OPTION_LISTEN_SOCKET, listener->fd,
	    MHD_OPTION_CONNECTION_LIMIT, server_limit(),
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEAD_MAX,
	    MHD_OPTION_NOTIFY_COMPLETED, server_completed, server,
	    MHD_OPTION_NOTIFY_CONNECTION, server_connected, server,
	    MHD_OPTION_UNESCAPE_CALLBACK, server_unescapes, server,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

struct server *
server_start(const struct listener *listener, const struct certificate *tls,
    const char *minimum, const struct server_handler *handler,
    struct why *why)
{
	struct MHD_OptionItem options[4] = { { MHD_OPTION_END, 0, NULL } };
	struct server *server = xcalloc(1, sizeof(*server));

	server->handler = handler;
	server->secure = tls->chain != NULL;
	server->by_unix = listener->by_unix;
	TAILQ_INIT(&server->lines);
	if (server->secure)
		options_tls(options, tls, minimum);
	server->daemon = server_daemon(server, listener, options);
	if (server->daemon != NULL)
		return server;
	(void)why_set(why, ERROR_CONFIG_ERROR, "the server for downloads "
	    "does not start: %s", server->words);
	free(server);
	return NULL;
}

int
server_fd(const struct server *server)
{
	return MHD_get_daemon_info(server->daemon,
	    MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

void
server_close(struct server *server)
{
	int fd = server->closing ? -1 : MHD_quiesce_daemon(server->daemon);

	if (fd != -1)
		(void)close(fd);
	server->closing = true;
}

bool
server_busy(const struct server *server)
{
	return !TAILQ_EMPTY(&server->lines);
}

int64_t
server_run(struct server *server, int64_t now)
{
	MHD_UNSIGNED_LONG_LONG wait;
	int64_t result = -1;

	if (MHD_run(server->daemon) != MHD_YES)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "the server for downloads: %s", server->words);
	if (now - server->looked >= LOOK_EVERY || server->closing)
		server_look(server, now);
	if (!TAILQ_EMPTY(&server->lines))
		result = LOOK_EVERY;
	if (MHD_get_timeout(server->daemon, &wait) == MHD_YES &&
	    (result == -1 || (int64_t)wait < result))
		result = (int64_t)wait;
	return result;
}
