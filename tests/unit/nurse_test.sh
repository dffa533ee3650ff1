#!/bin/sh
# nurse_test - spoold/nurse: it starts what its table says, kills what it
# started, and takes nothing else

. tests/unit/common.sh

PROBE=$BUILD/tests/probe_nurse
NOBODY=64011

# It changes users, which root can.
setUp() {
	assertEquals 'only root can run this' 0 "$(id -u)"
}

test_a_worker_is_its_user_and_has_nothing_but_its_link() {
	expect 0 "started 2
Uid:	$NOBODY	$NOBODY	$NOBODY	$NOBODY
Gid:	$NOBODY	$NOBODY	$NOBODY	$NOBODY
Groups:	 
CapPrm:	0000000000000000
NoNewPrivs:	1
environment 0
blocked 0
ready
died 2 1792
the nurse has ended" sh -c "exec 7</dev/null; SECRET=1 exec '$PROBE' start $NOBODY"
}

test_it_kills_what_it_started_and_nothing_else() {
	out=$("$PROBE" kill "$NOBODY")
	assertEquals 'started 2
died 2 9
started 3
the nurse has ended' "$(echo "$out" | grep '^[ds][a-z]* [0-9]\|^the')"
}

test_what_it_started_ends_with_it() {
	out=$("$PROBE" end "$NOBODY")
	assertEquals 'the nurse has ended
and what it started' "$(echo "$out" | tail -2)"
}

test_what_cannot_be_started_is_said() {
	expect 0 'failed 2 2
the nurse has ended' "$PROBE" /nonexistent/worker "$NOBODY"
	expect 0 'failed 2 13
the nurse has ended' "$PROBE" /etc/passwd "$NOBODY"
}

test_a_packet_that_is_none_of_spoolds_ends_it() {
	for kind in short long row word bare more; do
		expect 0 'ended
the nurse has ended' "$PROBE" wrong "$kind" "$NOBODY"
	done
	expect 0 'started 1
ended
the nurse has ended' "$PROBE" wrong again "$NOBODY"
}

. /usr/share/shunit2/shunit2
