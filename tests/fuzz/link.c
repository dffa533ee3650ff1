/*
 * link - what a worker that was taken over may send
 *
 * The first byte says the direction (1), how many descriptors go along (6)
 * and whether the rest is the packet as it is (8), or a packet is put together
 * from it: a type, the bytes of its struct, and texts up to a NUL each.  What
 * is taken is sent on and received as the same, and no descriptor is lost.
 */
#include <sys/socket.h>

#include "lib/link.h"
#include "tests/fuzz/fuzz.h"

#define UP 1
#define RAW 8
#define FDS_MAX 3

/* Kept, since allocating that much each time is all that would take time. */
static struct link_buffer	 received, received_again;

static const struct {
	bool	 up;
	size_t	 size;
} forms[LINK_TYPES] = {
#define up true
#define down false
#define LINK(name, direction, fixed, fds) \
	[LINK_##name] = { direction, sizeof(struct link_##fixed) },
	LINK_RECORDS(LINK)
#undef LINK
#undef up
#undef down
};

/* A whole record, whose lengths are right. */
static void
assemble(struct buf *packet, const uint8_t *data, size_t size)
{
	uint32_t	 header[1 + LINK_TEXTS] = { 0 };
	size_t		 type = data[0] % LINK_TYPES, text = 1;

	header[0] = (uint32_t)type;
	for (size_t i = 1 + forms[type].size; i < size && text <= LINK_TEXTS;
	    i++) {
		if (data[i] == '\0')
			text++;
		else
			header[text]++;
	}
	buf_add(packet, header, sizeof(header));
	buf_add(packet, data + 1, size - 1);
}

static void
send_packet(int to, const struct buf *packet, int with, size_t count)
{
	union {
		char		 bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
		struct cmsghdr	 align;
	} control = { { 0 } };
	struct iovec	 part = { packet->data, packet->len };
	struct msghdr	 message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr	*c;
	int		 fds[FDS_MAX] = { with, with, with };

	if (count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		c = CMSG_FIRSTHDR(&message);
		MUST(c != NULL);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
	}
	MUST(sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)packet->len);
}

/* Sends a record that was received to the same end again. */
static void
check_again(const int pair[2], const struct link_record *record)
{
	struct link_record	 again;
	struct why		 why;
	bool			 up = forms[record->type].up;

	MUST(link_send(pair[0], record, &why) == 1);
	MUST(link_receive(pair[1], up, &received_again, &again,
	    &why) == 1);
	MUST(again.type == record->type);
	MUST(memcmp(&again.setup, &record->setup, forms[record->type].size) ==
	    0);
	for (int i = 0; i < LINK_TEXTS; i++)
		MUST(strcmp(again.text[i], record->text[i]) == 0);
	for (int i = 0; i < LINK_FDS; i++) {
		MUST((again.fd[i] == -1) == (record->fd[i] == -1));
		MUST(again.fd[i] == -1 || close(again.fd[i]) == 0);
	}
}

static void
check_packet(const int pair[2], bool up)
{
	struct link_record	 record;
	struct why		 why;
	int			 result;

	result = link_receive(pair[1], up, &received, &record, &why);
	MUST(result != 0);
	if (result == 1) {
		MUST(record.type < LINK_TYPES && forms[record.type].up == up);
		check_again(pair, &record);
		for (int i = 0; i < LINK_FDS; i++)
			MUST(record.fd[i] == -1 || close(record.fd[i]) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf	 packet = { 0 };
	int		 lowest = fuzz_lowest(), pair[2];

	if (size < 2)
		return 0;
	if ((data[0] & RAW) != 0)
		buf_add(&packet, data + 1, size - 1);
	else
		assemble(&packet, data + 1, size - 1);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	send_packet(pair[0], &packet, pair[0], (data[0] >> 1) & FDS_MAX);
	check_packet(pair, (data[0] & UP) != 0);
	MUST(close(pair[0]) == 0 && close(pair[1]) == 0);
	MUST(fuzz_lowest() == lowest);
	buf_free(&packet);
	return 0;
}
