#!/bin/sh
# pending_test - requests that wait for their answers, and whose they are
. "$(dirname "$0")/common.sh"

pending() {
	"$BUILD/tests/probe_pending" "$@"
}

test_an_answer_goes_to_whom_the_request_was() {
	expect 0 '0
1
2
a oldest
b oldest
a oldest
0 nobody' pending +a +b +a 0 1 2
}

test_answers_may_come_in_any_order_and_the_oldest_is_known() {
	expect 0 '0
1
2
a
b
1 c' pending +c +b +a 2 1
	expect 0 '0
1
2
a
c oldest
b oldest
0 nobody' pending +c +b +a 2 0 1
}

test_what_was_not_asked_or_was_answered_is_not_taken() {
	expect 0 'none
0 nobody' pending 0
	expect 0 '0
none
a oldest
none
none
0 nobody' pending +a 1 0 0 4294967295
	expect 0 '0
1
b
none
1 a' pending +a +b 1 1
}

test_the_answer_for_who_is_gone_is_nobodys() {
	expect 0 '0
1
waits
idle
nobody oldest
b oldest
0 nobody' pending +a +b -a -c 0 1
	expect 0 '0
a oldest
idle
0 nobody' pending +a 0 -a
}

# many COMMAND...: after 100 requests of b's; the lines that follow them.
many() {
	# shellcheck disable=SC2046 # words
	pending $(seq 100 | sed 's/.*/+b/') "$@" | tail -n +101
}

test_there_may_be_more_than_there_was_room_for() {
	expect 0 'b oldest
100
b
101
a
99 b' many 0 +a 99 +c 100
}

. /usr/share/shunit2/shunit2
