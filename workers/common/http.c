/*
 * http - requests over kept connections
 *
 * libcurl reuses a connection for a request whose TLS settings are the same;
 * a private CA is among what it compares, so destinations that trust different
 * authorities never share one.  The default store is loaded once: parsing the
 * system's bundle for every connection costs twenty milliseconds each.
 *
 * Silence is measured here and not by libcurl: `timeout` without a byte in
 * either direction ends a request, and once everything is sent the answer has
 * twice that time in all, so that a byte now and then keeps nobody waiting.
 *
 * A request is never sent twice behind the caller's back.  Where a kept
 * connection turns out to have ended, libcurl would send again what the other
 * side may have got; it cannot, since it is not told how to rewind a body.
 * So that this is rare, a connection that has been idle for longer than what
 * servers commonly allow (five seconds) is not used again.
 */
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/http.h"
#include "workers/common/tls.h"

#define CONNECT_TIMEOUT 10000L	/* ms */
#define WAIT_MAX 1000		/* ms between looks for silence */
#define MOVED_EVERY 1000	/* ms between calls of `moved` */
#define HANDLES_MAX 256		/* kept for the next requests */
#define CONNECTIONS_KEPT 64
#define IDLE_MAX 4L		/* s; then a connection is not used again */

struct transfer {
	LIST_ENTRY(transfer) entry;
	struct http	*http;		/* borrowed */
	CURL		*easy;		/* own until it ends */
	struct curl_slist *headers;	/* own */
	struct http_request request;
	struct http_answer answer;
	size_t		 header_bytes;
	int64_t		 given;		/* bytes the callback gave */
	int64_t		 heard;		/* monotonic ms of the last byte */
	int64_t		 told;		/* of the last `moved` */
	int64_t		 sent_at;	/* when all was sent, 0: not yet */
	int64_t		 seen_bytes;
	bool		 plain;		/* http:// */
	struct why	 denied;	/* EGRESS_DENIED, or nothing */
	char		 error[CURL_ERROR_SIZE];	/* libcurl's words */
};

struct http {
	CURLM		*multi;		/* own */
	CURL		*spare[HANDLES_MAX];	/* own */
	size_t		 spare_count;
	struct egress	*egress;	/* own */
	X509_STORE	*store;		/* own */
	LIST_HEAD(, transfer) transfers;
};

/* --- what libcurl calls ----------------------------------------------------------- */

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;
	const struct egress *egress = transfer->http->egress;

	(void)purpose;
	if (egress_allows(egress, &address->addr, &transfer->denied) == -1 ||
	    (transfer->plain && egress_allows_plaintext(egress,
	    &address->addr, &transfer->denied) == -1))
		return CURL_SOCKET_BAD;
	transfer->denied.code = ERROR_NONE;
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

static CURLcode
use_store(CURL *easy, void *context, void *arg)
{
	const struct http *http = arg;

	(void)easy;
	SSL_CTX_set1_cert_store(context, http->store);
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

/* --- ends --------------------------------------------------------------------------- */

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
	{ CURLE_SSL_CIPHER, ERROR_TLS_FAILURE },
	{ CURLE_SSL_CACERT_BADFILE, ERROR_TLS_FAILURE },
	{ CURLE_SSL_INVALIDCERTSTATUS, ERROR_TLS_FAILURE },
	{ CURLE_SSL_ISSUER_ERROR, ERROR_TLS_FAILURE },
	{ CURLE_SEND_ERROR, ERROR_CONNECT_FAILURE },
	{ CURLE_RECV_ERROR, ERROR_CONNECT_FAILURE },
	{ CURLE_GOT_NOTHING, ERROR_CONNECT_FAILURE },
	/* A kept connection ended when the body had begun: never sent twice. */
	{ CURLE_SEND_FAIL_REWIND, ERROR_CONNECT_FAILURE },
	{ CURLE_URL_MALFORMAT, ERROR_CONFIG_ERROR },
	{ CURLE_OUT_OF_MEMORY, ERROR_UNAVAILABLE },
};

static enum error
result_error(const struct transfer *transfer, CURLcode code)
{
	curl_off_t connected = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T,
	    &connected);
	if (code == CURLE_OPERATION_TIMEDOUT && connected == 0)
		return ERROR_CONNECT_FAILURE;
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
		if (results[i].code == code)
			return results[i].error;
	return ERROR_PROTOCOL_ERROR;
}

static void
transfer_free(struct transfer *transfer)
{
	struct http *http = transfer->http;

	LIST_REMOVE(transfer, entry);
	if (curl_multi_remove_handle(http->multi, transfer->easy) !=
	    CURLM_OK)
		log_warning("curl_multi_remove_handle failed");
	if (http->spare_count < HANDLES_MAX) {
		curl_easy_reset(transfer->easy);
		http->spare[http->spare_count++] = transfer->easy;
	} else
		curl_easy_cleanup(transfer->easy);
	/* Credentials are among them. */
	for (struct curl_slist *h = transfer->headers; h != NULL; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(transfer->headers);
	buf_free(&transfer->answer.body);
	free(transfer);
}

static void
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
	answer->sent = up;
	answer->all_sent = request_bytes > 0 &&
	    up >= transfer->request.length &&
	    transfer->given >= transfer->request.length;
	if (ip != NULL && ip[0] != '\0')
		(void)snprintf(answer->peer, sizeof(answer->peer),
		    strchr(ip, ':') != NULL ? "[%s]:%ld" : "%s:%ld", ip, port);
	/* A status of 1xx is none: the answer was still to come. */
	if (status >= 200 && answer->error == ERROR_NONE &&
	    !answer->stopped)
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
	transfer->request.done(transfer->request.arg, answer);
	transfer_free(transfer);
}

