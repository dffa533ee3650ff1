/*
 * spoold - the supervisor
 *
 * spoold -c FILE [--ready-fd N] [--offline] [--restored] [--volatile]
 *
 * Stays in the foreground.  With --ready-fd it says "ready" there once it
 * takes jobs.  With --offline it recovers, serves the one control connection
 * on descriptor 3, and ends with it: that is how commands work while no spoold
 * runs.  SIGTERM and SIGINT end it when the attempts under way have ended, a
 * second one at once; SIGHUP reloads the configuration.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/format.h"
#include "lib/instance.h"
#include "lib/json.h"
#include "lib/link.h"
#include "lib/log.h"
#include "lib/process.h"
#include "lib/service.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/callback.h"
#include "spoold/checkpoint.h"
#include "spoold/commit.h"
#include "spoold/configuration.h"
#include "spoold/denied.h"
#include "spoold/durable.h"
#include "spoold/fetch.h"
#include "spoold/flights.h"
#include "spoold/hostkeys.h"
#include "spoold/nurse.h"
#include "spoold/options.h"
#include "spoold/recent.h"
#include "spoold/recover.h"
#include "spoold/roles.h"
#include "spoold/roll.h"
#include "spoold/rotations.h"
#include "spoold/schedule.h"
#include "spoold/secrets.h"
#include "spoold/server.h"
#include "spoold/setup.h"
#include "spoold/spoold.h"
#include "spoold/sweep.h"
#include "spoold/unseen.h"
#include "spoold/usage.h"
#include "spoold/watch.h"
#include "spoold/worker.h"

#define CHECK_EVERY 1000	/* ms between looks for silent workers */

/* --- signals and timers --------------------------------------------------- */

struct signals {
	struct spoold	*spoold;	/* borrowed */
	struct source	 source;
	struct timer	 check;
};

static void
signals_ready(void *arg, uint32_t events)
{
	struct signals *signals = arg;
	struct spoold *s = signals->spoold;
	struct signalfd_siginfo info;
	struct buf changes = { 0 };
	struct why why;

	(void)events;
	if (read(signals->source.fd, &info, sizeof(info)) !=
	    (ssize_t)sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGHUP:
		service_reloading();
		if (configuration_reload(s, NULL, &changes, &why) == -1)
			log_error("reload: %s: the running configuration "
			    "stays", why.text);
		buf_free(&changes);
		service_ready();
		break;
	case SIGTERM:
	case SIGINT:
		spoold_stop(s, s->phase == PHASE_DRAINING);
		break;
	}
}

static void
signals_check(void *arg)
{
	struct signals *signals = arg;
	struct spoold *s = signals->spoold;
	struct organization *org;

	service_alive();
	flights_check(s);
	trials_check(s);
	erasures_check(s);
	fetches_check(s);
	denied_check(s);
	secrets_check(s);
	expirations_check(s);
	hostkeys_check(s);
	unseen_check(s);
	stepped_check(s);
	TAILQ_FOREACH(org, &s->organizations, entry)
		drops_check(s, org);
	timer_set(s->loop, &signals->check, clock_monotonic() + CHECK_EVERY);
}

/* It only wakes the loop, which looks at what is due in every turn. */
static void
spoold_wake(void *arg)
{
	(void)arg;
}

static int
signals_open(struct spoold *s, struct signals *signals, struct why *why)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return why_errno(why, "sigprocmask");
	sigdelset(&set, SIGPIPE);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd == -1)
		return why_errno(why, "signalfd");
	signals->spoold = s;
	signals->source.ready = signals_ready;
	signals->source.arg = signals;
	signals->check.fire = signals_check;
	signals->check.arg = signals;
	timer_set(s->loop, &signals->check, clock_monotonic() + CHECK_EVERY);
	return source_add(s->loop, &signals->source, fd, EPOLLIN, why);
}

/* --- the end -------------------------------------------------------------- */

static void
spoold_ended(struct spoold *s)
{
	s->phase = PHASE_ENDED;
}

