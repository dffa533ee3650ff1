#!/bin/sh
# watch_test - spoolq: what it goes on showing, and why a ticket waits
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# watch [OPTION]...: `spoolq -w` in the background, its output in $WATCHED.
watch() {
	WATCHED=$SCRATCH/watched
	spoolq -w "$@" >"$WATCHED" 2>"$SCRATCH/watch.err" &
	WATCH=$!
	echo "$WATCH" >"$SCRATCH/watch.pid"
}

# unwatch SIGNAL: it ends by that, cleanly.
unwatch() {
	kill -s "$1" "$WATCH"
	wait "$WATCH"
	assertEquals "status after $1" 0 $?
	assertEquals '' "$(cat "$SCRATCH/watch.err")"
	rm "$SCRATCH/watch.pid"
}

test_the_table_comes_again_when_something_has_changed_and_not_else() {
	instance
	start
	sink
	destination ok
	switch disable ok
	watch
	eventually grep -q 'Queue is empty' "$WATCHED"
	drop one "$(job ok)"
	eventually grep -q "$ID *ok .*disabled" "$WATCHED"
	one=$ID
	switch enable ok
	eventually delivered "$one"
	eventually test "$(grep -c 'Queue is empty' "$WATCHED")" -ge 1
	drop two "$(job ok)"
	eventually delivered "$ID"
	eventually sh -c "[ \"\$(tail -1 '$WATCHED')\" = 'Queue is empty' ]"
	unwatch TERM
}

test_with_j_each_change_is_an_object() {
	instance
	slow_retries
	start
	sink
	destination ok
	switch disable ok
	watch -j
	drop one "$(job ok)"
	eventually grep -q '"waitingFor":"disabled"' "$WATCHED"
	answers ok 503
	switch enable ok
	eventually grep -q '"queue":"retry"' "$WATCHED"
	answers ok 200
	spoolq -i "$ID" >"$SCRATCH/flushed"
	eventually grep -q '"queue":null' "$WATCHED"
	assertEquals 'nothing is told twice' '' "$(sort "$WATCHED" | uniq -d)"
	assertEquals "$ID" "$(jq -r .id "$WATCHED" | sort -u)"
	unwatch INT
}

test_it_ends_when_nobody_reads_it_and_sleeps_while_nothing_happens() {
	instance
	start
	sink
	destination ok
	(spoolq -w; echo "$?" >"$SCRATCH/status") 2>"$SCRATCH/err" |
	    head -1 >"$SCRATCH/out"
	eventually test -e "$SCRATCH/status"
	assertEquals '0 Queue is empty' \
	    "$(cat "$SCRATCH/status" "$SCRATCH/out" | paste -sd ' ')"
	assertEquals '' "$(cat "$SCRATCH/err")"
	watch
	eventually grep -q 'Queue is empty' "$WATCHED"
	stop
	start
	drop one "$(job ok)"
	eventually delivered "$ID"
	# user and system time in ticks, of 100 a second
	assertTrue 'it does not spin' "[ $(awk '{ print $14 + $15 }' \
	    "/proc/$WATCH/stat") -lt 50 ]"
	unwatch TERM
}

test_a_terminal_shows_one_screenful() {
	instance
	start
	sink
	destination ok
	switch disable ok
	drops 30 many "$(job ok)"
	eventually counts cur 30
	stty_rows='stty rows 12 cols 100'
	timeout "$TEST_PATIENCE" script -qec "$stty_rows; timeout -s INT 3 spoolq -w" \
	    "$SCRATCH/typescript" >"$SCRATCH/screen" 2>&1 </dev/null
	assertContains "$(cat "$SCRATCH/screen")" 'and 20 more'
	assertTrue 'it clears the screen' \
	    "grep -q \"\$(printf '\033')\[2J\" '$SCRATCH/screen'"
}

test_the_reason_column_says_what_it_waits_for_now() {
	instance
	slow_retries
	start
	sink
	destination off
	destination slow
	answers slow hang
	printf '{"id":"row","label":"row","type":"webhook","config":{"webhook":
	    {"url":"%s/row"}},"limits":{"ordered":true}}' "$SINK" |
	    spooldest create - >"$SCRATCH/created"
	answers row 503
	switch disable off
	drop one "$(job off)"
	drop two "$(job slow)"
	slow=$ID
	eventually arrived "$slow"
	drop three "$(job row)"
	first=$ID
	eventually in_queue retry "$first"
	drop four "$(job row)"
	eventually in_queue cur "$ID"
	run spoolq
	assertEquals "$ERR" 0 "$STATUS"
	assertContains "$OUT" 'waits      disabled'
	assertTrue "$OUT" "echo '$OUT' | grep -q '$slow.*in flight  in flight for'"
	assertTrue "$OUT" "echo '$OUT' | grep -q '$ID.*blocked by $first'"
	assertEquals "$ID" "$(spoolq -j -q cur --reason 'blocked by' |
	    jq -r .id)"
	assertEquals "$first slot" "$(spoolq -j -q cur --destination row |
	    jq -r '"\(.blockedBy) \(.waitingFor)"')"
}

test_refused_drops_are_listed_with_the_dead_letters() {
	instance
	start
	sink
	destination ok
	drop bad '{"destinations":["nobody"],"payload":{"type":"data","data":1}}'
	eventually test -e "$SPOOL/failed/bad.$ID.json.error"
	run spoolq -q failed
	assertContains "$OUT" 'DESTINATION_NOT_FOUND: there is no destination nobody'
	assertEquals "$ID null DESTINATION_NOT_FOUND" "$(spoolq -q failed -j |
	    jq -r '"\(.id) \(.destinationId) \(.errorCode)"')"
	run spoolcat "$(printf %.12s "$ID")"
	assertContains "$OUT" 'there is no destination nobody'
	run spoolq --destination nobody
	failed_with 68 spoolq DESTINATION_NOT_FOUND
	run spoolq --destination ok
	ran 0 'Queue is empty' ''
}

. /usr/share/shunit2/shunit2
