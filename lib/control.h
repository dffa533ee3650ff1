/*
 * control - what the control protocol's two sides agree on, and what it takes
 * to start spoold's programs
 *
 * One JSON object a line each way over <run_directory>/control.sock; see
 * spoold-control(7).
 */
#ifndef LIB_CONTROL_H
#define LIB_CONTROL_H

#include <stddef.h>

#include "lib/why.h"

#define CONTROL_LINE_MAX 65536	/* bytes of a request, with its newline */
#define CONTROL_ANSWER_MAX 1048576

/*
 * Fills *why with the first `spoold: CODE: message` in a file that was
 * spoold's stderr, and leaves it as it is if there is none; -1.
 */
int	 control_said(int said, struct why *why);

/*
 * The absolute path of another of spoold's programs ("spoold",
 * "workers/intake"), found relative to this one (/proc/self/exe).
 */
int	 control_program(const char *name, char *out, size_t size,
	    struct why *why);

#endif
