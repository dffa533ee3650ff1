/*
 * transfer - one request as libcurl sees it
 *
 * A request is never sent twice behind the caller's back.  Where a kept
 * connection turns out to have ended, libcurl would send again what the other
 * side may have got; it is stopped where it begins to, or cannot, since it is
 * not told how to rewind a body that is read.  So that this is rare, a
 * connection that has been idle for longer than what servers commonly allow
 * (five seconds) is not used again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"

#include "workers/common/tls.h"
#include "workers/common/transfer.h"

#define MOVED_EVERY 1000	/* ms between calls of `moved` */
#define HEADER_NAME_MAX 128	/* bytes of those that are handed on */
#define HEADER_VALUE_MAX 2048

static long
info_number(const struct transfer *transfer, CURLINFO what)
{
	long number = 0;

	(void)curl_easy_getinfo(transfer->easy, what, &number);
	return number;
}

/* --- what libcurl calls --------------------------------------------------- */

curl_socket_t
transfer_open_socket(void *arg, curlsocktype purpose,
    struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;
	struct egress *egress = transfer->egress;
	int fd;

	(void)purpose;
	egress_refresh(egress);
	if (egress_allows(egress, transfer->host, &address->addr,
	    &transfer->denied) == -1 || (transfer->in_clear &&
	    egress_allows_plaintext(egress, transfer->host, &address->addr,
	    &transfer->denied) == -1))
		return CURL_SOCKET_BAD;
	transfer->denied.code = ERROR_NONE;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
	if (fd > *transfer->highest)
		*transfer->highest = fd;
	return fd;
}

CURLcode
transfer_use_store(CURL *easy, void *context, void *arg)
{
	const struct transfer *transfer = arg;

	(void)easy;
	SSL_CTX_set1_cert_store(context, transfer->store);
	return CURLE_OK;
}

/* Once the handshake is over; afterwards the connection is out of reach. */
void
transfer_describe_tls(struct transfer *transfer)
{
	struct http_answer *answer = &transfer->answer;

	if (answer->tls[0] == '\0' && !transfer->plain)
		tls_describe(transfer->easy, answer);
}

size_t
transfer_read_body(char *out, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	int64_t got;

	transfer_describe_tls(transfer);
	got = transfer->request.read(transfer->request.arg, out,
	    size * count);
	if (got == -1) {
		transfer->answer.stopped = true;
		return CURL_READFUNC_ABORT;
	}
	transfer->given += got;
	return (size_t)got;
}

/* The value of a header, if it has that name. */
static bool
header_value(const char *line, size_t length, const char *name, char *out,
    size_t size)
{
	size_t skip = strlen(name);

	if (length <= skip || strncasecmp(line, name, skip) != 0 ||
	    line[skip] != ':')
		return false;
	for (skip++; skip < length && line[skip] == ' '; skip++)
		;
	while (length > skip && (line[length - 1] == '\r' ||
	    line[length - 1] == '\n' || line[length - 1] == ' '))
		length--;
	(void)snprintf(out, size, "%.*s", (int)(length - skip), line + skip);
	return true;
}

/* Hands a header on; one that is longer than any that matters is none. */
static void
header_tell(const struct transfer *transfer, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	char name[HEADER_NAME_MAX], value[HEADER_VALUE_MAX];

	if (transfer->request.header == NULL || colon == NULL ||
	    (size_t)(colon - line) >= sizeof(name) || length >= sizeof(value))
		return;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(colon - line), line);
	if (header_value(line, length, name, value, sizeof(value)))
		transfer->request.header(transfer->request.arg, name, value);
}

/* True once the headers of a final status, no 1xx, have ended. */
static bool
is_answered(const struct transfer *transfer)
{
	return info_number(transfer, CURLINFO_RESPONSE_CODE) >= 200 &&
	    transfer->headers_ended;
}

