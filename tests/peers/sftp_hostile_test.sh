#!/bin/sh
# sftp_hostile_test - servers that say nothing, too much, or what is wrong
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/sshd.sh
. "$TESTS/peers/sshd.sh"
# shellcheck source=tests/peers/certificates.sh
. "$TESTS/peers/certificates.sh"

oneTimeSetUp() {
	ssh_keys
	authority
	person ann rsa:2048 a@example.net 'keyUsage = keyEncipherment'
}

# hostile: such servers, and an instance that is to meet them.
hostile() {
	instance
	slow_retries
	setting "organization $ORG" egress_allow '{"loopback"}'
	start
	HOSTILE=$SCRATCH/hostile
	mkdir "$HOSTILE"
	node "$TESTS/peers/hostile_sshd.mjs" "$HOSTILE" "$KEYS/host_ed25519" \
	    >"$HOSTILE/out" 2>&1 &
	echo $! >"$SCRATCH/hostile.pid"
	eventually test -s "$HOSTILE/ports"
	SSHD_PORT=$(jq .ssh "$HOSTILE/ports")
}

# to MODE [MORE]: a destination whose server behaves so.
to() {
	sftp_destination "$1" "{username: \"$1\", timeout: 1000,
	    port: $(jq --arg mode "$1" '.[$mode] // .ssh' "$HOSTILE/ports")} +
	    ${2:-{\}}"
}

# Prints `MODE: deferred CODE`, once it is.
meets() {
	drop "$1" "$(job "$1")"
	eventually deferred "$1"
	echo "$1: $(said "$1" | cut -d ' ' -f 1-2)"
}

# The worker is the same as at first, and small.
check_worker() {
	# shellcheck disable=SC2046 # a pid
	kib=$(awk '/VmHWM/ { print $2 }' /proc/$(workers sftp)/status)
	# A sanitizer's own memory counts, too.
	sanitized || assertTrue "$kib KiB" "[ $kib -lt 40000 ]"
	assertEquals 'it never died' 0 "$(grep -c 'worker.*died' \
	    "$LOG/spoold.log")"
}

test_what_does_not_speak_ssh_is_deferred_with_a_reason() {
	hostile
	modes='silent closing garbage endless lines drip packets large'
	for mode in $modes; do
		to "$mode"
	done
	assertEquals 'silent: deferred TIMEOUT
closing: deferred CONNECT_FAILURE
garbage: deferred PROTOCOL_ERROR
endless: deferred PROTOCOL_ERROR
lines: deferred TIMEOUT
drip: deferred TIMEOUT
packets: deferred PROTOCOL_ERROR
large: deferred PROTOCOL_ERROR' "$(for mode in $modes; do
		meets "$mode"
	done)"
	check_worker
}

test_who_goes_silent_at_any_step_is_deferred_with_a_reason() {
	hostile
	modes='mute-login mute-session mute-subsystem mute-channel mute-init
	    mute-stat mute-open mute-write mute-fstat mute-close'
	for mode in $modes; do
		to "$mode"
		assertEquals "$mode: deferred TIMEOUT" "$(meets "$mode")"
	done
	check_worker
}

test_who_says_what_is_wrong_is_deferred_with_a_reason() {
	hostile
	modes='leaving more-login no-session no-subsystem garbage-channel
	    stderr-channel closing-channel zero-channel version-2 extensions
	    unasked wrong-id wrong-type huge-answer cut long-handle
	    odd-status'
	for mode in $modes; do
		to "$mode"
	done
	assertEquals 'leaving: deferred CONNECT_FAILURE
more-login: deferred AUTHENTICATION_FAILED
no-session: deferred PROTOCOL_ERROR
no-subsystem: deferred PROTOCOL_ERROR
garbage-channel: deferred PROTOCOL_ERROR
stderr-channel: deferred TIMEOUT
closing-channel: deferred CONNECT_FAILURE
zero-channel: deferred PROTOCOL_ERROR
version-2: deferred PROTOCOL_ERROR
extensions: deferred PROTOCOL_ERROR
unasked: deferred PROTOCOL_ERROR
wrong-id: deferred PROTOCOL_ERROR
wrong-type: deferred PROTOCOL_ERROR
huge-answer: deferred PROTOCOL_ERROR
cut: deferred PROTOCOL_ERROR
long-handle: deferred PROTOCOL_ERROR
odd-status: deferred SFTP_STATUS' "$(for mode in $modes; do
		meets "$mode"
	done)"
	check_worker
}

test_a_server_that_answers_late_short_and_in_another_order_is_understood() {
	hostile
	to awkward '{verify: "sha256", timeout: 20000}'
	payload a.bin 1500000
	drop one "$(file_job awkward a.bin)"
	eventually delivered "$ID"
	assertEquals 'a.bin 1500000' "$(cat "$HOSTILE/files/awkward")"
}

