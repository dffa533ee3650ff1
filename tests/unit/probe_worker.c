/*
 * probe_worker - plays spoold's side of a worker's link, text in, text out
 *
 * probe_worker PROGRAM, with a command on each line of standard input; words
 * are NAME=VALUE, `\n` in a value is a newline.
 *
 *   setup NAME=VALUE...    sends the setup, and waits for `ready`
 *   drop TOKEN FILE        hands a job to intake
 *   payload TOKEN FILE     what intake asked for; or CODE TEXT: why not
 *   attempt TOKEN JOB NAME=VALUE...  hands out an attempt; job, payload (the
 *                          file's name as `payload=`) and their digests are
 *                          taken from the files; change=FILE,OFFSET,TEXT is
 *                          done after that, and before it is handed out
 *   change FILE OFFSET TEXT  writes into a file; without TEXT cuts it, from
 *                          its end if OFFSET is negative
 *   wait N                 prints the next N records that are no progress
 *   progress TOKEN         waits for a progress of it
 *   keeps TOKEN            waits for what it wants the next attempt to be
 *                          told (`resume=`), and prints it
 *   grows TOKEN            waits for one that has come further than one before
 *   memory KIB             says whether the worker ever had more than that
 *   find TEXT              how often that is in the worker's own memory
 *   gone TEXT              the same, once it is not there or patience ends
 *   proc FIELD             prints that line of its /proc/PID/status
 *   try ACT PATH           has the worker do that, as one that was taken over
 *                          might, to the process PROBE_OTHER; see worker_try.c
 *   raw HEX                sends bytes as they are
 *   close                  ends the link for writing
 *   end                    waits for the worker's end, and prints its status
 *
 * A record that does not come within PROBE_PATIENCE seconds (20) is an error.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lib/job.h"
#include "lib/link.h"

#include "tests/unit/probe.h"
#include "tests/unit/worker.h"

#define WORDS_MAX 32

#define LOOK_AGAIN 20		/* ms */

/* They keep what was freed. */
#ifdef __SANITIZE_ADDRESS__
static const bool	 sanitized = true;
#else
static const bool	 sanitized = false;
#endif

struct probe {
	int		 link;
	pid_t		 worker;
	int		 patience;	/* ms */
	struct link_buffer buffer;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
give_up(const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	printf("probe: ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	exit(99);
}

/* --- words ---------------------------------------------------------------- */

/* The value of NAME= among the words, or NULL. */
static const char *
word(char *const *words, const char *name)
{
	size_t	 length = strlen(name);

	for (; *words != NULL; words++)
		if (strncmp(*words, name, length) == 0 &&
		    (*words)[length] == '=')
			return *words + length + 1;
	return NULL;
}

static int64_t
number(char *const *words, const char *name, int64_t otherwise)
{
	const char	*value = word(words, name);

	return value == NULL ? otherwise : strtoll(value, NULL, 10);
}

/* Splits at blanks, in place, and brings `\n` and `\s` (a blank) to life. */
static void
split(char *line, char *words[WORDS_MAX])
{
	size_t	 count = 0;

	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " ")) {
		char	*to = w;

		if (count == WORDS_MAX - 1)
			give_up("too many words");
		words[count++] = w;
		for (char *from = w; *from != '\0'; from++) {
			if (from[0] == '\\' && from[1] == 'n') {
				*to++ = '\n';
				from++;
			} else if (from[0] == '\\' && from[1] == 's') {
				*to++ = ' ';
				from++;
			} else
				*to++ = *from;
		}
		*to = '\0';
	}
	words[count] = NULL;
}

/* --- files ---------------------------------------------------------------- */

static int
open_file(const char *name)
{
	int	 fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		give_up("%s: %s", name, strerror(errno));
	return fd;
}

static int64_t
file_size(int fd)
{
	struct stat	 st;

	if (fstat(fd, &st) == -1)
		give_up("fstat");
	return st.st_size;
}

