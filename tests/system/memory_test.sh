#!/bin/sh
# memory_test - where credentials are while an instance runs: in no file, no
# core, nothing of /proc, and once they have been used in no memory
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
# shellcheck source=tests/system/memory.sh
. "$TESTS/system/memory.sh"

# A part of each credential that stands nowhere else, one a line.
credentials() {
	grep -o '[a-z]*-Zk[0-9]*plainly\|MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' \
	    "$TESTS/data/credentials.json"
}

# The destinations of the table, at the receiver; those of other kinds at a port
# where nobody is.
destinations() {
	sed "s,http://sink,$SINK," "$TESTS/data/credentials.json" \
	    >"$SHUNIT_TMPDIR/destinations"
	run spooldest create "$SHUNIT_TMPDIR/destinations"
	assertEquals "$ERR" 0 "$STATUS"
	ALL=$OUT
	rm "$SHUNIT_TMPDIR/destinations"
}

nowhere_in_memory() {
	[ -z "$(credentials | found_in_memory)" ]
}

test_credentials_are_in_no_file_no_core_and_nothing_of_proc() {
	needs_root || return 1
	instance
	setting queue processing_timeout 60s
	prlimit --pid $$ --core=unlimited
	start
	sink
	answers hook hang
	destinations
	# shellcheck disable=SC2086 # a list
	drop one "$(job $ALL)"
	eventually delivered "$ID" basic
	# One is at work with its credentials while this is looked at.
	eventually arrived "$ID" 2
	credentials >"$SHUNIT_TMPDIR/credentials"
	mkdir "$SHUNIT_TMPDIR/look"
	for pid in $(processes); do
		gcore -o "$SHUNIT_TMPDIR/look/core" "$pid" \
		    >"$SHUNIT_TMPDIR/gcore" 2>&1
		assertTrue "a core of $pid: $(cat "$SHUNIT_TMPDIR/gcore")" \
		    "[ -s $SHUNIT_TMPDIR/look/core.$pid ]"
		for file in cmdline environ status stat maps comm wchan; do
			cat "/proc/$pid/$file" \
			    >"$SHUNIT_TMPDIR/look/$file.$pid" 2>/dev/null
		done
	done
	assertEquals 'in cores and /proc' '' "$(grep -rlaFf \
	    "$SHUNIT_TMPDIR/credentials" "$SHUNIT_TMPDIR/look")"
	assertEquals 'in files' '' "$(grep -rlaFf \
	    "$SHUNIT_TMPDIR/credentials" "$INSTANCE" --exclude-dir=sink)"
	# What dies of a signal leaves nothing, whatever limit it began with.
	# shellcheck disable=SC2046 # several pids
	kill -ABRT $(workers webhook) $(supervisor)
	eventually stopped
	assertEquals 'no core' '' "$(find "$INSTANCE" "$PWD" /tmp -maxdepth 2 \
	    -newer "$SHUNIT_TMPDIR/credentials" -name 'core*' -type f)"
	rm -r "$SHUNIT_TMPDIR/look"
}

test_credentials_that_have_been_used_are_wiped_from_memory() {
	needs_root || return 1
	instance
	slow_retries
	start
	sink
	destinations
	# shellcheck disable=SC2086 # a list
	drop one "$(job $ALL)"
	eventually delivered "$ID" hook
	eventually delivered "$ID" basic
	for name in $ALL; do
		case $name in
		hook | basic) ;;
		*) eventually in_queue retry "$ID" "$name" ;;
		esac
	done
	run spooldest show hook
	assertContains "$OUT" '********'
	assertEquals 'what is locked is in no dump and goes to no child' '' \
	    "$(sed -n '/^VmFlags:.* lo/p' "/proc/$(supervisor)/smaps" |
	    grep -v ' dd.* wf\| wf.* dd')"
	eventually nowhere_in_memory
	assertEquals '' "$(credentials | found_in_memory)"
}

. /usr/share/shunit2/shunit2
