/*
 * drop - a dropped job, from its appearance in new/ to its verdict
 *
 * The supervisor looks at a drop from outside only; intake reads it.  Since
 * its owner may still write to it, replace it or take it away, what was opened
 * is compared with what is there whenever something is decided.  A drop that
 * cannot be taken now (the disk's reserve, a stalled journal) stays queued.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/accept.h"
#include "spoold/commit.h"
#include "spoold/drop.h"
#include "spoold/organization.h"
#include "spoold/refuse.h"
#include "spoold/reserve.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/worker.h"

#define DROPS_MAX 4096		/* in memory; the rest waits in new/ */
#define AT_INTAKE_MAX 64	/* an organization's, given to intake at
				 * once */
#define LEFT_ALONE 10000	/* ms without a change make it final */
#define DEATHS_MAX 3
#define NAME_MAX_DROPPED 200	/* bytes, with .json */

static int
drop_compare(const struct drop *a, const struct drop *b)
{
	return strcmp(a->name, b->name);
}

/* The analyzer does not see that drop_free() takes it out of the tree. */
/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
RB_GENERATE(drop_tree, drop, entry, drop_compare)

void
drops_init(struct drops *drops)
{
	RB_INIT(&drops->tree);
	TAILQ_INIT(&drops->queue);
	TAILQ_INIT(&drops->at_intake);
}

/* Takes it out of the queue that its state says. */
static void
drop_unqueue(struct drop *drop)
{
	struct drops *drops = &drop->organization->drops;

	if (drop->state == DROP_QUEUED)
		TAILQ_REMOVE(&drops->queue, drop, queue);
	else if (drop->state == DROP_AT_INTAKE) {
		TAILQ_REMOVE(&drops->at_intake, drop, queue);
		if (drop->worker != NULL)
			worker_release(drop->worker);
		drop->worker = NULL;
		drops->at_work--;
		drop->spoold->drops_at_work--;
	}
	timer_clear(drop->spoold->loop, &drop->left_alone);
}

static void
drop_enter(struct drop *drop, enum drop_state state)
{
	struct drops *drops = &drop->organization->drops;

	drop_unqueue(drop);
	drop->state = state;
	if (state == DROP_QUEUED)
		TAILQ_INSERT_TAIL(&drops->queue, drop, queue);
	else if (state == DROP_AT_INTAKE) {
		TAILQ_INSERT_TAIL(&drops->at_intake, drop, queue);
		drops->at_work++;
		drop->spoold->drops_at_work++;
	}
}

void
drop_judged(struct drop *drop)
{
	drop_enter(drop, DROP_JUDGED);
}

void
drop_free(struct drop *drop)
{
	struct organization *org = drop->organization;

	drop_unqueue(drop);
	if (drop->request != NULL)
		server_drop_gone(drop->request);
	RB_REMOVE(drop_tree, &org->drops.tree, drop);
	org->drops.count--;
	org->drops.counted -= drop->counted;
	if (org->drops.more && org->drops.count < DROPS_MAX / 2) {
		org->drops.more = false;
		organization_scan(org, SCAN_DROPS);
	}
	free(drop->submitter);
	free(drop->payload);
	free(drop->name);
	free(drop);
}

void
drops_free(struct organization *org)
{
	struct drop *drop;

	org->drops.more = false;
	while ((drop = RB_MIN(drop_tree, &org->drops.tree)) != NULL)
		drop_free(drop);
}

void
drop_again(struct drop *drop)
{
	drop->again = false;
	drop_enter(drop, DROP_QUEUED);
}

static void
drop_left_alone(void *arg)
{
	drop_again(arg);
}

struct drop *
drop_find(struct organization *org, const char *name)
{
	struct drop key = { .name = (char *)(uintptr_t)name };

	return RB_FIND(drop_tree, &org->drops.tree, &key);
}

bool
drop_named(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length >= sizeof(".json") &&
	    strcmp(name + length - strlen(".json"), ".json") == 0;
}