static void
sha256(const void *bytes, size_t length, uint8_t out[SHA256_LENGTH])
{
	if (EVP_Digest(bytes, length, out, NULL, EVP_sha256(), NULL) != 1)
		give_up("SHA-256");
}

/* All of it in memory; a payload of gigabytes is digested in pieces. */
static char *
read_all(int fd, size_t *length_r)
{
	int64_t	 size = file_size(fd);
	char	*text = xmalloc((size_t)size + 1);

	if (pread(fd, text, (size_t)size, 0) != size)
		give_up("pread");
	*length_r = (size_t)size;
	return text;
}

static void
sha256_file(int fd, uint8_t out[SHA256_LENGTH])
{
	EVP_MD_CTX	*digest = EVP_MD_CTX_new();
	char		*chunk = xmalloc(1 << 20);
	off_t		 at = 0;
	ssize_t		 got;

	if (EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		give_up("SHA-256");
	while ((got = pread(fd, chunk, 1 << 20, at)) > 0) {
		at += got;
		if (EVP_DigestUpdate(digest, chunk, (size_t)got) != 1)
			give_up("SHA-256");
	}
	if (EVP_DigestFinal_ex(digest, out, NULL) != 1)
		give_up("SHA-256");
	EVP_MD_CTX_free(digest);
	free(chunk);
}

/* --- records -------------------------------------------------------------- */

/* Waits for the next record; false at the link's end. */
static bool
next_record(struct probe *probe, struct link_record *record)
{
	struct pollfd	 link = { .fd = probe->link, .events = POLLIN };
	struct why	 why;
	int		 result;

	while ((result = link_receive(probe->link, true, &probe->buffer,
	    record, &why)) == 0)
		if (poll(&link, 1, probe->patience) == 0)
			give_up("nothing came");
	if (result == -1 && why.number != EPIPE)
		give_up("%s", why.text);
	return result == 1;
}

static void
send_record(struct probe *probe, const struct link_record *record)
{
	struct pollfd	 link = { .fd = probe->link, .events = POLLOUT };
	struct why	 why;
	int		 result;

	while ((result = link_send(probe->link, record, &why)) == 0)
		if (poll(&link, 1, probe->patience) == 0)
			give_up("the link stays full");
	if (result == -1)
		give_up("%s", why.text);
	for (int i = 0; i < LINK_FDS; i++)
		if (record->fd[i] != -1)
			(void)close(record->fd[i]);
}

/* --- commands ------------------------------------------------------------- */

static void
do_wait(struct probe *probe, char *const *words)
{
	long			 left = words[0] == NULL ? 1 :
	    strtol(words[0], NULL, 10);
	struct link_record	 record;

	while (left > 0) {
		if (!next_record(probe, &record)) {
			printf("the link has ended\n");
			return;
		}
		if (record.type == LINK_progress)
			continue;
		worker_print(&record);
		left--;
	}
}

/* The next progress of that token; how far it has come. */
static int64_t
next_progress(struct probe *probe, uint64_t token)
{
	struct link_record	 record;

	do {
		if (!next_record(probe, &record))
			give_up("the link has ended");
		if (record.type != LINK_progress)
			worker_print(&record);
	} while (record.type != LINK_progress ||
	    record.progress.token != token);
	return record.progress.bytes;
}

static void
do_progress(struct probe *probe, char *const *words)
{
	uint64_t		 token = strtoull(words[0], NULL, 10);

	(void)next_progress(probe, token);
	printf("progress token=%llu\n", (unsigned long long)token);
}

static void
do_keeps(struct probe *probe, char *const *words)
{
	uint64_t		 token = strtoull(words[0], NULL, 10);
	struct link_record	 record;

	do {
		if (!next_record(probe, &record))
			give_up("the link has ended");
	} while (record.type != LINK_progress ||
	    record.progress.token != token ||
	    record.text[PROGRESS_resume][0] == '\0');
	printf("keeps %s\n", record.text[PROGRESS_resume]);
}

static void
do_grows(struct probe *probe, char *const *words)
{
	uint64_t		 token = strtoull(words[0], NULL, 10);
	int64_t			 first = next_progress(probe, token);

	while (next_progress(probe, token) <= first)
		;
	printf("grows token=%llu\n", (unsigned long long)token);
}

static void
do_setup(struct probe *probe, char *const *words)
{
	struct link_record	 record;

	link_init(&record, LINK_setup);
	record.setup.max_job_size = number(words, "maxJobSize", 10 << 20);
	record.setup.max_payload_size = number(words, "maxPayloadSize",
	    1LL << 40);
	record.setup.concurrency = (int32_t)number(words, "concurrency", 50);
	record.setup.sandbox_required = (int32_t)number(words, "required", 1);
	record.text[SETUP_organization] = "demo";
	record.text[SETUP_egress] = word(words, "egress");
	if (record.text[SETUP_egress] == NULL)
		record.text[SETUP_egress] = "loopback\n";
	record.text[SETUP_plaintext] = word(words, "plaintext");
	record.text[SETUP_ca_file] = word(words, "caFile");
	record.text[SETUP_tls_minimum] = word(words, "tlsMinimum");
	if (record.text[SETUP_tls_minimum] == NULL)
		record.text[SETUP_tls_minimum] = "1.2";
	record.text[SETUP_pipes] = word(words, "pipes");
	record.text[SETUP_local] = word(words, "local");
	record.text[SETUP_listen] = word(words, "listen");
	record.text[SETUP_algorithm] = word(words, "algorithm");
	record.text[SETUP_user_agent] = "spoold/probe";
	record.text[SETUP_permanent] = "400\n404\n410\n413\n422\n";
	send_record(probe, &record);
	do_wait(probe, (char *[]) { NULL });
}

static void
do_drop(struct probe *probe, char *const *words)
{
	struct link_record	 record;

	link_init(&record, LINK_drop);
	record.drop.token = strtoull(words[0], NULL, 10);
	record.fd[0] = open_file(words[1]);
	record.drop.bytes = file_size(record.fd[0]);
	record.text[DROP_name] = words[1];
	send_record(probe, &record);
}

static void
do_payload(struct probe *probe, char *const *words)
{
	struct link_record	 record;

	link_init(&record, LINK_payload);
	record.payload.token = strtoull(words[0], NULL, 10);
	record.payload.error = (int32_t)error_by_name(words[1]);
	if (record.payload.error == ERROR_NONE) {
		record.fd[0] = open_file(words[1]);
		record.payload.bytes = file_size(record.fd[0]);
	} else
		record.text[PAYLOAD_text] = words[2];
	send_record(probe, &record);
}

/* What intake would have found in this job. */
static void
attempt_facts(struct link_record *record, struct job *job)
{
	struct link_attempt	*a = &record->attempt;
	struct why		 why;
	size_t			 length;
	char			*text = read_all(record->fd[0], &length);

	if (job_parse(text, length, job, &why) != 1)
		give_up("no job: %s", why.text);
	a->job_bytes = (int64_t)length;
	sha256(text, length, a->job_sha256);
	a->data_offset = job->data.offset;
	a->data_length = job->data.length;
	a->metadata_offset = job->metadata.offset;
	a->metadata_length = job->metadata.length;
	a->payload_bytes = (int64_t)job->data.length;
	sha256(text + job->data.offset, job->data.length, a->payload_sha256);
	a->type = (int32_t)job->type;
	record->text[ATTEMPT_content_type] = job->content_type;
	record->text[ATTEMPT_filename] = job->filename;
	record->text[ATTEMPT_correlation_id] = job->correlation_id;
	record->text[ATTEMPT_key] = job->idempotency_key;
	record->text[ATTEMPT_traceparent] = job->traceparent;
	free(text);
}

static void
change(const char *file, int64_t offset, const char *text)
{
	int	 fd = open(file, O_WRONLY | O_CLOEXEC);
	size_t	 length = text != NULL ? strlen(text) : 0;

	if (fd == -1)
		give_up("%s: %s", file, strerror(errno));
	if (offset < 0)
		offset += file_size(fd);
	if (text == NULL ? ftruncate(fd, offset) == -1 :
	    pwrite(fd, text, length, offset) != (ssize_t)length)
		give_up("%s: %s", file, strerror(errno));
	(void)close(fd);
}

/* FILE,OFFSET[,TEXT] */
static void
change_by(const char *what)
{
	char	*copy = xstrdup(what), *rest = copy;
	char	*file = strsep(&rest, ","), *offset = strsep(&rest, ",");

	if (offset == NULL)
		give_up("change what?");
	change(file, strtoll(offset, NULL, 10), rest);
	free(copy);
}

static void
do_change(struct probe *probe, char *const *words)
{
	(void)probe;
	change(words[0], strtoll(words[1], NULL, 10), words[2]);
}

static void
do_attempt(struct probe *probe, char *const *words)
{
	struct link_record	 record;
	struct link_attempt	*a = &record.attempt;
	const char		*payload = word(words, "payload");
	const char		*config = word(words, "config");
	struct job		 job;

	link_init(&record, LINK_attempt);
	record.fd[0] = open_file(words[1]);
	attempt_facts(&record, &job);
	if (payload != NULL) {
		record.fd[1] = open_file(payload);
		a->payload_bytes = file_size(record.fd[1]);
		sha256_file(record.fd[1], a->payload_sha256);
		a->has_file = 1;
	}
	a->token = strtoull(words[0], NULL, 10);
	if (id_parse("01JDCZ7Q2T5M8YB3K4N6P9RSVW", &a->id) == -1)
		give_up("id_parse");
	a->attempt = 1;
	a->version = 1;
	a->timeout = number(words, "timeout", 30000);
	a->accepted_at = number(words, "acceptedAt", 1764018245123);
	record.text[ATTEMPT_config] = config != NULL ? config : "{}";
	record.text[ATTEMPT_destination] = "ehr";
	record.text[ATTEMPT_name] = "job.json";
	record.text[ATTEMPT_resume] = word(words, "resume");
	record.text[ATTEMPT_organization] = "demo";
	if (word(words, "key") != NULL)
		record.text[ATTEMPT_key] = word(words, "key");
	if (word(words, "contentType") != NULL)
		record.text[ATTEMPT_content_type] = word(words, "contentType");
	if (word(words, "change") != NULL)
		change_by(word(words, "change"));
	send_record(probe, &record);
	job_free(&job);
}

/* TOKEN: something that was stored. */
static void
do_erase(struct probe *probe, char *const *words)
{
	struct link_record	 record;

	link_init(&record, LINK_erase);
	record.erase.token = strtoull(words[0], NULL, 10);
	record.erase.timeout = 30000;
	record.text[ERASE_config] = "{}";
	record.text[ERASE_stored] = "{}";
	send_record(probe, &record);
}

static void
do_find(struct probe *probe, char *const *words)
{
	printf("found %d times\n", process_find(probe->worker, words[0]));
}

/* An answer comes before what it was about is wiped. */
static void
do_gone(struct probe *probe, char *const *words)
{
	int	 left = sanitized ? 0 : probe->patience, found;

	while ((found = process_find(probe->worker, words[0])) > 0 &&
	    left > 0) {
		(void)poll(NULL, 0, LOOK_AGAIN);
		left -= LOOK_AGAIN;
	}
	printf("found %d times\n", found);
}

static void
do_memory(struct probe *probe, char *const *words)
{
	process_memory(probe->worker, strtol(words[0], NULL, 10));
}

static void
do_proc(struct probe *probe, char *const *words)
{
	process_print(probe->worker, words[0]);
}

static void
do_try(struct probe *probe, char *const *words)
{
	if (!process_try(probe->worker, words[0], words[1] == NULL ? "" :
	    words[1]))
		probe->worker = 0;
}

static void
do_raw(struct probe *probe, char *const *words)
{
	unsigned char	 bytes[4096];
	size_t		 count = 0;

	for (const char *p = words[0]; p[0] != '\0' && p[1] != '\0'; p += 2) {
		const char	 digits[] = { p[0], p[1], '\0' };

		bytes[count++] = (unsigned char)strtoul(digits, NULL, 16);
	}
	if (send(probe->link, bytes, count, MSG_NOSIGNAL) == -1)
		give_up("send");
}

static void
do_close(struct probe *probe, char *const *words)
{
	(void)words;
	if (shutdown(probe->link, SHUT_WR) == -1)
		give_up("shutdown");
}

static void
do_end(struct probe *probe, char *const *words)
{
	struct link_record	 record;
	int			 status;

	(void)words;
	while (next_record(probe, &record))
		if (record.type != LINK_progress)
			worker_print(&record);
	if (waitpid(probe->worker, &status, 0) == -1)
		give_up("waitpid");
	probe->worker = 0;
	if (WIFSIGNALED(status))
		printf("killed by signal %d\n", WTERMSIG(status));
	else
		printf("exit status %d\n", WEXITSTATUS(status));
}

static const struct {
	const char	*name;
	void		(*run)(struct probe *, char *const *words);
	int		 words;		/* at least that many after it */
} commands[] = {
	{ "setup", do_setup, 0 }, { "drop", do_drop, 2 },
	{ "payload", do_payload, 2 }, { "attempt", do_attempt, 2 },
	{ "erase", do_erase, 1 },
	{ "change", do_change, 2 }, { "wait", do_wait, 0 },
	{ "progress", do_progress, 1 }, { "grows", do_grows, 1 },
	{ "keeps", do_keeps, 1 },
	{ "memory", do_memory, 1 },
	{ "find", do_find, 1 }, { "gone", do_gone, 1 },
	{ "proc", do_proc, 1 }, { "try", do_try, 1 },
	{ "raw", do_raw, 1 },
	{ "close", do_close, 0 }, { "end", do_end, 0 },
};

static void
run(struct probe *probe, char *line)
{
	char	*words[WORDS_MAX];
	int	 count = 0;

	split(line, words);
	if (words[0] == NULL)
		return;
	while (words[count + 1] != NULL)
		count++;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(words[0], commands[i].name) == 0 &&
		    count >= commands[i].words) {
			commands[i].run(probe, words + 1);
			return;
		}
	give_up("what is %s?", words[0]);
}

