/*
 * intake - reads what was dropped, so that spoold need not
 *
 * spoold opens the files; this process has no network and can open nothing.
 * It answers for each drop with the job's facts, or with why it is refused.
 * A job's payload file is asked for by name and hashed in slices between
 * records, so that a large one never holds up the drops behind it.
 */
#include <sys/queue.h>

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/job.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/common/sandbox.h"
#include "workers/common/skeleton.h"

#define SLICE (4 * 1024 * 1024)	/* bytes hashed between two looks */
#define CHUNK (256 * 1024)
#define PROGRESS_EVERY 1000	/* ms */

/* A drop whose payload is asked for or being hashed. */
struct pending {
	TAILQ_ENTRY(pending) entry;
	uint64_t	 token;
	struct job	 job;		/* own */
	int64_t		 job_bytes;
	uint8_t		 job_sha256[SHA256_LENGTH];
	int		 payload;	/* own; -1: not here yet */
	int64_t		 hashed;	/* bytes so far */
	int64_t		 told;		/* monotonic ms of the last progress */
	EVP_MD_CTX	*digest;	/* own */
};

struct intake {
	struct skeleton	 skeleton;
	char		*organization;	/* own */
	int64_t		 max_job_size;
	int64_t		 max_payload_size;
	char		*chunk;		/* own; CHUNK bytes */
	TAILQ_HEAD(, pending) pending;
};

/* --- answers -------------------------------------------------------------- */

static void
refuse(struct intake *intake, uint64_t token, const struct why *why,
    bool incomplete)
{
	struct link_record record;

	assert(why->code != ERROR_NONE);
	link_init(&record, LINK_refuse);
	record.refuse.token = token;
	record.refuse.error = (int32_t)why->code;
	record.refuse.offset = why->offset;
	record.refuse.incomplete = incomplete;
	record.text[REFUSE_text] = why->text;
	record.text[REFUSE_path] = why->path;
	skeleton_send(&intake->skeleton, &record);
}

/* One word a line. */
static void
put_list(struct buf *out, char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_str(out, words[i]);
		buf_char(out, '\n');
	}
}

static void
accept_job(struct intake *intake, const struct pending *pending,
    int64_t payload_bytes, const uint8_t payload_sha256[SHA256_LENGTH])
{
	const struct job *job = &pending->job;
	struct buf destinations = { 0 }, tags = { 0 };
	struct link_record record;

	if (job->destinations == NULL)
		buf_str(&destinations, "default\n");
	else
		put_list(&destinations, job->destinations,
		    job->destination_count);
	put_list(&tags, job->tags, job->tag_count);
	link_init(&record, LINK_accept);
	record.accept = (struct link_accept) {
		.token = pending->token,
		.job_bytes = pending->job_bytes,
		.payload_bytes = payload_bytes,
		.data_offset = job->data.offset,
		.data_length = job->data.length,
		.metadata_offset = job->metadata.offset,
		.metadata_length = job->metadata.length,
		.deliver_at = job->deliver_at,
		.expires_at = job->expires_at,
		.type = (int32_t)job->type,
		.priority = job->priority,
	};
	memcpy(record.accept.job_sha256, pending->job_sha256, SHA256_LENGTH);
	memcpy(record.accept.payload_sha256, payload_sha256, SHA256_LENGTH);
	record.text[ACCEPT_destinations] = destinations.data;
	record.text[ACCEPT_file] = job->file;
	record.text[ACCEPT_filename] = job->filename;
	record.text[ACCEPT_content_type] = job->content_type;
	record.text[ACCEPT_correlation_id] = job->correlation_id;
	record.text[ACCEPT_key] = job->idempotency_key;
	record.text[ACCEPT_tags] = tags.data;
	record.text[ACCEPT_traceparent] = job->traceparent;
	record.text[ACCEPT_callback] = job->callback;
	skeleton_send(&intake->skeleton, &record);
	buf_free(&destinations);
	buf_free(&tags);
}

/* --- drops ---------------------------------------------------------------- */

/*
 * Reads a whole file of at most `max` bytes; what its owner does to it
 * meanwhile changes only what is read.  0, or -1 with *why.
 */
static int
read_text(struct intake *intake, int fd, int64_t max, struct buf *text,
    struct why *why)
{
	ssize_t got;

