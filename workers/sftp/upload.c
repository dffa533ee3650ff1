/*
 * upload - the partial file: found or made, compared, written, and looked at
 */
#include <string.h>

#include "workers/sftp/config.h"
#include "workers/sftp/phases.h"

#define WRITES_MAX 32		/* under way: 1 MiB */
#define SYNC_EVERY (64 * 1024 * 1024)	/* bytes */

/* --- the partial file ----------------------------------------------------- */

/* What an earlier attempt has encrypted, no other can go on with. */
void
begin_look_part(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	if (config->encrypt != NULL) {
		phase_go(attempt, PHASE_create);
		return;
	}
	phase_ask_path(delivery, WIRE_STAT, delivery->part.data);
}

void
answer_look_part(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (answer->type != WIRE_ATTRS && answer->type != WIRE_STATUS) {
		phase_fail_protocol(attempt);
		return;
	}
	delivery->part_size = answer->type == WIRE_ATTRS ? answer->size : 0;
	phase_go(attempt, delivery->part_size > 0 && delivery->part_size <=
	    (uint64_t)attempt->parcel.content.length ? PHASE_open_part :
	    PHASE_create);
}

void
begin_open_part(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_open(delivery, delivery->part.data,
	    WIRE_FOR_READING | WIRE_FOR_WRITING);
}

void
answer_open_part(struct attempt *attempt, const struct wire_answer *answer)
{
	if (phase_take_handle(attempt->state, answer))
		phase_go(attempt, PHASE_resume);
	else if (answer->type == WIRE_STATUS)
		phase_go(attempt, PHASE_create);
	else
		phase_fail_protocol(attempt);
}

void
begin_create(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_open(delivery, delivery->part.data,
	    WIRE_FOR_WRITING | WIRE_CREATING | WIRE_TRUNCATING);
}

static void
created(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	struct why why;

	extent_begin(&delivery->source, &attempt->parcel.content);
	delivery->offset = 0;
	if (config->encrypt != NULL && envelope_begin(&delivery->envelope,
	    config->encrypt, config->cipher, &why) == -1)
		phase_fail_why(attempt, &why, true);
	else
		phase_go(attempt, PHASE_write);
}

void
answer_create(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	if (phase_take_handle(delivery, answer))
		created(attempt);
	else if (config->create_directories && delivery->directory > 0 &&
	    !delivery->made_all &&
	    (answer_is_status(answer, WIRE_NO_SUCH_FILE) ||
	    answer_is_status(answer, WIRE_NO_SUCH_PATH)))
		phase_go(attempt, PHASE_make);
	else
		phase_fail_answer(attempt, answer);
}

/* One directory after the other, the outermost first. */
void
begin_make(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const char *path = delivery->path.data;
	struct buf directory = { 0 };

	delivery->made += delivery->made > 0 ? 1 : 0;
	delivery->made += strcspn(path + delivery->made, "/");
	buf_add(&directory, path, delivery->made);
	phase_ask_path(delivery, WIRE_MKDIR, directory.data);
	buf_free(&directory);
}

/* Those that are there already fail; whether all are, the file will show. */
void
answer_make(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (answer->type != WIRE_STATUS) {
		phase_fail_protocol(attempt);
		return;
	}
	delivery->made_all = delivery->made >= delivery->directory;
	phase_go(attempt, delivery->made_all ? PHASE_create : PHASE_make);
}

/* --- resuming ------------------------------------------------------------- */

void
begin_resume(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	delivery->offset = 0;
	extent_begin(&delivery->source, &attempt->parcel.content);
	reader_begin(&delivery->reader, &delivery->handle,
	    delivery->part_size);
	reader_ask(&delivery->reader, delivery->caller.client);
}

/* So many bytes of the content; -1 with *why. */
static int
read_whole(struct delivery *delivery, char *out, size_t length,
    struct why *why)
{
	size_t done = 0;

	while (done < length) {
		int64_t got = extent_read(&delivery->source, out + done,
		    (int64_t)(length - done), why);

		if (got == -1)
			return -1;
		if (got == 0)
			return why_set(why, ERROR_PAYLOAD_CHANGED,
			    "the content ends too early");
		done += (size_t)got;
	}
	return 0;
}

/* Nothing more is asked for; what has come counts for nothing. */
static void
stop_comparing(struct delivery *delivery)
{
	size_t length;

	reader_stop(&delivery->reader);
	while (reader_next(&delivery->reader, &length) != NULL)
		;
}

/* 0, or -1 with *why; a piece that differs is kept. */
static int
compare_pieces(struct attempt *attempt, struct why *why)
{
	struct delivery *delivery = attempt->state;
	char *own = courier_chunk(attempt->courier);
	const char *theirs;
	size_t length;

	while (delivery->differs.len == 0 &&
	    (theirs = reader_next(&delivery->reader, &length)) != NULL) {
		if (read_whole(delivery, own, length, why) == -1)
			return -1;
		if (memcmp(own, theirs, length) == 0) {
			delivery->offset += (int64_t)length;
			continue;
		}
		buf_add(&delivery->differs, own, length);
	}
	return 0;
}

