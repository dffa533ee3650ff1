/*
 * smime - a message that is signed, encrypted, or both (RFC 8551)
 *
 * Two layers, each of them optional, each a reader of what is below it: the
 * entity, signed_read(), sealed_read().  What is signed is what is sent, byte
 * for byte: every line of an entity ends in CRLF, and it is in ASCII.
 */
#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/common/settings.h"
#include "workers/email/mime.h"
#include "workers/email/smime.h"

#define PIECE 4096		/* bytes that are encrypted at once */

/* Bytes that are ready, as far as they were read. */
struct ready {
	struct buf	 buf;		/* own */
	size_t		 at;
};

struct smime {
	const struct smime_keys *keys;	/* borrowed */
	char		*boundary;	/* own */
	int64_t		 at;
	struct smime_source source;
	/* Signed: what stands before the entity, and behind it. */
	struct cms_signature *signature;	/* own; until it is made */
	struct ready	 before, behind;
	/* Encrypted: headers and base64, and what is not in lines yet. */
	struct certificates *chosen;	/* own */
	struct cms_envelope *envelope;	/* own; until it is made */
	struct ready	 text;
	struct buf	 cipher;	/* own */
};

/* --- what a destination says ---------------------------------------------- */

int
smime_keys_read(struct smime_keys *keys, const struct json *smime,
    struct why *why)
{
	const struct json *recipients = json_get(smime, "recipientCerts");
	const struct json *signer = json_get(smime, "signCert");

	keys->cipher = cms_cipher_by_name(json_string(json_get(smime,
	    "cipher"), NULL));
	if (recipients != NULL && (keys->recipients =
	    certificates_read(recipients)) == NULL)
		return settings_wrong(why, "smime.recipientCerts",
		    "has no certificates");
	if (signer != NULL && (keys->signer = cms_signer_new(signer,
	    json_string(json_get(smime, "signKey"), NULL), why)) == NULL)
		return -1;
	return 0;
}

void
smime_keys_free(struct smime_keys *keys)
{
	certificates_free(&keys->recipients);
	cms_signer_free(&keys->signer);
}

bool
smime_keys_any(const struct smime_keys *keys)
{
	return keys->recipients != NULL || keys->signer != NULL;
}

void
smime_keys_note(const struct smime_keys *keys, struct buf *out)
{
	if (keys->recipients != NULL)
		certificates_note(keys->recipients, "smime.recipientCerts",
		    out);
	if (keys->signer != NULL)
		certificates_note(cms_signer_certificates(keys->signer),
		    "smime.signCert", out);
}

/* --- a message ------------------------------------------------------------ */

void
smime_free(struct smime **smime)
{
	struct smime *own = *smime;

	if (own == NULL)
		return;
	free(own->boundary);
	cms_sign_free(&own->signature);
	cms_seal_free(&own->envelope);
	certificates_free(&own->chosen);
	buf_free(&own->before.buf);
	buf_free(&own->behind.buf);
	buf_free(&own->text.buf);
	buf_free(&own->cipher);
	free(own);
	*smime = NULL;
}

struct smime *
smime_new(const struct smime_keys *keys, const char *boundary, int64_t at,
    struct why *why)
{
	struct smime *smime;

	if (keys->signer != NULL && !certificate_is_valid(
	    cms_signer_certificates(keys->signer), 0, clock_wall())) {
		(void)settings_wrong(why, "smime.signCert", "has expired, or "
		    "is not valid yet: give another with spooldest update");
		return NULL;
	}
	smime = xcalloc(1, sizeof(*smime));
	smime->keys = keys;
	smime->boundary = xstrdup(boundary);
	smime->at = at;
	if (keys->recipients != NULL)
		smime->chosen = certificates_new();
	return smime;
}

/* Of several certificates of one address all that are valid are used. */
int
smime_recipient(struct smime *smime, const char *address, struct why *why)
{
	const struct certificates *all = smime->keys->recipients;
	int64_t now = clock_wall();
	bool any = false, good = false;

	for (size_t i = 0; all != NULL && i < certificates_count(all); i++) {
		if (!certificate_is_of(all, i, address))
			continue;
		any = true;
		if (!certificate_is_valid(all, i, now))
			continue;
		good = true;
		certificates_add(smime->chosen, all, i);
	}
	if (all == NULL || good)
		return 0;
	if (!any)
		return why_field(why, "smime.recipientCerts", "the "
		    "destination's smime.recipientCerts has no certificate "
		    "of %s, and nothing is sent in clear", address);
	(void)why_set(why, ERROR_CONFIG_ERROR, "the certificate of %s in the "
	    "destination's smime.recipientCerts has expired, or is not valid "
	    "yet: give another with spooldest update", address);
	return -1;
}

struct buf *
smime_headers(struct smime *smime)
{
	return smime->chosen != NULL ? &smime->text.buf : &smime->before.buf;
}

static void
put_signed_head(struct smime *smime)
{
	buf_printf(&smime->before.buf, "Content-Type: multipart/signed; "
	    "micalg=sha-256;\r\n"
	    " protocol=\"application/pkcs7-signature\";\r\n"
	    " boundary=\"=_%s_signed\"\r\n\r\n--=_%s_signed\r\n",
	    smime->boundary, smime->boundary);
}

static void
put_sealed_head(struct smime *smime)
{
	buf_printf(&smime->text.buf, "Content-Type: application/pkcs7-mime;\r\n"
	    " smime-type=%s; name=\"smime.p7m\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n",
	    smime->keys->cipher == CMS_aes_256_gcm ? "authEnveloped-data" :
	    "enveloped-data");
}

