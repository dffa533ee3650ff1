/*
 * select - what a person names, as tickets
 *
 * One walk over the queues serves all words: of each name the first 8
 * characters decide whether any word can mean it, so what is kept is about
 * what was asked for, however much is waiting.  A ticket moves while we look:
 * seen twice, its last place counts; not seen, everything is walked again
 * before it is said not to exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/select.h"
#include "lib/show.h"
#include "lib/xalloc.h"

#define SELECT_WALKS 3

struct select_word {
	char	*text;		/* own; as it was given */
	char	 prefix[ID_LENGTH + 1];	/* upper case; "" with `all` */
	size_t	 length;	/* of the prefix */
	char	 destination[DESTINATION_ID_MAX + 1];	/* "": any */
	bool	 all;
};

struct select {
	const struct spool	*spool;
	unsigned		 named;
	unsigned		 all;
	struct select_word	*words;		/* own; by prefix */
	size_t			 count;
	struct selection	 found;
	size_t			 room;		/* of found.items */
	bool			 shown;		/* how far it is */
	struct show_progress	 progress;
	int64_t			 seen;
};

/* Reads the prefix of an id.  Returns 0, or -1 if it cannot be one. */
static int
prefix_read(const char *text, size_t length, struct select_word *word)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	size_t i;

	if (length < SELECT_PREFIX_MIN || length > ID_LENGTH)
		return -1;
	for (i = 0; i < length; i++) {
		char c = text[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c == '\0' || strchr(digits, c) == NULL)
			return -1;
		word->prefix[i] = c;
	}
	word->length = length;
	return 0;
}

static int
word_read(const char *text, struct select_word *word, struct why *why)
{
	const char *end;
	size_t length;

	*word = (struct select_word) { .length = 0 };
	if (strcmp(text, "ALL") == 0) {
		word->all = true;
		return 0;
	}
	end = strchr(text, ':');
	if (end != NULL && strcmp(end, ":ALL") == 0 &&
	    (size_t)(end - text) <= DESTINATION_ID_MAX) {
		memcpy(word->destination, text, (size_t)(end - text));
		word->all = true;
		if (destination_id_valid(word->destination))
			return 0;
	}
	end = strchr(text, '.');
	length = end == NULL ? strlen(text) : (size_t)(end - text);
	if (prefix_read(text, length, word) == -1 ||
	    (end != NULL && !destination_id_valid(end + 1)))
		return why_set(why, ERROR_USAGE,
		    "\"%s\" is no id, nor 8 or more characters of one, nor "
		    "ID.DEST, DEST:ALL or ALL", text);
	if (end != NULL)
		(void)snprintf(word->destination, sizeof(word->destination),
		    "%s", end + 1);
	return 0;
}

static int
word_add(struct select *select, const char *text, struct why *why)
{
	struct select_word word;

	if (word_read(text, &word, why) == -1)
		return -1;
	word.text = xstrdup(text);
	select->words = xreallocarray(select->words, select->count + 1,
	    sizeof(*select->words));
	select->words[select->count++] = word;
	return 0;
}

static int
words_from_stdin(struct select *select, struct why *why)
{
	static const char space[] = " \t\r\n";
	char *line = NULL, *word, *rest;
	size_t size = 0;
	int done = 0;

	while (done == 0 && getline(&line, &size, stdin) != -1)
		for (word = strtok_r(line, space, &rest);
		    done == 0 && word != NULL;
		    word = strtok_r(NULL, space, &rest))
			done = word_add(select, word, why);
	if (done == 0 && ferror(stdin) != 0)
		done = why_errno(why, "read standard input");
	free(line);
	return done;
}

static int
word_compare(const void *a, const void *b)
{
	const struct select_word *left = a, *right = b;

	return strcmp(left->prefix, right->prefix);
}

static int
words_read(struct select *select, const char *const *words, size_t count,
    struct why *why)
{
	size_t i;

	for (i = 0; i < count; i++)
		if ((strcmp(words[i], "-") == 0
			? words_from_stdin(select, why)
			: word_add(select, words[i], why)) == -1)
			return -1;
	if (select->count > 1)
		qsort(select->words, select->count, sizeof(*select->words),
		    word_compare);
	return 0;
}

