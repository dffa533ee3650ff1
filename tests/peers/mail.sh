# mail.sh - what the suites of mail share: a mailbox, and destinations there
# shellcheck shell=sh disable=SC2034 # for the suites

USER_NAME=spool@example.org
PASSWORD='s3cret "pä:ss" 5e'
TOKEN=ya29.tok-5e_abc

# mail_instance [KNOWN]: an instance and a mailbox; KNOWN are more members of
# its known.json.
mail_instance() {
	instance
	slow_retries
	start
	mailbox "$@"
}

# mailbox [KNOWN]: $STARTTLS, $TLS and $CLEAR are its ports.
mailbox() {
	BOX=$SCRATCH/box
	mkdir "$BOX"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj /CN=localhost -days 90 -addext \
	    subjectAltName=DNS:localhost,IP:127.0.0.1 \
	    -keyout "$BOX/key.pem" -out "$BOX/cert.pem" 2>"$BOX/openssl"
	jq -n --arg user "$USER_NAME" --arg password "$PASSWORD" \
	    --arg token "$TOKEN" "{user: \$user, password: \$password,
	    token: \$token ${1:+, $1}}" >"$BOX/known.json"
	node "$TESTS/peers/mailbox.mjs" "$BOX" >"$BOX/log" 2>&1 &
	echo $! >"$BOX/sink.pid"
	eventually test -s "$BOX/port"
	read -r STARTTLS TLS CLEAR <"$BOX/port"
}

# to NAME SMTP [MORE]: a destination; SMTP are members of smtpConfig, MORE of
# the config, both as jq sees them.
to() {
	jq -n --rawfile ca "$BOX/cert.pem" --arg id "$1" \
	    --arg password "$PASSWORD" --arg user "$USER_NAME" \
	    --arg token "$TOKEN" "{id: \$id, label: \$id, type: \"email\",
	    config: {email: ({smtpConfig: ({host: \"127.0.0.1\"} + {$2}),
	    from: \"spoold@example.org\", recipients: [\"a@example.net\"],
	    tls: {ca: \$ca}} + {${3-}})}}" | spooldest create - \
	    >"$SCRATCH/created" 2>"$SCRATCH/warned" ||
	    fail "create: $(cat "$SCRATCH/created" "$SCRATCH/warned")"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

login='auth: {user: $user, pass: $password}'

# The last mail, as jq sees what the parser made of it.
mail() {
	tail -1 "$BOX/mails" | jq -r "$1"
}

# mails COUNT: so many have come.
mails() {
	[ -f "$BOX/mails" ] && [ "$(wc -l <"$BOX/mails")" -eq "$1" ]
}

# error_code ID DESTINATION
error_code() {
	journal "select(.job == \"$1\" and .dest == \"$2\" and
	    (.event == \"deferred\" or .event == \"failed\")) | .errorCode"
}
