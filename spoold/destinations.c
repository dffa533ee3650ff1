/*
 * destinations - creating, changing and deleting them
 *
 * A new version is written by the helper first, then journaled, then in force:
 * the loop never waits for the disk, and what was answered is on it.  One
 * change of a destination is under way at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/destinations.h"
#include "spoold/durable.h"
#include "spoold/organization.h"
#include "spoold/rotations.h"
#include "spoold/spoold.h"

struct edit {
	struct spoold	*spoold;	/* borrowed */
	struct target	*target;	/* borrowed */
	struct destination *destination;	/* own; NULL: it is deleted */
	enum event	 event;
	char		*by;		/* own */
	char		*reason;	/* own, or NULL */
	destination_done *done;
	void		*arg;
};

static void
edit_free(struct edit *edit)
{
	destination_free(&edit->destination);
	free(edit->by);
	free(edit->reason);
	free(edit);
}

/* The action of its line. */
static void
edit_apply(struct spoold *s, void *arg)
{
	struct edit *edit = arg;
	struct target *target = edit->target;

	log_info("destination %s: %s by=%s", target->id,
	    event_name(edit->event), edit->by);
	target->changing = false;
	target_set(target, edit->destination);
	expirations_again(edit->spoold);
	edit->destination = NULL;
	target_changed(target);
	if (edit->done != NULL)
		edit->done(s, edit->arg, target, NULL);
	edit_free(edit);
}

static void
edit_written(void *arg, int error)
{
	struct edit *edit = arg;
	struct buf fields = { 0 };
	struct why why;

	if (error != 0) {
		errno = error;
		(void)why_errno(&why, "write destination %s",
		    edit->target->id);
		edit->target->changing = false;
		if (edit->done != NULL)
			edit->done(edit->spoold, edit->arg, edit->target,
			    &why);
		else
			log_warning("%s", why.text);
		edit_free(edit);
		return;
	}
	commit_fields(&fields, edit->target->organization->id, NULL);
	json_put_string(&fields, "dest", edit->target->id);
	if (edit->destination != NULL)
		json_put_integer(&fields, "version",
		    edit->destination->version);
	json_put_string(&fields, "by", edit->by);
	json_put_string(&fields, "reason", edit->reason);
	(void)commit_line(edit->spoold, edit->event, &fields);
	commit_then(edit->spoold, edit->target->organization, edit_apply,
	    edit);
}

int
destination_put(struct spoold *s, struct target *target,
    const struct destination_change *change, struct why *why)
{
	struct buf text = { 0 };
	struct edit *edit;
	char *path;

	if (target->changing || !commit_possible(s, NULL)) {
		struct destination *unused = change->destination;

		destination_free(&unused);
		return target->changing ? why_set(why, ERROR_CONFLICT,
		    "destination %s is being changed", target->id) :
		    why_set(why, ERROR_UNAVAILABLE,
		    "the journal or the spool cannot be written now");
	}
	edit = xcalloc(1, sizeof(*edit));
	edit->spoold = s;
	edit->target = target;
	edit->destination = change->destination;
	edit->event = change->event;
	edit->by = xstrdup(change->by);
	edit->reason = change->reason == NULL ? NULL : xstrdup(change->reason);
	edit->done = change->done;
	edit->arg = change->arg;
	target->changing = true;
	if (edit->destination != NULL)
		destination_print(edit->destination, &text);
	path = target_path(s, target);
	durable_put(s->durable, path, text.data, text.len, edit_written, edit);
	free(path);
	buf_wipe(&text);
	return 0;
}

void
destination_put_made(struct buf *out, struct destination *destination,
    const struct buf *secret)
{
	struct buf text = { 0 };

	destination_print_masked(destination, &text);
	while (text.len != 0 && text.data[text.len - 1] != '}')
		text.len--;
	if (text.len != 0)	/* what follows stands at its end */
		text.data[--text.len] = '\0';
	if (destination->warnings.len != 0) {
		json_open(&text, "warnings", '[');
		json_put_raw(&text, NULL, destination->warnings.data,
		    destination->warnings.len);
		json_close(&text, ']');
		buf_free(&destination->warnings);
	}
	if (secret != NULL && secret->len != 0)
		json_put_string(&text, "secret", secret->data);
	json_close(&text, '}');
	json_put_raw(out, NULL, text.data, text.len);
	buf_wipe(&text);
}

struct destination *
destination_copy(const struct destination *destination, struct why *why)
{
	struct buf text = { 0 };
	struct destination *copy;

	destination_print(destination, &text);
	copy = destination_read(text.data, text.len, why);
	buf_wipe(&text);
	return copy;
}

void
destination_went_away(struct spoold *s, struct target *target,
    const char *reason)
{
	struct destination_change change = {
		.event = EVENT_destination_disabled,
		.by = "spoold",
		.reason = reason,
	};
	struct why why;

	if (target->destination == NULL || target->destination->disabled ||
	    target->changing)
		return;
	/* At once in memory: what follows would only be refused as well. */
	destination_set_disabled(target->destination, true, "spoold", reason);
	change.destination = destination_copy(target->destination, &why);
	if (change.destination == NULL ||
	    destination_put(s, target, &change, &why) == -1)
		log_warning("%s: %s", target->id, why.text);
}
