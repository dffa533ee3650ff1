/*
 * delivery - a ticket on its way as a mail, by SMTP where that is its service
 *
 * Inline data that a template asks for are read before, within a bound; a
 * payload file never is, but while it is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/email/delivery.h"
#include "workers/email/message.h"
#include "workers/email/outcome.h"
#include "workers/email/service.h"
#include "workers/email/test.h"

void
delivery_close(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	buf_wipe(&delivery->data);
	extent_free(&delivery->reader);
	mime_free(&delivery->mime);
	free(delivery->recipients);
	encoded_free(&delivery->body);
	EVP_MD_CTX_free(delivery->digest);
}

/* --- before it is sent ---------------------------------------------------- */

static bool
wants_data(const struct attempt *attempt)
{
	const struct config *config = attempt->config;

	return config->uses_data && !attempt->parcel.has_file;
}

/* A piece of the data; 1 at their end, 0 if there is more, -1. */
static int
read_data(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct delivery *delivery = attempt->state;
	char *chunk = courier_chunk(attempt->courier);
	int64_t got;

	if (delivery->reader.extent == NULL) {
		delivery->data.max = MESSAGE_DATA_MAX;
		extent_begin(&delivery->reader, &attempt->parcel.content);
	}
	got = extent_read(&delivery->reader, chunk, COURIER_CHUNK, why);
	if (got <= 0)
		return got == 0 ? 1 : -1;
	*done += got;
	buf_add(&delivery->data, chunk, (size_t)got);
	return !delivery->data.overflow ? 0 : why_field(why, "payload.data",
	    "payload.data is larger than the %d bytes that a template can "
	    "have in it", MESSAGE_DATA_MAX);
}

int
delivery_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	const struct service *service = config->service;
	int result;

	if (!delivery->composed) {
		result = wants_data(attempt) ? read_data(attempt, done,
		    why) : 1;
		if (result != 1)
			return result;
		if (service->compose(attempt, why) == -1)
			return -1;
		delivery->composed = true;
	}
	return service->prepare == NULL ? 1 : service->prepare(attempt, done,
	    why);
}

void
delivery_send(struct attempt *attempt)
{
	const struct config *config = attempt->config;

	config->service->send(attempt);
}

/* --- by SMTP -------------------------------------------------------------- */

static int
mail_compose(struct attempt *attempt, struct why *why)
{
	struct delivery *delivery = attempt->state;

	if (message_compose(&delivery->mime, attempt, &delivery->data,
	    why) == -1)
		return -1;
	mime_rewind(&delivery->mime);
	return 0;
}

static int64_t
mail_read(void *arg, char *out, size_t room)
{
	struct attempt *attempt = arg;
	struct delivery *delivery = attempt->state;

	return mime_read(&delivery->mime, out, room, &delivery->broken);
}

static void
mail_moved(void *arg, int64_t sent)
{
	attempt_moved(arg, sent);
}

static void
mail_done(void *arg, const struct smtp_result *result)
{
	struct attempt *attempt = arg;
	const struct delivery *delivery = attempt->state;
	struct link_record record;
	struct verdict_text text;

	if (result->stopped) {
		attempt_fail(attempt, &delivery->broken);
		return;
	}
	link_init(&record, LINK_outcome);
	outcome_of(result, &record, &text);
	attempt_end(attempt, &record);
	buf_free(&text.remote);
}

const char **
delivery_envelope(const struct config *config, struct smtp_mail *mail)
{
	const struct config_addresses lists[] = { config->to, config->cc,
	    config->bcc };
	const char **all = xcalloc(config->to.count + config->cc.count +
	    config->bcc.count, sizeof(*all));

	mail->server = &config->server;
	mail->from = config->from.address;
	mail->utf8 = mail_address_is_utf8(&config->from) ||
	    (config->reply_to.address != NULL &&
	    mail_address_is_utf8(&config->reply_to));
	mail->recipients = all;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t j = 0; j < lists[i].count; j++) {
			const struct mail_address *to = &lists[i].list[j];

			mail->utf8 |= mail_address_is_utf8(to);
			all[mail->recipient_count++] = to->address;
		}
	return all;
}

static void
mail_send(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct smtp_mail mail = {
		.size = mime_length(&delivery->mime),
		.timeout = attempt->facts.timeout,
		.read = mail_read,
		.moved = mail_moved,
		.done = mail_done,
		.arg = attempt,
	};

	delivery->recipients = delivery_envelope(attempt->config, &mail);
	smtp_send(courier_own(attempt->courier), &mail);
}

const struct service service_smtp = {
	.name = "smtp",
	.compose = mail_compose,
	.send = mail_send,
	.test = test_smtp,
};
