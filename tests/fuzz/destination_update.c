/*
 * destination_update - a destination as somebody wants it to be
 *
 * The first byte says which of two destinations is changed, the rest is the
 * patch.  What comes out can be read and opened, is the same destination with
 * the same secrets, and no credential goes to another place, or through
 * another proxy, or on another authority's word, that the patch did not name.
 */
#include "lib/destination_secret.h"
#include "lib/url.h"
#include "tests/fuzz/vault_once.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="
#define SECOND "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="

static const char *const inputs[] = {
	"{\"id\":\"d\",\"label\":\"D\",\"type\":\"webhook\",\"config\":{"
	"\"webhook\":{\"url\":\"https://a.example/x\",\"secret\":\"" SECRET
	"\",\"headers\":{\"X-Key\":\"cred-1\",\"Accept\":\"a/b\"},"
	"\"auth\":{\"type\":\"basic\",\"user\":\"u\",\"password\":"
	"\"cred-2\"},\"proxy\":\"http://p.example:3128\",\"proxyAuth\":{"
	"\"user\":\"v\",\"password\":\"cred-3\"},\"retryConfig\":{"
	"\"maxRetries\":3},\"successStatus\":[200]}},"
	"\"limits\":{\"concurrency\":2}}",
	"{\"id\":\"d\",\"label\":\"D\",\"type\":\"webhook\",\"config\":{"
	"\"webhook\":{\"url\":\"http://a.example/\",\"signature\":\"none\"}}}",
};
#define INPUTS (sizeof(inputs) / sizeof(*inputs))

static const char *const credentials[] = { "cred-1", "cred-2", "cred-3" };

/* libFuzzer has nowhere else to keep them. */
static struct destination_keeper	 keeper = { .organization = "demo" };
static struct destination		*olds[INPUTS];

static bool
nobody_has(const void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return false;
}

static struct destination *
old_make(const char *text)
{
	struct json		*input;
	struct destination	*made;
	struct buf		 secret = { 0 };
	struct why		 why;

	input = json_parse(text, strlen(text), &why);
	MUST(input != NULL);
	made = destination_make(input, &keeper, nobody_has, NULL, &secret,
	    &why);
	json_free(&input);
	MUST(made != NULL);
	if (made->secret_count > 0)
		MUST(destination_secret_add(made, &keeper, SECOND, false, 1,
		    &why) == 0);
	return made;
}

/* Its config with every value opened. */
static struct json *
opened(const struct destination *destination)
{
	struct buf	 text = { 0 };
	struct json	*config;
	struct why	 why;

	MUST(destination_open(destination, keeper.organization, keeper.vault,
	    &text, &why) == 0);
	config = json_parse(text.data, text.len, &why);
	MUST(config != NULL);
	buf_wipe(&text);
	return config;
}

static void
print_member(struct buf *out, const struct json *object, const char *name)
{
	const struct json	*value = json_get(object, name);

	buf_str(out, "");
	if (value != NULL)
		json_print(out, value);
}

/* Of a URL, scheme, host and port count. */
static void
print_origin(struct buf *out, const struct json *config)
{
	struct url	 url;

	MUST(url_parse(json_string(json_get(config, "url"), ""), &url) ==
	    NULL);
	url_origin(&url, out);
}

/* True if it goes where it went, on the same word. */
static bool
same_way(const struct json *before, const struct json *after)
{
	struct buf	 old = { 0 }, new = { 0 };
	bool		 same;

	print_origin(&old, before);
	print_origin(&new, after);
	print_member(&old, before, "proxy");
	print_member(&new, after, "proxy");
	print_member(&old, json_get(before, "tls"), "ca");
	print_member(&new, json_get(after, "tls"), "ca");
	same = fuzz_same(&old, &new);
	buf_free(&old);
	buf_free(&new);
	return same;
}

static void
check_credentials(const struct json *before, const struct json *after,
    const struct json *patch)
{
	struct buf	 text = { 0 }, given = { 0 };

	json_print(&text, after);
	json_print(&given, patch);
	for (size_t i = 0; i < sizeof(credentials) / sizeof(*credentials);
	    i++)
		MUST(strstr(text.data, credentials[i]) == NULL ||
		    strstr(given.data, credentials[i]) != NULL ||
		    same_way(before, after));
	buf_free(&text);
	buf_free(&given);
}

static void
check_updated(const struct destination *old, const struct destination *new,
    const struct json *patch)
{
	struct json		*before = opened(old), *after = opened(new);
	struct destination	*copy;
	struct buf		 text = { 0 };
	struct why		 why;

	destination_print(new, &text);
	copy = destination_read(text.data, text.len, &why);
	MUST(copy != NULL);
	MUST(strcmp(copy->id, old->id) == 0);
	MUST(copy->version == old->version + 1);
	if (old->secret_count > 0) {
		MUST(copy->secret_count == old->secret_count);
		MUST(strcmp(json_string(json_get(after, "secret"), ""),
		    SECOND) == 0);
	}
	MUST(strstr(text.data, SECRET) == NULL);
	MUST(strstr(text.data, SECOND) == NULL);
	check_credentials(before, after, patch);
	destination_free(&copy);
	json_free(&before);
	json_free(&after);
	buf_free(&text);
}

/* Once, before libFuzzer begins. */
static void __attribute__((constructor))
begin(void)
{
	keeper.vault = vault_once();
	for (size_t i = 0; i < INPUTS; i++)
		olds[i] = old_make(inputs[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct destination	*old;
	struct destination	*new;
	struct buf		 secret = { 0 };
	struct json		*patch;
	struct why		 why = { 0 };

	if (size < 1)
		return 0;
	patch = json_parse((const char *)data + 1, size - 1, &why);
	if (patch == NULL)
		return 0;
	old = olds[data[0] % INPUTS];
	new = destination_update(old, patch, &keeper, &secret, &why);
	MUST(new != NULL || why.code != ERROR_NONE);
	if (new != NULL)
		check_updated(old, new, patch);
	destination_free(&new);
	buf_wipe(&secret);
	json_free(&patch);
	return 0;
}
