#!/bin/sh
# scan_test.sh - lib/scan: the strict look at JSON before anything else reads it

. tests/unit/common.sh

# scan TEXT [ARGUMENT]...: the text as it is.
scan() {
	_text_in=$1
	shift
	printf '%s' "$_text_in" | "$BUILD/tests/probe_scan" "$@"
}

# scan_bytes FORMAT: with printf's octal escapes for bytes that are no text.
scan_bytes() {
	# shellcheck disable=SC2059
	printf "$1" | "$BUILD/tests/probe_scan"
}

# program_scan PROGRAM: what a node program writes.
program_scan() {
	node -e "$1" | "$BUILD/tests/probe_scan"
}

wrong() {
	expect 1 "VALIDATION_ERROR at=$1" scan "$2"
}

wrong_bytes() {
	expect 1 "VALIDATION_ERROR at=$1" scan_bytes "$2"
}

test_every_kind_of_value_is_taken() {
	for text in 0 -0 -1.5e-3 '""' true false null '[]' '{}'; do
		expect 0 'whole nodes=1' scan "$text"
	done
	expect 0 'whole nodes=6' scan ' [1 , 2, {"a" : [ ] , "b":null} ] '
}

test_escapes_and_all_planes_of_unicode_are_taken() {
	expect 0 'whole nodes=1' scan '"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"'
	expect 0 'whole nodes=1' scan_bytes '"\177\302\200\303\251\342\202\254\360\237\230\200\364\217\277\277"'
}

test_a_byte_order_mark_is_refused() {
	wrong_bytes '0: there is a byte order mark, at byte 0' '\357\273\277{}'
}

test_a_zero_width_space_within_a_string_is_no_byte_order_mark() {
	expect 0 'whole nodes=1' scan_bytes '"\357\273\277"'
}

test_what_is_not_utf_8_is_refused_where_it_begins() {
	for bytes in '\377' '\200' '\300\200' '\340\237\277' '\355\240\200' \
	    '\364\220\200\200' '\370\210\200\200\200' '\303x'; do
		wrong_bytes '2: this is not UTF-8, at byte 2' "\"a$bytes\""
	done
	wrong_bytes '6 path=a: this is not UTF-8, at byte 6' '{"a":"\377"}'
}

test_unpaired_surrogates_are_refused() {
	for text in '"\ud83d"' '"\ude00"' '"\ud83dx"' '"\ud83d\n"'; do
		wrong '1: a surrogate is not paired, at byte 1' "$text"
	done
	wrong '7: a surrogate is not paired, at byte 7' '"\ud83d\ud83d"'
	wrong '7: a surrogate is not paired, at byte 7' '"\ud83d\u0041"'
}

test_nul_is_refused_as_a_byte_and_as_an_escape() {
	wrong '2: NUL is not allowed, at byte 2' '"a\u0000"'
	wrong_bytes '2: NUL is not allowed, at byte 2' '"a\000"'
	wrong_bytes '2: something follows the document, at byte 2' '{}\000'
	wrong_bytes '1 path=[0]: a value is missing, at byte 1' '[\000]'
}

test_control_characters_must_be_escaped() {
	for bytes in '\001' '\n' '\t' '\037'; do
		wrong_bytes '2: a control character in a string must be escaped, at byte 2' \
		    "\"a$bytes\""
	done
	wrong_bytes '0: a value is missing, at byte 0' '\014{}'
}

test_only_the_four_kinds_of_white_space_are_taken() {
	expect 0 'whole nodes=1' scan_bytes '\t\r\n {} \t\r\n'
	wrong_bytes '1 path=[0]: a value is missing, at byte 1' '[\302\240]'
	wrong_bytes '2: something follows the document, at byte 2' '{}\013'
}

test_duplicate_keys_are_refused_where_the_second_stands() {
	wrong '7 path=a: this name is already in the object, at byte 7' \
	    '{"a":1,"a":2}'
	wrong '26 path=x[1].: this name is already in the object, at byte 26' \
	    '{"x":[{"":1},{"b":2, "":1,"":2}]}'
}

test_duplicate_keys_are_refused_even_when_escaped_differently() {
	wrong '7 path=a: this name is already in the object, at byte 7' \
	    '{"a":1,"\u0061":2}'
	wrong '13 path=/: this name is already in the object, at byte 13' \
	    '{"/":1,"b":2,"\/":2}'
	wrong '12 path=é: this name is already in the object, at byte 12' \
	    '{"\u00e9":1,"é":2}'
	wrong '18 path=😀: this name is already in the object, at byte 18' \
	    '{"\uD83d\uDe00":1,"😀":2}'
}

