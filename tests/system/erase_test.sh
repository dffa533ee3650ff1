#!/bin/sh
# erase_test - what autoCleanup erases at its destination, and what it leaves
#
# shellcheck shell=sh disable=SC2034,SC2154
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
# shellcheck source=tests/system/stored.sh
. "$(dirname "$0")/stored.sh"

# An instance that may write beneath $SHARE.
storing() {
	instance
	SHARE=$SCRATCH/share
	mkdir "$SHARE"
	setting "organization $ORG" local_allow "{\"$SHARE\"}"
	start
}

# store NAME [MEMBERS]: a destination in $SHARE that erases after 30 days.
store() {
	printf '{"id":"%s","label":"%s","type":"storage","config":{"storage":
	    {"provider":"local","retention":{"days":30,"autoCleanup":true}%s,
	    "config":{"directory":"%s"}}}}' "$1" "$1" "${2:+,$2}" \
	    "${DIRECTORY:-$SHARE}" | spooldest create - \
	    >"$SCRATCH/created" 2>&1 ||
	    fail "create: $(cat "$SCRATCH/created")"
}

# sent DESTINATION...: drops a job, and waits until it is there.
sent() {
	drop "job$((N += 1))" "$(job "$@")"
	for dest in "$@"; do
		eventually delivered "$ID" "$dest"
	done
	eventually test -f "$(receipt "job$N" "$ID")"
}
N=0

gone='null older than the destination'\''s retention.days'
other='CONFLICT something else has that name now, or its content was changed: it was left there'

# --- what is due goes ---------------------------------------------------------

test_what_was_stored_is_erased_when_it_is_older_than_days_and_not_before() {
	storing
	store a '"path":"x/{metadata.ward}"'
	drop one "$(job a | sed 's/{"n":1}/1,"metadata":{"ward":"W 7"}/')"
	eventually delivered "$ID"
	file="$SHARE/x/W 7/$ID.json"
	assertTrue 'stored' "[ -f '$file' ]"
	assertEquals "$(date -u -d '30 days' +%F)/$ID.a" "$(records)"
	run spoolq --explain "$ID"
	assertContains "$OUT" "$OUT" "  next     erased there in 29d, $(date -u \
	    -d '30 days' +%F)"
	sweep 0
	assertTrue 'not yet' "[ -f '$file' ]"
	due "$ID"
	: >"$SPOOL/stored/$day/.replacing"
	sweep 1 -n
	assertTrue 'only counted' "[ -f '$file' ]"
	sweep 1
	assertFalse 'gone' "[ -e '$file' ]"
	assertTrue 'directories stay' "[ -d '$SHARE/x/W 7' ]"
	assertEquals '' "$(records)"
	assertEquals "a $gone" "$(erased)"
	run spoollog --job "$ID"
	assertFalse 'what is sealed is not shown' "grep -q sealed '$SCRATCH/out'"
	assertEquals "erased $ID.a org=demo record=$day/$ID.a reason=\"older than the destination's retention.days\"" \
	    "$(tail -1 "$SCRATCH/out" | cut -d ' ' -f 2- | tr -s ' ')"
	assertEquals 'and its empty day' '' "$(ls "$SPOOL/stored")"
	assertEquals '' "$(alerted)"
	sweep 0
}