void
drop_seen(struct spoold *s, struct organization *org, const char *name)
{
	struct drop *drop;

	if (!drop_named(name))
		return;
	drop = drop_find(org, name);
	if (drop != NULL) {
		if (drop->state == DROP_UNFINISHED)
			drop_again(drop);
		else if (drop->state == DROP_AT_INTAKE)
			drop->again = true;
		return;
	}
	if (org->drops.count >= DROPS_MAX) {
		org->drops.more = true;
		return;
	}
	drop = xcalloc(1, sizeof(*drop));
	drop->spoold = s;
	drop->organization = org;
	drop->name = xstrdup(name);
	drop->left_alone.fire = drop_left_alone;
	drop->left_alone.arg = drop;
	drop->state = DROP_QUEUED;
	TAILQ_INSERT_TAIL(&org->drops.queue, drop, queue);
	RB_INSERT(drop_tree, &org->drops.tree, drop);
	org->drops.count++;
}

/* --- looking at it from outside ------------------------------------------ */

static int64_t
nanoseconds(const struct statx_timestamp *time)
{
	return time->tv_sec * 1000000000LL + time->tv_nsec;
}

static bool
name_good(const char *name)
{
	struct buf quoted = { 0 };
	bool good = strlen(name) <= NAME_MAX_DROPPED;

	/* Writing it as JSON changes it if there is anything odd in it. */
	json_quote(&quoted, name, strlen(name));
	for (const char *p = name; *p != '\0' && good; p++)
		good = (unsigned char)*p >= 0x20 && *p != 0x7f;
	good = good && strstr(quoted.data, "\xef\xbf\xbd") == NULL;
	buf_free(&quoted);
	return good;
}

static void
drop_identify(struct drop *drop, const struct statx *stat)
{
	id_make(drop->organization->id, drop->name, stat, &drop->id);
	drop->inode = stat->stx_ino;
	drop->birth = nanoseconds(&stat->stx_btime);
	drop->modified = nanoseconds(&stat->stx_mtime);
	drop->bytes = (int64_t)stat->stx_size;
	drop->owner = stat->stx_uid;
	drop->regular = S_ISREG(stat->stx_mode) && stat->stx_nlink == 1;
	drop->bad_name = !name_good(drop->name);
	free(drop->submitter);
	drop->submitter = owner_name(&drop->spoold->owner, stat->stx_uid);
	free(drop->payload);
	drop->payload = NULL;
}

/* True if the file in new/ is still the one that was opened. */
static bool
drop_unchanged(const struct drop *drop)
{
	struct statx stat;
	struct why why;

	return spool_stat(drop->organization->spool, QUEUE_new, drop->name,
	    &stat, &why) == 1 && stat.stx_ino == drop->inode &&
	    nanoseconds(&stat.stx_btime) == drop->birth &&
	    nanoseconds(&stat.stx_mtime) == drop->modified &&
	    (int64_t)stat.stx_size == drop->bytes;
}

/* What can be refused without opening it: -1 with *why. */
static int
drop_check(const struct drop *drop, struct why *why)
{
	if (!drop->regular)
		return why_set(why, ERROR_PAYLOAD_UNREADABLE,
		    "not a plain file with one link: links, fifos, devices "
		    "and directories are not taken");
	if (drop->bad_name)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the name is not UTF-8, has control characters or is "
		    "longer than %d bytes", NAME_MAX_DROPPED);
	return 0;
}

/* --- giving it to intake -------------------------------------------------- */

/* Returns 1 if it is at intake, 0 if no worker can take it now. */
static int
drop_send(struct drop *drop, int fd)
{
	struct organization *org = drop->organization;
	struct worker *worker = pool_worker(org->intake);
	struct link_record record;

	if (worker == NULL)
		return 0;
	drop->token = ++drop->spoold->tokens;
	link_init(&record, LINK_drop);
	record.drop.token = drop->token;
	record.drop.bytes = drop->bytes;
	record.text[DROP_name] = drop->name;
	record.fd[0] = fd;
	if (worker_send(worker, &record) != 1)
		return 0;
	drop->again = false;
	if (!drop->counted) {
		limits_taken(drop->spoold, org);
		org->drops.counted++;
		drop->counted = true;
	}
	drop_enter(drop, DROP_AT_INTAKE);
	drop->worker = worker;
	drop->heard = clock_monotonic();
	worker_hold(worker);
	return 1;
}

