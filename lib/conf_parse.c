/*
 * conf_parse - the file, as libconfuse reads it
 *
 * libconfuse does the syntax: every setting is a string or a list of strings
 * to it, and each value is checked by the table while the file is read, so
 * that an error can name its line.  libconfuse hands no context to its
 * callbacks; the one parse under way is found through `current`.
 */
#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_parse.h"
#include "lib/conf_table.h"
#include "lib/log.h"
#include "lib/ticket.h"
#include "lib/xalloc.h"

#define SECTIONS_MAX 16

struct parse {
	struct conf	*conf;
	struct why	*why;
	bool		 failed;
};

static _Thread_local struct parse *current;

static void
parse_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[512];

	/* The first error is the one to mend. */
	if (current->failed)
		return;
	current->failed = true;
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	(void)why_set(current->why, ERROR_CONFIG_ERROR, "%s:%d: %s",
	    cfg->filename != NULL ? cfg->filename : "?", cfg->line, text);
}

/* Which row of the table an option of a section is, and where it goes. */
static const struct setting *
parse_setting(cfg_t *cfg, cfg_opt_t *opt, void **base_r)
{
	const char *section = cfg_name(cfg), *title = cfg_title(cfg);
	const struct setting *setting;
	char name[64];

	*base_r = current->conf;
	if (strcmp(section, "root") == 0)
		return conf_setting(SCOPE_plain, "top", cfg_opt_name(opt));
	if (title == NULL) {
		setting = conf_setting(SCOPE_plain, section,
		    cfg_opt_name(opt));
		if (setting != NULL)
			return setting;
		/* security { encryption { … } } */
		(void)snprintf(name, sizeof(name), "%s", cfg_opt_name(opt));
		return NULL;
	}
	if (strcmp(section, "organization") == 0) {
		*base_r = conf_add_organization(current->conf, title);
		return conf_setting(SCOPE_organization, section,
		    cfg_opt_name(opt));
	}
	*base_r = conf_add_transport(current->conf, title);
	return conf_setting(SCOPE_transport, section, cfg_opt_name(opt));
}

/* Stores the values that an option has so far. */
static int
parse_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct setting *setting;
	const char **texts;
	unsigned count = cfg_opt_size(opt);
	struct why why;
	char name[256];
	void *base;
	int result;

	setting = parse_setting(cfg, opt, &base);
	if (setting == NULL)
		return 0;
	texts = xcalloc(count + 1, sizeof(*texts));
	for (unsigned i = 0; i < count; i++)
		texts[i] = cfg_opt_getnstr(opt, i);
	result = setting_store(setting, base, texts, count, &why);
	free(texts);
	if (result == -1) {
		setting_name(setting, cfg_title(cfg), name, sizeof(name));
		cfg_error(cfg, "%s = %s", name, why.text);
	}
	return result;
}

/*
 * libconfuse checks values, so it passes an empty list over: `schedule = {}`
 * is one that was set and has none.
 */
static int
parse_empty(cfg_t *cfg)
{
	for (cfg_opt_t *opt = cfg->opts; opt->name != NULL; opt++) {
		if (opt->type == CFGT_SEC) {
			for (unsigned i = 0; i < cfg_opt_size(opt); i++)
				if (parse_empty(cfg_opt_getnsec(opt, i)) == -1)
					return -1;
			continue;
		}
		if ((opt->flags & CFGF_LIST) != 0 && cfg_opt_size(opt) == 0 &&
		    (opt->flags & CFGF_MODIFIED) != 0 &&
		    parse_value(cfg, opt) == -1)
			return -1;
	}
	return 0;
}