/* Descriptor 3 and nothing beyond it. */
static void
start(struct probe *probe, const char *program)
{
	int	 pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		give_up("socketpair");
	probe->worker = fork();
	if (probe->worker == 0) {
		if (pair[1] == LINK_FD) {
			if (fcntl(LINK_FD, F_SETFD, 0) == -1)
				_exit(99);
		} else if (dup2(pair[1], LINK_FD) == -1)
			_exit(99);
		(void)execl(program, program, (char *)NULL);
		_exit(99);
	}
	(void)close(pair[1]);
	probe->link = pair[0];
}

int
main(int argc, char *argv[])
{
	const char	*patience = getenv("PROBE_PATIENCE");
	struct probe	*probe = xcalloc(1, sizeof *probe);
	char		*line = NULL;
	size_t		 room = 0;
	ssize_t		 length;

	if (argc != 2)
		give_up("usage: probe_worker PROGRAM");
	probe->patience = 1000 * (int)(patience == NULL ? 20 :
	    strtol(patience, NULL, 10));
	start(probe, argv[1]);
	while ((length = getline(&line, &room, stdin)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		run(probe, line);
		(void)fflush(stdout);
	}
	free(line);
	if (probe->worker > 0 && kill(probe->worker, SIGKILL) == 0)
		(void)waitpid(probe->worker, NULL, 0);
	free(probe);
	return 0;
}
