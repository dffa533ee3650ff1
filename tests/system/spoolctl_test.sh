#!/bin/sh
# spoolctl_test - an instance made, started, stopped, looked at
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# found AREA WORDS: check printed that line.
found() {
	grep -Fxq "$1: $2" "$SCRATCH/out"
	assertEquals "$1: $2 is among: $OUT" 0 $?
}

test_init_makes_an_instance_that_only_its_owner_can_read() {
	instance
	assertEquals '' "$(find "$INSTANCE" -path "$SCRATCH" -prune -o \
	    \( -type d ! -perm 700 -o -type f ! -perm 600 ! -perm 400 \) \
	    -print)"
	for name in etc/spoold.conf etc/keys/master.key spool/demo/new \
	    state/demo/destinations log/journal run archive; do
		[ -e "$INSTANCE/$name" ]
		assertEquals "$name is there" 0 $?
	done
	assertEquals 32 "$(stat -c %s "$INSTANCE/etc/keys/master.key")"
}

test_init_makes_directories_above_and_takes_any_name() {
	instance
	root="$INSTANCE/an/other \$HOME \${HOME} \"place\\"
	run spoolctl init --root "$root" -o lab
	assertEquals "$ERR" 0 "$STATUS"
	run spoolctl -c "$root/etc/spoold.conf" start
	ran 0 '' ''
	assertTrue 'its socket is there' "[ -S '$root/run/control.sock' ]"
	run spoolctl -c "$root/etc/spoold.conf" stop
	ran 0 '' ''
}

test_init_says_what_to_type_next() {
	instance
	run spoolctl init --root "$INSTANCE/next" -o lab
	grep -Fxq "  export SPOOLD_CONFIG=$INSTANCE/next/etc/spoold.conf" \
	    "$SCRATCH/out"
	assertEquals "$OUT" 0 $?
	run spoolctl -j init --root "$INSTANCE/json" -o lab
	ran 0 "{\"root\":\"$INSTANCE/json\",\"organizationId\":\"lab\",\"configuration\":\"$INSTANCE/json/etc/spoold.conf\"}" ''
}

test_init_never_touches_an_instance() {
	instance
	before=$(cat "$CONF" && sha256sum <"$INSTANCE/etc/keys/master.key")
	run spoolctl init --root "$INSTANCE" --organization other
	failed_with 65 spoolctl CONFLICT
	assertEquals "$before" "$(cat "$CONF" &&
	    sha256sum <"$INSTANCE/etc/keys/master.key")"
	assertFalse 'no other spool' "[ -e '$INSTANCE/spool/other' ]"
}

test_init_that_was_cut_off_is_finished_by_another_with_the_same_key() {
	instance
	before=$(sha256sum <"$INSTANCE/etc/keys/master.key")
	rm "$CONF"
	run spoolctl init --root "$INSTANCE" --organization demo
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$before" "$(sha256sum <"$INSTANCE/etc/keys/master.key")"
}

test_init_is_told_how() {
	instance
	run spoolctl init --root ''
	failed_with 64 spoolctl USAGE
	run spoolctl init --root "$INSTANCE/x" -o Big
	failed_with 64 spoolctl USAGE
	run spoolctl init --root /proc/x/y
	failed_with 64 spoolctl USAGE
}

test_start_returns_when_jobs_are_taken_and_stop_when_it_has_ended() {
	instance
	run spoolctl start
	ran 0 '' ''
	run spoolctl status
	assertEquals "$ERR" 0 "$STATUS"
	run spoolctl stop
	ran 0 '' ''
	assertTrue 'ended' stopped
	run spoolctl -j start
	ran 0 "{\"pid\":$(supervisor)}" ''
}

test_what_keeps_spoold_from_starting_is_the_commands_own_error() {
	instance
	mv "$INSTANCE/etc/keys/master.key" "$INSTANCE/etc/keys/elsewhere"
	run spoolctl start
	failed_with 78 spoolctl CONFIG_ERROR
	run spoolctl -j start
	assertEquals 78 "$STATUS"
	assertEquals CONFIG_ERROR "$(jq -r .code "$SCRATCH/err")"
	mv "$INSTANCE/etc/keys/elsewhere" "$INSTANCE/etc/keys/master.key"
	start
	run spoolctl start
	failed_with 75 spoolctl UNAVAILABLE
}

