/*
 * wire - version 3 of the SSH File Transfer Protocol as bytes
 */
#include <string.h>

#include "workers/sftp/wire.h"

#define VERSION 3
#define HAS_SIZE 1		/* of an attribute's flags */
#define HAS_OWNER 2
#define HAS_MODE 4
#define TYPE_OF_MODE 0170000
#define DIRECTORY 0040000

/* --- requests ------------------------------------------------------------- */

static void
put_number(struct buf *out, uint32_t number)
{
	const unsigned char bytes[4] = { (unsigned char)(number >> 24),
	    (unsigned char)(number >> 16), (unsigned char)(number >> 8),
	    (unsigned char)number };

	buf_add(out, bytes, sizeof(bytes));
}

static void
put_offset(struct buf *out, uint64_t number)
{
	put_number(out, (uint32_t)(number >> 32));
	put_number(out, (uint32_t)number);
}

static void
put_bytes(struct buf *out, const char *bytes, size_t length)
{
	put_number(out, (uint32_t)length);
	buf_add(out, bytes, length);
}

static void
put_string(struct buf *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* `length` is that of what follows the id. */
static void
begin(struct buf *out, enum wire_type type, uint32_t id, size_t length)
{
	put_number(out, (uint32_t)(1 + 4 + length));
	buf_char(out, (char)type);
	put_number(out, id);
}

void
wire_init(struct buf *out)
{
	put_number(out, 1 + 4);
	buf_char(out, WIRE_INIT);
	put_number(out, VERSION);
}

void
wire_path(struct buf *out, uint32_t id, enum wire_type type, const char *path)
{
	begin(out, type, id, 4 + strlen(path) + (type == WIRE_MKDIR ? 4 : 0));
	put_string(out, path);
	if (type == WIRE_MKDIR)
		put_number(out, 0);	/* the server's own attributes */
}

void
wire_open(struct buf *out, uint32_t id, const char *path, uint32_t flags)
{
	begin(out, WIRE_OPEN, id, 4 + strlen(path) + 4 + 4);
	put_string(out, path);
	put_number(out, flags);
	put_number(out, 0);
}

void
wire_handle(struct buf *out, uint32_t id, enum wire_type type,
    const struct wire_handle *handle)
{
	begin(out, type, id, 4 + handle->length);
	put_bytes(out, handle->bytes, handle->length);
}

void
wire_read(struct buf *out, uint32_t id, const struct wire_handle *handle,
    uint64_t offset, uint32_t length)
{
	begin(out, WIRE_READ, id, 4 + handle->length + 8 + 4);
	put_bytes(out, handle->bytes, handle->length);
	put_offset(out, offset);
	put_number(out, length);
}

void
wire_write(struct buf *out, uint32_t id, const struct wire_handle *handle,
    uint64_t offset, const char *bytes, uint32_t length)
{
	begin(out, WIRE_WRITE, id, 4 + handle->length + 8 + 4 + length);
	put_bytes(out, handle->bytes, handle->length);
	put_offset(out, offset);
	put_bytes(out, bytes, length);
}

void
wire_rename(struct buf *out, uint32_t id, const char *from, const char *to,
    bool posix)
{
	static const char name[] = "posix-rename@openssh.com";
	size_t length = 4 + strlen(from) + 4 + strlen(to);

	if (posix) {
		begin(out, WIRE_EXTENDED, id, 4 + strlen(name) + length);
		put_string(out, name);
	} else
		begin(out, WIRE_RENAME, id, length);
	put_string(out, from);
	put_string(out, to);
}

void
wire_fsync(struct buf *out, uint32_t id, const struct wire_handle *handle)
{
	static const char name[] = "fsync@openssh.com";

	begin(out, WIRE_EXTENDED, id, 4 + strlen(name) + 4 + handle->length);
	put_string(out, name);
	put_bytes(out, handle->bytes, handle->length);
}

/* --- answers -------------------------------------------------------------- */

/* What is left of an answer; `bad` once something reached beyond its end. */
struct cursor {
	const unsigned char *at;
	size_t		 left;
	bool		 bad;
};

static uint32_t
take_number(struct cursor *from)
{
	const unsigned char *at = from->at;

	if (from->left < 4) {
		from->bad = true;
		return 0;
	}
	from->at += 4;
	from->left -= 4;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static const char *
take_string(struct cursor *from, size_t *length_r)
{
	const char *at;

	*length_r = take_number(from);
	if (*length_r > from->left) {
		from->bad = true;
		*length_r = 0;
	}
	at = (const char *)from->at;
	from->at += *length_r;
	from->left -= *length_r;
	return at;
}

static bool
is_extension(const char *name, size_t length, const char *wanted)
{
	return length == strlen(wanted) && memcmp(name, wanted, length) == 0;
}

static void
parse_version(struct cursor *from, struct wire_answer *answer)
{
	answer->version = take_number(from);
	while (from->left > 0 && !from->bad) {
		size_t length, unused;
		const char *name = take_string(from, &length);

		(void)take_string(from, &unused);
		if (is_extension(name, length, "posix-rename@openssh.com"))
			answer->posix_rename = true;
		if (is_extension(name, length, "fsync@openssh.com"))
			answer->fsync = true;
	}
}

static void
parse_status(struct cursor *from, struct wire_answer *answer)
{
	answer->status = take_number(from);
	/* Some servers of version 3 leave the words out. */
	if (from->left > 0)
		answer->bytes = take_string(from, &answer->length);
}

static void
parse_bytes(struct cursor *from, struct wire_answer *answer)
{
	answer->bytes = take_string(from, &answer->length);
	if (answer->type == WIRE_HANDLE && (answer->length == 0 ||
	    answer->length > WIRE_HANDLE_MAX))
		from->bad = true;
}

static void
parse_attributes(struct cursor *from, struct wire_answer *answer)
{
	uint32_t flags = take_number(from);

	if ((flags & HAS_SIZE) != 0) {
		answer->has_size = true;
		answer->size = (uint64_t)take_number(from) << 32;
		answer->size |= take_number(from);
	}
	if ((flags & HAS_OWNER) != 0) {
		(void)take_number(from);
		(void)take_number(from);
	}
	if ((flags & HAS_MODE) != 0)
		answer->is_directory = (take_number(from) & TYPE_OF_MODE) ==
		    DIRECTORY;
}

static const struct {
	enum wire_type	 type;
	void		(*parse)(struct cursor *, struct wire_answer *);
} parsers[] = {
	{ WIRE_VERSION, parse_version },
	{ WIRE_STATUS, parse_status },
	{ WIRE_HANDLE, parse_bytes },
	{ WIRE_DATA, parse_bytes },
	{ WIRE_ATTRS, parse_attributes },
};
#define PARSERS (sizeof(parsers) / sizeof(*parsers))

int64_t
wire_parse(const char *bytes, size_t length, struct wire_answer *answer,
    struct why *why)
{
	struct cursor from = { (const unsigned char *)bytes, length, false };
	size_t whole, i = 0;

	memset(answer, 0, sizeof(*answer));
	if (length < 5)
		return 0;
	whole = take_number(&from);
	if (whole < 5 || whole > WIRE_ANSWER_MAX - 4)
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "the server's answer has a length of %zu", whole);
	if (from.left < whole)
		return 0;
	answer->type = (enum wire_type)*from.at;
	from.at++;
	from.left = whole - 1;
	while (i < PARSERS && parsers[i].type != answer->type)
		i++;
	if (i == PARSERS)
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "the server's answer has the type %d, which none has",
		    (int)answer->type);
	if (answer->type != WIRE_VERSION)
		answer->id = take_number(&from);
	parsers[i].parse(&from, answer);
	if (from.bad)
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "the server's answer of type %d is cut short",
		    (int)answer->type);
	return (int64_t)whole + 4;
}
