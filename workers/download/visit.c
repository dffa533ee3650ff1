/*
 * visit - one request, from its first byte to its answer
 *
 * spoold is asked for everything that looks like a link, whatever is known
 * already: a look for a page, a take for a fetch that counts, a resume for one
 * that was counted and goes on by its pass.  All that is refused gets the same
 * answer at the same time, a tick after it was asked.
 *
 *	request                          asked first, and if that is good
 *	GET  /d/T, HEAD of anything      look: the page, or its head
 *	GET  of a `direct` link          look, then take: the file
 *	POST /d/T or /d/T/file           take: the file, and a pass
 *	GET  /d/T/file with a pass       resume: the file, or a range of it
 *	GET  /d/T with a pass, a Range   the same: for curl -C and its like
 *
 * A pass that is void, or that spoold does not know, is as none.
 */
#include <sys/stat.h>

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/download/reply.h"
#include "workers/download/route.h"
#include "workers/download/visit.h"

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHODS };

struct visit {
	TAILQ_ENTRY(visit) entry;
	struct download	*download;	/* borrowed */
	struct exchange	*exchange;	/* borrowed */
	struct visits	*waits;		/* the list that it is in, or NULL */
	enum method	 method;
	struct route	 route;		/* borrowed from the exchange */
	struct address	 peer;
	bool		 known;		/* its peer is */
	bool		 counted;	/* it is a guest's request */
	uint8_t		 link[SHA256_LENGTH];
	enum access	 access;	/* what spoold was asked for */
	uint64_t	 token;
	struct pass	 pass;
	bool		 has_pass;
	int64_t		 arrived;	/* monotonic ms */
	int64_t		 due;		/* when it is answered, or given up */
	uint64_t	 serial;	/* of the fetch that is being sent */
	int64_t		 spent;		/* bytes of its pass */
};

/* --- what a request has --------------------------------------------------- */

/* Its value, "" if it has none; freed by buf_free(). */
static struct buf
visit_header(const struct visit *visit, const char *name)
{
	struct buf value = { 0 };

	exchange_header(visit->exchange, name, &value);
	return value;
}

static bool
visit_has(const struct visit *visit, const char *name)
{
	struct buf value = visit_header(visit, name);
	bool has = value.len > 0;

	buf_free(&value);
	return has;
}

/* The address at the socket's other end; NULL for a Unix socket. */
static const struct address *
socket_address(const struct sockaddr *socket, struct address *address)
{
	return socket != NULL && address_from(address, socket) == 0 ?
	    address : NULL;
}

static bool
visit_trusted(const struct visit *visit)
{
	struct address address;

	return peers_trust(&visit->download->peers,
	    socket_address(visit->exchange->socket, &address));
}

static void
visit_find_peer(struct visit *visit)
{
	struct buf forwarded = visit_header(visit, "X-Forwarded-For");
	struct address address;

	visit->known = peers_find(&visit->download->peers,
	    socket_address(visit->exchange->socket, &address),
	    forwarded.data, &visit->peer) == 0;
	if (!visit->known)
		visit->peer = (struct address){ { 0 } };
	buf_free(&forwarded);
}

static bool
visit_find_pass(struct visit *visit)
{
	struct buf cookies = visit_header(visit, "Cookie");
	bool found = passes_find(visit->download->passes, visit->link,
	    cookies.data, clock_wall() / 1000, &visit->pass);

	buf_free(&cookies);
	return found;
}

/* Whether its cookie may be sent back in clear. */
static bool
visit_secure(const struct visit *visit)
{
	struct buf scheme = visit_header(visit, "X-Forwarded-Proto");
	bool secure = visit->exchange->secure || (visit_trusted(visit) &&
	    strcasecmp(scheme.data, "https") == 0);

	buf_free(&scheme);
	return secure;
}

/* What of `size` bytes it asks for; false if it means another file. */
static bool
visit_range(const struct visit *visit, const struct link_fetched *fetched,
    struct reply_file *file)
{
	struct buf range = visit_header(visit, "Range");
	struct buf only = visit_header(visit, "If-Range");
	struct buf match = visit_header(visit, "If-Match");
	char etag[ETAG_SIZE];
	bool same;

