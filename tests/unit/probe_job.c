/*
 * probe_job - drives lib/job
 *
 * Reads a job from standard input and prints what it says, one field a line,
 * data and metadata as the bytes that they are in the text.  Exits with 0, 2
 * if it ends too early, 1 if it is refused.
 */
#include "tests/unit/probe.h"

#include "lib/clock.h"
#include "lib/job.h"

static void
print_text(const char *name, const char *text)
{
	if (text != NULL)
		printf("%s=%s\n", name, text);
}

static void
print_time(const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	clock_format(ms, text);
	if (ms != 0)
		printf("%s=%s\n", name, text);
}

static void
print_list(const char *name, char *const *list, size_t count)
{
	for (size_t i = 0; list != NULL && i < count; i++)
		printf("%s[%zu]=%s\n", name, i, list[i]);
}

static void
print_span(const char *name, const char *text, struct span span)
{
	if (span.length > 0)
		printf("%s=%.*s\n", name, (int)span.length,
		    text + span.offset);
}

static void
print_job(const char *text, const struct job *job)
{
	print_text("organization", job->organization);
	if (job->destinations == NULL)
		printf("destinations=default\n");
	print_list("destination", job->destinations, job->destination_count);
	printf("type=%s\n", payload_type_name(job->type));
	print_span("data", text, job->data);
	print_text("file", job->file);
	print_text("filename", job->filename);
	print_text("contentType", job->content_type);
	print_span("metadata", text, job->metadata);
	printf("priority=%d\n", job->priority);
	print_text("correlationId", job->correlation_id);
	print_text("idempotencyKey", job->idempotency_key);
	print_list("tag", job->tags, job->tag_count);
	print_time("deliverAt", job->deliver_at);
	print_time("expiresAt", job->expires_at);
	print_text("traceparent", job->traceparent);
	print_text("callback", job->callback);
}

int
main(void)
{
	struct job job;
	struct why why;
	size_t length;
	char *text;
	int result;

	text = probe_read(&length);
	result = job_parse(text, length, &job, &why);
	if (result == 1) {
		print_job(text, &job);
		job_free(&job);
	} else if (result == 0)
		printf("early\n");
	else
		probe_print_why(&why);
	free(text);
	return result == 1 ? 0 : result == 0 ? 2 : 1;
}
