/*
 * transfer_set - what is asked of libcurl for one request
 */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/url.h"

#include "workers/common/transfer.h"

#define CONNECT_TIMEOUT 10000L	/* ms */

/* Before each sending of the request: there is only one. */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
before_sending(void *arg, char *remote, char *local, int remote_port,
    int local_port)
{
	struct transfer *transfer = arg;
	long sent = 0;

	(void)remote;
	(void)local;
	(void)remote_port;
	(void)local_port;
	transfer_describe_tls(transfer);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
	/* What a proxy was sent before is no part of it. */
	transfer->again = transfer->begun && sent > transfer->before;
	transfer->begun = true;
	transfer->before = sent;
	if (transfer->request.bytes != NULL)
		transfer->given = transfer->request.length;
	return transfer->again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

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
	SET(CURLOPT_PROTOCOLS_STR, request->opened != NULL ? "smtp,smtps" :
	    "http,https");
	SET(CURLOPT_DEFAULT_PROTOCOL, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* A resolver that hangs is left behind, not waited for. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_MAXAGE_CONN, (long)TRANSFER_IDLE_MAX);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_CUSTOMREQUEST, request->head ? NULL : request->method);
	SET(CURLOPT_FRESH_CONNECT, request->fresh || request->only_connect ?
	    1L : 0L);
	/* It would close a connection that is to be spoken over. */
	SET(CURLOPT_FORBID_REUSE, request->fresh && request->opened == NULL &&
	    !request->only_connect ? 1L : 0L);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	/* What is meant for the receiver is not for the proxy. */
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	/* To libcurl a greeting, which servers delay, is a part of it. */
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT +
	    (request->opened != NULL ? (long)request->timeout : 0L));
	SET(CURLOPT_PREREQFUNCTION, before_sending);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, transfer_read_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, transfer_read_answer);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_XFERINFOFUNCTION, transfer_progress);
	SET(CURLOPT_XFERINFODATA, transfer);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_OPENSOCKETFUNCTION, transfer_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	SET(CURLOPT_PRIVATE, transfer);
	return code;
}

/* What is sent, and how: with the headers, or read; or not at all. */
static CURLcode
set_body(struct transfer *transfer)
{
	static const long tls[] = {
		[STARTTLS_required] = CURLUSESSL_ALL,
		[STARTTLS_opportunistic] = CURLUSESSL_TRY,
		[STARTTLS_never] = CURLUSESSL_NONE,
	};
	const struct http_request *request = &transfer->request;
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	if (request->opened != NULL) {
		SET(CURLOPT_CONNECT_ONLY, 1L);
		SET(CURLOPT_USE_SSL, tls[request->starttls]);
	} else if (request->only_connect) {
		SET(CURLOPT_CONNECT_ONLY, 1L);
	} else if (request->head)
		SET(CURLOPT_NOBODY, 1L);
	else if (request->bytes != NULL) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
		SET(CURLOPT_POSTFIELDS, request->bytes);
	} else {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_UPLOAD_BUFFERSIZE, 64L * 1024);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->length);
		SET(CURLOPT_READFUNCTION, transfer_read_body);
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
		SET(CURLOPT_SSL_CTX_FUNCTION, transfer_use_store);
		SET(CURLOPT_SSL_CTX_DATA, transfer);
	}
	return code;
}

