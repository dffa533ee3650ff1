#!/bin/sh
# json_test.sh - lib/json: reading, changing and writing

# The small programs given to `sh -c` are in single quotes for good reason.
# shellcheck disable=SC2016

. tests/unit/common.sh

# json TEXT ARGUMENT...
json() {
	_text_in=$1
	shift
	printf '%s' "$_text_in" | "$BUILD/tests/probe_json" "$@"
}

printed() {
	expect 0 "$2" json "$1" print
}

write() {
	"$BUILD/tests/probe_json" write "$@"
}

test_a_document_is_printed_without_white_space() {
	printed ' { "a" : [ 1 , true , null ] , "b" : { } , "c":[ ] } ' \
	    '{"a":[1,true,null],"b":{},"c":[]}'
	printed '"alone"' '"alone"'
}

test_numbers_are_printed_as_they_were_written() {
	for number in 0 -0 1.10 1E2 1e-999 12345678901234567890 -1.50e+03 \
	    999999999999999 9007199254740993 0.1; do
		printed "$number" "$number"
		printed "{\"1\":\"2\\\"3\",\"a\":[\"-4\",$number]}" \
		    "{\"1\":\"2\\\"3\",\"a\":[\"-4\",$number]}"
	done
}

test_integers_are_exact_and_nothing_else_is_one() {
	expect 0 '9223372036854775807 within' json 9223372036854775807 \
	    integer 0 9223372036854775807
	expect 0 '-9223372036854775808 within' json -9223372036854775808 \
	    integer -9223372036854775808 0
	expect 0 '9007199254740993 no' json 9007199254740993 \
	    integer 0 9007199254740992
	expect 0 '1000 within' json 1e3 integer 1000 1000
	expect 0 '2 within' json 2.0 integer 0 10
	expect 0 '0 within' json -0 integer 0 0
	for text in 9223372036854775808 1e19 1.5 -1e30 '"1"' true null '[1]'; do
		expect 0 '-1 no' json "$text" integer -100 100
	done
}

test_every_value_has_a_kind_and_gives_fallbacks_for_the_others() {
	expect 0 '- an object count=5 string=none number=-1 integer=-1 boolean=0
 a an array count=2 string=none number=-1 integer=-1 boolean=0
  - a number count=0 string=none number=1 integer=1 boolean=0
  - a number count=0 string=none number=2.5 integer=-1 boolean=0
 b a string count=0 string=x number=-1 integer=-1 boolean=0
 c a boolean count=0 string=none number=-1 integer=-1 boolean=1
 d a boolean count=0 string=none number=-1 integer=-1 boolean=0
 e null count=0 string=none number=-1 integer=-1 boolean=0' \
	    json '{"a":[1,2.5],"b":"x","c":true,"d":false,"e":null}' walk
}

test_names_are_matched_exactly() {
	expect 0 'small nothing' json '{"NAME":"large","name":"small"}' get name
	expect 0 'none nothing' json '{"NAME":"large"}' get name
	expect 0 'none nothing' json '[1]' get name
	expect 0 'none something' json '{"x":{"a":{"b":0}}}' get x
}

test_what_is_not_strict_is_refused() {
	expect 1 'VALIDATION_ERROR at=7 path=a: this name is already in the object, at byte 7' \
	    json '{"a":1,"a":2}' print
	expect 1 'VALIDATION_ERROR at=3: something follows the document, at byte 3' \
	    json '{} x' print
	expect 1 'VALIDATION_ERROR at=5: the text ends too early, at byte 5' \
	    json '{"a":' print
	expect 1 'VALIDATION_ERROR at=0: the text ends too early, at byte 0' \
	    json '' print
}

# Which of the two depends on the version of cJSON.
test_a_long_number_is_read_whole_or_refused() {
	sixty=$(printf '%060d' 0 | tr 0 1)
	printed "${sixty}111" "${sixty}111"
	refusal='a number has more than 63 characters, at byte'
	for text in "${sixty}1111" "[${sixty}1111]"; do
		case $(json "$text" print) in
		"$text" | "VALIDATION_ERROR at="*": $refusal "*) ;;
		*) fail "$text" ;;
		esac
	done
}

