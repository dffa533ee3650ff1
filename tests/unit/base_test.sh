#!/bin/sh
# base_test.sh - lib/utf8, hex, buf, why and xalloc: what everything stands on

. tests/unit/common.sh

base() {
	"$BUILD/tests/probe_base" "$@"
}

# utf8 FORMAT: printf's octal escapes.
utf8() {
	# shellcheck disable=SC2059
	printf "$1" | "$BUILD/tests/probe_base" utf8
}

buf() {
	printf '%s\n' "$2" | "$BUILD/tests/probe_base" buf "$1"
}

test_characters_of_every_length_are_read_and_written() {
	expect 0 'valid' utf8 ''
	expect 0 '41 7f(control) 80(control) 9f(control) a0 7ff 800 d7ff e000 ffff 10000 10ffff valid' \
	    utf8 'A\177\302\200\302\237\302\240\337\277\340\240\200\355\237\277\356\200\200\357\277\277\360\220\200\200\364\217\277\277'
}

test_what_is_no_character_is_told_from_one_that_is_cut() {
	for bytes in '\200' '\300\200' '\301\277' '\340\237\277' '\355\240\200' \
	    '\360\217\277\277' '\364\220\200\200' '\365' '\377' '\303A' \
	    '\342\202A' '\360\237\230A'; do
		expect 0 'wrong invalid' utf8 "$bytes"
	done
	for bytes in '\303' '\342' '\342\202' '\360' '\360\237' '\360\237\230'; do
		expect 0 'cut invalid' utf8 "$bytes"
	done
}

test_texts_are_cut_between_characters() {
	expect 0 '3 1' base utf8-measure 'aé€' 1
	expect 0 '3 1' base utf8-measure 'aé€' 2
	expect 0 '3 3' base utf8-measure 'aé€' 3
	expect 0 '3 3' base utf8-measure 'aé€' 5
	expect 0 '3 6' base utf8-measure 'aé€' 6
	expect 0 '0 0' base utf8-measure '' 0
}

test_bytes_are_read_and_written_as_lower_case_digits() {
	expect 0 '' base hex ''
	expect 0 '00017f80abcdef09ff' base hex 00017f80abcdef09ff
	expect 1 'no' base hex 0A
	expect 1 'no' base hex 0g
	expect 1 'no' base hex g0
	expect 1 'no' base hex ' 0'
	expect 1 'no' base hex 0/
	expect 1 'no' base hex :0
}

test_a_buf_grows_and_shrinks() {
	expect 0 '3 abc
6 abcdef
2 ef
0 
1 x' buf 0 'abc def -4 clear x'
	expect 0 '200000 200000 0' base buf-grow 200000
}

test_a_buf_stops_at_its_limit_until_it_is_cleared() {
	expect 0 '3 abc
3 abc overflow
3 abc overflow
0 
5 abcde' buf 5 'abc def x clear abcde'
}

test_an_errno_gets_the_code_that_it_means() {
	expect 0 '28 1 UNAVAILABLE: move a: No space left on device' base errno 28 a
	expect 0 '24 1 UNAVAILABLE: move a: Too many open files' base errno 24 a
	expect 0 '13 1 PERMISSION_DENIED: move a: Permission denied' base errno 13 a
	expect 0 '1 1 PERMISSION_DENIED: move a: Operation not permitted' base errno 1 a
	expect 0 '5 1 INTERNAL_ERROR: move a: Input/output error' base errno 5 a
}

test_a_long_message_keeps_its_reason() {
	got=$(base errno 28 "$(printf '%01000d' 0)")
	assertEquals ': No space left on device' "${got##*0}"
}

test_a_field_and_its_message_are_cut_between_characters() {
	expect 0 'VALIDATION_ERROR 0 -1 1 1 valid' base why p t
	long=$(printf 'é%.0s' $(seq 600))
	expect 0 'VALIDATION_ERROR 0 -1 254 766 valid' base why "$long" "$long"
	expect 0 'VALIDATION_ERROR 0 -1 255 767 valid' base why "a$long" "a$long"
}

test_every_error_is_found_by_its_name() {
	expect 0 'USAGE 64 command' base error USAGE
	expect 0 'DUPLICATE 0 command' base error DUPLICATE
	expect 0 'HTTP_STATUS 75 attempt' base error HTTP_STATUS
	for name in '' NONE usage USAGE_ NO_SUCH_CODE; do
		expect 0 'NONE 0 command' base error "$name"
	done
	sed -n 's/^ERROR(\([A-Z_]*\), \([0-9]*\), \([a-z]*\),.*/\1 \2 \3/p' \
	    lib/errors.def | while read -r name status kind; do
		expect 0 "$name $status $kind" base error "$name"
	done
}

test_memory_is_there_even_if_none_was_asked_for() {
	expect 0 'a-b a-b 0 1' base memory a b
}

test_without_memory_the_process_says_so_and_ends() {
	got=$(ASAN_OPTIONS=allocator_may_return_null=1 base no-memory 2>&1)
	assertEquals 75 $?
	assertEquals 'error probe_base: out of memory' "$(printf %s "$got" |
	    sed -n '$s/^[^ ]* //; $s/\[[0-9]*\]//p')"
}

run_suite
