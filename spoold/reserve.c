/*
 * reserve - what must stay free on the disks
 *
 * Deliveries go on below the reserve: they free space, and the journal lives
 * from it.
 */
#include <sys/statvfs.h>

#include <errno.h>
#include <string.h>

#include "lib/log.h"

#include "spoold/alert.h"
#include "spoold/reserve.h"
#include "spoold/spoold.h"

#define BACK 16	/* a sixteenth more must be free before it is good again */

static bool
directory_holds(struct spoold *s, const char *path)
{
	uint64_t need_bytes = (uint64_t)s->conf->queue_reserve_bytes;
	uint64_t need_inodes = (uint64_t)s->conf->queue_reserve_inodes;
	uint64_t bytes, inodes;
	struct statvfs fs;

	if (statvfs(path, &fs) == -1) {
		log_warning("statvfs %s: %s", path, strerror(errno));
		return true;
	}
	if (s->alerts[ALERT_reserve].since != 0) {
		need_bytes += need_bytes / BACK;
		need_inodes += need_inodes / BACK;
	}
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	inodes = fs.f_favail;
	/* btrfs has no number of inodes, and says 0 of 0. */
	if (bytes >= need_bytes &&
	    (fs.f_files == 0 || inodes >= need_inodes))
		return true;
	alert_begin(s, ALERT_reserve, "%s has %llu bytes and %llu inodes free, "
	    "less than queue.reserve_bytes or queue.reserve_inodes", path,
	    (unsigned long long)bytes, (unsigned long long)inodes);
	return false;
}

bool
reserve_holds(struct spoold *s)
{
	if (!directory_holds(s, s->conf->top_spool_directory) ||
	    !directory_holds(s, s->conf->top_log_directory))
		return false;
	alert_end(s, ALERT_reserve);
	return true;
}
