/*
 * options - how spoold was called
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "spoold/options.h"

/* What the caller had open is nobody's business here, and no worker's. */
int
descriptors_close(const struct options *options, struct why *why)
{
	unsigned keep = options->offline ? OFFLINE_FD :
	    options->ready_fd > STDERR_FILENO ? (unsigned)options->ready_fd :
	    STDERR_FILENO;

	if ((keep > STDERR_FILENO + 1 &&
	    close_range(STDERR_FILENO + 1, keep - 1, 0) == -1) ||
	    close_range(keep + 1, UINT_MAX, 0) == -1)
		return why_errno(why, "close_range");
	return 0;
}

static const char usage[] = "usage: spoold -c FILE [--ready-fd N] "
    "[--offline] [--restored] [--volatile]\n";
static const char help[] =
    "The supervisor; spoolctl starts and stops it.\n\n"
    "  -c FILE                     Configuration.\n"
    "      --ready-fd N            Write \"ready\" there and go to the "
    "background.\n"
    "      --offline               Serve one command on descriptor 3, deliver "
    "nothing.\n"
    "      --restored              The spool is from a backup: hold "
    "everything.\n"
    "      --volatile              A spool on tmpfs will do.\n"
    "      --help                  Print this and exit.\n"
    "      --version               Print the version and exit.\n";

int
options_read(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "offline", no_argument, NULL, 'o' },
		{ "restored", no_argument, NULL, 'R' },
		{ "volatile", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int option;

	options->ready_fd = -1;
	while ((option = getopt_long(argc, argv, "c:", longs, NULL)) != -1)
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 'r':
			options->ready_fd = (int)strtol(optarg, NULL, 10);
			break;
		case 'o':
			options->offline = true;
			break;
		case 'R':
			options->restored = true;
			break;
		case 'v':
			options->allow_volatile = true;
			break;
		case 'h':
			(void)printf("%s\n%s", usage, help);
			exit(0);
		case 'V':
			(void)printf("spoold %s\n", SPOOLD_VERSION);
			exit(0);
		default:
			return -1;
		}
	return optind == argc ? 0 : -1;
}

void
options_usage(void)
{
	(void)fprintf(stderr, "%s", usage);
}
