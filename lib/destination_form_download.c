/*
 * destination_form_download - where links lead, and who may follow them
 */
#include <string.h>

#include "lib/destination_form.h"
#include "lib/network.h"
#include "lib/url.h"

#define BASE_MAX 512		/* bytes */
#define NETWORKS_MAX 64

/* The host of a URL, which stands for this machine. */
bool
form_is_here(const char *host)
{
	struct network network;
	struct address address;

	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	    (network_parse("127.0.0.0/8", &network) == 0 &&
	    address_parse(host, &address) == 0 &&
	    network_has(&network, &address));
}

void
form_check_base(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, NULL), *words;
	struct url url;

	(void)form;
	words = text != NULL ? url_parse(text, &url) : "must be a string";
	if (words == NULL && !url.tls && !form_is_here(url.host))
		words = "must be https: a link opens what it leads to, and "
		    "does not go over a network in clear";
	if (words == NULL && strchr(text, '?') != NULL)
		words = "must not have a query: the link's own path follows";
	if (words == NULL && strlen(text) > BASE_MAX)
		words = "must not be longer than 512 bytes";
	if (words != NULL)
		complain(all, path, "%s", words);
}

void
form_check_networks(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const struct json *item = json_first(value);
	bool good = json_is(value, JSON_ARRAY) && json_count(value) >= 1 &&
	    json_count(value) <= NETWORKS_MAX;
	struct network network;

	(void)form;
	for (; good && item != NULL; item = json_next(item))
		good = network_parse(json_string(item, ""), &network) == 0;
	if (!good)
		complain(all, path, "must be an array of 1 to %d CIDRs, such "
		    "as \"192.0.2.0/24\" and \"2001:db8::/32\"",
		    NETWORKS_MAX);
}
