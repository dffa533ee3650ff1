/*
 * probe_log - drives lib/log
 *
 * probe_log TARGET LEVEL [LEVEL MESSAGE]...	logs each message at its level
 * probe_log - ...				the same without log_open()
 *
 * A LEVEL of `fatal` ends it with status 78, `reopen` opens MESSAGE as the new
 * target.  A message of `@N` is N letters long.
 */
#include "tests/unit/probe.h"

#include <errno.h>

#include "lib/log.h"

static void
log_at(const char *level, const char *message)
{
	char	*text;

	if (message[0] == '@') {
		text = xcalloc(strtoul(message + 1, NULL, 10) + 1, 1);
		memset(text, 'x', strtoul(message + 1, NULL, 10));
	} else {
		text = xstrdup(message);
	}
	switch (log_level_by_name(level)) {
	case LOG_ERROR:
		log_error("%s", text);
		break;
	case LOG_WARNING:
		log_warning("%s", text);
		break;
	case LOG_INFO:
		log_info("%s", text);
		break;
	case LOG_DEBUG:
		log_debug("%s", text);
		break;
	default:
		log_fatal(78, "%s", text);
	}
	free(text);
}

int
main(int argc, char *argv[])
{
	struct why	 why;
	int		 level, i;

	if (argc < 3 || (level = log_level_by_name(argv[2])) == -1) {
		printf("no such level\n");
		return 64;
	}
	if (strcmp(argv[1], "-") != 0 &&
	    log_open("spoold", argv[1], (enum log_level)level, &why) == -1) {
		probe_print_why(&why);
		return 1;
	}
	for (i = 3; i + 1 < argc; i += 2) {
		errno = 42;
		if (strcmp(argv[i], "reopen") != 0)
			log_at(argv[i], argv[i + 1]);
		else if (log_open("spoold", argv[i + 1],
		    (enum log_level)level, &why) == -1)
			probe_print_why(&why);
		if (strcmp(argv[i], "reopen") != 0 && errno != 42)
			printf("errno changed\n");
	}
	return 0;
}
