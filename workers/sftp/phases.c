/*
 * phases - what is asked of the server for one delivery, in which order
 *
 * claim, in a first attempt: is the name free, and is there no partial file?
 *	both	write
 *	else	unclaim if something was created; look, or look_part
 * look, in a later one: is the name free?
 *	yes	look_part: did an earlier attempt leave something?
 *		yes	open_part, resume; clear, if that cannot be gone on with
 *		no	create, after make for each directory that is missing
 *		then	write, and for verify=sha256 open_back, read_back,
 *			close; make_way, rename
 *	no	open_same, compare: delivered, if it is the same; else a
 *		conflict, or on as if the name were free
 *
 * Each phase is one request and its answer, but for claim and write, which are
 * a flight of several (`sync`, `size` and `close` are part of the latter), and
 * for those that read many pieces at once.  A file of the right size under its
 * final name counts as delivered if its bytes have the digest of what was
 * accepted; a partial one is compared piece by piece, and writing begins with
 * the first piece that differs: a server that died may have written the pieces
 * in any order.
 */
#include <string.h>

#include "workers/sftp/config.h"
#include "workers/sftp/phases.h"

static const char *const tried[PHASES] = {
#define PHASE(name, what) [PHASE_##name] = what,
	DELIVERY_PHASES(PHASE)
#undef PHASE
};

const char *
phase_words(enum phase phase)
{
	return tried[phase];
}

/* --- requests ------------------------------------------------------------- */

/* The buffer for the one request of a phase, whose id is awaited. */
static struct buf *
phase_request(struct delivery *delivery)
{
	delivery->id = client_id(&delivery->caller);
	return client_out(&delivery->caller);
}

void
phase_ask_path(struct delivery *delivery, enum wire_type type, const char *path)
{
	struct buf *out = phase_request(delivery);

	wire_path(out, delivery->id, type, path);
}

void
phase_ask_open(struct delivery *delivery, const char *path, uint32_t flags)
{
	struct buf *out = phase_request(delivery);

	wire_open(out, delivery->id, path, flags);
}

static void
phase_ask_handle(struct delivery *delivery, enum wire_type type)
{
	struct buf *out = phase_request(delivery);

	wire_handle(out, delivery->id, type, &delivery->handle);
}

bool
answer_is_ok(const struct wire_answer *answer)
{
	return answer->type == WIRE_STATUS && answer->status == WIRE_OK;
}

bool
answer_is_status(const struct wire_answer *answer, uint32_t status)
{
	return answer->type == WIRE_STATUS && answer->status == status;
}

bool
answer_is_missing(const struct wire_answer *answer)
{
	return answer_is_status(answer, WIRE_NO_SUCH_FILE) ||
	    answer_is_status(answer, WIRE_NO_SUCH_PATH);
}

/* Some let files be put where they do not let one look. */
bool
answer_is_free(const struct wire_answer *answer)
{
	return answer_is_missing(answer) ||
	    answer_is_status(answer, WIRE_PERMISSION_DENIED);
}

/* Notes the handle of an answer; false if it has none. */
bool
phase_take_handle(struct delivery *delivery, const struct wire_answer *answer)
{
	if (answer->type != WIRE_HANDLE)
		return false;
	delivery->handle.length = answer->length;
	memcpy(delivery->handle.bytes, answer->bytes, answer->length);
	return true;
}

/* --- ends ----------------------------------------------------------------- */

/* By `outcome`, once the file is closed and, if so, the partial one gone. */
void
phase_conclude(struct attempt *attempt, bool scrap)
{
	struct delivery *delivery = attempt->state;

	delivery->next = scrap ? PHASE_scrap : PHASE_end;
	phase_go(attempt, delivery->handle.length > 0 ? PHASE_close :
	    delivery->next);
}

/* By a server that answers what cannot be an answer: nothing more is asked. */
void
phase_fail_protocol(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct why why;

	(void)why_set(&why, ERROR_PROTOCOL_ERROR,
	    "%s: the server's answer is none to that",
	    tried[delivery->phase]);
	outcome_why(&delivery->outcome, &why);
	delivery_end(attempt, false);
}

void
phase_fail_answer(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (answer->type != WIRE_STATUS || answer->status == WIRE_OK) {
		phase_fail_protocol(attempt);
		return;
	}
	outcome_status(&delivery->outcome, answer, tried[delivery->phase]);
	phase_conclude(attempt, delivery->outcome.verdict == VERDICT_failed);
}

void
phase_fail_why(struct attempt *attempt, const struct why *why, bool scrap)
{
	struct delivery *delivery = attempt->state;

	outcome_why(&delivery->outcome, why);
	phase_conclude(attempt, scrap);
}

void
phase_delivered(struct attempt *attempt, bool scrap)
{
	struct delivery *delivery = attempt->state;

	delivery->renaming = false;
	phase_conclude(attempt, scrap);
}

static void
begin_close(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_handle(delivery, WIRE_CLOSE);
	delivery->handle.length = 0;
	reader_free(&delivery->reader);
}

