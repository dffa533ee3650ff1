/*
 * probe_express - spoold/express.c, text in, text out
 *
 * probe_express ORGANIZATIONS STEP...
 * A step `busyMS` or `idleMS` is so long for one among that many, in turns of a
 * third of a millisecond; `wokenMS` is a single turn, at whose end it is busy.
 * For each a line: `first` if it goes first then, else `waits`.
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
		const char *number = argv[i] + strcspn(argv[i], "0123456789");
		int64_t left = probe_number(number) * 1000;
		int64_t turn = argv[i][0] == 'w' ? left : TURN;

		for (; left > 0; left -= turn)
			express_account(&express, argv[i][0] != 'i',
			    left < turn ? left : turn, organizations);
		puts(express.goes_first ? "first" : "waits");
	}
	return 0;
}