void
drop_withdrawn(struct drop *drop)
{
	struct organization *org = drop->organization;
	struct spoold *s = drop->spoold;
	char *name = xstrdup(drop->name);
	struct statx stat;
	struct why why;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	if (drop->submitter != NULL) {
		id_format(&drop->id, id);
		commit_fields(&fields, drop->organization->id, id);
		json_put_string(&fields, "name", drop->name);
		(void)commit_line(drop->spoold, EVENT_withdrawn, &fields);
		log_info("%s: withdrawn name=%s", id, drop->name);
	}
	drop_free(drop);
	if (spool_stat(org->spool, QUEUE_new, name, &stat, &why) == 1)
		drop_seen(s, org, name);
	free(name);
}

/* Returns false if nothing more can be taken in this turn. */
static bool
drop_look(struct drop *drop)
{
	struct organization *org = drop->organization;
	struct statx stat;
	struct why why;
	int fd, sent;

	switch (spool_stat(org->spool, QUEUE_new, drop->name, &stat, &why)) {
	case 0:
		drop_withdrawn(drop);
		return true;
	case -1:
		log_warning("new/: %s", why.text);
		drop_free(drop);	/* a scan finds it again */
		return true;
	}
	if (drop->submitter != NULL && stat.stx_ino != drop->inode) {
		drop_withdrawn(drop);	/* replaced by another file */
		return true;
	}
	drop_identify(drop, &stat);
	if (drop_check(drop, &why) == -1) {
		refuse_drop(drop, &why);
		return true;
	}
	if (accept_known(drop))
		return true;
	fd = spool_open_same(org->spool, QUEUE_new, drop->name, &stat, &why);
	if (fd == -1 && why.number == ESTALE) {
		drop_again(drop);
		return true;
	}
	if (fd == -1 && why.number == EACCES) {
		(void)why_set(&why, ERROR_PAYLOAD_UNREADABLE,
		    "spoold may not read it: chmod u+r,g+r before dropping");
		refuse_drop(drop, &why);
		return true;
	}
	if (fd == -1) {
		log_warning("new/: %s", why.text);
		drop_free(drop);
		return true;
	}
	sent = drop_send(drop, fd);
	close(fd);
	return sent == 1;
}

/* One during which intake died is read alone. */
static bool
drop_has_to_wait(const struct drop *drop)
{
	const struct drop *other =
	    TAILQ_FIRST(&drop->organization->drops.at_intake);

	return other != NULL && (drop->suspect || other->suspect);
}

/* Whoever waits for one is told when to come back; the drops wait on. */
static void
drops_limited(struct organization *org, const struct why *why)
{
	struct drop *drop;

	TAILQ_FOREACH(drop, &org->drops.queue, queue)
		if (drop->request != NULL && !drop->counted) {
			request_fail(drop->request, why);
			drop->request = NULL;
		}
}

/* Each is counted once, however often it is looked at. */
static bool
drop_within_limits(struct spoold *s, struct drop *drop)
{
	struct organization *org = drop->organization;
	struct why why;

	if (drop->counted)
		return true;
	if (limits_hold(s, org, &why) == -1) {
		drops_limited(org, &why);
		return false;
	}
	return true;
}

bool
drops_run(struct spoold *s, struct organization *org)
{
	int64_t left = s->conf->queue_batch_size;
	struct drop *drop;

	if (s->phase != PHASE_RUNNING || TAILQ_EMPTY(&org->drops.queue))
		return false;
	org->drops.held = !commit_possible(s, org) || !reserve_holds(s);
	if (org->drops.held)
		return false;
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): nor the queue */
	while ((drop = TAILQ_FIRST(&org->drops.queue)) != NULL) {
		if (org->drops.at_work >= AT_INTAKE_MAX ||
		    org->actions >= ACTIONS_MAX || drop_has_to_wait(drop))
			return false;
		org->drops.held = !drop_within_limits(s, drop) ||
		    !drop_look(drop);
		if (org->drops.held)
			return false;
		if (--left == 0 || loop_is_late(s->loop))
			return !TAILQ_EMPTY(&org->drops.queue);
	}
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
	return false;
}

