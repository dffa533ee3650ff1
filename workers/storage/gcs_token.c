/*
 * gcs_token - tokens for service accounts, each for many calls
 *
 * A call that needs one waits while it is asked for; who comes meanwhile waits
 * for the same.  It is kept until shortly before it expires, beyond the ticket
 * that it was asked for, so where it is kept is locked and in no dump.
 */
#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/facts.h"
#include "lib/json.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#include "workers/common/jwt.h"
#include "workers/common/sigv4.h"
#include "workers/storage/gcs.h"
#include "workers/storage/provider.h"

#define SCOPE "https://www.googleapis.com/auth/devstorage.read_write"
#define GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define LIFE 3600		/* s of an assertion: the most it may have */
#define MARGIN 300		/* s before it expires, a tenth at most */
#define TOKEN_MAX 4096		/* bytes */
#define TOKENS_MAX 64		/* destinations with a token at once */

/* What the token is for: of another key, or from elsewhere, it is another. */
struct gcs_token {
	TAILQ_ENTRY(gcs_token) entry;
	struct gcs_tokens *all;		/* borrowed */
	uint8_t		 account[SHA256_LENGTH];
	struct secret	 token;		/* own; of no length: there is none */
	int64_t		 expires;	/* monotonic ms */
	bool		 asked;
	TAILQ_HEAD(, call) waiting;
	struct buf	 body;		/* own; wiped; what is asked */
	struct http_tls	 tls;		/* borrowed from the first call's */
};

void
gcs_tokens_begin(struct gcs_tokens *tokens)
{
	TAILQ_INIT(&tokens->list);
}

static void
token_free(struct gcs_tokens *tokens, struct gcs_token *token)
{
	TAILQ_REMOVE(&tokens->list, token, entry);
	secret_free(&token->token);
	buf_wipe(&token->body);
	free(token);
}

/* --- sending -------------------------------------------------------------- */

/*
 * Sends a call with that token in its Authorization header, or without one if
 * it is NULL: to an object's own URL, where it is uploaded to, or a session's.
 */
static int
gcs_send(struct call *call, const char *token, struct why *why)
{
	const struct gcs_config *gcs = &call->config->gcs;
	bool upload = call->url == NULL &&
	    strncmp(call->query, "uploadType=", 11) == 0;
	struct buf url = { 0 }, bearer = { 0 };
	int result = 0;

	if (call->url != NULL)
		buf_str(&url, call->url);
	else
		buf_printf(&url, "%s%s/storage/v1/b/%s/o%s%s%s%s",
		    gcs->endpoint, upload ? "/upload" : "", gcs->bucket,
		    upload ? "" : "/", upload ? "" : call->key,
		    call->query[0] != '\0' ? "?" : "", call->query);
	if (token != NULL) {
		buf_printf(&bearer, "Bearer %s", token);
		result = headers_set(&call->headers, "Authorization",
		    bearer.data, why);
	}
	if (result == 0)
		result = call_send(call, url.data, why);
	buf_wipe(&url);
	buf_wipe(&bearer);
	return result;
}

/* --- which ---------------------------------------------------------------- */

static void
account_of(const struct gcs_config *gcs, uint8_t out[SHA256_LENGTH])
{
	struct buf text = { 0 };

	buf_printf(&text, "%s\n%s\n%s\n%s", gcs->email, gcs->token_uri,
	    gcs->token_endpoint, gcs->key);
	(void)EVP_Digest(text.data, text.len, out, NULL, EVP_sha256(), NULL);
	buf_wipe(&text);
}

/* The last is that which was not used for the longest time. */
static void
tokens_trim(struct gcs_tokens *tokens)
{
	struct gcs_token *token, *next;
	unsigned count = 0;

	TAILQ_FOREACH_SAFE(token, &tokens->list, entry, next)
		if (++count > TOKENS_MAX && !token->asked)
			token_free(tokens, token);
}

static struct gcs_token *
token_of(const struct call *call)
{
	struct storage *storage = courier_own(call->courier);
	struct gcs_tokens *tokens = &storage->tokens;
	uint8_t account[SHA256_LENGTH];
	struct gcs_token *token;

	account_of(&call->config->gcs, account);
	TAILQ_FOREACH(token, &tokens->list, entry)
		if (memcmp(token->account, account, SHA256_LENGTH) == 0)
			break;
	if (token != NULL)
		TAILQ_REMOVE(&tokens->list, token, entry);
	else {
		token = xcalloc(1, sizeof(*token));
		token->all = tokens;
		memcpy(token->account, account, SHA256_LENGTH);
		TAILQ_INIT(&token->waiting);
	}
	TAILQ_INSERT_HEAD(&tokens->list, token, entry);
	tokens_trim(tokens);
	return token;
}

/* --- asking --------------------------------------------------------------- */

