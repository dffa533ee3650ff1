#!/bin/sh
# mailapi_answers_test - what the answers of the APIs of mail mean, and what a
# test of them shows
# shellcheck disable=SC1010,SC2016,SC2119,SC2154 # "done" is a queue; $… is jq's
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/mailapi.sh
. "$TESTS/peers/mailapi.sh"

# --- what their answers mean ---------------------------------------------------

# answered DESTINATION RULE OUTCOME: what becomes of a ticket there.
answered() {
	rule a "$2"
	drop "r$(date +%N)" "$(job "$1")"
	eventually over "$ID" "$1"
	assertEquals "$2" "$3" "$(said "$1")"
	rm "$API_DIR/rules/a"
}

over() {
	in_queue retry "$@" || in_queue failed "$@"
}

# status CODE BODY [HEADERS]: a rule.
status() {
	headers=${3-}
	[ -n "$headers" ] || headers='{}'
	printf '{"match":"POST","status":%s,"body":%s,"headers":%s}' "$1" \
	    "$2" "$headers"
}

test_errors_of_sendgrid_are_what_its_reference_says() {
	api_instance
	to a "$sendgrid"
	error() {
		status "$1" '{"errors":[{"message":"'"$2"'","field":null,"help":null}]}'
	}
	answered a "$(error 400 'Does not contain a valid address.')" \
	    'failed HTTP_STATUS: it answered 400: it does not take the mail'
	answered a "$(error 401 'The provided authorization grant is invalid, expired, or revoked')" \
	    'deferred AUTHENTICATION_FAILED: it answered 401: it does not accept the apiKey'
	answered a "$(error 401 'Maximum credits exceeded')" \
	    "deferred HTTP_STATUS: it answered 401: the account's credits are used up"
	answered a "$(error 403 'The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.')" \
	    'deferred CONFIG_ERROR: it answered 403: from is no sender that was verified there'
	answered a "$(error 403 'access forbidden')" \
	    'deferred AUTHENTICATION_FAILED: it answered 403: the apiKey may not send mail: give it the permission mail.send'
	answered a "$(error 404 'not found')" \
	    'deferred CONFIG_ERROR: it answered 404: there is no such API: mend endpoint'
	answered a "$(error 413 'too large')" \
	    'failed HTTP_STATUS: it answered 413: the mail is too large for it'
	answered a "$(error 429 'too many requests')" \
	    'deferred HTTP_STATUS: it answered 429: it asks for fewer requests'
	answered a "$(error 500 'unexpected')" \
	    'deferred HTTP_STATUS: it answered 500'
	answered a "$(error 503 'unavailable')" \
	    'deferred HTTP_STATUS: it answered 503: it is overloaded or away'
	answered a "$(status 200 '""')" \
	    'deferred HTTP_STATUS: it answered 200: that is no success here'
}

test_errors_of_resend_are_what_its_reference_says() {
	api_instance
	to a "$resend"
	error() {
		status "$1" '{"statusCode":'"$1"',"name":"'"$2"'","message":"'"$3"'"}'
	}
	answered a "$(error 400 validation_error 'API key is invalid')" \
	    'deferred AUTHENTICATION_FAILED: it answered 400 validation_error: it does not accept the apiKey'
	answered a "$(error 401 restricted_api_key 'no')" \
	    'deferred AUTHENTICATION_FAILED: it answered 401 restricted_api_key: the apiKey may not do that'
	answered a "$(error 403 validation_error 'The example.org domain is not verified.')" \
	    'deferred CONFIG_ERROR: it answered 403 validation_error: the domain of from is not verified there, or the account may send to its owner only'
	answered a "$(error 422 invalid_from_address 'no')" \
	    'deferred CONFIG_ERROR: it answered 422 invalid_from_address: it does not take from'
	answered a "$(error 422 invalid_attachment 'no')" \
	    'failed HTTP_STATUS: it answered 422: it does not take the mail'
	answered a "$(error 409 invalid_idempotent_request 'no')" \
	    "failed CONFLICT: it answered 409 invalid_idempotent_request: an earlier attempt has arrived, with what the destination's settings made of it then"
	answered a "$(error 409 concurrent_idempotent_requests 'no')" \
	    'deferred HTTP_STATUS: it answered 409 concurrent_idempotent_requests: an earlier attempt is still under way there'
	answered a "$(error 429 rate_limit_exceeded 'no')" \
	    'deferred HTTP_STATUS: it answered 429 rate_limit_exceeded: it asks for fewer requests'
	answered a "$(error 429 daily_quota_exceeded 'no')" \
	    "deferred HTTP_STATUS: it answered 429 daily_quota_exceeded: the account's mails for today are used up"
	answered a "$(error 451 security_error 'no')" \
	    'failed HTTP_STATUS: it answered 451 security_error: it does not take the mail'
	answered a "$(error 500 application_error 'no')" \
	    'deferred HTTP_STATUS: it answered 500'
}