test_the_first_of_several_duplicates_is_named() {
	wrong '13 path=z: this name is already in the object, at byte 13' \
	    '{"z":1,"a":1,"z":1,"a":1,"z":1}'
}

test_names_that_only_look_alike_are_no_duplicates() {
	expect 0 'whole nodes=8' scan \
	    '{"a":1,"A":1,"a ":1,"":1,"abcdefgh":1,"abcdefghi":1,"abcdefgh1":1}'
}

test_the_same_name_in_other_objects_is_no_duplicate() {
	expect 0 'whole nodes=7' scan '{"a":{"a":{"b":1}},"b":[{"a":1}]}'
}

test_duplicates_are_found_in_a_text_that_ends_too_early() {
	wrong '8 path=x: this name is already in the object, at byte 8' \
	    '{"x": 1,"x":[{"y":'
	wrong '13 path=x.y: this name is already in the object, at byte 13' \
	    '{"x": {"y":1,"y":'
}

test_a_hundred_thousand_names_take_no_time() {
	expect 0 'whole nodes=100001' timeout 20 sh -c "node -e '
	    let t = [];
	    for (let i = 0; i < 100000; i++) t.push(\`\"n\${i}\":0\`);
	    process.stdout.write(\`{\${t}}\`);' | $BUILD/tests/probe_scan"
	expect 1 'VALIDATION_ERROR at=2088891 path=samesame7: this name is already in the object, at byte 2088891' \
	    timeout 20 sh -c "node -e '
	    let t = [];
	    for (let i = 0; i < 100000; i++) t.push(\`\"samesame\${i}\":\"xy\"\`);
	    process.stdout.write(\`{\${t},\"samesame7\":0}\`);' | $BUILD/tests/probe_scan"
}

test_sixty_four_levels_are_taken_and_no_more() {
	expect 0 'whole nodes=64' program_scan \
	    'process.stdout.write("[".repeat(64) + "]".repeat(64))'
	expect 1 "VALIDATION_ERROR at=64 path=$(printf '[0]%.0s' $(seq 64)): this is nested too deeply, at byte 64" \
	    program_scan 'process.stdout.write("[".repeat(65) + "]".repeat(65))'
}

test_a_million_levels_do_no_harm() {
	expect 1 "VALIDATION_ERROR at=64 path=$(printf '[0]%.0s' $(seq 64)): this is nested too deeply, at byte 64" \
	    program_scan 'process.stdout.write("[".repeat(1e6))'
}

test_numbers_out_of_range_are_refused() {
	for text in 1e999 -1e309 1.7976931348623159e308 1e99999999999999999999; do
		wrong '0: this number is out of range, at byte 0' "$text"
	done
	wrong '6 path=a: this number is out of range, at byte 6' '{"a": 1e999}'
	expect 1 'VALIDATION_ERROR at=0: this number is out of range, at byte 0' \
	    program_scan 'process.stdout.write("9".repeat(310))'
}

test_numbers_that_a_double_can_hold_are_taken() {
	for text in 1.7976931348623157e308 0e999 0.0001e312 1e-999 \
	    12345678901234567890 -0.0; do
		expect 0 'whole nodes=1' scan "$text"
	done
	expect 0 'whole nodes=1' program_scan \
	    'process.stdout.write("9".repeat(400) + "e-200")'
}

test_numbers_of_other_languages_are_refused() {
	wrong '0: a number must not begin with 0, at byte 0' 01
	wrong '1: a number must not begin with 0, at byte 1' -012
	wrong '0: a value is missing, at byte 0' +1
	wrong '0: a value is missing, at byte 0' .5
	wrong '2: a digit is missing behind the point, at byte 2' 1.e3
	wrong '2: an exponent needs a digit, at byte 2' 1ex
	wrong '1: something follows the document, at byte 1' 0x10
	wrong '0: a value is missing, at byte 0' NaN
	wrong '1: a value is missing, at byte 1' -Infinity
}

test_what_is_missing_between_values_is_named() {
	wrong '3: a comma or ] is missing, at byte 3' '[1 2]'
	wrong '7: a comma or } is missing, at byte 7' '{"a":1 "b":2}'
	wrong '5 path=a: a colon is missing, at byte 5' '{"a" 1}'
	wrong '1: a name in quotes is missing, at byte 1' '{a:1}'
	wrong '7: a name in quotes is missing, at byte 7' '{"a":1,}'
	wrong '3 path=[1]: a value is missing, at byte 3' '[1,]'
	wrong '1 path=[0]: a value is missing, at byte 1' '[,1]'
	wrong '4: a comma or ] is missing, at byte 4' '[{} }'
	wrong '1 path=[0]: a value is missing, at byte 1' "['a']"
	wrong '1 path=[0]: a value is missing, at byte 1' '[trve]'
	wrong '0: a value is missing, at byte 0' '// no'
	wrong "1: this escape is none of JSON's, at byte 1" '"\x41"'
	wrong '5: an escape \u needs four hexadecimal digits, at byte 5' '"\u00g0"'
}

test_anything_after_the_document_is_refused() {
	wrong '3: something follows the document, at byte 3' '{} {}'
	wrong '2: something follows the document, at byte 2' '[],'
	wrong '4: something follows the document, at byte 4' 'truex'
}

test_the_path_leads_to_what_is_wrong() {
	wrong '37 path=payload.metadata.rooms[2]: a value is missing, at byte 37' \
	    '{"payload":{"metadata":{"rooms":[1,2,x'
}

test_every_beginning_of_a_document_ends_too_early() {
	text=' {"a\u00e9\ud83d\ude00é€😀": [true, false, null, -1.5e+3, "\n"], "b": {}}'
	length=$(printf '%s' "$text" | wc -c)
	n=0
	while [ "$n" -lt "$length" ]; do
		# shellcheck disable=SC2016
		expect 2 early sh -c \
		    'printf "%s" "$1" | head -c "$2" | "$3/tests/probe_scan"' \
		    sh "$text" "$n" "$BUILD"
		n=$((n + 1))
	done
	expect 0 'whole nodes=8' scan "$text"
}

test_a_number_alone_is_whole() {
	expect 0 'whole nodes=1' scan 12
	expect 2 early scan '[12'
	expect 2 early scan 1e
}

test_a_beginning_that_nothing_can_mend_is_wrong() {
	wrong '1: a surrogate is not paired, at byte 1' '"\udc'
	wrong '7: a surrogate is not paired, at byte 7' '"\ud83d\u0'
	wrong '1 path=[0]: this number is out of range, at byte 1' '[1e999'
	expect 2 early program_scan 'process.stdout.write("[" + "9".repeat(400))'
}

test_wanted_members_are_found_with_their_bytes() {
	text='{"payload" : { "data": {"x": [1, 1.10]} , "metadata":{}},"data":0}'
	expect 0 "$(printf '%s\n' 'whole nodes=3' \
	    'payload.data 23 16 {"x": [1, 1.10]}' 'payload.metadata 53 2 {}' \
	    'payload.file 0 0 ')" \
	    scan "$text" payload.data payload.metadata payload.file
}

test_a_wanted_member_may_be_a_scalar() {
	expect 0 "$(printf '%s\n' 'whole nodes=2' 'a.b 11 4 "\n"')" \
	    scan '{"a":{"b": "\n"}}' a.b
	expect 0 "$(printf '%s\n' 'whole nodes=1' 'a 5 3 -10')" \
	    scan '{"a":-10}' a
}

test_a_name_with_a_dot_is_no_path() {
	expect 0 "$(printf '%s\n' 'whole nodes=2' 'a.b 0 0 ')" \
	    scan '{"a.b":1}' a.b
	expect 0 "$(printf '%s\n' 'whole nodes=4' 'a.b 0 0 ')" \
	    scan '{"a":[{"b":1}]}' a.b
}

test_a_wanted_name_may_be_written_with_escapes() {
	expect 0 "$(printf '%s\n' 'whole nodes=1' 'data 13 1 7')" \
	    scan '{"dat\u0061":7}' data
}

test_a_wanted_member_is_checked_as_strictly() {
	expect 1 'VALIDATION_ERROR at=15 path=data.a: this name is already in the object, at byte 15' \
	    scan '{"data":{"a":1,"a":2}}' data
}

test_too_many_values_are_refused_but_for_those_that_are_wanted() {
	expect 0 'whole nodes=3' scan '[1,2]' -n 3
	expect 1 'VALIDATION_ERROR at=5 path=[2]: these are too many values, at byte 5' \
	    scan '[1,2,3]' -n 3
	expect 0 "$(printf '%s\n' 'whole nodes=1' 'a 5 9 [1,2,3,4]')" \
	    scan '{"a":[1,2,3,4]}' -n 1 a
}

test_thousands_of_texts_are_judged_as_json_parse_does() {
	expect 0 '4000 texts, of all kinds, 0 judged differently' \
	    node tests/unit/scan_corpus.mjs "$BUILD/tests/probe_scan" 4000 5
}

run_suite