int
smime_begin(struct smime *smime, const struct smime_source *source,
    struct why *why)
{
	const struct smime_keys *keys = smime->keys;

	smime->source = *source;
	if (keys->signer != NULL) {
		put_signed_head(smime);
		smime->signature = cms_sign_begin(keys->signer, why);
		if (smime->signature == NULL)
			return -1;
	}
	if (smime->chosen == NULL)
		return 0;
	put_sealed_head(smime);
	smime->envelope = cms_seal_begin(smime->chosen, keys->cipher, why);
	return smime->envelope == NULL ? -1 : 0;
}

/* --- base64 --------------------------------------------------------------- */

/* In lines; what is left at the end of whole ones waits, but for the last. */
static void
put_lines(struct buf *out, struct buf *from, bool last)
{
	char line[MIME_LINE_BYTES / 3 * 4 + 1];
	size_t at = 0, length;

	for (; from->len - at >= MIME_LINE_BYTES || (last && at < from->len);
	    at += length) {
		length = from->len - at < MIME_LINE_BYTES ? from->len - at :
		    MIME_LINE_BYTES;
		(void)EVP_EncodeBlock((unsigned char *)line,
		    (const unsigned char *)from->data + at, (int)length);
		buf_printf(out, "%s\r\n", line);
	}
	buf_consume(from, at);
}

/* Of so many bytes in lines. */
static int64_t
lines_length(int64_t bytes)
{
	return (bytes + 2) / 3 * 4 +
	    2 * ((bytes + MIME_LINE_BYTES - 1) / MIME_LINE_BYTES);
}

static int64_t
ready_read(struct ready *ready, char *out, size_t room)
{
	size_t left = ready->buf.len - ready->at;
	size_t length = left < room ? left : room;

	if (length > 0)
		memcpy(out, ready->buf.data + ready->at, length);
	ready->at += length;
	return (int64_t)length;
}

/* --- signing -------------------------------------------------------------- */

/* What stands behind the entity. */
static int
put_signature(struct smime *smime, struct why *why)
{
	struct buf *out = &smime->behind.buf, der = { 0 };
	int result;

	buf_printf(out, "\r\n--=_%s_signed\r\n"
	    "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
	    smime->boundary);
	result = cms_sign_end(smime->signature, smime->at, &der, why);
	put_lines(out, &der, true);
	buf_printf(out, "\r\n--=_%s_signed--\r\n", smime->boundary);
	buf_free(&der);
	cms_sign_free(&smime->signature);
	return result;
}

static int64_t
signed_read(struct smime *smime, char *out, size_t room, struct why *why)
{
	int64_t got = ready_read(&smime->before, out, room);

	if (got > 0)
		return got;
	if (smime->keys->signer == NULL)
		return smime->source.read(smime->source.arg, out, room, why);
	if (smime->signature != NULL) {
		got = smime->source.read(smime->source.arg, out, room, why);
		if (got > 0)
			return cms_sign_add(smime->signature, out,
			    (size_t)got, why) == -1 ? -1 : got;
		if (got == -1 || put_signature(smime, why) == -1)
			return -1;
	}
	return ready_read(&smime->behind, out, room);
}

static int64_t
signed_bound(const struct smime *smime)
{
	int64_t bound = smime->source.length +
	    (int64_t)smime->before.buf.len;

	if (smime->keys->signer == NULL)
		return bound;
	/* Headers of a part, and two boundaries. */
	return bound + PIECE / 8 + 2 * (int64_t)strlen(smime->boundary) +
	    lines_length(cms_sign_bound(smime->keys->signer));
}

/* --- encrypting ----------------------------------------------------------- */

/* One more piece; its text is empty while there is none of a whole line. */
static int
seal_piece(struct smime *smime, struct why *why)
{
	char piece[PIECE];
	size_t length = 0;
	int64_t got = 1;
	int result;

	while (got > 0 && sizeof(piece) - length >= MIME_READ_MIN) {
		got = signed_read(smime, piece + length,
		    sizeof(piece) - length, why);
		if (got == -1)
			return -1;
		length += (size_t)got;
	}
	buf_clear(&smime->text.buf);
	smime->text.at = 0;
	result = cms_seal_add(smime->envelope, piece, length, &smime->cipher,
	    why);
	explicit_bzero(piece, length);
	if (result == 0 && got == 0)
		result = cms_seal_end(smime->envelope, &smime->cipher, why);
	put_lines(&smime->text.buf, &smime->cipher, got == 0);
	if (got == 0)
		cms_seal_free(&smime->envelope);
	return result;
}

static int64_t
sealed_read(struct smime *smime, char *out, size_t room, struct why *why)
{
	int64_t got;

	while ((got = ready_read(&smime->text, out, room)) == 0 &&
	    smime->envelope != NULL)
		if (seal_piece(smime, why) == -1)
			return -1;
	return got;
}

/* --- the whole ------------------------------------------------------------ */

int64_t
smime_bound(const struct smime *smime)
{
	int64_t inner = signed_bound(smime);

	if (smime->chosen == NULL)
		return inner;
	return (int64_t)smime->text.buf.len +
	    lines_length(cms_seal_bound(smime->chosen, inner,
	    inner / (PIECE - MIME_READ_MIN) + 1));
}

int64_t
smime_read(struct smime *smime, char *out, size_t room, struct why *why)
{
	return smime->chosen != NULL ? sealed_read(smime, out, room, why) :
	    signed_read(smime, out, room, why);
}