/* False if there is none in it. */
static bool
token_read(struct gcs_token *token, const struct http_answer *answer)
{
	struct why why;
	struct json *json = answer->status / 100 != 2 ||
	    answer->body.len == 0 ? NULL :
	    json_parse(answer->body.data, answer->body.len, &why);
	const char *text = json_string(json_get(json, "access_token"), "");
	int64_t life = json_integer(json_get(json, "expires_in"), 0);
	bool good = text[0] != '\0' && strlen(text) < TOKEN_MAX && life >= 0;

	for (const char *p = text; good && *p != '\0'; p++)
		good = *p > 0x20 && *p < 0x7f;
	if (good && secret_set(&token->token, text, strlen(text), &why) == 0) {
		if (life > LIFE)
			life = LIFE;
		life -= life / 10 < MARGIN ? life / 10 : MARGIN;
		token->expires = clock_monotonic() + life * 1000;
	} else
		good = false;
	json_free(&json);
	return good;
}

/* Who waits for it goes on, or has failed by the same answer. */
static void
token_done(void *arg, const struct http_answer *answer)
{
	struct gcs_token *token = arg;
	struct http_answer failed = *answer;
	struct call *call;
	struct why why;
	bool good;

	secret_free(&token->token);
	buf_wipe(&token->body);
	good = token_read(token, answer);
	while ((call = TAILQ_FIRST(&token->waiting)) != NULL) {
		TAILQ_REMOVE(&token->waiting, call, entry);
		if (good && gcs_send(call, token->token.data, &why) == 0)
			continue;
		headers_free(&call->headers);
		call->denied = true;
		if (good) {
			failed.status = 0;
			failed.error = why.code;
			(void)snprintf(failed.words, sizeof(failed.words),
			    "%s", why.text);
		}
		call->done(call->arg, &failed);
	}
	token->asked = false;	/* until here it stays, whoever comes */
}

/* Those that wait for it move as it does. */
static void
token_moved(void *arg, int64_t sent)
{
	struct gcs_token *token = arg;
	struct call *call;

	(void)sent;
	TAILQ_FOREACH(call, &token->waiting, entry)
		if (call->moved != NULL)
			call->moved(call->arg, 0);
}

static int
token_body(const struct gcs_config *gcs, struct buf *out, struct why *why)
{
	const struct jwt jwt = { .key = gcs->key, .key_id = gcs->key_id,
		.issuer = gcs->email, .scope = SCOPE,
		.audience = gcs->token_uri, .now = clock_wall() / 1000,
		.life = LIFE };

	buf_clear(out);
	buf_str(out, "grant_type=");
	sigv4_encode(out, GRANT);
	buf_str(out, "&assertion=");
	return jwt_sign(&jwt, out, why);
}

static int
token_request(struct gcs_token *token, const struct call *call,
    struct headers *headers, struct why *why)
{
	struct http_request request = {
		.url = call->config->gcs.token_endpoint,
		.method = "POST",
		.headers = headers->list,
		.header_count = headers->count,
		.length = (int64_t)token->body.len,
		.timeout = call->timeout,
		.fresh = call->fresh,
		.tls = call->config->tls,
		.proxy = call->config->proxy,
		.bytes = token->body.data,
		.moved = token_moved,
		.done = token_done,
		.arg = token,
	};

	return http_start(courier_http(call->courier), &request, why);
}

static int
token_ask(struct gcs_token *token, const struct call *call, struct why *why)
{
	struct headers headers = { 0 };
	int result = token_body(&call->config->gcs, &token->body, why);

	if (result == 0)
		result = headers_set(&headers, "Content-Type",
		    "application/x-www-form-urlencoded", why);
	if (result == 0)
		result = headers_set(&headers, "User-Agent",
		    courier_user_agent(call->courier), why);
	if (result == 0)
		result = token_request(token, call, &headers, why);
	headers_free(&headers);
	token->asked = result == 0;
	if (result == -1)
		buf_wipe(&token->body);
	return result;
}

/* --- calls ---------------------------------------------------------------- */

void
gcs_token_refused(const struct call *call)
{
	if (call->config->gcs.key != NULL)
		secret_free(&token_of(call)->token);
}

int
gcs_start(struct call *call, struct why *why)
{
	const struct gcs_config *gcs = &call->config->gcs;
	struct gcs_token *token;

	if (call->url != NULL || gcs->key == NULL)
		return gcs_send(call, call->url != NULL ? NULL : gcs->token,
		    why);
	token = token_of(call);
	if (token->token.length > 0 && token->expires > clock_monotonic())
		return gcs_send(call, token->token.data, why);
	if (!token->asked && token_ask(token, call, why) == -1)
		return -1;
	TAILQ_INSERT_TAIL(&token->waiting, call, entry);
	return 0;
}
