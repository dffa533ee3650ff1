/*
 * transfer - one request as libcurl sees it
 *
 * Silence is measured here and not by libcurl, which knows a lowest speed
 * only: `timeout` without a byte in either direction ends a request.  libcurl
 * tells of whole header lines; a byte now and then before that is seen in the
 * kernel's counts.  Once everything is sent the answer has twice that time in
 * all, so that such a byte keeps nobody waiting for ever.
 *
 * A request is never sent twice behind the caller's back.  Where a kept
 * connection turns out to have ended, libcurl would send again what the other
 * side may have got; it is stopped where it begins to, or cannot, since it is
 * not told how to rewind a body that is read.  So that this is rare, a
 * connection that has been idle for longer than what servers commonly allow
 * (five seconds) is not used again.
 */
#include <linux/tcp.h>
#include <netinet/in.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/common/tls.h"
#include "workers/common/transfer.h"

#define CONNECT_TIMEOUT 10000L	/* ms */
#define IDLE_MAX 4L		/* s; then a connection is not used again */
#define MOVED_EVERY 1000	/* ms between calls of `moved` */

/* --- what libcurl calls ------------------------------------------------------ */

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;
	struct egress *egress = transfer->egress;
	int fd;

	(void)purpose;
	egress_refresh(egress);
	if (egress_allows(egress, &address->addr, &transfer->denied) == -1 ||
	    (transfer->plain && egress_allows_plaintext(egress,
	    &address->addr, &transfer->denied) == -1))
		return CURL_SOCKET_BAD;
	transfer->denied.code = ERROR_NONE;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
	if (fd > *transfer->highest)
		*transfer->highest = fd;
	return fd;
}

static CURLcode
use_store(CURL *easy, void *context, void *arg)
{
	const struct transfer *transfer = arg;

	(void)easy;
	SSL_CTX_set1_cert_store(context, transfer->store);
	return CURLE_OK;
}

/* Once the handshake is over; afterwards the connection is out of reach. */
static void
describe_tls(struct transfer *transfer)
{
	struct http_answer *answer = &transfer->answer;

	if (answer->tls[0] == '\0' && !transfer->plain)
		tls_describe(transfer->easy, answer->tls, sizeof(answer->tls),
		    answer->fingerprint, sizeof(answer->fingerprint));
}

