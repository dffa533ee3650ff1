#!/bin/sh
# s3_hostile_test - object stores that misbehave in every way of
# hostile_s3_cases.mjs, all at once: each ticket ends as spoold-storage(8) says,
# and the worker neither grows nor stalls nor keeps anything
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/system/hostile.sh
. "$TESTS/system/hostile.sh"

hostile_stores() {
	hostile_instance storage
	hostile "$TESTS/peers/hostile_s3d.mjs" || return
	cp "$HOSTILE/wanted.$1" "$HOSTILE/wanted"
}

no_errors() {
	[ ! -e "$HOSTILE/errors" ] && [ ! -e "$HOSTILE/seen" ]
	assertEquals "$(cat "$HOSTILE/errors" "$HOSTILE/seen" 2>&1)" 0 $?
}

test_whatever_an_object_store_answers_has_its_outcome_and_costs_nobody() {
	hostile_stores whole || return
	meets storage
	no_errors
}

test_nothing_is_delivered_that_was_not_completed_and_no_parts_are_left() {
	hostile_stores parts || return
	good_arrives before || return
	pid=$(workers storage)
	without=$(($(sockets "$pid") - 1))
	truncate -s 64M "$SPOOL/data/large.bin"
	drop parts "{\"destinations\":[$(sed 's/ .*//; s/.*/"&"/' \
	    "$HOSTILE/wanted" | paste -sd ,)],\"payload\":{\"type\":\"export\",
	    \"file\":\"large.bin\"}}"
	as_wanted 1
	good_arrives after
	USUAL=60000	# what is read for the parts' digests is read in turns
	unharmed storage "$pid" "$without"
	no_errors
	assertEquals 'left' 'parts-abort-silence' "$(cat "$HOSTILE/left")"
}

. /usr/share/shunit2/shunit2
