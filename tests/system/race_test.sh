#!/bin/sh
# race_test - what a submitter puts in the place of what he dropped, while
# spoold looks at it, gets him nothing of another's
#
# The kernel's own protection (fs.protected_*) is off meanwhile.  TEST_FULL=1
# tries a million times.
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
MARK=spooldrace
# shellcheck source=tests/system/system.sh
. "$(dirname "$0")/system.sh"

TRIES=1200 ROUNDS=1
[ -z "${TEST_FULL-}" ] || TRIES=50000 ROUNDS=20
PROTECTED='protected_fifos protected_hardlinks protected_regular
protected_symlinks'

restore() {
	for each in $BEFORE; do
		echo "${each#*=}" >"/proc/sys/fs/${each%%=*}"
	done
}

# However the suite ends, the kernel protects again.
guard() {
	while kill -0 $$; do
		sleep 1
	done
	restore
}

oneTimeSetUp() {
	BEFORE=
	[ "$(id -u)" -eq 0 ] || return 0
	kernel bare
	unmark
	clients
	for name in $PROTECTED; do
		BEFORE="$BEFORE $name=$(cat "/proc/sys/fs/$name")"
	done
	guard >/dev/null 2>&1 </dev/null &
	for name in $PROTECTED; do
		echo 0 >"/proc/sys/fs/$name"
	done
}

oneTimeTearDown() {
	restore
	[ -z "$BEFORE" ] || unmark
}

# The attacker is a2, whose victim a1 has a payload and a job there.
arena() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return 1
	spoolconf -e log.level=warning retention.delivered=1s \
	    retention.failed=1s retention.receipts=1s
	start
	sink
	destination_of "$A" ok
	as "$MARK-a1" sh -c "umask 022; echo stolen-payload \
	    >'$SPOOL/data/victim'; printf '%s' '{\"destinations\":[\"ok\"],
	    \"payload\":{\"type\":\"data\",\"data\":\"stolen-job\"}}' \
	    >'$SPOOL/tmp/.victim.json'"
	payload=$(sha256sum <"$SPOOL/data/victim" | cut -d ' ' -f 1)
	job=$(sha256sum <"$SPOOL/tmp/.victim.json" | cut -d ' ' -f 1)
}

# race TRIES ROUND DELAY [KIND]
race() {
	as "$MARK-a2" "$BUILD/tests/race" "$SPOOL" 3600 "$@" \
	    >"$SCRATCH/race" 2>&1
	assertEquals "$(cat "$SCRATCH/race")" 0 $?
}

# Nothing that the attacker's jobs were accepted with was the victim's.
nothing_won() {
	eventually_within 60 sh -c \
	    "! find '$SPOOL/new' -name 'r*.json' | grep -q ."
	# Opening and hashing is reading it.
	assertEquals 'accepted with the content of another' '' "$(journal \
	    "select(.event == \"accepted\") | select(
	    [.. | strings] | any(. == \"$payload\" or . == \"$job\")) | .job")"
	eventually_within 60 counts cur 0
	assertEquals 'sent' '' "$(grep -rl stolen "$SINK_DIR")"
	assertEquals 'in what the attacker can read' '' \
	    "$(as "$MARK-a2" grep -rls stolen "$SPOOL/receipts")"
	assertEquals 'the victim has its payload' stolen-payload \
	    "$(cat "$SPOOL/data/victim")"
	assertEquals 'and its job' "$job" \
	    "$(sha256sum <"$SPOOL/tmp/.victim.json" | cut -d ' ' -f 1)"
	assertEquals 'nobody else has it' "$MARK-a1" \
	    "$(stat -c %U "$SPOOL/data/victim")"
	assertTrue 'spoold runs' running
}

test_no_swap_of_a_submitter_wins() {
	arena || return
	for round in $(seq "$ROUNDS"); do
		race "$TRIES" "$round" 300
		nothing_won
		# What is over goes, or a million would fill the disk, and the
		# victim's files would have more links than they can.
		[ "$ROUNDS" -eq 1 ] && continue
		spoolsuper -p >/dev/null
		find "$SPOOL/data" -name 'r*' -delete
		find "$SPOOL/failed" -name '*.json*' -delete
	done
	for event in accepted refused; do
		assertNotEquals "$event" 0 \
		    "$(journal '.event' | grep -c "^$event$")"
	done
}

# slow_openings KIND: each takes so long that swaps come before it, after spoold
# has looked at what it opens.
slow_openings() {
	arena || return
	strace -qq -p "$(supervisor)" -e trace=openat2 -o /dev/null \
	    -e inject=openat2:delay_enter=40000 2>"$SCRATCH/strace" &
	echo $! >"$SCRATCH/strace.pid"
	eventually grep -q '^TracerPid:.*[1-9]' \
	    "/proc/$(supervisor)/status"
	race 40 1 200000 "$1"
	kill "$(cat "$SCRATCH/strace.pid")" && rm "$SCRATCH/strace.pid"
	nothing_won
}

test_a_payload_that_is_swapped_before_it_is_opened_is_not_taken() {
	slow_openings payload-link
}

test_a_job_that_is_swapped_before_it_is_opened_is_not_taken() {
	slow_openings job-link
}

test_check_says_that_the_kernel_does_not_protect() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	run spoolctl check
	assertEquals "$OUT" 1 "$STATUS"
	assertEquals 'kernel: fs.protected_hardlinks is 0' \
	    "$(sed 's/ 0: .*/ 0/' "$SCRATCH/out")"
}

. /usr/share/shunit2/shunit2
