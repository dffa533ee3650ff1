#!/bin/sh
# man_test - the manual pages say what the tables say, and nothing else does
. tests/unit/common.sh

PAGES=$BUILD/share/man

# first FILE MACRO: the first argument of every MACRO( ) row.
first() {
	sed -n "s/^$2(\\([^,)]*\\).*/\\1/p" "$1" | tr -d '"'
}

# lists PAGE WORDS: the page has each of the words as an item.
lists() {
	_text=$(mandoc -T ascii "$PAGES/$1" | col -bx)
	shift
	assertNotEquals 'there are words' 0 $#
	for _word in "$@"; do
		echo "$_text" | grep -qE "^ +$_word( |$)"
		assertEquals "$_word is an item" 0 $?
	done
}

test_every_error_code_is_in_its_page() {
	# shellcheck disable=SC2046 # words
	lists man7/spoold-errors.7 $(first lib/errors.def ERROR)
}

test_every_directory_of_the_spool_is_in_its_page() {
	# shellcheck disable=SC2046 # words
	lists man5/spoold-spool.5 $(first spool-layout/queues.def QUEUE |
	    sed 's|$|/|')
}

test_every_setting_is_in_its_page() {
	# shellcheck disable=SC2046 # words
	lists man5/spoold.conf.5 $("$BUILD/tests/probe_conf" \
	    etc/spoold.conf | sed 's/ = .*//')
	# shellcheck disable=SC2046 # words
	lists man5/spoold.conf.5 $(first lib/conf.def CONF_VARIABLE)
}

test_every_event_is_in_its_page() {
	# shellcheck disable=SC2046 # words
	lists man5/spoold-journal.5 $(sed -n \
	    's/^EVENT([^,]*, "\([^"]*\)".*/\1/p' lib/events.def)
}

test_every_field_of_a_destination_is_in_its_page() {
	# shellcheck disable=SC2046 # words
	lists man5/spoold-destination.5 $(sed -n \
	    's/^DESTINATION_[A-Z]*([^"]*"\([^"]*\)".*/\1/p' \
	    lib/destination.def)
}

test_every_verb_role_and_field_of_the_control_protocol_is_in_its_page() {
	# shellcheck disable=SC2046 # words
	lists man7/spoold-control.7 $(sed -n \
	    's/^VERB([^"]*"\([^"]*\)".*/\1/p; s/^ROLE(\([a-z]*\),.*/\1/p' \
	    lib/verbs.def)
	# shellcheck disable=SC2046 # words
	lists man7/spoold-control.7 $(sed -n \
	    's/^FIELD([a-z_]*, \([A-Za-z]*\),.*/\1:/p' lib/verbs.def |
	    sort -u)
}

test_no_table_is_left_out() {
	expect 1 '' grep -r '^@' "$PAGES"
	expect 1 'tables: no table nonsense' \
	    sh -c "echo '@TABLE nonsense@' | '$BUILD/tools/tables' page"
}

test_the_pages_are_clean() {
	expect 0 '' mandoc -T lint -W warning "$PAGES"/man*/*
}

test_every_page_that_is_referred_to_is_there() {
	# shellcheck disable=SC2013 # words
	for page in $(sed -n 's/^\.Xr \(spool[^ ]*\) \([1-8]\).*/\1.\2/p' \
	    "$PAGES"/man*/* | sort -u); do
		expect 0 '' test -f "$PAGES/man${page##*.}/$page"
	done
}

test_every_page_has_examples_and_exit_statuses_where_there_are_any() {
	for page in "$PAGES"/man*/*; do
		grep -q '^\.Sh EXAMPLES' "$page"
		assertEquals "EXAMPLES in $page" 0 $?
	done
	for page in "$PAGES"/man1/*; do
		grep -q '^\.Sh EXIT STATUS' "$page"
		assertEquals "EXIT STATUS in $page" 0 $?
	done
}

run_suite
