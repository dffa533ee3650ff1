#!/bin/sh
# commands_test - the commands against spoold, running and down: destinations,
# dropping and taking back, waiting, looking, and doing things to many
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# A destination that takes nothing, without a receiver.
idle_destination() {
	webhook "$1" | spooldest create - >"$SCRATCH/created" ||
	    fail "create $1"
	switch disable "$1"
}

# webhook LABEL [MEMBERS OF CONFIG]: a destination's text.
webhook() {
	printf '{"label":"%s","type":"webhook","config":{"webhook":
	    {"url":"http://127.0.0.1:9/"%s}}}' "$1" "${2:+,$2}"
}

something_dropped() {
	[ -n "$(ls "$SPOOL/new")" ]
}

# --- destinations -----------------------------------------------------------

test_destinations_are_created_shown_listed_and_deleted() {
	instance
	start
	webhook 'EHR Webhook' >"$SCRATCH/one.json"
	run spooldest create "$SCRATCH/one.json"
	ran 0 ehr-webhook ''
	run spooldest list -j
	assertEquals 'ehr-webhook webhook false false' "$(jq -r '"\(.id)
	    \(.type) \(.disabled) \(.isDefault)"' "$SCRATCH/out" |
	    tr -s '\n\t ' ' ' | sed 's/ $//')"
	run spooldest show ehr-webhook
	assertEquals 'EHR Webhook' "$(jq -r .label "$SCRATCH/out")"
	run spooldest delete ehr-webhook
	ran 0 'ehr-webhook: deleted' ''
	run spooldest show ehr-webhook
	failed_with 68 spooldest DESTINATION_NOT_FOUND
	run spooldest list -j
	ran 0 '' ''
	assertEquals 'destination.created destination.deleted' "$(journal \
	    'select(.dest == "ehr-webhook") | .event' | paste -sd ' ')"
}

test_an_array_is_created_whole_or_not_at_all() {
	instance
	start
	printf '[%s,\n%s]' "$(webhook a)" "$(webhook b)" >"$SCRATCH/in"
	run spooldest create - <"$SCRATCH/in"
	ran 0 "a
b" ''
	printf '[%s,{"label":"d","type":"webhook"}]' "$(webhook c)" \
	    >"$SCRATCH/in"
	run spooldest create - <"$SCRATCH/in"
	failed_with 65 spooldest VALIDATION_ERROR
	assertEquals 'a b' "$(spooldest list -j | jq -r .id | paste -sd ' ')"
	run spooldest create "$SCRATCH/none.json"
	failed_with 64 spooldest USAGE
	printf '{"label":' >"$SCRATCH/in"
	run spooldest create - <"$SCRATCH/in"
	failed_with 65 spooldest VALIDATION_ERROR
}

test_a_secret_that_was_made_is_shown_once_and_a_given_one_never() {
	instance
	start
	webhook made >"$SCRATCH/in"
	run spooldest create -j - <"$SCRATCH/in"
	assertEquals "$ERR" 0 "$STATUS"
	secret=$(jq -r .secret "$SCRATCH/out")
	assertEquals 'a secret' whsec_ "$(printf %.6s "$secret")"
	webhook given '"secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"' \
	    >"$SCRATCH/in"
	run spooldest create -j - <"$SCRATCH/in"
	assertEquals null "$(jq -r .secret "$SCRATCH/out")"
	for id in made given; do
		run spooldest show -j "$id"
		assertEquals '********' "$(jq -r .config.webhook.secret \
		    "$SCRATCH/out")"
	done
	assertEquals 'kept nowhere in clear' '' "$(grep -rlF \
	    -e "${secret#whsec_}" -e MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw \
	    "$INSTANCE/state" "$INSTANCE/log" "$INSTANCE/spool")"
}

