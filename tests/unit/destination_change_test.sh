#!/bin/sh
# destination_change_test.sh - lib/destination_secret, lib/destination_update:
# the secrets that a destination has in turn, and patches to what it is

. tests/unit/common.sh

first=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
second=whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD
third=whsec_HkTYZsYQTxnRsRVKYBnkAvVUcaOzXTxn
fourth=whsec_QU0ePRyQNnPs4ckFRJAoCWVBAb4m1Hbt
ed=whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=

oneTimeSetUp() {
	K=$SHUNIT_TMPDIR/keys
	D=$SHUNIT_TMPDIR/document
	mkdir "$K"
	"$BUILD/tests/probe_vault" create "$K"
}

probe() {
	"$BUILD/tests/probe_destination" "$@"
}

# made MEMBERS: a webhook with these in its config, in $D.
made() {
	printf '{"label":"A","type":"webhook","config":{"webhook":{"url":"https://a.example/x"%s}}}' \
	    "${1:+,$1}" | probe make "$K" hospital >"$D"
}

# changed VERB ARGUMENT...: $D becomes what it makes of it; or it says why not.
changed() {
	_verb=$1
	shift
	probe "$_verb" "$K" hospital "$@" <"$D" >"$D.new" || {
		cat "$D.new"
		return 1
	}
	mv "$D.new" "$D"
}

# opened EXPRESSION: of the config as a worker gets it.
opened() {
	probe open "$K" hospital <"$D" | jq -rc "$1"
}

document() {
	jq -rc "$1" "$D"
}

secrets() {
	probe secrets <"$D" | paste -sd ,
}

# --- secrets ---

test_the_new_one_is_current_and_the_one_before_expires() {
	made "\"secret\":\"$first\""
	expect 0 '' changed add "$second" 7000
	assertEquals '2 expires=0,1 expires=7000' "$(secrets)"
	assertEquals "$second {\"1\":\"$first\"}" \
	    "$(opened '"\(.secret) \(.oldSecrets)"')"
	assertEquals 2 "$(document .version)"
	expect 0 '' changed add "$third" 9000
	assertEquals '3 expires=0,2 expires=9000,1 expires=7000' "$(secrets)"
	assertEquals "$third $second $first" \
	    "$(opened '"\(.secret) \(.oldSecrets["2"]) \(.oldSecrets["1"])"')"
}

test_no_more_than_two_sign_along() {
	made "\"secret\":\"$first\""
	changed add "$second" 1
	changed add "$third" 1
	expect 1 'CONFLICT: destination a has 3 active secrets: wait until the overlap of one has ended, or revoke one' \
	    changed add "$fourth" 1
	expect 0 '' changed remove 2
	expect 0 '' changed add "$fourth" 1
	assertEquals '5 expires=0,3 expires=1,1 expires=1' "$(secrets)"
}

test_the_youngest_of_the_others_takes_the_place_of_the_current_one() {
	made "\"secret\":\"$first\""
	changed add "$second" 7000
	changed add "$third" 9000
	expect 0 '' changed remove 3
	assertEquals '2 expires=0,1 expires=7000' "$(secrets)"
	assertEquals "$second {\"1\":\"$first\"}" \
	    "$(opened '"\(.secret) \(.oldSecrets)"')"
	expect 0 '' changed remove 2
	assertEquals "1 expires=0 $first null" \
	    "$(secrets) $(opened '"\(.secret) \(.oldSecrets)"')"
}

test_the_last_one_and_one_that_is_none_are_not_removed() {
	made "\"secret\":\"$first\""
	expect 1 'CONFLICT: secret 1 is the only one of a: rotate it, or add another one first' \
	    changed remove 1
	changed add "$second" 1
	expect 1 'VALIDATION_ERROR path=secretId: 3 is no active secret of a' \
	    changed remove 3
	changed remove 1
	expect 1 'CONFLICT: secret 2 is the only one of a: rotate it, or add another one first' \
	    changed remove 2
	assertEquals "$second" "$(opened .secret)"
}

test_a_secret_fits_the_signature_or_is_refused() {
	made "\"secret\":\"$first\""
	expect 0 '' changed add "$ed" 1
	expect 1 'VALIDATION_ERROR path=secret: secret must be "whsec_" and base64 unless the signature is x-webhook' \
	    changed add 'only plain words' 1
	made "\"signature\":\"both\",\"secret\":\"$first\""
	expect 1 'VALIDATION_ERROR path=secret: secret must be "whsec_" and base64 unless the signature is standard' \
	    changed add "$ed" 1
	made '"signature":"x-webhook","secret":"only plain words"'
	expect 0 '' changed add 'other plain words' 1
	assertEquals 'other plain words' "$(opened .secret)"
	made '"signature":"none"'
	expect 1 'CONFLICT: destination a does not sign' \
	    changed add "$second" 1
}

test_no_secret_stands_in_the_document() {
	made "\"secret\":\"$first\""
	changed add "$second" 1
	assertEquals 0 "$(grep -cE 'MfKQ9r8|C2FVsBQ' "$D")"
}

# --- merge patches ---

credentials='"secret":"'$first'","headers":{"X-Key":"k-1","Accept":"a/b"},
    "auth":{"type":"bearer","token":"t-1"}'

# patched WANTED PATCH EXPRESSION: what the opened config is then.
patched() {
	expect 0 '' changed update "$2"
	assertEquals "$2" "$1" "$(opened "$3")"
}

