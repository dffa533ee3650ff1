#!/bin/sh
# idempotency_test - a key is delivered once
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# keyed KEY [DATA [DESTINATION]]: the text of a job with that key.
keyed() {
	job "${3:-ok}" |
	    jq -c ".options.idempotencyKey = \"$1\" | .payload.data = ${2:-1}"
}

keyed_file() {
	job ok | jq -c ".options.idempotencyKey = \"$1\" |
	    .payload = {type: \"report\", file: \"$2\"}"
}

running_instance() {
	instance
	start
	sink
	destination ok
}

counted_duplicates() {
	[ "$(journal 'select(.event == "duplicate") | .job' | wc -l)" -eq "$1" ]
}

is_duplicate() {
	receipt_says "$1" "$2" ".status == \"duplicate\" and
	    .duplicateOf == \"$3\""
}

test_of_two_jobs_with_one_key_the_first_is_delivered() {
	running_instance
	drop one "$(keyed k)"
	first=$ID
	eventually delivered "$first"
	drop two "$(keyed k)"
	eventually is_duplicate two "$ID" "$first"
	assertEquals duplicate "$(events "$ID")"
	assertEquals 1 "$(arrivals '')"
	assertEquals 'it leaves' '' "$(ls "$SPOOL/new")"
	assertFalse "[ -e '$SPOOL/jobs/$ID.json' ]"
}

test_the_first_one_may_still_wait() {
	running_instance
	switch disable ok
	drop one "$(keyed k)"
	first=$ID
	drop two "$(keyed k)"
	drop three "$(keyed k)"
	eventually is_duplicate three "$ID" "$first"
	assertEquals 1 "$(count cur)"
}

test_hundred_at_once_are_delivered_once() {
	running_instance
	drops 100 same "$(keyed k)"
	eventually counts done 1
	eventually counted_duplicates 99
	assertEquals 1 "$(arrivals '')"
	assertEquals 100 "$(find "$SPOOL/receipts" -name '*.json' | wc -l)"
}

test_a_duplicate_leaves_with_its_payload() {
	running_instance
	echo report >"$SPOOL/data/one.txt"
	drop one "$(keyed_file k one.txt)"
	first=$ID
	eventually delivered "$first"
	echo report >"$SPOOL/data/two.txt"
	drop two "$(keyed_file k two.txt)"
	eventually is_duplicate two "$ID" "$first"
	eventually test ! -e "$SPOOL/data/two.txt"
	assertFalse "[ -e '$SPOOL/jobs/$ID.data' ]"
}

test_another_payload_or_other_destinations_are_a_conflict() {
	running_instance
	destination other
	drop one "$(keyed k 1)"
	first=$ID
	eventually delivered "$first"
	drop two "$(keyed k 2)"
	eventually receipt_says two "$ID" '.error.code == "CONFLICT"'
	eventually test -f "$SPOOL/failed/two.$ID.json"
	assertEquals "$first" "$(jq -r .details.deliveryId \
	    "$SPOOL/failed/two.$ID.json.error")"
	drop three "$(keyed k 1 other)"
	eventually receipt_says three "$ID" '.error.code == "CONFLICT"'
	drop four "$(keyed k 1)"
	eventually is_duplicate four "$ID" "$first"
}

test_a_job_that_failed_or_was_cancelled_frees_its_key() {
	running_instance
	answers ok 422
	drop one "$(keyed k)"
	eventually in_queue failed "$ID"
	answers ok 200
	drop two "$(keyed k)"
	eventually delivered "$ID"
	switch disable ok
	drop three "$(keyed other)"
	eventually in_queue cur "$ID"
	run spoolsuper -d "$ID"
	eventually in_queue failed "$ID"
	drop four "$(keyed other)"
	eventually in_queue cur "$ID"
}

test_a_refused_job_takes_no_key() {
	running_instance
	drop one "$(keyed k 1 nowhere)"
	eventually test -f "$SPOOL/failed/one.$ID.json"
	drop two "$(keyed k 1)"
	eventually delivered "$ID"
}

test_after_the_window_the_key_is_anyones() {
	instance
	setting queue idempotency_window 1h
	start
	sink
	destination ok
	drop one "$(keyed k)"
	first=$ID
	eventually delivered "$first"
	drop two "$(keyed k)"
	eventually is_duplicate two "$ID" "$first"
	touch -d '-3601 seconds' "$SPOOL"/keys/*
	drop three "$(keyed k)"
	eventually delivered "$ID"
}

test_keys_hold_over_a_crash() {
	instance
	setting queue checkpoint_interval 1h
	start
	sink
	destination ok
	drop one "$(keyed k)"
	first=$ID
	drop two "$(keyed k)"
	second=$ID
	eventually is_duplicate two "$second" "$first"
	crash
	# what a power cut may leave of them
	for key in "$SPOOL"/keys/*; do
		: >"$key"
	done
	: >"$(receipt two "$second")"
	start
	eventually is_duplicate two "$second" "$first"
	drop three "$(keyed k)"
	eventually is_duplicate three "$ID" "$first"
	assertEquals 1 "$(arrivals '')"
	run spoolctl status
	assertEquals "$OUT" 0 "$STATUS"
}

test_spoolsubmit_prints_the_first_ones_id() {
	running_instance
	run spoolsubmit -d ok -k k -D 1
	first=$OUT
	eventually delivered "$first"
	run spoolsubmit -d ok -k k -D 1
	ran 0 "$first" ''
	run spoolsubmit -d ok -k k -D 1 -w 10
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$first" "$(echo "$OUT" | jq -r .deliveryId)"
	run spoolsubmit -d ok -k k -D 2
	failed_with 65 spoolsubmit CONFLICT
}

. /usr/share/shunit2/shunit2