test_a_job_that_was_purged_long_before_does_not_matter() {
	storing
	store a
	sent a
	for file in "$SPOOL"/done/*/"$ID".*; do
		mkdir -p "$SPOOL/done/2020-01-01"
		touch -c -d 2020-01-01 "$file"
		mv "$file" "$SPOOL/done/2020-01-01/"
	done
	sweep 0
	assertFalse 'purged' "[ -e '$SPOOL/jobs/$ID.json' ]"
	rm "$SPOOL"/receipts/*
	stop
	start
	due "$ID"
	sweep 1
	assertEquals '' "$(ls "$SHARE")"
}

test_the_path_stands_nowhere_in_clear() {
	storing
	store a '"path":"{metadata.ward}"'
	drop one "$(job a | sed 's/{"n":1}/1,"metadata":{"ward":"Ward-of-Joan"}/')"
	eventually delivered "$ID"
	assertTrue "[ -s '$SPOOL/stored/$(records)' ]"
	assertFalse 'in the record' 	    "grep -q 'Ward-of-Joan' '$SPOOL/stored/$(records)'"
	assertEquals 'in the journal, log and state' '' 	    "$(grep -rl Ward-of-Joan "$LOG" "$INSTANCE/state")"
	due "$ID"
	sweep 1
	assertEquals '' "$(grep -rl Ward-of-Joan "$LOG" "$INSTANCE/state")"
}

test_a_destination_without_autoCleanup_leaves_no_record() {
	storing
	printf '{"id":"a","label":"a","type":"storage","config":{"storage":
	    {"provider":"local","retention":{"days":30},
	    "config":{"directory":"%s"}}}}' "$SHARE" | spooldest create - 	    >/dev/null
	sent a
	assertEquals '' "$(records)"
	assertEquals null "$(journal 'select(.event == "delivered") | .stored')"
}

# --- exactly what spoold stored -----------------------------------------------

test_what_was_there_before_is_not_spoolds_to_erase() {
	storing
	store a '"filename":"name"'
	printf '{"n":1}' >"$SHARE/name"
	sent a
	assertEquals 'no record of it' '' "$(records)"
	rm "$SHARE/name"
	store b '"filename":"other"'
	sent b
	first=$ID
	sent b
	assertEquals 'and none of what another delivery stored' 1 	    "$(records | wc -l)"
	due "$first"
	sweep 1
	assertEquals '' "$(ls "$SHARE")"
}

test_a_repeated_delivery_knows_its_own_file_again() {
	storing
	store a '"filename":"name"'
	sent a
	rm "$SPOOL/stored/$(records)"
	spoolsuper --delivered -r "$ID" >/dev/null
	eventually records_are 1
	due "$ID"
	sweep 1
	assertEquals '' "$(ls "$SHARE")"
}

test_what_is_sent_again_is_as_old_as_the_last_time() {
	storing
	store a '"overwrite":true'
	sent a
	first=$SPOOL/stored/$(records)
	mkdir "$SCRATCH/old"
	cp -p "$first" "$SCRATCH/old/"
	inode=$(stat -c %i "$SHARE/$ID.json")
	spoolsuper --delivered -r "$ID" >/dev/null
	eventually new_file
	eventually delivered "$ID" a
	assertEquals 1 "$(records | wc -l)"
	assertFalse 'it is the later one' \
	    "cmp -s '$SCRATCH/old/$ID.a' '$SPOOL/stored/$(records)'"
}

test_with_more_days_what_is_sent_again_leaves_no_record_of_the_time_before() {
	storing
	store a '"overwrite":true'
	sent a
	patch a '{"config":{"storage":{"retention":{"days":60}}}}'
	again 2
	assertEquals "$(date -u -d '60 days' +%F)/$ID.a" "$(records)"
	patch a '{"config":{"storage":{"retention":{"autoCleanup":false}}}}'
	again 3
	patch a '{"config":{"storage":{"retention":{"autoCleanup":true,
	    "days":90}}}}'
	again 4
	assertEquals 'and that without a record is passed over' \
	    "$(date -u -d '90 days' +%F)/$ID.a" "$(records)"
}

test_nor_does_it_of_one_that_waits_for_more_days() {
	storing
	store a '"overwrite":true'
	sent a
	due "$ID"
	# Its line says where it is.
	sed -i "s/\"eraseAt\":\"[^T]*T/\"eraseAt\":\"${day}T/" \
	    "$SPOOL"/done/*/"$ID".*
	patch a '{"config":{"storage":{"retention":{"days":300}}}}'
	sweep 0
	again 2
	assertEquals "$(date -u -d '300 days' +%F)/$ID.a" "$(records)"
}

