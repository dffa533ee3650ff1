/*
 * envelope - the content of a file that is encrypted
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/hex.h"

#include "workers/common/settings.h"
#include "workers/sftp/envelope.h"

#define PIECE 4096		/* bytes that are encrypted at once */

struct certificates *
envelope_choose(const struct certificates *all, struct why *why)
{
	struct certificates *chosen = certificates_new();
	int64_t now = clock_wall();

	for (size_t i = 0; i < certificates_count(all); i++)
		if (certificate_is_valid(all, i, now))
			certificates_add(chosen, all, i);
	if (certificates_count(chosen) > 0)
		return chosen;
	certificates_free(&chosen);
	(void)settings_wrong(why, "encrypt", "has no certificate that is "
	    "valid now: give another with spooldest update");
	return NULL;
}

void
envelope_free(struct envelope *envelope)
{
	cms_seal_free(&envelope->cms);
	buf_free(&envelope->out);
	EVP_MD_CTX_free(envelope->digest);
	*envelope = (struct envelope) { .length = 0 };
}

int
envelope_begin(struct envelope *envelope, const struct certificates *all,
    enum cms_cipher cipher, struct why *why)
{
	struct certificates *chosen = envelope_choose(all, why);

	envelope_free(envelope);
	if (chosen == NULL)
		return -1;
	envelope->cms = cms_seal_begin(chosen, cipher, why);
	certificates_free(&chosen);
	if (envelope->cms == NULL)
		return -1;
	envelope->digest = EVP_MD_CTX_new();
	if (envelope->digest != NULL && EVP_DigestInit_ex(envelope->digest,
	    EVP_sha256(), NULL) == 1)
		return 0;
	return why_set(why, ERROR_INTERNAL_ERROR, "SHA-256 is not there");
}

/* One more piece of the content, or the end. */
static int
envelope_add(struct envelope *envelope, struct extent_reader *content,
    struct why *why)
{
	char piece[PIECE];
	int64_t got = extent_read(content, piece, sizeof(piece), why);
	int result;

	if (got == -1)
		return -1;
	if (got == 0) {
		result = cms_seal_end(envelope->cms, &envelope->out, why);
		cms_seal_free(&envelope->cms);
		return result;
	}
	result = cms_seal_add(envelope->cms, piece, (size_t)got,
	    &envelope->out, why);
	explicit_bzero(piece, (size_t)got);
	return result;
}

/* All was read. */
static int
envelope_end(struct envelope *envelope, struct why *why)
{
	if (envelope->digest != NULL && EVP_DigestFinal_ex(envelope->digest,
	    envelope->sha256, NULL) != 1)
		return why_set(why, ERROR_INTERNAL_ERROR, "SHA-256 failed");
	EVP_MD_CTX_free(envelope->digest);
	envelope->digest = NULL;
	return 0;
}

int64_t
envelope_read(struct envelope *envelope, struct extent_reader *content,
    char *out, size_t room, struct why *why)
{
	size_t length;

	buf_consume(&envelope->out, envelope->at);
	envelope->at = 0;
	while (envelope->cms != NULL && envelope->out.len < room)
		if (envelope_add(envelope, content, why) == -1)
			return -1;
	length = envelope->out.len < room ? envelope->out.len : room;
	if (length == 0)
		return envelope_end(envelope, why);
	memcpy(out, envelope->out.data, length);
	envelope->at = length;
	envelope->length += (int64_t)length;
	if (EVP_DigestUpdate(envelope->digest, out, length) != 1)
		return why_set(why, ERROR_INTERNAL_ERROR, "SHA-256 failed");
	return (int64_t)length;
}

/* --- for the next attempt ------------------------------------------------- */

void
envelope_print(const struct envelope *envelope, struct buf *out)
{
	char digits[HEX_SIZE(SHA256_LENGTH)];

	hex_format(envelope->sha256, SHA256_LENGTH, digits);
	buf_printf(out, "%s %lld", digits, (long long)envelope->length);
}

int
envelope_parse(const char *text, int64_t *length,
    uint8_t sha256[SHA256_LENGTH])
{
	if (hex_parse(text, sha256, SHA256_LENGTH) == -1)
		return -1;
	*length = strtoll(text + HEX_SIZE(SHA256_LENGTH) - 1, NULL, 10);
	return *length > 0 ? 0 : -1;
}
