/*
 * conf_parse - the file, as libconfuse reads it
 *
 * libconfuse does the syntax: every setting is a string or a list of strings
 * to it.  Each value is checked by the table as it is read, so that an error
 * names its line; all are stored when the whole file was right.  libconfuse
 * hands no context to its callbacks; the one parse under way is found through
 * `current`.
 *
 * libconfuse takes a file that ends within a section.  So that half a file is
 * never taken for a whole one, an option of our own is put after its end,
 * which is none within a section.
 */
#include <confuse.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_parse.h"
#include "lib/conf_table.h"
#include "lib/format.h"
#include "lib/ticket.h"
#include "lib/xalloc.h"

#define SECTIONS_MAX 32		/* sections of the grammar, and levels */
#define SECTION_PATH_MAX 128

/* What a list has that the file does not set: `{}` is another thing. */
#define UNSET "\001"

#define END "end-of-file"

struct parse {
	const char	*file;		/* borrowed */
	struct why	*why;
	bool		 failed;
};

static _Thread_local struct parse *current;

/*
 * Its lexer, which it reads defaults with, too, is one for the whole process,
 * which may have several threads.
 */
static pthread_mutex_t lexer = PTHREAD_MUTEX_INITIALIZER;

/* For a name that is none: those that there are. */
static void
add_names(char *text, size_t size, const cfg_t *cfg)
{
	size_t used = strlen(text);

	for (const cfg_opt_t *opt = cfg->opts; opt->name != NULL &&
	    strcmp(opt->name, END) != 0; opt++) {
		if (used < size)
			(void)snprintf(text + used, size - used, "%s%s",
			    opt == cfg->opts ? "; there are " : ", ",
			    opt->name);
		used += strlen(text + used);
	}
}

static void	 parse_error(cfg_t *, const char *, va_list)
		    __attribute__((format(printf, 2, 0)));

/* Every error, libconfuse's own and ours; the first is the one to mend. */
static void
parse_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[640];

	if (current == NULL || current->failed)
		return;
	current->failed = true;
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	if (strstr(text, "'" END "'") != NULL)
		(void)snprintf(text, sizeof(text), "the file ends within a "
		    "section: a closing brace is missing");
	else if (strncmp(text, "no such option", 14) == 0)
		add_names(text, sizeof(text), cfg);
	(void)why_set(current->why, ERROR_CONFIG_ERROR, "%s:%d: %s",
	    current->file, cfg->line, text);
}

/* --- a section's place in the table --- */

/*
 * One that holds settings.  libconfuse's own names know nothing of nesting, so
 * the path is kept here.
 */
struct section {
	enum setting_scope scope;
	char		 path[SECTION_PATH_MAX];
	cfg_opt_t	*options;	/* own */
};

struct grammar {
	struct section	 sections[SECTIONS_MAX];
	size_t		 count;
};

static const struct setting *
find_setting(enum setting_scope scope, const char *path, cfg_opt_t *opt)
{
	return conf_setting(scope, path, cfg_opt_name(opt));
}

/*
 * The last part of a section's path is all that libconfuse tells; the table
 * has no two of the same name in one scope.
 */
static const struct setting *
find_setting_in(enum setting_scope scope, cfg_t *cfg, cfg_opt_t *opt)
{
	const struct setting *settings;
	const char *last;
	size_t count;

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++) {
		last = strrchr(settings[i].section, '.');
		last = last != NULL ? last + 1 : settings[i].section;
		if (settings[i].scope == scope &&
		    strcmp(last, cfg_name(cfg)) == 0 &&
		    strcmp(settings[i].name, cfg_opt_name(opt)) == 0)
			return &settings[i];
	}
	return NULL;
}

static const struct setting *
setting_of(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *section = cfg_name(cfg);

	for (int i = 0; i < SCOPES && cfg_title(cfg) != NULL; i++)
		if (strcmp(section, conf_scope_name((enum setting_scope)i)) ==
		    0)
			return find_setting((enum setting_scope)i, section,
			    opt);
	if (strcmp(section, "root") == 0)
		return find_setting(SCOPE_plain, "", opt);
	return find_setting_in(SCOPE_plain, cfg, opt);
}