test_errors_of_ses_are_what_its_reference_says() {
	api_instance
	to a "$ses"
	# the name in a header with an address, or in the body with a namespace
	error() {
		status "$1" '{"message":"'"${3-no}"'"}' \
		    '{"x-amzn-ErrorType":"'"$2"':http://internal.amazon.com/"}'
	}
	answered a "$(error 400 MessageRejected)" \
	    'failed HTTP_STATUS: it answered 400 MessageRejected: it does not take the mail'
	answered a "$(status 400 '{"__type":"com.amazonaws.sesv2#MessageRejected","message":"Email address is not verified. The following identities failed the check in region EU-WEST-1: a@b"}')" \
	    'deferred CONFIG_ERROR: it answered 400 MessageRejected: an address is not verified there: from, or in a sandbox any'
	answered a "$(error 400 MailFromDomainNotVerifiedException)" \
	    'deferred CONFIG_ERROR: it answered 400 MailFromDomainNotVerifiedException: the domain of from is not verified there'
	answered a "$(error 400 AccountSuspendedException)" \
	    'deferred HTTP_STATUS: it answered 400 AccountSuspendedException: the account may not send any more'
	answered a "$(error 400 SendingPausedException)" \
	    'deferred HTTP_STATUS: it answered 400 SendingPausedException: sending is paused for the account'
	answered a "$(error 400 LimitExceededException)" \
	    'deferred HTTP_STATUS: it answered 400 LimitExceededException: a limit of the account is reached'
	answered a "$(error 429 TooManyRequestsException 'Maximum sending rate exceeded.')" \
	    'deferred HTTP_STATUS: it answered 429 TooManyRequestsException: it asks for fewer requests'
	answered a "$(error 404 NotFoundException)" \
	    'deferred CONFIG_ERROR: it answered 404 NotFoundException: something that it was asked for is not there'
	answered a "$(error 400 BadRequestException)" \
	    'failed HTTP_STATUS: it answered 400 BadRequestException: it does not take the mail'
	answered a "$(error 403 AccessDeniedException)" \
	    "deferred AUTHENTICATION_FAILED: it answered 403 AccessDeniedException: the key may not do that: it needs ses:SendEmail and ses:SendRawEmail on the sender's identity"
	answered a "$(error 403 InvalidSignatureException 'Signature expired: 20260101T000000Z is now earlier than')" \
	    "deferred AUTHENTICATION_FAILED: it answered 403 InvalidSignatureException: the clocks differ: set this machine's"
	answered a "$(error 500 InternalFailure)" \
	    'deferred HTTP_STATUS: it answered 500'
}

test_what_any_api_answers_is_judged_by_its_status() {
	api_instance
	to a "$custom"
	answered a "$(status 400 '{"message":"x"}')" \
	    'failed HTTP_STATUS: it answered 400'
	answered a "$(status 401 '""')" \
	    'deferred AUTHENTICATION_FAILED: it answered 401: it does not accept the credentials or the signature'
	answered a "$(status 409 '""')" 'deferred HTTP_STATUS: it answered 409'
	answered a "$(status 302 '""' '{"location":"http://127.0.0.1/"}')" \
	    'deferred HTTP_STATUS: it answered 302: redirects are not followed'
	drop good "$(job a)"
	eventually delivered "$ID" a
	eventually receipt_says good "$ID" \
	    '.destinations[0].crossSystemReference | startswith("custom-")'
}

