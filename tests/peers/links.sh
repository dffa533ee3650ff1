# shellcheck shell=sh disable=SC2034 # for the suites
# links.sh - the worker for links, with a stand-in for spoold that knows them
#
# Sourced after tests/system/harness.sh.  `links WORD...` starts the worker in
# $LINKS with these words of its setup, `link TOKEN WORD...` makes a link, and
# whatever spoold is asked is a line of $LINKS/out.

# links WORD...: of probe_links' setup; $PORT is a free one, $URL begins a link.
links() {
	LINKS=$(mktemp -d "${TMPDIR:-/tmp}/spoold-links.XXXXXX") || exit 1
	SCRATCH=$LINKS
	LOG=$LINKS
	: >"$LINKS/out"
	: >"$LINKS/spoold.log"
	PORT=$(node -e '
		const server = require("net").createServer();
		server.listen(0, "127.0.0.1", () => {
			console.log(server.address().port);
			server.close();
		})')
	URL=http://127.0.0.1:$PORT/d
	mkfifo "$LINKS/in"
	"$BUILD/tests/probe_links" "$BUILD/libexec/spoold/download" \
	    <"$LINKS/in" >"$LINKS/out" 2>>"$LINKS/spoold.log" &
	LINKS_PID=$!
	exec 8>"$LINKS/in"
	tell setup "$@"
}

# links_ready WORD...: the same on 127.0.0.1:$PORT, and waits for it.
links_ready() {
	links "listen=127.0.0.1:@PORT@" "$@"
	eventually grep -q '^ready shut_in=1$' "$LINKS/out"
}

# tell WORD...: a command for the stand-in; @PORT@ is $PORT.
tell() {
	printf '%s\n' "$*" | sed "s/@PORT@/$PORT/g" >&8
}

# link TOKEN WORD...
link() {
	tell link "$@"
	eventually grep -q "^link $1\$" "$LINKS/out"
}

# asked LINE: how often spoold was asked that.
asked() {
	grep -cxF -- "$1" "$LINKS/out"
}

links_worker() {
	sed -n 's/^worker //p' "$LINKS/out"
}

links_end() {
	[ -n "${LINKS:-}" ] || return 0
	exec 8>&-
	wait "$LINKS_PID"
	for report in "$LINKS"/sanitizer.*; do
		[ ! -e "$report" ] || fail "$(cat "$report")"
	done
	rm -rf "$LINKS"
	LINKS=
}
