#!/bin/sh
# credential_test - an API key has a second value that takes over at its time,
# and a way back; what ends soon is said
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# Tests start with one that has a token, and is delivered to with it.
with_token() {
	instance
	sink
	start
	destination ehr '"auth":{"type":"bearer","token":"first-token"},
	    "headers":{"X-Api.Key":"first-key"}'
}

# add FIELD VALUE [ARGUMENTS]
add() {
	printf '%s\n' "$2" >"$SCRATCH/value"
	field=$1
	shift 2
	run spooldest secret add "$@" --field "$field" ehr "$SCRATCH/value"
}

# sent [HEADER]: what a delivery is sent with now.
sent() {
	n=$((${n-0} + 1))
	drop "n$n" "$(job ehr)"
	eventually delivered "$ID"
	request "$ID" ".headers[\"${1-authorization}\"]"
}

values() {
	spooldest -j secret list ehr | jq -r '.values[] |
	    [.field, .takesOverAt != null, .tookOverAt != null] | join(" ")'
}

test_a_second_value_takes_over_at_its_time_and_is_on_record() {
	with_token
	at=$(date -u -d '+4 seconds' +%Y-%m-%dT%H:%M:%SZ)
	add auth.token second-token --at "$at"
	ran 0 'ehr: the new value takes over then' ''
	assertEquals 'auth.token true false' "$(values)"
	assertEquals 'Bearer first-token' "$(sent)"
	took() { [ "$(values)" = 'auth.token false true' ]; }
	eventually took
	assertEquals 'Bearer second-token' "$(sent)"
	assertEquals "secret.planned auth.token at ${at%Z}.000Z
secret.rotated auth.token" "$(journal 'select(.event | startswith("secret.")) |
	    .event + " " + .reason')"
	assertEquals spoold "$(journal 'select(.event == "secret.rotated") |
	    .by')"
	run spooldest secret revoke ehr auth.token
	ran 0 'ehr: the value that was there counts' ''
	assertEquals 'Bearer first-token' "$(sent)"
	assertEquals '' "$(values)"
	run spooldest secret revoke ehr auth.token
	failed_with 65 spooldest CONFLICT
}

test_a_value_without_a_time_counts_at_once_a_header_too() {
	with_token
	add headers.X-Api.Key second-key
	ran 0 'ehr: the new value counts' ''
	assertEquals second-key "$(sent x-api.key)"
	run spooldest secret revoke ehr headers.X-Api.Key
	assertEquals first-key "$(sent x-api.key)"
}

test_one_that_was_planned_can_be_taken_back_and_survives_a_restart() {
	with_token
	add auth.token second-token --at 2090-01-01
	stop
	start
	assertEquals 'auth.token true false' "$(values)"
	echo '{"label":"Other"}' >"$SCRATCH/patch"
	spooldest update ehr "$SCRATCH/patch" >"$SCRATCH/out"
	assertEquals 'another change keeps it' 'auth.token true false' \
	    "$(values)"
	assertEquals 'no value is shown or stored' '' "$(spooldest -j show ehr |
	    grep -o 'second-token'; grep -r 'second-token\|first-token' \
	    "$INSTANCE/state" "$INSTANCE/log")"
	stop
	run spoolkey rotate
	assertEquals "$ERR" 0 "$STATUS"
	run spoolkey check
	assertEquals "$OUT$ERR" 0 "$STATUS"
	start
	run spooldest secret revoke ehr auth.token
	assertEquals '' "$(values)"
	assertEquals 'Bearer first-token' "$(sent)"
}

test_what_is_no_credential_of_it_has_no_second_value() {
	with_token
	for field in auth.type url auth.password secret nonsense \
	    headers.Accept; do
		add $field second
		failed_with 65 spooldest VALIDATION_ERROR
	done
	add auth.token "$(printf 'a\tb')"
	failed_with 65 spooldest VALIDATION_ERROR
	run spooldest secret add --at tomorrow ehr "$SCRATCH/value"
	failed_with 64 spooldest USAGE
	assertEquals '' "$(values)"
}

# When it took over is not sealed.
test_the_value_before_is_forgotten_when_the_overlap_is_over() {
	with_token
	add auth.token second-token
	stop
	file=$INSTANCE/state/$ORG/destinations/ehr.json
	jq -c '.rotations["auth.token"].switchedAt =
	    "2020-01-01T00:00:00.000Z"' "$file" >"$SCRATCH/over"
	cat "$SCRATCH/over" >"$file"
	start
	forgotten() { [ -z "$(values)" ]; }
	eventually forgotten
	assertEquals 'secret.expired auth.token spoold' "$(journal \
	    'select(.event == "secret.expired") |
	    [.event, .reason, .by] | join(" ")')"
	assertEquals 'Bearer second-token' "$(sent)"
}

