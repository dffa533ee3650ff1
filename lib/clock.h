/*
 * clock - the two clocks, and times and durations as text
 *
 * Wall times are milliseconds since 1970 in UTC, written as RFC 3339 with
 * milliseconds (2026-11-23T21:04:05.123Z).  Waits are kept on the monotonic
 * clock, whose milliseconds mean nothing outside this boot.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_TEXT 25	/* bytes of a formatted wall time, with its NUL */
#define CLOCK_DAY 11	/* bytes of YYYY-MM-DD, with its NUL */

int64_t	 clock_wall(void);
int64_t	 clock_monotonic(void);
int64_t	 clock_monotonic_us(void);	/* microseconds */

/* A struct timespec or statx timestamp as milliseconds, and back. */
int64_t		 clock_from_timespec(struct timespec);
struct timespec	 clock_to_timespec(int64_t ms);

void	 clock_format(int64_t ms, char out[CLOCK_TEXT]);
void	 clock_format_day(int64_t ms, char out[CLOCK_DAY]);

/* RFC 3339 with any offset and fraction.  Returns 0, or -1 if it is not. */
int	 clock_parse(const char *, int64_t *ms_r);

/*
 * What people type on a command line: RFC 3339, YYYY-MM-DD, `today`,
 * `yesterday`, or an age (`2h` is two hours before `now`).  Returns 0 or -1.
 */
int	 clock_parse_when(const char *, int64_t now, int64_t *ms_r);

/*
 * `500ms`, `30s`, `5m`, `2h`, `7d`; a bare number is milliseconds.
 * Returns 0, or -1 if it is none of these, negative or beyond 10,000 days.
 */
int	 clock_parse_duration(const char *, int64_t *ms_r);

/* The shortest exact form of these: 90000 is `90s`, 120000 is `2m`. */
void	 clock_format_duration(int64_t ms, char out[32]);

/* For people: `41s`, `4m`, `3h`, `2d`, the largest unit alone. */
void	 clock_format_age(int64_t ms, char out[32]);

#endif
