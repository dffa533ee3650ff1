/*
 * allowed - what the configuration lets an organization's destinations use
 *
 * A worker refuses it as well: the configuration may change afterwards.
 */
#include <string.h>

#include "lib/beneath.h"

#include "spoold/allowed.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

static const struct json *
config_of(const struct destination *destination)
{
	return json_get(json_get(destination->document, "config"),
	    transport_name(destination->transport));
}

/* Of storage only what goes into a directory; where it leads its worker sees. */
static int
allowed_storage(const struct conf_organization *conf,
    const struct destination *destination, struct why *why)
{
	const char *directory = json_string(json_get(json_get(config_of(
	    destination), "config"), "directory"), NULL);

	if (directory == NULL)
		return 0;
	for (size_t i = 0; i < conf->local_allow.count; i++)
		if (is_beneath(directory, conf->local_allow.items[i]))
			return 0;
	return why_field(why, "config.storage.config.directory",
	    "config.storage.config.directory is not beneath a directory of "
	    "the organization's local_allow");
}

static int
allowed_pipe(const struct spoold *s, const struct conf_organization *conf,
    const struct destination *destination, struct why *why)
{
	const char *name = json_string(json_get(config_of(destination),
	    "pipe"), "");

	for (size_t i = 0; i < conf->pipes_allow.count; i++)
		if (strcmp(conf->pipes_allow.items[i], name) == 0 &&
		    conf_pipe(s->conf, name) != NULL)
			return 0;
	return why_field(why, "config.pipe.pipe", "config.pipe.pipe: the "
	    "organization may use no pipe \"%s\": pipes_allow lists it, and "
	    "the configuration declares it, where it may", name);
}

int
allowed(const struct spoold *s, const struct organization *org,
    const struct destination *destination, struct why *why)
{
	const struct conf_organization *conf = organization_conf(s, org);

	switch (destination->transport) {
	case TRANSPORT_pipe:
		return allowed_pipe(s, conf, destination, why);
	case TRANSPORT_storage:
		return allowed_storage(conf, destination, why);
	default:
		return 0;
	}
}
