/*
 * s3_answer - what S3's answers mean
 *
 * A code that says what is wrong with the destination is deferred whatever its
 * status, so that the mended destination delivers what waited.
 */
#include <curl/curl.h>

#include <inttypes.h>
#include <string.h>

#include "lib/base64.h"

#include "workers/storage/s3_request.h"

#define CODE_MAX 64		/* bytes of an error code */
#define SKEW "RequestTimeTooSkewed"

static const struct s3_code {
	const char	*code;
	enum verdict	 verdict;
	enum error	 error;
	int		 flags;
	const char	*words;		/* what it means, and what mends it */
} codes[] = {
#define AUTH VERDICT_deferred, ERROR_AUTHENTICATION_FAILED, OUTCOME_TRANSPORT
#define CONFIG VERDICT_deferred, ERROR_CONFIG_ERROR, OUTCOME_TRANSPORT
#define LATER VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_TRANSPORT
#define SLOWER VERDICT_deferred, ERROR_HTTP_STATUS, OUTCOME_SLOW_DOWN
#define DAMAGED VERDICT_deferred, ERROR_PROTOCOL_ERROR, 0
#define NEVER VERDICT_failed, ERROR_HTTP_STATUS, 0
	{ "InvalidAccessKeyId", AUTH, "it knows no such accessKeyId" },
	{ "SignatureDoesNotMatch", AUTH,
	    "the secretAccessKey is not that of the accessKeyId" },
	{ "AccessDenied", AUTH, "the key may not do that: it needs "
	    "s3:PutObject, s3:GetObject and s3:AbortMultipartUpload on the "
	    "bucket's objects" },
	{ "AllAccessDisabled", AUTH, "all access to the bucket is disabled" },
	{ "AccountProblem", AUTH, "something is wrong with the account" },
	{ "InvalidSecurity", AUTH, "it does not accept the credentials" },
	{ "ExpiredToken", AUTH, "the sessionToken has expired: give a new "
	    "key and token" },
	{ "InvalidToken", AUTH, "the sessionToken is not that of the key" },
	{ "TokenRefreshRequired", AUTH, "the sessionToken has to be renewed" },
	{ SKEW, AUTH, "the clocks differ: set this machine's" },
	{ "RequestExpired", AUTH, "the clocks differ: set this machine's" },
	{ "AuthorizationHeaderMalformed", CONFIG,
	    "the region is not the bucket's" },
	{ "NoSuchBucket", CONFIG, "there is no such bucket" },
	{ "InvalidBucketName", CONFIG, "no bucket can have that name" },
	{ "PermanentRedirect", CONFIG, "the bucket is elsewhere: mend region "
	    "or endpoint" },
	{ "TemporaryRedirect", CONFIG, "the bucket is elsewhere for now" },
	{ "IllegalLocationConstraintException", CONFIG,
	    "the region is not the bucket's" },
	{ "InvalidStorageClass", CONFIG, "it knows no such storageClass" },
	{ "InvalidEncryptionAlgorithmError", CONFIG,
	    "it knows no such serverSideEncryption" },
	{ "KMS.NotFoundException", CONFIG, "there is no such kmsKeyId" },
	{ "KMS.DisabledException", CONFIG, "the kmsKeyId is disabled" },
	{ "InvalidBucketState", CONFIG, "the bucket is in a state that does "
	    "not allow that, such as one without object lock" },
	{ "ObjectLockConfigurationNotFoundError", CONFIG,
	    "the bucket has no object lock" },
	{ "SlowDown", SLOWER, "it asks for fewer requests" },
	{ "ServiceUnavailable", SLOWER, "it is overloaded or away" },
	{ "Throttling", SLOWER, "it asks for fewer requests" },
	{ "RequestLimitExceeded", SLOWER, "it asks for fewer requests" },
	{ "TooManyRequests", SLOWER, "it asks for fewer requests" },
	{ "InternalError", LATER, NULL },
	{ "RequestTimeout", LATER, "it waited for more of the content" },
	{ "OperationAborted", LATER, "something else is changing that" },
	{ "ConditionalRequestConflict", LATER,
	    "somebody else is storing under that name" },
	{ "QuotaExceeded", VERDICT_deferred, ERROR_REMOTE_FULL,
	    OUTCOME_TRANSPORT, "its quota is used up" },
	{ "XMinioStorageFull", VERDICT_deferred, ERROR_REMOTE_FULL,
	    OUTCOME_TRANSPORT, "it is full" },
	{ "BadDigest", DAMAGED, "what arrived is not what was sent" },
	{ "InvalidDigest", DAMAGED, "what arrived is not what was sent" },
	{ "XAmzContentSHA256Mismatch", DAMAGED,
	    "what arrived is not what was sent" },
	{ "IncompleteBody", DAMAGED, "what arrived is not all" },
	{ "NoSuchUpload", DAMAGED, "somebody else has ended the upload" },
	{ "InvalidPart", DAMAGED, "a part has been lost" },
	{ "InvalidPartOrder", DAMAGED, NULL },
	{ "EntityTooSmall", DAMAGED, "a part is too small for it" },
	{ "EntityTooLarge", NEVER, "it is too large for it" },
	{ "KeyTooLongError", NEVER, "the key is too long for it" },
	{ "MetadataTooLarge", NEVER, "there is more metadata than it takes" },
	{ "InvalidObjectName", NEVER, "it does not take such a key" },
#undef AUTH
#undef CONFIG
#undef LATER
#undef SLOWER
#undef DAMAGED
#undef NEVER
};

