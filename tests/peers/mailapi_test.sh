#!/bin/sh
# mailapi_test - mail by the APIs of SendGrid, Resend and Amazon SES, and by any
# that takes JSON: what is sent, judged by what the providers' own SDKs send, by
# Amazon's signer and by a parser of mail
# shellcheck disable=SC1010,SC2016,SC2119,SC2154 # "done" is a queue; $… is jq's
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/mailapi.sh
. "$TESTS/peers/mailapi.sh"

DATA=$TESTS/data/email

# --- what is sent --------------------------------------------------------------

# same_as_captured NAME LESS PATH OURS: what the SDK sent when it was captured,
# without what no destination has, and what came last to that path.
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
	mail=$(jq -nc --arg content "$content" '("Zoë\u2028 \"quoted\" \\ <b> 😀")
	    as $s | {subject: $s, text: "Grüße\n.\n\($s)", html:
	    "<p>Zoë\u2028 &quot;quoted&quot; \\ &lt;b&gt; 😀</p>",
	    headers: {"Auto-Submitted": "auto-generated"}, attachments: [{
	    content: $content, filename: "scan 1.bin"}]}')
	judged sendgrid $SENDGRID "$(printf '%s' "$mail" |
	    jq -c --arg id "$ID" '.headers["Message-ID"] =
	    "<\($id).sendgrid@example.org>" | .from = {name:
	    "Jörg Müller-Lüdenscheidt", email: "spoold@example.org"} |
	    .replyTo = {name: "\"Doe, J. (x)\"", email: "reply@example.org"} |
	    .to = [{name: "Zoë 😀", email: "a@example.net"}, "b@example.net"] |
	    .cc = [{name: "Plain Name", email: "c@example.net"}] |
	    .bcc = ["d@example.net", {name: "\"Zoë, D.\"", email:
	    "e@example.net"}] | .attachments[0] += {type: "text/csv",
	    disposition: "attachment"}')"
	judged resend $RESEND "$(printf '%s' "$mail" | jq -c '.from =
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
		    "$(request "$path" .length)" \
		    "$(request "$path" '.headers["content-length"]')"
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
	printf '%s\n' '"' "\\" '\"' '","x":"' '",' 'a
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

. /usr/share/shunit2/shunit2
