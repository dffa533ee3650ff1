#!/bin/sh
# pipe_test - a program of the administrator's choice as a transport
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# program TEXT: what the script of the pipe `fax` will do.
program() {
	PROGRAM=$1
}

# It may leave in $GIVEN what it was given.
write_program() {
	GIVEN=$SCRATCH/given
	mkdir -p "$GIVEN"
	printf '#!/bin/sh\nPATH=/usr/bin:/bin\nGIVEN=%s\n%s\n' "$GIVEN" \
	    "$PROGRAM" >"$SCRATCH/fax"
	chmod 755 "$SCRATCH/fax"
}

# with_pipe [SETTING]...: an instance with the pipe, and a destination for it.
with_pipe() {
	instance
	sed -i "s/^organization $ORG {/&\n\tpipes_allow = {\"fax\"}/" "$CONF"
	{
		printf 'pipe fax {\n\tcommand = {"%s", "-x", "a b;c", "\\$HOME"}\n' \
		    "$SCRATCH/fax"
		[ $# -eq 0 ] || printf '\t%s\n' "$@"
		printf '}\n'
	} >>"$CONF"
	write_program
	start
	pipe_destination fax fax
}

# pipe_destination NAME PIPE
pipe_destination() {
	printf '{"id":"%s","label":"%s","type":"pipe",
	    "config":{"pipe":{"pipe":"%s"}}}' "$1" "$1" "$2" |
	    spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

outcome() {
	journal "select(.job == \"$ID\" and .of) |
	    \"\\(.event) \\(.errorCode) \\(.reason) \\(.reference)\""
}

has_outcome() {
	[ -n "$(outcome)" ]
}

# ends STATUS: a job whose program prints two lines and ends so.
ends() {
	program "cat >/dev/null; echo 'first line'; echo second; exit $1"
	write_program
	drop "s$1" "$(job fax)"
	eventually has_outcome
	outcome | sed 1q
}

test_the_program_gets_the_job_as_it_was_dropped() {
	program 'cat >$GIVEN/job'
	with_pipe
	text=$(job fax)
	drop one "$text"
	eventually delivered "$ID"
	assertEquals "$text" "$(cat "$GIVEN/job")"
}

test_no_shell_reads_its_arguments() {
	program 'for a in "$@"; do echo "[$a]"; done >$GIVEN/arguments'
	with_pipe
	drop one "$(job fax)"
	eventually delivered "$ID"
	assertEquals '[-x] [a b;c] [$HOME]' \
	    "$(paste -sd ' ' "$GIVEN/arguments")"
}

test_its_environment_has_three_names_and_nothing_else() {
	program 'tr "\0" "\n" </proc/$$/environ >$GIVEN/environment'
	with_pipe
	drop one "$(job fax)"
	eventually delivered "$ID"
	assertEquals "SPOOLD_ATTEMPT=1 SPOOLD_DESTINATION=fax SPOOLD_ID=$ID" \
	    "$(sort "$GIVEN/environment" | paste -sd ' ')"
}

test_a_payload_file_is_its_descriptor_3_and_no_other_is_open() {
	program 'cat <&3 >$GIVEN/payload
ls /proc/$$/fd >$GIVEN/open'
	with_pipe
	head -c 3000000 /dev/urandom >"$SPOOL/data/scan.pdf"
	drop one "{\"destinations\":[\"fax\"],\"payload\":{\"type\":\"report\",
	    \"file\":\"scan.pdf\"}}"
	eventually delivered "$ID"
	assertEquals "$(sha256sum <"$SPOOL/jobs/$ID.data")" \
	    "$(sha256sum <"$GIVEN/payload")"
	# from 10 on they are the shell's own
	assertEquals '0 1 2 3' "$(grep -x '[0-9]' "$GIVEN/open" |
	    paste -sd ' ')"
}

test_a_job_without_a_file_has_no_descriptor_3() {
	program '[ -e /proc/$$/fd/3 ] && echo there >$GIVEN/three
true'
	with_pipe
	drop one "$(job fax)"
	eventually delivered "$ID"
	assertFalse 'nothing is there' "[ -e '$GIVEN/three' ]"
}

test_status_0_is_delivered_and_the_first_line_is_the_reference() {
	program ''
	with_pipe
	assertEquals 'delivered null null first line' "$(ends 0)"
}

test_71_and_75_are_deferred_with_its_first_line_as_the_reason() {
	program ''
	with_pipe
	slow=$(ends 75)
	assertEquals 'deferred PROGRAM_FAILED the program ended with status 75 (later): first line null' \
	    "$slow"
	assertEquals "deferred PROGRAM_FAILED the program ended with status 71 (its system is in trouble): first line null" \
	    "$(ends 71)"
}

test_every_other_status_of_sysexits_is_failed() {
	program ''
	with_pipe
	for status in 64 65 66 67 68 69 70 72 73 74 76 77 78; do
		assertEquals "failed PROGRAM_FAILED the program ended with status $status" \
		    "$(ends $status | cut -d '(' -f 1 | sed 's/ $//')"
	done
}

test_a_status_that_means_nothing_is_deferred() {
	program ''
	with_pipe
	assertEquals 'deferred PROGRAM_FAILED the program ended with status 1: first line null' \
	    "$(ends 1)"
}

test_a_program_that_is_ended_by_a_signal_is_deferred() {
	program 'kill -SEGV $$'
	with_pipe
	drop one "$(job fax)"
	eventually has_outcome
	assertEquals 'deferred PROGRAM_FAILED the program was ended by signal 11 (Segmentation fault) null' \
	    "$(outcome | sed 1q)"
}