/* Nothing is under way any more (or nobody waits for it): the last lines. */
static void
spoold_close(struct spoold *s)
{
	struct buf fields = { 0 };
	struct pool *pool;

	s->phase = PHASE_CLOSING;
	TAILQ_FOREACH(pool, &s->pools, entry)
		pool_retire(pool);
	denied_settle(s);
	/* The checkpoint that follows signs it, too. */
	if (!s->offline)
		(void)commit_line(s, EVENT_stop, &fields);
	usage_write_all(s);
	checkpoint_last(s, spoold_ended);
}

void
spoold_stop(struct spoold *s, bool now)
{
	if (s->phase == PHASE_RUNNING) {
		if (!s->offline)
			service_stopping();
		s->phase = PHASE_DRAINING;
		flights_withdraw(s);
	}
	if (s->phase == PHASE_DRAINING && now)
		spoold_close(s);
}

/* --- the loop ------------------------------------------------------------- */

/* One turn's work besides events; true if there is more at once. */
static bool
spoold_work(struct spoold *s)
{
	struct organization *org;
	bool busy = false;

	express_turn(s);
	if (s->phase == PHASE_RUNNING && !s->offline) {
		for (org = organizations_turn(s); org != NULL;
		    org = organizations_next(s, org)) {
			if (express_yields(s, org))
				continue;
			if (drops_run(s, org))
				busy = true;
			if (organization_scan_piece(s, org))
				busy = true;
			if (expiry_read(s, org))
				busy = true;
		}
		expiry_run(s);
		schedule_due(s);
		schedule_run(s);
		trials_run(s);
		erasures_run(s);
		fetches_run(s);
	}
	if (s->phase == PHASE_DRAINING && s->drops_at_work == 0 &&
	    (TAILQ_EMPTY(&s->flights) || flights_are_stuck(s)))
		spoold_close(s);
	/* Some need a moment in which nothing is on its way. */
	if (commit_turn(s, s->phase != PHASE_RUNNING || sweep_waits(s) ||
	    checkpoint_waits(s)))
		busy = true;
	if (sweep_run(s))
		busy = true;
	checkpoint_run(s);
	/* What was carried out may have made tickets ready. */
	return busy || express_is_over(s) || (s->look_for_work &&
	    s->phase == PHASE_RUNNING && !s->offline &&
	    commit_possible(s, NULL));
}

static int
spoold_loop(struct spoold *s, struct why *why)
{
	bool busy = true;

	while (s->phase != PHASE_ENDED) {
		if (loop_turn(s->loop, busy, why) == -1)
			return -1;
		busy = spoold_work(s);
	}
	return 0;
}

/* --- the beginning -------------------------------------------------------- */

static void
spoold_init(struct spoold *s, const struct options *options)
{
	TAILQ_INIT(&s->organizations);
	TAILQ_INIT(&s->removed);
	TAILQ_INIT(&s->pools);
	TAILQ_INIT(&s->flights);
	TAILQ_INIT(&s->trials);
	resume_begin(&s->resumes);
	TAILQ_INIT(&s->erasures);
	TAILQ_INIT(&s->revocations);
	TAILQ_INIT(&s->alerts_about);
	s->lock = -1;
	s->offline = options->offline;
	s->restored = options->restored;
	s->allow_volatile = options->allow_volatile;
	s->started_at = clock_wall();
	s->recent = recent_new();
	s->callbacks = callbacks_new();
	s->fetches = fetches_new();
	s->refused = denied_new();
	s->unseen = unseen_look_new(s);
	s->link_buffer = xcalloc(1, sizeof(*s->link_buffer));
}

static int
spoold_open_journal(struct spoold *s, struct journal_found *found,
    struct why *why)
{
	char *directory = xasprintf("%s/journal", s->conf->top_log_directory);
	char *public_key = xasprintf("%s/journal.pub",
	    s->conf->top_log_directory);
	char *private_key = xasprintf("%s/journal.key",
	    s->conf->top_state_directory);
	struct journal_place place = { directory, public_key, private_key };

