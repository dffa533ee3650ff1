#!/bin/sh
# isolation_test - one destination's trouble never delays another's
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

arrivals_at() {
	grep -c "\"path\":\"/$1\"" "$SINK_DIR/requests"
}

has_arrivals() {
	[ "$(arrivals_at "$1")" -ge "$2" ]
}

test_a_hanging_destination_holds_half_of_the_slots_at_most() {
	instance
	setting queue concurrency 20
	start
	sink
	destination hang '"timeout":60000'
	destination good
	answers hang hang
	drops 60 hang "$(job hang)"
	eventually has_arrivals hang 2
	drops 200 good "$(job good)"
	eventually has_arrivals good 200
	eventually counts done 200
	held=$(arrivals_at hang)
	assertTrue "$held of twenty" "[ $held -le 10 ]"
	answers hang 200
	stop --now
	start
	eventually counts done 260
}

test_a_destination_never_has_more_in_flight_than_its_limit() {
	instance
	start
	sink
	printf '{"id":"few","label":"few","type":"webhook","limits":{
	    "concurrency":3},"config":{"webhook":{"url":"%s/few"}}}' "$SINK" |
	    spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals few "$(cat "$SCRATCH/created")"
	destination good
	answers few hang
	drops 20 few "$(job few)"
	eventually has_arrivals few 3
	drops 100 good "$(job good)"
	eventually counts done 100
	assertEquals 3 "$(arrivals_at few)"
}

test_many_destinations_that_fail_in_every_way_do_not_stop_the_one_that_works() {
	instance
	start
	sink
	good=$SINK
	SINK=http://127.0.0.1:1
	for n in 1 2 3 4 5; do
		destination "closed-$n"
	done
	SINK=http://nowhere.invalid
	for n in 1 2 3 4 5; do
		destination "name-$n"
	done
	SINK=$good
	for n in 1 2 3; do
		destination "hang-$n" '"timeout":60000'
		answers "hang-$n" hang
		destination "reset-$n"
		answers "reset-$n" reset
		destination "fail-$n"
		answers "fail-$n" 500
	done
	destination good
	trouble=
	for n in 1 2 3 4 5; do
		trouble="$trouble closed-$n name-$n"
	done
	for n in 1 2 3; do
		trouble="$trouble hang-$n reset-$n fail-$n"
	done
	# shellcheck disable=SC2086 # a list
	drops 100 job "$(job good $trouble)"
	eventually counts done 100
	assertEquals 100 "$(arrivals_at good)"
}

test_a_worker_that_is_stopped_is_ended_and_its_tickets_go_on() {
	instance
	setting queue processing_timeout 2s
	start
	sink
	destination ok '"timeout":500'
	drop one "$(job ok)"
	eventually delivered "$ID"
	victim=$(workers webhook)
	kill -STOP "$victim"
	drop two "$(job ok)"
	eventually_within 60 delivered "$ID"
	eventually receipt_says two "$ID" '.destinations[0].possibleDuplicate'
	assertNotEquals "$victim" "$(workers webhook)"
	assertEquals WORKER_DIED "$(journal 'select(.event == "deferred") |
	    .errorCode')"
}

# rests PID: it has nothing to do.
rests() {
	before=$(grep ctxt "/proc/$1/status")
	sleep 0.1
	[ "$(grep ctxt "/proc/$1/status")" = "$before" ]
}

test_what_a_worker_said_with_its_last_breath_counts() {
	instance
	setting queue concurrency 200
	setting "transport webhook" concurrency 200
	start
	sink
	destination ok
	# Its window grows by these.
	drops 2000 first "$(job ok)"
	eventually counts done 2000
	answers ok 'when go'
	drops 60 more "$(job ok)"
	eventually has_arrivals ok 2040
	victim=$(workers webhook)
	eventually rests "$victim"
	had=$(arrivals_at ok)
	kill -STOP "$(supervisor)"
	: >"$SINK_DIR/go"
	eventually test ! -e "$SINK_DIR/go"
	eventually rests "$victim"
	kill -9 "$victim"
	answers ok 200
	kill -CONT "$(supervisor)"
	eventually counts done 2060
	assertEquals "of $((had - 2000)) that were answered" '' "$(journal \
	    'select(.errorCode == "WORKER_DIED") | .job')"
	assertEquals 'each once' 2060 "$(arrivals_at ok)"
}

test_a_stop_at_once_ends_a_worker_that_hears_nothing() {
	instance
	start
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	kill -STOP "$(workers webhook)"
	drop two "$(job ok)"
	eventually in_queue cur "$ID"
	stop --now
	assertTrue stopped
	assertEquals '' "$(workers webhook)"
	start
	eventually delivered "$ID"
}

. /usr/share/shunit2/shunit2
