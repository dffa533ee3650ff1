#!/bin/sh
# year_test - a year of secrets that rotate by themselves, with a receiver that
# learns each new one a day late, and knows no other then: the reference library
# takes every webhook, and each new secret is alone when its overlap is over
#
# With TEST_FULL=1 every day of the year, else those on which something happens.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/secrets.sh
. "$TESTS/peers/secrets.sh"

# day N: it is N days from now, for whoever is started with the clock.  What
# the receiver has for all of it is what was current the day before.
day() {
	[ -z "${YESTERDAY-}" ] || knows "$YESTERDAY"
	DAY=$1
	clock_is $((DAY * 86400))
}

clocked() {
	CLOCK_OFFSET=$SCRATCH/offset LD_PRELOAD=$CLOCK "$@"
}

# What it has tomorrow is what is current today.
learn() {
	YESTERDAY=$(clocked spooldest secret reveal ehr)
}

# Three webhooks, and all of them arrive.
deliver() {
	sent=$((sent + 3))
	drops 3 "day$DAY" "$(job ehr)"
	eventually counts_delivered "$sent"
}

# Of all days: what is done with goes with time.
counts_delivered() {
	[ "$(journal 'select(.event == "delivered") | .seq' | wc -l)" -eq "$1" ]
}

current() {
	secrets '.secrets[0].secretId'
}

rotated() {
	[ "$(current)" != "$1" ]
}

accepted() {
	[ "$(secrets '.secrets[0].acceptedAt != null')" = true ]
}

# A day on which a secret gets a successor, the day after, and the one after
# the overlap.
rotation() {
	before=$(current)
	day $((DAY + 30 - ${PASSED:-0}))
	eventually rotated "$before" && learn && deliver || return 1
	day $((DAY + 1))
	learn
	eventually accepted && deliver || return 1
	day $((DAY + 7))
	learn
	eventually has_secrets 1 && deliver || return 1
	PASSED=8
}

# What happens by itself may take a second.
each_day() {
	while [ "$DAY" -lt 365 ]; do
		day $((DAY + 1))
		sleep 1.1
		learn
		deliver || break
	done
}

refused() {
	jq -c 'select(.status != 200)' "$RECEIVER/requests"
}

begin() {
	instance
	clock
	CLOCK_OFFSET=$SCRATCH/offset LD_PRELOAD=$CLOCK
	export CLOCK_OFFSET LD_PRELOAD
	start
	# A worker's environment is empty: it signs with today's time.
	unset LD_PRELOAD
	receiver whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0
	destination ehr
	knows "$(spooldest secret reveal ehr)"
	DAY=0 sent=0 PASSED=0
	learn
	deliver
}

test_a_year_of_rotations_loses_no_webhook_to_a_receiver_that_is_a_day_late() {
	begin
	if [ -n "${TEST_FULL-}" ]; then
		each_day
	else
		while [ "$DAY" -lt 360 ]; do
			rotation || break
		done
	fi
	assertEquals 'none was refused' '' "$(refused | head -3)"
	assertEquals 'none needed a second attempt' '' "$(journal \
	    'select(.event == "attempt" and .attempt > 1) | .job')"
	rotations=$(journal 'select(.event == "secret.rotated") | .seq' | wc -l)
	assertTrue "$rotations rotations" "[ $rotations -ge 9 ]"
	assertEquals 'all by itself' spoold "$(journal 'select(.event |
	    startswith("secret.") and . != "secret.revealed") | .by' | sort -u)"
	assertEquals 'each was accepted when the receiver had it' "$rotations" \
	    "$(journal 'select(.event == "secret.accepted") | .seq' | wc -l)"
	assertEquals 'and then the one before ended' "$rotations" \
	    "$(journal 'select(.event == "secret.expired") | .seq' | wc -l)"
	assertEquals 'never was anybody needed' '' "$(journal \
	    'select(.event == "alert" and
	    .name == "secret-not-known-to-be-accepted") | .state')"
	echo "$sent webhooks, $rotations rotations, $DAY days"
}

. /usr/share/shunit2/shunit2
