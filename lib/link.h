/*
 * link - what spoold and a worker say to each other
 *
 * One SOCK_SEQPACKET socketpair; a record is one packet: a fixed header, the
 * record's fixed struct, then its texts, each with a cap, and descriptors.
 * Both sides check type, sizes, caps and the number of descriptors against the
 * one table below before they look at anything; a record that does not fit is
 * a protocol error, and ends the worker.
 */
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/facts.h"
#include "lib/id.h"
#include "lib/ticket.h"
#include "lib/why.h"

#define LINK_FD 3		/* a worker's end, and nothing else is open */
#define LINK_TEXTS 16		/* at most that many in a record */
#define LINK_FDS 2
#define STEP_SAYS_MAX 512	/* bytes about a step of a test */
#define LINK_RECORD_MAX (160 * 1024)	/* bytes */

/*
 * LINK(name, direction, struct, descriptors at most)
 * The texts of each record are named in its enum below.
 */
#define LINK_RECORDS(LINK)						\
	/* to a worker */						\
	LINK(setup, down, setup, 0)	/* first, and after a reload */	\
	LINK(attempt, down, attempt, 2)	/* the job, and a payload */	\
	LINK(drop, down, drop, 1)	/* to intake: the dropped file */ \
	LINK(payload, down, payload, 1)	/* to intake: what it asked for */ \
	LINK(test, down, test, 0)	/* try a destination */		\
	LINK(erase, down, erase, 0)	/* what was stored is to go */	\
	LINK(fetched, down, fetched, 1)	/* to download: what it asked for */ \
	/* from a worker */						\
	LINK(ready, up, ready, 0)	/* set up and shut in */	\
	LINK(progress, up, progress, 0)	/* at most one a second each */	\
	LINK(outcome, up, outcome, 0)					\
	LINK(need, up, need, 0)		/* intake wants this payload */	\
	LINK(accept, up, accept, 0)	/* intake found it good */	\
	LINK(refuse, up, refuse, 0)	/* or not, or not whole */	\
	LINK(tested, up, tested, 0)	/* how far a test came */	\
	LINK(erased, up, erased, 0)	/* whether it went */		\
	LINK(fetch, up, fetch, 0)	/* somebody opens a link */

enum link_type {
#define LINK(name, direction, fixed, fds) LINK_##name,
	LINK_RECORDS(LINK)
#undef LINK
	LINK_TYPES
};

/*
 * setup: what a worker needs to know for its life.  Lists: one a line; those
 * of one transport are empty for the others: pipes, for storage `local` and
 * `private`, spoold's own directories, and for download `listen`, the files
 * `certificate` and `key`, and the trusted `proxies`.  The pipes are an object
 * of JSON with those that the organization may use:
 * {"NAME": {"command": [...], "timeLimit": ms, "memoryLimit": bytes}, ...}.
 */
enum { SETUP_organization, SETUP_egress, SETUP_plaintext, SETUP_ca_file,
	SETUP_tls_minimum, SETUP_user_agent, SETUP_permanent,
	SETUP_algorithm, SETUP_pipes, SETUP_local, SETUP_private,
	SETUP_listen, SETUP_certificate, SETUP_key, SETUP_proxies,
	SETUP_texts };
struct link_setup {
	int64_t	 max_job_size;
	int64_t	 max_payload_size;
	int32_t	 concurrency;
	int32_t	 sandbox_required;
};

/*
 * attempt: one ticket to deliver.  fd 0 is the job, fd 1 a payload file.
 * `organization` is whose it is: that of the setup, if there is one in it.
 * `resume` is what the last attempt asked to be told again: where it had come
 * to.  It is kept in memory only, for it may be a secret.
 */
enum { ATTEMPT_config, ATTEMPT_destination, ATTEMPT_name, ATTEMPT_filename,
	ATTEMPT_content_type, ATTEMPT_correlation_id, ATTEMPT_key,
	ATTEMPT_traceparent, ATTEMPT_resume, ATTEMPT_organization,
	ATTEMPT_texts };
struct link_attempt {
	uint64_t	 token;		/* the attempt line's seq */
	struct id	 id;
	int64_t		 version;	/* of the destination */
	int64_t		 timeout;	/* ms without progress */
	int64_t		 accepted_at;	/* wall ms */
	int64_t		 job_bytes;
	int64_t		 payload_bytes;
	uint64_t	 data_offset, data_length;
	uint64_t	 metadata_offset, metadata_length;
	uint8_t		 job_sha256[SHA256_LENGTH];
	uint8_t		 payload_sha256[SHA256_LENGTH];
	int32_t		 attempt;	/* its number, from 1 */
	int32_t		 type;		/* enum payload_type */
	int32_t		 possible_duplicate;
	int32_t		 has_file;	/* fd 1 is there */
};

