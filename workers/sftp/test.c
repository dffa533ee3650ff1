/*
 * test - a login, and a file that is made and removed
 *
 * Where files may be put shows only by putting one: an empty one with a name
 * that begins with a dot, as those under way have, and it is removed at once.
 * A template's values come with a job, so it is the directory before the first
 * of them; where directories are made, the innermost that is there.  A
 * synthetic delivery is a small file that stays.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"

#include "workers/sftp/config.h"
#include "workers/sftp/envelope.h"
#include "workers/sftp/outcome.h"
#include "workers/sftp/test.h"

#define SYNTHETIC "{\"test\":true}\n"

static void	 probe_go(struct trial *, enum probe_phase);

void
test_close(struct trial *trial)
{
	struct probe *probe = trial->state;

	if (probe->asked)
		clients_leave(courier_own(trial->courier), &probe->caller,
		    false);
	buf_free(&probe->directory);
	buf_free(&probe->path);
}

/* --- its end -------------------------------------------------------------- */

static int64_t
since_start(const struct trial *trial, int64_t when)
{
	return when - trial->started;
}

/* How far it came; each step up to the first that failed. */
static bool
tell_steps(struct trial *trial, const struct connection_times *times)
{
	const struct {
		enum step	 step;
		int64_t		 when;
	} steps[] = {
		{ STEP_resolve, times->resolved },
		{ STEP_connect, times->connected },
		{ STEP_hostKey, times->trusted },
		{ STEP_authenticate, times->logged_in },
	};
	int64_t from = 0, now = since_start(trial, clock_monotonic());

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		bool good = steps[i].when != 0;
		int64_t to = good ? since_start(trial, steps[i].when) : now;

		trial_step(trial, steps[i].step, good, from, to);
		if (!good)
			return false;
		from = to;
	}
	return true;
}

static void
probe_end(struct trial *trial, const struct outcome *outcome, bool clean)
{
	struct probe *probe = trial->state;
	struct client *client = probe->caller.client;
	struct connection_times none = { 0 };
	struct link_record record;
	struct buf key = { 0 };
	int64_t now = since_start(trial, clock_monotonic());

	if (tell_steps(trial, client != NULL ? &client->connection->times : &none) &&
	    probe->since != 0)
		trial_step(trial, trial->facts.test == TEST_reach ?
		    STEP_write : STEP_deliver, outcome->error == ERROR_NONE,
		    since_start(trial, probe->since), now);
	if (client != NULL)
		trial_says(trial, STEP_connect, "%s", client->connection->peer);
	if (client != NULL && client->connection->shown != FAMILY_any) {
		hostkey_print(client->connection->sha256, &key);
		trial_says(trial, STEP_hostKey, "%s", key.data);
		buf_free(&key);
	}
	link_init(&record, LINK_tested);
	record.tested.error = (int32_t)outcome->error;
	record.tested.code = (int32_t)outcome->code;
	record.text[TESTED_reason] = outcome->words;
	clients_leave(courier_own(trial->courier), &probe->caller, clean);
	probe->asked = false;
	trial_end(trial, &record);
}

static void
probe_broken(void *arg, const struct why *why)
{
	struct outcome outcome;

	outcome_why(&outcome, why);
	probe_end(arg, &outcome, false);
}

static void
probe_refused(struct trial *trial, const struct wire_answer *answer,
    const char *what)
{
	struct outcome outcome;

	outcome_status(&outcome, answer, what);
	probe_end(trial, &outcome, false);
	buf_free(&outcome.remote);
}

/* --- requests and answers ------------------------------------------------- */

/* What is before the first value of the template, up to a slash. */
static void
find_directory(struct probe *probe, const char *path)
{
	size_t length = strcspn(path, "{");

	while (path[length] == '{' && length > 0 && path[length - 1] != '/')
		length--;
	while (length > 0 && path[length - 1] == '/')
		length--;
	buf_add(&probe->directory, path, length);
}

static void
begin_open(struct trial *trial, struct buf *out)
{
	struct probe *probe = trial->state;
	char id[ID_LENGTH + 1];

	id_format(&trial->facts.id, id);
	buf_clear(&probe->path);
	buf_printf(&probe->path, trial->facts.test == TEST_reach ?
	    "%s%s.spoold.%s.part" : "%s%sspoold-test.%s.json",
	    probe->directory.len > 0 ? probe->directory.data : "",
	    probe->directory.len > 0 ? "/" : "", id);
	wire_open(out, probe->id, probe->path.data, WIRE_FOR_WRITING |
	    WIRE_CREATING | WIRE_EXCLUSIVE);
}

