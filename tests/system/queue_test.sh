#!/bin/sh
# queue_test - the queue in a person's hands: mv, touch, cp, and the commands
# that do the same, with spoold running and without
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# A running instance with a receiver, and a destination that takes nothing.
waiting_instance() {
	instance
	start
	sink
	destination ok
	switch disable ok
}

# A job that failed once and waits for an hour.
deferred_job() {
	answers ok 503
	slow_retries
	spoolctl reload >"$SCRATCH/reload" 2>&1
	drop deferred "$(job ok)"
	eventually in_queue retry "$ID" ok
	answers ok 200
}

# A job that was given up at its first attempt.
failed_job() {
	answers ok 422
	drop refused "$(job ok)"
	eventually in_queue failed "$ID" ok
	answers ok 200
}

# --- by hand ----------------------------------------------------------------

test_a_ticket_that_is_moved_to_hold_is_not_run_until_it_is_moved_back() {
	waiting_instance
	drop held "$(job ok)"
	eventually in_queue cur "$ID"
	held=$ID
	mv "$SPOOL/cur/$held.ok:p5,a0" "$SPOOL/hold/"
	switch enable ok
	drop other "$(job ok)"
	eventually delivered "$ID"
	assertEquals 0 "$(arrivals "$held")"
	assertEquals "$held.ok:p5,a0" "$(ticket hold "$held")"
	mv "$SPOOL/hold/$held.ok:p5,a0" "$SPOOL/cur/"
	eventually delivered "$held"
	assertEquals 1 "$(arrivals "$held")"
}

test_a_ticket_that_is_moved_to_failed_stays_there_and_can_be_moved_back() {
	waiting_instance
	drop given-up "$(job ok)"
	eventually in_queue cur "$ID"
	gone=$ID
	mv "$SPOOL/cur/$gone.ok:p5,a0" "$SPOOL/failed/"
	switch enable ok
	drop other "$(job ok)"
	eventually delivered "$ID"
	assertEquals "$gone.ok:p5,a0" "$(ticket failed "$gone")"
	assertEquals 0 "$(arrivals "$gone")"
	mv "$SPOOL/failed/$gone.ok:p5,a0" "$SPOOL/cur/"
	eventually delivered "$gone"
	assertEquals 'each once' \
	    'accepted cancelled requeued attempt delivered' "$(events "$gone")"
}

test_a_dead_letter_that_was_mended_is_delivered_after_mv_to_cur() {
	instance
	start
	sink
	destination ok
	failed_job
	assertEquals "$ID.ok:p5,a1" "$(ticket failed "$ID")"
	eventually receipt_says refused "$ID" '.status == "failed"'
	mv "$SPOOL/failed/$ID.ok:p5,a1" "$SPOOL/cur/"
	eventually delivered "$ID"
	eventually receipt_says refused "$ID" '.status == "completed" and
	    .destinations[0].status == "delivered"'
	assertEquals 2 "$(arrivals "$ID")"
}

test_touch_makes_a_waiting_ticket_due_or_puts_it_off() {
	instance
	start
	sink
	destination ok
	deferred_job
	late=$ID
	answers ok 503
	drop later "$(job ok)"
	eventually in_queue retry "$ID" ok
	answers ok 200
	touch -c -d '+2 hours' "$SPOOL/retry/$late.ok:p5,a1"
	touch -c "$SPOOL/retry/$ID.ok:p5,a1"
	eventually delivered "$ID"
	assertEquals "$ID.ok:p5,a2" "$(ticket done "$ID")"
	assertEquals "$late.ok:p5,a1" "$(ticket retry "$late")"
	touch -c "$SPOOL/retry/$late.ok:p5,a1"
	eventually delivered "$late"
}

test_a_ticket_moved_from_retry_to_cur_is_due_at_once() {
	instance
	start
	sink
	destination ok
	deferred_job
	mv "$SPOOL/retry/$ID.ok:p5,a1" "$SPOOL/cur/"
	eventually delivered "$ID"
	assertEquals "$ID.ok:p5,a2" "$(ticket done "$ID")"
}

test_a_second_file_of_a_ticket_is_put_aside_and_never_run() {
	instance
	start
	sink
	destination ok
	deferred_job
	cp "$SPOOL/retry/$ID.ok:p5,a1" "$SPOOL/hold/$ID.ok:p5,a1"
	eventually test -f "$SPOOL/hold/.$ID.ok:p5,a1"
	assertEquals "$ID.ok:p5,a1" "$(ticket retry "$ID")"
	mv "$SPOOL/retry/$ID.ok:p5,a1" "$SPOOL/cur/"
	eventually delivered "$ID"
	# the touch that came too late
	touch "$SPOOL/retry/$ID.ok:p5,a1"
	eventually test -f "$SPOOL/retry/.$ID.ok:p5,a1"
	assertEquals 2 "$(arrivals "$ID")"
	assertEquals 2 "$(journal 'select(.event == "stray") | .event' |
	    wc -l)"
	run spoolctl check
	assertEquals 'check lists both' 2 "$(grep -c "\.$ID\.ok:p5,a1" \
	    "$SCRATCH/out")"
}

