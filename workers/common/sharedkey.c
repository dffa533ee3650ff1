/*
 * sharedkey - Azure Storage's Shared Key
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/base64.h"
#include "lib/facts.h"
#include "lib/xalloc.h"

#include "workers/common/sharedkey.h"

#define OWN "x-ms-"

/* What stands in lines of its own, before those that begin with OWN. */
static const char *const signed_first[] = {
	"Content-Encoding", "Content-Language", "Content-Length",
	"Content-MD5", "Content-Type", "Date", "If-Modified-Since",
	"If-Match", "If-None-Match", "If-Unmodified-Since", "Range",
};

/* Its value, or "". */
static const char *
header_of(const struct headers *headers, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < headers->count; i++) {
		const char *line = headers->list[i];

		if (strncasecmp(line, name, length) == 0 &&
		    line[length] == ':')
			return line + length + 1 + strspn(line + length + 1,
			    " ");
	}
	return "";
}

static void
put_first(const struct sharedkey_request *request,
    const struct headers *headers, struct buf *out)
{
	buf_printf(out, "%s\n", request->method);
	for (size_t i = 0; i < sizeof(signed_first) / sizeof(*signed_first);
	    i++) {
		if (strcmp(signed_first[i], "Content-Length") != 0)
			buf_str(out, header_of(headers, signed_first[i]));
		else if (request->length > 0)
			buf_integer(out, request->length);
		buf_char(out, '\n');
	}
}

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
	const char *value = line + name + (line[name] != '\0');
	char *out = xcalloc(1, strlen(line) + 2);

	for (size_t i = 0; i < name; i++)
		out[i] = (char)tolower((unsigned char)line[i]);
	(void)snprintf(out + name + 1, strlen(line) + 1 - name, "%s",
	    value + strspn(value, " "));
	return out;
}

static void
put_own(const struct headers *headers, struct buf *out)
{
	char **all = xcalloc(headers->count + 1, sizeof(*all));
	size_t count = 0;

	for (size_t i = 0; i < headers->count; i++)
		if (strncasecmp(headers->list[i], OWN, strlen(OWN)) == 0)
			all[count++] = canonical_header(headers->list[i]);
	qsort(all, count, sizeof(*all), by_name);
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s:%s\n", all[i], all[i] + strlen(all[i]) +
		    1);
		free(all[i]);
	}
	free(all);
}

/* `length` bytes of a query, each %XX as the byte that it stands for. */
static void
put_decoded(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == '%' && length - i > 2) {
			const char digits[] = { text[i + 1], text[i + 2],
				'\0' };

			buf_char(out, (char)strtoul(digits, NULL, 16));
			i += 2;
		} else
			buf_char(out, text[i]);
}

/* A line for each of the query's values, whose names are lower case. */
static void
put_query(const char *query, struct buf *out)
{
	while (*query != '\0') {
		size_t length = strcspn(query, "&");
		size_t name = strcspn(query, "=&");

		buf_char(out, '\n');
		put_decoded(out, query, name);
		buf_char(out, ':');
		if (name < length)
			put_decoded(out, query + name + 1, length - name - 1);
		query += length + (query[length] == '&');
	}
}

void
sharedkey_text(const struct sharedkey *key,
    const struct sharedkey_request *request, const struct headers *headers,
    struct buf *out)
{
	put_first(request, headers, out);
	put_own(headers, out);
	buf_printf(out, "/%s%s", key->account, request->path);
	put_query(request->query, out);
}

int
sharedkey_date(int64_t now, struct headers *headers, struct why *why)
{
	time_t seconds = (time_t)(now / 1000);
	char date[64];
	struct tm tm;

	/* Its names are English ones: no program here sets a locale. */
	if (gmtime_r(&seconds, &tm) == NULL || strftime(date, sizeof(date),
	    "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "the clock shows no date");
	return headers_set(headers, "X-Ms-Date", date, why);
}

int
sharedkey_sign(const struct sharedkey *key,
    const struct sharedkey_request *request, struct headers *headers,
    struct why *why)
{
	struct buf text = { 0 }, raw = { 0 }, value = { 0 };
	uint8_t digest[SHA256_LENGTH];
	unsigned size = sizeof(digest);
	int result = -1;

	if (sharedkey_date(request->now, headers, why) == -1)
		return -1;
	sharedkey_text(key, request, headers, &text);
	if (base64_decode(&raw, key->key, strlen(key->key),
	    BASE64_STANDARD) == -1)
		(void)why_set(why, ERROR_CONFIG_ERROR,
		    "the destination's accountKey is no base64");
	else if (HMAC(EVP_sha256(), raw.data, (int)raw.len,
	    (const unsigned char *)text.data, text.len, digest, &size) == NULL)
		(void)why_set(why, ERROR_INTERNAL_ERROR, "HMAC failed");
	else {
		buf_printf(&value, "SharedKey %s:", key->account);
		base64_encode(&value, digest, sizeof(digest),
		    BASE64_STANDARD);
		result = headers_set(headers, "Authorization", value.data,
		    why);
	}
	buf_free(&text);
	buf_wipe(&raw);
	buf_wipe(&value);
	return result;
}
