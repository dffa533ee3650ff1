#!/bin/sh
# destination_test - destinations are made, listed and copied: what is wrong is
# named field by field, what is doubtful is said and done
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# create JSON: keeps $STATUS, $OUT and $ERR.
create() {
	printf '%s' "$1" >"$SCRATCH/input"
	# shellcheck disable=SC2086 # -j, or nothing
	run spooldest ${2-} create "$SCRATCH/input"
}

# webhook ID MEMBERS [TOP]
webhook() {
	printf '{"id":"%s","label":"%s","type":"webhook"%s,"config":{"webhook":
	    {"url":"%s"%s}}}' "$1" "$1" "${3:+,$3}" \
	    "${SINK:-https://a.example}/$1" "${2:+,$2}"
}

# listed ARGUMENTS...: the ids, in one line.
listed() {
	spooldest -j list "$@" | jq -r .id | paste -sd ' '
}

test_every_wrong_field_is_named_at_once_in_an_array() {
	instance
	create '{"label":"","type":"webhook","limits":{"concurrency":-1},
	    "config":{"webhook":{"url":"ftp://x","method":"GET",
	    "tls":{"minimum":"1.0"},"nonsense":1}}}' -j
	assertEquals 65 "$STATUS"
	assertEquals 'VALIDATION_ERROR label' "$(echo "$ERR" |
	    jq -r '.code + " " + .details.path')"
	assertEquals 'config.webhook.method
config.webhook.nonsense
config.webhook.tls.minimum
config.webhook.url
label
limits.concurrency' "$(echo "$ERR" | jq -r '.details.fields[].path' | sort)"
	assertEquals 'must be "1.2" or "1.3"' "$(echo "$ERR" | jq -r \
	    '.details.fields[] | select(.path | endswith("minimum")).message')"
	assertEquals 'nothing was made' '' "$(listed)"
}

test_what_is_doubtful_is_said_and_done() {
	instance
	openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days 9 \
	    -keyout "$SCRATCH/key" -out "$SCRATCH/ca" 2>/dev/null
	create "$(jq -n --arg ca "$(cat "$SCRATCH/ca")" '{id: "a",
	    label: "A", type: "webhook", config: {webhook: {
	    url: "http://192.0.2.1/x", signature: "x-webhook",
	    secret: "sixteen bytes!!!", tls: {ca: $ca}}}}')" -j
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'config.webhook.url
config.webhook.secret
config.webhook.tls.ca' "$(jq -r '.warnings[].path' "$SCRATCH/out")"
	assertEquals 'spooldest: warning: config.webhook.url: is plain http: whoever is on the way can read and change what is sent
spooldest: warning: config.webhook.secret: is shorter than 24 bytes, and so easier to guess than a signature should be
spooldest: warning: config.webhook.tls.ca: a certificate of tls.ca (number 1) expires in 8 days' \
	    "$ERR"
	create '{"id":"m","label":"M","type":"email","config":{"email":{
	    "smtpConfig":{"host":"mail.example"},"from":"a@example.net",
	    "recipients":["b@example.net"],"subject":"{{ward}} {{type}}"}}}' -j
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "{{ward}} is empty unless a job's metadata has it" \
	    "$(jq -r '.warnings[].message' "$SCRATCH/out")"
	assertEquals 'said once' null \
	    "$(spooldest -j show a | jq .warnings)"
	create "$(webhook b)" -j
	assertEquals 'and nothing of what is well' null \
	    "$(jq .warnings "$SCRATCH/out")"
	echo '{"config":{"webhook":{"url":"http://192.0.2.2/x",
	    "secret":"********"}}}' >"$SCRATCH/input"
	run spooldest update b "$SCRATCH/input"
	assertContains "$ERR" 'config.webhook.url: is plain http'
}

# A token with that payload.
token() {
	printf '%s' "$1" | basenc --base64url -w 0 | sed 's/=*$/.sig/;s/^/e30./'
}

test_a_signature_and_a_token_that_end_soon_are_warned_of() {
	instance
	soon=$(date -u -d '+5 days' +%Y-%m-%dT%H:%M:%SZ | sed 's/:/%3A/g')
	create "$(jq -n --arg sas "sv=2022-11-02&se=$soon&sr=c&sp=cwr&sig=YWJj" \
	    '{id: "z", label: "Z", type: "storage", config: {storage: {
	    provider: "azure", config: {accountName: "account",
	    container: "box", sasToken: $sas}}}}')"
	assertEquals 'spooldest: warning: config.storage.config.sasToken: config.sasToken expires in 4 days' \
	    "$ERR"
	create "$(webhook t "\"auth\":{\"type\":\"bearer\",\"token\":\"$(token \
	    "{\"exp\":$(($(date +%s) + 3600))}")\"}")"
	assertEquals 'spooldest: warning: config.webhook.auth.token: auth.token expires within a day' \
	    "$ERR"
	create "$(webhook u "\"auth\":{\"type\":\"bearer\",\"token\":\"$(token \
	    "{\"exp\":$(($(date +%s) + 9999999))}")\"}")"
	assertEquals '' "$ERR"
	assertEquals 'when it ends is no secret' auth.token \
	    "$(spooldest -j show u | jq -r '.expirations[0].field')"
}

