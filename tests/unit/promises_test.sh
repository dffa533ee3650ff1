#!/bin/sh
# promises_test - each promise of the transports, in tests/data/promises.tsv, has
# a test that shows it: id, sentence, suite, and the test's name
. "$(dirname "$0")/common.sh"

LIST=tests/data/promises.tsv
TAB=$(printf '\t')

test_every_promise_is_a_row_of_four() {
	assertEquals '' "$(awk -F '\t' 'NF != 4 || $1 == "" || $2 == "" ||
	    $3 == "" || $4 == "" { print FNR ": " $0 }' $LIST)"
	assertEquals 'twice' '' "$(cut -f 1 $LIST | sort | uniq -d)"
}

test_every_promise_has_a_test_that_is_there() {
	while IFS=$TAB read -r id _ suite name; do
		[ -f "$suite" ] && grep -q "^$name() {\$" "$suite" ||
		    echo "$id: $suite: $name"
	done <$LIST >"$SHUNIT_TMPDIR/missing"
	assertEquals '' "$(cat "$SHUNIT_TMPDIR/missing")"
}

test_every_transport_and_every_provider_has_promises() {
	sed -n 's/^TRANSPORT(\([a-z]*\)).*/\1/p' lib/destination.def \
	    >"$SHUNIT_TMPDIR/transports"
	while read -r each; do
		grep -q "^$each\." $LIST
		assertEquals "$each" 0 $?
	done <"$SHUNIT_TMPDIR/transports"
	sed -n 's/.*{ "\([a-z0-9]*\)", &provider_\1 },/\1/p' \
	    workers/storage/config.c \
	    >"$SHUNIT_TMPDIR/providers"
	while read -r each; do
		grep -q "^storage\.$each\." $LIST
		assertEquals "storage.$each" 0 $?
	done <"$SHUNIT_TMPDIR/providers"
	# shellcheck disable=SC2046 # two numbers
	set -- $(wc -l <"$SHUNIT_TMPDIR/transports") \
	    $(wc -l <"$SHUNIT_TMPDIR/providers")
	assertTrue "$*" "[ $1 -ge 6 -a $2 -ge 4 ]"
}

run_suite
