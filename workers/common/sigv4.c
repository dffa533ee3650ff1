/*
 * sigv4 - AWS Signature Version 4
 *
 * libcurl has it, too, but what it signs differs from release to release.
 * Headers are sorted by their names alone: x-amz-meta-a comes before
 * x-amz-meta-a-b, whatever follows.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/hex.h"
#include "lib/xalloc.h"

#include "workers/common/sigv4.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DIGEST_TEXT HEX_SIZE(SHA256_LENGTH)
#define DATE_TEXT 17		/* bytes of 20261123T210405Z, with its NUL */
#define DAY_LENGTH 8		/* of them are the day */

static void
encode(struct buf *out, const char *text, const char *but)
{
	for (const char *p = text; *p != '\0'; p++)
		if (isascii((unsigned char)*p) &&
		    (isalnum((unsigned char)*p) || strchr("-._~", *p) != NULL ||
		    strchr(but, *p) != NULL))
			buf_char(out, *p);
		else
			buf_printf(out, "%%%02X", (unsigned char)*p);
}

void
sigv4_encode(struct buf *out, const char *text)
{
	encode(out, text, "");
}

void
sigv4_encode_path(struct buf *out, const char *text)
{
	encode(out, text, "/");
}

/* --- the canonical request ------------------------------------------------ */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* `name NUL value`: sorting compares the names, and there are no two alike. */
static char *
canonical_header(const char *line)
{
	size_t name = strcspn(line, ":;");
	const char *value = line + name + 1;
	char *out = xmalloc(strlen(line) + 2), *at = out;

	for (size_t i = 0; i < name; i++)
		*at++ = (char)tolower((unsigned char)line[i]);
	*at++ = '\0';
	value += strspn(value, " \t");
	for (; *value != '\0'; value++)
		if (*value != ' ' || (value[1] != ' ' && value[1] != '\0'))
			*at++ = *value;
	*at = '\0';
	return out;
}

/* The canonical headers, and the list of their names. */
static void
put_headers(const struct headers *headers, const char *host,
    struct buf *lines, struct buf *names)
{
	size_t count = headers->count + 1;
	char **all = xcalloc(count, sizeof(*all));
	char *own = xasprintf("Host: %s", host);

	for (size_t i = 0; i < headers->count; i++)
		all[i] = canonical_header(headers->list[i]);
	all[headers->count] = canonical_header(own);
	qsort(all, count, sizeof(*all), by_name);
	for (size_t i = 0; i < count; i++) {
		const char *value = all[i] + strlen(all[i]) + 1;

		buf_printf(lines, "%s:%s\n", all[i], value);
		buf_printf(names, "%s%s", i > 0 ? ";" : "", all[i]);
		/* One may be a session's token. */
		explicit_bzero(all[i], strlen(all[i]) + 1 + strlen(value));
		free(all[i]);
	}
	free(all);
	free(own);
}

static int
digest_of(const struct buf *text, char hex[DIGEST_TEXT])
{
	uint8_t digest[SHA256_LENGTH];

	if (EVP_Digest(text->data, text->len, digest, NULL, EVP_sha256(),
	    NULL) != 1)
		return -1;
	hex_format(digest, SHA256_LENGTH, hex);
	return 0;
}

/* --- the signature -------------------------------------------------------- */

static int
hmac(const uint8_t *key, size_t length, const char *text,
    uint8_t out[SHA256_LENGTH])
{
	unsigned size = SHA256_LENGTH;

	return HMAC(EVP_sha256(), key, (int)length,
	    (const unsigned char *)text, strlen(text), out, &size) == NULL ?
	    -1 : 0;
}

/* Each part of the scope signs the next with what came before. */
static int
signature(const struct sigv4_key *key, const char *day, const char *to_sign,
    char hex[DIGEST_TEXT])
{
	const char *const parts[] = { day, key->region, key->service,
		"aws4_request", to_sign };
	struct buf first = { 0 };
	uint8_t link[2][SHA256_LENGTH] = { { 0 } };
	int result;

	buf_printf(&first, "AWS4%s", key->secret);
	result = hmac((const uint8_t *)first.data, first.len, parts[0],
	    link[0]);
	for (size_t i = 1; i < sizeof(parts) / sizeof(*parts) && result == 0;
	    i++)
		result = hmac(link[(i - 1) % 2], SHA256_LENGTH, parts[i],
		    link[i % 2]);
	hex_format(link[0], SHA256_LENGTH, hex);
	buf_wipe(&first);
	OPENSSL_cleanse(link, sizeof(link));
	return result;
}

/* All that is signed is there; what is missing is the signature. */
static int
authorize(const struct sigv4_key *key, const struct sigv4_request *request,
    const char *hash, const char *date, struct headers *headers,
    struct why *why)
{
	struct buf lines = { 0 }, names = { 0 }, text = { 0 }, value = { 0 };
	char day[DAY_LENGTH + 1], digest[DIGEST_TEXT], hex[DIGEST_TEXT];
	int result;

	(void)snprintf(day, sizeof(day), "%.*s", DAY_LENGTH, date);
	put_headers(headers, request->host, &lines, &names);
	buf_printf(&text, "%s\n%s\n%s\n%s\n%s\n%s", request->method,
	    request->path, request->query, lines.data, names.data, hash);
	result = digest_of(&text, digest);
	buf_clear(&text);
	buf_printf(&text, ALGORITHM "\n%s\n%s/%s/%s/aws4_request\n%s", date,
	    day, key->region, key->service, digest);
	if (result == 0)
		result = signature(key, day, text.data, hex);
	if (result == -1)
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "HMAC or SHA-256 failed");
	else {
		buf_printf(&value, ALGORITHM " Credential=%s/%s/%s/%s/"
		    "aws4_request, SignedHeaders=%s, Signature=%s", key->id,
		    day, key->region, key->service, names.data, hex);
		result = headers_set(headers, "Authorization", value.data,
		    why);
	}
	buf_wipe(&lines);
	buf_free(&names);
	buf_wipe(&text);
	buf_wipe(&value);
	return result;
}

int
sigv4_sign(const struct sigv4_key *key, const struct sigv4_request *request,
    struct headers *headers, struct why *why)
{
	time_t now = (time_t)(request->now / 1000);
	char date[DATE_TEXT], hash[DIGEST_TEXT];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL || strftime(date, sizeof(date),
	    "%Y%m%dT%H%M%SZ", &tm) == 0)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "the clock shows no date");
	hex_format(request->sha256, SHA256_LENGTH, hash);
	if (headers_set(headers, "X-Amz-Date", date, why) == -1 ||
	    headers_set(headers, "X-Amz-Content-Sha256", hash, why) == -1 ||
	    (key->token != NULL && headers_set(headers,
	    "X-Amz-Security-Token", key->token, why) == -1))
		return -1;
	return authorize(key, request, hash, date, headers, why);
}
