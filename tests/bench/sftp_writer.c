/*
 * sftp_writer - the least that uploading by libssh can cost
 *
 *     sftp_writer PORT USER KEY DIRECTORY
 *
 * One process, one session, one channel: every file of DIRECTORY is opened,
 * written and closed at 127.0.0.1, up to 32 of them at once and up to 64
 * writes of 32 KiB under way, and nobody waits for one answer before the next
 * request.  No check of the host's key, no look at what is there, no sync, no
 * size, no rename: what spoold takes longer than this is the price of those.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workers/sftp/wire.h"

#define AT_ONCE 32		/* files */
#define WRITES 64		/* under way, of all files */
#define OUT_MAX (256 * 1024)	/* bytes that wait to be sent */

/* A file under way; its place is the id of all of its requests. */
struct slot {
	int fd;			/* -1: free */
	struct wire_handle handle;
	bool ready, given;	/* it is open; all of it was written */
	uint64_t offset;
	unsigned awaited;	/* answers */
};

struct writer {
	ssh_session ssh;
	ssh_channel channel;
	DIR *files;		/* own; NULL once all are taken */
	const char *path;
	struct slot slots[AT_ONCE];
	unsigned writes;
	struct buf out, in;
};

static void
check(const struct writer *writer, int result, const char *what)
{
	if (result < 0)
		errx(1, "%s: %s", what, ssh_get_error(writer->ssh));
}

static void
log_in(struct writer *writer, const char *port, const char *user,
    const char *path)
{
	ssh_session ssh = ssh_new();
	unsigned number = (unsigned)strtoul(port, NULL, 10);
	const int no = 0;
	ssh_key key;

	writer->ssh = ssh;
	if (ssh == NULL)
		errx(1, "ssh_new");
	check(writer, ssh_options_set(ssh, SSH_OPTIONS_PROCESS_CONFIG, &no),
	    "configuration");
	check(writer, ssh_options_set(ssh, SSH_OPTIONS_HOST, "127.0.0.1"),
	    "host");
	check(writer, ssh_options_set(ssh, SSH_OPTIONS_PORT, &number), "port");
	check(writer, ssh_options_set(ssh, SSH_OPTIONS_USER, user), "user");
	check(writer, ssh_options_set(ssh, SSH_OPTIONS_CIPHERS_C_S,
	    "aes128-gcm@openssh.com"), "cipher");
	check(writer, ssh_options_set(ssh, SSH_OPTIONS_CIPHERS_S_C,
	    "aes128-gcm@openssh.com"), "cipher");
	check(writer, ssh_connect(ssh), "connect");
	if (ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key) !=
	    SSH_OK)
		errx(1, "%s: no key", path);
	if (ssh_userauth_publickey(ssh, NULL, key) != SSH_AUTH_SUCCESS)
		errx(1, "not let in");
	ssh_key_free(key);
	writer->channel = ssh_channel_new(ssh);
	check(writer, ssh_channel_open_session(writer->channel), "channel");
	check(writer, ssh_channel_request_sftp(writer->channel), "sftp");
}

/* --- what is sent --------------------------------------------------------- */

/* The next file's, or -1. */
static int
next_file(struct writer *writer, struct buf *name)
{
	struct dirent *entry;
	int fd;

	while (writer->files != NULL) {
		entry = readdir(writer->files);
		if (entry == NULL) {
			(void)closedir(writer->files);
			writer->files = NULL;
		} else if (entry->d_name[0] != '.') {
			fd = openat(dirfd(writer->files), entry->d_name,
			    O_RDONLY | O_CLOEXEC);
			if (fd == -1)
				err(1, "%s", entry->d_name);
			buf_str(name, entry->d_name);
			return fd;
		}
	}
	return -1;
}

static void
slot_open(struct writer *writer, uint32_t place)
{
	struct slot *slot = &writer->slots[place];
	struct buf name = { 0 };

	*slot = (struct slot) { .fd = next_file(writer, &name) };
	if (slot->fd != -1) {
		wire_open(&writer->out, place, name.data, WIRE_FOR_WRITING |
		    WIRE_CREATING | WIRE_TRUNCATING);
		slot->awaited = 1;
	}
	buf_free(&name);
}

