#!/bin/sh
# recovery_test - whatever ended spoold or a worker, nothing is lost, what may
# have arrived is marked, and starting again changes nothing that was settled
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# Everything in the spool but times: where each file is, and what is in it.
picture() {
	(cd "$SPOOL" && find . -type f ! -path './tmp/*' -exec sha256sum {} + |
	    sort -k 2)
}

checkpoint_after() {
	[ "$(cat "$INSTANCE/spool/.checkpoint")" -gt "$1" ]
}


alert_begun() {
	[ "$(journal "select(.event == \"alert\" and .name == \"$1\") | .state")" \
	    = begin ]
}

in_flight() {
	[ "$(arrivals "$1")" -ge 1 ]
}

test_a_clean_stop_and_start_change_nothing() {
	instance
	slow_retries
	start
	sink
	destination ok
	destination down
	destination bad
	destination off
	switch disable off
	answers down 503
	answers bad 400
	drop one "$(job ok down bad off)"
	drop two "$(job ok)"
	eventually delivered "$ID"
	eventually counts done 2
	eventually counts retry 1
	eventually counts failed 1
	stop
	eventually stopped
	picture >"$SCRATCH/before"
	stat -c '%n %Y' "$SPOOL"/retry/* >>"$SCRATCH/before"
	start
	run spoolctl status
	assertEquals "$OUT" 0 "$STATUS"
	stop
	eventually stopped
	picture >"$SCRATCH/after"
	stat -c '%n %Y' "$SPOOL"/retry/* >>"$SCRATCH/after"
	assertEquals '' "$(diff "$SCRATCH/before" "$SCRATCH/after")"
	assertEquals 'start stop start stop' "$(journal 'select(.event ==
	    "start" or .event == "stop") | .event' | paste -sd ' ')"
}

test_a_crash_at_rest_loses_and_repeats_nothing() {
	instance
	start
	sink
	destination ok
	destination off
	switch disable off
	drops 30 rest "$(job ok off)"
	eventually counts done 30
	eventually counts cur 30
	crash
	picture | grep -v receipts >"$SCRATCH/before"
	for round in 1 2; do
		start
		run spoolctl status
		assertEquals "round $round: $OUT" 0 "$STATUS"
		picture | grep -v receipts >"$SCRATCH/after"
		assertEquals "round $round" '' \
		    "$(diff "$SCRATCH/before" "$SCRATCH/after")"
		crash
	done
	start
	switch enable off
	eventually counts done 60
	assertEquals 'each once' 60 "$(arrivals '')"
	while read -r id name; do
		eventually receipt_says "${name%.json}" "$id" \
		    '.status == "completed" and ([.destinations[] |
		    .possibleDuplicate] | any | not)'
	done <"$SCRATCH/drops"
}

test_an_attempt_that_a_crash_cut_off_is_counted_and_its_successor_marked() {
	instance
	start
	sink
	destination ok
	answers ok hang
	drop cut "$(job ok)"
	eventually in_flight "$ID"
	crash
	answers ok 200
	start
	eventually delivered "$ID"
	assertEquals "$ID.ok:p5,a2" "$(ticket done "$ID")"
	assertEquals 'accepted attempt maybe attempt delivered' \
	    "$(events "$ID")"
	assertEquals '1 null,2 true' "$(journal 'select(.event == "attempt") |
	    "\(.attempt) \(.possibleDuplicate)"' | paste -sd ,)"
	eventually receipt_says cut "$ID" '.destinations[0] |
	    .possibleDuplicate and .attempts == 2'
	assertEquals 2 "$(arrivals "$ID")"
	assertEquals 'maybe delivered' "$(tail -n +2 \
	    "$(find "$SPOOL/done" -name "$ID.*")" | jq -r .event |
	    paste -sd ' ')"
}

test_a_worker_that_is_killed_costs_its_attempts_and_nothing_more() {
	instance
	start
	sink
	destination ok
	answers ok hang
	drop held "$(job ok)"
	eventually in_flight "$ID"
	answers ok 200
	victim=$(workers webhook)
	assertTrue "one worker: $victim" "[ '$victim' -gt 1 ]"
	kill -9 "$victim"
	eventually delivered "$ID"
	assertEquals 'accepted attempt deferred attempt delivered' \
	    "$(events "$ID")"
	assertEquals WORKER_DIED "$(journal 'select(.event == "deferred") |
	    .errorCode')"
	eventually receipt_says held "$ID" \
	    '.destinations[0].possibleDuplicate'
	for victim in $(workers intake); do
		kill -9 "$victim"
	done
	drop after "$(job ok)"
	eventually delivered "$ID"
	eventually receipt_says after "$ID" \
	    '.destinations[0].possibleDuplicate == false'
}

test_a_helper_that_is_killed_is_replaced() {
	instance
	start
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	helper=$(helper)
	assertTrue "one helper: $helper" "[ '$helper' -gt 1 ]"
	eventually test -s "$INSTANCE/spool/.checkpoint"
	before=$(cat "$INSTANCE/spool/.checkpoint")
	kill -STOP "$helper"
	drop two "$(job ok)"
	eventually delivered "$ID"
	# what it was asked for by now cannot be seen: two intervals
	sleep 1
	kill -9 "$helper"
	eventually checkpoint_after "$before"
	drop three "$(job ok)"
	eventually delivered "$ID"
	run spoolctl status
	assertEquals "$OUT" 0 "$STATUS"
}

# How many there are after the first delivery.
checkpoints_while_delivering() {
	journal 'select(.event == "delivered" or .event == "checkpoint").event' |
	    sed '1,/delivered/d' | grep -c checkpoint
}

three_checkpoints() {
	[ "$(checkpoints_while_delivering)" -ge 3 ]
}

test_checkpoints_are_taken_while_a_backlog_lasts() {
	instance
	setting queue checkpoint_interval 100ms
	start
	sink
	destination ok
	answers ok 'delay 5'
	drops 6000 many "$(job ok)"
	eventually three_checkpoints
	assertTrue 'the backlog lasts' "[ $(count cur) -gt 0 ]"
	answers ok 200
	eventually counts done 6000
	crash
	start
	eventually counts done 6000
	assertEquals 6000 "$(arrivals)"
}

test_a_second_spoold_does_not_start() {
	instance
	start
	first=$(supervisor)
	run spoold -c "$CONF"
	failed_with 75 spoold UNAVAILABLE
	assertEquals "$first" "$(supervisor)"
	run spoolctl start
	assertNotEquals 0 "$STATUS"
	run spoolctl status
	assertEquals 0 "$STATUS"
}

test_a_torn_tail_is_cut_kept_and_told() {
	instance
	start
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	crash
	segment=$(find "$LOG/journal" -name '*.jsonl' | sort | tail -1)
	printf '{"seq":9999,"time":"2026-' >>"$segment"
	start
	drop two "$(job ok)"
	eventually delivered "$ID"
	assertEquals 1 "$(find "$LOG/journal" -name '*.cut.*' | wc -l)"
	assertEquals '{"seq":9999,"time":"2026-' \
	    "$(cat "$LOG"/journal/*.cut.*)"
	run spoollog verify
	assertEquals "$OUT$ERR" 0 "$STATUS"
}

test_lost_tickets_jobs_and_receipts_come_back_from_the_journal() {
	instance
	setting queue checkpoint_interval 1h
	start
	sink
	destination ok
	destination off
	switch disable off
	drop one "$(job ok off)"
	eventually delivered "$ID" ok
	eventually in_queue cur "$ID" off
	crash
	# as after a power cut: what was never synced is empty, or not there
	: >"$(find "$SPOOL/done" -name "$ID.*")"
	rm "$SPOOL/cur/$ID.off:p5,a0"
	mv "$SPOOL/jobs/$ID.json" "$SPOOL/new/one.json"
	find "$SPOOL/receipts" -type f -delete
	start
	switch enable off
	eventually delivered "$ID" off
	assertEquals "$ID.ok:p5,a1 $ID.off:p5,a1" \
	    "$(ticket done "$ID" | sort -r | paste -sd ' ')"
	eventually receipt_says one "$ID" '.status == "completed" and
	    ([.destinations[].attempts] == [1, 1])'
	assertTrue "[ -f '$SPOOL/jobs/$ID.json' ]"
	assertEquals 'one accepted' 1 "$(journal 'select(.event ==
	    "accepted") | .event' | wc -l)"
	assertEquals 2 "$(arrivals "$ID")"
}

test_a_ticket_without_a_job_fails_and_a_job_without_tickets_is_held() {
	instance
	start
	sink
	destination ok
	switch disable ok
	drop one "$(job ok)"
	one=$ID
	drop two "$(job ok)"
	eventually counts cur 2
	stop
	rm "$SPOOL/jobs/$one.json"
	rm "$SPOOL/cur/$ID".*
	start
	switch enable ok
	eventually in_queue failed "$one"
	eventually in_queue hold "$ID"
	eventually receipt_says one "$one" '.destinations[0].errorCode ==
	    "PAYLOAD_NOT_FOUND"'
	run spoolsuper -H "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$ID"
	assertEquals 0 "$(arrivals "$one")"
}

# A copy of the spool from yesterday beside today's journal, or the reverse.
test_what_was_restored_from_a_backup_is_held_for_a_look() {
	instance
	start
	sink
	destination ok
	switch disable ok
	drop one "$(job ok)"
	one=$ID
	eventually in_queue cur "$one"
	stop
	cp -a "$INSTANCE/spool" "$INSTANCE/backup"
	start
	switch enable ok
	eventually delivered "$one"
	drop two "$(job ok)"
	eventually delivered "$ID"
	for round in 1 2 3; do
		stop
		start
		drop "more-$round" "$(job ok)"
		eventually delivered "$ID"
	done
	stop
	mv "$INSTANCE/spool" "$INSTANCE/lost"
	mv "$INSTANCE/backup" "$INSTANCE/spool"
	job ok >"$SPOOL/new/three.json"
	before=$(arrivals '')
	start
	eventually in_queue hold "$one"
	eventually test ! -e "$SPOOL/new/three.json"
	assertEquals "$(count hold) held" 0 "$(count cur)"
	assertEquals 'nothing left' "$before" "$(arrivals '')"
	run spoolsuper -H ALL
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$one"
	eventually counts hold 0
}

test_restored_can_be_said_when_starting() {
	instance
	start
	sink
	destination ok
	switch disable ok
	drop one "$(job ok)"
	eventually in_queue cur "$ID"
	stop
	start --restored
	eventually in_queue hold "$ID"
	switch enable ok
	run spoolsuper -H "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$ID"
}

test_drops_that_were_set_aside_are_released_with_all() {
	instance
	start
	sink
	destination ok
	stop
	drop waits "$(job ok)"
	echo 'being written' >"$SPOOL/new/ignored"
	start --restored
	assertEquals 'no drop, so it stays' ignored "$(ls "$SPOOL/new")"
	run spoolsuper -n -H ALL
	ran 0 "$(printf '0 tickets\n1 drop in hold/')" ''
	run spoolsuper -H ALL
	ran 0 "$(printf '0 tickets released\n1 drop back in new/')" ''
	eventually delivered "$ID"
}

test_what_is_released_still_waits_for_its_time() {
	instance
	start
	sink
	destination ok
	drop later "$(job ok |
	    jq -c '.options.deliverAt = (now + 3600 | todate)')"
	eventually in_queue retry "$ID"
	run spoolsuper -h "$ID"
	eventually in_queue hold "$ID"
	run spoolsuper -H "$ID"
	eventually in_queue retry "$ID"
	due=$(stat -c %Y "$SPOOL/retry/$(ticket retry "$ID")")
	assertTrue "in an hour: $due" "[ $due -gt $(($(date +%s) + 3500)) ]"
	assertEquals 0 "$(arrivals '')"
}

test_a_run_directory_that_is_gone_is_made() {
	instance
	rm -r "$INSTANCE/run"
	start
	run spoolctl status
	assertEquals "$OUT" 0 "$STATUS"
	assertEquals 700 "$(stat -c %a "$INSTANCE/run")"
}

test_a_stop_waits_for_what_is_in_flight_and_stop_now_does_not() {
	instance
	start
	sink
	destination ok
	answers ok 'delay 700'
	drop slow "$(job ok)"
	eventually in_flight "$ID"
	stop
	assertTrue 'stopped' stopped
	assertEquals 'accepted attempt delivered' "$(events "$ID")"
	start
	answers ok hang
	drop never "$(job ok)"
	eventually in_flight "$ID"
	stop --now
	assertTrue 'stopped' stopped
	answers ok 200
	start
	eventually delivered "$ID"
	eventually receipt_says never "$ID" \
	    '.destinations[0].possibleDuplicate'
}

test_sigterm_is_a_clean_stop() {
	instance
	start
	kill -TERM "$(supervisor)"
	eventually stopped
	assertEquals 'stop checkpoint' \
	    "$(journal .event | tail -2 | paste -sd ' ')"
}

test_more_tickets_than_memory_holds_stay_what_they_are_over_a_restart() {
	instance
	setting queue active_limit 100
	start
	sink
	destination ok
	switch disable ok
	drops 130 many "$(job ok)"
	eventually counts cur 130
	stop
	start
	assertEquals 0 "$(count hold)"
	assertEquals 130 "$(count cur)"
	switch enable ok
	eventually counts done 130
	assertEquals 130 "$(arrivals '')"
}

test_a_spool_without_its_journal_is_held_for_a_look() {
	instance
	start
	sink
	destination ok
	switch disable ok
	drop one "$(job ok)"
	eventually in_queue cur "$ID"
	stop
	mv "$LOG/journal" "$SCRATCH/journal-lost"
	mkdir -m 700 "$LOG/journal"
	start
	assertTrue 'in hold' "in_queue hold $ID"
	assertEquals 0 "$(arrivals '')"
}

test_a_ticket_whose_file_is_damaged_is_held_and_stops_no_other() {
	instance
	start
	sink
	destination ok
	switch disable ok
	drop empty "$(job ok)"
	empty=$ID
	drop garbage "$(job ok)"
	garbage=$ID
	drop good "$(job ok)"
	good=$ID
	eventually counts cur 3
	: >"$SPOOL/cur/$(ticket cur "$empty")"
	echo garbage >"$SPOOL/cur/$(ticket cur "$garbage")"
	switch enable ok
	eventually delivered "$good"
	eventually in_queue hold "$empty"
	eventually in_queue hold "$garbage"
	eventually alert_begun ticket-unreadable
	assertEquals garbage "$(cat "$SPOOL/hold/$(ticket hold "$garbage")")"
	# what the journal knows is there again after the next start
	stop
	start
	run spoolsuper -H "$empty"
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$empty"
	assertTrue 'held' "in_queue hold $garbage"
}

test_a_refused_drop_that_a_crash_left_in_new_goes_to_failed() {
	instance
	start
	drop bad '{"destinations":["nowhere"],"payload":{"type":"data","data":1}}'
	eventually test -f "$SPOOL/failed/bad.$ID.json"
	crash
	mv "$SPOOL/failed/bad.$ID.json" "$SPOOL/new/bad.json"
	start
	eventually test -f "$SPOOL/failed/bad.$ID.json"
	assertEquals '' "$(ls "$SPOOL/jobs")"
	assertEquals refused "$(events "$ID")"
}

test_what_was_moved_by_hand_stays_there_after_a_crash() {
	instance
	setting queue checkpoint_interval 1h
	start
	sink
	destination ok
	answers ok 410
	drop back "$(job ok)"
	eventually in_queue failed "$ID"
	crash
	answers ok 200
	mv "$SPOOL/failed/$(ticket failed "$ID")" "$SPOOL/cur/"
	start
	switch enable ok
	eventually delivered "$ID"
}

# As on file systems that lose every rename since the last checkpoint.
test_one_that_was_tried_again_goes_on_though_no_rename_was_kept() {
	instance
	slow_retries
	setting queue checkpoint_interval 1h
	start
	sink
	destination ok
	answers ok 400
	drop one "$(job ok)"
	eventually in_queue failed "$ID"
	stop
	start
	answers ok 503
	run spoolsuper -r "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	eventually in_queue retry "$ID"
	name=$(ticket retry "$ID")
	assertEquals "$ID.ok:p5,a1" "$name"
	crash
	mv "$SPOOL/retry/$name" "$SPOOL/failed/$name"
	start
	eventually in_queue retry "$ID"
	answers ok 200
	run spoolq -f
	eventually delivered "$ID"
}

test_a_change_that_meets_an_outcome_is_made_or_refused_but_never_lost() {
	instance
	slow_retries
	start
	sink
	destination ok
	answers ok 'when go 503'
	for n in 1 2 3; do
		drop "meet-$n" "$(job ok)"
		eventually in_flight "$ID"
		name=$(ticket cur "$ID")
		# both the outcome and the request are there when it wakes
		run node "$TESTS/system/meeting.mjs" "$INSTANCE/run/control.sock" \
		    "$(supervisor)" delivery.cancel "$ORG" "$name" \
		    "$SINK_DIR/go"
		case $OUT in
		cancelled)
			eventually in_queue failed "$ID"
			assertFalse 'not in retry/' "in_queue retry $ID"
			;;
		UNAVAILABLE)
			eventually in_queue retry "$ID"
			;;
		*)
			fail "it said $OUT $ERR"
			;;
		esac
	done
}

test_a_day_of_done_that_was_removed_is_made_again() {
	instance
	start
	sink
	destination ok
	drop first "$(job ok)"
	eventually delivered "$ID"
	rm -r "$SPOOL"/done/*
	drop second "$(job ok)"
	eventually delivered "$ID"
	assertEquals "$ID.ok:p5,a1" "$(ticket 'done' "$ID")"
	run spoolctl status
	assertEquals "$OUT" 0 "$STATUS"
}

test_a_failed_sync_of_the_spool_stops_what_is_new_and_says_so() {
	instance
	start
	sink
	destination ok
	drop before "$(job ok)"
	eventually delivered "$ID"
	strace -qq -o "$SCRATCH/strace" -p "$(helper)" -e trace=syncfs \
	    -e inject=syncfs:error=EIO &
	tracer=$!
	eventually grep -qs TracerPid:.[1-9] "/proc/$(helper)/status"
	drop makes-a-change "$(job ok)"
	eventually alert_begun checkpoint-failed
	drop after "$(job ok)"
	run spoolsubmit -d ok -D 1
	failed_with 75 spoolsubmit UNAVAILABLE
	assertTrue 'it waits' "[ -f '$SPOOL/new/after.json' ]"
	kill "$tracer"
	wait "$tracer"
	stop
	start
	eventually delivered "$ID"
}

. /usr/share/shunit2/shunit2
