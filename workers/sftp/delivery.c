/*
 * delivery - a ticket on its way to a file of an SFTP server
 *
 * Until all of it has arrived and was verified the file is
 * `.<name>.<deliveryId>.<destination>.part`, in the directory where it is to
 * be; so nobody who waits for the name sees a half one, a later attempt of the
 * same ticket finds what an earlier one left, and no other ticket does: two of
 * one job may be for the same directory.
 */
#include <stdio.h>
#include <string.h>

#include "lib/id.h"

#include "workers/common/path.h"
#include "workers/sftp/config.h"
#include "workers/sftp/delivery.h"

#define NAME_MAX_COMMON 255	/* bytes that file systems take */
#define SMALL (1024 * 1024)	/* bytes; more is not sent beside others */

/* --- its end -------------------------------------------------------------- */

void
delivery_close(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct clients *clients = courier_own(attempt->courier);

	if (delivery->asked)
		clients_leave(clients, &delivery->caller, false);
	buf_free(&delivery->path);
	buf_free(&delivery->part);
	reader_free(&delivery->reader);
	extent_free(&delivery->source);
	envelope_free(&delivery->envelope);
	EVP_MD_CTX_free(delivery->digest);
	buf_free(&delivery->differs);
	buf_free(&delivery->outcome.remote);
}

void
delivery_end(struct attempt *attempt, bool clean)
{
	struct delivery *delivery = attempt->state;
	struct clients *clients = courier_own(attempt->courier);
	const struct client *client = delivery->caller.client;
	struct outcome outcome = delivery->outcome;
	int64_t sent = delivery->sent;

	delivery->outcome.remote = (struct buf) { 0 };
	clients_leave(clients, &delivery->caller, clean);
	delivery->asked = false;
	outcome_end(&outcome, attempt, client->connection->peer, client, sent);
}

/* --- what a client tells -------------------------------------------------- */

static void
caller_ready(void *arg)
{
	phases_begin(arg);
}

static void
caller_answered(void *arg, const struct wire_answer *answer)
{
	phases_answered(arg, answer);
}

static void
caller_room(void *arg)
{
	phases_room(arg);
}

/*
 * Before it is renamed nothing has arrived, whatever was sent.  Once that was
 * asked for and no answer came nobody knows; the next attempt looks.
 */
static void
caller_broken(void *arg, const struct why *why)
{
	struct attempt *attempt = arg;
	struct delivery *delivery = attempt->state;
	struct why told = *why;

	if (delivery->renaming && why->code != ERROR_PROTOCOL_ERROR)
		(void)why_set(&told, ERROR_MAY_HAVE_ARRIVED,
		    "everything was sent, no answer came: %s", why->text);
	buf_free(&delivery->outcome.remote);
	outcome_why(&delivery->outcome, &told);
	delivery_end(attempt, false);
}

static void
caller_alive(void *arg)
{
	struct attempt *attempt = arg;
	const struct delivery *delivery = attempt->state;

	attempt_moved(attempt, delivery->sent);
}

/* --- its file ------------------------------------------------------------- */

bool
delivery_file(const struct attempt *attempt, int64_t *length,
    const uint8_t **sha256)
{
	const struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	const struct envelope *envelope = &delivery->envelope;

	if (config->encrypt == NULL) {
		*length = attempt->parcel.content.length;
		*sha256 = attempt->parcel.content.sha256;
		return true;
	}
	if (delivery->all_given && envelope->cms == NULL &&
	    envelope->digest == NULL && envelope->length > 0) {
		*length = envelope->length;
		*sha256 = envelope->sha256;
		return true;
	}
	*length = delivery->earlier;
	*sha256 = delivery->earlier_sha256;
	return delivery->earlier > 0;
}

/* --- its beginning -------------------------------------------------------- */

/* Of a name that leaves no room for what makes the part's own, less. */
static void
name_part(struct delivery *delivery, const struct attempt *attempt)
{
	const char *name = delivery->path.data + delivery->directory;
	const char *destination = attempt->text[ATTEMPT_destination];
	size_t most = NAME_MAX_COMMON - strlen("...") - ID_LENGTH -
	    strlen(destination) - strlen(".part");
	char id[ID_LENGTH + 1];
	size_t length;

	name += *name == '/' ? 1 : 0;
	length = strlen(name);
	if (length > most)
		length = most;
	/* Not within a character of UTF-8. */
	while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
		length--;
	id_format(&attempt->facts.id, id);
	buf_printf(&delivery->part, "%.*s%s.%.*s.%s.%s.part",
	    (int)delivery->directory, delivery->path.data,
	    delivery->directory > 0 ? "/" : "", (int)length, name, id,
	    destination);
}

static int
prepare_envelope(struct attempt *attempt, struct why *why)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	struct certificates *chosen = envelope_choose(config->encrypt, why);

	if (chosen == NULL)
		return -1;
	certificates_free(&chosen);
	if (envelope_parse(attempt->text[ATTEMPT_resume], &delivery->earlier,
	    delivery->earlier_sha256) == -1)
		delivery->earlier = 0;
	/* The payload's own name says what it was. */
	if (config->filename == NULL)
		buf_str(&delivery->path, ".p7m");
	return 0;
}

int
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is courier.h's */
delivery_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	const char *slash;

	(void)done;
	if (path_of(attempt, config->path, config->filename, &delivery->path,
	    why) == -1)
		return -1;
	if (config->encrypt != NULL && prepare_envelope(attempt, why) == -1)
		return -1;
	slash = strrchr(delivery->path.data, '/');
	delivery->directory = slash == NULL ? 0 :
	    (size_t)(slash - delivery->path.data);
	name_part(delivery, attempt);
	return 1;
}

void
delivery_send(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	delivery->caller = (struct caller) {
		.config = attempt->config,
		.timeout = attempt->facts.timeout,
		.alone = attempt->parcel.content.length > SMALL,
		.ready = caller_ready,
		.answered = caller_answered,
		.room = caller_room,
		.broken = caller_broken,
		.alive = caller_alive,
		.arg = attempt,
	};
	delivery->asked = true;
	clients_ask(courier_own(attempt->courier), &delivery->caller);
}
