/*
 * notify - a link, sent to the destination that a download's names
 */
#include <stdio.h>

#include "lib/json.h"

#include "spoold/callback.h"
#include "spoold/links.h"
#include "spoold/notify.h"

#define KEY_MAX 256

/* What is told: the link, and what can be known of it without following it. */
static void
notify_data(struct buf *out, const struct spoold *s,
    const struct organization *org, const struct published *p,
    const char *link)
{
	char id[ID_LENGTH + 1], digest[HEX_SIZE(SHA256_LENGTH)];
	struct buf name = { 0 };

	links_name(s, org, p, &name);
	id_format(&p->id, id);
	hex_format(p->sha256, SHA256_LENGTH, digest);
	json_open(out, "data", '{');
	json_put_string(out, "link", link);
	json_put_time(out, "expiresAt", p->expires_at);
	if (p->max_access > 0)
		json_put_integer(out, "maxAccess", p->max_access);
	json_put_string(out, "deliveryId", id);
	json_put_string(out, "destinationId", p->destination);
	json_put_string(out, "filename", name.data);
	json_put_string(out, "contentType", p->content_type);
	json_put_integer(out, "bytes", p->length);
	json_put_string(out, "sha256", digest);
	json_close(out, '}');
	buf_wipe(&name);
}

int
notify_send(struct spoold *s, struct organization *org,
    const struct published *p, const char *link, const char *correlation_id,
    struct why *why)
{
	char id[ID_LENGTH + 1], key[KEY_MAX], name[KEY_MAX];
	char reference[REFERENCE_SIZE];
	struct buf text = { 0 };
	int result;

	id_format(&p->id, id);
	published_reference(p->token, reference);
	(void)snprintf(key, sizeof(key), "link %s %s %s", id, p->destination,
	    reference);
	(void)snprintf(name, sizeof(name), CALLBACK_PREFIX "link-%s-%s.json",
	    id, reference);
	json_open(&text, NULL, '{');
	json_open(&text, "destinations", '[');
	json_put_string(&text, NULL, p->notify);
	json_close(&text, ']');
	json_open(&text, "options", '{');
	json_put_string(&text, "correlationId", correlation_id);
	json_put_string(&text, "idempotencyKey", key);
	json_close(&text, '}');
	json_open(&text, "payload", '{');
	json_put_string(&text, "type", "data");
	notify_data(&text, s, org, p, link);
	json_close(&text, '}');
	json_close(&text, '}');
	result = callback_put(s, org, name, &text, why);
	buf_wipe(&text);
	return result;
}
