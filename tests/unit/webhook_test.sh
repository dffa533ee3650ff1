#!/bin/sh
# webhook_test - what the webhook worker sends, and what it makes of answers
. "$(dirname "$0")/common.sh"

case $BUILD in
/*) ;;
*) BUILD=$PWD/$BUILD ;;
esac
TOP=$PWD
SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
ID=01JDCZ7Q2T5M8YB3K4N6P9RSVW
SETUP=

setUp() {
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/webhook-test.XXXXXX")
	cd "$DIR" || exit 1
	mkdir sink sink/bodies sink/answer
	node "$TOP/tests/system/sink.mjs" sink >sink.log 2>&1 &
	SINK_PID=$!
	until [ -f sink/port ]; do sleep 0.05; done
	PORT=$(cat sink/port)
	URL=http://127.0.0.1:$PORT
	SETUP=
	job job '{"destinations":["ehr"],"payload":{"type":"report",
	    "data":{"n": 12345678901234567890, "f":1.10,"e":"\u00e9"},
	    "metadata":{ "a b" : [ 1.10 , "x \" y" ] , "c":{} } }}'
}

tearDown() {
	[ -n "$DIR" ] || return 0
	kill "$SINK_PID"
	wait "$SINK_PID" 2>/dev/null
	cd "$TOP" || exit 1
	rm -rf "$DIR"
	DIR=
}

# job FILE TEXT
job() {
	printf '%s' "$2" >"$1"
}

# answers PATH TEXT: as sink.mjs says
answers() {
	printf '%s' "$2" >"sink/answer/$1"
}

# to PATH [MORE]: the words of an attempt for a destination at that path
to() {
	printf 'config={"url":"%s/%s","secret":"%s"%s}' "$URL" "$1" "$SECRET" \
	    "${2:+,$2}"
}

# worker COMMANDS: the probe's answer without `ready`; ports as PORT
worker() {
	printf 'setup%s\n%s\nclose\nend\n' "$SETUP" "$1" |
	    "$BUILD/tests/probe_worker" "$BUILD/libexec/spoold/webhook" 2>&1 |
	    sed -e '/^ready /d' -e "s/:$PORT/:PORT/g"
}

# The last request for a path, as jq sees it.
request() {
	grep "\"path\":\"/$1\"" sink/requests | tail -1 | jq -r "$2"
}

body_of() {
	echo "sink/bodies/$(request "$1" .n)"
}

delivered='delivered code=200'
from='peer="127.0.0.1:PORT"'

test_an_envelope_is_minified_around_the_clients_bytes() {
	expect 0 "outcome token=1 $delivered bytes=222 $from
exit status 0" worker "attempt 1 job $(to ok)
wait"
	assertEquals '{"type":"report","timestamp":"2025-11-24T21:04:05.123Z","deliveryId":"01JDCZ7Q2T5M8YB3K4N6P9RSVW","organizationId":"demo","data":{"n": 12345678901234567890, "f":1.10,"e":"\u00e9"},"metadata":{"a b":[1.10,"x \" y"],"c":{}}}' \
	    "$(cat "$(body_of ok)")"
	assertEquals 'application/json POST' \
	    "$(request ok '"\(.headers["content-type"]) \(.method)"')"
}

test_without_metadata_and_correlation_id_neither_is_there() {
	job plain '{"destinations":["ehr"],"payload":{"type":"data","data":1}}'
	job full '{"destinations":["ehr"],"payload":{"type":"data","data":1,
	    "metadata":{}},"options":{"correlationId":"é \" 7"}}'
	worker "attempt 1 plain $(to plain)
attempt 2 full $(to full)
wait 2" >/dev/null
	assertEquals '{"type":"data","timestamp":"2025-11-24T21:04:05.123Z","deliveryId":"01JDCZ7Q2T5M8YB3K4N6P9RSVW","organizationId":"demo","data":1}' \
	    "$(cat "$(body_of plain)")"
	assertEquals '{"type":"data","timestamp":"2025-11-24T21:04:05.123Z","deliveryId":"01JDCZ7Q2T5M8YB3K4N6P9RSVW","organizationId":"demo","correlationId":"é \" 7","data":1,"metadata":{}}' \
	    "$(cat "$(body_of full)")"
}

test_data_alone_is_the_clients_bytes() {
	worker "attempt 1 job $(to ok '"body":"data","method":"PUT"')
wait" >/dev/null
	assertEquals '{"n": 12345678901234567890, "f":1.10,"e":"\u00e9"}' \
	    "$(cat "$(body_of ok)")"
	assertEquals PUT "$(request ok .method)"
}

test_a_file_goes_as_it_is_with_its_metadata_in_a_header() {
	head -c 3000001 /dev/urandom >file
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x","contentType":"image/png; a=b",
	    "metadata":{ "n" : "M\u00fcller é 😀" }}}'
	job bare '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	: >empty
	expect 0 "outcome token=1 $delivered bytes=3000001 $from
outcome token=2 $delivered bytes=0 $from
exit status 0" worker "attempt 1 carries payload=file $(to file)
wait
attempt 2 bare payload=empty $(to empty)
wait"
	cmp file "$(body_of file)"
	assertEquals 0 $?
	assertEquals 'image/png; a=b' "$(request file '.headers["content-type"]')"
	# shellcheck disable=SC1003 # the backslashes are the header's
	assertEquals '{"n":"M\u00fcller \u00e9 \ud83d\ude00"}' \
	    "$(request file '.headers["x-delivery-metadata"]')"
	assertEquals 'application/octet-stream null' "$(request empty \
	    '"\(.headers["content-type"]) \(.headers["x-delivery-metadata"])"')"
}

test_a_job_that_does_not_fit_the_destination_has_failed() {
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	: >file
	expect 0 'outcome token=1 failed VALIDATION_ERROR code=0 bytes=0 reason="the job carries data, but the destination'"'"'s body is "file": it takes files only"
outcome token=2 failed VALIDATION_ERROR code=0 bytes=0 reason="the job carries a file, but the destination'"'"'s body is "data": it takes data only"
outcome token=3 failed VALIDATION_ERROR code=0 bytes=0 reason="the job carries a file, but the destination'"'"'s body is "envelope": it takes data only"
exit status 0' worker "attempt 1 job $(to x '"body":"file"')
attempt 2 carries payload=file $(to x '"body":"data"')
attempt 3 carries payload=file $(to x '"body":"envelope"')
wait 3"
	assertFalse 'nothing was sent' '[ -s sink/requests ]'
}

test_metadata_of_any_size_fits_an_envelope_but_not_a_header() {
	{
		printf '{"destinations":["ehr"],"payload":{"type":"data",'
		printf '"metadata":{ "x" : "'
		head -c 3000000 /dev/zero | tr '\0' m
		printf '" , "y":[ 1, 2 ]},"data":2}}'
	} >large
	sed 's/"data":2/"file":"x"/' large >carries
	: >file
	expect 0 "outcome token=1 $delivered bytes=3000159 $from
outcome token=2 failed VALIDATION_ERROR code=0 bytes=0 reason=\"payload.metadata is larger than the 8192 bytes that a header can carry beside a file\"
exit status 0" worker "attempt 1 large $(to ok)
wait
attempt 2 carries payload=file $(to file)
wait"
	jq -c .metadata.y "$(body_of ok)" >y
	assertEquals '[1,2]' "$(cat y)"
}

test_the_headers_that_are_always_there() {
	trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
	job traced "{\"destinations\":[\"ehr\"],\"payload\":{\"type\":\"data\",
	    \"data\":1},\"options\":{\"traceparent\":\"$trace\",
	    \"idempotencyKey\":\"my key\"}}"
	worker "attempt 1 job $(to job)
attempt 2 traced $(to traced)
wait 2" >/dev/null
	assertEquals "$ID $ID spoold/probe null" "$(request job '.headers |
	    "\(.["idempotency-key"]) \(.["x-idempotency-key"]) " +
	    "\(.["user-agent"]) \(.expect)"')"
	assertEquals 'a trace of its own' 1 "$(request job \
	    .headers.traceparent | grep -cE '^00-[0-9a-f]{32}-[0-9a-f]{16}-00$')"
	assertEquals "my key|my key|$trace" "$(request traced '.headers |
	    "\(.["idempotency-key"])|\(.["x-idempotency-key"])|" +
	    .traceparent')"
}

test_a_destinations_headers_go_along_and_never_replace_a_signature() {
	worker "attempt 1 job $(to ok '"headers":{"X-A":"1","user-agent":"me",
"Authorization":"Bearer\st","Webhook-Signature":"v1,forged"}' | tr -d '\n')
wait" >/dev/null
	assertEquals '1 me Bearer' "$(request ok '.headers | "\(.["x-a"]) " +
	    "\(.["user-agent"]) \(.authorization | split(" ")[0])"')"
	assertEquals false "$(request ok \
	    '.headers["webhook-signature"] == "v1,forged"')"
}

test_a_line_break_in_a_value_is_refused_and_never_cleaned() {
	for value in 'a\nb' 'a\rX-Evil:\s1' 'a\tb\nc' 'x\n'; do
		value=$(printf '%s' "$value" | sed 's/\\r/\r/; s/\\t/\t/')
		expect 0 'outcome token=1 failed VALIDATION_ERROR code=0 bytes=0 reason="the header Idempotency-Key would have a line break or another control character in it"
exit status 0' worker "attempt 1 job key=$value $(to ok)
wait"
	done
	expect 0 'outcome token=1 failed VALIDATION_ERROR code=0 bytes=0 reason="the header X-A would have a line break or another control character in it"
exit status 0' worker "attempt 1 job $(to ok \
	    '"headers":{"X-A":"b\u000ac"}')
wait"
	assertFalse 'nothing was sent' '[ -s sink/requests ]'
}

# openssl judges the signatures here, the reference libraries in tests/peers.
hmac() {
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary
}

test_the_standard_signature_covers_id_time_and_body() {
	worker "attempt 1 job $(to ok)
wait" >/dev/null
	key=$(printf %s "${SECRET#whsec_}" | base64 -d | od -An -vtx1 |
	    tr -d ' \n')
	at=$(request ok '.headers["webhook-timestamp"]')
	assertEquals "$ID" "$(request ok '.headers["webhook-id"]')"
	assertTrue 'it is now' "[ $(($(date +%s) - at)) -lt 60 ]"
	assertEquals "v1,$({
		printf '%s.%s.' "$ID" "$at"
		cat "$(body_of ok)"
	} | hmac "$key" | base64)" \
	    "$(request ok '.headers["webhook-signature"]')"
	assertEquals null "$(request ok '.headers["x-webhook-signature"]')"
}

test_the_other_signature_covers_time_and_body_with_a_raw_secret() {
	expect 0 "outcome token=1 $delivered bytes=222 $from
exit status 0" worker "attempt 1 job \
config={\"url\":\"$URL/ok\",\"secret\":\"raw-secret\",\"signature\":\"x-webhook\"}
wait"
	key=$(printf raw-secret | od -An -vtx1 | tr -d ' \n')
	at=$(request ok '.headers["x-webhook-timestamp"]')
	assertTrue "$at" "$(date -d "$at" +%s >/dev/null; echo $?)"
	assertEquals "sha256=$({
		printf '%s.' "$at"
		cat "$(body_of ok)"
	} | hmac "$key" | od -An -vtx1 | tr -d ' \n')" \
	    "$(request ok '.headers["x-webhook-signature"]')"
	assertEquals "$ID null" "$(request ok \
	    '.headers | "\(.["x-delivery-id"]) \(.["webhook-id"])"')"
}

# signed_by SECRET: `v1,…` of the last request for /ok under that secret.
signed_by() {
	key=$(printf %s "${1#whsec_}" | base64 -d | od -An -vtx1 | tr -d ' \n')
	printf 'v1,%s' "$({
		printf '%s.%s.' "$ID" "$(request ok '.headers["webhook-timestamp"]')"
		cat "$(body_of ok)"
	} | hmac "$key" | base64)"
}

x_signed_by() {
	key=$(printf %s "${1#whsec_}" | base64 -d | od -An -vtx1 | tr -d ' \n')
	printf 'sha256=%s' "$({
		printf '%s.' "$(request ok '.headers["x-webhook-timestamp"]')"
		cat "$(body_of ok)"
	} | hmac "$key" | od -An -vtx1 | tr -d ' \n')"
}

test_secrets_in_their_overlap_sign_along_after_the_current_one() {
	second=whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
	third=whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB
	old="\"oldSecrets\":{\"2\":\"$second\",\"1\":\"$third\"}"
	worker "attempt 1 job $(to ok "$old,\"signature\":\"both\"")
wait" >/dev/null
	assertEquals \
	    "$(signed_by "$SECRET") $(signed_by $second) $(signed_by $third)" \
	    "$(request ok '.headers["webhook-signature"]')"
	assertEquals \
	    "$(x_signed_by "$SECRET"),$(x_signed_by $second),$(x_signed_by $third)" \
	    "$(request ok '.headers["x-webhook-signature"]')"
	expect 0 "outcome token=1 deferred CONFIG_ERROR code=0 bytes=0 reason=\"the destination's secret is one of too many\"
exit status 0" worker "attempt 1 job $(to ok \
	    "\"oldSecrets\":{\"3\":\"$second\",\"2\":\"$second\",\"1\":\"$second\"}")
wait"
}

# The first test of RFC 8032 is this key; openssl judges the signature.
ed25519_seed=nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=

# verifies SIGNATURE: an ed25519 signature of the last request for /ok.
verifies() {
	{
		printf '\060\056\002\001\000\060\005\006\003\053'
		printf '\145\160\004\042\004\040'
		printf %s "$ed25519_seed" | base64 -d
	} | openssl pkey -inform DER -pubout -out public.pem
	printf %s "$1" | base64 -d >signature
	{
		printf '%s.%s.' "$ID" "$(request ok '.headers["webhook-timestamp"]')"
		cat "$(body_of ok)"
	} >message
	openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in message \
	    -sigfile signature
}

test_an_ed25519_key_signs_beside_hmac() {
	expect 0 "outcome token=1 $delivered bytes=222 $from
exit status 0" worker "attempt 1 job config={\"url\":\"$URL/ok\",\
\"secret\":\"whsk_$ed25519_seed\",\"oldSecrets\":{\"1\":\"$SECRET\"}}
wait"
	signature=$(request ok '.headers["webhook-signature"]')
	assertEquals v1a "${signature%%,*}"
	assertEquals "$(signed_by "$SECRET")" "${signature#* }"
	signature=${signature#v1a,}
	expect 0 'Signature Verified Successfully' verifies "${signature%% *}"
}

test_an_ed25519_key_signs_what_fits_in_memory_one_at_a_time() {
	limit=$(bound 49152)
	head -c 12582912 /dev/zero >file
	head -c 12582913 /dev/zero >large
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	sed 's/"x"/"y"/' carries >too-large
	for n in 1 2 3 4 5; do
		echo "attempt $n carries payload=file config={\"url\":\"$URL/ok\",\"secret\":\"whsk_$ed25519_seed\"}"
	done >commands
	rmdir sink/bodies
	assertEquals "5 $delivered bytes=12582912 $from
1 failed VALIDATION_ERROR code=0 bytes=0 reason=\"the body is larger than the 12582912 bytes that an ed25519 key signs here\"
memory: within $limit KiB" "$(worker "$(cat commands)
wait 5
attempt 6 too-large payload=large config={\"url\":\"$URL/ok\",\"secret\":\"whsk_$ed25519_seed\"}
wait
memory $limit" | sed -n 's/^outcome token=[0-9]* //p; /^memory/p' | uniq -c |
	    sed 's/^ *//; s/^1 memory/memory/')"
}

