# shellcheck shell=sh
# journal_common.sh - journals to test with: `. tests/unit/journal_common.sh`

. tests/unit/common.sh

setUp() {
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/journal.XXXXXX")
	J=$DIR/journal
}

tearDown() {
	[ -z "$DIR" ] || rm -rf "$DIR"
	DIR=
}

# journal: standard input with DIR for @, to one probe.
journal() {
	sed "s|@|$DIR|g" | "$BUILD/tests/probe_journal"
}

# does TEXT: standard input to a probe gives that text, with SEGMENT for the
# name of one, which has the day in it, and @ for DIR.
does() {
	_text=$1
	_got=$(journal 2>&1 | sed -E "s|$DIR|@|g
	    s/[0-9-]{10}\.([0-9]{4})\.jsonl/SEGMENT\1/g")
	assertEquals "$_text" "$_got"
}

# A journal of two days and ten lines, three of them checkpoints.
two_days() {
	journal <<-'END' >/dev/null
		open @
		add start "version":"1"
		add accepted "org":"demo","job":"01JDCZ7Q2T5M8YB3K4N6P9RSVW"
		commit
		add attempt "org":"demo","dest":"hook"
		checkpoint 2 [{"seq":3}]
		commit
		add delivered "of":3
		checkpoint 5
		commit
		clock 1
		add attempt "org":"demo"
		checkpoint 7
		commit
		add stop
		commit
	END
}

# segment N: the path of the Nth.
segment() {
	find "$J" -name '*.jsonl' | sort | sed -n "$1p"
}

# judge: what the verifier says that shares nothing with ours.
judge() {
	node tests/data/verify_journal.mjs "$J" "$DIR/journal.pub" |
	    sed -E 's/ last=([0-9]*):[0-9a-f]*/ last=\1/
		s/[0-9-]{10}\.([0-9]{4})\.jsonl/SEGMENT\1/'
}