/* True if there is a directory above it to try. */
static bool
go_up(struct probe *probe)
{
	const char *slash = probe->directory.len == 0 ? NULL :
	    strrchr(probe->directory.data, '/');

	if (probe->directory.len == 0)
		return false;
	probe->directory.len = slash == NULL ? 0 :
	    (size_t)(slash - probe->directory.data);
	probe->directory.data[probe->directory.len] = '\0';
	return true;
}

static void
answer_open(struct trial *trial, const struct wire_answer *answer)
{
	struct probe *probe = trial->state;
	const struct config *config = trial->config;

	if (answer->type == WIRE_HANDLE) {
		probe->handle.length = answer->length;
		memcpy(probe->handle.bytes, answer->bytes, answer->length);
		probe_go(trial, trial->facts.test == TEST_reach ?
		    PROBE_close : PROBE_write);
	} else if (answer->type == WIRE_STATUS &&
	    answer->status == WIRE_NO_SUCH_FILE &&
	    config->create_directories && go_up(probe))
		probe_go(trial, PROBE_open);
	else
		probe_refused(trial, answer, "create a file");
}

static void
begin_write(struct trial *trial, struct buf *out)
{
	struct probe *probe = trial->state;

	wire_write(out, probe->id, &probe->handle, 0, SYNTHETIC,
	    (uint32_t)strlen(SYNTHETIC));
}

static void
begin_close(struct trial *trial, struct buf *out)
{
	struct probe *probe = trial->state;

	wire_handle(out, probe->id, WIRE_CLOSE, &probe->handle);
}

static void
begin_remove(struct trial *trial, struct buf *out)
{
	struct probe *probe = trial->state;

	wire_path(out, probe->id, WIRE_REMOVE, probe->path.data);
}

static const struct {
	void		(*begin)(struct trial *, struct buf *);
	const char	*tried;
} probe_phases[PROBE_phases] = {
	[PROBE_open] = { begin_open, "create a file" },
	[PROBE_write] = { begin_write, "write a file" },
	[PROBE_close] = { begin_close, "close a file" },
	[PROBE_remove] = { begin_remove, "remove a file" },
};

static void
probe_go(struct trial *trial, enum probe_phase phase)
{
	struct probe *probe = trial->state;

	probe->phase = phase;
	probe->id = client_id(&probe->caller);
	probe_phases[phase].begin(trial, client_out(&probe->caller));
}

static void
probe_ready(void *arg)
{
	struct trial *trial = arg;
	struct probe *probe = trial->state;
	const struct config *config = trial->config;
	const char *path = config->path == NULL ? "" : config->path;

	probe->since = clock_monotonic();
	buf_clear(&probe->directory);
	find_directory(probe, path + strspn(path, "/"));
	probe_go(trial, PROBE_open);
}

static void
probe_answered(void *arg, const struct wire_answer *answer)
{
	struct trial *trial = arg;
	struct probe *probe = trial->state;
	const struct outcome good = { .error = ERROR_NONE };

	if (probe->phase == PROBE_open)
		answer_open(trial, answer);
	else if (answer->type != WIRE_STATUS || answer->status != WIRE_OK)
		probe_refused(trial, answer,
		    probe_phases[probe->phase].tried);
	else if (probe->phase == PROBE_write)
		probe_go(trial, PROBE_close);
	else if (probe->phase == PROBE_close &&
	    trial->facts.test == TEST_reach)
		probe_go(trial, PROBE_remove);
	else
		probe_end(trial, &good, true);
}

/*
 * True if what it encrypts to is valid, which is said if not for long; else the
 * trial has ended.
 */
static bool
can_encrypt(struct trial *trial)
{
	const struct config *config = trial->config;
	struct buf note = { .max = STEP_SAYS_MAX - 1 };
	struct certificates *chosen;
	struct why why;

	if (config->encrypt == NULL)
		return true;
	chosen = envelope_choose(config->encrypt, &why);
	if (chosen == NULL) {
		trial_fail(trial, &why);
		return false;
	}
	certificates_free(&chosen);
	certificates_note(config->encrypt, "encrypt", &note);
	if (note.len > 0)
		trial_says(trial, trial->facts.test == TEST_reach ?
		    STEP_write : STEP_deliver, "%s", note.data);
	buf_free(&note);
	return true;
}

void
test_start(struct trial *trial)
{
	struct probe *probe = trial->state;

	if (!can_encrypt(trial))
		return;
	probe->caller = (struct caller) {
		.config = trial->config,
		.timeout = trial->facts.timeout,
		.fresh = true,
		.ready = probe_ready,
		.answered = probe_answered,
		.broken = probe_broken,
		.arg = trial,
	};
	probe->asked = true;
	clients_ask(courier_own(trial->courier), &probe->caller);
}