test_members_are_set_in_place_or_at_the_end() {
	expect 0 '{"a":"new","b":2,"c":{"x":[1.10]},"d":-9223372036854775808,"e":true,"f":null}' \
	    json '{"a":1,"b":2,"gone":{"y":"z"}}' set a:string=new \
	    'c={"x": [1.10]}' d:integer=-9223372036854775808 e:boolean=true \
	    f:null= -gone -never
	expect 0 '{"a":{"deep":[]},"b":7}' json '{"a":{"b":"old"},"b":7}' set \
	    'a={"deep":[]}' b:integer=7
}

test_setting_is_by_exact_name() {
	expect 0 '{"A":1,"a":2}' json '{"A":1}' set a:integer=2
	expect 0 '{"A":1}' json '{"A":1,"a":2}' set -a
}

test_strings_come_back_as_they_were_meant() {
	printed '"\u0061\/\u00e9\ud83d\ude00\"\\\b\f\n\r\t"' \
	    '"a/é😀\"\\\b\f\n\r\t"'
	printed '{"\u0061\n":1}' '{"a\n":1}'
}

test_control_characters_and_what_is_no_utf_8_are_never_written() {
	expect 0 '"\u0001\u001f\u007f\u0085 é€😀"' sh -c \
	    'printf "\001\037\177\302\205 é€😀" | "$1" quote' sh \
	    "$BUILD/tests/probe_json"
	# One U+FFFD for each byte that is none of a character's.
	expect 0 '"a�b��c��"' sh -c \
	    'printf "a\000b\300\200c\342\202" | "$1" quote' \
	    sh "$BUILD/tests/probe_json"
}

test_commas_stand_between_members_and_nowhere_else() {
	expect 0 '{"a":1,"b":[{},[],2,"x",{"c":null}],"d":{"e":true,"f":[]},"g":1.10}' \
	    write '{' i:a=1 '[:b' '{' '}' '[' ']' i=2 s=x '{' n:c '}' ']' \
	    '{:d' b:e=true '[:f' ']' '}' r:g=1.10 '}'
}

test_lines_of_json_follow_each_other_without_commas() {
	expect 0 '{"a":1}
{"b":2}' write '{' i:a=1 '}' line '{' i:b=2 '}'
}

test_members_without_an_object_are_separated_too() {
	expect 0 '"a":"x","b":2' write s:a=x i:b=2
}

test_a_string_that_ends_in_a_brace_is_followed_by_a_comma() {
	expect 0 '{"a":"{","b":"[:","c":"\n"}' write '{' 's:a={' 's:b=[:' \
	    "s:c=
" '}'
}

test_what_is_absent_is_left_out() {
	expect 0 '{"b":1}' write '{' s:a t:t=0 i:b=1 '}'
	expect 0 '{"t":"2025-11-23T21:04:05.123Z"}' write '{' t:t=1763931845123 '}'
	expect 0 '{"a":-9223372036854775808,"b":""}' write '{' \
	    i:a=-9223372036854775808 s:b= '}'
}

test_names_are_quoted_like_strings() {
	expect 0 '{"a\"\\\n":1}' write '{' 'i:a"\
=1' '}'
}

test_what_is_printed_means_the_same_to_json_parse() {
	expect 0 '0 of 300 differ' node -e '
	const { spawnSync } = require("node:child_process");
	const { isDeepStrictEqual } = require("node:util");
	const r = (n) => Math.floor(Math.random() * n);
	const text = () => Array.from({ length: r(6) }, () =>
	    String.fromCodePoint([1 + r(126), 0xa0 + r(0x700), 0xe000 + r(500),
	    0x1f600 + r(50)][r(4)])).join("");
	const make = (d) => [() => text(), () => (Math.random() - 0.5) *
	    10 ** r(20), () => r(1e9), () => true, () => null,
	    () => Array.from({ length: r(5) }, () => make(d + 1)),
	    () => Object.fromEntries(Array.from({ length: r(5) }, () =>
	    [text(), make(d + 1)]))][r(d > 5 ? 5 : 7)]();
	let differ = 0;
	for (let i = 0; i < 300; i++) {
		const value = make(0);
		const run = spawnSync(process.argv[1], ["print"],
		    { input: JSON.stringify(value, null, r(3)) });
		let back = run;
		try { back = JSON.parse(String(run.stdout)); } catch { }
		differ += isDeepStrictEqual(back, value) ? 0 : 1;
	}
	console.log(`${differ} of 300 differ`);' "$BUILD/tests/probe_json"
}

run_suite
