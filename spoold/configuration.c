/*
 * configuration - what spoold reads when it starts, and again on a reload
 *
 * What cannot be had as a whole leaves everything as it was: a new one is
 * looked at, its log opened and its organizations made, before it counts.
 */
#include "lib/instance.h"
#include "lib/json.h"
#include "lib/log.h"

#include "spoold/commit.h"
#include "spoold/configuration.h"
#include "spoold/nurse.h"
#include "spoold/organization.h"
#include "spoold/roles.h"
#include "spoold/roll.h"
#include "spoold/rotations.h"
#include "spoold/server.h"
#include "spoold/setup.h"
#include "spoold/spoold.h"
#include "spoold/unseen.h"
#include "spoold/worker.h"

struct conf *
configuration_read(const char *file, bool offline, struct why *why)
{
	return offline ? instance_conf(file, why) : conf_read(file, why);
}

int
configuration_log(const struct conf *conf, struct why *why)
{
	return log_open("spoold", conf->log_target,
	    (enum log_level)log_level_by_name(conf->log_level), why);
}

/* What cannot change, and what nobody but root may have changed. */
static int
reload_check(const struct spoold *s, const struct conf *conf,
    struct why *why)
{
	if (conf_check_reload(s->conf, conf, why) == -1 ||
	    (instance_is_shared(conf) &&
	    instance_check_file(conf, why) == -1))
		return -1;
	for (size_t i = 0; i < conf->pipe_count && s->nurse != NULL; i++)
		if (!nurse_knows(s->nurse, conf->pipes[i].user))
			return why_set(why, ERROR_CONFIG_ERROR, "%s: pipe %s "
			    "is to run as %s, which no pipe did when spoold "
			    "was started: it needs a restart", conf->file,
			    conf->pipes[i].name, conf->pipes[i].user);
	return 0;
}

/* New workers are started with the new settings. */
static void
reload_apply(struct spoold *s)
{
	struct organization *org;
	struct pool *pool;

	TAILQ_FOREACH(pool, &s->pools, entry) {
		pool_configure(pool);
		pool_retire(pool);
	}
	TAILQ_FOREACH(org, &s->organizations, entry) {
		organization_configure(org);
		organization_scan(org, SCAN_ALL);
	}
	s->look_for_work = true;
	expirations_again(s);
	unseen_again(s);
}

int
configuration_reload(struct spoold *s, const char *by, struct buf *changes,
    struct why *why)
{
	struct conf *conf = configuration_read(s->conf->file, s->offline, why);
	struct buf fields = { 0 };

	if (conf == NULL)
		return -1;
	if (reload_check(s, conf, why) == -1 || setup_check(conf, why) == -1 ||
	    configuration_log(conf, why) == -1 ||
	    organizations_change(s, conf, why) == -1) {
		struct why ignored;

		conf_free(&conf);
		(void)configuration_log(s->conf, &ignored);
		return -1;
	}
	if (conf_changes(s->conf, conf, &fields)) {
		buf_add(changes, fields.data, fields.len);
		if (by != NULL)
			json_put_string(&fields, "by", by);
		(void)commit_line(s, EVENT_config_reloaded, &fields);
	}
	buf_free(&fields);
	conf_free(&s->conf);
	s->conf = conf;
	reload_apply(s);
	roll_call(s, by);
	roles_resolve(s);
	server_open(s);
	log_info("configuration reloaded");
	return 0;
}