/* drop: intake, read this job. */
enum { DROP_name, DROP_texts };
struct link_drop {
	uint64_t	 token;
	int64_t		 bytes;
};

/* payload: what intake asked for; no descriptor: error and text say why. */
enum { PAYLOAD_text, PAYLOAD_texts };
struct link_payload {
	uint64_t	 token;
	int64_t		 bytes;
	int32_t		 error;		/* enum error, 0 with a descriptor */
	int32_t		 unused;
};

/*
 * test: try a destination, without a job.  `reach` sends nothing that would be
 * taken for a delivery, `deliver` a synthetic one, `drill` the same with the
 * current secret alone.
 */
enum test { TEST_reach, TEST_deliver, TEST_drill, TESTS };
enum { TEST_config, TEST_texts };
struct link_test {
	uint64_t	 token;
	struct id	 id;		/* of the synthetic delivery */
	int64_t		 timeout;	/* ms without progress */
	int32_t		 test;
	int32_t		 unused;
};

struct link_ready {
	int32_t		 shut_in;	/* 1: by all that this build knows */
	int32_t		 unused;
};

/* progress: a `resume` that is not empty is kept for the next attempt. */
enum { PROGRESS_resume, PROGRESS_texts };
struct link_progress {
	uint64_t	 token;
	int64_t		 bytes;		/* gone through, then sent, so far */
};

/*
 * outcome: what became of an attempt.  `stored` says what was stored, in the
 * transport's own words, for it to be told again: where it is, for storage, the
 * file's name for download.  It may hold metadata, and is kept sealed.
 */
enum verdict { VERDICT_delivered, VERDICT_deferred, VERDICT_failed, VERDICTS };
enum { OUTCOME_reason, OUTCOME_reference, OUTCOME_remote, OUTCOME_peer,
	OUTCOME_tls, OUTCOME_fingerprint, OUTCOME_stored, OUTCOME_texts };
enum {
	OUTCOME_DISABLE = 1,		/* the destination is gone (410) */
	OUTCOME_SLOW_DOWN = 2,		/* it asked for less (429, 503, …) */
	OUTCOME_TRANSPORT = 4		/* its trouble, not this job's */
};
struct link_outcome {
	uint64_t	 token;
	int64_t		 ms;		/* from hand-out to answer */
	int64_t		 bytes;		/* of body sent */
	int64_t		 retry_after;	/* ms the remote asked for, or 0 */
	int32_t		 verdict;
	int32_t		 error;		/* enum error */
	int32_t		 code;		/* the remote's status, or 0 */
	int32_t		 flags;
};

enum { NEED_file, NEED_texts };
struct link_need {
	uint64_t	 token;
};

/* accept: the job's facts.  Lists: one a line (no word has a newline). */
enum { ACCEPT_destinations, ACCEPT_file, ACCEPT_filename, ACCEPT_content_type,
	ACCEPT_correlation_id, ACCEPT_key, ACCEPT_tags, ACCEPT_traceparent,
	ACCEPT_callback, ACCEPT_texts };
struct link_accept {
	uint64_t	 token;
	int64_t		 job_bytes;
	int64_t		 payload_bytes;
	uint64_t	 data_offset, data_length;
	uint64_t	 metadata_offset, metadata_length;
	int64_t		 deliver_at;
	int64_t		 expires_at;
	uint8_t		 job_sha256[SHA256_LENGTH];
	uint8_t		 payload_sha256[SHA256_LENGTH];
	int32_t		 type;
	int32_t		 priority;
};

/* refuse: code 0 means that the text ends too early. */
enum { REFUSE_text, REFUSE_path, REFUSE_organization, REFUSE_texts };
struct link_refuse {
	uint64_t	 token;
	int64_t		 offset;
	int32_t		 error;
	int32_t		 incomplete;
};

/*
 * tested: each step that was made, in order; the last may have failed.  Texts
 * from TESTED_step on say what was seen at each.
 */
#define LINK_STEPS(STEP) \
	STEP(resolve) STEP(connect) STEP(tls) STEP(hostKey)		\
	STEP(authenticate) STEP(write) STEP(deliver)
