#!/bin/sh
# mailapi_test - mail by the APIs of SendGrid, Resend and Amazon SES, and by any
# that takes JSON, judged by what their own SDKs send, by Amazon's signer and by
# a server that answers as they do
# shellcheck disable=SC1010,SC2016,SC2119 # "done" is a queue; $… is jq's
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"

DATA=$TESTS/data/email
SECRET=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY

# api_instance: an instance, and the server at $API, which keeps $API_DIR.
api_instance() {
	instance
	slow_retries
	start
	API_DIR=$SCRATCH/api
	mkdir "$API_DIR"
	node "$TESTS/peers/mailapi.mjs" "$API_DIR" >"$API_DIR/log" 2>&1 &
	echo $! >"$API_DIR/sink.pid"
	eventually test -s "$API_DIR/port"
	API=http://127.0.0.1:$(cat "$API_DIR/port")
}

# rule NAME RULE: how the server answers from now on; see mailapi.mjs.
rule() {
	printf '%s\n' "$2" >"$API_DIR/new"
	mv "$API_DIR/new" "$API_DIR/rules/$1"
}

# What each service needs, as jq sees it.
sendgrid='service: "sendgrid", apiKey: "SG.test"'
resend='service: "resend", apiKey: "re_test"'
ses='service: "ses", region: "eu-west-1", accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: $secret'
custom='service: "custom", endpoint: "\($api)/custom", requestTemplate:
    "{\"to\": {{message.to}}, \"text\": \"{{message.text}}\"}"'

