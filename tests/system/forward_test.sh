#!/bin/sh
# forward_test - spoolsuper -r --to: a dead letter tried again elsewhere
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# A job that one destination refused, and another destination.
refused_job() {
	instance
	setting queue checkpoint_interval 1h
	start
	sink
	destination old
	destination new
	answers old 422
	drop letter "$(job old)"
	eventually in_queue failed "$ID"
	eventually receipt_says letter "$ID" '.status == "failed"'
}

test_a_dead_letter_is_tried_again_to_another_destination() {
	refused_job
	run spoolsuper -r "$ID" --to new
	ran 0 "$ID.old: requeued to new
1 ticket requeued" ''
	eventually delivered "$ID" new
	assertEquals "$ID.old:p5,a1" "$(ticket failed "$ID" old)"
	eventually receipt_says letter "$ID" '.status == "completed"'
	assertEquals '[["old","cancelled","new",1],["new","delivered",null,1]]' \
	    "$(jq -c '[.destinations[] | [.destinationId, .status,
	    .forwardedTo, .attempts]]' "$(receipt letter "$ID")")"
	assertEquals "requeued old new $(id -un) ($(id -u))" "$(journal \
	    "select(.job == \"$ID\" and .event == \"requeued\") |
	    \"\(.event) \(.dest) \(.to) \(.by)\"")"
	run spoolcat -a "$ID"
	assertContains "$OUT" "to new instead, by $(id -un)"
	run spoolq --explain "$ID.old"
	assertContains "$OUT" '; tried again to new instead'
	assertContains "$OUT" "command  spoolq --explain $ID.new"
}

test_there_is_no_second_ticket_for_a_destination() {
	refused_job
	answers new 422
	spoolsuper -r "$ID" --to new >"$SCRATCH/super"
	eventually in_queue failed "$ID" new
	run spoolsuper -r "$ID.old" --to new
	ran 0 "$ID.old: unchanged: the job has a ticket for new already
0 tickets requeued, 1 unchanged" ''
	drop both "$(job old new)"
	eventually in_queue failed "$ID" old
	eventually in_queue failed "$ID" new
	run spoolsuper -r "$ID.old" --to new
	assertContains "$OUT" 'unchanged: the job has a ticket for new already'
	destination third
	switch disable third
	run spoolsuper -r "$ID" --to third
	assertEquals 'only one of two at once' "1 ticket requeued, 1 unchanged" \
	    "$(tail -1 "$SCRATCH/out")"
	eventually in_queue cur "$ID" third
	assertEquals disabled "$(spoolq -j --explain "$ID.third" |
	    jq -r .waitingFor)"
}

test_where_it_may_not_go_it_does_not() {
	refused_job
	run spoolsuper -r "$ID" --to nowhere
	failed_with 68 spoolsuper DESTINATION_NOT_FOUND
	run spoolsuper -h "$ID" --to new
	failed_with 64 spoolsuper USAGE
	answers old 200
	run spoolsuper -r "$ID" --to old
	ran 0 "$ID.old: requeued
1 ticket requeued" ''
	eventually delivered "$ID" old
	run spoolsuper -r "$ID" --to new
	assertContains "$OUT" "$ID.old: unchanged: it is in done/"
	run spoolsuper --delivered -r "$ID" --to new
	assertEquals "$ID.old: requeued to new" "$(head -1 "$SCRATCH/out")"
	eventually delivered "$ID" new
	eventually receipt_says letter "$ID" '.status == "completed" and
	    ([.destinations[].status] == ["delivered", "delivered"])'
}

test_recovery_makes_the_new_ticket_from_the_journal_alone() {
	refused_job
	switch disable new
	spoolsuper -r "$ID" --to new >"$SCRATCH/super"
	assertEquals "$ID.new:p5,a0" "$(ticket cur "$ID" new)"
	crash
	# What an unsynced file system may have lost.
	rm "$SPOOL/cur/$ID.new:p5,a0"
	sed -i '/"to":"new"/d' "$SPOOL/failed/$ID.old:p5,a1"
	rm "$(receipt letter "$ID")"
	start
	assertEquals "$ID.new:p5,a0" "$(ticket cur "$ID" new)"
	assertEquals 1 "$(grep -c '"to":"new"' "$SPOOL/failed/$ID.old:p5,a1")"
	eventually receipt_says letter "$ID" '.status == "queued" and
	    .destinations[0].attempts == 1'
	crash
	start
	assertEquals 'once' 1 \
	    "$(grep -c '"to":"new"' "$SPOOL/failed/$ID.old:p5,a1")"
	switch enable new
	eventually delivered "$ID" new
	crash
	start
	eventually receipt_says letter "$ID" '.status == "completed"'
	assertEquals "$ID.new:p5,a1" "$(ticket done "$ID" new)"
	assertEquals "$ID.old:p5,a1" "$(ticket failed "$ID" old)"
	assertEquals '' "$(ticket cur "$ID")"
}

. /usr/share/shunit2/shunit2