test_in_the_foreground_it_is_spoold_itself() {
	instance
	spoolctl start -f >"$SCRATCH/foreground" 2>&1 &
	pid=$!
	eventually spoolctl status
	assertEquals "$pid" "$(supervisor)"
	run spoolctl stop
	ran 0 '' ''
	wait "$pid"
	assertEquals 0 $?
}

test_stop_waits_for_what_is_in_flight_and_stop_now_does_not() {
	instance
	start
	sink
	destination ok
	answers ok 'delay 1500'
	drop one "$(job ok)"
	eventually arrived "$ID"
	run spoolctl stop
	ran 0 '' ''
	assertTrue 'it was delivered' "delivered $ID"
	start
	answers ok hang
	drop two "$(job ok)"
	eventually arrived "$ID"
	run spoolctl stop --now
	ran 0 '' ''
	assertTrue 'ended' stopped
	assertFalse 'it was not' "delivered $ID"
}

test_status_of_an_instance_that_is_down_counts_what_waits() {
	instance
	start
	sink
	destination ok
	switch disable ok
	drop one "$(job ok)"
	eventually in_queue cur "$ID"
	stop
	run spoolctl status
	assertEquals 2 "$STATUS"
	assertEquals 'spoold is down' "$(head -1 "$SCRATCH/out")"
	run spoolctl -j status
	assertEquals 2 "$STATUS"
	assertEquals 'down demo 1' "$(jq -r '"\(.health) \(.organizations[0] |
	    .organizationId) \(.organizations[0].pendingCount)"' \
	    "$SCRATCH/out")"
	run spoolctl stop
	failed_with 75 spoolctl UNAVAILABLE
	run spoolctl reload
	failed_with 75 spoolctl UNAVAILABLE
}

test_status_says_what_runs() {
	instance
	start
	run spoolctl -j status
	assertEquals 0 "$STATUS"
	assertEquals "healthy $(supervisor) 0 2" "$(jq -r \
	    '"\(.health) \(.pid) \(.alerts | length) \(.space | length)"' \
	    "$SCRATCH/out")"
	run spoolctl status
	assertEquals 0 "$STATUS"
	assertEquals "spoold $(spoolctl --version |
	    sed 's/.* //') is healthy: pid $(supervisor), started" \
	    "$(sed -n '1s/ started .*/ started/p' "$SCRATCH/out")"
}

test_reload_says_what_changed() {
	instance
	start
	run spoolctl reload
	ran 0 '' ''
	setting queue concurrency 7
	run spoolctl reload
	ran 0 'queue.concurrency: 50 -> 7' ''
	setting queue concurrency 8
	run spoolctl -j reload
	ran 0 '{"changes":[{"name":"queue.concurrency","old":"7","new":"8"}]}' ''
}

test_what_the_environment_sets_is_on_record_and_what_it_cannot_set_is_warned_of() {
	instance
	SPOOLD_QUEUE_CONCURRENCY=9 SPOOLD_QUEUE_CONCURENCY=9 spoolctl start
	assertEquals 0 $?
	assertEquals '[{"variable":"SPOOLD_QUEUE_CONCURRENCY","value":"9"}]' \
	    "$(cat "$LOG"/journal/*.jsonl |
	    jq -c 'select(.event == "start") | .environment')"
	assertEquals 1 "$(grep -c \
	    'SPOOLD_QUEUE_CONCURENCY in the environment is no setting' \
	    "$LOG/spoold.log")"
}

test_check_finds_nothing_in_a_sound_instance() {
	instance
	run spoolctl check
	ran 0 'Nothing is wrong' ''
	start
	run spoolctl check
	ran 0 'Nothing is wrong' ''
	stop
	run spoolctl -j check
	ran 0 '' ''
}

test_check_finds_wrong_directories_and_mends_them_if_told_to() {
	instance
	chmod 777 "$SPOOL/new"
	rmdir "$SPOOL/keys"
	run spoolctl check
	ran 1 'layout: demo/new has mode 0777 instead of 0700
layout: demo/keys is missing' ''
	run spoolctl check --fix
	ran 1 'layout: demo/new has mode 0777 instead of 0700 (mended)
layout: demo/keys is missing (mended)' ''
	run spoolctl check
	ran 0 'Nothing is wrong' ''
	chmod 777 "$INSTANCE/run"
	run spoolctl -j check
	ran 1 "{\"area\":\"layout\",\"message\":\"$INSTANCE/run can be written by others: chmod go-w\"}" ''
	chmod 700 "$INSTANCE/run"
}

