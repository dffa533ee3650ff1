#!/bin/sh
# used_test - credentials that were used, by each transport and in each way, are in
# no process's memory once their tickets are done
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/system/memory.sh
. "$TESTS/system/memory.sh"
# shellcheck source=tests/peers/mail.sh
. "$TESTS/peers/mail.sh"
# shellcheck source=tests/peers/sshd.sh
. "$TESTS/peers/sshd.sh"

oneTimeSetUp() {
	ssh_keys
}

# Servers: of HTTPS at $TLS_SINK and of mail, whose certificate is trusted, and
# of SFTP, which knows the key.
used_instance() {
	needs_root || return 1
	instance
	slow_retries
	setting "organization $ORG" egress_allow '{"loopback"}'
	USER_NAME=u PASSWORD=smt-Zk48plainly TOKEN=oau-Zk50plainly
	mailbox
	setting security ca_file "$BOX/cert.pem"
	openssl genrsa -out "$BOX/client.key" 2048 2>/dev/null
	openssl req -x509 -key "$BOX/client.key" -subj /CN=client -days 90 \
	    -out "$BOX/client.pem" 2>/dev/null
	ssh-keygen -y -f "$BOX/client.key" >"$KEYS/authorized"
	SSHD_PORT=
	sshd
	TLS_DIR=$SCRATCH/tls
	mkdir "$TLS_DIR"
	echo got-Zk49plainly >"$TLS_DIR/token"
	node "$TESTS/peers/tls_sink.mjs" "$TLS_DIR" "$BOX/cert.pem" \
	    "$BOX/key.pem" >"$TLS_DIR/log" 2>&1 &
	echo $! >"$TLS_DIR/sink.pid"
	eventually test -s "$TLS_DIR/port"
	TLS_SINK=https://127.0.0.1:$(cat "$TLS_DIR/port")
	start
}

# Each way in which a credential goes out.
destinations() {
	jq -n --arg url "$TLS_SINK" --rawfile key "$BOX/client.key" \
	    --rawfile cert "$BOX/client.pem" --argjson port "$STARTTLS" \
	    --argjson tls "$TLS" --argjson ssh "$SSHD_PORT" \
	    --arg user "$(id -un)" --arg pin "$(fingerprint ed25519)" \
	    'def email($more): {email: ({endpoint: $url,
	    from: "a@b.example", recipients: ["c@d.example"],
	    subject: "s"} + $more)};
	def smtp($port; $auth): email({service: "smtp", endpoint: null,
	    smtpConfig: ({host: "127.0.0.1", port: $port, auth: $auth} +
	    if $port == $tls then {secure: true} else {} end)}) |
	    del(.email.endpoint);
	def store($provider; $more): {storage: {provider: $provider,
	    config: ({endpoint: $url} + $more)}};
	def files($more): {sftp: ({host: "127.0.0.1", port: $ssh,
	    username: $user, hostKey: $pin} + $more)};
	{
	    bearer: {webhook: {url: $url, auth: {type: "bearer",
		token: "tok-Zk40plainly"}, headers: {"X-Api-Key":
		"hdr-Zk41plainly"},
		secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}},
	    basic: {webhook: {url: $url, auth: {type: "basic", user: "u",
		password: "bas-Zk42plainly"}}},
	    key: {webhook: {url: $url, auth: {type: "apiKey", header:
		"X-Key", key: "key-Zk43plainly"}}},
	    mutual: {webhook: {url: $url, tls: {clientCert: $cert,
		clientKey: $key}}},
	    sendgrid: email({service: "sendgrid",
		apiKey: "sgr-Zk44plainly"}),
	    resend: email({service: "resend", apiKey: "res-Zk45plainly"}),
	    ses: email({service: "ses", region: "eu-west-1",
		accessKeyId: "AKIA", secretAccessKey: "ses-Zk46plainly"}),
	    custom: email({service: "custom", endpoint: ($url + "/c"),
		headers: {"X-Api-Key": "cus-Zk47plainly"},
		requestTemplate: "{\"to\": {{message.to}}}"}),
	    hang: email({service: "custom", endpoint: ($url + "/hang"),
		headers: {"X-Api-Key": "hng-Zk56plainly"}, timeout: 120000,
		requestTemplate: "{\"to\": {{message.to}}}"}),
	    plain: (smtp($port; {user: "u", pass: "smt-Zk48plainly"}) |
		.email.smime = {signCert: $cert, signKey: $key}),
	    oauth: smtp($tls; {user: "u", oauth2: "oau-Zk50plainly"}),
	    s3: store("s3"; {bucket: "bbb", region: "eu-central-1",
		accessKeyId: "AKIA", secretAccessKey: "aws-Zk51plainly",
		sessionToken: "ses-Zk52plainly"}),
	    azure: store("azure"; {accountName: "acc", container: "ccc",
		accountKey: ("azr-Zk53plainly-" | @base64)}),
	    sas: store("azure"; {accountName: "acc", container: "ccc",
		sasToken: ("sv=2022-11-02&sr=c&sp=rcw&se=2090-01-01&sig=" +
		"sas-Zk54plainly")}),
	    gcs: store("gcs"; {bucket: "bbb", credentials: ({type:
		"service_account", project_id: "p", private_key_id: "a",
		private_key: $key, client_email: "a@b.example",
		token_uri: ($url + "/token")} | tojson)}),
	    token: store("gcs"; {bucket: "bbb",
		accessToken: "gcs-Zk55plainly"}),
	    ssh: files({privateKey: $key}),
	    login: files({password: "ssh-Zk57plainly"})
	} | to_entries | map({id: .key, label: .key, type: (.value | keys[0]),
	    config: .value})' >"$SHUNIT_TMPDIR/destinations"
	run spooldest create "$SHUNIT_TMPDIR/destinations"
	assertEquals "$ERR" 0 "$STATUS"
	ALL=$OUT
}

