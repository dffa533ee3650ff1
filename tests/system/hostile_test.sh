#!/bin/sh
# hostile_test - receivers that misbehave in every way of hostile_cases.mjs, all
# at once: each ticket ends as spoold-webhook(8) says, and the worker neither
# grows nor stalls nor keeps anything
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
# shellcheck source=tests/system/hostile.sh
. "$TESTS/system/hostile.sh"

# waits: `name ms` of those whose wait is in the table.
waits() {
	journal 'def ms: (.[0:19] + "Z" | fromdate) * 1000 +
	    (.[20:23] | tonumber);
	    select(.event == "deferred" and .attempt == 1) |
	    "\(.dest) \((.due | ms) - (.time | ms))"'
}

waits_as_wanted() {
	waits | sort >"$SCRATCH/waits"
	assertEquals 'waits' '' "$(awk '$NF ~ /^[0-9]+$/ {
	    print $1, $(NF - 1), $NF }' "$HOSTILE/wanted" | sort |
	    join - "$SCRATCH/waits" | awk '$4 < $2 || $4 > $3')"
}

test_each_misbehaviour_has_its_outcome_and_costs_nobody_anything() {
	hostile_instance webhook
	sink
	destination good
	hostile "$TESTS/system/hostile.mjs" || return
	meets webhook waits_as_wanted
	assertFalse 'a cookie came back' '[ -e "$HOSTILE/seen" ]'
}

. /usr/share/shunit2/shunit2
