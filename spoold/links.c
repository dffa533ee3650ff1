/*
 * links - download links: made with the delivery that publishes them
 *
 * - The token is made of the organization, the job, the destination and a
 *   number that no other attempt of the ticket has, also of those before it
 *   was requeued: a link that was ended never comes back.
 * - What is published is a file of jobs/, whose owner may still have it open.
 *   It is what was compared with its SHA-256 as long as nobody has changed it,
 *   which its ctime says; nobody can set that.
 * - A ticket in done/ rests from when its link expires, and says so by its
 *   mtime, as all tickets do; so its job stays for as long.
 */
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/file_name.h"
#include "lib/log.h"
#include "lib/published_file.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/flight.h"
#include "spoold/links.h"
#include "spoold/notify.h"
#include "spoold/organization.h"
#include "spoold/replay.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

#define PURPOSE "download-token"
#define EXPIRY_HOURS 168
#define MAX_ACCESS 10
#define HOUR (60 * 60 * 1000)	/* ms */
#define SEALED_FIELD "link"

/* --- tokens --------------------------------------------------------------- */

/* Appends the token, which the caller wipes.  0, or -1 with *why. */
static int
token_make(const struct vault *vault, const char *key, const char *org,
    const struct id *id, const char *destination, int number,
    struct buf *out, struct why *why)
{
	unsigned char mac[VAULT_MAC_LENGTH];
	char text[ID_LENGTH + 1];
	struct buf of = { 0 };
	int result;

	id_format(id, text);
	buf_printf(&of, "%s\n%s\n%s\n%d\n", org, text, destination, number);
	result = vault_authenticate(vault, key, PURPOSE, &of, mac, why);
	if (result == 0)
		base64_encode(out, mac, sizeof(mac), BASE64_URL);
	OPENSSL_cleanse(mac, sizeof(mac));
	buf_free(&of);
	return result;
}

/* The token of a link, compared with what is stored of it. */
static int
token_remake(const struct vault *vault, const char *org,
    const struct published *p, struct buf *out, struct why *why)
{
	unsigned char digest[SHA256_LENGTH];

	if (token_make(vault, p->key, org, &p->id, p->destination, p->number,
	    out, why) == -1)
		return -1;
	if (EVP_Digest(out->data, out->len, digest, NULL, EVP_sha256(),
	    NULL) != 1 || memcmp(digest, p->token, sizeof(digest)) != 0)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "the link's token cannot be made again");
	return 0;
}

/* Appends the link itself. */
static void
link_put(struct buf *out, const char *base, const struct buf *token)
{
	size_t length = strlen(base);

	while (length > 0 && base[length - 1] == '/')
		length--;
	buf_add(out, base, length);
	buf_str(out, "/d/");
	buf_add(out, token->data, token->len);
}

char *
links_text(const struct spoold *s, const struct organization *org,
    const struct receipt_ticket *ticket)
{
	const struct event_line *line = receipt_link(ticket);
	struct buf token = { 0 }, text = { 0 };
	char *result = NULL;
	struct why why;

	if (line == NULL || line->link_base == NULL || line->link_key == NULL)
		return NULL;
	if (token_make(s->vault, line->link_key, org->id, &ticket->ticket.id,
	    ticket->ticket.destination, line->link_number, &token,
	    &why) == 0) {
		link_put(&text, line->link_base, &token);
		result = xstrdup(text.data);
	}
	buf_wipe(&token);
	buf_wipe(&text);
	return result;
}

/* --- what is published ---------------------------------------------------- */

static int64_t
nanoseconds(const struct timespec *at)
{
	return (int64_t)at->tv_sec * 1000000000 + at->tv_nsec;
}

int
links_look(int fd, struct links_seen *seen, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return why_errno(why, "look at a payload");
	*seen = (struct links_seen) { .inode = st.st_ino, .size = st.st_size,
	    .modified = nanoseconds(&st.st_mtim),
	    .changed = nanoseconds(&st.st_ctim) };
	return 0;
}

static const struct json *
config_of(const struct destination *destination)
{
	return json_get(json_get(destination->document, "config"),
	    transport_name(TRANSPORT_download));
}

static char *
word_of(const struct json *config, const char *name)
{
	const char *text = json_string(json_get(config, name), NULL);

	return text == NULL ? NULL : xstrdup(text);
}

/* What the destination says of it. */
static void
prepare_terms(struct published *p, const struct json *config)
{
	const struct json *networks = json_get(config, "allowedIpRanges");
	const struct json *item = json_first(networks);

	p->base = word_of(config, "baseUrl");
	p->notify = word_of(config, "notify");
	p->direct = json_boolean(json_get(config, "direct"), false);
	p->max_access = json_integer(json_get(config, "maxAccess"),
	    MAX_ACCESS);
	p->expires_at = clock_wall() + HOUR * json_integer(json_get(config,
	    "expiryHours"), EXPIRY_HOURS);
	p->networks = xcalloc(json_count(networks) + 1,
	    sizeof(*p->networks));
	for (; item != NULL; item = json_next(item))
		p->networks[p->network_count++] =
		    xstrdup(json_string(item, ""));
}

