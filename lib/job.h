/*
 * job - what a client drops: one JSON file, one delivery request
 *
 * Only its envelope is ever built in memory: payload.data and
 * payload.metadata, which may be large, are found by the scan and stay where
 * they are in the file, as offset and length.
 */
#ifndef LIB_JOB_H
#define LIB_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/scan.h"
#include "lib/ticket.h"
#include "lib/why.h"

#define JOB_DESTINATIONS_MAX 50
#define JOB_TAGS_MAX 32
#define JOB_WORD_MAX 256	/* characters of a tag, key, correlation id */

enum payload_type {
	PAYLOAD_report, PAYLOAD_export, PAYLOAD_data, PAYLOAD_custom,
	PAYLOAD_TYPES
};
const char	*payload_type_name(enum payload_type);

/*
 * Every string is owned by the struct and NULL where the job has none.
 */
struct job {
	char		*organization;
	char		**destinations;	/* NULL: "default" */
	size_t		 destination_count;
	enum payload_type type;
	struct span	 data;		/* of the job's text */
	struct span	 metadata;	/* of the job's text; length 0: none */
	char		*file;		/* name in data/; NULL: inline data */
	char		*filename;
	char		*content_type;
	int		 priority;
	char		*correlation_id;
	char		*idempotency_key;
	char		**tags;
	size_t		 tag_count;
	int64_t		 deliver_at;	/* wall ms, 0: at once */
	int64_t		 expires_at;	/* wall ms, 0: never */
	char		*traceparent;
	char		*callback;	/* a destination id */
};

/*
 * Reads a job.  Returns 1, 0 if the text ends too early, -1 with *why.
 * *job is to be freed in the first case only.
 */
int	 job_parse(const char *text, size_t length, struct job *,
	    struct why *);
void	 job_free(struct job *);

#endif
