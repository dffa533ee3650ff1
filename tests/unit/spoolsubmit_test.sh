#!/bin/sh
# spoolsubmit_test.sh - dropping jobs with spoold down

. tests/unit/common.sh
. tests/unit/by_hand.sh

setUp() {
	instance_by_hand
	JOB='{"destinations":["web"],"payload":{"type":"data","data":1.10}}'
}

# What was dropped: the only file there is.
dropped() {
	cat "$SPOOL"/new/*
}

nothing_left() {
	assertEquals '' "$(find "$SPOOL/new" "$SPOOL/tmp" "$SPOOL/data" \
	    -type f)"
}

computed() {
	node tests/data/spool_id.mjs demo "$1"
}

test_the_id_that_is_printed_is_the_file_s() {
	id=$(spoolsubmit -d web -D 1)
	assertEquals 0 $?
	assertEquals "$(computed "$SPOOL"/new/*)" "$id"
	assertEquals '' "$(ls "$SPOOL/tmp")"
}

test_a_job_is_made_from_the_options() {
	spoolsubmit -d web -d archive -t report -p 8 -m period=2024-Q1 \
	    -m 'note=a "b"=c' -k key-1 -C batch-7 -T q1 -T q2 \
	    --expires 2030-01-02T03:04:05Z -D '{"a": 1.10}' >"$ROOT/out"
	assertEquals 0 $?
	assertEquals '{"destinations":["web","archive"],"payload":{"type":"report","data":{"a": 1.10},"metadata":{"period":"2024-Q1","note":"a \"b\"=c"}},"options":{"priority":8,"idempotencyKey":"key-1","correlationId":"batch-7","tags":["q1","q2"],"expiresAt":"2030-01-02T03:04:05.000Z"}}' \
	    "$(dropped)"
}

test_without_a_destination_it_goes_to_the_defaults() {
	spoolsubmit -D '"\u00e9"' >"$ROOT/out"
	assertEquals '{"destinations":"default","payload":{"type":"data","data":"\u00e9"},"options":{}}' \
	    "$(dropped)"
}

test_a_time_may_be_so_long_from_now() {
	spoolsubmit --at 2h --expires 7d -D 1 >"$ROOT/out"
	now=$(date +%s)
	at=$(dropped | jq -r '.options.deliverAt[:19] + "Z" | fromdate')
	assertTrue 'in two hours' \
	    "[ $((at - now - 7200)) -ge -10 -a $((at - now - 7200)) -le 1 ]"
	expires=$(dropped | jq -r '.options.expiresAt[:19] + "Z" | fromdate')
	assertEquals 597600 $((expires - at))
}

test_a_file_is_carried_byte_for_byte() {
	head -c 3000000 /dev/urandom >"$ROOT/scan 7.pdf"
	id=$(spoolsubmit -d web -f "$ROOT/scan 7.pdf" \
	    --content-type application/pdf)
	assertEquals 0 $?
	assertEquals "$(computed "$SPOOL"/new/*)" "$id"
	data=$(dropped | jq -r .payload.file)
	cmp "$ROOT/scan 7.pdf" "$SPOOL/data/$data"
	assertEquals 'same bytes' 0 $?
	assertEquals 'scan 7.pdf application/pdf' "$(dropped |
	    jq -r '"\(.payload.filename) \(.payload.contentType)"')"
	assertEquals 600 "$(stat -c %a "$SPOOL/data/$data")"
}

test_a_file_may_come_from_standard_input() {
	printf 'abc' | spoolsubmit -f - --name x.txt >"$ROOT/out"
	assertEquals abc "$(cat "$SPOOL"/data/*)"
	assertEquals x.txt "$(dropped | jq -r .payload.filename)"
}

test_a_file_that_cannot_be_read_drops_nothing() {
	expect 66 "spoolsubmit: PAYLOAD_NOT_FOUND: open $ROOT/none: No such file or directory" \
	    spoolsubmit -f "$ROOT/none"
	expect 77 "spoolsubmit: PAYLOAD_UNREADABLE: $ROOT is a directory" \
	    spoolsubmit -f "$ROOT"
	nothing_left
}

test_a_form_that_is_wrong_drops_nothing() {
	printf 'abc' >"$ROOT/file"
	for arguments in '-p 11' '-t letter' '-d Web' '-d web -d web'; do
		# shellcheck disable=SC2086 # several words
		got=$(spoolsubmit $arguments -f "$ROOT/file" 2>&1)
		assertEquals "$arguments: $got" 65 $?
		assertContains "$got" 'spoolsubmit: VALIDATION_ERROR: '
	done
	expect 65 'spoolsubmit: VALIDATION_ERROR: --data: the JSON ends too early' \
	    spoolsubmit -D '{"a":'
	got=$(spoolsubmit -D '1},"options":{"priority":9' 2>&1)
	assertEquals "$got" 65 $?
	nothing_left
}

test_what_goes_together_is_checked() {
	while read -r arguments; do
		# shellcheck disable=SC2086 # several words
		got=$(spoolsubmit $arguments 2>&1)
		assertEquals "$arguments: $got" 64 $?
		assertContains "$got" 'spoolsubmit: USAGE: '
	done <<-END

	-D 1 -f x
	-D 1 x
	x y
	-d web x
	-D 1 --name x
	-m novalue -D 1
	-m =x -D 1
	-p high -D 1
	--at never -D 1
	END
	nothing_left
}

test_a_job_file_keeps_its_bytes_and_its_name() {
	printf ' %s\n' "$JOB" >"$ROOT/report-17.json"
	id=$(spoolsubmit "$ROOT/report-17.json")
	assertEquals "$JOB" "$(cat "$SPOOL/new/report-17.json")"
	assertEquals "$(computed "$SPOOL/new/report-17.json")" "$id"
}

test_a_name_that_is_taken_is_varied() {
	printf '%s' "$JOB" >"$ROOT/a.json"
	first=$(spoolsubmit "$ROOT/a.json")
	second=$(spoolsubmit "$ROOT/a.json")
	assertEquals "$first" "$(computed "$SPOOL/new/a.json")"
	assertEquals "$second" "$(computed "$SPOOL"/new/a-????????.json)"
}

test_a_name_that_a_drop_may_not_have_is_replaced() {
	for name in "$(printf 'a\nb')" "$(printf 'a\377b')" .hidden; do
		printf '%s' "$JOB" >"$ROOT/$name.json"
		spoolsubmit "$ROOT/$name.json" >"$ROOT/out"
		assertEquals 0 $?
	done
	assertEquals 3 "$(find "$SPOOL/new" -name 'job-*.json' | wc -l)"
	assertEquals 3 "$(find "$SPOOL/new" -type f | wc -l)"
}

test_a_job_comes_from_standard_input() {
	id=$(printf '%s' "$JOB" | spoolsubmit -)
	assertEquals 0 $?
	assertEquals "$(computed "$SPOOL"/new/job-*.json)" "$id"
	assertEquals "$JOB" "$(dropped)"
}

test_several_jobs_give_their_ids_in_order() {
	for n in 1 2 3 4 5; do
		printf '%s\n\t' "{\"destinations\":[\"web\"],\"payload\":
		    {\"type\":\"data\",\"data\":\"}{\\\"$n\"}}"
	done | spoolsubmit - >"$ROOT/ids"
	assertEquals 0 $?
	assertEquals 5 "$(wc -l <"$ROOT/ids")"
	for n in 1 2 3 4 5; do
		file=$(grep -lF "\"$n\"}}" "$SPOOL"/new/*)
		assertEquals "$n" "$(sed -n "${n}p" "$ROOT/ids")" \
		    "$(computed "$file")"
	done
}

test_thousands_of_jobs_take_few_barriers() {
	for n in $(seq 3000); do
		echo "{\"destinations\":[\"web\"],\"payload\":{\"type\":\"data\",\"data\":$n}}"
	done >"$ROOT/jobs"
	spoolsubmit - <"$ROOT/jobs" >"$ROOT/ids"
	assertEquals 0 $?
	assertEquals 3000 "$(sort -u "$ROOT/ids" | wc -l)"
	assertEquals 3000 "$(find "$SPOOL/new" -name '*.json' | wc -l)"
}

test_a_directory_s_jobs_go_in_the_order_of_their_names() {
	mkdir "$ROOT/jobs"
	for name in b a c; do
		printf '%s' "$JOB" >"$ROOT/jobs/$name.json"
	done
	printf 'no' >"$ROOT/jobs/README"
	printf 'no' >"$ROOT/jobs/.x.json"
	got=$(spoolsubmit "$ROOT/jobs")
	assertEquals "$(for name in a b c; do
		computed "$SPOOL/new/$name.json"
	done)" "$got"
}

test_a_bad_job_among_good_ones_is_named() {
	printf '%s %s {"x":1} %s' "$JOB" "$JOB" "$JOB" |
	    spoolsubmit - >"$ROOT/ids" 2>"$ROOT/err"
	assertEquals 65 $?
	assertEquals 2 "$(wc -l <"$ROOT/ids")"
	assertEquals 2 "$(find "$SPOOL/new" -type f | wc -l)"
	assertEquals 'spoolsubmit: VALIDATION_ERROR: standard input, job 3: ' \
	    "$(sed 's/\(job 3: \).*/\1/' "$ROOT/err")"
	assertEquals '' "$(ls "$SPOOL/tmp")"
}

