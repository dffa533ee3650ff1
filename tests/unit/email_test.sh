#!/bin/sh
# email_test - what the email worker says to a server, and makes of its replies
. "$(dirname "$0")/common.sh"

case $BUILD in
/*) ;;
*) BUILD=$PWD/$BUILD ;;
esac
TOP=$PWD

setUp() {
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/email-test.XXXXXX")
	cd "$DIR" || exit 1
	mkdir box
	says '{}'
	node "$TOP/tests/unit/smtp_script.mjs" box >box.log 2>&1 &
	BOX_PID=$!
	until [ -f box/port ]; do sleep 0.05; done
	PORT=$(cat box/port)
	SETUP=
	printf '%s' '{"destinations":["ehr"],"payload":{"type":"report",
	    "data":{"n":1},"metadata":{"ward":"B"}}}' >job
	printf '%s' '{"destinations":["ehr"],"payload":{"type":"export",
	    "file":"x"}}' >carries
}

tearDown() {
	[ -n "$DIR" ] || return 0
	kill "$BOX_PID"
	wait "$BOX_PID" 2>/dev/null
	cd "$TOP" || exit 1
	rm -rf "$DIR"
	DIR=
}

# says SCRIPT: what the server answers to the connections that come now.
says() {
	printf '%s' "$1" >box/script
}

# to [MORE [SMTP]]: the words of an attempt for a destination there.
to() {
	printf 'config={"smtpConfig":{"host":"127.0.0.1","port":%s,"startTls":"never"%s},"from":"s@example.org","recipients":["a@example.net"]%s}' \
	    "$PORT" "${2:+,$2}" "${1:+,$1}"
}

# worker COMMANDS: the probe's answer without `ready`; ports as PORT
worker() {
	printf 'setup%s\n%s\nclose\nend\n' "$SETUP" "$1" |
	    "$BUILD/tests/probe_worker" "$BUILD/libexec/spoold/email" 2>&1 |
	    sed -e '/^ready /d' -e "s/:$PORT/:PORT/g"
}

# commands NUMBER: what a connection was told, without arguments.  When the
# server sees its end is not known.
commands() {
	sed -n "s/^$1 \([A-Z][A-Z]*\).*/\1/p" box/commands | paste -sd ' '
}

from='peer="127.0.0.1:PORT"'

# ends REPLY-SCRIPT OUTCOME: what becomes of one mail.
ends() {
	says "$1"
	expect 0 "outcome token=1 $2
exit status 0" worker "attempt 1 job timeout=${3:-30000} $(to)
wait"
}

test_a_mail_is_said_in_order_and_its_recipients_at_once() {
	expect 0 "outcome token=1 delivered code=250 bytes=703 reference=\"Q1\" $from
exit status 0" worker "attempt 1 job $(to '"cc":["b@example.net"],"bcc":["c@example.net"]')
wait"
	assertEquals 'EHLO MAIL RCPT RCPT RCPT DATA END' "$(commands 1)"
	assertEquals '1 MAIL FROM:<s@example.org> SIZE=703
1 RCPT TO:<a@example.net>
1 RCPT TO:<b@example.net>
1 RCPT TO:<c@example.net>' "$(grep -E 'MAIL|RCPT' box/commands)"
	assertEquals 'SIZE= says how long it is' 703 "$(wc -c <box/body)"
}

test_a_server_without_pipelining_is_asked_one_by_one() {
	says '{"EHLO":"250 script"}'
	expect 0 "outcome token=1 delivered code=250 bytes=703 reference=\"Q1\" $from
exit status 0" worker "attempt 1 job $(to '"cc":["b@example.net"]')
wait"
	assertEquals 'EHLO MAIL RCPT RCPT DATA END' "$(commands 1)"
}