test_what_a_provider_says_is_in_the_ticket_and_not_in_the_journal() {
	api_instance
	to sendgrid "$sendgrid"
	to resend "$resend"
	rule a '{"match":"send$","status":400,"body":{"errors":[
	    {"message":"first \u0007","field":"from.email"},
	    {"message":"second","field":null}]}}'
	rule b '{"match":"emails$","status":422,"body":{"statusCode":422,
	    "name":"validation_error","message":"third"}}'
	drop one "$(job sendgrid resend)"
	eventually in_queue failed "$ID" sendgrid
	eventually in_queue failed "$ID" resend
	assertEquals 'from.email: first \x07; second' "$(jq -r \
	    'select(.event == "failed") | .remote' \
	    "$SPOOL"/failed/*"$ID".sendgrid*)"
	assertEquals 'validation_error: third' "$(jq -r \
	    'select(.event == "failed") | .remote' \
	    "$SPOOL"/failed/*"$ID".resend*)"
	assertEquals '' "$(grep -l 'third' "$LOG"/journal/*.jsonl)"
}

# waits DESTINATION HEADERS SECONDS [MORE]: an answer 429 with these lets it
# wait so long, or a little less: it took its time to come.
waits() {
	rule a "$(status 429 '{"message":"x"}' "$2")"
	drop "w$(date +%N)" "$(job "$1")"
	eventually in_queue retry "$ID" "$1"
	# an hour, if nobody says when
	due=$(journal "select(.job == \"$ID\" and .event == \"deferred\") |
	    ((.due | sub(\"\\\\.[0-9]+\"; \"\") | fromdate) -
	    (.time | sub(\"\\\\.[0-9]+\"; \"\") | fromdate))")
	assertTrue "$2: $due" "[ $due -ge $(($3 - 60)) ] &&
	    [ $due -le $(($3 + ${4-2})) ]"
	rm "$API_DIR/rules/a"
}

test_a_rate_limit_says_when_it_is_to_be_tried_again() {
	api_instance
	to sendgrid "$sendgrid"
	to resend "$resend"
	waits sendgrid '{"retry-after":"7000"}' 7000
	waits sendgrid "{\"x-ratelimit-reset\":\"$(($(date +%s) + 5000))\"}" 5000
	waits resend '{"ratelimit-reset":"6000"}' 6000
	waits resend '{"ratelimit-reset":"6000","retry-after":"8000"}' 8000
	waits resend '{"ratelimit-reset":"99999999"}' 86400
	waits sendgrid '{"x-ratelimit-reset":"soon"}' 2700 1800
}

test_an_answer_that_is_none_of_the_api_never_counts_as_delivered() {
	api_instance
	four
	for name in resend ses; do
		answered $name '{"match":"POST","status":200,"body":"<html>log in</html>"}' \
		    "deferred MAY_HAVE_ARRIVED: it answered 200 without the mail's $(
		    [ $name = ses ] && echo MessageId || echo id), so it is not known whether it took it"
		answered $name '{"match":"POST","raw":"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"id\":\"x"}' \
		    "deferred MAY_HAVE_ARRIVED: it answered 200 without the mail's $(
		    [ $name = ses ] && echo MessageId || echo id), so it is not known whether it took it"
	done
	for name in sendgrid resend ses custom; do
		rule a '{"match":"POST","raw":"hello\r\n\r\n"}'
		drop "h$name" "$(job $name)"
		eventually in_queue retry "$ID" $name
		assertContains "$(said $name)" \
		    "deferred PROTOCOL_ERROR: ${API#http://}: "
		rule a '{"match":"POST","silent":true}'
		drop "s$name" "$(job $name)"
		eventually in_queue retry "$ID" $name
		assertContains "$(said $name)" \
		    "deferred MAY_HAVE_ARRIVED: ${API#http://}: everything was sent, no answer came: "
		rm "$API_DIR/rules/a"
	done
}

test_an_answer_of_more_than_64_kib_is_judged_by_its_status() {
	api_instance
	four
	head -c 100000 /dev/zero | tr '\0' x |
	    jq -Rc '{match: "POST", status: 503, body: .}' >"$API_DIR/rules/a"
	drop one "$(job sendgrid resend ses custom)"
	for name in sendgrid resend ses custom; do
		eventually in_queue retry "$ID" $name
		assertEquals 'deferred HTTP_STATUS: it answered 503: it is overloaded or away' \
		    "$(said $name)"
	done
}

test_no_answer_at_all_ends_after_the_timeout() {
	api_instance
	four 'timeout: 700'
	rule a '{"match":"POST","hang":true}'
	drop one "$(job sendgrid resend ses custom)"
	for name in sendgrid resend ses custom; do
		eventually in_queue retry "$ID" $name
		assertContains "$(said $name)" \
		    "deferred MAY_HAVE_ARRIVED: ${API#http://}: everything was sent, no answer came: "
	done
}

test_an_answer_before_all_was_sent_is_none_of_success() {
	api_instance
	head -c 8000000 /dev/zero >"$SPOOL/data/payload.bin"
	to sendgrid "$sendgrid"
	to resend "$resend"
	rule a '{"match":"send$","early":true,"status":202,"body":"",
	    "headers":{"connection":"close"}}'
	rule b '{"match":"emails$","early":true,"status":413,"body":"",
	    "headers":{"connection":"close"}}'
	drop one "$(with_file sendgrid resend)"
	eventually in_queue retry "$ID" sendgrid
	eventually in_queue failed "$ID" resend
	assertEquals 'failed HTTP_STATUS: it answered 413: the mail is too large for it' \
	    "$(said resend)"
}

test_what_may_have_arrived_is_sent_again_and_by_resend_only_once() {
	api_instance
	setting retry base_delay 100ms
	stop
	start
	to resend "$resend"
	to sendgrid "$sendgrid"
	rule a '{"match":"POST","after":true,"times":2}'
	drop one "$(job resend sendgrid)"
	eventually delivered "$ID" resend
	eventually delivered "$ID" sendgrid
	assertEquals "$ID.resend" "$(request $RESEND \
	    '.headers["idempotency-key"]')"
	assertEquals 'the same request again' 1 "$(jq -c 'select(.path ==
	    "'$RESEND'") | [.headers["idempotency-key"], .body]' \
	    "$API_DIR/requests" | sort -u | wc -l)"
	assertEquals 'two requests' 2 "$(jq -c 'select(.path ==
	    "'$RESEND'")' "$API_DIR/requests" | wc -l)"
	assertEquals null "$(request $SENDGRID '.headers["idempotency-key"]')"
	for name in resend sendgrid; do
		assertEquals $name true "$(journal "select(.dest == \"$name\" and
		    .event == \"delivered\") | .possibleDuplicate")"
	done
}

