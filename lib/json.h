/*
 * json - reading JSON that has been scanned, and writing it
 *
 * Reading is cJSON behind the strict scan; `struct json` is one of its values
 * and stays inside its document.  Writing appends to a buf in the order of the
 * calls, so a line's bytes are decided by the code that writes it.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

struct json;

/*
 * Scans and parses one document of `length` bytes.  NULL with *why if it is
 * not strict JSON or ends too early.  Freed by json_free().
 */
struct json	*json_parse(const char *text, size_t length, struct why *);
void		 json_free(struct json **);

/*
 * A member by its exact name, or NULL; `object` may be NULL or anything.
 */
const struct json	*json_get(const struct json *object, const char *name);

enum json_kind {
	JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY,
	JSON_OBJECT
};
enum json_kind	 json_kind(const struct json *);
bool		 json_is(const struct json *, enum json_kind);	/* NULL: no */
const char	*json_kind_name(enum json_kind);	/* "a string", … */

/*
 * The values; a NULL or another kind gives the fallback.  json_integer() is
 * exact; a number that is none, or does not fit, gives the fallback too.
 */
const char	*json_string(const struct json *, const char *fallback);
double		 json_number(const struct json *, double fallback);
int64_t		 json_integer(const struct json *, int64_t fallback);
bool		 json_boolean(const struct json *, bool fallback);

/* True if it is a number without fraction within min and max. */
bool	 json_is_integer(const struct json *, int64_t min, int64_t max);

/* Walks an array's or object's members; json_name() is a member's own name. */
const struct json	*json_first(const struct json *);
const struct json	*json_next(const struct json *);
const char		*json_name(const struct json *);
size_t			 json_count(const struct json *);

/* Appends the value, minified; numbers as they were written. */
void	 json_print(struct buf *, const struct json *);

/* Changing a document: values are copied in, names replaced if present. */
struct json	*json_new_object(void);
struct json	*json_copy(const struct json *);
void	 json_set_string(struct json *object, const char *name, const char *);
void	 json_set_integer(struct json *object, const char *name, int64_t);
void	 json_set_boolean(struct json *object, const char *name, bool);
void	 json_set_null(struct json *object, const char *name);
void	 json_set(struct json *object, const char *name, const struct json *);
void	 json_remove(struct json *object, const char *name);
struct json	*json_get_mutable(struct json *object, const char *name);

/*
 * Writing.  A comma is added before a member where one is needed.  The name is
 * NULL inside an array and for the document itself.  put_string() with a NULL
 * value and put_time() with a 0 write nothing: an absent field is left out.
 * Strings must be UTF-8; what is not is written as U+FFFD.
 */
void	 json_open(struct buf *, const char *name, char brace);	/* { or [ */
void	 json_close(struct buf *, char brace);			/* } or ] */
void	 json_put_string(struct buf *, const char *name, const char *);
void	 json_put_integer(struct buf *, const char *name, int64_t);
void	 json_put_boolean(struct buf *, const char *name, bool);
void	 json_put_null(struct buf *, const char *name);
void	 json_put_time(struct buf *, const char *name, int64_t wall_ms);
/* Bytes as a string of lower-case hexadecimal digits. */
void	 json_put_hex(struct buf *, const char *name, const void *, size_t);
void	 json_put_raw(struct buf *, const char *name, const char *, size_t);
void	 json_put_value(struct buf *, const char *name, const struct json *);
/* The string's bytes in quotes, escaped, without a comma. */
void	 json_quote(struct buf *, const char *, size_t);

#endif
