/*
 * limits - how many drops of an organization are taken, and how many jobs it
 * may have
 */
#include <sys/stat.h>

#include <math.h>

#include "lib/clock.h"
#include "lib/spool.h"

#include "spoold/admit.h"
#include "spoold/limits.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define MINUTE 60000.0		/* ms */
#define QUOTA_LATER 60		/* s: when there may be room */

static int64_t
per_minute(const struct spoold *s, const struct organization *org)
{
	const struct conf_organization *conf = organization_conf(s, org);

	return conf != NULL && conf->requests_per_minute >= 0 ?
	    conf->requests_per_minute : s->conf->rate_limit_requests_per_minute;
}

/* What has come back since. */
static void
refill(const struct spoold *s, struct organization *org, int64_t rate)
{
	struct limits *limits = &org->limits;
	double burst = (double)s->conf->rate_limit_burst;
	int64_t now = clock_monotonic();

	if (limits->at == 0)
		limits->tokens = burst;
	else
		limits->tokens += (double)(now - limits->at) * (double)rate /
		    MINUTE;
	if (limits->tokens > burst)
		limits->tokens = burst;
	limits->at = now;
}

/* The loop looks at the drops in every turn. */
static void
wake(void *arg)
{
	(void)arg;
}

static int
check_rate(struct spoold *s, struct organization *org, struct why *why)
{
	int64_t rate = per_minute(s, org), wait;

	if (rate == 0)
		return 0;
	refill(s, org, rate);
	if (org->limits.tokens >= 1)
		return 0;
	wait = (int64_t)ceil((1 - org->limits.tokens) * MINUTE /
	    (double)rate);
	org->limits.timer.fire = wake;
	timer_set(s->loop, &org->limits.timer, clock_monotonic() + wait);
	(void)why_set(why, ERROR_RATE_LIMIT_EXCEEDED, "%s has dropped more "
	    "than its %lld jobs a minute", org->id, (long long)rate);
	why->retry_after = (wait + 999) / 1000;
	return -1;
}

/* Those at intake will be jobs, or leave by themselves. */
static int
check_quota(const struct spoold *s, const struct organization *org,
    struct why *why)
{
	const struct conf_organization *conf = organization_conf(s, org);
	size_t jobs = org->jobs + org->drops.counted;

	if (conf != NULL && conf->quota_jobs != 0 &&
	    (int64_t)jobs >= conf->quota_jobs)
		(void)why_set(why, ERROR_STORAGE_RESERVE, "%s has %zu jobs "
		    "that are not finished, and its quota_jobs is %lld",
		    org->id, jobs, (long long)conf->quota_jobs);
	else if (conf != NULL && conf->quota_bytes != 0 &&
	    org->limits.bytes >= conf->quota_bytes)
		(void)why_set(why, ERROR_STORAGE_RESERVE, "the jobs of %s "
		    "that are not finished have %lld bytes, and its "
		    "quota_bytes is %lld", org->id,
		    (long long)org->limits.bytes,
		    (long long)conf->quota_bytes);
	else
		return 0;
	why->retry_after = QUOTA_LATER;
	return -1;
}

int
limits_hold(struct spoold *s, struct organization *org, struct why *why)
{
	return check_quota(s, org, why) == -1 ? -1 : check_rate(s, org, why);
}

void
limits_taken(struct spoold *s, struct organization *org)
{
	if (per_minute(s, org) == 0)
		return;
	if (org->limits.at == 0)
		refill(s, org, per_minute(s, org));
	org->limits.tokens -= 1;
}

/* What a job has on disk, while that is asked for. */
static int64_t
job_bytes(const struct spoold *s, const struct organization *org,
    const struct id *id)
{
	static const char *const endings[] = { "json", "data" };
	const struct conf_organization *conf = organization_conf(s, org);
	char name[ID_LENGTH + 8];
	struct statx stat;
	int64_t bytes = 0;
	struct why why;

	if (conf == NULL || conf->quota_bytes == 0)
		return 0;
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		admit_job_name(id, endings[i], name);
		if (spool_stat(org->spool, QUEUE_jobs, name, &stat, &why) == 1)
			bytes += (int64_t)stat.stx_size;
	}
	return bytes;
}

void
limits_came(const struct spoold *s, struct organization *org,
    const struct id *id)
{
	org->jobs++;
	org->limits.bytes += job_bytes(s, org, id);
}

void
limits_left(const struct spoold *s, struct organization *org,
    const struct id *id)
{
	org->jobs--;
	org->limits.bytes -= job_bytes(s, org, id);
	/* Its owner may have changed it, and a reload the setting. */
	if (org->limits.bytes < 0 || org->jobs == 0)
		org->limits.bytes = 0;
}

void
limits_end(struct spoold *s, struct organization *org)
{
	timer_clear(s->loop, &org->limits.timer);
}
