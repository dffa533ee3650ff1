/*
 * tables - the tables that manual pages and the shipped file are made from
 *
 * `tables page` copies a manual page from stdin to stdout with each line
 * `@TABLE name@` replaced by that table in mdoc; `tables NAME` prints one;
 * `tables conf` prints etc/spoold.conf.  They come from the same .def files as
 * the programs, so a page cannot say anything else than what they do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_table.h"
#include "lib/verbs.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/*
 * Text for mdoc: a backslash and a leading dot mean something to it, and so
 * does a word that is a macro's name, which none of ours is after the first.
 */
static void
put_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		(void)fputs("\\&", stdout);
	for (; *text != '\0'; text++)
		if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (*text == '-')
			(void)fputs("\\-", stdout);
		else
			(void)putchar(*text);
}

/* A macro's argument in quotes. */
static void
put_word(const char *text)
{
	(void)putchar('"');
	for (; *text != '\0'; text++)
		if (*text == '"')
			(void)fputs("\\(dq", stdout);
		else if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (*text == '-')
			(void)fputs("\\-", stdout);
		else
			(void)putchar(*text);
	(void)putchar('"');
}

/* `.It` with a macro for its word, and a sentence below it. */
static void
put_item(const char *macro, const char *word, const char *sentence)
{
	(void)printf(".It %s ", macro);
	put_word(word);
	(void)putchar('\n');
	put_text(sentence);
	(void)putchar('\n');
}

/* --- errors --- */

static void
put_errors(enum error_kind kind)
{
	static const struct {
		const char	*name;
		int		 status;
		enum error_kind	 kind;
		const char	*sentence;
	} errors[] = {
#define ERROR(code, status, kind, sentence) \
	{ #code, status, ERROR_KIND_##kind, sentence },
#include "lib/errors.def"
#undef ERROR
	};

	(void)puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < LENGTH(errors); i++) {
		if (errors[i].kind != kind)
			continue;
		(void)printf(".It Er %s", errors[i].name);
		if (kind == ERROR_KIND_command)
			(void)printf(" Pq %d", errors[i].status);
		(void)putchar('\n');
		put_text(errors[i].sentence);
		(void)putchar('\n');
	}
	(void)puts(".El");
}

static void
table_errors(void)
{
	put_errors(ERROR_KIND_command);
}

static void
table_attempts(void)
{
	put_errors(ERROR_KIND_attempt);
}

/* Each exit status once, with the codes that have it. */
static void
table_statuses(void)
{
	static const struct {
		const char	*name;
		int		 status;
	} codes[] = {
#define ERROR(code, status, kind, sentence) { #code, \
	ERROR_KIND_##kind == ERROR_KIND_command ? (status) : 0 },
#include "lib/errors.def"
#undef ERROR
	};

	(void)puts(".Bl -tag -width Ds");
	for (int status = 1; status < 128; status++) {
		bool found = false;

		for (size_t i = 0; i < LENGTH(codes); i++) {
			if (codes[i].status != status)
				continue;
			if (!found)
				(void)printf(".It %d\n", status);
			else
				(void)puts(" ,");
			(void)printf(".Er %s", codes[i].name);
			found = true;
		}
		if (found)
			(void)putchar('\n');
	}
	(void)puts(".El");
}

/* --- queues --- */

