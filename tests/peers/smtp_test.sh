#!/bin/sh
# smtp_test - mail by SMTP, as a server and a parser of others see it
# shellcheck disable=SC1010,SC2016,SC2119 # "done" is a queue; $… is jq's
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/mail.sh
. "$TESTS/peers/mail.sh"

# --- connections and logins ---------------------------------------------------

test_mail_goes_over_starttls_or_tls_and_logs_in_with_a_password_or_a_token() {
	mail_instance
	to starttls "port: $STARTTLS, $login"
	to tls "port: $TLS, secure: true, $login"
	to token "port: $STARTTLS, auth: {user: \$user, oauth2: \$token}"
	to nobody "port: $STARTTLS"
	to maybe "port: $STARTTLS, startTls: \"opportunistic\""
	drop one "$(job starttls tls token nobody maybe)"
	for name in starttls tls token nobody maybe; do
		eventually delivered "$ID" $name
	done
	assertEquals '[true,5,3]' "$(jq -sc '[all(.tls), length,
	    (map(select(.user == "spool@example.org")) | length)]' \
	    "$BOX/mails")"
	assertEquals 'PLAIN PLAIN XOAUTH2' "$(sort "$BOX/logins" |
	    paste -sd ' ')"
	assertEquals TLSv1.3 "$(journal 'select(.event == "delivered" and
	    .dest == "starttls") | .peer.tls')"
}

test_login_is_used_where_plain_is_not_offered() {
	mail_instance 'methods: ["LOGIN"]'
	to a "port: $STARTTLS, $login"
	drop one "$(job a)"
	eventually delivered "$ID" a
	assertEquals 'LOGIN spool@example.org' \
	    "$(cat "$BOX/logins") $(mail .user)"
}

test_a_login_that_nobody_offers_is_deferred_as_an_authentication() {
	mail_instance 'methods: ["CRAM-MD5"]'
	to a "port: $STARTTLS, $login"
	to b "port: $STARTTLS, auth: {user: \$user, oauth2: \$token}"
	drop one "$(job a b)"
	for name in a b; do
		eventually in_queue retry "$ID" $name
		assertEquals AUTHENTICATION_FAILED "$(error_code "$ID" $name)"
	done
	assertFalse 'nothing was said of it' '[ -e "$BOX/logins" ]'
}

test_starttls_that_is_required_and_not_offered_defers_and_sends_nothing() {
	mail_instance
	to a "port: $CLEAR, $login"
	drop one "$(job a)"
	eventually in_queue retry "$ID" a
	assertEquals TLS_FAILURE "$(error_code "$ID" a)"
	assertFalse 'no login' '[ -e "$BOX/logins" ]'
	assertFalse 'no mail' '[ -e "$BOX/mails" ]'
}

test_mail_in_clear_goes_to_loopback_only_when_asked_for() {
	mail_instance
	to never "port: $CLEAR, startTls: \"never\""
	to maybe "port: $CLEAR, startTls: \"opportunistic\""
	drop one "$(job never maybe)"
	eventually delivered "$ID" never
	eventually delivered "$ID" maybe
	assertEquals 'false false' "$(jq .tls "$BOX/mails" | paste -sd ' ')"
}

test_a_certificate_that_is_not_to_be_trusted_gets_no_mail() {
	mail_instance
	to unknown "port: $STARTTLS, $login" 'tls: {}'
	to secure "port: $TLS, secure: true, $login" 'tls: {}'
	to pinned "port: $STARTTLS, $login" 'tls: {ca: $ca, pinnedPublicKey:
	    "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}'
	drop one "$(job unknown secure pinned)"
	for name in unknown secure pinned; do
		eventually in_queue retry "$ID" $name
		assertEquals $name TLS_FAILURE "$(error_code "$ID" $name)"
	done
	assertFalse 'no login' '[ -e "$BOX/logins" ]'
}

test_an_address_that_is_not_allowed_is_not_connected_to() {
	mail_instance
	to a 'host: "169.254.169.254", port: 25'
	drop one "$(job a)"
	eventually in_queue retry "$ID" a
	assertEquals EGRESS_DENIED "$(error_code "$ID" a)"
}

test_a_wrong_password_waits_to_be_mended() {
	mail_instance
	to a "port: $STARTTLS, auth: {user: \$user, pass: \"wrong-5e\"}"
	drop one "$(job a)"
	eventually in_queue retry "$ID" a
	assertEquals AUTHENTICATION_FAILED "$(error_code "$ID" a)"
	run spooldest update a - <<-END
		{"config": {"email": {"smtpConfig": {"auth": {"pass":
		$(printf '%s' "$PASSWORD" | jq -Rs .)}}}}}
	END
	assertEquals "$ERR" 0 "$STATUS"
	run spoolq -s a
	eventually delivered "$ID" a
}

