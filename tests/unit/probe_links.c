/*
 * probe_links - plays spoold's side for the worker that serves links
 *
 * probe_links PROGRAM, with a command on each line of standard input; words are
 * NAME=VALUE, `\n` and `\s` in a value are a newline and a blank.
 *
 *   setup NAME=VALUE...        listen, certificate, key, proxies, tlsMinimum
 *   link TOKEN NAME=VALUE...   there is a link: file, name, type, left (-1),
 *                              direct (0), expires (wall ms), allow (a CIDR),
 *                              offset and length of it in the file
 *   revoke TOKEN               there is no longer
 *   mute                       what is asked from now on stays unanswered
 *   unable                     takes are answered by UNAVAILABLE from now on
 *   test                       tries a destination
 *   retire                     the worker is to end when it is done
 *
 * Whatever the worker asks is answered and printed, one line each: `take TOKEN
 * from ADDRESS: yes`.  It ends, and the worker with it, at the end of standard
 * input.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/link.h"
#include "lib/network.h"

#include "tests/unit/probe.h"

#define WORDS_MAX 32

struct link {
	TAILQ_ENTRY(link) entry;
	char	*token, *name, *type, *allow;	/* own */
	uint8_t	 digest[SHA256_LENGTH], sha256[SHA256_LENGTH];
	int	 fd;
	int64_t	 offset, length, left, expires;
	int	 direct;
	uint64_t first, last;		/* serials of its fetches */
};

struct probe {
	int	 link;
	pid_t	 worker;
	bool	 mute, unable;
	uint64_t serials;
	TAILQ_HEAD(, link) links;
	struct link_buffer buffer;
};

static void __attribute__((noreturn))
give_up(const char *what)
{
	printf("probe: %s: %s\n", what, strerror(errno));
	exit(99);
}

/* --- words ---------------------------------------------------------------- */

static const char *
word(char *const *words, const char *name, const char *otherwise)
{
	size_t length = strlen(name);

	for (; *words != NULL; words++)
		if (strncmp(*words, name, length) == 0 &&
		    (*words)[length] == '=')
			return *words + length + 1;
	return otherwise;
}

static int64_t
number(char *const *words, const char *name, int64_t otherwise)
{
	const char *value = word(words, name, NULL);

	return value == NULL ? otherwise : probe_number(value);
}

static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (text[0] == '\\' && (text[1] == 'n' || text[1] == 's'))
			*to++ = *++text == 'n' ? '\n' : ' ';
		else
			*to++ = *text;
	*to = '\0';
}

/* --- commands ------------------------------------------------------------- */

static void
send_record(struct probe *probe, const struct link_record *record)
{
	struct pollfd ready = { .fd = probe->link, .events = POLLOUT };
	struct why why;
	int sent;

	while ((sent = link_send(probe->link, record, &why)) == 0)
		(void)poll(&ready, 1, -1);
	if (sent == -1)
		printf("probe: %s\n", why.text);
}

static void
do_setup(struct probe *probe, char *const *words)
{
	struct link_record record;

	link_init(&record, LINK_setup);
	record.setup.max_job_size = 10 << 20;
	record.setup.max_payload_size = 1LL << 40;
	record.setup.concurrency = 50;
	record.setup.sandbox_required = (int32_t)number(words, "required", 1);
	record.text[SETUP_egress] = "";
	record.text[SETUP_tls_minimum] = word(words, "tlsMinimum", "1.2");
	record.text[SETUP_user_agent] = "spoold/probe";
	record.text[SETUP_listen] = word(words, "listen", "");
	record.text[SETUP_certificate] = word(words, "certificate", "");
	record.text[SETUP_key] = word(words, "key", "");
	record.text[SETUP_proxies] = word(words, "proxies", "");
	send_record(probe, &record);
}

