#!/bin/sh
# destination_cloud_test.sh - what a storage destination in a cloud may say

. tests/unit/common.sh

oneTimeSetUp() {
	K=$SHUNIT_TMPDIR/keys
	mkdir "$K"
	"$BUILD/tests/probe_vault" create "$K"
	openssl genrsa -out "$SHUNIT_TMPDIR/rsa.pem" 2048 2>/dev/null
	openssl genpkey -algorithm ed25519 -out "$SHUNIT_TMPDIR/ed.pem"
	KEY=$(printf 'a key of 32 bytes, at the least..' | base64)
}

probe() {
	"$BUILD/tests/probe_destination" "$@"
}

# account CHANGE: a key file's text after that change by jq.
account() {
	jq -c --rawfile key "$SHUNIT_TMPDIR/rsa.pem" \
	    --rawfile other "$SHUNIT_TMPDIR/ed.pem" -n \
	    "{type: \"service_account\", client_email: \"a@b\",
	    private_key: \$key, token_uri: \"https://o.example/token\"} | $1"
}

# azure CHANGE, gcs CHANGE: settings after that change.
azure() {
	jq -nc --arg key "$KEY" "{provider: \"azure\", config: {accountName:
	    \"hospital\", container: \"reports\", accountKey: \$key}} | $1"
}

gcs() {
	jq -nc --arg account "$(account .)" "{provider: \"gcs\", config:
	    {bucket: \"reports\", credentials: \$account}} | $1"
}

# make SETTINGS
make() {
	jq -nc --argjson c "$1" '{label: "A", type: "storage",
	    config: {storage: $c}}' | probe make "$K" hospital ''
}

# refused PATH WORDS SETTINGS
refused() {
	expect 1 "VALIDATION_ERROR path=config.storage.config.$1: config.storage.config.$1 $2" \
	    make "$3"
}

taken() {
	assertEquals "$1" '{"id":"a"' "$(make "$1" | cut -c 1-9)"
}

test_each_provider_has_what_it_cannot_do_without() {
	taken "$(azure .)"
	taken "$(gcs .)"
	taken "$(gcs '.provider = "gcp"')"
	for field in accountName container; do
		refused $field 'is missing: azure needs it' \
		    "$(azure "del(.config.$field)")"
	done
	refused bucket 'is missing: gcs needs it' "$(gcs 'del(.config.bucket)')"
	refused bucket 'is missing: gcs needs it' \
	    "$(gcs '.provider = "gcp" | del(.config.bucket)')"
}

test_of_credentials_there_is_one_kind() {
	refused accountKey \
	    'is missing, and so is sasToken: one of them is needed' \
	    "$(azure 'del(.config.accountKey)')"
	refused sasToken \
	    'stands beside accountKey: only one of them can be used' \
	    "$(azure '.config.sasToken = "sv=1&sig=a"')"
	refused credentials \
	    'is missing, and so is accessToken: one of them is needed' \
	    "$(gcs 'del(.config.credentials)')"
	refused accessToken \
	    'stands beside credentials: only one of them can be used' \
	    "$(gcs '.config.accessToken = "a"')"
	refused tokenEndpoint \
	    'needs credentials: nothing is asked there without' \
	    "$(gcs '.config |= {bucket, accessToken: "a",
	    tokenEndpoint: "https://o.example/"}')"
}

test_what_is_anothers_is_refused() {
	refused container 'belongs to the provider azure' \
	    "$(gcs '.config.container = "abc"')"
	refused bucket 'belongs to the providers s3 gcs' \
	    "$(azure '.config.bucket = "abc"')"
	refused directory 'belongs to the provider local' \
	    "$(azure '.config.directory = "/srv"')"
}

test_names_of_accounts_and_containers_are_checked() {
	for bad in '' ab Upper a.b a-b "$(printf '%025d' 0)" 'a/../b'; do
		refused accountName 'must be the name of a storage account: 3 to 24 lower-case letters and digits' \
		    "$(azure ".config.accountName = \"$bad\"")"
	done
	for bad in '' ab Upper a.b -ab ab- a--b 'a/b' "$(printf '%064d' 0)"; do
		refused container 'must be the name of a container: 3 to 63 lower-case letters, digits and single "-" between them' \
		    "$(azure ".config.container = \"$bad\"")"
	done
}

test_keys_and_signatures_are_checked() {
	for bad in '' 'no base64' YQ== "$(head -c 300 /dev/zero | base64 -w 0)"
	do
		refused accountKey 'must be base64 of 16 to 256 bytes, as the account shows its keys' \
		    "$(azure ".config.accountKey = \"$bad\"")"
	done
	for good in 'sv=1&sig=a%2B' '?sv=1&sig=a'; do
		taken "$(azure "del(.config.accountKey) |
		    .config.sasToken = \"$good\"")"
	done
	for bad in '' sv=1 'sig=a b' 'sig=a#b' 'sig=a\r\nX: y' 'x?sig=a' \
	    'https://a/?sig=a' "sig=$(printf '%02048d' 0)"; do
		refused sasToken 'must be a shared access signature, the part of its URL behind the "?" with sig= in it, of up to 2048 bytes' \
		    "$(azure "del(.config.accountKey) |
		    .config.sasToken = \"$bad\"")"
	done
}

test_a_key_file_is_a_service_accounts() {
	file='must be the JSON of a service account'\''s key file, whose type is service_account, as a string'
	for bad in '"x"' '"{"' '{"a":1}' '""' '"[]"'; do
		refused credentials "$file" \
		    "$(gcs ".config.credentials = $bad")"
	done
	# refused_file WORDS CHANGE
	refused_file() {
		refused credentials "$1" "$(jq -nc --arg a "$(account "$2")" \
		    '{provider: "gcs", config: {bucket: "abc",
		    credentials: $a}}')"
	}
	refused_file "$file" '.type = "authorized_user"'
	for field in client_email private_key token_uri; do
		refused_file 'lacks one of client_email, private_key and token_uri' \
		    "del(.$field)"
	done
	refused_file 'has a private_key that is no RSA key in PEM' \
	    '.private_key = $other'
	refused_file 'has a private_key that is no RSA key in PEM' \
	    '.private_key = "x"'
	refused_file 'has a token_uri that is no http or https URL' \
	    '.token_uri = "file:///etc/passwd"'
}

test_secrets_are_sealed_and_open_for_a_worker() {
	make "$(azure .)" | head -n 1 >"$SHUNIT_TMPDIR/document"
	assertEquals 0 "$(grep -cF "$KEY" "$SHUNIT_TMPDIR/document")"
	assertEquals "$KEY" "$(probe open "$K" hospital \
	    <"$SHUNIT_TMPDIR/document" | jq -r .config.accountKey)"
	make "$(gcs .)" | head -n 1 >"$SHUNIT_TMPDIR/document"
	assertEquals 0 "$(grep -c 'PRIVATE KEY' "$SHUNIT_TMPDIR/document")"
	assertEquals "$(account .)" "$(probe open "$K" hospital \
	    <"$SHUNIT_TMPDIR/document" | jq -r .config.credentials)"
}

run_suite
