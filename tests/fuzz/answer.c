/*
 * answer - what a webhook's receiver says
 *
 * The input is a status of two bytes, a byte of flags, then two lines (the
 * headers Retry-After and X-Request-Id) and the body.  Whatever it is, the
 * outcome is a record that spoold takes, delivered only where the status is a
 * success and all was sent, and no wait is longer than a day.
 */
#include <sys/socket.h>

#include "tests/fuzz/fuzz.h"
#include "workers/common/verdict.h"

#define ALL_SENT 1
#define OWN_SUCCESS 2	/* the destination says which statuses mean it */
#define DAY_MS (24 * 3600 * 1000LL)
#define HEAD 3		/* bytes before the first line */

/* Kept, since allocating that much each time is all that would take time. */
static struct link_buffer	 received;

static void
check_judged(const struct http_answer *answer, bool own,
    const struct link_outcome *outcome)
{
	bool	 success = own ? answer->status == 202 || answer->status == 404 :
	    answer->status >= 200 && answer->status <= 299;

	MUST((outcome->verdict == VERDICT_delivered) ==
	    (success && answer->all_sent));
	MUST((outcome->verdict == VERDICT_delivered) ==
	    (outcome->error == ERROR_NONE));
	MUST(outcome->retry_after >= 0 && outcome->retry_after <= DAY_MS);
}

/* What spoold does with it. */
static void
check_taken(const struct link_record *outcome)
{
	struct link_record	 taken;
	struct why		 why;
	int			 pair[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(link_send(pair[0], outcome, &why) == 1);
	MUST(link_receive(pair[1], true, &received, &taken, &why) == 1);
	for (const char *p = taken.text[OUTCOME_reference]; *p != '\0'; p++)
		MUST(*p >= ' ' && *p <= '~');
	for (const char *p = taken.text[OUTCOME_remote]; *p != '\0'; p++)
		MUST((unsigned char)*p >= ' ');
	MUST(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Copies a line, as much as fits; what follows it. */
static const uint8_t *
take_line(const uint8_t *data, const uint8_t *end, char *out, size_t size)
{
	size_t	 n = 0;

	for (; data < end && *data != '\n'; data++)
		if (*data != '\0' && n + 1 < size)
			out[n++] = (char)*data;
	out[n] = '\0';
	return data < end ? data + 1 : end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_answer	 answer = { .peer = "192.0.2.1:443" };
	struct link_record	 outcome;
	struct verdict_rules	 rules = { .success = "",
	    .permanent = "400\n413\n422\n" };
	struct verdict_text	 text;
	const uint8_t		*end;

	if (size < HEAD)
		return 0;
	end = data + size;
	answer.status = (data[0] << 8 | data[1]) % 1000;
	answer.all_sent = (data[2] & ALL_SENT) != 0;
	if ((data[2] & OWN_SUCCESS) != 0)
		rules.success = "202\n404\n";
	/* Where no status came there is a reason. */
	if (answer.status == 0)
		answer.error = (enum error)(1 + data[2] % (ERROR_COUNT - 1));
	data = take_line(data + HEAD, end, answer.retry_after,
	    sizeof(answer.retry_after));
	data = take_line(data, end, answer.request_id,
	    sizeof(answer.request_id));
	buf_add(&answer.body, data, (size_t)(end - data));
	link_init(&outcome, LINK_outcome);
	verdict(&answer, &rules, &outcome, &text);
	check_judged(&answer, rules.success[0] != '\0', &outcome.outcome);
	check_taken(&outcome);
	buf_free(&text.remote);
	buf_free(&answer.body);
	return 0;
}