	s->lock = spool_lock(s->conf->top_spool_directory, directory, why);
	if (s->lock != -1 && format_begin(s->conf, why) == 0)
		s->journal = journal_open(&place, found, why);
	free(directory);
	free(public_key);
	free(private_key);
	return s->journal == NULL ? -1 : 0;
}

static void
spoold_begin_journal(struct spoold *s, const struct journal_found *found)
{
	struct buf fields = { 0 };

	if (!s->offline || found->fresh) {
		json_put_string(&fields, "version", SPOOLD_VERSION);
		(void)conf_overrides(s->conf, &fields);
		(void)commit_line(s, EVENT_start, &fields);
	}
	for (size_t i = 0; i < s->conf->unknown_variables.count &&
	    !s->offline; i++)
		log_warning("%s in the environment is no setting",
		    s->conf->unknown_variables.items[i]);
	if (found->bad != 0)
		alert_begin(s, ALERT_journal_damaged, "line %lld of the "
		    "journal is not what was written; see spoollog verify",
		    (long long)found->bad);
	if (found->cut != 0)
		log_warning("journal: %lld bytes at its end were not whole "
		    "and are kept beside it", (long long)found->cut);
}

static int
key_take(struct spoold *s, struct why *why)
{
	s->vault = vault_open(s->conf->top_key_directory, why);
	return s->vault == NULL ? -1 : 0;
}

static int
spoold_open(struct spoold *s, const struct options *options,
    struct signals *signals, struct why *why)
{
	struct journal_found found = { 0 };
	struct organization *org;

	/* Whoever opens the lock, the journal or a secret, nobody dumps it. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return why_errno(why, "PR_SET_DUMPABLE");
	if (!s->offline && setup_check(s->conf, why) == -1)
		return -1;
	s->loop = loop_new(why);
	if (s->loop == NULL || signals_open(s, signals, why) == -1 ||
	    (s->nurse != NULL && nurse_listen(s->nurse, s, why) == -1))
		return -1;
	/* Before memory grows; and after the lock, whose copy it closes. */
	if (spoold_open_journal(s, &found, why) == -1)
		return -1;
	s->durable = durable_new(s, s->conf->top_spool_directory, why);
	if (s->durable == NULL)
		return -1;
	if (s->vault == NULL && key_take(s, why) == -1)
		return -1;
	s->commit = commit_new(s, why);
	if (s->commit == NULL)
		return -1;
	s->checkpoint = checkpoint_new(s);
	s->due_timer.fire = spoold_wake;
	s->due_timer.arg = s;
	s->express_timer.fire = spoold_wake;
	s->express_timer.arg = s;
	s->pace_timer.fire = schedule_wake;
	s->pace_timer.arg = s;
	s->expiry_timer.fire = spoold_wake;
	s->expiry_timer.arg = s;
	spoold_begin_journal(s, &found);
	if (organizations_open(s, why) == -1 ||
	    recover(s, &found, why) == -1)
		return -1;
	roll_call(s, NULL);
	roles_resolve(s);
	stepped_begin(s, found.last_time);
	s->sweep = sweep_new(s);
	s->phase = PHASE_RUNNING;
	if (options->offline)
		return server_new_offline(s, OFFLINE_FD, why) == NULL ? -1 : 0;
	s->usage = usage_new(s);
	s->watch = watch_new(s, why);
	if (s->watch == NULL)
		return -1;
	TAILQ_FOREACH(org, &s->organizations, entry) {
		watch_organization(s, org);
		organization_scan(org, SCAN_ALL);
	}
	return server_new(s, why) == NULL ? -1 : 0;
}

