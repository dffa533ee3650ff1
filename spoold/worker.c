/*
 * worker - births, deaths and the links of worker processes
 *
 * A child is made by posix_spawn(3), which does not copy the supervisor's
 * page tables however many tickets wait.  Its end of the link is descriptor 3
 * and nothing else is open.  The end of a process is seen through its pidfd;
 * what it sent before is read first, so that an answer given with the last
 * breath still counts.  In the system's instance all of this is the nurse's,
 * which says what became of them.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/nurse.h"
#include "spoold/organization.h"
#include "spoold/setup.h"
#include "spoold/spoold.h"
#include "spoold/worker.h"

#define THROTTLE_FIRST 1000	/* ms after the first early death */
#define THROTTLE_MAX 60000
#define THROTTLE_ALERT 3	/* early deaths in a row that raise one */
#define LINK_BUFFER (1024 * 1024)	/* bytes a link may hold */

static void worker_end(struct worker *, int status);

/* --- births ------------------------------------------------------------- */

static int	 worker_reap(const struct worker *);

static int
spawn_attributes(posix_spawnattr_t *attr, struct why *why)
{
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	error = posix_spawnattr_setsigmask(attr, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attr, &all);
	/* A group of its own: a terminal's ^C is for spoold alone. */
	if (error == 0)
		error = posix_spawnattr_setpgroup(attr, 0);
	if (error == 0)
		error = posix_spawnattr_setflags(attr,
		    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		    POSIX_SPAWN_SETPGROUP);
	if (error != 0) {
		errno = error;
		return why_errno(why, "posix_spawnattr");
	}
	return 0;
}

