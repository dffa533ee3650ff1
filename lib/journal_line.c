/*
 * journal_line - one line of the journal, and how it hangs on the one before
 *
 * What is checked here is all that a reader can check: that a line has exactly
 * the form that the writer gives it (so that no byte of it is free to change),
 * that its seq is the next one, that its hash is right, and that the keys
 * follow from each other.
 *
 * After a line that is wrong, the walk goes on from what that line claims, so
 * that one wrong line is one report; but never back to an earlier seq, or a
 * stray copy of an old line would make the journal begin again there.
 */
#include "lib/hex.h"
#include "lib/journal_line.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/json.h"
#include "lib/xalloc.h"

#define SEQ_TEXT "{\"seq\":"
#define TIME_TEXT ",\"time\":\""
#define EVENT_TEXT "\",\"event\":\""
#define HASH_TEXT ",\"hash\":\""
#define SIGNATURE_TEXT "\",\"signature\":\""
#define END_TEXT "\"}"

#define LENGTH(text) (sizeof(text) - 1)
#define EVENT_NAME_MAX 64

struct journal_hasher {
	EVP_MD		*md;		/* own */
	EVP_MD_CTX	*context;	/* own */
};

static const char *const event_names[EVENTS] = {
#define EVENT(identifier, name, sentence) [EVENT_##identifier] = name,
#include "lib/events.def"
#undef EVENT
};

const char *
event_name(enum event event)
{
	assert(event < EVENTS);
	return event_names[event];
}

int
event_by_name(const char *name)
{
	for (int i = 0; i < EVENTS; i++)
		if (strcmp(event_names[i], name) == 0)
			return i;
	return -1;
}

struct journal_hasher *
journal_hasher_new(struct why *why)
{
	struct journal_hasher *h = xcalloc(1, sizeof(*h));

	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->context = EVP_MD_CTX_new();
	if (h->md == NULL || h->context == NULL) {
		why_set(why, ERROR_INTERNAL_ERROR, "no SHA-256 in OpenSSL");
		journal_hasher_free(&h);
	}
	return h;
}

void
journal_hasher_free(struct journal_hasher **hp)
{
	struct journal_hasher *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->context);
	EVP_MD_free(h->md);
	free(h);
}

/* Two pieces into one hash; `a` may be empty. */
static void
hash_pieces(struct journal_hasher *h, const uint8_t *a, size_t a_length,
    const void *b, size_t b_length, uint8_t out[JOURNAL_HASH])
{
	/* With the algorithm fetched there is nothing left that can fail. */
	int ok = EVP_DigestInit_ex2(h->context, h->md, NULL) == 1 &&
	    EVP_DigestUpdate(h->context, a, a_length) == 1 &&
	    EVP_DigestUpdate(h->context, b, b_length) == 1 &&
	    EVP_DigestFinal_ex(h->context, out, NULL) == 1;

	assert(ok);
}

void
journal_hash(struct journal_hasher *h, const uint8_t before[JOURNAL_HASH],
    const char *body, size_t length, uint8_t out[JOURNAL_HASH])
{
	uint8_t digest[JOURNAL_HASH];

	hash_pieces(h, before, 0, body, length, digest);
	hash_pieces(h, before, JOURNAL_HASH, digest, sizeof(digest), out);
}

/* What is left of a line that is being taken apart from the front. */
struct rest {
	const char	*at;
	size_t		 length;
};

static bool
take(struct rest *r, const char *text, size_t length)
{
	if (r->length < length || memcmp(r->at, text, length) != 0)
		return false;
	r->at += length;
	r->length -= length;
	return true;
}

/* A decimal from 1 on, written in the one way that there is. */
static bool
take_seq(struct rest *r, int64_t *seq)
{
	size_t n = 0;

	*seq = 0;
	while (n < r->length && n < 18 && r->at[n] >= '0' && r->at[n] <= '9')
		*seq = *seq * 10 + (r->at[n++] - '0');
	if (n == 0 || r->at[0] == '0')
		return false;
	r->at += n;
	r->length -= n;
	return true;
}