test_a_changed_destination_does_not_send_twice_what_resend_has_taken() {
	api_instance
	to resend "$resend"
	rule a '{"match":"POST","after":true,"times":1}'
	drop one "$(job resend)"
	eventually in_queue retry "$ID" resend
	run spooldest update resend - <<-END
		{"config": {"email": {"subject": "Other"}}}
	END
	assertEquals "$ERR" 0 "$STATUS"
	run spoolq -s resend
	eventually in_queue failed "$ID" resend
	assertEquals "failed CONFLICT: it answered 409 invalid_idempotent_request: an earlier attempt has arrived, with what the destination's settings made of it then" \
	    "$(said resend)"
}

test_the_providers_ids_are_the_references() {
	api_instance
	four
	drop one "$(job sendgrid resend ses custom)"
	for name in sendgrid resend ses custom; do
		eventually delivered "$ID" $name
	done
	for each in sendgrid:sg- resend:49a3999c- ses:0102- custom:custom-; do
		eventually receipt_says one "$ID" ".destinations[] |
		    select(.destinationId == \"${each%%:*}\") |
		    .crossSystemReference | startswith(\"${each#*:}\")"
	done
}

test_a_mail_larger_than_a_provider_takes_fails_before_it_is_sent() {
	api_instance
	to sendgrid "$sendgrid"
	to resend "$resend"
	to ses "$ses"
	to own "$custom" 'maxMessageSize: 10'
	truncate -s 31500000 "$SPOOL/data/payload.bin"
	drop one "$(with_file sendgrid resend ses own)"
	for name in sendgrid resend ses own; do
		eventually in_queue failed "$ID" $name
	done
	assertContains "$(said sendgrid)" 'bytes, more than the 31457280 that sendgrid takes'
	assertContains "$(said resend)" 'bytes, more than the 41943040 that resend takes'
	assertContains "$(said ses)" 'bytes, more than the 41943040 that ses takes'
	assertContains "$(said own)" "more than the destination's maxMessageSize of 10"
	assertEquals 0 "$(requests)"
}

test_a_payload_that_changes_is_never_a_whole_mail() {
	api_instance
	to sendgrid "$sendgrid"
	to ses "$ses"
	head -c 100000 /dev/urandom >"$SPOOL/data/payload.bin"
	switch disable sendgrid
	switch disable ses
	drop one "$(with_file sendgrid ses)"
	eventually in_queue cur "$ID" sendgrid
	eventually in_queue cur "$ID" ses
	find "$SPOOL/jobs" -name "$ID*" -type f ! -name '*.json' | while read -r f
	do
		printf x | dd of="$f" bs=1 seek=99999 conv=notrunc 2>/dev/null
	done
	switch enable sendgrid
	switch enable ses
	eventually in_queue failed "$ID" sendgrid
	eventually in_queue failed "$ID" ses
	assertContains "$(said sendgrid)" 'failed PAYLOAD_CHANGED'
	assertContains "$(said ses)" 'failed PAYLOAD_CHANGED'
	assertEquals 0 "$(requests)"
}

test_many_mails_share_connections() {
	api_instance
	to resend "$resend"
	to ses "$ses"
	drops 30 many "$(job resend ses)"
	eventually_within $((TEST_PATIENCE * 2)) counts done 60
	assertTrue 'connections' "[ $(jq .socket "$API_DIR/requests" | sort -u |
	    wc -l) -lt 50 ]"
	assertEquals 'ids' 60 "$(jq -r '.headers["idempotency-key"] //
	    .headers.authorization' "$API_DIR/requests" | sort -u | wc -l)"
}