static void
table_queues(void)
{
	static const struct {
		const char	*name, *group, *access;
		int		 mode, private_mode;
		const char	*what;
	} queues[] = {
#define QUEUE(name, group, mode, access, private_mode, tickets, what) \
	{ #name, #group, #access, mode, private_mode, what },
#include "spool-layout/queues.def"
#undef QUEUE
	};

	(void)puts(".Bl -tag -width receipts/");
	for (size_t i = 0; i < LENGTH(queues); i++) {
		bool group = strcmp(queues[i].group, "own") != 0;

		(void)printf(".It Pa %s/\n", queues[i].name);
		put_text(queues[i].what);
		(void)printf("\n.Pq mode %04o%s%s%s; private: %04o\n",
		    (unsigned)queues[i].mode, group ? ", group " : "",
		    group ? queues[i].group : "",
		    strcmp(queues[i].access, "plain") != 0 ?
		    ", with a default ACL" : "",
		    (unsigned)queues[i].private_mode);
	}
	(void)puts(".El");
}

/* --- settings --- */

/* What a value may be, in words. */
static void
put_allowed(const struct setting *setting)
{
	static const char *const types[] = {
		[SETTING_string] = "Text",
		[SETTING_path] = "A path",
		[SETTING_choice] = "One of",
		[SETTING_duration] = "A duration",
		[SETTING_size] = "A size",
		[SETTING_integer] = "A whole number",
		[SETTING_real] = "A number",
		[SETTING_boolean] = "True or false",
		[SETTING_listener] = "ADDRESS:PORT, or unix: and a path",
		[SETTING_account] = "A name",
		[SETTING_addresses] = "A list of addresses",
		[SETTING_names] = "A list of names",
		[SETTING_words] = "A list",
		[SETTING_statuses] = "A list of HTTP statuses",
		[SETTING_durations] = "A list of durations",
		[SETTING_paths] = "A list of absolute paths",
		[SETTING_networks] = "A list of CIDRs",
	};

	(void)fputs(types[setting->type], stdout);
	if (setting->type == SETTING_choice)
		for (const char *word = setting->min; *word != '\0';) {
			size_t length = strcspn(word, "|");

			(void)printf("%s%.*s", word == setting->min ? " " :
			    ", ", (int)length, word);
			word += length + (word[length] == '|');
		}
	else if (setting->min[0] != '\0')
		(void)printf(" from %s to %s", setting->min, setting->max);
	if (setting->fallback[0] == '\0')
		(void)puts("; empty unless set.");
	else
		(void)printf("; %s unless set.\n", setting->fallback);
}

static void
put_settings(enum setting_scope scope, const char *title)
{
	const struct setting *settings;
	char name[128];
	size_t count;

	settings = conf_settings(&count);
	(void)puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < count; i++) {
		if (settings[i].scope != scope)
			continue;
		setting_name(&settings[i], title, name, sizeof(name));
		put_item("Ic", name, settings[i].sentence);
		put_allowed(&settings[i]);
	}
	(void)puts(".El");
}

static void
table_settings(void)
{
	put_settings(SCOPE_plain, NULL);
}

static void
table_organization(void)
{
	put_settings(SCOPE_organization, "ID");
}

static void
table_transport(void)
{
	put_settings(SCOPE_transport, "NAME");
}

static void
table_program(void)
{
	put_settings(SCOPE_pipe, "NAME");
}

/* Items of a list that the page has open. */
static void
table_variables(void)
{
	static const struct {
		const char	*variable;
		const char	*section, *name;
	} variables[] = {
#define CONF_VARIABLE(variable, section, name) { #variable, section, name },
#include "lib/conf.def"
#undef CONF_VARIABLE
	};

	for (size_t i = 0; i < LENGTH(variables); i++)
		(void)printf(".It Ev %s\n.Li %s%s%s\n",
		    variables[i].variable, variables[i].section,
		    variables[i].section[0] == '\0' ? "" : ".",
		    variables[i].name);
}

/* --- events --- */

static void
table_events(void)
{
	(void)puts(".Bl -tag -width destination.disabled");
#define EVENT(identifier, name, sentence) put_item("Ic", name, sentence);
#include "lib/events.def"
#undef EVENT
	(void)puts(".El");
}

/* --- destination fields --- */

static void
put_field(const char *path, const char *form, bool required, bool sealed,
    const char *sentence)
{
	put_item("Ic", path, sentence);
	(void)puts(".Po");
	put_text(form);
	(void)printf("%s%s\n.Pc\n", required ? "; required" : "",
	    sealed ? "; sealed" : "");
}

