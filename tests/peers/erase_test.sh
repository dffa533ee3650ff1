#!/bin/sh
# erase_test - what autoCleanup erases in a bucket, judged by what AWS's SDK
# finds there, with a server that knows versions and one that does not
# shellcheck disable=SC2034,SC2154
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/system/stored.sh
. "$(dirname "$0")/../system/stored.sh"
# shellcheck source=tests/peers/swift.sh
. "$(dirname "$0")/swift.sh"
# shellcheck source=tests/peers/gate.sh
. "$(dirname "$0")/gate.sh"

oneTimeSetUp() {
	swift_start
	s3 make versions
	s3 versioning versions
}

oneTimeTearDown() {
	swift_end
}

# store NAME [MEMBERS]: a destination in $BUCKET that erases after 30 days.
store() {
	printf '{"id":"%s","label":"%s","type":"storage","config":{"storage":
	    {"provider":"s3","retention":{"days":30,"autoCleanup":true}%s,
	    "config":{"endpoint":"%s","region":"us-east-1","bucket":"%s",
	    "accessKeyId":"%s","secretAccessKey":"%s"}}}}' "$1" "$1" \
	    "${2:+,$2}" "$GATE" "${BUCKET:-spool}" "${KEY:-$S3_KEY}" \
	    "$S3_SECRET" | spooldest create - >"$SCRATCH/created" 2>&1 ||
	    fail "create: $(cat "$SCRATCH/created")"
}

begin() {
	instance
	start
	gate
}

# sent DESTINATION: drops a job, and waits until it is there and due.
sent() {
	drop "job$((N += 1))" "$(job "$1")"
	eventually delivered "$ID" "$1"
	due "$ID"
}
N=0

# there [KEY]...: exactly these keys of this test are in the bucket.
there() {
	assertEquals "$*" "$(s3 keys "${BUCKET:-spool}" | grep "^$PREFIX" |
	    paste -sd ' ')"
}

# What was asked of the server for a key, from the last look on.
asked() {
	jq -r '"\(.method)\(if .headers["if-match"] then "!" else "" end)\(if
	    .target | test("versionId=") then "@" else "" end)"' \
	    "$GATE_DIR/requests" | tail -n +"${1-1}" | paste -sd ' '
}

gone='null older than the destination'\''s retention.days'

test_an_object_goes_if_it_is_the_one_that_was_stored() {
	PREFIX=plain
	begin
	store a '"path":"plain ä/x","filename":"{deliveryId}.json"'
	sent a
	there "plain ä/x/$ID.json"
	sweep 1
	there
	assertEquals "a $gone" "$(erased)"
	assertEquals 'PUT HEAD DELETE! HEAD' "$(asked)"
	assertEquals 'null null null null' \
	    "$(jq -r .bad "$GATE_DIR/requests" | paste -sd ' ')"
	assertEquals '' "$(records)"
}

test_what_somebody_else_put_there_stays() {
	PREFIX=other
	begin
	store a '"filename":"other-{deliveryId}"'
	sent a
	same=$ID
	s3 put spool "other-$same" '{"n":1}'
	sent a
	different=$ID
	s3 put spool "other-$different" '{"n":2}'
	sweep 2
	there "other-$same" "other-$different"
	assertEquals 'a CONFLICT something else has that key now: it was left there' \
	    "$(erased | sort -u)"
	assertEquals '' "$(records)"
	assertEquals '' "$(alerted)"
}

test_what_was_there_before_leaves_no_record_and_a_lost_answer_does() {
	PREFIX=before
	begin
	store a '"filename":"before"'
	drop one "$(job a)"
	eventually delivered "$ID" a
	assertEquals 1 "$(records | wc -l)"
	rm "$SPOOL/stored/$(records)"
	drop two "$(job a)"
	eventually delivered "$ID" a
	assertEquals 'another delivery stored it' '' "$(records)"
	store b '"filename":"before-lost"'
	rule lost '{"match":"^PUT ","times":1,"silent":true}'
	sent b
	assertEquals 1 "$(records | wc -l)"
	sweep 1
	there before
}

test_one_that_is_gone_already_counts_as_erased() {
	PREFIX=away
	begin
	store a '"filename":"away"'
	sent a
	rule gone '{"match":"^DELETE ","times":1,"silent":true}'
	sweep 0
	there
	assertEquals 1 "$(records | wc -l)"
	assertTrue "$(alerted)" '[ -n "$(alerted)" ]'
	sweep 1
	assertEquals "a $gone" "$(erased)"
	assertEquals '' "$(alerted)"
}