	reply_etag(fetched->sha256, etag);
	same = range_match(match.data, etag);
	file->range = range_parse(visit->method == METHOD_GET &&
	    range_if(only.data, etag) ? range.data : "", fetched->length,
	    &file->asked);
	buf_free(&range);
	buf_free(&only);
	buf_free(&match);
	return same;
}

/* --- waiting -------------------------------------------------------------- */

static void
visit_wait(struct visit *visit, struct visits *list, int64_t due)
{
	visit->due = due;
	visit->waits = list;
	TAILQ_INSERT_TAIL(list, visit, entry);
}

static void
visit_waits_no_more(struct visit *visit)
{
	if (visit->waits != NULL)
		TAILQ_REMOVE(visit->waits, visit, entry);
	visit->waits = NULL;
}

static void
visit_notice(struct visit *visit, enum notice notice)
{
	struct answer answer;

	visit_waits_no_more(visit);
	reply_notice(&answer, notice, visit->download->policy.data);
	exchange_answer(visit->exchange, &answer);
}

/*
 * At its tick; which one says how long spoold took, in ticks.  A part of the
 * millisecond in which it arrived had passed, so that there is one more.
 */
static void
visit_gone(struct visit *visit)
{
	int64_t took = clock_monotonic() - visit->arrived;

	visit_waits_no_more(visit);
	visit_wait(visit, &visit->download->late, visit->arrived +
	    (took / VISIT_TICK + 1) * VISIT_TICK + 1);
}

static void
visit_ask(struct visit *visit, enum access access)
{
	struct download *download = visit->download;
	char peer[ADDRESS_TEXT] = "";
	struct link_record record;

	if (visit->known)
		address_text(&visit->peer, peer);
	visit->access = access;
	visit->token = ++download->tokens;
	link_init(&record, LINK_fetch);
	record.fetch.token = visit->token;
	record.fetch.access = (int32_t)access;
	if (access == ACCESS_resume)
		record.fetch.serial = visit->pass.serial;
	memcpy(record.fetch.link, visit->link, SHA256_LENGTH);
	record.text[FETCH_peer] = peer;
	visit_wait(visit, &download->asking,
	    clock_monotonic() + VISIT_PATIENCE);
	courier_send(download->courier, &record);
}

/* --- answers -------------------------------------------------------------- */

static void
visit_page(struct visit *visit, const struct link_record *record)
{
	const struct link_fetched *fetched = &record->fetched;
	struct page page = { .filename = record->text[FETCHED_filename],
		.token = visit->route.token,
		.token_length = visit->route.length,
		.bytes = fetched->length, .expires_at = fetched->expires_at,
		.left = fetched->left };
	struct answer answer;

	memcpy(page.sha256, fetched->sha256, SHA256_LENGTH);
	reply_page(&answer, &page, visit->download->policy.data);
	exchange_answer(visit->exchange, &answer);
}

/*
 * Without a Path it goes back to where it came from, whatever a proxy takes off
 * before: to this link alone where the button posts, to all that are beside it
 * after a direct GET, to whom it says nothing; its name has the link's digest.
 */
static void
visit_cookie(struct visit *visit, struct answer *answer)
{
	struct buf cookie = { 0 };

	passes_grant(visit->download->passes, &visit->pass,
	    clock_wall() / 1000, &cookie);
	answer_header(answer, "Set-Cookie",
	    "%s; Max-Age=%d; HttpOnly; SameSite=Lax%s", cookie.data,
	    PASS_TIME, visit_secure(visit) ? "; Secure" : "");
	buf_free(&cookie);
}

