/*
 * conf_value - a setting's value: from text, to text, within its bounds
 *
 * What is wrong is said as `"value": allowed is …`; whoever reads the file or
 * the environment says before it where that stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/conf_table.h"
#include "lib/egress.h"
#include "lib/listener.h"
#include "lib/ticket.h"
#include "lib/xalloc.h"

#define ACCOUNT_MAX 64		/* bytes of a name */

/* Sizes take k, M and G. */
static int
parse_size(const char *text, int64_t *value_r)
{
	int64_t scale = 1;
	char *end;

	errno = 0;
	*value_r = strtoll(text, &end, 10);
	if (end == text || errno != 0 || *value_r < 0)
		return -1;
	switch (*end) {
	case 'k': case 'K':
		scale = 1024;
		break;
	case 'M':
		scale = 1024L * 1024;
		break;
	case 'G':
		scale = 1024L * 1024 * 1024;
		break;
	}
	if (scale != 1)
		end++;
	if (*end != '\0' || *value_r > INT64_MAX / scale)
		return -1;
	*value_r *= scale;
	return 0;
}

static int
parse_integer(const char *text, int64_t *value_r)
{
	char *end;

	errno = 0;
	*value_r = strtoll(text, &end, 10);
	return end == text || *end != '\0' || errno != 0 ? -1 : 0;
}

static int
parse_number(enum setting_type type, const char *text, int64_t *value_r)
{
	switch (type) {
	case SETTING_duration:
	case SETTING_durations:
		return clock_parse_duration(text, value_r);
	case SETTING_size:
		return parse_size(text, value_r);
	default:
		return parse_integer(text, value_r);
	}
}

static int
not_allowed(const struct setting *setting, const char *text,
    const char *what, struct why *why)
{
	return why_set(why, ERROR_CONFIG_ERROR, "\"%s\": %s%s%s%s%s", text,
	    what, setting->min[0] != '\0' ? " from " : "", setting->min,
	    setting->max[0] != '\0' ? " to " : "", setting->max);
}

static int
store_number(const struct setting *setting, int64_t *field,
    const char *text, struct why *why)
{
	static const char *const what[] = {
		[SETTING_duration] = "allowed is a duration (500ms, 30s, 5m)",
		[SETTING_durations] = "allowed is a duration (500ms, 30s, 5m)",
		[SETTING_size] = "allowed is a size (64k, 10M, 2G)",
		[SETTING_integer] = "allowed is a whole number",
		[SETTING_statuses] = "allowed is an HTTP status",
	};
	int64_t min = INT64_MIN, max = INT64_MAX, value;

	/* Empty unless set: another setting counts then. */
	if (text[0] == '\0' && setting->fallback[0] == '\0') {
		*field = -1;
		return 0;
	}
	if (setting->min[0] != '\0')
		(void)parse_number(setting->type, setting->min, &min);
	if (setting->max[0] != '\0')
		(void)parse_number(setting->type, setting->max, &max);
	if (parse_number(setting->type, text, &value) == -1 || value < min ||
	    value > max)
		return not_allowed(setting, text, what[setting->type], why);
	*field = value;
	return 0;
}

static int
store_real(const struct setting *setting, double *field, const char *text,
    struct why *why)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' ||
	    value < strtod(setting->min, NULL) ||
	    value > strtod(setting->max, NULL) || value != value)
		return not_allowed(setting, text, "allowed is a number", why);
	*field = value;
	return 0;
}

static int
store_boolean(bool *field, const char *text, struct why *why)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 ||
	    strcmp(text, "on") == 0)
		*field = true;
	else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ||
	    strcmp(text, "off") == 0)
		*field = false;
	else
		return why_set(why, ERROR_CONFIG_ERROR,
		    "\"%s\": allowed are true and false", text);
	return 0;
}

/* The words stand in `min`, between bars. */
static int
store_choice(const struct setting *setting, char **field, const char *text,
    struct why *why)
{
	char *words = xstrdup(setting->min), *rest = words, *word;
	struct buf allowed = { .max = 0 };
	bool found = false;

	while ((word = strsep(&rest, "|")) != NULL) {
		found = found || strcmp(word, text) == 0;
		buf_printf(&allowed, "%s%s", allowed.len == 0 ? "" : ", ",
		    word);
	}
	free(words);
	if (found) {
		free(*field);
		*field = xstrdup(text);
	} else {
		(void)why_set(why, ERROR_CONFIG_ERROR,
		    "\"%s\": allowed is one of %s", text, allowed.data);
	}
	buf_free(&allowed);
	return found ? 0 : -1;
}

