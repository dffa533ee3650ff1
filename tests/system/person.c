/*
 * person - a C program does what a person does with spoold's commands
 *
 *     person URL SPOOLD
 *
 * Each step is a row of a table: one of libspool's calls, and the place in its
 * result that is printed, else the code of the error.  `URL/ok` takes what it
 * is sent, `URL/down` does not.  Includes nothing of spoold's but libspool.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libspool.h>

#define PATIENCE 600		/* tenths of a second */
#define FDS_MAX 256

struct person {
	struct libspool	*spool;
	struct libspool_error error;
	const char	*url, *spoold;
	char		 id[LIBSPOOL_ID];	/* of the last job */
	char		 name[LIBSPOOL_NAME];
	char		 secret[64];		/* the id of one */
	char		 many[2][LIBSPOOL_ID];	/* dropped together */
	char		 names[2][LIBSPOOL_NAME];
	size_t		 many_count;
	long long	 copied;		/* as progress was told */
	char		 text[1024];		/* what is asked with */
};

typedef struct libspool_result *step(struct person *);

/* Whether the result says so already; if not, a moment later it may. */
static int
is_so(const struct libspool_result *result, const char *place,
    const char *wanted)
{
	const char *text = result == NULL ? NULL :
	    libspool_text(result, place);

	if (text != NULL && strcmp(text, wanted) == 0)
		return 1;
	(void)nanosleep(&(struct timespec) { 0, 100000000L }, NULL);
	return 0;
}

/* --- destinations --------------------------------------------------------- */

static struct libspool_result *
create(struct person *p)
{
	(void)snprintf(p->text, sizeof(p->text), "[{\"id\":\"ok\","
	    "\"label\":\"ok\",\"type\":\"webhook\",\"config\":{\"webhook\":"
	    "{\"url\":\"%s/ok\"}}},\n{\"id\":\"files\",\"label\":\"files\","
	    "\"type\":\"webhook\",\"config\":{\"webhook\":{\"url\":"
	    "\"%s/files\",\"body\":\"file\"}}},\n{\"id\":\"down\","
	    "\"label\":\"down\",\"type\":\"webhook\",\"config\":{\"webhook\":"
	    "{\"url\":\"%s/down\",\"auth\":{\"type\":\"bearer\",\"token\":"
	    "\"first-token\"}}}}]", p->url, p->url, p->url);
	return libspool_destination_create(p->spool, p->text, &p->error);
}

static struct libspool_result *
create_wrong(struct person *p)
{
	return libspool_destination_create(p->spool,
	    "{\"label\":\"x\",\"type\":\"webhook\",\"config\":{\"webhook\":"
	    "{\"url\":\"x\",\"method\":\"GET\"}}}", &p->error);
}

static struct libspool_result *
get(struct person *p)
{
	return libspool_destination_get(p->spool, "ok", &p->error);
}

static struct libspool_result *
get_mistyped(struct person *p)
{
	return libspool_destination_get(p->spool, "downn", &p->error);
}

static struct libspool_result *
list(struct person *p)
{
	return libspool_destination_list(p->spool, "{\"type\":\"webhook\","
	    "\"disabled\":false,\"sortBy\":\"label\",\"sortOrder\":\"asc\","
	    "\"limit\":1}", &p->error);
}

static struct libspool_result *
update(struct person *p)
{
	return libspool_destination_update(p->spool, "ok",
	    "{\"description\":\"changed\",\"version\":1}", &p->error);
}

static struct libspool_result *
duplicate(struct person *p)
{
	return libspool_destination_duplicate(p->spool, "ok", "two",
	    &p->error);
}

static struct libspool_result *
disable(struct person *p)
{
	return libspool_destination_disable(p->spool, "two", "moving",
	    &p->error);
}

static struct libspool_result *
enable(struct person *p)
{
	return libspool_destination_enable(p->spool, "two", "moved",
	    &p->error);
}

static struct libspool_result *
test(struct person *p)
{
	return libspool_destination_test(p->spool, "ok", 1, &p->error);
}

static struct libspool_result *
health(struct person *p)
{
	return libspool_destination_health(p->spool, "ok", &p->error);
}

