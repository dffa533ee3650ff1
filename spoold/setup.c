/*
 * setup - what a worker is told before anything else
 */
#include <string.h>

#include "lib/json.h"
#include "lib/process.h"

#include "spoold/organization.h"
#include "spoold/setup.h"
#include "spoold/spoold.h"
#include "spoold/worker.h"

/* A list of settings, one a line. */
static void
setup_list(struct buf *out, const struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		buf_str(out, list->items[i]);
		buf_char(out, '\n');
	}
}

/* The pipes that an organization may use, as that user. */
static void
setup_pipes(struct buf *out, const struct pool *pool,
    const struct conf_organization *org)
{
	const struct conf *conf = pool->spoold->conf;

	json_open(out, NULL, '{');
	for (size_t i = 0; i < org->pipes_allow.count; i++) {
		const struct conf_pipe *pipe = conf_pipe(conf,
		    org->pipes_allow.items[i]);

		if (pipe == NULL || (pool->spoold->nurse != NULL &&
		    strcmp(pipe->user, pool->user) != 0))
			continue;
		json_open(out, pipe->name, '{');
		json_open(out, "command", '[');
		for (size_t j = 0; j < pipe->command.count; j++)
			json_put_string(out, NULL, pipe->command.items[j]);
		json_close(out, ']');
		json_put_integer(out, "timeLimit", pipe->time_limit);
		json_put_integer(out, "memoryLimit", pipe->memory_limit);
		json_close(out, '}');
	}
	json_close(out, '}');
}

/*
 * What is put together for it, by the text that it becomes; a program gets
 * nothing that is another's.  One that serves all organizations (org is NULL)
 * connects to nobody.
 */
static void
setup_texts(const struct pool *pool, const struct conf_organization *org,
    struct buf made[SETUP_texts])
{
	const struct conf *conf = pool->spoold->conf;
	const char *program = pool->program;

	setup_list(&made[SETUP_permanent], &conf->retry_permanent_status);
	if (org == NULL) {
		setup_list(&made[SETUP_proxies],
		    &conf->download_trusted_proxies);
		return;
	}
	setup_list(&made[SETUP_egress], &org->egress_allow);
	setup_list(&made[SETUP_plaintext], &org->plaintext_allow);
	if (strcmp(program, transport_name(TRANSPORT_pipe)) == 0)
		setup_pipes(&made[SETUP_pipes], pool, org);
	if (strcmp(program, transport_name(TRANSPORT_storage)) != 0)
		return;
	setup_list(&made[SETUP_local], &org->local_allow);
	buf_printf(&made[SETUP_private], "%s\n%s\n%s\n%s\n%s\n",
	    conf->top_spool_directory, conf->top_state_directory,
	    conf->top_log_directory, conf->top_run_directory,
	    conf->top_key_directory);
}

static bool
sandbox_is_required(const struct conf *conf)
{
	return strcmp(conf->top_sandbox, "required") == 0;
}

int
setup_check(const struct conf *conf, struct why *why)
{
	return sandbox_is_required(conf) ? process_can_be_shut_in(why) : 0;
}

int
setup_send(const struct pool *pool, int link, struct why *why)
{
	const struct conf *conf = pool->spoold->conf;
	const struct conf_organization *org = pool->organization == NULL ?
	    NULL : organization_conf(pool->spoold, pool->organization);
	struct buf made[SETUP_texts] = { { 0 } };
	struct link_record record;
	int result;

	link_init(&record, LINK_setup);
	setup_texts(pool, org, made);
	for (int i = 0; i < SETUP_texts; i++)
		record.text[i] = made[i].data;
	record.text[SETUP_organization] = org == NULL ? "" : org->id;
	if (org == NULL) {
		record.text[SETUP_listen] = conf->download_listen;
		record.text[SETUP_certificate] = conf->download_tls_certificate;
		record.text[SETUP_key] = conf->download_tls_key;
	}
	record.text[SETUP_ca_file] = conf->security_ca_file;
	record.text[SETUP_tls_minimum] = conf->security_tls_minimum;
	record.text[SETUP_algorithm] = conf->webhook_secrets_algorithm;
	record.text[SETUP_user_agent] = "spoold/" SPOOLD_VERSION;
	record.setup.max_job_size = conf->queue_max_job_size;
	record.setup.max_payload_size = conf->queue_max_payload_size;
	record.setup.concurrency =
	    (int32_t)((pool->concurrency + pool->processes - 1) /
	    pool->processes);
	record.setup.sandbox_required = sandbox_is_required(conf);
	result = link_send(link, &record, why);
	for (int i = 0; i < SETUP_texts; i++)
		buf_free(&made[i]);
	if (result == 0)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "a new link takes no setup");
	return result == 1 ? 0 : -1;
}
