# mailapi.sh - what the suites of mail by HTTP share: the server, destinations
# shellcheck shell=sh disable=SC2016,SC2034 # $… is jq's; for the suites

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
