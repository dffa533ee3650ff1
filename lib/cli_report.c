/*
 * cli_report - what a command says when something is wrong
 *
 * Everything goes through cli_fail(), so an error looks the same from every
 * command, is one line, and never carries a control character to a terminal.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cli.h"
#include "lib/clock.h"
#include "lib/receipt.h"
#include "lib/show.h"

int
cli_fail(const struct cli *cli, const struct why *why)
{
	struct buf line = { .max = 0 };

	if (cli->json) {
		receipt_write_error(&line, NULL, why);
	} else {
		buf_printf(&line, "%s: %s: ", cli->program->name,
		    error_name(why->code));
		show_escape(&line, why->text);
	}
	buf_char(&line, '\n');
	(void)fflush(stdout);
	(void)fwrite(line.data, 1, line.len, stderr);
	buf_free(&line);
	return error_exit_status(why->code);
}

int
cli_fail_about(const struct cli *cli, const char *about, const struct why *why)
{
	struct why named = *why;

	if (about == NULL)
		return cli_fail(cli, why);
	(void)why_set(&named, why->code, "%s: %s", about, why->text);
	named.offset = why->offset;
	named.retry_after = why->retry_after;
	memcpy(named.path, why->path, sizeof(named.path));
	memcpy(named.id, why->id, sizeof(named.id));
	memcpy(named.name, why->name, sizeof(named.name));
	memcpy(named.nearest, why->nearest, sizeof(named.nearest));
	memcpy(named.fields, why->fields, sizeof(named.fields));
	return cli_fail(cli, &named);
}

int
cli_usage(const struct cli *cli, const char *format, ...)
{
	struct why why;
	char text[512];
	va_list ap;
	bool whole = cli->verb == &cli->program->itself;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)why_set(&why, ERROR_USAGE, "%s; see %s%s%s --help", text,
	    cli->program->name, whole ? "" : " ",
	    whole ? "" : cli->verb->name);
	return cli_fail(cli, &why);
}

void
cli_note(const struct cli *cli, const char *format, ...)
{
	struct buf line = { .max = 0 };
	va_list ap;

	if (!cli->verbose)
		return;
	va_start(ap, format);
	buf_vprintf(&line, format, ap);
	va_end(ap);
	show_text(stderr, line.data);
	(void)fputc('\n', stderr);
	buf_free(&line);
}

int
cli_number(const char *option, const char *argument, int64_t min, int64_t max,
    int64_t *number_r, struct why *why)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(argument, &end, 10);
	if (errno != 0 || end == argument || *end != '\0' || number < min ||
	    number > max)
		return why_set(why, ERROR_USAGE,
		    "%s: \"%s\" is no whole number from %lld to %lld", option,
		    argument, (long long)min, (long long)max);
	*number_r = number;
	return 0;
}

int
cli_when(const char *option, const char *argument, int64_t *ms_r,
    struct why *why)
{
	if (clock_parse_when(argument, clock_wall(), ms_r) == 0)
		return 0;
	return why_set(why, ERROR_USAGE,
	    "%s: \"%s\" is no time: 2026-11-23T21:04:05Z, 2026-11-23, today, "
	    "yesterday, or an age (2h)", option, argument);
}
