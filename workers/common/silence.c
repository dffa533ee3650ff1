/*
 * silence - how long a request may take
 *
 * Silence is measured here and not by libcurl, which knows a lowest speed
 * only: `timeout` without a byte in either direction ends a request.  libcurl
 * tells of whole header lines; a byte now and then before that is seen in the
 * kernel's counts.  Once everything is sent the answer has twice that time in
 * all, so that such a byte keeps nobody waiting for ever.
 */
#include <linux/tcp.h>
#include <netinet/in.h>

#include <inttypes.h>
#include <stdio.h>

#include "workers/common/transfer.h"

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

uint64_t
connection_bytes(int fd, bool both_ways)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == -1)
		return 0;
	return info.tcpi_bytes_acked +
	    (both_ways ? info.tcpi_bytes_received : 0);
}

/*
 * What went through its connection, as the kernel counts it; 0: unknown.
 * libcurl does not tell a request's socket before the request has ended, but
 * its ports.
 */
static uint64_t
bytes_below(const struct transfer *transfer)
{
	long local = 0, remote = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &local);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_PORT,
	    &remote);
	for (int fd = 0; fd <= *transfer->highest; fd++)
		if (socket_port(fd, getsockname) == local &&
		    socket_port(fd, getpeername) == remote)
			return connection_bytes(fd, true);
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