test_moves_made_while_spoold_is_down_count() {
	waiting_instance
	drop one "$(job ok)"
	one=$ID
	drop two "$(job ok)"
	two=$ID
	eventually counts cur 2
	stop
	mv "$SPOOL/cur/$one.ok:p5,a0" "$SPOOL/hold/"
	mv "$SPOOL/cur/$two.ok:p5,a0" "$SPOOL/failed/"
	start
	switch enable ok
	drop three "$(job ok)"
	eventually delivered "$ID"
	assertEquals "$one.ok:p5,a0" "$(ticket hold "$one")"
	assertEquals "$two.ok:p5,a0" "$(ticket failed "$two")"
	assertEquals 1 "$(arrivals '')"
}

# --- by command -------------------------------------------------------------

test_hold_release_cancel_and_retry_by_command() {
	waiting_instance
	drop four "$(job ok)"
	eventually in_queue cur "$ID"
	run spoolsuper -h "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$ID.ok: held" "$(head -1 "$SCRATCH/out")"
	assertEquals 'a line and a summary' 2 "$(wc -l <"$SCRATCH/out")"
	assertEquals "$ID.ok:p5,a0" "$(ticket hold "$ID")"
	run spoolsuper -H "$ID"
	assertEquals "$ID.ok: released" "$(head -1 "$SCRATCH/out")"
	assertEquals "$ID.ok:p5,a0" "$(ticket cur "$ID")"
	run spoolsuper -d "$ID"
	assertEquals "$ID.ok: cancelled" "$(head -1 "$SCRATCH/out")"
	assertEquals "$ID.ok:p5,a0" "$(ticket failed "$ID")"
	eventually receipt_says four "$ID" '.status == "cancelled" and
	    .destinations[0].status == "cancelled"'
	switch enable ok
	run spoolsuper -r "$ID"
	assertEquals "$ID.ok: requeued" "$(head -1 "$SCRATCH/out")"
	eventually delivered "$ID"
	eventually receipt_says four "$ID" '.status == "completed"'
	assertEquals \
	    'accepted held released cancelled requeued attempt delivered' \
	    "$(events "$ID")"
	run spoolsuper --delivered -r "$ID"
	assertEquals "$ID.ok: requeued" "$(head -1 "$SCRATCH/out")"
	eventually arrived "$ID" 2
	eventually delivered "$ID"
}

test_an_operator_gives_tickets_up_wherever_they_wait() {
	waiting_instance
	drop one "$(job ok)"
	one=$ID
	drop two "$(job ok)"
	two=$ID
	drop three "$(job ok)"
	three=$ID
	eventually counts cur 3
	spoolsuper -h "$two" >"$SCRATCH/super"
	run spoolsuper -n -e ok:ALL
	ran 0 '3 tickets' ''
	run spoolsuper -e "$one.ok" -e "$two"
	ran 0 "$one.ok: expired
1 ticket expired
$two.ok: expired
1 ticket expired" ''
	assertEquals "$two.ok:p5,a0" "$(ticket failed "$two")"
	eventually receipt_says one "$one" '.status == "failed" and
	    (.destinations[0] | .status == "expired" and
	    .errorCode == "EXPIRED" and
	    .failureReason == "given up by an operator")'
	assertEquals "EXPIRED given up by an operator $(id -un) ($(id -u))" \
	    "$(journal "select(.job == \"$one\" and .event == \"expired\") |
	    \"\(.errorCode) \(.reason) \(.by)\"")"
	run spoolsuper -e "$one"
	ran 0 "$one.ok: unchanged: it is in failed/
0 tickets expired, 1 unchanged" ''
	echo "$three" | spoolsuper -e - >"$SCRATCH/super"
	assertEquals "$three.ok: expired" "$(head -1 "$SCRATCH/super")"
	run spoolsuper -r "$one"
	switch enable ok
	eventually delivered "$one"
}