/* --- values --- */

/*
 * The texts of an option, the default's in place of UNSET (`+=` adds to it).
 * Freed by the caller, with `*copy_r`, which holds the default's.
 */
static const char **
option_texts(const struct setting *setting, cfg_opt_t *opt, size_t *count_r,
    char **copy_r)
{
	size_t size = cfg_opt_size(opt);
	const char **texts = xcalloc(size + strlen(setting->fallback) + 2,
	    sizeof(*texts));
	char *rest, *item;

	*copy_r = rest = xstrdup(setting->fallback);
	*count_r = 0;
	for (unsigned i = 0; i < size; i++) {
		const char *text = cfg_opt_getnstr(opt, i);

		if (text != NULL && strcmp(text, UNSET) != 0) {
			texts[(*count_r)++] = text;
			continue;
		}
		while ((item = strsep(&rest, ",")) != NULL)
			if (*item != '\0')
				texts[(*count_r)++] = item;
	}
	return texts;
}

/* True if the file says something of it. */
static bool
option_is_set(cfg_opt_t *opt)
{
	return (opt->flags & CFGF_LIST) == 0 ? cfg_opt_size(opt) != 0 :
	    cfg_opt_size(opt) != 1 ||
	    strcmp(cfg_opt_getnstr(opt, 0), UNSET) != 0;
}

/* A value, of a list with those so far. */
static int
check_setting(cfg_t *cfg, cfg_opt_t *opt, const struct setting *setting)
{
	const char **texts;
	char name[SETTING_NAME_MAX], *copy;
	struct why why;
	size_t count;
	int result;

	if (setting == NULL || !option_is_set(opt))
		return 0;
	texts = option_texts(setting, opt, &count, &copy);
	result = setting_check(setting, texts, count, &why);
	free(texts);
	free(copy);
	if (result == -1) {
		setting_name(setting, cfg_title(cfg), name, sizeof(name));
		cfg_error(cfg, "%s = %s", name, why.text);
	}
	return result;
}

static int
store_value(const struct setting *setting, cfg_opt_t *opt, void *base,
    struct why *why)
{
	const char **texts;
	size_t count;
	char *copy;
	int result;

	texts = option_texts(setting, opt, &count, &copy);
	result = setting_store(setting, base, texts, count, why);
	free(texts);
	free(copy);
	return result;
}

/* libconfuse calls these two for each value. */
static int
check_value(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_setting(cfg, opt, setting_of(cfg, opt));
}

/* In a section within an organization, of which nothing tells which it is. */
static int
check_inner_value(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_setting(cfg, opt,
	    find_setting_in(SCOPE_organization, cfg, opt));
}

/* All that a section sets itself; `title` is its organization's, or NULL. */
static int
store_section(cfg_t *cfg, const struct section *section, const char *title,
    void *base, struct conf_list *names, struct why *why)
{
	const struct setting *settings;
	char name[SETTING_NAME_MAX];
	size_t count;

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++) {
		cfg_opt_t *opt;

		if (settings[i].scope != section->scope ||
		    strcmp(settings[i].section, section->path) != 0)
			continue;
		opt = cfg_getopt(cfg, settings[i].name);
		if (!option_is_set(opt))
			continue;
		if (store_value(&settings[i], opt, base, why) == -1)
			return -1;
		setting_name(&settings[i], title, name, sizeof(name));
		conf_list_add(names, name, strlen(name));
	}
	return 0;
}

/* --- titled sections --- */

static const char *const transports[] = {
#define TRANSPORT(name) #name,
#define DESTINATION_FIELD(type, path, form, required, sealed, sentence)
#include "lib/destination.def"
#undef TRANSPORT
#undef DESTINATION_FIELD
	"intake",
};

const char *
conf_transport_name(size_t i)
{
	return i < sizeof(transports) / sizeof(*transports) ? transports[i] :
	    NULL;
}

