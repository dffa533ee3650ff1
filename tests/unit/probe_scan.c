/*
 * probe_scan - drives lib/scan
 *
 * probe_scan [-n MAX] [PATH]...	scans standard input; prints each wanted
 *				path's offset, length and bytes
 * probe_scan -b		scans each line, given in hexadecimal; prints
 *				1, 0 or -1
 *
 * Exits with 0 for a whole document, 2 for one that ends too early, 1 for a
 * wrong one.
 */
#include "tests/unit/probe.h"

#include "lib/scan.h"

static int
scan_lines(void)
{
	char		*line = NULL;
	size_t		 cap = 0, i, length;
	ssize_t		 n;
	struct why	 why;
	struct scan	 scan;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		char	*text, digits[3] = "";

		length = (size_t)(n - 1) / 2;
		text = xmalloc(length);
		for (i = 0; i < length; i++) {
			memcpy(digits, line + 2 * i, 2);
			text[i] = (char)strtoul(digits, NULL, 16);
		}
		memset(&scan, 0, sizeof scan);
		printf("%d\n", scan_json(text, length, &scan, NULL, &why));
		free(text);
	}
	free(line);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct scan_member	 members[8] = { 0 };
	struct scan		 scan = { 0 };
	struct why		 why;
	size_t			 length, i, count = 0;
	char			*text;
	int			 rc, arg = 1;

	if (argc == 2 && strcmp(argv[1], "-b") == 0)
		return scan_lines();
	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		scan.nodes_max = strtoul(argv[2], NULL, 10);
		arg = 3;
	}
	for (; arg < argc && count < 7; arg++)
		members[count++].path = argv[arg];
	text = probe_read(&length);
	rc = scan_json(text, length, &scan, count > 0 ? members : NULL, &why);
	if (rc == 1)
		printf("whole nodes=%zu\n", scan.nodes);
	else if (rc == 0)
		printf("early\n");
	else
		probe_print_why(&why);
	for (i = 0; rc == 1 && i < count; i++)
		printf("%s %zu %zu %.*s\n", members[i].path,
		    members[i].span.offset, members[i].span.length,
		    (int)members[i].span.length,
		    text + members[i].span.offset);
	free(text);
	return rc == 1 ? 0 : rc == 0 ? 2 : 1;
}
