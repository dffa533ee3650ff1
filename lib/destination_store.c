/*
 * destination_store - the files of an organization's destinations
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/destination_store.h"
#include "lib/xalloc.h"

static struct destination *
read_file(int dir, const char *organization, const char *name,
    struct why *why)
{
	struct destination *destination;
	struct buf text = { .max = DESTINATION_FILE_MAX };
	char chunk[4096];
	ssize_t got;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1) {
		(void)why_errno(why, "open destination %s", name);
		return NULL;
	}
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)got);
	if (got == -1)
		(void)why_errno(why, "read destination %s", name);
	close(fd);
	destination = got == 0 && text.len > 0 && !text.overflow ?
	    destination_read(text.data, text.len, why) : NULL;
	buf_free(&text);
	if (got == 0 && destination == NULL)
		(void)why_set(why, ERROR_CONFIG_ERROR,
		    "destination %s of %s cannot be read", name,
		    organization);
	return destination;
}

/* Hidden ones are being written. */
static bool
is_destination(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot != NULL && strcmp(dot, ".json") == 0;
}

static int
each_file(DIR *dir, const char *organization, destination_seen *seen,
    void *arg, struct why *why)
{
	struct destination_file file = { .organization = organization,
	    .dir = dirfd(dir) };
	struct dirent *entry;
	int result = 0;

	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		if (!is_destination(entry->d_name))
			continue;
		file.name = entry->d_name;
		file.destination = read_file(file.dir, organization,
		    file.name, why);
		result = seen(arg, &file, why);
	}
	if (result == 0 && errno != 0)
		result = why_errno(why, "read the destinations of %s",
		    organization);
	return result;
}

int
destinations_each(const char *state_directory, const char *organization,
    destination_seen *seen, void *arg, struct why *why)
{
	char *path = xasprintf("%s/%s/destinations", state_directory,
	    organization);
	DIR *dir = opendir(path);
	int result;

	if (dir == NULL) {
		result = why_open(why, path, DESTINATIONS_MISSING);
	} else {
		result = each_file(dir, organization, seen, arg, why);
		closedir(dir);
	}
	free(path);
	return result;
}
