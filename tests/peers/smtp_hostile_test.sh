#!/bin/sh
# smtp_hostile_test - mail servers that misbehave in every way of
# hostile_smtp_cases.mjs, all at once: each ticket ends as spoold-email(8)
# says, and the worker neither grows nor stalls nor keeps anything
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/system/hostile.sh
. "$TESTS/system/hostile.sh"

test_whatever_a_mail_server_does_at_any_step_has_its_outcome_and_costs_nobody() {
	hostile_instance email
	hostile "$TESTS/peers/hostile_smtpd.mjs" || return
	meets email
	assertEquals 'nothing was said in clear but for TLS' 'ehlo starttls' \
	    "$(cut -d ' ' -f 2 "$HOSTILE/heard" | sort -u | paste -sd ' ')"
	assertEquals 'who broke TLS got no mail' '' "$(grep -E \
	    '^(starttls-[^g]|tls-[^g])' "$HOSTILE/took")"
	[ ! -e "$HOSTILE/errors" ]
	assertEquals "$(cat "$HOSTILE/errors" 2>/dev/null)" 0 $?
}

. /usr/share/shunit2/shunit2