# to NAME SERVICE [MORE]: a destination; its config's members as jq sees them.
to() {
	jq -n --arg id "$1" --arg api "$API" --arg secret "$SECRET" "{id: \$id,
	    label: \$id, type: \"email\", config: {email: ({
	    endpoint: \$api, from: \"spoold@example.org\",
	    recipients: [\"a@example.net\"]} + {$2} + {${3-}})}}" |
	    spooldest create - >"$SCRATCH/created" 2>"$SCRATCH/warned" ||
	    fail "create: $(cat "$SCRATCH/created" "$SCRATCH/warned")"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

# four [MORE]: a destination for each service, named as it is.
four() {
	to sendgrid "$sendgrid" "${1-}"
	to resend "$resend" "${1-}"
	to ses "$ses" "${1-}"
	to custom "$custom" "${1-}"
}

# request PATH EXPRESSION: of the last request there.
request() {
	jq -c "select(.path == \"$1\")" "$API_DIR/requests" | tail -1 |
	    jq -r "$2"
}

# requests: how many there were.
requests() {
	[ -f "$API_DIR/requests" ] || { echo 0; return; }
	wc -l <"$API_DIR/requests"
}

SENDGRID=/v3/mail/send
RESEND=/emails
SES=/v2/email/outbound-emails

said() {
	journal "select(.dest == \"$1\" and (.event == \"deferred\" or
	    .event == \"failed\")) | \"\(.event) \(.errorCode): \(.reason)\"" |
	    tail -1
}

# with_file DESTINATION...: the text of a job with data/payload.bin.
with_file() {
	printf '%s\n' "$@" | jq -Rsc '{destinations: (split("\n")[:-1]),
	    payload: {type: "export", file: "payload.bin",
	    filename: "scan 1.bin", contentType: "text/csv; charset=utf-8"}}'
}


# --- what is sent --------------------------------------------------------------

# captured NAME LESS: what the SDK sent when it was captured, without what no
# destination has; and the same of ours.
same_as_captured() {
	jq ".body | $2" "$DATA/$1.json" >"$SCRATCH/a"
	request "$3" ".body | $4" | jq . >"$SCRATCH/b"
	run node "$TESTS/peers/mailapi_same.mjs" "$SCRATCH/a" "$SCRATCH/b"
	ran 0 '' ''
	assertEquals "$(jq -r '"\(.method) \(.path) \(.headers["content-type"])"' \
	    "$DATA/$1.json")" "$(request "$3" \
	    '"\(.method) \(.path) \(.headers["content-type"])"')"
}

test_what_is_sent_means_what_the_captured_requests_of_the_sdks_mean() {
	api_instance
	printf 'col\n1\n' >"$SPOOL/data/r.csv"
	for service in sendgrid resend; do
		to $service "$(eval "echo \$$service")" 'from:
		    "Spool <spool@example.com>", replyTo: "r@example.com",
		    cc: ["c@example.com"], bcc: ["d@example.com"],
		    subject: "Report ✓", bodyTemplate: "plain",
		    htmlTemplate: "<p>html</p>", recipients: '"$(
		    [ $service = resend ] && echo '["a@example.com"]' ||
		    echo '["Ann Ö <a@example.com>", "b@example.com"]')"
	done
	to ses "$ses" 'from: "Spool <spool@example.com>", replyTo:
	    "r@example.com", recipients: ["a@example.com"],
	    cc: ["c@example.com"], bcc: ["d@example.com"], subject: "Report ✓",
	    bodyTemplate: "plain{{#data.x}}{{/data.x}}",
	    htmlTemplate: "<p>html</p>"'
	to raw "$ses" 'from: "spool@example.com",
	    recipients: ["a@example.com"]'
	drop one "$(jq -nc '{destinations: ["sendgrid", "resend", "raw"],
	    payload: {type: "report", file: "r.csv",
	    contentType: "text/csv"}}')"
	eventually delivered "$ID" sendgrid
	eventually delivered "$ID" resend
	eventually delivered "$ID" raw
	same_as_captured sendgrid-mail-send 'del(.categories, .headers,
	    .mail_settings, .custom_args, .send_at, .attachments[1])' \
	    $SENDGRID 'del(.headers)'
	assertEquals "$(jq -r .headers.authorization \
	    "$DATA/sendgrid-mail-send.json")" \
	    "$(request $SENDGRID .headers.authorization)"
	same_as_captured resend-emails-send 'del(.headers, .scheduled_at,
	    .tags, .attachments[1:])' $RESEND 'del(.headers)'
	assertEquals "$(jq -r .headers.authorization \
	    "$DATA/resend-emails-send.json")" \
	    "$(request $RESEND .headers.authorization)"
	same_as_captured ses-v2-send-raw '.Content.Raw.Data = ""' $SES \
	    '.Content.Raw.Data = ""'
	drop two "$(job ses)"
	eventually delivered "$ID" ses
	same_as_captured ses-v2-send-simple 'del(.EmailTags,
	    .ConfigurationSetName, .Content.Simple.Headers,
	    .Content.Simple.Attachments)' $SES 'del(.Content.Simple.Headers)'
}

# judged SERVICE PATH SDK: the SDK's request for that is ours.
judged() {
	request "$2" .body >"$SCRATCH/ours"
	request "$2" '"\(.method) \(.headers["content-type"])"' \
	    >"$SCRATCH/ours.head"
	printf '%s' "$3" >"$SCRATCH/sdk"
	RESEND_BASE_URL=$API node "$TESTS/peers/mailapi_sdk.mjs" "$API" "$1" \
	    <"$SCRATCH/sdk" >"$SCRATCH/sdk.out" 2>&1 ||
	    fail "$1: $(cat "$SCRATCH/sdk.out")"
	request "$2" .body >"$SCRATCH/theirs"
	request "$2" '"\(.method) \(.headers["content-type"])"' \
	    >"$SCRATCH/theirs.head"
	run node "$TESTS/peers/mailapi_same.mjs" "$SCRATCH/theirs" \
	    "$SCRATCH/ours"
	ran 0 '' ''
	assertEquals "$(cat "$SCRATCH/theirs.head")" \
	    "$(cat "$SCRATCH/ours.head")"
}

people='from: "Jörg Müller-Lüdenscheidt <spoold@example.org>",
    replyTo: "\"Doe, J. (x)\" <reply@example.org>",
    recipients: ["Zoë 😀 <a@example.net>", "b@example.net"],
    cc: ["Plain Name <c@example.net>"],
    bcc: ["d@example.net", "Zoë, D. <e@example.net>"]'

