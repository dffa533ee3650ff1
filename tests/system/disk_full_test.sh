#!/bin/sh
# disk_full_test - what fills up: nothing leaves unrecorded, nothing is lost,
# and all goes on by itself once there is room.  It mounts small images: root.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

MOUNTED=

# image DIR SIZE: an ext4 of its own there.
image() {
	mkdir -p "$1"
	truncate -s "$2" "$1.img"
	mkfs.ext4 -q -m 0 "$1.img"
	mount -o loop "$1.img" "$1" || fail "mount $1"
	MOUNTED="$MOUNTED $1"
}

# An instance whose journal and spool may be file systems of their own: the
# arguments are DIR SIZE pairs.
instance_on() {
	root=$(mktemp -d "${TMPDIR:-/tmp}/spoold-test.XXXXXX") || exit 1
	while [ $# -gt 1 ]; do
		image "$root/$1" "$2"
		rmdir "$root/$1/lost+found"
		shift 2
	done
	instance "$root"
}

# Everything that the file system below $1 can take, less $2 KiB.
fill() {
	dd if=/dev/zero of="$1/ballast" bs=4k 2>"$SCRATCH/dd"
	# A sync gives back what was kept for the unwritten: until none does.
	filled=
	until [ "$filled" = "$(stat -c %s "$1/ballast")" ]; do
		filled=$(stat -c %s "$1/ballast")
		sync -f "$1"
		dd if=/dev/zero of="$1/ballast" bs=1k oflag=append \
		    conv=notrunc 2>>"$SCRATCH/dd"
	done
	sync -f "$1"
	[ "${2-0}" -eq 0 ] || truncate -s "-${2}K" "$1/ballast"
}

# shellcheck disable=SC2317 # shunit2 calls it
tearDown() {
	[ -n "$INSTANCE" ] && [ -d "$INSTANCE" ] || return 0
	check_sound
	end_processes
	for directory in $MOUNTED; do
		eventually umount "$directory"
	done
	MOUNTED=
	rm -rf "$INSTANCE"
	INSTANCE=
}

alerts() {
	journal 'select(.event == "alert") | "\(.name) \(.state)"'
}

# The last alert's state.
has_alert() {
	[ "$(journal 'select(.event == "alert") | .state' | tail -1)" = "$1" ]
}

alerts_are() {
	[ "$(alerts | paste -sd ,)" = "$1" ]
}

test_below_the_reserve_drops_wait_and_deliveries_go_on() {
	instance_on spool 64M
	setting queue reserve_bytes 20M
	setting queue reserve_inodes 10
	start
	sink
	destination ok
	switch disable ok
	drop before "$(job ok)"
	before=$ID
	eventually in_queue cur "$before"
	fallocate -l 40M "$INSTANCE/spool/ballast"
	drop during "$(job ok)"
	during=$ID
	eventually has_alert begin
	run spoolsubmit -d ok -D 1
	failed_with 75 spoolsubmit STORAGE_RESERVE
	assertEquals 'only the drop made by hand waits' during.json \
	    "$(ls "$SPOOL/new")"
	switch enable ok
	eventually delivered "$before"
	assertEquals '' "$(events "$during")"
	run spoolctl status
	assertEquals "degraded: $OUT" 1 "$STATUS"
	rm "$INSTANCE/spool/ballast"
	eventually delivered "$during"
	eventually alerts_are "$(alerts | sed 's/ .*//' | head -1 |
	    sed 's/\(.*\)/\1 begin,\1 end/')"
	run spoolctl status
	assertEquals "healthy: $OUT" 0 "$STATUS"
}

test_too_few_inodes_count_as_well() {
	instance
	setting queue reserve_inodes 1000000000
	start
	sink
	destination ok
	drop wait "$(job ok)"
	run spoolsubmit -d ok -D 1
	failed_with 75 spoolsubmit STORAGE_RESERVE
	assertTrue "[ -f '$SPOOL/new/wait.json' ]"
	setting queue reserve_inodes 10
	run spoolctl reload
	eventually delivered "$ID"
}

