#!/bin/sh
# kill_test - a worker that is killed in the middle of a large upload: the next
# attempt starts over, nothing half is ever taken for whole, and nothing is left
#
# What resumes is in sftp_test.sh, and what goes in parts in s3_test.sh.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"

SIZE=67108864
[ "${TEST_FULL-}" != 1 ] || SIZE=268435456

# upload NAME: an instance with the destination `a`, a large payload for it, and
# receivers that stop reading in the middle of the first.
upload() {
	instance
	start
	BOX=$SCRATCH/discard
	mkdir "$BOX" "$SCRATCH/share"
	: >"$BOX/sums"
	echo $((SIZE / 2)) >"$BOX/stop"
	node "$TESTS/peers/discard.mjs" "$BOX" >"$BOX/log" 2>&1 &
	echo $! >"$SCRATCH/discard.pid"
	eventually test -s "$BOX/port"
	read -r HTTP SMTP <"$BOX/port"
	head -c $SIZE /dev/zero | openssl enc -aes-128-ctr -nosalt \
	    -pass pass:x -pbkdf2 >"$SPOOL/data/large.bin"
	SUM=$(sha256sum <"$SPOOL/data/large.bin" | cut -d ' ' -f 1)
}

makes() {
	printf '{"id":"a","label":"a","type":"%s","config":{"%s":%s}}' "$1" \
	    "$1" "$2" | spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals a "$(cat "$SCRATCH/created")"
}

drop_large() {
	drop large '{"destinations":["a"],"payload":{"type":"export",
	    "file":"large.bin"}}'
}

# killed WORKER: in the middle; then it is delivered, by the second attempt.
killed() {
	eventually_within 60 test -e "$BOX/stopped"
	assertFalse 'nothing whole' '[ -e "$BOX/took" ]'
	kill -9 "$(workers "$1")"
	eventually_within 120 delivered "$ID"
	again
}

again() {
	assertEquals 'WORKER_DIED' "$(journal 'select(.event == "deferred") |
	    .errorCode')"
	assertEquals 'the second is marked' 'null true' "$(journal \
	    'select(.event == "attempt") | .possibleDuplicate' | paste -sd ' ')"
}

test_a_killed_worker_sends_a_webhook_again_from_the_beginning() {
	upload
	makes webhook "{\"url\":\"http://127.0.0.1:$HTTP/a\",\"timeout\":60000}"
	drop_large
	killed webhook
	assertEquals 'one whole body' "$SIZE $SUM" "$(cat "$BOX/took")"
}

test_a_killed_worker_leaves_no_half_mail() {
	upload
	makes email "{\"smtpConfig\":{\"host\":\"127.0.0.1\",\"port\":$SMTP,
	    \"startTls\":\"never\"},\"from\":\"s@example.org\",
	    \"recipients\":[\"a@example.net\"],\"timeout\":60000}"
	drop_large
	killed email
	assertEquals 'one whole message' 1 "$(wc -l <"$BOX/took")"
	took=$(cat "$BOX/took")
	assertTrue "$took bytes" "[ $took -gt $((SIZE * 4 / 3)) ]"
}

test_a_killed_worker_leaves_no_half_file_in_a_directory() {
	SIZE=268435456	# so that there is a middle
	upload
	setting "organization $ORG" local_allow "{\"$SCRATCH/share\"}"
	spoolctl reload >"$SCRATCH/reload" 2>&1
	makes storage "{\"provider\":\"local\",\"config\":{\"directory\":
	    \"$SCRATCH/share\"}}"
	drop_large
	part=$SCRATCH/share/.spoold.$ID.a.part
	limit=$(($(date +%s) + 60))
	until [ -s "$part" ] || [ "$(date +%s)" -gt $limit ]; do :; done
	kill -9 "$(workers storage)"
	assertFalse 'no half file' '[ -e "$SCRATCH/share/large.bin" ]'
	eventually_within 120 delivered "$ID"
	again
	assertEquals "$SUM" "$(sha256sum <"$SCRATCH/share/large.bin" |
	    cut -d ' ' -f 1)"
	assertEquals 'alone' large.bin "$(ls -A "$SCRATCH/share")"
}

. /usr/share/shunit2/shunit2