test_everything_before_the_mail_is_deferred() {
	ends '{"GREETING":"554 go away"}' \
	    "deferred REMOTE_REJECTED code=554 bytes=0 transport reason=\"it answered 554: it does not talk to this host\" remote=\"554 go away\" $from"
	ends '{"GREETING":"421-busy\r\n421 later"}' \
	    "deferred REMOTE_REJECTED code=421 bytes=0 slow-down transport reason=\"it answered 421: it has no time for it now\" remote=\"421-busy\x0a421 later\" $from"
	ends '{"GREETING":"close"}' \
	    "deferred CONNECT_FAILURE code=0 bytes=0 transport reason=\"127.0.0.1:PORT: it does not answer as SMTP does: are host and port right?\" $from"
	ends '{"GREETING":null}' \
	    "deferred TIMEOUT code=0 bytes=0 transport reason=\"127.0.0.1:PORT: nothing moved for 700 ms\" $from" 700
}

test_what_is_said_of_the_mail_fails_with_5xx_and_is_deferred_with_4xx() {
	for each in MAIL RCPT DATA END; do
		sent=0 whom='' command=$each
		[ $each != END ] || sent=684 command='the message'
		[ $each != RCPT ] || whom=': a@example.net'
		ends "{\"$each\":\"550 no\"}" \
		    "failed REMOTE_REJECTED code=550 bytes=$sent reason=\"it answered 550 to $command: it does not take the mail${whom:+$whom (550)}\" remote=\"${whom:+a@example.net: }550 no\" $from"
		ends "{\"$each\":\"451 later\"}" \
		    "deferred REMOTE_REJECTED code=451 bytes=$sent reason=\"it answered 451 to $command: it does not take the mail now${whom:+$whom (451)}\" remote=\"${whom:+a@example.net: }451 later\" $from"
	done
}

test_a_login_that_is_wanted_is_no_failure_of_the_mail() {
	for code in 530 534 535 538; do
		ends "{\"MAIL\":\"$code log in\"}" \
		    "deferred AUTHENTICATION_FAILED code=$code bytes=0 transport reason=\"it answered $code to MAIL: it wants $(
		    [ $code != 530 ] && echo another login || echo a login first)\" remote=\"$code log in\" $from"
	done
}

test_no_answer_to_a_whole_mail_means_that_it_may_have_arrived() {
	ends '{"END":"close"}' \
	    "deferred MAY_HAVE_ARRIVED code=0 bytes=684 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: the connection ended\" $from"
	ends '{"END":null}' \
	    "deferred MAY_HAVE_ARRIVED code=0 bytes=684 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: nothing moved for 1000 ms\" $from" 500
}

test_a_connection_that_ends_before_that_is_a_connection_failure() {
	for each in MAIL RCPT DATA; do
		ends "{\"$each\":\"close\"}" \
		    "deferred CONNECT_FAILURE code=0 bytes=0 transport reason=\"127.0.0.1:PORT: the connection ended\" $from"
		ends "{\"$each\":null}" \
		    "deferred TIMEOUT code=0 bytes=0 transport reason=\"127.0.0.1:PORT: nothing moved for 500 ms\" $from" 500
	done
}

test_a_reply_that_comes_byte_by_byte_or_never_ends_is_given_up() {
	ends '{"MAIL":"drip 250 ok and so on"}' \
	    "deferred TIMEOUT code=0 bytes=0 transport reason=\"127.0.0.1:PORT: nothing moved for 700 ms\" $from" 700
	ends '{"MAIL":"drip 250-\n"}' \
	    "deferred TIMEOUT code=0 bytes=0 transport reason=\"127.0.0.1:PORT: nothing moved for 700 ms\" $from" 700
	ends '{"END":"drip 250-\n"}' \
	    "deferred MAY_HAVE_ARRIVED code=0 bytes=684 transport reason=\"127.0.0.1:PORT: everything was sent, no answer came: nothing moved for 1000 ms\" $from" 500
}