test_nothing_leaves_while_the_journal_cannot_be_written() {
	instance_on log 16M
	setting queue reserve_bytes 0
	setting queue reserve_inodes 0
	start
	sink
	destination ok
	switch disable ok
	drops 20 before "$(job ok)"
	eventually counts cur 20
	fill "$LOG"
	# whatever still fits is written; then the first lines that do not
	drops 200 during "$(job ok)"
	spooldest enable ok >"$SCRATCH/enable" 2>&1 &
	wait_for_enable=$!
	run spoolctl status
	sent=$(arrivals '')
	attempts=$(journal 'select(.event == "attempt") | .job' | wc -l)
	assertTrue "$sent sent, $attempts on record" "[ $sent -le $attempts ]"
	rm "$LOG/ballast"
	wait $wait_for_enable
	# the first was refused, if it came when nothing could be written
	eventually spooldest enable ok
	eventually counts done 220
	while read -r id name; do
		assertEquals "$name" 1 "$(arrivals "$id")"
	done <"$SCRATCH/drops"
}

test_a_full_spool_loses_nothing_and_resumes() {
	instance_on spool 16M
	setting queue reserve_bytes 0
	setting queue reserve_inodes 0
	start
	sink
	destination ok
	drops 20 before "$(job ok)"
	switch disable ok
	fill "$INSTANCE/spool" 256
	drops 60 during "$(job ok)"
	switch enable ok
	run spoolctl status
	rm "$INSTANCE/spool/ballast"
	eventually counts done "$(wc -l <"$SCRATCH/drops")"
	while read -r id name; do
		assertEquals "$name" 1 "$(arrivals "$id")"
		eventually test -s "$(receipt "${name%.json}" "$id")"
	done <"$SCRATCH/drops"
}

test_a_refusal_on_a_full_spool_gets_its_reason_and_receipt_when_there_is_room() {
	instance_on spool 16M
	setting queue reserve_bytes 0
	setting queue reserve_inodes 0
	start
	printf '{"destinations":[]}' >"$SPOOL/tmp/bad"
	ID=$(node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/tmp/bad" =bad.json)
	fill "$INSTANCE/spool"
	mv "$SPOOL/tmp/bad" "$SPOOL/new/bad.json"
	eventually has_alert begin
	assertEquals refused "$(events "$ID")"
	rm "$INSTANCE/spool/ballast"
	eventually test -s "$SPOOL/failed/bad.$ID.json"
	assertTrue reason "[ -s '$SPOOL/failed/bad.$ID.json.error' ]"
	assertTrue receipt "receipt_says bad $ID '.status == \"refused\"'"
	assertEquals refused "$(events "$ID")"
}

checkpoint_tried() {
	journal 'select(.name == "checkpoint-failed") | .state' |
	    grep -q begin
}

test_a_full_spool_is_not_taken_for_one_from_a_backup() {
	instance_on spool 16M
	setting queue reserve_bytes 0
	setting queue reserve_inodes 0
	setting queue checkpoint_interval 100ms
	start
	sink
	destination ok
	switch disable ok
	drop one "$(job ok)"
	eventually in_queue cur "$ID"
	fill "$INSTANCE/spool"
	for _ in 1 2 3 4 5 6; do
		run spoolsuper -h "$ID"
		assertEquals "$ERR" 0 "$STATUS"
		run spoolsuper -H "$ID"
		assertEquals "$ERR" 0 "$STATUS"
		eventually checkpoint_tried
	done
	crash
	rm "$INSTANCE/spool/ballast"
	start
	assertTrue 'where it was' "in_queue cur $ID"
}

journal_stalled() {
	run spoolctl -j status
	[ "$(echo "$OUT" | jq '[.alerts[] |
	    select(.name == "journal-unwritable")] | length')" -eq 1 ]
}

test_a_stop_ends_although_the_journal_cannot_be_written() {
	instance_on log 16M
	setting queue reserve_bytes 0
	setting queue reserve_inodes 0
	start
	sink
	destination ok
	drops 5 before "$(job ok)"
	eventually counts done 5
	answers ok hang
	drop one "$(job ok)"
	eventually arrived "$ID"
	# with a checkpoint under way, which cannot be noted either; what was
	# asked of its helper cannot be seen: two intervals
	kill -STOP "$(helper)"
	sleep 1
	fill "$LOG"
	kill -CONT "$(helper)"
	# what still fits is used up by these
	drops 200 during "$(job ok)"
	eventually journal_stalled
	kill -9 "$(workers webhook)"
	stop
	assertTrue 'it ended' stopped
	rm "$LOG/ballast"
	answers ok 200
	start
	eventually counts done 206
}

. /usr/share/shunit2/shunit2
