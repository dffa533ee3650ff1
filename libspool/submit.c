/*
 * submit - dropping jobs, one by one or many together
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "libspool/client.h"
#include "libspool/drop.h"

/* Where jobs are dropped, opened at the first; NULL with *why. */
static struct spool *
client_spool(struct libspool *client, struct why *why)
{
	const char *organization;

	if (client->spool != NULL)
		return client->spool;
	organization = client_organization(client, why);
	if (organization != NULL)
		client->spool = spool_open_drops(
		    client->conf->top_spool_directory, organization, why);
	return client->spool;
}

/* --- payloads ------------------------------------------------------------- */

void
libspool_set_progress(struct libspool *client, libspool_progress *progress,
    void *arg)
{
	if (client == NULL)
		return;
	client->progress = progress;
	client->progress_arg = arg;
}

int
libspool_attach(struct libspool *client, int descriptor,
    char data[LIBSPOOL_DATA], struct libspool_error *error)
{
	struct drop drop = { .data = "" };
	struct drop_source source = { .fd = descriptor };
	struct spool *spool;
	struct why why;

	if (client == NULL)
		return -1;
	source.max = client->conf->queue_max_payload_size;
	source.progress = client->progress;
	source.arg = client->progress_arg;
	spool = client_spool(client, &why);
	if (spool == NULL || drop_payload(spool, &drop, &source, &why) == -1)
		return error_fill(error, &why);
	(void)strlcpy(data, drop.data, LIBSPOOL_DATA);
	return 0;
}

int
libspool_detach(struct libspool *client, const char *data,
    struct libspool_error *error)
{
	struct spool *spool;
	struct why why;

	if (client == NULL)
		return -1;
	spool = client_spool(client, &why);
	if (spool == NULL || spool_remove(spool, QUEUE_data, data, &why) == -1)
		return error_fill(error, &why);
	return 0;
}

/* --- jobs ----------------------------------------------------------------- */

/* What it is called in new/, without its ending. */
static int
job_stem(const struct libspool_job *job, char stem[DROP_NAME_MAX + 1],
    struct why *why)
{
	char unique[DROP_UNIQUE];

	if (job->name == NULL) {
		drop_unique(unique);
		(void)snprintf(stem, DROP_NAME_MAX + 1, "job-%.16s", unique);
		return 0;
	}
	if (job->name[0] == '\0' || job->name[0] == '.' ||
	    strchr(job->name, '/') != NULL ||
	    strlen(job->name) + strlen(".json") > DROP_NAME_MAX)
		return why_set(why, ERROR_USAGE, "\"%s\" is no name of a "
		    "drop: at most %zu bytes, no slash, no dot first",
		    job->name, (size_t)DROP_NAME_MAX - strlen(".json"));
	(void)strlcpy(stem, job->name, DROP_NAME_MAX + 1);
	return 0;
}

/* Writes it; nothing of it is left if that fails. */
static int
job_write(struct libspool *client, const struct libspool_job *job,
    struct drop *drop, struct why *why)
{
	struct spool *spool = client_spool(client, why);
	char stem[DROP_NAME_MAX + 1];

	if (spool == NULL)
		return -1;
	*drop = (struct drop) { .name = "" };
	if (job->data != NULL)
		(void)strlcpy(drop->data, job->data, sizeof(drop->data));
	if (job_stem(job, stem, why) == 0 && drop_write(spool, drop, stem,
	    job->json, strlen(job->json), why) == 0)
		return 0;
	drop_abandon(spool, drop);
	return -1;
}

/* Says which drop an error is about, so that it can be asked about. */
static void
error_about(struct libspool_error *error, const char *id, const char *name)
{
	if (error == NULL)
		return;
	(void)strlcpy(error->delivery_id, id, sizeof(error->delivery_id));
	(void)strlcpy(error->name, name, sizeof(error->name));
}

/*
 * It is in new/, and a crash may undo that.  Whoever is told that it failed
 * drops it again, so it is taken back; where spoold was faster it is delivered,
 * and the error says which it is.
 */
static int
drop_doubt(const struct spool *spool, const struct drop *drop,
    const struct why *why, struct libspool_error *error)
{
	char id[LIBSPOOL_ID];

	(void)error_fill(error, why);
	if (drop_undo(spool, drop))
		return -1;
	id_format(&drop->id, id);
	error_about(error, id, drop->name);
	return -1;
}