test_a_crash_leaves_no_record_of_the_time_before_either() {
	storing
	store a '"overwrite":true'
	sent a
	setting queue checkpoint_interval 1h
	stop
	start
	patch a '{"config":{"storage":{"retention":{"days":40}}}}'
	again 2
	kill -9 "$(supervisor)"
	eventually stopped
	# As if the second outcome had not come to the ticket's file.
	for file in "$SPOOL"/done/*/"$ID".*; do
		sed -i '$d' "$file"
	done
	start
	patch a '{"config":{"storage":{"retention":{"days":60}}}}'
	again 3
	assertEquals "$(date -u -d '60 days' +%F)/$ID.a" "$(records)"
}

# again COUNT: it is sent once more, and was delivered so many times then.
again() {
	spoolsuper --delivered -r "$ID" >/dev/null
	eventually deliveries "$1"
	eventually delivered "$ID" a
}

deliveries() {
	[ "$(journal "select(.event == \"delivered\" and .job == \"$ID\") |
	    .seq" | wc -l)" -eq "$1" ]
}

new_file() {
	[ "$(stat -c %i "$SHARE/$ID.json")" != "$inode" ]
}

records_are() {
	[ "$(records | wc -l)" -eq "$1" ]
}

test_a_file_that_was_changed_or_replaced_stays() {
	storing
	store a
	sent a
	changed=$ID
	sent a
	replaced=$ID
	sent a
	linked=$ID
	sent a
	same=$ID
	sent a
	longer=$ID
	for id in "$changed" "$replaced" "$linked" "$same" "$longer"; do
		due "$id"
	done
	time=$(stat -c %y "$SHARE/$changed.json")
	printf '{"n":2}' | dd of="$SHARE/$changed.json" conv=notrunc 2>/dev/null
	touch -d "$time" "$SHARE/$changed.json"
	rm "$SHARE/$replaced.json"
	echo mine >"$SHARE/$replaced.json"
	rm "$SHARE/$linked.json"
	ln -s "$SCRATCH" "$SHARE/$linked.json"
	printf '{"n":1}' >"$SHARE/mine"
	mv "$SHARE/mine" "$SHARE/$same.json"
	echo >>"$SHARE/$longer.json"
	sweep 5
	for id in "$changed" "$replaced" "$linked" "$same" "$longer"; do
		assertTrue "$id" "[ -e '$SHARE/$id.json' ]"
	done
	assertEquals "a $other" "$(erased | sort -u)"
	assertEquals 5 "$(erased | wc -l)"
	assertEquals 'is asked for no more' '' "$(records)"
	assertEquals '' "$(alerted)"
}

test_a_file_that_is_gone_already_counts_as_erased() {
	storing
	store a '"path":"x"'
	sent a
	due "$ID"
	rm -r "$SHARE/x"
	sweep 1
	assertEquals "a $gone" "$(erased)"
	assertEquals '' "$(records)"
}

test_nothing_is_gone_while_the_directory_is_not_mounted() {
	storing
	DIRECTORY=$SHARE/volume
	mkdir "$DIRECTORY"
	store a
	sent a
	due "$ID"
	mv "$DIRECTORY" "$SHARE/elsewhere"
	mkdir "$DIRECTORY"
	sweep 0
	assertEquals "demo: what was stored 1 time is due and still there: the destination's config.directory is not the one that it was stored in: is it mounted?" \
	    "$(alerted)"
	assertEquals 1 "$(records | wc -l)"
	rmdir "$DIRECTORY"
	mv "$SHARE/elsewhere" "$DIRECTORY"
	sweep 1
	assertEquals '' "$(ls "$DIRECTORY")"
	DIRECTORY=
	assertEquals 'the alert has ended' '' "$(alerted)"
}

# --- what keeps it ------------------------------------------------------------

test_a_legal_hold_keeps_it() {
	storing
	store a
	sent a
	due "$ID"
	echo case-1 >"$SPOOL/jobs/$ID.legal"
	sweep 0
	assertTrue 'there' "[ -f '$SHARE/$ID.json' ]"
	assertEquals 1 "$(records | wc -l)"
	assertEquals 'nothing is wrong' '' "$(alerted)"
	rm "$SPOOL/jobs/$ID.legal"
	sweep 1
	assertEquals '' "$(ls "$SHARE")"
}

test_one_that_is_refused_waits_a_day_and_alerts() {
	storing
	store a
	sent a
	due "$ID"
	run chattr +i "$SHARE/$ID.json"
	assertEquals "$ERR" 0 "$STATUS"
	sweep 0
	assertEquals 'demo: what was stored 1 time is due and still there: remove a file: Operation not permitted: let spoold'\''s user read and write there' \
	    "$(alerted)"
	chattr -i "$SHARE/$ID.json"
	sweep 0
	assertTrue 'not asked for again yet' "[ -f '$SHARE/$ID.json' ]"
	touch -d '1 hour ago' "$SPOOL/stored/$(records)"
	sweep 1
	assertEquals '' "$(alerted)"
}

test_a_destination_that_is_gone_keeps_its_records() {
	storing
	store a
	sent a
	due "$ID"
	run spooldest delete a
	assertEquals "$ERR" 0 "$STATUS"
	sweep 0
	assertEquals 'demo: what was stored 1 time is due and still there: there is no destination a any more that stores' 	    "$(alerted)"
	run spoolctl check
	assertEquals 1 "$STATUS"
	assertTrue "$OUT" "echo '$OUT' | grep -q \
	    'stored: demo/stored: what 1 of the records name is not erased'"
	mkdir "$SHARE/other"
	DIRECTORY=$SHARE/other store a
	sweep 0
	assertEquals 'another place is not looked at' 1 "$(records | wc -l)"
	spooldest delete a
	touch -d '1 hour ago' "$SPOOL/stored/$(records)"
	store a
	sweep 1
	assertEquals other "$(ls "$SHARE")"
}

test_what_is_being_erased_is_not_sent_again_meanwhile() {
	storing
	store a
	sent a
	due "$ID"
	kill -STOP "$(workers storage)"
	spoolsuper -p >"$SCRATCH/purged" 2>&1 &
	asking=$!
	eventually handed_out
	run spoolsuper --delivered -r "$ID"
	assertTrue "$STATUS: $OUT$ERR" "echo '$OUT$ERR' | grep -q \
	    'what it stored is being erased: try again in a moment'"
	kill -CONT "$(workers storage)"
	wait "$asking"
	assertEquals 'stored: 1 object' "$(grep stored: "$SCRATCH/purged")"
	again 2
	assertEquals "$ID.json" "$(ls "$SHARE")"
	assertEquals "$(date -u -d '30 days' +%F)/$ID.a" "$(records)"
}

test_what_waits_to_be_sent_again_is_not_erased() {
	storing
	store a
	sent a
	due "$ID"
	# Its line says where it is.
	sed -i "s/\"eraseAt\":\"[^T]*T/\"eraseAt\":\"${day}T/" \
	    "$SPOOL"/done/*/"$ID".*
	switch disable a
	spoolsuper --delivered -r "$ID" >/dev/null
	eventually in_queue cur "$ID" a
	sweep 0
	assertEquals "$ID.json" "$(ls "$SHARE")"
	assertEquals "$day/$ID.a" "$(records)"
	assertEquals 'nothing is wrong' '' "$(alerted)"
	switch enable a
	eventually deliveries 2
	eventually delivered "$ID" a
	sweep 0
	assertEquals "$ID.json" "$(ls "$SHARE")"
	assertEquals "$(date -u -d '30 days' +%F)/$ID.a" "$(records)"
}

