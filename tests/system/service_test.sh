#!/bin/sh
# service_test - spoold as a service of systemd: how little its unit leaves it,
# and what it says of itself
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

UNIT=$TESTS/../etc/spoold.service

test_the_unit_exposes_no_more_than_it_has_to() {
	systemd-analyze security --offline=true --no-pager "$UNIT" \
	    >"$SHUNIT_TMPDIR/exposed" 2>&1
	assertEquals '' "$(grep -i 'unknown\|failed' "$SHUNIT_TMPDIR/exposed")"
	level=$(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p' \
	    "$SHUNIT_TMPDIR/exposed")
	assertEquals "$level is at most 2.2: $(cat "$SHUNIT_TMPDIR/exposed")" \
	    1 "$(awk -v level="$level" \
	    'BEGIN { print level != "" && level <= 2.2 }')"
}

test_the_unit_is_one_that_systemd_understands() {
	sed -e "s|/usr/sbin/|$BUILD/sbin/|; s|/usr/bin/spool|$BUILD/bin/spool|" \
	    "$UNIT" >"$SHUNIT_TMPDIR/spoold.service"
	assertEquals '' "$(systemd-analyze verify --man=no \
	    "$SHUNIT_TMPDIR/spoold.service" 2>&1)"
}

# calls_of GROUP...: the system calls in these groups of systemd's.
calls_of() {
	for group in "$@"; do
		case $group in
		@*)
			# shellcheck disable=SC2046 # a list
			calls_of $(systemd-analyze syscall-filter "$group" |
			    sed -n 's/^    \([^#]\)/\1/p')
			;;
		*) echo "$group" ;;
		esac
	done
}

# What the unit lets through: the first filter without the second.
calls_let_through() {
	filters=$(sed -n 's/^SystemCallFilter=//p' "$UNIT")
	# shellcheck disable=SC2046 # lists
	calls_of $(echo "$filters" | sed -n '/^[^~]/p') | sort -u \
	    >"$SHUNIT_TMPDIR/let"
	# shellcheck disable=SC2046 # lists
	calls_of $(echo "$filters" | sed -n 's/^~//p') | sort -u |
	    comm -23 "$SHUNIT_TMPDIR/let" -
}

test_all_that_spoold_and_its_workers_ask_of_the_kernel_is_let_through() {
	instance
	setting "organization $ORG" local_allow "{\"$INSTANCE/archive\"}"
	# Leaks cannot be looked for below strace.
	strace -f -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" \
	    -o "$SCRATCH/calls" spoold -c "$CONF" \
	    >"$SCRATCH/said" 2>&1 &
	eventually test -S "$INSTANCE/run/control.sock"
	sink
	destination ok
	printf '{"id":"box","label":"box","type":"storage","config":{"storage":{
	    "provider":"local","config":{"directory":"%s/archive"}}}}' \
	    "$INSTANCE" | spooldest create - >"$SCRATCH/created" 2>&1
	drop one "$(job ok box)"
	eventually_within 60 delivered "$ID" ok
	eventually_within 60 delivered "$ID" box
	run spoolctl reload
	stop
	calls_let_through >"$SCRATCH/let"
	sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$SCRATCH/calls" | sort -u \
	    >"$SCRATCH/made"
	assertTrue 'it made some' "[ $(wc -l <"$SCRATCH/made") -gt 40 ]"
	assertEquals '' "$(sort -u "$SCRATCH/let" |
	    comm -13 - "$SCRATCH/made" | paste -sd ' ')"
}

# notified ADDRESS: writes what is said there to $SCRATCH/notes, a line each.
notified() {
	python3 -c 'import socket, sys
address, notes = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + address[1:] if address[0] == "@" else address)
with open(notes, "w") as out:
    while True:
        print(s.recv(4096).decode().replace("\n", " "), file=out, flush=True)
' "$1" "$SCRATCH/notes" &
	echo $! >"$SCRATCH/notes.pid"
	eventually test -e "$SCRATCH/notes"
}

# What was said so far, without the dog and without times.
notes() {
	sed 's/USEC=[0-9]*/USEC=N/' "$SCRATCH/notes" | grep -v WATCHDOG |
	    paste -sd ,
}

notes_are() {
	[ "$(notes)" = "$1" ]
}

test_systemd_is_told_when_it_is_ready_reloads_and_stops() {
	for address in file @abstract; do
		instance
		[ "$address" = @abstract ] || address=$SCRATCH/notify
		notified "$address.$$"
		export NOTIFY_SOCKET="$address.$$" WATCHDOG_USEC=3000000
		start
		unset NOTIFY_SOCKET WATCHDOG_USEC
		eventually notes_are READY=1
		eventually grep -qx WATCHDOG=1 "$SCRATCH/notes"
		kill -HUP "$(supervisor)"
		eventually notes_are \
		    'READY=1,RELOADING=1 MONOTONIC_USEC=N,READY=1'
		stop
		eventually notes_are \
		    'READY=1,RELOADING=1 MONOTONIC_USEC=N,READY=1,STOPPING=1'
		tearDown
	done
}

test_who_asks_nothing_hears_nothing_and_no_command_is_told_of() {
	instance
	notified "$SCRATCH/notify"
	NOTIFY_SOCKET=$SCRATCH/notify
	export NOTIFY_SOCKET
	run spooldest list
	unset NOTIFY_SOCKET
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals '' "$(notes)"
	NOTIFY_SOCKET=/nowhere/at/all
	export NOTIFY_SOCKET
	start
	unset NOTIFY_SOCKET
	assertTrue running
}

. /usr/share/shunit2/shunit2