static void
spoold_free(struct spoold *s)
{
	struct flight *flight;

	trials_end(s);
	erasures_end(s);
	sweep_stop(s);
	server_free(&s->server);
	while ((flight = TAILQ_FIRST(&s->flights)) != NULL) {
		TAILQ_REMOVE(&s->flights, flight, entry);
		flight->waiting->flight = NULL;
		flight_leave_worker(flight);
		flight_free(flight);
	}
	durable_free(&s->durable);
	/* A batch that the helper had is ended by that. */
	sweep_free(&s->sweep);
	usage_free(&s->usage);
	organizations_close(s);
	nurse_free(&s->nurse);
	fetches_free(&s->fetches);
	denied_free(&s->refused);
	revoke_free_all(s);
	callbacks_free(&s->callbacks);
	watch_free(&s->watch);
	checkpoint_free(&s->checkpoint);
	commit_free(&s->commit);
	journal_close(&s->journal);
	vault_close(&s->vault);
	recent_free(&s->recent);
	unseen_look_free(&s->unseen);
	alerts_free(s);
	free(s->link_buffer);
	free(s->owner.name);
	loop_free(&s->loop);
	conf_free(&s->conf);
	if (s->lock != -1)
		close(s->lock);
}

/* What it has ended for, if nobody asked it to. */
static bool
spoold_failed(const struct spoold *s, struct why *why)
{
	*why = s->failure;
	return why->code != ERROR_NONE;
}

/* Tells who waits, and lets the terminal go. */
static int
spoold_ready(const struct spoold *s, int fd, struct why *why)
{
	int null, result = 0;

	if (!s->offline)
		service_ready();
	if (fd == -1)
		return 0;
	if (write(fd, "ready\n", 6) != 6)
		return why_errno(why, "say ready");
	close(fd);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1)
		return why_errno(why, "open /dev/null");
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) == -1)
			result = why_errno(why, "dup2");
	close(null);
	if (s->conf->log_target[0] == '/' && result == 0) {
		/* What workers say on stderr goes where the log is. */
		null = open(s->conf->log_target, O_WRONLY | O_APPEND |
		    O_CREAT | O_CLOEXEC, 0600);
		if (null == -1 || dup2(null, STDERR_FILENO) == -1)
			result = why_errno(why, "open %s",
			    s->conf->log_target);
		if (null != -1)
			close(null);
	}
	return result;
}

/*
 * The system's instance begins as root: the nurse stays so, this process does
 * not.  What is below /run is gone after each boot.
 */
static int
spoold_become(struct spoold *s, struct why *why)
{
	struct account account;

	if (!instance_is_shared(s->conf))
		return 0;
	if (geteuid() == 0 && (instance_check_file(s->conf, why) == -1 ||
	    instance_user(s->conf, &account, why) == -1 ||
	    place_make(s->conf, PLACE_run, &account, why) == -1))
		return -1;
	if (geteuid() != 0 && !s->offline)
		return why_set(why, ERROR_PERMISSION_DENIED, "%s is of the "
		    "system's instance, which root starts", s->conf->file);
	if (!s->offline && (s->nurse = nurse_new(s->conf, why)) == NULL)
		return -1;
	return instance_become(s->conf, why);
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct signals signals = { 0 };
	struct spoold s = { 0 };
	struct why why;
	bool unrecorded;
	int status = 0;

	if (options_read(argc, argv, &options) == -1) {
		options_usage();
		return error_exit_status(ERROR_USAGE);
	}
	umask(077);
	spoold_init(&s, &options);
	if (process_hide(&why) == 0 && descriptors_close(&options, &why) == 0)
		s.conf = configuration_read(options.file, options.offline,
		    &why);
	/* A credential is for whom systemd started, whoever that becomes. */
	if (s.conf == NULL || (vault_is_given() &&
	    key_take(&s, &why) == -1) || spoold_become(&s, &why) == -1 ||
	    configuration_log(s.conf, &why) == -1 ||
	    spoold_open(&s, &options, &signals, &why) == -1 ||
	    spoold_ready(&s, options.ready_fd, &why) == -1 ||
	    spoold_loop(&s, &why) == -1 || spoold_failed(&s, &why)) {
		(void)fprintf(stderr, "spoold: %s: %s\n",
		    error_name(why.code), why.text);
		log_error("%s: %s", error_name(why.code), why.text);
		status = error_exit_status(why.code);
	}
	unrecorded = s.commit != NULL && !commit_carried_out(&s);
	spoold_free(&s);
	/* What waited for lines that could not be written nobody else knows. */
	if (unrecorded)
		_exit(status);
	return status;
}
