#!/bin/sh
# fuzz_test - each fuzz target on its seeds, and a fixed number of inputs more
#
# Always the same ones (-seed=1), so a change that breaks a target is found by
# whoever makes it.  `make fuzz` is the search.
# shellcheck source=tests/unit/common.sh
. "$(dirname "$0")/../unit/common.sh"

oneTimeSetUp() {
	parent=${TMPDIR:-/tmp}
	# Targets that write files wait for no disk there.
	[ -w /dev/shm ] && parent=/dev/shm
	work=$(mktemp -d "$parent/fuzz.XXXXXX") || exit 1
}

# shunit2 calls it once more when it exits.
oneTimeTearDown() {
	[ -n "$work" ] && rm -rf "$work"
	work=
}

# holds TARGET RUNS: no crash, no leak, no wrong answer, no input that takes
# longer than 10 s or 256 MB.
holds() {
	mkdir -p "$work/corpus/$1"
	output=$(TMPDIR=$work UBSAN_OPTIONS=print_stacktrace=1 \
	    ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=1 \
	    "$BUILD/fuzz/$1" -seed=1 -runs="$2" -timeout=10 \
	    -rss_limit_mb=256 -max_len=4096 -print_final_stats=1 \
	    -artifact_prefix="$work/" "$work/corpus/$1" \
	    "$PWD/tests/fuzz/seeds/$1" 2>&1 | tr -cd '\n -~')
	# A pipe has no status of what stands before it; the last line does.
	case $output in
	*'not so: '* | *'ERROR: '* | *'runtime error: '*)
		echo "$output" | tail -n 50
		fail "$1 is broken by (base64): $(found)" ;;
	*"Done $2 runs in "*) ;;
	*)	echo "$output" | tail -n 20
		fail "$1 did not come to its end" ;;
	esac
}

# The input that libFuzzer left, in base64.
found() {
	for input in "$work"/crash-* "$work"/leak-* "$work"/oom-* \
	    "$work"/timeout-*; do
		[ ! -f "$input" ] || base64 -w 0 "$input"
	done
	rm -f "$work"/crash-* "$work"/leak-* "$work"/oom-* "$work"/timeout-*
}

test_the_scan_takes_what_cjson_takes() {
	holds scan 40000
}

test_a_job_is_whole_or_refused() {
	holds job 24000
}

test_names_are_read_as_they_are_written() {
	holds names 40000
}

test_facts_are_read_as_they_are_written() {
	holds facts 12000
}

test_a_damaged_ticket_is_read_as_far_as_it_goes() {
	holds ticket_file 6000
}

test_a_receipt_is_json_whatever_the_tickets_say() {
	holds receipt 3000
}

test_a_destination_changed_by_hand_is_read_or_refused() {
	holds destination 8000
}

test_a_destination_that_was_made_can_be_opened() {
	holds destination_make 16000
}

test_an_update_sends_no_credential_to_another_place() {
	holds destination_update 12000
}

# The second byte of a seed is its record's place in the table.
test_every_kind_of_record_has_a_seed_that_is_one() {
	number=0
	sed -n 's/^	LINK(\([a-z]*\), .*/\1/p' lib/link.h >"$work/kinds"
	while read -r kind; do
		assertEquals "$kind" "$number" "$(od -An -tu1 -j1 -N1 \
		    "tests/fuzz/seeds/link/$kind" | tr -d ' ')"
		number=$((number + 1))
	done <"$work/kinds"
	assertTrue "$number" "[ $number -ge 12 ]"
}

test_a_worker_can_send_what_it_likes() {
	holds link 20000
}

test_reading_a_journal_ends_and_agrees_with_verifying() {
	holds journal 400
}

test_a_damaged_journal_is_mended_once() {
	holds journal_damage 300
}

test_times_are_read_as_they_are_written() {
	holds clock 40000
}

test_what_asks_for_a_link_is_read_and_a_name_breaks_nothing() {
	holds download 20000
}

test_an_address_is_decided_alike_in_every_form() {
	holds egress 8000
}

test_a_configuration_has_only_values_that_are_allowed() {
	holds conf 5000
}

test_whatever_a_store_answers_is_an_outcome() {
	holds cloud 20000
}

test_whatever_a_receiver_answers_is_an_outcome() {
	holds answer 20000
}

test_whatever_an_api_that_takes_mail_answers_is_an_outcome() {
	holds mail_answer 20000
}

test_whatever_an_sftp_server_answers_is_read_within_its_bytes() {
	holds wire 200000
}

test_curl_goes_where_the_url_was_checked() {
	holds url 20000
}

test_characters_and_base64_have_one_form_each() {
	holds text 40000
}

test_a_stream_of_jobs_is_split_into_jobs() {
	holds split 20000
}

test_a_template_writes_no_more_than_it_may() {
	holds mustache 20000
}

test_a_mail_of_any_text_has_lines_that_every_server_takes() {
	holds mail 10000
}

test_any_certificate_can_be_asked_and_encrypted_to_or_not() {
	holds certificate 4000
}

test_any_record_of_what_was_stored_is_read_or_refused() {
	holds stored 20000
}

test_any_file_of_a_link_is_read_or_refused() {
	holds published 20000
}

test_every_target_has_seeds_and_a_test() {
	for source in tests/fuzz/*.c; do
		target=$(basename "$source" .c)
		[ -d "tests/fuzz/seeds/$target" ] || fail "$target: no seeds"
		grep -q "^	holds $target [0-9]*\$" "$0" ||
		    fail "$target: no test"
	done
}

run_suite