static void
link_digest(struct link *link)
{
	char *chunk = xmalloc(1 << 20);
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	int64_t at = 0;

	if (EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		give_up("SHA-256");
	while (at < link->length) {
		int64_t left = link->length - at;
		ssize_t got = pread(link->fd, chunk, left < 1 << 20 ?
		    (size_t)left : 1 << 20, link->offset + at);

		if (got <= 0 || EVP_DigestUpdate(digest, chunk,
		    (size_t)got) != 1)
			give_up("read");
		at += got;
	}
	if (EVP_DigestFinal_ex(digest, link->sha256, NULL) != 1)
		give_up("SHA-256");
	EVP_MD_CTX_free(digest);
	free(chunk);
}

static void
do_link(struct probe *probe, char *const *words)
{
	struct link *link = xcalloc(1, sizeof(*link));
	const char *file = word(words, "file", "/dev/null");
	struct stat st;

	link->token = xstrdup(words[0]);
	link->name = xstrdup(word(words, "name", "report.pdf"));
	link->type = xstrdup(word(words, "type", "application/pdf"));
	link->allow = xstrdup(word(words, "allow", "::/0"));
	link->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (link->fd == -1 || fstat(link->fd, &st) == -1)
		give_up(file);
	link->offset = number(words, "offset", 0);
	link->length = number(words, "length", st.st_size - link->offset);
	link->left = number(words, "left", -1);
	link->direct = (int)number(words, "direct", 0);
	link->expires = number(words, "expires", clock_wall() + 86400000);
	if (EVP_Digest(link->token, strlen(link->token), link->digest, NULL,
	    EVP_sha256(), NULL) != 1)
		give_up("SHA-256");
	link_digest(link);
	TAILQ_INSERT_TAIL(&probe->links, link, entry);
	printf("link %s\n", link->token);
}

static void
link_free(struct probe *probe, struct link *link)
{
	TAILQ_REMOVE(&probe->links, link, entry);
	(void)close(link->fd);
	free(link->token);
	free(link->name);
	free(link->type);
	free(link->allow);
	free(link);
}

static void
do_revoke(struct probe *probe, char *const *words)
{
	struct link *link, *next;

	TAILQ_FOREACH_SAFE(link, &probe->links, entry, next)
		if (strcmp(link->token, words[0]) == 0)
			link_free(probe, link);
	printf("revoked\n");
}

static void
do_mute(struct probe *probe, char *const *words)
{
	(void)words;
	probe->mute = true;
	printf("mute\n");
}

static void
do_unable(struct probe *probe, char *const *words)
{
	(void)words;
	probe->unable = true;
	printf("unable\n");
}

static void
do_retire(struct probe *probe, char *const *words)
{
	(void)words;
	if (shutdown(probe->link, SHUT_WR) == -1)
		give_up("shutdown");
	printf("retired\n");
}

static void
do_test(struct probe *probe, char *const *words)
{
	struct link_record record;

	link_init(&record, LINK_test);
	record.test.token = 7;
	record.test.timeout = 30000;
	record.test.test = (int32_t)number(words, "test", TEST_reach);
	record.text[TEST_config] = word(words, "config", "{}");
	send_record(probe, &record);
}

/* --- what the worker says ------------------------------------------------- */

static bool
link_lets(struct probe *probe, struct link *link,
    const struct link_record *record)
{
	const struct link_fetch *fetch = &record->fetch;
	struct address address;
	struct network allowed;

	if (link == NULL || link->expires <= clock_wall() ||
	    network_parse(link->allow, &allowed) == -1 ||
	    address_parse(record->text[FETCH_peer], &address) == -1 ||
	    !network_has(&allowed, &address))
		return false;
	if (fetch->access == ACCESS_resume)
		return link->first != 0 && fetch->serial >= link->first &&
		    fetch->serial <= link->last;
	if (link->left == 0)
		return false;
	if (fetch->access == ACCESS_take) {
		if (link->left > 0)
			link->left--;
		link->last = ++probe->serials;
		if (link->first == 0)
			link->first = link->last;
	}
	return true;
}

static void
answer_fetch(struct probe *probe, const struct link_record *asked)
{
	static const char *const accesses[ACCESSES] = { "look", "take",
	    "resume" };
	struct link_record record;
	struct link *link;
	bool lets;

	TAILQ_FOREACH(link, &probe->links, entry)
		if (memcmp(link->digest, asked->fetch.link,
		    SHA256_LENGTH) == 0)
			break;
	lets = link_lets(probe, link, asked);
	printf("%s %s from %s: %s\n", accesses[asked->fetch.access],
	    link == NULL ? "nothing" : link->token, asked->text[FETCH_peer],
	    lets ? "yes" : "no");
	link_init(&record, LINK_fetched);
	record.fetched.token = asked->fetch.token;
	record.fetched.error = lets ? ERROR_NONE : ERROR_PERMISSION_DENIED;
	if (probe->unable && asked->fetch.access == ACCESS_take) {
		lets = false;
		record.fetched.error = ERROR_UNAVAILABLE;
	}
	if (lets) {
		record.fetched.serial = asked->fetch.access == ACCESS_take ?
		    link->last : asked->fetch.serial;
		record.fetched.offset = link->offset;
		record.fetched.length = link->length;
		record.fetched.expires_at = link->expires;
		record.fetched.left = link->left;
		record.fetched.direct = link->direct;
		memcpy(record.fetched.sha256, link->sha256, SHA256_LENGTH);
		record.text[FETCHED_filename] = link->name;
		record.text[FETCHED_content_type] = link->type;
		if (asked->fetch.access != ACCESS_look)
			record.fd[0] = link->fd;
	}
	if (!probe->mute)
		send_record(probe, &record);
}

static void
print_tested(const struct link_record *r)
{
	printf("tested connect=%d tls=%d error=%s peer=%s tls=%s reason=%s\n",
	    r->tested.step[STEP_connect], r->tested.step[STEP_tls],
	    error_name((enum error)r->tested.error),
	    r->text[TESTED_step + STEP_connect],
	    r->text[TESTED_step + STEP_tls], r->text[TESTED_reason]);
}

/* False when the worker has ended. */
static bool
hear(struct probe *probe)
{
	struct link_record record;
	struct why why;
	int got;

	while ((got = link_receive(probe->link, true, &probe->buffer, &record,
	    &why)) == 1) {
		if (record.type == LINK_fetch)
			answer_fetch(probe, &record);
		else if (record.type == LINK_tested)
			print_tested(&record);
		else if (record.type == LINK_ready)
			printf("ready shut_in=%d\n", record.ready.shut_in);
	}
	return got == 0;
}

/* --- running -------------------------------------------------------------- */

static const struct {
	const char	*name;
	void		(*run)(struct probe *, char *const *words);
} commands[] = {
	{ "setup", do_setup }, { "link", do_link }, { "revoke", do_revoke },
	{ "mute", do_mute }, { "unable", do_unable }, { "test", do_test },
	{ "retire", do_retire },
};

static void
run(struct probe *probe, char *line)
{
	char *words[WORDS_MAX + 1] = { NULL };
	size_t count = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *w = strtok(line, " "); w != NULL && count < WORDS_MAX;
	    w = strtok(NULL, " ")) {
		unescape(w);
		words[count++] = w;
	}
	for (size_t i = 0; count > 0 && i < sizeof commands /
	    sizeof *commands; i++)
		if (strcmp(words[0], commands[i].name) == 0)
			commands[i].run(probe, words + 1);
}