static struct libspool_result *
export(struct person *p)
{
	return libspool_destination_export(p->spool, "two", NULL, &p->error);
}

static struct libspool_result *
import(struct person *p)
{
	(void)snprintf(p->text, sizeof(p->text), "{\"id\":\"two\","
	    "\"label\":\"2\",\"type\":\"webhook\",\"config\":{\"webhook\":"
	    "{\"url\":\"%s/ok\"}}}", p->url);
	return libspool_destination_import(p->spool, p->text, 1, "a look",
	    &p->error);
}

static struct libspool_result *
default_add(struct person *p)
{
	return libspool_default_add(p->spool, "two", "by hand", &p->error);
}

static struct libspool_result *
default_list(struct person *p)
{
	return libspool_default_list(p->spool, &p->error);
}

static struct libspool_result *
default_remove(struct person *p)
{
	return libspool_default_remove(p->spool, "two", NULL, &p->error);
}

static struct libspool_result *
delete(struct person *p)
{
	return libspool_destination_delete(p->spool, "two", 0, "moved away",
	    &p->error);
}

/* --- secrets -------------------------------------------------------------- */

static struct libspool_result *
secret_rotate(struct person *p)
{
	return libspool_secret_rotate(p->spool, "ok", 1, &p->error);
}

static struct libspool_result *
secret_add(struct person *p)
{
	return libspool_secret_add(p->spool, "ok",
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0, &p->error);
}

static struct libspool_result *
secret_confirm(struct person *p)
{
	return libspool_secret_confirm(p->spool, "ok", &p->error);
}

static struct libspool_result *
secret_list(struct person *p)
{
	struct libspool_result *result = libspool_secret_list(p->spool, "ok",
	    &p->error);

	if (result != NULL)
		(void)snprintf(p->secret, sizeof(p->secret), "%s",
		    libspool_text(result, "secrets[1].secretId"));
	return result;
}

static struct libspool_result *
secret_reveal(struct person *p)
{
	return libspool_secret_reveal(p->spool, "ok", NULL, &p->error);
}

static struct libspool_result *
secret_revoke(struct person *p)
{
	return libspool_secret_revoke(p->spool, "ok", p->secret, &p->error);
}

static struct libspool_result *
secret_second(struct person *p)
{
	return libspool_secret_second(p->spool, "down", "auth.token",
	    "second-token", "2099-01-01T00:00:00Z", &p->error);
}

/* --- jobs ----------------------------------------------------------------- */

static struct libspool_result *
wait_for(struct person *p)
{
	return libspool_wait(p->spool, p->id, p->name, &p->error);
}

static struct libspool_result *
submit_inline(struct person *p)
{
	struct libspool_job job = { .json = "{\"destinations\":[\"ok\"],"
	    "\"payload\":{\"type\":\"data\",\"data\":{\"n\":1.10}}}",
	    .name = "inline" };
	struct libspool_result *result = libspool_submit(p->spool, &job,
	    &p->error);

	if (result != NULL)
		(void)snprintf(p->id, sizeof(p->id), "%s",
		    libspool_text(result, "deliveryId"));
	(void)snprintf(p->name, sizeof(p->name), "inline.json");
	return result;
}

static void
copied(void *arg, long long bytes)
{
	struct person *p = arg;

	p->copied = bytes;
}

/* Drops what can be read from it, for that destination. */
static struct libspool_result *
submit_fd(struct person *p, int fd, const char *destination)
{
	char data[LIBSPOOL_DATA];
	struct libspool_job job = { .json = p->text, .data = data };
	int done;

	p->copied = 0;
	libspool_set_progress(p->spool, copied, p);
	done = libspool_attach(p->spool, fd, data, &p->error);
	libspool_set_progress(p->spool, NULL, NULL);
	(void)close(fd);
	(void)snprintf(p->text, sizeof(p->text), "{\"destinations\":[\"%s\"],"
	    "\"payload\":{\"type\":\"report\",\"file\":\"%s\"}}", destination,
	    data);
	if (done == -1 || libspool_drop(p->spool, &job, p->id, p->name,
	    &p->error) == -1)
		return NULL;
	return libspool_verdict(p->spool, p->name, &p->error);
}

