#!/bin/sh
# retry_test - when an attempt that did not arrive is made again, how often,
# and what ends it
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# Waits of a job's deferred attempts as journaled, in ms, one line: the due
# time less the line's own.
waits() {
	journal 'def ms: (.[0:19] + "Z" | fromdate) * 1000 +
	    (.[20:23] | tonumber);
	    select(.event == "deferred" and .job == "'"$1"'") |
	    (.due | ms) - (.time | ms)' | paste -sd ' '
}

# near WANTED SEEN...: each pair differs by at most 60 ms (the due time is
# counted from the answer, the line's own from its commit).
near() {
	wanted=$1
	seen=$2
	assertEquals "$wanted / $seen" "$(echo "$wanted" | wc -w)" \
	    "$(echo "$seen" | wc -w)"
	# shellcheck disable=SC2086 # lists
	set -- $seen
	for want in $wanted; do
		assertTrue "$1 for $want" "[ $1 -le $want -a \
		    $1 -ge $((want - 60)) ]"
		shift
	done
}

test_the_formula_grows_to_its_maximum_and_ends_as_failed_with_the_reason() {
	instance
	setting retry jitter_factor 0
	setting retry max_attempts 5
	start
	sink
	destination ok
	answers ok 503
	drop formula "$(job ok)"
	eventually in_queue failed "$ID"
	assertEquals "$ID.ok:p5,a5" "$(ticket failed "$ID")"
	assertEquals 5 "$(arrivals "$ID")"
	near '100 200 400 400' "$(waits "$ID")"
	eventually receipt_says formula "$ID" '.status == "failed" and
	    (.destinations[0] | .status == "failed" and .attempts == 5 and
	    .errorCode == "HTTP_STATUS" and (.failureReason | test("503")) and
	    .possibleDuplicate == false)'
	assertEquals 'HTTP_STATUS 503' "$(journal 'select(.event == "failed") |
	    "\(.errorCode) \(.code)"')"
}

test_a_schedule_is_followed_step_by_step() {
	instance
	setting retry jitter_factor 0
	setting retry schedule '{"300ms", "100ms"}'
	setting retry max_attempts 4
	start
	sink
	destination ok
	answers ok 500
	drop schedule "$(job ok)"
	eventually in_queue failed "$ID"
	near '300 100 100' "$(waits "$ID")"
}

test_a_destinations_own_retry_configuration_comes_first() {
	instance
	setting retry jitter_factor 0
	setting retry schedule '{"200ms"}'
	start
	sink
	destination few '"retryConfig":{"maxRetries":2}'
	destination own '"retryConfig":{"maxRetries":3,"baseDelay":50,
	    "backoffMultiplier":3,"maxBackoffDelay":300}'
	answers few 500
	answers own 500
	drop own "$(job own)"
	own=$ID
	drop few "$(job few)"
	eventually in_queue failed "$ID"
	eventually in_queue failed "$own"
	assertEquals "$ID.few:p5,a3" "$(ticket failed "$ID")"
	near '200 200' "$(waits "$ID")"
	assertEquals "$own.own:p5,a4" "$(ticket failed "$own")"
	near '50 150 300' "$(waits "$own")"
}

test_waits_are_jittered_within_their_bounds_and_not_alike() {
	instance
	setting retry base_delay 10s
	setting retry max_delay 10s
	setting retry jitter_factor 0.2
	start
	sink
	destination ok
	answers ok 503
	drops 30 jitter "$(job ok)"
	eventually counts retry 30
	journal 'def ms: (.[0:19] + "Z" | fromdate) * 1000 +
	    (.[20:23] | tonumber); select(.event == "deferred") |
	    (.due | ms) - (.time | ms)' >"$SCRATCH/waits"
	assertEquals 30 "$(wc -l <"$SCRATCH/waits")"
	assertEquals 'all within 20 percent' 30 \
	    "$(awk '$1 >= 7900 && $1 <= 12000' "$SCRATCH/waits" | wc -l)"
	assertTrue 'not alike' "[ $(sort -u "$SCRATCH/waits" | wc -l) -gt 15 ]"
	assertTrue 'both ways' "[ $(sort -n "$SCRATCH/waits" | head -1) -lt \
	    9900 -a $(sort -n "$SCRATCH/waits" | tail -1) -gt 10000 ]"
}

