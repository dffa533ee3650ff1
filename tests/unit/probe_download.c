/*
 * probe_download - what workers/download makes of bytes from outside
 *
 *   route PATH               the token, and whether it is the file
 *   range SIZE RANGE         which bytes of it
 *   if ETAG IF-RANGE         whether a range counts
 *   match ETAG IF-MATCH      whether it is the file that is meant
 *   peer PROXIES SOCKET XFF  whose address; SOCKET `unix` is a Unix socket
 *   name NAME                Content-Disposition
 *   page NAME TOKEN BYTES LEFT  the page
 *   pass                     a pass granted, found, spent, forged, crowded out
 *   guests                   a bucket emptied and filled, a table crowded
 */
#include "workers/download/disposition.h"
#include "workers/download/guests.h"
#include "workers/download/page.h"
#include "workers/download/pass.h"
#include "workers/download/peer.h"
#include "workers/download/range.h"
#include "workers/download/route.h"

#include "tests/unit/probe.h"

static void
do_route(char **words)
{
	struct route route;

	if (!route_parse(words[0], &route))
		printf("none\n");
	else
		printf("%s [%.*s]\n", route.file ? "file" : "link",
		    (int)route.length, route.token);
}

static void
do_range(char **words)
{
	struct extent_asked asked;

	switch (range_parse(words[1], probe_number(words[0]), &asked)) {
	case RANGE_whole:
		printf("whole\n");
		break;
	case RANGE_part:
		printf("%lld+%lld\n", (long long)asked.from,
		    (long long)asked.length);
		break;
	default:
		printf("none\n");
		break;
	}
}

static void
do_if(char **words)
{
	printf("%s\n", range_if(words[1], words[0]) ? "yes" : "no");
}

static void
do_match(char **words)
{
	printf("%s\n", range_match(words[1], words[0]) ? "yes" : "no");
}

static void
do_peer(char **words)
{
	struct address socket, found;
	char text[ADDRESS_TEXT];
	struct peers peers;
	struct why why;
	bool by_unix = strcmp(words[1], "unix") == 0;

	if (peers_read(&peers, words[0], &why) == -1) {
		printf("%s\n", why.text);
	} else if (!by_unix && address_parse(words[1], &socket) == -1) {
		printf("probe: no address\n");
	} else if (peers_find(&peers, by_unix ? NULL : &socket, words[2],
	    &found) == -1) {
		printf("unknown\n");
	} else {
		address_text(&found, text);
		printf("%s\n", text);
	}
	peers_free(&peers);
}

static void
do_name(char **words)
{
	struct buf out = { 0 };

	disposition_put(&out, words[0]);
	printf("%s\n", out.data);
	buf_free(&out);
}

static void
do_page(char **words)
{
	struct page page = { .filename = words[0], .token = words[1],
		.token_length = strlen(words[1]),
		.bytes = probe_number(words[2]),
		.left = probe_number(words[3]), .expires_at = 1796000000000 };
	struct buf out = { 0 };

	page_link(&out, &page);
	printf("%s", out.data);
	buf_free(&out);
}

static void
print_found(const struct passes *passes, const uint8_t *link,
    const char *cookies, int64_t now)
{
	struct pass pass;

	if (passes_find(passes, link, cookies, now, &pass))
		printf("found %llu of %lld bytes\n",
		    (unsigned long long)pass.serial, (long long)pass.size);
	else
		printf("none\n");
}

/* Where more are granted than there is room for, the oldest goes. */
static void
crowd(struct passes *passes, const struct pass *pass)
{
	struct buf cookie = { 0 };

	for (uint64_t serial = 100; serial < 100 + PASSES_MAX; serial++) {
		struct pass other = *pass;

		other.serial = serial;
		buf_clear(&cookie);
		passes_grant(passes, &other, 1000, &cookie);
	}
	buf_free(&cookie);
}

static void
do_pass(char **words)
{
	static const struct pass pass = { .link = { 1, 2, 3 }, .serial = 7,
		.size = 1000 };
	static const uint8_t other[SHA256_LENGTH] = { 1, 2, 4 };
	struct why why;
	struct passes *passes = passes_new(&why), *again = passes_new(&why);
	struct buf cookie = { 0 };
	char *among;

	(void)words;
	passes_grant(passes, &pass, 1000, &cookie);
	among = xasprintf("a=b; %s; fetch-0=1.2.3", cookie.data);
	print_found(passes, pass.link, among, 1001);
	print_found(passes, pass.link, among, 1000 + PASS_TIME);
	print_found(passes, other, among, 1001);
	print_found(again, pass.link, among, 1001);
	printf("%d", passes_spend(passes, 7, 1500));
	printf(" %d", passes_spend(passes, 7, 501));
	passes_return(passes, 7, 1);
	printf(" %d\n", passes_spend(passes, 7, 501));
	print_found(passes, pass.link, among, 1001);
	passes_return(passes, 7, 1);
	print_found(passes, pass.link, among, 1001);
	/* One character of its signature. */
	cookie.data[cookie.len - 3] ^= 1;
	print_found(passes, pass.link, cookie.data, 1001);
	crowd(passes, &pass);
	print_found(passes, pass.link, among, 1001);
	free(among);
	buf_free(&cookie);
	passes_free(&passes);
	passes_free(&again);
}

static int
enters(struct guests *guests, const char *text, enum guest_use use,
    int times, int64_t now)
{
	struct address address;
	int entered = 0;

	if (address_parse(text, &address) == -1)
		return -1;
	for (int i = 0; i < times; i++)
		if (guests_enter(guests, &address, use, now)) {
			entered++;
			if (use == GUEST_REQUEST)
				guests_leave(guests, &address, use);
		}
	return entered;
}

static void
do_guests(char **words)
{
	struct guests *guests = guests_new();
	char text[32];

	(void)words;
	printf("%d", enters(guests, "10.0.0.1", GUEST_REQUEST, 1000, 1000));
	printf(" %d", enters(guests, "10.0.0.1", GUEST_REQUEST, 1000, 2000));
	printf(" %d", enters(guests, "10.0.0.2", GUEST_REQUEST, 10, 2000));
	printf(" %d", enters(guests, "2001:db8::1", GUEST_REQUEST, 1000, 0));
	printf(" %d", enters(guests, "2001:db8::2", GUEST_REQUEST, 10, 0));
	printf(" %d\n", enters(guests, "2001:db8:0:1::1", GUEST_REQUEST, 10,
	    0));
	printf("%d\n", enters(guests, "10.0.0.3", GUEST_CONNECTION, 1000, 0));
	for (int i = 0; i < 2 * GUESTS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "11.0.%d.%d", i / 256,
		    i % 256);
		(void)enters(guests, text, GUEST_REQUEST, 1, 0);
	}
	/* Who has something open is not forgotten. */
	printf("%zu known, %d more\n", guests_known(guests),
	    enters(guests, "10.0.0.3", GUEST_CONNECTION, 10, 0));
	guests_free(&guests);
}

static const struct {
	const char	*name;
	int		 words;
	void		 (*run)(char **words);
} commands[] = {
	{ "route", 1, do_route }, { "range", 2, do_range }, { "if", 2, do_if },
	{ "match", 2, do_match }, { "peer", 3, do_peer },
	{ "name", 1, do_name }, { "page", 4, do_page },
	{ "pass", 0, do_pass }, { "guests", 0, do_guests },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) /
	    sizeof(*commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0 &&
		    argc - 2 == commands[i].words) {
			commands[i].run(argv + 2);
			return 0;
		}
	return 64;
}
