/*
 * spoolcat_ask - a job, for who may not read the spool
 *
 * spoold says what he may know of it, and passes the payload's descriptor to
 * who may read that and says why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/hex.h"
#include "lib/show.h"
#include "spoold/commands/spoolcat.h"

static int
status_ask(struct cli *cli, const char *id, struct why *why)
{
	struct buf line = { .max = 0 };
	struct json *status;

	status = cli_answer(cli, libspool_status(cli_spoold(cli, CLI_ANYHOW),
	    id, NULL, &cli->error), why);
	if (status == NULL)
		return -1;
	if (cli->json) {
		json_print(&line, status);
		(void)printf("%s\n", line.data);
		buf_free(&line);
	} else
		show_json(stdout, status);
	json_free(&status);
	return 0;
}

static int
body_print(const struct json *answer, int fd, const char *id, bool escaped,
    struct why *why)
{
	const char *hex = json_string(json_get(answer, "sha256"), "");
	uint8_t sha256[SHA256_LENGTH];
	struct payload payload = {
		.name = (char *)(uintptr_t)id,
		.offset = json_integer(json_get(answer, "offset"), 0),
		.length = json_integer(json_get(answer, "bytes"), 0),
		.sha256 = sha256,
	};

	if (strlen(hex) != 2 * sizeof(sha256) ||
	    hex_parse(hex, sha256, sizeof(sha256)) == -1)
		return why_set(why, ERROR_PAYLOAD_NOT_FOUND,
		    "spoold has no payload of %s", id);
	(void)fflush(stdout);
	return payload_copy(fd, &payload, escaped, why);
}

static int
body_ask(struct cli *cli, const char *id, const char *reason, bool escaped,
    struct why *why)
{
	struct json *answer;
	int fd = -1, done = -1;

	answer = cli_answer(cli, libspool_payload(cli_spoold(cli, CLI_ANYHOW),
	    id, NULL, reason, &fd, &cli->error), why);
	if (answer != NULL)
		done = body_print(answer, fd, id, escaped, why);
	if (fd != -1)
		close(fd);
	json_free(&answer);
	return done;
}

int
spoolcat_ask(struct cli *cli, const char *word, bool status, bool body,
    const char *reason, struct why *why)
{
	bool escaped = status && isatty(STDOUT_FILENO) != 0;
	struct id id;

	if (strlen(word) != ID_LENGTH || id_parse(word, &id) == -1)
		return why_set(why, ERROR_PERMISSION_DENIED, "%s: you may not "
		    "read the spool, so name a whole ID", word);
	if (status && status_ask(cli, word, why) == -1)
		return -1;
	return body ? body_ask(cli, word, reason, escaped, why) : 0;
}