/* --- what intake says ----------------------------------------------------- */

static struct drop *
drop_at(struct organization *org, const struct worker *worker, uint64_t token)
{
	struct drop *drop;

	TAILQ_FOREACH(drop, &org->drops.at_intake, queue)
		if (drop->worker == worker && drop->token == token)
			return drop;
	return NULL;
}

/* Waits for the rest of a text that ends too early, or refuses it. */
static void
drop_unfinished(struct drop *drop, const struct why *why)
{
	int64_t age = clock_wall() - drop->modified / 1000000;

	if (age >= LEFT_ALONE || age < -LEFT_ALONE) {
		refuse_drop(drop, why);
		return;
	}
	drop_enter(drop, DROP_UNFINISHED);
	timer_set(drop->spoold->loop, &drop->left_alone,
	    clock_monotonic() + LEFT_ALONE - age);
}

static void
drop_refused(struct drop *drop, const struct link_record *record)
{
	struct why why;

	(void)why_set(&why, (enum error)record->refuse.error, "%s",
	    record->text[REFUSE_text]);
	why.offset = record->refuse.offset;
	(void)snprintf(why.path, sizeof(why.path), "%s",
	    record->text[REFUSE_path]);
	if (!drop_unchanged(drop))
		drop_again(drop);
	else if (record->refuse.incomplete)
		drop_unfinished(drop, &why);
	else
		refuse_drop(drop, &why);
}

static int
drop_heard(struct spoold *s, struct worker *worker,
    const struct link_record *record, struct why *why)
{
	struct organization *org = worker->pool->organization;
	/* Every record of a worker begins with its token. */
	struct drop *drop = drop_at(org, worker, record->need.token);

	(void)s;
	if (drop == NULL)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it answers for a drop that it does not hold");
	drop->heard = clock_monotonic();
	switch (record->type) {
	case LINK_progress:
		return 0;
	case LINK_need:
		return accept_payload(drop, record->text[NEED_file], why);
	case LINK_refuse:
		drop_refused(drop, record);
		return 0;
	case LINK_accept:
		if (drop->again && !drop_unchanged(drop))
			drop_again(drop);
		else
			accept_drop(drop, record);
		return 0;
	default:
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it speaks out of turn");
	}
}

static void
drop_able(struct spoold *s, struct worker *worker)
{
	(void)worker;
	s->look_for_work = true;	/* the loop looks at the drops anyway */
}

static void
drop_died(struct spoold *s, struct worker *worker, bool asked)
{
	struct organization *org = worker->pool->organization;
	bool alone = worker->busy == 1;
	struct drop *drop, *next;
	struct why why;

	(void)s;
	TAILQ_FOREACH_SAFE(drop, &org->drops.at_intake, queue, next) {
		if (drop->worker != worker)
			continue;
		worker_release(worker);
		drop->worker = NULL;
		drop->suspect = drop->suspect || !asked;
		/* With others beside it, it may not have been this one. */
		if (!asked && alone && ++drop->deaths >= DEATHS_MAX) {
			(void)why_set(&why, ERROR_VALIDATION_ERROR,
			    "intake died %u times while it read this",
			    drop->deaths);
			refuse_drop(drop, &why);
		} else
			drop_again(drop);
	}
}

void
drops_check(struct spoold *s, struct organization *org)
{
	int64_t limit = clock_monotonic() - s->conf->queue_processing_timeout;
	struct drop *drop;

	TAILQ_FOREACH(drop, &org->drops.at_intake, queue)
		if (drop->heard < limit)
			worker_kill(drop->worker,
			    "silent for too long on a drop");
}

struct pool *
drops_pool(struct spoold *s, struct organization *org)
{
	static const struct pool_owner owner = {
		.heard = drop_heard,
		.able = drop_able,
		.died = drop_died,
	};

	return pool_new(s, org, "intake", "", &owner);
}
