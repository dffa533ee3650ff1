/*
 * probe_lanes - spoold/lanes.c, text in, text out
 *
 * probe_lanes ACTION... -- [ORGANIZATION...]
 * An action is an organization's letter and a digit, `a1`, or `a1!` if it sets
 * a worker to work; `-` is spoold's own letter.  Behind the `--` stand those
 * that go first.  They are added all at once; what is carried out is printed
 * in its order, a word each: first what sets workers to work, then the rest
 * until there is none.
 */
#include "lib/xalloc.h"

#include "spoold/lanes.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#include "tests/unit/probe.h"

#define LETTERS 26

static void
collect(struct actions *list, struct organization *organizations, char *word)
{
	struct action *action = xcalloc(1, sizeof(*action));

	if (word[0] != '-')
		action->organization = &organizations[word[0] - 'a'];
	action->kind = word[2] == '!' ? LANE_FIRST : LANE_REST;
	action->arg = word;
	STAILQ_INSERT_TAIL(list, action, entry);
}

static void
carry_out(const struct spoold *s, struct lanes *lanes, enum lane_kind kind)
{
	struct action *action;

	while ((action = lanes_next(s, lanes, kind, false)) != NULL) {
		puts(action->arg);
		free(action);
	}
}

int
main(int argc, char **argv)
{
	struct organization *organizations =
	    xcalloc(LETTERS, sizeof(*organizations));
	struct actions list = STAILQ_HEAD_INITIALIZER(list);
	struct spoold *s = xcalloc(1, sizeof(*s));
	struct lanes lanes;
	int i;

	lanes_init(&lanes);
	for (i = 0; i < LETTERS; i++)
		lane_init(organizations[i].lanes);
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		collect(&list, organizations, argv[i]);
	for (i++; i < argc; i++) {
		organizations[argv[i][0] - 'a'].express.goes_first = true;
		s->express = true;
	}
	lanes_add(&lanes, &list);
	carry_out(s, &lanes, LANE_FIRST);
	carry_out(s, &lanes, LANE_REST);
	printf("%s\n", lanes_empty(&lanes) ? "none" : "some stand back");
	for (i = 0; i < LETTERS; i++)
		lanes_forget(&lanes, &organizations[i]);
	free(organizations);
	free(s);
	return 0;
}
