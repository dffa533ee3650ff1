/*
 * webhook - delivers tickets by HTTP
 */
#include "lib/xalloc.h"

#include "workers/common/courier.h"
#include "workers/webhook/config.h"
#include "workers/webhook/delivery.h"
#include "workers/webhook/test.h"

static void *
webhook_begin(struct courier *courier, const struct link_record *setup,
    struct why *why)
{
	struct signer *signer = signer_new(setup->text[SETUP_algorithm], why);
	struct webhook *webhook;

	(void)courier;
	if (signer == NULL)
		return NULL;
	webhook = xcalloc(1, sizeof(*webhook));
	webhook->signer = signer;
	return webhook;
}

static void *
webhook_config(const struct courier *courier, const struct json *json,
    struct why *why)
{
	return config_read(json, courier_tls_minimum(courier), why);
}

static void
webhook_config_free(void *config)
{
	config_free(config);
}

static const struct transport webhook = {
	.program = "spoold-webhook",
	.sandbox = SANDBOX_network,
	.http = true,
	.state_size = sizeof(struct delivery),
	.trial_size = sizeof(struct synthetic),
	.metadata_max = BODY_HEADER_MAX,
	.begin = webhook_begin,
	.config_read = webhook_config,
	.config_free = webhook_config_free,
	.open = delivery_open,
	.prepare = delivery_prepare,
	.send = delivery_send,
	.close = delivery_close,
	.test = test_start,
	.trial_close = test_close,
};

int
main(void)
{
	return courier_run(&webhook);
}
