#!/bin/sh
# admit_test.sh - spoold/admit: taking back what was done for a job that was
# withdrawn at the last moment

. tests/unit/common.sh

ID=01JDCZ7Q2T5M8YB3K4N6P9RSVW

setUp() {
	# shunit2 calls it once more at the very end.
	[ -d "$SHUNIT_TMPDIR" ] || return 0
	D=$(mktemp -d "$SHUNIT_TMPDIR/admit.XXXXXX")
	"$BUILD/tests/probe_spool" layout "$D" demo >/dev/null
}

undo() {
	"$BUILD/tests/probe_admit" "$D" demo undo "$ID" report.pdf ok
}

test_a_withdrawn_job_loses_its_tickets_and_its_payload_is_back() {
	echo facts >"$D/demo/cur/$ID.ok:p5,a0"
	echo payload >"$D/demo/jobs/$ID.data"
	expect 0 0 undo
	assertEquals '' "$(ls "$D/demo/cur")"
	assertEquals '' "$(ls "$D/demo/jobs")"
	assertEquals payload "$(cat "$D/demo/data/report.pdf")"
}

test_what_has_its_name_meanwhile_stays_and_the_payload_lies_beside_it() {
	echo payload >"$D/demo/jobs/$ID.data"
	echo another >"$D/demo/data/report.pdf"
	expect 0 0 undo
	assertEquals another "$(cat "$D/demo/data/report.pdf")"
	assertEquals payload "$(cat "$D/demo/data/$ID.data")"
}

test_it_can_be_done_twice() {
	echo payload >"$D/demo/jobs/$ID.data"
	expect 0 0 undo
	expect 0 0 undo
	assertEquals payload "$(cat "$D/demo/data/report.pdf")"
}

run_suite