test_what_the_server_says_of_size_or_bytes_is_compared() {
	hostile
	to liar-size
	to liar-content '{verify: "sha256"}'
	to too-much '{verify: "sha256"}'
	assertEquals 'liar-size: deferred PROTOCOL_ERROR
liar-content: deferred PROTOCOL_ERROR
too-much: deferred PROTOCOL_ERROR' "$(for mode in liar-size liar-content \
	    too-much; do
		meets "$mode"
	done)"
	assertEquals 'what is wrong is removed' '' \
	    "$(cat "$HOSTILE/files/liar-size" "$HOSTILE/files/liar-content")"
}

test_a_server_that_cannot_write_is_deferred_and_its_words_stay_in_the_ticket() {
	hostile
	to full
	to bad-close
	assertEquals 'full: deferred SFTP_STATUS
bad-close: deferred SFTP_STATUS' "$(for mode in full bad-close; do
		meets "$mode"
	done)"
	assertEquals "deferred SFTP_STATUS write the file: the server says no \
more than that it failed" "$(said full)"
	assertEquals 'in the ticket' 1 "$(grep -rlF 'Disk \\x07quota' \
	    "$SPOOL/retry" | wc -l)"
	assertEquals 'not in the journal' 0 "$(grep -c quota \
	    "$LOG"/journal/*.jsonl)"
}

test_a_flight_of_which_a_part_fails_gives_no_file_its_name() {
	hostile
	modes='full full-late bad-sync bad-close liar-size'
	for mode in $modes; do
		to "$mode"
		payload "$mode.bin" 100000
		drop "$mode" "$(file_job "$mode" "$mode.bin")"
		eventually deferred "$mode"
	done
	assertEquals 'full: deferred SFTP_STATUS write the file
full-late: deferred SFTP_STATUS write the file
bad-sync: deferred SFTP_STATUS sync the file
bad-close: deferred SFTP_STATUS close the file
liar-size: deferred PROTOCOL_ERROR the server says that the file has 99999' \
	    "$(for mode in $modes; do
		echo "$mode: $(said "$mode" | cut -d : -f 1 |
		    sed 's/ bytes.*//')"
	done)"
	assertEquals 'under its name' '' "$(grep -l '^[^.]' "$HOSTILE"/files/*)"
	assertEquals 'renamed' '' "$(grep RENAME "$HOSTILE/log")"
}

test_tickets_that_share_a_session_are_answered_in_any_order() {
	hostile
	to shuffle '{timeout: 20000}'
	drops 60 s "$(job shuffle)"
	eventually_within 60 counts done 60
	assertEquals 'all under their names' 60 \
	    "$(grep -c '^[^.]' "$HOSTILE/files/shuffle")"
	assertEquals 'and nothing else' 60 \
	    "$(wc -l <"$HOSTILE/files/shuffle")"
	logins=$(grep -c 'shuffle login' "$HOSTILE/log")
	assertTrue "$logins logins" "[ $logins -le 4 ]"
}

test_a_server_that_lets_one_connection_with_one_channel_in_gets_all_by_that() {
	hostile
	to jealous '{timeout: 20000}'
	payload large.bin 1500000
	drop large "$(file_job jealous large.bin)"
	drops 40 j "$(job jealous)"
	eventually_within 60 counts done 41
	assertEquals 'nothing was deferred' '' "$(said jealous)"
	logins=$(grep -c 'jealous login' "$HOSTILE/log")
	assertTrue "$logins logins" "[ $logins -ge 2 ]"
	assertEquals 'and not tried again and again' 1 "$((logins <= 5))"
}