/* A titled section is there even if it sets nothing. */
static int
parse_section(cfg_t *cfg, cfg_opt_t *opt)
{
	unsigned last = cfg_opt_size(opt) - 1;
	cfg_t *section = cfg_opt_getnsec(opt, last);
	const char *title = section == NULL ? NULL : cfg_title(section);

	if (title == NULL)
		return 0;
	if (!destination_id_valid(title)) {
		cfg_error(cfg, "%s \"%s\": allowed are a-z, 0-9 and -, "
		    "beginning with a letter or digit", cfg_opt_name(opt),
		    title);
		return -1;
	}
	if (strcmp(cfg_opt_name(opt), "organization") == 0)
		(void)conf_add_organization(current->conf, title);
	else
		(void)conf_add_transport(current->conf, title);
	return 0;
}

/* --- the grammar, from the table ------------------------------------------------ */

struct grammar {
	cfg_opt_t	*sections[SECTIONS_MAX];	/* own */
	size_t		 count;
	cfg_opt_t	*top;		/* own */
};

/* The options of one section, ended by CFG_END(). */
static cfg_opt_t *
grammar_options(enum setting_scope scope, const char *section, size_t extra)
{
	const cfg_opt_t end = CFG_END();
	const struct setting *settings;
	cfg_opt_t *options;
	size_t count, used = 0;

	settings = conf_settings(&count);
	options = xcalloc(count + extra + 1, sizeof(*options));
	for (size_t i = 0; i < count; i++) {
		const cfg_opt_t one = CFG_STR(settings[i].name, 0,
		    CFGF_NODEFAULT);
		const cfg_opt_t list = CFG_STR_LIST(settings[i].name, 0,
		    CFGF_NODEFAULT);

		if (settings[i].scope != scope ||
		    strcmp(settings[i].section, section) != 0)
			continue;
		options[used] = setting_is_list(&settings[i]) ? list : one;
		options[used++].validcb = parse_value;
	}
	options[used] = end;
	return options;
}

static void
grammar_section(struct grammar *grammar, cfg_opt_t *top, const char *name,
    enum setting_scope scope)
{
	cfg_opt_t *options = grammar_options(scope, name, 0);
	const cfg_opt_t plain = CFG_SEC(name, options, CFGF_NONE);
	const cfg_opt_t titled = CFG_SEC(name, options,
	    CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES);

	grammar->sections[grammar->count++] = options;
	*top = scope == SCOPE_plain ? plain : titled;
	top->validcb = scope == SCOPE_plain ? NULL : parse_section;
}

static void
grammar_make(struct grammar *grammar)
{
	const cfg_opt_t end = CFG_END();
	const struct setting *settings;
	size_t count, used = 0;

	settings = conf_settings(&count);
	grammar->count = 0;
	grammar->top = grammar_options(SCOPE_plain, "top", SECTIONS_MAX);
	while (grammar->top[used].name != NULL)
		used++;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(settings[i].section, "top") == 0 || (i > 0 &&
		    strcmp(settings[i].section, settings[i - 1].section) == 0))
			continue;
		grammar_section(grammar, &grammar->top[used++],
		    settings[i].section, settings[i].scope);
	}
	grammar->top[used] = end;
}

static void
grammar_free(struct grammar *grammar)
{
	for (size_t i = 0; i < grammar->count; i++)
		free(grammar->sections[i]);
	free(grammar->top);
}

int
conf_parse(struct conf *conf, const char *file, struct why *why)
{
	struct parse parse = { conf, why, false };
	struct grammar grammar;
	cfg_t *cfg;
	int result;

	grammar_make(&grammar);
	cfg = cfg_init(grammar.top, CFGF_NONE);
	if (cfg == NULL) {
		grammar_free(&grammar);
		return why_set(why, ERROR_INTERNAL_ERROR, "libconfuse");
	}
	(void)cfg_set_error_function(cfg, parse_error);
	current = &parse;
	result = cfg_parse(cfg, file);
	if (result == CFG_SUCCESS)
		(void)parse_empty(cfg);
	current = NULL;
	if (result == CFG_FILE_ERROR)
		(void)why_set(why, ERROR_CONFIG_ERROR, "%s: %s", file,
		    strerror(errno));
	cfg_free(cfg);
	grammar_free(&grammar);
	return result == CFG_SUCCESS && !parse.failed ? 0 : -1;
}
