#!/bin/sh
# receipt_test - what a client gets back, and the commands that show it
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

test_a_receipt_says_everything_about_each_destination() {
	instance
	setting retry max_attempts 2
	start
	sink
	destination good
	destination bad
	destination down
	answers bad 404
	answers down 502
	drop both '{"organizationId":"demo","destinations":["good","bad","down"],
	    "payload":{"type":"report","data":{"a":1}},"options":{
	    "correlationId":"c-1","tags":["q1","q2"],"priority":8}}'
	eventually receipt_says both "$ID" '.status == "failed"'
	eventually receipt_says both "$ID" \
	    '[.destinations[].status] == ["delivered", "failed", "failed"]'
	receipt=$(receipt both "$ID")
	assertEquals "$ID both.json demo $(id -un) c-1 q1,q2" "$(jq -r \
	    '[.deliveryId, .name, .organizationId, .submitter,
	    .correlationId, (.tags | join(","))] | join(" ")' "$receipt")"
	assertEquals "report 7 $(printf '{"a":1}' | sha256sum |
	    cut -d ' ' -f 1)" "$(jq -r '.payload |
	    [.type, (.bytes | tostring), .sha256] | join(" ")' "$receipt")"
	assertEquals 'good 1 200,bad 1 404,down 2 502' "$(jq -r \
	    '[.destinations[] |
	    "\(.destinationId) \(.attempts) \(.responseCode)"] |
	    join(",")' "$receipt")"
	assertEquals true "$(jq '[.createdAt, .updatedAt,
	    .destinations[0].deliveredAt, .destinations[].lastAttemptAt] |
	    map(test("^20..-..-..T..:..:..\\....Z$")) | all' "$receipt")"
	assertEquals true "$(jq '.destinations[0] |
	    (.responseTime | type == "number") and
	    .possibleDuplicate == false' "$receipt")"
	assertEquals 600 "$(stat -c %a "$receipt")"
}

test_waiting_for_a_job_prints_its_receipt_and_says_how_it_went() {
	instance
	start
	sink
	destination ok
	destination bad
	answers bad 400
	run spoolsubmit -d ok -D '{"a":1}' -w
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals completed "$(jq -r .status "$SCRATCH/out")"
	run spoolsubmit -d ok -d bad -D '{"a":1}' -w 20
	assertEquals "$ERR" 1 "$STATUS"
	assertEquals failed "$(jq -r .status "$SCRATCH/out")"
	switch disable ok
	run spoolsubmit -d ok -D '{"a":1}' -w 1
	assertEquals "$ERR" 75 "$STATUS"
	assertEquals queued "$(jq -r .status "$SCRATCH/out")"
}

test_submitting_prints_the_id_alone_and_refusals_at_once() {
	instance
	start
	sink
	destination ok
	run spoolsubmit -d ok -D '{"a":1}' -p 9 -C corr -T x -T y -m k=v
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 26 "${#OUT}"
	ID=$OUT
	eventually delivered "$ID"
	assertEquals "$ID.ok:p9,a1" "$(ticket done "$ID")"
	run spoolsubmit -d nowhere -D '{"a":1}'
	failed_with 68 spoolsubmit DESTINATION_NOT_FOUND
	run spoolsubmit -d ok -D '{"a":}'
	failed_with 65 spoolsubmit VALIDATION_ERROR
	run spoolsubmit -d ok -D 1 -p 11
	assertNotEquals 0 "$STATUS"
	run spoolsubmit -d ok -f "$SCRATCH/not-there"
	failed_with 66 spoolsubmit PAYLOAD_NOT_FOUND
	head -c 5000 /dev/urandom >"$SCRATCH/file.bin"
	run spoolsubmit -d ok -f "$SCRATCH/file.bin" --name scan.bin
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$OUT"
	sum=$(sha256sum <"$SCRATCH/file.bin")
	assertEquals "${sum%% *}" "$(request "$OUT" .sha256)"
	mkdir "$SCRATCH/many"
	for n in 1 2 3; do
		job ok >"$SCRATCH/many/$n.json"
	done
	run spoolsubmit "$SCRATCH/many"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 3 "$(sort -u "$SCRATCH/out" | grep -c '^[0-9A-Z]\{26\}$')"
	while read -r id; do
		eventually delivered "$id"
	done <"$SCRATCH/out"
}