/* Before each sending of the request: there is only one. */
static int
before_sending(void *arg, char *remote, char *local, int remote_port,
    int local_port)
{
	struct transfer *transfer = arg;
	long sent = 0;

	(void)remote;
	(void)local;
	(void)remote_port;
	(void)local_port;
	describe_tls(transfer);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
	/* What a proxy was sent before is no part of it. */
	transfer->again = transfer->begun && sent > transfer->before;
	transfer->begun = true;
	transfer->before = sent;
	if (transfer->request.bytes != NULL)
		transfer->given = transfer->request.length;
	return transfer->again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t
read_body(char *out, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	int64_t got;

	describe_tls(transfer);
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

static size_t
read_header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	struct http_answer *answer = &transfer->answer;
	size_t length = size * count;

	transfer->heard = clock_monotonic();
	transfer->header_bytes += length;
	if (transfer->header_bytes > HTTP_HEADERS_MAX) {
		(void)snprintf(answer->words, sizeof(answer->words),
		    "its headers do not end within %d bytes",
		    HTTP_HEADERS_MAX);
		answer->error = ERROR_PROTOCOL_ERROR;
		return 0;
	}
	describe_tls(transfer);
	/* An empty line ends them; trailers of the body may follow. */
	if (length > 0 && (line[0] == '\r' || line[0] == '\n'))
		transfer->headers_ended = true;
	else if (length > 5 && memcmp(line, "HTTP/", 5) == 0)
		transfer->headers_ended = false;
	(void)header_value(line, length, "Retry-After", answer->retry_after,
	    sizeof(answer->retry_after));
	(void)header_value(line, length, "X-Request-Id", answer->request_id,
	    sizeof(answer->request_id));
	return length;
}

static size_t
read_answer(char *bytes, size_t size, size_t count, void *arg)
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

static int
progress(void *arg, curl_off_t down_total, curl_off_t down,
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

/* --- the end ----------------------------------------------------------------- */

/* What libcurl's results mean when no status came. */
static const struct {
	CURLcode	 code;
	enum error	 error;
} results[] = {
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
	{ CURLE_URL_MALFORMAT, ERROR_CONFIG_ERROR },
};

static enum error
result_error(const struct transfer *transfer, CURLcode code)
{
	curl_off_t connected = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T,
	    &connected);
	if (code == CURLE_OPERATION_TIMEDOUT && connected == 0)
		return ERROR_CONNECT_FAILURE;
	/* It also means a line that libcurl does not want to keep. */
	if (code == CURLE_OUT_OF_MEMORY && connected == 0)
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
	buf_free(&transfer->answer.body);
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

void
transfer_end(struct transfer *transfer, CURLcode code, const char *words)
{
	struct http_answer *answer = &transfer->answer;
	const char *ip = NULL;
	long status = 0, port = 0, request_bytes = 0;
	curl_off_t up = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
	    &status);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &ip);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_PORT, &port);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE,
	    &request_bytes);
	/* Sent over a connection that was about to end; libcurl has forgotten
	 * how much, since it wanted to begin again. */
	if (code == CURLE_SEND_FAIL_REWIND || transfer->again) {
		code = CURLE_SEND_FAIL_REWIND;
		words = "a kept connection ended instead of an answer";
		up = transfer->given;
		request_bytes = 1;
	}
	answer->resolved = transfer_time(transfer, CURLINFO_NAMELOOKUP_TIME_T);
	answer->connected = transfer_time(transfer, CURLINFO_CONNECT_TIME_T);
	answer->secured = transfer_time(transfer, CURLINFO_APPCONNECT_TIME_T);
	answer->sent = up;
	answer->all_sent = request_bytes > 0 &&
	    up >= transfer->request.length &&
	    transfer->given >= transfer->request.length;
	if (ip != NULL && ip[0] != '\0')
		(void)snprintf(answer->peer, sizeof(answer->peer),
		    strchr(ip, ':') != NULL ? "[%s]:%ld" : "%s:%ld", ip, port);
	/* With 1xx, or headers without an end, it was still to come. */
	if (status >= 200 && transfer->headers_ended &&
	    answer->error == ERROR_NONE && !answer->stopped)
		answer->status = (int)status;
	else if (transfer->denied.code != ERROR_NONE) {
		answer->error = transfer->denied.code;
		(void)snprintf(answer->words, sizeof(answer->words), "%s",
		    transfer->denied.text);
	} else if (answer->error == ERROR_NONE) {
		answer->error = result_error(transfer, code);
		(void)snprintf(answer->words, sizeof(answer->words), "%s",
		    words);
	}
	/* libcurl takes a handshake that failed for a part of connecting. */
	if (answer->error == ERROR_TLS_FAILURE && answer->connected == -1)
		answer->connected = answer->resolved;
	transfer->request.done(transfer->request.arg, answer);
	transfer_free(transfer);
}

/* --- silence ----------------------------------------------------------------- */

static int64_t
slow_at(const struct transfer *transfer)
{
	return transfer->sent_at == 0 ? INT64_MAX :
	    transfer->sent_at + 2 * transfer->request.timeout;
}

int64_t
transfer_deadline(const struct transfer *transfer)
{
	int64_t limit = transfer->request.timeout;
	int64_t look = transfer->heard + (transfer->seen_since ==
	    transfer->heard ? limit : limit / 2);

	return look < slow_at(transfer) ? look : slow_at(transfer);
}

/* The port of a socket's own, or its peer's, address; -1 if it has none. */
static long
socket_port(int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in6 address = { 0 };
	const struct sockaddr_in *ipv4 = (const void *)&address;
	socklen_t size = sizeof(address);

	if (name(fd, (struct sockaddr *)(void *)&address, &size) == -1)
		return -1;
	return address.sin6_family == AF_INET6 ? ntohs(address.sin6_port) :
	    address.sin6_family == AF_INET ? ntohs(ipv4->sin_port) : -1;
}

/*
 * What went through its connection, as the kernel counts it; 0: unknown.
 * libcurl does not tell a request's socket before the request has ended, but
 * its ports.
 */
static uint64_t
bytes_below(const struct transfer *transfer)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);
	long local = 0, remote = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &local);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_PORT,
	    &remote);
	for (int fd = 0; fd <= *transfer->highest; fd++)
		if (socket_port(fd, getsockname) == local &&
		    socket_port(fd, getpeername) == remote &&
		    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
			return info.tcpi_bytes_acked +
			    info.tcpi_bytes_received;
	return 0;
}