	while ((got = pread(fd, intake->chunk, CHUNK, (off_t)text->len)) !=
	    0) {
		if (got == -1)
			return why_set(why, ERROR_PAYLOAD_UNREADABLE,
			    "read the job: %s", strerror(errno));
		buf_add(text, intake->chunk, (size_t)got);
		if ((int64_t)text->len > max)
			return why_set(why, ERROR_PAYLOAD_TOO_LARGE,
			    "the job is larger than queue.max_job_size, "
			    "%lld bytes", (long long)max);
	}
	if (text->data == NULL)
		buf_str(text, "");
	return 0;
}

static void
sha256(const void *bytes, size_t length, uint8_t out[SHA256_LENGTH])
{
	if (EVP_Digest(bytes, length, out, NULL, EVP_sha256(), NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 is not to be had");
}

static void
pending_free(struct pending *pending)
{
	if (pending->payload != -1)
		close(pending->payload);
	EVP_MD_CTX_free(pending->digest);
	job_free(&pending->job);
	free(pending);
}

/* Asks for the payload file; the answer comes as a record. */
static void
ask_payload(struct intake *intake, struct pending *pending)
{
	struct link_record record;

	TAILQ_INSERT_TAIL(&intake->pending, pending, entry);
	link_init(&record, LINK_need);
	record.need.token = pending->token;
	record.text[NEED_file] = pending->job.file;
	skeleton_send(&intake->skeleton, &record);
}

/* -1 with *why if the job is not for this spool. */
static int
check_job(const struct intake *intake, const struct job *job,
    struct why *why)
{
	if (job->organization == NULL ||
	    strcmp(job->organization, intake->organization) == 0)
		return 0;
	(void)why_field(why, "organizationId",
	    "this is the spool of another organization");
	why->code = ERROR_ORGANIZATION_MISMATCH;
	return -1;
}

static void
take_text(struct intake *intake, uint64_t token, const struct buf *text)
{
	uint8_t payload[SHA256_LENGTH];
	struct pending *pending;
	struct why why = { .offset = -1 };
	struct job job;
	int result;

	result = job_parse(text->data, text->len, &job, &why);
	if (result == 0) {
		(void)why_set(&why, ERROR_VALIDATION_ERROR,
		    "the JSON ends too early, after %zu bytes", text->len);
		why.offset = (int64_t)text->len;
	}
	if (result != 1) {
		refuse(intake, token, &why, result == 0);
		return;
	}
	if (check_job(intake, &job, &why) == -1) {
		job_free(&job);
		refuse(intake, token, &why, false);
		return;
	}
	pending = xcalloc(1, sizeof(*pending));
	pending->token = token;
	pending->job = job;
	pending->job_bytes = (int64_t)text->len;
	pending->payload = -1;
	sha256(text->data, text->len, pending->job_sha256);
	if (job.file != NULL) {
		ask_payload(intake, pending);
		return;
	}
	sha256(text->data + job.data.offset, job.data.length, payload);
	accept_job(intake, pending, (int64_t)job.data.length, payload);
	pending_free(pending);
}

static void
take_drop(struct intake *intake, const struct link_record *record)
{
	uint64_t token = record->drop.token;
	struct buf text = { 0 };
	struct why why = { .offset = -1 };

	if (read_text(intake, record->fd[0], intake->max_job_size, &text,
	    &why) == -1)
		refuse(intake, token, &why, false);
	else
		take_text(intake, token, &text);
	buf_free(&text);
	close(record->fd[0]);
}

/* --- payloads ------------------------------------------------------------- */

static struct pending *
find_pending(struct intake *intake, uint64_t token)
{
	struct pending *pending;

	TAILQ_FOREACH(pending, &intake->pending, entry)
		if (pending->token == token)
			return pending;
	return NULL;
}

static void
end_pending(struct intake *intake, struct pending *pending)
{
	TAILQ_REMOVE(&intake->pending, pending, entry);
	pending_free(pending);
}

static void
take_payload(struct intake *intake, const struct link_record *record)
{
	struct pending *pending = find_pending(intake, record->payload.token);
	struct why why = { .offset = -1 };

	if (pending == NULL || pending->payload != -1) {
		if (record->fd[0] != -1)
			close(record->fd[0]);
		return;
	}
	if (record->fd[0] == -1) {
		(void)why_set(&why, (enum error)record->payload.error, "%s",
		    record->text[PAYLOAD_text]);
		(void)snprintf(why.path, sizeof(why.path), "payload.file");
		refuse(intake, pending->token, &why, false);
		end_pending(intake, pending);
		return;
	}
	pending->payload = record->fd[0];
	pending->told = clock_monotonic();
	pending->digest = EVP_MD_CTX_new();
	if (pending->digest == NULL ||
	    EVP_DigestInit_ex(pending->digest, EVP_sha256(), NULL) != 1)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "SHA-256 is not to be had");
}

/* Up to a slice of it: 1 at its end, 0 if there is more, -1 with *why. */
static int
hash_slice(struct intake *intake, struct pending *pending, struct why *why)
{
	int64_t slice = 0;
	ssize_t got;

	while (slice < SLICE) {
		got = pread(pending->payload, intake->chunk, CHUNK,
		    (off_t)pending->hashed);
		if (got == -1)
			return why_set(why, ERROR_PAYLOAD_UNREADABLE,
			    "read the payload: %s", strerror(errno));
		if (got == 0)
			return 1;
		slice += got;
		pending->hashed += got;
		if (pending->hashed > intake->max_payload_size)
			return why_set(why, ERROR_PAYLOAD_TOO_LARGE,
			    "the payload is larger than "
			    "queue.max_payload_size, %lld bytes",
			    (long long)intake->max_payload_size);
		if (EVP_DigestUpdate(pending->digest, intake->chunk,
		    (size_t)got) != 1)
			return why_set(why, ERROR_INTERNAL_ERROR,
			    "SHA-256 failed");
	}
	return 0;
}

static void
tell_progress(struct intake *intake, struct pending *pending)
{
	struct link_record record;
	int64_t now = clock_monotonic();

	if (now - pending->told < PROGRESS_EVERY)
		return;
	pending->told = now;
	link_init(&record, LINK_progress);
	record.progress.token = pending->token;
	record.progress.bytes = pending->hashed;
	skeleton_send(&intake->skeleton, &record);
}

/* What was asked for and cannot come any more is forgotten. */
static void
drop_waiting(struct intake *intake)
{
	struct pending *pending, *next;

	TAILQ_FOREACH_SAFE(pending, &intake->pending, entry, next)
		if (pending->payload == -1)
			end_pending(intake, pending);
}

/* One slice of each payload that is here; true if there is more to hash. */
static bool
hash_payloads(struct intake *intake)
{
	uint8_t digest[SHA256_LENGTH];
	struct pending *pending, *next;
	struct why why = { .offset = -1 };
	bool more = false;
	int result;

	TAILQ_FOREACH_SAFE(pending, &intake->pending, entry, next) {
		if (pending->payload == -1)
			continue;
		result = hash_slice(intake, pending, &why);
		if (result == 0) {
			more = true;
			tell_progress(intake, pending);
			continue;
		}
		if (result == 1) {
			if (EVP_DigestFinal_ex(pending->digest, digest,
			    NULL) != 1)
				log_fatal(error_exit_status(
				    ERROR_INTERNAL_ERROR), "SHA-256 failed");
			accept_job(intake, pending, pending->hashed, digest);
		} else
			refuse(intake, pending->token, &why, false);
		end_pending(intake, pending);
	}
	return more;
}

/* --- the process ---------------------------------------------------------- */

static void
intake_begin(struct intake *intake)
{
	struct link_record setup;
	uint8_t digest[SHA256_LENGTH];

	skeleton_begin(&intake->skeleton, "spoold-intake", &setup);
	intake->organization = xstrdup(setup.text[SETUP_organization]);
	intake->max_job_size = setup.setup.max_job_size;
	intake->max_payload_size = setup.setup.max_payload_size;
	intake->chunk = xmalloc(CHUNK);
	TAILQ_INIT(&intake->pending);
	/* OpenSSL loads what it needs at the first use. */
	sha256("", 0, digest);
	skeleton_ready(&intake->skeleton, SANDBOX_descriptors, NULL,
	    setup.setup.sandbox_required);
}

static void
intake_serve(struct intake *intake)
{
	struct link_record record;

	while (skeleton_receive(&intake->skeleton, &record)) {
		if (record.type == LINK_drop)
			take_drop(intake, &record);
		else if (record.type == LINK_payload)
			take_payload(intake, &record);
	}
}

int
main(void)
{
	struct pollfd link = { .fd = LINK_FD, .events = POLLIN };
	struct intake intake;
	bool more = false;

	intake_begin(&intake);
	for (;;) {
		if (poll(&link, 1, more ? 0 : -1) == -1 && errno != EINTR)
			return error_exit_status(ERROR_INTERNAL_ERROR);
		if ((link.revents & POLLHUP) != 0)
			skeleton_end(&intake.skeleton);
		intake_serve(&intake);
		more = hash_payloads(&intake);
		if (intake.skeleton.ended)
			drop_waiting(&intake);
		if (intake.skeleton.ended && TAILQ_EMPTY(&intake.pending))
			skeleton_end(&intake.skeleton);
	}
}
