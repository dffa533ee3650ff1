/*
 * destination_form_mail - addresses, hosts, templates, and what of them fits
 */
#include <stdio.h>
#include <string.h>

#include "lib/destination_form.h"
#include "lib/mail_address.h"
#include "lib/mustache.h"
#include "lib/scan.h"
#include "lib/url.h"

#define ADDRESSES_MAX 100
#define TEMPLATE_MAX 16384	/* bytes */

void
form_check_address(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	struct mail_address address = { 0 };
	const char *text = json_string(value, NULL);
	const char *words = text == NULL ? "must be a string" :
	    mail_address_parse(text, &address);

	(void)form;
	if (words != NULL)
		complain(all, path, "%s", words);
	mail_address_free(&address);
}

void
form_check_addresses(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const struct json *each = json_first(value);
	size_t count = json_is(value, JSON_ARRAY) ? json_count(value) : 0;
	char at[FIELD_PATH_MAX];

	if (count < 1 || count > ADDRESSES_MAX) {
		complain(all, path, "must be an array of 1 to %d addresses",
		    ADDRESSES_MAX);
		return;
	}
	for (size_t i = 0; each != NULL; each = json_next(each)) {
		(void)snprintf(at, sizeof(at), "%s.%zu", path, i++);
		form_check_address(each, form, at, all);
	}
}

void
form_check_host(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, "");
	bool brackets = strchr(text, ':') != NULL;
	char url[URL_HOST_MAX + 16];
	struct url parsed;

	(void)form;
	/* As it would stand in a URL, and nothing else of one. */
	if (strlen(text) > URL_HOST_MAX || strpbrk(text, "/?#@[]") != NULL ||
	    snprintf(url, sizeof(url), brackets ? "http://[%s]" : "http://%s",
	    text) < 0 || url_parse(url, &parsed) != NULL)
		complain(all, path, "must be a host: a name in ASCII (xn--… "
		    "for others) or an address, without port");
}

void
form_check_template(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	const char *text = json_string(value, NULL);
	struct why why;

	(void)form;
	if (text == NULL || strlen(text) > TEMPLATE_MAX ||
	    form_count(text, "\n\t\r") == -1)
		complain(all, path, "must be a string of up to %d bytes, "
		    "without control characters but newline and tab",
		    TEMPLATE_MAX);
	else if (mustache_check(text, NULL, NULL, &why) == -1)
		complain(all, path, "%s", why.text);
}

void
form_check_line(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	if (strpbrk(json_string(value, ""), "\r\n") != NULL)
		complain(all, path, "must be one line");
	else
		form_check_template(value, form, path, all);
}

/* --- a template of JSON --------------------------------------------------- */

void
destination_request_text(const struct json *value, struct buf *out)
{
	buf_str(out, json_string(value, ""));
	if (json_is(value, JSON_OBJECT) || json_is(value, JSON_ARRAY))
		json_print(out, value);
}

/* What it yields where no name has a value. */
static void
check_yield(const char *template, const char *path, struct complaints *all)
{
	struct buf out = { 0 };
	struct scan scan = { 0 };
	struct why why;
	int result;

	if (mustache_render_json(template, NULL, &out, &why) == -1)
		complain(all, path, "%s", why.text);
	else if ((result = scan_json(out.data, out.len, &scan, NULL,
	    &why)) != 1)
		complain(all, path, "yields no JSON where no name has a "
		    "value: %s", result == 0 ? "it ends too early" :
		    why.text);
	buf_free(&out);
}

void
form_check_request(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	struct buf text = { 0 };

	(void)form;
	destination_request_text(value, &text);
	if (text.len == 0 || text.len > TEMPLATE_MAX ||
	    form_count(text.data, "\n\t\r") == -1)
		complain(all, path, "must be a template of JSON, as a string "
		    "or as an object or array, of up to %d bytes",
		    TEMPLATE_MAX);
	/* That is how a sealed value stands in a destination's file. */
	else if (!json_is(value, JSON_STRING) &&
	    strstr(text.data, "{\"sealed\":\"") != NULL)
		complain(all, path, "has an object that begins with sealed: "
		    "write the template as a string");
	else
		check_yield(text.data, path, all);
	buf_free(&text);
}
