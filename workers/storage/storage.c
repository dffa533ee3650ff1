/*
 * storage - delivers tickets into directories and buckets
 */
#include <string.h>

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
	TAILQ_INIT(&storage->erasures);
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
	buf_free(&stored->locator);
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

/* Its settings may have changed since: nothing is looked for elsewhere. */
static int
erasure_is_here(const struct erasure *erasure, struct why *why)
{
	const struct config *config = erasure->config;
	const struct erasing *erasing = erasure->state;
	struct buf place = { 0 };
	bool here;

	config->provider->place(config, &place);
	here = strcmp(place.data, erasing->locator.place) == 0;
	buf_free(&place);
	return here ? 0 : why_set(why, ERROR_PERMISSION_DENIED, "the "
	    "destination stores elsewhere now: it is where that was before, "
	    "to be removed by hand");
}

static void
storage_erase(struct erasure *erasure)
{
	const struct config *config = erasure->config;
	struct erasing *erasing = erasure->state;
	struct why why;

	if (locator_read(&erasing->locator, erasure, &why) == -1 ||
	    erasure_is_here(erasure, &why) == -1)
		erasure_fail(erasure, &why);
	else
		config->provider->erase(erasure);
}

static void
storage_erasure_close(struct erasure *erasure)
{
	const struct config *config = erasure->config;
	struct erasing *erasing = erasure->state;

	if (config != NULL && config->provider->erasure_close != NULL)
		config->provider->erasure_close(erasure);
	locator_free(&erasing->locator);
}

static bool
storage_turn(struct courier *courier)
{
	struct storage *storage = courier_own(courier);
	bool more = local_turn(&storage->erasures);

	return upload_turn(courier, &storage->uploads) || more;
}

static const struct transport storage = {
	.program = "spoold-storage",
	.sandbox = SANDBOX_files,
	.http = true,
	.state_size = sizeof(struct stored),
	.trial_size = sizeof(struct cloud_trial),
	.erasure_size = sizeof(struct erasing),
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
	.erase = storage_erase,
	.erasure_close = storage_erasure_close,
	.turn = storage_turn,
};

int
main(void)
{
	return courier_run(&storage);
}
