/*
 * azure_codes - the error codes of Azure Storage
 *
 * As "Common REST API error codes" and "Blob service error codes" of its
 * reference have them.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "workers/storage/azure.h"
#include "workers/storage/provider.h"

#define EXPIRED "AuthenticationFailed (expired)"

const struct code azure_codes[] = {
	{ "AuthenticationFailed", AUTH, CODE_CLOCK,
	    "the accountKey is not the account's, or the sasToken is not "
	    "valid, not yet or no more" },
	{ "AuthorizationFailure", AUTH, CODE_CLOCK,
	    "the accountKey or the sasToken is not good for that, or a "
	    "firewall of the account does not let this machine in" },
	{ EXPIRED, AUTH, CODE_CLOCK,
	    "the sasToken has expired: make a new one" },
	{ "AuthorizationPermissionMismatch", AUTH, CODE_KNOWN,
	    "the sasToken may not do that: it needs create, write and read, "
	    "and for a test or retention delete" },
	{ "AuthorizationProtocolMismatch", AUTH, 0,
	    "the sasToken is for https only" },
	{ "AuthorizationSourceIPMismatch", AUTH, 0,
	    "the sasToken is not for this machine's address" },
	{ "AuthorizationResourceTypeMismatch", AUTH, 0,
	    "the sasToken is not for objects" },
	{ "AuthorizationServiceMismatch", AUTH, 0,
	    "the sasToken is not for blobs" },
	{ "InvalidAuthenticationInfo", AUTH, CODE_CLOCK,
	    "it cannot read the credentials" },
	{ "NoAuthenticationInformation", AUTH, 0,
	    "it has seen no credentials" },
	{ "InsufficientAccountPermissions", AUTH, CODE_KNOWN,
	    "the account may not be written to" },
	{ "KeyBasedAuthenticationNotPermitted", AUTH, 0,
	    "the account takes no accountKey: use a sasToken of a user" },
	{ "AccountIsDisabled", AUTH, 0, "the account is disabled" },
	{ "ContainerNotFound", CONFIG, 0, "there is no such container" },
	{ "ContainerDisabled", CONFIG, 0, "the container is disabled" },
	{ "ContainerBeingDeleted", CONFIG, 0,
	    "the container is being deleted" },
	{ "ResourceNotFound", CONFIG, 0,
	    "there is no such account or container" },
	{ "InvalidResourceName", CONFIG, 0,
	    "no container can have that name" },
	{ "AccountRequiresHttps", CONFIG, 0, "it speaks https only" },
	{ "FeatureVersionMismatch", CONFIG, 0,
	    "the blob was made in a way that it cannot replace" },
	{ "InvalidBlobType", KEPT, 0,
	    "what has that name is no block blob, and cannot be replaced" },
	{ "BlobImmutableDueToPolicy", KEPT, 0,
	    "what has that name is kept by a policy" },
	{ "BlobImmutableDueToLegalHold", KEPT, 0,
	    "what has that name is kept by a legal hold" },
	{ "BlobAlreadyExists", KEPT, CODE_TAKEN,
	    "something has that name already" },
	{ "UnauthorizedBlobOverwrite", KEPT, CODE_TAKEN,
	    "something has that name already, and the sasToken may not "
	    "replace it" },
	{ "ConditionNotMet", KEPT, CODE_TAKEN,
	    "something has that name already" },
	{ "LeaseIdMissing", LATER, 0, "somebody has a lease on it" },
	{ "SnapshotsPresent", LATER, 0, "it has snapshots" },
	{ "BlobBeingRehydrated", LATER, 0, "it is coming from the archive" },
	{ "BlobArchived", LATER, 0, "it is in the archive" },
	{ "PendingCopyOperation", LATER, 0, "it is being copied to" },
	{ "AccountBeingCreated", LATER, 0, "the account is being created" },
	{ "ServerBusy", SLOWER, CODE_AGAIN, "it asks for fewer requests" },
	{ "OperationTimedOut", LATER, CODE_AGAIN,
	    "it did not come to an end in time" },
	{ "InternalError", LATER, CODE_AGAIN, NULL },
	{ "Md5Mismatch", DAMAGED, CODE_AGAIN,
	    "what arrived is not what was sent" },
	{ "Crc64Mismatch", DAMAGED, CODE_AGAIN,
	    "what arrived is not what was sent" },
	{ "InvalidBlockList", DAMAGED, 0, "a block has been lost" },
	{ "InvalidBlobOrBlock", DAMAGED, 0,
	    "somebody else has blocks on their way to that name" },
	{ "InvalidBlockId", DAMAGED, 0,
	    "somebody else has blocks on their way to that name" },
	{ "BlockCountExceedsLimit", DAMAGED, 0,
	    "there are too many blocks on their way to that name" },
	{ "RequestBodyTooLarge", NEVER, 0, "it is too large for it" },
	{ "MetadataTooLarge", NEVER, 0,
	    "there is more metadata than it takes" },
	{ "InvalidMetadata", NEVER, 0, "it does not take such metadata" },
	{ "InvalidUri", NEVER, 0, "it does not take such a name" },
	{ .name = NULL }
};

/* The value of a name in the SAS, up to its end; NULL: it is not there. */
static const char *
sas_value(const char *sas, const char *name)
{
	size_t length = strlen(name);

	while (sas != NULL && *sas != '\0') {
		if (strncmp(sas, name, length) == 0 && sas[length] == '=')
			return sas + length + 1;
		sas = strchr(sas, '&');
		sas += sas != NULL;
	}
	return NULL;
}

/* `se` is a date, or date and time, as ISO 8601 has them, in UTC. */
static bool
sas_has_expired(const struct azure_config *azure)
{
	const char *from = azure->key != NULL ? NULL :
	    sas_value(azure->sas, "se");
	char end[32] = "", now[32] = "";
	time_t seconds = time(NULL);
	size_t used = 0;
	struct tm tm;

	if (from == NULL || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return false;
	while (*from != '\0' && *from != '&' && used + 1 < sizeof(end)) {
		bool colon = strncasecmp(from, "%3A", 3) == 0;

		end[used++] = colon ? ':' : *from;
		from += colon ? 3 : 1;
	}
	return strcmp(end, now) <= 0;
}

bool
azure_code(const struct call *call, const struct http_answer *answer,
    char *out, size_t size)
{
	bool found = true;

	if (answer->status / 100 == 2 || answer->status == 0)
		return false;
	if (call->said.code[0] != '\0' && strlen(call->said.code) < size)
		(void)snprintf(out, size, "%s", call->said.code);
	else
		found = answer_code_element(answer, out, size);
	if (found && (strcmp(out, "AuthenticationFailed") == 0 ||
	    strcmp(out, "AuthorizationFailure") == 0) &&
	    sas_has_expired(&call->config->azure))
		(void)snprintf(out, size, "%s", EXPIRED);
	return found;
}
