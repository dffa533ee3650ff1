/*
 * reserve - what must stay free on the disks
 *
 * Deliveries go on below the reserve: they free space, and the journal lives
 * from it.
 */
#include <sys/statvfs.h>

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"

#include "spoold/alert.h"
#include "spoold/reserve.h"
#include "spoold/spoold.h"

#define LOOK_AGAIN 1000		/* ms */

static bool
directory_holds(struct spoold *s, const char *path)
{
	uint64_t bytes, inodes;
	struct statvfs fs;

	if (statvfs(path, &fs) == -1) {
		log_warning("statvfs %s: %s", path, strerror(errno));
		return true;
	}
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	inodes = fs.f_favail;
	if (bytes >= (uint64_t)s->conf->queue_reserve_bytes &&
	    /* btrfs has no number of inodes, and says 0 of 0. */
	    (fs.f_files == 0 ||
	    inodes >= (uint64_t)s->conf->queue_reserve_inodes))
		return true;
	alert_begin(s, ALERT_reserve, "%s has %llu bytes and %llu inodes free, "
	    "less than queue.reserve_bytes or queue.reserve_inodes", path,
	    (unsigned long long)bytes, (unsigned long long)inodes);
	return false;
}

bool
reserve_holds(struct spoold *s)
{
	int64_t now = clock_monotonic();

	if (now < s->reserve_until)
		return s->reserve_good;
	s->reserve_until = now + LOOK_AGAIN;
	s->reserve_good =
	    directory_holds(s, s->conf->top_spool_directory) &&
	    directory_holds(s, s->conf->top_log_directory);
	if (s->reserve_good)
		alert_end(s, ALERT_reserve);
	return s->reserve_good;
}
