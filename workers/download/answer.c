/*
 * answer - what a request is answered with
 */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "workers/download/answer.h"

void
answer_begin(struct answer *answer, int status)
{
	*answer = (struct answer){ .status = status, .fd = -1, .length = -1 };
}

void
answer_header(struct answer *answer, const char *name, const char *format, ...)
{
	struct buf value = { 0 };
	va_list args;

	assert(answer->headers < ANSWER_HEADERS);
	va_start(args, format);
	buf_vprintf(&value, format, args);
	va_end(args);
	answer->header[answer->headers].name = name;
	answer->header[answer->headers++].value = value.data;
}

void
answer_free(struct answer *answer)
{
	for (size_t i = 0; i < answer->headers; i++)
		free(answer->header[i].value);
	buf_free(&answer->body);
	if (answer->fd != -1)
		(void)close(answer->fd);
	answer_begin(answer, 0);
}
