/*
 * probe_pending - workers/sftp/pending.c, text in, text out
 *
 * probe_pending COMMAND...
 * `+a` makes a request of a's, `N` takes the answer to request N, `-a` lets a
 * go.  For each a line: the id; whose it was, `nobody`, or `none` if it was
 * not awaited, with `oldest` behind it if it was that; `waits` or `idle`.  At
 * the end, how many are awaited and whose the oldest is.
 */
#include "workers/sftp/pending.h"

#include "tests/unit/probe.h"

static const char *
owner_name(const char *owner)
{
	return owner == NULL ? "nobody" : owner;
}

/* Owners are told apart by where their names are. */
static char *
owner_of(const char *name)
{
	static char names[26][2];
	char *own = names[(*name - 'a') % 26];

	own[0] = *name;
	return own;
}

static void
take(struct pending *pending, const char *text)
{
	static const char *const order[] = { [1] = "", [2] = " oldest" };
	void *owner = NULL;
	int taken = pending_take(pending, (uint32_t)probe_number(text),
	    &owner);

	if (taken == 0)
		printf("none\n");
	else
		printf("%s%s\n", owner_name(owner), order[taken]);
}

int
main(int argc, char **argv)
{
	struct pending pending = { 0 };

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '+')
			printf("%u\n", pending_add(&pending,
			    owner_of(argv[i] + 1)));
		else if (argv[i][0] == '-')
			printf("%s\n", pending_disown(&pending,
			    owner_of(argv[i] + 1)) ? "waits" : "idle");
		else
			take(&pending, argv[i]);
	}
	printf("%zu %s\n", pending.awaited,
	    owner_name(pending_oldest(&pending)));
	pending_free(&pending);
	return 0;
}
