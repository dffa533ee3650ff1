/*
 * run - a ticket given to its program
 *
 * The job goes to its standard input through a pipe, and its last piece only
 * once all of it was found to be what was accepted.  The payload's descriptor
 * is the program's, which may read it as it likes: it was gone through before,
 * and must not have been written to until the program has ended.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/pipe/config.h"
#include "workers/pipe/run.h"

/* --- what its end means --------------------------------------------------- */

/* A status that is in no row is deferred: who knows what it means. */
static const struct row {
	int		 status;
	enum verdict	 verdict;
	const char	*words;
} rows[] = {
	{ EX_OK, VERDICT_delivered, "success" },
	{ EX_USAGE, VERDICT_failed, "it was called wrongly" },
	{ EX_DATAERR, VERDICT_failed, "the job is not as it wants it" },
	{ EX_NOINPUT, VERDICT_failed, "there is no input" },
	{ EX_NOUSER, VERDICT_failed, "it does not know the recipient" },
	{ EX_NOHOST, VERDICT_failed, "it does not know the host" },
	{ EX_UNAVAILABLE, VERDICT_failed, "it cannot do that" },
	{ EX_SOFTWARE, VERDICT_failed, "it has a bug" },
	{ EX_OSERR, VERDICT_deferred, "its system is in trouble" },
	{ EX_OSFILE, VERDICT_failed, "a system file is missing" },
	{ EX_CANTCREAT, VERDICT_failed, "it cannot create its output" },
	{ EX_IOERR, VERDICT_failed, "it cannot read or write" },
	{ EX_TEMPFAIL, VERDICT_deferred, "later" },
	{ EX_PROTOCOL, VERDICT_failed, "the other side is not understood" },
	{ EX_NOPERM, VERDICT_failed, "it may not" },
	{ EX_CONFIG, VERDICT_failed, "it is configured wrongly" },
};

static const struct row *
row_of(int status)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].status == status)
			return &rows[i];
	return NULL;
}

/* The first line of what it said, harmless; empty if it said nothing. */
static void
first_line(const struct run *run, struct buf *line)
{
	const char *said = run->said.len > 0 ? run->said.data : "";

	buf_str(line, "");
	verdict_words(line, said, strcspn(said, "\r\n"));
}

static void
answer_exit(const struct run *run, int status, struct link_record *record,
    struct buf *reason)
{
	const struct row *row = row_of(status);
	struct buf line = { 0 };

	first_line(run, &line);
	record->outcome.code = status;
	record->outcome.verdict = (int32_t)(row != NULL ? row->verdict :
	    VERDICT_deferred);
	if (record->outcome.verdict == VERDICT_delivered)
		buf_add(reason, line.data, line.len);
	else {
		record->outcome.error = ERROR_PROGRAM_FAILED;
		buf_printf(reason, "the program ended with status %d%s%s%s%s",
		    status, row != NULL ? " (" : "",
		    row != NULL ? row->words : "", row != NULL ? ")" : "",
		    line.len > 0 ? ": " : "");
		buf_add(reason, line.data, line.len);
	}
	buf_free(&line);
}

static void
answer_signal(const struct run *run, int number, struct link_record *record,
    struct buf *reason)
{
	const struct config *config = run->attempt->config;

	record->outcome.verdict = VERDICT_deferred;
	record->outcome.error = run->overdue ? ERROR_TIMEOUT :
	    ERROR_PROGRAM_FAILED;
	if (run->overdue)
		buf_printf(reason, "the program ran for longer than %lld ms "
		    "and was killed", (long long)config->time_limit);
	else
		buf_printf(reason, "the program was ended by signal %d (%s)",
		    number, sigdescr_np(number) != NULL ?
		    sigdescr_np(number) : "unknown");
}

