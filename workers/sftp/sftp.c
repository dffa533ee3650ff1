/*
 * sftp - delivers tickets as files, by SFTP
 */
#include "workers/sftp/clients.h"
#include "workers/sftp/config.h"
#include "workers/sftp/delivery.h"
#include "workers/sftp/test.h"

#define METADATA_MAX (64 * 1024)	/* bytes, for templates */

static void *
sftp_begin(struct courier *courier, const struct link_record *setup,
    struct why *why)
{
	(void)setup;
	(void)why;
	return clients_new(courier);
}

static void *
sftp_config(const struct courier *courier, const struct json *json,
    struct why *why)
{
	(void)courier;
	return config_read(json, why);
}

static void
sftp_config_free(void *config)
{
	config_free(config);
}

static bool
sftp_turn(struct courier *courier)
{
	clients_turn(courier_own(courier));
	return false;
}

static const struct transport sftp = {
	.program = "spoold-sftp",
	.sandbox = SANDBOX_network,
	.http = true,
	.state_size = sizeof(struct delivery),
	.trial_size = sizeof(struct probe),
	.metadata_max = METADATA_MAX,
	.begin = sftp_begin,
	.config_read = sftp_config,
	.config_free = sftp_config_free,
	.prepare = delivery_prepare,
	.send = delivery_send,
	.close = delivery_close,
	.test = test_start,
	.trial_close = test_close,
	.turn = sftp_turn,
};

int
main(void)
{
	return courier_run(&sftp);
}
