#!/bin/sh
# spoolq_test.sh - the queue on a spool made by hand, with spoold down
# shellcheck disable=SC1010 # "done" is a queue

. tests/unit/common.sh
. tests/unit/by_hand.sh

DEFERRED='{"event":"deferred","attempt":1,"seq":7,"at":"2026-11-24T08:00:01.000Z","due":"2026-11-24T08:10:00.000Z","ms":5,"code":503,"errorCode":"HTTP_STATUS","reason":"the receiver answered 503"}'

setUp() {
	instance_by_hand
}

ids() {
	spoolq "$@" -j | jq -r .id | paste -sd ' '
}

test_an_empty_queue_says_so_but_not_in_json() {
	expect 0 'Queue is empty' spoolq
	expect 0 'Queue is empty' spoolq -p
	expect 0 '' spoolq -j
}

test_a_ticket_is_a_row() {
	ticket retry "$A.web:p5,a1" 2048 "$DEFERRED"
	touch -d '+301 seconds' "$SPOOL/retry/$A.web:p5,a1"
	got=$(spoolq)
	assertEquals 0 $?
	assertEquals 'ID DESTINATION PRIO SIZE AGE TRIES NEXT REASON' \
	    "$(echo "$got" | head -1 | tr -s ' ')"
	assertEquals "$A web 5 2.0k 1 in 5m the receiver answered 503" \
	    "$(echo "$got" | tail -1 | tr -s ' ' | cut -d ' ' -f 1-4,6-)"
}

test_json_has_every_field() {
	ticket retry "$A.web:p5,a1" 2048 "$DEFERRED"
	touch -d '2026-11-24T08:10:00.250Z' "$SPOOL/retry/$A.web:p5,a1"
	expect 0 "{\"queue\":\"retry\",\"id\":\"$A\",\"organizationId\":\"demo\",\"destinationId\":\"web\",\"priority\":5,\"attempts\":1,\"maxAttempts\":10,\"size\":2048,\"arrivalTime\":\"2026-11-24T08:00:00.000Z\",\"nextAttemptAt\":\"2026-11-24T08:10:00.250Z\",\"reason\":\"the receiver answered 503\",\"errorCode\":\"HTTP_STATUS\",\"circuit\":\"closed\",\"waitingFor\":\"backoff\",\"blockedBy\":null,\"inFlightSince\":null}" \
	    spoolq -j
}

test_what_has_nothing_to_say_is_null() {
	ticket cur "$A.web:p10,a0"
	assertEquals 'null null null 10 cur' "$(spoolq -j | jq -r \
	    '"\(.nextAttemptAt) \(.reason) \(.errorCode) \(.priority) \(.queue)"')"
}

test_a_destination_has_its_own_number_of_attempts() {
	cat >"$ROOT/state/demo/destinations/web.json" <<-'END'
	{"id":"web","organizationId":"demo","label":"Web","type":"webhook",
	"description":"","isDefault":false,"disabled":false,"disabledAt":null,
	"disabledBy":null,"disabledReason":null,"countUsage":0,
	"createdAt":"2026-11-24T08:00:00.000Z",
	"updatedAt":"2026-11-24T08:00:00.000Z","version":1,
	"config":{"webhook":{"url":"http://127.0.0.1:1/",
	"retryConfig":{"maxRetries":3}}},
	"limits":{"concurrency":0,"ratePerMinute":0,"ordered":false}}
	END
	ticket cur "$A.web:p5,a0"
	ticket cur "$B.gone:p5,a0"
	assertEquals '4 10' "$(spoolq -j | jq -r .maxAttempts | paste -sd ' ')"
}

test_the_queue_is_in_the_order_of_arrival() {
	ticket cur "$C.web:p5,a0"
	ticket hold "$A.web:p5,a0"
	ticket retry "$B.web:p5,a0"
	assertEquals "$A $B $C" "$(ids)"
}

