#!/bin/sh
# sandbox_test - what a worker cannot do, whatever a remote makes of it
. "$(dirname "$0")/common.sh"

# What the sanitizers need for a report they may do.
refused='Operation not permitted'
! sanitized || refused='done'

# sandbox WHICH WHAT [PATH]; a death by SIGSYS is status 159
sandbox() {
	"$BUILD/tests/probe_sandbox" "$@"
}

test_outside_of_a_sandbox_all_of_it_works() {
	for what in read socket name fork thread code unix signal owner \
	    limits sort; do
		expect 0 'done' sandbox none $what </dev/null
	done
	expect 0 '' sandbox none run /bin/true
}

test_with_descriptors_only_or_a_listener_anything_else_kills() {
	killed='socket name run thread unix'
	sanitized || killed="$killed read write fork code signal owner limits"
	for which in descriptors listener; do
		for what in $killed; do
			sandbox $which "$what" >/dev/null 2>&1
			assertEquals "$which $what" 159 "$?"
		done
	done
}

test_with_descriptors_only_it_can_still_compute() {
	expect 0 'done' sandbox descriptors sort
}

test_with_a_network_nothing_on_this_host_is_reached() {
	expect 0 'Operation not permitted' sandbox network unix
	expect 0 'Operation not permitted' sandbox network packet
}

test_with_a_network_no_other_process_is_touched() {
	# A signal is refused by Landlock, too, where that is new enough.
	others='owner limits'
	sanitized || others="$others signal"
	for what in $others; do
		expect 0 "$refused" sandbox network "$what"
	done
}

test_with_a_network_names_are_resolved_and_sockets_made() {
	for what in socket name thread; do
		expect 0 'done' sandbox network $what
	done
}

test_with_a_network_no_program_is_run() {
	sandbox network run /bin/true >/dev/null 2>&1
	assertEquals 159 "$?"
	expect 0 "$refused" sandbox network fork
}

test_with_a_network_only_the_resolvers_files_are_read_and_none_written() {
	dir=$(mktemp -d)
	echo secret >"$dir/file"
	expect 0 'done' sandbox network read /etc/hosts
	expect 0 'Permission denied' sandbox network read /etc/shadow
	expect 0 'Permission denied' sandbox network read /etc/passwd
	expect 0 'Permission denied' sandbox network read "$dir/file"
	expect 0 'Permission denied' sandbox network read /proc/self/environ
	expect 0 'Permission denied' sandbox network write "$dir/file"
	expect 0 'Permission denied' sandbox network write "$dir/new"
	expect 0 'Permission denied' sandbox network write /etc/hosts
	assertEquals file "$(ls "$dir")"
	rm -r "$dir"
}

test_where_files_are_written_they_are_beneath_what_was_named_and_nowhere_else() {
	dir=$(mktemp -d)
	mkdir "$dir/open" "$dir/shut"
	echo secret >"$dir/shut/file"
	expect 0 'done' sandbox files write "$dir/open/new" "$dir/open"
	expect 0 'done' sandbox files read "$dir/open/new" "$dir/open"
	for what in read write; do
		expect 0 'Permission denied' sandbox files $what \
		    "$dir/shut/file" "$dir/open"
	done
	expect 0 'Permission denied' sandbox files write "$dir/shut/new" \
	    "$dir/open"
	expect 0 'Permission denied' sandbox files write /etc/hosts "$dir/open"
	expect 0 'Permission denied' sandbox files write "$dir/open/new"
	expect 0 'Operation not permitted' sandbox files unix
	sandbox files run /bin/true >/dev/null 2>&1
	assertEquals 159 "$?"
	assertEquals file "$(ls "$dir/shut")"
	rm -r "$dir"
}

run_suite
