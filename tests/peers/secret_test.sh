#!/bin/sh
# secret_test - secrets that are rotated while a receiver that knows one of
# them, judged by the reference library, goes on receiving
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/secrets.sh
. "$TESTS/peers/secrets.sh"

first=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw

alerted() {
	[ "$(spoolctl -j status | jq -r '[.alerts[].name |
	    select(. == "secret-not-known-to-be-accepted")] | length')" = "$1" ]
}

delivers() {
	drop "job-$1" "$(job ehr)"
	eventually delivered "$ID"
}

secret_events() {
	journal 'select(.event | startswith("secret.")) |
	    "\(.event) \(.reason)"' | paste -sd ,
}

test_the_old_secret_signs_along_until_the_new_one_is_accepted() {
	instance
	overlap 0
	start
	receiver "$first"
	destination ehr "\"secret\":\"$first\""
	delivers 1
	assertEquals 1 "$(received signatures)"
	run spooldest secret rotate ehr
	assertEquals "$ERR" 0 "$STATUS"
	second=$OUT
	assertEquals 'a new one' whsec_ "$(printf %.6s "$second")"
	eventually alerted 1
	delivers 2
	assertEquals 'both sign' 2 "$(received signatures)"
	run spooldest secret rotate --drill ehr
	failed_with 75 spooldest AUTHENTICATION_FAILED
	assertEquals 'the new one alone was refused' '401 1' \
	    "$(received '| "\(.status) \(.signatures)"')"
	assertTrue 'both go on' 'has_secrets 2'
	delivers 3
	knows "$first" "$second"
	run spooldest secret rotate --drill ehr
	ran 0 'ehr: secret 2 is accepted' ''
	eventually has_secrets 1
	eventually alerted 0
	knows "$second"
	delivers 4
	assertEquals 'the new one alone' 1 "$(received signatures)"
	assertEquals 'secret.rotated secret 2,secret.accepted secret 2,secret.expired secret 1' \
	    "$(secret_events)"
	assertEquals 'false true' "$(journal 'select(.event ==
	    "destination.tested" and .by != "spoold") | .success' | paste -sd ' ')"
}

test_an_accepted_secret_does_not_cut_the_overlap_short() {
	instance
	start
	receiver "$first"
	destination ehr "\"secret\":\"$first\""
	spooldest secret rotate ehr >"$SCRATCH/second"
	run spooldest secret rotate --confirm ehr
	ran 0 'ehr: secret 2 is accepted' ''
	assertEquals '2,1' "$(secrets '[.secrets[].secretId] | join(",")')"
	assertEquals 'a week' 7 "$(secrets '(.secrets[1].expiresAt[:19] + "Z" |
	    fromdate) - now + 3600 | . / 86400 | floor')"
	assertTrue 'no alert' 'alerted 0'
	run spooldest secret rotate --confirm ehr
	failed_with 65 spooldest CONFLICT
	stop
	start
	delivers 1
	assertEquals 'after a restart, too' 2 "$(received signatures)"
}