test_a_planned_value_of_another_host_is_not_sent_there() {
	with_token
	add auth.token second-token --at 2090-01-01
	echo '{"config":{"webhook":{"url":"http://127.0.0.2:1/x",
	    "auth":{"token":"third"},"headers":{"X-Api.Key":"k"}}}}' \
	    >"$SCRATCH/patch"
	run spooldest update ehr "$SCRATCH/patch"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals '' "$(values)"
}

test_what_ends_soon_is_alerted_and_found_by_check() {
	instance
	openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days 9 \
	    -keyout "$SCRATCH/key" -out "$SCRATCH/ca" 2>/dev/null
	jq -n --arg ca "$(cat "$SCRATCH/ca")" '{id: "a", label: "A",
	    type: "webhook", config: {webhook: {url: "https://a.example/",
	    tls: {ca: $ca}}}}' >"$SCRATCH/input"
	spooldest create "$SCRATCH/input" >"$SCRATCH/out" 2>&1
	run spoolctl check
	assertEquals 1 "$STATUS"
	assertEquals "destinations: $ORG/a: a certificate of tls.ca (number 1) expires in 8 days" \
	    "$OUT"
	start
	alerted() { [ "$(journal 'select(.event == "alert" and
	    .name == "credential-expires") | .state')" = begin ]; }
	eventually alerted
	switch disable a
	run spoolctl check
	assertNotContains 'not of one that nobody uses' "$OUT" 'destinations:'
}

# ca DAYS: the destination a trusts a certificate for that long.
ca() {
	openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days "$1" \
	    -keyout "$SCRATCH/key" -out "$SCRATCH/ca" 2>/dev/null
	jq -n --arg ca "$(cat "$SCRATCH/ca")" '{config: {webhook: {tls:
	    {ca: $ca}}}}' >"$SCRATCH/patch"
	spooldest update a "$SCRATCH/patch" >"$SCRATCH/out" 2>&1
}

# said NAME TEXT: the words of the one alert of that name.
said() {
	[ "$(spoolctl -j status | jq -r ".alerts[] | select(.name == \"$1\") |
	    .reason")" = "$2" ]
}

# lines NAME: how that alert began and ended.
lines() {
	journal "select(.event == \"alert\" and .name == \"$1\") | .state" |
	    paste -sd ' '
}

test_the_words_of_an_alert_follow_what_is_and_it_begins_once() {
	instance
	start
	sink
	destination a
	for days in 9 4; do
		ca "$days"
		eventually said credential-expires "of a a certificate of tls.ca (number 1) expires in $((days - 1)) days: spooldest update, or secret add"
	done
	jq -n --arg ca "$(cat "$SCRATCH/ca")" '{id: "b", label: "B",
	    type: "webhook", config: {webhook: {url: "https://b.example/",
	    tls: {ca: $ca}}}}' | spooldest create - >"$SCRATCH/out" 2>&1
	eventually said credential-expires 'of a a certificate of tls.ca (number 1) expires in 3 days: spooldest update, or secret add; and 1 more'
	assertEquals begin "$(lines credential-expires)"
	switch disable b
	eventually said credential-expires 'of a a certificate of tls.ca (number 1) expires in 3 days: spooldest update, or secret add'
	ca 90
	eventually said credential-expires ''
	assertEquals 'begin end' "$(lines credential-expires)"
	assertEquals 'what it ended with' 'of a a certificate of tls.ca (number 1) expires in 3 days: spooldest update, or secret add' \
	    "$(journal 'select(.event == "alert" and .state == "end" and
	    .name == "credential-expires") | .reason')"
}

test_how_early_is_said_what_ends_is_a_setting() {
	instance
	start
	sink
	destination a
	ca 40
	run spoolctl check
	ran 0 'Nothing is wrong' ''
	spoolconf -e security.expiry_warning=60d
	spoolctl reload >"$SCRATCH/reload"
	eventually said credential-expires 'of a a certificate of tls.ca (number 1) expires in 39 days: spooldest update, or secret add'
	run spoolctl check
	assertContains "$OUT" "destinations: $ORG/a: a certificate of tls.ca (number 1) expires in 39 days"
	spoolconf -e security.expiry_warning=20d
	spoolctl reload >"$SCRATCH/reload"
	eventually said credential-expires ''
}

