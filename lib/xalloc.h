/*
 * xalloc - memory, or the end of the process
 *
 * spoold's memory is bounded by design; when the kernel still has none to
 * give, going on would only hide it.  Each of these returns memory or calls
 * log_fatal().
 */
#ifndef LIB_XALLOC_H
#define LIB_XALLOC_H

#include <stddef.h>

/* What another allocator has given. */
void	*xmust(void *);

void	*xmalloc(size_t);
void	*xcalloc(size_t, size_t);
void	*xreallocarray(void *, size_t, size_t);
char	*xstrdup(const char *);
char	*xstrndup(const char *, size_t);

/* printf into new memory, which the caller frees. */
char	*xasprintf(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
