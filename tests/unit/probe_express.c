/*
 * probe_express - spoold/express.c, text in, text out
 *
 * probe_express ORGANIZATIONS STEP...
 * A step `busyMS` or `idleMS` is so long for one among that many; for each a
 * line: `first` if it goes first at its end, else `waits`.  A turn takes a
 * third of a millisecond.
 */
#include "spoold/express.h"

#include "tests/unit/probe.h"

#define TURN 333	/* us */

int
main(int argc, char **argv)
{
	struct express express = { 0 };
	size_t organizations = (size_t)probe_number(argv[1]);

	for (int i = 2; i < argc; i++) {
		bool busy = argv[i][0] == 'b';
		int64_t left = probe_number(argv[i] + strlen("busy")) * 1000;

		for (; left > 0; left -= TURN)
			express_account(&express, busy,
			    left < TURN ? left : TURN, organizations);
		puts(express.goes_first ? "first" : "waits");
	}
	return 0;
}
