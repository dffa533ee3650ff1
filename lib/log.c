/*
 * log - one event a line, for people and for grep
 *
 * A line is made on the stack and written by one write(2), so lines of several
 * processes that append to the same file do not mix, and running out of memory
 * can still be logged.  What is too long is cut.  A line that cannot be
 * written is lost: a full disk must not stop deliveries.
 */
#include <syslog.h>

/* syslog.h has names that lib/log.h has, too: take their values. */
enum {
	SYSLOG_ERROR = LOG_ERR,
	SYSLOG_WARNING = LOG_WARNING,
	SYSLOG_INFO = LOG_INFO,
	SYSLOG_DEBUG = LOG_DEBUG
};
#undef LOG_WARNING
#undef LOG_INFO
#undef LOG_DEBUG

#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/utf8.h"

#define TEXT_MAX 2048		/* of a message, before it is escaped */
#define LINE_MAX_BYTES 4096

static const struct {
	const char	*name;
	int		 syslog;
} levels[LOG_LEVELS] = {
	[LOG_ERROR] = { "error", SYSLOG_ERROR },
	[LOG_WARNING] = { "warning", SYSLOG_WARNING },
	[LOG_INFO] = { "info", SYSLOG_INFO },
	[LOG_DEBUG] = { "debug", SYSLOG_DEBUG },
};

/* A process has one log, and a library that fails must not need to find it. */
static struct {
	char		 program[32];	/* openlog(3) keeps pointing here */
	int		 fd;
	bool		 to_syslog;
	enum log_level	 level;
} state = { "", STDERR_FILENO, false, LOG_INFO };

struct line {
	char	 text[LINE_MAX_BYTES];
	size_t	 length;
};

/* Appends, if it fits before the newline. */
static bool
line_add(struct line *line, const char *bytes, size_t length)
{
	if (length > sizeof line->text - 2 - line->length)
		return false;
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
	return true;
}

/* How many bytes from here on are printable ASCII. */
static size_t
plain_length(const char *text, size_t length)
{
	size_t	 n = 0;

	while (n < length && text[n] >= 0x20 && text[n] < 0x7f)
		n++;
	return n;
}

/* Appends text so that it stays one line, and harmless on a terminal. */
static void
line_add_escaped(struct line *line, const char *text, size_t length)
{
	uint32_t	 code;
	char		 escape[5];
	int		 bytes, n;

	while (length > 0) {
		size_t	 plain = plain_length(text, length);

		if (plain > 0) {
			if (!line_add(line, text, plain))
				return;
			text += plain;
			length -= plain;
			continue;
		}
		bytes = utf8_next(text, length, &code);
		if (bytes > 0 && !utf8_is_control(code)) {
			if (!line_add(line, text, (size_t)bytes))
				return;
		} else {
			bytes = 1;
			n = *text == '\n' ?
			    snprintf(escape, sizeof escape, "\\n") :
			    snprintf(escape, sizeof escape, "\\x%02x",
			    (unsigned char)*text);
			if (!line_add(line, escape, (size_t)n))
				return;
		}
		text += bytes;
		length -= (size_t)bytes;
	}
}

static void
line_begin(struct line *line, enum log_level level)
{
	const char	*program = state.program;
	char		 now[CLOCK_TEXT];
	int		 n;

	line->length = 0;
	if (state.to_syslog)
		return;
	if (*program == '\0')
		program = program_invocation_short_name;
	clock_format(clock_wall(), now);
	n = snprintf(line->text, sizeof line->text, "%s %s %.32s[%ld]: ", now,
	    levels[level].name, program, (long)getpid());
	line->length = n > 0 ? (size_t)n : 0;
}

static void
line_write(struct line *line, enum log_level level)
{
	ssize_t	 n;

	if (state.to_syslog) {
		line->text[line->length] = '\0';
		syslog(levels[level].syslog, "%s", line->text);
		return;
	}
	line->text[line->length++] = '\n';
	do
		n = write(state.fd, line->text, line->length);
	while (n == -1 && errno == EINTR);
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *format, va_list args)
{
	struct line	 line;
	char		 text[TEXT_MAX];
	int		 number = errno, n;
	size_t		 length;

	if (level > state.level)
		return;
	if ((n = vsnprintf(text, sizeof text, format, args)) < 0)
		n = 0;
	length = utf8_cut(text, (size_t)n, sizeof text - 1);
	line_begin(&line, level);
	line_add_escaped(&line, text, length);
	line_write(&line, level);
	errno = number;
}

int
log_open(const char *program, const char *target, enum log_level level,
    struct why *why)
{
	bool	 to_syslog = strcmp(target, "syslog") == 0;
	int	 fd = STDERR_FILENO;

	if (!to_syslog && strcmp(target, "stderr") != 0) {
		fd = open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		    O_NOCTTY, 0640);
		if (fd == -1)
			return why_errno(why, "open log file %s", target);
	}
	if (state.to_syslog)
		closelog();
	if (state.fd != STDERR_FILENO)
		(void)close(state.fd);
	(void)snprintf(state.program, sizeof state.program, "%s", program);
	state.fd = fd;
	state.to_syslog = to_syslog;
	state.level = level;
	if (to_syslog)
		openlog(state.program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	return 0;
}

int
log_level_by_name(const char *name)
{
	int	 level;

	for (level = 0; level < LOG_LEVELS; level++)
		if (strcmp(levels[level].name, name) == 0)
			return level;
	return -1;
}

#define LOG_FUNCTION(function, level) \
void \
function(const char *format, ...) \
{ \
	va_list	 args; \
\
	va_start(args, format); \
	log_line(level, format, args); \
	va_end(args); \
}

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warning, LOG_WARNING)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)

void
log_fatal(int status, const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	log_line(LOG_ERROR, format, args);
	va_end(args);
	exit(status);
}