test_a_store_that_is_not_there_says_nothing_of_what_was_stored() {
	PREFIX=store
	begin
	store a '"filename":"store"'
	sent a
	rule away '{"match":"/store","status":404,"code":"NoSuchBucket"}'
	sweep 0
	assertEquals '' "$(erased)"
	assertEquals 1 "$(records | wc -l)"
	assertContains "$(alerted)" 'there is no such bucket'
	rule away '{"match":"/store","status":404,"code":"Elsewhere"}'
	spoolsuper -p >/dev/null
	assertEquals 'a page of somebody in its place' '' "$(erased)"
	no_rule away
	touch -d '1 hour ago' "$SPOOL/stored/$(records)"
	sweep 1
	there
}

test_a_server_that_knows_no_condition_at_removing_is_asked_without() {
	PREFIX=uncond
	begin
	store a '"filename":"uncond"'
	sent a
	rule once '{"match":"^DELETE ","times":1,"status":501,
	    "code":"NotImplemented"}'
	sweep 1
	there
	assertEquals 'PUT HEAD DELETE! HEAD DELETE HEAD' "$(asked)"
}

test_one_that_is_locked_waits_a_day_and_the_others_go() {
	PREFIX=locked
	begin
	store a '"filename":"locked-{deliveryId}"'
	sent a
	locked=$ID
	sent a
	rule lock "{\"match\":\"^DELETE .*$locked\",\"status\":403,
	    \"code\":\"AccessDenied\"}"
	sweep 1
	there "locked-$locked"
	assertEquals 'demo: what was stored 1 time is due and still there: it answered 403 AccessDenied: it is locked, or the key may not do that: s3:GetObject, s3:ListBucket, s3:DeleteObject and s3:DeleteObjectVersion are needed' \
	    "$(alerted)"
	before=$(asked)
	sweep 0
	assertEquals 'not asked for again' "$before" "$(asked)"
	assertTrue 'a day later' "[ $(stat -c %Y "$SPOOL/stored/$(records)") \
	    -gt $(($(date +%s) + 86000)) ]"
	no_rule lock
	touch -d '1 hour ago' "$SPOOL/stored/$(records)"
	sweep 1
	there
	assertEquals '' "$(alerted)"
}

test_a_key_that_is_refused_stops_all_of_its_destination_until_it_is_mended() {
	PREFIX=refused
	begin
	store a '"filename":"refused-{deliveryId}"'
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		sent a
	done
	printf '{"config":{"storage":{"config":{"accessKeyId":"wrong",
	    "secretAccessKey":"wrong"}}}}' | spooldest update a - >/dev/null
	first=$(jq .method "$GATE_DIR/requests" | wc -l)
	sweep 0
	assertTrue 'no more than were under way' \
	    "[ $(($(jq .method "$GATE_DIR/requests" | wc -l) - first)) -le 16 ]"
	assertTrue "$(alerted)" '[ -n "$(alerted)" ]'
	assertEquals 20 "$(records | wc -l)"
	printf '{"config":{"storage":{"config":{"accessKeyId":"%s",
	    "secretAccessKey":"%s"}}}}' "$S3_KEY" "$S3_SECRET" |
	    spooldest update a - >/dev/null
	sweep 20
	there
}

test_another_bucket_is_not_looked_into() {
	PREFIX=moved
	begin
	store a '"filename":"moved"'
	sent a
	s3 put versions moved '{"n":1}'
	printf '{"config":{"storage":{"config":{"bucket":"versions",
	    "secretAccessKey":"%s"}}}}' "$S3_SECRET" |
	    spooldest update a - >/dev/null
	sweep 0
	there moved
	assertEquals 'demo: what was stored 1 time is due and still there: the destination stores elsewhere now: it is where that was before, to be removed by hand' \
	    "$(alerted)"
}

# --- with versions ------------------------------------------------------------

test_of_several_versions_its_own_alone_goes() {
	PREFIX=version
	BUCKET=versions
	begin
	store a '"filename":"version"'
	s3 put versions version before
	before=$(s3 versions versions | sed -n 's/^version //p')
	printf '{"config":{"storage":{"overwrite":true}}}' |
	    spooldest update a - >/dev/null
	sent a
	s3 put versions version after
	after=$(s3 versions versions | sed -n 's/^version //p' | head -1)
	assertEquals 3 "$(s3 versions versions | grep -c '^version ')"
	sweep 1
	assertEquals "$(printf '%s\n' "$before" "$after" | sort)" \
	    "$(s3 versions versions | sed -n 's/^version //p' | sort)"
	assertEquals 'PUT HEAD@ DELETE@ HEAD' "$(asked)"
	BUCKET=
}

test_a_version_that_a_lost_answer_left_beneath_goes_too() {
	PREFIX=twice
	BUCKET=versions
	begin
	store a '"filename":"twice","overwrite":true'
	rule lost '{"match":"^PUT ","times":1,"silent":true}'
	sent a
	assertEquals 2 "$(s3 versions versions | grep -c '^twice ')"
	sweep 1
	assertEquals '' "$(s3 versions versions | grep '^twice ')"
	BUCKET=
}

# shellcheck disable=SC1091
. /usr/share/shunit2/shunit2
