/*
 * http - requests over kept connections
 *
 * libcurl reuses a connection for a request whose TLS settings are the same;
 * a private CA is among what it compares, so destinations that trust different
 * authorities never share one.  The default store is loaded once: parsing the
 * system's bundle for every connection costs twenty milliseconds each.
 *
 * libcurl looks at a kept connection only when it might use it, so those of a
 * receiver that gets nothing more would stay.  When nothing has been under way
 * for as long as a connection may be idle, all of them are closed: they are
 * the multi handle's, and end with it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/http.h"
#include "workers/common/http_inside.h"
#include "workers/common/tls.h"
#include "workers/common/transfer.h"

#define HANDLES_MAX 256		/* kept for the next requests */
#define CONNECTIONS_KEPT 64

struct connection {
	LIST_ENTRY(connection) entry;
	struct http	*http;		/* borrowed */
	struct transfer	*transfer;	/* own; what it was made by: its handle
					 * points into that */
	CURL		*easy;		/* borrowed; the handle */
	int		 fd;		/* libcurl's */
};

struct http {
	CURLM		*multi;		/* own */
	CURL		*spare[HANDLES_MAX];	/* own */
	size_t		 spare_count;
	struct egress	*egress;	/* own */
	X509_STORE	*store;		/* own */
	int		 highest;	/* descriptor that a socket ever had */
	LIST_HEAD(, transfer) transfers;
	LIST_HEAD(, connection) connections;	/* that others speak over */
	long		 kept;		/* connections, at most */
	struct curl_waitfd *waited;	/* own */
	nfds_t		 waited_room;
	bool		 used;		/* since the multi handle is there */
	int64_t		 ended_at;	/* the last one, monotonic ms */
};

static CURLM *
multi_new(long kept)
{
	CURLM *multi = curl_multi_init();

	if (multi == NULL || curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
	    kept) == CURLM_OK)
		return multi;
	(void)curl_multi_cleanup(multi);
	return NULL;
}

struct http *
http_new(struct egress *egress, const char *ca_file, int concurrency,
    struct why *why)
{
	struct http *http = xcalloc(1, sizeof(*http));

	http->kept = concurrency > CONNECTIONS_KEPT ? concurrency :
	    CONNECTIONS_KEPT;
	http->egress = egress;
	LIST_INIT(&http->transfers);
	LIST_INIT(&http->connections);
	if (http_global_init() != CURLE_OK ||
	    (http->multi = multi_new(http->kept)) == NULL)
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "libcurl does not start");
	else
		http->store = tls_store(ca_file, why);
	if (http->store != NULL)
		return http;
	(void)curl_multi_cleanup(http->multi);
	free(http);
	return NULL;
}

/* --- handles -------------------------------------------------------------- */

static CURL *
handle_take(struct http *http)
{
	return http->spare_count > 0 ? http->spare[--http->spare_count] :
	    curl_easy_init();
}

/*
 * A handle that is reset does not forget a proxy's password, nor the last URL,
 * of which the query may be a signature or a key.
 */
static bool
keeps_secret(const struct http_request *request)
{
	return request->proxy.password != NULL ||
	    strchr(request->url, '?') != NULL;
}

static void
handle_give(struct http *http, CURL *easy, bool stays)
{
	if (!stays || http->spare_count == HANDLES_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	http->spare[http->spare_count++] = easy;
}

/* --- requests ------------------------------------------------------------- */

int
http_start(struct http *http, const struct http_request *request,
    struct why *why)
{
	struct transfer *transfer = xcalloc(1, sizeof(*transfer));
	CURL *easy = handle_take(http);

	transfer->egress = http->egress;
	transfer->store = http->store;
	transfer->highest = &http->highest;
	transfer->easy = easy;
	transfer->request = *request;
	transfer->unforgotten = keeps_secret(request);
	transfer->answer.socket = -1;
	if (easy == NULL)
		(void)why_set(why, ERROR_UNAVAILABLE, "libcurl has no memory");
	else if (transfer_set(transfer, why) == -1)
		handle_give(http, easy, false);
	else if (curl_multi_add_handle(http->multi, easy) == CURLM_OK) {
		LIST_INSERT_HEAD(&http->transfers, transfer, entry);
		http->used = true;
		return 0;
	} else {
		handle_give(http, easy, false);
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "libcurl does not take the request");
	}
	transfer_free(transfer);
	return -1;
}

/* libcurl lets go of the handle first: it still calls back until then. */
static void
http_end(struct http *http, struct transfer *transfer, CURLcode code,
    const char *words)
{
	CURL *easy = transfer->easy;
	bool stays = !transfer->unforgotten;

	LIST_REMOVE(transfer, entry);
	if (code == CURLE_OK)
		transfer_keep_socket(transfer);
	http->ended_at = clock_monotonic();
	if (curl_multi_remove_handle(http->multi, easy) != CURLM_OK)
		log_warning("curl_multi_remove_handle failed");
	transfer_end(transfer, code, words);
	handle_give(http, easy, stays);
}