enum step {
#define STEP(name) STEP_##name,
	LINK_STEPS(STEP)
#undef STEP
	STEPS
};
enum step_state { STEP_NOT_MADE, STEP_OK, STEP_FAILED, STEP_STATES };
enum { TESTED_reason, TESTED_step, TESTED_texts = TESTED_step + STEPS };
struct link_tested {
	uint64_t	 token;
	int64_t		 ms;		/* of all */
	int64_t		 step_ms[STEPS];
	int32_t		 step[STEPS];	/* enum step_state */
	int32_t		 error;		/* enum error */
	int32_t		 code;		/* the remote's status, or 0 */
	int32_t		 unused;
};

/*
 * erase: remove what an outcome said was stored, if it is that still.
 * erased: error 0 means that it is gone, or was; anything else that it is
 * there, and why.
 */
enum { ERASE_config, ERASE_stored, ERASE_texts };
struct link_erase {
	uint64_t	 token;
	struct id	 id;		/* the job whose payload it was */
	int64_t		 timeout;	/* ms without progress */
	uint8_t		 sha256[SHA256_LENGTH];	/* of what was stored */
};
enum { ERASED_reason, ERASED_texts };
struct link_erased {
	uint64_t	 token;
	int32_t		 error;		/* enum error */
	int32_t		 code;		/* the remote's status, or 0 */
};

/*
 * fetch: somebody opens a link.  `look` is free; `take` counts, and is in the
 * journal before the answer; `resume` goes on with one that was taken.
 * fetched: error 0 means yes, and why not is for the journal only.  What is to
 * be sent is `length` bytes at `offset` of fd 0, which `take` and `resume` get.
 * An empty `peer` is one that is not known: it may nothing.
 */
enum access { ACCESS_look, ACCESS_take, ACCESS_resume, ACCESSES };
enum { FETCH_peer, FETCH_texts };
struct link_fetch {
	uint64_t	 token;		/* the worker's own, back in fetched */
	uint64_t	 serial;	/* of the fetch to resume, else 0 */
	uint8_t		 link[SHA256_LENGTH];	/* of the link's token */
	int32_t		 access;	/* enum access */
	int32_t		 unused;
};
enum { FETCHED_filename, FETCHED_content_type, FETCHED_texts };
struct link_fetched {
	uint64_t	 token;
	uint64_t	 serial;	/* of what was taken: its line's seq */
	int64_t		 offset, length;	/* bytes */
	int64_t		 expires_at;	/* wall ms */
	int64_t		 left;		/* fetches; -1: any number */
	uint8_t		 sha256[SHA256_LENGTH];	/* of what is to be sent */
	int32_t		 error;		/* enum error */
	int32_t		 direct;	/* a plain GET takes it */
};

/* One record, as sent or received. */
struct link_record {
	enum link_type	 type;
	union {
		struct link_setup	 setup;
		struct link_attempt	 attempt;
		struct link_drop	 drop;
		struct link_payload	 payload;
		struct link_test	 test;
		struct link_ready	 ready;
		struct link_progress	 progress;
		struct link_outcome	 outcome;
		struct link_need	 need;
		struct link_accept	 accept;
		struct link_refuse	 refuse;
		struct link_tested	 tested;
		struct link_erase	 erase;
		struct link_erased	 erased;
		struct link_fetch	 fetch;
		struct link_fetched	 fetched;
	};
	const char	*text[LINK_TEXTS];	/* NULL: empty; NUL-terminated;
						 * after receiving never NULL,
						 * borrowed from the buffer */
	int		 fd[LINK_FDS];		/* -1: none */
};

/* A record of that type with nothing in it. */
void	 link_init(struct link_record *, enum link_type);

/* 0 if the other side takes such a record, or -1 with *why. */
int	 link_check(const struct link_record *, struct why *);

/*
 * Sends one record; its descriptors stay the caller's.  Returns 1 if sent, 0
 * if the socket is full (try again when it is writable), -1 with *why.
 */
int	 link_send(int socket, const struct link_record *, struct why *);

/*
 * Receives one into `buffer`, which must stay while the texts are used.
 * `up` says that this is spoold reading from a worker.  Returns 1, 0 if none is
 * there (non-blocking), -1 with *why: number is EPIPE at the end, EPROTO if the
 * other side broke the rules.  Descriptors become the caller's.
 */
struct link_buffer {
	size_t	 used;		/* bytes of the last record, to be wiped */
	char	 bytes[LINK_RECORD_MAX + 1];
};
int	 link_receive(int socket, bool up, struct link_buffer *,
	    struct link_record *, struct why *);

#endif
