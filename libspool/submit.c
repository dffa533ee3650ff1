/*
 * submit - dropping jobs as any client does
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/drop.h"
#include "lib/xalloc.h"

#include "libspool/client.h"

/* Where jobs are dropped, opened at the first; NULL with *why. */
static struct spool *
client_spool(struct libspool *client, struct why *why)
{
	const struct conf *conf = client->conf;
	const char *organization = client->organization;

	if (client->spool != NULL)
		return client->spool;
	if (organization == NULL && conf->organization_count == 1)
		organization = conf->organizations[0].id;
	if (organization == NULL) {
		(void)why_set(why, ERROR_USAGE, "%s has %zu organizations: "
		    "one has to be named to drop a job", conf->file,
		    conf->organization_count);
		return NULL;
	}
	client->spool = spool_open_drops(conf->top_spool_directory,
	    organization, why);
	return client->spool;
}

int
libspool_attach(struct libspool *client, int descriptor,
    char data[LIBSPOOL_DATA], struct libspool_error *error)
{
	struct drop drop = { .data = "" };
	struct why why;
	struct spool *spool;

	if (client == NULL)
		return -1;
	spool = client_spool(client, &why);
	if (spool != NULL && drop_payload(spool, &drop, descriptor,
	    client->conf->queue_max_payload_size, false, &why) == 0) {
		(void)strlcpy(data, drop.data, LIBSPOOL_DATA);
		return 0;
	}
	error_fill(error, &why);
	return -1;
}

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

static int
job_drop(struct libspool *client, const struct libspool_job *job,
    struct drop *drop, struct why *why)
{
	struct spool *spool = client_spool(client, why);
	char stem[DROP_NAME_MAX + 1];

	if (spool == NULL || job_stem(job, stem, why) == -1)
		return -1;
	if (job->data != NULL)
		(void)strlcpy(drop->data, job->data, sizeof(drop->data));
	if (drop_write(spool, drop, stem, job->json, strlen(job->json),
	    why) == 0 && drop_sync(spool, drop, 1, why) == 0 &&
	    drop_rename(spool, drop, why) == 0 &&
	    drop_finish(spool, why) == 0)
		return 0;
	drop_abandon(spool, drop);
	return -1;
}

int
libspool_drop(struct libspool *client, const struct libspool_job *job,
    char id[LIBSPOOL_ID], char name[LIBSPOOL_NAME],
    struct libspool_error *error)
{
	struct drop drop = { .name = "" };
	struct why why;

	if (client == NULL)
		return -1;
	if (job_drop(client, job, &drop, &why) == -1) {
		error_fill(error, &why);
		return -1;
	}
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
	if (result == NULL && error != NULL)
		(void)strlcpy(error->delivery_id, id,
		    sizeof(error->delivery_id));
	return result;
}
