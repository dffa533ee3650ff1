/*
 * storage - delivers tickets into directories and buckets
 */
#include "lib/lines.h"
#include "lib/xalloc.h"

#include "workers/common/path.h"
#include "workers/storage/provider.h"

#define METADATA_MAX (64 * 1024)	/* bytes of a job's that are kept */

static void *
storage_begin(struct courier *courier, const struct link_record *setup,
    struct why *why)
{
	struct storage *storage = xcalloc(1, sizeof(*storage));

	(void)courier;
	(void)why;
	storage->local = local_new(setup->text[SETUP_local],
	    setup->text[SETUP_private]);
	upload_queue_begin(&storage->uploads);
	gcs_tokens_begin(&storage->tokens);
	return storage;
}

static const char *const *
storage_writable(const struct courier *courier)
{
	const struct storage *storage = courier_own(courier);

	return local_directories(storage->local);
}

static void *
storage_config(const struct courier *courier, const struct json *json,
    struct why *why)
{
	return config_read(json, courier_tls_minimum(courier), why);
}

static void
storage_config_free(void *config)
{
	config_free(config);
}

/* The path needs the metadata, and so the job. */
static int
storage_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	const struct config *config = attempt->config;
	struct stored *stored = attempt->state;

	if (!stored->placed) {
		if (path_of(attempt, config->path, config->filename,
		    &stored->path, why) == -1)
			return -1;
		stored->placed = true;
	}
	return config->provider->prepare(attempt, done, why);
}

static void
storage_send(struct attempt *attempt)
{
	const struct config *config = attempt->config;

	config->provider->send(attempt);
}

static void
storage_close(struct attempt *attempt)
{
	const struct config *config = attempt->config;
	struct stored *stored = attempt->state;

	if (config != NULL)
		config->provider->close(attempt);
	buf_free(&stored->path);
}

static void
storage_test(struct trial *trial)
{
	const struct config *config = trial->config;

	config->provider->test(trial);
}

static void
storage_trial_close(struct trial *trial)
{
	const struct config *config = trial->config;

	if (config != NULL && config->provider->trial_close != NULL)
		config->provider->trial_close(trial);
}

static bool
storage_turn(struct courier *courier)
{
	struct storage *storage = courier_own(courier);

	return upload_turn(courier, &storage->uploads);
}

static const struct transport storage = {
	.program = "spoold-storage",
	.sandbox = SANDBOX_files,
	.http = true,
	.state_size = sizeof(struct stored),
	.trial_size = sizeof(struct cloud_trial),
	.metadata_max = METADATA_MAX,
	.begin = storage_begin,
	.writable = storage_writable,
	.config_read = storage_config,
	.config_free = storage_config_free,
	.prepare = storage_prepare,
	.send = storage_send,
	.close = storage_close,
	.test = storage_test,
	.trial_close = storage_trial_close,
	.turn = storage_turn,
};

int
main(void)
{
	return courier_run(&storage);
}