test_none_signs_nothing_and_needs_no_secret() {
	head -c 3000000 /dev/zero >file
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	expect 0 "outcome token=1 $delivered bytes=3000000 $from
exit status 0" worker "attempt 1 carries payload=file \
config={\"url\":\"$URL/ok\",\"signature\":\"none\"}
wait"
	assertEquals null "$(request ok '.headers["webhook-signature"]')"
}

test_what_has_changed_is_not_sent() {
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	head -c 3000000 /dev/zero >file
	cp job other
	cp job longer
	cp job shorter
	cp file more
	changed='failed PAYLOAD_CHANGED code=0 bytes=0 reason'
	expect 0 "outcome token=1 $changed=\"the job is no longer what was accepted\"
outcome token=2 $changed=\"the job is no longer what was accepted\"
outcome token=3 $changed=\"the job is no longer what was accepted\"
outcome token=4 $changed=\"the payload is no longer what was accepted\"
outcome token=5 $changed=\"the payload is no longer what was accepted\"
exit status 0" worker "attempt 1 other change=other,9,x $(to ok)
wait
attempt 2 longer change=longer,1000,x $(to ok)
wait
attempt 3 shorter change=shorter,-1 $(to ok)
wait
attempt 4 carries payload=file change=file,2999999,x $(to ok)
wait
attempt 5 carries payload=more change=more,3000000,x $(to ok)
wait"
	assertFalse 'nothing was sent' '[ -s sink/requests ]'
}

# Without a signature there is no pass over it before the one that sends it.
test_what_has_changed_is_found_out_before_its_last_byte_is_sent() {
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	head -c 3000000 /dev/zero >file
	expect 0 'outcome token=1 failed PAYLOAD_CHANGED code=0 bytes=0 reason="the payload is no longer what was accepted"
exit status 0' worker "attempt 1 carries payload=file change=file,0,x \
config={\"url\":\"$URL/ok\",\"signature\":\"none\"}
wait"
	assertFalse 'it never was a whole request' '[ -s sink/requests ]'
}

test_no_answer_after_everything_was_sent_may_have_arrived() {
	answers reset reset
	answers hang hang
	expect 0 "outcome token=1 deferred MAY_HAVE_ARRIVED code=0 bytes=222 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: Recv failure: Connection reset by peer\" $from
outcome token=2 deferred MAY_HAVE_ARRIVED code=0 bytes=222 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: nothing moved for 700 ms\" $from
exit status 0" worker "attempt 1 job $(to reset)
wait
attempt 2 job timeout=700 $(to hang)
wait"
}

# libcurl would send it again; a body of 20,000 bytes is read while it is sent.
test_a_request_is_never_repeated_where_a_kept_connection_ends() {
	answers reset reset
	job large "{\"destinations\":[\"ehr\"],\"payload\":{\"type\":\"report\",
	    \"data\":\"$(head -c 20000 /dev/zero | tr '\0' x)\"}}"
	expect 0 "outcome token=1 $delivered bytes=222 $from
outcome token=2 deferred MAY_HAVE_ARRIVED code=0 bytes=222 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: a kept connection ended instead of an answer\" $from
outcome token=3 $delivered bytes=222 $from
outcome token=4 deferred MAY_HAVE_ARRIVED code=0 bytes=20132 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: a kept connection ended instead of an answer\" $from
exit status 0" worker "attempt 1 job $(to ok)
wait
attempt 2 job $(to reset)
wait
attempt 3 job $(to ok)
wait
attempt 4 large $(to reset)
wait"
	assertEquals 'requests that were cut off' 2 \
	    "$(grep -c '"path":"/reset"' sink/requests)"
}

# A status line is seventeen of the bytes that drip.
test_an_answer_that_drips_is_waited_for_while_it_moves_but_not_for_ever() {
	answers slow 'drip 30'
	answers slower 'drip 100'
	expect 0 "outcome token=1 $delivered bytes=222 $from
outcome token=2 deferred MAY_HAVE_ARRIVED code=0 bytes=222 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: the answer is not whole after 3000 ms\" $from
exit status 0" worker "attempt 1 job timeout=1500 $(to slow)
wait
attempt 2 job timeout=1500 $(to slower)
wait"
}

test_ten_megabytes_of_answer_are_cut_off_and_what_it_begins_with_counts() {
	answers flood flood
	expect 0 "outcome token=1 $delivered bytes=222 $from
outcome token=2 $delivered bytes=222 $from
exit status 0" worker "attempt 1 job $(to flood)
attempt 2 job $(to ok)
wait 2"
}

test_each_status_has_its_verdict() {
	while read -r status words; do
		answers "s$status" "$status"
		expect 0 "outcome token=1 $words remote=\"$status\\x0a\" $from
exit status 0" worker "attempt 1 job $(to "s$status")
wait"
	done <<-'TABLE'
	302 deferred HTTP_STATUS code=302 bytes=222 reason="it answered 302: redirects are not followed"
	400 failed HTTP_STATUS code=400 bytes=222 reason="it answered 400"
	401 deferred AUTHENTICATION_FAILED code=401 bytes=222 transport reason="it answered 401: it does not accept the credentials or the signature"
	403 deferred AUTHENTICATION_FAILED code=403 bytes=222 transport reason="it answered 403: it does not accept the credentials or the signature"
	404 failed HTTP_STATUS code=404 bytes=222 reason="it answered 404"
	408 deferred HTTP_STATUS code=408 bytes=222 reason="it answered 408"
	409 deferred HTTP_STATUS code=409 bytes=222 reason="it answered 409"
	410 failed HTTP_STATUS code=410 bytes=222 disable reason="it answered 410: it is gone, the destination is disabled"
	429 deferred HTTP_STATUS code=429 bytes=222 slow-down reason="it answered 429: it asks for fewer requests"
	500 deferred HTTP_STATUS code=500 bytes=222 transport reason="it answered 500"
	502 deferred HTTP_STATUS code=502 bytes=222 slow-down reason="it answered 502: it is overloaded or away"
	503 deferred HTTP_STATUS code=503 bytes=222 slow-down reason="it answered 503: it is overloaded or away"
	504 deferred HTTP_STATUS code=504 bytes=222 slow-down reason="it answered 504: it is overloaded or away"
	599 deferred HTTP_STATUS code=599 bytes=222 transport reason="it answered 599"
	TABLE
	for status in 200 201 202 299; do
		answers "s$status" "$status"
		expect 0 "outcome token=1 delivered code=$status bytes=222 $from
exit status 0" worker "attempt 1 job $(to "s$status")
wait"
	done
}

# after VALUE: what is made of a Retry-After
after() {
	answers later "503
Retry-After: $1"
	worker "attempt 1 job $(to later)
wait" | grep -o 'retryAfter=[0-9]*' | cut -d = -f 2
}

test_retry_after_is_seconds_or_a_date_and_at_most_a_day() {
	assertEquals 7000 "$(after 7)"
	assertEquals 86400000 "$(after 86401)"
	assertEquals 86400000 "$(after 99999999999999999999)"
	assertEquals '' "$(after 0)"
	assertEquals '' "$(after -5)"
	assertEquals '' "$(after soon)"
	assertEquals '' "$(after '7 apples')"
	got=$(after "$(LC_ALL=C date -u -d '+100 seconds' \
	    '+%a, %d %b %Y %H:%M:%S GMT')")
	assertTrue "$got" "[ ${got:-0} -gt 90000 ] && [ ${got:-0} -le 100000 ]"
	assertEquals '' "$(after 'Wed, 21 Oct 2015 07:28:00 GMT')"
	assertEquals 86400000 "$(after 'Wed, 21 Oct 2065 07:28:00 GMT')"
}

# says STATUS TEXT [HEADERS]: what is kept of an answer with that body
says() {
	node -e 'const [text, status, header] = process.argv.slice(1);
	    require("node:http").createServer((q, r) => {
		q.resume().on("end", () => {
		    if (header) r.setHeader("X-Request-Id", header);
		    r.statusCode = +status; r.end(text); });
	    }).listen(0, "127.0.0.1", function () {
		require("node:fs").writeFileSync("port.new",
		    String(this.address().port));
		require("node:fs").renameSync("port.new", "port"); })' \
	    -- "$2" "$1" "$3" >said.log 2>&1 &
	said=$!
	until [ -f port ]; do sleep 0.05; done
	worker "attempt 1 job $(to x | sed "s/$PORT/$(cat port)/")
wait" | grep -oE ' (reference|remote)=.*' | sed 's/ peer=.*//'
	rm port
	kill $said
	wait $said 2>/dev/null
}

test_the_remotes_identifier_is_its_header_or_stands_in_its_json() {
	assertEquals ' reference="req-77"' "$(says 200 '{"id":"x"}' req-77)"
	assertEquals ' reference="x-1"' "$(says 200 '{"a":1,"id":"x-1"}')"
	assertEquals ' reference="12345678901234567890"' \
	    "$(says 202 '{"id":12345678901234567890}')"
	assertEquals ' reference="r"' "$(says 200 '{"reference":"r"}')"
	assertEquals '' "$(says 200 '{"id":{"a":1}}')"
	assertEquals '' "$(says 200 '{"id":"a\u000ab"}')"
	assertEquals '' "$(says 200 '{"id":"x"')"
	assertEquals '' "$(says 200 ok)"
}

test_what_a_remote_says_is_kept_escaped_and_short() {
	assertEquals ' remote="Nicht möglich: \x5c\x0a\x1b[31m\x80"' \
	    "$(says 500 "$(printf 'Nicht möglich: \\\n\033[31m\302\200')" |
	    sed 's/\\xc2//')"
	text=$(head -c 3000 /dev/zero | tr '\0' '\001')
	assertTrue 'short' "[ $(says 500 "$text" | wc -c) -le 1050 ]"
}

