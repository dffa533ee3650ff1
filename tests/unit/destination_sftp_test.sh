#!/bin/sh
# destination_sftp_test.sh - what a destination of the type sftp may say

. tests/unit/common.sh

oneTimeSetUp() {
	K=$SHUNIT_TMPDIR/keys
	mkdir "$K"
	"$BUILD/tests/probe_vault" create "$K"
	for type in ed25519 ecdsa rsa; do
		ssh-keygen -q -t $type -N '' -C '' -f "$SHUNIT_TMPDIR/$type"
	done
	PIN=$(ssh-keygen -l -f "$SHUNIT_TMPDIR/ed25519.pub" | cut -d ' ' -f 2)
	LINE=$(cat "$SHUNIT_TMPDIR/ed25519.pub")
}

probe() {
	"$BUILD/tests/probe_destination" "$@"
}

# sftp CHANGE: a destination after that change by jq to its settings.
sftp() {
	jq -nc --arg pin "$PIN" "{label: \"A\", type: \"sftp\", config: {sftp:
	    ({host: \"a.example\", username: \"u\", password: \"p\",
	    hostKey: \$pin} | $1)}}"
}

make() {
	sftp "$1" | probe make "$K" hospital ''
}

# refused FIELD WORDS CHANGE
refused() {
	expect 1 "VALIDATION_ERROR path=config.sftp.$1: config.sftp.$1 $2" \
	    make "$3"
}

# taken CHANGE
taken() {
	assertEquals "$1" '{"id":"a"' "$(make "$1" | cut -c 1-9)"
}

# opened CHANGE FIELD: as a worker gets it.
opened() {
	make "$1" | head -n 1 >"$SHUNIT_TMPDIR/document"
	probe open "$K" hospital <"$SHUNIT_TMPDIR/document" | jq -r "$2"
}

host='must be a host: a name in ASCII (xn--… for others) or an address, without port'
pin='must be "SHA256:" and 43 characters of base64, or a line of known_hosts with a key of type ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521 or ssh-rsa'

test_a_host_is_a_name_or_an_address_and_nothing_else() {
	for good in a.example A 10.0.0.7 2001:db8::1 xn--mnchen-3ya.example; do
		taken ".host = \"$good\""
	done
	for bad in '' 'a b' a.example:22 '[::1]' u@a a/b 'a?b' 'a#b' 'a\nb' \
	    '$(id)' '10.0.0.7:22' ':::' ü; do
		refused host "$host" ".host = \"$bad\""
	done
}

test_a_host_key_is_a_fingerprint_or_a_line() {
	taken .
	for type in ed25519 ecdsa rsa; do
		line=$(cat "$SHUNIT_TMPDIR/$type.pub")
		taken ".hostKey = \"$line\""
		taken ".hostKey = \"[a.example]:22,10.0.0.7 $line comment\""
		taken ".hostKey = \"|1|c2FsdA==|aGFzaA== $line\\n\""
	done
	for bad in SHA256: 'SHA256:short' 'MD5:00' "${PIN}A" "$PIN=" \
	    'ssh-ed25519' 'ssh-ed25519 AAAA' 'ssh-dss AAAAB3NzaC1kc3M=' \
	    'a.example' "ssh-rsa ${LINE#* }" "a b $LINE"; do
		refused hostKey "$pin" ".hostKey = \"$bad\""
	done
	refused hostKey 'must be a fingerprint or a line of known_hosts' \
	    '.hostKey = ""'
	refused hostKey 'must not be a line with a marker: certificates of hosts are not supported, and a revoked key is none to pin' \
	    ".hostKey = \"@cert-authority * $LINE\""
	refused hostKey 'is missing' 'del(.hostKey)'
}

test_one_way_to_log_in_is_needed_and_only_one() {
	key=$(jq -Rs . "$SHUNIT_TMPDIR/ed25519")
	taken "del(.password) | .privateKey = $key"
	taken "del(.password) | .privateKey = $key | .passphrase = \"x\""
	refused privateKey 'is missing, and so is password: one of them is needed' \
	    'del(.password)'
	refused password 'stands beside privateKey: only one of them can be used' \
	    ".privateKey = $key"
	refused passphrase 'has no privateKey' '.passphrase = "x"'
	refused username 'is missing' 'del(.username)'
}

test_a_private_key_is_its_text_and_not_a_path() {
	rule='must be a private key as ssh-keygen writes it or in PEM, its content and not a path'
	openssl genpkey -algorithm ed25519 -out "$SHUNIT_TMPDIR/pkcs8" \
	    2>/dev/null
	for file in ecdsa rsa pkcs8; do
		taken "del(.password) | .privateKey = $(jq -Rs . \
		    "$SHUNIT_TMPDIR/$file")"
	done
	for bad in '"/home/u/.ssh/id_ed25519"' '""' \
	    "$(jq -Rs . "$SHUNIT_TMPDIR/rsa.pub")" \
	    "$(sed 1d "$SHUNIT_TMPDIR/rsa" | jq -Rs .)" \
	    "$(sed '$d' "$SHUNIT_TMPDIR/rsa" | jq -Rs .)" \
	    "$(cat "$SHUNIT_TMPDIR/rsa" "$SHUNIT_TMPDIR/rsa.pub" |
	    jq -Rs .)"; do
		refused privateKey "$rule" "del(.password) | .privateKey = $bad"
	done
}

test_what_belongs_to_tls_is_refused() {
	refused tls 'belongs to TLS: an SSH server is known by its hostKey' \
	    '.tls = {minimum: "1.3"}'
	refused proxy 'must be an http proxy: SSH goes through no other' \
	    '.proxy = "https://proxy.example"'
	taken '.proxy = "http://proxy.example:3128"'
}

test_credentials_are_sealed_and_opened_for_the_worker() {
	key=$(jq -Rs . "$SHUNIT_TMPDIR/rsa")
	secret="del(.password) | .privateKey = $key | .passphrase = \"pp-7\""
	assertEquals 0 "$(make "$secret" |
	    grep -c -e pp-7 -e 'BEGIN OPENSSH')"
	assertEquals pp-7 "$(opened "$secret" .passphrase)"
	assertEquals "$(cat "$SHUNIT_TMPDIR/rsa")" \
	    "$(opened "$secret" .privateKey)"
	assertEquals u "$(opened "$secret" .username)"
}

# changed PATCH: what an update by it says.
changed() {
	probe update "$K" hospital "$1" <"$SHUNIT_TMPDIR/document"
}

test_another_host_port_or_host_key_asks_for_the_credentials_again() {
	again='has to be given again, for the host, the proxy or what vouches for them changes'
	make . | head -n 1 >"$SHUNIT_TMPDIR/document"
	for patch in '{"host":"b.example"}' '{"port":2222}' \
	    "{\"hostKey\":\"SHA256:$(printf 'A%.0s' $(seq 43))\"}"; do
		expect 1 "VALIDATION_ERROR path=config.sftp.password: config.sftp.password $again" \
		    changed "{\"config\":{\"sftp\":$patch}}"
	done
	for patch in '{"host":"A.example"}' '{"port":22}' '{"path":"in"}' \
	    '{"host":"b.example","password":"q"}'; do
		assertEquals "$patch" 0 "$(changed \
		    "{\"config\":{\"sftp\":$patch}}" |
		    grep -c VALIDATION_ERROR)"
	done
}

run_suite
