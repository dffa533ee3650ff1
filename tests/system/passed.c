/*
 * passed - what a program gets if more comes with an answer than it asked for
 */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include <libspool.h>

static int
open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (directory != NULL && readdir(directory) != NULL)
		count++;
	if (directory != NULL)
		(void)closedir(directory);
	return count;
}

static void
ask(struct libspool *spool, const char *reason)
{
	struct libspool_error error = { .code = "" };
	struct libspool_result *result;
	int fd = -1, before;

	before = open_files();
	result = libspool_payload(spool, "id", "name.json", reason, &fd,
	    &error);
	if (fd != -1)
		(void)close(fd);
	(void)printf("%s: %s, ", reason, result != NULL ? "given" :
	    error.code);
	libspool_free(&result);
	(void)libspool_connect(spool, &error);
	(void)printf("%d more\n", open_files() - before);
}

int
main(void)
{
	static const char *const reasons[] = { "1", "2", "3", "nonsense",
		"1" };
	struct libspool_error error;
	struct libspool *spool = libspool_open(NULL, NULL, &error);

	(void)libspool_connect(spool, &error);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		ask(spool, reasons[i]);
	libspool_close(&spool);
	return 0;
}
