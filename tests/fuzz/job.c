/*
 * job - what a client drops
 *
 * A job that is taken has its data and metadata inside its text, as values of
 * their own; its facts are written and read as the same; and where it is cut
 * off, it is incomplete, never wrong: the rest may still come.
 */
#include "lib/job.h"
#include "tests/fuzz/facts_again.h"

static void
check_span(const char *text, size_t size, struct span span, char first)
{
	struct scan	 scan = { 0 };
	struct why	 why;

	if (span.length == 0)
		return;
	MUST(span.offset < size && span.length <= size - span.offset);
	MUST(first == '\0' || text[span.offset] == first);
	MUST(scan_json(text + span.offset, span.length, &scan, NULL, &why) ==
	    1);
}

static void
check_job(const char *text, size_t size, const struct job *job)
{
	check_span(text, size, job->data, '\0');
	check_span(text, size, job->metadata, '{');
	MUST((job->file == NULL) == (job->data.length != 0));
	MUST(job->priority >= 0 && job->priority <= PRIORITY_MAX);
	MUST(job->type < PAYLOAD_TYPES);
	MUST(job->destination_count <= JOB_DESTINATIONS_MAX);
	MUST(job->tag_count <= JOB_TAGS_MAX);
	MUST(job->deliver_at >= 0 && job->expires_at >= 0);
	for (size_t i = 0; i < job->destination_count; i++)
		MUST(destination_id_valid(job->destinations[i]));
}

static void
check_cut(const char *text, size_t size)
{
	struct job	 job;
	struct why	 why;

	while (size > 0 && text[size - 1] != '}')
		size--;
	for (size_t i = 0; i < size; i += 1 + size / 8)
		MUST(job_parse(text, i, &job, &why) == 0);
	MUST(job_parse(text, size - 1, &job, &why) == 0);
}

/* Takes the job's strings over. */
static void
check_facts(const struct job *job, size_t size)
{
	struct facts	 facts = {
		.name = xstrdup("a.json"), .submitter = xstrdup("0"),
		.accepted_at = 1, .job_bytes = (int64_t)size, .job = *job,
	};

	if (facts.job.destination_count == 0) {
		free(facts.job.destinations);
		facts.job.destinations = xcalloc(1, sizeof(char *));
		facts.job.destinations[0] = xstrdup("a");
		facts.job.destination_count = 1;
	}
	facts_again(&facts);
	facts_free(&facts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*text = (const char *)data;
	struct job	 job;
	struct why	 why;
	int		 result;

	result = job_parse(text, size, &job, &why);
	MUST(result != -1 || why.code != ERROR_NONE);
	if (result != 1)
		return 0;
	check_job(text, size, &job);
	check_cut(text, size);
	check_facts(&job, size);
	return 0;
}