test_lists_can_be_narrowed_and_go_over_pages() {
	instance
	start
	for n in $(seq 10 49); do
		printf '%s%s' "${separator-[}" "$(webhook "d$n")"
		separator=,
	done >"$SCRATCH/many.json"
	printf ']' >>"$SCRATCH/many.json"
	run spooldest create "$SCRATCH/many.json"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 40 "$(spooldest list -j | jq -r .id | sort -u | wc -l)"
	run spooldest disable --reason 'new certificate' d17 d18
	ran 0 'd17: disabled
d18: disabled' ''
	run spooldest default add d18 d19
	assertEquals "$ERR" 0 "$STATUS"
	run spooldest default list
	ran 0 'd18
d19' ''
	assertEquals 'd17 d18' "$(spooldest list -j --disabled | jq -r .id |
	    paste -sd ' ')"
	assertEquals 'd18 d19' "$(spooldest list -j --default | jq -r .id |
	    paste -sd ' ')"
	assertEquals '' "$(spooldest list -j --type email)"
	assertEquals 'new certificate' "$(spooldest show -j d17 |
	    jq -r .disabledReason)"
	run spooldest default remove d18
	assertEquals "$ERR" 0 "$STATUS"
	run spooldest default list
	ran 0 d19 ''
	run spooldest enable d17 nobody
	assertEquals 68 "$STATUS"
	assertEquals 'd17: enabled' "$OUT"
}

test_a_destination_with_tickets_is_deleted_only_with_them() {
	instance
	start
	idle_destination a
	for n in 1 2 3; do
		spoolsubmit -d a -D "$n" >>"$SCRATCH/ids"
	done
	eventually counts cur 3
	run spooldest delete a
	failed_with 65 spooldest CONFLICT
	assertContains "$ERR" ' 3 tickets '
	run spooldest delete --cancel-tickets a
	ran 0 'a: deleted' ''
	eventually counts failed 3
	run spooldest list -j
	ran 0 '' ''
}

test_with_spoold_down_the_same_is_done_and_journaled() {
	instance
	webhook a >"$SCRATCH/in"
	run spooldest create - <"$SCRATCH/in"
	ran 0 a ''
	run spooldest disable a
	ran 0 'a: disabled' ''
	run spooldest default add a
	assertEquals "$ERR" 0 "$STATUS"
	run spooldest show nobody
	failed_with 68 spooldest DESTINATION_NOT_FOUND
	assertTrue 'still down' stopped
	start
	assertEquals true "$(spooldest show -j a | jq .disabled)"
	assertEquals 'destination.created destination.disabled default.changed' \
	    "$(journal 'select(.dest == "a") | .event' | paste -sd ' ')"
}

test_commands_that_find_spoold_down_wait_for_each_other() {
	instance
	webhook a | spooldest create - >"$SCRATCH/created"
	for n in 1 2 3 4 5; do
		webhook "b$n" | spooldest create - \
		    >"$SCRATCH/out.$n" 2>&1 &
	done
	wait
	assertEquals 'b1 b2 b3 b4 b5' "$(cat "$SCRATCH"/out.? | paste -sd ' ')"
}

# --- dropping ---------------------------------------------------------------

test_below_the_reserve_the_drop_is_taken_back() {
	instance
	setting queue reserve_bytes 16777216G
	start
	idle_destination a
	echo payload >"$SCRATCH/file"
	run spoolsubmit -d a -f "$SCRATCH/file"
	failed_with 75 spoolsubmit STORAGE_RESERVE
	run spoolsubmit -d a -D 1
	failed_with 75 spoolsubmit STORAGE_RESERVE
	assertEquals '' "$(find "$SPOOL/new" "$SPOOL/data" "$SPOOL/tmp" \
	    -type f)"
}

test_a_refusal_has_its_code_and_the_drop_is_kept_with_its_reason() {
	instance
	start
	run spoolsubmit -j -d nobody -D 1
	assertEquals 68 "$STATUS"
	assertEquals '' "$OUT"
	assertEquals 'DESTINATION_NOT_FOUND destinations[0]' "$(jq -r \
	    '"\(.code) \(.details.path)"' "$SCRATCH/err")"
	id=$(jq -r .details.deliveryId "$SCRATCH/err")
	eventually test -f "$(find "$SPOOL/failed" -name "*.$id.json.error")"
	run spoolcat "$id"
	assertEquals "$ERR" 0 "$STATUS"
	assertContains "$OUT" DESTINATION_NOT_FOUND
	run spoolcat -b "$id"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals nobody "$(jq -r '.destinations[0]' "$SCRATCH/out")"
}

test_of_many_jobs_the_refused_ones_are_named_and_the_others_taken() {
	instance
	start
	idle_destination a
	for n in $(seq 300); do
		job "$([ "$n" -eq 123 ] && echo nobody || echo a)"
	done >"$SCRATCH/in"
	run spoolsubmit - <"$SCRATCH/in"
	assertEquals 68 "$STATUS"
	assertEquals 299 "$(sort -u "$SCRATCH/out" | wc -l)"
	assertContains "$ERR" \
	    'DESTINATION_NOT_FOUND: standard input, job 123: '
	eventually counts cur 299
}

