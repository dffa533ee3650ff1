/*
 * worker_print - the records of a worker, as the unit tests compare them
 */
#include "lib/hex.h"

#include "tests/unit/probe.h"
#include "tests/unit/worker.h"

static void
print_text(const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	printf(" %s=\"", name);
	for (; *text != '\0'; text++)
		if (*text == '\n')
			printf("\\n");
		else
			(void)putchar(*text);
	printf("\"");
}

static void
print_digest(const char *name, const uint8_t digest[SHA256_LENGTH])
{
	char text[HEX_SIZE(SHA256_LENGTH)];

	hex_format(digest, SHA256_LENGTH, text);
	printf(" %s=%s", name, text);
}

static void
print_accept(const struct link_record *r)
{
	const struct link_accept	*a = &r->accept;

	printf(" token=%llu type=%s priority=%d job=%lld payload=%lld",
	    (unsigned long long)a->token,
	    payload_type_name((enum payload_type)a->type), a->priority,
	    (long long)a->job_bytes, (long long)a->payload_bytes);
	printf(" data=%llu+%llu metadata=%llu+%llu deliver=%lld expires=%lld",
	    (unsigned long long)a->data_offset,
	    (unsigned long long)a->data_length,
	    (unsigned long long)a->metadata_offset,
	    (unsigned long long)a->metadata_length,
	    (long long)a->deliver_at, (long long)a->expires_at);
	print_digest("jobSha256", a->job_sha256);
	print_digest("sha256", a->payload_sha256);
	print_text("destinations", r->text[ACCEPT_destinations]);
	print_text("file", r->text[ACCEPT_file]);
	print_text("filename", r->text[ACCEPT_filename]);
	print_text("contentType", r->text[ACCEPT_content_type]);
	print_text("correlationId", r->text[ACCEPT_correlation_id]);
	print_text("key", r->text[ACCEPT_key]);
	print_text("tags", r->text[ACCEPT_tags]);
	print_text("traceparent", r->text[ACCEPT_traceparent]);
	print_text("callback", r->text[ACCEPT_callback]);
}

static void
print_refuse(const struct link_record *r)
{
	printf(" token=%llu %s", (unsigned long long)r->refuse.token,
	    error_name((enum error)r->refuse.error));
	if (r->refuse.incomplete)
		printf(" incomplete");
	if (r->refuse.offset >= 0)
		printf(" at=%lld", (long long)r->refuse.offset);
	print_text("path", r->text[REFUSE_path]);
	print_text("text", r->text[REFUSE_text]);
}

static void
print_outcome(const struct link_record *r)
{
	static const char *const	 verdicts[VERDICTS] = {
		[VERDICT_delivered] = "delivered",
		[VERDICT_deferred] = "deferred",
		[VERDICT_failed] = "failed",
	};
	const struct link_outcome	*o = &r->outcome;

	printf(" token=%llu %s", (unsigned long long)o->token,
	    verdicts[o->verdict]);
	if (o->error != ERROR_NONE)
		printf(" %s", error_name((enum error)o->error));
	printf(" code=%d bytes=%lld", o->code, (long long)o->bytes);
	if (o->retry_after != 0)
		printf(" retryAfter=%lld", (long long)o->retry_after);
	printf("%s%s%s", (o->flags & OUTCOME_DISABLE) ? " disable" : "",
	    (o->flags & OUTCOME_SLOW_DOWN) ? " slow-down" : "",
	    (o->flags & OUTCOME_TRANSPORT) ? " transport" : "");
	print_text("reason", r->text[OUTCOME_reason]);
	print_text("reference", r->text[OUTCOME_reference]);
	print_text("remote", r->text[OUTCOME_remote]);
	print_text("peer", r->text[OUTCOME_peer]);
	print_text("tls", r->text[OUTCOME_tls]);
	print_text("fingerprint", r->text[OUTCOME_fingerprint]);
}

void
worker_print(const struct link_record *record)
{
	switch (record->type) {
	case LINK_ready:
		printf("ready shut_in=%d", record->ready.shut_in);
		break;
	case LINK_need:
		printf("need token=%llu file=%s",
		    (unsigned long long)record->need.token,
		    record->text[NEED_file]);
		break;
	case LINK_accept:
		printf("accept");
		print_accept(record);
		break;
	case LINK_refuse:
		printf("refuse");
		print_refuse(record);
		break;
	case LINK_erased:
		printf("erased token=%llu",
		    (unsigned long long)record->erased.token);
		if (record->erased.error != ERROR_NONE)
			printf(" %s", error_name(
			    (enum error)record->erased.error));
		print_text("reason", record->text[ERASED_reason]);
		break;
	case LINK_outcome:
		printf("outcome");
		print_outcome(record);
		break;
	default:
		printf("record %d", (int)record->type);
		break;
	}
	printf("\n");
	(void)fflush(stdout);
}
