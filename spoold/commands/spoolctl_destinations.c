/*
 * spoolctl_destinations - what may be wrong with an organization's destinations
 *
 * What ends soon or is weak is said of those that are enabled: of the others
 * somebody has to look before they are used again.
 */
#include "lib/clock.h"
#include "lib/destination_ends.h"
#include "lib/destination_field.h"
#include "lib/destination_store.h"
#include "lib/hostkey.h"

#include "spoold/commands/spoolctl_check.h"

/* One destination's certificates and tokens that end soon. */
struct ends {
	struct check	*check;
	const struct destination_file *file;
};

static void
check_ending(void *arg, const struct ending *ending)
{
	const struct ends *ends = arg;
	struct buf words = { .max = 0 };

	if (ending_soon(ending, clock_wall(),
	    ends->check->cli->conf->security_expiry_warning, &words))
		found(ends->check, "destinations", "%s/%s: %s",
		    ends->file->organization, ends->file->destination->id,
		    words.data);
	buf_free(&words);
}

/* Whether a server may be anybody's who has found out its key. */
static void
check_hostkey(struct check *check, const struct destination_file *file)
{
	const struct json *value = destination_value(destination_config(
	    file->destination), "hostKey");
	struct buf words = { .max = 0 };
	struct hostkey key;

	if (value != NULL && hostkey_parse(json_string(value, ""), &key) ==
	    NULL && hostkey_weak(&key, &words))
		found(check, "destinations", "%s/%s: hostKey %s",
		    file->organization, file->destination->id, words.data);
	buf_free(&words);
}

static int
check_destination(void *arg, const struct destination_file *file,
    struct why *why)
{
	struct destination *destination = file->destination;
	struct ends ends = { arg, file };

	if (destination == NULL)
		found(arg, "destinations", "%s", why->text);
	else if (!destination->disabled) {
		destination_ends_known(destination->document, check_ending,
		    &ends);
		check_hostkey(arg, file);
	}
	destination_free(&destination);
	return 0;
}

/* Without its destinations an organization's tickets wait for ever. */
void
check_destinations(struct check *check, const struct conf *conf)
{
	struct why why;

	for (size_t i = 0; i < conf->organization_count; i++) {
		if (destinations_each(conf->top_state_directory,
		    conf->organizations[i].id, check_destination, check,
		    &why) == -1)
			found(check, "destinations", "%s", why.text);
	}
}
