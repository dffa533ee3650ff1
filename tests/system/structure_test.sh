#!/bin/sh
# structure_test - a spool in which files were moved, copied and deleted by hand
# shellcheck source=tests/system/harness.sh
# shellcheck disable=SC1010 # "done" is a queue
. "$(dirname "$0")/harness.sh"

# An instance that is stopped, with a ticket in each of these queues: the names
# are in $HELD, $WAITING and $DONE, the ids in $HELD_ID and so on.
with_tickets() {
	instance
	start
	sink
	destination ok
	drop one "$(job ok)"
	DONE_ID=$ID
	eventually delivered "$ID"
	switch disable ok
	drop two "$(job ok)"
	HELD_ID=$ID
	eventually in_queue cur "$ID"
	spoolsuper -h "$ID" >/dev/null
	eventually in_queue hold "$ID"
	drop three "$(job ok)"
	WAITING_ID=$ID
	eventually in_queue cur "$ID"
	stop
	HELD=$(ticket hold "$HELD_ID")
	WAITING=$(ticket cur "$WAITING_ID")
	DONE=$(ticket done "$DONE_ID")
	DAY=$(ls "$SPOOL/done")
}

# sound: nothing is left to mend.
sound() {
	run spoolsuper -s
	ran 0 '0 mended, 0 remain' ''
}

test_a_sound_spool_stays_as_it_is() {
	with_tickets
	before=$(find "$SPOOL" | sort)
	sound
	assertEquals "$before" "$(find "$SPOOL" | sort)"
	run spoolsuper -j -s
	ran 0 '' ''
}

test_a_ticket_in_a_wrong_place_goes_to_hold() {
	with_tickets
	mv "$SPOOL/cur/$WAITING" "$SPOOL/jobs/"
	mv "$SPOOL/done/$DAY/$DONE" "$SPOOL/done/"
	run spoolsuper -s
	# They come by id.
	ran 0 "done/$DONE is a ticket in a wrong place (moved to done/$DAY/$DONE)
jobs/$WAITING is a ticket in a wrong place (moved to hold/$WAITING)
2 mended, 0 remain" ''
	assertTrue 'held' "in_queue hold $WAITING_ID"
	assertTrue 'done' "[ -f '$SPOOL/done/$DAY/$DONE' ]"
	sound
	start
	switch enable ok
	run spoolsuper -H "$WAITING_ID"
	eventually delivered "$WAITING_ID"
	assertEquals 1 "$(arrivals "$WAITING_ID")"
}

test_of_several_files_of_a_ticket_one_stays() {
	with_tickets
	cp "$SPOOL/hold/$HELD" "$SPOOL/cur/"
	cp "$SPOOL/done/$DAY/$DONE" "$SPOOL/retry/"
	cp "$SPOOL/cur/$WAITING" "$SPOOL/failed/${WAITING%a0}a3"
	run spoolsuper -s
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "cur/$HELD is a second file of the ticket hold/$HELD (renamed to .$HELD)
cur/$WAITING is a second file of the ticket failed/${WAITING%a0}a3 (renamed to .$WAITING)
retry/$DONE is a second file of the ticket done/$DAY/$DONE (renamed to .$DONE)" \
	    "$(grep second "$SCRATCH/out" | sort)"
	assertEquals "cur/$HELD cur/$WAITING retry/$DONE" \
	    "$(journal 'select(.event == "stray") | "\(.queue)/\(.name)"' |
	    sort | paste -sd ' ')"
	sound
	start
	switch enable ok
	drop last "$(job ok)"
	eventually delivered "$ID"
	assertEquals 'sent once' 1 "$(arrivals "$DONE_ID")"
	assertEquals 'not sent' 0 "$(arrivals "$HELD_ID")"
}

test_a_copy_in_a_wrong_place_is_one_too_many_there() {
	with_tickets
	cp "$SPOOL/hold/$HELD" "$SPOOL/receipts/"
	cp "$SPOOL/cur/$WAITING" "$SPOOL/receipts/"
	run spoolsuper -s
	assertEquals "$OUT" 0 "$STATUS"
	assertContains "$OUT" "receipts/$WAITING is a second file of the ticket cur/$WAITING (renamed to .$WAITING)"
	assertContains "$OUT" "receipts/$HELD is a second file of the ticket hold/$HELD (renamed to .$HELD)"
	assertContains "$OUT" '2 mended, 0 remain'
	sound
}

test_a_job_without_a_ticket_gets_it_back() {
	with_tickets
	rm "$SPOOL/cur/$WAITING"
	run spoolsuper -s
	ran 0 "jobs/$WAITING_ID.json has no ticket (made hold/$WAITING)
1 mended, 0 remain" ''
	sound
}

test_a_job_that_the_journal_does_not_know_remains() {
	with_tickets
	strange=01JDCZ7Q2T5M8YB3K4N6P9RSVW
	job ok >"$SPOOL/jobs/$strange.json"
	run spoolsuper -s
	ran 1 "jobs/$strange.json has no ticket
0 mended, 1 remain" ''
	rm "$SPOOL/jobs/$strange.json"
}

