/*
 * probe_base - drives lib/clock, id, ticket, utf8, hex, buf, why and xalloc
 *
 * probe_base COMMAND [ARGUMENT]...; exits with 1 where the module says -1.
 */
#include "tests/unit/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/id.h"
#include "lib/ticket.h"
#include "lib/utf8.h"

static int64_t
number(const char *text)
{
	return strtoll(text, NULL, 10);
}

static int
answer(int rc, int64_t value)
{
	if (rc == -1)
		printf("no\n");
	else
		printf("%lld\n", (long long)value);
	return rc == -1;
}

static int
clock_format_all(char **args)
{
	int64_t	 ms = number(args[0]);
	char	 time[CLOCK_TEXT], day[CLOCK_DAY];

	clock_format(ms, time);
	clock_format_day(ms, day);
	printf("%s %s\n", time, day);
	return 0;
}

static int
clock_parse_one(char **args)
{
	int64_t	 ms = 0;
	int	 rc = clock_parse(args[0], &ms);

	return answer(rc, ms);
}

/* Each line of standard input. */
static int
clock_parse_lines(char **args)
{
	char	*line = NULL;
	size_t	 cap = 0;
	int64_t	 ms = 0;
	ssize_t	 n;
	int	 rc;

	(void)args;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		line[n - 1] = '\0';
		rc = clock_parse(line, &ms);
		(void)answer(rc, ms);
	}
	free(line);
	return 0;
}

static int
clock_when(char **args)
{
	int64_t	 ms = 0;
	int	 rc = clock_parse_when(args[0], number(args[1]), &ms);

	return answer(rc, ms);
}

static int
clock_duration(char **args)
{
	int64_t	 ms = 0;
	int	 rc = clock_parse_duration(args[0], &ms);

	return answer(rc, ms);
}

static int
clock_format_waits(char **args)
{
	char	 duration[32], age[32];

	clock_format_duration(number(args[0]), duration);
	clock_format_age(number(args[0]), age);
	printf("%s %s\n", duration, age);
	return 0;
}

static int
clock_timespec(char **args)
{
	struct timespec	 at = clock_to_timespec(number(args[0]));

	printf("%lld %ld %lld\n", (long long)at.tv_sec, at.tv_nsec,
	    (long long)clock_from_timespec(at));
	return 0;
}

/* How far the wall clock is from date(1)'s, and whether time goes on. */
static int
clock_now(char **args)
{
	int64_t	 off = clock_wall() - number(args[0]) * 1000;
	int64_t	 first = clock_monotonic();

	printf("%s %s\n", off > -2000 && off < 30000 ? "right" : "wrong",
	    clock_monotonic() >= first ? "on" : "back");
	return 0;
}

/* ORG NAME FILE */
static int
id_of_file(char **args)
{
	struct statx	 st;
	struct id	 id;
	char		 text[ID_LENGTH + 1];

	if (statx(AT_FDCWD, args[2], AT_SYMLINK_NOFOLLOW, STATX_BTIME |
	    STATX_MTIME | STATX_INO | STATX_SIZE, &st) == -1)
		return 1;
	id_make(args[0], args[1], &st, &id);
	id_format(&id, text);
	printf("%s\n", text);
	return 0;
}

/* ORG NAME INODE BTIME-S BTIME-NS MTIME-S MTIME-NS SIZE */
static int
id_of_numbers(char **args)
{
	struct statx	 st = { 0 };
	struct id	 id;
	char		 text[ID_LENGTH + 1];

	st.stx_ino = strtoull(args[2], NULL, 10);
	st.stx_btime.tv_sec = number(args[3]);
	st.stx_btime.tv_nsec = (uint32_t)number(args[4]);
	st.stx_mtime.tv_sec = number(args[5]);
	st.stx_mtime.tv_nsec = (uint32_t)number(args[6]);
	st.stx_size = strtoull(args[7], NULL, 10);
	id_make(args[0], args[1], &st, &id);
	id_format(&id, text);
	printf("%s\n", text);
	return 0;
}

static int
id_read(char **args)
{
	struct id	 id;
	char		 text[ID_LENGTH + 1];
	char		 hex[HEX_SIZE(sizeof id.bytes)];

	if (id_parse(args[0], &id) == -1)
		return answer(-1, 0);
	hex_format(id.bytes, sizeof id.bytes, hex);
	id_format(&id, text);
	printf("%s %s %lld\n", hex, text, (long long)id_time(&id));
	return 0;
}

static int
id_order(char **args)
{
	struct id	 a, b;
	int		 order;

	if (id_parse(args[0], &a) == -1 || id_parse(args[1], &b) == -1)
		return answer(-1, 0);
	order = id_compare(&a, &b);
	printf("%s\n", order < 0 ? "<" : order > 0 ? ">" : "=");
	return 0;
}

static int
ticket_read(char **args)
{
	struct ticket	 ticket;
	char		 id[ID_LENGTH + 1], name[TICKET_NAME_MAX];

	if (ticket_parse(args[0], &ticket) == -1)
		return answer(-1, 0);
	id_format(&ticket.id, id);
	ticket_format(&ticket, name);
	printf("%s %s %d %d %s\n", id, ticket.destination, ticket.priority,
	    ticket.attempts, strcmp(name, args[0]) == 0 ? "same" : name);
	return 0;
}

static int
destination_check(char **args)
{
	printf("%s\n", destination_id_valid(args[0]) ? "yes" : "no");
	return 0;
}

