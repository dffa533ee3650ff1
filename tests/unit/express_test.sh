#!/bin/sh
# express_test - who goes first among organizations
. "$(dirname "$0")/common.sh"

express() {
	"$BUILD/tests/probe_express" "$@"
}

# again N WORD...: these, so often.
again() {
	n=$1
	shift
	for _ in $(seq "$n"); do
		echo "$@"
	done
}

test_one_that_was_idle_goes_first() {
	expect 0 'waits
first' express 2 idle1000 busy5
}

# A loop that had nothing to do wakes up after a while, with the drop.
test_the_time_that_the_loop_slept_is_nobodys_debt() {
	expect 0 'waits
first' express 2 idle1000 woken60
	expect 0 'waits
first
waits' express 2 idle1000 woken60 busy51
}

test_for_as_long_as_it_has_been_saving_and_no_longer() {
	expect 0 'waits
first
waits' express 2 idle20 busy4 busy2
	expect 0 'waits
first
waits' express 2 idle3600000 busy49 busy3
}

test_one_that_is_always_busy_never_does() {
	expect 0 'waits
waits' express 2 busy1 busy1000
}

test_what_it_owes_is_forgotten_after_a_while() {
	expect 0 'waits
waits
waits
waits
first' express 2 busy1000000 idle180 busy1 idle100 busy1
}

# Of ten, each may have a twentieth of the time.
test_all_that_may_go_first_have_half_of_the_time() {
	# shellcheck disable=SC2046 # words
	expect 0 "waits
$(again 50 'first
waits')" express 10 idle2000 $(again 50 busy9 idle190)
	# shellcheck disable=SC2046 # words
	assertEquals 'more is too much' waits "$(express 10 idle2000 \
	    $(again 50 busy11 idle190) busy1 | tail -1)"
}

. /usr/share/shunit2/shunit2