static int
check_item(const struct setting *setting, const char *text, struct why *why)
{
	struct network network;
	int64_t number;

	switch (setting->type) {
	case SETTING_addresses:
		return egress_check_rule(text, why);
	case SETTING_names:
		return destination_id_valid(text) ? 0 : why_set(why,
		    ERROR_CONFIG_ERROR, "\"%s\": allowed are a-z, 0-9 and -",
		    text);
	case SETTING_paths:
		return text[0] == '/' && text[1] != '\0' &&
		    strpbrk(text, ",\n") == NULL ? 0 : why_set(why,
		    ERROR_CONFIG_ERROR, "\"%s\": allowed are absolute paths "
		    "of directories, without a comma", text);
	case SETTING_words:
		return 0;
	case SETTING_networks:
		return network_parse(text, &network) == 0 ? 0 : why_set(why,
		    ERROR_CONFIG_ERROR, "\"%s\": allowed are CIDRs", text);
	default:
		return store_number(setting, &number, text, why);
	}
}

/* Directories must be named; a file that is needed only if set need not. */
static int
check_path(const struct setting *setting, const char *text, struct why *why)
{
	if (text[0] == '\0' && setting->fallback[0] != '\0')
		return why_set(why, ERROR_CONFIG_ERROR,
		    "\"\": allowed is a path");
	return 0;
}

/* Empty: nothing listens. */
static int
check_listener(const char *text, struct why *why)
{
	struct listener_place place;

	if (text[0] == '\0' || listener_parse(text, &place) == 0)
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "\"%s\": allowed are an "
	    "address and a port (192.0.2.1:8443, [::1]:8080) and unix: with "
	    "an absolute path", text);
}

/*
 * Empty: nobody.  Names from a directory service have dots and at signs; what
 * would be an option, a number or a path to whoever reads it is none.
 */
static int
check_account(const char *text, struct why *why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char others[] = "0123456789-.@";
	size_t length = strlen(text), i = strspn(text, letters);

	if (i > 0)
		while (i < length && (strchr(letters, text[i]) != NULL ||
		    strchr(others, text[i]) != NULL))
			i++;
	if (i == length && length <= ACCOUNT_MAX)
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "\"%s\": allowed is the name "
	    "of a user or group: letters, digits, _, -, . and @, beginning "
	    "with a letter", text);
}

/* What a type alone cannot say. */
static int
check_meaning(const struct setting *setting, const char *text,
    struct why *why)
{
	if (strcmp(setting->section, "security.encryption") == 0 &&
	    setting->type == SETTING_boolean && *text != 't' &&
	    *text != 'y' && strcmp(text, "on") != 0)
		return why_set(why, ERROR_CONFIG_ERROR, "\"%s\": allowed is "
		    "true: credentials are never kept in clear, so that a "
		    "backup or a lost disk gives none away", text);
	if (strcmp(setting->section, "log") == 0 &&
	    setting->type == SETTING_string && text[0] == '\0')
		return why_set(why, ERROR_CONFIG_ERROR, "\"\": allowed are "
		    "syslog, stderr and a file's path");
	return 0;
}

void
conf_list_add(struct conf_list *list, const char *text, size_t length)
{
	list->items = xreallocarray(list->items, list->count + 1,
	    sizeof(*list->items));
	list->items[list->count++] = xstrndup(text, length);
}

void
conf_list_free(struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct conf_list) { NULL, 0 };
}

static int
store_list(const struct setting *setting, struct conf_list *field,
    const char *const *texts, size_t count, struct why *why)
{
	struct conf_list list = { NULL, 0 };

	for (size_t i = 0; i < count; i++)
		if (check_item(setting, texts[i], why) == -1)
			return -1;
	list.items = xcalloc(count + 1, sizeof(*list.items));
	for (; list.count < count; list.count++)
		list.items[list.count] = xstrdup(texts[list.count]);
	conf_list_free(field);
	*field = list;
	return 0;
}

static void
store_text(char **field, const char *text)
{
	free(*field);
	*field = xstrdup(text);
}

static int
store_one(const struct setting *setting, void *field, const char *text,
    struct why *why)
{
	switch (setting->type) {
	case SETTING_real:
		return store_real(setting, field, text, why);
	case SETTING_boolean:
		return store_boolean(field, text, why);
	case SETTING_choice:
		return store_choice(setting, field, text, why);
	case SETTING_path:
		if (check_path(setting, text, why) == -1)
			return -1;
		store_text(field, text);
		return 0;
	case SETTING_listener:
		if (check_listener(text, why) == -1)
			return -1;
		store_text(field, text);
		return 0;
	case SETTING_account:
		if (check_account(text, why) == -1)
			return -1;
		store_text(field, text);
		return 0;
	case SETTING_string:
		store_text(field, text);
		return 0;
	default:
		return store_number(setting, field, text, why);
	}
}

