/*
 * scan_token - the strings, numbers and words that JSON is made of
 *
 * Nothing is converted but escapes in names: a number's range follows from
 * where its first digit stands and from its exponent, and strtod(3) decides
 * only about those that are next to the largest double.
 */
#include "lib/scan_token.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/xalloc.h"

/* Larger than any exponent that counts, however many zeros go before. */
#define EXPONENT_ENOUGH INT64_C(1000000000000000)

static int
wrong(struct scan_text *s, size_t at, const char *words)
{
	s->at = at;
	s->wrong = words;
	return -1;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Reads the four digits of a \u escape at `at`, a low surrogate or anything
 * but one.  As soon as the digits decide that it is the other kind, or NUL, it
 * is wrong: no end of the text would make it right.
 */
static int
hex_code(struct scan_text *s, size_t at, bool low, uint32_t *code_r)
{
	uint32_t	 from = 0, to = 0xffff, digit;
	size_t		 i;
	int		 value;

	for (i = 0; i < 4; i++) {
		if (at + i == s->length)
			return 0;
		if ((value = hex_digit(s->bytes[at + i])) == -1)
			return wrong(s, at + i,
			    "an escape \\u needs four hexadecimal digits");
		digit = (uint32_t)value << (12 - 4 * i);
		from |= digit;
		to = from | (0xfffU >> (4 * i));
		if (low ? to < 0xdc00 || from > 0xdfff :
		    from >= 0xdc00 && to <= 0xdfff)
			return wrong(s, at - 2, "a surrogate is not paired");
		if (to == 0)
			return wrong(s, at - 2, "NUL is not allowed");
	}
	*code_r = from;
	return 1;
}

/* \uXXXX, or two of them for what is beyond U+FFFF. */
static int
unicode_escape(struct scan_text *s, struct buf *decoded)
{
	uint32_t	 code = 0, low = 0;
	char		 bytes[4];
	size_t		 next = s->at + 6;
	int		 rc;

	if ((rc = hex_code(s, s->at + 2, false, &code)) != 1)
		return rc;
	if (code >= 0xd800 && code <= 0xdbff) {
		if (next == s->length)
			return 0;
		if (s->bytes[next] != '\\')
			return wrong(s, s->at, "a surrogate is not paired");
		if (next + 1 == s->length)
			return 0;
		if (s->bytes[next + 1] != 'u')
			return wrong(s, s->at, "a surrogate is not paired");
		if ((rc = hex_code(s, next + 2, true, &low)) != 1)
			return rc;
		code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
		next += 6;
	}
	if (decoded != NULL)
		buf_add(decoded, bytes, utf8_put(bytes, code));
	s->at = next;
	return 1;
}

static int
escape(struct scan_text *s, struct buf *decoded)
{
	static const char	 escapes[] = "\"\\/bfnrt";
	static const char	 meanings[] = "\"\\/\b\f\n\r\t";
	const char		*known;

	if (s->at + 1 == s->length)
		return 0;
	if (s->bytes[s->at + 1] == 'u')
		return unicode_escape(s, decoded);
	known = memchr(escapes, s->bytes[s->at + 1], sizeof escapes - 1);
	if (known == NULL)
		return wrong(s, s->at, "this escape is none of JSON's");
	if (decoded != NULL)
		buf_char(decoded, meanings[known - escapes]);
	s->at += 2;
	return 1;
}

/* One character beyond ASCII, or what must not stand in a string. */
static int
character(struct scan_text *s, struct buf *decoded)
{
	uint32_t	 code;
	int		 bytes;

	if (s->bytes[s->at] == '\0')
		return wrong(s, s->at, "NUL is not allowed");
	if ((unsigned char)s->bytes[s->at] < 0x20)
		return wrong(s, s->at,
		    "a control character in a string must be escaped");
	bytes = utf8_next(s->bytes + s->at, s->length - s->at, &code);
	if (bytes == -1)
		return wrong(s, s->at, "this is not UTF-8");
	if (bytes == 0)
		return 0;
	if (decoded != NULL)
		buf_add(decoded, s->bytes + s->at, (size_t)bytes);
	s->at += (size_t)bytes;
	return 1;
}

static bool
is_plain(char c)
{
	return c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

int
scan_string(struct scan_text *s, struct buf *decoded)
{
	size_t	 begin;
	int	 rc = 1;

	s->at++;
	while (rc == 1) {
		begin = s->at;
		while (s->at < s->length && is_plain(s->bytes[s->at]))
			s->at++;
		if (decoded != NULL)
			buf_add(decoded, s->bytes + begin, s->at - begin);
		if (s->at == s->length)
			return 0;
		if (s->bytes[s->at] == '"') {
			s->at++;
			return 1;
		}
		rc = s->bytes[s->at] == '\\' ? escape(s, decoded) :
		    character(s, decoded);
	}
	return rc;
}

static bool
digit_at(const struct scan_text *s, size_t at)
{
	return at < s->length && s->bytes[at] >= '0' && s->bytes[at] <= '9';
}

/* Where the parts of a number stand. */
struct number {
	size_t	 begin;		/* the first digit */
	size_t	 point;		/* behind the digits before the point */
	size_t	 mantissa;	/* behind the last digit before the e */
	int64_t	 exponent;
	bool	 shrinks;	/* more digits could make it smaller */
};

/*
 * The power of ten of the first digit that is no zero; INT64_MIN if there is
 * none.
 */
static int64_t
magnitude(const struct scan_text *s, const struct number *n)
{
	size_t	 i;

	for (i = n->begin; i < n->mantissa; i++) {
		if (!digit_at(s, i) || s->bytes[i] == '0')
			continue;
		if (i < n->point)
			return n->exponent + (int64_t)(n->point - i) - 1;
		return n->exponent - (int64_t)(i - n->point);
	}
	return INT64_MIN;
}

static bool
in_range(const struct scan_text *s, const struct number *n)
{
	int64_t	 power = magnitude(s, n);
	double	 value;
	char	*copy;

	if (power != DBL_MAX_10_EXP)
		return power < DBL_MAX_10_EXP;
	copy = xstrndup(s->bytes + n->begin, s->at - n->begin);
	value = strtod(copy, NULL);
	free(copy);
	return isfinite(value);
}

/* Digits from s->at on, at least one. */
static int
digits(struct scan_text *s, const char *words)
{
	if (s->at == s->length)
		return 0;
	if (!digit_at(s, s->at))
		return wrong(s, s->at, words);
	while (digit_at(s, s->at))
		s->at++;
	return 1;
}

static int
exponent(struct scan_text *s, struct number *n)
{
	bool	 negative;
	size_t	 i;
	int	 rc;

	s->at++;
	negative = s->at < s->length && s->bytes[s->at] == '-';
	if (negative || (s->at < s->length && s->bytes[s->at] == '+'))
		s->at++;
	i = s->at;
	if ((rc = digits(s, "an exponent needs a digit")) != 1)
		return rc;
	for (; i < s->at; i++)
		if (n->exponent < EXPONENT_ENOUGH)
			n->exponent = n->exponent * 10 + (s->bytes[i] - '0');
	if (negative)
		n->exponent = -n->exponent;
	n->shrinks = negative;
	return 1;
}

/* The grammar of RFC 8259, section 6. */
static int
number_parts(struct scan_text *s, struct number *n)
{
	int	 rc;

	if (s->bytes[s->at] == '-')
		s->at++;
	n->begin = s->at;
	if ((rc = digits(s, "a value is missing")) != 1)
		return rc;
	if (s->bytes[n->begin] == '0' && s->at > n->begin + 1)
		return wrong(s, n->begin, "a number must not begin with 0");
	n->point = s->at;
	if (s->at < s->length && s->bytes[s->at] == '.') {
		s->at++;
		rc = digits(s, "a digit is missing behind the point");
		if (rc != 1)
			return rc;
	}
	n->mantissa = s->at;
	if (s->at < s->length && (s->bytes[s->at] | 0x20) == 'e')
		return exponent(s, n);
	return 1;
}

int
scan_number(struct scan_text *s, bool alone)
{
	struct number	 n = { .shrinks = true };
	size_t		 begin = s->at;
	int		 rc;

	if ((rc = number_parts(s, &n)) != 1 || in_range(s, &n))
		return rc;
	if (s->at == s->length && n.shrinks && !alone)
		return 0;
	return wrong(s, begin, "this number is out of range");
}

int
scan_word(struct scan_text *s, const char *word)
{
	size_t	 begin = s->at;

	for (; *word != '\0'; word++, s->at++) {
		if (s->at == s->length)
			return 0;
		if (s->bytes[s->at] != *word)
			return wrong(s, begin, "a value is missing");
	}
	return 1;
}
