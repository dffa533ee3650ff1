/*
 * conf_listen - what the settings of the download listener say together
 *
 * A link is as good as a key to what it leads to, and what it leads to is
 * protected data: neither goes over a network in clear.
 */
#include "lib/conf_parse.h"
#include "lib/listener.h"

int
conf_check_listen(const struct conf *conf, struct why *why)
{
	bool certificate = conf->download_tls_certificate[0] != '\0';
	bool key = conf->download_tls_key[0] != '\0';
	struct listener_place place;

	if (certificate != key)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: download.%s is "
		    "missing: TLS needs both, the certificate and its key",
		    conf->file, certificate ? "tls_key" : "tls_certificate");
	if (conf->download_listen[0] == '\0' || certificate ||
	    listener_parse(conf->download_listen, &place) == -1 ||
	    listener_is_local(&place))
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "%s: download.listen is "
	    "\"%s\": without tls_certificate and tls_key allowed are loopback "
	    "and a Unix socket, behind a proxy that has TLS", conf->file,
	    conf->download_listen);
}