test_mail_goes_through_the_tunnel_of_a_proxy() {
	mail_instance
	port=$(node -e 'const s = require("node:net").createServer();
	    s.listen(0, "127.0.0.1", () => { console.log(s.address().port);
	    s.close(); })')
	printf '%s\n' "Port $port" 'Listen 127.0.0.1' 'Allow 127.0.0.1' \
	    "LogFile \"$SCRATCH/proxy.log\"" 'MaxClients 20' 'Timeout 60' \
	    'LogLevel Info' >"$SCRATCH/proxy.conf"
	tinyproxy -d -c "$SCRATCH/proxy.conf" >"$SCRATCH/proxy.out" 2>&1 &
	echo $! >"$SCRATCH/proxy.pid"
	eventually curl -s "http://127.0.0.1:$port"
	to a "port: $STARTTLS, $login" "proxy: \"http://127.0.0.1:$port\""
	to b "port: $TLS, secure: true" "proxy: \"http://127.0.0.1:$port\""
	to c 'host: "169.254.169.254"' "proxy: \"http://127.0.0.1:$port\""
	drop one "$(job a b c)"
	eventually delivered "$ID" a
	eventually delivered "$ID" b
	eventually in_queue retry "$ID" c
	assertEquals EGRESS_DENIED "$(error_code "$ID" c)"
	assertEquals 2 "$(grep -c 'Request.*CONNECT 127' "$SCRATCH/proxy.log")"
}

test_many_mails_share_a_connection() {
	mail_instance
	to a "port: $STARTTLS, $login"
	drops 60 many "$(job a)"
	eventually mails 60
	eventually counts done 60
	most=$(cat "$BOX/connections")
	assertTrue "$most connections" "[ $most -le 30 ]"
	assertEquals 60 "$(jq -s 'map(.messageId) | unique | length' \
	    "$BOX/mails")"
	assertEquals 'one login each' "$(wc -l <"$BOX/logins")" "$most"
}

test_a_kept_connection_whose_server_went_is_made_anew_unnoticed() {
	mail_instance
	to a "port: $STARTTLS"
	drop one "$(job a)"
	eventually delivered "$ID" a
	drop two "$(job a)"
	eventually delivered "$ID" a
	assertEquals 2 "$(journal 'select(.event == "attempt") | .job' | wc -l)"
}

# --- what becomes of it -------------------------------------------------------

# recipients NAME ADDRESS...: a destination with these.
recipients() {
	name=$1
	shift
	to "$name" "port: $STARTTLS" "recipients: $(printf '%s\n' "$@" |
	    jq -R . | jq -sc .)"
}

test_a_recipient_refused_for_good_fails_and_for_now_is_deferred() {
	mail_instance
	recipients bad code-550@example.net
	recipients later code-450@example.net
	recipients both code-550@example.net code-450@example.net
	drop one "$(job bad later both)"
	eventually in_queue failed "$ID" bad
	eventually in_queue retry "$ID" later
	eventually in_queue retry "$ID" both
	for name in bad later both; do
		assertEquals $name REMOTE_REJECTED "$(error_code "$ID" $name)"
	done
	eventually receipt_says one "$ID" '.destinations[] |
	    select(.destinationId == "bad") | .responseCode == 550 and
	    .failureReason == "it answered 550 to RCPT: it does not take the mail: code-550@example.net (550)"'
}

test_recipients_that_are_refused_are_named_and_the_others_get_the_mail() {
	mail_instance
	recipients some a@example.net code-550@example.net b@example.net
	drop one "$(job some)"
	eventually delivered "$ID" some
	assertEquals 'a@example.net b@example.net' \
	    "$(mail '.rcpt | join(" ")')"
	assertEquals '1 of its recipients refused: code-550@example.net (550)' \
	    "$(journal 'select(.event == "delivered") | .reason')"
	assertContains 'what the server said is in the ticket' "$(cat \
	    "$SPOOL"/done/*/"$ID".some*)" \
	    'code-550@example.net: 550 5.1.1 not here'
}

test_a_mail_refused_after_it_was_sent_fails_or_is_deferred_by_the_code() {
	mail_instance
	recipients bad code-554-data@example.net
	recipients later code-451-data@example.net
	recipients login code-530-data@example.net
	drop one "$(job bad later login)"
	eventually in_queue failed "$ID" bad
	eventually in_queue retry "$ID" later
	eventually in_queue retry "$ID" login
	assertEquals REMOTE_REJECTED "$(error_code "$ID" bad)"
	assertEquals REMOTE_REJECTED "$(error_code "$ID" later)"
	assertEquals AUTHENTICATION_FAILED "$(error_code "$ID" login)"
}

