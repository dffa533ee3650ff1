#!/bin/sh
# webhook_test - from a dropped file to a receiver, judged by the reference
# libraries and by the bytes that came
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"

# A receiver that keeps bodies.
keeping_sink() {
	sink
	mkdir "$SINK_DIR/bodies"
}

# The body of the last request for /NAME, as a file's name.
body_of() {
	n=$(grep "\"path\":\"/$1\"" "$SINK_DIR/requests" | tail -1 | jq .n)
	echo "$SINK_DIR/bodies/$n"
}

header_of() {
	grep "\"path\":\"/$1\"" "$SINK_DIR/requests" | tail -1 |
	    jq -r ".headers[\"$2\"]"
}

# verified SECRET [PATH]
verified() {
	run node "$TESTS/peers/verify.mjs" "$SINK_DIR" "$@"
	assertEquals "$OUT$ERR" 0 "$STATUS"
}

secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
raw=MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw

test_what_the_client_wrote_arrives_byte_for_byte_and_both_libraries_verify_it() {
	instance
	start
	keeping_sink
	destination envelope "\"secret\":\"$secret\""
	destination data "\"secret\":\"$secret\",\"body\":\"data\""
	destination put "\"secret\":\"$secret\",\"method\":\"PUT\""
	data='{"big": 12345678901234567890, "n":1.10, "e":"\u00e9", "s":"é\/",
	 "x":1E400e, "deep":[[{}]], "twice":-0.0}'
	data=$(printf '%s' "$data" | sed 's/1E400e/1.5E+300/')
	drop bytes "{\"destinations\":[\"envelope\",\"data\",\"put\"],
	    \"payload\":{\"type\":\"report\", \"data\" : $data ,
	    \"metadata\":{\"k\":1.10}},
	    \"options\":{\"correlationId\":\"c-1\"}}"
	for name in envelope data put; do
		eventually delivered "$ID" $name
	done
	verified "$secret"
	assertEquals 3 "$(wc -l <"$SCRATCH/out")"
	printf '%s' "$data" | cmp - "$(body_of data)"
	assertEquals 'data alone' 0 $?
	at=$(journal 'select(.event == "accepted") | .time')
	printf '{"type":"report","timestamp":"%s","deliveryId":"%s",' \
	    "$at" "$ID" >"$SCRATCH/wanted"
	printf '"organizationId":"demo","correlationId":"c-1","data":%s,' \
	    "$data" >>"$SCRATCH/wanted"
	printf '"metadata":{"k":1.10}}' >>"$SCRATCH/wanted"
	cmp "$SCRATCH/wanted" "$(body_of envelope)"
	assertEquals "$(cat "$(body_of envelope)")" 0 $?
	cmp "$SCRATCH/wanted" "$(body_of put)"
	assertEquals 'put' 0 $?
	assertEquals PUT "$(grep '"path":"/put"' "$SINK_DIR/requests" |
	    jq -r .method)"
}

test_an_ed25519_key_signs_what_node_verifies_and_nobody_elses_does() {
	instance
	start
	keeping_sink
	seed=$(head -c 32 /dev/urandom | base64)
	destination ed "\"secret\":\"whsk_$seed\""
	drop one "$(job ed)"
	eventually delivered "$ID"
	verified "whsk_$seed"
	run node "$TESTS/peers/verify.mjs" "$SINK_DIR" \
	    "whsk_$(head -c 32 /dev/urandom | base64)"
	assertEquals "$OUT" 1 "$STATUS"
	assertEquals 'at rest' '' "$(grep -rlF "$seed" "$INSTANCE/spool" \
	    "$INSTANCE/state" "$INSTANCE/log")"
}