static void
slot_write(struct writer *writer, uint32_t place)
{
	struct slot *slot = &writer->slots[place];
	char bytes[WIRE_DATA_MAX];
	ssize_t got;

	while (slot->fd != -1 && slot->ready && !slot->given &&
	    writer->writes < WRITES && writer->out.len < OUT_MAX) {
		got = read(slot->fd, bytes, sizeof(bytes));
		if (got == -1)
			err(1, "read");
		slot->awaited++;
		writer->writes++;
		if (got > 0) {
			wire_write(&writer->out, place, &slot->handle,
			    slot->offset, bytes, (uint32_t)got);
			slot->offset += (uint64_t)got;
			continue;
		}
		wire_handle(&writer->out, place, WIRE_CLOSE, &slot->handle);
		slot->given = true;
	}
}

static void
say(struct writer *writer)
{
	int sent;

	for (uint32_t i = 0; i < AT_ONCE; i++)
		slot_write(writer, i);
	while (writer->out.len > 0) {
		sent = ssh_channel_write(writer->channel, writer->out.data,
		    (uint32_t)writer->out.len);
		check(writer, sent, "write");
		buf_consume(&writer->out, (size_t)sent);
	}
}

/* --- what comes ----------------------------------------------------------- */

static void
take(struct writer *writer, const struct wire_answer *answer)
{
	struct slot *slot = &writer->slots[answer->id];

	if (answer->type == WIRE_VERSION)
		return;
	if (answer->id >= AT_ONCE || slot->fd == -1)
		errx(1, "an answer to nothing");
	slot->awaited--;
	if (answer->type == WIRE_HANDLE) {
		slot->handle.length = answer->length;
		memcpy(slot->handle.bytes, answer->bytes, answer->length);
		slot->ready = true;
		return;
	}
	if (answer->type != WIRE_STATUS || answer->status != WIRE_OK)
		errx(1, "refused: %u", answer->status);
	writer->writes--;
	if (slot->given && slot->awaited == 0) {
		(void)close(slot->fd);
		slot_open(writer, answer->id);
	}
}

static void
hear(struct writer *writer)
{
	char bytes[16 * 1024];
	struct wire_answer answer;
	struct why why;
	int64_t took;
	int got = ssh_channel_read(writer->channel, bytes, 1, 0);

	check(writer, got, "read");
	if (got == 0)
		errx(1, "the server is gone");
	buf_add(&writer->in, bytes, (size_t)got);
	got = ssh_channel_read_nonblocking(writer->channel, bytes,
	    sizeof(bytes), 0);
	check(writer, got, "read");
	buf_add(&writer->in, bytes, (size_t)got);
	while ((took = wire_parse(writer->in.data, writer->in.len, &answer,
	    &why)) > 0) {
		take(writer, &answer);
		buf_consume(&writer->in, (size_t)took);
	}
	if (took == -1)
		errx(1, "%s", why.text);
}

static bool
is_busy(const struct writer *writer)
{
	for (size_t i = 0; i < AT_ONCE; i++)
		if (writer->slots[i].fd != -1)
			return true;
	return false;
}

int
main(int argc, char *argv[])
{
	static struct writer writer;

	if (argc != 5)
		errx(64, "usage: sftp_writer PORT USER KEY DIRECTORY");
	writer.files = opendir(argv[4]);
	if (writer.files == NULL)
		err(1, "%s", argv[4]);
	log_in(&writer, argv[1], argv[2], argv[3]);
	wire_init(&writer.out);
	for (uint32_t i = 0; i < AT_ONCE; i++)
		slot_open(&writer, i);
	for (say(&writer); is_busy(&writer); say(&writer))
		hear(&writer);
	ssh_disconnect(writer.ssh);
	ssh_free(writer.ssh);
	buf_free(&writer.out);
	buf_free(&writer.in);
	return 0;
}