/* Standard input's characters, as numbers. */
static int
utf8_read(char **args)
{
	size_t		 length, i = 0;
	char		*text = probe_read(&length), out[4];
	uint32_t	 code;
	int		 n = 1;

	(void)args;
	for (; n > 0 && i < length; i += (size_t)(n > 0 ? n : 0)) {
		n = utf8_next(text + i, length - i, &code);
		if (n <= 0)
			printf("%s ", n == 0 ? "cut" : "wrong");
		else if (utf8_put(out, code) != (size_t)n ||
		    memcmp(out, text + i, (size_t)n) != 0)
			printf("differs ");
		else
			printf("%x%s ", code, utf8_is_control(code) ?
			    "(control)" : "");
	}
	printf("%s\n", utf8_valid(text, length) ? "valid" : "invalid");
	free(text);
	return 0;
}

static int
utf8_measure(char **args)
{
	printf("%zu %zu\n", utf8_count(args[0]), utf8_cut(args[0],
	    strlen(args[0]), (size_t)number(args[1])));
	return 0;
}

/* TEXT: reads all of it but an odd digit, and writes it again. */
static int
hex_again(char **args)
{
	unsigned char bytes[64];
	char hex[HEX_SIZE(sizeof bytes)];
	size_t length = strlen(args[0]) / 2;

	if (length > sizeof bytes || hex_parse(args[0], bytes, length) == -1)
		return answer(-1, 0);
	hex_format(bytes, length, hex);
	printf("%s\n", hex);
	return 0;
}

/* MAX: adds each word of standard input, and prints what there is. */
static int
buf_words(char **args)
{
	struct buf	 buf = { .max = (size_t)number(args[0]) };
	char		 word[64];

	while (scanf("%63s", word) == 1) {
		if (word[0] == '-')
			buf_consume(&buf, (size_t)number(word + 1));
		else if (strcmp(word, "clear") == 0)
			buf_clear(&buf);
		else
			buf_printf(&buf, "%s", word);
		printf("%zu %s%s\n", buf.len, buf.data ? buf.data : "none",
		    buf.overflow ? " overflow" : "");
	}
	buf_wipe(&buf);
	return buf.data != NULL || buf.cap != 0;
}

/* Grows far beyond its first size, byte by byte. */
static int
buf_grow(char **args)
{
	struct buf	 buf = { 0 };
	int64_t		 i, count = number(args[0]);
	size_t		 wrong = 0;

	for (i = 0; i < count; i++)
		buf_char(&buf, (char)('a' + i % 26));
	for (i = 0; i < count; i++)
		wrong += buf.data[i] != (char)('a' + i % 26);
	printf("%zu %zu %zu\n", buf.len,
	    buf.data != NULL ? strlen(buf.data) : 0, wrong);
	buf_free(&buf);
	return 0;
}

static int
why_from_errno(char **args)
{
	struct why	 why;

	errno = (int)number(args[0]);
	(void)why_errno(&why, "move %s", args[1]);
	printf("%d %d ", why.number, errno == why.number);
	probe_print_why(&why);
	return 0;
}

/* PATH WORDS: what they are cut to. */
static int
why_lengths(char **args)
{
	struct why	 why;

	(void)why_field(&why, args[0], "%s", args[1]);
	printf("%s %d %d %zu %zu %s\n", error_name(why.code), why.number,
	    (int)why.offset, strlen(why.path), strlen(why.text),
	    utf8_valid(why.text, strlen(why.text)) &&
	    utf8_valid(why.path, strlen(why.path)) ? "valid" : "invalid");
	return 0;
}

static int
error_of_name(char **args)
{
	enum error	 code = error_by_name(args[0]);

	printf("%s %d %s\n", error_name(code), error_exit_status(code),
	    error_kind(code) == ERROR_KIND_attempt ? "attempt" : "command");
	return 0;
}

static int
memory(char **args)
{
	char	*out = xasprintf("%s-%s", args[0], args[1]);
	char	*copy = xstrndup(out, 3), *zero = xreallocarray(NULL, 0, 8);
	int	*cleared = xcalloc(2, sizeof *cleared);

	printf("%s %s %d %d\n", out, copy, cleared[0] + cleared[1],
	    zero != NULL);
	free(out);
	free(copy);
	free(zero);
	free(cleared);
	return 0;
}

static int
memory_without_end(char **args)
{
	(void)args;
	free(xreallocarray(NULL, SIZE_MAX / 2, 3));
	return 0;
}

static const struct {
	const char	*name;
	int		 arguments;
	int		(*run)(char **);
} commands[] = {
	{ "format", 1, clock_format_all },
	{ "parse", 1, clock_parse_one },
	{ "parse-lines", 0, clock_parse_lines },
	{ "when", 2, clock_when },
	{ "duration", 1, clock_duration },
	{ "waits", 1, clock_format_waits },
	{ "timespec", 1, clock_timespec },
	{ "now", 1, clock_now },
	{ "id-file", 3, id_of_file },
	{ "id-numbers", 8, id_of_numbers },
	{ "id", 1, id_read },
	{ "id-order", 2, id_order },
	{ "ticket", 1, ticket_read },
	{ "destination", 1, destination_check },
	{ "utf8", 0, utf8_read },
	{ "utf8-measure", 2, utf8_measure },
	{ "hex", 1, hex_again },
	{ "buf", 1, buf_words },
	{ "buf-grow", 1, buf_grow },
	{ "errno", 2, why_from_errno },
	{ "why", 2, why_lengths },
	{ "error", 1, error_of_name },
	{ "memory", 2, memory },
	{ "no-memory", 0, memory_without_end },
};

int
main(int argc, char *argv[])
{
	size_t	 i;

	for (i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[1], commands[i].name) == 0 &&
		    argc == commands[i].arguments + 2)
			return commands[i].run(argv + 2);
	fprintf(stderr, "probe_base: no such command\n");
	return 64;
}
