/*
 * gcs_codes - the error codes of Google Cloud Storage, and of its tokens
 *
 * As "HTTP status and error codes for JSON" of its reference has the reasons,
 * and RFC 6749 what is said where tokens come from.
 */
#include <string.h>

#include "lib/json.h"

#include "workers/storage/gcs.h"

#define WRONG_DIGEST "invalid (digest)"

const struct code gcs_codes[] = {
	/* of tokens */
	{ "invalid_grant", AUTH, CODE_CLOCK, "the credentials are not those "
	    "of a service account that is there, or their key was deleted, "
	    "or the clocks differ" },
	{ "invalid_client", AUTH, 0, "it knows no such service account" },
	{ "unauthorized_client", AUTH, 0,
	    "the service account may have no token" },
	{ "access_denied", AUTH, 0, "the service account may have no token" },
	{ "invalid_scope", AUTH, 0, "it gives no token for storage" },
	{ "invalid_request", AUTH, 0, "it does not understand the request: "
	    "is tokenEndpoint one of Google's kind?" },
	/* of objects */
	{ "authError", AUTH, 0, "the token is not valid, or no more" },
	{ "required", AUTH, 0, "it has seen no token" },
	{ "forbidden", AUTH, CODE_KNOWN, "the account may not do that: it "
	    "needs storage.objects.create and storage.objects.get, to "
	    "replace, for a test or retention storage.objects.delete" },
	{ "insufficientPermissions", AUTH, CODE_KNOWN,
	    "the token is not for writing to storage" },
	{ "accountDisabled", AUTH, CODE_KNOWN, "the billing of the bucket's "
	    "project is disabled, or the project is" },
	{ "billingNotEnabled", AUTH, CODE_KNOWN,
	    "the bucket's project has no billing" },
	{ "UserProjectAccountProblem", AUTH, CODE_KNOWN,
	    "something is wrong with the project's account" },
	{ "countryBlocked", AUTH, 0, "it serves no such country" },
	{ "accessNotConfigured", CONFIG, 0,
	    "the project has storage's API not enabled" },
	{ "notFound", CONFIG, 0, "there is no such bucket" },
	{ "sslRequired", CONFIG, 0, "it speaks https only" },
	{ "userProjectMissing", CONFIG, 0, "the bucket's requester pays" },
	{ "retentionPolicyNotMet", KEPT, 0,
	    "what has that name is kept by the bucket's retention policy" },
	{ "objectUnderActiveHold", KEPT, 0,
	    "what has that name is kept by a hold" },
	{ "conditionNotMet", KEPT, CODE_TAKEN,
	    "something has that name already" },
	{ "rateLimitExceeded", SLOWER, CODE_AGAIN,
	    "it asks for fewer requests" },
	{ "userRateLimitExceeded", SLOWER, CODE_AGAIN,
	    "it asks for fewer requests" },
	{ "backendError", LATER, CODE_AGAIN, NULL },
	{ "internalError", LATER, CODE_AGAIN, NULL },
	{ "quotaExceeded", FULL, 0, "a quota is used up" },
	{ "dailyLimitExceeded", FULL, 0, "a quota of the day is used up" },
	{ "conflict", LATER, 0, "something else is changing that" },
	{ WRONG_DIGEST, DAMAGED, CODE_AGAIN,
	    "what arrived is not what was sent" },
	{ "uploadTooLarge", NEVER, 0, "it is too large for it" },
	{ "badRequest", NEVER, 0, NULL },
	{ "invalid", NEVER, 0, "it does not take such a name or metadata" },
	{ .name = NULL }
};

static const struct json *
first_error(const struct json *error)
{
	return json_first(json_get(error, "errors"));
}

/* {"error": {"errors": [{"reason": …}]}}, of tokens {"error": …}. */
static bool
read_reason(const struct json *json, char *out, size_t size)
{
	const struct json *error = json_get(json, "error");
	const char *reason = json_is(error, JSON_STRING) ?
	    json_string(error, "") :
	    json_string(json_get(first_error(error), "reason"), "");
	const char *message = json_string(json_get(error, "message"), "");

	if (strcmp(reason, "invalid") == 0 && (strstr(message, "MD5") != NULL ||
	    strstr(message, "CRC32C") != NULL))
		reason = WRONG_DIGEST;
	if (reason[0] == '\0' || strlen(reason) >= size)
		return false;
	(void)snprintf(out, size, "%s", reason);
	return true;
}

bool
gcs_code(const struct call *call, const struct http_answer *answer, char *out,
    size_t size)
{
	struct json *json;
	struct why why;
	bool found;

	/* Whatever else is answered there, it is no bucket. */
	(void)call;
	if (answer->status / 100 == 2 || answer->status / 100 == 3 ||
	    answer->body.len == 0 || (json = json_parse(answer->body.data,
	    answer->body.len, &why)) == NULL)
		return false;
	found = read_reason(json, out, size);
	json_free(&json);
	return found;
}
