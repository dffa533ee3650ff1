#!/bin/sh
# destination_mail_test - what a destination of mail may be

. tests/unit/common.sh

WORDS='must be an address, user@host or Name <user@host>: letters, digits and !#$%&'"'"'*+-/=?^_`{|}~ with single dots between them, and a host in ASCII (xn--… for others)'

oneTimeSetUp() {
	K=$SHUNIT_TMPDIR/keys
	mkdir "$K"
	"$BUILD/tests/probe_vault" create "$K"
}

make() {
	printf '%s' "$1" | "$BUILD/tests/probe_destination" make "$K" hospital
}

# email MEMBERS [SMTP]: a destination with more members of these.
email() {
	printf '{"label":"A","type":"email","config":{"email":{"smtpConfig":{"host":"m.example"%s},"from":"s@a.example"%s%s}}}' \
	    "${2:+,$2}" "$(case $1 in *recipients*) ;; *) printf ',"recipients":["r@a.example"]' ;; esac)" "${1:+,$1}"
}

# service NAME MEMBERS [ADDRESSES]: a destination of that service.
service() {
	printf '{"label":"A","type":"email","config":{"email":{"service":"%s",%s%s}}}' \
	    "$1" "${3-"\"from\":\"s@a.example\",\"recipients\":[\"r@a.example\"]"}" \
	    "${2:+,$2}"
}

# refused PATH WORDS MEMBERS [SMTP]
refused() {
	expect 1 "VALIDATION_ERROR path=config.email.$1: config.email.$1 $2" \
	    make "$(email "$3" "${4-}")"
}

# taken MEMBERS [SMTP]: and in the opened config as they were given.
taken() {
	make "$(email "$@")" >"$SHUNIT_TMPDIR/document"
	assertEquals "$*: $(cat "$SHUNIT_TMPDIR/document")" 1 "$(
	    "$BUILD/tests/probe_destination" open "$K" hospital \
	    <"$SHUNIT_TMPDIR/document" | grep -cF -e "${1:-$2}")"
}

test_what_is_needed_is_missed() {
	expect 1 'VALIDATION_ERROR path=config.email.from: config.email.from is missing; config.email.recipients is missing' \
	    make '{"label":"A","type":"email","config":{"email":{}}}'
	expect 1 'VALIDATION_ERROR path=config.email.smtpConfig.host: config.email.smtpConfig.host is missing: smtp needs it' \
	    make "$(service smtp '')"
	refused smtpConfig.x 'is unknown (allowed: host, port, secure, startTls, auth)' \
	    '' '"x":1'
	refused smtpConfig.auth.x 'is unknown (allowed: user, pass, oauth2)' \
	    '' '"auth":{"x":1}'
	refused service 'must be "smtp", "sendgrid", "resend", "ses" or "custom"' \
	    '"service":"pigeon"'
}

test_objects_within_objects_are_written_and_sealed() {
	expect 0 '{"smtpConfig":{"host":"m.example","port":25,"auth":{"user":"u","pass":"pass-5e"}},"from":"s@a.example","recipients":["r@a.example"],"subject":"x"}' \
	    sh -c "printf '%s' '$(email '"subject":"x"' \
	    '"auth":{"pass":"pass-5e","user":"u"},"port":25')' |
	    '$BUILD/tests/probe_destination' make '$K' hospital | head -1 |
	    '$BUILD/tests/probe_destination' open '$K' hospital"
	make "$(email '' '"auth":{"pass":"pass-5e","user":"u"}')" \
	    >"$SHUNIT_TMPDIR/document"
	assertEquals 'sealed' 0 "$(grep -c pass-5e "$SHUNIT_TMPDIR/document")"
	assertEquals 'masked' 1 "$("$BUILD/tests/probe_destination" masked \
	    <"$SHUNIT_TMPDIR/document" | grep -cF '"pass":"********"')"
}

test_a_sealed_password_belongs_to_its_server() {
	make "$(email '' '"auth":{"pass":"pass-5e","user":"u"}')" |
	    head -1 >"$SHUNIT_TMPDIR/document"
	for change in 's/m\.example/n.example/' 's/"host"/"port":26,"host"/'; do
		assertEquals "$change" 0 "$(sed "$change" \
		    "$SHUNIT_TMPDIR/document" |
		    "$BUILD/tests/probe_destination" open "$K" hospital |
		    grep -c pass-5e)"
	done
}

test_who_logs_in_has_one_of_a_password_and_a_token() {
	taken '' '"auth":{"user":"u@a.example","oauth2":"tok"}'
	for auth in '"user":"u"' '"pass":"p"' \
	    '"user":"u","pass":"p","oauth2":"t"'; do
		refused smtpConfig.auth 'needs a user and one of pass and oauth2' \
		    '' "\"auth\":{$auth}"
	done
	refused smtpConfig.startTls 'means nothing with secure: TLS is there from the first byte on' \
	    '' '"secure":true,"startTls":"never"'
	refused smtpConfig.startTls 'must be "required", "opportunistic" or "never"' \
	    '' '"startTls":"perhaps"'
}

