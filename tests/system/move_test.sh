#!/bin/sh
# move_test - destinations move from one instance to another, and from the
# service before: credentials are sealed or left out on the way, and what is not
# whole is not used
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# The one that destinations go to, beside the one that they come from.
second() {
	FIRST=$INSTANCE
	SECOND=$INSTANCE/second
	KEEP=$SCRATCH
	mkdir "$SECOND"
	spoolctl init --root "$SECOND" --organization other >"$KEEP/init2" 2>&1
	printf 'right horse battery\n' >"$KEEP/pass"
	printf 'wrong horse battery\n' >"$KEEP/wrong"
}

# there COMMAND...: at the second one.
there() {
	SPOOLD_CONFIG=$SECOND/etc/spoold.conf "$@"
}

# Two that have credentials of many kinds.
two() {
	jq -n --rawfile key "$KEEP/key.pem" --rawfile cert "$KEEP/cert.pem" '[
	    {id: "hook", label: "Hook", type: "webhook", isDefault: true,
	    limits: {ratePerMinute: 600, ordered: true}, submitters: ["ris"],
	    config: {webhook: {url: "https://a.example/x",
	    headers: {"X.Key": "clear-header", Accept: "a/b"},
	    auth: {type: "bearer", token: "clear-token"},
	    secret: "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
	    tls: {clientCert: $cert, clientKey: $key}}}},
	    {id: "box", label: "Box", type: "sftp", config: {sftp: {
	    host: "h.example", username: "u", password: "clear-password",
	    hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}}]' \
	    >"$KEEP/two"
	run spooldest create "$KEEP/two"
	assertEquals "$ERR" 0 "$STATUS"
}

keys() {
	openssl req -x509 -newkey ed25519 -nodes -subj /CN=client -days 90 \
	    -keyout "$SCRATCH/key.pem" -out "$SCRATCH/cert.pem" 2>/dev/null
}

both() {
	instance
	keys
	second
	two
}

export_sealed() {
	run spooldest export --passphrase-file "$KEEP/pass" "$@"
	assertEquals "$ERR" 0 "$STATUS"
	cp "$SCRATCH/out" "$KEEP/file"
}

# What is in force there, in clear as its worker gets it, without what an
# instance writes by itself.
opened() {
	"$BUILD/tests/probe_destination" open "$1/etc/keys" "$2" \
	    <"$1/state/$2/destinations/$3.json" | jq -S .
}

test_what_was_exported_is_the_same_where_it_is_imported() {
	both
	export_sealed
	run there spooldest import --passphrase-file "$KEEP/pass" -n "$KEEP/file"
	ran 0 'box: would be created
hook: would be created' ''
	assertEquals 'and that was all' '' "$(there spooldest -j list)"
	run there spooldest import --passphrase-file "$KEEP/pass" "$KEEP/file"
	ran 0 'box: created
hook: created' ''
	for id in hook box; do
		assertEquals "$id" "$(opened "$FIRST" demo $id)" \
		    "$(opened "$SECOND" other $id)"
	done
	assertEquals 'true 600 true ris' "$(there spooldest -j show hook |
	    jq -r '[.isDefault, .limits.ratePerMinute, .limits.ordered,
	    .submitters[0]] | join(" ")')"
	run there spooldest import --passphrase-file "$KEEP/pass" "$KEEP/file"
	ran 0 'box: unchanged
hook: unchanged' ''
}

test_an_import_says_what_it_changes_and_changes_no_more() {
	both
	export_sealed hook
	there spooldest import --passphrase-file "$KEEP/pass" "$KEEP/file" \
	    >"$KEEP/out"
	echo '{"label":"Other","config":{"webhook":{"headers":{"X.Key":"new"},
	    "secret":"********"}}}' >"$KEEP/patch"
	spooldest update hook "$KEEP/patch" >"$KEEP/out"
	export_sealed hook
	run there spooldest import -n --passphrase-file "$KEEP/pass" \
	    "$KEEP/file"
	ran 0 'hook: would be updated: label, config.webhook.headers.X.Key' ''
	assertEquals Hook "$(there spooldest -j show hook | jq -r .label)"
	run there spooldest import --passphrase-file "$KEEP/pass" "$KEEP/file"
	ran 0 'hook: updated: label, config.webhook.headers.X.Key' ''
	assertEquals 'Other 2' "$(there spooldest -j show hook |
	    jq -r '.label + " " + (.version | tostring)')"
	assertEquals "$(opened "$FIRST" demo hook)" \
	    "$(opened "$SECOND" other hook)"
	there spooldest secret rotate hook >"$KEEP/out"
	run there spooldest import --passphrase-file "$KEEP/pass" "$KEEP/file"
	ran 0 'hook: unchanged' 'spooldest: warning: config.webhook.secret: the one here goes on signing, and not that of the file: spooldest secret add'
}