test_the_providers_own_sdks_send_the_same_for_the_same_mail() {
	api_instance
	head -c 5001 /dev/urandom >"$SPOOL/data/payload.bin"
	content=$(base64 -w 0 "$SPOOL/data/payload.bin")
	four "$people, subject: \"{{metadata.s}}\",
	    bodyTemplate: \"Grüße\\n.\\n{{metadata.s}}\",
	    htmlTemplate: \"<p>{{metadata.s}}</p>\""
	drop one "$(with_file sendgrid resend | jq -c '.payload.metadata =
	    {s: "Zoë\u2028 \"quoted\" \\ <b> 😀"}')"
	eventually delivered "$ID" sendgrid
	eventually delivered "$ID" resend
	mail=$(jq -nc --arg id "$ID" --arg content "$content" \
	    --arg s 'Zoë"quoted" \ <b> 😀' '("Zoë\u2028 \"quoted\" \\ <b> 😀")
	    as $s | {subject: $s, text: "Grüße\n.\n\($s)", html:
	    "<p>Zoë\u2028 &quot;quoted&quot; \\ &lt;b&gt; 😀</p>",
	    headers: {"Message-ID": "<\($id).SERVICE@example.org>",
	    "Auto-Submitted": "auto-generated"}, attachments: [{
	    content: $content, filename: "scan 1.bin"}]}')
	judged sendgrid $SENDGRID "$(printf '%s' "$mail" |
	    sed 's/SERVICE/sendgrid/' | jq -c '.from = {name:
	    "Jörg Müller-Lüdenscheidt", email: "spoold@example.org"} |
	    .replyTo = {name: "Doe, J. (x)", email: "reply@example.org"} |
	    .to = [{name: "Zoë 😀", email: "a@example.net"}, "b@example.net"] |
	    .cc = [{name: "Plain Name", email: "c@example.net"}] |
	    .bcc = ["d@example.net", {name: "Zoë, D.", email:
	    "e@example.net"}] | .attachments[0] += {type: "text/csv",
	    disposition: "attachment"}')"
	judged resend $RESEND "$(printf '%s' "$mail" |
	    sed 's/SERVICE/resend/' | jq -c '.from =
	    "Jörg Müller-Lüdenscheidt <spoold@example.org>" |
	    .replyTo = "\"Doe, J. (x)\" <reply@example.org>" |
	    .to = ["Zoë 😀 <a@example.net>", "b@example.net"] |
	    .cc = ["Plain Name <c@example.net>"] |
	    .bcc = ["d@example.net", "\"Zoë, D.\" <e@example.net>"] |
	    .attachments[0].contentType = "text/csv; charset=utf-8"')"
}

test_the_sdk_of_ses_sends_the_same_for_the_same_text() {
	api_instance
	to ses "$ses" "$people, subject: \"Zoë {{data.n}}\",
	    bodyTemplate: \"Grüße {{data.n}}\", htmlTemplate: \"<p>ü</p>\""
	drop one "$(job ses)"
	eventually delivered "$ID" ses
	judged ses $SES '{"FromEmailAddress":
	    "=?utf-8?Q?J=C3=B6rg_M=C3=BCller-L=C3=BCdenscheidt?= <spoold@example.org>",
	    "Destination": {"ToAddresses":
	    ["=?utf-8?Q?Zo=C3=AB_=F0=9F=98=80?= <a@example.net>", "b@example.net"],
	    "CcAddresses": ["Plain Name <c@example.net>"],
	    "BccAddresses": ["d@example.net",
	    "=?utf-8?Q?Zo=C3=AB=2C_D=2E?= <e@example.net>"]},
	    "ReplyToAddresses": ["\"Doe, J. (x)\" <reply@example.org>"],
	    "Content": {"Simple": {"Subject": {"Data": "Zoë 1",
	    "Charset": "UTF-8"}, "Body": {"Text": {"Data": "Grüße 1",
	    "Charset": "UTF-8"}, "Html": {"Data": "<p>ü</p>",
	    "Charset": "UTF-8"}}, "Headers": [{"Name": "Auto-Submitted",
	    "Value": "auto-generated"}]}}}'
}

