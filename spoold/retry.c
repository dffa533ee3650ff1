/*
 * retry - when a ticket is tried again, and how often
 *
 * A destination's own retryConfig comes first: maxRetries alone keeps the
 * schedule, any other field selects the formula, with what is missing from the
 * configuration.  Jitter keeps what failed together from coming back together.
 */
#include <math.h>
#include <sys/random.h>

#include "spoold/retry.h"

#define ASKED_MAX (24 * 3600 * 1000LL)
#define WAIT_MAX (10000 * 24 * 3600 * 1000LL)

int
retry_attempts(const struct conf *conf, const struct destination *destination)
{
	if (destination != NULL && destination->retry.max_retries >= 0)
		return destination->retry.max_retries + 1;
	return (int)conf->retry_max_attempts;
}

static int64_t
retry_formula(const struct conf *conf, const struct retry_policy *policy,
    int attempt)
{
	double base = (double)conf->retry_base_delay;
	double most = (double)conf->retry_max_delay;
	double multiplier = conf->retry_backoff_multiplier;
	double wait;

	if (policy != NULL && policy->base_delay >= 0)
		base = (double)policy->base_delay;
	if (policy != NULL && policy->max_delay >= 0)
		most = (double)policy->max_delay;
	if (policy != NULL && policy->multiplier >= 0)
		multiplier = policy->multiplier;
	wait = base * pow(multiplier, attempt - 1);
	return (int64_t)(wait < most ? wait : most);
}

/* A number from -1 to 1, as even as 32 random bits make it. */
static double
retry_random(void)
{
	uint32_t bits;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(bits))
		bits = UINT32_MAX / 2;	/* no jitter is better than no wait */
	return (double)bits / ((double)UINT32_MAX / 2) - 1;
}

int64_t
retry_wait(const struct conf *conf, const struct destination *destination,
    int attempt, int64_t asked)
{
	const struct retry_policy *policy =
	    destination != NULL ? &destination->retry : NULL;
	int64_t wait = -1;

	if (policy == NULL || !policy->formula)
		wait = conf_schedule(conf, (size_t)attempt);
	if (wait == -1)
		wait = retry_formula(conf, policy, attempt);
	wait += (int64_t)((double)wait * conf->retry_jitter_factor *
	    retry_random());
	if (asked > ASKED_MAX)
		asked = ASKED_MAX;
	if (wait < asked)
		wait = asked;
	return wait < WAIT_MAX ? wait : WAIT_MAX;
}
