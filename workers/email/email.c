/*
 * email - delivers tickets by mail
 */
#include "workers/common/courier.h"
#include "workers/email/config.h"
#include "workers/email/delivery.h"
#include "workers/email/message.h"
#include "workers/email/smtp.h"
#include "workers/email/test.h"

static void *
email_begin(struct courier *courier, const struct link_record *setup,
    struct why *why)
{
	(void)setup;
	(void)why;
	return smtp_new(courier);
}

static void *
email_config(const struct courier *courier, const struct json *json,
    struct why *why)
{
	return config_read(json, courier_tls_minimum(courier), why);
}

static void
email_config_free(void *config)
{
	config_free(config);
}

static bool
email_turn(struct courier *courier)
{
	smtp_turn(courier_own(courier));
	return false;
}

static const struct transport email = {
	.program = "spoold-email",
	.sandbox = SANDBOX_network,
	.http = true,
	.state_size = sizeof(struct delivery),
	.trial_size = sizeof(struct synthetic),
	.metadata_max = MESSAGE_METADATA_MAX,
	.begin = email_begin,
	.config_read = email_config,
	.config_free = email_config_free,
	.prepare = delivery_prepare,
	.send = delivery_send,
	.close = delivery_close,
	.test = test_start,
	.trial_close = test_close,
	.turn = email_turn,
};

int
main(void)
{
	return courier_run(&email);
}
