/*
 * link - what spoold and a worker say to each other
 *
 * On the wire a record is a header (its type and the length of every text),
 * the fixed struct of that type as it is in memory, and every text that the
 * type has, with a NUL after each.  Both ends are built from the same tree and
 * run on the same machine, so there is no byte order and no version.
 *
 * A worker may have been taken over by what a remote sent it, so nothing of a
 * record is used before all of it was checked: type and direction, the exact
 * size, every text's cap and NUL, the number of descriptors, and that each
 * enum and length is one.  Descriptors of a record that breaks a rule are
 * closed here; they are CLOEXEC from birth.
 */
#include "lib/link.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TOKENS_MAX (32 * 1024)	/* egress rules; tags at their longest */
#define RESUME_MAX 4096
#define STORED_MAX 8192	/* a place and a path, escaped */
#define WORD_BYTES 1024		/* 256 characters of up to 4 bytes */

static const struct form {
	const char	*name;
	bool		 up;
	size_t		 size;
	int		 fds;
} forms[LINK_TYPES] = {
#define up true
#define down false
#define LINK(name, direction, fixed, fds) \
	[LINK_##name] = { #name, direction, sizeof(struct link_##fixed), fds },
	LINK_RECORDS(LINK)
#undef LINK
#undef up
#undef down
};

/* The longest that each text may be, in bytes; 0: there is no such text. */
static const size_t caps[LINK_TYPES][LINK_TEXTS] = {
	[LINK_setup] = {
		[SETUP_organization] = 64,
		[SETUP_egress] = TOKENS_MAX,
		[SETUP_plaintext] = TOKENS_MAX,
		[SETUP_ca_file] = 4096,
		[SETUP_tls_minimum] = 8,
		[SETUP_user_agent] = 64,
		[SETUP_permanent] = 4096,
		[SETUP_algorithm] = 8,
		[SETUP_pipes] = 64 * 1024,
		[SETUP_local] = 16 * 1024,
		[SETUP_private] = 5 * 4096,
		[SETUP_listen] = 256,
		[SETUP_certificate] = 4096,
		[SETUP_key] = 4096,
		[SETUP_proxies] = TOKENS_MAX,
	},
	[LINK_attempt] = {
		[ATTEMPT_config] = 64 * 1024,
		[ATTEMPT_destination] = DESTINATION_ID_MAX,
		[ATTEMPT_name] = 255,
		[ATTEMPT_filename] = WORD_BYTES,
		[ATTEMPT_content_type] = WORD_BYTES,
		[ATTEMPT_correlation_id] = WORD_BYTES,
		[ATTEMPT_key] = WORD_BYTES,
		[ATTEMPT_traceparent] = 256,
		[ATTEMPT_resume] = RESUME_MAX,
		[ATTEMPT_organization] = 64,
	},
	[LINK_drop] = { [DROP_name] = 255 },
	[LINK_payload] = { [PAYLOAD_text] = 1024 },
	[LINK_test] = { [TEST_config] = 64 * 1024 },
	[LINK_erase] = {
		[ERASE_config] = 64 * 1024,
		[ERASE_stored] = STORED_MAX,
	},
	[LINK_fetched] = {
		[FETCHED_filename] = WORD_BYTES,
		[FETCHED_content_type] = WORD_BYTES,
	},
	[LINK_progress] = { [PROGRESS_resume] = RESUME_MAX },
	[LINK_outcome] = {
		[OUTCOME_reason] = 1024,
		[OUTCOME_reference] = 256,
		[OUTCOME_remote] = 1024,
		[OUTCOME_peer] = 128,
		[OUTCOME_tls] = 32,
		[OUTCOME_fingerprint] = 128,
		[OUTCOME_stored] = STORED_MAX,
	},
	[LINK_need] = { [NEED_file] = 255 },
	[LINK_accept] = {
		[ACCEPT_destinations] =
		    JOB_DESTINATIONS_MAX * (DESTINATION_ID_MAX + 1),
		[ACCEPT_file] = 255,
		[ACCEPT_filename] = WORD_BYTES,
		[ACCEPT_content_type] = WORD_BYTES,
		[ACCEPT_correlation_id] = WORD_BYTES,
		[ACCEPT_key] = WORD_BYTES,
		[ACCEPT_tags] = JOB_TAGS_MAX * (WORD_BYTES + 1),
		[ACCEPT_traceparent] = 256,
		[ACCEPT_callback] = DESTINATION_ID_MAX,
	},
	[LINK_refuse] = {
		[REFUSE_text] = 1024,
		[REFUSE_path] = 255,
		[REFUSE_organization] = 255,
	},
	[LINK_tested] = {
		[TESTED_reason] = 1024,
#define STEP(name) [TESTED_step + STEP_##name] = STEP_SAYS_MAX,
		LINK_STEPS(STEP)
#undef STEP
	},
	[LINK_erased] = { [ERASED_reason] = 1024 },
	[LINK_fetch] = { [FETCH_peer] = 128 },
};

struct header {
	uint32_t	 type;
	uint32_t	 length[LINK_TEXTS];
};

union control {
	char		 bytes[CMSG_SPACE(sizeof(int) * LINK_FDS)];
	struct cmsghdr	 align;
};

static int
broken(struct why *why, const char *what)
{
	why_set(why, ERROR_INTERNAL_ERROR, "link: %s", what);
	why->number = EPROTO;
	return -1;
}

void
link_init(struct link_record *record, enum link_type type)
{
	memset(record, 0, sizeof *record);
	record->type = type;
	for (int i = 0; i < LINK_FDS; i++)
		record->fd[i] = -1;
}

static size_t
count_fds(const struct link_record *record)
{
	size_t	 n = 0;

	while (n < LINK_FDS && record->fd[n] != -1)
		n++;
	return n;
}

static void
attach_fds(struct msghdr *message, union control *control,
    const struct link_record *record, size_t count)
{
	struct cmsghdr	*c;

	if (count == 0)
		return;
	memset(control, 0, sizeof *control);
	message->msg_control = control->bytes;
	message->msg_controllen = CMSG_SPACE(sizeof(int) * count);
	c = CMSG_FIRSTHDR(message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(c), record->fd, sizeof(int) * count);
}

/* sendmsg(2) only reads what it is given, but its iovec is not const. */
static struct iovec
part(const void *bytes, size_t length)
{
	union { const void *in; void *out; } p = { .in = bytes };

	return (struct iovec) { .iov_base = p.out, .iov_len = length };
}

int
link_send(int socket, const struct link_record *record, struct why *why)
{
	const struct form	*form = &forms[record->type];
	struct header		 header = { .type = (uint32_t)record->type };
	struct iovec		 parts[2 + LINK_TEXTS];
	struct msghdr		 message = { .msg_iov = parts };
	union control		 control;
	ssize_t			 sent;

	if (link_check(record, why) == -1)
		return -1;
	parts[message.msg_iovlen++] = part(&header, sizeof header);
	parts[message.msg_iovlen++] = part(&record->setup, form->size);
	for (int i = 0; i < LINK_TEXTS; i++) {
		const char	*text = record->text[i] ? record->text[i] : "";
		size_t		 length = strlen(text);

		header.length[i] = (uint32_t)length;
		if (caps[record->type][i] > 0)
			parts[message.msg_iovlen++] = part(text, length + 1);
	}
	attach_fds(&message, &control, record, count_fds(record));
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent == -1 && errno == EINTR);
	if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (sent == -1)
		return why_errno(why, "link: send %s", form->name);
	return 1;
}