/* Its outcome as far as it is the program's. */
static void
run_answer(struct run *run, int status)
{
	struct buf reason = { .max = 900 }, remote = { 0 };
	struct link_record record;

	link_init(&record, LINK_outcome);
	buf_str(&reason, "");
	if (WIFEXITED(status))
		answer_exit(run, WEXITSTATUS(status), &record, &reason);
	else
		answer_signal(run, WTERMSIG(status), &record, &reason);
	record.outcome.bytes = run->given;
	if (record.outcome.verdict == VERDICT_delivered) {
		/* A reference is one word or few. */
		if (reason.len > 250)
			reason.data[250] = '\0';
		record.text[OUTCOME_reference] = reason.data;
	} else {
		record.text[OUTCOME_reason] = reason.data;
		buf_str(&remote, "");
		verdict_words(&remote, run->said.data, run->said.len);
		record.text[OUTCOME_remote] = remote.data;
	}
	attempt_end(run->attempt, &record);
	buf_free(&reason);
	buf_free(&remote);
}

/* 0 if the payload is as it was before, or there is none. */
static int
payload_check(const struct run *run, struct why *why)
{
	const struct parcel *parcel = &run->attempt->parcel;
	struct stat st;

	if (!parcel->has_file)
		return 0;
	if (fstat(parcel->payload, &st) == -1)
		return why_errno(why, "look at the payload");
	if (st.st_size == (off_t)parcel->content.length &&
	    st.st_ctim.tv_sec == run->changed_s &&
	    st.st_ctim.tv_nsec == run->changed_ns)
		return 0;
	return why_set(why, ERROR_PAYLOAD_CHANGED,
	    "the payload is no longer what was accepted; the program may have "
	    "read either");
}

/* --- while it runs -------------------------------------------------------- */

static void
run_unwatch(struct run *run, struct watch *watch)
{
	if (watch->arg == NULL)
		return;
	courier_unwatch(run->attempt->courier, watch);
	watch->arg = NULL;
}

static void
run_watch(struct run *run, struct watch *watch, int fd, short events,
    void (*ready)(void *, short))
{
	watch->fd = fd;
	watch->events = events;
	watch->ready = ready;
	watch->arg = run;
	courier_watch(run->attempt->courier, watch);
}

/* Nothing more goes to its standard input. */
static void
input_end(struct run *run)
{
	run_unwatch(run, &run->input);
	(void)close(run->program.input);
	run->program.input = -1;
}

static void
input_ready(void *arg, short events)
{
	struct run *run = arg;
	int64_t got;
	ssize_t n;

	(void)events;
	if (run->written == run->length) {
		got = extent_read(&run->reader, run->chunk, RUN_CHUNK,
		    &run->broken);
		if (got == -1)
			(void)kill(-run->program.pid, SIGKILL);
		if (got <= 0) {
			input_end(run);
			return;
		}
		run->length = (size_t)got;
		run->written = 0;
	}
	n = write(run->program.input, run->chunk + run->written,
	    run->length - run->written);
	if (n > 0) {
		run->written += (size_t)n;
		run->given += n;
	} else if (n == -1 && errno != EAGAIN && errno != EINTR)
		input_end(run);		/* it does not want more */
}

/* What is more than enough is read and forgotten. */
static bool
output_read(struct run *run)
{
	char chunk[RUN_CHUNK];
	ssize_t n = read(run->program.output, chunk, sizeof(chunk));

	if (n > 0 && run->said.len < RUN_OUTPUT_MAX)
		buf_add(&run->said, chunk, (size_t)n);
	return n > 0 || (n == -1 && errno == EINTR);
}

static void
output_ready(void *arg, short events)
{
	struct run *run = arg;

	(void)events;
	/* Its end is no end of the program. */
	if (!output_read(run) && errno != EAGAIN)
		run_unwatch(run, &run->output);
}

