#!/bin/sh
# operator_test - an operator's hour, with nothing but the commands
#
# One instance with thousands of tickets in all states goes through it: what is
# stuck and why, mending a destination, yesterday's failures, a list to cancel,
# and a spool in which somebody was with mv, cp and rm.
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

MANY=420
! sanitized || MANY=40

# jobs COUNT DESTINATION: that many, dropped in bulk; their ids are printed.
jobs() {
	yes "$(job "$2")" | head -"$1" | spoolsubmit -
}

# says WORDS: the last command printed exactly this, and all was well.
says() {
	ran 0 "$1" "${2-}"
}

# An instance as it is on a bad day.
bad_day() {
	instance
	slow_retries
	start
	sink
	for each in off auth wrong fine held; do
		destination "$each"
	done
	answers auth 401
	answers wrong 422
	switch disable off
	switch disable held
	jobs $((MANY * 4)) off >"$SCRATCH/off"
	jobs $((MANY * 2)) held >"$SCRATCH/held"
	jobs $((MANY * 2)) wrong >"$SCRATCH/wrong"
	jobs "$MANY" auth >"$SCRATCH/auth"
	jobs $((MANY * 3)) fine >"$SCRATCH/fine"
	spoolsuper -h held:ALL >"$SCRATCH/super" 2>&1
	eventually_within 120 counts failed $((MANY * 2))
	eventually_within 120 counts retry "$MANY"
	eventually_within 120 counts done $((MANY * 3))
	eventually_within 120 counts hold $((MANY * 2))
}

# yesterday FILE...: makes these tickets a day old, as they would be.
yesterday() {
	day=$(date -u -d yesterday +%Y-%m-%dT12:00:00.000Z)
	for each; do
		sed -i "1s/\"acceptedAt\":\"[^\"]*\"/\"acceptedAt\":\"$day\"/" \
		    "$each"
		touch -d "$day" "$each"
	done
}

test_an_operators_hour() {
	bad_day
	# How is it?
	run spoolctl status
	assertEquals 0 "$STATUS"
	assertEquals "demo $((MANY * 4)) 0 $MANY $((MANY * 2)) $((MANY * 2))" \
	    "$(awk '/^demo/ { print $1, $2, $3, $4, $5, $6 }' "$SCRATCH/out")"

	# The oldest that is stuck, and why.
	oldest=$(spoolq -j -q cur | head -1 | jq -r .id)
	assertEquals 'the first of those that were dropped' \
	    "$(sort "$SCRATCH/off" | head -1)" "$oldest"
	run spoolq --explain "$oldest"
	assertEquals "$oldest.off: is due" "$(head -1 "$SCRATCH/out")"
	assertContains "$OUT" 'command  spooldest enable off'
	run spooldest enable off
	assertEquals "$ERR" 0 "$STATUS"
	eventually_within 120 counts cur 0
	eventually_within 120 counts done $((MANY * 7))

	# One destination's password was changed: hold, mend, release.
	stuck=$(head -1 "$SCRATCH/auth")
	run spoolq --explain "$stuck"
	assertContains "$OUT" "$stuck.auth: waits for its next attempt"
	assertContains "$OUT" AUTHENTICATION_FAILED
	run spoolsuper -n -h auth:ALL
	says "$MANY tickets"
	run spoolsuper -h auth:ALL
	assertEquals "0 $MANY tickets held" \
	    "$STATUS $(tail -1 "$SCRATCH/out")"
	echo '{"config":{"webhook":{"headers":{"X-Password":"new"}}}}' \
	    >"$SCRATCH/mended"
	run spooldest update auth "$SCRATCH/mended"
	assertEquals "$ERR" 0 "$STATUS"
	answers auth 200
	run spoolsuper -H auth:ALL
	assertEquals "0 $MANY tickets released" \
	    "$STATUS $(tail -1 "$SCRATCH/out")"
	eventually_within 120 counts done $((MANY * 8))
	assertEquals new "$(request "$stuck" '.headers["x-password"]')"

	# Only yesterday's failures, by what spoolq(1) says.
	few=$((MANY / 4))
	head -"$few" "$SCRATCH/wrong" >"$SCRATCH/old"
	while read -r id; do
		yesterday "$SPOOL/failed/$id.wrong:p5,a1"
	done <"$SCRATCH/old"
	answers wrong 200
	spoolq -q failed --since yesterday --until today -j |
	    jq -r 'select(.destinationId) | .id + "." + .destinationId' |
	    spoolsuper -r - >"$SCRATCH/out" 2>"$SCRATCH/err"
	assertEquals "$few tickets" "$(cat "$SCRATCH/err")"
	assertEquals "$few tickets requeued" "$(tail -1 "$SCRATCH/out")"
	eventually_within 120 counts failed $((MANY * 2 - few))
	eventually_within 120 counts done $((MANY * 8 + few))
	assertEquals 'these, and no others' "$(sort "$SCRATCH/old")" "$(
	    while read -r id; do
		delivered "$id" && echo "$id"
	    done <"$SCRATCH/wrong" | sort)"

	# A list of what is not wanted any more.
	head -10 "$SCRATCH/held" >"$SCRATCH/list"
	run spoolsuper -d - <"$SCRATCH/list"
	assertEquals "0 10 tickets cancelled" \
	    "$STATUS $(tail -1 "$SCRATCH/out")"
	assertEquals "$(sort "$SCRATCH/list" | sed 's/$/.held: cancelled/')" \
	    "$(head -10 "$SCRATCH/out" | sort)"
	run spoolsuper -d - <"$SCRATCH/list"
	assertEquals "0 tickets cancelled, 10 unchanged" \
	    "$(tail -1 "$SCRATCH/out")"
	run spoolctl check
	says 'Nothing is wrong'
}