int
libspool_drop(struct libspool *client, const struct libspool_job *job,
    char id[LIBSPOOL_ID], char name[LIBSPOOL_NAME],
    struct libspool_error *error)
{
	struct drop drop;
	struct why why;

	if (client == NULL)
		return -1;
	if (job_write(client, job, &drop, &why) == -1)
		return error_fill(error, &why);
	if (drop_sync(client->spool, &drop, 1, &why) == -1 ||
	    drop_rename(client->spool, &drop, &why) == -1) {
		drop_abandon(client->spool, &drop);
		return error_fill(error, &why);
	}
	if (drop_finish(client->spool, &why) == -1)
		return drop_doubt(client->spool, &drop, &why, error);
	if (id != NULL)
		id_format(&drop.id, id);
	if (name != NULL)
		(void)strlcpy(name, drop.name, LIBSPOOL_NAME);
	return 0;
}

struct libspool_result *
libspool_submit(struct libspool *client, const struct libspool_job *job,
    struct libspool_error *error)
{
	struct libspool_result *result;
	char id[LIBSPOOL_ID], name[LIBSPOOL_NAME];

	if (libspool_drop(client, job, id, name, error) == -1)
		return NULL;
	result = libspool_verdict(client, name, error);
	if (result == NULL)
		error_about(error, id, name);
	return result;
}

int
libspool_take_back(struct libspool *client, const char *name,
    const char *data, struct libspool_error *error)
{
	struct drop drop = { .dropped = true };
	struct spool *spool;
	struct why why;
	int taken = -1;

	if (client == NULL)
		return -1;
	spool = client_spool(client, &why);
	(void)strlcpy(drop.name, name, sizeof(drop.name));
	if (data != NULL)
		(void)strlcpy(drop.data, data, sizeof(drop.data));
	if (spool != NULL)
		taken = drop_take_back(spool, &drop, &why);
	return taken == -1 ? error_fill(error, &why) : taken;
}

/* --- many ----------------------------------------------------------------- */

int
libspool_write(struct libspool *client, const struct libspool_job *job,
    struct libspool_error *error)
{
	struct drop drop;
	struct why why;

	if (client == NULL)
		return -1;
	if (job_write(client, job, &drop, &why) == -1)
		return error_fill(error, &why);
	client->written = xreallocarray(client->written,
	    client->written_count + 1, sizeof(*client->written));
	client->written[client->written_count++] = drop;
	return 0;
}

void
written_abandon(struct libspool *client)
{
	for (size_t i = 0; i < client->written_count; i++)
		drop_abandon(client->spool, &client->written[i]);
	free(client->written);
	client->written = NULL;
	client->written_count = 0;
}

/* Drops one and tells of it. */
static void
written_drop(const struct spool *spool, struct drop *drop,
    libspool_dropped *each, void *arg)
{
	struct libspool_error error;
	struct why why;
	char id[LIBSPOOL_ID];

	if (drop_rename(spool, drop, &why) == -1) {
		drop_abandon(spool, drop);
		(void)error_fill(&error, &why);
		if (each != NULL)
			each(arg, NULL, NULL, &error);
		return;
	}
	id_format(&drop->id, id);
	if (each != NULL)
		each(arg, id, drop->name, NULL);
}

int
libspool_drop_written(struct libspool *client, libspool_dropped *each,
    void *arg, struct libspool_error *error)
{
	struct drop *written;
	struct why why;
	size_t count;
	int done = 0;

	if (client == NULL)
		return -1;
	if (client->written_count == 0)
		return 0;
	if (drop_sync(client->spool, client->written, client->written_count,
	    &why) == -1) {
		written_abandon(client);
		return error_fill(error, &why);
	}
	/* What `each` writes is for the next time. */
	written = client->written;
	count = client->written_count;
	client->written = NULL;
	client->written_count = 0;
	for (size_t i = 0; i < count; i++)
		written_drop(client->spool, &written[i], each, arg);
	if (drop_finish(client->spool, &why) == -1)
		done = error_fill(error, &why);
	free(written);
	return done;
}
