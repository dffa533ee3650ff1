#!/bin/sh
# update_test - a destination is changed in the fields that are given, and no
# credential goes where it was not given for
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw

# update PATCH: what is said of it.
update() {
	printf '%s' "$1" >"$SCRATCH/patch"
	run spooldest update ok "$SCRATCH/patch"
}

# refused_update PATCH WORDS
refused_update() {
	update "$1"
	failed_with 65 spooldest "${3:-VALIDATION_ERROR}"
	assertContains "$1: $ERR" "$ERR" "$2"
}

show() {
	spooldest -j show ok | jq -rc "$1"
}

with_destination() {
	instance
	start
	sink
	destination ok "\"secret\":\"$secret\",\"headers\":{\"X-Key\":\"k-1\",\"X-Other\":\"k-2\"}"
}

# sent HEADER N: of the request for another job.
sent() {
	drop "job-$1-$2" "$(job ok)"
	eventually delivered "$ID"
	request "$ID" ".headers[\"$1\"]"
}

test_only_the_fields_given_change() {
	with_destination
	before=$(show 'del(.label, .version, .updatedAt, .config.webhook.timeout,
	    .limits.concurrency)')
	update '{"label":"New","limits":{"concurrency":7},
	    "config":{"webhook":{"timeout":5000}}}'
	ran 0 'ok: version 2' ''
	assertEquals 'New 7 5000' \
	    "$(show '"\(.label) \(.limits.concurrency) \(.config.webhook.timeout)"')"
	assertEquals "$before" "$(show 'del(.label, .version, .updatedAt,
	    .config.webhook.timeout, .limits.concurrency)' |
	    jq -c 'del(.config.webhook.timeout)')"
	assertEquals k-1 "$(sent x-key 1)"
	update '{"config":{"webhook":{"timeout":null,"headers":{"X-Other":null,
	    "X-Key":"k-3"}}}}'
	ran 0 'ok: version 3' ''
	assertEquals '{"X-Key":"********"} null' \
	    "$(show '"\(.config.webhook.headers) \(.config.webhook.timeout)"')"
	assertEquals k-3 "$(sent x-key 2)"
	assertEquals 'destination.updated 2,destination.updated 3' "$(journal \
	    'select(.event == "destination.updated") |
	    "\(.event) \(.version)"' | paste -sd ,)"
	stop
	start
	assertEquals k-3 "$(sent x-key 3)"
}

test_what_was_shown_can_be_edited_and_given_back() {
	with_destination
	spooldest secret rotate ok >"$SCRATCH/second"
	switch disable ok
	update "$(show '.description = "edited" | .config.webhook.method = "PUT"')"
	ran 0 'ok: version 4' ''
	assertEquals 'edited PUT true 2,1' "$(show '"\(.description)
	    \(.config.webhook.method) \(.disabled)
	    \([.secrets[].secretId] | join(","))"' | tr -s '\n\t ' ' ' |
	    sed 's/ $//')"
	switch enable ok
	assertEquals k-1 "$(sent x-key 1)"
	assertEquals 'both secrets sign' 2 \
	    "$(tail -1 "$SINK_DIR/requests" |
	    jq -r '.headers["webhook-signature"]' | wc -w)"
	run spooldest secret reveal ok
	ran 0 "$(cat "$SCRATCH/second")" ''
	refused_update "$(show '.createdAt = "2020-01-01T00:00:00.000Z"')" \
	    'createdAt is unknown'
}

test_a_version_that_is_named_has_to_be_the_one_there_is() {
	with_destination
	update '{"version":1,"label":"B"}'
	ran 0 'ok: version 2' ''
	refused_update '{"version":1,"label":"C"}' 'at version 2' CONFLICT
	assertEquals B "$(show .label)"
}

test_credentials_do_not_follow_a_url_to_another_place() {
	with_destination
	url=http://localhost:$SINK_PORT
	again='has to be given again'
	refused_update "{\"config\":{\"webhook\":{\"url\":\"$url/ok\"}}}" \
	    "config.webhook.headers.X-Key $again"
	refused_update "{\"config\":{\"webhook\":{\"url\":\"$url/ok\",
	    \"headers\":{\"X-Key\":\"********\",\"X-Other\":\"k-9\"}}}}" \
	    "config.webhook.headers.X-Key $again"
	refused_update '{"config":{"webhook":{"url":"https://127.0.0.1/ok"}}}' \
	    "$again"
	openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days 2 \
	    -keyout "$SCRATCH/key" -out "$SCRATCH/ca" 2>/dev/null
	refused_update "$(jq -nc --rawfile ca "$SCRATCH/ca" \
	    '{config: {webhook: {tls: {ca: $ca}}}}')" "$again"
	refused_update '{"config":{"webhook":{"tls":{"pinnedPublicKey":
	    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}}' "$again"
	update "{\"config\":{\"webhook\":{\"url\":\"$SINK/elsewhere\"}}}"
	assertEquals 'the same host' "$ERR" ''
	update "{\"config\":{\"webhook\":{\"url\":\"$url/ok\",
	    \"headers\":{\"X-Key\":\"k-8\",\"X-Other\":null}}}}"
	ran 0 'ok: version 3' ''
	assertEquals k-8 "$(sent x-key 1)"
	run spooldest secret reveal ok
	ran 0 "$secret" ''
}

test_a_patch_is_checked_like_a_destination() {
	with_destination
	refused_update '{"id":"other"}' 'id cannot be changed'
	refused_update '{"type":"email"}' 'type'
	refused_update '[]' 'must be an object'
	refused_update '{"label":null}' 'label is missing'
	refused_update '{"x":1}' 'x is unknown'
	refused_update '{"config":{"webhook":{"url":"ftp://a"}}}' \
	    'config.webhook.url must begin with'
	refused_update '{"config":{"webhook":{"headers":{"X-New":"********"}}}}' \
	    'config.webhook.headers.X-New must be the value itself'
	refused_update '{"config":{"webhook":{"secret":"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}}' \
	    'config.webhook.secret is changed by spooldest secret'
	refused_update '{"config":{"webhook":{"oldSecrets":{"1":"x"}}}}' \
	    'oldSecrets is unknown'
	refused_update '{"secrets":[]}' 'secrets is unknown'
	echo '{}' >"$SCRATCH/patch"
	run spooldest update nobody "$SCRATCH/patch"
	failed_with 68 spooldest DESTINATION_NOT_FOUND
	assertEquals 1 "$(show .version)"
}

. /usr/share/shunit2/shunit2