# numbers KEY: what makes it a private one, in pieces, as OpenSSL has it in
# memory and as the file has it.
numbers() {
	node -e 'const fs = require("node:fs");
	    const key = require("node:crypto").createPrivateKey(
		fs.readFileSync(process.argv[1])).export({ format: "jwk" });
	    for (const name of ["d", "p", "q", "dp", "dq", "qi"]) {
		const bytes = Buffer.from(key[name], "base64url");
		for (const all of [bytes, Buffer.from(bytes).reverse()])
			for (let at = 16; at + 32 <= all.length; at += 32)
				console.log("hex:" + all.subarray(at, at + 32)
				    .toString("hex"));
	    }' "$1"
}

# What to look for: the credentials as they were given, and as they are sent.
words() {
	grep -o '[a-z]*-Zk[0-9]*plainly\|MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' \
	    "$SHUNIT_TMPDIR/destinations"
	cat "$TLS_DIR/token"
	for sent in u:bas-Zk42plainly '\0u\0smt-Zk48plainly' smt-Zk48plainly \
	    'user=u\001auth=Bearer oau-Zk50plainly\001\001' \
	    azr-Zk53plainly-; do
		# shellcheck disable=SC2059 # it is a format
		printf "$sent" | base64 -w 0
		echo
	done
	sed -n 5p "$BOX/client.key"
	numbers "$BOX/client.key"
}

settled() {
	in_queue done "$1" "$2" || in_queue failed "$1" "$2" ||
	    in_queue retry "$1" "$2"
}

# found WORDS: these, and nothing else of what there is to look for, are found.
found() {
	[ "$(words | found_in_memory)" = "$1" ]
}

# One is at work while this is looked at, and has what it needs.
test_what_was_used_is_in_no_memory_afterwards() {
	used_instance || return
	destinations
	# shellcheck disable=SC2086 # a list
	drop one "$(job $ALL)"
	for name in $ALL; do
		[ "$name" = hang ] || eventually settled "$ID" "$name"
	done
	eventually grep -q '"path":"/hang"' "$TLS_DIR/requests"
	eventually grep -q '"certificate":true' "$TLS_DIR/requests"
	assertEquals 'by key' 1 "$(logins)"
	assertEquals 'logins' 'PLAIN XOAUTH2' "$(sort "$BOX/logins" |
	    paste -sd ' ')"
	wanted='email hng-Zk56plainly'
	! sanitized || wanted=
	eventually found "$wanted"
	assertEquals "$wanted" "$(words | found_in_memory)"
}

test_a_private_key_that_was_looked_at_is_not_in_spoolds_memory() {
	used_instance || return
	destinations
	jq '.[] | select(.id == "gcs") | .id = "refused" |
	    .config.storage.config.accountKey = "x"' \
	    "$SHUNIT_TMPDIR/destinations" >"$SCRATCH/refused"
	for _ in 1 2 3; do
		run spooldest create "$SCRATCH/refused"
		failed_with 65 spooldest VALIDATION_ERROR
	done
	assertEquals '' "$(words | found_in_memory)"
	jq '.[] | select(.id == "mutual") | {config}' \
	    "$SHUNIT_TMPDIR/destinations" >"$SCRATCH/patch"
	for _ in 1 2 3; do
		run spooldest update mutual "$SCRATCH/patch"
		assertEquals "$ERR" 0 "$STATUS"
	done
	assertEquals '' "$(words | found_in_memory)"
}

. /usr/share/shunit2/shunit2
