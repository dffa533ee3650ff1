/*
 * clock - the two clocks, and times and durations as text
 *
 * Times are read by hand: strptime(3) takes white space, signs and the 31st of
 * February, and knows nothing of offsets or fractions.  A fraction is cut to
 * milliseconds, never rounded, so a time never lies in the next second.
 */
#include "lib/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define YEAR_0000_MS INT64_C(-62167219200000)
#define YEAR_9999_MS INT64_C(253402300799999)
#define DURATION_MAX (10000 * DAY_MS)

static const struct {
	const char	*name;
	int64_t		 ms;
} units[] = {			/* from large to small */
	{ "d",	DAY_MS },
	{ "h",	3600000 },
	{ "m",	60000 },
	{ "s",	1000 },
	{ "ms",	1 },
};
#define UNITS (sizeof units / sizeof units[0])

static struct timespec
now_of(clockid_t clock)
{
	struct timespec	 now;
	int		 rc;

	rc = clock_gettime(clock, &now);
	assert(rc == 0);	/* both clocks exist on every Linux */
	return now;
}

int64_t
clock_wall(void)
{
	return clock_from_timespec(now_of(CLOCK_REALTIME));
}

int64_t
clock_monotonic(void)
{
	return clock_from_timespec(now_of(CLOCK_MONOTONIC));
}