size_t
transfer_read_header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	struct http_answer *answer = &transfer->answer;
	size_t length = size * count;

	transfer->heard = clock_monotonic();
	transfer->header_bytes += length;
	if (transfer->header_bytes > HTTP_HEADERS_MAX) {
		if (is_answered(transfer))
			return 0;	/* by more trailers than counts */
		(void)snprintf(answer->words, sizeof(answer->words),
		    "its headers do not end within %d bytes",
		    HTTP_HEADERS_MAX);
		answer->error = ERROR_PROTOCOL_ERROR;
		return 0;
	}
	transfer_describe_tls(transfer);
	if (transfer->request.opened != NULL) {
		transfer->request.line(transfer->request.arg, line, length);
		return length;
	}
	/* An empty line ends them; trailers of the body may follow. */
	if (length > 0 && (line[0] == '\r' || line[0] == '\n'))
		transfer->headers_ended = true;
	else if (length > 5 && memcmp(line, "HTTP/", 5) == 0)
		transfer->headers_ended = false;
	(void)header_value(line, length, "Retry-After", answer->retry_after,
	    sizeof(answer->retry_after));
	(void)header_value(line, length, "Date", answer->date,
	    sizeof(answer->date));
	(void)header_value(line, length, "X-Request-Id", answer->request_id,
	    sizeof(answer->request_id));
	header_tell(transfer, line, length);
	return length;
}

size_t
transfer_read_answer(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	struct buf *body = &transfer->answer.body;
	size_t length = size * count, room = HTTP_BODY_MAX - body->len;

	transfer->heard = clock_monotonic();
	buf_add(body, bytes, length < room ? length : room);
	if (length <= room)
		return length;
	return 0;		/* that is enough: the status is known */
}

int
transfer_progress(void *arg, curl_off_t down_total, curl_off_t down,
    curl_off_t up_total, curl_off_t up)
{
	struct transfer *transfer = arg;
	int64_t now = clock_monotonic();

	(void)down_total;
	(void)up_total;
	if (down + up == transfer->seen_bytes)
		return 0;
	transfer->seen_bytes = down + up;
	transfer->heard = now;
	transfer->answer.sent = up;
	if (up == transfer->request.length && transfer->sent_at == 0)
		transfer->sent_at = now;
	if (now - transfer->told >= MOVED_EVERY) {
		transfer->told = now;
		transfer->request.moved(transfer->request.arg, up);
	}
	return 0;
}

/* --- the end -------------------------------------------------------------- */

/* What libcurl's results mean when no status came. */
static const struct {
	CURLcode	 code;
	enum error	 error;
} results[] = {
	{ CURLE_OK, ERROR_CONNECT_FAILURE },	/* ended within the headers */
	{ CURLE_COULDNT_RESOLVE_HOST, ERROR_DNS_FAILURE },
	{ CURLE_COULDNT_RESOLVE_PROXY, ERROR_DNS_FAILURE },
	{ CURLE_COULDNT_CONNECT, ERROR_CONNECT_FAILURE },
	{ CURLE_OPERATION_TIMEDOUT, ERROR_TIMEOUT },
	{ CURLE_SSL_CONNECT_ERROR, ERROR_TLS_FAILURE },
	{ CURLE_PEER_FAILED_VERIFICATION, ERROR_TLS_FAILURE },
	{ CURLE_SSL_CERTPROBLEM, ERROR_TLS_FAILURE },
	{ CURLE_SSL_PINNEDPUBKEYNOTMATCH, ERROR_TLS_FAILURE },
	{ CURLE_SSL_CIPHER, ERROR_TLS_FAILURE },
	{ CURLE_SSL_CACERT_BADFILE, ERROR_TLS_FAILURE },
	{ CURLE_SSL_INVALIDCERTSTATUS, ERROR_TLS_FAILURE },
	{ CURLE_SSL_ISSUER_ERROR, ERROR_TLS_FAILURE },
	{ CURLE_SEND_ERROR, ERROR_CONNECT_FAILURE },
	{ CURLE_RECV_ERROR, ERROR_CONNECT_FAILURE },
	{ CURLE_GOT_NOTHING, ERROR_CONNECT_FAILURE },
	/* A kept connection ended when the body had begun. */
	{ CURLE_SEND_FAIL_REWIND, ERROR_CONNECT_FAILURE },
	{ CURLE_USE_SSL_FAILED, ERROR_TLS_FAILURE },	/* no STARTTLS */
	{ CURLE_URL_MALFORMAT, ERROR_CONFIG_ERROR },
};

/* libcurl counts a TLS handshake as a part of connecting; this does not. */
static bool
is_connected(const struct transfer *transfer)
{
	return info_number(transfer, CURLINFO_LOCAL_PORT) > 0;
}

static enum error
result_error(const struct transfer *transfer, CURLcode code)
{
	bool connected = is_connected(transfer);

	if (code == CURLE_OPERATION_TIMEDOUT && !connected)
		return ERROR_CONNECT_FAILURE;
	/* It also means a line that libcurl does not want to keep. */
	if (code == CURLE_OUT_OF_MEMORY && !connected)
		return ERROR_UNAVAILABLE;
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
		if (results[i].code == code)
			return results[i].error;
	return ERROR_PROTOCOL_ERROR;
}