static const char *
content_type(const char *type)
{
	for (const char *p = type; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			return TYPE_UNKNOWN;
	return *type != '\0' ? type : TYPE_UNKNOWN;
}

/* The file, or that of it which was asked for; the descriptor is taken. */
static void
visit_file(struct visit *visit, struct link_record *record,
    struct reply_file *file)
{
	struct link_fetched *fetched = &record->fetched;
	struct answer answer;

	file->filename = record->text[FETCHED_filename];
	file->content_type = content_type(record->text[FETCHED_content_type]);
	file->sha256 = fetched->sha256;
	file->size = fetched->length;
	reply_file(&answer, file);
	if (visit->access == ACCESS_take)
		visit_cookie(visit, &answer);
	if (file->range != RANGE_none) {
		answer.fd = record->fd[0];
		record->fd[0] = -1;
		answer.offset = fetched->offset + file->asked.from;
		answer.length = file->asked.length;
		answer.whole = answer.length == fetched->length;
		memcpy(answer.sha256, fetched->sha256, SHA256_LENGTH);
	}
	exchange_answer(visit->exchange, &answer);
}

/* Whether it is the file that the pass is for, as it was. */
static bool
pass_fits(const struct pass *pass, const struct link_record *record)
{
	struct stat st;

	return fstat(record->fd[0], &st) == 0 &&
	    pass->size == record->fetched.length &&
	    pass->changed_s == st.st_ctim.tv_sec &&
	    pass->changed_ns == st.st_ctim.tv_nsec;
}

/* Sends it on the pass, if there is as much left. */
static bool
visit_spend(struct visit *visit, const struct reply_file *file)
{
	int64_t bytes = file->range == RANGE_none ||
	    visit->method == METHOD_HEAD ? 0 : file->asked.length;

	if (!passes_spend(visit->download->passes, visit->pass.serial, bytes))
		return false;
	visit->serial = visit->pass.serial;
	visit->spent = bytes;
	return true;
}

/* --- what spoold said ----------------------------------------------------- */

static void
visit_looked(struct visit *visit, struct link_record *record)
{
	struct reply_file file = { 0 };
	bool same = visit_range(visit, &record->fetched, &file);

	if (!record->fetched.direct) {
		if (visit->route.file)
			visit_gone(visit);
		else
			visit_page(visit, record);
	} else if (!same)
		visit_notice(visit, NOTICE_MATCH);
	else if (visit->method == METHOD_HEAD || file.range == RANGE_none)
		visit_file(visit, record, &file);
	else
		visit_ask(visit, ACCESS_take);
}

static void
visit_taken(struct visit *visit, struct link_record *record)
{
	const struct link_fetched *fetched = &record->fetched;
	struct reply_file file = { 0 };
	struct stat st;

	if (record->fd[0] == -1 || fstat(record->fd[0], &st) == -1) {
		visit_gone(visit);
		return;
	}
	(void)visit_range(visit, fetched, &file);
	visit->pass = (struct pass){ .serial = fetched->serial,
		.size = fetched->length, .changed_s = st.st_ctim.tv_sec,
		.changed_ns = st.st_ctim.tv_nsec };
	memcpy(visit->pass.link, visit->link, SHA256_LENGTH);
	visit_file(visit, record, &file);
	(void)visit_spend(visit, &file);
}

static void
visit_resumed(struct visit *visit, struct link_record *record)
{
	struct reply_file file = { 0 };

	if (record->fd[0] == -1 || !pass_fits(&visit->pass, record)) {
		visit_gone(visit);
		return;
	}
	if (!visit_range(visit, &record->fetched, &file))
		visit_notice(visit, NOTICE_MATCH);
	else if (visit->method == METHOD_HEAD && !visit->route.file &&
	    !record->fetched.direct)
		visit_ask(visit, ACCESS_look);
	else if (visit_spend(visit, &file))
		visit_file(visit, record, &file);
	else
		/* There is not that much left: as if there were no pass. */
		visit_ask(visit, ACCESS_look);
}

static void (*const answers[ACCESSES])(struct visit *,
    struct link_record *) = {
	[ACCESS_look] = visit_looked,
	[ACCESS_take] = visit_taken,
	[ACCESS_resume] = visit_resumed,
};

static void
visit_told(struct visit *visit, struct link_record *record)
{
	visit_waits_no_more(visit);
	/* That says nothing of the link: spoold counts none at the moment. */
	if (record->fetched.error == ERROR_UNAVAILABLE)
		visit_notice(visit, NOTICE_WAITED);
	else if (record->fetched.error == ERROR_NONE && visit->known)
		answers[visit->access](visit, record);
	else if (visit->access == ACCESS_resume)
		visit_ask(visit, ACCESS_look);
	else
		visit_gone(visit);
}

void
visit_fetched(struct download *download, struct link_record *record)
{
	struct visit *visit;

	TAILQ_FOREACH(visit, &download->asking, entry)
		if (visit->token == record->fetched.token)
			break;
	if (visit != NULL)
		visit_told(visit, record);
	if (record->fd[0] != -1)
		(void)close(record->fd[0]);
}

void
visits_end(struct download *download)
{
	struct visit *visit;

	while ((visit = TAILQ_FIRST(&download->asking)) != NULL)
		visit_notice(visit, NOTICE_WAITED);
}

int64_t
visits_turn(struct download *download, int64_t now)
{
	struct visit *visit, *next;
	int64_t due = INT64_MAX;

	TAILQ_FOREACH_SAFE(visit, &download->late, entry, next)
		if (visit->due <= now)
			visit_notice(visit, NOTICE_GONE);
		else if (visit->due < due)
			due = visit->due;
	while ((visit = TAILQ_FIRST(&download->asking)) != NULL &&
	    visit->due <= now)
		visit_notice(visit, NOTICE_WAITED);
	return visit != NULL && visit->due < due ? visit->due : due;
}

/* --- what the server tells ------------------------------------------------ */

bool
visit_admit(void *arg, const struct sockaddr *socket)
{
	struct download *download = arg;
	struct address space;
	const struct address *address = socket_address(socket, &space);

	/* A proxy has the connections of many. */
	return peers_trust(&download->peers, address) ||
	    guests_enter(download->guests, address, GUEST_CONNECTION,
	    clock_monotonic());
}

void
visit_left(void *arg, const struct sockaddr *socket)
{
	struct download *download = arg;
	struct address space;
	const struct address *address = socket_address(socket, &space);

	if (!peers_trust(&download->peers, address))
		guests_leave(download->guests, address, GUEST_CONNECTION);
}

static enum method
method_of(const char *name)
{
	static const char *const names[METHODS] = {
		[METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD",
		[METHOD_POST] = "POST" };
	enum method method = METHOD_GET;

	while (method < METHODS && strcmp(names[method], name) != 0)
		method++;
	return method;
}

/* Asks spoold for what the path means. */
static void
visit_begin(struct visit *visit)
{
	if (!route_parse(visit->exchange->path, &visit->route)) {
		visit_gone(visit);
		return;
	}
	if (EVP_Digest(visit->route.token, visit->route.length, visit->link,
	    NULL, EVP_sha256(), NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 failed");
	visit->has_pass = visit_find_pass(visit);
	if (visit->has_pass && visit->known &&
	    visit->method != METHOD_POST && (visit->route.file ||
	    visit->method == METHOD_HEAD || visit_has(visit, "Range")))
		visit_ask(visit, ACCESS_resume);
	else if (visit->method == METHOD_POST && visit->known)
		visit_ask(visit, ACCESS_take);
	else
		visit_ask(visit, ACCESS_look);
}

void
visit_asked(void *arg, struct exchange *exchange)
{
	struct download *download = arg;
	struct visit *visit = xcalloc(1, sizeof(*visit));

	visit->download = download;
	visit->exchange = exchange;
	visit->arrived = clock_monotonic();
	visit->method = method_of(exchange->method);
	exchange->state = visit;
	visit_find_peer(visit);
	visit->counted = guests_enter(download->guests, &visit->peer,
	    GUEST_REQUEST, visit->arrived);
	if (!visit->counted)
		visit_notice(visit, NOTICE_BUSY);
	else if (visit->method == METHODS)
		visit_notice(visit, NOTICE_METHOD);
	else if (exchange->too_large)
		visit_notice(visit, NOTICE_LARGE);
	else
		visit_begin(visit);
}

void
visit_ended(void *arg, struct exchange *exchange, int64_t delivered)
{
	struct download *download = arg;
	struct visit *visit = exchange->state;

	if (exchange->broken)
		log_error("fetch %llu: cut off: what was published is no "
		    "longer what it was, or cannot be read",
		    (unsigned long long)visit->serial);
	if (visit->spent > delivered)
		passes_return(download->passes, visit->serial,
		    visit->spent - delivered);
	if (visit->counted)
		guests_leave(download->guests, &visit->peer, GUEST_REQUEST);
	visit_waits_no_more(visit);
	free(visit);
}
