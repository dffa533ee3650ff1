#!/bin/sh
# cli_test.sh - what all commands have in common: options, help, errors

. tests/unit/common.sh
. tests/unit/by_hand.sh

COMMANDS='spoolsubmit spoolq spoolsuper spooldest spoolcat spoolconf spoolkey'

setUp() {
	instance_by_hand
}

test_every_command_says_its_version() {
	for command in $COMMANDS; do
		expect 0 "$command (spoold) $(
		    sed -n 's/^VERSION := //p' Makefile)" "$command" --version
	done
}

test_every_command_has_the_common_options() {
	for command in $COMMANDS; do
		help=$($command --help)
		assertEquals "status of $command" 0 $?
		for option in '-c, --config FILE' '-o, --organization ORG' \
		    '-j, --json' '-v, --verbose' '    --help' '    --version'
		do
			# Its -o is another one.
			[ "$command" != spoolconf ] ||
			    option=$(echo "$option" | sed 's/^-o,/   /')
			assertContains "$command" "$help" "  $option "
		done
	done
}

test_help_fits_a_terminal() {
	for command in $COMMANDS; do
		assertEquals "$command" '' "$($command --help |
		    awk 'length($0) > 80')"
	done
}

test_every_option_of_help_is_in_the_manual() {
	for command in $COMMANDS; do
		for option in $($command --help |
		    sed -n 's/^  .*--\([a-z-]*\).*/\1/p'); do
			grep -Eq "^[.]It Fl ([a-zA-Z] , Fl )?Fl $option( |\$)" \
			    "man/$command.1" ||
			    fail "man/$command.1 has no --$option"
		done
	done
}

test_a_verb_has_help_of_its_own() {
	assertEquals 'usage: spooldest delete [options] ID...' \
	    "$(spooldest delete --help | head -1)"
	assertContains "$(spooldest delete --help)" '--cancel-tickets'
	assertEquals 'usage: spooldest default add [options] ID...' \
	    "$(spooldest default add --help | head -1)"
	assertNotContains "$(spooldest create --help)" '--cancel-tickets'
}

test_a_wrong_option_is_a_usage_error() {
	expect 64 'spoolq: USAGE: option -x is unknown; see spoolq --help' \
	    spoolq -x
	expect 64 'spoolq: USAGE: option --bogus is unknown; see spoolq --help' \
	    spoolq --bogus
	expect 64 'spoolq: USAGE: --queue needs an argument; see spoolq --help' \
	    spoolq -q
	expect 64 'spoolq: USAGE: --flush takes no argument; see spoolq --help' \
	    spoolq --flush=x
	expect 64 'spoolq: USAGE: "x" is too much; see spoolq --help' spoolq x
	expect 64 'spoolcat: USAGE: ID is missing; see spoolcat --help' spoolcat
}

test_with_j_an_error_is_json_wherever_j_stands() {
	expect 64 '{"code":"USAGE","message":"option -x is unknown; see spoolq --help","details":{}}' \
	    spoolq -x -j
	expect 64 '{"code":"USAGE","message":"option -x is unknown; see spoolq --help","details":{}}' \
	    spoolq -j -x
}

test_errors_go_to_standard_error() {
	assertEquals '' "$(spoolq -x 2>/dev/null)"
}

test_a_verb_that_is_missing_or_wrong_is_a_usage_error() {
	expect 64 'spooldest: USAGE: what to do is missing; see spooldest --help' \
	    spooldest
	expect 64 'spooldest: USAGE: "make" is nothing it can do; see spooldest --help' \
	    spooldest make
	expect 64 'spooldest: USAGE: "default" is nothing it can do; see spooldest --help' \
	    spooldest default
	expect 64 'spooldest: USAGE: ID... is missing; see spooldest default add --help' \
	    spooldest default add
}

test_options_may_follow_words() {
	expect 64 '{"code":"USAGE","message":"open /nowhere: No such file or directory","details":{}}' \
	    spooldest create /nowhere -j
}

test_what_an_argument_says_is_printed_escaped() {
	expect 64 'spooldest: USAGE: "a\n\x1b[1m\u202eb\xff" is nothing it can do; see spooldest --help' \
	    spooldest "$(printf 'a\n\033[1m\342\200\256b\377')"
}

test_a_configuration_that_is_not_there_is_named() {
	got=$(spoolq -c /nowhere/spoold.conf 2>&1)
	assertEquals 78 $?
	assertContains "$got" 'spoolq: CONFIG_ERROR: '
	assertContains "$got" /nowhere/spoold.conf
}

test_an_organization_must_exist() {
	expect 68 "spoolq: ORGANIZATION_NOT_FOUND: organization \"nobody\" does not exist; $SPOOLD_CONFIG has those there are" \
	    spoolq -o nobody
	expect 0 'Queue is empty' spoolq -o demo
	expect 0 'Queue is empty' spoolq --organization=demo
}

test_of_several_organizations_one_must_be_named() {
	echo 'organization other { }' >>"$SPOOLD_CONFIG"
	expect 64 "spoolq: USAGE: $SPOOLD_CONFIG has 2 organizations; name one with -o ORG" \
	    spoolq
	expect 0 'Queue is empty' spoolq -o demo
}

test_v_says_which_configuration_is_read() {
	expect 0 "configuration: $SPOOLD_CONFIG
Queue is empty" spoolq -v
}

test_a_write_that_fails_is_an_error() {
	spoolq >/dev/full 2>"$ROOT/err"
	assertEquals 75 $?
	assertEquals 'spoolq: UNAVAILABLE: write to standard output: No space left on device' \
	    "$(cat "$ROOT/err")"
}

run_suite