test_a_host_is_a_name_or_an_address_and_nothing_more() {
	for host in m.example 10.0.0.1 ::1 xn--mnchen-3ya.example; do
		expect 0 "\"host\":\"$host\"" sh -c "printf '%s' '$(email '' |
		    sed "s/m\.example/$host/")' |
		    '$BUILD/tests/probe_destination' make '$K' hospital |
		    grep -oF '\"host\":\"$host\"'"
	done
	for host in '' 'a b' 'm.example:25' 'u@m.example' 'a/b' '[::1]' \
	    'münchen.example' 'a\r\nb' '..'; do
		expect 1 'VALIDATION_ERROR path=config.email.smtpConfig.host: config.email.smtpConfig.host must be a host: a name in ASCII (xn--… for others) or an address, without port' \
		    make "$(email '' | sed "s/m\.example/$(printf '%s' "$host" |
		    sed 's/[\\/]/\\&/g')/")"
	done
}

test_addresses_have_one_reading() {
	for address in a@b 'a.b+c@x-1.example' "!#\$%&'*+-/=?^_\`{|}~@b" \
	    'jörg@b' 'Name <a@b>' 'Jörg, X. <a@b>' '<a@b>' \
	    "$(printf 'a%.0s' $(seq 64))@b"; do
		taken "\"replyTo\":\"$address\""
	done
	for address in '' a @b a@ 'a@b@c' '.a@b' 'a.@b' 'a..b@c' 'a b@c' \
	    'a@-b' 'a@b-' 'a@b..c' 'a@b.' 'a@[1.2.3.4]' '\"a b\"@c' 'a@b,c@d' \
	    'a@b c' ' a@b' 'a@b ' 'a<b@c' 'a(x)@b' 'a@b>' 'X <a@b' '<a@b> x' \
	    'X <a@b\r\n>' 'a@b\r\nRCPT TO:c@d' 'a\u007f@b' 'a@bü' \
	    "$(printf 'a%.0s' $(seq 65))@b" "a@$(printf 'a%.0s' $(seq 64))"; do
		refused replyTo "$WORDS" "\"replyTo\":\"$address\""
	done
	for name in 'a\r\nb' 'a@b\r\nRCPT TO:' 'x < y' 'x \" y' 'x \\ y' \
	    "$(printf 'a%.0s' $(seq 129))"; do
		refused replyTo 'must have a name of up to 128 bytes without quotes, backslashes, brackets and control characters before <user@host>' \
		    "\"replyTo\":\"$name <a@b>\""
	done
}

test_recipients_are_one_to_a_hundred() {
	taken '"recipients":["a@b","B <c@d>"]'
	taken "\"cc\":[$(printf '"a@b",%.0s' $(seq 99))\"a@b\"]"
	for list in '[]' '"a@b"' "[$(printf '"a@b",%.0s' $(seq 100))\"a@b\"]"; do
		refused bcc 'must be an array of 1 to 100 addresses' \
		    "\"bcc\":$list"
	done
	refused recipients.1 "$WORDS" '"recipients":["a@b","c"]'
	refused recipients.0 'must be a string' '"recipients":[7]'
}

test_templates_are_checked_where_they_are_written() {
	taken '"bodyTemplate":"{{#a}}\n{{b}}\r\n{{/a}}\t"'
	taken '"subject":"{{a}} é"'
	refused bodyTemplate 'has on line 2 a section that does not end' \
	    '"bodyTemplate":"x\n{{#a}}"'
	refused htmlTemplate 'has on line 1 a partial: there are none here' \
	    '"htmlTemplate":"{{>a}}"'
	refused subject 'must be one line' '"subject":"a\nb"'
	refused attachmentName 'must be one line' '"attachmentName":"a\rb"'
	refused bodyTemplate 'must be a string of up to 16384 bytes, without control characters but newline and tab' \
	    "\"bodyTemplate\":\"$(head -c 16385 /dev/zero | tr '\0' x)\""
	refused subject 'must be a string of up to 16384 bytes, without control characters but newline and tab' \
	    '"subject":"\u0007"'
}

# --- services ------------------------------------------------------------------

KEY='"apiKey":"key-5e"'
SES='"region":"eu-west-1","accessKeyId":"AK","secretAccessKey":"secret-5e"'
CUSTOM='"endpoint":"https://m.example/send","requestTemplate":"{\"t\":{{message.text}}}"'

# served SERVICE MEMBERS [ADDRESSES]: is made, and nothing in it is in clear.
served() {
	make "$(service "$@")" >"$SHUNIT_TMPDIR/document"
	assertEquals "$*: $(cat "$SHUNIT_TMPDIR/document")" 0 $?
	assertEquals "$1: sealed" 0 "$(grep -c -e '-5e' \
	    "$SHUNIT_TMPDIR/document")"
}

# unserved PATH WORDS SERVICE MEMBERS [ADDRESSES]
unserved() {
	path=$1 words=$2
	shift 2
	expect 1 "VALIDATION_ERROR path=config.email.$path: config.email.$path $words" \
	    make "$(service "$@")"
}

