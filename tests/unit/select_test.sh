#!/bin/sh
# select_test.sh - what a person names, as tickets; with spoolsuper -n

. tests/unit/common.sh
. tests/unit/by_hand.sh

setUp() {
	instance_by_hand
	ticket cur "$A.web:p5,a0"
	ticket retry "$A.other:p5,a1"
	ticket hold "$B.web:p5,a0"
	ticket failed "$C.web:p5,a9"
}

test_an_id_names_all_tickets_of_its_job() {
	expect 0 '2 tickets' spoolsuper -n -h $A
	expect 0 '1 ticket' spoolsuper -n -h $B
}

test_an_id_with_a_destination_names_one() {
	expect 0 '1 ticket' spoolsuper -n -h $A.other
	expect 66 "spoolsuper: DELIVERY_NOT_FOUND: no ticket is named \"$B.other\"" \
	    spoolsuper -n -h $B.other
}

test_a_unique_prefix_is_enough() {
	expect 0 '1 ticket' spoolsuper -n -h 01JDCZ9Q
	expect 0 '1 ticket' spoolsuper -n -h 01jdcz9q2t
	expect 0 '1 ticket' spoolsuper -n -h 01JDCZ7Q2T.web
}

test_a_prefix_that_two_jobs_have_is_an_error() {
	expect 64 "spoolsuper: USAGE: \"01JDCZ7Q2\" could be $A or $B" \
	    spoolsuper -n -h 01JDCZ7Q2
	expect 64 "spoolsuper: USAGE: \"01JDCZ7Q.web\" could be $A or $B" \
	    spoolsuper -n -h 01JDCZ7Q.web
	expect 0 '1 ticket' spoolsuper -n -h 01JDCZ7Q.other
}

test_less_than_eight_characters_are_no_id() {
	for word in 01JDCZ9 '' 01JDCZ9Q2T5M8YB3K4N6P9RSVWX 01JDCZ9I all \
	    web:all Web:ALL "$A.Web" "$A."; do
		expect 64 "spoolsuper: USAGE: \"$word\" is no id, nor 8 or more characters of one, nor ID.DEST, DEST:ALL or ALL" \
		    spoolsuper -n -h "$word"
	done
}

test_what_names_nothing_is_an_error() {
	expect 66 'spoolsuper: DELIVERY_NOT_FOUND: no ticket is named "01JDCZ7Q2TAAAAAA"' \
	    spoolsuper -n -h 01JDCZ7Q2TAAAAAA
	expect 66 'spoolsuper: DELIVERY_NOT_FOUND: no ticket is named "nobody:ALL"' \
	    spoolsuper -n -h nobody:ALL
}

test_all_means_those_that_it_can_be_done_to() {
	expect 0 '2 tickets' spoolsuper -n -h ALL
	expect 0 '1 ticket' spoolsuper -n -H ALL
	expect 0 '1 ticket' spoolsuper -n -r ALL
	expect 0 '3 tickets' spoolsuper -n -d ALL
	expect 0 '1 ticket' spoolsuper -n -h web:ALL
	expect 0 '2 tickets' spoolsuper -n -d web:ALL
}

test_delivered_ones_are_meant_only_if_it_says_so() {
	mkdir "$SPOOL/done/2026-11-24"
	ticket done/2026-11-24 "$B.other:p5,a1"
	expect 0 '1 ticket' spoolsuper -n -r ALL
	expect 0 '2 tickets' spoolsuper -n -r ALL --delivered
	expect 0 '1 ticket' spoolsuper -n -r $B.other
}

test_all_of_nothing_is_nothing() {
	rm "$SPOOL"/*/*:*
	expect 0 '0 tickets' spoolsuper -n -h ALL
}

test_words_are_read_from_standard_input() {
	assertEquals '3 tickets' "$(printf '%s\n\n %s.other\t%s\n' \
	    $C $A $B | spoolsuper -n -h -)"
	assertEquals 'spoolsuper: DELIVERY_NOT_FOUND: no ticket is named "01JDCZ7QAAAA"' \
	    "$(printf '%s\n01JDCZ7QAAAA\n' $C | spoolsuper -n -h - 2>&1)"
}

test_a_ticket_that_is_seen_twice_counts_once() {
	ticket hold "$A.web:p5,a0"
	expect 0 '2 tickets' spoolsuper -n -h $A
}

test_several_things_are_done_in_their_order() {
	expect 0 "2 tickets
1 ticket" spoolsuper -n -h ALL -H ALL
	expect 64 'spoolsuper: USAGE: what to do is missing: -d, -e, -h, -H, -p, -r, -s; see spoolsuper --help' \
	    spoolsuper
}

test_json_says_how_many_as_an_object() {
	expect 0 '{"count":2}' spoolsuper -j -n -h ALL
}

test_thousands_are_found_among_thousands() {
	awk -v dir="$SPOOL/cur" 'BEGIN {
		for (i = 0; i < 3000; i++) {
			name = sprintf("%s/01JDD%021d.web:p5,a0", dir, i)
			printf "" >name
			close(name)
			printf "01JDD%021d\n", i >dir "/../tmp/ids"
		}
	}'
	assertEquals '3000 tickets' \
	    "$(spoolsuper -n -h - <"$SPOOL/tmp/ids")"
}

run_suite