static int
check_transport(cfg_t *cfg, const char *title)
{
	char list[256] = "";

	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++) {
		size_t used = strlen(list);

		if (strcmp(title, transports[i]) == 0)
			return 0;
		(void)snprintf(list + used, sizeof(list) - used, "%s%s",
		    i == 0 ? "" : ", ", transports[i]);
	}
	cfg_error(cfg, "transport \"%s\": there are %s", title, list);
	return -1;
}

static int
check_titled(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *title = section == NULL ? NULL : cfg_title(section);

	if (title == NULL)
		return 0;
	if (strcmp(cfg_opt_name(opt), "transport") == 0)
		return check_transport(cfg, title);
	if (destination_id_valid(title))
		return 0;
	cfg_error(cfg, "%s \"%s\": allowed are a-z, 0-9 and -, "
	    "beginning with a letter or digit, at most %d", cfg_opt_name(opt),
	    title, DESTINATION_ID_MAX);
	return -1;
}

/* The settings of that title, made with their defaults if it is new. */
static void *
titled_base(struct conf *conf, enum setting_scope scope, const char *title)
{
	switch (scope) {
	case SCOPE_organization:
		return conf_add_organization(conf, title);
	case SCOPE_pipe:
		return conf_add_pipe(conf, title);
	default:
		return conf_add_transport(conf, title);
	}
}

/* The section at a path of sections without titles. */
static cfg_t *
section_at(cfg_t *cfg, const char *path)
{
	while (cfg != NULL && path[0] != '\0') {
		size_t length = strcspn(path, ".");
		char name[SECTION_PATH_MAX];

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, path);
		cfg = cfg_getsec(cfg, name);
		path += length + (path[length] == '.');
	}
	return cfg;
}

static int
store_titled(cfg_t *cfg, const struct section *section, struct conf *conf,
    struct why *why)
{
	const char *inner = strchr(section->path, '.');
	char outer[SECTION_PATH_MAX];

	(void)snprintf(outer, sizeof(outer), "%.*s",
	    (int)strcspn(section->path, "."), section->path);
	for (unsigned i = 0; i < cfg_size(cfg, outer); i++) {
		cfg_t *one = cfg_getnsec(cfg, outer, i);
		cfg_t *within = inner == NULL ? one :
		    section_at(one, inner + 1);

		if (store_section(within, section, cfg_title(one),
		    titled_base(conf, section->scope, cfg_title(one)),
		    &conf->file_names, why) == -1)
			return -1;
	}
	return 0;
}

/* --- the grammar, from the table --- */

/* Where `path` continues below `parent`: its next part, or NULL. */
static const char *
path_below(const char *parent, const char *path)
{
	size_t length = strlen(parent);

	if (length == 0)
		return path[0] != '\0' ? path : NULL;
	return strncmp(parent, path, length) == 0 && path[length] == '.' ?
	    path + length + 1 : NULL;
}

static struct section *
grammar_section(struct grammar *grammar, enum setting_scope scope,
    const char *path);

/* The sections within one; each is met with its first setting. */
static size_t
grammar_children(struct grammar *grammar, enum setting_scope scope,
    const char *parent, cfg_opt_t *options, size_t used)
{
	const struct setting *settings;
	size_t count, first = used;

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++) {
		const char *below = settings[i].scope != scope ? NULL :
		    path_below(parent, settings[i].section);
		char path[SECTION_PATH_MAX], *name;
		size_t known = first;

		if (below == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%.*s",
		    (int)(below - settings[i].section +
		    (ptrdiff_t)strcspn(below, ".")), settings[i].section);
		name = path + (below - settings[i].section);
		while (known < used && strcmp(options[known].name, name) != 0)
			known++;
		if (known == used) {
			struct section *section = grammar_section(grammar,
			    scope, path);
			const cfg_opt_t option = CFG_SEC(section->path +
			    (below - settings[i].section), section->options,
			    CFGF_NONE);

			options[used++] = option;
		}
	}
	return used;
}

