#!/bin/sh
# rotation_test - webhooks by the thousand while their secrets are rotated, from
# the first secret until the second is alone: no judge ever refuses one with
# the secrets that are valid then
#
# With TEST_FULL=1 ten thousand.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/secrets.sh
. "$TESTS/peers/secrets.sh"

COUNT=1000
[ -z "${TEST_FULL-}" ] || COUNT=10000
PATIENCE=$((TEST_PATIENCE + COUNT / 50))	# s

# A job for both, in quarters of all; they wait for nobody.
quarter() {
	drops $((COUNT / 8)) "$1" "$(job ehr ed)"
}

received_count() {
	[ "$(jq -r 'select(.status == 200) | .id + .path' \
	    "$RECEIVER/requests" | wc -l)" -ge "$1" ]
}

# What was refused, but the drills.
refused() {
	jq -c 'select(.status != 200 and (.body |
	    contains("\"test\":true") | not))' "$RECEIVER/requests"
}

# How many signatures the requests had whose attempts began after the first
# secret of ehr had retired.
signatures_after() {
	journal "select(.event == \"secret.expired\" and .dest == \"ehr\") |
	    .seq" >"$SCRATCH/seq"
	journal "select(.event == \"attempt\" and .dest == \"ehr\" and
	    .seq > $(cat "$SCRATCH/seq")) | .job" | sort >"$SCRATCH/late"
	jq -r 'select(.path == "/ehr") | "\(.id) \(.signatures)"' \
	    "$RECEIVER/requests" | sort | join - "$SCRATCH/late" |
	    cut -d ' ' -f 2 | sort -u | paste -sd ' '
}

test_no_webhook_is_refused_from_the_first_secret_until_the_second_is_alone() {
	instance
	overlap 0
	start
	first=whsec_$(head -c 32 /dev/urandom | base64)
	ed_first=whsk_$(head -c 32 /dev/urandom | base64)
	ed_second=whsk_$(head -c 32 /dev/urandom | base64)
	receiver "$first"
	own_knows ed "$ed_first"
	destination ehr "\"secret\":\"$first\""
	destination ed "\"secret\":\"$ed_first\""
	quarter before
	eventually_within $PATIENCE received_count $((COUNT / 16))
	second=$(spooldest secret rotate ehr)
	echo "$ed_second" | spooldest secret add ed - >"$SCRATCH/added"
	quarter overlap
	# it knows the old ones only
	for name in ehr ed; do
		run spooldest secret rotate --drill $name
		failed_with 75 spooldest AUTHENTICATION_FAILED
		assertTrue "$name: both go on" "has_secrets 2 $name"
	done
	knows "$first" "$second"
	own_knows ed "$ed_first" "$ed_second"
	quarter both
	for name in ehr ed; do
		run spooldest secret rotate --drill $name
		assertEquals "$OUT$ERR" 0 "$STATUS"
		eventually has_secrets 1 $name
	done
	knows "$second"
	own_knows ed "$ed_second"
	quarter after
	eventually_within $PATIENCE received_count $COUNT
	eventually counts done $COUNT
	assertEquals 'none was refused' '' "$(refused | head -3)"
	assertEquals 'none needed a second attempt' '' "$(journal \
	    'select(.event == "attempt" and .attempt > 1) | .job')"
	assertEquals 'all of them, once' $COUNT "$(jq -r 'select(.body |
	    contains("\"test\":true") | not) | .id + .path' \
	    "$RECEIVER/requests" | sort -u | wc -l)"
	assertEquals 'then the new one signs alone' 1 "$(signatures_after)"
}

# When an overlap ends is not sealed.
test_an_accepted_secrets_overlap_ends_by_time_under_load_too() {
	instance
	start
	first=whsec_$(head -c 32 /dev/urandom | base64)
	receiver "$first"
	destination ehr "\"secret\":\"$first\""
	second=$(spooldest secret rotate ehr)
	run spooldest secret rotate --confirm ehr
	ran 0 'ehr: secret 2 is accepted' ''
	drops 50 overlap "$(job ehr)"
	eventually counts done 50
	stop
	file=$INSTANCE/state/$ORG/destinations/ehr.json
	jq -c '.secrets[1].expiresAt = "2020-01-01T00:00:00.000Z"' "$file" \
	    >"$SCRATCH/over"
	cat "$SCRATCH/over" >"$file"
	drops 50 end "$(job ehr)"
	knows "$first" "$second"
	start
	eventually has_secrets 1
	knows "$second"
	drops 50 after "$(job ehr)"
	eventually counts done 150
	assertEquals 'none was refused' '' "$(refused | head -3)"
	assertEquals 'then the new one signs alone' 1 "$(signatures_after)"
}

. /usr/share/shunit2/shunit2
