/*
 * probe_cloud - what is signed for stores in clouds
 *
 * probe_cloud sharedkey ACCOUNT KEY METHOD PATH QUERY LENGTH NOW [HEADER]...
 * The text that is signed, and the Authorization header; HEADER is `Name:
 * value`, NOW seconds since 1970.
 *
 * probe_cloud jwt ISSUER SCOPE AUDIENCE NOW LIFE
 * The assertion, by the key on standard input; or what is wrong.
 */
#include "workers/common/jwt.h"
#include "workers/common/sharedkey.h"

#include "tests/unit/probe.h"

static int
probe_sharedkey(char **argv)
{
	const struct sharedkey key = { argv[0], argv[1] };
	const struct sharedkey_request request = { .method = argv[2],
		.path = argv[3], .query = argv[4],
		.length = probe_number(argv[5]),
		.now = probe_number(argv[6]) * 1000 };
	struct headers headers = { 0 };
	struct buf text = { 0 };
	struct why why;

	for (char **header = argv + 7; *header != NULL; header++) {
		const char *value = probe_after(*header, ':');

		if (headers_set(&headers, *header, value + 1, &why) == -1) {
			probe_print_why(&why);
			return 1;
		}
	}
	if (sharedkey_sign(&key, &request, &headers, &why) == -1)
		probe_print_why(&why);
	else {
		sharedkey_text(&key, &request, &headers, &text);
		printf("%s\n%s\n", text.data,
		    headers.list[headers.count - 1]);
	}
	headers_free(&headers);
	buf_free(&text);
	return 0;
}

static int
probe_jwt(char **argv)
{
	struct buf key = { 0 }, out = { 0 };
	size_t length;
	char *text = probe_read(&length);
	struct why why;
	struct jwt jwt = { .key_id = "abc", .issuer = argv[0],
		.scope = argv[1], .audience = argv[2],
		.now = probe_number(argv[3]), .life = probe_number(argv[4]) };

	buf_add(&key, text, length);
	buf_str(&key, "");
	jwt.key = key.data;
	if (jwt_sign(&jwt, &out, &why) == -1)
		probe_print_why(&why);
	else
		printf("%s\n", out.data);
	free(text);
	buf_wipe(&key);
	buf_wipe(&out);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 8 && strcmp(argv[1], "sharedkey") == 0)
		return probe_sharedkey(argv + 2);
	if (argc == 7 && strcmp(argv[1], "jwt") == 0)
		return probe_jwt(argv + 2);
	fprintf(stderr, "usage: probe_cloud sharedkey|jwt ...\n");
	return 2;
}