/* Takes what descriptors came; false if there are more than any record has. */
static bool
take_fds(struct msghdr *message, struct link_record *record)
{
	struct cmsghdr	*c;
	size_t		 taken = 0;
	bool		 good = (message->msg_flags & MSG_CTRUNC) == 0;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		const unsigned char	*data = CMSG_DATA(c);
		size_t			 count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int	 fd;

			memcpy(&fd, data + i * sizeof fd, sizeof fd);
			if (taken < LINK_FDS) {
				record->fd[taken++] = fd;
			} else {
				(void)close(fd);
				good = false;
			}
		}
	}
	return good;
}

/* Points each text into the buffer; what is wrong, or NULL. */
static const char *
read_texts(const struct header *header, char *at, const char *end,
    struct link_record *record)
{
	for (int i = 0; i < LINK_TEXTS; i++) {
		size_t	 length = header->length[i];

		record->text[i] = "";
		if (length > caps[record->type][i])
			return "a text is too long";
		if (caps[record->type][i] == 0)
			continue;
		if ((size_t)(end - at) < length + 1)
			return "too short for its texts";
		if (at[length] != '\0' || strlen(at) != length)
			return "a text has a NUL in it, or none at its end";
		record->text[i] = at;
		at += length + 1;
	}
	return at == end ? NULL : "longer than its texts";
}