test_each_service_has_what_it_needs_and_nothing_else() {
	served sendgrid "$KEY"
	served resend "$KEY,\"endpoint\":\"https://m.example\""
	served ses "$SES"
	served custom "$CUSTOM,\"headers\":{\"X-Key\":\"key-5e\"}"
	unserved apiKey 'is missing: sendgrid needs it' sendgrid ''
	unserved apiKey 'is missing: resend needs it' resend ''
	unserved region 'is missing: ses needs it; config.email.accessKeyId is missing: ses needs it; config.email.secretAccessKey is missing: ses needs it' \
	    ses ''
	unserved endpoint 'is missing: custom needs it; config.email.requestTemplate is missing: custom needs it' \
	    custom ''
	unserved apiKey 'means nothing to the service ses' ses "$SES,$KEY"
	unserved region 'means nothing to the service resend' resend \
	    "$KEY,\"region\":\"eu-west-1\""
	unserved smtpConfig 'means nothing to the service resend' resend \
	    "$KEY,\"smtpConfig\":{\"host\":\"m.example\"}"
	unserved headers 'means nothing to the service resend' resend \
	    "$KEY,\"headers\":{\"X\":\"y\"}"
	refused endpoint 'means nothing to the service smtp' \
	    '"endpoint":"https://m.example"'
	refused requestTemplate 'means nothing to the service smtp' \
	    '"requestTemplate":"{}"'
}

test_a_key_belongs_to_its_endpoint() {
	make "$(service resend "$KEY,\"endpoint\":\"https://m.example\"")" |
	    head -1 >"$SHUNIT_TMPDIR/document"
	assertEquals 1 "$("$BUILD/tests/probe_destination" open "$K" hospital \
	    <"$SHUNIT_TMPDIR/document" | grep -c key-5e)"
	assertEquals 0 "$(sed 's/m\.example/n.example/' \
	    "$SHUNIT_TMPDIR/document" | "$BUILD/tests/probe_destination" open \
	    "$K" hospital | grep -c key-5e)"
}

# addresses COUNT: as many members of an array.
addresses() {
	seq "$1" | sed 's/.*/"a&@b"/' | paste -sd ,
}

test_recipients_are_as_many_and_addresses_as_plain_as_the_service_takes() {
	served resend "$KEY" "\"from\":\"a@b\",\"recipients\":[$(addresses 50)],\"cc\":[$(addresses 50)]"
	unserved recipients 'are more than the 50 that resend takes' resend \
	    "$KEY" "\"from\":\"a@b\",\"recipients\":[$(addresses 51)]"
	served ses "$SES" "\"from\":\"a@b\",\"recipients\":[$(addresses 20)],\"cc\":[$(addresses 20)],\"bcc\":[$(addresses 10)]"
	unserved recipients 'are with cc and bcc more than the 50 that ses takes' \
	    ses "$SES" "\"from\":\"a@b\",\"recipients\":[$(addresses 20)],\"cc\":[$(addresses 20)],\"bcc\":[$(addresses 11)]"
	served sendgrid "$KEY" '"from":"Jörg <a@b>","recipients":["Zoë <c@d>"]'
	for name in sendgrid ses; do
		members=$KEY
		[ $name = sendgrid ] || members=$SES
		unserved from "has characters beyond ASCII before the @, which $name does not take" \
		    $name "$members" '"from":"jörg@b","recipients":["c@d"]'
		unserved bcc.1 "has characters beyond ASCII before the @, which $name does not take" \
		    $name "$members" '"from":"a@b","recipients":["c@d"],"bcc":["e@f","zoë@b"]'
	done
}

# templated WORDS TEMPLATE: custom, refused in these words.
templated() {
	unserved requestTemplate "$1" custom \
	    "\"endpoint\":\"https://m.example\",\"requestTemplate\":$2"
}

test_a_template_of_a_request_yields_json_whatever_a_job_has() {
	for template in '"{\"a\":{{x}},\"b\":\"{{x}}\",\"c\":[{{#l}}{{.}},{{/l}}0]}"' \
	    '{"a":"{{x}}","b":[1,true,null]}' '["{{x}}"]' '"{{x}}"'; do
		served custom "\"endpoint\":\"https://m.example\",\"requestTemplate\":$template"
	done
	templated 'yields no JSON where no name has a value: it ends too early' \
	    '"{\"a\":1"'
	templated 'yields no JSON where no name has a value: a value is missing, at byte 5' \
	    '"{\"a\":{{#x}}1{{/x}}}"'
	templated 'has on line 1 a tag behind a backslash' \
	    '"\"\\{{x}}\""'
	templated 'has on line 1 a section that does not end' '"{{#x}}{}"'
	for template in '""' 7 true null; do
		templated 'must be a template of JSON, as a string or as an object or array, of up to 16384 bytes' \
		    "$template"
	done
	templated 'has an object that begins with sealed: write the template as a string' \
	    '{"a":{"sealed":"x"}}'
}

run_suite