test_an_answer_that_is_no_http_is_a_protocol_error() {
	answers nonsense nonsense
	expect 0 "outcome token=1 deferred PROTOCOL_ERROR code=0 bytes=222 transport reason=\"127.0.0.1:PORT: Received HTTP/0.9 when not allowed\" $from
exit status 0" worker "attempt 1 job $(to nonsense)
wait"
}

test_an_address_outside_of_the_policy_is_never_connected_to() {
	for host in 10.1.2.3 169.254.169.254 '[::ffff:169.254.169.254]'; do
		worker "attempt 1 job config={\"url\":\"http://$host/\",\"signature\":\"none\"}
wait" >said
		assertEquals "$host" 1 "$(grep -c \
		    'deferred EGRESS_DENIED .* is not within egress_allow"' said)"
	done
	SETUP=' egress=public\n'
	for host in 127.0.0.1 127.1 0x7f000001 2130706433 0177.0.0.1 localhost \
	    '[::1]' '[::ffff:7f00:1]'; do
		worker "attempt 1 job config={\"url\":\"http://$host:$PORT/ok\",\"signature\":\"none\"}
wait" >said
		assertEquals "$host: $(cat said)" 1 "$(grep -c \
		    'deferred EGRESS_DENIED .*(this host itself)' said)"
	done
	assertFalse 'nothing came' '[ -s sink/requests ]'
}