int
setting_store(const struct setting *setting, void *base,
    const char *const *texts, size_t count, struct why *why)
{
	void *field = (char *)base + setting->offset;

	if (setting_is_list(setting))
		return store_list(setting, field, texts, count, why);
	if (count != 1)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "allowed is one value");
	if (check_meaning(setting, texts[0], why) == -1)
		return -1;
	return store_one(setting, field, texts[0], why);
}

/* Has room for a field of any scope. */
union scratch {
	struct conf			 plain;
	struct conf_organization	 organization;
	struct conf_transport		 transport;
	struct conf_pipe		 pipe;
};

int
setting_check(const struct setting *setting, const char *const *texts,
    size_t count, struct why *why)
{
	union scratch scratch;
	int result;

	memset(&scratch, 0, sizeof(scratch));
	result = setting_store(setting, &scratch, texts, count, why);
	setting_free(setting, &scratch);
	return result;
}

int
setting_store_text(const struct setting *setting, void *base,
    const char *text, struct why *why)
{
	char *copy = xstrdup(text), *rest = copy, *item;
	const char **items;
	size_t count = 0;
	int result;

	items = xcalloc(strlen(text) + 2, sizeof(*items));
	if (!setting_is_list(setting))
		items[count++] = copy;
	else
		while ((item = strsep(&rest, ",")) != NULL)
			if (*item != '\0')
				items[count++] = item;
	result = setting_store(setting, base, items, count, why);
	free(items);
	free(copy);
	return result;
}

/* The shortest exact form. */
static void
print_size(int64_t size, struct buf *out)
{
	static const char *const units[] = { "", "k", "M", "G" };
	size_t unit = 0;

	for (; size != 0 && size % 1024 == 0 && unit < 3; unit++)
		size /= 1024;
	buf_printf(out, "%lld%s", (long long)size, units[unit]);
}

void
setting_print(const struct setting *setting, const void *base,
    struct buf *out)
{
	const void *field = (const char *)base + setting->offset;
	const struct conf_list *list = field;
	char text[32];

	switch (setting->type) {
	case SETTING_duration:
		text[0] = '\0';
		if (*(const int64_t *)field >= 0)
			clock_format_duration(*(const int64_t *)field, text);
		buf_str(out, text);
		break;
	case SETTING_size:
		print_size(*(const int64_t *)field, out);
		break;
	case SETTING_integer:
		buf_printf(out, "%lld", (long long)*(const int64_t *)field);
		break;
	case SETTING_real:
		buf_printf(out, "%g", *(const double *)field);
		break;
	case SETTING_boolean:
		buf_str(out, *(const bool *)field ? "true" : "false");
		break;
	case SETTING_listener:
	case SETTING_account:
	case SETTING_string:
	case SETTING_path:
	case SETTING_choice:
		buf_str(out, *(char *const *)field);
		break;
	default:
		for (size_t i = 0; i < list->count; i++)
			buf_printf(out, "%s%s", i == 0 ? "" : ",",
			    list->items[i]);
		break;
	}
}

int
setting_check_text(const struct setting *setting, const char *text,
    struct why *why)
{
	union scratch scratch;
	int result;

	memset(&scratch, 0, sizeof(scratch));
	result = setting_store_text(setting, &scratch, text, why);
	setting_free(setting, &scratch);
	return result;
}

void
setting_print_default(const struct setting *setting, struct buf *out)
{
	union scratch scratch;
	struct why why;

	memset(&scratch, 0, sizeof(scratch));
	if (setting_store_text(setting, &scratch, setting->fallback,
	    &why) == 0)
		setting_print(setting, &scratch, out);
	setting_free(setting, &scratch);
}

void
setting_free(const struct setting *setting, void *base)
{
	void *field = (char *)base + setting->offset;

	if (setting_is_list(setting)) {
		conf_list_free(field);
	} else if (setting->type == SETTING_string ||
	    setting->type == SETTING_path || setting->type == SETTING_choice ||
	    setting->type == SETTING_listener ||
	    setting->type == SETTING_account) {
		free(*(char **)field);
		*(char **)field = NULL;
	}
}