static struct libspool_result *
submit_file(struct person *p)
{
	return submit_fd(p, open(p->spoold, O_RDONLY | O_CLOEXEC), "files");
}

static struct libspool_result *
submit_pipe(struct person *p)
{
	int pair[2];

	if (pipe(pair) == -1 ||
	    fcntl(pair[0], F_SETFD, FD_CLOEXEC) == -1 ||
	    write(pair[1], "through a pipe", 14) != 14)
		return NULL;
	(void)close(pair[1]);
	return submit_fd(p, pair[0], "down");
}

/* Progress was told, up to the last byte. */
static struct libspool_result *
copied_all(struct person *p)
{
	struct libspool_result *result = libspool_status(p->spool, p->id,
	    NULL, &p->error);

	(void)printf("all copied: %d\n", result != NULL && p->copied ==
	    libspool_number(result, "payload.bytes", 0));
	return result;
}

/* What nobody wants leaves nothing behind. */
static struct libspool_result *
detach(struct person *p)
{
	int fd = open(p->spoold, O_RDONLY | O_CLOEXEC);
	char data[LIBSPOOL_DATA];
	int done = libspool_attach(p->spool, fd, data, &p->error);

	(void)close(fd);
	return done == -1 || libspool_detach(p->spool, data, &p->error) == -1
	    ? NULL : libspool_queue_status(p->spool, &p->error);
}

static void
dropped(void *arg, const char *id, const char *name,
    const struct libspool_error *error)
{
	struct person *p = arg;

	if (error != NULL || p->many_count == 2)
		return;
	(void)snprintf(p->many[p->many_count], LIBSPOOL_ID, "%s", id);
	(void)snprintf(p->names[p->many_count++], LIBSPOOL_NAME, "%s", name);
}

static struct libspool_result *
submit_many(struct person *p)
{
	struct libspool_job job = { .json = "{\"destinations\":[\"ok\"],"
	    "\"payload\":{\"type\":\"data\",\"data\":{\"n\":2}}}",
	    .name = "same" };

	p->many_count = 0;
	for (int i = 0; i < 2; i++)
		if (libspool_write(p->spool, &job, &p->error) == -1)
			return NULL;
	if (libspool_drop_written(p->spool, dropped, p, &p->error) == -1 ||
	    p->many_count != 2)
		return NULL;
	/* Where spoold was fast the name was free again. */
	(void)printf("two names: %d\n",
	    strcmp(p->names[0], "same.json") == 0 &&
	    (strcmp(p->names[1], "same.json") == 0 ||
	    strncmp(p->names[1], "same-", 5) == 0));
	return libspool_verdict(p->spool, p->names[0], &p->error);
}

static struct libspool_result *
wait_for_many(struct person *p)
{
	struct libspool_result *result = libspool_verdict(p->spool,
	    p->names[1], &p->error);

	libspool_free(&result);
	result = libspool_wait(p->spool, p->many[0], p->names[0], &p->error);
	libspool_free(&result);
	return libspool_wait(p->spool, p->many[1], p->names[1], &p->error);
}

/* What was written and not dropped is gone with the connection. */
static struct libspool_result *
write_only(struct person *p)
{
	struct libspool_job job = { .json = "{}", .name = "never" };

	return libspool_write(p->spool, &job, &p->error) == -1 ? NULL :
	    libspool_queue_status(p->spool, &p->error);
}

static struct libspool_result *
status(struct person *p)
{
	return libspool_status(p->spool, p->id, NULL, &p->error);
}

static struct libspool_result *
payload(struct person *p)
{
	struct libspool_result *result;
	char bytes[64] = "";
	long long size;
	int fd = -1;

	result = libspool_payload(p->spool, p->id, p->name, "to see it", &fd,
	    &p->error);
	if (result == NULL)
		return NULL;
	size = libspool_number(result, "bytes", 0);
	if (size < (long long)sizeof(bytes) && pread(fd, bytes, (size_t)size,
	    libspool_number(result, "offset", 0)) == size)
		(void)printf("payload: %s\n", bytes);
	(void)close(fd);
	return result;
}