test_headers_of_a_custom_api_are_sent() {
	api_instance
	to custom "$custom" 'headers: {"X-Key": "sesame-5e", "Accept": "text/x"}'
	drop one "$(job custom)"
	eventually delivered "$ID" custom
	assertEquals "sesame-5e text/x application/json $ID.custom" \
	    "$(request /custom '.headers | "\(.["x-key"]) \(.accept) \(.["content-type"]) \(.["idempotency-key"])"')"
}

# --- tests, and secrets --------------------------------------------------------

# tried STATUS DESTINATION: with all steps that were made, in $STEPS.
tried() {
	run spooldest test "$2" ${3+"$3"}
	assertEquals "$OUT$ERR" "$1" "$STATUS"
	STEPS=$(printf '%s\n' "$OUT" | awk 'NR > 1 { print $1 ":" $2 }' |
	    paste -sd ' ')
}

test_a_test_shows_each_step_and_sends_no_mail_until_it_is_asked_to() {
	api_instance
	four
	to sender "$resend" 'apiKey: "re_sender"'
	for name in sendgrid resend ses custom sender; do
		tried 0 $name
		assertEquals $name 'resolve:ok connect:ok authenticate:ok' \
		    "$STEPS"
	done
	assertEquals 'no mail' '' "$(jq -r 'select(.method == "POST")' \
	    "$API_DIR/requests")"
	for name in sendgrid resend ses custom; do
		tried 0 $name --deliver
		assertEquals $name \
		    'resolve:ok connect:ok authenticate:ok deliver:ok' "$STEPS"
	done
	assertEquals 'Test by spoold' "$(request $SENDGRID .body.subject)"
	assertEquals 'Test by spoold' "$(request $RESEND .body.subject)"
	assertEquals 'Test by spoold' \
	    "$(request $SES .body.Content.Simple.Subject.Data)"
	assertContains "$(request /custom .body.text)" 'This is no delivery'
}

test_a_test_with_wrong_credentials_says_what_mends_it() {
	api_instance
	to sendgrid "$sendgrid" 'apiKey: "SG.wrong"'
	to reader "$sendgrid" 'apiKey: "SG.reader"'
	to resend "$resend" 'apiKey: "re_wrong"'
	to id "$ses" 'accessKeyId: "AKNOBODY"'
	to secret "$ses" 'secretAccessKey: "wrong"'
	to region "$ses" 'region: "us-east-1"'
	rule a '{"match":"HEAD","status":401,"body":""}'
	to custom "$custom"
	for each in \
	    'sendgrid|AUTHENTICATION_FAILED: it answered 401: it does not accept the apiKey; give another apiKey with spooldest update' \
	    'reader|CONFIG_ERROR: the apiKey may not send mail: give it the permission mail.send' \
	    'resend|AUTHENTICATION_FAILED: it answered 400 validation_error: it does not accept the apiKey; give another apiKey with spooldest update' \
	    'id|AUTHENTICATION_FAILED: it answered 403 UnrecognizedClientException: it knows no such accessKeyId; give another accessKeyId or secretAccessKey with spooldest update' \
	    'secret|AUTHENTICATION_FAILED: it answered 403 InvalidSignatureException: the secretAccessKey is not that of the accessKeyId; give another accessKeyId or secretAccessKey with spooldest update' \
	    "region|CONFIG_ERROR: it answered 403 InvalidSignatureException: the region is not the endpoint's" \
	    'custom|AUTHENTICATION_FAILED: it answered 401: it does not accept the credentials or the signature; give another headers with spooldest update'
	do
		name=${each%%|*}
		case $name in
		reader | region) tried 78 "$name" ;;
		*) tried 75 "$name" ;;
		esac
		assertEquals "spooldest: ${each#*|}" "$ERR"
		assertEquals "$name" \
		    'resolve:ok connect:ok authenticate:failed' "$STEPS"
	done
	assertEquals 'no mail' '' "$(jq -r 'select(.method == "POST")' \
	    "$API_DIR/requests")"
}

