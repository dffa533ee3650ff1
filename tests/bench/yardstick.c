/*
 * yardstick - the least that delivering files can cost
 *
 *     yardstick DIRECTORY URL
 *
 * One process, one loop: a job is renamed from new/ to cur/, read, signed and
 * posted, 50 at once, and renamed to done/; one fsync(2) of done/ a turn.  No
 * journal, no receipt, no check of anything, no retry: what spoold takes longer
 * than this is the price of its promises.
 *
 * It begins at a line on its standard input, prints `done` when new/ is empty,
 * and ends with its input, so that what it used can be looked at before.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 50
#define JOB_MAX 4096
#define HEADER_SIZE 512
#define ID_SIZE 64
#define WAIT 1000		/* ms */

/* A request that is used again and again. */
struct slot {
	SLIST_ENTRY(slot) next;
	CURL *easy;			/* own */
	struct curl_slist *headers;	/* own */
	size_t length;
	char name[NAME_MAX + 1], body[JOB_MAX];
};

struct yardstick {
	int new, cur, done;
	DIR *waiting;			/* own; NULL once all is taken */
	CURLM *multi;			/* own */
	const char *url;
	struct slot slots[AT_ONCE];
	SLIST_HEAD(, slot) idle;
	int busy;
};

static int
directory_open(const char *parent, const char *name)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", parent, name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		err(1, "%s", path);
	return fd;
}

static void
header_add(struct slot *slot, const char *name, const char *value)
{
	char line[HEADER_SIZE];
	struct curl_slist *longer;

	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	longer = curl_slist_append(slot->headers, line);
	if (longer == NULL)
		errx(1, "no memory");
	slot->headers = longer;
}

/* As Standard Webhooks say: HMAC-SHA256 of `id.timestamp.body`. */
static void
slot_sign(struct slot *slot)
{
	static const char key[] = "0123456789abcdef0123456789abcdef";
	char text[JOB_MAX + HEADER_SIZE], id[ID_SIZE], stamp[32];
	char signature[128] = "v1,";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	int head;

	(void)snprintf(id, sizeof(id), "%.*s",
	    (int)strcspn(slot->name, "."), slot->name);
	(void)snprintf(stamp, sizeof(stamp), "%lld", (long long)time(NULL));
	head = snprintf(text, HEADER_SIZE, "%s.%s.", id, stamp);
	memcpy(text + head, slot->body, slot->length);
	if (HMAC(EVP_sha256(), key, sizeof(key) - 1, (unsigned char *)text,
	    (size_t)head + slot->length, mac, &length) == NULL)
		errx(1, "HMAC");
	(void)EVP_EncodeBlock((unsigned char *)signature + 3, mac,
	    (int)length);
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
	header_add(slot, "Content-Type", "application/json");
	header_add(slot, "webhook-id", id);
	header_add(slot, "webhook-timestamp", stamp);
	header_add(slot, "webhook-signature", signature);
}

static void
slot_set(const struct slot *slot, CURLcode code)
{
	if (code != CURLE_OK)
		errx(1, "%s: %s", slot->name, curl_easy_strerror(code));
}

static void
slot_post(struct yardstick *yardstick, struct slot *slot)
{
	CURL *easy = slot->easy;

	slot_sign(slot);
	slot_set(slot, curl_easy_setopt(easy, CURLOPT_URL, yardstick->url));
	slot_set(slot, curl_easy_setopt(easy, CURLOPT_PRIVATE, slot));
	slot_set(slot, curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
	    slot->body));
	slot_set(slot, curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
	    (long)slot->length));
	slot_set(slot, curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
	    slot->headers));
	if (curl_multi_add_handle(yardstick->multi, easy) != CURLM_OK)
		errx(1, "curl_multi_add_handle");
	yardstick->busy++;
}

