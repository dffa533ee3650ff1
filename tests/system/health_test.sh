#!/bin/sh
# health_test - tests of a destination step by step, and what its attempts show
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# steps: those of the last test, as `name ok` in one line.
steps() {
	jq -r '.steps[] | "\(.name) \(.ok)"' "$SCRATCH/out" | paste -sd ,
}

# at NAME URL [MEMBERS]: a destination anywhere.
at() {
	printf '{"id":"%s","label":"x","type":"webhook","config":{"webhook":
	    {"url":"%s"%s}}}' "$1" "$2" "${3:+,$3}" | spooldest create - \
	    >"$SCRATCH/created" || fail "create $1"
}

test_a_test_says_each_step_and_sends_nothing_that_is_a_delivery() {
	instance
	start
	sink
	destination ok
	run spooldest test ok
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'STEP RESULT,resolve ok,connect ok,authenticate ok' \
	    "$(awk '{ print $1, $2 }' "$SCRATCH/out" | paste -sd ,)"
	assertEquals 'HEAD null' "$(jq -r \
	    '"\(.method) \(.headers["webhook-id"])"' "$SINK_DIR/requests")"
	run spooldest -j test ok
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'resolve true,connect true,authenticate true' "$(steps)"
	assertEquals true "$(jq '.success and .responseTime >= 0 and
	    (.steps | all(.ms >= 0))' "$SCRATCH/out")"
	assertEquals 'reach true,reach true' "$(journal 'select(.event ==
	    "destination.tested") | "\(.test) \(.success)"' | paste -sd ,)"
}

test_a_synthetic_delivery_is_signed_and_says_that_it_is_one() {
	instance
	start
	sink
	mkdir "$SINK_DIR/bodies"
	destination ok '"headers":{"X-Key":"k-1"}'
	run spooldest -j test --deliver ok
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'resolve true,connect true,authenticate true,deliver true' \
	    "$(steps)"
	assertEquals true "$(jq .data.test "$SINK_DIR/bodies/1")"
	assertEquals 'POST k-1 true' "$(jq -r '"\(.method) \(.headers["x-key"])
	    \(.id == .headers["idempotency-key"])"' "$SINK_DIR/requests" |
	    tr -s '\n\t ' ' ' | sed 's/ $//')"
	assertEquals 'no job came of it' 0 "$(journal \
	    'select(.event == "accepted" or .event == "attempt") | .seq' |
	    wc -l)"
}

test_the_step_that_fails_is_named_and_ends_it() {
	instance
	start
	sink
	destination refusing
	answers refusing 401
	destination broken
	answers broken 500
	destination mute '"timeout":500'
	answers mute hang
	at nowhere http://127.0.0.1:1/
	at nobody https://nobody.invalid/
	at plain "https://127.0.0.1:$SINK_PORT/"
	at far http://169.254.169.254/
	while read -r name code status wanted; do
		run spooldest -j test --deliver "$name"
		assertEquals "$name: $ERR" "$status" "$STATUS"
		assertEquals "$name" "$wanted" "$(steps | tr ' ' =)"
		assertEquals "$name" "$code" "$(jq -r .errorCode \
		    "$SCRATCH/out")"
		assertEquals "$name" "$code" "$(jq -r .code "$SCRATCH/err")"
	done <<-'END'
		refusing AUTHENTICATION_FAILED 75 resolve=true,connect=true,authenticate=false
		broken HTTP_STATUS 75 resolve=true,connect=true,authenticate=true,deliver=false
		mute MAY_HAVE_ARRIVED 75 resolve=true,connect=true,authenticate=false
		nowhere CONNECT_FAILURE 75 resolve=true,connect=false
		nobody DNS_FAILURE 75 resolve=false
		plain TLS_FAILURE 75 resolve=true,connect=true,tls=false
		far EGRESS_DENIED 75 resolve=true,connect=false
	END
	run spooldest test broken
	assertEquals 'without a delivery it says nothing about one' 0 "$STATUS"
}

# http_date SECONDS: as a server's clock shows it that much later.
http_date() {
	LC_ALL=C date -u -d "@$(($(date +%s) + $1))" \
	    '+%a, %d %b %Y %H:%M:%S GMT'
}

test_a_test_shows_address_and_clock_of_the_server() {
	instance
	start
	sink
	destination ok
	answers ok "204
Date: $(http_date -200)"
	run spooldest test ok
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "127.0.0.1:$SINK_PORT" "$(awk '$1 == "connect" {
	    print $4 }' "$SCRATCH/out")"
	run spooldest -j test ok
	message=$(jq -r '.steps[] | select(.name == "authenticate") | .message' \
	    "$SCRATCH/out")
	assertEquals "it answered 204, this clock is N s ahead of the server's" \
	    "$(printf '%s\n' "$message" | sed 's/ 20[0-9] s / N s /')"
}

