#!/bin/sh
# mustache_test - templates, beside the specification and another library
. tests/unit/common.sh

# renders EXPECTED CASE...: each case is an object of probe_mustache
renders() {
	_expected=$1
	shift
	_cases=$(printf '%s,' "$@")
	assertEquals "$*" "$_expected" "$(printf '[%s]' "${_cases%,}" |
	    "$BUILD/tests/probe_mustache" render 2>&1)"
}

# checks EXPECTED TEMPLATE
checks() {
	assertEquals "$2" "$1" "$(printf '%b' "$2" |
	    "$BUILD/tests/probe_mustache" check 2>&1)"
}

test_the_specifications_cases_and_another_library_agree() {
	expect 0 '99 official, 5107 in all, 0 wrong' node \
	    tests/unit/mustache_judge.mjs "$BUILD/tests/probe_mustache" \
	    "$PWD/tests/peers"
}

test_only_html_is_escaped() {
	renders '"&lt;&#39;&quot;&amp;&gt;<"
"<'"'"'\"&><"' \
	    '{"template":"{{a}}{{{b}}}","data":{"a":"<'"'"'\"&>","b":"<"}}' \
	    '{"template":"{{a}}{{&b}}","html":false,"data":{"a":"<'"'"'\"&>",
	    "b":"<"}}'
}

test_numbers_stand_as_they_were_written_and_objects_are_json() {
	renders '"1.10 12345678901234567890 true false "
"{\"x\":[1,\"é\"]} [1,2]"' \
	    '{"template":"{{a}} {{b}} {{c}} {{d}} {{e}}","data":{"a":1.10,
	    "b":12345678901234567890,"c":true,"d":false,"e":null}}' \
	    '{"template":"{{a}} {{b}}","html":false,
	    "data":{"a":{"x":[1,"é"]},"b":[1, 2]}}'
}

test_what_a_value_says_is_no_template() {
	renders '"{{b}} {{=| |=}}"' \
	    '{"template":"{{a}} {{c}}","data":{"a":"{{b}}","b":"x",
	    "c":"{{=| |=}}"}}'
}

test_output_beyond_its_limit_is_an_error() {
	renders '"1234567890"
! would be longer than 10 bytes
! would be longer than 10 bytes
! would be longer than 10 bytes' \
	    '{"template":"{{a}}","max":10,"data":{"a":"1234567890"}}' \
	    '{"template":"{{a}}.","max":10,"data":{"a":"1234567890"}}' \
	    '{"template":"12345678901","max":10,"data":{}}' \
	    '{"template":"{{a}}","max":10,"data":{"a":{"b":"123456"}}}'
}

test_nesting_and_work_are_bounded() {
	_list=$(printf '0,%.0s' $(seq 60))
	renders '! has on line 1 a section within too many others
! has on line 1 lists that take too long to go through' \
	    '{"template":"{{#a}}","times":33,"data":{"a":true}}' \
	    '{"template":"{{#a}}{{#b}}{{#a}}{{#b}}{{#a}}{{/a}}{{/b}}{{/a}}{{/b}}{{/a}}",
	    "data":{"a":['"${_list%,}"'],"b":['"${_list%,}"']}}'
}

test_a_template_is_checked_and_its_names_are_told() {
	checks 'a
a
+b.c
d
+.
x
y' '{{a}}{{! no }}{{#a}}{{b.c}}{{/a}}\n{{^ d }}{{.}}{{/d}}{{=| |=}}|x||&y|{{z}}'
}

test_what_is_wrong_with_a_template_is_said_with_its_line() {
	checks '! has on line 2 a tag that does not end' 'a\n{{b'
	checks '! has on line 1 a tag that does not end' '{{{a}}'
	checks '! has on line 1 a tag without a name' 'a {{ }}'
	checks 'a
! has on line 2 a section that does not end' '\n {{#a}} x'
	checks '! has on line 1 the end of a section that does not begin there' \
	    '{{/a}}'
	checks 'a
+b
! has on line 3 the end of a section that does not begin there' \
	    '{{#a}}\n{{b}}\n{{/b}}'
	checks '! has on line 1 a partial: there are none here' '{{>a}}'
	checks '! has on line 1 a tag that does not set two delimiters' \
	    '{{=<%=}}'
	checks '! has on line 1 a tag that does not set two delimiters' \
	    '{{=a b c=}}'
	checks '! has on line 1 a name that is too long' \
	    "{{$(printf 'n%.0s' $(seq 256))}}"
}

# yields TEMPLATE DATA: what a template of JSON yields, or `! words`.
yields() {
	jq -nc --arg t "$1" --argjson d "$2" \
	    '[{template: $t, data: $d, json: true}]' |
	    "$BUILD/tests/probe_mustache" render >"$SHUNIT_TMPDIR/yield"
	grep '^!' "$SHUNIT_TMPDIR/yield" || jq -r . "$SHUNIT_TMPDIR/yield"
}

# renders_json EXPECTED TEMPLATE DATA
renders_json() {
	assertEquals "$2 $3" "$1" "$(yields "$2" "$3")"
}

test_in_json_a_tag_yields_what_fits_where_it_stands() {
	renders_json '{"a":"x","b":"x","c":"-x-"}' \
	    '{"a":{{v}},"b":"{{v}}","c":"-{{{v}}}-"}' '{"v":"x"}'
	renders_json '{"a":1.5,"b":"1.5","c":[1,"é"],"d":"[1,\"é\"]"}' \
	    '{"a":{{n}},"b":"{{n}}","c":{{{l}}},"d":"{{&l}}"}' \
	    '{"n":1.5,"l":[1, "é"]}'
	renders_json '{"a":null,"b":"","c":null,"d":"","e":true}' \
	    '{"a":{{x}},"b":"{{x}}","c":{{n}},"d":"{{n}}","e":{{t}}}' \
	    '{"n":null,"t":true}'
	renders_json '[{"k\"":1},"\"]","a\"",7]' \
	    '[{"{{k}}":1},"\"{{b}}",{{q}},7]' \
	    '{"k":"k\"","b":"]","q":"a\""}'
}

test_in_json_no_value_ends_a_string_or_adds_a_member() {
	for value in '"' "\\" '\"' '","x":"' '}' ']' '{{v}}' '\u0022' \
	    "$(printf '\342\200\250')" "$(printf 'a\nb\tc')"; do
		json=$(jq -nc --arg v "$value" '{v: $v}')
		for template in '{"a":"{{v}}"}' '{"a":{{v}}}' '{"a":"{{{v}}}"}' \
		    '{"a":{{{v}}}}' '{"a":"{{&v}}"}' \
		    '{"a":"{{#v}}{{.}}{{/v}}"}'; do
			assertEquals "$template $value" "$value" "$(
			    yields "$template" "$json" | jq -r .a)"
		done
	done
	renders_json '! has on line 1 a tag behind a backslash' '"\{{v}}"' \
	    '{"v":"\""}'
	renders_json '"\\x"' '"\\{{v}}"' '{"v":"x"}'
}

run_suite