test_what_the_remote_asks_for_raises_the_wait_up_to_a_day() {
	instance
	setting retry jitter_factor 0
	start
	sink
	destination soon
	destination later
	destination date
	destination never
	answers soon '503
Retry-After: 0'
	answers later '429
Retry-After: 7'
	answers date "503
Retry-After: $(date -u -d '+1 hour' '+%a, %d %b %Y %H:%M:%S GMT')"
	answers never '503
Retry-After: 9999999'
	for name in later date never soon; do
		drop "$name" "$(job "$name")"
		eval "$name=\$ID"
		[ "$name" = soon ] || eventually in_queue retry "$ID"
	done
	# shellcheck disable=SC2154 # set by eval
	near 7000 "$(waits "$later")"
	# shellcheck disable=SC2154
	near 86400000 "$(waits "$never")"
	# shellcheck disable=SC2154
	wait=$(waits "$date")
	assertTrue "$wait" "[ $wait -gt 3580000 -a $wait -le 3600000 ]"
	# shellcheck disable=SC2154
	eventually arrived "$soon" 2
	near 100 "$(waits "$soon" | cut -d ' ' -f 1)"
}

test_each_status_ends_waits_or_delivers_as_it_should() {
	instance
	slow_retries
	start
	sink
	permanent='400 404 405 410 413 415 422'
	waiting='301 302 401 403 408 409 429 500 501 502 503 504 507'
	good='201 202 204'
	for status in $permanent $waiting $good; do
		destination "s$status"
		answers "s$status" "$status
Location: $SINK/elsewhere"
	done
	# shellcheck disable=SC2046,SC2086 # a list
	drop all "$(job $(printf 's%s ' $permanent $waiting $good))"
	eventually counts failed 7
	eventually counts retry 13
	eventually counts done 3
	for status in $permanent; do
		assertEquals "$ID.s$status:p5,a1" "$(ticket failed "$ID" \
		    "s$status")"
	done
	for status in $waiting; do
		assertEquals "$ID.s$status:p5,a1" "$(ticket retry "$ID" \
		    "s$status")"
	done
	assertEquals 'redirects are not followed' 23 "$(arrivals "$ID")"
	assertEquals 'HTTP_STATUS' "$(journal 'select(.dest == "s503") |
	    .errorCode // empty')"
	assertEquals 'AUTHENTICATION_FAILED' "$(journal \
	    'select(.dest == "s401") | .errorCode // empty')"
	run spooldest list -j
	assertEquals '410 disables, nothing else does' s410 "$(jq -r \
	    'select(.disabled) | .id' "$SCRATCH/out")"
}

# least_gap DESTINATION: the shortest time in ms between two of the last five of
# its requests.
least_gap() {
	jq "select(.path == \"/$1\") | .at" "$SINK_DIR/requests" | tail -5 |
	    awk 'NR > 1 && (least == "" || $1 - last < least) {
		least = $1 - last } { last = $1 } END { print least }'
}

# Each answer takes 150 ms, so gaps of that much mean: one at a time.
test_statuses_that_ask_for_less_shrink_a_destinations_window_and_others_do_not() {
	instance
	slow_retries
	start
	sink
	slow='429 502 503 504'
	for status in $slow 408; do
		destination "s$status"
		answers "s$status" "delay 150 $status"
	done
	# shellcheck disable=SC2046,SC2086 # a list
	drops 16 window "$(job $(printf 's%s ' $slow 408))"
	eventually counts retry 80
	for status in $slow; do
		assertTrue "$status: $(least_gap "s$status") ms" \
		    "[ $(least_gap "s$status") -ge 140 ]"
	done
	assertTrue "408: $(least_gap s408) ms" "[ $(least_gap s408) -lt 140 ]"
}

