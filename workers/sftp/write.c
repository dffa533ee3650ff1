/*
 * write - the partial file is written, synced, looked at and closed
 *
 * All in one flight: a server handles the requests of one file in the order in
 * which they come (draft-ietf-secsh-filexfer-02, 5), so the size that is asked
 * for behind the last write is that after it.  Nothing that could give the
 * file its name is among them, for that has to wait until each has been
 * answered and all went well.
 */
#include "workers/sftp/config.h"
#include "workers/sftp/phases.h"

#define WRITES_MAX 32		/* under way: 1 MiB */
#define SYNC_EVERY (64 * 1024 * 1024)	/* bytes */

static bool
is_synced(const struct caller *caller)
{
	return caller->client->fsync && caller->config->fsync;
}

static void
write_piece(struct delivery *delivery, const char *bytes, size_t length)
{
	struct caller *caller = &delivery->caller;

	wire_write(client_out(caller), client_id(caller), &delivery->handle,
	    (uint64_t)delivery->offset, bytes, (uint32_t)length);
	delivery->offset += (int64_t)length;
	delivery->writes++;
	/* So that the one at the end is no long silence of the server's. */
	if (is_synced(caller) && delivery->offset - delivery->synced >=
	    SYNC_EVERY) {
		wire_fsync(client_out(caller), client_id(caller),
		    &delivery->handle);
		delivery->synced = delivery->offset;
		delivery->writes++;
	}
}

/* What follows the last write. */
static void
seal(struct delivery *delivery)
{
	struct caller *caller = &delivery->caller;
	struct seal *sealing = &delivery->seal;

	*sealing = (struct seal) { .awaited = 2 };
	if (is_synced(caller)) {
		sealing->awaited++;
		sealing->syncs = true;
		sealing->sync = client_id(caller);
		wire_fsync(client_out(caller), sealing->sync,
		    &delivery->handle);
	}
	sealing->size = client_id(caller);
	wire_handle(client_out(caller), sealing->size, WIRE_FSTAT,
	    &delivery->handle);
	sealing->close = client_id(caller);
	wire_handle(client_out(caller), sealing->close, WIRE_CLOSE,
	    &delivery->handle);
	delivery->handle.length = 0;
}

/* All is answered. */
static void
written(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	if (delivery->outcome.error != ERROR_NONE)
		phase_conclude(attempt, delivery->seal.scrap ||
		    delivery->outcome.verdict == VERDICT_failed);
	else
		phase_go(attempt, config->read_back ? PHASE_open_back :
		    PHASE_make_way);
}

/* What the file is to have next, `room` bytes but at the end. */
static int64_t
read_more(struct attempt *attempt, char *out, struct why *why)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	return config->encrypt != NULL ? envelope_read(&delivery->envelope,
	    &delivery->source, out, WIRE_DATA_MAX, why) :
	    extent_read(&delivery->source, out, WIRE_DATA_MAX, why);
}

void
write_more(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	char *chunk = courier_chunk(attempt->courier);
	struct why why;

	if (delivery->differs.len > 0) {
		write_piece(delivery, delivery->differs.data,
		    delivery->differs.len);
		buf_free(&delivery->differs);
	}
	while (!delivery->all_given && delivery->writes < WRITES_MAX &&
	    client_out(&delivery->caller)->len < CLIENT_ROOM) {
		int64_t got = read_more(attempt, chunk, &why);

		if (got > 0)
			write_piece(delivery, chunk, (size_t)got);
		else
			delivery->all_given = true;
		if (got == 0)
			seal(delivery);
		if (got == -1)
			outcome_why(&delivery->outcome, &why);
	}
	if (delivery->all_given && delivery->writes == 0 &&
	    delivery->seal.awaited == 0)
		written(attempt);
}

/* From the content's first byte on.  0, or -1 with *why. */
static int
begin_source(struct attempt *attempt, struct why *why)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	extent_begin(&delivery->source, &attempt->parcel.content);
	return config->encrypt == NULL ? 0 : envelope_begin(
	    &delivery->envelope, config->encrypt, config->cipher, why);
}

/* From `offset` on, which is 0 but for what an earlier attempt left. */
void
begin_write(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct why why;

	if (delivery->offset == 0 && delivery->differs.len == 0 &&
	    begin_source(attempt, &why) == -1) {
		phase_fail_why(attempt, &why, true);
		return;
	}
	delivery->sent = delivery->synced = delivery->offset;
	delivery->all_given = false;
	delivery->writes = 0;
	delivery->seal = (struct seal) { 0 };
	write_more(attempt);
}

/* --- answers -------------------------------------------------------------- */

/* The first that failed counts; what comes of it waits for the others. */
static void
refused(struct delivery *delivery, const struct wire_answer *answer,
    enum phase tried)
{
	delivery->all_given = true;
	if (delivery->outcome.error == ERROR_NONE)
		outcome_status(&delivery->outcome, answer,
		    phase_words(tried));
}

static void
answered_write(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	int64_t least;

	delivery->writes--;
	if (answer->status != WIRE_OK) {
		refused(delivery, answer, PHASE_write);
		return;
	}
	least = delivery->offset - (int64_t)delivery->writes * WIRE_DATA_MAX;
	if (least > delivery->sent)
		delivery->sent = least;
	attempt_moved(attempt, delivery->sent);
}

static void
answered_size(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	const uint8_t *sha256;
	int64_t length;
	struct why why;

	(void)delivery_file(attempt, &length, &sha256);
	if (answer->type == WIRE_STATUS)
		refused(delivery, answer, PHASE_size);
	else if ((!answer->has_size || answer->size != (uint64_t)length) &&
	    delivery->outcome.error == ERROR_NONE) {
		(void)why_set(&why, ERROR_PROTOCOL_ERROR, "the server says "
		    "that the file has %llu bytes, but it was sent %lld",
		    (unsigned long long)answer->size, (long long)length);
		outcome_why(&delivery->outcome, &why);
		delivery->seal.scrap = true;
	}
}

/* Of the requests behind the last write; false if it is none to them. */
static bool
answered_seal(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	struct seal *sealing = &delivery->seal;
	bool is_size = answer->id == sealing->size;

	if (answer->type != WIRE_STATUS && answer->type != WIRE_ATTRS)
		return false;
	if ((answer->type == WIRE_ATTRS || answer_is_ok(answer)) &&
	    is_size != (answer->type == WIRE_ATTRS))
		return false;
	sealing->awaited--;
	if (sealing->syncs && answer->id == sealing->sync)
		client_synced(delivery->caller.client);
	if (is_size)
		answered_size(attempt, answer);
	else if (answer->status != WIRE_OK)
		refused(delivery, answer, answer->id == sealing->close ?
		    PHASE_close : PHASE_sync);
	return true;
}

static bool
is_of_seal(const struct seal *sealing, uint32_t id)
{
	return sealing->awaited > 0 && (id == sealing->size ||
	    id == sealing->close || (sealing->syncs && id == sealing->sync));
}

void
answer_write(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (is_of_seal(&delivery->seal, answer->id)) {
		if (!answered_seal(attempt, answer)) {
			phase_fail_protocol(attempt);
			return;
		}
	} else if (answer->type == WIRE_STATUS && delivery->writes > 0)
		answered_write(attempt, answer);
	else {
		phase_fail_protocol(attempt);
		return;
	}
	write_more(attempt);
}
