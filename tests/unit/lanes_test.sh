#!/bin/sh
# lanes_test - in which order what is durable is carried out
. "$(dirname "$0")/common.sh"

# carried_out ORDER WORD...
carried_out() {
	order=$1
	shift
	assertEquals "$*" "$order" \
	    "$("$BUILD/tests/probe_lanes" "$@" | paste -sd ' ')"
}

test_an_organizations_keep_their_order() {
	carried_out 'a1 a2 a3 none' a1 a2 a3
	carried_out '-1 -2 none' -1 -2
}

test_one_of_each_comes_before_another_of_the_same() {
	carried_out 'a1 b1 -1 a2 -2 a3 a4 none' a1 a2 a3 a4 b1 -1 -2
}

test_what_sets_a_worker_to_work_goes_before_the_rest_of_its_organization() {
	carried_out 'a2! b1! a3! a1 b2 none' a1 a2! a3! b1! b2
}

test_others_stand_back_behind_one_that_goes_first() {
	carried_out 'b1! b2 -1 some stand back' a1! a2 b1! b2 -1 -- b
}

# Its first one stands back; the rest does not overtake it.
test_the_rest_of_one_that_stands_back_waits_for_its_first() {
	carried_out 'b1 some stand back' a1! a2 b1 -- b
}

. /usr/share/shunit2/shunit2