test_a_program_that_runs_for_too_long_is_killed_with_all_that_it_started() {
	program 'sleep 1000 & [ -e $GIVEN/child ] || echo $! >$GIVEN/child; wait'
	with_pipe 'time_limit = "1s"'
	drop one "$(job fax)"
	eventually has_outcome
	assertEquals 'deferred TIMEOUT the program ran for longer than 1000 ms and was killed null' \
	    "$(outcome | sed 1q)"
	eventually gone "$(cat "$GIVEN/child")"
}

test_a_program_that_needs_more_memory_than_it_may_have_ends() {
	program 'exec /usr/bin/perl -e '"'"'$a = "x" x (200 * 1024 * 1024)'"'"
	with_pipe 'memory_limit = "64M"'
	drop one "$(job fax)"
	eventually has_outcome
	assertEquals 'deferred PROGRAM_FAILED' \
	    "$(outcome | sed 1q | cut -d ' ' -f 1-2)"
}

test_a_program_that_does_not_read_gets_its_status_counted() {
	program 'exit 0'
	with_pipe
	drop one "$(printf '{"destinations":["fax"],"payload":{"type":"data",
	    "data":{"n":"%0200000d"}}}' 0)"
	eventually delivered "$ID"
}

test_output_without_end_is_read_in_bounded_memory() {
	program 'head -c 50000000 /dev/zero | tr "\0" x; exit 69'
	with_pipe
	drop one "$(job fax)"
	eventually has_outcome
	assertEquals 'failed PROGRAM_FAILED' \
	    "$(outcome | sed 1q | cut -d ' ' -f 1-2)"
	pid=$(pgrep -P "$(supervisor)" -f libexec/spoold/pipe)
	peak=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status")
	assertTrue "$peak KiB" "[ $peak -lt 65536 ]"
}

test_what_it_says_cannot_break_a_line_of_the_journal_or_the_log() {
	program 'printf "a\033[31mb\tc\"d\\\\e\n"; exit 69'
	with_pipe
	drop one "$(job fax)"
	eventually has_outcome
	assertEquals 'failed PROGRAM_FAILED the program ended with status 69 (it cannot do that): a\x1b[31mb\x09c"d\x5ce null' \
	    "$(outcome)"
}

test_many_run_at_once() {
	program 'echo >$GIVEN/$$
while [ "$(ls $GIVEN | wc -l)" -lt 5 ]; do sleep 0.05; done'
	with_pipe 'time_limit = "30s"'
	drops 5 many "$(job fax)"
	eventually counts done 5
}

test_only_a_declared_and_allowed_pipe_can_be_named() {
	program 'true'
	with_pipe
	printf 'pipe other {\n\tcommand = {"/bin/true"}\n}\n' >>"$CONF"
	run spoolctl reload
	for name in other none; do
		run spooldest create - <<-END
			{"id":"x","label":"x","type":"pipe",
			 "config":{"pipe":{"pipe":"$name"}}}
		END
		failed_with 65 spooldest VALIDATION_ERROR
		assertEquals "spooldest: VALIDATION_ERROR: config.pipe.pipe: the organization may use no pipe \"$name\": pipes_allow lists it, and the configuration declares it, where it may" \
		    "$ERR"
	done
}

test_a_pipe_that_is_there_no_longer_defers_and_a_reload_brings_it_back() {
	program 'true'
	with_pipe
	cp "$CONF" "$SCRATCH/before"
	sed -i 's/pipes_allow = {"fax"}/pipes_allow = {}/' "$CONF"
	run spoolctl reload
	drop one "$(job fax)"
	eventually has_outcome
	assertEquals 'deferred CONFIG_ERROR there is no pipe "fax" in the configuration, with a command and in the organization'"'"'s pipes_allow null' \
	    "$(outcome | sed 1q)"
	cp "$SCRATCH/before" "$CONF"
	run spoolctl reload
	run spoolq -i "$ID"
	eventually delivered "$ID"
}

test_a_test_says_whether_the_program_can_be_run() {
	program 'true'
	with_pipe
	run spooldest test fax
	assertEquals "$OUT" 0 "$STATUS"
	run spooldest test --deliver fax
	assertEquals '64: spooldest: USAGE: a program can be tried with a job only: drop one' \
	    "$STATUS: $ERR"
	chmod 644 "$SCRATCH/fax"
	run spooldest test fax
	assertNotEquals 0 "$STATUS"
	assertContains "$OUT$ERR" "run $SCRATCH/fax: Permission denied"
}

test_a_program_that_cannot_be_run_defers_with_the_reason() {
	program 'true'
	with_pipe
	rm "$SCRATCH/fax"
	drop one "$(job fax)"
	eventually has_outcome
	assertEquals "deferred CONFIG_ERROR run $SCRATCH/fax: No such file or directory null" \
	    "$(outcome | sed 1q)"
}

test_a_program_ends_with_its_worker() {
	program '[ -e $GIVEN/pid ] || echo $$ >$GIVEN/pid; exec sleep 1000'
	with_pipe
	drop one "$(job fax)"
	eventually test -s "$GIVEN/pid"
	pkill -9 -P "$(supervisor)" -f libexec/spoold/pipe
	eventually gone "$(cat "$GIVEN/pid")"
	eventually has_outcome
	assertEquals 'deferred WORKER_DIED' \
	    "$(outcome | sed 1q | cut -d ' ' -f 1-2)"
}

. /usr/share/shunit2/shunit2
