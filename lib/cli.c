/*
 * cli - what all commands have in common
 *
 * getopt_long(3) does the reading; its tables are built from ours for each
 * call, so that an option stands once.  The first wrong option is remembered
 * and reported at the end, when it is known whether -j was given.  With verbs,
 * options before the verb are the common ones (and those of what the program
 * does without a verb, if it does), those after it also its own.  A letter that
 * a program uses itself is not the common option's there: only the long form.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cli.h"
#include "lib/xalloc.h"

#define CLI_OPTIONS_MAX 64
#define CLI_LONG 256	/* what getopt_long() returns: this and the index */
#define CLI_HELP_COLUMN 30
#define CLI_WIDTH 80

enum { HELP = 'H', VERSION = 'V' };	/* of the common table only */

#define CLI_FIELD(field) offsetof(struct cli, field)

static const struct cli_option cli_common[] = {
	{ 'c', "config", "FILE",
	    "Configuration; else $SPOOLD_CONFIG, else "
	    "/etc/spoold/spoold.conf.", CLI_TEXT, CLI_FIELD(file), NULL },
	{ 'o', "organization", "ORG",
	    "Organization; not needed where there is only one.", CLI_TEXT,
	    CLI_FIELD(organization), NULL },
	{ 'j', "json", NULL, "Print JSON, one object a line.", CLI_FLAG,
	    CLI_FIELD(json), NULL },
	{ 'v', "verbose", NULL, "Say more, on stderr.", CLI_FLAG,
	    CLI_FIELD(verbose), NULL },
	{ 0, "help", NULL, "Print this and exit.", CLI_FLAG, 0, NULL },
	{ 0, "version", NULL, "Print the version and exit.", CLI_FLAG, 0,
	    NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

/* The options that one pass over the command line knows. */
struct cli_set {
	const struct cli_option *options[CLI_OPTIONS_MAX];
	void		*states[CLI_OPTIONS_MAX];	/* where each belongs */
	struct option	 longs[CLI_OPTIONS_MAX + 1];
	char		 shorts[CLI_OPTIONS_MAX * 3 + 3];
	size_t		 count;
};

struct cli_parsing {
	struct cli	*cli;
	void		*state;
	int		 argc;
	char		**argv;
	int		 asked;		/* HELP or VERSION, or 0 */
	bool		 wrong;		/* the first error is in why */
	struct why	 why;
};

static void
set_add(struct cli_set *set, const struct cli_option *options, void *state)
{
	size_t i = set->count, at = strlen(set->shorts);

	for (; options != NULL && options->name != NULL; options++, i++) {
		bool taken = options->argument != NULL;
		bool digits = options->form == CLI_DIGITS;

		if (i == CLI_OPTIONS_MAX)
			abort();
		set->options[i] = options;
		set->states[i] = state;
		set->longs[i] = (struct option) { options->name,
			digits ? optional_argument
			    : taken ? required_argument : no_argument,
			NULL, CLI_LONG + (int)i };
		if (options->letter == 0 ||
		    strchr(set->shorts, options->letter) != NULL)
			continue;
		set->shorts[at++] = (char)options->letter;
		if (taken)
			set->shorts[at++] = ':';
		if (digits)
			set->shorts[at++] = ':';
	}
	set->count = i;
}

static int
set_find(const struct cli_set *set, int found)
{
	size_t i;

	if (found >= CLI_LONG)
		return found - CLI_LONG;
	for (i = 0; i < set->count; i++)
		if (set->options[i]->letter == found)
			return (int)i;
	return -1;
}

void
cli_list_add(struct cli_list *list, const char *item)
{
	list->items = xreallocarray(list->items, list->count + 1,
	    sizeof(*list->items));
	list->items[list->count++] = item;
}

static int
option_store(const struct cli_option *option, void *state,
    const char *argument, struct why *why)
{
	void *at = (char *)state + option->offset;

	switch (option->form) {
	case CLI_FLAG:
		*(bool *)at = true;
		return 0;
	case CLI_TEXT:
		*(const char **)at = argument;
		return 0;
	case CLI_DIGITS:
		*(const char **)at = argument == NULL ? "" : argument;
		return 0;
	case CLI_LIST:
		cli_list_add(at, argument);
		return 0;
	case CLI_CALL:
		return option->call(state, option, argument, why);
	}
	return 0;
}

static bool
all_digits(const char *word)
{
	return word != NULL && *word != '\0' &&
	    word[strspn(word, "0123456789")] == '\0';
}

/* The option that getopt_long() found, with its argument. */
static int
option_found(struct cli_parsing *p, const struct cli_set *set, int found)
{
	int i = set_find(set, found);
	const struct cli_option *option;

	if (i < 0)
		return why_set(&p->why, ERROR_USAGE, "option -%c is unknown",
		    found);
	option = set->options[i];
	if (set->states[i] == p->cli && option->letter == 0) {
		p->asked = option->name[0] == 'h' ? HELP : VERSION;
		return 0;
	}
	if (option->form == CLI_DIGITS && optarg == NULL && optind < p->argc &&
	    all_digits(p->argv[optind]))
		optarg = p->argv[optind++];
	return option_store(option, set->states[i], optarg, &p->why);
}

/* What getopt_long() did not like: `?` and `:`. */
static int
option_wrong(struct cli_parsing *p, const struct cli_set *set, int found)
{
	const char *word = p->argv[optind - 1];
	int i = optopt == 0 ? -1 : set_find(set, optopt);

	if (found == ':' && i >= 0)
		return why_set(&p->why, ERROR_USAGE, "--%s needs an argument",
		    set->options[i]->name);
	if (i >= 0)
		return why_set(&p->why, ERROR_USAGE,
		    "--%s takes no argument", set->options[i]->name);
	if (optopt > 0 && optopt < CLI_LONG)
		return why_set(&p->why, ERROR_USAGE, "option -%c is unknown",
		    optopt);
	return why_set(&p->why, ERROR_USAGE, "option %s is unknown", word);
}

/*
 * Reads from optind on; `first` stops at the first word that is no option.
 * Only the first error is kept: what follows is read for -j and --help.
 */
static void
options_read(struct cli_parsing *p, const struct cli_verb *verb, bool first)
{
	struct cli_set *set = xcalloc(1, sizeof(*set));
	struct why kept;
	int found;

	set->shorts[0] = first ? '+' : ':';
	if (first)
		set->shorts[1] = ':';
	/* Its own first: a letter is theirs who come first. */
	if (!first || verb->action != NULL)
		set_add(set, verb->options, p->state);
	set_add(set, cli_common, p->cli);
	opterr = 0;
	for (;;) {
		found = getopt_long(p->argc, p->argv, set->shorts, set->longs,
		    NULL);
		if (found == -1)
			break;
		kept = p->why;
		if ((found == '?' || found == ':'
			? option_wrong(p, set, found)
			: option_found(p, set, found)) == 0)
			continue;
		if (p->wrong)
			p->why = kept;
		p->wrong = true;
	}
	free(set);
}

/* Finds the verb in the words from optind on, and steps over it. */
static void
verb_read(struct cli_parsing *p)
{
	const struct cli_verb *verb;
	char **words = p->argv + optind;
	int left = p->argc - optind;

	for (verb = p->cli->program->verbs; verb->name != NULL; verb++) {
		const char *second = strchr(verb->name, ' ');
		size_t length = second == NULL ? strlen(verb->name)
		    : (size_t)(second - verb->name);

		if (left < 1 || strlen(words[0]) != length ||
		    strncmp(words[0], verb->name, length) != 0)
			continue;
		if (second != NULL &&
		    (left < 2 || strcmp(words[1], second + 1) != 0))
			continue;
		p->cli->verb = verb;
		optind += second == NULL ? 1 : 2;
		return;
	}
	if (p->asked != 0 || p->wrong)
		return;
	if (left < 1 && p->cli->verb->action != NULL)
		return;
	p->wrong = true;
	if (left < 1)
		(void)why_set(&p->why, ERROR_USAGE, "what to do is missing");
	else
		(void)why_set(&p->why, ERROR_USAGE,
		    "\"%s\" is nothing it can do", words[0]);
}

/* One part of --help: the name padded, the sentence folded at 80 columns. */
static void
help_line(const char *name, const char *sentence)
{
	size_t width = CLI_WIDTH - CLI_HELP_COLUMN, part;

	(void)printf("  %-*s", CLI_HELP_COLUMN - 2, name);
	if (strlen(name) > CLI_HELP_COLUMN - 4)
		(void)printf("\n%*s", CLI_HELP_COLUMN, "");
	while (strlen(sentence) > width) {
		for (part = width; part > 0 && sentence[part] != ' '; part--)
			continue;
		if (part == 0)
			part = width;
		(void)printf("%.*s\n%*s", (int)part, sentence,
		    CLI_HELP_COLUMN, "");
		sentence += part;
		sentence += strspn(sentence, " ");
	}
	(void)printf("%s\n", sentence);
}

static bool
letter_is_of(const struct cli_option *options, int letter)
{
	for (; options != NULL && options->name != NULL; options++)
		if (options->letter == letter)
			return true;
	return false;
}

/* The options of a table; `before` (or NULL) has taken its letters already. */
static void
help_options(const struct cli_option *options, const struct cli_option *before)
{
	struct buf name = { .max = 256 };

	for (; options != NULL && options->name != NULL; options++) {
		buf_clear(&name);
		if (options->letter != 0 &&
		    !letter_is_of(before, options->letter))
			buf_printf(&name, "-%c, ", options->letter);
		else
			buf_str(&name, "    ");
		buf_printf(&name, "--%s", options->name);
		if (options->argument != NULL)
			buf_printf(&name,
			    options->form == CLI_DIGITS ? " [%s]" : " %s",
			    options->argument);
		help_line(name.data, options->sentence);
	}
	buf_free(&name);
}

/* The options of each verb that has some. */
static void
help_verbs(const struct cli_verb *verbs)
{
	for (; verbs->name != NULL; verbs++) {
		if (verbs->options == NULL || verbs->options->name == NULL)
			continue;
		(void)printf("%s:\n", verbs->name);
		help_options(verbs->options, NULL);
		(void)printf("\n");
	}
}

static void
help_print(const struct cli *cli)
{
	const struct cli_verb *verb = cli->verb, *each;
	bool whole = verb == &cli->program->itself;

	(void)printf("usage: %s%s%s [options]%s%s\n%s\n\n", cli->program->name,
	    whole ? "" : " ", whole ? "" : verb->name,
	    verb->synopsis == NULL ? "" : " ",
	    verb->synopsis == NULL ? "" : verb->synopsis, verb->sentence);
	if (whole && cli->program->verbs != NULL) {
		for (each = cli->program->verbs; each->name != NULL; each++) {
			char *name = xasprintf("%s %s", each->name,
			    each->synopsis == NULL ? "" : each->synopsis);

			help_line(name, each->sentence);
			free(name);
		}
		(void)printf("\n");
		help_verbs(cli->program->verbs);
	}
	help_options(verb->options, NULL);
	help_options(cli_common, verb->options);
}

static void
words_check(struct cli_parsing *p)
{
	const struct cli *cli = p->cli;
	const struct cli_verb *verb = cli->verb;

	if (p->wrong)
		return;
	p->wrong = true;
	if (cli->word_count < verb->words_min)
		(void)why_set(&p->why, ERROR_USAGE, "%s is missing",
		    verb->synopsis);
	else if (cli->word_count > verb->words_max)
		(void)why_set(&p->why, ERROR_USAGE, "\"%s\" is too much",
		    cli->words[verb->words_max]);
	else
		p->wrong = false;
}

/* Returns -1 to go on, else the exit status. */
static int
command_line_read(struct cli_parsing *p)
{
	struct cli *cli = p->cli;

	optind = 0;	/* has GNU's getopt_long() start anew */
	if (cli->program->verbs != NULL) {
		options_read(p, cli->verb, true);
		verb_read(p);
		/* The verb's last word stands for the program's name. */
		p->argv += optind - 1;
		p->argc -= optind - 1;
		optind = 0;
	}
	if (cli->program->verbs == NULL || cli->verb != &cli->program->itself)
		options_read(p, cli->verb, false);
	else
		optind = 1;
	cli->words = p->argv + optind;
	cli->word_count = (size_t)(p->argc - optind);
	if (p->asked == HELP) {
		help_print(cli);
		return 0;
	}
	if (p->asked == VERSION) {
		(void)printf("%s (spoold) %s\n", cli->program->name,
		    SPOOLD_VERSION);
		return 0;
	}
	words_check(p);
	return p->wrong ? cli_usage(cli, "%s", p->why.text) : -1;
}

static void
lists_free(const struct cli_option *options, void *state)
{
	for (; options != NULL && options->name != NULL; options++)
		if (options->form == CLI_LIST)
			free(((struct cli_list *)(void *)((char *)state +
			    options->offset))->items);
}

int
cli_run(const struct cli_program *program, int argc, char **argv, void *state)
{
	struct cli cli = { .program = program, .verb = &program->itself };
	struct cli_parsing parsing = { .cli = &cli, .state = state,
		.argc = argc, .argv = argv };
	struct why why;
	int status = command_line_read(&parsing);

	if (status == -1)
		status = cli.verb->action(&cli, state);
	if (fflush(stdout) == EOF || ferror(stdout) != 0) {
		(void)why_errno(&why, "write to standard output");
		status = cli_fail(&cli, &why);
	}
	lists_free(cli.verb->options, state);
	if (cli.verb != &program->itself)
		lists_free(program->itself.options, state);
	libspool_close(&cli.spoold);
	spool_close(&cli.spool);
	conf_free(&cli.conf);
	return status;
}