test_looking_into_a_job_shows_its_envelope_attempts_and_payload() {
	instance
	start
	sink
	destination ok
	answers ok 503
	drop look '{"destinations":["ok"],"payload":{"type":"data",
	    "data":{"big":12345678901234567890,"n":1.10}}}'
	eventually arrived "$ID" 2
	answers ok 200
	eventually delivered "$ID"
	run spoolcat -b "$ID"
	ran 0 '{"big":12345678901234567890,"n":1.10}' ''
	run spoolcat -a "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	assertTrue "$OUT" "grep -q 503 '$SCRATCH/out'"
	run spoolcat -e "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	assertTrue "$OUT" "grep -q look.json '$SCRATCH/out'"
	assertEquals 'reading is on record' 1 "$(journal \
	    'select(.event == "payload.read") | .job' | grep -c "$ID")"
	run spoolcat 00000000000000000000000000
	failed_with 66 spoolcat DELIVERY_NOT_FOUND
}

# calling DESTINATION: a job to ok that wants its receipt sent there.
calling() {
	job ok | jq -c ".options = {callback: \"$1\", correlationId: \"c\"}"
}

# What the receiver got for /NAME, as a list.
got() {
	jq -c "select(.path == \"/$1\")" "$SINK_DIR/requests"
}

called() {
	[ "$(got "$1" | wc -l)" -ge "${2:-1}" ]
}

test_a_callback_gets_the_receipt_when_the_job_is_finished() {
	instance
	start
	sink
	mkdir "$SINK_DIR/bodies"
	destination ok
	destination back
	drop one "$(calling back)"
	eventually called back
	eventually counts done 2
	body=$(cat "$SINK_DIR/bodies/$(got back | jq .n)")
	assertEquals "$ID c" "$(echo "$body" |
	    jq -r '"\(.data.deliveryId) \(.correlationId)"')"
	assertEquals "$(jq -cS . "$(receipt one "$ID")")" \
	    "$(echo "$body" | jq -cS .data)"
	# it has a receipt of its own, and does not call back in turn
	assertEquals 2 "$(find "$SPOOL/receipts" -name '*.json' | wc -l)"
	assertEquals '' "$(ls "$SPOOL/tmp")"
}

test_a_callback_tells_of_failure_and_again_after_another_try() {
	instance
	start
	sink
	mkdir "$SINK_DIR/bodies"
	destination ok
	destination back
	answers ok 422
	drop one "$(calling back)"
	eventually called back
	answers ok 200
	run spoolsuper -r "$ID"
	eventually called back 2
	for n in $(got back | jq .n); do
		jq -r .data.status "$SINK_DIR/bodies/$n"
	done >"$SCRATCH/told"
	assertEquals 'failed completed' "$(paste -sd ' ' "$SCRATCH/told")"
}

test_a_callback_survives_a_crash_and_is_not_sent_twice() {
	instance
	setting queue checkpoint_interval 1h
	start
	sink
	destination ok
	destination back
	switch disable back
	drop one "$(calling back)"
	eventually delivered "$ID"
	eventually counts cur 1
	crash
	start
	switch enable back
	eventually called back
	# the second time it is a duplicate
	eventually counts done 2
	drop two "$(job ok)"
	eventually delivered "$ID"
	assertEquals '' "$(ls "$SPOOL/new")"
	assertEquals 1 "$(got back | wc -l)"
}

test_a_callback_that_was_not_dropped_yet_is_dropped_at_the_next_start() {
	instance
	start
	sink
	destination ok
	destination back
	drop one "$(calling back)"
	eventually called back
	stop
	name=$(grep -l '"callback ' "$SPOOL"/jobs/*.json)
	cp "$name" "$SPOOL/tmp/callback-$ID-9.json"
	sed -i 's/callback [^"]*/callback another/' \
	    "$SPOOL/tmp/callback-$ID-9.json"
	start
	eventually called back 2
}

test_a_callback_to_nowhere_is_refused_with_its_job() {
	instance
	start
	sink
	destination ok
	drop one "$(calling nowhere)"
	eventually receipt_says one "$ID" \
	    '.error.code == "DESTINATION_NOT_FOUND"'
}

. /usr/share/shunit2/shunit2
