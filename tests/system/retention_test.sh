#!/bin/sh
# Retention: what is due goes, with a line in the journal before it does, and
# nothing else.
#
# shellcheck shell=sh disable=SC2034,SC2154

. "$(dirname "$0")/harness.sh"

# retained [SETTING VALUE]...: an instance that keeps everything for ages, but
# for these of `retention`; running, with a destination `ok`.
retained() {
	instance
	while [ $# -gt 0 ]; do
		setting retention "$1" "$2"
		shift 2
	done
	start
	sink
	destination ok
}

# sent STEM [DESTINATION]...: drops a job and waits for its receipt.
sent() {
	stem=$1
	shift
	drop "$stem" "$(job "$@")"
	eventually test -f "$(receipt "$stem" "$ID")"
}

# purge [OPTION]...: asks for a sweep.
purge() {
	run spoolsuper -p "$@"
	assertEquals "purge: $ERR" 0 "$STATUS"
}

# purged KIND: how many the last sweep says.
purged() {
	echo "$OUT" | sed -n "s/^$1: \([0-9]*\) .*/\1/p"
}

# aged FILE: it came there two hundred days ago, by its mtime.
aged() {
	touch -c -d '200 days ago' "$@"
}

# rested ID [DESTINATION]: its tickets did, in done/ on the day of that time.
rested() {
	day=$SPOOL/done/$(date -u -d '200 days ago' +%F)
	mkdir -p "$day"
	for file in "$SPOOL"/done/*/"$1.${2-}"* "$SPOOL/failed/$1.${2-}"*; do
		[ -f "$file" ] || continue
		aged "$file"
		case $file in
		"$day"/* | */failed/*) ;;
		*) mv "$file" "$day/" ;;
		esac
	done
}

# Every name in the spool but the directories', sorted.
spool_files() {
	(cd "$SPOOL" && find . -type f ! -name '.checkpoint' | sort)
}

# purged_lines KIND: the `purged` lines of that kind, one a line.
purged_lines() {
	journal "select(.event == \"purged\" and .kind == \"$1\") | @json"
}

# --- each kind ----------------------------------------------------------------

test_a_delivered_job_goes_whole_when_it_has_rested_long_enough() {
	retained
	sent old
	old=$ID
	sent young
	rested "$old"
	purge
	assertEquals 1 "$(purged delivered)"
	assertEquals "1 purged" "$(echo "$OUT" | tail -1)"
	assertEquals "what is left of $old" "./receipts/old.$old.json" \
	    "$(spool_files | grep "$old")"
	assertEquals 3 "$(spool_files | grep -c "$ID")"
	assertEquals "$old" "$(purged_lines delivered | jq -r '.jobs[].job')"
	assertEquals 1 "$(purged_lines delivered | jq .count)"
}

test_its_payload_goes_with_it_however_large() {
	retained
	head -c 3000000 /dev/zero >"$SPOOL/data/big.bin"
	drop big '{"destinations":["ok"],"payload":{"type":"export",
	    "file":"big.bin"}}'
	eventually delivered "$ID" ok
	eventually test -f "$(receipt big "$ID")"
	assertTrue 'the payload is kept' "[ -s '$SPOOL/jobs/$ID.data' ]"
	rested "$ID"
	purge
	assertEquals 1 "$(purged delivered)"
	assertEquals "./receipts/big.$ID.json" "$(spool_files | grep "$ID")"
}

test_a_job_stays_until_its_last_ticket_has_rested() {
	retained
	destination bad
	destination off
	answers bad 400
	switch disable off
	drop mixed "$(job ok bad off)"
	eventually delivered "$ID" ok
	eventually in_queue failed "$ID" bad
	rested "$ID"
	purge
	assertEquals 'a ticket waits' 0 "$(purged failed)"
	assertTrue "[ -f '$SPOOL/jobs/$ID.json' ]"
	switch enable off
	eventually delivered "$ID" off
	purge
	assertEquals 'the last one has just come' 0 "$(purged failed)"
	rested "$ID" off
	purge
	assertEquals 1 "$(purged failed)"
	assertEquals "./receipts/mixed.$ID.json" "$(spool_files | grep "$ID")"
	assertEquals 3 "$(purged_lines failed | jq '.jobs[0].tickets | length')"
}

test_what_failed_stays_longer_than_what_was_delivered() {
	retained delivered 1d failed 300d
	destination bad
	answers bad 400
	sent failing bad
	rested "$ID"
	purge
	assertEquals 0 "$(purged failed)"
	assertTrue "[ -f '$SPOOL/jobs/$ID.json' ]"
}

test_a_refused_drop_goes_with_its_reason() {
	retained refused 1s
	drop wrong '{"destinations":[]}'
	eventually test -f "$(receipt wrong "$ID")"
	assertEquals 2 "$(find "$SPOOL/failed" -type f | wc -l)"
	eventually purges refused 1
	assertEquals 0 "$(find "$SPOOL/failed" -type f | wc -l)"
	assertEquals "wrong.$ID.json" \
	    "$(purged_lines refused | jq -r '.names[]')"
}

# Each name that goes changes the time of those that are the same file.
test_refused_drops_that_are_all_one_file_go_together() {
	retained refused 1s
	echo '{"destinations":[]}' >"$SPOOL/tmp/first"
	for n in $(seq 300); do
		ln "$SPOOL/tmp/first" "$SPOOL/tmp/n$n"
	done
	for n in $(seq 300); do
		mv "$SPOOL/tmp/n$n" "$SPOOL/new/n$n.json"
	done
	eventually_within 60 files_are failed 600
	aged "$SPOOL"/failed/*.error
	purge
	assertEquals 300 "$(purged refused)"
	assertTrue 'and none is left' 'files_are failed 0'
}

files_are() {
	[ "$(find "$SPOOL/$1" -type f | wc -l)" -eq "$2" ]
}

# purges KIND COUNT: a sweep takes so many of that kind.
purges() {
	run spoolsuper -p
	[ "$(purged "$1")" = "$2" ]
}

test_a_receipt_goes_by_itself() {
	retained
	sent one
	aged "$(receipt one "$ID")"
	purge
	assertEquals 1 "$(purged receipts)"
	assertEquals 0 "$(purged delivered)"
	assertFalse "[ -e '$(receipt one "$ID")' ]"
	assertTrue "[ -f '$SPOOL/jobs/$ID.json' ]"
}

test_the_receipt_of_a_job_that_waits_stays() {
	retained
	destination off
	switch disable off
	drop two "$(job ok off)"
	eventually test -f "$(receipt two "$ID")"
	aged "$(receipt two "$ID")"
	purge
	assertEquals 0 "$(purged receipts)"
}

test_what_clients_left_in_tmp_goes_by_its_ctime() {
	retained tmp 1s
	touch -d '200 days ago' "$SPOOL/tmp/half" "$SPOOL/tmp/.hidden"
	eventually purges tmp 2
	assertEquals '' "$(find "$SPOOL/tmp" -type f)"
}

test_a_file_whose_times_were_copied_is_not_old() {
	retained
	touch -d '900 days ago' "$SPOOL/tmp/copied" "$SPOOL/data/copied"
	purge
	assertEquals '0 purged' "$(echo "$OUT" | tail -1)"
}

test_an_unclaimed_payload_goes() {
	retained refused 1s
	echo nobody >"$SPOOL/data/unclaimed"
	eventually purges payloads 1
	assertEquals '' "$(find "$SPOOL/data" "$SPOOL/tmp" -type f)"
	assertEquals unclaimed "$(purged_lines payloads | jq -r '.names[]')"
}

# older FILE SECONDS: it has been as it is for longer.
older() {
	[ $(($(date +%s) - $(stat -c %Z "$1"))) -gt "$2" ]
}

test_no_payload_goes_while_an_older_drop_waits() {
	retained refused 1s
	stop
	echo mine >"$SPOOL/data/mine"
	# Restored drops wait in hold/.
	job >"$SPOOL/hold/waiting.json"
	start
	eventually older "$SPOOL/data/mine" 1
	purge
	assertEquals 0 "$(purged payloads)"
	assertTrue "[ -f '$SPOOL/data/mine' ]"
	rm "$SPOOL/hold/waiting.json"
	purge
	assertEquals 1 "$(purged payloads)"
}

test_an_idempotency_key_goes_after_its_window() {
	retained
	drop keyed '{"destinations":["ok"],"payload":{"type":"data","data":1},
	    "options":{"idempotencyKey":"k"}}'
	eventually test -f "$(receipt keyed "$ID")"
	purge
	assertEquals 0 "$(purged keys)"
	aged "$SPOOL"/keys/*
	purge
	assertEquals 1 "$(purged keys)"
	assertEquals '' "$(find "$SPOOL/keys" -type f)"
}

test_days_of_done_that_are_empty_go() {
	retained
	sent old
	stop
	mkdir "$SPOOL/done/2020-02-03"
	mv "$SPOOL"/done/20*/"$ID".* "$SPOOL/done/2020-02-03/"
	aged "$SPOOL"/done/2020-02-03/*
	start
	purge
	assertEquals 1 "$(purged delivered)"
	assertFalse "[ -e '$SPOOL/done/2020-02-03' ]"
}

# --- what may not go ----------------------------------------------------------

test_a_legal_hold_keeps_all_of_a_job() {
	retained
	sent held
	echo case-7 >"$SPOOL/jobs/$ID.legal"
	rested "$ID"
	aged "$(receipt held "$ID")"
	purge
	assertEquals '0 purged' "$(echo "$OUT" | tail -1)"
	assertTrue "[ -f '$SPOOL/jobs/$ID.json' ]"
	assertTrue "[ -f '$(receipt held "$ID")' ]"
	rm "$SPOOL/jobs/$ID.legal"
	purge
	assertEquals '2 purged' "$(echo "$OUT" | tail -1)"
	assertEquals '' "$(spool_files | grep "$ID")"
}

test_a_dry_run_counts_and_takes_nothing() {
	retained
	sent counted
	rested "$ID"
	aged "$(receipt counted "$ID")"
	before=$(spool_files)
	purge -n
	assertEquals 1 "$(purged delivered)"
	assertEquals 1 "$(purged receipts)"
	assertEquals '2 due' "$(echo "$OUT" | tail -1)"
	assertEquals "$before" "$(spool_files)"
	assertEquals '' "$(purged_lines delivered)"
}

test_an_organization_may_keep_things_longer() {
	retained delivered 1d
	stop
	spoolconf -e organization.demo.retention.delivered=900d \
	    >"$SCRATCH/conf" 2>&1
	assertEquals "$(cat "$SCRATCH/conf")" 0 $?
	start
	sent mine
	rested "$ID"
	purge
	assertEquals 0 "$(purged delivered)"
	spoolconf -e organization.demo.retention.delivered=1d \
	    >"$SCRATCH/conf" 2>&1
	spoolctl reload >"$SCRATCH/reload" 2>&1
	purge
	assertEquals 1 "$(purged delivered)"
}

test_with_spoold_down_it_is_swept_all_the_same() {
	retained
	sent down
	stop
	rested "$ID"
	purge
	assertEquals 1 "$(purged delivered)"
	assertEquals "./receipts/down.$ID.json" "$(spool_files | grep "$ID")"
}

test_more_than_one_batch_goes_in_bounded_lines() {
	retained
	drops 300 many "$(job)"
	eventually counts "done" 300
	eventually receipts 300
	day=$(date -u -d '200 days ago' +%F)
	mv "$SPOOL"/done/20* "$SPOOL/done/$day"
	find "$SPOOL/done" -type f -exec touch -d '200 days ago' {} +
	purge
	assertEquals 300 "$(purged delivered)"
	assertEquals 0 "$(find "$SPOOL/jobs" "$SPOOL/done" -type f | wc -l)"
	assertEquals 300 "$(purged_lines delivered | jq -s 'map(.count) | add')"
	assertTrue 'several lines' "[ $(purged_lines delivered | wc -l) -gt 2 ]"
	run spoolctl check
	assertEquals "check: $OUT $ERR" 0 "$STATUS"
}

# receipts COUNT: there are so many.
receipts() {
	[ "$(find "$SPOOL/receipts" -type f | wc -l)" -eq "$1" ]
}

# --- crashes --------------------------------------------------------------------

# purge_killed_at CALL WHEN: spoold, below strace, dies as it makes that call
# for the WHENth time after it was asked to sweep.
purge_killed_at() {
	strace -qq -f -o /dev/null -e "trace=$1" \
	    -e "inject=$1:signal=KILL:when=$2" -p "$(supervisor)" \
	    2>"$SCRATCH/strace" &
	tracer=$!
	eventually is_traced
	run timeout "$TEST_PATIENCE" spoolsuper -p
	eventually stopped
	kill "$tracer" 2>/dev/null
	wait "$tracer"
}

is_traced() {
	grep -q '^TracerPid:[^0-9]*[1-9]' "/proc/$(supervisor)/status"
}

test_killed_after_the_line_it_ends_with_all_of_it_gone() {
	retained
	sent one
	one=$ID
	sent two
	rested "$one"
	rested "$ID"
	purge_killed_at unlinkat 3
	assertEquals 1 "$(purged_lines delivered | wc -l)"
	assertNotEquals '' "$(spool_files | grep done/)"
	start
	assertEquals "./receipts/one.$one.json ./receipts/two.$ID.json" \
	    "$(spool_files | grep "$one\|$ID" | paste -sd ' ')"
	run spoolctl status
	assertEquals "status: $OUT" 0 "$STATUS"
	run spoolctl check
	assertEquals "check: $OUT $ERR" 0 "$STATUS"
}

test_killed_before_the_line_is_durable_nothing_is_gone() {
	instance
	# The next sync of the journal is the line's.
	setting queue checkpoint_interval 1h
	start
	sink
	destination ok
	sent one
	rested "$ID"
	before=$(spool_files)
	purge_killed_at io_submit 1
	assertEquals "$before" "$(spool_files)"
	start
	purge
	assertEquals '' "$(spool_files | grep "$ID" | grep -v receipts)"
}

# What was accepted, delivered and purged between two checkpoints does not come
# back from its lines, and takes no other's payload of the same name.
test_nothing_that_was_purged_comes_back_from_the_journal() {
	instance
	setting queue checkpoint_interval 1h
	setting retention delivered 1s
	setting retention receipts 1s
	start
	sink
	destination ok
	echo first >"$SPOOL/data/same.bin"
	drop first '{"destinations":["ok"],"payload":{"type":"export",
	    "file":"same.bin"}}'
	eventually test -f "$(receipt first "$ID")"
	eventually purges delivered 1
	eventually receipts_purged first
	echo second >"$SPOOL/data/same.bin"
	crash
	start
	assertEquals './data/same.bin' "$(spool_files)"
	assertEquals second "$(cat "$SPOOL/data/same.bin")"
	assertEquals 1 "$(arrivals)"
	run spoolctl status
	assertEquals "status: $OUT" 0 "$STATUS"
}

# receipts_purged STEM: at the latest now.
receipts_purged() {
	spoolsuper -p >/dev/null
	[ ! -e "$(receipt "$1" "$ID")" ]
}

test_a_receipt_that_was_purged_is_not_written_again() {
	instance
	setting queue checkpoint_interval 1h
	setting retention receipts 1s
	start
	sink
	destination ok
	sent one
	eventually purges receipts 1
	crash
	start
	assertFalse "[ -e '$(receipt one "$ID")' ]"
	assertTrue "[ -f '$SPOOL/jobs/$ID.json' ]"
}

test_a_key_that_has_a_new_owner_stays() {
	instance
	setting queue checkpoint_interval 1h
	setting queue idempotency_window 1s
	start
	sink
	destination ok
	keyed='{"destinations":["ok"],"payload":{"type":"data","data":1},
	    "options":{"idempotencyKey":"k"}}'
	drop first "$keyed"
	eventually test -f "$(receipt first "$ID")"
	eventually purges keys 1
	setting queue idempotency_window 1h
	spoolctl reload >"$SCRATCH/reload" 2>&1
	drop second "$keyed"
	eventually test -f "$(receipt second "$ID")"
	crash
	start
	assertEquals "$ID" "$(cut -c1-26 "$SPOOL"/keys/*)"
}

# --- the journal ----------------------------------------------------------------

# closed: all that the journal has so far is in a segment that is over.
closed() {
	for segment in "$LOG"/journal/*.jsonl; do
		mv "$segment" "$LOG/journal/2020-02-0${1:-1}.0001.jsonl"
	done
}

# purges_journal COUNT: a sweep takes so many segments, after more was journaled.
purges_journal() {
	switch disable ok
	switch enable ok
	purges journal "$1"
}

# verified STATUS BEGINNING: what spoollog says of the journal.
verified() {
	run spoollog verify
	assertEquals "$OUT" "$1" "$STATUS"
	assertEquals "$2" "$(echo "$OUT" | head -1 | cut -c"1-${#2}")"
}

test_old_segments_go_and_what_remains_verifies() {
	retained journal 1s
	sent one
	stop
	last=$(tail -1 "$LOG"/journal/*.jsonl)
	closed
	start
	eventually purges_journal 1
	assertEquals '2020-02-01.0001.purged' \
	    "$(cd "$LOG/journal" && ls 2020*)"
	assertEquals "$(echo "$last" | jq -r '"\(.seq) \(.hash)"')" \
	    "$(purged_lines journal | jq -r '"\(.lastSeq) \(.lastHash)"')"
	first=$(($(echo "$last" | jq .seq) + 1))
	run spoollog verify -j
	assertEquals "$OUT" "true $first" \
	    "$(echo "$OUT" | jq -r '"\(.good) \(.firstSeq)"')"
	# It is started again, and a second one goes as well.
	stop
	closed 2
	start
	sent two
	eventually purges_journal 1
	verified 0 'good: '
	crash
	start
	sent three
	verified 0 'good: '
	# Nothing can be left out, or changed, of what was left.
	stop
	mv "$LOG/journal/2020-02-01.0001.purged" "$SCRATCH/"
	verified 1 'bad: 2020-02-02.0001.purged does not follow line 0'
	mv "$SCRATCH/2020-02-01.0001.purged" "$LOG/journal/"
	cp "$LOG/journal/2020-02-02.0001.purged" "$SCRATCH/"
	sed -i 's/"lastHash":"[0-9a-f]\{8\}/"lastHash":"00000000/' \
	    "$LOG/journal/2020-02-02.0001.purged"
	verified 1 'bad: '
	cp "$SCRATCH/2020-02-02.0001.purged" "$LOG/journal/"
	verified 0 'good: '
}

test_a_segment_that_a_crash_left_goes_again() {
	retained journal 1s
	sent one
	stop
	closed
	cp "$LOG/journal/2020-02-01.0001.jsonl" "$SCRATCH/"
	start
	eventually purges_journal 1
	crash
	cp "$SCRATCH/2020-02-01.0001.jsonl" "$LOG/journal/"
	verified 0 'good: '
	start
	eventually purges_journal 1
	assertEquals '2020-02-01.0001.purged' \
	    "$(cd "$LOG/journal" && ls 2020*)"
	verified 0 'good: '
}

test_a_legal_hold_keeps_the_journal() {
	retained journal 1s
	sent one
	echo case-7 >"$SPOOL/jobs/$ID.legal"
	stop
	closed
	start
	for i in 1 2 3 4; do
		checkpoint=$(cat "$INSTANCE/spool/.checkpoint")
		switch disable ok
		switch enable ok
		eventually checkpoint_after "$checkpoint"
	done
	purge
	assertEquals 0 "$(purged journal)"
	rm "$SPOOL/jobs/$ID.legal"
	purge -n
	assertEquals 1 "$(purged journal)"
	purge
	assertEquals 1 "$(purged journal)"
}

# checkpoint_after SEQ: another one was noted since.
checkpoint_after() {
	[ "$(cat "$INSTANCE/spool/.checkpoint")" != "$1" ]
}

test_no_segment_goes_that_recovery_needs() {
	retained journal 1s
	setting queue checkpoint_interval 1h
	sent one
	stop
	closed
	start
	purge
	assertEquals 0 "$(purged journal)"
	crash
	start
	verified 0 'good: '
}

# --- the clock ------------------------------------------------------------------

# ends_on DAYS: the journal's last line is of a time that many days from now.
ends_on() {
	mkdir "$SCRATCH/place"
	ln -s "$LOG/journal" "$SCRATCH/place/journal"
	cp "$LOG/journal.pub" "$INSTANCE/state/journal.key" "$SCRATCH/place"
	printf '%s\n' "clock $1" "open $SCRATCH/place" 'add denied' commit \
	    close | "$BUILD/tests/probe_journal" >"$SCRATCH/probe" 2>&1
	rm -r "$SCRATCH/place"
}

test_after_a_gap_in_the_journal_nothing_is_purged_for_a_day() {
	retained
	sent one
	stop
	aged "$(receipt one "$ID")"
	ends_on -2
	start
	run spoolctl status
	assertEquals "status: $OUT" 1 "$STATUS"
	echo "$OUT" | grep -q clock-stepped
	assertEquals "$OUT" 0 $?
	assertEquals 1 "$(journal 'select(.event == "clock.stepped") | .seq' |
	    wc -l)"
	run spoolsuper -p
	failed_with 75 spoolsuper UNAVAILABLE
	assertTrue "[ -f '$(receipt one "$ID")' ]"
	purge -n
	assertEquals 1 "$(purged receipts)"
	# A restart does not end it.
	stop
	start
	run spoolsuper -p
	failed_with 75 spoolsuper UNAVAILABLE
	stop
	rm "$INSTANCE/spool/.purge-after"
	start
	purge
	assertEquals 1 "$(purged receipts)"
}

# is_purging KIND: the line of a batch is durable.
is_purging() {
	[ -n "$(purged_lines "$1")" ]
}

# --- operators meanwhile ------------------------------------------------------------

test_what_is_being_purged_is_not_tried_again() {
	retained
	destination other
	answers bad 400
	destination bad
	head -c 3000000 /dev/zero >"$SPOOL/data/big.bin"
	drop dead '{"destinations":["bad"],"payload":{"type":"export",
	    "file":"big.bin"}}'
	eventually in_queue failed "$ID"
	rested "$ID"
	# Its payload is for the helper to remove, which waits.
	stopped=$(helper)
	kill -STOP "$stopped"
	spoolsuper -p >"$SCRATCH/purge" 2>&1 &
	sweeper=$!
	eventually is_purging failed
	for how in '' '--to other'; do
		# shellcheck disable=SC2086 # an option and its word, or nothing
		run spoolsuper -r "$ID" $how
		assertEquals "$ID.bad: unchanged: retention is taking its job away" \
		    "$(echo "$OUT" | head -1)"
	done
	kill -CONT "$stopped"
	wait "$sweeper"
	assertEquals 0 "$?"
	assertEquals '' "$(spool_files | grep "$ID" | grep -v receipts)"
}

# --- trouble ----------------------------------------------------------------------

test_what_cannot_be_removed_alerts_and_is_tried_again() {
	retained
	sent stuck
	rested "$ID"
	strace -qq -o "$SCRATCH/strace" -p "$(supervisor)" -e trace=unlinkat \
	    -e inject=unlinkat:error=EROFS &
	tracer=$!
	eventually grep -qs TracerPid:.[1-9] "/proc/$(supervisor)/status"
	run spoolsuper -p
	assertNotEquals 0 "$STATUS"
	kill "$tracer"
	wait "$tracer"
	assertTrue 'it is still there' "[ -f '$SPOOL/jobs/$ID.json' ]"
	spoolctl status >"$SCRATCH/status" 2>&1
	assertEquals 1 $?
	assertTrue "grep -q retention-not-carried-out '$SCRATCH/status'"
	purge
	assertEquals 1 "$(purged delivered)"
	run spoolctl status
	assertEquals "status: $OUT" 0 "$STATUS"
}

. /usr/share/shunit2/shunit2
