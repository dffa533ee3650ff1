#!/bin/sh
# auth_test - what a destination shows to be let in, as a server of its own
# reading understands it, and which statuses it takes for success
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"

token='tok-5e~a+b/c._-=='
user='Jörg B.'
password='pa:ss "wörd" 5e'
key='key-5e, with a comma'

# guarded: an instance, and a receiver that knows these.
guarded() {
	instance
	slow_retries
	start
	SINK_DIR=$SCRATCH/guard
	mkdir "$SINK_DIR"
	jq -n --arg token "$token" --arg user "$user" --arg key "$key" \
	    --arg password "$password" '{token: $token, user: $user,
	    password: $password, header: "X-Api-Key", key: $key}' \
	    >"$SINK_DIR/known.json"
	node "$TESTS/peers/guard.mjs" "$SINK_DIR" >"$SINK_DIR/log" 2>&1 &
	echo $! >"$SINK_DIR/sink.pid"
	eventually test -s "$SINK_DIR/port"
	SINK=http://127.0.0.1:$(cat "$SINK_DIR/port")
}

# to PATH NAME AUTH: a destination there; AUTH as jq sees it.
to() {
	jq -n --arg url "$SINK/$1" --arg id "$2" --arg token "$token" \
	    --arg user "$user" --arg password "$password" --arg key "$key" \
	    "{id: \$id, label: \$id, type: \"webhook\", config: {webhook:
	    {url: \$url, auth: $3}}}" | spooldest create - \
	    >"$SCRATCH/created" 2>&1
	assertEquals "$2" "$(cat "$SCRATCH/created")"
}

bearer='{type: "bearer", token: $token}'
basic='{type: "basic", user: $user, password: $password}'
api_key='{type: "apiKey", header: "X-Api-Key", key: $key}'

# let_in: a job that each of the three lets in.
let_in() {
	guarded
	to bearer bearer "$bearer"
	to basic basic "$basic"
	to key key "$api_key"
	drop right "$(job bearer basic key)"
	for name in bearer basic key; do
		eventually delivered "$ID" $name
	done
}

test_three_kinds_of_credentials_let_in_and_wrong_ones_wait_to_be_mended() {
	let_in
	to bearer wrong-bearer '{type: "bearer", token: "tok-5f"}'
	to basic wrong-basic '{type: "basic", user: $user, password: "x-5e"}'
	to key wrong-key '{type: "apiKey", header: "X-Api-Keys", key: $key}'
	drop wrong "$(job wrong-bearer wrong-basic wrong-key)"
	for name in wrong-bearer wrong-basic wrong-key; do
		eventually in_queue retry "$ID" $name
		assertEquals $name AUTHENTICATION_FAILED "$(journal "select(
		    .dest == \"$name\" and .event == \"deferred\") |
		    .errorCode")"
	done
	run spooldest update wrong-bearer - <<-END
		{"config": {"webhook": {"auth": {"token": "$token"}}}}
	END
	assertEquals "$ERR" 0 "$STATUS"
	run spoolq -s wrong-bearer
	eventually delivered "$ID" wrong-bearer
	run spooldest test basic
	assertEquals "a test shows them, too: $OUT$ERR" 0 "$STATUS"
	run spooldest test wrong-basic
	assertEquals "$OUT" 75 "$STATUS"
}

test_what_lets_in_is_in_clear_nowhere() {
	let_in
	encoded=$(printf '%s:%s' "$user" "$password" | base64 -w 0)
	for secret in "$token" "$key" 'wörd' "$encoded"; do
		assertEquals "$secret at rest" '' "$(grep -rlF -e "$secret" \
		    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
		assertEquals "$secret shown" 0 "$(spooldest -j list |
		    grep -cF -e "$secret")"
		for pid in $(supervisor) $(workers webhook); do
			assertEquals "$secret in argv" 0 "$(tr '\0' ' ' \
			    <"/proc/$pid/cmdline" | grep -cF -e "$secret")"
		done
	done
}

test_credentials_that_let_in_do_not_follow_a_url_to_another_place() {
	guarded
	to bearer bearer "$bearer"
	run spooldest update bearer - <<-END
		{"config": {"webhook": {"url": "http://localhost:1/x"}}}
	END
	failed_with 65 spooldest VALIDATION_ERROR
	assertContains "$ERR" 'config.webhook.auth.token has to be given again'
	run spooldest update bearer - <<-END
		{"config": {"webhook": {"proxy": "http://localhost:1"}}}
	END
	failed_with 65 spooldest VALIDATION_ERROR
	assertContains "$ERR" 'config.webhook.auth.token has to be given again'
}

test_a_destinations_own_statuses_alone_mean_success() {
	instance
	slow_retries
	start
	sink
	own='"successStatus":[202,302,404]'
	for status in 200 202 302 404 422; do
		answers "s$status" $status
		destination "s$status" "$own"
	done
	drop one "$(job s200 s202 s302 s404 s422)"
	for status in 202 302 404; do
		eventually delivered "$ID" "s$status"
	done
	eventually in_queue retry "$ID" s200
	eventually in_queue failed "$ID" s422
	eventually receipt_says one "$ID" '.destinations[] |
	    select(.destinationId == "s200") | .errorCode == "HTTP_STATUS" and
	    (.failureReason | test("it answered 200: that is no success"))'
	run spooldest test --deliver s404
	assertEquals "$OUT$ERR" 0 "$STATUS"
	run spooldest test --deliver s200
	assertEquals "$OUT$ERR" 75 "$STATUS"
}

. /usr/share/shunit2/shunit2