test_a_clock_that_differs_by_more_than_signatures_allow_is_said() {
	instance
	start
	sink
	destination ok
	at unsigned "http://127.0.0.1:$SINK_PORT/ok" '"signature":"none"'
	answers ok "204
Date: $(http_date 900)"
	run spooldest test ok
	assertEquals 78 "$STATUS"
	assertContains "$ERR" "s behind the server's"
	assertContains "$ERR" 'set the clock'
	run spooldest test unsigned
	assertEquals "what is not signed has no time: $ERR" 0 "$STATUS"
}

test_what_is_disabled_away_or_unknown_is_not_tested() {
	instance
	start
	sink
	destination ok
	switch disable ok
	run spooldest test ok
	failed_with 69 spooldest DESTINATION_DISABLED
	run spooldest test nobody
	failed_with 68 spooldest DESTINATION_NOT_FOUND
	stop
	run spooldest test ok
	failed_with 75 spooldest UNAVAILABLE
	assertFalse 'nothing came' '[ -s "$SINK_DIR/requests" ]'
}

test_a_worker_that_dies_ends_the_test_and_nothing_else() {
	instance
	start
	sink
	destination mute
	answers mute hang
	spooldest -j test --deliver mute >"$SCRATCH/test" 2>&1 &
	eventually test -s "$SINK_DIR/requests"
	kill -9 "$(workers webhook)"
	wait $!
	assertEquals 75 $?
	assertContains "$(cat "$SCRATCH/test")" WORKER_DIED
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
}

# health EXPRESSION: of a destination, as jq sees it.
health() {
	spooldest -j health "$1" | jq -r "$2"
}

test_health_is_what_attempts_have_shown() {
	instance
	setting retry max_attempts 9999
	setting retry base_delay 20ms
	setting retry max_delay 20ms
	start
	sink
	destination ok
	destination sick
	assertEquals 'unknown 0' "$(health ok '"\(.status) \(.totalDeliveries)"')"
	answers sick 503
	drop one "$(job ok sick)"
	eventually delivered "$ID" ok
	assertEquals 'healthy 1 0 100.0' "$(health ok '"\(.status)
	    \(.totalDeliveries) \(.totalFailures) \(.successRate)"' |
	    tr -s '\n\t ' ' ' | sed 's/ $//; s/ 100 *$/ 100.0/')"
	eventually is_health sick unhealthy
	assertEquals true "$(health sick '.consecutiveFailures >= 5 and
	    .successRate == 0 and (.lastFailureReason | test("503")) and
	    .lastSuccessAt == null')"
	answers sick 200
	eventually delivered "$ID" sick
	assertEquals 'degraded 0' \
	    "$(health sick '"\(.status) \(.consecutiveFailures)"')"
	switch disable sick
	assertEquals disabled "$(health sick .status)"
	run spooldest health
	assertEquals 'ok sick' "$(awk 'NR > 1 { print $1 }' "$SCRATCH/out" |
	    paste -sd ' ')"
}

is_health() {
	[ "$(health "$1" .status)" = "$2" ]
}

# usage FIELD: of the destination `ok`, as it is shown.
usage() {
	spooldest -j show ok | jq -r ".$1"
}

usage_is() {
	[ "$(usage countUsage)" -eq "$1" ]
}

test_a_destination_knows_how_often_it_was_used_and_when() {
	instance
	start
	sink
	destination ok
	assertEquals 0 "$(usage countUsage)"
	assertEquals null "$(usage lastUsedAt)"
	version=$(usage version)
	updated=$(usage updatedAt)
	answers ok 503
	drop one "$(job)"
	eventually arrived '' 1
	answers ok 200
	eventually delivered "$ID" ok
	attempts=$(arrivals)
	eventually usage_is "$attempts"
	assertEquals "$attempts" "$(spooldest -j health ok |
	    jq .totalDeliveries)"
	assertEquals "$(date -u +%F)" "$(usage lastUsedAt | cut -c1-10)"
	assertEquals "$version" "$(usage version)"
	assertEquals "$updated" "$(usage updatedAt)"
	assertEquals "$attempts" "$(spooldest -j list | jq .countUsage)"
	# An update keeps them, and so does a stop.
	echo '{"label": "New"}' | spooldest update ok - >"$SCRATCH/out"
	assertEquals "$attempts" "$(usage countUsage)"
	stop
	start
	assertEquals "$attempts" "$(usage countUsage)"
	assertEquals New "$(usage label)"
}

. /usr/share/shunit2/shunit2