test_no_credential_is_in_the_file_in_clear_and_the_export_is_on_record() {
	both
	export_sealed
	assertEquals '' "$(grep -o 'clear-[a-z]*\|PRIVATE KEY\|whsec_' \
	    "$KEEP/file")"
	assertEquals 5 "$(grep -o '"sealed"' "$KEEP/file" | wc -l)"
	assertEquals 'box hook' "$(journal 'select(.event ==
	    "secret.revealed" and .reason == "exported, sealed") | .dest' |
	    sort | paste -sd ' ')"
	run spooldest export --no-credentials
	assertEquals 0 "$STATUS"
	assertEquals '' "$(grep -o 'clear-[a-z]*\|PRIVATE KEY\|whsec_\|sealed' \
	    "$SCRATCH/out")"
	assertEquals 'nothing more was revealed' 2 "$(journal \
	    'select(.event == "secret.revealed") | .seq' | wc -l)"
	run spooldest export nobody --no-credentials
	assertEquals 68 "$STATUS"
	run setsid spooldest export
	assertEquals 64 "$STATUS"
	assertContains "$ERR" 'there is no terminal to ask for a passphrase at'
}

test_a_passphrase_that_is_another_opens_nothing() {
	both
	export_sealed box
	run there spooldest import --passphrase-file "$KEEP/wrong" "$KEEP/file"
	ran 65 '' 'spooldest: VALIDATION_ERROR: box: config.sftp.password does not open: it was exported with another passphrase'
	assertEquals '' "$(there spooldest -j list)"
}

# Each byte of each sealed value, and each of what its destination says.
test_what_was_changed_on_the_way_does_not_open() {
	both
	export_sealed box
	node -e '
	    const fs = require("fs");
	    const text = fs.readFileSync(process.argv[1], "utf8");
	    const put = (n, t) => fs.writeFileSync(process.argv[2] + n, t);
	    const at = text.indexOf("\"sealed\":\"v1.") + 10;
	    const end = text.indexOf("\"", at);
	    let n = 0;
	    for (const i of [at + 13, at + 20, end - 2, end - 20])
		put(n++, text.slice(0, i) + (text[i] === "A" ? "B" : "A") +
		    text.slice(i + 1));
	    put(n++, text.replace("h.example", "evil.example"));
	    put(n++, text.replace("SHA256:AAAA", "SHA256:AAAB"));
	    put(n++, text.replace("\"id\":\"box\"", "\"id\":\"bax\""));
	    put(n++, text.replace("\"config\":{\"sftp\":{",
		"\"config\":{\"sftp\":{\"proxy\":\"http://evil.example\","));
	    ' "$KEEP/file" "$KEEP/changed."
	for n in 0 1 2 3 4 5 6 7; do
		assertFalse "$n" "cmp -s $KEEP/file $KEEP/changed.$n"
		run there spooldest import --passphrase-file "$KEEP/pass" \
		    "$KEEP/changed.$n"
		assertEquals "$n: $OUT" 65 "$STATUS"
		assertContains "$n: $ERR" "$ERR" 'config.sftp.password does not open: it'
	done
	assertEquals '' "$(there spooldest -j list)"
}

test_what_was_left_out_disables_until_it_is_given() {
	both
	spooldest export --no-credentials >"$KEEP/file"
	run there spooldest import "$KEEP/file"
	ran 0 'box: created; disabled: imported incomplete: config.sftp.privateKey is missing, and so is password: one of them is needed; config.sftp.password was left out
hook: created; disabled: imported incomplete: config.webhook.tls.clientKey is missing: a client needs both, its certificate and the key; config.webhook.auth.token is missing: bearer needs it; config.webhook.headers.X.Key was left out; config.webhook.auth.token was left out; config.webhook.secret was left out; config.webhook.tls.clientKey was left out' ''
	run there spooldest enable box
	failed_with 65 spooldest VALIDATION_ERROR
	echo '{"config":{"sftp":{"password":"again"}}}' >"$KEEP/patch"
	there spooldest update box "$KEEP/patch" >"$KEEP/out"
	run there spooldest enable box
	ran 0 'box: enabled' ''
	run there spooldest import "$KEEP/file"
	assertEquals 0 "$STATUS"
	assertEquals 'what is there stays' 2 \
	    "$(echo "$OUT" | grep -c '^[a-z]*: unchanged')"
	assertEquals again "$(opened "$SECOND" other box | jq -r .password)"
}