static void
slot_claim(const struct yardstick *yardstick, struct slot *slot,
    const char *name)
{
	ssize_t got;
	int fd;

	if (strlcpy(slot->name, name, sizeof(slot->name)) >=
	    sizeof(slot->name))
		errx(1, "%s: too long", name);
	if (renameat(yardstick->new, name, yardstick->cur, name) == -1)
		err(1, "claim %s", name);
	fd = openat(yardstick->cur, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		err(1, "open %s", name);
	got = read(fd, slot->body, sizeof(slot->body));
	if (got == -1)
		err(1, "read %s", name);
	slot->length = (size_t)got;
	close(fd);
}

/* The next job's name, or NULL if there is no more. */
static const char *
next_job(struct yardstick *yardstick)
{
	struct dirent *entry;

	while (yardstick->waiting != NULL) {
		entry = readdir(yardstick->waiting);
		if (entry == NULL) {
			(void)closedir(yardstick->waiting);
			yardstick->waiting = NULL;
		} else if (entry->d_name[0] != '.')
			return entry->d_name;
	}
	return NULL;
}

static void
fill(struct yardstick *yardstick)
{
	struct slot *slot;
	const char *name;

	while ((slot = SLIST_FIRST(&yardstick->idle)) != NULL &&
	    (name = next_job(yardstick)) != NULL) {
		SLIST_REMOVE_HEAD(&yardstick->idle, next);
		slot_claim(yardstick, slot, name);
		slot_post(yardstick, slot);
	}
}

static void
finish(struct yardstick *yardstick, const CURLMsg *message)
{
	struct slot *slot = NULL;
	long status = 0;

	slot_set(slot, curl_easy_getinfo(message->easy_handle,
	    CURLINFO_PRIVATE, &slot));
	slot_set(slot, message->data.result);
	slot_set(slot, curl_easy_getinfo(message->easy_handle,
	    CURLINFO_RESPONSE_CODE, &status));
	if (status != 200)
		errx(1, "%s: status %ld", slot->name, status);
	if (curl_multi_remove_handle(yardstick->multi, slot->easy) !=
	    CURLM_OK)
		errx(1, "curl_multi_remove_handle");
	if (renameat(yardstick->cur, slot->name, yardstick->done,
	    slot->name) == -1)
		err(1, "finish %s", slot->name);
	yardstick->busy--;
	SLIST_INSERT_HEAD(&yardstick->idle, slot, next);
}

/* What has been answered, made durable together. */
static void
collect(struct yardstick *yardstick)
{
	CURLMsg *message;
	int left, finished = 0;

	while ((message = curl_multi_info_read(yardstick->multi, &left)) !=
	    NULL) {
		finish(yardstick, message);
		finished++;
	}
	if (finished > 0 && fsync(yardstick->done) == -1)
		err(1, "sync done/");
}

static void
turn(struct yardstick *yardstick)
{
	int running;

	fill(yardstick);
	if (curl_multi_perform(yardstick->multi, &running) != CURLM_OK)
		errx(1, "curl_multi_perform");
	collect(yardstick);
	if (running > 0 && curl_multi_poll(yardstick->multi, NULL, 0, WAIT,
	    NULL) != CURLM_OK)
		errx(1, "curl_multi_poll");
}

static size_t
discard(const char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	(void)data;
	return size * count;
}

static void
yardstick_open(struct yardstick *yardstick, const char *directory)
{
	yardstick->new = directory_open(directory, "new");
	yardstick->cur = directory_open(directory, "cur");
	yardstick->done = directory_open(directory, "done");
	yardstick->waiting = fdopendir(yardstick->new);
	if (yardstick->waiting == NULL)
		err(1, "%s/new", directory);
	yardstick->multi = curl_multi_init();
	if (yardstick->multi == NULL)
		errx(1, "curl_multi_init");
	SLIST_INIT(&yardstick->idle);
	for (size_t i = 0; i < AT_ONCE; i++) {
		struct slot *slot = &yardstick->slots[i];

		slot->easy = curl_easy_init();
		if (slot->easy == NULL)
			errx(1, "curl_easy_init");
		slot_set(slot, curl_easy_setopt(slot->easy,
		    CURLOPT_WRITEFUNCTION, discard));
		SLIST_INSERT_HEAD(&yardstick->idle, slot, next);
	}
}

static void
yardstick_close(struct yardstick *yardstick)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		curl_easy_cleanup(yardstick->slots[i].easy);
		curl_slist_free_all(yardstick->slots[i].headers);
	}
	(void)curl_multi_cleanup(yardstick->multi);
	close(yardstick->cur);
	close(yardstick->done);
}

int
main(int argc, char *argv[])
{
	static struct yardstick yardstick;
	int c;

	if (argc != 3)
		errx(64, "usage: yardstick DIRECTORY URL");
	yardstick.url = argv[2];
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		errx(1, "curl_global_init");
	yardstick_open(&yardstick, argv[1]);
	while ((c = getchar()) != '\n' && c != EOF)
		continue;
	do
		turn(&yardstick);
	while (yardstick.waiting != NULL || yardstick.busy > 0);
	puts("done");
	if (fflush(stdout) == EOF)
		err(1, "standard output");
	while (getchar() != EOF)
		continue;
	yardstick_close(&yardstick);
	curl_global_cleanup();
	return 0;
}