test_with_an_attachment_ses_gets_the_mail_that_smtp_would_get() {
	api_instance
	head -c 5001 /dev/urandom >"$SPOOL/data/payload.bin"
	sum=$(sha256sum <"$SPOOL/data/payload.bin" | cut -d ' ' -f 1)
	to ses "$ses" "$people, subject: \"Zoë\", bodyTemplate: \"Grüße\",
	    htmlTemplate: \"<p>ü</p>\""
	drop one "$(with_file ses)"
	eventually delivered "$ID" ses
	assertEquals "Zoë|Grüße|<p>ü</p>|<$ID.ses@example.org>|scan 1.bin|text/csv|5001|$sum" \
	    "$(request $SES '.mime | "\(.subject)|\(.text)|\(.html)|\(.messageId)|\(.attachments[0] | "\(.name)|\(.type)|\(.size)|\(.sha256)")"' |
	    tr -d '\n')"
	assertEquals 'Jörg Müller-Lüdenscheidt|spoold@example.org;Doe, J. (x)|reply@example.org;Zoë 😀|a@example.net;|b@example.net;Plain Name|c@example.net' \
	    "$(request $SES '.mime | [.from, .replyTo, .to, .cc, .bcc] |
	    flatten | join(";")')"
	assertEquals '["d@example.net","=?utf-8?B?Wm/DqywgRC4=?= <e@example.net>"]' \
	    "$(request $SES '.body.Destination.BccAddresses | tojson')"
	assertEquals 'null' "$(request $SES .body.ReplyToAddresses)"
}

test_a_file_of_twenty_megabytes_arrives_whole_by_each_of_them() {
	api_instance
	head -c 20000001 /dev/urandom >"$SPOOL/data/payload.bin"
	sum=$(sha256sum <"$SPOOL/data/payload.bin" | cut -d ' ' -f 1)
	to sendgrid "$sendgrid"
	to resend "$resend"
	to ses "$ses"
	to custom "$custom" 'requestTemplate: "{\"name\":
	    {{message.attachment.name}}, \"bytes\": \"{{message.attachment.size}}\",
	    \"content\": \"{{message.attachment.content}}\", \"end\": 1}"'
	drop one "$(with_file sendgrid resend ses custom)"
	for name in sendgrid resend ses custom; do
		eventually_within $((TEST_PATIENCE * 3)) delivered "$ID" $name
	done
	assertEquals "20000001 $sum" "$(request $SENDGRID \
	    '.body.attachments[0].content | "\(.base64) \(.sha256)"')"
	assertEquals "20000001 $sum" "$(request $RESEND \
	    '.body.attachments[0].content | "\(.base64) \(.sha256)"')"
	assertEquals "20000001 $sum" "$(request $SES \
	    '.mime.attachments[0] | "\(.size) \(.sha256)"')"
	assertEquals "20000001 $sum scan 1.bin 20000001 1" "$(request /custom \
	    '.body | "\(.content.base64) \(.content.sha256) \(.name) \(.bytes) \(.end)"')"
	for path in $SENDGRID $RESEND $SES /custom; do
		assertEquals 'the length was known before' \
		    "$(request $path .length)" \
		    "$(request $path '.headers["content-length"]')"
	done
	for pid in $(workers email); do
		assertTrue "$(grep VmHWM "/proc/$pid/status")" "[ $(sed -n \
		    's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' \
		    "/proc/$pid/status") -lt 65536 ]"
	done
}

