/*
 * conf - spoold.conf
 *
 * First every setting's default, then the file, then the environment.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/conf_parse.h"
#include "lib/conf_table.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define DEFAULT_FILE "/etc/spoold/spoold.conf"

/* The defaults of a scope; that they are allowed is a matter of the table. */
static void
conf_defaults(enum setting_scope scope, void *base)
{
	const struct setting *settings;
	struct why why;
	size_t count;

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++)
		if (settings[i].scope == scope && setting_store_text(
		    &settings[i], base, settings[i].fallback, &why) == -1)
			log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
			    "conf.def: %s: %s", settings[i].name, why.text);
}

static void
conf_release(enum setting_scope scope, void *base)
{
	const struct setting *settings;
	size_t count;

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++)
		if (settings[i].scope == scope)
			setting_free(&settings[i], base);
}

struct conf_organization *
conf_add_organization(struct conf *conf, const char *id)
{
	struct conf_organization *org;

	for (size_t i = 0; i < conf->organization_count; i++)
		if (strcmp(conf->organizations[i].id, id) == 0)
			return &conf->organizations[i];
	conf->organizations = xreallocarray(conf->organizations,
	    conf->organization_count + 1, sizeof(*conf->organizations));
	org = &conf->organizations[conf->organization_count++];
	memset(org, 0, sizeof(*org));
	org->id = xstrdup(id);
	conf_defaults(SCOPE_organization, org);
	return org;
}

struct conf_transport *
conf_add_transport(struct conf *conf, const char *name)
{
	struct conf_transport *transport;

	for (size_t i = 0; i < conf->transport_count; i++)
		if (strcmp(conf->transports[i].name, name) == 0)
			return &conf->transports[i];
	conf->transports = xreallocarray(conf->transports,
	    conf->transport_count + 1, sizeof(*conf->transports));
	transport = &conf->transports[conf->transport_count++];
	memset(transport, 0, sizeof(*transport));
	transport->name = xstrdup(name);
	conf_defaults(SCOPE_transport, transport);
	return transport;
}

struct conf_pipe *
conf_add_pipe(struct conf *conf, const char *name)
{
	struct conf_pipe *pipe;

	for (size_t i = 0; i < conf->pipe_count; i++)
		if (strcmp(conf->pipes[i].name, name) == 0)
			return &conf->pipes[i];
	conf->pipes = xreallocarray(conf->pipes, conf->pipe_count + 1,
	    sizeof(*conf->pipes));
	pipe = &conf->pipes[conf->pipe_count++];
	memset(pipe, 0, sizeof(*pipe));
	pipe->name = xstrdup(name);
	conf_defaults(SCOPE_pipe, pipe);
	return pipe;
}

/* Paths of the file are seen from its directory. */
static void
path_resolve(const struct conf *conf, char **field)
{
	const char *slash = strrchr(conf->file, '/');
	char *path;

	if (**field == '\0' || **field == '/' || slash == NULL)
		return;
	path = xasprintf("%.*s/%s", (int)(slash - conf->file), conf->file,
	    *field);
	free(*field);
	*field = path;
}

void
conf_resolve(struct conf *conf)
{
	const struct setting *settings;
	size_t count;

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++)
		if (settings[i].scope == SCOPE_plain &&
		    settings[i].type == SETTING_path)
			path_resolve(conf, (char **)(void *)((char *)conf +
			    settings[i].offset));
	if (strcmp(conf->log_target, "syslog") != 0 &&
	    strcmp(conf->log_target, "stderr") != 0)
		path_resolve(conf, &conf->log_target);
}

/* The file's absolute path, also if it is not there. */
static char *
file_absolute(const char *file)
{
	char path[PATH_MAX];

	if (realpath(file, path) != NULL)
		return xstrdup(path);
	if (file[0] == '/' || getcwd(path, sizeof(path)) == NULL)
		return xstrdup(file);
	return xasprintf("%s/%s", path, file);
}

/* All defaults, for that file. */
static struct conf *
conf_new(const char *file)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	conf->file = file_absolute(file);
	conf_defaults(SCOPE_plain, conf);
	/* The row of what is not in the file. */
	(void)conf_add_transport(conf, "");
	return conf;
}