test_a_bad_file_in_a_directory_does_not_stop_the_others() {
	mkdir "$ROOT/jobs"
	printf '%s' "$JOB" >"$ROOT/jobs/a.json"
	printf '{' >"$ROOT/jobs/b.json"
	: >"$ROOT/jobs/c.json"
	printf '%s' "$JOB" >"$ROOT/jobs/d.json"
	spoolsubmit "$ROOT/jobs" >"$ROOT/ids" 2>"$ROOT/err"
	assertEquals 65 $?
	assertEquals 2 "$(wc -l <"$ROOT/ids")"
	assertEquals 'a.json d.json' \
	    "$(find "$SPOOL/new" -type f -printf '%f\n' | sort |
	    paste -sd ' ')"
	assertEquals "spoolsubmit: VALIDATION_ERROR: $ROOT/jobs/b.json: the job ends too early
spoolsubmit: VALIDATION_ERROR: $ROOT/jobs/c.json: is empty" "$(cat "$ROOT/err")"
}

test_what_is_no_object_is_refused_as_a_whole() {
	got=$(printf '[1] {"a":1}' | spoolsubmit - 2>&1)
	assertEquals 65 $?
	assertContains "$got" 'spoolsubmit: VALIDATION_ERROR: standard input: '
	nothing_left
}

test_a_job_file_that_is_not_there_is_named() {
	expect 66 "spoolsubmit: PAYLOAD_NOT_FOUND: $ROOT/none.json: open: No such file or directory" \
	    spoolsubmit "$ROOT/none.json"
}

test_w_takes_only_digits_for_its_seconds() {
	printf '%s' "$JOB" >"$ROOT/a.json"
	got=$(spoolsubmit -w 0 "$ROOT/a.json" 2>&1)
	assertEquals 75 $?
	assertContains "$got" 'spoolsubmit: UNAVAILABLE: '
	assertEquals 'a.json' "$(ls "$SPOOL/new")"
	got=$(spoolsubmit --wait=soon -D 1 2>&1)
	assertEquals 64 $?
	assertContains "$got" 'spoolsubmit: USAGE: --wait: "soon" is no'
}

run_suite
