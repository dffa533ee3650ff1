/*
 * worker_process - a worker as the kernel sees it
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/probe.h"
#include "tests/unit/worker.h"

/* Every place of a mapping that has the text. */
static int
find_in(int memory, unsigned long from, unsigned long to, const char *text)
{
	size_t	 length = strlen(text);
	char	*bytes = xmalloc(to - from), *p = bytes, *end;
	ssize_t	 got = pread(memory, bytes, to - from, (off_t)from);
	int	 found = 0;

	end = bytes + (got > 0 ? got : 0);
	while ((p = memmem(p, (size_t)(end - p), text, length)) != NULL) {
		found++;
		p++;
	}
	free(bytes);
	return found;
}

int
process_find(pid_t pid, const char *text)
{
	char		*path = xasprintf("/proc/%d/maps", (int)pid);
	FILE		*maps = fopen(path, "r");
	char		 line[512], *end;
	unsigned long	 from, to;
	int		 memory, found = 0;

	free(path);
	path = xasprintf("/proc/%d/mem", (int)pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (maps == NULL || memory == -1)
		printf("find: %s\n", strerror(errno));
	while (maps != NULL && memory != -1 && fgets(line, sizeof line, maps) != NULL) {
		/* 7f00-7f01 rw-p … */
		from = strtoul(line, &end, 16);
		to = strtoul(end + 1, &end, 16);
		if (end[1] == 'r' && end[2] == 'w')
			found += find_in(memory, from, to, text);
	}
	if (maps != NULL)
		(void)fclose(maps);
	if (memory != -1)
		(void)close(memory);
	return found;
}

/* A line of the worker's /proc/PID/status, without its name; "" if none. */
static void
process_status(pid_t pid, const char *name, char value[256])
{
	char	*path = xasprintf("/proc/%d/status", (int)pid);
	size_t	 length = strlen(name);
	FILE	*status = fopen(path, "r");

	while (status != NULL && fgets(value, 256, status) != NULL)
		if (strncmp(value, name, length) == 0 && value[length] == ':') {
			value[strcspn(value, "\n")] = '\0';
			memmove(value, value + length + 2,
			    strlen(value + length + 1));
			(void)fclose(status);
			free(path);
			return;
		}
	value[0] = '\0';
	if (status != NULL)
		(void)fclose(status);
	free(path);
}

void
process_memory(pid_t pid, long most)
{
	long	 peak;
	char	 value[256];

	process_status(pid, "VmHWM", value);
	peak = strtol(value, NULL, 10);
	if (peak > 0 && peak <= most)
		printf("memory: within %ld KiB\n", most);
	else
		printf("memory: %ld KiB\n", peak);
}

void
process_print(pid_t pid, const char *name)
{
	char	 value[256];

	process_status(pid, name, value);
	printf("%s: %s\n", name, value);
}
