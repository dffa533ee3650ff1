/*
 * buf - a byte string that grows, up to a limit
 *
 * `cap` counts the NUL, so len < cap whenever there is memory.  A buf may hold
 * secrets until buf_wipe(); therefore growing never leaves a copy behind in
 * freed memory, and realloc(3) is not used.
 */
#include "lib/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#define CAP_FIRST 512

/* Makes room for `more` bytes and the NUL, or sets overflow. */
static bool
reserve(struct buf *buf, size_t more)
{
	size_t	 cap = buf->cap > 0 ? buf->cap : CAP_FIRST;
	char	*data;

	if (buf->max > 0 && (buf->overflow || more > buf->max - buf->len)) {
		buf->overflow = true;
		return false;
	}
	assert(more < SIZE_MAX / 2 - buf->len);
	while (cap <= buf->len + more)
		cap *= 2;
	if (cap == buf->cap)
		return true;
	data = xmalloc(cap);
	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->len);
		explicit_bzero(buf->data, buf->cap);
		free(buf->data);
	}
	buf->data = data;
	buf->data[buf->len] = '\0';
	buf->cap = cap;
	return true;
}

void
buf_add(struct buf *buf, const void *bytes, size_t length)
{
	if (!reserve(buf, length))
		return;
	if (length > 0)
		memcpy(buf->data + buf->len, bytes, length);
	buf->len += length;
	buf->data[buf->len] = '\0';
}

void
buf_str(struct buf *buf, const char *string)
{
	buf_add(buf, string, strlen(string));
}

void
buf_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

/* What printf(3) would do, where it is done several times for each job. */
void
buf_integer(struct buf *buf, int64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--at] = '-';
	buf_add(buf, digits + at, sizeof(digits) - at);
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void
buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	size_t	 room;
	va_list	 again;
	int	 n;

	/* Most of it fits; what does not is printed again. */
	if (!reserve(buf, 0))
		return;
	room = buf->cap - buf->len;
	va_copy(again, args);
	n = vsnprintf(buf->data + buf->len, room, format, again);
	va_end(again);
	assert(n >= 0);		/* a wrong format is our bug */
	if (!reserve(buf, (size_t)n)) {
		buf->data[buf->len] = '\0';
		return;
	}
	if ((size_t)n >= room)
		n = vsnprintf(buf->data + buf->len, buf->cap - buf->len,
		    format, args);
	buf->len += (size_t)n;
}

void
buf_consume(struct buf *buf, size_t length)
{
	assert(length <= buf->len);
	if (length == 0)
		return;
	buf->len -= length;
	memmove(buf->data, buf->data + length, buf->len + 1);
	/* What was behind has a copy before it now, or is not wanted. */
	explicit_bzero(buf->data + buf->len + 1, length);
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void
buf_free(struct buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->cap = 0;
	buf->overflow = false;
}

void
buf_wipe(struct buf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->cap);
	buf_free(buf);
}