test_plain_http_needs_to_be_named_where_it_is_not_loopback() {
	SETUP=' egress=private\npublic\n'
	expect 0 'outcome token=1 deferred EGRESS_DENIED code=0 bytes=0 reason="10.1.2.3:80 is spoken to without TLS only where plaintext_allow names it"
exit status 0' worker "attempt 1 job config={\"url\":\"http://10.1.2.3/\",\"signature\":\"none\"}
wait"
}

test_other_schemes_are_not_spoken() {
	for url in file:///etc/passwd ftp://127.0.0.1/x gopher://127.0.0.1/x; do
		worker "attempt 1 job config={\"url\":\"$url\",\"signature\":\"none\"}
wait" >said
		assertEquals "$(cat said)" 1 \
		    "$(grep -c 'deferred PROTOCOL_ERROR code=0 bytes=0' said)"
	done
}

test_a_proxy_in_the_environment_is_not_asked() {
	expect 0 "outcome token=1 $delivered bytes=222 $from
exit status 0" env http_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 \
	    sh -c "printf '%s\n' setup 'attempt 1 job $(to ok)' wait close end |
	    '$BUILD/tests/probe_worker' '$BUILD/libexec/spoold/webhook' |
	    sed -e 1d -e 's/:$PORT/:PORT/g'"
}

