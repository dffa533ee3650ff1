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

/* Of storage what goes into a directory; its worker sees where that leads. */
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

/* A link to a link would tell nobody what is behind it. */
static int
allowed_download(const struct spoold *s, const struct organization *org,
    const struct destination *destination, struct why *why)
{
	const char *notify = json_string(json_get(config_of(destination),
	    "notify"), NULL);
	const struct target *target;

	if (s->conf->download_listen[0] == '\0')
		return why_field(why, "type", "type is download, and nobody "
		    "listens for links: the administrator of this instance "
		    "sets download.listen");
	if (notify == NULL)
		return 0;
	target = target_find(org, notify);
	if (target == NULL)
		return why_field(why, "config.download.notify",
		    "config.download.notify: there is no destination %s",
		    notify);
	return target->destination->transport != TRANSPORT_download ? 0 :
	    why_field(why, "config.download.notify", "config.download.notify: "
	    "%s is a download, too, which sends nothing to anybody", notify);
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
	case TRANSPORT_download:
		return allowed_download(s, org, destination, why);
	default:
		return 0;
	}
}
