/*
 * probe_spool - drives spool-layout/layout and lib/spool
 *
 * layout DIR ORG		creates the directories
 * check DIR ORG [fix]		prints differences, then how many remain
 * filesystem DIR
 * lock SPOOL JOURNAL		prints `locked`, holds it until its input ends
 * DIR ORG VERB ...		one of the verbs below, on the opened spool
 *
 * What a file is to hold comes from standard input.  Prints the answer, 1 or
 * 0, and exits with 0 for 1, 2 for 0, 1 if something is refused.
 */
#include "tests/unit/probe.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "lib/spool.h"

static int
answer(int result, const struct why *why)
{
	if (result == -1) {
		probe_print_why(why);
		return 1;
	}
	printf("%d\n", result);
	return result == 1 ? 0 : 2;
}

static int
open_directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
found(void *arg, const char *words)
{
	(void)arg;
	printf("%s\n", words);
}

/* Those of USER:OWN:SUBMITTERS in $OWNERS, by their numbers. */
static struct layout_owners
owners_read(void)
{
	struct layout_owners owners = { .shared = false };
	const char *text = getenv("OWNERS");
	char *rest = NULL;

	if (text == NULL)
		return owners;
	owners.shared = true;
	owners.user = (uid_t)strtoul(text, &rest, 10);
	owners.own = (gid_t)strtoul(rest + 1, &rest, 10);
	owners.submitters = (gid_t)strtoul(rest + 1, &rest, 10);
	return owners;
}

static int
probe_layout(char **argv)
{
	struct layout_owners owners = owners_read();
	struct why why;
	int dir = open_directory(argv[0]);
	int result = layout_create(dir, argv[1], &owners, &why);

	close(dir);
	return answer(result == 0 ? 1 : -1, &why);
}

static int
probe_check(char **argv, bool fix)
{
	struct layout_owners owners = owners_read();
	struct why why;
	int dir = open_directory(argv[0]);
	int result = layout_check(dir, argv[1], &owners, fix, found,
	    NULL, &why);

	close(dir);
	if (result == -1)
		return answer(-1, &why);
	printf("%d remain\n", result);
	return 0;
}

static int
probe_clear(char **argv)
{
	struct why why;
	int dir = open_directory(argv[0]);
	int result = layout_remove(dir, argv[1], &why);

	close(dir);
	if (result == 0)
		printf("%s\n", why.text);
	return answer(result, &why);
}

static int
probe_filesystem(const char *path)
{
	struct why why;
	int dir = open_directory(path);
	int result = layout_file_system(dir, &why);

	close(dir);
	return answer(result, &why);
}

static int
probe_lock(char **argv)
{
	struct why why;
	int lock = spool_lock(argv[0], argv[1], &why);

	if (lock == -1)
		return answer(-1, &why);
	printf("locked\n");
	(void)fflush(stdout);
	while (getchar() != EOF)
		continue;
	close(lock);
	printf("released\n");
	(void)fflush(stdout);
	(void)sleep(1);		/* the process is not what releases it */
	return 0;
}

/* --- verbs --------------------------------------------------------------- */

struct call {
	struct spool	*sp;
	enum queue	 queue;		/* the first argument */
	char		**argv;		/* from the name on */
};

static int
call_stat(const struct call *call, struct why *why)
{
	struct statx st;
	int result = spool_stat(call->sp, call->queue, call->argv[0], &st,
	    why);

	if (result == 1)
		printf("%s size=%llu due=%lld born=%s\n",
		    S_ISREG(st.stx_mode) ? "file" : S_ISLNK(st.stx_mode) ?
		    "link" : S_ISDIR(st.stx_mode) ? "directory" : "other",
		    (unsigned long long)st.stx_size,
		    (long long)st.stx_mtime.tv_sec * 1000 +
		    st.stx_mtime.tv_nsec / 1000000,
		    (st.stx_mask & STATX_BTIME) != 0 ? "known" : "unknown");
	return result;
}

static int
call_open(const struct call *call, struct why *why)
{
	int fd = spool_open_file(call->sp, call->queue, call->argv[0], why);
	char chunk[4096];
	ssize_t got;

	if (fd == -1)
		return -1;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		(void)fwrite(chunk, 1, (size_t)got, stdout);
	close(fd);
	return 1;
}

static int
call_move(const struct call *call, struct why *why)
{
	return spool_move(call->sp, call->queue, call->argv[0],
	    (enum queue)queue_by_name(call->argv[1]), call->argv[2], why);
}