test_a_host_key_that_is_too_short_is_warned_of_and_found() {
	instance
	start
	for bits in 1024 2048; do
		ssh-keygen -q -t rsa -b "$bits" -N '' -C '' \
		    -f "$SCRATCH/rsa-$bits"
		jq -n --arg key "$(cat "$SCRATCH/rsa-$bits.pub")" --arg id \
		    "rsa-$bits" '{id: $id, label: $id, type: "sftp", config:
		    {sftp: {host: "sftp.example", username: "u", password: "p",
		    path: "in", filename: "f", hostKey: $key}}}' \
		    >"$SCRATCH/input"
		run spooldest create "$SCRATCH/input"
		assertEquals "$ERR" 0 "$STATUS"
		if [ "$bits" -eq 1024 ]; then
			assertContains "$ERR" "config.sftp.hostKey: is an RSA key of 1024 bits, which others can find out"
		else
			assertNotContains "$ERR" hostKey
		fi
	done
	run spoolctl check
	ran 1 "destinations: $ORG/rsa-1024: hostKey is an RSA key of 1024 bits, which others can find out: have the server make one of type ed25519, and pin that" ''
	switch disable rsa-1024
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

# Seven days are a link's time: what is said on the last of them.
test_a_link_that_nobody_has_fetched_is_found_before_it_ends() {
	instance
	setting download listen "unix:$INSTANCE/links.sock"
	clock
	clock_is $((160 * 3600))
	start
	echo '{"id":"dl","label":"dl","type":"download","config":{"download":
	    {"baseUrl":"https://files.example.org"}}}' |
	    spooldest create - >"$SCRATCH/out" 2>&1
	drop one "$(job dl)"
	eventually delivered "$ID"
	eventually receipt_says one "$ID" '.status == "completed"'
	run spoolctl check
	assertNotContains 'not yet' "$OUT" 'links:'
	run env CLOCK_OFFSET="$SCRATCH/offset" LD_PRELOAD="$CLOCK" \
	    spoolctl check
	assertContains "$OUT" "links: $ORG: 1 that nobody has fetched ends within a day, the first of them, of $ID.dl, in 7h"
}

# links COUNT: that many, which nobody has fetched.
links() {
	for n in $(seq "$1"); do
		drop "link-$n" "$(job dl)"
		eventually delivered "$ID"
	done
}

unseen() {
	[ "$(spoolctl -j status | jq -r '.alerts[] |
	    select(.name == "link-not-fetched") |
	    "\(.organizationId) \(.reason)"' |
	    sed 's/ of [0-9A-Z]*[.]dl, at [^;]*/ …/')" = "$1" ]
}

test_links_that_nobody_has_fetched_have_one_alert_which_ends_with_them() {
	instance
	setting download listen "unix:$INSTANCE/links.sock"
	clock
	CLOCK_OFFSET="$SCRATCH/offset" LD_PRELOAD="$CLOCK" start
	echo '{"id":"dl","label":"dl","type":"download","config":{"download":
	    {"baseUrl":"https://files.example.org"}}}' |
	    spooldest create - >"$SCRATCH/out" 2>&1
	links 3
	spoolctl reload >"$SCRATCH/reload"
	assertEquals 'not yet' '' "$(lines link-not-fetched)"
	clock_is $((160 * 3600))
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen "$ORG download links of $ORG: 3 that nobody has fetched end within a day, the first of them, …"
	# One is seen, which the others are not.
	spoolsuper --revoke "$ID" >"$SCRATCH/out"
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen "$ORG download links of $ORG: 2 that nobody has fetched end within a day, the first of them, …"
	spoolconf -e download.fetch_warning=1h
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen ''
	spoolconf -e download.fetch_warning=12h
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen "$ORG download links of $ORG: 2 that nobody has fetched end within 12h, the first of them, …"
	clock_is $((170 * 3600))
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen "$ORG download links of $ORG: 2 have ended that nobody has fetched, the first of them, …"
	# One more, for which it is not too late: that one is named.
	clock_is $((171 * 3600))
	links 1
	clock_is $((330 * 3600))
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen "$ORG download links of $ORG: 1 that nobody has fetched ends within 12h, the first of them, …; 2 have ended so"
	assertContains "$(spoolctl -j status)" "the first of them, of $ID.dl, at "
	# A week after its end nobody can do anything about one.
	clock_is $((340 * 3600))
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen "$ORG download links of $ORG: 1 has ended that nobody has fetched, the first of them, …"
	spoolconf -e download.fetch_warning=0
	spoolctl reload >"$SCRATCH/reload"
	eventually unseen ''
	assertEquals 'begin end begin again end' "$(lines link-not-fetched)"
	run env CLOCK_OFFSET="$SCRATCH/offset" LD_PRELOAD="$CLOCK" \
	    spoolctl check
	assertNotContains "$OUT" 'links:'
}

. /usr/share/shunit2/shunit2
