#!/bin/sh
# schedule_test - which ticket is attempted next, and when: order and rate
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# limited NAME LIMITS: a destination with these limits, disabled.
limited() {
	printf '{"id":"%s","label":"%s","type":"webhook","limits":{%s},
	    "config":{"webhook":{"url":"%s/%s"}}}' "$1" "$1" "$2" "$SINK" "$1" |
	    spooldest create - >"$SCRATCH/created" 2>&1 ||
	    fail "create: $(cat "$SCRATCH/created")"
	switch disable "$1"
}

# The ids in the order in which the receiver got them.
arrived_in_order() {
	jq -r .id "$SINK_DIR/requests"
}

# The ids that were dropped, oldest first.
dropped_in_order() {
	cut -d ' ' -f 1 "$SCRATCH/drops" | sort
}

# Jobs of all priorities.
drop_all_priorities() {
	for priority in 1 9 5 3 8 10 0 7; do
		drops 3 "p$priority" "$(job "$1" |
		    jq -c ".options.priority = $priority")"
	done
	eventually counts cur 24
}

test_what_has_a_higher_priority_goes_first() {
	instance
	start
	sink
	limited ok '"concurrency":1'
	drop_all_priorities ok
	switch enable ok
	eventually counts done 24
	for id in $(arrived_in_order); do
		ticket done "$id" | sed 's/.*:p\([0-9]*\),.*/\1/'
	done >"$SCRATCH/priorities"
	assertEquals "$(sort -rn "$SCRATCH/priorities" | paste -sd ' ')" \
	    "$(paste -sd ' ' "$SCRATCH/priorities")"
}

test_an_ordered_destination_gets_its_jobs_in_order_one_at_a_time() {
	instance
	start
	sink
	limited ok '"ordered":true'
	drop_all_priorities ok
	answers ok 'delay 20'
	switch enable ok
	eventually counts done 24
	assertEquals "$(dropped_in_order)" "$(arrived_in_order)"
	# the next one came when the one before had been answered
	assertEquals 0 "$(jq -s '[.[].at] | [.[1:], .[:-1]] | transpose |
	    map(select(.[0] - .[1] < 20)) | length' "$SINK_DIR/requests")"
}

test_the_first_of_an_ordered_destination_blocks_the_rest_even_while_held() {
	instance
	start
	sink
	limited ok '"ordered":true'
	destination other
	drops 3 first "$(job ok)"
	eventually counts cur 3
	first=$(dropped_in_order | sed -n 1p)
	run spoolsuper -h "$first"
	switch enable ok
	drop other "$(job other)"
	eventually delivered "$ID"
	assertEquals 2 "$(count cur)"
	assertEquals 1 "$(arrivals '')"
	run spoolsuper -H "$first"
	eventually counts done 4
	assertEquals "$ID $(dropped_in_order | paste -sd ' ')" \
	    "$(arrived_in_order | paste -sd ' ')"
}

test_one_that_waits_for_its_next_attempt_blocks_and_one_that_failed_does_not() {
	instance
	start
	sink
	limited ok '"ordered":true'
	drops 3 first "$(job ok)"
	eventually counts cur 3
	first=$(dropped_in_order | sed -n 1p)
	answers ok 503
	slow_retries
	run spoolctl reload
	switch enable ok
	eventually in_queue retry "$first"
	answers ok 422
	run spoolq -i "$first"
	eventually counts failed 3
	assertEquals "$first $(dropped_in_order | paste -sd ' ')" \
	    "$(arrived_in_order | paste -sd ' ')"
}

test_order_holds_over_a_restart() {
	instance
	start
	sink
	limited ok '"ordered":true'
	drop_all_priorities ok
	crash
	start
	switch enable ok
	eventually counts done 24
	assertEquals "$(dropped_in_order)" "$(arrived_in_order)"
}

test_no_more_are_started_in_a_minute_than_the_rate_allows() {
	instance
	start
	sink
	limited ok '"ratePerMinute":1200'
	destination other
	drops 30 paced "$(job ok)"
	eventually counts cur 30
	switch enable ok
	drop other "$(job other)"
	eventually delivered "$ID"
	eventually counts done 31
	assertNotEquals 'it does not stop another' "$ID" \
	    "$(arrived_in_order | tail -1)"
	# 20 a second: whichever ten follow each other take 450 ms
	assertEquals 0 "$(journal 'select(.event == "attempt" and
	    .dest == "ok").time | (.[:19] + "Z" | fromdate) * 1000 +
	    (.[20:23] | tonumber)' | jq -s '[.[9:], .[:-9]] | transpose |
	    map(select(.[0] - .[1] < 400)) | length')"
}

