#!/bin/sh
# egress_test - where an organization's workers may connect to, whatever a URL
# calls the address
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# to NAME URL: a destination there.
to() {
	printf '{"id":"%s","label":"%s","type":"webhook","config":{"webhook":{
	    "url":"%s"}}}' "$1" "$1" "$2" | spooldest create - \
	    >"$SCRATCH/created" 2>"$SCRATCH/warned"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

error_of() {
	journal "select(.dest == \"$1\" and .event == \"deferred\") |
	    .errorCode" | head -1
}

test_loopback_must_be_named_however_it_is_spelled() {
	instance
	slow_retries
	setting "organization $ORG" egress_allow '{"private", "public"}'
	start
	sink
	to plain "http://127.0.0.1:$SINK_PORT/plain"
	to name "http://localhost:$SINK_PORT/name"
	to short "http://127.1:$SINK_PORT/short"
	to hex "http://0x7f000001:$SINK_PORT/hex"
	to number "http://2130706433:$SINK_PORT/number"
	to mapped "http://[::ffff:127.0.0.1]:$SINK_PORT/mapped"
	to six "http://[::1]:$SINK_PORT/six"
	to zero "http://0.0.0.0:$SINK_PORT/zero"
	to metadata 'http://169.254.169.254/latest/meta-data/'
	to link 'http://[fe80::1]/link'
	all='plain name short hex number mapped six zero metadata link'
	# shellcheck disable=SC2086 # a list
	drop all "$(job $all)"
	for name in $all; do
		eventually in_queue retry "$ID" "$name"
		assertEquals "$name" EGRESS_DENIED "$(error_of "$name")"
	done
	assertEquals 'nobody connected' 0 "$(arrivals '')"
	setting "organization $ORG" egress_allow '{"127.0.0.0/8"}'
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	run spoolq -s plain
	eventually delivered "$ID" plain
	run spoolq -s hex
	eventually delivered "$ID" hex
}

test_addresses_that_are_not_allowed_are_denied_and_plain_http_only_to_loopback() {
	instance
	slow_retries
	setting "organization $ORG" egress_allow '{"loopback", "192.0.2.0/24"}'
	start
	to documentation 'https://198.51.100.7/x'
	to private 'https://10.1.2.3/x'
	to clear 'http://192.0.2.1/x'
	drop all "$(job documentation private clear)"
	for name in documentation private clear; do
		eventually in_queue retry "$ID" "$name"
		assertEquals "$name" EGRESS_DENIED "$(error_of "$name")"
	done
}

. /usr/share/shunit2/shunit2