/*
 * The connection stands, and is the caller's.  Its handle stays with libcurl,
 * which would not find the connection otherwise.
 */
static void
http_hand_over(struct http *http, struct transfer *transfer)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));
	curl_socket_t fd = CURL_SOCKET_BAD;

	connection->http = http;
	connection->transfer = transfer;
	connection->easy = transfer->easy;
	if (curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd) !=
	    CURLE_OK || fd == CURL_SOCKET_BAD) {
		free(connection);
		http_end(http, transfer, CURLE_RECV_ERROR,
		    "the connection has ended");
		return;
	}
	connection->fd = fd;
	LIST_REMOVE(transfer, entry);
	LIST_INSERT_HEAD(&http->connections, connection, entry);
	transfer_open(transfer, connection);
}

static void
end_overdue(struct http *http)
{
	struct transfer *transfer, *next;
	int64_t now = clock_monotonic();
	char words[96];

	LIST_FOREACH_SAFE(transfer, &http->transfers, entry, next)
		if (transfer_overdue(transfer, now, words, sizeof(words)))
			http_end(http, transfer, CURLE_OPERATION_TIMEDOUT,
			    words);
}

static void
close_idle(struct http *http)
{
	CURLM *multi;

	if (!http->used || !LIST_EMPTY(&http->transfers) ||
	    !LIST_EMPTY(&http->connections) ||
	    clock_monotonic() - http->ended_at < TRANSFER_IDLE_MAX * 1000)
		return;
	multi = multi_new(http->kept);
	if (multi == NULL)
		return;		/* no memory: they stay for now */
	if (curl_multi_cleanup(http->multi) != CURLM_OK)
		log_warning("curl_multi_cleanup failed");
	http->multi = multi;
	http->used = false;
}

/* The descriptors as libcurl takes them. */
static struct curl_waitfd *
http_waited(struct http *http, const struct pollfd *fds, nfds_t count)
{
	if (http->waited_room < count) {
		http->waited_room = 2 * count;
		http->waited = xreallocarray(http->waited, http->waited_room,
		    sizeof(*http->waited));
	}
	for (nfds_t i = 0; i < count; i++)
		http->waited[i] = (struct curl_waitfd){ .fd = fds[i].fd,
		    .events = (short)((fds[i].events & POLLIN ?
		    CURL_WAIT_POLLIN : 0) | (fds[i].events & POLLOUT ?
		    CURL_WAIT_POLLOUT : 0)) };
	return http->waited;
}

void
http_wait(struct http *http, struct pollfd *fds, nfds_t count, int64_t wait)
{
	struct curl_waitfd *waited = http_waited(http, fds, count);
	int64_t now = clock_monotonic();
	const struct transfer *transfer;

	LIST_FOREACH(transfer, &http->transfers, entry) {
		int64_t left = transfer_deadline(transfer) - now;

		if (left < wait)
			wait = left > 0 ? left : 0;
	}
	if (curl_multi_poll(http->multi, waited, (unsigned)count, (int)wait,
	    NULL) != CURLM_OK)
		log_warning("curl_multi_poll failed");
	for (nfds_t i = 0; i < count; i++)
		fds[i].revents = waited[i].revents;
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
		if (code == CURLE_OK && transfer->request.opened != NULL)
			http_hand_over(http, transfer);
		else
			http_end(http, transfer, code,
			    transfer->error[0] != '\0' ? transfer->error :
			    curl_easy_strerror(code));
	}
	end_overdue(http);
	close_idle(http);
}

/* --- connections ---------------------------------------------------------- */

int64_t
connection_send(struct connection *connection, const char *bytes,
    size_t length)
{
	size_t sent = 0;
	CURLcode code = curl_easy_send(connection->easy, bytes, length,
	    &sent);

	if (code == CURLE_AGAIN)
		return 0;
	return code == CURLE_OK ? (int64_t)sent : -1;
}

int64_t
connection_receive(struct connection *connection, char *out, size_t room)
{
	size_t got = 0;
	CURLcode code = curl_easy_recv(connection->easy, out, room, &got);

	if (code == CURLE_AGAIN)
		return 0;
	return code == CURLE_OK && got > 0 ? (int64_t)got : -1;
}

int
connection_fd(const struct connection *connection)
{
	return connection->fd;
}

void
connection_close(struct connection *connection)
{
	struct http *http = connection->http;

	LIST_REMOVE(connection, entry);
	http->ended_at = clock_monotonic();
	if (curl_multi_remove_handle(http->multi, connection->easy) !=
	    CURLM_OK)
		log_warning("curl_multi_remove_handle failed");
	handle_give(http, connection->easy,
	    !connection->transfer->unforgotten);
	transfer_free(connection->transfer);
	free(connection);
}