static int
prefix_compare(const void *key, const void *item)
{
	const struct select_word *word = item;

	return strncmp(key, word->prefix, SELECT_PREFIX_MIN);
}

static bool
word_is_of(const struct select_word *word, const struct selected *item)
{
	char id[ID_LENGTH + 1];

	id_format(&item->ticket.id, id);
	return strncmp(word->prefix, id, word->length) == 0;
}

static bool
word_wants(const struct select_word *word, const struct select *select,
    const struct selected *item)
{
	unsigned queues = word->all ? select->all : select->named;

	return (queues & 1u << item->queue) != 0 &&
	    (word->destination[0] == '\0' ||
	    strcmp(word->destination, item->ticket.destination) == 0);
}

/* Words with `all` have an empty prefix and are the first. */
static bool
name_may_be_wanted(const struct select *select, const char *name,
    enum queue queue)
{
	size_t i;

	for (i = 0; i < select->count && select->words[i].all; i++)
		if ((select->all & 1u << queue) != 0 &&
		    (select->words[i].destination[0] == '\0' ||
		    strstr(name, select->words[i].destination) != NULL))
			return true;
	return (select->named & 1u << queue) != 0 && select->count > 0 &&
	    bsearch(name, select->words, select->count,
	    sizeof(*select->words), prefix_compare) != NULL;
}

static void
found_add(struct select *select, const struct ticket *ticket, enum queue queue,
    const char *day, const char *name)
{
	struct selection *found = &select->found;

	if (found->count == select->room) {
		select->room = select->room == 0 ? 64 : select->room * 2;
		found->items = xreallocarray(found->items, select->room,
		    sizeof(*found->items));
	}
	found->items[found->count++] = (struct selected) { *ticket, queue,
		day[0] == '\0' ? xstrdup(name)
		    : xasprintf("%s/%s", day, name) };
}

static int
queue_walk(struct select *select, enum queue queue, struct why *why)
{
	struct spool_list *list = spool_list(select->spool, queue, why);
	const char *name, *day;
	struct ticket ticket;

	if (list == NULL)
		return -1;
	while ((name = spool_list_next(list, &day)) != NULL) {
		if (select->shown)
			show_progress(&select->progress, "reading the queue",
			    ++select->seen);
		if (name_may_be_wanted(select, name, queue) &&
		    ticket_parse(name, &ticket) == 0)
			found_add(select, &ticket, queue, day, name);
	}
	spool_list_free(&list);
	return 0;
}

/* The job's id, then the destination. */
static int
ticket_compare(const struct selected *left, const struct selected *right)
{
	int order = id_compare(&left->ticket.id, &right->ticket.id);

	return order != 0 ? order
	    : strcmp(left->ticket.destination, right->ticket.destination);
}

/* Of the same ticket the place where it was seen last comes first. */
static int
selected_compare(const void *a, const void *b)
{
	const struct selected *left = a, *right = b;
	int order = ticket_compare(left, right);

	return order != 0 ? order : (int)right->queue - (int)left->queue;
}

/* Sorts, and keeps one place of each: queues are walked in the enum's order. */
static void
found_sort(struct selection *found)
{
	size_t i, kept = 0;

	if (found->count > 1)
		qsort(found->items, found->count, sizeof(*found->items),
		    selected_compare);
	for (i = 0; i < found->count; i++)
		if (kept > 0 && ticket_compare(&found->items[kept - 1],
		    &found->items[i]) == 0)
			free(found->items[i].name);
		else
			found->items[kept++] = found->items[i];
	found->count = kept;
}

static int
queues_walk(struct select *select, struct why *why)
{
	unsigned queues = select->named | select->all;
	int queue, done = 0;

	selection_free(&select->found);
	select->room = 0;
	for (queue = 0; queue < QUEUES && done == 0; queue++)
		if ((queues & 1u << queue) != 0)
			done = queue_walk(select, (enum queue)queue, why);
	show_progress_end(&select->progress);
	found_sort(&select->found);
	return done;
}

