/*
 * egress_rule - one line of what may be connected to
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/egress_rule.h"
#include "lib/xalloc.h"

#define HOST_MAX 255		/* bytes of a name */
#define PORT_MAX 65535
#define STARS_MAX 3		/* each may have to be tried at every place */

static const struct {
	const char	*word;
	enum rule_kind	 kind;
} words[] = {
	{ "private", RULE_private },
	{ "public", RULE_public },
	{ "loopback", RULE_loopback },
};

/* --- ports ---------------------------------------------------------------- */

/* Reads digits; -1 if there are none, or too many. */
static int
port_read(const char **text)
{
	int port = 0;

	if (!isdigit((unsigned char)**text))
		return -1;
	for (; isdigit((unsigned char)**text); (*text)++) {
		port = port * 10 + (**text - '0');
		if (port > PORT_MAX)
			return -1;
	}
	return port > 0 ? port : -1;
}

/* `443`, `8000-8999` or `*`; NULL is any. */
static int
ports_parse(const char *text, struct rule *rule)
{
	rule->first = 0;
	rule->last = PORT_MAX;
	if (text == NULL || strcmp(text, "*") == 0)
		return 0;
	rule->first = rule->last = port_read(&text);
	if (rule->first != -1 && *text == '-') {
		text++;
		rule->last = port_read(&text);
	}
	return *text != '\0' || rule->first == -1 ||
	    rule->last < rule->first ? -1 : 0;
}

/* --- what they are of ----------------------------------------------------- */

/* Labels of a name, with a `*` for any part of them. */
static bool
pattern_valid(const char *text)
{
	size_t length = strlen(text), label = 0;
	int stars = 0;

	if (length == 0 || length > HOST_MAX)
		return false;
	for (; *text != '\0'; text++) {
		if (*text == '.' ? label == 0 :
		    !isalnum((unsigned char)*text) &&
		    strchr("-_*", *text) == NULL)
			return false;
		label = *text == '.' ? 0 : label + 1;
		stars += *text == '*';
	}
	return label > 0 && stars <= STARS_MAX;
}

static char *
lower(const char *text)
{
	char *copy = xstrdup(text);

	for (char *c = copy; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* A word, a CIDR or, where there are ports, a pattern. */
static int
subject_parse(const char *text, bool ports, struct rule *rule)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(text, words[i].word) == 0) {
			rule->kind = words[i].kind;
			return 0;
		}
	if (network_parse(text, &rule->network) == 0) {
		rule->kind = RULE_network;
		return 0;
	}
	/* What has a slash was meant to be a CIDR. */
	if (!ports || !pattern_valid(text))
		return -1;
	rule->kind = RULE_host;
	rule->host = lower(text);
	return 0;
}

/*
 * Splits `text`, which is changed: what stands before the ports, and these or
 * NULL.  -1 if brackets are not as they should be.
 */
static int
split(char *text, char **subject_r, char **ports_r)
{
	char *colon = strchr(text, ':'), *end;

	*subject_r = text;
	*ports_r = NULL;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (end == NULL || colon == NULL || colon > end ||
		    (end[1] != '\0' && end[1] != ':'))
			return -1;
		if (end[1] == ':')
			*ports_r = end + 2;
		*end = '\0';
		*subject_r = text + 1;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		*ports_r = colon + 1;
	}
	return 0;
}

int
rule_parse(const char *text, struct rule *rule)
{
	char *copy = xstrdup(text), *subject, *ports;
	int result = split(copy, &subject, &ports);

	memset(rule, 0, sizeof(*rule));
	if (result == 0)
		result = ports_parse(ports, rule);
	if (result == 0)
		result = subject_parse(subject, ports != NULL, rule);
	free(copy);
	return result;
}

void
rule_free(struct rule *rule)
{
	free(rule->host);
	rule->host = NULL;
}

/* --- what fits ------------------------------------------------------------ */

bool
rule_has_port(const struct rule *rule, int port)
{
	return rule->first <= port && port <= rule->last;
}

/* A `*` stands for one character at least. */
static bool
fits(const char *pattern, const char *name, bool first)
{
	if (*pattern == '\0')
		return *name == '\0';
	if (*pattern != '*')
		return *name == *pattern && fits(pattern + 1, name + 1,
		    false);
	for (; *name != '\0' && (first || *name != '.'); name++)
		if (fits(pattern + 1, name + 1, false))
			return true;
	return false;
}

bool
rule_has_host(const struct rule *rule, const char *host)
{
	return rule->kind == RULE_host && host != NULL &&
	    fits(rule->host, host, true);
}