test_sizes_around_a_group_of_base64_and_an_empty_file_arrive_whole() {
	api_instance
	to resend "$resend"
	to ses "$ses"
	for size in 0 1 2 3 4 3071 3072 3073 6145 70000; do
		head -c $size /dev/urandom >"$SPOOL/data/payload.bin"
		sum=$(sha256sum <"$SPOOL/data/payload.bin" | cut -d ' ' -f 1)
		text=$(base64 -w 0 "$SPOOL/data/payload.bin")
		drop "s$size" "$(with_file resend ses)"
		eventually delivered "$ID" resend
		eventually delivered "$ID" ses
		request $RESEND '.body.attachments[0].content |
		    if type == "string" then . else "\(.base64) \(.sha256)" end' \
		    >"$SCRATCH/content"
		if [ $size -le 3072 ]; then
			assertEquals "$size" "$text" "$(cat "$SCRATCH/content")"
		else
			assertEquals "$size $sum" "$(cat "$SCRATCH/content")"
		fi
		assertEquals "$size $sum" "$(request $SES \
		    '.mime.attachments[0] | "\(.size) \(.sha256)"')"
	done
}

test_inline_data_is_attached_as_the_client_wrote_it() {
	api_instance
	to sendgrid "$sendgrid"
	to resend "$resend"
	to ses "$ses"
	to custom "$custom" 'requestTemplate:
	    "{\"file\": {{message.attachment.content}}, \"data\": {{data}}}"'
	data='{"n": 12345678901234567890, "f":1.10,"e":"\u00e9"}'
	drop one '{"destinations":["sendgrid","resend","ses","custom"],
	    "payload":{"type":"data","data":'"$data"'}}'
	for name in sendgrid resend ses custom; do
		eventually delivered "$ID" $name
	done
	assertEquals "$ID.json application/json $data" "$(request $SENDGRID \
	    '.body.attachments[0] | "\(.filename) \(.type) \(.content | @base64d)"')"
	assertEquals "$ID.json application/json $data" "$(request $RESEND \
	    '.body.attachments[0] | "\(.filename) \(.content_type) \(.content | @base64d)"')"
	assertEquals "$ID.json $(printf %s "$data" | sha256sum | cut -d ' ' -f 1)" \
	    "$(request $SES '.mime.attachments[0] | "\(.name) \(.sha256)"')"
	assertEquals 'what a template has in it is not attached' \
	    '{"file":null,"data":{"n":12345678901234567890,"f":1.10,"e":"é"}}' \
	    "$(tr -d ' ' <"$API_DIR/bodies/$(request /custom .n)")"
}

test_a_mail_without_a_text_has_one_where_it_is_needed() {
	api_instance
	four
	to html "$sendgrid" 'htmlTemplate: "<p>x</p>"'
	drop one "$(job sendgrid resend ses custom html)"
	for name in sendgrid resend ses custom html; do
		eventually delivered "$ID" $name
	done
	assertEquals '[" "]' "$(jq -c 'select(.path == "'$SENDGRID'" and
	    (.body.content | length == 1 and .[0].type == "text/plain")) |
	    [.body.content[].value]' "$API_DIR/requests")"
	assertEquals '["text/html"]' "$(jq -c 'select(.path == "'$SENDGRID'" and
	    (.body.content[0].type == "text/html")) |
	    [.body.content[].type]' "$API_DIR/requests")"
	assertEquals ' ' "$(request $RESEND .body.text)"
}

# --- values of a job -----------------------------------------------------------

test_no_value_of_a_job_becomes_more_than_a_value_of_a_request() {
	api_instance
	to custom "$custom" 'requestTemplate: "{\"a\": \"-{{metadata.v}}-\",
	    \"b\": {{{metadata.v}}}, \"c\": \"{{&metadata.v}}\",
	    \"k-{{metadata.v}}\": {{metadata.none}},
	    \"l\": [{{#metadata.l}}{{.}},{{/metadata.l}}0]}"'
	printf '%s\n' '"' '\' '\"' '","x":"' '",' 'a
b	c' '}' '{{b}}' '\u0022' "$(printf '\342\200\250 \342\200\251')" '😀é' '' \
	    '<&>' >"$SCRATCH/values"
	jq -Rsc 'split("\n")[:-1] | .[] ' "$SCRATCH/values" >"$SCRATCH/each"
	jq -nc '["\u0001\u001f\u007f\u0085\r\n", "a\tb"] | .[]' \
	    >>"$SCRATCH/each"
	while read -r value; do
		drop v "$(jq -nc --argjson v "$value" '{destinations: ["custom"],
		    payload: {type: "data", data: 1, metadata: {v: $v,
		    l: [$v, 1.50, null]}}}')"
		eventually delivered "$ID" custom
		assertEquals "$value" "$(jq -nc --argjson v "$value" '{a: "-\($v)-",
		    b: $v, c: $v, l: [$v, 1.5, null, 0]} + {"k-\($v)": null}' |
		    jq -S .)" "$(request /custom .body | jq -S .)"
	done <"$SCRATCH/each"
}