/* Set even where there is none, for the environment is not asked. */
static CURLcode
set_proxy(struct transfer *transfer)
{
	const struct http_proxy *proxy = &transfer->request.proxy;
	const struct http_tls *tls = &transfer->request.tls;
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_PROXY, proxy->url != NULL ? proxy->url : "");
	SET(CURLOPT_NOPROXY, "");
	if (proxy->url == NULL)
		return code;
	SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
	SET(CURLOPT_PROXYUSERNAME, proxy->user);
	SET(CURLOPT_PROXYPASSWORD, proxy->password);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_HTTPPROXYTUNNEL, transfer->request.opened != NULL ||
	    transfer->request.only_connect ? 1L : 0L);
	SET(CURLOPT_PROXY_SSLVERSION, strcmp(tls->minimum, "1.3") == 0 ?
	    (long)CURL_SSLVERSION_TLSv1_3 : (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY_CAPATH, NULL);
	SET(CURLOPT_PROXY_CAINFO, NULL);
	if (tls->ca != NULL && code == CURLE_OK)
		code = set_blob(easy, CURLOPT_PROXY_CAINFO_BLOB, tls->ca,
		    CURL_BLOB_COPY);
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

static bool
is_plain(const char *url)
{
	return strncasecmp(url, "http:", 5) == 0;
}

/*
 * Nothing makes sure that it goes on by TLS; what only connects is for a
 * protocol that has its own encryption.
 */
static bool
stays_plain(const struct http_request *request)
{
	if (request->opened != NULL)
		return request->starttls != STARTTLS_required &&
		    strncmp(request->url, "smtps:", strlen("smtps:")) != 0;
	return is_plain(request->url) && !request->only_connect;
}

/*
 * The host of a URL and its port, as getaddrinfo(3) takes them: in lower case,
 * without brackets or the dot that may end a name.  0, or -1.
 */
static int
url_host(const char *text, char host[URL_HOST_MAX + 1], int *port_r)
{
	const char *authority = strstr(text, "://");
	char again[URL_MAX];
	struct url url;
	size_t length;

	/* A URL of another scheme has its host in the same place. */
	if (authority == NULL || (size_t)snprintf(again, sizeof(again),
	    "https%s", authority) >= sizeof(again) ||
	    url_parse(again, &url) != NULL)
		return -1;
	length = strlen(url.host);
	if (url.host[0] == '[')
		(void)snprintf(host, URL_HOST_MAX + 1, "%.*s",
		    (int)length - 2, url.host + 1);
	else
		(void)snprintf(host, URL_HOST_MAX + 1, "%.*s", (int)length -
		    (url.host[length - 1] == '.'), url.host);
	*port_r = strchr(authority + 3, ':') == NULL && is_plain(text) ? 80 :
	    url.port;
	return 0;
}

static int
check_address(const struct transfer *transfer, const char *host,
    const struct sockaddr *sa, struct why *why)
{
	egress_refresh(transfer->egress);
	if (egress_allows(transfer->egress, host, sa, why) == -1)
		return -1;
	return !stays_plain(&transfer->request) ? 0 :
	    egress_allows_plaintext(transfer->egress, host, sa, why);
}

/*
 * Behind a proxy the receiver's name is the proxy's to resolve, so all that can
 * be judged is the name; but an address in its place, however it is written,
 * is one that the policy speaks of.
 */
static int
check_target(const struct transfer *transfer, struct why *why)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST |
	    AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *address = NULL;
	char host[URL_HOST_MAX + 1], service[8];
	int port, result;

	if (transfer->request.proxy.url == NULL)
		return 0;
	if (url_host(transfer->request.url, host, &port) == -1)
		return why_set(why, ERROR_EGRESS_DENIED,
		    "the host behind the proxy cannot be told");
	(void)snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(host, service, &hints, &address) != 0)
		return egress_allows_name(transfer->egress, host, port, why);
	result = check_address(transfer, host, address->ai_addr, why);
	freeaddrinfo(address);
	return result;
}

/* Whose address is connected to; "" if that cannot be told. */
static void
set_host(struct transfer *transfer)
{
	const char *proxy = transfer->request.proxy.url;
	int port;

	if (url_host(proxy != NULL ? proxy : transfer->request.url,
	    transfer->host, &port) == -1)
		transfer->host[0] = '\0';
}

/* To the receiver, or to the proxy on the way. */
static bool
speaks_tls(const struct transfer *transfer)
{
	const char *proxy = transfer->request.proxy.url;

	return !transfer->plain || (proxy != NULL && !is_plain(proxy));
}

int
transfer_set(struct transfer *transfer, struct why *why)
{
	const struct http_proxy *proxy = &transfer->request.proxy;
	CURLcode code;

	transfer->heard = clock_monotonic();
	transfer->plain = is_plain(transfer->request.url);
	transfer->in_clear = stays_plain(&transfer->request) ||
	    (proxy->user != NULL && is_plain(proxy->url));
	if (set_headers(transfer, why) == -1)
		return -1;
	set_host(transfer);
	if (check_target(transfer, why) == -1)
		return -1;
	code = set_options(transfer);
	if (code == CURLE_OK)
		code = set_body(transfer);
	if (code == CURLE_OK && speaks_tls(transfer))
		code = set_tls(transfer);
	if (code == CURLE_OK)
		code = set_proxy(transfer);
	return code == CURLE_OK ? 0 : why_set(why, ERROR_INTERNAL_ERROR,
	    "libcurl: %s", curl_easy_strerror(code));
}