test_a_spool_in_which_somebody_was_is_found_out_and_mended() {
	instance
	start
	sink
	destination ok
	switch disable ok
	jobs "$MANY" ok >"$SCRATCH/ids"
	eventually counts cur "$MANY"
	stop
	one=$(sed -n 1p "$SCRATCH/ids") two=$(sed -n 2p "$SCRATCH/ids")
	three=$(sed -n 3p "$SCRATCH/ids") four=$(sed -n 4p "$SCRATCH/ids")
	mv "$SPOOL/cur/$one.ok:p5,a0" "$SPOOL/receipts/"
	cp -p "$SPOOL/cur/$two.ok:p5,a0" "$SPOOL/hold/"
	rm "$SPOOL/cur/$three.ok:p5,a0"
	rm "$SPOOL/jobs/$four.json"
	echo note >"$SPOOL/cur/README"
	run spoolctl check
	assertEquals "$OUT" 1 "$STATUS"
	for id in "$one" "$two" "$three" "$four" README; do
		assertContains "$OUT" "$id"
	done
	run spoolctl check --fix
	run spoolsuper -s
	assertEquals "$OUT" 0 "$STATUS"
	assertContains "$(tail -1 "$SCRATCH/out")" '0 remain'
	run spoolctl check
	assertEquals "what is set aside is a person's to look at" \
	    "stray: cur/.$two.ok:p5,a0 is a second file of a ticket, put aside: look at it, then remove it" \
	    "$OUT"
	rm "$SPOOL/cur/.$two.ok:p5,a0" "$SPOOL/cur/.README"
	run spoolctl check
	says 'Nothing is wrong'
	assertEquals "$one.ok:p5,a0" "$(ticket hold "$one")"
	assertEquals "$three.ok:p5,a0" "$(ticket hold "$three")"
	assertEquals "$four.ok:p5,a0" "$(ticket failed "$four")"
	assertEquals 'one file of it' "$two.ok:p5,a0" \
	    "$(ticket hold "$two")$(ticket cur "$two")"
	start
	run spoolsuper -H ALL
	assertEquals "$ERR" 0 "$STATUS"
	switch enable ok
	eventually_within 120 counts done $((MANY - 1))
	assertEquals 'each once' $((MANY - 1)) "$(arrivals '')"
	run spoolq
	says 'Queue is empty'
}

. /usr/share/shunit2/shunit2