/* What the job says of it, and its file. */
static void
prepare_content(struct published *p, const struct flight *flight)
{
	const struct facts *facts = &flight->file.facts;
	const char *type = facts->job.content_type;

	p->has_file = facts->job.file != NULL;
	p->offset = p->has_file ? 0 : (int64_t)facts->job.data.offset;
	p->length = p->has_file ? facts->payload_bytes :
	    (int64_t)facts->job.data.length;
	if (type == NULL)
		type = p->has_file ? "application/octet-stream" :
		    "application/json";
	p->content_type = xstrdup(type);
	memcpy(p->sha256, facts->payload_sha256, SHA256_LENGTH);
	p->inode = flight->seen.inode;
	p->modified = flight->seen.modified;
	p->changed = flight->seen.changed;
}

/* All attempts there were, and this one. */
static int
attempt_number(const struct ticket_file *file)
{
	int number = 1;

	for (size_t i = 0; i < file->line_count; i++)
		number += file->lines[i].attempt != 0;
	return number;
}

static int
prepare_token(const struct spoold *s, const struct organization *org,
    struct published *p, struct why *why)
{
	struct buf token = { 0 };
	int result;

	result = token_make(s->vault, p->key, org->id, &p->id, p->destination,
	    p->number, &token, why);
	if (result == 0 && EVP_Digest(token.data, token.len, p->token, NULL,
	    EVP_sha256(), NULL) != 1)
		result = why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL cannot make a SHA-256");
	buf_wipe(&token);
	return result;
}

static struct vault_place
name_place(const struct organization *org, const struct published *p)
{
	return (struct vault_place) { .organization = org->id,
	    .destination = p->destination, .origin = "",
	    .field = SEALED_FIELD };
}

static int
prepare_name(const struct spoold *s, const struct organization *org,
    struct published *p, const char *name, struct why *why)
{
	struct vault_place place = name_place(org, p);
	struct buf sealed = { 0 };
	int result;

	if (file_name_wrong(name) != NULL)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "the worker gave a name that a file cannot have");
	result = vault_seal(s->vault, &place, name, strlen(name), &sealed,
	    why);
	if (result == 0)
		p->name = xstrdup(sealed.data);
	buf_free(&sealed);
	return result;
}

int
links_prepare(struct flight *flight, const struct link_record *record,
    struct why *why)
{
	const struct spoold *s = flight->spoold;
	const struct target *target = flight->waiting->target;
	const struct organization *org = target->organization;
	struct event_line *line = &flight->line;
	char reference[REFERENCE_SIZE];
	struct published *p;

	if (target->destination == NULL)
		return why_set(why, ERROR_UNAVAILABLE,
		    "the destination was deleted");
	p = flight->published = xcalloc(1, sizeof(*p));
	p->id = flight->waiting->id;
	p->destination = xstrdup(target->id);
	p->key = xstrdup(vault_key_id(s->vault));
	p->number = attempt_number(&flight->file);
	prepare_terms(p, config_of(target->destination));
	prepare_content(p, flight);
	if (prepare_token(s, org, p, why) == -1 || prepare_name(s, org, p,
	    record->text[OUTCOME_stored], why) == -1) {
		links_forget(flight);
		return -1;
	}
	published_reference(p->token, reference);
	line->reference = xstrdup(reference);
	line->link_expires_at = p->expires_at;
	line->link_number = p->number;
	line->link_base = xstrdup(p->base);
	line->link_key = xstrdup(p->key);
	return 0;
}

void
links_forget(struct flight *flight)
{
	if (flight->published == NULL)
		return;
	published_free(flight->published);
	free(flight->published);
	flight->published = NULL;
}

/* --- the files ------------------------------------------------------------ */

int
links_change(const struct organization *org, const char *reference,
    int64_t fetches, int64_t revoked_at, struct why *why)
{
	char name[PUBLISHED_NAME];
	struct published_state state;
	struct buf line = { 0 };
	struct published p;
	int result;

	result = published_load(org->spool, reference, &p, &state, why);
	/* It opens nothing, and would not however often this is redone. */
	if (result == -1 && why->code == ERROR_VALIDATION_ERROR) {
		log_warning("%s: link %s: %s", org->id, reference, why->text);
		return 0;
	}
	if (result != 1)
		return result;
	published_free(&p);
	if (state.fetches < fetches)
		state.fetches = fetches;
	if (revoked_at != 0 && state.revoked_at == 0)
		state.revoked_at = revoked_at;
	published_write_state(&line, &state);
	published_name(reference, name);
	result = spool_overwrite(org->spool, QUEUE_jobs, name, line.data,
	    line.len, why);
	buf_free(&line);
	return result;
}

/*
 * One that a crash has left without its content gets it; with `anew`, any,
 * which keeps its first line.
 */
