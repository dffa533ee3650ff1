#!/bin/sh
# download_mail_test - a link told by mail, as a parser of others reads it
# shellcheck disable=SC1010,SC2016,SC2119 # "done" is a queue; $… is jq's
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/mail.sh
. "$TESTS/peers/mail.sh"

test_templates_of_mail_know_the_link_and_when_it_expires() {
	instance
	setting download listen "unix:$INSTANCE/links.sock"
	start
	mailbox
	to mail "port: $STARTTLS, $login" \
	    'subject: "A file for you", bodyTemplate:
	    "{{link}} until {{expiresAt}}: {{data.filename}}"'
	assertEquals 'no name is unknown' '' "$(cat "$SCRATCH/warned")"
	printf '{"id":"dl","label":"dl","type":"download","config":{"download":
	    {"baseUrl":"https://files.example.org","notify":"mail"}}}' |
	    spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals dl "$(cat "$SCRATCH/created")"
	head -c 1000 /dev/urandom >"$SPOOL/data/report.pdf"
	drop one '{"destinations":["dl"],"payload":{"type":"report",
	    "file":"report.pdf"},"options":{"correlationId":"c-7"}}'
	eventually mails 1
	link=$(jq -r '.destinations[0].link' "$(receipt one "$ID")")
	until=$(jq -r '.destinations[0].expiresAt' "$(receipt one "$ID")")
	assertEquals "$link until $until: report.pdf" "$(mail .text |
	    tr -d '\n')"
	assertEquals '0 A file for you' \
	    "$(mail '"\(.attachments | length) \(.subject)"')"
	eventually counts done 2
	assertEquals c-7,c-7 "$(journal 'select(.event == "delivered") |
	    .correlationId' | paste -sd ,)"
	assertEquals '' "$(grep -rlF -- "${link##*/}" "$LOG" "$BOX/log")"
}

# shellcheck disable=SC1091
. shunit2