void
answer_resume(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	struct client *client = delivery->caller.client;
	struct why why;

	if (reader_take(&delivery->reader, client, answer, &why) == -1) {
		outcome_why(&delivery->outcome, &why);
		delivery_end(attempt, false);
		return;
	}
	if (delivery->outcome.error == ERROR_NONE &&
	    compare_pieces(attempt, &why) == -1)
		outcome_why(&delivery->outcome, &why);
	if (delivery->outcome.error != ERROR_NONE || delivery->differs.len > 0)
		stop_comparing(delivery);
	reader_ask(&delivery->reader, client);
	attempt_moved(attempt, 0);
	if (!reader_done(&delivery->reader))
		return;
	reader_free(&delivery->reader);
	if (delivery->outcome.error != ERROR_NONE)
		phase_conclude(attempt, delivery->outcome.verdict ==
		    VERDICT_failed);
	else
		phase_go(attempt, PHASE_write);
}

/* --- writing -------------------------------------------------------------- */

static void
write_piece(struct delivery *delivery, const char *bytes, size_t length)
{
	struct client *client = delivery->caller.client;

	wire_write(client_out(client), client_id(client), &delivery->handle,
	    (uint64_t)delivery->offset, bytes, (uint32_t)length);
	delivery->offset += (int64_t)length;
	delivery->writes++;
	/* So that the one at the end is no long silence of the server's. */
	if (client->fsync && delivery->offset - delivery->synced >=
	    SYNC_EVERY) {
		wire_fsync(client_out(client), client_id(client),
		    &delivery->handle);
		delivery->synced = delivery->offset;
		delivery->writes++;
	}
}

/* All is answered: closed if something failed, and looked at else. */
static void
written(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	if (delivery->outcome.error != ERROR_NONE)
		phase_conclude(attempt, delivery->outcome.verdict ==
		    VERDICT_failed);
	else
		phase_go(attempt, delivery->caller.client->fsync ? PHASE_sync :
		    PHASE_size);
}

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
	struct client *client = delivery->caller.client;
	char *chunk = courier_chunk(attempt->courier);
	struct why why;

	if (delivery->differs.len > 0) {
		write_piece(delivery, delivery->differs.data,
		    delivery->differs.len);
		buf_free(&delivery->differs);
	}
	while (!delivery->all_given && delivery->writes < WRITES_MAX &&
	    client_out(client)->len < CLIENT_ROOM) {
		int64_t got = read_more(attempt, chunk, &why);

		if (got > 0)
			write_piece(delivery, chunk, (size_t)got);
		else
			delivery->all_given = true;
		if (got == -1)
			outcome_why(&delivery->outcome, &why);
	}
	if (delivery->all_given && delivery->writes == 0)
		written(attempt);
}

void
begin_write(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	delivery->sent = delivery->synced = delivery->offset;
	delivery->all_given = false;
	delivery->writes = 0;
	write_more(attempt);
}

void
answer_write(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (answer->type != WIRE_STATUS || delivery->writes == 0) {
		phase_fail_protocol(attempt);
		return;
	}
	delivery->writes--;
	if (answer->status == WIRE_OK) {
		int64_t least = delivery->offset -
		    (int64_t)delivery->writes * WIRE_DATA_MAX;

		if (least > delivery->sent)
			delivery->sent = least;
		attempt_moved(attempt, delivery->sent);
	} else {
		delivery->all_given = true;
		if (delivery->outcome.error == ERROR_NONE)
			outcome_status(&delivery->outcome, answer,
			    phase_tried(delivery));
	}
	write_more(attempt);
}

/* --- verifying ------------------------------------------------------------ */

void
begin_sync(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct buf *out = phase_request(delivery);

	wire_fsync(out, delivery->id, &delivery->handle);
}

void
answer_sync(struct attempt *attempt, const struct wire_answer *answer)
{
	if (answer_is_ok(answer))
		phase_go(attempt, PHASE_size);
	else
		phase_fail_answer(attempt, answer);
}

void
begin_size(struct attempt *attempt)
{
	phase_ask_handle(attempt->state, WIRE_FSTAT);
}

void
answer_size(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	const uint8_t *sha256;
	int64_t length;
	struct why why;

	(void)delivery_file(attempt, &length, &sha256);
	if (answer->type != WIRE_ATTRS) {
		phase_fail_answer(attempt, answer);
		return;
	}
	if (!answer->has_size || answer->size != (uint64_t)length) {
		(void)why_set(&why, ERROR_PROTOCOL_ERROR, "the server says "
		    "that the file has %llu bytes, but it was sent %lld",
		    (unsigned long long)answer->size, (long long)length);
		phase_fail_why(attempt, &why, true);
		return;
	}
	delivery->next = config->read_back ? PHASE_open_back :
	    PHASE_make_way;
	phase_go(attempt, PHASE_close);
}