test_an_attempt_under_way_wins_over_being_given_up_if_it_arrives() {
	instance
	start
	sink
	destination slow
	destination bad
	answers slow 'delay 3000 200'
	answers bad 'delay 3000 503'
	drop both "$(job slow bad)"
	eventually arrived "$ID" 2
	run spoolsuper -e "$ID"
	ran 0 "$ID.bad: expired
$ID.slow: expired
2 tickets expired" '2 tickets'
	eventually delivered "$ID" slow
	eventually in_queue failed "$ID" bad
	eventually receipt_says both "$ID" '.status == "failed" and
	    ([.destinations[].status] | sort) == ["delivered", "expired"] and
	    ([.destinations[].attempts] | add) == 2'
	assertEquals '1 dead letter, not more' 1 "$(spoolctl status -j |
	    jq '.. | .failedCount? // empty')"
}

test_a_job_that_was_given_up_frees_its_key_and_a_crash_changes_nothing() {
	waiting_instance
	keyed='{"destinations":["ok"],"payload":{"type":"data","data":1},
	    "options":{"idempotencyKey":"k"}}'
	drop first "$keyed"
	first=$ID
	eventually in_queue cur "$first"
	spoolsuper -e "$first" >"$SCRATCH/super"
	crash
	start
	eventually receipt_says first "$first" '.status == "failed" and
	    .destinations[0].status == "expired"'
	assertEquals "$first.ok:p5,a0" "$(ticket failed "$first")"
	drop second "$keyed"
	eventually in_queue cur "$ID"
}

test_ids_may_be_short_come_from_stdin_and_must_name_something() {
	waiting_instance
	drop one "$(job ok)"
	one=$ID
	drop two "$(job ok)"
	two=$ID
	eventually counts cur 2
	run spoolsuper -h 00000000000000000000000000
	failed_with 66 spoolsuper DELIVERY_NOT_FOUND
	printf '%s\n%s\n' "$one" "$two" >"$SCRATCH/both"
	run spoolsuper -h - <"$SCRATCH/both"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 2 "$(count hold)"
	run spoolsuper -n -H ALL
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'only said' 2 "$(count hold)"
	run spoolsuper -H ok:ALL
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 2 "$(count cur)"
	short=$(printf %.20s "$one")
	run spoolsuper -h "$short"
	assertEquals "$one.ok: held" "$(head -1 "$SCRATCH/out")"
}

test_flush_makes_all_one_or_one_destinations_tickets_due() {
	instance
	slow_retries
	start
	sink
	destination a
	destination b
	answers a 503
	answers b 503
	drop one "$(job a)"
	one=$ID
	drop two "$(job a)"
	drop three "$(job b)"
	three=$ID
	drop four "$(job b)"
	eventually counts retry 4
	answers a 200
	answers b 200
	run spoolq -i "$one"
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$one"
	assertEquals 3 "$(count retry)"
	run spoolq -s b
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$three"
	eventually counts retry 1
	run spoolq -f
	assertEquals "$ERR" 0 "$STATUS"
	eventually counts done 4
}

test_the_queue_can_be_read_and_changed_with_spoold_down() {
	waiting_instance
	drop one "$(job ok)"
	one=$ID
	eventually in_queue cur "$one"
	stop
	run spoolq -j
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "cur $one demo ok 5 0" "$(jq -r '[.queue, .id,
	    .organizationId, .destinationId, .priority, .attempts] |
	    join(" ")' "$SCRATCH/out")"
	run spoolsuper -h "$one"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$one.ok: held" "$(head -1 "$SCRATCH/out")"
	assertEquals "$one.ok:p5,a0" "$(ticket hold "$one")"
	run spoolsubmit -d ok -D '{"n":2}'
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 26 "${#OUT}"
	two=$OUT
	run spoolsuper -H "$one"
	assertEquals "$ERR" 0 "$STATUS"
	assertTrue 'still down' stopped
	start
	switch enable ok
	eventually delivered "$one"
	eventually delivered "$two"
	run spoolq
	ran 0 'Queue is empty' ''
	run spoolq -j
	ran 0 '' ''
}

test_priority_decides_who_goes_first() {
	instance
	setting queue concurrency 1
	start
	sink
	destination ok
	switch disable ok
	for priority in 1 9 5 10 0; do
		drop "p$priority" "{\"destinations\":[\"ok\"],\"payload\":{
		    \"type\":\"data\",\"data\":$priority},
		    \"options\":{\"priority\":$priority}}"
		eventually in_queue cur "$ID"
	done
	switch enable ok
	eventually counts done 5
	assertEquals '10 9 5 1 0' "$(jq -r .id "$SINK_DIR/requests" |
	    while read -r id; do
		    ticket done "$id"
	    done | sed 's/.*:p\([0-9]*\),.*/\1/' | paste -sd ' ')"
}

. /usr/share/shunit2/shunit2