test_a_greeting_and_a_reply_have_their_time() {
	says '{"GREETING":"wait 11000 220 at last","MAIL":"wait 500 250 ok"}'
	expect 0 "outcome token=1 delivered code=250 bytes=684 reference=\"Q1\" $from
exit status 0" worker "attempt 1 job timeout=20000 $(to)
wait"
}

test_a_starttls_that_is_refused_is_a_failure_of_tls() {
	says '{"EHLO":"250-script\r\n250 STARTTLS","STARTTLS":"454 not now"}'
	worker "$(printf 'attempt 1 job config={"smtpConfig":{"host":"127.0.0.1","port":%s},"from":"s@a","recipients":["b@c"]}' "$PORT")
wait" >outcomes
	assertContains "$(cat outcomes)" 'deferred TLS_FAILURE code=0'
	assertEquals 'EHLO STARTTLS' "$(commands 1)"
}

test_a_server_that_refused_to_talk_is_not_waited_for() {
	says '{"GREETING":"554 no","QUIT":null}'
	worker "attempt 1 job timeout=5000 $(to)
wait" >outcomes
	assertContains "$(cat outcomes)" 'deferred REMOTE_REJECTED code=554'
	assertNotContains "$(cat box/commands)" QUIT
}

test_what_is_no_smtp_is_a_protocol_error() {
	ends '{"MAIL":"hello"}' \
	    "deferred PROTOCOL_ERROR code=0 bytes=0 transport reason=\"127.0.0.1:PORT: its reply is no SMTP\" $from"
	ends '{"DATA":"250 what?"}' \
	    "deferred PROTOCOL_ERROR code=250 bytes=0 transport reason=\"it answered 250 to DATA: that is no reply to be had there\" remote=\"250 what?\" $from"
}

test_a_code_is_of_three_digits_and_begins_with_two_to_five() {
	for line in '2500 ok' '25 ok' '250x' '150 ok' '600 ok' '000 ok' \
	    '25000000000000000000 ok'; do
		ends "{\"MAIL\":\"$line\"}" \
		    "deferred PROTOCOL_ERROR code=0 bytes=0 transport reason=\"127.0.0.1:PORT: its reply is no SMTP\" $from"
	done
	ends '{"MAIL":"250"}' \
	    "delivered code=250 bytes=684 reference=\"Q1\" $from"
}

test_a_reply_of_more_than_64_kib_is_none() {
	large=$(head -c 70000 /dev/zero | tr '\0' x)
	for each in MAIL RCPT DATA; do
		ends "{\"$each\":\"250 $large\"}" \
		    "deferred PROTOCOL_ERROR code=0 bytes=0 transport reason=\"127.0.0.1:PORT: its reply does not end within 65536 bytes\" $from"
	done
	lines=$(head -c 7000 /dev/zero | sed 's/\x0/250-more\\r\\n/g')
	ends "{\"END\":\"${lines}250 ok\"}" \
	    "deferred PROTOCOL_ERROR code=0 bytes=684 transport reason=\"127.0.0.1:PORT: its reply does not end within 65536 bytes\" $from"
}

test_a_reply_of_many_and_of_long_lines_is_read_to_its_end() {
	long=$(head -c 5000 /dev/zero | tr '\0' x)
	says "{\"RCPT\":\"250-$long\\r\\n250-$long\\r\\n250 ok\",
	    \"END\":\"250-thanks\\r\\n250 bye\"}"
	expect 0 "outcome token=1 delivered code=250 bytes=684 reference=\"thanks\" $from
exit status 0" worker "attempt 1 job $(to)
wait"
}

test_the_next_mail_goes_over_the_same_connection() {
	says '{"END":["250 ok","550 not this","250 ok"],
	    "RCPT":["250 ok","250 ok","550 nobody","250 ok"]}'
	worker "attempt 1 job $(to)
wait
attempt 2 job $(to)
wait
attempt 3 job $(to)
wait
attempt 4 job $(to)
wait" | cut -d ' ' -f 2-4 >outcomes
	assertEquals 'token=1 delivered code=250
