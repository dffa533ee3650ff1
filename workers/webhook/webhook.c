/*
 * webhook - delivers tickets by HTTP
 *
 * One process, one thread, one loop: records from spoold, slices of what is
 * being prepared, and all requests at once through libcurl's multi interface.
 * When spoold closes the link for writing, what is under way ends first.
 */
#include <stdbool.h>
#include <string.h>

#include "lib/egress.h"
#include "lib/lines.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/sandbox.h"
#include "workers/webhook/attempt.h"
#include "workers/webhook/test.h"

static struct egress *
read_egress(const struct link_record *setup, struct why *why)
{
	size_t allowed, plain;
	char **allow = lines_split(setup->text[SETUP_egress], &allowed);
	char **plaintext = lines_split(setup->text[SETUP_plaintext], &plain);
	struct egress *egress;

	egress = egress_new((const char *const *)allow, allowed,
	    (const char *const *)plaintext, plain, why);
	lines_free(allow, allowed);
	lines_free(plaintext, plain);
	return egress;
}

/* Everything that needs a file comes before the sandbox. */
static void
courier_begin(struct courier *courier)
{
	struct link_record setup;
	struct egress *egress;
	struct why why;

	memset(courier, 0, sizeof(*courier));
	skeleton_begin(&courier->skeleton, "spoold-webhook", &setup);
	LIST_INIT(&courier->configs);
	TAILQ_INIT(&courier->preparing);
	courier->organization = xstrdup(setup.text[SETUP_organization]);
	courier->permanent = xstrdup(setup.text[SETUP_permanent]);
	courier->tls_minimum = xstrdup(setup.text[SETUP_tls_minimum]);
	courier->user_agent = xstrdup(setup.text[SETUP_user_agent]);
	courier->chunk = xmalloc(ATTEMPT_CHUNK);
	courier->concurrency = setup.setup.concurrency > 0 ?
	    (unsigned)setup.setup.concurrency : 1;
	egress = read_egress(&setup, &why);
	if (egress != NULL)
		courier->signer = signer_new(setup.text[SETUP_algorithm],
		    &why);
	/* The policy stays with the requests, for as long as they live. */
	if (courier->signer != NULL)
		courier->http = http_new(egress, setup.text[SETUP_ca_file],
		    (int)courier->concurrency, &why);
	if (courier->http == NULL)
		log_fatal(error_exit_status(why.code), "%s", why.text);
	skeleton_ready(&courier->skeleton, SANDBOX_network,
	    setup.setup.sandbox_required);
}

/* What there is no room for waits in the link. */
static bool
courier_listens(const struct courier *courier)
{
	return !courier->skeleton.ended &&
	    courier->attempts < courier->concurrency;
}

static void
courier_serve(struct courier *courier)
{
	struct link_record record;

	while (courier_listens(courier) &&
	    skeleton_receive(&courier->skeleton, &record)) {
		if (record.type == LINK_attempt)
			attempt_take(courier, &record);
		else if (record.type == LINK_test)
			test_take(courier, &record);
		/* It may hold a secret. */
		explicit_bzero(courier->skeleton.buffer->bytes,
		    courier->skeleton.buffer->used);
	}
}

int
main(void)
{
	struct courier courier;
	bool more = false;

	courier_begin(&courier);
	for (;;) {
		http_wait(courier.http, courier_listens(&courier) ? LINK_FD :
		    -1, more);
		courier_serve(&courier);
		more = attempt_prepare(&courier);
		http_run(courier.http);
		if (courier.skeleton.ended && courier.attempts == 0)
			skeleton_end(&courier.skeleton);
	}
}