test_a_clock_that_is_wrong_is_found_out_by_a_test_of_ses() {
	api_instance
	to ses "$ses"
	rule a '{"match":"GET","date":"Thu, 01 Jan 2026 00:00:00 GMT"}'
	tried 78 ses
	assertEquals 'resolve:ok connect:ok authenticate:failed' "$STEPS"
	assertEquals "CONFIG_ERROR: this machine's clock is N s ahead of the server's, and what signs with the time is refused: set the clock" \
	    "$(printf '%s' "$ERR" | sed 's/^spooldest: //; s/ [0-9]* s / N s /')"
	rule a '{"match":"GET","status":403,"body":{"message":"Signature expired: x"},
	    "headers":{"x-amzn-ErrorType":"InvalidSignatureException",
	    "date":"Thu, 01 Jan 2026 00:00:00 GMT"}}'
	tried 75 ses
	assertEquals "AUTHENTICATION_FAILED: it answered 403 InvalidSignatureException: the clocks differ: set this machine's; this machine's clock is N s ahead of the server's; give another accessKeyId or secretAccessKey with spooldest update" \
	    "$(printf '%s' "$ERR" | sed 's/^spooldest: //; s/ [0-9]* s / N s /')"
}

test_a_test_of_an_address_that_is_not_there_says_so() {
	api_instance
	to a "$resend" 'endpoint: "http://127.0.0.1:1"'
	tried 75 a
	assertEquals 'resolve:ok connect:failed' "$STEPS"
	assertContains "$ERR" CONNECT_FAILURE
}

test_keys_are_in_clear_nowhere() {
	api_instance
	to resend "$resend" 'apiKey: "re_test"'
	to ses "$ses"
	to custom "$custom" 'headers: {"X-Key": "sesame-5e"}'
	drop one "$(job resend ses custom)"
	for name in resend ses custom; do
		eventually delivered "$ID" $name
	done
	for secret in re_test "$SECRET" sesame-5e; do
		assertEquals "$secret at rest" '' "$(grep -rlF -e "$secret" \
		    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
		assertEquals "$secret shown" 0 "$(spooldest -j list |
		    grep -cF -e "$secret")"
		for pid in $(supervisor) $(workers email); do
			assertEquals "$secret in argv" 0 "$(cat \
			    "/proc/$pid/cmdline" "/proc/$pid/environ" |
			    tr '\0' ' ' | grep -cF -e "$secret")"
		done
	done
	for change in '"endpoint": "http://localhost:1"' '"service": "sendgrid"'
	do
		run spooldest update resend - <<-END
			{"config": {"email": {$change}}}
		END
		failed_with 65 spooldest VALIDATION_ERROR
		assertContains "$ERR" \
		    'config.email.apiKey has to be given again'
	done
}

test_names_in_a_request_that_only_a_job_can_have_are_warned_of() {
	api_instance
	to custom "$custom" 'requestTemplate: "{\"a\": {{message.text}}, \"b\":
	    {{ward}}, \"c\": {{data.x}}}"'
	assertEquals "spooldest: warning: config.email.requestTemplate: {{ward}} is empty unless a job's metadata has it" \
	    "$(cat "$SCRATCH/warned")"
	to object "$custom" 'requestTemplate: {a: "{{wards}}", n: 1}'
	assertEquals "spooldest: warning: config.email.requestTemplate: {{wards}} is empty unless a job's metadata has it" \
	    "$(cat "$SCRATCH/warned")"
	drop one "$(job object)"
	eventually delivered "$ID" object
	assertEquals '{"a":"","n":1}' "$(request /custom '.body | tojson')"
}

. /usr/share/shunit2/shunit2