test_nested_members_change_by_themselves_and_null_takes_one_away() {
	made '"signature":"none","timeout":5,"retryConfig":{"maxRetries":3,"baseDelay":10},
	    "successStatus":[200,202],"headers":{"Accept":"a/b","X-Key":"k-1"}'
	patched '5 {"maxRetries":4,"baseDelay":10}' \
	    '{"config":{"webhook":{"retryConfig":{"maxRetries":4}}}}' \
	    '"\(.timeout) \(.retryConfig)"'
	patched '{"maxRetries":4}' \
	    '{"config":{"webhook":{"retryConfig":{"baseDelay":null}}}}' \
	    .retryConfig
	patched null '{"config":{"webhook":{"retryConfig":null}}}' .retryConfig
	patched '{"X-Key":"k-1"}' \
	    '{"config":{"webhook":{"headers":{"Accept":null}}}}' .headers
	patched '{"X-Key":"k-1"}' \
	    '{"config":{"webhook":{"timeout":null,"body":null}}}' .headers
	assertEquals 'every one counts' 6 "$(document .version)"
}

test_an_array_takes_the_place_of_the_one_before_as_a_whole() {
	made '"signature":"none","successStatus":[200,202]'
	patched '[404]' '{"config":{"webhook":{"successStatus":[404]}}}' \
	    .successStatus
	expect 0 '' changed update '{"submitters":["a","b"]}'
	expect 0 '' changed update '{"submitters":["c"]}'
	assertEquals '["c"]' "$(document .submitters)"
	expect 1 'VALIDATION_ERROR path=config.webhook.successStatus: config.webhook.successStatus must be an array of 1 to 64 whole numbers from 200 to 599' \
	    changed update '{"config":{"webhook":{"successStatus":{"0":1}}}}'
}

test_a_mask_stands_for_what_is_there_and_for_nothing_else() {
	made "$credentials"
	patched 'k-1 t-1' '{"config":{"webhook":{"secret":"********",
	    "headers":{"X-Key":"********"},"auth":{"token":"********"}}}}' \
	    '"\(.headers["X-Key"]) \(.auth.token)"'
	expect 1 'VALIDATION_ERROR path=config.webhook.headers.X-New: config.webhook.headers.X-New must be the value itself, not what stands for it in a listing' \
	    changed update '{"config":{"webhook":{"headers":{"X-New":"********"}}}}'
	patched 'basic null' '{"config":{"webhook":{"auth":{"type":"basic",
	    "token":null,"user":"u","password":"p"}}}}' \
	    '"\(.auth.type) \(.auth.token)"'
	expect 1 'VALIDATION_ERROR path=config.webhook.auth.token: config.webhook.auth.token must be the value itself, not what stands for it in a listing' \
	    changed update '{"config":{"webhook":{"auth":{"type":"bearer",
	    "token":"********","user":null,"password":null}}}}'
}

test_what_was_asked_for_is_said_not_to_be_what_is_there() {
	made "$credentials"
	expect 1 'CONFLICT: destination a has changed meanwhile: it is at version 1' \
	    changed update '{"version":2}'
	expect 0 '' changed update '{"version":1,"label":"B"}'
	for wrong in '[]' '"x"' null 7; do
		expect 1 'VALIDATION_ERROR: an update must be an object' \
		    changed update "$wrong"
	done
	expect 1 'VALIDATION_ERROR path=config.webhook.secret: config.webhook.secret is changed by spooldest secret, which lets the old one sign along' \
	    changed update "{\"config\":{\"webhook\":{\"secret\":\"$second\"}}}"
}

again='has to be given again, for the host, the proxy or what vouches for them changes'

# elsewhere PATCH: refused for want of both credentials.
elsewhere() {
	expect 1 "VALIDATION_ERROR path=config.webhook.headers.X-Key: config.webhook.headers.X-Key $again; config.webhook.auth.token $again" \
	    changed update "{\"config\":{\"webhook\":$1}}"
}

test_another_host_proxy_or_authority_asks_for_credentials_again() {
	made "$credentials"
	ca=$(openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days 2 \
	    -keyout /dev/null 2>/dev/null | jq -Rs .)
	elsewhere '{"url":"https://b.example/x"}'
	elsewhere '{"url":"https://a.example:8443/x"}'
	elsewhere '{"url":"http://a.example/x"}'
	elsewhere '{"proxy":"http://10.0.0.7:3128"}'
	elsewhere "{\"tls\":{\"ca\":$ca}}"
	elsewhere '{"tls":{"pinnedPublicKey":"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}'
	elsewhere '{"url":"https://b.example/x","headers":{"X-Key":"********"}}'
	patched 'https://A.example:443/y' \
	    '{"config":{"webhook":{"url":"https://A.example:443/y"}}}' .url
	patched 'k-2 t-2' '{"config":{"webhook":{"url":"https://b.example/",
	    "headers":{"X-Key":"k-2"},"auth":{"token":"t-2"}}}}' \
	    '"\(.headers["X-Key"]) \(.auth.token)"'
	patched 'null' '{"config":{"webhook":{"url":"https://c.example/",
	    "headers":null,"auth":null}}}' .auth
}

test_secrets_move_along_with_their_destination() {
	made "\"secret\":\"$first\""
	changed add "$second" 7000
	patched "$second {\"1\":\"$first\"}" \
	    '{"config":{"webhook":{"url":"https://b.example/"}}}' \
	    '"\(.secret) \(.oldSecrets)"'
	assertEquals '2 expires=0,1 expires=7000' "$(secrets)"
	made "\"secret\":\"$ed\""
	changed add "$second" 7000
	expect 1 'VALIDATION_ERROR path=oldSecrets: oldSecrets must be "whsec_" and base64 unless the signature is standard' \
	    changed update '{"config":{"webhook":{"signature":"both"}}}'
}

run_suite
