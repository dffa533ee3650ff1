/*
 * skeleton - what every worker does
 *
 * Whatever goes wrong with the link ends the process: spoold sees it, and what
 * was held is tried again.  There is nothing here to clean up, so it ends by
 * _exit(2).
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/process.h"
#include "lib/xalloc.h"

#include "workers/common/skeleton.h"

#define KEPT_MEMORY (1024 * 1024)	/* bytes that are not given back */

static void
skeleton_die(const struct skeleton *skeleton, const struct why *why)
{
	log_error("%s: %s", skeleton->program, why->text);
	_exit(error_exit_status(why->code));
}

/* Waits for something on the link. */
static void
skeleton_wait(short events)
{
	struct pollfd link = { .fd = LINK_FD, .events = events };

	while (poll(&link, 1, -1) == -1 && errno == EINTR)
		;
}

void
skeleton_begin(struct skeleton *skeleton, const char *program,
    struct link_record *setup)
{
	struct rlimit files;
	struct why why;

	/* What one batch needed the next will need, too. */
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);
	(void)mallopt(M_TOP_PAD, KEPT_MEMORY);
	skeleton->program = program;
	skeleton->ended = false;
	skeleton->buffer = xcalloc(1, sizeof(*skeleton->buffer));
	if (log_open(program, "stderr", LOG_INFO, &why) == -1)
		_exit(error_exit_status(why.code));
	/* A worker without its spoold would deliver unrecorded. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		(void)why_errno(&why, "shut in");
		skeleton_die(skeleton, &why);
	}
	if (process_hide(&why) == -1)
		skeleton_die(skeleton, &why);
	/* An attempt may need three descriptors. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
		(void)why_errno(&why, "ignore SIGPIPE");
		skeleton_die(skeleton, &why);
	}
	while (!skeleton_receive(skeleton, setup)) {
		if (skeleton->ended)
			_exit(0);
		skeleton_wait(POLLIN);
	}
	if (setup->type != LINK_setup) {
		(void)why_set(&why, ERROR_INTERNAL_ERROR,
		    "the first record is no setup");
		skeleton_die(skeleton, &why);
	}
	skeleton->concurrency = setup->setup.concurrency > 0 ?
	    (unsigned)setup->setup.concurrency : 1;
}

void
skeleton_ready(struct skeleton *skeleton, enum sandbox sandbox,
    const char *const *writable, bool required)
{
	struct link_record record;
	struct why why;
	bool shut_in;

	if (sandbox_limit(sandbox, skeleton->concurrency, &why) == -1)
		skeleton_die(skeleton, &why);
	shut_in = sandbox_enter(sandbox, writable, &why) == 0;
	if (!shut_in && required)
		skeleton_die(skeleton, &why);
	if (!shut_in)
		log_warning("not shut in: %s", why.text);
	link_init(&record, LINK_ready);
	record.ready.shut_in = shut_in;
	skeleton_send(skeleton, &record);
}

bool
skeleton_receive(struct skeleton *skeleton, struct link_record *record)
{
	struct why why;

	if (skeleton->ended)
		return false;
	switch (link_receive(LINK_FD, false, skeleton->buffer, record,
	    &why)) {
	case 1:
		return true;
	case 0:
		return false;
	}
	if (why.number != EPIPE)
		skeleton_die(skeleton, &why);
	skeleton->ended = true;
	return false;
}

void
skeleton_send(struct skeleton *skeleton, const struct link_record *record)
{
	struct why why;
	int sent;

	while ((sent = link_send(LINK_FD, record, &why)) == 0)
		skeleton_wait(POLLOUT);
	/* spoold is gone: nobody to tell. */
	if (sent == -1 && why.number == EPIPE)
		_exit(0);
	if (sent == -1)
		skeleton_die(skeleton, &why);
}

void
skeleton_end(struct skeleton *skeleton)
{
	free(skeleton->buffer);
	_exit(0);
}