test_what_is_changed_while_an_erasure_waits_counts() {
	storing
	sink
	printf 'transport storage {\n\tconcurrency = 1\n}\n' >>"$CONF"
	stop
	start
	for dest in a b c d e; do
		store "$dest" "\"path\":\"$dest\""
	done
	sent a b c d e
	patch e '{"config":{"storage":{"retention":{"days":300}}}}'
	due "$ID"
	rm "$SPOOL/stored/$day/$ID.a"
	first=$ID
	kill -STOP "$(workers storage)"
	drop blocking "$(job a)"
	eventually handed_out
	spoolsuper -p >"$SCRATCH/purged" 2>&1 &
	asking=$!
	eventually looked_through
	spooldest delete b >/dev/null
	destination b
	patch c '{"config":{"storage":{"retention":{"autoCleanup":false}}}}'
	patch d '{"config":{"storage":{"retention":{"days":300}}}}'
	kill -CONT "$(workers storage)"
	wait "$asking"
	assertEquals 'stored: 0 objects' "$(grep stored: "$SCRATCH/purged")"
	eventually delivered "$ID" a
	for dest in b c d e; do
		assertTrue "$dest" "[ -f '$SHARE/$dest/$first.json' ]"
		assertTrue "$dest" "[ -f '$SPOOL/stored/$day/$first.$dest' ]"
	done
	assertEquals '' "$(erased)"
}

# What is looked at in the same turn as the others waits for more days now.
looked_through() {
	[ "$(stat -c %Y "$SPOOL/stored/$day/$first.e")" -gt "$(date +%s)" ]
}

