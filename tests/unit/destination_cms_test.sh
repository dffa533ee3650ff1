#!/bin/sh
# destination_cms_test - what a destination may sign with and encrypt to

. tests/unit/common.sh

oneTimeSetUp() {
	K=$SHUNIT_TMPDIR/keys
	C=$SHUNIT_TMPDIR/certificates
	mkdir "$K" "$C"
	"$BUILD/tests/probe_vault" create "$K"
	self good rsa:2048 subjectAltName=email:r@a.example
	self other rsa:2048
	self small rsa:1024
	self edwards ed25519
	self server rsa:2048 extendedKeyUsage=serverAuth
	self any rsa:2048 extendedKeyUsage=anyExtendedKeyUsage,serverAuth
	self signs rsa:2048 keyUsage=digitalSignature
	self seals rsa:2048 keyUsage=keyEncipherment
	self agrees 'ec -pkeyopt ec_paramgen_curve:P-256' keyUsage=keyAgreement
	self ecseals 'ec -pkeyopt ec_paramgen_curve:P-256' \
	    keyUsage=keyEncipherment
	self old rsa:2048
	openssl x509 -in "$C/old.pem" -signkey "$C/old.key" -days -1 \
	    -out "$C/ended.pem" 2>/dev/null
	mv "$C/ended.pem" "$C/old.pem"
}

# self NAME KEY [EXTENSION]: a certificate that signs itself
self() {
	# shellcheck disable=SC2086 # options of the key
	openssl req -x509 -newkey $2 -nodes -subj "/CN=$1" -days 365 \
	    -keyout "$C/$1.key" -out "$C/$1.pem" ${3:+-addext "$3"} \
	    2>/dev/null
}

make() {
	"$BUILD/tests/probe_destination" make "$K" hospital
}