static void
ended_ready(void *arg, short events)
{
	struct run *run = arg;
	struct attempt *attempt = run->attempt;
	struct why why;
	int status;

	(void)events;
	for (int i = 0; i < RUN_OUTPUT_MAX / RUN_CHUNK && output_read(run);
	    i++)
		;
	run_unwatch(run, &run->ended);
	run_unwatch(run, &run->input);
	run_unwatch(run, &run->output);
	status = program_end(&run->program);
	if (run->broken.code != ERROR_NONE)
		attempt_fail(attempt, &run->broken);
	else if (payload_check(run, &why) == -1)
		attempt_fail(attempt, &why);
	else
		run_answer(run, status);
}

bool
runs_turn(struct courier *courier)
{
	struct runs *runs = courier_own(courier);
	int64_t now = clock_monotonic();
	struct run *run;

	TAILQ_FOREACH(run, &runs->list, entry) {
		const struct config *config = run->attempt->config;
		int64_t ran = now - run->began;

		/* It goes on by the time that it runs. */
		attempt_moved(run->attempt, ran);
		if (ran > config->time_limit && !run->overdue) {
			run->overdue = true;
			(void)kill(-run->program.pid, SIGKILL);
		} else if (!run->overdue)
			courier_wake(courier, run->began +
			    config->time_limit + 1);
	}
	return false;
}

/* --- before it ------------------------------------------------------------ */

int
run_open(struct attempt *attempt, struct why *why)
{
	struct run *run = attempt->state;
	struct stat st;

	run->attempt = attempt;
	if (!attempt->parcel.has_file)
		return 0;
	if (fstat(attempt->parcel.payload, &st) == -1)
		return why_errno(why, "look at the payload");
	run->changed_s = st.st_ctim.tv_sec;
	run->changed_ns = st.st_ctim.tv_nsec;
	extent_begin(&run->reader, &attempt->parcel.content);
	return 0;
}

int
run_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct run *run = attempt->state;
	int64_t got;

	if (!attempt->parcel.has_file)
		return 1;
	got = extent_read(&run->reader, courier_chunk(attempt->courier),
	    COURIER_CHUNK, why);
	*done += got;
	return got == -1 ? -1 : got == 0;
}

/* Nothing else is in its environment. */
static int
run_start(struct run *run, struct why *why)
{
	const struct attempt *attempt = run->attempt;
	const struct config *config = attempt->config;
	char id[ID_LENGTH + 1];
	char *environment[4] = { NULL };
	struct program_start start = {
		.command = config->command,
		.environment = environment,
		.payload = attempt->parcel.payload,
		.memory_limit = config->memory_limit,
	};
	int result;

	id_format(&attempt->facts.id, id);
	environment[0] = xasprintf("SPOOLD_ID=%s", id);
	environment[1] = xasprintf("SPOOLD_DESTINATION=%s",
	    attempt->text[ATTEMPT_destination]);
	environment[2] = xasprintf("SPOOLD_ATTEMPT=%d",
	    (int)attempt->facts.attempt);
	result = program_start(&run->program, &start, why);
	for (int i = 0; i < 3; i++)
		free(environment[i]);
	return result;
}

void
run_send(struct attempt *attempt)
{
	struct runs *runs = courier_own(attempt->courier);
	struct run *run = attempt->state;
	struct why why;

	if (run_start(run, &why) == -1) {
		attempt_fail(attempt, &why);
		return;
	}
	run->running = true;
	run->began = clock_monotonic();
	TAILQ_INSERT_TAIL(&runs->list, run, entry);
	extent_begin(&run->reader, &attempt->parcel.whole);
	run_watch(run, &run->ended, run->program.ended, POLLIN, ended_ready);
	run_watch(run, &run->input, run->program.input, POLLOUT, input_ready);
	run_watch(run, &run->output, run->program.output, POLLIN,
	    output_ready);
}

void
run_close(struct attempt *attempt)
{
	struct runs *runs = courier_own(attempt->courier);
	struct run *run = attempt->state;

	if (run->running)
		TAILQ_REMOVE(&runs->list, run, entry);
	extent_free(&run->reader);
	buf_free(&run->said);
}
