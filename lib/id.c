/*
 * id - the delivery id
 *
 * Only names, numbers and times of the file go into it, never its content, so
 * it is known before the file is opened.  128 bits need 26 characters of 5
 * bits; the first one holds 3 and is never above `7`.
 */
#include "lib/id.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "lib/buf.h"

#define NS_PER_S 1000000000U

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/*
 * A timestamp as nanoseconds since 1970, in decimal.  The seconds of an mtime
 * are whatever its owner set: times 10^9 they need not fit 64 bits, so the
 * digits are put side by side instead.
 */
static void
add_nanoseconds(struct buf *out, const struct statx_timestamp *at)
{
	uint64_t	 seconds = (uint64_t)at->tv_sec;
	uint32_t	 ns = at->tv_nsec;

	if (at->tv_sec < 0) {
		/* -1 s and 0.3 s are -0.7 s: count from 1970 backwards. */
		buf_char(out, '-');
		seconds = -seconds;
		if (ns > 0) {
			seconds--;
			ns = NS_PER_S - ns;
		}
	}
	if (seconds > 0)
		buf_printf(out, "%llu%09u\n", (unsigned long long)seconds, ns);
	else
		buf_printf(out, "%u\n", ns);
}

void
id_make(const char *org, const char *name, const struct statx *st,
    struct id *id)
{
	unsigned char	 digest[EVP_MAX_MD_SIZE];
	struct buf	 text = { 0 };
	int64_t		 ms;
	int		 i, ok;

	buf_printf(&text, "%s\n%s\n%llu\n", org, name,
	    (unsigned long long)st->stx_ino);
	add_nanoseconds(&text, &st->stx_btime);
	add_nanoseconds(&text, &st->stx_mtime);
	buf_printf(&text, "%llu\n", (unsigned long long)st->stx_size);
	ok = EVP_Digest(text.data, text.len, digest, NULL, EVP_sha256(), NULL);
	assert(ok == 1);	/* SHA-256 of memory cannot fail */
	buf_free(&text);

	ms = st->stx_btime.tv_sec * 1000 + st->stx_btime.tv_nsec / 1000000;
	for (i = 0; i < 6; i++)
		id->bytes[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
	memcpy(id->bytes + 6, digest, sizeof id->bytes - 6);
}

void
id_format(const struct id *id, char out[ID_LENGTH + 1])
{
	unsigned int	 bits = 0, held = 2, byte = 0;
	size_t		 i;

	/* 130 bits are written: two zeros go before the 128. */
	for (i = 0; i < ID_LENGTH; i++) {
		if (held < 5) {
			bits = bits << 8 | id->bytes[byte++];
			held += 8;
		}
		held -= 5;
		out[i] = alphabet[bits >> held & 31];
	}
	out[ID_LENGTH] = '\0';
}

int
id_parse(const char *text, struct id *id)
{
	const char	*digit;
	unsigned int	 bits = 0, held = 0;
	struct id	 read;
	size_t		 i, byte = 0;

	for (i = 0; i < ID_LENGTH; i++) {
		if (text[i] == '\0' ||
		    (digit = strchr(alphabet, text[i])) == NULL)
			return -1;
		if (i == 0 && text[0] > '7')
			return -1;
		bits = bits << 5 | (unsigned int)(digit - alphabet);
		held += i == 0 ? 3 : 5;
		if (held >= 8) {
			held -= 8;
			read.bytes[byte++] = (uint8_t)(bits >> held);
		}
	}
	*id = read;
	return 0;
}

int
id_compare(const struct id *a, const struct id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

int64_t
id_time(const struct id *id)
{
	int64_t	 ms = 0;
	int	 i;

	for (i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms;
}
