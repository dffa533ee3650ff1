/*
 * same - whether a file of the server's is what was accepted
 */
#include <string.h>

#include "workers/sftp/config.h"
#include "workers/sftp/phases.h"

/* --- the final name ------------------------------------------------------- */

void
begin_look(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_path(delivery, WIRE_STAT, delivery->path.data);
}

/* Something else has the name. */
static void
conflict(struct attempt *attempt, const char *words)
{
	const struct config *config = attempt->config;
	struct why why;

	if (config->overwrite && strcmp(words, "it is a directory") != 0) {
		phase_go(attempt, PHASE_look_part);
		return;
	}
	(void)why_set(&why, ERROR_CONFLICT,
	    "a file of that name is there already: %s", words);
	phase_fail_why(attempt, &why, true);
}

/*
 * A file that is encrypted has other bytes at each attempt: only what an
 * earlier one has said of its own can be compared with anything.
 */
static void
compare_size(struct attempt *attempt, const struct wire_answer *answer)
{
	const uint8_t *sha256;
	int64_t length;

	if (!delivery_file(attempt, &length, &sha256))
		conflict(attempt, attempt->facts.possible_duplicate != 0 ?
		    "an earlier attempt may have written it, which cannot be "
		    "told, for it is encrypted" : "whether it has this "
		    "content cannot be told, for it is encrypted");
	else if (!answer->has_size || answer->size != (uint64_t)length)
		conflict(attempt, "it has another size");
	else
		phase_go(attempt, PHASE_open_same);
}

void
answer_look(struct attempt *attempt, const struct wire_answer *answer)
{
	if (answer_is_free(answer))
		phase_go(attempt, PHASE_look_part);
	else if (answer->type != WIRE_ATTRS)
		phase_fail_answer(attempt, answer);
	else if (answer->is_directory)
		conflict(attempt, "it is a directory");
	else
		compare_size(attempt, answer);
}

/* --- reading for a digest ------------------------------------------------- */

void
begin_open_same(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_open(delivery, delivery->path.data, WIRE_FOR_READING);
}

void
begin_open_back(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_open(delivery, delivery->part.data, WIRE_FOR_READING);
}

/*
 * Where one may write but not read, the size is all there is to go by; and if
 * an earlier attempt may have arrived, that is enough.
 */
void
answer_open_same(struct attempt *attempt, const struct wire_answer *answer)
{
	if (phase_take_handle(attempt->state, answer))
		phase_go(attempt, PHASE_compare);
	else if (answer_is_status(answer, WIRE_NO_SUCH_FILE))
		phase_go(attempt, PHASE_look_part);
	else if (answer->type == WIRE_STATUS &&
	    attempt->facts.possible_duplicate != 0)
		phase_delivered(attempt, false);
	else if (answer->type == WIRE_STATUS)
		conflict(attempt, "it has the same size, but cannot be read");
	else
		phase_fail_protocol(attempt);
}

void
answer_open_back(struct attempt *attempt, const struct wire_answer *answer)
{
	if (phase_take_handle(attempt->state, answer))
		phase_go(attempt, PHASE_read_back);
	else
		phase_fail_answer(attempt, answer);
}

void
begin_digest(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const uint8_t *sha256;
	int64_t length;

	(void)delivery_file(attempt, &length, &sha256);
	EVP_MD_CTX_free(delivery->digest);
	delivery->digest = EVP_MD_CTX_new();
	delivery->hashed = 0;
	reader_begin(&delivery->reader, &delivery->handle, (uint64_t)length);
	if (delivery->digest == NULL || EVP_DigestInit_ex(delivery->digest,
	    EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(delivery->digest);
		delivery->digest = NULL;
	}
	reader_ask(&delivery->reader, &delivery->caller);
	/* An empty file is read already. */
	if (length == 0)
		phases_answered(attempt, NULL);
}

/* True if all was read and is what was accepted. */
static bool
is_same(const struct attempt *attempt, struct delivery *delivery)
{
	unsigned char sha256[EVP_MAX_MD_SIZE];
	const uint8_t *wanted;
	int64_t length;

	return delivery_file(attempt, &length, &wanted) &&
	    delivery->digest != NULL &&
	    delivery->hashed == (uint64_t)length &&
	    EVP_DigestFinal_ex(delivery->digest, sha256, NULL) == 1 &&
	    memcmp(sha256, wanted, SHA256_LENGTH) == 0;
}

/* 1 if all was read, 0 if there is more, -1: the attempt has ended. */
static int
hash_more(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	struct reader *reader = &delivery->reader;
	struct why why;
	const char *bytes;
	size_t length;

	if (answer != NULL && reader_take(reader, &delivery->caller,
	    answer, &why) == -1) {
		outcome_why(&delivery->outcome, &why);
		delivery_end(attempt, false);
		return -1;
	}
	while ((bytes = reader_next(reader, &length)) != NULL) {
		if (delivery->digest != NULL && EVP_DigestUpdate(
		    delivery->digest, bytes, length) == 1)
			delivery->hashed += length;
	}
	reader_ask(reader, &delivery->caller);
	attempt_moved(attempt, delivery->sent);
	return reader_done(reader) ? 1 : 0;
}

void
answer_compare(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	if (hash_more(attempt, answer) != 1)
		return;
	if (is_same(attempt, delivery))
		phase_delivered(attempt, attempt->facts.attempt > 1 ||
		    delivery->looked_again);
	else if (config->overwrite) {
		delivery->next = PHASE_look_part;
		phase_go(attempt, PHASE_close);
	} else
		conflict(attempt, "it has other content");
}

void
answer_read_back(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	struct why why;

	if (hash_more(attempt, answer) != 1)
		return;
	if (!is_same(attempt, delivery)) {
		(void)why_set(&why, ERROR_PROTOCOL_ERROR,
		    "what the server gives back is not what it was sent");
		phase_fail_why(attempt, &why, true);
		return;
	}
	delivery->next = PHASE_make_way;
	phase_go(attempt, PHASE_close);
}