static int
write_file(const struct organization *org, const struct published *p,
    bool anew, struct why *why)
{
	char reference[REFERENCE_SIZE], name[PUBLISHED_NAME];
	struct published_state state;
	struct published there;
	struct buf text = { 0 }, first = { 0 };
	int result;

	published_reference(p->token, reference);
	result = published_load(org->spool, reference, &there, &state, why);
	if (result == 1)
		published_free(&there);
	if (result == 1 && !anew)
		return 0;
	published_write_file(&text, p);
	if (result == 1) {
		published_write_state(&first, &state);
		memcpy(text.data, first.data, PUBLISHED_STATE);
		buf_free(&first);
	}
	published_name(reference, name);
	result = spool_replace(org->spool, QUEUE_jobs, name, text.data,
	    text.len, why);
	buf_free(&text);
	return result == -1 ? -1 : 0;
}

/* A master key that was replaced since can tell nobody any more. */
static int
tell(struct spoold *s, struct organization *org, const struct published *p,
    const char *correlation_id, struct why *why)
{
	struct buf token = { 0 }, link = { 0 };
	struct why cause;
	int result = 0;

	if (token_remake(s->vault, org->id, p, &token, &cause) == 0) {
		link_put(&link, p->base, &token);
		result = notify_send(s, org, p, link.data, correlation_id,
		    why);
	} else
		log_warning("%s is not told of its link: %s", p->notify,
		    cause.text);
	buf_wipe(&token);
	buf_wipe(&link);
	return result;
}

int
links_publish(struct spoold *s, struct organization *org,
    const struct published *p, const char *correlation_id, struct why *why)
{
	if (write_file(org, p, false, why) == -1)
		return -1;
	return p->notify == NULL ? 0 : tell(s, org, p, correlation_id, why);
}

void
links_name(const struct spoold *s, const struct organization *org,
    const struct published *p, struct buf *out)
{
	struct vault_place place = name_place(org, p);
	char id[ID_LENGTH + 1];
	struct why why;

	if (vault_unseal(s->vault, &place, p->name, out, &why) == 0)
		return;
	id_format(&p->id, id);
	buf_printf(out, "%s%s", id, p->has_file ? "" : ".json");
}

/* Opens what looks like it but for its ctime, which is *changed. */
static int
open_like(const struct organization *org, const struct published *p,
    int64_t *changed, struct why *why)
{
	char name[ID_LENGTH + 8];
	struct links_seen seen = { 0 };
	int fd;

	admit_job_name(&p->id, p->has_file ? "data" : "json", name);
	fd = spool_open_file(org->spool, QUEUE_jobs, name, why);
	if (fd == -1)
		return -1;
	if (links_look(fd, &seen, why) == 0 && seen.inode == p->inode &&
	    seen.modified == p->modified &&
	    p->offset + p->length <= seen.size &&
	    (!p->has_file || seen.size == p->length)) {
		*changed = seen.changed;
		return fd;
	}
	close(fd);
	return why_set(why, ERROR_PAYLOAD_CHANGED,
	    "jobs/%s is not the file that was published", name);
}

int
links_open(const struct organization *org, const struct published *p,
    struct why *why)
{
	int64_t changed = 0;
	int fd = open_like(org, p, &changed, why);

	if (fd == -1 || changed == p->changed)
		return fd;
	close(fd);
	return why_set(why, ERROR_PAYLOAD_CHANGED,
	    "what was published has changed since");
}

/* --- after a crash -------------------------------------------------------- */

/*
 * A power cut may have taken the move to jobs/, and what recovery does again
 * has a ctime of its own.  One that was not younger than what was published
 * before that is what was published.  True if *p says so now.
 */
static bool
moved_again(const struct story *story, struct published *p)
{
	int64_t changed = 0;
	struct why why;
	int fd;

	if (story->changed == 0 || story->changed > p->changed)
		return false;
	fd = open_like(story->organization, p, &changed, &why);
	if (fd == -1)
		return false;
	close(fd);
	p->changed = changed;
	return true;
}

int
links_redo_delivered(struct spoold *s, struct story *story,
    const struct json *line, struct why *why)
{
	const struct json *json = json_get(line, "published");
	struct organization *org = story->organization;
	struct published p;
	int result;

	if (json == NULL)
		return 0;
	if (published_read(json, &p, why) == -1)
		return -1;
	result = moved_again(story, &p) ? write_file(org, &p, true, why) : 0;
	if (result == 0)
		result = links_publish(s, org, &p, json_string(json_get(line,
		    "correlationId"), NULL), why);
	if (result == 0 && story->found && story->queue == QUEUE_done)
		result = spool_set_due(org->spool, QUEUE_done, story->name,
		    p.expires_at, why);
	published_free(&p);
	return result == -1 ? -1 : 0;
}

int
links_redo_download(const struct organization *org, const struct json *line,
    struct why *why)
{
	/* One that was purged since is not there. */
	return links_change(org, json_string(json_get(line, "reference"), ""),
	    json_integer(json_get(line, "count"), 0), 0, why) == -1 ? -1 : 0;
}