token=2 failed REMOTE_REJECTED
token=3 failed REMOTE_REJECTED
token=4 delivered code=250
status 0' "$(cat outcomes)"
	assertContains "$(commands 1)" \
	    'EHLO MAIL RCPT DATA END MAIL RCPT DATA END MAIL RCPT RSET'
}

test_another_login_or_server_never_shares_a_connection() {
	worker "attempt 1 job $(to)
wait
attempt 2 job $(to '' '"secure":false')
wait
attempt 3 job $(to '"subject":"x"')
wait" >/dev/null
	assertEquals 'EHLO MAIL RCPT DATA END MAIL RCPT DATA END' \
	    "$(commands 1)"
	assertEquals 'EHLO MAIL RCPT DATA END' "$(commands 2)"
}

test_a_kept_connection_that_ended_costs_no_attempt() {
	says '{"MAIL":["250 ok","close 421 idle for too long"]}'
	expect 0 "outcome token=1 delivered code=250 bytes=684 reference=\"Q1\" $from
outcome token=2 delivered code=250 bytes=684 reference=\"Q1\" $from
exit status 0" worker "attempt 1 job $(to)
wait
attempt 2 job $(to)
wait"
	assertContains "$(commands 1)" 'EHLO MAIL RCPT DATA END MAIL '
	assertEquals 'EHLO MAIL RCPT DATA END' "$(commands 2)"
}

test_a_server_that_takes_its_time_holds_up_nobody_else() {
	says '{"END":null}'
	{
		printf 'setup\nattempt 1 job timeout=4000 %s\n' "$(to)"
		# Its message has all been sent once that stands in `commands`.
		until grep -q END box/commands 2>/dev/null; do sleep 0.05; done
		says '{}'
		printf 'attempt 2 job timeout=4000 %s\nwait 2\nclose\nend\n' \
		    "$(to '"subject":"x"')"
	} | "$BUILD/tests/probe_worker" "$BUILD/libexec/spoold/email" 2>&1 |
	    sed '/^ready/d' | cut -d ' ' -f 2-4 >outcomes
	assertEquals 'token=2 delivered code=250
token=1 deferred MAY_HAVE_ARRIVED
status 0' "$(cat outcomes)"
}

test_dots_at_the_beginning_of_a_line_are_never_an_end() {
	job=$(printf '{"destinations":["ehr"],"payload":{"type":"data","data":1,"metadata":{"t":"a\\n.\\n..b\\r\\n.\\r\\nc"}}}')
	printf '%s' "$job" >dots
	worker "attempt 1 dots $(to '"bodyTemplate":"{{t}}"')
wait" >/dev/null
	assertEquals 1 "$(grep -c END box/commands)"
	assertEquals 'a
=2E
=2E.b
=2E
c' "$(tr -d '\r' <box/body | sed -n '/quoted-printable/,/^--/p' |
	    sed '1,2d;/^--/d')"
}

test_a_large_file_is_never_in_memory_as_a_whole() {
	head -c 60000000 /dev/zero >file
	expect 0 "outcome token=1 delivered code=250 bytes=82105937 reference=\"Q1\" $from
memory: within $(bound 20000) KiB
exit status 0" worker "attempt 1 carries payload=file $(to)
wait
memory $(bound 20000)"
}

test_a_payload_that_changed_is_never_a_whole_mail() {
	head -c 300000 /dev/zero >file
	expect 0 'outcome token=1 failed PAYLOAD_CHANGED code=0 bytes=0 reason="the payload is no longer what was accepted"
exit status 0' worker "attempt 1 carries payload=file change=file,299999,x $(to)
wait"
	assertEquals 'EHLO MAIL RCPT DATA' "$(commands 1)"
	assertFalse 'no message' '[ -e box/body ]'
}