# --- made ready before there is a slot ----------------------------------------

# answers_fast DESTINATION...: once its last answers came as fast as it takes
# for a slot to be made ready for.
answers_fast() {
	QUICK=0
	while [ $QUICK -lt 20 ]; do
		QUICK=$((QUICK + 1))
		drop "quick$QUICK" "$(job "$@")"
		eventually counts done $((QUICK * $#))
		journal 'select(.event == "delivered").ms' | tail -$# |
		    awk '$1 >= 90 { exit 1 }' && return
	done
	fail 'it never answers fast'
}

# Three jobs at a destination of one slot, which answered fast and hangs now:
# one is under way, one was made ready for the slot after it.
one_under_way_and_one_ready() {
	instance
	start
	sink
	limited ok '"concurrency":1'
	switch enable ok
	answers_fast ok
	answers ok 'when go'
	drops 3 slow "$(job ok)"
	eventually attempts_are $((QUICK + 2))
}

# attempts_are N: so many attempts were recorded, those that came fast included.
attempts_are() {
	[ "$(journal 'select(.event == "attempt") | .job' | wc -l)" -ge "$1" ]
}

set_aside() {
	[ -n "$(journal 'select(.event == "deferred" and
	    (.reason | startswith("set aside"))).job')" ]
}

# All of them were sent once, and nothing says otherwise.
each_was_sent_once() {
	all=$((QUICK + 3))
	assertEquals $all "$(arrivals)"
	assertEquals $all "$(jq -r .id "$SINK_DIR/requests" | sort -u | wc -l)"
	assertEquals '' "$(journal 'select(.possibleDuplicate).job')"
	assertEquals $all "$(find "$SPOOL/done" -name '*:p5,a1*' | wc -l)"
}

test_what_is_ready_and_gets_no_slot_waits_again_and_has_had_no_attempt() {
	one_under_way_and_one_ready
	assertEquals $((QUICK + 1)) "$(arrivals)"
	eventually set_aside
	assertEquals 3 "$(find "$SPOOL/cur" "$SPOOL/retry" -name '*:p5,a0*' |
	    wc -l)"
	answers ok 200
	touch "$SINK_DIR/go"
	eventually counts done $((QUICK + 3))
	each_was_sent_once
}

test_a_stop_does_not_wait_for_what_is_only_ready() {
	one_under_way_and_one_ready
	spoolctl stop >"$SCRATCH/stop" 2>&1 &
	eventually set_aside
	answers ok 200
	touch "$SINK_DIR/go"
	wait $!
	assertEquals 'stopped with status 0' "stopped with status $?"
	assertEquals $((QUICK + 1)) "$(arrivals)"
	start
	eventually counts done $((QUICK + 3))
	each_was_sent_once
}

test_what_is_ready_is_not_sent_once_it_is_held_or_cancelled() {
	one_under_way_and_one_ready
	ready=$(journal 'select(.event == "attempt").job' | tail -1)
	run spoolsuper -d "$ready"
	eventually in_queue failed "$ready"
	answers ok 200
	touch "$SINK_DIR/go"
	eventually counts done $((QUICK + 2))
	assertEquals 0 "$(arrivals "$ready")"
}

test_an_ordered_or_paced_destination_has_nothing_made_ready() {
	instance
	start
	sink
	limited ordered '"ordered":true'
	limited paced '"concurrency":1,"ratePerMinute":6000'
	switch enable ordered
	switch enable paced
	answers_fast ordered paced
	answers ordered 'when go'
	answers paced 'when on'
	drops 3 slow "$(job ordered paced)"
	eventually attempts_are $((2 * QUICK + 2))
	drop other "$(job ordered paced)"
	eventually counts cur 8
	assertEquals $((2 * QUICK + 2)) "$(journal 'select(.event ==
	    "attempt").job' | wc -l)"
	answers ordered 200
	answers paced 200
	touch "$SINK_DIR/go" "$SINK_DIR/on"
	eventually counts done $((2 * QUICK + 8))
}

. /usr/share/shunit2/shunit2