test_check_finds_strays_and_orphans() {
	instance
	name=01JDCZ7Q2T5M8YB3K4N6P9RSVW.ok:p5,a2
	touch "$SPOOL/cur/.$name" "$SPOOL/retry/$name" "$SPOOL/hold/note"
	run spoolctl check
	assertEquals 1 "$STATUS"
	assertEquals 3 "$(wc -l <"$SCRATCH/out")"
	found stray "cur/.$name is a second file of a ticket, put aside: look at it, then remove it"
	found stray "hold/note is no ticket, and is ignored"
	found orphan "retry/$name has no job in jobs/: it will fail"
	rm "$SPOOL/cur/.$name" "$SPOOL/retry/$name" "$SPOOL/hold/note"
}

test_check_finds_a_wrong_configuration_a_missing_key_and_no_space() {
	instance
	run spoolctl -c /nonexistent check
	ran 1 'configuration: /nonexistent: No such file or directory' ''
	mv "$INSTANCE/etc/keys/master.key" "$SCRATCH/key"
	run spoolctl check
	ran 1 "key: master key $INSTANCE/etc/keys/master.key: No such file or directory" ''
	mv "$SCRATCH/key" "$INSTANCE/etc/keys/master.key"
	setting queue reserve_bytes 16777216G
	run spoolctl check
	assertEquals 1 "$STATUS"
	assertEquals 2 "$(grep -c '^space: .* less than queue.reserve_bytes' \
	    "$SCRATCH/out")"
}

test_check_finds_a_journal_that_was_changed() {
	instance
	start
	stop
	cp "$LOG"/journal/*.jsonl "$SCRATCH/kept"
	sed -i 's/"event":"stop"/"event":"hold"/' "$LOG"/journal/*.jsonl
	run spoolctl check
	assertEquals "$OUT" 1 "$STATUS"
	assertEquals 'journal: ' "$(sed 's/^\(journal: \).*/\1/' \
	    "$SCRATCH/out")"
	cp "$SCRATCH/kept" "$(ls "$LOG"/journal/*.jsonl)"
}

test_what_is_missing_is_a_configuration_error_that_says_what_would_help() {
	instance
	run spoollog
	failed_with 75 spoollog UNAVAILABLE
	run spoollog verify /nope
	failed_with 64 spoollog USAGE
	assertContains "$ERR" '/nope: No such file or directory'
	rmdir "$SPOOL/data"
	run spoolq
	ran 78 '' "spoolq: CONFIG_ERROR: $SPOOL/data is missing: spoolctl check --fix makes it anew"
	run spoolctl start
	failed_with 78 spoolctl CONFIG_ERROR
	run spoolctl check --fix
	assertContains "$OUT" 'data is missing (mended)'
	mv "$INSTANCE/state/$ORG/destinations" "$SCRATCH/kept"
	run spooldest list
	failed_with 78 spooldest CONFIG_ERROR
	run spoolctl check
	assertEquals 1 "$STATUS"
	assertContains "$OUT" "destinations: $INSTANCE/state/$ORG/destinations is missing: restore it from a backup"
	mv "$SCRATCH/kept" "$INSTANCE/state/$ORG/destinations"
	mv "$SPOOL" "$SCRATCH/spool"
	run spoolq
	failed_with 78 spoolq CONFIG_ERROR
	mv "$SCRATCH/spool" "$SPOOL"
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

test_status_counts_the_dead_letters_up_and_down() {
	instance
	start
	sink
	destination ok
	answers ok 422
	drop one "$(job ok)"
	eventually in_queue failed "$ID"
	for each in up down; do
		[ "$each" = up ] || stop
		run spoolctl status
		assertEquals "$each" 1 "$(awk '/^ORGANIZATION/ {
		    for (i = 1; i <= NF; i++) if ($i == "FAILED") at = i - 1 }
		    /^demo/ { print $at }' "$SCRATCH/out")"
	done
}

. /usr/share/shunit2/shunit2