test_a_line_break_in_a_subject_or_a_name_is_refused_for_each_of_them() {
	api_instance
	for service in sendgrid resend ses custom; do
		to $service-s "$(eval "echo \$$service")" 'subject: "{{metadata.s}}"'
		to $service-n "$(eval "echo \$$service")" \
		    'attachmentName: "{{metadata.s}}"'
	done
	for value in 'x\r\nBcc: evil@example.net' 'x\ny' 'x\u0007'; do
		drop one '{"destinations":["sendgrid-s","resend-s","ses-s",
		    "custom-s","sendgrid-n","resend-n","ses-n","custom-n"],
		    "payload":{"type":"data","data":1,"metadata":{"s":"'"$value"'"}}}'
		for service in sendgrid resend ses custom; do
			eventually in_queue failed "$ID" $service-s
			eventually in_queue failed "$ID" $service-n
			assertEquals "failed VALIDATION_ERROR: subject has a line break, another control character or no UTF-8 in it" \
			    "$(said $service-s)"
			assertEquals "failed VALIDATION_ERROR: attachmentName has a line break, another control character or no UTF-8 in it" \
			    "$(said $service-n)"
		done
	done
	assertEquals 'nothing was sent' 0 "$(requests)"
}

test_a_template_that_yields_no_json_for_a_job_fails_and_sends_nothing() {
	api_instance
	to custom "$custom" 'requestTemplate:
	    "{\"a\": 1{{#metadata.v}}, b{{/metadata.v}}}"'
	to twice "$custom" 'requestTemplate: "[\"{{message.attachment.content}}\",
	    \"{{message.attachment.content}}\"]"'
	drop one '{"destinations":["custom","twice"],"payload":{"type":"data",
	    "data":1,"metadata":{"v":"x"}}}'
	eventually in_queue failed "$ID" custom
	eventually in_queue failed "$ID" twice
	assertContains "$(said custom)" \
	    "failed VALIDATION_ERROR: the destination's requestTemplate yields no JSON: "
	assertEquals "failed VALIDATION_ERROR: the destination's requestTemplate has the attachment's content in it more than once" \
	    "$(said twice)"
	assertEquals 0 "$(requests)"
}

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

# waits DESTINATION HEADERS SECONDS: an answer 429 with these lets it wait so.
waits() {
	rule a "$(status 429 '{"message":"x"}' "$2")"
	drop "w$(date +%N)" "$(job "$1")"
	eventually in_queue retry "$ID" "$1"
	# an hour, if nobody says when
	due=$(journal "select(.job == \"$ID\" and .event == \"deferred\") |
	    ((.due | sub(\"\\\\.[0-9]+\"; \"\") | fromdate) -
	    (.time | sub(\"\\\\.[0-9]+\"; \"\") | fromdate))")
	assertTrue "$2: $due" "[ $due -ge $(($3 - 2)) ] &&
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
		tried $([ "${each%%|*}" = reader ] || [ "${each%%|*}" = region ] &&
		    echo 78 || echo 75) "${each%%|*}"
		assertEquals "spooldest: ${each#*|}" "$ERR"
		assertEquals "${each%%|*}" \
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
	assertEquals "CONFIG_ERROR: this machine's clock is N s ahead of the server's, which takes no more than 300: set it" \
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
			assertEquals "$secret in argv" 0 "$(tr '\0' ' ' \
			    <"/proc/$pid/cmdline" "/proc/$pid/environ" |
			    grep -cF -e "$secret")"
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