bool
transfer_overdue(struct transfer *transfer, int64_t now, char *words,
    size_t size)
{
	int64_t limit = transfer->request.timeout;

	if (now >= slow_at(transfer)) {
		(void)snprintf(words, size,
		    "the answer is not whole after %" PRId64 " ms",
		    2 * limit);
		return true;
	}
	if (now < transfer_deadline(transfer))
		return false;
	/* Half-way, the kernel's count is noted; at the end it is compared. */
	if (transfer->seen_since != transfer->heard) {
		transfer->seen_since = transfer->heard;
		transfer->seen_below = bytes_below(transfer);
	}
	if (now - transfer->heard < limit)
		return false;
	if (bytes_below(transfer) != transfer->seen_below) {
		transfer->heard = now;
		return false;
	}
	(void)snprintf(words, size, "nothing moved for %" PRId64 " ms",
	    limit);
	return true;
}

/* --- the beginning ----------------------------------------------------------- */

/* The first option that fails counts. */
#define SET(option, value) do {						\
	if (code == CURLE_OK)						\
		code = curl_easy_setopt(easy, option, value);		\
} while (0)

static CURLcode
set_options(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_DEFAULT_PROTOCOL, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	/* A resolver that hangs is left behind, not waited for. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_MAXAGE_CONN, IDLE_MAX);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_CUSTOMREQUEST, request->head ? NULL : request->method);
	SET(CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
	SET(CURLOPT_FORBID_REUSE, request->fresh ? 1L : 0L);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT);
	SET(CURLOPT_PREREQFUNCTION, before_sending);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, read_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, read_answer);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_XFERINFOFUNCTION, progress);
	SET(CURLOPT_XFERINFODATA, transfer);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	SET(CURLOPT_PRIVATE, transfer);
	return code;
}

/* What is sent, and how: with the headers, or read. */
static CURLcode
set_body(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	if (request->head)
		SET(CURLOPT_NOBODY, 1L);
	else if (request->bytes != NULL) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
		SET(CURLOPT_POSTFIELDS, request->bytes);
	} else {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_UPLOAD_BUFFERSIZE, 64L * 1024);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->length);
		SET(CURLOPT_READFUNCTION, read_body);
		SET(CURLOPT_READDATA, transfer);
	}
	return code;
}

/* PEM; a key is not copied, so that nothing is left of it afterwards. */
static CURLcode
set_blob(CURL *easy, CURLoption option, char *pem, unsigned flags)
{
	struct curl_blob blob = { pem, strlen(pem), flags };

	return curl_easy_setopt(easy, option, &blob);
}

/* Certificates and names are always checked; pins come on top. */
static CURLcode
set_tls(struct transfer *transfer)
{
	const struct http_tls *tls = &transfer->request.tls;
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, strcmp(tls->minimum, "1.3") == 0 ?
	    (long)CURL_SSLVERSION_TLSv1_3 : (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_PINNEDPUBLICKEY, tls->pins);
	if (tls->client_key != NULL && code == CURLE_OK)
		code = set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->client_key,
		    CURL_BLOB_NOCOPY);
	if (tls->client_certificate != NULL && code == CURLE_OK)
		code = set_blob(easy, CURLOPT_SSLCERT_BLOB,
		    tls->client_certificate, CURL_BLOB_COPY);
	if (tls->ca != NULL && code == CURLE_OK)
		code = set_blob(easy, CURLOPT_CAINFO_BLOB, tls->ca,
		    CURL_BLOB_COPY);
	if (tls->ca == NULL) {
		SET(CURLOPT_SSL_CTX_FUNCTION, use_store);
		SET(CURLOPT_SSL_CTX_DATA, transfer);
	}
	return code;
}

#undef SET

/* `Expect:` without a value keeps libcurl from asking first. */
static int
set_headers(struct transfer *transfer, struct why *why)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; i < transfer->request.header_count &&
	    list != NULL; i++) {
		struct curl_slist *longer = curl_slist_append(list,
		    transfer->request.headers[i]);

		if (longer == NULL)
			curl_slist_free_all(list);
		list = longer;
	}
	transfer->headers = list;
	return list != NULL ? 0 : why_set(why, ERROR_UNAVAILABLE,
	    "no memory for the headers");
}

int
transfer_set(struct transfer *transfer, struct why *why)
{
	CURLcode code;

	transfer->heard = clock_monotonic();
	transfer->plain = strncasecmp(transfer->request.url, "http:", 5) == 0;
	if (set_headers(transfer, why) == -1)
		return -1;
	code = set_options(transfer);
	if (code == CURLE_OK)
		code = set_body(transfer);
	if (code == CURLE_OK && !transfer->plain)
		code = set_tls(transfer);
	return code == CURLE_OK ? 0 : why_set(why, ERROR_INTERNAL_ERROR,
	    "libcurl: %s", curl_easy_strerror(code));
}