# --- the service before ------------------------------------------------------

test_the_destinations_of_the_service_before_are_imported() {
	instance
	KEEP=$SCRATCH
	openssl genrsa 2048 2>/dev/null | openssl pkcs8 -topk8 -nocrypt \
	    -out "$SCRATCH/rsa"
	jq --rawfile key "$SCRATCH/rsa" '(.. | strings |
	    select(. == "@KEY@")) |= $key' \
	    "$TESTS/data/delivery_destinations.json" >"$SCRATCH/old"
	run spooldest import -n "$SCRATCH/old"
	assertEquals 'looked at only' '' "$(spooldest -j list)"
	looked=$(echo "$OUT" | sed 's/would be created/created/')
	run spooldest import "$SCRATCH/old"
	assertEquals 'the wrong one is said' 65 "$STATUS"
	assertEquals "$looked" "$OUT"
	assertEquals 'dest-webhook-1: created
ward-mail: created; disabled: the ward moves
research-bucket: created
blob: created
archive-sftp: created; disabled: imported incomplete: config.sftp.hostKey is missing
links: created; disabled: imported incomplete: config.download.baseUrl is missing; type is download, and nobody listens for links: the administrator of this instance sets download.listen
nobody: created; disabled: imported incomplete: config.email.from is missing; config.email.recipients is missing
untyped: created' "$OUT"
	assertEquals 'spooldest: note: dest-webhook-1: its id was dest_Webhook.1
spooldest: note: dest-webhook-1: icon means nothing here and is left out
spooldest: note: research-bucket: config.storage.retention has no days and is left out: nothing is erased
spooldest: note: research-bucket: config.storage.config.projectId means nothing here and is left out
spooldest: VALIDATION_ERROR: wrong: config.webhook.url must not have a user or password; config.webhook.method must be "POST" or "PUT"' \
	    "$ERR"
	opened "$INSTANCE" demo dest-webhook-1 >"$SCRATCH/opened"
	assertEquals 'Bearer clear-token-1 x-webhook a raw secret of the old service 3' \
	    "$(jq -r '[.headers.Authorization, .signature, .secret,
	    .retryConfig.maxRetries] | join(" ")' "$SCRATCH/opened")"
	assertEquals '587 clear-password-2 b@ward.example' "$(opened \
	    "$INSTANCE" demo ward-mail | jq -r '[.smtpConfig.port,
	    .smtpConfig.auth.pass, .recipients[1]] | join(" ")')"
	assertEquals 'gcs research-bucket s@p-1.iam.gserviceaccount.com' \
	    "$(opened "$INSTANCE" demo research-bucket | jq -r '[.provider,
	    .config.bucket, (.config.credentials | fromjson).client_email] |
	    join(" ")')"
	assertEquals 'hospital reports' "$(opened "$INSTANCE" demo blob |
	    jq -r '[.config.accountName, .config.container] | join(" ")')"
	assertEquals '0 true' "$(spooldest -j show dest-webhook-1 |
	    jq -r '[.countUsage, .isDefault] | join(" ")')"
	assertEquals 'none in clear on disk' '' "$(grep -rl \
	    'clear-token-1\|clear-password\|a raw secret' "$INSTANCE/state" \
	    "$INSTANCE/log")"
	run spooldest import "$SCRATCH/old"
	assertEquals 'once more changes nothing' 8 \
	    "$(echo "$OUT" | grep -c ': unchanged')"
}

test_one_without_a_host_key_is_used_when_it_has_one() {
	instance
	jq '[.[] | select(.id == "archive-sftp")]' \
	    "$TESTS/data/delivery_destinations.json" >"$SCRATCH/old"
	run spooldest import "$SCRATCH/old"
	start
	run spooldest test archive-sftp
	failed_with 69 spooldest DESTINATION_DISABLED
	run spooldest enable archive-sftp
	ran 65 '' 'spooldest: VALIDATION_ERROR: config.sftp.hostKey is missing'
	echo '{"config":{"sftp":{"hostKey":"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "password":"clear-password-3"}}}' >"$SCRATCH/patch"
	run spooldest update archive-sftp "$SCRATCH/patch"
	assertEquals "$ERR" 0 "$STATUS"
	run spooldest enable archive-sftp
	ran 0 'archive-sftp: enabled' ''
}

. /usr/share/shunit2/shunit2
