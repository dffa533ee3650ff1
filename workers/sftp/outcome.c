/*
 * outcome - what an answer of SFTP, or the want of one, means for the ticket
 *
 * One row each; what is in no row is deferred.  Version 3 has one status for
 * whatever else goes wrong (a full disk, a quota, a file that exists), so that
 * nothing but a name that cannot be one is permanent.  A server's refusal to
 * write somewhere says nothing about other jobs' paths; it is no trouble of
 * the destination as a whole.
 */
#include <stdio.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/hostkey.h"

#include "workers/sftp/outcome.h"

#define CODE_MAX 999		/* that a record takes */
#define TROUBLE OUTCOME_TRANSPORT

/* Numbers and names: draft-ietf-secsh-filexfer-02 and, from 9 on, -13. */
static const struct status_row {
	uint32_t	 status;
	enum verdict	 verdict;
	enum error	 error;
	int		 flags;
	const char	*words;
} statuses[] = {
	{ 2, VERDICT_deferred, ERROR_SFTP_STATUS, 0,
	    "no such file or directory" },
	{ 3, VERDICT_deferred, ERROR_SFTP_STATUS, 0, "permission denied" },
	{ 4, VERDICT_deferred, ERROR_SFTP_STATUS, 0,
	    "the server says no more than that it failed" },
	{ 5, VERDICT_deferred, ERROR_PROTOCOL_ERROR, TROUBLE,
	    "the server did not understand" },
	{ 6, VERDICT_deferred, ERROR_CONNECT_FAILURE, TROUBLE,
	    "the server has no connection" },
	{ 7, VERDICT_deferred, ERROR_CONNECT_FAILURE, TROUBLE,
	    "the server lost a connection" },
	{ 8, VERDICT_deferred, ERROR_SFTP_STATUS, TROUBLE,
	    "the server cannot do that" },
	{ 10, VERDICT_deferred, ERROR_SFTP_STATUS, 0, "no such path" },
	{ 12, VERDICT_deferred, ERROR_SFTP_STATUS, TROUBLE,
	    "it is write-protected" },
	{ 14, VERDICT_deferred, ERROR_SFTP_STATUS, TROUBLE,
	    "no space is left" },
	{ 15, VERDICT_deferred, ERROR_SFTP_STATUS, TROUBLE,
	    "the quota is exceeded" },
	{ 20, VERDICT_failed, ERROR_SFTP_STATUS, 0,
	    "the server takes no such name" },
};
#define STATUSES (sizeof(statuses) / sizeof(*statuses))

static const struct status_row otherwise = { 0, VERDICT_deferred,
    ERROR_SFTP_STATUS, 0, "the server refused it" };

/* What comes of an error on the way; all others are deferred trouble. */
static const struct {
	enum error	 error;
	enum verdict	 verdict;
	int		 flags;
} errors[] = {
	{ ERROR_VALIDATION_ERROR, VERDICT_failed, 0 },
	{ ERROR_PAYLOAD_CHANGED, VERDICT_failed, 0 },
	{ ERROR_CONFLICT, VERDICT_failed, 0 },
	{ ERROR_EGRESS_DENIED, VERDICT_deferred, 0 },
	{ ERROR_UNAVAILABLE, VERDICT_deferred, 0 },
	{ ERROR_CONFIG_ERROR, VERDICT_deferred, 0 },
	{ ERROR_INTERNAL_ERROR, VERDICT_deferred, 0 },
	{ ERROR_SFTP_STATUS, VERDICT_deferred, 0 },
};
#define ERRORS (sizeof(errors) / sizeof(*errors))

void
outcome_status(struct outcome *outcome, const struct wire_answer *answer,
    const char *what)
{
	const struct status_row *row = &otherwise;

	for (size_t i = 0; i < STATUSES; i++)
		if (statuses[i].status == answer->status)
			row = &statuses[i];
	*outcome = (struct outcome) { .verdict = row->verdict,
	    .error = row->error, .flags = row->flags,
	    .code = answer->status <= CODE_MAX ? answer->status : 0 };
	(void)snprintf(outcome->words, sizeof(outcome->words), "%s: %s", what,
	    row->words);
	verdict_words(&outcome->remote, answer->bytes, answer->length);
}

void
outcome_why(struct outcome *outcome, const struct why *why)
{
	*outcome = (struct outcome) { .verdict = VERDICT_deferred,
	    .error = why->code, .flags = TROUBLE };
	for (size_t i = 0; i < ERRORS; i++)
		if (errors[i].error == why->code) {
			outcome->verdict = errors[i].verdict;
			outcome->flags = errors[i].flags;
		}
	(void)snprintf(outcome->words, sizeof(outcome->words), "%s",
	    why->text);
}

void
outcome_end(struct outcome *outcome, struct attempt *attempt,
    const char *peer, const struct client *client, int64_t bytes)
{
	struct outcome own = *outcome;
	struct link_record record;
	char key[HEX_SIZE(HOSTKEY_HASH)] = "", from[64];

	(void)snprintf(from, sizeof(from), "%s", peer);
	if (client != NULL && client->connection->shown != FAMILY_any)
		hex_format(client->connection->sha256, HOSTKEY_HASH, key);
	link_init(&record, LINK_outcome);
	record.outcome.verdict = (int32_t)own.verdict;
	record.outcome.error = (int32_t)own.error;
	record.outcome.flags = own.flags;
	record.outcome.code = (int32_t)own.code;
	record.outcome.bytes = bytes;
	record.text[OUTCOME_reason] = own.words;
	record.text[OUTCOME_remote] = own.remote.data;
	record.text[OUTCOME_peer] = from;
	record.text[OUTCOME_fingerprint] = key;
	attempt_end(attempt, &record);
	buf_free(&own.remote);
}