/* When a request will have been silent, or its answer slow, for too long. */
static int64_t
transfer_deadline(const struct transfer *transfer)
{
	int64_t limit = transfer->request.timeout;
	int64_t silent = transfer->heard + limit;
	int64_t slow = transfer->sent_at + 2 * limit;

	return transfer->sent_at != 0 && slow < silent ? slow : silent;
}

static void
end_silent(struct http *http)
{
	struct transfer *transfer, *next;
	int64_t now = clock_monotonic();

	LIST_FOREACH_SAFE(transfer, &http->transfers, entry, next) {
		int64_t limit = transfer->request.timeout;
		bool silent = now - transfer->heard >= limit;
		char words[96];

		if (now < transfer_deadline(transfer))
			continue;
		(void)snprintf(words, sizeof(words), silent ?
		    "nothing moved for %lld ms" :
		    "the answer is not whole after %lld ms",
		    (long long)(silent ? limit : 2 * limit));
		transfer_end(transfer, CURLE_OPERATION_TIMEDOUT, words);
	}
}

/* --- starting ------------------------------------------------------------------------ */

struct http *
http_new(struct egress *egress, const char *ca_file, int concurrency,
    struct why *why)
{
	struct http *http = xcalloc(1, sizeof(*http));
	long kept = concurrency > CONNECTIONS_KEPT ? concurrency :
	    CONNECTIONS_KEPT;

	http->egress = egress;
	LIST_INIT(&http->transfers);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (http->multi = curl_multi_init()) == NULL ||
	    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS,
	    kept) != CURLM_OK) {
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "libcurl does not start");
		free(http);
		return NULL;
	}
	http->store = tls_store(ca_file, why);
	if (http->store == NULL) {
		free(http);
		return NULL;
	}
	return http;
}

/* All options of a request; the first that fails counts. */
static CURLcode
set_options(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	struct curl_blob ca;
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

#define SET(option, value) do {						\
	if (code == CURLE_OK)						\
		code = curl_easy_setopt(easy, option, value);		\
} while (0)
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
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->length);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 64L * 1024);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT);
	SET(CURLOPT_READFUNCTION, read_body);
	SET(CURLOPT_READDATA, transfer);
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
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, strcmp(request->tls_minimum, "1.3") == 0 ?
	    (long)CURL_SSLVERSION_TLSv1_3 : (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CAINFO, NULL);
	if (request->ca != NULL) {
		ca.data = (void *)(uintptr_t)request->ca;
		ca.len = strlen(request->ca);
		ca.flags = CURL_BLOB_COPY;
		SET(CURLOPT_CAINFO_BLOB, &ca);
	} else {
		SET(CURLOPT_SSL_CTX_FUNCTION, use_store);
		SET(CURLOPT_SSL_CTX_DATA, transfer->http);
	}
#undef SET
	return code;
}

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
http_start(struct http *http, const struct http_request *request,
    struct why *why)
{
	struct transfer *transfer = xcalloc(1, sizeof(*transfer));
	CURLcode code;

	transfer->http = http;
	transfer->request = *request;
	transfer->heard = clock_monotonic();
	transfer->plain = strncasecmp(request->url, "http:", 5) == 0;
	transfer->easy = http->spare_count > 0 ?
	    http->spare[--http->spare_count] : curl_easy_init();
	if (transfer->easy == NULL || set_headers(transfer, why) == -1) {
		if (transfer->easy != NULL)
			curl_easy_cleanup(transfer->easy);
		free(transfer);
		return why_set(why, ERROR_UNAVAILABLE, "libcurl has no "
		    "memory");
	}
	code = set_options(transfer);
	LIST_INSERT_HEAD(&http->transfers, transfer, entry);
	if (code == CURLE_OK &&
	    curl_multi_add_handle(http->multi, transfer->easy) == CURLM_OK)
		return 0;
	transfer_free(transfer);
	return why_set(why, ERROR_INTERNAL_ERROR, "libcurl: %s",
	    curl_easy_strerror(code));
}

void
http_wait(struct http *http, int fd, bool busy)
{
	struct curl_waitfd link = { .fd = fd, .events = CURL_WAIT_POLLIN };
	int64_t now = clock_monotonic(), wait = busy ? 0 : WAIT_MAX;
	const struct transfer *transfer;

	LIST_FOREACH(transfer, &http->transfers, entry) {
		int64_t left = transfer_deadline(transfer) - now;

		if (left < wait)
			wait = left > 0 ? left : 0;
	}
	if (curl_multi_poll(http->multi, &link, 1, (int)wait, NULL) !=
	    CURLM_OK)
		log_warning("curl_multi_poll failed");
}

void
http_run(struct http *http)
{
	struct transfer *transfer;
	int running, left;
	CURLMsg *message;
	CURLcode code;

	if (curl_multi_perform(http->multi, &running) != CURLM_OK)
		log_warning("curl_multi_perform failed");
	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		(void)curl_easy_getinfo(message->easy_handle,
		    CURLINFO_PRIVATE, &transfer);
		transfer_end(transfer, code, transfer->error[0] != '\0' ?
		    transfer->error : curl_easy_strerror(code));
	}
	end_silent(http);
}