# What is under way at once shows in when the requests came: waves of two.
test_no_more_are_under_way_at_once_than_a_destinations_limit() {
	instance
	start
	sink
	printf '{"id":"two","label":"two","type":"webhook","limits":{
	    "concurrency":2},"config":{"webhook":{"url":"%s/two"}}}' "$SINK" |
	    spooldest create - >"$SCRATCH/created"
	answers two 'delay 150'
	drops 10 two "$(job two)"
	eventually counts done 10
	assertEquals 'never three within an answer' '' "$(jq .at \
	    "$SINK_DIR/requests" | awk '{ at[NR] = $1 }
	    END { for (i = 3; i <= NR; i++) if (at[i] - at[i - 2] < 140)
		print i, at[i] - at[i - 2] }')"
}

test_what_cannot_be_reached_is_tried_again_and_says_why() {
	instance
	slow_retries
	start
	sink
	destination cut
	answers cut reset
	url=$SINK
	SINK=http://127.0.0.1:1
	destination refused
	SINK=http://nowhere.invalid
	destination name
	SINK=$url
	destination silent '"timeout":300'
	answers silent hang
	drop all "$(job cut refused name silent)"
	eventually counts retry 4
	assertEquals 'cut MAY_HAVE_ARRIVED,name DNS_FAILURE,refused CONNECT_FAILURE,silent MAY_HAVE_ARRIVED' \
	    "$(journal 'select(.event == "deferred") |
	    "\(.dest) \(.errorCode)"' | sort | paste -sd ,)"
	answers cut 200
	answers silent 200
	run spoolq -f
	eventually delivered "$ID" cut
	eventually delivered "$ID" silent
	assertEquals 'cut true,silent true' "$(journal \
	    'select(.event == "attempt" and .attempt == 2 and
	    .possibleDuplicate) | "\(.dest) \(.possibleDuplicate)"' |
	    sort | paste -sd ,)"
	assertEquals 'cut twice, and delivered' 2 "$(jq -r \
	    'select(.path == "/cut") | .id' "$SINK_DIR/requests" |
	    grep -c "$ID")"
	run spoolsuper -d "$ID"
	eventually receipt_says all "$ID" '[.destinations[] |
	    select(.possibleDuplicate) | .destinationId] | sort ==
	    ["cut", "silent"]'
}

test_deliver_at_waits_and_expires_at_gives_up() {
	instance
	start
	sink
	destination ok
	destination down
	answers down 503
	soon=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%S.000Z)
	p='"payload":{"type":"data","data":1}'
	drop late "{\"destinations\":[\"ok\"],$p,
	    \"options\":{\"deliverAt\":\"$soon\"}}"
	late=$ID
	eventually in_queue retry "$late"
	assertEquals "$late.ok:p5,a0" "$(ticket retry "$late")"
	assertEquals "$(date -d "$soon" +%s)" \
	    "$(stat -c %Y "$SPOOL/retry/$late.ok:p5,a0")"
	drop brief "{\"destinations\":[\"down\"],$p,
	    \"options\":{\"expiresAt\":\"$soon\"}}"
	eventually in_queue failed "$ID"
	assertTrue 'not before' "[ $(date +%s) -ge $(date -d "$soon" +%s) ]"
	eventually receipt_says brief "$ID" '.destinations[0] |
	    .status == "expired" and .errorCode == "EXPIRED"'
	eventually delivered "$late"
	assertTrue 'not before' "[ $(request "$late" .at) -ge \
	    $(date -d "$soon" +%s)000 ]"
	assertEquals expired "$(events "$ID" | grep -o 'expired$')"
}

# expiring NAME DESTINATION SECONDS: a job that expires that long from now.
expiring() {
	EXPIRES=$(date -u -d "+$3 seconds" +%Y-%m-%dT%H:%M:%S.000Z)
	drop "$1" "{\"destinations\":[\"$2\"],\"payload\":{\"type\":\"data\",
	    \"data\":1},\"options\":{\"expiresAt\":\"$EXPIRES\"}}"
}