test_a_destination_that_hangs_holds_nobody_up() {
	answers hang hang
	expect 0 "outcome token=2 $delivered bytes=222 $from
outcome token=3 $delivered bytes=222 $from
outcome token=4 $delivered bytes=222 $from" worker_while_hanging
}

worker_while_hanging() {
	worker "attempt 1 job timeout=3000 $(to hang)
attempt 2 job $(to ok)
wait
attempt 3 job $(to ok)
wait
attempt 4 job $(to ok)
wait" | head -3
}

test_progress_is_told_while_something_moves() {
	answers slow 'drip 60'
	assertEquals 'progress token=1
outcome token=1 delivered
exit status 0' "$(worker "attempt 1 job $(to slow)
progress 1
wait" | sed 's/ code=.*//')"
}

test_progress_grows_already_while_a_large_payload_is_signed() {
	truncate -s 4G file
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	assertEquals 'grows token=1' "$(printf '%s\n' setup \
	    "attempt 1 carries payload=file $(to hang |
	    sed "s/:$PORT/:1/")" 'grows 1' |
	    PROBE_PATIENCE=60 "$BUILD/tests/probe_worker" \
	    "$BUILD/libexec/spoold/webhook" | sed -n 2p)"
}

test_half_a_gibibyte_goes_out_in_little_memory() {
	limit=$(bound 32768)
	rmdir sink/bodies
	truncate -s 512M file
	job carries '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}'
	expect 0 "outcome token=1 $delivered bytes=536870912 $from
memory: within $limit KiB
exit status 0" env PROBE_PATIENCE=120 sh -c "printf '%s\n' setup \
	    'attempt 1 carries payload=file $(to ok)' wait 'memory $limit' \
	    close end |
	    '$BUILD/tests/probe_worker' '$BUILD/libexec/spoold/webhook' |
	    sed -e 1d -e 's/:$PORT/:PORT/g'"
}