void
transfer_free(struct transfer *transfer)
{
	/* Credentials are among them. */
	for (struct curl_slist *h = transfer->headers; h != NULL; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(transfer->headers);
	buf_wipe(&transfer->answer.body);	/* a token may be in it */
	free(transfer);
}

/* When it had come to a point, in ms from the start; -1: it never had. */
static int64_t
transfer_time(const struct transfer *transfer, CURLINFO point)
{
	curl_off_t us = 0;

	(void)curl_easy_getinfo(transfer->easy, point, &us);
	return us > 0 ? us / 1000 : -1;
}

/* Some say 401 where it should be 407. */
static bool
refused_by_proxy(const struct transfer *transfer)
{
	long tunnel = info_number(transfer, CURLINFO_HTTP_CONNECTCODE);

	return transfer->request.proxy.url != NULL && (tunnel == 401 ||
	    tunnel == 407 ||
	    info_number(transfer, CURLINFO_RESPONSE_CODE) == 407);
}

/* How far it came, and to whom. */
static void
end_describe(struct transfer *transfer, CURLcode code)
{
	struct http_answer *answer = &transfer->answer;
	long begun = info_number(transfer, CURLINFO_REQUEST_SIZE);
	const char *ip = NULL;
	curl_off_t up = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &ip);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	/* Sent over a connection that was about to end; libcurl has forgotten
	 * how much, since it wanted to begin again. */
	if (code == CURLE_SEND_FAIL_REWIND) {
		up = transfer->given;
		begun = 1;
	}
	answer->resolved = transfer_time(transfer, CURLINFO_NAMELOOKUP_TIME_T);
	answer->connected = transfer_time(transfer, CURLINFO_CONNECT_TIME_T);
	answer->secured = transfer_time(transfer, CURLINFO_APPCONNECT_TIME_T);
	answer->sent = up;
	answer->all_sent = transfer->request.opened == NULL && begun > 0 &&
	    up >= transfer->request.length &&
	    transfer->given >= transfer->request.length;
	if (ip != NULL && ip[0] != '\0')
		(void)snprintf(answer->peer, sizeof(answer->peer),
		    strchr(ip, ':') != NULL ? "[%s]:%ld" : "%s:%ld", ip,
		    info_number(transfer, CURLINFO_PRIMARY_PORT));
}

/* The status, or why there is none. */
static void
end_judge(struct transfer *transfer, CURLcode code, const char *words)
{
	struct http_answer *answer = &transfer->answer;

	if (refused_by_proxy(transfer)) {
		answer->error = ERROR_AUTHENTICATION_FAILED;
		words = "the proxy does not accept the credentials";
	} else if (is_answered(transfer) && answer->error == ERROR_NONE &&
	    !answer->stopped) {
		answer->status = (int)info_number(transfer,
		    CURLINFO_RESPONSE_CODE);
		return;
	} else if (answer->socket != -1) {
		return;
	} else if (transfer->denied.code != ERROR_NONE) {
		answer->error = transfer->denied.code;
		words = transfer->denied.text;
	} else if (answer->error != ERROR_NONE)
		return;		/* the callback said why */
	else
		answer->error = result_error(transfer, code);
	/* libcurl sees nothing wrong in that. */
	if (code == CURLE_OK && answer->error == ERROR_CONNECT_FAILURE)
		words = "the connection ended within the headers";
	(void)snprintf(answer->words, sizeof(answer->words), "%s", words);
}

/* libcurl closes its own when it lets go of the handle. */
void
transfer_keep_socket(struct transfer *transfer)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (transfer->request.only_connect && curl_easy_getinfo(transfer->easy,
	    CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
		transfer->answer.socket = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void
transfer_open(struct transfer *transfer, struct connection *connection)
{
	end_describe(transfer, CURLE_OK);
	transfer->request.opened(transfer->request.arg, &transfer->answer,
	    connection);
}

void
transfer_end(struct transfer *transfer, CURLcode code, const char *words)
{
	struct http_answer *answer = &transfer->answer;

	if (code == CURLE_SEND_FAIL_REWIND || transfer->again) {
		code = CURLE_SEND_FAIL_REWIND;
		words = "a kept connection ended instead of an answer";
	}
	end_describe(transfer, code);
	end_judge(transfer, code, words);
	if (answer->connected == -1 && is_connected(transfer))
		answer->connected = answer->resolved;
	transfer->request.done(transfer->request.arg, answer);
	transfer_free(transfer);
}
