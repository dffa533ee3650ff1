/*
 * s3_writer - the least that uploading by libcurl can cost
 *
 *     s3_writer URL DIRECTORY
 *
 * One process, one loop: every file of DIRECTORY is put to URL and its name,
 * 16 at once.  Nothing is signed, hashed or looked at: what spoold takes longer
 * than this is the price of those.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT_ONCE 16
#define BUFFER (1024L * 1024)	/* bytes that libcurl asks for at once */
#define WAIT 1000		/* ms */

struct slot {
	SLIST_ENTRY(slot) next;
	CURL *easy;		/* own */
	int fd;			/* own; -1: none */
};

struct writer {
	DIR *files;		/* own; NULL once all are taken */
	CURLM *multi;		/* own */
	struct curl_slist *headers;	/* own */
	const char *url;
	struct slot slots[AT_ONCE];
	SLIST_HEAD(, slot) idle;
};

static void
check(CURLcode code)
{
	if (code != CURLE_OK)
		errx(1, "%s", curl_easy_strerror(code));
}

static size_t
give(char *out, size_t size, size_t count, void *data)
{
	const struct slot *slot = data;
	ssize_t got = read(slot->fd, out, size * count);

	return got == -1 ? CURL_READFUNC_ABORT : (size_t)got;
}

static size_t
discard(const char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	(void)data;
	return size * count;
}

static void
slot_put(struct writer *writer, struct slot *slot, const char *name)
{
	char url[PATH_MAX];
	struct stat st;

	slot->fd = openat(dirfd(writer->files), name, O_RDONLY | O_CLOEXEC);
	if (slot->fd == -1 || fstat(slot->fd, &st) == -1)
		err(1, "%s", name);
	(void)snprintf(url, sizeof(url), "%s%s", writer->url, name);
	check(curl_easy_setopt(slot->easy, CURLOPT_URL, url));
	check(curl_easy_setopt(slot->easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)st.st_size));
	if (curl_multi_add_handle(writer->multi, slot->easy) != CURLM_OK)
		errx(1, "curl_multi_add_handle");
}

/* The next file's name, or NULL if there is no more. */
static const char *
next_file(struct writer *writer)
{
	struct dirent *entry;

	while (writer->files != NULL) {
		entry = readdir(writer->files);
		if (entry == NULL) {
			(void)closedir(writer->files);
			writer->files = NULL;
		} else if (entry->d_name[0] != '.')
			return entry->d_name;
	}
	return NULL;
}

static void
fill(struct writer *writer)
{
	struct slot *slot;
	const char *name;

	while ((slot = SLIST_FIRST(&writer->idle)) != NULL &&
	    (name = next_file(writer)) != NULL) {
		SLIST_REMOVE_HEAD(&writer->idle, next);
		slot_put(writer, slot, name);
	}
}

static void
finish(struct writer *writer, const CURLMsg *message)
{
	struct slot *slot = NULL;
	long status = 0;

	check(message->data.result);
	check(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
	    &slot));
	check(curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE,
	    &status));
	if (status != 200)
		errx(1, "status %ld", status);
	if (curl_multi_remove_handle(writer->multi, slot->easy) != CURLM_OK)
		errx(1, "curl_multi_remove_handle");
	(void)close(slot->fd);
	SLIST_INSERT_HEAD(&writer->idle, slot, next);
}

static void
slot_open(struct writer *writer, struct slot *slot)
{
	slot->easy = curl_easy_init();
	if (slot->easy == NULL)
		errx(1, "curl_easy_init");
	check(curl_easy_setopt(slot->easy, CURLOPT_UPLOAD, 1L));
	check(curl_easy_setopt(slot->easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER));
	check(curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER,
	    writer->headers));
	check(curl_easy_setopt(slot->easy, CURLOPT_READFUNCTION, give));
	check(curl_easy_setopt(slot->easy, CURLOPT_READDATA, slot));
	check(curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, discard));
	check(curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, slot));
	SLIST_INSERT_HEAD(&writer->idle, slot, next);
}

static void
run(struct writer *writer)
{
	CURLMsg *message;
	int running, left;

	do {
		fill(writer);
		if (curl_multi_perform(writer->multi, &running) != CURLM_OK)
			errx(1, "curl_multi_perform");
		while ((message = curl_multi_info_read(writer->multi,
		    &left)) != NULL)
			finish(writer, message);
		if (running > 0 && curl_multi_poll(writer->multi, NULL, 0,
		    WAIT, NULL) != CURLM_OK)
			errx(1, "curl_multi_poll");
	} while (running > 0 || writer->files != NULL);
}

int
main(int argc, char *argv[])
{
	static struct writer writer;

	if (argc != 3)
		errx(64, "usage: s3_writer URL DIRECTORY");
	writer.url = argv[1];
	writer.files = opendir(argv[2]);
	if (writer.files == NULL)
		err(1, "%s", argv[2]);
	check(curl_global_init(CURL_GLOBAL_DEFAULT));
	writer.multi = curl_multi_init();
	writer.headers = curl_slist_append(NULL, "Expect:");
	if (writer.multi == NULL || writer.headers == NULL)
		errx(1, "no memory");
	SLIST_INIT(&writer.idle);
	for (size_t i = 0; i < AT_ONCE; i++)
		slot_open(&writer, &writer.slots[i]);
	run(&writer);
	for (size_t i = 0; i < AT_ONCE; i++)
		curl_easy_cleanup(writer.slots[i].easy);
	curl_slist_free_all(writer.headers);
	(void)curl_multi_cleanup(writer.multi);
	curl_global_cleanup();
	return 0;
}