test_fifty_at_once_go_out_in_little_memory() {
	for n in $(seq 200); do
		echo "attempt $n job $(to ok)"
	done >commands
	assertEquals '200 within' "$(worker "$(cat commands)
wait 200
memory $(bound 32768)" | sed -n 's/.* delivered .*/delivered/p; s/memory: //p' |
	    sort | uniq -c | awk '/delivered/ { n = $1 } /within/ { w = $2 }
	    END { print n, w }')"
}

# The last request's headers stay in libcurl's own buffers; the sanitizers keep
# what was freed.
test_a_signing_key_is_not_in_its_memory_when_nothing_is_under_way() {
	answers hang hang
	worker "attempt 1 job timeout=2000 config={\"url\":\"$URL/hang\",\
\"secret\":\"raw-secret-to-look-for\",\"signature\":\"x-webhook\"}
attempt 2 job $(to ok)
wait
find secret-to-look-fo
wait
gone secret-to-look-fo" >said
	sanitized ||
	    assertEquals 'found 0 times' "$(grep '^found' said | tail -1)"
	assertNotEquals 'it was there' 'found 0 times' \
	    "$(grep '^found' said | head -1)"
}

test_what_it_cannot_erase_it_does_not_say_is_gone() {
	expect 0 'erased token=7 PERMISSION_DENIED reason="this transport erases nothing"
exit status 0' worker 'erase 7
wait'
}

test_it_is_shut_in_by_the_kernel() {
	expect 0 'NoNewPrivs: 1
Seccomp: 2
exit status 0' worker 'proc NoNewPrivs
proc Seccomp'
}

test_an_unknown_authority_or_rule_stops_the_start() {
	SETUP=' caFile=/nowhere'
	assertEquals 'no certificates in /nowhere
exit status 78' "$(worker '' | grep -v 'link has ended' |
	    sed 's/.*spoold-webhook\[[0-9]*\]: //')"
	SETUP=' egress=nonsense\n'
	assertEquals '"nonsense": allowed are CIDRs and the words private, public and loopback, with or without :PORT, and NAME:PORT, where * stands for a part of the name
exit status 78' "$(worker '' | grep -v 'link has ended' |
	    sed 's/.*spoold-webhook\[[0-9]*\]: //')"
}

run_suite