test_a_list_is_filtered_sorted_and_cut_into_pages() {
	instance
	sink
	for i in 1 2 3; do
		destination "w$i"
	done
	echo '{"id":"p","label":"zz","type":"sftp","isDefault":true,
	    "config":{"sftp":{"host":"h.example","username":"u",
	    "password":"p","hostKey":"SHA256:'"$(head -c 32 /dev/zero |
	    base64 | tr -d =)"'"}}}' | spooldest create - >"$SCRATCH/out"
	switch disable w2
	start
	drop j "$(job w3)"
	eventually delivered "$ID"
	assertEquals 'p w1 w2 w3' "$(listed)"
	assertEquals 'w1 w2 w3' "$(listed --type webhook)"
	assertEquals p "$(listed --default)"
	assertEquals w2 "$(listed --disabled)"
	assertEquals 'p w1 w3' "$(listed --enabled)"
	assertEquals 'p w3 w2 w1' "$(listed --sort createdAt --descending)"
	assertEquals w3 "$(listed --sort countUsage --descending --limit 1)"
	assertEquals 'w1 w2' "$(listed --limit 2 --offset 1)"
	assertEquals 'p w1 w2 w3' "$(listed --sort type)"
	assertEquals 1 "$(spooldest -j show w3 | jq .countUsage)"
	run spooldest list --sort nothing
	failed_with 65 spooldest VALIDATION_ERROR
	run spooldest list --type nothing
	failed_with 65 spooldest VALIDATION_ERROR
}

test_more_destinations_than_a_page_has_are_all_listed_in_order() {
	instance
	start
	node -e 'const all = [];
	    for (let i = 0; i < 70; i++)
		all.push({id: "d" + i, label: "l" + (i * 37 % 70), type: "pipe",
		    config: {pipe: {pipe: "none"}}});
	    console.log(JSON.stringify(all))' >"$SCRATCH/many"
	setting 'organization demo' pipes_allow '{"none"}'
	printf 'pipe none {\n\tcommand = {"/bin/true"}\n}\n' >>"$CONF"
	spoolctl reload >"$SCRATCH/reload"
	spooldest create "$SCRATCH/many" >"$SCRATCH/made"
	assertEquals 70 "$(spooldest -j list | jq -r .id | sort -u | wc -l)"
	spooldest -j list --sort label | jq -r .label >"$SCRATCH/labels"
	assertTrue 'sorted' "LC_ALL=C sort -c $SCRATCH/labels"
	assertEquals 70 "$(sort -u "$SCRATCH/labels" | wc -l)"
}

test_a_duplicate_signs_and_logs_in_alike_and_is_no_default() {
	instance
	sink
	start
	destination ehr '"auth":{"type":"bearer","token":"key 1"}'
	run spooldest default add ehr
	run spooldest -j duplicate ehr ehr-two
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'ehr-two ehr copy false 0 1' "$(jq -r \
	    '[.id, .label, .isDefault, .countUsage, .version] | join(" ")' "$SCRATCH/out")"
	run spooldest duplicate ehr
	ran 0 ehr-copy ''
	run spooldest duplicate ehr ehr-two
	failed_with 65 spooldest CONFLICT
	run spooldest duplicate nobody
	failed_with 68 spooldest DESTINATION_NOT_FOUND
	assertEquals 'the same secret' "$(spooldest secret reveal ehr)" \
	    "$(spooldest secret reveal ehr-two)"
	drop j "$(job ehr-two)"
	eventually delivered "$ID"
	assertEquals 'Bearer key 1' "$(request "$ID" .headers.authorization)"
	assertEquals 2 "$(journal 'select(.event == "destination.created" and
	    .reason == "duplicate") | .dest' | wc -l)"
}

# drop_as USER NAME JOB
drop_as() {
	printf '%s' "$3" >"$SPOOL/tmp/$2"
	chown "$1" "$SPOOL/tmp/$2"
	ID=$(node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/tmp/$2" "=$2.json")
	mv -n "$SPOOL/tmp/$2" "$SPOOL/new/$2.json"
}

refused() {
	[ -f "$SPOOL/failed/$1.$ID.json.error" ]
}

test_only_its_submitters_may_name_a_destination() {
	needs_root || return 1
	instance
	sink
	start
	create "$(webhook ris '' '"submitters":["daemon"]')"
	create "$(webhook all '' '"isDefault":true')"
	drop_as daemon good "$(job ris all)"
	eventually delivered "$ID" ris
	drop_as bin bad "$(job all ris)"
	eventually refused bad
	assertEquals 'PERMISSION_DENIED bin is none of the submitters of ris destinations[1]' \
	    "$(jq -r '[.code, .message, .details.path] | join(" ")' \
	    "$SPOOL/failed/bad.$ID.json.error")"
	assertEquals "$ORG $ID ris bin" "$(journal 'select(.event == "denied") |
	    [.org, .job, .dest, .by] | join(" ")')"
	drop_as bin called '{"destinations":["all"],"payload":{"type":"data",
	    "data":1},"options":{"callback":"ris"}}'
	eventually refused called
	echo '{"submitters":["daemon","bin"]}' >"$SCRATCH/patch"
	spooldest update ris "$SCRATCH/patch" >"$SCRATCH/out" 2>&1
	drop_as bin again "$(job ris)"
	eventually delivered "$ID" ris
	drop root "$(job ris)"
	eventually delivered "$ID" ris
	create "$(webhook mine '' '"isDefault":true,"submitters":["daemon"]')"
	drop_as bin default "$(job default)"
	eventually refused default
}

. /usr/share/shunit2/shunit2
