#!/bin/sh
# limits_test - memory stays bounded: by the number of waiting tickets, and by
# the size of a payload not at all.  With TEST_FULL=1 (`make faults`) there are
# 100,000 tickets and 2 GiB, else a fifth and an eighth of that.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# The most memory that the process $1 ever had, in KiB.
peak() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

resident() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# below_64_mib WHAT PID: a sanitizer's build has shadow memory, so there only
# the figure is shown.
below_64_mib() {
	kib=$(peak "$2")
	echo "# $1: $kib KiB"
	sanitized || assertTrue "$1: $kib KiB" "[ $kib -lt 65536 ]"
}

pending_are() {
	spoolctl status -j >"$SCRATCH/status"
	[ "$(jq '.organizations[0] | .pendingCount' "$SCRATCH/status")" -eq "$1" ]
}

test_a_waiting_ticket_takes_160_bytes_and_all_of_them_less_than_64_mib() {
	jobs=400
	[ "${TEST_FULL-}" != 1 ] || jobs=2000
	instance
	start
	sink
	for n in $(seq 1 50); do
		printf '{"id":"d%s","label":"d%s","type":"webhook","disabled":true,
		    "config":{"webhook":{"url":"%s/d%s"}}}\n' \
		    "$n" "$n" "$SINK" "$n"
	done | jq -s . | spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals "$(cat "$SCRATCH/created")" 50 \
	    "$(wc -l <"$SCRATCH/created")"
	before=$(resident "$(supervisor)")
	# shellcheck disable=SC2046 # a list
	drops $jobs many "$(job $(seq -f d%g 1 50))"
	eventually_within 240 pending_are $((jobs * 50))
	below_64_mib "$((jobs * 50)) tickets" "$(supervisor)"
	# beside the tickets: what a burst of drops needs for a moment
	grown=$(($(resident "$(supervisor)") - before))
	echo "# $((jobs * 50)) tickets: $grown KiB more than before"
	sanitized ||
	    assertTrue "$grown KiB" "[ $grown -lt $((jobs * 8 + 4096)) ]"
	crash
	spoolctl start >"$SCRATCH/start" 2>&1
	assertEquals "$(cat "$SCRATCH/start")" 0 $?
	eventually_within 120 pending_are $((jobs * 50))
	below_64_mib 'after a restart' "$(supervisor)"
}

test_a_large_payload_goes_out_in_little_memory() {
	size=268435456
	[ "${TEST_FULL-}" != 1 ] || size=2147483648
	instance
	start
	sink
	destination ok
	truncate -s $size "$SPOOL/data/large.bin"
	echo end >>"$SPOOL/data/large.bin"
	drop large '{"destinations":["ok"],"payload":{"type":"export",
	    "file":"large.bin"}}'
	eventually_within 120 delivered "$ID"
	assertEquals $((size + 4)) "$(request "$ID" .bytes)"
	assertEquals "$(jq -r .payload.sha256 "$(receipt large "$ID")")" \
	    "$(request "$ID" .sha256)"
	assertEquals "$ID.ok:p5,a1" "$(ticket done "$ID")"
	below_64_mib spoold "$(supervisor)"
	below_64_mib webhook "$(workers webhook)"
	below_64_mib intake "$(workers intake | head -1)"
}

. /usr/share/shunit2/shunit2