/* Whose environment it is follows from the file, which is read first. */
static struct conf *
conf_load(const char *file, bool shared_too, struct why *why)
{
	struct buf text = { 0 };
	struct conf *conf;

	if (file == NULL)
		file = secure_getenv("SPOOLD_CONFIG");
	if (file == NULL || file[0] == '\0')
		file = DEFAULT_FILE;
	conf = conf_new(file);
	if (conf_text_read(conf->file, &text, why) == -1 ||
	    conf_parse(conf, &text, why) == -1 ||
	    ((shared_too || conf->top_user[0] == '\0') &&
	    conf_environment(conf, why) == -1) ||
	    conf_check_listen(conf, why) == -1)
		conf_free(&conf);
	else
		conf_resolve(conf);
	buf_free(&text);
	return conf;
}

struct conf *
conf_read(const char *file, struct why *why)
{
	return conf_load(file, true, why);
}

struct conf *
conf_read_asked(const char *file, struct why *why)
{
	return conf_load(file, false, why);
}

struct conf *
conf_read_text(const char *file, const struct buf *text, struct why *why)
{
	struct conf *conf = conf_new(file);

	if (conf_parse(conf, text, why) == -1 ||
	    conf_check_listen(conf, why) == -1)
		conf_free(&conf);
	else
		conf_resolve(conf);
	return conf;
}

void
conf_free(struct conf **conf)
{
	if (*conf == NULL)
		return;
	for (size_t i = 0; i < (*conf)->organization_count; i++) {
		conf_release(SCOPE_organization, &(*conf)->organizations[i]);
		free((*conf)->organizations[i].id);
	}
	for (size_t i = 0; i < (*conf)->transport_count; i++) {
		conf_release(SCOPE_transport, &(*conf)->transports[i]);
		free((*conf)->transports[i].name);
	}
	for (size_t i = 0; i < (*conf)->pipe_count; i++) {
		conf_release(SCOPE_pipe, &(*conf)->pipes[i]);
		free((*conf)->pipes[i].name);
	}
	conf_release(SCOPE_plain, *conf);
	conf_list_free(&(*conf)->variables);
	conf_list_free(&(*conf)->unknown_variables);
	conf_list_free(&(*conf)->file_names);
	conf_list_free(&(*conf)->environment_names);
	conf_list_free(&(*conf)->override_names);
	free((*conf)->organizations);
	free((*conf)->transports);
	free((*conf)->pipes);
	free((*conf)->file);
	free(*conf);
	*conf = NULL;
}

const struct conf_transport *
conf_transport(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->transport_count; i++)
		if (strcmp(conf->transports[i].name, name) == 0)
			return &conf->transports[i];
	return &conf->transports[0];
}

const struct conf_pipe *
conf_pipe(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->pipe_count; i++)
		if (strcmp(conf->pipes[i].name, name) == 0)
			return &conf->pipes[i];
	return NULL;
}

const struct conf_organization *
conf_organization(const struct conf *conf, const char *id)
{
	for (size_t i = 0; i < conf->organization_count; i++)
		if (strcmp(conf->organizations[i].id, id) == 0)
			return &conf->organizations[i];
	return NULL;
}

int64_t
conf_schedule(const struct conf *conf, size_t n)
{
	const struct conf_list *schedule = &conf->retry_schedule;
	int64_t wait;

	if (schedule->count == 0)
		return -1;
	if (n > schedule->count)
		n = schedule->count;
	return clock_parse_duration(schedule->items[n == 0 ? 0 : n - 1],
	    &wait) == 0 ? wait : -1;
}

static void
conf_change(struct buf *out, const char *name, const struct buf *old,
    const struct buf *new)
{
	json_open(out, NULL, '{');
	json_put_string(out, "name", name);
	json_put_string(out, "old", old->data != NULL ? old->data : "");
	json_put_string(out, "new", new->data != NULL ? new->data : "");
	json_close(out, '}');
}

