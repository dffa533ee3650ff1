/*
 * probe_admit - drives spoold/admit
 *
 * DIR ORG undo ID FILE DESTINATION: takes back what admit() did for a job of
 * that payload file.  Prints `0`, or the error.
 */
#include "tests/unit/probe.h"

#include "lib/spool.h"

#include "spoold/admit.h"
#include "spoold/organization.h"

int
main(int argc, char **argv)
{
	struct organization org = { 0 };
	struct facts facts = { 0 };
	struct why why;
	int result;

	if (argc != 7 || strcmp(argv[3], "undo") != 0 ||
	    id_parse(argv[4], &facts.id) == -1) {
		fprintf(stderr, "usage: probe_admit DIR ORG undo ID FILE "
		    "DESTINATION\n");
		return 2;
	}
	org.id = argv[2];
	org.spool = spool_open(argv[1], argv[2], &why);
	if (org.spool == NULL) {
		probe_print_why(&why);
		return 1;
	}
	facts.job.file = argv[5];
	facts.job.destinations = &argv[6];
	facts.job.destination_count = 1;
	facts.job.priority = 5;
	result = admit_undo(&org, &facts, &why);
	if (result == -1)
		probe_print_why(&why);
	else
		printf("%d\n", result);
	spool_close(&org.spool);
	return result == 0 ? 0 : 1;
}