test_a_mail_larger_than_the_server_or_the_destination_takes_fails() {
	mail_instance 'size: 2000'
	to server "port: $STARTTLS"
	to own "port: $STARTTLS" 'maxMessageSize: 1000'
	head -c 1500 /dev/urandom >"$SPOOL/data/big"
	drop one '{"destinations":["server","own"],"payload":{"type":"export",
	    "file":"big"}}'
	eventually in_queue failed "$ID" server
	eventually in_queue failed "$ID" own
	assertEquals REMOTE_REJECTED "$(error_code "$ID" server)"
	assertEquals VALIDATION_ERROR "$(error_code "$ID" own)"
	assertFalse 'no mail' '[ -e "$BOX/mails" ]'
}

test_the_queue_id_of_the_server_is_the_reference() {
	mail_instance
	to a "port: $STARTTLS"
	drop one "$(job a)"
	eventually delivered "$ID" a
	eventually receipt_says one "$ID" \
	    '.destinations[0].crossSystemReference == "1"'
}

# --- what is sent -------------------------------------------------------------

test_names_subjects_and_file_names_in_utf8_are_read_as_they_were_meant() {
	mail_instance
	long='Überweisung für Zoë 😀: ein sehr, sehr langer Betreff, der über mehrere Zeilen geht und nicht zerschnitten werden darf'
	to a "port: $STARTTLS" 'from: "Jörg Müller-Lüdenscheidt, Röntgen <spoold@example.org>",
	    replyTo: "\"Doe, J. (x)\" <reply@example.org>",
	    recipients: ["Zoë 😀 <a@example.net>", "b@example.net"],
	    cc: ["Plain Name <c@example.net>"], bcc: ["d@example.net"],
	    subject: "{{subject}}", attachmentName: "{{subject}} \"é\".pdf",
	    bodyTemplate: "x"'
	echo content >"$SPOOL/data/file"
	drop one "$(jq -n --arg s "$long" '{destinations: ["a"], payload: {
	    type: "report", file: "file", contentType: "application/pdf",
	    metadata: {subject: $s}}}')"
	eventually delivered "$ID" a
	assertEquals "$long" "$(mail .subject)"
	assertEquals "$long \"é\".pdf application/pdf attachment" \
	    "$(mail '.attachments[0] | "\(.name) \(.type) \(.disposition)"')"
	assertEquals 'Jörg Müller-Lüdenscheidt, Röntgen|spoold@example.org' \
	    "$(mail '.from[]')"
	assertEquals 'Doe, J. (x)|reply@example.org' "$(mail '.replyTo[]')"
	assertEquals 'Zoë 😀|a@example.net |b@example.net' \
	    "$(mail '.to | join(" ")')"
	assertEquals 'Plain Name|c@example.net' "$(mail '.cc[]')"
	assertEquals 'nobody sees bcc' 0 "$(mail '.bcc | length')"
	assertEquals 'a@example.net b@example.net c@example.net d@example.net' \
	    "$(mail '.rcpt | join(" ")')"
	assertEquals 'true false' "$(mail '"\(.ascii) \(.bareLine)"')"
	assertTrue 'lines' "[ $(mail .longest) -le 78 ]"
}

test_text_and_html_come_out_of_templates_and_only_html_is_escaped() {
	mail_instance
	to a "port: $STARTTLS" 'subject: "{{ward}}: {{type}}",
	    bodyTemplate: "{{#data.list}}* {{.}}\n{{/data.list}}{{ward}} {{none}}{{correlationId}}\n",
	    htmlTemplate: "<p>{{ward}} {{data.n}} {{deliveryId}}</p>"'
	drop one '{"destinations":["a"],"payload":{"type":"report",
	    "data":{"list":["a & b","<c>"],"n":1.10},
	    "metadata":{"ward":"<B> & \"C\""}},
	    "options":{"correlationId":"c-7"}}'
	eventually delivered "$ID" a
	assertEquals '<B> & "C": report' "$(mail .subject)"
	assertEquals '* a & b
* <c>
<B> & "C" c-7' "$(mail .text)"
	assertEquals "<p>&lt;B&gt; &amp; &quot;C&quot; 1.10 $ID</p>" \
	    "$(mail .html | tr -d '\n')"
	assertEquals 'what a body has in it is not attached' 0 \
	    "$(mail '.attachments | length')"
}