static void
start(struct probe *probe, const char *program)
{
	int pair[2];

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
	printf("worker %d\n", (int)probe->worker);
}

/* Commands come in whole lines, unbuffered: both ends are waited for. */
static bool
commanded(struct probe *probe, struct buf *input)
{
	char chunk[4096], *end;
	ssize_t got = read(STDIN_FILENO, chunk, sizeof(chunk));

	if (got > 0)
		buf_add(input, chunk, (size_t)got);
	while (input->len > 0 &&
	    (end = memchr(input->data, '\n', input->len)) != NULL) {
		size_t length = (size_t)(end - input->data) + 1;
		char *line = xstrndup(input->data, length);

		run(probe, line);
		free(line);
		buf_consume(input, length);
	}
	return got > 0;
}

int
main(int argc, char *argv[])
{
	struct probe *probe = xcalloc(1, sizeof *probe);
	struct buf input = { 0 };
	struct link *link, *next;
	bool more = true, lives = true;
	int status = 0;

	if (argc != 2)
		give_up("usage: probe_links PROGRAM");
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	TAILQ_INIT(&probe->links);
	start(probe, argv[1]);
	while (more && lives) {
		struct pollfd ready[] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = probe->link, .events = POLLIN } };

		if (poll(ready, 2, -1) == -1)
			give_up("poll");
		if (ready[1].revents != 0)
			lives = hear(probe);
		if (ready[0].revents != 0)
			more = commanded(probe, &input);
	}
	if (lives)
		(void)kill(probe->worker, SIGKILL);
	if (waitpid(probe->worker, &status, 0) == -1)
		give_up("waitpid");
	if (!lives && WIFSIGNALED(status))
		printf("killed by signal %d\n", WTERMSIG(status));
	else if (!lives)
		printf("exit status %d\n", WEXITSTATUS(status));
	TAILQ_FOREACH_SAFE(link, &probe->links, entry, next)
		link_free(probe, link);
	buf_free(&input);
	free(probe);
	return 0;
}