# expired ID: it ends at that time, which is long before its next attempt.
expired() {
	eventually in_queue failed "$1"
	at=$(journal "select(.job == \"$1\" and .event == \"expired\") | .time")
	assertTrue "$at is not before $EXPIRES" \
	    "[ $(date -d "$at" +%s%3N) -ge $(date -d "$EXPIRES" +%s%3N) ]"
}

test_expires_at_ends_what_waits_for_its_next_attempt_at_that_time() {
	instance
	slow_retries
	start
	sink
	destination down
	answers down 503
	expiring waiting down 6
	eventually in_queue retry "$ID"
	expired "$ID"
	assertEquals 'accepted attempt deferred expired' "$(events "$ID")"
	eventually receipt_says waiting "$ID" '.status == "failed" and
	    (.destinations[0] | .status == "expired" and .attempts == 1 and
	    .errorCode == "EXPIRED" and
	    .failureReason == "the job'"'"'s expiresAt has passed")'
	assertEquals null "$(journal "select(.job == \"$ID\" and
	    .event == \"expired\") | .by")"
}

test_expires_at_ends_what_a_disabled_destination_keeps_waiting() {
	instance
	start
	sink
	destination off
	switch disable off
	expiring waiting off 5
	eventually in_queue cur "$ID"
	expired "$ID"
	assertEquals 'accepted expired' "$(events "$ID")"
	assertEquals 0 "$(arrivals '')"
}

test_what_is_held_does_not_expire_but_when_it_is_released() {
	instance
	start
	sink
	destination off
	switch disable off
	expiring held off 6
	held=$ID
	eventually in_queue cur "$held"
	spoolsuper -h "$held" >"$SCRATCH/super"
	assertEquals "$held.off: held" "$(head -1 "$SCRATCH/super")"
	expiring other off 7
	eventually in_queue failed "$ID"
	assertEquals "$held.off:p5,a0" "$(ticket hold "$held")"
	spoolsuper -H "$held" >"$SCRATCH/super"
	eventually in_queue failed "$held"
	assertEquals 'accepted held released expired' "$(events "$held")"
}

test_an_attempt_under_way_is_not_ended_by_expires_at() {
	instance
	slow_retries
	start
	sink
	destination slow
	destination bad
	answers slow 'delay 6000 200'
	answers bad 'delay 6000 503'
	expiring arrives slow 4
	arrives=$ID
	expiring deferred bad 4
	eventually delivered "$arrives"
	eventually in_queue failed "$ID"
	assertEquals 'accepted attempt delivered' "$(events "$arrives")"
	assertEquals 'accepted attempt deferred expired' "$(events "$ID")"
	assertEquals "$ID.bad:p5,a1" "$(ticket failed "$ID")"
}

test_expires_at_counts_on_after_a_restart_and_a_crash() {
	instance
	slow_retries
	start
	sink
	destination down
	answers down 503
	for each in $(seq 120); do
		drop "before$each" "$(job down)"
	done
	expiring waiting down 8
	eventually counts retry 121
	crash
	start
	expired "$ID"
	assertEquals 120 "$(count retry)"
	crash
	start
	eventually receipt_says waiting "$ID" \
	    '.destinations[0].status == "expired"'
	assertEquals 'once' 'accepted attempt deferred expired' \
	    "$(events "$ID")"
}

test_what_expired_while_spoold_was_down_ends_at_the_start() {
	instance
	start
	sink
	destination off
	switch disable off
	expiring waiting off 5
	eventually in_queue cur "$ID"
	stop
	eventually sh -c "[ \$(date +%s) -gt $(date -d "$EXPIRES" +%s) ]"
	start
	eventually in_queue failed "$ID"
	assertEquals 'accepted expired' "$(events "$ID")"
}

. /usr/share/shunit2/shunit2
