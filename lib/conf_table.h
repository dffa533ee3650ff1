/*
 * conf_table - the rows of conf.def, as data
 */
#ifndef LIB_CONF_TABLE_H
#define LIB_CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/why.h"

enum setting_type {
	SETTING_string, SETTING_path, SETTING_choice, SETTING_duration,
	SETTING_size, SETTING_integer, SETTING_real, SETTING_boolean,
	SETTING_listener, SETTING_account,
	/* Lists. */
	SETTING_addresses, SETTING_names, SETTING_paths, SETTING_words,
	SETTING_statuses, SETTING_durations, SETTING_networks
};

#define SETTING_NAME_MAX 256	/* with a title, and the NUL */

/* All but the first are of sections with a title. */
enum setting_scope { SCOPE_plain, SCOPE_organization, SCOPE_transport,
	SCOPE_pipe, SCOPES };

struct setting {
	enum setting_scope scope;
	enum setting_type type;
	const char	*section;	/* its path; "": outside of all */
	const char	*name;
	const char	*fallback;	/* as in the file; items by commas */
	const char	*min, *max;	/* "" is none; min: a choice's words */
	const char	*sentence;
	size_t		 offset;	/* of its field in its scope's struct */
};

/* What a scope's sections are called: "organization"; "" for the plain. */
const char	*conf_scope_name(enum setting_scope);

/* All of them, in the order of conf.def. */
const struct setting	*conf_settings(size_t *count_r);

/* What a plain section is for, or NULL if there is none of that path. */
const char	*conf_section(const char *path);

/* The setting of that scope, section and name, or NULL. */
const struct setting	*conf_setting(enum setting_scope, const char *section,
			    const char *name);

/*
 * The setting that setting_name() calls so, or NULL.  `title_r` gets the
 * title, "" where it has none.
 */
const struct setting	*conf_setting_named(const char *name,
			    char title_r[SETTING_NAME_MAX]);

/* True if its value is a list of items. */
bool	 setting_is_list(const struct setting *);

/* Checks texts as they stand in the file, or one: 0, or -1 as below. */
int	 setting_check(const struct setting *, const char *const *texts,
	    size_t count, struct why *);

int	 setting_check_text(const struct setting *, const char *text,
	    struct why *);

/*
 * Sets the field in `base` from texts as they stand in the file.  Returns 0,
 * or -1 with what is allowed in *why's text.
 */
int	 setting_store(const struct setting *, void *base,
	    const char *const *texts, size_t count, struct why *);
/* From one text, items separated by commas. */
int	 setting_store_text(const struct setting *, void *base,
	    const char *text, struct why *);

/* Appends the value as in the file; items by commas. */
void	 setting_print(const struct setting *, const void *base,
	    struct buf *);
/* The same of its default. */
void	 setting_print_default(const struct setting *, struct buf *);
void	 setting_free(const struct setting *, void *base);

/* A list's items; of these too, `struct conf` has some. */
void	 conf_list_add(struct conf_list *, const char *, size_t length);
void	 conf_list_free(struct conf_list *);

/* "section.name", with the title after its first part where there is one. */
void	 setting_name(const struct setting *, const char *title,
	    char *out, size_t size);

#endif
