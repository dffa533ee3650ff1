#!/bin/sh
# link_test - what spoold and its workers take from each other
. "$(dirname "$0")/common.sh"

link() {
	"$BUILD/tests/probe_link" "$@"
}

test_every_record_arrives_as_it_was_sent() {
	expect 0 'setup: same
attempt: same
drop: same
payload: same
test: same
erase: same
fetched: same
ready: same
progress: same
outcome: same
need: same
accept: same
refuse: same
tested: same
erased: same
fetch: same
then: nothing
at the end: EPIPE, link: the other side has ended' link same
}

test_a_record_goes_one_way_only() {
	for type in setup attempt drop test erase fetched; do
		expect 0 'link: no record of this direction' link $type up
	done
	for type in ready progress outcome need accept refuse tested erased \
	    fetch; do
		expect 0 'link: no record of this direction' link $type down
	done
	expect 0 'link: no record of this direction' link outcome type 0
	expect 0 'link: no record of this direction' link outcome type 99
	expect 0 'link: no record of this direction' link outcome type -1
}

test_every_size_counts() {
	expect 0 'link: shorter than a header' link outcome byte 67
	expect 0 'link: shorter than its struct' link outcome byte 68
	expect 0 'link: too short for its texts' link outcome byte 131
	expect 0 'link: longer than its texts' link outcome more 1
	expect 0 'link: longer than any record' link outcome more 170000
	expect 0 'link: longer than its texts' link progress more 1
}

test_every_text_has_a_cap_and_ends_once() {
	expect 0 'link: a text is too long' link outcome length 0 1025
	expect 0 'link: a text is too long' link outcome length 1 -1
	expect 0 'link: a text is too long' link outcome length 7 1
	expect 0 'link: a text is too long' link progress length 1 1
	expect 0 'link: a text has a NUL in it, or none at its end' \
	    link outcome length 0 3
	expect 0 'link: a text has a NUL in it, or none at its end' \
	    link outcome length 0 5
	expect 0 'link: a text has a NUL in it, or none at its end' \
	    link outcome nul 0
	expect 0 'link: too short for its texts' link outcome length 0 1000
}

test_descriptors_that_nobody_asked_for_are_closed() {
	expect 0 'link: too many descriptors' link outcome fds 1
	expect 0 'link: too many descriptors' link drop fds 2
	expect 0 'link: too many descriptors' link attempt fds 3
	expect 0 'link: too many descriptors' link drop fds 8
	expect 0 'taken' link attempt fds 2
}

test_descriptors_that_are_missing_are_missed() {
	expect 0 'link: a number is out of range' link attempt fds 1
	expect 0 'link: a number is out of range' link attempt fds 0
	expect 0 'link: a number is out of range' link drop fds 0
	expect 0 'link: a number is out of range' link payload fds 0
}

# outcome: token ms bytes retry_after are 8 bytes each, then verdict, error,
# code and flags of 4
test_numbers_that_mean_nothing_are_refused() {
	expect 0 'taken' link outcome number 32 0
	expect 0 'link: a number is out of range' link outcome number 32 3
	expect 0 'link: a number is out of range' link outcome number 32 -1
	expect 0 'link: a number is out of range' link outcome number 36 999
	expect 0 'link: a number is out of range' link outcome number 40 1000
	expect 0 'link: a number is out of range' link outcome number 44 8
	expect 0 'link: a number is out of range' link outcome number 12 -1
	expect 0 'taken' link outcome number 44 7
}

# tested: token, ms and seven steps' of 8 bytes each, then seven states, error
# and code of 4; test: token, id and timeout, then the test
test_a_test_and_its_steps_are_some_that_there_are() {
	expect 0 'taken' link tested number 72 2
	expect 0 'link: a number is out of range' link tested number 72 3
	expect 0 'link: a number is out of range' link tested number 20 -1
	expect 0 'link: a number is out of range' link tested number 100 999
	expect 0 'link: a number is out of range' link tested number 104 1000
	expect 0 'taken' link test number 32 0
	expect 0 'link: a number is out of range' link test number 32 3
	expect 0 'link: a number is out of range' link test number 24 0
}

# accept: token, job, payload, then data's offset and length, 8 bytes each
test_spans_lie_within_the_job() {
	expect 0 'taken' link accept number 24 0
	expect 0 'link: a number is out of range' link accept number 24 1
	expect 0 'link: a number is out of range' link accept number 28 1
	expect 0 'link: a number is out of range' link accept number 36 -1
	expect 0 'link: a number is out of range' link accept number 12 -1
}

run_suite
