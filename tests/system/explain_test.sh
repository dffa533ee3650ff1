#!/bin/sh
# explain_test - spoolq --explain: where a ticket stands, why, and what helps
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

explained_instance() {
	instance
	slow_retries
	start
	sink
	destination ok
}

# explains WORD: what is said of it, without the times.
explains() {
	run spoolq --explain "$1"
	assertEquals "$ERR" 0 "$STATUS"
	SAID=$(sed -E 's/ (in [0-9]+[smhd]|[0-9]+[smhd] ago|now)\b/ WHEN/g
	    s/[0-9-]{10}T[0-9:.]*Z/TIME/g' "$SCRATCH/out")
}

# facts WORD EXPRESSION: of the JSON.
facts() {
	spoolq -j --explain "$1" | jq -r "$2"
}

test_what_waits_for_its_next_attempt_is_explained() {
	explained_instance
	answers ok 503
	drop one "$(job ok)"
	eventually in_queue retry "$ID"
	explains "$ID"
	assertEquals "$ID.ok: waits for its next attempt
  why      attempt 1 of 10, WHEN: HTTP_STATUS: it answered 503: it is overloaded or away; it said: 503\\x0a
  next     attempt 2 of 10 WHEN, TIME
  command  spoolq -i $ID.ok" "$SAID"
	assertEquals "retry backoff 1 10 HTTP_STATUS true" "$(facts "$ID.ok" \
	    '"\(.queue) \(.waitingFor) \(.attempts) \(.maxAttempts) " +
	    "\(.errorCode) \(.nextAttemptAt > (now | todate))"')"
	answers ok 200
	eval "$(spoolq -j --explain "$ID" | jq -r .command)" >"$SCRATCH/eval"
	eventually delivered "$ID"
	explains "$(printf %.10s "$ID")"
	assertEquals "$ID.ok: was delivered WHEN, TIME, by attempt 2
  next     nothing
  receipt  $(receipt one "$ID")" "$SAID"
}

test_a_disabled_or_unknown_destination_is_named_with_who_did_it_and_why() {
	explained_instance
	spooldest disable ok --reason 'it moves' >"$SCRATCH/disabled"
	drop one "$(job ok)"
	eventually in_queue cur "$ID"
	explains "$ID"
	assertEquals "$ID.ok: is due
  why      ok is disabled since TIME by $(id -un) ($(id -u)): it moves
  next     an attempt when ok is enabled
  command  spooldest enable ok" "$SAID"
	assertEquals disabled "$(facts "$ID" .waitingFor)"
	stop
	assertEquals 'disabled spoold is down' \
	    "$(facts "$ID" '"\(.waitingFor) \(.trouble)"')"
}

test_with_spoold_down_it_says_so_and_what_the_files_tell() {
	explained_instance
	switch disable ok
	drop one "$(job ok)"
	eventually in_queue cur "$ID"
	switch enable ok
	stop
	drop two "$(job ok)"
	explains "$ID"
	assertEquals "$ID: is in new/ as two.json, not accepted yet
  why      spoold is down
  next     it is read when spoold is started
  command  spoolctl start" "$SAID"
	assertEquals 'no spoold was started for it' '' "$(spoolds)"
}

test_what_is_in_flight_held_cancelled_or_expired_says_since_when() {
	explained_instance
	destination slow
	answers slow hang
	drop one "$(job slow)"
	eventually arrived "$ID"
	explains "$ID"
	assertEquals "$ID.slow: attempt 1 of 10 is in flight since WHEN, TIME
  next     its outcome
  command  spoolsuper -h $ID.slow" "$SAID"
	assertEquals true "$(facts "$ID" '.inFlightSince != null')"
	switch disable ok
	drop two "$(job ok)"
	eventually in_queue cur "$ID"
	spoolsuper -h "$ID" >"$SCRATCH/super"
	explains "$ID"
	assertEquals "$ID.ok: is held since WHEN, TIME
  next     nothing, until it is released
  command  spoolsuper -H $ID.ok" "$SAID"
	spoolsuper -d "$ID" >"$SCRATCH/super"
	explains "$ID"
	assertEquals "$ID.ok: was cancelled WHEN, TIME, after 0 attempts
  why      by $(id -un) ($(id -u))
  next     nothing
  command  spoolsuper -r $ID.ok" "$SAID"
	drop three "$(job ok)"
	eventually in_queue cur "$ID"
	spoolsuper -e "$ID" >"$SCRATCH/super"
	explains "$ID"
	assertEquals "$ID.ok: expired WHEN, TIME, after 0 attempts
  why      EXPIRED: given up by an operator; by $(id -un) ($(id -u))
  next     nothing
  command  spoolsuper -r $ID.ok" "$SAID"
}

test_what_was_given_up_says_why_and_what_comes_before_another_try() {
	explained_instance
	answers ok 401
	setting retry max_attempts 1
	spoolctl reload >"$SCRATCH/reload"
	drop one "$(job ok)"
	eventually in_queue failed "$ID"
	explains "$ID"
	assertEquals "$ID.ok: was given up WHEN, TIME, after 1 attempt" \
	    "$(echo "$SAID" | head -1)"
	assertContains "$SAID" '  why      AUTHENTICATION_FAILED: '
	assertEquals "  command  spooldest update ok FILE; spoolsuper -r $ID.ok" \
	    "$(echo "$SAID" | tail -1)"
}

test_an_ordered_destination_says_who_is_in_the_way() {
	explained_instance
	printf '{"id":"row","label":"row","type":"webhook","config":{"webhook":
	    {"url":"%s/row"}},"limits":{"ordered":true}}' "$SINK" |
	    spooldest create - >"$SCRATCH/created"
	answers row 503
	drop one "$(job row)"
	first=$ID
	eventually in_queue retry "$first"
	drop two "$(job row)"
	eventually in_queue cur "$ID"
	explains "$ID"
	assertEquals "$ID.row: is due
  why      row is ordered: blocked by $first
  next     an attempt when that one is delivered, failed or cancelled
  command  spoolq --explain $first.row" "$SAID"
	assertEquals "slot $first" "$(facts "$ID" \
	    '"\(.waitingFor) \(.blockedBy)"')"
}

