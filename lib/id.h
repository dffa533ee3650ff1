/*
 * id - the delivery id
 *
 * 26 characters of Crockford base32 in upper case, 128 bits, big endian:
 * 48 bits are the dropped file's birth time in milliseconds since 1970, 80 the
 * first bits of SHA-256("<org>\n<name in new/>\n<inode>\n<btime ns>\n<mtime
 * ns>\n<size>\n"), numbers in decimal.  So ids sort by time, the dropping side
 * can compute them, and the same drop always has the same one.
 */
#ifndef LIB_ID_H
#define LIB_ID_H

#include <stdbool.h>
#include <stdint.h>

#define ID_LENGTH 26

struct statx;

struct id {
	uint8_t	 bytes[16];
};

/*
 * The id of a file called `name` in new/ of `org`; needs STATX_BTIME,
 * STATX_MTIME, STATX_INO and STATX_SIZE.
 */
void	 id_make(const char *org, const char *name, const struct statx *,
	    struct id *);

/* Writes 26 characters and a NUL. */
void	 id_format(const struct id *, char out[ID_LENGTH + 1]);

/* Reads exactly 26 characters; what follows is not looked at. 0 or -1. */
int	 id_parse(const char *, struct id *);

int	 id_compare(const struct id *, const struct id *);

/* The birth time in it, milliseconds since 1970. */
int64_t	 id_time(const struct id *);

#endif