test_inline_data_is_attached_as_the_client_wrote_it() {
	mail_instance
	to a "port: $STARTTLS" 'bodyTemplate: "{{ward}}"'
	drop one '{"destinations":["a"],"payload":{"type":"data",
	    "data":{"n": 12345678901234567890, "f":1.10,"e":"\u00e9"}}}'
	eventually delivered "$ID" a
	assertEquals '{"n": 12345678901234567890, "f":1.10,"e":"\u00e9"}' \
	    "$(mail '.attachments[0].text')"
	assertEquals "$ID.json application/json" \
	    "$(mail '.attachments[0] | "\(.name) \(.type)"')"
	assertEquals 'an empty body' '' "$(mail '.text // ""' | tr -d '\n')"
}

test_dots_bare_line_feeds_long_lines_and_blanks_arrive() {
	mail_instance
	to a "port: $STARTTLS" 'bodyTemplate: "{{&data}}", htmlTemplate: "{{&data}}"'
	long=$(head -c 3000 /dev/zero | tr '\0' x)
	text=$(printf '.\n..\n.x\nFrom me\nb  \nt\t\n\n=3D %s é\n.\nend' "$long")
	drop one "$(jq -n --arg t "$text" '{destinations: ["a"],
	    payload: {type: "data", data: $t}}')"
	eventually delivered "$ID" a
	assertEquals "$text" "$(mail .text)"
	assertEquals "$text" "$(mail .html)"
	assertEquals 'true false' "$(mail '"\(.ascii) \(.bareLine)"')"
	assertTrue 'lines' "[ $(mail .longest) -le 78 ]"
}

test_a_file_of_twenty_megabytes_arrives_whole() {
	mail_instance
	to a "port: $STARTTLS"
	head -c 20000001 /dev/urandom >"$SPOOL/data/big"
	sum=$(sha256sum <"$SPOOL/data/big" | cut -d ' ' -f 1)
	drop one '{"destinations":["a"],"payload":{"type":"export",
	    "file":"big","filename":"scan 1.bin"}}'
	eventually delivered "$ID" a
	assertEquals "scan 1.bin 20000001 $sum" \
	    "$(mail '.attachments[0] | "\(.name) \(.size) \(.sha256)"')"
}

test_sizes_around_a_line_of_base64_and_an_empty_file_arrive_whole() {
	mail_instance
	to a "port: $STARTTLS"
	for size in 0 1 2 3 56 57 58 3647 3648 3649; do
		head -c $size /dev/urandom >"$SPOOL/data/s$size"
		sha256sum <"$SPOOL/data/s$size" | cut -d ' ' -f 1
		drop "s$size" '{"destinations":["a"],"payload":{
		    "type":"export","file":"s'$size'"}}'
	done | sort >"$SCRATCH/sums"
	eventually counts done 10
	assertEquals "$(cat "$SCRATCH/sums")" \
	    "$(jq -r '.attachments[0].sha256' "$BOX/mails" | sort)"
}

test_a_message_says_what_it_is_and_is_the_same_at_every_attempt() {
	mail_instance
	setting retry base_delay 100ms
	recipients a code-451-data@example.net
	drop one "$(job a)"
	eventually in_queue retry "$ID" a
	stop
	start
	run spooldest update a - <<-END
		{"config": {"email": {"recipients": ["a@example.net"]}}}
	END
	assertEquals "$ERR" 0 "$STATUS"
	run spoolq -s a
	eventually delivered "$ID" a
	assertEquals "<$ID.a@example.org>" "$(mail .messageId)"
	assertEquals auto-generated "$(mail .auto)"
	assertEquals "$(journal 'select(.event == "accepted") | .time' |
	    cut -d . -f 1)" "$(mail .date | cut -d . -f 1)"
}

test_a_value_with_a_line_break_never_gets_into_a_header() {
	mail_instance
	to subject "port: $STARTTLS" 'subject: "{{s}}"'
	to name "port: $STARTTLS" 'attachmentName: "{{s}}"'
	to ok "port: $STARTTLS" 'bodyTemplate: "{{s}}"'
	drop one '{"destinations":["subject","name","ok"],"payload":{
	    "type":"data","data":1,
	    "metadata":{"s":"x\r\nBcc: evil@example.net"}}}'
	eventually in_queue failed "$ID" subject
	eventually in_queue failed "$ID" name
	eventually delivered "$ID" ok
	assertEquals VALIDATION_ERROR "$(error_code "$ID" subject)"
	assertEquals VALIDATION_ERROR "$(error_code "$ID" name)"
	assertEquals 'x