test_a_file_is_signed_and_carries_its_metadata() {
	instance
	start
	keeping_sink
	destination file "\"secret\":\"$secret\""
	printf 'not json \303\251\n' >"$SPOOL/data/note.txt"
	cp "$SPOOL/data/note.txt" "$SCRATCH/note"
	drop file '{"destinations":["file"],"payload":{"type":"export",
	    "file":"note.txt","contentType":"text/plain; charset=utf-8",
	    "metadata":{"a":"é","n":1.10}}}'
	eventually delivered "$ID"
	verified "$secret"
	cmp "$SCRATCH/note" "$(body_of file)"
	assertEquals 0 $?
	assertEquals 'text/plain; charset=utf-8' \
	    "$(header_of file content-type)"
	assertEquals '1.1 é' "$(header_of file x-delivery-metadata |
	    jq -r '"\(.n) \(.a)"')"
}

test_a_secret_that_spoold_made_is_shown_once_and_signs() {
	instance
	start
	keeping_sink
	printf '{"label":"Made Here","type":"webhook","config":{"webhook":{
	    "url":"%s/made-here"}}}' "$SINK" >"$SCRATCH/destination"
	run spooldest create -j "$SCRATCH/destination"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals made-here "$(jq -r .id "$SCRATCH/out")"
	made=$(jq -r .secret "$SCRATCH/out")
	assertEquals whsec_ "$(printf %.6s "$made")"
	drop one "$(job made-here)"
	eventually delivered "$ID"
	verified "$made"
	run spooldest show -j made-here
	assertEquals 'not again' 0 "$(grep -c "$made" "$SCRATCH/out")"
	assertEquals '********' "$(jq -r .config.webhook.secret \
	    "$SCRATCH/out")"
}

# x_webhook DESTINATION KEY ALGORITHM: its signature as anybody would do it.
x_webhook() {
	{
		printf '%s.' "$(header_of "$1" x-webhook-timestamp)"
		cat "$(body_of "$1")"
	} | openssl dgst -"$3" -hmac "$2" -r | sed "s/ .*//; s/^/$3=/"
}

test_the_other_signature_and_both_at_once() {
	instance
	start
	keeping_sink
	destination other '"signature":"x-webhook","secret":"just plain words"'
	destination both "\"signature\":\"both\",\"secret\":\"$secret\""
	destination none '"signature":"none"'
	drop one "$(job other both none)"
	for name in other both none; do
		eventually delivered "$ID" $name
	done
	assertEquals "$(x_webhook other 'just plain words' sha256)" \
	    "$(header_of other x-webhook-signature)"
	assertEquals "$ID" "$(header_of other x-delivery-id)"
	assertEquals null "$(header_of other webhook-signature)"
	verified "$secret" /both
	key=$(printf %s "$raw" | base64 -d | od -An -tx1 | tr -d ' \n')
	assertEquals "sha256=$({
		printf '%s.' "$(header_of both x-webhook-timestamp)"
		cat "$(body_of both)"
	} | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -r |
	    cut -d ' ' -f 1)" "$(header_of both x-webhook-signature)"
	assertEquals null "$(header_of none webhook-signature)"
	assertEquals null "$(header_of none x-webhook-signature)"
}

# mac ALGORITHM DESTINATION WHSEC: what openssl makes of its last request.
mac() {
	key=$(printf %s "${3#whsec_}" | base64 -d | od -An -v -tx1 |
	    tr -d ' \n')
	printf '%s=%s' "$1" "$({
		printf '%s.' "$(header_of "$2" x-webhook-timestamp)"
		cat "$(body_of "$2")"
	} | openssl dgst -"$1" -mac HMAC -macopt "hexkey:$key" -r |
	    cut -d ' ' -f 1)"
}