test_dead_letters_are_shown_when_they_are_asked_for() {
	ticket failed "$A.web:p5,a10"
	ticket cur "$B.web:p5,a0"
	echo '{}' >"$SPOOL/failed/x.$C.json"
	echo '{}' >"$SPOOL/failed/x.$C.json.error"
	assertEquals "$B" "$(ids)"
	assertEquals "$C $A" "$(ids -q failed)"
	assertEquals '' "$(ids -q hold)"
	expect 64 'spoolq: USAGE: --queue: "done" is none of new, cur, retry, hold, failed' \
	    spoolq -q done
}

test_a_drop_that_waits_has_the_id_that_it_will_have() {
	printf '{}' >"$SPOOL/new/a.json"
	printf '{}' >"$SPOOL/new/.b.json"
	printf '{}' >"$SPOOL/new/c.tmp"
	id=$(node tests/data/spool_id.mjs demo "$SPOOL/new/a.json")
	assertEquals "$id new null 2" "$(spoolq -j |
	    jq -r '"\(.id) \(.queue) \(.destinationId) \(.size)"')"
	assertEquals "$id" "$(ids -q new)"
	assertEquals "$id - - 2 - acceptance" "$(spoolq | tail -1 |
	    tr -s ' ' | cut -d ' ' -f 1-4,6-7)"
}

test_filters_let_through_what_they_say() {
	ticket cur "$A.web:p5,a0"
	ticket retry "$B.other:p5,a1" 10 "$DEFERRED"
	assertEquals "$B" "$(ids --destination other)"
	assertEquals "$B" "$(ids --reason ANSWERED)"
	assertEquals '' "$(ids --reason nothing)"
	assertEquals "$A $B" "$(ids --since 2026-11-24T08:00:00Z)"
	assertEquals '' "$(ids --since 2026-11-24T08:00:00.001Z)"
	assertEquals '' "$(ids --until 2026-11-24T08:00:00Z)"
	assertEquals "$A $B" "$(ids --until 2026-11-24T08:00:00.001Z)"
	got=$(spoolq --since soon 2>&1)
	assertEquals 64 $?
	assertContains "$got" 'spoolq: USAGE: --since: "soon" is no time'
}

test_a_ticket_that_a_crash_left_empty_is_still_shown() {
	: >"$SPOOL/cur/$A.web:p5,a0"
	assertEquals "$A null 2024-11-23T16" "$(spoolq -j |
	    jq -r '"\(.id) \(.size) \(.arrivalTime[:13])"')"
}

test_names_that_are_no_tickets_are_left_out() {
	: >"$SPOOL/cur/README"
	: >"$SPOOL/cur/.$A.web:p5,a0"
	: >"$SPOOL/cur/$A.Web:p5,a0"
	: >"$SPOOL/cur/$A.web:p11,a0"
	expect 0 'Queue is empty' spoolq
}

test_what_a_remote_said_cannot_reach_the_terminal() {
	ticket retry "$A.web:p5,a1" 10 "$(printf '%s' "$DEFERRED" |
	    sed 's/answered 503/\\u001b[31m\\n\\u202ex/')"
	assertEquals 'the receiver \x1b[31m\n\u202ex' \
	    "$(spoolq | grep -o 'the receiver.*')"
}

test_there_is_no_colour_but_on_a_terminal() {
	ticket hold "$A.web:p5,a0"
	assertNotContains "$(spoolq)" "$(printf '\033')"
	assertContains "$(TERM=xterm script -qec spoolq /dev/null)" \
	    "$(printf '\033')"
	assertNotContains "$(TERM=xterm NO_COLOR=1 \
	    script -qec spoolq /dev/null)" "$(printf '\033')"
}

test_only_one_thing_is_flushed_at_a_time() {
	expect 64 'spoolq: USAGE: only one of -f, -i and -s; see spoolq --help' \
	    spoolq -f -i $A
	expect 64 'spoolq: USAGE: -f, -i and -s take no filter; see spoolq --help' \
	    spoolq -f -q retry
}

test_n_says_how_many_would_be_due() {
	ticket retry "$A.web:p5,a1"
	ticket retry "$B.web:p5,a1"
	ticket cur "$C.web:p5,a1"
	expect 0 '2 tickets' spoolq -f -n
	expect 0 '1 ticket' spoolq -i $A -n
	expect 0 '2 tickets' spoolq -s web -n
	expect 0 '{"count":2}' spoolq -s web -n -j
}

run_suite