/* Its link as 3, stderr as spoold's, and nothing else.  0, or an errno. */
static int
spawn_descriptors(posix_spawn_file_actions_t *actions, int link)
{
	int error = posix_spawn_file_actions_adddup2(actions, link, LINK_FD);

	if (error == 0)
		error = posix_spawn_file_actions_addopen(actions,
		    STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(actions,
		    STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(actions,
		    LINK_FD + 1);
	return error;
}

/* Starts `path` with `link` as descriptor 3. */
static int
spawn_program(const char *path, int link, pid_t *pid_r, struct why *why)
{
	char *argv[] = { xstrdup(path), NULL };
	char *envp[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error, result = -1;

	if ((error = posix_spawn_file_actions_init(&actions)) != 0) {
		free(argv[0]);
		errno = error;
		return why_errno(why, "posix_spawn_file_actions_init");
	}
	if ((error = posix_spawnattr_init(&attr)) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		free(argv[0]);
		errno = error;
		return why_errno(why, "posix_spawnattr_init");
	}
	if (spawn_attributes(&attr, why) == -1)
		goto out;
	error = spawn_descriptors(&actions, link);
	if (error == 0)
		error = posix_spawn(pid_r, path, &actions, &attr, argv, envp);
	if (error != 0) {
		errno = error;
		why_errno(why, "start %s", path);
		goto out;
	}
	result = 0;
out:
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	free(argv[0]);
	return result;
}

static void	 worker_readable(void *, uint32_t);
static void	 worker_exited(void *, uint32_t);

static int
worker_watch(struct worker *worker, struct why *why)
{
	struct loop *loop = worker->pool->spoold->loop;

	worker->link_source.ready = worker_readable;
	worker->link_source.arg = worker;
	worker->exit_source.ready = worker_exited;
	worker->exit_source.arg = worker;
	if (worker->number == 0) {
		worker->pid_fd = (int)syscall(SYS_pidfd_open, worker->pid, 0);
		if (worker->pid_fd == -1)
			return why_errno(why, "pidfd_open");
		if (source_add(loop, &worker->exit_source, worker->pid_fd,
		    EPOLLIN, why) == -1)
			return -1;
	}
	if (source_add(loop, &worker->link_source, worker->link, EPOLLIN,
	    why) == -1)
		return -1;
	return setup_send(worker->pool, worker->link, why);
}

/* By the nurse, in the system's instance; else as whoever runs this. */
static int
worker_spawn(struct worker *worker, int link, struct why *why)
{
	const struct pool *pool = worker->pool;
	char path[4096], name[64];

	if (pool->spoold->nurse != NULL)
		return nurse_start(pool->spoold->nurse, pool->program,
		    pool->user, link, &worker->number, why);
	(void)snprintf(name, sizeof(name), "workers/%s", pool->program);
	if (control_program(name, path, sizeof(path), why) == -1)
		return -1;
	return spawn_program(path, link, &worker->pid, why);
}

/* Starts one process; -1 with *why if that is not possible now. */
static int
pool_start(struct pool *pool, struct why *why)
{
	struct worker *worker;
	int pair[2], size = LINK_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return why_errno(why, "socketpair");
	/* As far as the system allows; a full link is waited for anyway. */
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	worker = xcalloc(1, sizeof(*worker));
	worker->pool = pool;
	worker->link = pair[0];
	worker->pid_fd = -1;
	worker->link_source.fd = worker->exit_source.fd = -1;
	if (worker_spawn(worker, pair[1], why) == -1) {
		close(pair[0]);
		close(pair[1]);
		free(worker);
		return -1;
	}
	close(pair[1]);
	TAILQ_INSERT_TAIL(&pool->workers, worker, entry);
	if (worker_watch(worker, why) == -1) {
		worker_kill(worker, why->text);
		if (worker->number == 0 && worker->exit_source.fd == -1)
			worker_end(worker, worker_reap(worker));
		return -1;
	}
	log_debug("worker: started %s pid=%d organization=%s", pool->program,
	    (int)worker->pid, pool->organization == NULL ? "-" :
	    pool->organization->id);
	return 0;
}

static void
pool_throttle(struct pool *pool, const char *reason)
{
	int64_t wait = THROTTLE_FIRST;

	for (unsigned i = 0; i < pool->failures && wait < THROTTLE_MAX; i++)
		wait *= 2;
	if (wait > THROTTLE_MAX)
		wait = THROTTLE_MAX;
	pool->failures++;
	if (pool->failures == THROTTLE_ALERT)
		alert_begin(pool->spoold, ALERT_worker,
		    "%s does not stay up: %s", pool->program, reason);
	log_warning("worker: %s next=%lldms why=\"%s\"", pool->program,
	    (long long)wait, reason);
	timer_set(pool->spoold->loop, &pool->birth, clock_monotonic() + wait);
}

/* --- deaths ------------------------------------------------------------- */

static void
worker_signal(const struct worker *worker)
{
	if (worker->number != 0)
		nurse_kill(worker->pool->spoold->nurse, worker->number);
	else if (kill(worker->pid, SIGKILL) == -1)
		log_warning("worker: kill pid=%d: %s", (int)worker->pid,
		    strerror(errno));
}

/* Its status; it has ended, or is about to. */
static int
worker_reap(const struct worker *worker)
{
	int status = 0;

	if (waitpid(worker->pid, &status, 0) == -1)
		log_warning("worker: waitpid: %s", strerror(errno));
	return status;
}

void
worker_kill(struct worker *worker, const char *reason)
{
	if (worker->state == WORKER_DYING)
		return;
	log_warning("worker: kill %s pid=%d why=\"%s\"",
	    worker->pool->program, (int)worker->pid, reason);
	worker->state = WORKER_DYING;
	worker_signal(worker);
}

/* How it ended, in words. */
static void
worker_status(int status, char *reason, size_t size)
{
	if (WIFSIGNALED(status))
		(void)snprintf(reason, size, "signal %d", WTERMSIG(status));
	else
		(void)snprintf(reason, size, "exit status %d",
		    WEXITSTATUS(status));
}

/* The process is gone: gives back what it held. */
static void
worker_end(struct worker *worker, int status)
{
	struct pool *pool = worker->pool;
	struct spoold *s = pool->spoold;
	bool asked = worker->state == WORKER_RETIRING;
	bool early = !worker->was_ready && !asked;
	char reason[64];

	worker_status(status, reason, sizeof(reason));
	if (!asked)
		log_warning("worker: died %s pid=%d %s", pool->program,
		    (int)worker->pid, reason);
	TAILQ_REMOVE(&pool->workers, worker, entry);
	source_remove(s->loop, &worker->link_source);
	source_remove(s->loop, &worker->exit_source);
	if (worker->link != -1)
		close(worker->link);
	if (worker->pid_fd != -1)
		close(worker->pid_fd);
	if (early)
		pool_throttle(pool, reason);
	pool->owner->died(s, worker, asked);
	free(worker);
	s->look_for_work = true;
}

/*
 * Reads what is there, as far as the turn has time, for one that floods is not
 * to stop the others; or `all`, of one that says nothing more.  Returns 0 for
 * now, -1 at its end.
 */
static int
worker_read(struct worker *worker, bool all)
{
	struct pool *pool = worker->pool;
	struct link_buffer *buffer = pool->spoold->link_buffer;
	int64_t left = pool->spoold->conf->queue_batch_size;
	struct link_record record;
	struct why why;
	int result;

	while ((result = link_receive(worker->link, true, buffer, &record,
	    &why)) == 1) {
		if (record.type == LINK_ready) {
			worker->was_ready = true;
			pool->failures = 0;
			alert_end(pool->spoold, ALERT_worker);
			if (worker->state == WORKER_STARTING)
				worker->state = WORKER_READY;
			pool->owner->able(pool->spoold, worker);
		} else if (pool->owner->heard(pool->spoold, worker, &record,
		    &why) == -1) {
			worker_kill(worker, why.text);
			break;
		}
		if (!all && (--left == 0 || loop_is_late(pool->spoold->loop) ||
		    express_yields(pool->spoold, pool->organization)))
			break;
	}
	if (result == -1 && why.number != EPIPE)
		worker_kill(worker, why.text);
	return result == -1 ? -1 : 0;
}

static void
worker_readable(void *arg, uint32_t events)
{
	struct worker *worker = arg;
	struct spoold *s = worker->pool->spoold;
	struct why why;

	if ((events & EPOLLOUT) != 0 && worker->blocked) {
		worker->blocked = false;
		if (source_change(s->loop, &worker->link_source, EPOLLIN,
		    &why) == -1)
			worker_kill(worker, why.text);
		else
			worker->pool->owner->able(s, worker);
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return;
	/* Its exit follows; without one it would hang here for ever. */
	if (worker_read(worker, false) == -1) {
		source_remove(s->loop, &worker->link_source);
		if (worker->state != WORKER_RETIRING)
			worker_kill(worker, "its link ended");
	}
}

static void
worker_exited(void *arg, uint32_t events)
{
	struct worker *worker = arg;

	(void)events;
	worker_ended(worker, worker_reap(worker));
}

/* What it sent before counts. */
void
worker_ended(struct worker *worker, int status)
{
	if (worker->link_source.fd != -1)
		(void)worker_read(worker, true);
	worker_end(worker, status);
}

void
worker_failed(struct worker *worker, int number)
{
	log_error("worker: start %s: %s", worker->pool->program,
	    strerror(number));
	worker_end(worker, W_EXITCODE(127, 0));
}

struct worker *
worker_numbered(const struct spoold *s, uint64_t number)
{
	const struct pool *pool;
	struct worker *worker;

	TAILQ_FOREACH(pool, &s->pools, entry)
		TAILQ_FOREACH(worker, &pool->workers, entry)
			if (worker->number == number)
				return worker;
	return NULL;
}

void
workers_lost(struct spoold *s)
{
	struct worker *worker;
	struct pool *pool;

	TAILQ_FOREACH(pool, &s->pools, entry)
		while ((worker = TAILQ_FIRST(&pool->workers)) != NULL)
			worker_ended(worker, W_EXITCODE(0, SIGKILL));
}

/* --- pools -------------------------------------------------------------- */

static void
pool_born(void *arg)
{
	struct pool *pool = arg;
	struct worker none = { .pool = pool };

	/* Whoever waits for a worker asks again, which starts one. */
	pool->owner->able(pool->spoold, &none);
}

struct pool *
pool_new(struct spoold *s, struct organization *org, const char *program,
    const char *user, const struct pool_owner *owner)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->spoold = s;
	pool->organization = org;
	pool->program = program;
	pool->user = xstrdup(user);
	pool->owner = owner;
	pool->birth.fire = pool_born;
	pool->birth.arg = pool;
	TAILQ_INIT(&pool->workers);
	TAILQ_INSERT_TAIL(&s->pools, pool, entry);
	pool_configure(pool);
	return pool;
}

void
pool_configure(struct pool *pool)
{
	const struct conf_transport *conf =
	    conf_transport(pool->spoold->conf, pool->program);

	/* Nobody else can listen where one listens. */
	pool->processes = pool->organization == NULL ? 1 :
	    (unsigned)conf->processes;
	pool->concurrency = (unsigned)conf->concurrency;
}

void
pool_free(struct pool **pool)
{
	struct worker *worker;

	if (*pool == NULL)
		return;
	while ((worker = TAILQ_FIRST(&(*pool)->workers)) != NULL) {
		/* It holds nothing any more; one that is stopped or hangs
		 * would be waited for for ever. */
		worker->state = WORKER_RETIRING;
		worker_signal(worker);
		worker_end(worker, worker->number != 0 ? 0 :
		    worker_reap(worker));
	}
	timer_clear((*pool)->spoold->loop, &(*pool)->birth);
	TAILQ_REMOVE(&(*pool)->spoold->pools, *pool, entry);
	free((*pool)->user);
	free(*pool);
	*pool = NULL;
}

struct worker *
pool_worker(struct pool *pool)
{
	struct worker *worker, *best = NULL;
	unsigned count = 0;
	struct why why;

	TAILQ_FOREACH(worker, &pool->workers, entry) {
		if (worker->state == WORKER_RETIRING ||
		    worker->state == WORKER_DYING)
			continue;
		count++;
		if (worker->state == WORKER_READY && !worker->blocked &&
		    (best == NULL || worker->busy < best->busy))
			best = worker;
	}
	if (pool->busy >= pool->concurrency)
		return NULL;
	if (count < pool->processes && !pool->birth.set &&
	    (best == NULL || best->busy > 0) && pool_start(pool, &why) == -1)
		pool_throttle(pool, why.text);
	return best;
}

void
pool_retire(struct pool *pool)
{
	struct worker *worker;

	TAILQ_FOREACH(worker, &pool->workers, entry) {
		if (worker->state == WORKER_DYING ||
		    worker->state == WORKER_RETIRING)
			continue;
		worker->state = WORKER_RETIRING;
		/* The end of its input tells it to go when it is done. */
		if (worker->busy == 0)
			(void)shutdown(worker->link, SHUT_WR);
	}
}

int
worker_send(struct worker *worker, const struct link_record *record)
{
	struct why why;
	int result;

	if (worker->state == WORKER_DYING || worker->blocked)
		return worker->blocked ? 0 : -1;
	result = link_send(worker->link, record, &why);
	if (result == 0) {
		worker->blocked = true;
		result = source_change(worker->pool->spoold->loop,
		    &worker->link_source, EPOLLIN | EPOLLOUT, &why);
	}
	/* One that was told to go hears nothing more, and ends what it has. */
	if (result == -1 && (worker->state != WORKER_RETIRING ||
	    why.number != EPIPE))
		worker_kill(worker, why.text);
	return result;
}

bool
worker_is(const struct spoold *s, pid_t pid)
{
	const struct worker *worker;
	const struct pool *pool;

	TAILQ_FOREACH(pool, &s->pools, entry)
		TAILQ_FOREACH(worker, &pool->workers, entry)
			if (worker->pid == pid)
				return true;
	return false;
}

void
worker_hold(struct worker *worker)
{
	worker->busy++;
	worker->pool->busy++;
}

void
worker_release(struct worker *worker)
{
	worker->pool->busy--;
	worker_leave(worker);
}

void
worker_attend(struct worker *worker)
{
	worker->busy++;
}

void
worker_leave(struct worker *worker)
{
	worker->busy--;
	if (worker->state == WORKER_RETIRING && worker->busy == 0)
		(void)shutdown(worker->link, SHUT_WR);
}
