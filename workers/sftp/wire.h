/*
 * wire - version 3 of the SSH File Transfer Protocol as bytes
 *
 * draft-ietf-secsh-filexfer-02, as far as one who writes files needs it, and
 * two of OpenSSH's extensions (its PROTOCOL file): posix-rename, which
 * replaces, and fsync.  Requests are appended to a buf; answers are read from
 * bytes that may be anything, and no length in them is believed.
 */
#ifndef WORKERS_SFTP_WIRE_H
#define WORKERS_SFTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

#define WIRE_DATA_MAX (32 * 1024)	/* bytes of a READ or WRITE: what every
					 * server takes */
#define WIRE_ANSWER_MAX (64 * 1024)	/* of an answer, with its length */
#define WIRE_HANDLE_MAX 256

/* WIRE(name, number on the wire) */
#define WIRE_TYPES(WIRE)						\
	WIRE(INIT, 1) WIRE(VERSION, 2) WIRE(OPEN, 3) WIRE(CLOSE, 4)	\
	WIRE(READ, 5) WIRE(WRITE, 6) WIRE(FSTAT, 8) WIRE(REMOVE, 13)	\
	WIRE(MKDIR, 14) WIRE(STAT, 17) WIRE(RENAME, 18)			\
	WIRE(STATUS, 101) WIRE(HANDLE, 102) WIRE(DATA, 103)		\
	WIRE(ATTRS, 105) WIRE(EXTENDED, 200)

enum wire_type {
#define WIRE(name, number) WIRE_##name = (number),
	WIRE_TYPES(WIRE)
#undef WIRE
};

/* Of OPEN. */
enum { WIRE_FOR_READING = 1, WIRE_FOR_WRITING = 2, WIRE_CREATING = 8,
	WIRE_TRUNCATING = 16, WIRE_EXCLUSIVE = 32 };

/* Of STATUS; later versions have more. */
enum { WIRE_OK, WIRE_EOF, WIRE_NO_SUCH_FILE, WIRE_PERMISSION_DENIED,
	WIRE_FAILURE, WIRE_NO_SUCH_PATH = 10, WIRE_EXISTS_ALREADY };

struct wire_handle {
	size_t		 length;
	char		 bytes[WIRE_HANDLE_MAX];
};

struct wire_answer {
	enum wire_type	 type;
	uint32_t	 id;		/* 0 for VERSION */
	uint32_t	 status;	/* of STATUS */
	const char	*bytes;		/* DATA's, HANDLE's, STATUS's words;
					 * borrowed */
	size_t		 length;
	bool		 has_size, is_directory;	/* of ATTRS */
	uint64_t	 size;
	uint32_t	 version;	/* of VERSION */
	bool		 posix_rename, fsync;
};

void	 wire_init(struct buf *);
/* STAT, REMOVE, MKDIR. */
void	 wire_path(struct buf *, uint32_t id, enum wire_type, const char *path);
void	 wire_open(struct buf *, uint32_t id, const char *path, uint32_t flags);
/* CLOSE, FSTAT. */
void	 wire_handle(struct buf *, uint32_t id, enum wire_type,
	    const struct wire_handle *);
void	 wire_read(struct buf *, uint32_t id, const struct wire_handle *,
	    uint64_t offset, uint32_t length);
void	 wire_write(struct buf *, uint32_t id, const struct wire_handle *,
	    uint64_t offset, const char *bytes, uint32_t length);
void	 wire_rename(struct buf *, uint32_t id, const char *from,
	    const char *to, bool posix);
void	 wire_fsync(struct buf *, uint32_t id, const struct wire_handle *);

/*
 * Reads one answer.  The bytes it took; 0 if it is not whole yet; -1 with *why
 * (PROTOCOL_ERROR) if it is none.
 */
int64_t	 wire_parse(const char *, size_t, struct wire_answer *, struct why *);

#endif
