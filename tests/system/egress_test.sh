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

test_a_port_and_a_pattern_narrow_what_may_be_reached() {
	instance
	slow_retries
	start
	sink
	setting "organization $ORG" egress_allow \
	    "{\"loopback:$SINK_PORT\", \"*.clinic.example:443\"}"
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	to right "http://127.0.0.1:$SINK_PORT/right"
	to wrong 'http://127.0.0.1:9/wrong'
	printf '{"id":"behind","label":"behind","type":"webhook","config":{
	    "webhook":{"url":"https://localhost/x","proxy":
	    "http://127.0.0.1:%s"}}}' "$SINK_PORT" | spooldest create - \
	    >"$SCRATCH/created" 2>&1
	drop one "$(job right wrong behind)"
	eventually delivered "$ID" right
	eventually in_queue retry "$ID" wrong
	eventually in_queue retry "$ID" behind
	assertEquals '127.0.0.1:9 (this host itself) is not within egress_allow
localhost:443, a name that the proxy resolves, is not within egress_allow' \
	    "$(journal 'select(.event == "deferred") | .reason' | sort)"
	assertEquals 'nobody else connected' 1 "$(arrivals '')"
	run spoolconf -e "organization.$ORG.egress_allow=public:x"
	failed_with 78 spoolconf CONFIG_ERROR
}

# --- in a network of its own ----------------------------------------------------

# network: addresses that a worker must not reach, and one that it may; names
# come from the test.
network() {
	ip link set lo up
	for address in 10.9.8.7/32 169.254.169.254/32 192.0.2.10/32 \
	    100.100.100.200/32 fd00::9/128 fd00:ec2::254/128; do
		ip addr add "$address" dev lo
	done
	echo 'nameserver 127.0.0.1' >"$SCRATCH/resolv.conf"
	mount --bind "$SCRATCH/resolv.conf" "$(readlink -f /etc/resolv.conf)"
}

# The destinations of the table, those that are taken: $WAYS; how many are not:
# $REFUSED.
ways() {
	openssl genrsa -out "$SCRATCH/key.pem" 2048 2>/dev/null
	node "$TESTS/system/egress_ways.mjs" write "$PORT" \
	    "$SCRATCH/key.pem" "$TESTS/data/egress_ways.tsv" \
	    >"$SCRATCH/written"
	WAYS='' REFUSED=0
	while read -r text; do
		if way=$(echo "$text" | spooldest create - \
		    2>>"$SCRATCH/refused"); then
			WAYS="$WAYS $way"
		else
			REFUSED=$((REFUSED + 1))
		fi
	done <"$SCRATCH/written"
}

# The jobs for all of them, up to fifty destinations each.
drop_ways() {
	rest=$WAYS
	while [ -n "$rest" ]; do
		# shellcheck disable=SC2086 # a list
		set -- $rest
		some=$(echo "$@" | cut -d ' ' -f -50)
		rest=$(echo "$@" | cut -d ' ' -f 51-)
		# shellcheck disable=SC2086 # a list
		drop "job-$1" "$(job $some)"
	done
}

# Every ticket has been tried as often as it is.
all_given_up() {
	[ "$(count failed)" -eq "$(echo "$WAYS" | wc -w)" ]
}

reached() {
	cat "$WAYS_DIR/reached" 2>/dev/null
}

# The reasons of those that were denied.
denials() {
	journal 'select(.event == "failed" and .errorCode == "EGRESS_DENIED") |
	    .reason'
}

# The same listener, asked for what is allowed.
ways_lead_there_where_they_are_allowed() {
	setting "organization $ORG" egress_allow \
	    '{"loopback", "public", "192.0.2.10"}'
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	for name in w001 w003 w004; do
		drop "there-$name" "$(job $name)"
	done
	eventually all_reached 3
}

all_reached() {
	[ "$(reached | wc -l)" -ge "$1" ]
}

of_the_two_hundred_ways() {
	instance
	setting retry max_attempts 3
	setting retry base_delay 10ms
	setting retry max_delay 20ms
	setting "organization $ORG" egress_allow \
	    '{"private", "public", "192.0.2.10"}'
	setting "organization $ORG" plaintext_allow \
	    '{"private", "public", "loopback", "192.0.2.10"}'
	network
	WAYS_DIR=$SCRATCH/ways
	mkdir "$WAYS_DIR"
	sed 's/^[^\t]*\t//' "$TESTS/data/egress_ways.tsv" \
	    >"$WAYS_DIR/redirects"
	node "$TESTS/system/egress_ways.mjs" listen "$WAYS_DIR" \
	    >"$WAYS_DIR/log" 2>&1 &
	echo $! >"$SCRATCH/ways.pid"
	eventually test -s "$WAYS_DIR/port"
	PORT=$(cat "$WAYS_DIR/port")
	sed -i "s/PORT/$PORT/" "$WAYS_DIR/redirects"
	for name in http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY \
	    ALL_PROXY; do
		export "$name=http://127.0.0.1:$PORT"
	done
	start
	unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY \
	    ALL_PROXY
	ways
	drop_ways
	eventually_within 240 all_given_up
	assertEquals 'nobody got there' '' "$(reached)"
	echo "# $(echo "$WAYS" | wc -w) ways were tried, $REFUSED are no" \
	    "destination's"
	assertTrue "$REFUSED and $WAYS" \
	    "[ $(($(echo "$WAYS" | wc -w) + REFUSED)) -ge 200 ]"
	assertEquals 'nothing was delivered' 0 "$(count done)"
	assertEquals 'each for a reason of its own' \
	    'CONNECT_FAILURE DNS_FAILURE EGRESS_DENIED HTTP_STATUS' \
	    "$(journal 'select(.event == "failed") | .errorCode' | sort -u |
	    paste -sd ' ')"
	assertTrue 'most are denied' "[ $(denials | wc -l) -ge 200 ]"
	assertEquals 'every denial has the address that was meant' '' \
	    "$(denials | grep -v 'tempts: \[\?[0-9a-f.:]*\]\?:[0-9]* (' |
	    grep -v 'a name that the proxy resolves')"
	assertContains "$(denials)" '127.0.0.1:'"$PORT"' (this host itself), asked for as 2130706433.loop.ways.example, is not within egress_allow'
	ways_lead_there_where_they_are_allowed
}

test_two_hundred_ways_to_write_a_forbidden_address_lead_nowhere() {
	needs_root || return 1
	WAYS_ALONE=1 unshare -mn sh "$0" \
	    >"$SHUNIT_TMPDIR/alone" 2>&1
	assertEquals "$(cat "$SHUNIT_TMPDIR/alone")" 0 $?
	grep '^#' "$SHUNIT_TMPDIR/alone"
}

if [ -n "${WAYS_ALONE-}" ]; then
	suite() {
		suite_addTest of_the_two_hundred_ways
	}
fi

. /usr/share/shunit2/shunit2
