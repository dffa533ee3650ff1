/*
 * page - what people see of a link
 *
 * A name comes from a job and is escaped, and set apart (bdi): whichever way it
 * is read, what stands around it is not turned with it.
 */
#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/log.h"

#include "workers/download/page.h"
#include "workers/download/page_style.h"

#define ICON "data:image/svg+xml,"					\
	"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' " \
	"fill='none' stroke='%230b6570' stroke-width='2.5'%3E"		\
	"%3Cpath d='M12 3v12m-5-5 5 5 5-5M4 20h16'/%3E%3C/svg%3E"

#define SVG "<svg viewBox=\"0 0 24 24\" fill=\"none\" "			\
	"stroke=\"currentColor\" stroke-width=\"1.9\" "			\
	"stroke-linecap=\"round\" stroke-linejoin=\"round\" "		\
	"aria-hidden=\"true\" focusable=\"false\">"
#define ARROW SVG "<path d=\"M12 4v11m-5-5 5 5 5-5M5 20h14\"/></svg>"
#define SHEET SVG "<path d=\"M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 " \
	"0 0 0 2-2V8zm0 0v5h5M9 13h6M9 17h4\"/></svg>"
#define SIGN SVG "<circle cx=\"12\" cy=\"12\" r=\"9\"/>"		\
	"<path d=\"M12 7.5v5.5m0 3.2v.1\"/></svg>"

static void
put_escaped(struct buf *out, const char *text, size_t length)
{
	static const struct {
		char		 c;
		const char	*entity;
	} entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" },
	    { '"', "&quot;" }, { '\'', "&#39;" } };

	for (size_t i = 0; i < length; i++) {
		const char *entity = NULL;

		for (size_t e = 0; e < sizeof(entities) / sizeof(*entities);
		    e++)
			if (text[i] == entities[e].c)
				entity = entities[e].entity;
		if (entity != NULL)
			buf_str(out, entity);
		else
			buf_char(out, text[i]);
	}
}

/* 1234567 as 1,234,567. */
static void
put_grouped(struct buf *out, int64_t number)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%lld",
	    (long long)number);

	for (int i = 0; i < length; i++) {
		buf_char(out, digits[i]);
		if ((length - i) % 3 == 1 && i < length - 1)
			buf_char(out, ',');
	}
}

/* The nearest number of `scale` bytes. */
static int64_t
rounded(int64_t bytes, int64_t scale)
{
	return bytes / scale + (bytes % scale >= scale / 2);
}

/* 1234567 as 1.2 MB, in units of 1000. */
static void
put_rounded(struct buf *out, int64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB",
	    "EB" };
	int64_t scale = 1000;
	size_t unit = 0;

	/* What would be written as 1000 is 1 of the next. */
	for (; rounded(bytes, scale) >= 1000; scale *= 1000)
		unit++;
	if (rounded(bytes, scale / 10) < 100)
		buf_printf(out, "%d.%d", (int)(rounded(bytes, scale / 10) / 10),
		    (int)(rounded(bytes, scale / 10) % 10));
	else
		buf_integer(out, rounded(bytes, scale));
	buf_printf(out, " %s", units[unit]);
}

static void
put_size(struct buf *out, int64_t bytes)
{
	if (bytes >= 1000) {
		put_rounded(out, bytes);
		buf_str(out, " <small>(");
	}
	put_grouped(out, bytes);
	buf_str(out, bytes == 1 ? " byte" : " bytes");
	if (bytes >= 1000)
		buf_str(out, ")</small>");
}

static void
put_time(struct buf *out, int64_t ms)
{
	time_t at = (time_t)(ms / 1000);
	char exact[32], words[64];
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(exact, sizeof(exact),
	    "%Y-%m-%dT%H:%M:%SZ", &tm) == 0 || strftime(words, sizeof(words),
	    "%e %B %Y, %H:%M UTC", &tm) == 0)
		return;
	buf_printf(out, "<time datetime=\"%s\">%s</time>", exact,
	    words + strspn(words, " "));
}

static void
put_head(struct buf *out, const char *title, size_t length)
{
	buf_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"robots\" content=\"noindex, nofollow\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	put_escaped(out, title, length);
	buf_str(out, "</title>\n<link rel=\"icon\" href=\"" ICON "\">\n"
	    "<style>" PAGE_STYLE "</style>\n</head>\n");
}

static void
put_fact(struct buf *out, const char *name)
{
	buf_printf(out, "<div><dt>%s</dt><dd>", name);
}

static void
put_facts(struct buf *out, const struct page *page)
{
	static const char end[] = "</dd></div>\n";
	char digest[HEX_SIZE(SHA256_LENGTH)];

	buf_str(out, "<dl>\n");
	put_fact(out, "Size");
	put_size(out, page->bytes);
	buf_str(out, end);
	put_fact(out, "Available until");
	put_time(out, page->expires_at);
	buf_str(out, end);
	put_fact(out, "Downloads left");
	if (page->left < 0)
		buf_str(out, "any number");
	else
		put_grouped(out, page->left);
	buf_str(out, end);
	put_fact(out, "SHA-256");
	hex_format(page->sha256, SHA256_LENGTH, digest);
	buf_printf(out, "<code>%s</code>%s</dl>\n", digest, end);
}

void
page_link(struct buf *out, const struct page *page)
{
	size_t length = strlen(page->filename);

	put_head(out, page->filename, length);
	buf_str(out, "<body>\n<main>\n<div class=\"mark\">" SHEET "</div>\n"
	    "<p class=\"lead\">A file for you</p>\n<h1><bdi>");
	put_escaped(out, page->filename, length);
	buf_str(out, "</bdi></h1>\n");
	put_facts(out, page);
	buf_str(out, "<form method=\"post\" action=\"");
	put_escaped(out, page->token, page->token_length);
	buf_str(out, "/file\">\n<button type=\"submit\" "
	    "aria-describedby=\"note\">" ARROW "Download</button>\n</form>\n"
	    "<p class=\"note\" id=\"note\">");
	if (page->left >= 0)
		buf_str(out, "Only the button uses up a download; looking at "
		    "this page does not. ");
	buf_str(out, "A download that breaks off can be continued in the same "
	    "browser for 24&nbsp;hours.</p>\n</main>\n</body>\n</html>\n");
}

void
page_notice(struct buf *out, const char *title, const char *sentence)
{
	put_head(out, title, strlen(title));
	buf_printf(out, "<body>\n<main class=\"bare\">\n<div class=\"mark\">"
	    SIGN "</div>\n<h1>%s</h1>\n<p class=\"say\">%s</p>\n</main>\n"
	    "</body>\n</html>\n", title, sentence);
}

void
page_policy(struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	if (EVP_Digest(PAGE_STYLE, strlen(PAGE_STYLE), digest, &length,
	    EVP_sha256(), NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 failed");
	buf_str(out, "default-src 'none'; style-src 'sha256-");
	base64_encode(out, digest, length, BASE64_STANDARD);
	buf_str(out, "'; img-src data:; form-action 'self'; "
	    "frame-ancestors 'none'; base-uri 'none'");
}