static size_t
grammar_titled(struct grammar *grammar, enum setting_scope scope,
    cfg_opt_t *options, size_t used)
{
	struct section *section = grammar_section(grammar, scope,
	    conf_scope_name(scope));
	const cfg_opt_t option = CFG_SEC(section->path, section->options,
	    CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES);

	options[used] = option;
	options[used].validcb = check_titled;
	return used + 1;
}

/* The options of one section, and of those within it. */
static struct section *
grammar_section(struct grammar *grammar, enum setting_scope scope,
    const char *path)
{
	static char unset[] = "{\"" UNSET "\"}";
	struct section *section = &grammar->sections[grammar->count++];
	const struct setting *settings;
	size_t count, used = 0;

	settings = conf_settings(&count);
	section->scope = scope;
	(void)snprintf(section->path, sizeof(section->path), "%s", path);
	section->options = xcalloc(count + SECTIONS_MAX + 1,
	    sizeof(*section->options));
	for (size_t i = 0; i < count; i++) {
		const cfg_opt_t one = CFG_STR(settings[i].name, 0,
		    CFGF_NODEFAULT);
		const cfg_opt_t list = CFG_STR_LIST(settings[i].name, unset,
		    CFGF_NONE);

		if (settings[i].scope != scope ||
		    strcmp(settings[i].section, path) != 0)
			continue;
		section->options[used] = setting_is_list(&settings[i]) ?
		    list : one;
		section->options[used++].validcb = scope != SCOPE_plain &&
		    strchr(path, '.') != NULL ? check_inner_value :
		    check_value;
	}
	used = grammar_children(grammar, scope, path, section->options, used);
	if (path[0] == '\0') {
		for (int i = SCOPE_plain + 1; i < SCOPES; i++)
			used = grammar_titled(grammar, (enum setting_scope)i,
			    section->options, used);
		section->options[used++] = (cfg_opt_t)CFG_STR(END, 0,
		    CFGF_NODEFAULT);
	}
	section->options[used] = (cfg_opt_t)CFG_END();
	return section;
}

/* --- all of it --- */

static int
store_all(cfg_t *cfg, const struct grammar *grammar, struct conf *conf,
    struct why *why)
{
	int result = 0;

	for (size_t i = 0; i < grammar->count && result == 0; i++) {
		const struct section *section = &grammar->sections[i];

		result = section->scope != SCOPE_plain ?
		    store_titled(cfg, section, conf, why) :
		    store_section(section_at(cfg, section->path), section,
		    NULL, conf, &conf->file_names, why);
	}
	return result;
}

static int
text_parse(struct conf *conf, const struct buf *given, struct why *why)
{
	struct parse parse = { conf->file, why, false };
	struct grammar grammar = { .count = 0 };
	struct buf text = { .max = 0 };
	int result = -1;
	cfg_t *cfg;

	buf_add(&text, given->data, given->len);
	conf_text_blank(text.data, ' ');
	cfg = cfg_init(grammar_section(&grammar, SCOPE_plain, "")->options,
	    CFGF_NONE);
	if (cfg == NULL) {
		(void)why_set(why, ERROR_INTERNAL_ERROR, "libconfuse");
	} else {
		(void)cfg_set_error_function(cfg, parse_error);
		current = &parse;
		/* Half a section is none: END is no option within one. */
		buf_str(&text, " " END " = yes");
		if (cfg_parse_buf(cfg, text.data) != CFG_SUCCESS)
			cfg_error(cfg, "is no configuration");
		current = NULL;
		if (!parse.failed)
			result = store_all(cfg, &grammar, conf, why);
		cfg_free(cfg);
	}
	buf_free(&text);
	for (size_t i = 0; i < grammar.count; i++)
		free(grammar.sections[i].options);
	return result;
}

int
conf_parse(struct conf *conf, const struct buf *given, struct why *why)
{
	int result;

	/* Of a later one all else would be wrong, too. */
	if (format_check_known(conf->file, format_of_text(given), why) == -1)
		return -1;
	(void)pthread_mutex_lock(&lexer);
	result = text_parse(conf, given, why);
	(void)pthread_mutex_unlock(&lexer);
	return result;
}
