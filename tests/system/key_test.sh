#!/bin/sh
# key_test - the master key: made, checked, replaced, and killed meanwhile
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# An instance with these destinations, each with two secrets; it is stopped.
sealed() {
	instance
	start
	sink
	for name; do
		destination "$name" '"headers":{"Authorization":"Bearer s3cret-'"$name"'"}'
	done
	stop
	KEYS=$INSTANCE/etc/keys
	STATE=$INSTANCE/state/$ORG/destinations
}

# The ids of the keys that something is sealed under.
key_ids() {
	cat "$STATE"/*.json | grep -o 'v1[.][0-9a-f]*' | sort -u |
	    sed 's/v1[.]//'
}

files_of_state() {
	find "$STATE" -type f -printf '%f\n' | sort | paste -sd ' '
}

# opens NUMBER: all values do, and there are as many.
opens() {
	run spoolkey -j check
	assertEquals "$OUT $ERR" 0 "$STATUS"
	assertEquals "$1 0 false" "$(jq -r '"\(.values) \(.closed) \(.rotating)"' \
	    "$SCRATCH/out")"
}

# delivers NAME: a job to it arrives with its secret header.
delivers() {
	start
	drop "to-$1" "$(job "$1")"
	eventually delivered "$ID" "$1"
	assertEquals "Bearer s3cret-$1" "$(request "$ID" .headers.authorization)"
	stop
}

test_a_key_is_made_once() {
	sealed
	run spoolkey init
	failed_with 65 spoolkey CONFLICT
	rm "$KEYS/master.key"
	run spoolkey init
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals '400 32' "$(stat -c '%a %s' "$KEYS/master.key")"
	id=$(spoolkey -j check | jq -r .key)
	assertEquals "the key is $id; keep a copy elsewhere" "$OUT"
}

test_a_key_that_was_cut_off_while_it_was_made_is_none() {
	sealed
	rm "$KEYS/master.key"
	for call in write fsync renameat2; do
		strace -E ASAN_OPTIONS=detect_leaks=0 -o /dev/null \
		    -e "inject=$call:signal=KILL:when=1" \
		    spoolkey init >/dev/null 2>&1
		assertEquals "killed at $call" 137 $?
		assertFalse "$call" "[ -e '$KEYS/master.key' ]"
	done
	run spoolkey init
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'master.key' "$(ls -A "$KEYS")"
}

test_every_value_opens_and_none_is_shown() {
	sealed a b
	opens 4
	run spoolkey check
	assertEquals 0 "$STATUS"
	assertEquals "4 of 4 values open, of 2 destinations; the key is $(
	    key_ids)" "$OUT"
	strace -E ASAN_OPTIONS=detect_leaks=0 -f -s 4096 \
	    -e trace=write,writev -o "$SCRATCH/trace" \
	    spoolkey -j -v check >/dev/null 2>&1
	assertEquals 'nothing written' 0 "$(grep -c s3cret "$SCRATCH/trace")"
}

test_what_does_not_open_is_named() {
	sealed a b
	cp "$STATE/a.json" "$SCRATCH/a"
	# One sealed for another destination, and a file that is none.
	jq -c --slurpfile a "$STATE/a.json" '.config.webhook.secret =
	    $a[0].config.webhook.secret' "$STATE/b.json" >"$SCRATCH/b"
	cp "$SCRATCH/b" "$STATE/b.json"
	echo '{' >"$STATE/c.json"
	run spoolkey check
	assertEquals 1 "$STATUS"
	assertEquals 'demo/b.json: webhook.secret: webhook.secret of b does not open: it was sealed for another place, or changed
demo/c.json: destination c.json of demo cannot be read' \
	    "$(grep ^demo "$SCRATCH/out" | sort)"
	assertEquals '3 of 4 values open, of 2 destinations' \
	    "$(grep -o '^3 of.*;' "$SCRATCH/out" | tr -d ';')"
	before=$(cat "$STATE"/*.json; ls -A "$KEYS")
	run spoolkey rotate
	failed_with 78 spoolkey CONFIG_ERROR
	assertEquals "$before" "$(cat "$STATE"/*.json; ls -A "$KEYS")"
	rm "$STATE/b.json" "$STATE/c.json"
	run spoolkey rotate
	assertEquals "$ERR" 0 "$STATUS"
}

test_a_rotation_seals_everything_under_a_new_key() {
	sealed a b
	old=$(key_ids)
	jq -c 'del(.config)' "$STATE/a.json" >"$SCRATCH/before"
	run spoolkey rotate
	new=$(key_ids)
	ran 0 "4 values of 2 destinations are sealed under the new key, $new" ''
	assertNotEquals "$old" "$new"
	assertEquals 'master.key' "$(ls -A "$KEYS")"
	assertEquals '400 32' "$(stat -c '%a %s' "$KEYS/master.key")"
	assertEquals 'a.json b.json' "$(files_of_state)"
	assertEquals '600 600' "$(stat -c %a "$STATE"/*.json | paste -sd ' ')"
	assertEquals "$(cat "$SCRATCH/before")" \
	    "$(jq -c 'del(.config)' "$STATE/a.json")"
	opens 4
	delivers a
	run spoolkey -j rotate
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 4 "$(jq .values "$SCRATCH/out")"
	delivers b
}

test_an_organization_that_is_no_longer_configured_is_not_forgotten() {
	sealed a
	mkdir -p "$INSTANCE/state/lab"
	cp -r "$STATE" "$INSTANCE/state/lab/destinations"
	run spoolkey check
	assertEquals 1 "$STATUS"
	assertContains "$OUT" 'lab/a.json: webhook.secret'
}

test_spoold_running_it_is_refused() {
	sealed a
	start
	opens 2
	before=$(cat "$STATE"/*.json; ls -A "$KEYS")
	run spoolkey rotate
	failed_with 75 spoolkey UNAVAILABLE
	assertContains "$ERR" 'spoolctl stop'
	assertEquals "$before" "$(cat "$STATE"/*.json; ls -A "$KEYS")"
}

# interrupted CALL N: kills a rotation at its Nth such call; false if there is
# no such one.
interrupted() {
	strace -E ASAN_OPTIONS=detect_leaks=0 -o /dev/null \
	    -e "inject=$1:signal=KILL:when=$2" \
	    spoolkey rotate >"$SCRATCH/killed" 2>&1
	[ $? -eq 137 ]
}

test_interrupted_anywhere_everything_opens_and_it_goes_on() {
	sealed a b c
	for call in renameat2 renameat fsync write unlinkat openat; do
		n=1
		while interrupted "$call" "$n"; do
			run spoolkey -j check
			assertEquals "$call $n: $OUT" 0 "$STATUS"
			assertEquals "$call $n" '6 0' "$(jq -r \
			    '"\(.values) \(.closed)"' "$SCRATCH/out")"
			n=$((n + 1))
		done
		assertEquals "$(cat "$SCRATCH/killed")" 0 "$(grep -c ERROR \
		    "$SCRATCH/killed")"
		assertTrue "there are such calls: $call" "[ $n -gt 1 ]"
		assertEquals "$call: one key" 1 "$(key_ids | wc -l)"
		assertEquals 'master.key' "$(ls -A "$KEYS")"
	done
	assertEquals 'a.json b.json c.json' "$(files_of_state)"
	delivers a
}

test_spoold_works_on_after_an_interrupted_rotation() {
	sealed a b
	# Begun, with one of two sealed anew.
	interrupted renameat 2
	assertEquals 2 "$(key_ids | wc -l)"
	run spoolctl check
	ran 1 'key: its rotation was interrupted: spoolkey rotate goes on with it' ''
	delivers a
	delivers b
	start
	destination new '"headers":{"Authorization":"Bearer s3cret-new"}'
	stop
	run spoolkey -j check
	assertEquals 'true 6' "$(jq -r '"\(.rotating) \(.values)"' "$SCRATCH/out")"
	next=$(jq -r .key "$SCRATCH/out")
	run spoolkey rotate
	ran 0 "6 values of 3 destinations are sealed under the new key, $next" ''
	assertEquals "$next" "$(key_ids)"
	opens 6
	delivers new
	delivers a
}

test_a_key_given_by_systemd_is_not_replaced() {
	sealed a
	mkdir "$SCRATCH/credentials"
	cp "$KEYS/master.key" "$SCRATCH/credentials/spoold.master-key"
	run env CREDENTIALS_DIRECTORY="$SCRATCH/credentials" spoolkey rotate
	failed_with 78 spoolkey CONFIG_ERROR
	opens 2
}

. /usr/share/shunit2/shunit2