# email SMIME [MORE]: a destination, SMIME as jq sees it with `c("good")` and
# `k("good")` as a certificate and its key.
email() {
	written "{label: \"A\", type: \"email\", config: {email: ({smtpConfig:
	    {host: \"m.example\"}, from: \"s@a.example\", recipients:
	    [\"r@a.example\"], smime: $1} + ${2:-{\}})}}"
}

sftp() {
	written "{label: \"A\", type: \"sftp\", config: {sftp: ({host:
	    \"s.example\", username: \"u\", password: \"p\", hostKey:
	    (\"SHA256:\" + \"A\" * 43)} + $1)}}"
}

written() {
	for file in "$C"/*.pem "$C"/*.key; do
		printf '%s\n' --rawfile "$(basename "$file" | tr . _)" "$file"
	done >"$SHUNIT_TMPDIR/files"
	xargs -d '\n' jq -n "def c(\$n): \$ARGS.named[\$n + \"_pem\"];
	    def k(\$n): \$ARGS.named[\$n + \"_key\"]; $1" \
	    <"$SHUNIT_TMPDIR/files"
}

# refused PATH WORDS SMIME [MORE]
refused() {
	email "$3" "${4-}" >"$SHUNIT_TMPDIR/input"
	expect 1 "VALIDATION_ERROR path=config.email.$1: config.email.$1 $2" \
	    make <"$SHUNIT_TMPDIR/input"
}

taken() {
	"$@" >"$SHUNIT_TMPDIR/input"
	make <"$SHUNIT_TMPDIR/input" >"$SHUNIT_TMPDIR/document"
	assertEquals "$2: $(cat "$SHUNIT_TMPDIR/document")" 0 $?
}

test_certificates_are_one_text_or_an_array_of_texts() {
	taken email '{recipientCerts: c("good")}'
	taken email '{recipientCerts: [c("good"), c("other") + c("seals")]}'
	taken email '{recipientCerts: [c("good")], cipher: "aes-256-gcm"}'
	words='must be certificates in PEM, or an array of such, their content and not a path'
	for wrong in '[]' '""' '"/etc/ssl/a.pem"' 'k("good")' \
	    '(c("good") + k("good"))' '[c("good"), ""]' '[c("good"), 1]' 1 \
	    '(c("good")[0:600])' '{a: c("good")}' \
	    '(c("good") + (c("good")[0:600]))'; do
		refused smime.recipientCerts "$words" \
		    "{recipientCerts: $wrong}"
	done
	refused smime.cipher 'must be "aes-256-cbc" or "aes-256-gcm"' \
	    '{recipientCerts: c("good"), cipher: "des"}'
}

test_a_certificate_to_encrypt_to_is_for_that_and_has_not_ended() {
	for good in good other any seals agrees; do
		taken email "{recipientCerts: c(\"$good\")}"
	done
	path=smime.recipientCerts
	has='has a certificate (number 2) that'
	refused $path "$has has expired" '{recipientCerts: [c("good", "old")]}'
	refused $path "$has is not for mail: its extendedKeyUsage has no emailProtection" \
	    '{recipientCerts: [c("good", "server")]}'
	for wrong in signs ecseals; do
		refused $path "$has is not for encrypting: its keyUsage has no keyEncipherment, or of an EC key no keyAgreement" \
		    "{recipientCerts: [c(\"good\", \"$wrong\")]}"
	done
	refused $path "$has has an RSA key of less than 2048 bits" \
	    '{recipientCerts: [c("good", "small")]}'
	refused $path "$has has a key that is neither RSA nor EC" \
	    '{recipientCerts: [c("good", "edwards")]}'
}

test_who_signs_has_a_certificate_for_that_and_its_key() {
	for good in good other any signs; do
		taken email "{signCert: c(\"$good\"), signKey: k(\"$good\")}"
	done
	taken email '{signCert: [c("good"), c("seals")], signKey: k("good")}'
	refused smime.signKey 'is not the key of signCert' \
	    '{signCert: c("good"), signKey: k("other")}'
	refused smime.signKey 'is not the key of signCert' \
	    '{signCert: (c("other") + c("good")), signKey: k("good")}'
	refused smime.signKey 'is missing: a signature needs both, signCert and its key' \
	    '{signCert: c("good")}'
	refused smime.signCert 'is missing: a signature needs both, the certificate and signKey' \
	    '{signKey: k("good")}'
	refused smime.signCert 'has a certificate (number 1) that has expired' \
	    '{signCert: c("old"), signKey: k("old")}'
	refused smime.signCert 'has a certificate (number 1) that is not for signing: its keyUsage has no digitalSignature' \
	    '{signCert: c("seals"), signKey: k("seals")}'
	refused smime.signCert 'has a certificate (number 1) that has a key that is neither RSA nor EC' \
	    '{signCert: c("edwards"), signKey: k("edwards")}'
	refused smime.signCert 'has a certificate (number 1) that is not for mail: its extendedKeyUsage has no emailProtection' \
	    '{signCert: c("server"), signKey: k("server")}'
}

test_what_means_nothing_together_is_refused() {
	refused smime 'has neither recipientCerts, to encrypt to, nor signCert and signKey, to sign with' \
	    '{}'
	refused smime.cipher 'means nothing without recipientCerts' \
	    '{signCert: c("good"), signKey: k("good"), cipher: "aes-256-cbc"}'
	refused bcc 'cannot stand beside smime.recipientCerts: an encrypted message shows to each of its readers for whom it is; give them a destination of their own' \
	    '{recipientCerts: c("good")}' '{bcc: ["r@a.example"]}'
	taken email '{signCert: c("good"), signKey: k("good")}' \
	    '{bcc: ["r@a.example"]}'
}

test_the_key_is_sealed_and_certificates_are_shown() {
	taken email '{signCert: c("good"), signKey: k("good")}'
	assertEquals 'sealed' true "$(jq \
	    '.config.email.smime.signKey | has("sealed")' \
	    "$SHUNIT_TMPDIR/document")"
	assertEquals 'shown' "$(cat "$C/good.pem")" "$(jq -r \
	    .config.email.smime.signCert "$SHUNIT_TMPDIR/document")"
}

test_a_file_is_encrypted_to_any_certificate_that_can() {
	for good in good server any seals agrees; do
		taken sftp "{encrypt: c(\"$good\")}"
	done
	taken sftp '{encrypt: [c("good", "agrees")],
	    encryptCipher: "aes-256-gcm"}'
	sftp '{encrypt: [c("good"), c("old")]}' >"$SHUNIT_TMPDIR/input"
	expect 1 'VALIDATION_ERROR path=config.sftp.encrypt: config.sftp.encrypt has a certificate (number 2) that has expired' \
	    make <"$SHUNIT_TMPDIR/input"
	sftp '{encrypt: c("signs")}' >"$SHUNIT_TMPDIR/input"
	expect 1 'VALIDATION_ERROR path=config.sftp.encrypt: config.sftp.encrypt has a certificate (number 1) that is not for encrypting: its keyUsage has no keyEncipherment, or of an EC key no keyAgreement' \
	    make <"$SHUNIT_TMPDIR/input"
	sftp '{encryptCipher: "aes-256-gcm"}' >"$SHUNIT_TMPDIR/input"
	expect 1 'VALIDATION_ERROR path=config.sftp.encryptCipher: config.sftp.encryptCipher means nothing without encrypt' \
	    make <"$SHUNIT_TMPDIR/input"
}

run_suite