test_a_ticket_without_a_job_is_cancelled_on_record() {
	with_tickets
	rm "$SPOOL/jobs/$WAITING_ID.json"
	run spoolsuper -j -s
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "{\"message\":\"$WAITING_ID.ok has no job in jobs/ (cancelled)\",\"mended\":true}" "$OUT"
	assertTrue 'failed' "in_queue failed $WAITING_ID"
	assertContains "$(events "$WAITING_ID")" cancelled
	assertTrue 'receipt' \
	    "receipt_says three $WAITING_ID '.status == \"cancelled\"'"
	sound
}

test_foreign_files_are_put_aside_and_kept() {
	with_tickets
	for queue in cur retry hold failed jobs receipts done; do
		echo mine >"$SPOOL/$queue/note"
	done
	echo mine >"$SPOOL/jobs/$HELD_ID.json~"
	mkdir "$SPOOL/cur/directory"
	# These are somebody's.
	echo '{' >"$SPOOL/hold/drop.json"
	echo mine >"$SPOOL/tmp/note"
	echo mine >"$SPOOL/data/$HELD"
	run spoolsuper -s
	assertEquals "$OUT" 0 "$STATUS"
	assertContains "$OUT" 'cur/note is no ticket, and is ignored (renamed to .note)'
	assertContains "$OUT" "jobs/$HELD_ID.json~ is no job's file, and is ignored (renamed to .$HELD_ID.json~)"
	assertContains "$OUT" '9 mended, 0 remain'
	for queue in cur retry hold failed jobs receipts done; do
		assertEquals "$queue" mine "$(cat "$SPOOL/$queue/.note")"
	done
	for file in cur/.directory hold/drop.json tmp/note "data/$HELD"; do
		[ -e "$SPOOL/$file" ]
		assertEquals "$file" 0 $?
	done
	sound
}

test_what_is_put_aside_never_replaces_what_was() {
	with_tickets
	echo new >"$SPOOL/cur/note"
	echo old >"$SPOOL/cur/.note"
	run spoolsuper -s
	ran 1 'cur/note is no ticket, and is ignored
0 mended, 1 remain' ''
	assertEquals 'new old' "$(cat "$SPOOL/cur/note" "$SPOOL/cur/.note" |
	    paste -sd ' ')"
	rm "$SPOOL/cur/note"
}

test_directories_and_modes_are_mended_too() {
	with_tickets
	chmod 755 "$SPOOL/retry"
	rmdir "$SPOOL/keys"
	run spoolsuper -s
	ran 0 'demo/retry has mode 0755 instead of 0700 (mended)
demo/keys is missing (mended)
2 mended, 0 remain' ''
	sound
}

test_check_fix_mends_what_a_rename_mends() {
	with_tickets
	cp "$SPOOL/hold/$HELD" "$SPOOL/cur/"
	mv "$SPOOL/cur/$WAITING" "$SPOOL/jobs/"
	echo mine >"$SPOOL/retry/note"
	run spoolctl check
	assertEquals "stray: retry/note is no ticket, and is ignored
stray: cur/$HELD is a second file of the ticket hold/$HELD
stray: jobs/$WAITING is a ticket in a wrong place" "$OUT"
	run spoolctl check --fix
	assertEquals "stray: retry/note is no ticket, and is ignored (renamed to .note)
stray: cur/$HELD is a second file of the ticket hold/$HELD (renamed to .$HELD)
stray: jobs/$WAITING is a ticket in a wrong place (moved to hold/$WAITING)" "$OUT"
	assertEquals 1 "$STATUS"
	run spoolctl check --fix
	ran 1 "stray: cur/.$HELD is a second file of a ticket, put aside: look at it, then remove it" ''
	rm "$SPOOL/cur/.$HELD"
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

test_spoold_running_only_directories_are_mended() {
	with_tickets
	start
	before=$(find "$SPOOL" -name '*ok*' | sort)
	run spoolsuper -s
	failed_with 75 spoolsuper UNAVAILABLE
	echo mine >"$SPOOL/retry/note"
	chmod 755 "$SPOOL/keys"
	run spoolctl check --fix
	ran 1 'layout: demo/keys has mode 0755 instead of 0700 (mended)
stray: retry/note is no ticket, and is ignored' ''
	assertEquals "$before" "$(find "$SPOOL" -name '*ok*' | sort)"
}

test_killed_at_any_rename_it_is_finished_by_another() {
	with_tickets
	cp "$SPOOL/hold/$HELD" "$SPOOL/cur/"
	mv "$SPOOL/cur/$WAITING" "$SPOOL/jobs/"
	echo mine >"$SPOOL/retry/note"
	files=$(find "$SPOOL" -type f ! -name '.checkpoint' | wc -l)
	kills=0
	until strace -E ASAN_OPTIONS=detect_leaks=0 -o /dev/null \
	    -e inject=renameat2:signal=KILL:when=2 \
	    spoolsuper -s >"$SCRATCH/out" 2>&1; do
		kills=$((kills + 1))
		[ "$kills" -lt 9 ] || break
	done
	assertEquals 'killed at each but the last' 2 "$kills"
	assertEquals 'journaled' "$HELD" \
	    "$(journal 'select(.event == "stray") | .name' | sort -u)"
	sound
	assertEquals 'none is lost' "$files" \
	    "$(find "$SPOOL" -type f ! -name '.checkpoint' | wc -l)"
	assertTrue 'held' "in_queue hold $WAITING_ID"
}

. /usr/share/shunit2/shunit2
