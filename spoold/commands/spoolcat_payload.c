/*
 * spoolcat_payload - a payload's bytes
 *
 * No byte is printed before the journal says durably who reads.  The bytes are
 * hashed on their way: the submitter keeps owning the file, so it may no
 * longer be what was accepted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "lib/show.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolcat.h"

#define PAYLOAD_CHUNK 65536

void
payload_of(struct payload *payload, const struct facts *facts)
{
	char id[ID_LENGTH + 1];

	id_format(&facts->id, id);
	payload->queue = QUEUE_jobs;
	payload->sha256 = facts->payload_sha256;
	payload->length = facts->payload_bytes;
	if (facts->job.file != NULL) {
		payload->name = xasprintf("%s.data", id);
		payload->offset = 0;
	} else {
		payload->name = xasprintf("%s.json", id);
		payload->offset = (int64_t)facts->job.data.offset;
	}
}

void
payload_free(struct payload *payload)
{
	free(payload->name);
	payload->name = NULL;
}

static int
reading_journal(struct cli *cli, const struct id *id, const char *reason,
    struct why *why)
{
	struct json *result;
	char text[ID_LENGTH + 1];

	id_format(id, text);
	result = cli_answer(cli, libspool_payload(cli_spoold(cli, CLI_ANYHOW),
	    text, NULL, reason, NULL, &cli->error), why);
	if (result == NULL)
		return -1;
	json_free(&result);
	return 0;
}

/*
 * Prints what is whole of it and leaves the beginning of a character that is
 * not; `last` prints that, too.
 */
static void
escaped_print(struct buf *pending, bool last)
{
	struct buf out = { .max = 0 };
	size_t length = last ? pending->len
	    : utf8_cut(pending->data, pending->len, pending->len);

	/* What is no UTF-8 at all is not held back. */
	if (pending->len - length > 3)
		length = pending->len;
	show_escape_bytes(&out, pending->data, length, true);
	if (out.len > 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_consume(pending, length);
	buf_wipe(&out);
}

/* Copies to stdout, through the hash. */
static int
bytes_copy(int fd, const struct payload *payload, bool escaped,
    EVP_MD_CTX *hash, struct why *why)
{
	char *chunk = xmalloc(PAYLOAD_CHUNK);
	struct buf pending = { .max = 0 };
	int64_t at = payload->offset, left = payload->length;
	int done = 0;

	while (done == 0 && left != 0) {
		size_t want = left < 0 || left > PAYLOAD_CHUNK
		    ? PAYLOAD_CHUNK : (size_t)left;
		ssize_t n = pread(fd, chunk, want, at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			done = why_errno(why, "read %s", payload->name);
		if (n <= 0)
			break;
		at += n;
		left -= left < 0 ? 0 : n;
		if (EVP_DigestUpdate(hash, chunk, (size_t)n) != 1)
			done = why_set(why, ERROR_INTERNAL_ERROR, "SHA-256");
		if (escaped) {
			buf_add(&pending, chunk, (size_t)n);
			escaped_print(&pending, false);
		} else if (fwrite(chunk, 1, (size_t)n, stdout) != (size_t)n)
			done = why_errno(why, "write the payload");
	}
	if (pending.len > 0)
		escaped_print(&pending, true);
	buf_wipe(&pending);
	explicit_bzero(chunk, PAYLOAD_CHUNK);
	free(chunk);
	return done;
}

static int
hash_check(EVP_MD_CTX *hash, const struct payload *payload, struct why *why)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(hash, digest, NULL) != 1)
		return why_set(why, ERROR_INTERNAL_ERROR, "SHA-256");
	if (payload->sha256 != NULL &&
	    memcmp(digest, payload->sha256, SHA256_LENGTH) != 0)
		return why_set(why, ERROR_PAYLOAD_CHANGED,
		    "jobs/%s is no longer what was accepted", payload->name);
	return 0;
}

int
payload_copy(int fd, const struct payload *payload, bool escaped,
    struct why *why)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	int done = -1;

	if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		(void)why_set(why, ERROR_INTERNAL_ERROR, "SHA-256");
	else if (bytes_copy(fd, payload, escaped, hash, why) == 0)
		done = hash_check(hash, payload, why);
	EVP_MD_CTX_free(hash);
	return done;
}

int
payload_print(struct cli *cli, const struct id *id, const char *reason,
    const struct payload *payload, bool escaped, struct why *why)
{
	int fd, done = -1;

	fd = spool_open_file(cli->spool, payload->queue, payload->name, why);
	if (fd == -1 && why->number == ENOENT)
		return why_set(why, ERROR_PAYLOAD_NOT_FOUND,
		    "%s/%s is not there", queue_name(payload->queue),
		    payload->name);
	if (fd == -1)
		return -1;
	if (reading_journal(cli, id, reason, why) == 0)
		done = payload_copy(fd, payload, escaped, why);
	close(fd);
	return done;
}