/* --- the body ------------------------------------------------------------- */

static const struct {
	const char	*name;
	char		 character;
} entities[] = {
	{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
	{ "&quot;", '"' }, { "&apos;", '\'' }, { "&#34;", '"' },
	{ "&#39;", '\'' },
};

/* The character at *at, which moves behind it. */
static char
next_character(const char **at)
{
	for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
		size_t length = strlen(entities[i].name);

		if (strncmp(*at, entities[i].name, length) == 0) {
			*at += length;
			return entities[i].character;
		}
	}
	return *(*at)++;
}

bool
s3_element(const struct buf *xml, const char *name, char *out, size_t size)
{
	size_t length = strlen(name), used = 0;
	const char *at = xml->data;

	if (at == NULL)
		return false;
	/* A NUL in it ends it: nothing valid has one. */
	while ((at = strchr(at, '<')) != NULL) {
		at++;
		if (strncmp(at, name, length) == 0 && at[length] == '>')
			break;
	}
	if (at == NULL)
		return false;
	at += length + 1;
	while (*at != '\0' && *at != '<') {
		if (used + 1 == size)
			return false;
		out[used++] = next_character(&at);
	}
	out[used] = '\0';
	return *at == '<';
}

bool
s3_is(const struct http_answer *answer, const char *code)
{
	char text[CODE_MAX];

	return s3_element(&answer->body, "Code", text, sizeof(text)) &&
	    strcmp(text, code) == 0;
}

/* --- the verdict ---------------------------------------------------------- */

int64_t
s3_ahead(const struct s3_said *said)
{
	time_t date = said->date[0] == '\0' ? -1 :
	    curl_getdate(said->date, NULL);

	return date == -1 ? 0 : (int64_t)time(NULL) - (int64_t)date;
}

static const struct s3_code *
code_of(const struct http_answer *answer, char *text, size_t size)
{
	if (answer->status == 0 ||
	    !s3_element(&answer->body, "Code", text, size))
		return NULL;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i].code, text) == 0)
			return &codes[i];
	return NULL;
}

/* What becomes the attempt's reference: a version, else the tag. */
static void
put_reference(const struct s3_said *said, struct verdict_text *text)
{
	const char *reference = said->version[0] != '\0' ? said->version :
	    said->etag;

	for (const char *p = reference; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			return;
	if (reference[0] != '\0')
		(void)snprintf(text->reference, sizeof(text->reference), "%s",
		    reference);
}

const char *
s3_not_taken(const struct s3_call *call)
{
	struct buf digest = { 0 };
	bool same;

	if (call->said.etag[0] == '\0')
		return "without an ETag: that is no answer of S3's";
	base64_encode(&digest, call->sha256, SHA256_LENGTH, BASE64_STANDARD);
	same = call->said.sha256[0] == '\0' ||
	    strcmp(call->said.sha256, digest.data) == 0;
	buf_free(&digest);
	return same ? NULL : "with the SHA-256 of something else";
}

/* A page of somebody's that has status 200 is no word of having stored it. */
static void
check_taken(const struct s3_call *call, const struct http_answer *answer,
    struct link_record *record, struct verdict_text *text)
{
	const char *words = strcmp(call->method, "PUT") == 0 ?
	    s3_not_taken(call) : NULL;

	if (record->outcome.verdict != VERDICT_delivered || words == NULL)
		return;
	record->outcome.verdict = VERDICT_deferred;
	record->outcome.error = ERROR_PROTOCOL_ERROR;
	record->outcome.flags = OUTCOME_TRANSPORT;
	(void)snprintf(text->reason, sizeof(text->reason),
	    "it answered %d %s", answer->status, words);
}

void
s3_verdict(const struct s3_call *call, const struct http_answer *answer,
    const char *permanent, struct link_record *record,
    struct verdict_text *text)
{
	const struct verdict_rules rules = { .success = "",
		.permanent = permanent };
	char code[CODE_MAX], skew[96] = "";
	const struct s3_code *row = code_of(answer, code, sizeof(code));
	int64_t ahead = s3_ahead(&call->said);

	verdict(answer, &rules, record, text);
	put_reference(&call->said, text);
	if (row == NULL) {
		/* An error after a status that was sent too early. */
		if (record->outcome.verdict != VERDICT_delivered)
			return;
		if (!s3_element(&answer->body, "Code", code, sizeof(code))) {
			check_taken(call, answer, record, text);
			return;
		}
		record->outcome.verdict = VERDICT_deferred;
		record->outcome.error = ERROR_HTTP_STATUS;
		(void)snprintf(text->reason, sizeof(text->reason),
		    "it answered %d with an error", answer->status);
		return;
	}
	if (strcmp(row->code, SKEW) == 0)
		(void)snprintf(skew, sizeof(skew), ", it is %" PRId64
		    " s %s the server's", ahead < 0 ? -ahead : ahead,
		    ahead < 0 ? "behind" : "ahead of");
	record->outcome.verdict = (int32_t)row->verdict;
	record->outcome.error = (int32_t)row->error;
	record->outcome.flags = row->flags;
	(void)snprintf(text->reason, sizeof(text->reason),
	    "it answered %d %s%s%s%s", answer->status, row->code,
	    row->words != NULL ? ": " : "",
	    row->words != NULL ? row->words : "", skew);
}