test_switched_off_nothing_goes_and_with_more_days_not_before_those() {
	storing
	store a
	sent a
	due "$ID"
	patch a '{"config":{"storage":{"retention":{"autoCleanup":false}}}}'
	sweep 0
	assertEquals '' "$(alerted)"
	patch a '{"config":{"storage":{"retention":{"autoCleanup":true,
	    "days":300}}}}'
	sweep 0
	assertEquals 'where its delivery says' "$day/$ID.a" "$(records)"
	assertEquals "$(date -u -d '100 days' +%F)" \
	    "$(date -u -r "$SPOOL/stored/$(records)" +%F)"
	sweep 0
	assertEquals 'nor was it refused' '' "$(alerted)"
	touch -d '1 hour ago' "$SPOOL/stored/$(records)"
	patch a '{"config":{"storage":{"retention":{"days":201}}}}'
	sweep 0
	sweep 0
	assertEquals 'not on its last day either' '' "$(alerted)"
	patch a '{"config":{"storage":{"retention":{"days":30}}}}'
	touch -d '1 hour ago' "$SPOOL/stored/$(records)"
	sweep 1
	assertEquals '' "$(ls "$SHARE")"
}

# patch DESTINATION JSON
patch() {
	printf '%s' "$2" | spooldest update "$1" - >"$SCRATCH/updated" 2>&1 ||
	    fail "update: $(cat "$SCRATCH/updated")"
}

test_nothing_goes_from_a_spool_that_was_restored() {
	storing
	store a
	sent a
	due "$ID"
	stop
	spoolctl start --restored >/dev/null
	run spoolsuper -p
	failed_with 75 spoolsuper UNAVAILABLE
	assertEquals "$ID.json" "$(ls "$SHARE")"
	assertEquals 1 "$(records | wc -l)"
}

test_autoCleanup_without_days_is_refused() {
	storing
	run spooldest create - <<-'END'
	{"label":"a","type":"storage","config":{"storage":{"provider":"local",
	    "retention":{"autoCleanup":true},"config":{"directory":"/x"}}}}
	END
	assertEquals 65 "$STATUS"
	assertTrue "$ERR" "echo '$ERR' | grep -q 'config.storage.retention.days is missing: autoCleanup needs it'"
	run spooldest create - <<-'END'
	{"label":"a","type":"storage","config":{"storage":{"provider":"s3",
	    "retention":{"days":7,"autoCleanup":true},"config":{
	    "region":"eu-central-1","bucket":"vault","accessKeyId":"a",
	    "secretAccessKey":"b",
	    "objectLock":{"mode":"GOVERNANCE","days":8}}}}}
	END
	assertEquals 65 "$STATUS"
	assertTrue "$ERR" "echo '$ERR' | grep -q 'config.storage.retention.days are fewer than those of objectLock, before which nothing can be erased'"
}

# --- what it survives ---------------------------------------------------------

test_a_new_master_key_opens_the_records_too() {
	storing
	store a
	sent a
	due "$ID"
	stop
	before=$(stat -c %y "$SPOOL/stored/$(records)" | cut -c 1-23)
	run spoolkey rotate
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "1 values of 1 destinations and 1 records of what was stored are sealed under the new key, $(spoolkey -j check | jq -r .key)" \
	    "$OUT"
	assertEquals "$before" "$(stat -c %y "$SPOOL/stored/$(records)" |
	    cut -c 1-23)"
	run spoolkey check
	assertEquals "$OUT $ERR" 0 "$STATUS"
	start
	sweep 1
	assertEquals '' "$(ls "$SHARE")"
}

test_a_record_of_another_job_does_not_open() {
	storing
	store a
	sent a
	other=$ID
	due "$other"
	sent a
	due "$ID"
	day=$(dirname "$(records | head -1)")
	cp "$SPOOL/stored/$day/$other.a" "$SPOOL/stored/$day/$ID.a"
	sweep 1
	assertEquals "$ID.json" "$(ls "$SHARE")"
	assertEquals 'demo: what was stored 1 time is due and still there: the record of what was stored does not open' \
	    "$(alerted)"
	run spoolkey check
	assertEquals 1 "$STATUS"
	assertTrue "$OUT" "echo '$OUT' | grep -q '^demo/$day/$ID.a: stored: '"
}