test_waiting_outlives_a_restart_of_spoold() {
	instance
	sink
	start
	destination a
	switch disable a
	spoolsubmit -d a -D 1 -w >"$SCRATCH/waited" 2>"$SCRATCH/errors" &
	waiter=$!
	eventually counts cur 1
	stop
	start
	crash
	start
	switch enable a
	wait "$waiter"
	assertEquals "$(cat "$SCRATCH/errors")" 0 $?
	assertEquals completed "$(jq -r .status "$SCRATCH/waited")"
}

test_waiting_may_begin_before_spoold_is_up() {
	instance
	webhook a | spooldest create - >"$SCRATCH/created"
	spooldest disable a >"$SCRATCH/disabled"
	spoolsubmit -d a -D 1 -w 60 >"$SCRATCH/waited" 2>"$SCRATCH/errors" &
	waiter=$!
	eventually something_dropped
	start
	eventually counts cur 1
	spooldest delete --cancel-tickets a >"$SCRATCH/deleted"
	wait "$waiter"
	assertEquals "$(cat "$SCRATCH/errors")" 1 $?
	assertEquals cancelled "$(jq -r .status "$SCRATCH/waited")"
}

# --- doing things to many ---------------------------------------------------

test_how_many_is_said_first_and_a_summary_last() {
	instance
	start
	idle_destination a
	yes "$(job a)" | head -1000 | spoolsubmit - >"$SCRATCH/ids"
	eventually counts cur 1000
	run spoolsuper -h a:ALL
	assertEquals 0 "$STATUS"
	assertEquals '1000 tickets' "$ERR"
	assertEquals 1000 "$(grep -c '^[0-9A-Z]\{26\}\.a: held$' \
	    "$SCRATCH/out")"
	assertEquals '1000 tickets held' "$(tail -1 "$SCRATCH/out")"
	assertEquals 1000 "$(count hold)"
	run spoolsuper -j -H - <"$SCRATCH/ids"
	assertEquals '' "$ERR"
	assertEquals 1000 "$(jq -r 'select(.status == "released") |
	    .deliveryId' "$SCRATCH/out" | sort -u | wc -l)"
}

test_what_cannot_be_done_to_a_ticket_is_said() {
	instance
	start
	idle_destination a
	id=$(spoolsubmit -d a -D 1)
	run spoolsuper -r "$id"
	assertEquals "$ERR" 0 "$STATUS"
	assertContains "$OUT" "$id.a: unchanged: "
	assertEquals '0 tickets requeued, 1 unchanged' \
	    "$(tail -1 "$SCRATCH/out")"
}

# --- looking ----------------------------------------------------------------

test_a_payload_file_is_printed_byte_for_byte_and_on_record() {
	instance
	start
	idle_destination a
	head -c 2000000 /dev/urandom >"$SCRATCH/file"
	id=$(spoolsubmit -d a -f "$SCRATCH/file" --name x.bin)
	run spoolcat -b --reason 'ticket 4711' "$id"
	assertEquals "$ERR" 0 "$STATUS"
	cmp "$SCRATCH/file" "$SCRATCH/out"
	assertEquals 'same bytes' 0 $?
	assertEquals 'ticket 4711' "$(journal \
	    "select(.event == \"payload.read\" and .job == \"$id\") | .reason")"
	run spoolcat -e "$id"
	assertEquals 'looking at the envelope is not' 1 "$(journal \
	    'select(.event == "payload.read") | .job' | wc -l)"
	stop
	run spoolcat -b "$id"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'with spoold down, too' 2 "$(journal \
	    'select(.event == "payload.read") | .job' | wc -l)"
}

test_a_payload_that_was_changed_is_told() {
	instance
	start
	idle_destination a
	id=$(spoolsubmit -d a -D '"before"')
	sed -i 's/before/bEfore/' "$SPOOL/jobs/$id.json"
	run spoolcat -b "$id"
	assertEquals 65 "$STATUS"
	assertContains "$ERR" 'spoolcat: PAYLOAD_CHANGED: '
	rm "$SPOOL/jobs/$id.json"
	run spoolcat -b "$id"
	failed_with 66 spoolcat PAYLOAD_NOT_FOUND
}

. /usr/share/shunit2/shunit2