static bool
within(int64_t value, int64_t least, int64_t most)
{
	return value >= least && value <= most;
}

/* A span of a job's text, which has no more than INT64_MAX bytes. */
static bool
span_fits(uint64_t offset, uint64_t length, int64_t bytes)
{
	return offset <= (uint64_t)bytes && length <= (uint64_t)bytes - offset;
}

static bool
attempt_fits(const struct link_attempt *a, size_t fds)
{
	return within(a->type, 0, PAYLOAD_TYPES - 1) &&
	    within(a->has_file, 0, 1) && fds == 1 + (size_t)a->has_file &&
	    a->timeout > 0 && a->job_bytes >= 0 && a->payload_bytes >= 0 &&
	    span_fits(a->data_offset, a->data_length, a->job_bytes) &&
	    span_fits(a->metadata_offset, a->metadata_length, a->job_bytes);
}

static bool
accept_fits(const struct link_accept *a)
{
	return within(a->type, 0, PAYLOAD_TYPES - 1) &&
	    within(a->priority, 0, PRIORITY_MAX) &&
	    a->job_bytes >= 0 && a->payload_bytes >= 0 &&
	    a->deliver_at >= 0 && a->expires_at >= 0 &&
	    span_fits(a->data_offset, a->data_length, a->job_bytes) &&
	    span_fits(a->metadata_offset, a->metadata_length, a->job_bytes);
}

static bool
outcome_fits(const struct link_outcome *o)
{
	const int	 known = OUTCOME_DISABLE | OUTCOME_SLOW_DOWN |
	    OUTCOME_TRANSPORT;

	return within(o->verdict, 0, VERDICTS - 1) &&
	    within(o->error, 0, ERROR_COUNT - 1) && (o->flags & ~known) == 0 &&
	    o->ms >= 0 && o->bytes >= 0 && o->retry_after >= 0 &&
	    within(o->code, 0, 999);
}

static bool
tested_fits(const struct link_tested *t)
{
	for (int i = 0; i < STEPS; i++)
		if (!within(t->step[i], 0, STEP_STATES - 1) ||
		    t->step_ms[i] < 0)
			return false;
	return t->ms >= 0 && within(t->error, 0, ERROR_COUNT - 1) &&
	    within(t->code, 0, 999);
}

static bool
fetched_fits(const struct link_fetched *f, size_t fds)
{
	return f->offset >= 0 && f->length >= 0 && f->left >= -1 &&
	    f->offset <= INT64_MAX - f->length &&
	    within(f->error, 0, ERROR_COUNT - 1) && within(f->direct, 0, 1) &&
	    (fds == 0 || f->error == ERROR_NONE);
}

