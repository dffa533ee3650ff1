/*
 * unseen - the alerts about download links that end without having been fetched
 *
 * What a link has been through stands in its file alone, so the files are read;
 * a hundred thousand of them take some minutes, in which nobody waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/published_file.h"
#include "lib/spool.h"
#include "lib/unseen.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/loop.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/unseen.h"

#define ROUND_EVERY (10 * 60 * 1000)	/* ms from end to beginning */
#define PIECE 2000		/* names a look */
#define LOAD 20			/* names that reading a file counts for */
#define AGAIN (60 * 60 * 1000)	/* ms between two words about one alert */
#define SOON 50			/* ms until a look that was cut short goes on */

struct unseen_look {
	int64_t		 next;		/* monotonic ms of the next round */
	struct organization *organization;	/* borrowed; NULL: none */
	struct spool_list *list;	/* own */
	struct unseen	 unseen;
	struct timer	 timer;
};

static void
unseen_fire(void *arg)
{
	unseen_check(arg);
}

struct unseen_look *
unseen_look_new(struct spoold *s)
{
	struct unseen_look *look = xcalloc(1, sizeof(*look));

	look->timer = (struct timer) { .fire = unseen_fire, .arg = s };
	return look;
}

void
unseen_look_free(struct unseen_look **look)
{
	if (*look == NULL)
		return;
	spool_list_free(&(*look)->list);
	free(*look);
	*look = NULL;
}

void
unseen_again(struct spoold *s)
{
	spool_list_free(&s->unseen->list);
	s->unseen->organization = NULL;
	s->unseen->next = 0;
}

/*
 * The next organization's links; at the end the round is over.  Of one whose
 * links cannot be listed nothing is known, so what was said of it stays.
 */
static void
begin(struct spoold *s, struct organization *org)
{
	struct unseen_look *look = s->unseen;
	struct why why;

	memset(&look->unseen, 0, sizeof(look->unseen));
	for (; org != NULL; org = TAILQ_NEXT(org, entry)) {
		look->list = spool_list(org->spool, QUEUE_jobs, &why);
		if (look->list != NULL)
			break;
		alerts_keep(s, ALERT_unseen, org->id, NULL);
	}
	look->organization = org;
	if (org != NULL)
		return;
	alerts_looked(s, ALERT_unseen);
	look->next = clock_monotonic() + ROUND_EVERY;
}

static void
look_at(struct spoold *s, const char *name)
{
	struct unseen_look *look = s->unseen;
	char reference[REFERENCE_SIZE];
	struct published_state state;
	struct published link;
	struct why why;

	(void)strlcpy(reference, name, sizeof(reference));
	if (published_load(look->organization->spool, reference, &link,
	    &state, &why) != 1)
		return;
	unseen_note(&look->unseen, &link, &state, clock_wall(),
	    s->conf->download_fetch_warning);
	published_free(&link);
}

/* The alert is active; of further links nobody would hear otherwise. */
static void
say_further(struct spoold *s)
{
	struct unseen_look *look = s->unseen;
	struct unseen_said *said = &look->organization->unseen_said;
	const struct unseen *now = &look->unseen;
	int64_t wall = clock_wall();

	if (said->at != 0 && now->soon <= said->soon &&
	    now->latest <= said->latest) {
		said->soon = now->soon;
		return;
	}
	if (said->at != 0) {
		if (wall >= said->at && wall - said->at < AGAIN)
			return;
		alerts_again(s, ALERT_unseen, look->organization->id, NULL);
	}
	*said = (struct unseen_said) { wall, now->latest, now->soon };
}

/* All of an organization's were looked at. */
static void
end(struct spoold *s)
{
	struct unseen_look *look = s->unseen;
	char time[CLOCK_TEXT], *when;
	struct buf words = { .max = 0 };

	if (spool_list_failed(look->list))
		alerts_keep(s, ALERT_unseen, look->organization->id, NULL);
	clock_format(look->unseen.ends, time);
	when = xasprintf("at %s", time);
	if (unseen_print(&look->unseen, s->conf->download_fetch_warning, when,
	    &words)) {
		alerts_found(s, ALERT_unseen, look->organization->id, NULL,
		    "download links of %s: %s", look->organization->id,
		    words.data);
		say_further(s);
	} else if (!spool_list_failed(look->list))
		memset(&look->organization->unseen_said, 0,
		    sizeof(look->organization->unseen_said));
	free(when);
	buf_free(&words);
	spool_list_free(&look->list);
	begin(s, TAILQ_NEXT(look->organization, entry));
}

void
unseen_check(struct spoold *s)
{
	struct unseen_look *look = s->unseen;
	const char *name, *day;
	int left = PIECE;

	if (s->offline || s->phase != PHASE_RUNNING ||
	    !commit_possible(s, NULL))
		return;
	if (look->organization == NULL) {
		if (clock_monotonic() < look->next)
			return;
		alerts_look(s, ALERT_unseen);
		begin(s, s->conf->download_fetch_warning == 0 ? NULL :
		    TAILQ_FIRST(&s->organizations));
	}
	for (; look->organization != NULL && left > 0; left--) {
		name = spool_list_next(look->list, &day);
		if (name == NULL) {
			end(s);
			continue;
		}
		if (!published_named(name))
			continue;
		look_at(s, name);
		left -= LOAD;
		if (loop_is_late(s->loop))
			break;
	}
	if (look->organization != NULL && left > 0)
		timer_set(s->loop, &look->timer, clock_monotonic() + SOON);
}