test_secrets_of_ones_own_are_added_revoked_and_never_more_than_three() {
	instance
	start
	receiver "$first"
	destination ehr "\"secret\":\"$first\""
	ed=whsk_$(head -c 32 /dev/urandom | base64)
	third=whsec_$(head -c 32 /dev/urandom | base64)
	echo "$ed" >"$SCRATCH/ed"
	run spooldest secret add ehr "$SCRATCH/ed"
	ran 0 'ehr: secret 2 is current' ''
	knows "$third"
	run spooldest secret add --drill ehr - <<-END
		$third
	END
	ran 0 'ehr: secret 3 is current' ''
	knows "$first"
	delivers 1
	assertEquals 3 "$(received signatures)"
	run spooldest secret rotate ehr
	failed_with 65 spooldest CONFLICT
	for wrong in whsec_AAAA whsk_AAAA 0123456789abcdef ''; do
		echo "$wrong" >"$SCRATCH/wrong"
		spooldest secret revoke ehr 2 >/dev/null 2>&1
		run spooldest secret add ehr "$SCRATCH/wrong"
		failed_with 65 spooldest VALIDATION_ERROR
		assertNotContains "$ERR" "${wrong:-nothing}"
	done
	assertEquals '3,1' "$(secrets '[.secrets[].secretId] | join(",")')"
	run spooldest secret reveal ehr
	ran 0 "$third" ''
	run spooldest secret reveal ehr 1
	ran 0 "$first" ''
	run spooldest secret revoke ehr 3
	ran 0 'ehr: secret 1 is current' ''
	run spooldest secret reveal ehr
	ran 0 "$first" ''
	delivers 2
	assertEquals 1 "$(received signatures)"
	run spooldest secret revoke ehr 1
	failed_with 65 spooldest CONFLICT
	run spooldest secret revoke ehr 9
	failed_with 65 spooldest VALIDATION_ERROR
	run spooldest secret reveal nobody
	failed_with 68 spooldest DESTINATION_NOT_FOUND
	assertEquals 'secret.rotated secret 2,secret.rotated secret 3,secret.accepted secret 3,secret.revoked secret 2,secret.revealed secret 3,secret.revealed secret 1,secret.revoked secret 3,secret.revealed secret 1' \
	    "$(secret_events)"
}

test_no_secret_is_in_clear_at_rest_in_a_log_or_in_a_listing() {
	instance
	start
	receiver "$first"
	destination ehr "\"secret\":\"$first\""
	second=$(spooldest secret rotate ehr)
	spooldest secret rotate ehr >"$SCRATCH/third"
	third=$(cat "$SCRATCH/third")
	delivers 1
	for secret in "$first" "$second" "$third"; do
		key=${secret#whsec_}
		assertEquals 'at rest' '' "$(grep -rlF "$key" \
		    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
		assertEquals 'shown' 0 "$({
			spooldest -j show ehr
			spooldest -j list
			spooldest -j secret list ehr
		} | grep -cF "$key")"
		for pid in $(supervisor) $(workers webhook); do
			assertEquals 'argv' 0 "$(tr '\0' ' ' \
			    <"/proc/$pid/cmdline" | grep -cF "$key")"
		done
	done
}

test_with_spoold_down_secrets_are_rotated_but_not_drilled() {
	instance
	start
	receiver "$first"
	destination ehr "\"secret\":\"$first\""
	stop
	run spooldest secret rotate ehr
	assertEquals "$ERR" 0 "$STATUS"
	run spooldest secret rotate --drill ehr
	failed_with 75 spooldest UNAVAILABLE
	run spooldest -j secret list ehr
	assertEquals '2 1' "$(jq -r '[.secrets[].secretId] | join(" ")' \
	    "$SCRATCH/out")"
	start
	delivers 1
	assertEquals 2 "$(received signatures)"
}

# The age of a secret is not sealed.
test_a_secret_that_spoold_made_gets_a_successor_when_it_is_old() {
	instance
	overlap 1000 rotation_days
	start
	receiver "$first"
	destination given "\"secret\":\"$first\""
	destination ehr
	stop
	for name in given ehr; do
		file=$INSTANCE/state/$ORG/destinations/$name.json
		jq -c '.secrets[0].createdAt = "2020-01-01T00:00:00.000Z"' \
		    "$file" >"$SCRATCH/old"
		cat "$SCRATCH/old" >"$file"
	done
	start
	eventually has_secrets 2
	assertEquals 'secret.rotated secret 2' "$(secret_events)"
	assertEquals 'spoold' "$(journal 'select(.event == "secret.rotated") |
	    .by')"
	assertEquals 'the one given stays' 1 "$(spooldest -j secret list given |
	    jq '.secrets | length')"
}

. /usr/share/shunit2/shunit2