test_a_rate_says_when_the_next_attempt_may_be() {
	explained_instance
	printf '{"id":"slow","label":"slow","type":"webhook","config":{"webhook":
	    {"url":"%s/slow"}},"limits":{"ratePerMinute":1}}' "$SINK" |
	    spooldest create - >"$SCRATCH/created"
	drop one "$(job slow)"
	eventually delivered "$ID"
	drop two "$(job slow)"
	eventually in_queue cur "$ID"
	explains "$ID"
	assertEquals "$ID.slow: is due
  why      slow takes 1 attempts a minute
  next     an attempt in its turn, the next one WHEN, TIME
  command  spooldest show slow" "$SAID"
	assertEquals 'rate true' "$(facts "$ID" \
	    '"\(.waitingFor) \(.nextAttemptAt != null)"')"
}

test_deliver_at_and_expires_at_are_told() {
	explained_instance
	drop one '{"destinations":["ok"],"payload":{"type":"data","data":1},
	    "options":{"deliverAt":"2099-01-01T00:00:00Z",
	    "expiresAt":"2099-01-02T00:00:00Z"}}'
	eventually in_queue retry "$ID"
	explains "$ID"
	assertContains "$SAID" "$ID.ok: waits for its deliverAt"
	assertContains "$SAID" '; given up WHEN, TIME'
	assertEquals 'deliverAt 2099-01-02T00:00:00.000Z' "$(facts "$ID" \
	    '"\(.waitingFor) \(.expiresAt)"')"
}

test_a_drop_that_is_not_whole_or_was_refused_says_why() {
	explained_instance
	drop short '{"destinations":["ok"],'
	eventually sh -c "spoolq -j --explain $ID | grep -q '\"text\"'"
	explains "$ID"
	assertContains "$SAID" "$ID: is in new/ as short.json, not accepted yet
  why      its text ends too early"
	drop wrong '{"destinations":["nobody"],"payload":{"type":"data",
	    "data":1}}'
	eventually test -e "$SPOOL/failed/wrong.$ID.json.error"
	explains "$ID"
	assertEquals "$ID: was refused; it is kept as failed/wrong.$ID.json
  why      DESTINATION_NOT_FOUND: there is no destination nobody
  next     nothing
  command  mend failed/wrong.$ID.json, then mv -n failed/wrong.$ID.json new/" \
	    "$SAID"
	run spoolcat "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	assertContains "$OUT" DESTINATION_NOT_FOUND
}

test_a_duplicate_names_the_first_and_an_unknown_id_the_nearest() {
	explained_instance
	keyed='{"destinations":["ok"],"payload":{"type":"data","data":1},
	    "options":{"idempotencyKey":"k"}}'
	drop first "$keyed"
	first=$ID
	eventually delivered "$first"
	drop second "$keyed"
	eventually test -e "$(receipt second "$ID")"
	explains "$ID"
	assertContains "$SAID" "$ID: is a duplicate of $first"
	run spoolq --explain "$(printf %.20s "$first")ZZZZZZ"
	assertEquals "66: spoolq: DELIVERY_NOT_FOUND: no job is named \"$(
	    printf %.20s "$first")ZZZZZZ\"; the nearest is $first" \
	    "$STATUS: $ERR"
	run spoolq -j --explain "$(printf %.20s "$first")ZZZZZZ"
	assertEquals "$first" "$(jq -r .details.deliveryId "$SCRATCH/err")"
	run spoolq --explain 00000000000000000000000000
	failed_with 66 spoolq DELIVERY_NOT_FOUND
	run spoolq --explain ALL
	failed_with 64 spoolq USAGE
}

. /usr/share/shunit2/shunit2
