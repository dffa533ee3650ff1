/*
 * reply - the answers that there are
 */
#include "lib/hex.h"

#include "workers/download/disposition.h"
#include "workers/download/reply.h"

static const struct {
	int		 status;
	const char	*title, *sentence;
} notices[NOTICES] = {
	[NOTICE_GONE] = { 404, "Nothing here",
	    "This link is not known, or it can no longer be used. Ask whoever "
	    "sent it to you for a new one." },
	[NOTICE_METHOD] = { 405, "Not possible",
	    "Links can be looked at and downloaded, nothing else." },
	[NOTICE_MATCH] = { 412, "Another file",
	    "This is no longer the file that your download began with." },
	[NOTICE_LARGE] = { 413, "Too large",
	    "There is nothing to be sent to a link." },
	[NOTICE_BUSY] = { 429, "Too many requests",
	    "A great deal was asked for from your address. Try again in a "
	    "minute." },
	[NOTICE_WAITED] = { 503, "Not at the moment",
	    "Your file cannot be fetched right now. Try again in a minute." },
};

static void
reply_begin(struct answer *answer, int status, const char *policy)
{
	answer_begin(answer, status);
	answer_header(answer, "Cache-Control", "no-store");
	answer_header(answer, "Content-Security-Policy", "%s", policy);
	answer_header(answer, "Cross-Origin-Resource-Policy", "same-origin");
	answer_header(answer, "Cross-Origin-Opener-Policy", "same-origin");
	answer_header(answer, "Referrer-Policy", "no-referrer");
	answer_header(answer, "X-Content-Type-Options", "nosniff");
	answer_header(answer, "X-Frame-Options", "DENY");
	answer_header(answer, "X-Robots-Tag", "noindex, nofollow");
}

static void
reply_html(struct answer *answer)
{
	answer_header(answer, "Content-Type", "text/html; charset=utf-8");
	answer_header(answer, "Content-Language", "en");
}

void
reply_notice(struct answer *answer, enum notice notice, const char *policy)
{
	reply_begin(answer, notices[notice].status, policy);
	reply_html(answer);
	if (notice == NOTICE_METHOD)
		answer_header(answer, "Allow", "GET, HEAD, POST");
	if (notice == NOTICE_BUSY || notice == NOTICE_WAITED)
		answer_header(answer, "Retry-After", "60");
	page_notice(&answer->body, notices[notice].title,
	    notices[notice].sentence);
}

void
reply_page(struct answer *answer, const struct page *page, const char *policy)
{
	reply_begin(answer, 200, policy);
	reply_html(answer);
	page_link(&answer->body, page);
}

void
reply_etag(const uint8_t sha256[SHA256_LENGTH], char out[ETAG_SIZE])
{
	out[0] = '"';
	hex_format(sha256, SHA256_LENGTH, out + 1);
	out[ETAG_SIZE - 2] = '"';
	out[ETAG_SIZE - 1] = '\0';
}

void
reply_file(struct answer *answer, const struct reply_file *file)
{
	static const int statuses[] = { [RANGE_whole] = 200,
	    [RANGE_part] = 206, [RANGE_none] = 416 };
	struct buf disposition = { 0 };
	char etag[ETAG_SIZE];

	reply_begin(answer, statuses[file->range],
	    "default-src 'none'; frame-ancestors 'none'; sandbox");
	answer_header(answer, "Accept-Ranges", "bytes");
	if (file->range == RANGE_none) {
		answer_header(answer, "Content-Range", "bytes */%lld",
		    (long long)file->size);
		return;
	}
	reply_etag(file->sha256, etag);
	answer_header(answer, "ETag", "%s", etag);
	answer_header(answer, "Content-Type", "%s", file->content_type);
	disposition_put(&disposition, file->filename);
	answer_header(answer, "Content-Disposition", "%s", disposition.data);
	buf_free(&disposition);
	if (file->range == RANGE_part)
		answer_header(answer, "Content-Range", "bytes %lld-%lld/%lld",
		    (long long)file->asked.from,
		    (long long)(file->asked.from + file->asked.length - 1),
		    (long long)file->size);
}