/* --- tickets -------------------------------------------------------------- */

static struct libspool_result *
explain(struct person *p)
{
	return libspool_explain(p->spool, p->id, NULL, "down", &p->error);
}

static struct libspool_result *
until_backoff(struct person *p)
{
	struct libspool_result *result = explain(p);

	for (int i = 0; i < PATIENCE && !is_so(result,
	    "tickets[0].waitingFor", "backoff"); i++) {
		libspool_free(&result);
		result = explain(p);
	}
	return result;
}

static struct libspool_result *
schedule(struct person *p)
{
	return libspool_retry_schedule(p->spool, p->id, "down", &p->error);
}

static struct libspool_tickets
down(const struct person *p)
{
	return (struct libspool_tickets) { .id = p->id,
	    .destination = "down" };
}

static struct libspool_result *
hold(struct person *p)
{
	struct libspool_tickets tickets = down(p);

	return libspool_hold(p->spool, &tickets, &p->error);
}

static struct libspool_result *
release(struct person *p)
{
	struct libspool_tickets tickets = down(p);

	return libspool_release(p->spool, &tickets, &p->error);
}

static struct libspool_result *
flush(struct person *p)
{
	struct libspool_tickets tickets = { .destination = "down" };

	return libspool_queue_flush(p->spool, &tickets, &p->error);
}

static struct libspool_result *
cancel(struct person *p)
{
	struct libspool_tickets tickets = down(p);

	return libspool_cancel(p->spool, &tickets, &p->error);
}

static struct libspool_result *
requeue(struct person *p)
{
	struct libspool_tickets tickets = down(p);

	return libspool_retry(p->spool, &tickets, 0, NULL, &p->error);
}

static struct libspool_result *
expire(struct person *p)
{
	struct libspool_tickets tickets = down(p);

	return libspool_expire(p->spool, &tickets, &p->error);
}

static struct libspool_result *
requeue_elsewhere(struct person *p)
{
	struct libspool_tickets tickets = down(p);

	return libspool_retry(p->spool, &tickets, 0, "ok", &p->error);
}

/* It published no link. */
static struct libspool_result *
revoke_links(struct person *p)
{
	struct libspool_tickets tickets = { .id = p->id,
	    .destination = "ok" };

	return libspool_revoke(p->spool, &tickets, &p->error);
}

/* --- the queue, the instance ---------------------------------------------- */

static struct libspool_result *
queue(struct person *p)
{
	return libspool_queue_status(p->spool, &p->error);
}

static int
row_print(void *arg, const struct libspool_result *row)
{
	const struct person *p = arg;
	const char *destination = libspool_text(row, "destinationId");
	const char *waits = libspool_text(row, "waitingFor");

	(void)printf("row: %s %s %s%s\n", libspool_text(row, "queue"),
	    destination == NULL ? "-" : destination,
	    waits == NULL ? "-" : waits,
	    strcmp(libspool_text(row, "id"), p->id) == 0 ? "" : ", another");
	return 0;
}

static struct libspool_result *
rows_waiting(struct person *p)
{
	return libspool_queue_list(p->spool, NULL, row_print, p,
	    &p->error) == 0 ? queue(p) : NULL;
}

static struct libspool_result *
rows_failed(struct person *p)
{
	return libspool_queue_list(p->spool, "failed", row_print, p,
	    &p->error) == 0 ? queue(p) : NULL;
}

static struct libspool_result *
rows_nowhere(struct person *p)
{
	return libspool_queue_list(p->spool, "jobs", row_print, p,
	    &p->error) == 0 ? queue(p) : NULL;
}

static int
row_enough(void *arg, const struct libspool_result *row)
{
	(void)arg;
	return libspool_text(row, "id") != NULL ? 7 : 0;
}

static struct libspool_result *
rows_enough(struct person *p)
{
	(void)printf("ended with: %d\n", libspool_queue_list(p->spool, NULL,
	    row_enough, NULL, &p->error));
	return queue(p);
}