/* True if every number is one that the other side can mean. */
static bool
numbers_fit(const struct link_record *record, size_t fds)
{
	switch (record->type) {
	case LINK_attempt:
		return attempt_fits(&record->attempt, fds);
	case LINK_drop:
		return fds == 1 && record->drop.bytes >= 0;
	case LINK_payload:
		return record->payload.bytes >= 0 && within(
		    record->payload.error, 0, ERROR_COUNT - 1) &&
		    (fds == 1) == (record->payload.error == ERROR_NONE);
	case LINK_test:
		return record->test.timeout > 0 &&
		    within(record->test.test, 0, TESTS - 1);
	case LINK_tested:
		return tested_fits(&record->tested);
	case LINK_erase:
		return record->erase.timeout > 0;
	case LINK_erased:
		return within(record->erased.error, 0, ERROR_COUNT - 1) &&
		    within(record->erased.code, 0, 999);
	case LINK_fetch:
		return within(record->fetch.access, 0, ACCESSES - 1);
	case LINK_fetched:
		return fetched_fits(&record->fetched, fds);
	case LINK_progress:
		return record->progress.bytes >= 0;
	case LINK_outcome:
		return outcome_fits(&record->outcome);
	case LINK_accept:
		return accept_fits(&record->accept);
	case LINK_refuse:
		return within(record->refuse.error, 0, ERROR_COUNT - 1) &&
		    within(record->refuse.incomplete, 0, 1);
	default:
		return true;
	}
}

int
link_check(const struct link_record *record, struct why *why)
{
	const struct form *form = &forms[record->type];
	size_t fds = count_fds(record);

	for (int i = 0; i < LINK_TEXTS; i++)
		if (record->text[i] != NULL &&
		    strlen(record->text[i]) > caps[record->type][i])
			return why_set(why, ERROR_INTERNAL_ERROR,
			    "link: text %d of %s is too long", i, form->name);
	if (fds > (size_t)form->fds || !numbers_fit(record, fds))
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "link: a number of %s is out of range", form->name);
	return 0;
}

/* What is wrong with these bytes as a record, or NULL. */
static const char *
read_record(char *bytes, size_t length, bool up, struct link_record *record)
{
	struct header		 header;
	const struct form	*form;
	const char		*wrong;
	size_t			 fds = count_fds(record);

	if (length < sizeof header)
		return "shorter than a header";
	memcpy(&header, bytes, sizeof header);
	if (header.type >= LINK_TYPES || forms[header.type].up != up)
		return "no record of this direction";
	record->type = (enum link_type)header.type;
	form = &forms[record->type];
	if (length < sizeof header + form->size)
		return "shorter than its struct";
	memcpy(&record->setup, bytes + sizeof header, form->size);
	wrong = read_texts(&header, bytes + sizeof header + form->size,
	    bytes + length, record);
	if (wrong == NULL && fds > (size_t)form->fds)
		wrong = "too many descriptors";
	if (wrong == NULL && !numbers_fit(record, fds))
		wrong = "a number is out of range";
	return wrong;
}

static int
ended(struct why *why)
{
	why_set(why, ERROR_UNAVAILABLE, "link: the other side has ended");
	why->number = EPIPE;
	return -1;
}

int
link_receive(int socket, bool up, struct link_buffer *buffer,
    struct link_record *record, struct why *why)
{
	struct iovec	 space = { buffer->bytes, LINK_RECORD_MAX };
	union control	 control;
	struct msghdr	 message = {
		.msg_iov = &space, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	const char	*wrong;
	ssize_t		 got;

	do {
		got = recvmsg(socket, &message,
		    MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (got == -1 && errno == EINTR);
	if (got == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (got == -1 && errno != ECONNRESET)
		return why_errno(why, "link: receive");
	if (got <= 0)
		return ended(why);
	link_init(record, LINK_setup);
	buffer->bytes[got] = '\0';
	buffer->used = (size_t)got;
	if (!take_fds(&message, record))
		wrong = "too many descriptors";
	else if ((message.msg_flags & MSG_TRUNC) != 0)
		wrong = "longer than any record";
	else
		wrong = read_record(buffer->bytes, (size_t)got, up, record);
	if (wrong == NULL)
		return 1;
	for (int i = 0; i < LINK_FDS; i++)
		if (record->fd[i] != -1)
			(void)close(record->fd[i]);
	link_init(record, LINK_setup);
	return broken(why, wrong);
}