static bool
take_time(struct rest *r, int64_t *time)
{
	char text[CLOCK_TEXT], again[CLOCK_TEXT];

	if (r->length < CLOCK_TEXT - 1)
		return false;
	memcpy(text, r->at, CLOCK_TEXT - 1);
	text[CLOCK_TEXT - 1] = '\0';
	if (clock_parse(text, time) == -1)
		return false;
	clock_format(*time, again);
	return take(r, again, CLOCK_TEXT - 1);
}

static bool
take_event(struct rest *r, int *event)
{
	char name[EVENT_NAME_MAX];
	size_t n = 0;

	while (n < r->length && n < sizeof(name) - 1 && r->at[n] != '"') {
		name[n] = r->at[n];
		n++;
	}
	name[n] = '\0';
	r->at += n;
	r->length -= n;
	*event = event_by_name(name);
	return n > 0 && take(r, "\"", 1);
}

/* The hash, and a checkpoint's signature, from the line's end. */
static int
read_tail(const char *text, size_t length, struct journal_form *form,
    struct why *why)
{
	size_t tail = LENGTH(HASH_TEXT) + 2 * JOURNAL_HASH + LENGTH(END_TEXT);
	struct rest r;

	if (form->event == EVENT_checkpoint)
		tail += LENGTH(SIGNATURE_TEXT) + JOURNAL_SIGNATURE_TEXT;
	if (length < tail)
		return why_set(why, ERROR_VALIDATION_ERROR, "ends too early");
	form->body = length - tail;
	r = (struct rest){ text + form->body, tail };
	if (!take(&r, HASH_TEXT, LENGTH(HASH_TEXT)) ||
	    hex_parse(r.at, form->hash, JOURNAL_HASH) == -1)
		return why_set(why, ERROR_VALIDATION_ERROR, "has no hash");
	r.at += 2 * JOURNAL_HASH;
	r.length -= 2 * JOURNAL_HASH;
	if (form->event == EVENT_checkpoint) {
		if (!take(&r, SIGNATURE_TEXT, LENGTH(SIGNATURE_TEXT)))
			return why_set(why, ERROR_VALIDATION_ERROR,
			    "has no signature");
		memcpy(form->signature, r.at, JOURNAL_SIGNATURE_TEXT);
		r.at += JOURNAL_SIGNATURE_TEXT;
		r.length -= JOURNAL_SIGNATURE_TEXT;
	}
	if (!take(&r, END_TEXT, LENGTH(END_TEXT)))
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "does not end as a line does");
	return 0;
}

int
journal_form_read(const char *text, size_t length, struct journal_form *form,
    struct why *why)
{
	struct rest r = { text, length };

	*form = (struct journal_form){ .event = -1 };
	if (!take(&r, SEQ_TEXT, LENGTH(SEQ_TEXT)) || !take_seq(&r, &form->seq))
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "does not begin with a seq");
	if (!take(&r, TIME_TEXT, LENGTH(TIME_TEXT)) ||
	    !take_time(&r, &form->time))
		return why_set(why, ERROR_VALIDATION_ERROR, "has no time");
	if (!take(&r, EVENT_TEXT, LENGTH(EVENT_TEXT)) ||
	    !take_event(&r, &form->event))
		return why_set(why, ERROR_VALIDATION_ERROR, "has no event");
	return read_tail(text, length, form, why);
}

/* Goes on from what the line claims, where that is not backwards. */
static void
chain_advance(struct journal_chain *c, const struct journal_form *form)
{
	if (form->seq <= c->seq)
		return;
	c->seq = form->seq;
	memcpy(c->hash, form->hash, sizeof(c->hash));
	c->known = true;
}

int
journal_chain_line(struct journal_chain *c, const char *text, size_t length,
    struct journal_form *form, struct why *why)
{
	uint8_t hash[JOURNAL_HASH];
	int64_t expected = c->seq + 1;
	bool known = c->known;

