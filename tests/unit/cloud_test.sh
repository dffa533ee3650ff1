#!/bin/sh
# cloud_test - what is signed for stores in clouds
. "$(dirname "$0")/common.sh"

KEY=YSBrZXkgb2YgdGhlIHRlc3Rz

sharedkey() {
	"$BUILD/tests/probe_cloud" sharedkey "$@"
}

# What is signed, without the signature.
signed() {
	sharedkey "$@" | sed '$d'
}

test_a_real_account_stands_once_in_what_is_signed() {
	assertEquals "PUT


6

text/plain



*


x-ms-date:Mon, 23 Nov 2026 21:00:56 GMT
x-ms-meta-a:1
x-ms-meta-a_b:2
x-ms-version:2021-12-02
/account/container/a%20b.txt
comp:block
id:a+b" "$(signed account $KEY PUT /container/a%20b.txt \
	    'comp=block&id=a%2Bb' 6 1795467656 'Content-Type: text/plain' \
	    'If-None-Match: *' 'X-Ms-Version: 2021-12-02' \
	    'X-Ms-Meta-a_b: 2' 'X-Ms-Meta-a: 1')"
}

test_the_emulators_account_stands_twice() {
	assertEquals /devstoreaccount1/devstoreaccount1/container/blob \
	    "$(signed devstoreaccount1 $KEY HEAD \
	    /devstoreaccount1/container/blob '' 0 1795467656 | tail -1)"
}

test_a_key_that_is_no_base64_signs_nothing() {
	assertEquals "CONFIG_ERROR: the destination's accountKey is no base64" \
	    "$(sharedkey account 'no key' GET / '' 0 0 | sed 's/ at=-1//')"
}

test_azures_own_library_signs_the_same_and_jose_takes_the_assertion() {
	node tests/unit/cloud_judge.mjs "$BUILD/tests/probe_cloud" \
	    "$PWD/tests/peers" tests/data/storage >"$SHUNIT_TMPDIR/judged" 2>&1
	assertEquals '28 judged, 0 wrong' "$(cat "$SHUNIT_TMPDIR/judged")"
}

test_a_key_that_is_not_rsa_signs_no_assertion() {
	words='CONFIG_ERROR: the private_key of the credentials is no RSA key'
	assertEquals "$words" "$(openssl genpkey -algorithm ed25519 |
	    "$BUILD/tests/probe_cloud" jwt a b c 0 1)"
	assertEquals "$words" "$(echo garbage |
	    "$BUILD/tests/probe_cloud" jwt a b c 0 1)"
}

run_suite
