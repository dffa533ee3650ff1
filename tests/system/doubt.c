/*
 * doubt - a program for which new/ cannot be synced drops a job
 *
 *     doubt DESTINATION [FROM TO]
 *
 * Between the drop and the sync that fails FROM becomes TO, as if spoold took
 * it.  Prints what the error says of the drop.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libspool.h>

static const char *from, *to;

/* In place of the C library's, for libspool as well. */
int
fsync(int fd)
{
	char link[64], path[4096];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length < 0 ? 0 : length] = '\0';
	if (length < 4 || strcmp(path + length - 4, "/new") != 0)
		return fdatasync(fd);
	if (from != NULL && rename(from, to) == -1)
		perror(from);
	errno = EIO;
	return -1;
}

int
main(int argc, char **argv)
{
	struct libspool_error error = { .code = "" };
	struct libspool *spool = libspool_open(NULL, NULL, &error);
	char json[256];
	struct libspool_job job = { .json = json, .name = "doubtful" };
	int done;

	(void)snprintf(json, sizeof(json), "{\"destinations\":[\"%s\"],"
	    "\"payload\":{\"type\":\"data\",\"data\":1}}", argv[1]);
	if (argc > 3) {
		from = argv[2];
		to = argv[3];
	}
	done = libspool_drop(spool, &job, NULL, NULL, &error);
	(void)printf("%d %s '%s' '%s'\n", done, error.code,
	    error.delivery_id[0] == '\0' ? "" : "id", error.name);
	libspool_close(&spool);
	return 0;
}