test_the_other_signature_has_the_instances_hash_also_while_secrets_rotate() {
	instance
	printf 'security {\n\twebhook_secrets {\n\t\talgorithm = sha512\n\t}\n}\n' \
	    >>"$CONF"
	start
	keeping_sink
	destination both "\"signature\":\"both\",\"secret\":\"$secret\""
	destination other '"signature":"x-webhook","secret":"just plain words"'
	second=$(spooldest secret rotate both)
	drop one "$(job both other)"
	eventually delivered "$ID" both
	eventually delivered "$ID" other
	assertEquals "$(mac sha512 both "$second"),$(mac sha512 both "$secret")" \
	    "$(header_of both x-webhook-signature)"
	assertEquals "$(x_webhook other 'just plain words' sha512)" \
	    "$(header_of other x-webhook-signature)"
	verified "$second" /both
	verified "$secret" /both
	sed -i 's/algorithm = sha512/algorithm = sha256/' "$CONF"
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	drop two "$(job both)"
	eventually delivered "$ID"
	assertEquals "$(mac sha256 both "$second"),$(mac sha256 both "$secret")" \
	    "$(header_of both x-webhook-signature)"
}

test_keys_traces_and_credentials_travel_and_stay_secret() {
	instance
	start
	keeping_sink
	destination plain
	destination own '"headers":{"X-Own":"hd-5e","Accept":"a/b",
	    "Authorization":"Bearer tok-5e"}'
	trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
	drop one "{\"destinations\":[\"plain\",\"own\"],
	    \"payload\":{\"type\":\"data\",\"data\":1},\"options\":{
	    \"idempotencyKey\":\"my-key\",\"traceparent\":\"$trace\"}}"
	for name in plain own; do
		eventually delivered "$ID" $name
		assertEquals my-key "$(header_of $name idempotency-key)"
		assertEquals my-key "$(header_of $name x-idempotency-key)"
		assertEquals "$ID" "$(header_of $name webhook-id)"
		assertEquals spoold/ "$(header_of $name user-agent |
		    cut -c 1-7)"
		assertEquals 0af7651916cd43dd8448eb211c80319c \
		    "$(header_of $name traceparent | cut -d - -f 2)"
	done
	assertEquals 'Bearer tok-5e' "$(header_of own authorization)"
	assertEquals hd-5e "$(header_of own x-own)"
	assertEquals a/b "$(header_of own accept)"
	drop two "$(job own)"
	eventually delivered "$ID"
	assertEquals "$ID" "$(header_of own idempotency-key)"
	assertEquals 'nowhere at rest' '' "$(grep -rlE \
	    'tok-5e|hd-5e' "$INSTANCE/spool" "$INSTANCE/state" \
	    "$INSTANCE/log")"
	run spooldest list -j
	assertEquals 0 "$(grep -cE 'tok-5e|hd-5e' "$SCRATCH/out")"
	for pid in $(supervisor) $(workers webhook); do
		assertEquals 0 "$(tr '\0' ' ' <"/proc/$pid/cmdline" |
		    grep -c -- -5e)"
	done
}

test_every_attempt_sends_the_same_bytes_under_the_same_id() {
	instance
	start
	keeping_sink
	destination ok "\"secret\":\"$secret\""
	answers ok 503
	drop again '{"destinations":["ok"],"payload":{"type":"data",
	    "data":{"a":[1,2]},"metadata":{"m":true}}}'
	eventually arrived "$ID" 3
	answers ok 200
	eventually delivered "$ID"
	verified "$secret"
	assertEquals 1 "$(jq -r '"\(.id) \(.sha256)"' "$SINK_DIR/requests" |
	    sort -u | wc -l)"
}

test_receivers_that_misbehave_are_taken_for_what_they_are() {
	instance
	slow_retries
	start
	keeping_sink
	destination drip '"timeout":2000'
	destination flood
	destination nonsense
	answers drip 'drip 20'
	answers flood flood
	answers nonsense nonsense
	drop all "$(job drip flood nonsense)"
	eventually delivered "$ID" drip
	eventually delivered "$ID" flood
	eventually in_queue retry "$ID" nonsense
	assertEquals 'PROTOCOL_ERROR' "$(journal 'select(.dest == "nonsense" and
	    .event == "deferred") | .errorCode')"
}

. /usr/share/shunit2/shunit2