/* The first item whose id is not before the word's prefix. */
static size_t
found_from(const struct selection *found, const struct select_word *word)
{
	size_t low = 0, high = found->count, middle;
	char id[ID_LENGTH + 1];

	while (low < high) {
		middle = low + (high - low) / 2;
		id_format(&found->items[middle].ticket.id, id);
		if (strncmp(id, word->prefix, word->length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
word_ambiguous(const struct select_word *word, const struct selected *first,
    const struct selected *second, struct why *why)
{
	char one[ID_LENGTH + 1], other[ID_LENGTH + 1];

	id_format(&first->ticket.id, one);
	id_format(&second->ticket.id, other);
	return why_set(why, ERROR_USAGE, "\"%s\" could be %s or %s",
	    word->text, one, other);
}

/*
 * Marks what the word means.  Returns 1, 0 if it names nothing, -1 with *why
 * if it means more than one job.
 */
static int
word_mark(const struct select *select, const struct select_word *word,
    bool *wanted, struct why *why)
{
	const struct selection *found = &select->found;
	const struct selected *first = NULL, *item;
	size_t i;

	for (i = found_from(found, word); i < found->count; i++) {
		item = &found->items[i];
		if (!word->all && !word_is_of(word, item))
			break;
		if (!word_wants(word, select, item))
			continue;
		if (first == NULL)
			first = item;
		if (!word->all && id_compare(&first->ticket.id,
		    &item->ticket.id) != 0)
			return word_ambiguous(word, first, item, why);
		wanted[i] = true;
	}
	return first != NULL || strcmp(word->text, "ALL") == 0;
}

static int
words_mark(const struct select *select, bool *wanted, struct why *why)
{
	size_t i;
	int marked;

	for (i = 0; i < select->count; i++) {
		marked = word_mark(select, &select->words[i], wanted, why);
		if (marked == 0)
			(void)why_set(why, ERROR_DELIVERY_NOT_FOUND,
			    "no ticket is named \"%s\"",
			    select->words[i].text);
		if (marked != 1)
			return marked;
	}
	return 1;
}

/* Keeps what is wanted of what was found. */
static void
found_filter(struct selection *found, const bool *wanted)
{
	size_t i, kept = 0;

	for (i = 0; i < found->count; i++)
		if (wanted[i])
			found->items[kept++] = found->items[i];
		else
			free(found->items[i].name);
	found->count = kept;
}

static void
select_end(struct select *select)
{
	size_t i;

	for (i = 0; i < select->count; i++)
		free(select->words[i].text);
	free(select->words);
	selection_free(&select->found);
}

/* Finds what its words name. */
static int
select_run(struct select *select, const char *const *words,
    size_t word_count, struct selection *selection, struct why *why)
{
	int marked = words_read(select, words, word_count, why), walk;
	bool *wanted = NULL;

	if (marked == 0)
		for (walk = 0; walk < SELECT_WALKS && marked == 0; walk++) {
			marked = queues_walk(select, why);
			if (marked == -1)
				break;
			free(wanted);
			wanted = xcalloc(select->found.count + 1,
			    sizeof(*wanted));
			marked = words_mark(select, wanted, why);
		}
	if (marked == 1) {
		found_filter(&select->found, wanted);
		*selection = select->found;
		select->found = (struct selection) { NULL, 0 };
	}
	free(wanted);
	select_end(select);
	return marked == 1 ? 0 : -1;
}

int
select_tickets(const struct spool *spool, const char *const *words,
    size_t word_count, unsigned named, unsigned all,
    struct selection *selection, struct why *why)
{
	struct select select = { .spool = spool, .named = named, .all = all,
		.shown = true };

	return select_run(&select, words, word_count, selection, why);
}

void
selection_free(struct selection *selection)
{
	size_t i;

	for (i = 0; i < selection->count; i++)
		free(selection->items[i].name);
	free(selection->items);
	*selection = (struct selection) { NULL, 0 };
}

int
select_all(const struct spool *spool, unsigned queues, bool shown,
    struct selection *selection, struct why *why)
{
	static const char *const all[] = { "ALL" };
	struct select select = { .spool = spool, .named = queues,
		.all = queues, .shown = shown };

	return select_run(&select, all, 1, selection, why);
}
