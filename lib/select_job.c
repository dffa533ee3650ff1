/*
 * select_job - the one job that an id or prefix names
 *
 * A job shows in jobs/ once it is accepted, in failed/ where it was refused,
 * and, should its file be gone, in its tickets.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/select.h"

struct select_one {
	const char	*word;
	struct id	 id;
	bool		 found;
	size_t		 near;		/* characters that the nearest shares */
	char		 nearest[ID_LENGTH + 1];	/* "": none */
};

/* What begins most like the word, for who mistyped it. */
static void
one_nearest(struct select_one *one, const char *text)
{
	size_t same = 0;

	while (same < ID_LENGTH && one->word[same] != '\0' &&
	    toupper((unsigned char)one->word[same]) == text[same])
		same++;
	if (same <= one->near || same < SELECT_PREFIX_MIN)
		return;
	one->near = same;
	(void)snprintf(one->nearest, sizeof(one->nearest), "%s", text);
}

/* Takes a candidate.  Returns 0, or -1 with *why if it is a second one. */
static int
one_offer(struct select_one *one, const char *text, struct why *why)
{
	char first[ID_LENGTH + 1], second[ID_LENGTH + 1];
	struct id id;

	if (id_parse(text, &id) == -1)
		return 0;
	one_nearest(one, text);
	if (strncasecmp(text, one->word, strlen(one->word)) != 0)
		return 0;
	if (one->found && id_compare(&one->id, &id) != 0) {
		id_format(&one->id, first);
		id_format(&id, second);
		return why_set(why, ERROR_USAGE, "\"%s\" could be %s or %s",
		    one->word, first, second);
	}
	one->id = id;
	one->found = true;
	return 0;
}

/* The place of the id in `<id>.json` or `<stem>.<id>.json`, or NULL. */
static const char *
name_id(const char *name)
{
	size_t length = strlen(name), end = strlen(".json");

	if (length < ID_LENGTH + end ||
	    strcmp(name + length - end, ".json") != 0)
		return NULL;
	return name + length - end - ID_LENGTH;
}

static int
queue_offer(const struct spool *spool, enum queue queue,
    struct select_one *one, struct why *why)
{
	struct spool_list *list = spool_list(spool, queue, why);
	const char *name, *day, *id;
	struct ticket ticket;
	int done = 0;

	if (list == NULL)
		return -1;
	while (done == 0 && (name = spool_list_next(list, &day)) != NULL) {
		id = ticket_parse(name, &ticket) == 0 ? name : name_id(name);
		if (id != NULL)
			done = one_offer(one, id, why);
	}
	spool_list_free(&list);
	return done;
}

int
select_job(const struct spool *spool, const char *word, struct id *id,
    struct why *why)
{
	static const enum queue queues[] = { QUEUE_jobs, QUEUE_cur,
		QUEUE_retry, QUEUE_hold, QUEUE_failed, QUEUE_done };
	struct select_one one = { .word = word };
	size_t i;

	if (strlen(word) < SELECT_PREFIX_MIN || strlen(word) > ID_LENGTH)
		return why_set(why, ERROR_USAGE,
		    "\"%s\" is no id, nor 8 or more characters of one", word);
	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		if (queue_offer(spool, queues[i], &one, why) == -1)
			return -1;
	if (!one.found) {
		(void)why_set(why, ERROR_DELIVERY_NOT_FOUND,
		    "no job is named \"%s\"%s%s", word,
		    one.nearest[0] == '\0' ? "" : "; the nearest is ",
		    one.nearest);
		memcpy(why->id, one.nearest, sizeof(one.nearest));
		return -1;
	}
	*id = one.id;
	return 0;
}