static int
call_done(const struct call *call, struct why *why)
{
	int result = 1;

	for (char **argv = call->argv; result == 1 && argv[0] != NULL;
	    argv += 3)
		result = spool_move_done(call->sp, call->queue, argv[0],
		    argv[1], probe_number(argv[2]), why);
	return result;
}

typedef int	 write_call(const struct spool *, enum queue, const char *,
		    const void *, size_t, struct why *);

static int
write_input(const struct call *call, write_call *write, struct why *why)
{
	size_t length;
	char *text = probe_read(&length);
	int result = write(call->sp, call->queue, call->argv[0], text, length,
	    why);

	free(text);
	return result;
}

static int
call_create(const struct call *call, struct why *why)
{
	return write_input(call, spool_create, why);
}

static int
call_replace(const struct call *call, struct why *why)
{
	return write_input(call, spool_replace, why);
}

static int
call_append(const struct call *call, struct why *why)
{
	return write_input(call, spool_append, why);
}

static int
call_due(const struct call *call, struct why *why)
{
	return spool_set_due(call->sp, call->queue, call->argv[0],
	    probe_number(call->argv[1]), why);
}

static int
call_remove(const struct call *call, struct why *why)
{
	return spool_remove(call->sp, call->queue, call->argv[0], why);
}

static int
call_read(const struct call *call, struct why *why)
{
	struct ticket_file file;
	int result = spool_read_ticket(call->sp, call->queue, call->argv[0],
	    &file, why);

	if (result == 1) {
		printf("%s lines=%zu\n", file.facts.name, file.line_count);
		ticket_file_free(&file);
	}
	return result;
}

static int
call_list(const struct call *call, struct why *why)
{
	struct spool_list *list = spool_list(call->sp, call->queue, why);
	const char *name, *day;

	if (list == NULL)
		return -1;
	while ((name = spool_list_next(list, &day)) != NULL)
		printf("%s%s%s\n", day, *day != '\0' ? "/" : "", name);
	if (spool_list_failed(list))
		printf("failed\n");
	spool_list_free(&list);
	return 1;
}

/* Two walks at once, one beginning in the middle of the other. */
static int
call_list_twice(const struct call *call, struct why *why)
{
	struct spool_list *a = spool_list(call->sp, call->queue, why);
	struct spool_list *b = spool_list(call->sp, call->queue, why);
	int first = 0, second = 0;

	while (spool_list_next(a, NULL) != NULL) {
		first++;
		if (first % 2 == 0 && spool_list_next(b, NULL) != NULL)
			second++;
	}
	while (spool_list_next(b, NULL) != NULL)
		second++;
	spool_list_free(&a);
	spool_list_free(&b);
	printf("%d and %d\n", first, second);
	return 1;
}

static const struct {
	const char	*verb;
	int		(*call)(const struct call *, struct why *);
	int		 arguments;	/* at least, with the queue */
} verbs[] = {
	{ "stat", call_stat, 2 }, { "open", call_open, 2 },
	{ "move", call_move, 4 }, { "done", call_done, 4 },
	{ "create", call_create, 2 }, { "replace", call_replace, 2 },
	{ "append", call_append, 2 }, { "due", call_due, 3 },
	{ "remove", call_remove, 2 }, { "read", call_read, 2 },
	{ "list", call_list, 1 }, { "list-twice", call_list_twice, 1 },
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

static int
probe_verb(int argc, char **argv)
{
	struct call call = { .argv = argv + 4 };
	struct why why;
	size_t i = 0;
	int result;

	while (i < VERBS && strcmp(verbs[i].verb, argv[2]) != 0)
		i++;
	if (i == VERBS || argc < 3 + verbs[i].arguments ||
	    queue_by_name(argv[3]) == -1)
		return 64;
	call.queue = (enum queue)queue_by_name(argv[3]);
	call.sp = spool_open(argv[0], argv[1], &why);
	if (call.sp == NULL)
		return answer(-1, &why);
	result = verbs[i].call(&call, &why);
	spool_close(&call.sp);
	return answer(result, &why);
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "layout") == 0 && argc == 4)
		return probe_layout(argv + 2);
	if (strcmp(verb, "check") == 0 && argc >= 4)
		return probe_check(argv + 2, argc == 5);
	if (strcmp(verb, "clear") == 0 && argc == 4)
		return probe_clear(argv + 2);
	if (strcmp(verb, "filesystem") == 0 && argc == 3)
		return probe_filesystem(argv[2]);
	if (strcmp(verb, "lock") == 0 && argc == 4)
		return probe_lock(argv + 2);
	return argc >= 5 ? probe_verb(argc - 1, argv + 1) : 64;
}