static struct libspool_result *
sweep(struct person *p)
{
	return libspool_queue_sweep(p->spool, 1, &p->error);
}

static struct libspool_result *
server(struct person *p)
{
	return libspool_server_status(p->spool, &p->error);
}

static struct libspool_result *
config(struct person *p)
{
	return libspool_config_get(p->spool, "[\"retry.max_delay\"]",
	    &p->error);
}

static struct libspool_result *
reload(struct person *p)
{
	return libspool_config_reload(p->spool, &p->error);
}

static struct libspool_result *
stop(struct person *p)
{
	struct libspool_result *result = libspool_server_stop(p->spool, 0,
	    &p->error), *after;

	for (int i = 0; result != NULL && i < PATIENCE; i++) {
		after = server(p);
		if (after == NULL && p->error.number == 0 &&
		    strcmp(p->error.code, "UNAVAILABLE") == 0)
			break;
		libspool_free(&after);
		(void)nanosleep(&(struct timespec) { 0, 100000000L }, NULL);
	}
	return result;
}

/* spoold is down: what is dropped waits, and can be taken back once. */
static struct libspool_result *
drop_down(struct person *p)
{
	struct libspool_job job = { .json = "{\"destinations\":[\"ok\"],"
	    "\"payload\":{\"type\":\"data\",\"data\":3}}" };
	int first, again;

	if (libspool_drop(p->spool, &job, p->id, p->name, &p->error) == -1)
		return NULL;
	(void)libspool_queue_list(p->spool, "new", row_print, p, &p->error);
	first = libspool_take_back(p->spool, p->name, NULL, &p->error);
	again = libspool_take_back(p->spool, p->name, NULL, &p->error);
	(void)printf("taken back: %d, then %d\n", first, again);
	return server(p);
}

/* The same, answered by one that is started for it. */
static struct libspool_result *
offline(struct person *p)
{
	struct libspool_result *result;

	libspool_set_offline(p->spool, p->spoold);
	libspool_set_timeout(p->spool, 60000);
	result = libspool_connect(p->spool, &p->error) == -1 ? NULL :
	    list(p);
	(void)printf("started for it: %d\n", libspool_is_offline(p->spool));
	return result;
}

static struct libspool_result *
any_verb(struct person *p)
{
	return libspool_ask(p->spool, "destination.get",
	    "{\"destinationId\":\"down\"}", &p->error);
}

static const struct {
	const char	*name;
	step		*run;
	const char	*place;
} steps[] = {
	{ "server", server, "health" },
	{ "create", create, "destinations[1].id" },
	{ "create, wrong", create_wrong, "" },
	{ "get", get, "config.webhook.secret" },
	{ "get, mistyped", get_mistyped, "" },
	{ "list", list, "totalCount" },
	{ "update", update, "description" },
	{ "update again", update, "" },
	{ "duplicate", duplicate, "id" },
	{ "disable", disable, "disabledReason" },
	{ "enable", enable, "version" },
	{ "test", test, "steps[0].name" },
	{ "health", health, "destinationId" },
	{ "export", export, "destination.id" },
	{ "import", import, "changes[0]" },
	{ "default add", default_add, "id" },
	{ "default list", default_list, "destinations[0]" },
	{ "default remove", default_remove, "id" },
	{ "delete", delete, "" },
	{ "secret rotate", secret_rotate, "drill.steps[0].name" },
	{ "secret confirm", secret_confirm, "" },
	{ "secret add", secret_add, "" },
	{ "secret list", secret_list, "secrets[0].made" },
	{ "secret revoke", secret_revoke, "" },
	{ "secret reveal", secret_reveal, "secret" },
	{ "secret second", secret_second, "values[0].field" },
	{ "submit inline", submit_inline, "destinations[0].destinationId" },
	{ "wait", wait_for, "status" },
	{ "submit a file", submit_file, "destinations[0].destinationId" },
	{ "wait", wait_for, "status" },
	{ "copied", copied_all, "" },
	{ "submit many", submit_many, "destinations[0].destinationId" },
	{ "wait", wait_for_many, "status" },
	{ "detach", detach, "" },
	{ "submit a pipe", submit_pipe, "destinations[0].destinationId" },
	{ "explain", until_backoff, "tickets[0].waitingFor" },
	{ "schedule", schedule, "waitingFor" },
	{ "payload", payload, "type" },
	{ "flush", flush, "count" },
	{ "explain", until_backoff, "tickets[0].waitingFor" },
	{ "hold", hold, "tickets[0].status" },
	{ "status", status, "destinations[0].status" },
	{ "queue", queue, "heldCount" },
	{ "waiting", rows_waiting, "" },
	{ "waiting, one", rows_enough, "" },
	{ "release", release, "tickets[0].status" },
	{ "explain", until_backoff, "tickets[0].waitingFor" },
	{ "cancel", cancel, "tickets[0].status" },
	{ "failed", rows_failed, "failedCount" },
	{ "nowhere", rows_nowhere, "" },
	{ "requeue", requeue, "tickets[0].status" },
	{ "explain", until_backoff, "tickets[0].waitingFor" },
	{ "expire", expire, "tickets[0].status" },
	{ "elsewhere", requeue_elsewhere, "tickets[0].to" },
	{ "wait", wait_for, "status" },
	{ "revoke", revoke_links, "tickets[0].status" },
	{ "sweep", sweep, "totalCount" },
	{ "config", config, "settings[0].value" },
	{ "reload", reload, "" },
	{ "any verb", any_verb, "id" },
	{ "write", write_only, "" },
	{ "stop", stop, "" },
	{ "drop", drop_down, "" },
	{ "offline", offline, "totalCount" },
};

