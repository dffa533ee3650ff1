/*
 * health - what a destination's attempts have shown since spoold started
 *
 * The percentile is that of the last HEALTH_TIMES delivered, so that memory
 * stays bounded and an old answer is forgotten.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"

#include "spoold/health.h"
#include "spoold/target.h"

void
health_checked(struct health *health)
{
	health->checked_at = clock_wall();
}

void
health_note(struct health *health, bool delivered, int64_t ms,
    const char *reason)
{
	health_checked(health);
	health->attempts++;
	if (!delivered) {
		health->failures++;
		health->failed_at = health->checked_at;
		(void)snprintf(health->reason, sizeof(health->reason), "%s",
		    reason);
		return;
	}
	health->failures = 0;
	health->delivered_at = health->checked_at;
	health->times[health->delivered++ % HEALTH_TIMES] = (uint32_t)ms;
	health->total_time += ms;
}

/* --- telling -------------------------------------------------------------- */

static double
success_rate(const struct health *health)
{
	return health->attempts == 0 ? 100.0 :
	    100.0 * (double)health->delivered / (double)health->attempts;
}

static const char *
status_of(const struct conf *conf, const struct target *target)
{
	const struct health *health = &target->health;

	if (target->destination->disabled)
		return "disabled";
	if (health->checked_at == 0)
		return "unknown";
	if (health->failures >= (unsigned)conf->health_unhealthy_threshold)
		return "unhealthy";
	return health->failures >=
	    (unsigned)conf->health_degraded_threshold ||
	    success_rate(health) < conf->health_min_success_rate ?
	    "degraded" : "healthy";
}

static int
time_compare(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return first < second ? -1 : first > second;
}

/* The time that 95 % of the last ones did not exceed. */
static int64_t
percentile(const struct health *health)
{
	uint32_t sorted[HEALTH_TIMES];
	size_t count = health->delivered < HEALTH_TIMES ?
	    (size_t)health->delivered : HEALTH_TIMES;

	if (count == 0)
		return 0;
	memcpy(sorted, health->times, sizeof(sorted));
	qsort(sorted, count, sizeof(*sorted), time_compare);
	return sorted[(count * 95 + 99) / 100 - 1];
}

static void
put_copy(struct buf *out, const struct target *target, const char *name)
{
	json_put_string(out, name,
	    json_string(json_get(target->destination->document, name), NULL));
}

void
health_print(const struct conf *conf, const struct target *target,
    struct buf *out)
{
	const struct health *health = &target->health;
	char rate[32];

	(void)snprintf(rate, sizeof(rate), "%.1f", success_rate(health));
	json_open(out, NULL, '{');
	json_put_string(out, "destinationId", target->id);
	json_put_string(out, "status", status_of(conf, target));
	json_put_time(out, "lastCheckAt", health->checked_at);
	json_put_integer(out, "consecutiveFailures", health->failures);
	json_put_integer(out, "totalFailures",
	    (int64_t)(health->attempts - health->delivered));
	json_put_integer(out, "totalDeliveries", (int64_t)health->attempts);
	json_put_raw(out, "successRate", rate, strlen(rate));
	json_put_integer(out, "averageResponseTime", health->delivered == 0 ?
	    0 : health->total_time / (int64_t)health->delivered);
	json_put_integer(out, "p95ResponseTime", percentile(health));
	json_put_time(out, "lastFailureAt", health->failed_at);
	if (health->reason[0] != '\0')
		json_put_string(out, "lastFailureReason", health->reason);
	json_put_time(out, "lastSuccessAt", health->delivered_at);
	put_copy(out, target, "disabledAt");
	put_copy(out, target, "disabledReason");
	json_close(out, '}');
}