/* The settings of one scope that differ; their number. */
static size_t
conf_compare(enum setting_scope scope, const char *title, const void *old,
    const void *new, struct buf *out)
{
	const struct setting *settings;
	size_t count, changed = 0;
	char name[SETTING_NAME_MAX];

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++) {
		struct buf before = { 0 }, after = { 0 };

		if (settings[i].scope != scope)
			continue;
		setting_print(&settings[i], old, &before);
		setting_print(&settings[i], new, &after);
		if (strcmp(before.data != NULL ? before.data : "",
		    after.data != NULL ? after.data : "") != 0) {
			setting_name(&settings[i], title, name, sizeof(name));
			conf_change(out, name, &before, &after);
			changed++;
		}
		buf_free(&before);
		buf_free(&after);
	}
	return changed;
}

/* Of one that is new, or is there no longer, what differs from the defaults. */
static size_t
conf_pipe_changes(const struct conf *old, const struct conf *new,
    struct buf *out)
{
	struct conf_pipe none = { 0 };
	size_t changed = 0;

	conf_defaults(SCOPE_pipe, &none);
	for (size_t i = 0; i < new->pipe_count; i++) {
		const struct conf_pipe *was = conf_pipe(old,
		    new->pipes[i].name);

		changed += conf_compare(SCOPE_pipe, new->pipes[i].name,
		    was != NULL ? was : &none, &new->pipes[i], out);
	}
	for (size_t i = 0; i < old->pipe_count; i++)
		if (conf_pipe(new, old->pipes[i].name) == NULL)
			changed += conf_compare(SCOPE_pipe,
			    old->pipes[i].name, &old->pipes[i], &none, out);
	conf_release(SCOPE_pipe, &none);
	return changed;
}

bool
conf_changes(const struct conf *old, const struct conf *new, struct buf *out)
{
	size_t changed;

	json_open(out, "changes", '[');
	changed = conf_compare(SCOPE_plain, NULL, old, new, out);
	for (size_t i = 0; i < new->organization_count; i++) {
		const struct conf_organization *org = &new->organizations[i];
		const struct conf_organization *was =
		    conf_organization(old, org->id);

		if (was != NULL)
			changed += conf_compare(SCOPE_organization, org->id,
			    was, org, out);
	}
	for (size_t i = 0; i < new->transport_count; i++)
		changed += conf_compare(SCOPE_transport,
		    new->transports[i].name,
		    conf_transport(old, new->transports[i].name),
		    &new->transports[i], out);
	/* One that is no longer named has the defaults again. */
	for (size_t i = 0; i < old->transport_count; i++) {
		const char *name = old->transports[i].name;
		const struct conf_transport *now = conf_transport(new, name);

		if (now == &new->transports[0])
			changed += conf_compare(SCOPE_transport, name,
			    &old->transports[i], now, out);
	}
	changed += conf_pipe_changes(old, new, out);
	json_close(out, ']');
	return changed != 0;
}

bool
conf_overrides(const struct conf *conf, struct buf *out)
{
	if (conf->variables.count == 0)
		return false;
	json_open(out, "environment", '[');
	for (size_t i = 0; i < conf->variables.count; i++) {
		const char *variable = conf->variables.items[i];
		const char *text = getenv(variable);

		json_open(out, NULL, '{');
		json_put_string(out, "variable", variable);
		json_put_string(out, "value", text);
		json_close(out, '}');
	}
	json_close(out, ']');
	return true;
}

int
conf_check_reload(const struct conf *old, const struct conf *new,
    struct why *why)
{
	static const char *const fixed[] = { "spool_directory",
	    "state_directory", "log_directory", "run_directory",
	    "key_directory", "user" };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		const struct setting *setting = conf_setting(SCOPE_plain,
		    "", fixed[i]);
		const char *before = *(char *const *)(const void *)
		    ((const char *)old + setting->offset);
		const char *after = *(char *const *)(const void *)
		    ((const char *)new + setting->offset);

		if (strcmp(before, after) != 0)
			return why_set(why, ERROR_CONFIG_ERROR, "%s: %s "
			    "cannot change while spoold runs: it needs a "
			    "restart", new->file, fixed[i]);
	}
	return 0;
}