Bcc: evil@example.net' "$(mail .text)"
	mails 1
	assertEquals 'one mail' 0 $?
}

test_addresses_beyond_ascii_need_a_server_that_takes_them() {
	mail_instance
	recipients a 'jörg@example.net'
	drop one "$(job a)"
	eventually delivered "$ID" a
	assertEquals 'true jörg@example.net jörg@example.net' "$(mail \
	    '"\(.utf8) \(.rcpt[0]) \(.to[0] | ltrimstr("|"))"')"
}

test_a_name_that_only_a_job_can_have_is_warned_of_when_it_is_written() {
	mail_instance
	to a "port: $STARTTLS" 'subject: "{{type}} {{ward}}", bodyTemplate:
	    "{{#data.list}}{{name}}{{/data.list}}{{metadata.x}}{{dat}}"'
	assertEquals 'spooldest: warning: config.email.subject: {{ward}} is empty unless a job'"'"'s metadata has it
spooldest: warning: config.email.bodyTemplate: {{dat}} is empty unless a job'"'"'s metadata has it' \
	    "$(cat "$SCRATCH/warned")"
}

# --- tests, and secrets -------------------------------------------------------

test_a_test_logs_in_and_sends_no_mail() {
	mail_instance
	to a "port: $STARTTLS, $login"
	run spooldest test a
	assertEquals "$OUT$ERR" 0 "$STATUS"
	for step in resolve connect tls authenticate; do
		assertContains "$OUT" "$step"
	done
	assertEquals PLAIN "$(cat "$BOX/logins")"
	assertFalse 'no mail' '[ -e "$BOX/mails" ]'
	run spooldest test --deliver a
	assertEquals "$OUT$ERR" 0 "$STATUS"
	eventually mails 1
	assertEquals 'Test by spoold' "$(mail .subject)"
}

test_a_test_with_a_wrong_password_says_what_mends_it() {
	mail_instance
	to a "port: $STARTTLS, auth: {user: \$user, pass: \"wrong-5e\"}"
	run spooldest test a
	assertEquals "$OUT" 75 "$STATUS"
	assertEquals 'spooldest: AUTHENTICATION_FAILED: it answered 535 to AUTH: it does not accept the user or the password; give another smtpConfig.auth.pass with spooldest update' "$ERR"
	to b "port: $CLEAR, $login"
	run spooldest test b
	assertEquals "$OUT" 75 "$STATUS"
	assertContains "$ERR" TLS_FAILURE
	to c "port: 1, $login"
	run spooldest test c
	assertContains "$ERR" CONNECT_FAILURE
}

test_a_server_that_is_none_for_mail_is_told_from_one() {
	mail_instance
	# Says what a web server says, unasked, and ends it.
	node -e 'require("net").createServer((s) => { s.on("error", () => {});
	    s.end("HTTP/1.1 408 Request Timeout\r\n\r\n"); })
	    .listen(0, "127.0.0.1", function () {
	    console.log(this.address().port); })' >"$SCRATCH/web" &
	web=$!
	eventually test -s "$SCRATCH/web"
	to a "port: $(cat "$SCRATCH/web")"
	run spooldest test a
	assertEquals "$OUT" 75 "$STATUS"
	assertContains "$ERR" \
	    'it does not answer as SMTP does: are host and port right?'
	kill $web
}

test_passwords_and_tokens_are_in_clear_nowhere() {
	mail_instance
	to a "port: $STARTTLS, $login"
	to b "port: $STARTTLS, auth: {user: \$user, oauth2: \$token}"
	drop one "$(job a b)"
	eventually delivered "$ID" a
	eventually delivered "$ID" b
	for secret in 's3cret' 'p\u00e4:ss' 'pä:ss' "$TOKEN"; do
		assertEquals "$secret at rest" '' "$(grep -rlF -e "$secret" \
		    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
		assertEquals "$secret shown" 0 "$(spooldest -j list |
		    grep -cF -e "$secret")"
		for pid in $(supervisor) $(workers email); do
			assertEquals "$secret in argv" 0 "$(tr '\0' ' ' \
			    <"/proc/$pid/cmdline" | grep -cF -e "$secret")"
		done
	done
	for change in '"host": "localhost"' '"port": 25' '"startTls": "never"'
	do
		run spooldest update a - <<-END
			{"config": {"email": {"smtpConfig": {$change}}}}
		END
		failed_with 65 spooldest VALIDATION_ERROR
		assertContains "$ERR" \
		    'config.email.smtpConfig.auth.pass has to be given again'
	done
}

. /usr/share/shunit2/shunit2