static void
step_show(struct person *p, const char *name,
    const struct libspool_result *result, const char *place)
{
	if (result == NULL) {
		(void)printf("%s: %s%s%s%s%s\n", name, p->error.code,
		    p->error.nearest[0] == '\0' ? "" : " nearest ",
		    p->error.nearest,
		    p->error.fields[0] == '\0' ? "" : " fields ",
		    p->error.fields);
		return;
	}
	if (*place == '\0')
		(void)printf("%s: done\n", name);
	else if (libspool_text(result, place) != NULL)
		(void)printf("%s: %s\n", name, libspool_text(result, place));
	else
		(void)printf("%s: %lld %d %zu\n", name,
		    libspool_number(result, place, -1),
		    libspool_true(result, place),
		    libspool_count(result, place));
	if (libspool_json(result)[0] != '{')
		(void)printf("%s: no object\n", name);
}

/* How many were opened, none of which may stay so when a program is run. */
static int
descriptors(const char inherited[FDS_MAX])
{
	int count = 0;

	for (int fd = 0; fd < FDS_MAX; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags == -1 || inherited[fd])
			continue;
		count++;
		if ((flags & FD_CLOEXEC) == 0)
			(void)printf("descriptor %d is not closed on exec\n",
			    fd);
	}
	return count;
}

/* One that could not be opened fails with the error that said so. */
static void
unopened(struct person *p)
{
	p->spool = libspool_open("/nonexistent", NULL, &p->error);
	step_show(p, "unopened", queue(p), "");
	(void)printf("unopened: %d\n", libspool_connect(p->spool, &p->error));
	libspool_close(&p->spool);
}

int
main(int argc, char **argv)
{
	struct person p = { .url = argv[argc > 2 ? 1 : 0],
		.spoold = argv[argc > 2 ? 2 : 0] };
	struct libspool_result *result;
	char inherited[FDS_MAX];

	for (int fd = 0; fd < FDS_MAX; fd++)
		inherited[fd] = fcntl(fd, F_GETFD) != -1;
	(void)printf("version: %s\n", libspool_version());
	unopened(&p);
	p.spool = libspool_open(NULL, NULL, &p.error);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		result = steps[i].run(&p);
		step_show(&p, steps[i].name, result, steps[i].place);
		libspool_free(&result);
		(void)fflush(stdout);
	}
	(void)descriptors(inherited);
	libspool_close(&p.spool);
	(void)printf("descriptors left: %d\n", descriptors(inherited));
	return 0;
}
