/*
 * destination_form_ssh - hosts, their keys, and keys to log in with; and what
 * the fields of an sftp destination say only together
 *
 * A key in OpenSSH's own format, or one that is encrypted, is not opened here:
 * the worker does that, and a test shows what is wrong with it.
 */
#include <stdio.h>
#include <string.h>

#include "lib/destination_form.h"
#include "lib/hostkey.h"
#include "lib/url.h"

#define KEY_MAX (32 * 1024)	/* bytes of a private key's text */

void
form_check_hostkey(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *text = json_string(value, NULL);
	const char *wrong;
	struct hostkey key;

	(void)form;
	if (!form_is_text(value, "\t\n", 1, HOSTKEY_MAX))
		wrong = "must be a fingerprint or a line of known_hosts";
	else
		wrong = hostkey_parse(text, &key);
	if (wrong != NULL)
		complain(all, path, "%s", wrong);
}

/* From BEGIN to END, with nothing but one key. */
static bool
is_private_key(const char *text)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	static const char tail[] = "PRIVATE KEY-----";
	const char *last = strstr(text, end);
	const char *rest = last == NULL ? NULL : strstr(last, tail);

	return strncmp(text, begin, strlen(begin)) == 0 &&
	    strstr(text, tail) != NULL && strstr(text, tail) < last &&
	    rest != NULL && rest[strlen(tail) + strspn(rest + strlen(tail),
	    "\r\n")] == '\0';
}

void
form_check_sshkey(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	(void)form;
	if (!form_is_text(value, "\r\n", 1, KEY_MAX) ||
	    !is_private_key(json_string(value, "")))
		complain(all, path, "must be a private key as ssh-keygen "
		    "writes it or in PEM, its content and not a path");
}

/* --- together ------------------------------------------------------------- */

void
destination_check_sftp(const struct json *config, struct complaints *all)
{
	bool password = json_get(config, "password") != NULL;
	bool key = json_get(config, "privateKey") != NULL;
	const char *proxy = json_string(json_get(config, "proxy"), "");

	if (!password && !key)
		complain(lacks_of(all), "config.sftp.privateKey",
		    "is missing, and so is password: one of them is needed");
	if (password && key)
		complain(all, "config.sftp.password", "stands beside "
		    "privateKey: only one of them can be used");
	if (!key && json_get(config, "passphrase") != NULL)
		complain(all, "config.sftp.passphrase", "has no privateKey");
	if (strncmp(proxy, "https:", 6) == 0)
		complain(all, "config.sftp.proxy", "must be an http proxy: "
		    "SSH goes through no other");
	if (json_get(config, "tls") != NULL)
		complain(all, "config.sftp.tls", "belongs to TLS: an SSH "
		    "server is known by its hostKey");
}