test_a_worker_that_dies_meanwhile_keeps_them_for_a_day() {
	storing
	store a
	sent a
	due "$ID"
	kill -STOP "$(workers storage)"
	spoolsuper -p >"$SCRATCH/purged" 2>&1 &
	asking=$!
	eventually handed_out
	kill -KILL "$(workers storage)"
	wait "$asking"
	assertEquals 'stored: 0 objects' "$(grep stored: "$SCRATCH/purged")"
	assertEquals 'demo: what was stored 1 time is due and still there: the worker process ended before it answered' \
	    "$(alerted)"
	assertTrue 'there' "[ -f '$SHARE/$ID.json' ]"
	touch -d '1 hour ago' "$SPOOL/stored/$(records)"
	sweep 1
	assertEquals '' "$(ls "$SHARE")"
}

# The stopped worker holds something.
handed_out() {
	[ "$(spoolctl status --json | jq '[.workers[] |
	    select(.transport == "storage") | .inFlight] | add')" = 1 ]
}

# All records were made two hundred days ago.
all_due() {
	node -e '
		const fs = require("fs"), [stored] = process.argv.slice(1);
		const then = new Date(Date.now() - 200 * 864e5);
		const due = new Date(then.getTime() + 30 * 864e5);
		const to = `${stored}/${due.toISOString().slice(0, 10)}`;

		fs.mkdirSync(to);
		for (const path of fs.readdirSync(stored, { recursive: true })) {
			if (!path.includes("/"))
				continue;
			const from = `${stored}/${path}`;
			const at = `${to}/${path.split("/")[1]}`;
			const text = JSON.parse(fs.readFileSync(from));

			text.storedAt = then.toISOString();
			fs.writeFileSync(at, JSON.stringify(text));
			fs.utimesSync(at, due, due);
			fs.rmSync(from);
		}' "$SPOOL/stored"
}

test_thousands_go_in_bounded_memory_and_deliveries_go_on_meanwhile() {
	# What was freed is not to count, in no build.
	ASAN_MORE=quarantine_size_mb=0:thread_local_quarantine_size_kb=0
	storing
	ASAN_MORE=
	sink
	destination ok
	store a
	store b
	switch disable ok
	switch disable b
	drop meanwhile "$(job ok b)"
	drops 2000 many "$(job a)"
	eventually_within 300 counts done 2000
	all_due
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$(supervisor)/status")
	spoolsuper -p >"$SCRATCH/purged" 2>&1 &
	asking=$!
	eventually fewer_than 2000
	switch enable ok
	switch enable b
	wait "$asking"
	assertEquals 'stored: 2000 objects' "$(grep stored: "$SCRATCH/purged")"
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$(supervisor)/status")
	assertTrue "$before KiB, then $after" "[ $((after - before)) -lt 2048 ]"
	eventually delivered "$ID" ok
	eventually delivered "$ID" b
	assertEquals "$ID.json" "$(ls "$SHARE")"
	assertEquals 2000 "$(erased | grep -c "^a $gone")"
	last=$(journal 'select(.event == "erased") | .seq' | tail -1)
	for seq in $(journal 'select(.event == "delivered" and
	    (.dest == "ok" or .dest == "b")) | .seq'); do
		assertTrue "$seq before $last" "[ $seq -lt $last ]"
	done
}

# Files in the share; a look that costs nothing.
fewer_than() {
	set -- "$1" "$SHARE"/*
	[ $# -le "$1" ]
}

test_a_crash_in_the_middle_goes_on_where_it_was() {
	storing
	store a
	drops 500 many "$(job a)"
	eventually_within 120 counts done 500
	# What the records say is durable: no start makes them anew.
	stop
	start
	all_due
	victim=$(supervisor)
	spoolsuper -p >/dev/null 2>&1 &
	eventually fewer_than 500
	kill -9 "$victim"
	eventually stopped
	wait
	assertTrue 'some are left' "[ $(records | wc -l) -gt 0 ]"
	start
	run spoolsuper -p
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals '' "$(ls "$SHARE")"
	assertEquals '' "$(records)"
	assertEquals 500 "$(journal 'select(.event == "erased") | .job' |
	    sort -u | wc -l)"
	check_sound
}

. /usr/share/shunit2/shunit2