	if (journal_form_read(text, length, form, why) == -1) {
		form->seq = 0;
		/* Whatever comes next cannot be held against this one. */
		c->known = false;
		return -1;
	}
	if (form->seq != expected && (known || form->seq < expected)) {
		chain_advance(c, form);
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "has the seq %" PRId64 " where %" PRId64 " was to come",
		    form->seq, expected);
	}
	if (known)
		journal_hash(c->hasher, c->hash, text, form->body, hash);
	chain_advance(c, form);
	if (known && memcmp(hash, form->hash, sizeof(hash)) != 0)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "has a hash that is not that of its text after the line "
		    "before");
	return 0;
}

void
journal_signed_text(struct buf *out, const char *instance, int64_t seq,
    const uint8_t hash[JOURNAL_HASH])
{
	char text[HEX_SIZE(JOURNAL_HASH)];

	hex_format(hash, JOURNAL_HASH, text);
	buf_printf(out, "spoold-journal-v1\n%s\n%" PRId64 "\n%s\n", instance,
	    seq, text);
}

void
journal_signed_key(struct buf *out, const char *instance, int64_t seq,
    const char *key)
{
	buf_printf(out, "spoold-journal-key-v1\n%s\n%" PRId64 "\n%s\n",
	    instance, seq, key);
}

static bool
is_instance(const char *text)
{
	uint8_t bytes[JOURNAL_INSTANCE / 2];

	return strlen(text) == JOURNAL_INSTANCE &&
	    hex_parse(text, bytes, sizeof(bytes)) == 0;
}

void
journal_instance_read(const struct json *line, char out[JOURNAL_INSTANCE + 1])
{
	const char *instance = json_string(json_get(line, "instance"), "");

	out[0] = '\0';
	if (is_instance(instance))
		memcpy(out, instance, JOURNAL_INSTANCE + 1);
}

static int
check_start(struct journal_chain *c, const struct json *line, struct why *why)
{
	const char *key = json_string(json_get(line, "key"), "");

	journal_instance_read(line, c->instance);
	if (c->instance[0] == '\0')
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "names no instance, as the first line must");
	if (strlen(key) != JOURNAL_KEY_TEXT)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "names no key, as the first line must");
	if (c->key[0] != '\0' && strcmp(c->key, key) != 0)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "names another key than the public one given");
	memcpy(c->key, key, sizeof(c->key));
	return 0;
}

static int
check_rotation(struct journal_chain *c, const struct json *line,
    const struct journal_form *form, struct why *why)
{
	const char *key = json_string(json_get(line, "key"), "");
	const char *signature =
	    json_string(json_get(line, "keySignature"), "");
	struct buf text = { 0 };
	bool good;

	if (strlen(key) != JOURNAL_KEY_TEXT)
		return why_set(why, ERROR_VALIDATION_ERROR, "names no key");
	journal_signed_key(&text, c->instance, form->seq, key);
	good = journal_key_verifies(c->key, &text, signature);
	buf_free(&text);
	if (!good)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "has a new key that the one before did not sign");
	memcpy(c->key, key, sizeof(c->key));
	return 0;
}

static int
check_checkpoint(struct journal_chain *c, const struct json *line,
    const struct journal_form *form, struct why *why)
{
	const char *key = json_string(json_get(line, "key"), "");
	struct buf text = { 0 };
	bool good;

	if (strcmp(key, c->key) != 0)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "is signed by a key that was not announced");
	journal_signed_text(&text, c->instance, form->seq, form->hash);
	good = journal_key_verifies(c->key, &text, form->signature);
	buf_free(&text);
	return good ? 0 : why_set(why, ERROR_VALIDATION_ERROR,
	    "has a signature that is not by its key");
}

int
journal_chain_keys(struct journal_chain *c, const char *text, size_t length,
    const struct journal_form *form, struct why *why)
{
	struct json *line;
	int r;

	if (form->seq == 1 && form->event != EVENT_start)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "is the first and no start");
	if (form->event != EVENT_checkpoint &&
	    form->event != EVENT_key_rotated && form->seq != 1)
		return 0;
	line = json_parse(text, length, why);
	if (line == NULL)
		return -1;
	if (form->seq == 1)
		r = check_start(c, line, why);
	else if (form->event == EVENT_key_rotated)
		r = check_rotation(c, line, form, why);
	else
		r = check_checkpoint(c, line, form, why);
	json_free(&line);
	return r;
}
