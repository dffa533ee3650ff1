#!/bin/sh
# log_test.sh - lib/log: one event a line, whatever is in it

# The small programs given to `sh -c` are in single quotes for good reason.
# shellcheck disable=SC2016,SC1003

. tests/unit/common.sh

setUp() {
	home=$(mktemp -d)
}

tearDown() {
	[ -n "${home:-}" ] && rm -rf "$home"
	home=
}

log() {
	"$BUILD/tests/probe_log" "$@"
}

# steady FILE: the log without what differs each time; `-` is standard input.
steady() {
	sed 's/^20[0-9-]*T[0-9:]*\.[0-9]\{3\}Z /TIME /; s/\[[0-9]*\]: /[PID]: /' "$1"
}

log_steady() {
	"$BUILD/tests/probe_log" "$@" 2>&1 | steady -
}

test_a_line_is_time_level_program_and_words() {
	expect 0 'TIME info spoold[PID]: ready' log_steady stderr info info ready
}

test_before_it_is_opened_lines_go_to_standard_error() {
	expect 0 'TIME error probe_log[PID]: early
TIME info probe_log[PID]: too' log_steady - debug error early info too debug no
}

test_the_level_decides_what_is_said() {
	expect 0 'TIME error spoold[PID]: a
TIME warning spoold[PID]: b' log_steady stderr warning \
	    error a warning b info c debug d
	expect 0 'TIME debug spoold[PID]: d' log_steady stderr debug debug d
}

test_a_level_that_does_not_exist_has_no_name() {
	expect 64 'no such level' log stderr verbose
}

test_control_characters_are_escaped() {
	expect 0 'TIME info spoold[PID]: a\nb\x09c\x1b[31m\x7f\xc2\x85\xff é "q" \\' \
	    log_steady stderr info info \
	    "$(printf 'a\nb\tc\033[31m\177\302\205\377 é "q" \\\\')"
}

test_a_file_is_appended_to_and_not_for_others() {
	printf 'before\n' >"$home/old"
	expect 0 '' log "$home/old" info info one
	expect 0 'before
TIME info spoold[PID]: one' steady "$home/old"
	expect 0 '' log "$home/new" info info one
	assertEquals 0 "$(($(stat -c 0%a "$home/new") & 037))"
}

test_a_reopened_log_goes_on_in_the_new_file() {
	expect 0 '' log "$home/a" info info one reopen "$home/b" info two
	expect 0 'TIME info spoold[PID]: one' steady "$home/a"
	expect 0 'TIME info spoold[PID]: two' steady "$home/b"
}

test_a_file_that_cannot_be_opened_is_named_and_the_old_one_stays() {
	expect 1 "INTERNAL_ERROR: open log file $home/no/log: No such file or directory" \
	    log "$home/no/log" info
	expect 0 "INTERNAL_ERROR: open log file $home/no/log: No such file or directory" \
	    log "$home/a" info reopen "$home/no/log" info still
	expect 0 'TIME info spoold[PID]: still' steady "$home/a"
}

test_a_line_that_is_too_long_is_cut_but_ends() {
	expect 0 '' log "$home/a" info info @100000 info next
	assertEquals 2 "$(wc -l <"$home/a")"
	expect 0 2047 sh -c 'head -n 1 "$1" | tr -cd x | wc -c' sh "$home/a"
}

test_a_line_is_one_write() {
	expect 0 2 sh -c 'strace -E ASAN_OPTIONS=detect_leaks=0 -e trace=write "$1" "$2" info info "a
b" info c 2>&1 | grep -ac "^write("' sh "$BUILD/tests/probe_log" "$home/a"
}

test_many_processes_share_a_file_without_mixing_lines() {
	for n in 1 2 3 4; do
		(for i in 1 2 3 4 5 6 7 8 9 10; do
			log "$home/a" info info @1500 error "$n $i"
		done) &
	done
	wait
	assertEquals 80 "$(wc -l <"$home/a")"
	assertEquals 40 "$(grep -c 'info spoold\[[0-9]*\]: x\{1500\}$' "$home/a")"
}

test_a_full_disk_loses_the_line_and_nothing_else() {
	expect 0 '' log /dev/full info info one info two
}

test_syslog_gets_the_words_without_a_second_time() {
	# Without a daemon to listen, what would be sent does not show: then
	# only the attempt does.
	expect 0 yes sh -c 'strace -E ASAN_OPTIONS=detect_leaks=0 -e trace=network,write "$1" syslog info \
	    info one 2>&1 | grep -q "connect.*/dev/log" && echo yes' sh \
	    "$BUILD/tests/probe_log"
}

test_a_fatal_line_ends_the_process_with_its_status() {
	expect 78 '' sh -c '"$@" 2>/dev/null' sh "$BUILD/tests/probe_log" \
	    stderr info fatal gone info never
	expect 0 'TIME error spoold[PID]: gone' log_steady stderr info \
	    fatal gone info never
}

run_suite