/* What could not be written may show only here. */
static void
answer_close(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (!answer_is_ok(answer) && delivery->outcome.error == ERROR_NONE)
		phase_fail_answer(attempt, answer);
	else
		phase_go(attempt, delivery->next);
}

/* --- into place ----------------------------------------------------------- */

/* Version 3 renames onto nothing: the old one goes first, where it has to. */
static void
begin_make_way(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	if (config->overwrite && !delivery->caller.client->posix_rename)
		phase_ask_path(delivery, WIRE_REMOVE, delivery->path.data);
	else
		phase_go(attempt, PHASE_rename);
}

static void
answer_make_way(struct attempt *attempt, const struct wire_answer *answer)
{
	if (answer_is_ok(answer) || answer_is_status(answer, WIRE_NO_SUCH_FILE))
		phase_go(attempt, PHASE_rename);
	else
		phase_fail_answer(attempt, answer);
}

/* If no answer comes, the next attempt knows its file by that. */
static void
keep_envelope(struct attempt *attempt)
{
	const struct delivery *delivery = attempt->state;
	struct buf text = { 0 };

	envelope_print(&delivery->envelope, &text);
	attempt_keep(attempt, text.data);
	buf_free(&text);
}

static void
begin_rename(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	struct buf *out = phase_request(delivery);

	delivery->renaming = true;
	if (config->encrypt != NULL)
		keep_envelope(attempt);
	wire_rename(out, delivery->id, delivery->part.data,
	    delivery->path.data, config->overwrite &&
	    delivery->caller.client->posix_rename);
}

/*
 * It may have failed because somebody has the name by now, even the same
 * delivery by way of another destination.
 */
static void
answer_rename(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	delivery->renaming = false;
	if (answer_is_ok(answer))
		phase_delivered(attempt, false);
	else if ((answer_is_status(answer, WIRE_NO_SUCH_FILE) ||
	    answer_is_status(answer, WIRE_FAILURE) ||
	    answer_is_status(answer, WIRE_EXISTS_ALREADY)) &&
	    !config->overwrite && !delivery->looked_again) {
		delivery->looked_again = true;
		phase_go(attempt, PHASE_look);
	} else
		phase_fail_answer(attempt, answer);
}

static void
begin_scrap(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_path(delivery, WIRE_REMOVE, delivery->part.data);
}

/* There may be none. */
static void
answer_scrap(struct attempt *attempt, const struct wire_answer *answer)
{
	(void)answer;
	phase_go(attempt, PHASE_end);
}

/* --- the table ------------------------------------------------------------ */

static const struct {
	void		(*begin)(struct attempt *);
	void		(*answered)(struct attempt *,
			    const struct wire_answer *);
	bool		 many;		/* requests at once, with their ids */
} phases[PHASES] = {
	[PHASE_claim] = { begin_claim, answer_claim, true },
	[PHASE_unclaim] = { begin_unclaim, answer_unclaim, false },
	[PHASE_look] = { begin_look, answer_look, false },
	[PHASE_open_same] = { begin_open_same, answer_open_same, false },
	[PHASE_compare] = { begin_digest, answer_compare, true },
	[PHASE_look_part] = { begin_look_part, answer_look_part, false },
	[PHASE_open_part] = { begin_open_part, answer_open_part, false },
	[PHASE_resume] = { begin_resume, answer_resume, true },
	[PHASE_clear] = { begin_clear, answer_clear, false },
	[PHASE_create] = { begin_create, answer_create, false },
	[PHASE_make] = { begin_make, answer_make, false },
	[PHASE_write] = { begin_write, answer_write, true },
	[PHASE_close] = { begin_close, answer_close, false },
	[PHASE_open_back] = { begin_open_back, answer_open_back, false },
	[PHASE_read_back] = { begin_digest, answer_read_back, true },
	[PHASE_make_way] = { begin_make_way, answer_make_way, false },
	[PHASE_rename] = { begin_rename, answer_rename, false },
	[PHASE_scrap] = { begin_scrap, answer_scrap, false },
};

/* The attempt may be over when it returns. */
void
phase_go(struct attempt *attempt, enum phase phase)
{
	struct delivery *delivery = attempt->state;

	delivery->phase = phase;
	if (phase == PHASE_end)
		delivery_end(attempt, true);
	else
		phases[phase].begin(attempt);
}

void
phases_begin(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	/* A session before this one may have left something. */
	delivery->handle.length = 0;
	delivery->offset = 0;
	delivery->made = 0;
	delivery->made_all = false;
	delivery->cleared_again = false;
	phase_go(attempt, attempt->facts.attempt == 1 ? PHASE_claim :
	    PHASE_look);
}

void
phases_answered(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (answer != NULL && !phases[delivery->phase].many &&
	    answer->id != delivery->id)
		phase_fail_protocol(attempt);
	else
		phases[delivery->phase].answered(attempt, answer);
}

void
phases_room(struct attempt *attempt)
{
	const struct delivery *delivery = attempt->state;

	if (delivery->phase == PHASE_write && !delivery->all_given)
		write_more(attempt);
}
