#!/bin/sh
# stored_test.sh - lib/stored: the record of what is to be erased

. tests/unit/common.sh

ID=01JDCZ7Q2T5M8YB3K4N6P9RSVW
NAME=$ID.archive
SHA=$(printf 'x' | sha256sum | cut -d ' ' -f 1)
TOLD='{"path":"ward/Ümlaut \"x\"","place":"/srv"}'

setUp() {
	[ -d "$SHUNIT_TMPDIR" ] || return 0
	K=$(mktemp -d "$SHUNIT_TMPDIR/keys.XXXXXX")
	probe create "$K" >/dev/null
	R=$K/record
}

probe() {
	"$BUILD/tests/probe_stored" "$@"
}

# make [ORG [NAME]]: a record, in $R.
make() {
	printf '%s' "$TOLD" | probe make "$K" "${1-hospital}" "${2-$NAME}" \
	    2026-11-28T10:00:00.123Z "$SHA" >"$R"
}

test_a_record_says_what_was_told_to_whoever_it_was_sealed_for() {
	make
	assertEquals "$TOLD" "$(probe open "$K" hospital "$NAME" <"$R")"
	assertEquals "2026-11-28T10:00:00.123Z $SHA" \
	    "$(probe read "$NAME" <"$R")"
	assertEquals 'storedAt sha256 stored' "$(jq -r 'keys_unsorted[]' "$R" |
	    paste -sd ' ')"
	assertEquals 'one line' 1 "$(wc -l <"$R")"
	assertFalse 'in clear' "grep -q ward '$R'"
}

test_it_opens_for_no_other_organization_destination_or_job() {
	make
	closed='CONFIG_ERROR: stored.%s of %s does not open: it was sealed for another place, or changed'
	# shellcheck disable=SC2059 # it is a format
	assertEquals "$(printf "$closed" "$ID" archive)" \
	    "$(probe open "$K" other "$NAME" <"$R" 2>&1)"
	# shellcheck disable=SC2059
	assertEquals "$(printf "$closed" "$ID" elsewhere)" \
	    "$(probe open "$K" hospital "$ID.elsewhere" <"$R" 2>&1)"
	# shellcheck disable=SC2059
	assertEquals "$(printf "$closed" "${ID%W}X" archive)" \
	    "$(probe open "$K" hospital "${ID%W}X.archive" <"$R" 2>&1)"
}

test_its_path_has_the_day_on_which_it_is_due_in_utc() {
	assertEquals "2036-02-29/$NAME" \
	    "$(probe path "$ID" archive 2036-03-01T00:30:00+01:00)"
}

test_only_a_records_name_is_one() {
	assertEquals "$ID archive" "$(probe parse "$NAME")"
	for name in "$ID" "$ID." "$ID.Archive" ".$NAME" "$NAME:p5,a1" \
	    "x$NAME" "$ID-archive" archive \
	    "$ID.$(printf '%064d' 0)"; do
		assertFalse "$name" "probe parse '$name'"
	done
}

test_what_says_too_little_is_none() {
	make
	short='VALIDATION_ERROR: a record of what was stored has storedAt, sha256 and stored.sealed'
	for change in 'del(.storedAt)' '.storedAt = "soon"' 'del(.sha256)' \
	    '.sha256 += "0"' '.sha256 = .sha256[1:]' 'del(.stored)' \
	    '.stored = "x"' '.stored.sealed = ""' '.stored.sealed = 1'; do
		jq -c "$change" "$R" >"$K/changed"
		assertEquals "$change" "$short" \
		    "$(probe read "$NAME" <"$K/changed" 2>&1)"
	done
	for cut in 0 1 50 $(($(wc -c <"$R") - 2)); do
		head -c "$cut" "$R" >"$K/changed"
		probe read "$NAME" <"$K/changed" >"$K/out" 2>&1
		assertEquals "$cut bytes: $(cat "$K/out")" 1 $?
	done
}

. /usr/share/shunit2/shunit2