test_a_server_that_takes_one_channel_of_a_connection_gets_all_by_others() {
	hostile
	for mode in second-refused second-mute; do
		to "$mode"
		drops 40 "$mode" "$(job "$mode")"
		eventually_within 60 counts done 40
		assertEquals "nothing was deferred: $mode" '' "$(said "$mode")"
		assertTrue "$mode was asked" "grep -q '$mode session 2' \
		    '$HOSTILE/log'"
		rm -rf "$SPOOL"/done/*
	done
}

# again DESTINATION COUNT: what waits is tried, until so many are done.
again() {
	run spoolq -s "$1"
	counts done "$2"
}

test_a_session_that_breaks_costs_none_of_those_that_share_it() {
	hostile
	to breaks
	drops 40 b "$(job breaks)"
	eventually deferred breaks
	eventually_within 60 again breaks 40
	assertEquals 'all under their names' 40 \
	    "$(grep -c '^[^.]' "$HOSTILE/files/breaks")"
	# Who had asked for the name already cannot know.
	assertEquals '' "$(journal 'select(.event == "deferred") |
	    .errorCode' | grep -vxE 'CONNECT_FAILURE|MAY_HAVE_ARRIVED')"
	check_worker
}

test_a_server_that_ends_the_connection_over_a_second_channel_is_asked_once() {
	hostile
	to second-ends '{timeout: 20000}'
	drops 40 e "$(job second-ends)"
	eventually_within 60 again second-ends 40
	assertEquals 'all under their names' 40 \
	    "$(grep -c '^[^.]' "$HOSTILE/files/second-ends")"
	assertEquals 1 "$(grep -c 'second-ends session 2' "$HOSTILE/log")"
	check_worker
}

test_a_file_is_synced_unless_the_destination_says_not_to() {
	hostile
	to bad-sync '{fsync: false}'
	drop one "$(job bad-sync)"
	eventually delivered "$ID"
	assertEquals 0 "$(grep -c 'bad-sync EXTENDED' "$HOSTILE/log")"
	echo '{"config": {"sftp": {"fsync": true}}}' >"$SCRATCH/patch"
	run spooldest update bad-sync "$SCRATCH/patch"
	assertEquals 0 "$STATUS"
	drop two "$(job bad-sync)"
	eventually deferred bad-sync
	assertEquals 1 "$(grep -c 'bad-sync EXTENDED' "$HOSTILE/log")"
}

test_no_answer_to_the_rename_may_have_arrived_and_the_next_attempt_looks() {
	hostile
	to rename-dies
	to mute-rename
	drop one "$(job rename-dies)"
	eventually deferred rename-dies
	assertEquals 'deferred MAY_HAVE_ARRIVED' \
	    "$(said rename-dies | cut -d ' ' -f 1-2)"
	run spoolq -s rename-dies
	eventually delivered "$ID"
	assertEquals 'not written twice' 1 "$(grep -c 'rename-dies WRITE' \
	    "$HOSTILE/log")"
	drop two "$(job mute-rename)"
	eventually deferred mute-rename
	assertEquals 'deferred MAY_HAVE_ARRIVED' \
	    "$(said mute-rename | cut -d ' ' -f 1-2)"
}

test_writes_that_come_late_do_not_get_into_what_the_next_attempt_writes() {
	hostile
	to late "{encrypt: $(jq -Rs . "$CA/ann.pem")}"
	payload x.bin 300000
	drop one "$(file_job late x.bin)"
	eventually deferred late
	run spoolq -s late
	eventually delivered "$ID"
	openssl cms -decrypt -inform DER -in "$HOSTILE/content/late" \
	    -recip "$CA/ann.pem" -inkey "$CA/ann.key" \
	    -out "$SCRATCH/opened" 2>"$SCRATCH/decrypt"
	status=$?
	assertEquals "$(cat "$SCRATCH/decrypt")" 0 $status
	cmp "$SCRATCH/x.bin" "$SCRATCH/opened"
	assertEquals 'it is what was dropped' 0 $?
	assertEquals 'and nothing else is there' 'x.bin.p7m' \
	    "$(cut -d ' ' -f 1 "$HOSTILE/files/late")"
}

test_destinations_with_one_directory_write_a_file_each() {
	hostile
	for name in a b; do
		sftp_destination "$name" \
		    '{username: "mute-write", timeout: 1000}'
	done
	payload x.bin 100000
	drop one '{"destinations":["a","b"],"payload":{"type":"export",
	    "file":"x.bin"}}'
	eventually deferred a
	eventually deferred b
	assertEquals ".x.bin.$ID.a.part 0
.x.bin.$ID.b.part 0" "$(cat "$HOSTILE/files/mute-write")"
}

test_a_partial_file_that_comes_back_is_removed_twice_and_then_deferred() {
	hostile
	to between
	to ever-between
	payload x.bin 100000
	cp "$SCRATCH/x.bin" "$SPOOL/data/y.bin"
	drop one "$(file_job between x.bin)"
	eventually delivered "$ID"
	assertEquals 'x.bin 100000' "$(cat "$HOSTILE/files/between")"
	drop two "$(file_job ever-between y.bin)"
	eventually deferred ever-between
	assertEquals "deferred SFTP_STATUS create the file: the server says no \
more than that it failed" "$(said ever-between)"
	for mode in between ever-between; do
		assertEquals $mode 2 "$(grep -c "^$mode REMOVE" "$HOSTILE/log")"
	done
	assertEquals 'not written' 0 "$(grep -c 'ever-between WRITE' \
	    "$HOSTILE/log")"
}

# says DESTINATION REASON: so its last attempt ended.
says() {
	[ "$(said "$1")" = "$2" ]
}

test_a_partial_file_that_cannot_be_removed_is_deferred_with_a_reason() {
	hostile
	to fixed "{encrypt: $(jq -Rs . "$CA/ann.pem")}"
	drop one "$(job fixed)"
	eventually deferred fixed
	assertEquals "deferred SFTP_STATUS write the file: the server says no \
more than that it failed" "$(said fixed)"
	run spoolq -s fixed
	eventually says fixed 'deferred SFTP_STATUS remove the partial file: permission denied'
	assertEquals 'it is there still' 1 \
	    "$(grep -c "^\.$ID\.json\.p7m\.$ID\.fixed\.part 0\$" \
	    "$HOSTILE/files/fixed")"
}

. /usr/share/shunit2/shunit2