int64_t
clock_monotonic_us(void)
{
	struct timespec	 now = now_of(CLOCK_MONOTONIC);

	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_from_timespec(struct timespec at)
{
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

struct timespec
clock_to_timespec(int64_t ms)
{
	struct timespec	 at;
	int64_t		 rest = ms % 1000;

	if (rest < 0)		/* tv_nsec counts forwards, before 1970 too */
		rest += 1000;
	at.tv_sec = (time_t)((ms - rest) / 1000);
	at.tv_nsec = (long)(rest * 1000000);
	return at;
}

/* Splits a time; what has no four-digit year becomes the nearest that has. */
static void
split(int64_t ms, struct tm *tm, int *ms_r)
{
	struct timespec	 at;
	struct tm	*ok;

	if (ms < YEAR_0000_MS)
		ms = YEAR_0000_MS;
	if (ms > YEAR_9999_MS)
		ms = YEAR_9999_MS;
	at = clock_to_timespec(ms);
	ok = gmtime_r(&at.tv_sec, tm);
	assert(ok != NULL);	/* the year is in range */
	*ms_r = (int)(at.tv_nsec / 1000000);
}

/* By hand: several times a job is said, and snprintf(3) takes its time. */
static void
put_digits(char *out, int count, int number)
{
	while (count-- > 0) {
		out[count] = (char)('0' + number % 10);
		number /= 10;
	}
}

static void
put_day(char *out, const struct tm *tm)
{
	put_digits(out, 4, tm->tm_year + 1900);
	out[4] = '-';
	put_digits(out + 5, 2, tm->tm_mon + 1);
	out[7] = '-';
	put_digits(out + 8, 2, tm->tm_mday);
}

void
clock_format(int64_t wall_ms, char out[CLOCK_TEXT])
{
	struct tm	 tm;
	int		 ms;

	split(wall_ms, &tm, &ms);
	put_day(out, &tm);
	out[10] = 'T';
	put_digits(out + 11, 2, tm.tm_hour);
	out[13] = ':';
	put_digits(out + 14, 2, tm.tm_min);
	out[16] = ':';
	put_digits(out + 17, 2, tm.tm_sec);
	out[19] = '.';
	put_digits(out + 20, 3, ms);
	out[23] = 'Z';
	out[24] = '\0';
}

void
clock_format_day(int64_t wall_ms, char out[CLOCK_DAY])
{
	struct tm	 tm;
	int		 ms;

	split(wall_ms, &tm, &ms);
	put_day(out, &tm);
	out[10] = '\0';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads exactly `digits` digits, and moves behind them. */
static bool
take_number(const char **text, int digits, int *number_r)
{
	*number_r = 0;
	for (; digits > 0; digits--, (*text)++) {
		if (!is_digit(**text))
			return false;
		*number_r = *number_r * 10 + (**text - '0');
	}
	return true;
}

static bool
take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static int
days_in(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 ||
	    year % 400 == 0))
		return 29;
	return days[month - 1];
}

static bool
take_day(const char **text, struct tm *tm)
{
	int	 year, month, day;

	if (!take_number(text, 4, &year) || !take_char(text, '-') ||
	    !take_number(text, 2, &month) || !take_char(text, '-') ||
	    !take_number(text, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* HH:MM:SS and a fraction; second 60 is let through for take_offset(). */
static bool
take_time(const char **text, struct tm *tm, int *ms_r)
{
	int	 scale = 100;

	if (!take_number(text, 2, &tm->tm_hour) || !take_char(text, ':') ||
	    !take_number(text, 2, &tm->tm_min) || !take_char(text, ':') ||
	    !take_number(text, 2, &tm->tm_sec))
		return false;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	*ms_r = 0;
	if (!take_char(text, '.'))
		return true;
	if (!is_digit(**text))
		return false;
	for (; is_digit(**text); (*text)++, scale /= 10)
		*ms_r += (**text - '0') * scale;
	return true;
}

/* Z, or the signed minutes that local time is ahead of UTC. */
static bool
take_offset(const char **text, int *minutes_r)
{
	int	 hours, minutes, sign;

	*minutes_r = 0;
	if (take_char(text, 'Z') || take_char(text, 'z'))
		return true;
	sign = **text == '-' ? -1 : 1;
	if (!take_char(text, '+') && !take_char(text, '-'))
		return false;
	if (!take_number(text, 2, &hours) || !take_char(text, ':') ||
	    !take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*minutes_r = sign * (hours * 60 + minutes);
	return true;
}

/* Leap seconds are inserted at the end of a month, in UTC. */
static bool
is_after_month(time_t seconds)
{
	struct tm	 tm;

	return gmtime_r(&seconds, &tm) != NULL && tm.tm_mday == 1 &&
	    tm.tm_hour == 0 && tm.tm_min == 0 && tm.tm_sec == 0;
}

int
clock_parse(const char *text, int64_t *ms_r)
{
	struct tm	 tm = { 0 };
	time_t		 seconds;
	bool		 leap;
	int		 ms, offset;

	if (!take_day(&text, &tm) ||
	    (!take_char(&text, 'T') && !take_char(&text, 't')) ||
	    !take_time(&text, &tm, &ms) || !take_offset(&text, &offset) ||
	    *text != '\0')
		return -1;
	/* 23:59:60 is the second before 00:00:00, which timegm() makes it. */
	leap = tm.tm_sec == 60;
	seconds = timegm(&tm) - offset * 60;
	if (leap && !is_after_month(seconds))
		return -1;
	*ms_r = (int64_t)seconds * 1000 + (leap ? 0 : ms);
	return 0;
}

int
clock_parse_when(const char *text, int64_t now, int64_t *ms_r)
{
	const char	*rest = text;
	struct tm	 tm = { 0 };
	int64_t		 age, day;

	day = now - (now % DAY_MS + DAY_MS) % DAY_MS;
	if (strcmp(text, "today") == 0)
		*ms_r = day;
	else if (strcmp(text, "yesterday") == 0)
		*ms_r = day - DAY_MS;
	else if (take_day(&rest, &tm) && *rest == '\0')
		*ms_r = (int64_t)timegm(&tm) * 1000;
	else if (*text != '\0' && !is_digit(text[strlen(text) - 1]) &&
	    clock_parse_duration(text, &age) == 0)
		*ms_r = now - age;	/* 20261123 is a slip, not an age */
	else
		return clock_parse(text, ms_r);
	return 0;
}

int
clock_parse_duration(const char *text, int64_t *ms_r)
{
	int64_t	 number = 0, unit = 0;
	size_t	 i;

	if (!is_digit(*text))
		return -1;
	for (; is_digit(*text); text++)
		if ((number = number * 10 + (*text - '0')) > DURATION_MAX)
			return -1;
	for (i = 0; i < UNITS; i++)
		if (strcmp(text, units[i].name) == 0)
			unit = units[i].ms;
	if (*text == '\0')
		unit = 1;
	if (unit == 0 || number > DURATION_MAX / unit)
		return -1;
	*ms_r = number * unit;
	return 0;
}

void
clock_format_duration(int64_t ms, char out[32])
{
	size_t	 i = 0;
	int	 n;

	if (ms == 0) {
		memcpy(out, "0s", sizeof "0s");
		return;
	}
	while (ms % units[i].ms != 0)
		i++;
	n = snprintf(out, 32, "%" PRId64 "%s", ms / units[i].ms,
	    units[i].name);
	assert(n > 0 && n < 32);
}

void
clock_format_age(int64_t ms, char out[32])
{
	size_t	 i = 0;
	int	 n;

	if (ms < 0)
		ms = 0;
	while (ms < units[i].ms && units[i].ms > 1000)
		i++;
	n = snprintf(out, 32, "%" PRId64 "%s", ms / units[i].ms,
	    units[i].name);
	assert(n > 0 && n < 32);
}