/* Fields beside the config. */
static void
table_destination(void)
{
	(void)puts(".Bl -tag -width Ds");
#define TRANSPORT(name)
#define DESTINATION_TOP(path, form, required, sentence) \
	put_field(path, form, required, false, sentence);
#define DESTINATION_FIELD(type, path, form, required, sealed, sentence)
#include "lib/destination.def"
#undef DESTINATION_TOP
#undef DESTINATION_FIELD
	(void)puts(".El");
}

#define DESTINATION_FIELD(type, path, form, required, sealed, sentence) \
	if (strcmp(#type, wanted) == 0) \
		put_field(path, form, required, sealed, sentence);

static void
put_config(const char *wanted)
{
	(void)puts(".Bl -tag -width Ds");
#include "lib/destination.def"
	(void)puts(".El");
}
#undef DESTINATION_FIELD
#undef TRANSPORT

static void
table_config(void)
{
	put_config("any");
}

/* The names that templates know. */
static void
table_templates(void)
{
	(void)puts(".Bl -tag -width organizationId");
#define TEMPLATE_NAME(name, sentence) put_item("Va", #name, sentence);
#define REQUEST_NAME(name, sentence) put_item("Va", #name, sentence);
#include "lib/template_names.def"
#undef TEMPLATE_NAME
	(void)puts(".El");
}

/* What a path template may name. */
static void
table_paths(void)
{
	(void)puts(".Bl -tag -width Ds");
#define PATH_NAME(name, sentence) (void)puts(".It Li {" #name "}\n" sentence);
#include "lib/path_names.def"
#undef PATH_NAME
	(void)puts(".It Li {metadata.NAME}\n"
	    "A string, number or truth value of the job's metadata.\n.El");
}

/* --- the control protocol --- */

static const char *const forms[] = {
#define FORM(identifier, kind, items, max, words) \
	[VERB_FORM_##identifier] = words,
#include "lib/verbs.def"
#undef FORM
};

static const char *const role_names[ROLES] = {
#define ROLE(identifier, setting, also, sentence) \
	[ROLE_##identifier] = #identifier,
#include "lib/verbs.def"
#undef ROLE
};

static void
table_roles(void)
{
	(void)puts(".Bl -tag -width administrator");
#define ROLE(identifier, setting, also, sentence) \
	(void)puts(".It Cm " #identifier " Pq Ic organization.ID." #setting); \
	put_text(sentence "."); \
	(void)putchar('\n');
#include "lib/verbs.def"
#undef ROLE
	(void)puts(".El");
}

/* A set of them in words, which a macro's line ends with. */
static void
put_roles(unsigned roles)
{
	const char *between = "";

	if (roles == FOR_owner)
		(void)fputs("root", stdout);
	for (size_t i = 0; i < ROLES; i++)
		if ((roles & 1U << i) != 0) {
			(void)printf("%s%s", between, role_names[i]);
			between = " or ";
		}
}

/* Each sentence in a line of its own, as mdoc wants it. */
static void
put_sentences(const char *text)
{
	const char *end;
	char sentence[1024];

	while ((end = strstr(text, ". ")) != NULL) {
		(void)snprintf(sentence, sizeof(sentence), "%.*s",
		    (int)(end + 1 - text), text);
		put_text(sentence);
		(void)putchar('\n');
		text = end + 2;
	}
	put_text(text);
	(void)putchar('\n');
}

static void
put_verb(const char *name, unsigned roles, const char *sentence)
{
	(void)printf(".It Cm %s Pq ", name);
	put_roles(roles);
	(void)putchar('\n');
	put_sentences(sentence);
}

static void
put_verb_field(const char *name, const char *form, bool needed, unsigned roles,
    const char *sentence)
{
	(void)printf(".br\n.Va %s :\n", name);
	put_text(sentence);
	(void)printf("\n.Pq %s%s", form, needed ? "; required" : "");
	if (roles != 0) {
		(void)fputs("; ", stdout);
		put_roles(roles);
	}
	(void)putchar('\n');
}

/* The verbs of a topic, each with the fields that it takes. */
static void
put_verbs(const char *wanted, size_t length)
{
	bool here = false;

	(void)puts(".Bl -tag -width Ds");
#define VERB(identifier, topic, name, roles, sentence) \
	here = strlen(#topic) == length && \
	    strncmp(#topic, wanted, length) == 0; \
	if (here) \
		put_verb(name, roles, sentence);
#define FIELD(verb, name, form, needed, roles, sentence) \
	if (here) \
		put_verb_field(#name, forms[VERB_FORM_##form], needed, \
		    roles, sentence);
#include "lib/verbs.def"
#undef FIELD
#undef VERB
	(void)puts(".El");
}

static void
table_conf(void)
{
	struct buf out = { 0 };

	conf_print_shipped(&out);
	(void)fputs(out.data, stdout);
	buf_free(&out);
}

/* --- all of them --- */

static const struct {
	const char	*name;
	void		(*put)(void);
} tables[] = {
	{ "attempts", table_attempts },		/* error codes of attempts */
	{ "conf", table_conf },			/* etc/spoold.conf */
	{ "config", table_config },		/* fields of every type */
	{ "destination", table_destination },	/* and beside the config */
	{ "errors", table_errors },		/* codes that answer a person */
	{ "events", table_events },
	{ "organization", table_organization },	/* settings of one */
	{ "paths", table_paths },		/* names in path templates */
	{ "queues", table_queues },
	{ "roles", table_roles },		/* of an organization */
	{ "settings", table_settings },		/* of plain sections */
	{ "statuses", table_statuses },		/* exit statuses */
	{ "templates", table_templates },	/* names in templates */
	{ "transport", table_transport },	/* settings of one */
	{ "program", table_program },		/* settings of a pipe */
	{ "variables", table_variables },	/* of the environment */
};

static const char *const transports[] = {
#define TRANSPORT(name) #name,
#define DESTINATION_FIELD(type, path, form, required, sealed, sentence)
#include "lib/destination.def"
#undef TRANSPORT
#undef DESTINATION_FIELD
};

/*
 * A transport's name stands for the fields of its config, `verbs TOPIC` for
 * what can be asked about that.
 */
static int
table_put(const char *name, size_t length)
{
	static const char verbs[] = "verbs ";

	if (strncmp(name, verbs, sizeof(verbs) - 1) == 0) {
		put_verbs(name + sizeof(verbs) - 1,
		    length - (sizeof(verbs) - 1));
		return 0;
	}
	for (size_t i = 0; i < LENGTH(transports); i++)
		if (strlen(transports[i]) == length &&
		    strncmp(transports[i], name, length) == 0) {
			put_config(transports[i]);
			return 0;
		}
	for (size_t i = 0; i < LENGTH(tables); i++)
		if (strlen(tables[i].name) == length &&
		    strncmp(tables[i].name, name, length) == 0) {
			tables[i].put();
			return 0;
		}
	(void)fprintf(stderr, "tables: no table %.*s\n", (int)length, name);
	return -1;
}

/* stdin to stdout, with the tables where they belong. */
static int
page_copy(void)
{
	static const char mark[] = "@TABLE ";
	char *line = NULL;
	size_t size = 0;
	int result = 0;

	while (getline(&line, &size, stdin) != -1)
		if (strncmp(line, mark, sizeof(mark) - 1) == 0) {
			const char *name = line + sizeof(mark) - 1;

			if (table_put(name, strcspn(name, "@\n")) == -1)
				result = -1;
		} else if (fputs(line, stdout) == EOF) {
			result = -1;
		}
	free(line);
	return result;
}

int
main(int argc, char **argv)
{
	int result;

	if (argc != 2) {
		(void)fputs("usage: tables page|NAME\n", stderr);
		return error_exit_status(ERROR_USAGE);
	}
	result = strcmp(argv[1], "page") == 0 ? page_copy() :
	    table_put(argv[1], strlen(argv[1]));
	if (fflush(stdout) == EOF || ferror(stdin))
		result = -1;
	return result == 0 ? 0 : 1;
}