test_a_server_that_reads_no_more_is_given_up() {
	head -c 30000000 /dev/zero >file
	says '{"STOP":100000}'
	worker "attempt 1 carries payload=file timeout=1000 $(to)
wait" | sed 's/bytes=[0-9]*/bytes=N/' >outcomes
	assertEquals "outcome token=1 deferred TIMEOUT code=0 bytes=N transport reason=\"127.0.0.1:PORT: nothing moved for 1000 ms\" $from
exit status 0" "$(cat outcomes)"
}

test_a_refusal_within_the_message_ends_it() {
	head -c 30000000 /dev/zero >file
	says '{"DATA":"354 go on\r\n552 too much"}'
	worker "attempt 1 carries payload=file $(to)
wait" | sed 's/bytes=[0-9]*/bytes=N/' >outcomes
	assertEquals "outcome token=1 failed REMOTE_REJECTED code=552 bytes=N reason=\"it answered 552 within the message: it does not take the mail\" remote=\"552 too much\" $from
exit status 0" "$(cat outcomes)"
	assertFalse 'no message' '[ -e box/body ]'
}

test_data_beyond_what_a_template_can_have_in_it_fails() {
	{
		printf '{"destinations":["ehr"],"payload":{"type":"data","data":"'
		head -c 300000 /dev/zero | tr '\0' x
		printf '"}}'
	} >large
	expect 0 "outcome token=1 failed VALIDATION_ERROR code=0 bytes=0 reason=\"payload.data is larger than the 262144 bytes that a template can have in it\"
outcome token=2 delivered code=250 bytes=411200 reference=\"Q1\" $from
exit status 0" worker "attempt 1 large $(to '"bodyTemplate":"{{data}}"')
wait
attempt 2 large $(to)
wait"
}

test_what_is_wrong_with_a_destination_waits_to_be_mended() {
	expect 0 'outcome token=1 deferred CONFIG_ERROR code=0 bytes=0 reason="the destination'"'"'s subject has on line 1 a tag that does not end"
exit status 0' worker "attempt 1 job $(to '"subject":"{{x"')
wait"
	worker 'attempt 1 job config={"smtpConfig":{"host":"127.0.0.1"},"from":"a<b@x","recipients":["a@b"]}
wait' | grep -o 'deferred CONFIG_ERROR' >outcomes
	assertEquals 'deferred CONFIG_ERROR' "$(cat outcomes)"
}

test_a_password_is_not_in_its_memory_when_nothing_is_under_way() {
	says '{"EHLO":"250-script\r\n250 AUTH PLAIN","AUTH":"235 ok",
	    "1":{"END":null}}'
	login='"auth":{"user":"u","pass":"correct-horse-5e"}'
	worker "attempt 1 job timeout=1500 $(to '' "$login")
attempt 2 job $(to '"subject":"x"')
wait
find correct-horse-5
wait
gone correct-horse-5" >said
	sanitized ||
	    assertEquals 'found 0 times' "$(grep '^found' said | tail -1)"
	assertNotEquals 'it was there' 'found 0 times' \
	    "$(grep '^found' said | head -1)"
	assertEquals 'AUTH PLAIN AHUAY29ycmVjdC1ob3JzZS01ZQ==' \
	    "$(sed -n 's/^1 \(AUTH.*\)/\1/p' box/commands)"
}

test_it_is_shut_in_by_the_kernel() {
	expect 0 'NoNewPrivs: 1
Seccomp: 2
exit status 0' worker 'proc NoNewPrivs
proc Seccomp'
}

test_a_service_without_what_it_needs_defers_and_sends_nothing() {
	for each in 'pigeon:service is unknown' 'sendgrid:apiKey is missing' \
	    'resend:apiKey is missing' 'ses:region is missing' \
	    'custom:endpoint is missing'; do
		expect 0 "outcome token=1 deferred CONFIG_ERROR code=0 bytes=0 reason=\"the destination's ${each#*:}\"
exit status 0" worker "attempt 1 job config={\"service\":\"${each%%:*}\",\"from\":\"s@a\",\"recipients\":[\"b@c\"]}
wait"
	done
}

run_suite
