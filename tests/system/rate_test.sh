#!/bin/sh
# rate_test - an organization that drops more than it may waits for it, in new/,
# and loses nothing
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

waiting() {
	find "$SPOOL/new" -name '*.json' ! -name '.*' | wc -l
}

waits() {
	[ "$(waiting)" -eq "$1" ]
}

accepted() {
	[ "$(journal 'select(.event == "accepted") | .job' | wc -l)" -eq "$1" ]
}

# limited PER_MINUTE BURST: an instance with a receiver.
limited() {
	instance
	setting rate_limit requests_per_minute "$1"
	setting rate_limit burst "$2"
	sink
	start
	destination ok
}

test_drops_over_the_limit_wait_in_new_and_say_so() {
	limited 1 3
	drops 5 many "$(job)"
	eventually accepted 3
	eventually waits 2
	assertEquals 'in the queue' '2 RATE_LIMIT_EXCEEDED demo has dropped more than its 1 jobs a minute' \
	    "$(spoolq -j -q new | jq -r '.errorCode + " " + .reason' |
	    uniq -c | sed 's/^ *//')"
	run spoolq -q new
	assertContains "$OUT" 'demo has dropped more than its 1 jobs a minute'
	assertEquals 2 "$(waiting)"
	id=$(spoolq -j -q new | head -1 | jq -r .id)
	run spoolq --explain "$id"
	assertContains "$OUT" 'demo has dropped more than its 1 jobs a minute'
	eventually counts done 3
	setting rate_limit requests_per_minute 0
	spoolctl reload >"$SCRATCH/out"
	eventually counts done 5
}

test_what_waited_is_taken_at_the_rate() {
	limited 240 2
	began=$(date +%s%N)
	drops 10 many "$(job)"
	eventually counts done 10
	took=$((($(date +%s%N) - began) / 1000000))
	# two at once, and eight at four a second
	assertTrue "$took ms" "[ $took -ge 1900 ]"
	assertEquals 'each once' 10 "$(arrivals)"
}

test_who_submits_more_than_allowed_is_told_when_to_come_back() {
	limited 2 1
	run spoolsubmit -d ok -D '{}'
	assertEquals "$ERR" 0 "$STATUS"
	run spoolsubmit -j -d ok -D '{}'
	assertEquals 75 "$STATUS"
	assertEquals RATE_LIMIT_EXCEEDED "$(jq -r .code "$SCRATCH/err")"
	after=$(jq .details.retryAfter "$SCRATCH/err")
	assertTrue "$after" "[ $after -ge 1 ] && [ $after -le 30 ]"
	assertEquals 'it is taken back' 0 "$(waiting)"
	assertEquals 'it was never accepted' 1 "$(journal \
	    'select(.event == "accepted") | .job' | wc -l)"
}

test_an_organization_may_have_a_limit_of_its_own() {
	instance
	setting rate_limit requests_per_minute 1
	setting rate_limit burst 1
	setting 'organization demo' requests_per_minute 0
	sink
	start
	destination ok
	drops 5 many "$(job)"
	eventually counts done 5
}

test_a_quota_of_jobs_holds_until_some_are_finished() {
	instance
	setting 'organization demo' quota_jobs 2
	sink
	start
	destination ok
	switch disable ok
	drops 3 many "$(job ok)"
	eventually accepted 2
	eventually waits 1
	assertEquals 'STORAGE_RESERVE demo has 2 jobs that are not finished, and its quota_jobs is 2' \
	    "$(spoolq -j -q new | jq -r '.errorCode + " " + .reason')"
	run spoolsubmit -j -d ok -D '{}'
	assertEquals 'STORAGE_RESERVE 60' "$(jq -r '.code + " " +
	    (.details.retryAfter | tostring)' "$SCRATCH/err")"
	assertEquals 75 "$STATUS"
	stop
	start
	eventually waits 1
	switch enable ok
	eventually counts done 3
}

test_a_quota_of_bytes_holds_until_some_are_finished() {
	instance
	setting 'organization demo' quota_bytes 1M
	sink
	start
	destination ok
	switch disable ok
	head -c 1100000 /dev/zero >"$SCRATCH/zeros"
	run spoolsubmit -d ok -f "$SCRATCH/zeros"
	assertEquals "$ERR" 0 "$STATUS"
	run spoolsubmit -d ok -f "$SCRATCH/zeros"
	assertEquals 75 "$STATUS"
	assertContains "$ERR" 'quota_bytes is 1048576'
	stop
	start
	run spoolsubmit -d ok -D '{}'
	assertEquals 'after a restart, too' 75 "$STATUS"
	switch enable ok
	eventually counts done 1
	run spoolsubmit -d ok -D '{}'
	assertEquals "$ERR" 0 "$STATUS"
}

test_more_than_fit_memory_wait_too_and_who_submits_is_told() {
	limited 1 1
	drops 4200 many "$(job)"
	eventually accepted 1
	run spoolsubmit -j -d ok -D '{}'
	assertEquals "$ERR" 75 "$STATUS"
	assertEquals RATE_LIMIT_EXCEEDED "$(jq -r .code "$SCRATCH/err")"
	eventually waits 4199
	setting rate_limit requests_per_minute 0
	spoolctl reload >"$SCRATCH/out"
	eventually_within $((TEST_PATIENCE * 4)) counts done 4200
}

. /usr/share/shunit2/shunit2
