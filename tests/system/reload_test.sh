#!/bin/sh
# reload_test - settings that change while spoold runs
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

reloads() {
	journal 'select(.event == "config.reloaded") | .event' | wc -l
}

reloaded() {
	[ "$(reloads)" -ge "$1" ]
}

test_a_reload_is_in_force_when_it_returns_and_is_journaled() {
	instance
	slow_retries
	start
	sink
	destination ok
	answers ok 503
	drop slow "$(job ok)"
	eventually in_queue retry "$ID"
	setting retry max_attempts 1
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	drop once "$(job ok)"
	eventually in_queue failed "$ID"
	assertEquals 'retry.max_attempts 10 1' "$(journal \
	    'select(.event == "config.reloaded") | .changes[] |
	    "\(.name) \(.old) \(.new)"')"
}

test_a_hangup_reloads_too() {
	instance
	start
	setting retry max_attempts 3
	kill -HUP "$(supervisor)"
	eventually reloaded 1
}

test_a_wrong_setting_leaves_the_running_configuration_and_says_where() {
	instance
	setting retry max_attempts 2
	start
	sink
	destination ok
	cp "$CONF" "$SCRATCH/good"
	while IFS='|' read -r section name value; do
		cp "$SCRATCH/good" "$CONF"
		setting "$section" "$name" "$value"
		run spoolctl reload
		failed_with 78 spoolctl CONFIG_ERROR
		line=$(grep -n "^[[:space:]]*$name = " "$CONF" | cut -d : -f 1)
		assertTrue "$name: file and line $line: $ERR" \
		    "grep -q '$CONF:$line' '$SCRATCH/err'"
	done <<-EOF
		retry|max_attempts|0
		retry|max_attempts|many
		retry|base_delay|5 parsecs
		retry|jitter_factor|1.5
		retry|colour|blue
		log|level|loud
	EOF
	cp "$SCRATCH/good" "$CONF"
	setting top spool_directory "$INSTANCE/elsewhere"
	run spoolctl reload
	failed_with 78 spoolctl CONFIG_ERROR
	assertTrue "$ERR" "grep -q restart '$SCRATCH/err'"
	kill -HUP "$(supervisor)"
	cp "$SCRATCH/good" "$CONF"
	answers ok 503
	drop still "$(job ok)"
	eventually in_queue failed "$ID"
	assertEquals "$ID.ok:p5,a2" "$(ticket failed "$ID")"
	assertEquals 0 "$(reloads)"
}

test_a_wrong_setting_stops_the_start() {
	instance
	setting queue concurrency 0
	run spoolctl start
	failed_with 78 spoolctl CONFIG_ERROR
	assertTrue 'not running' stopped
	setting queue concurrency 10
	start
}

test_the_environment_wins_over_the_file_at_the_start() {
	instance
	setting retry schedule '{"1h"}'
	SPOOLD_RETRY_MAX_ATTEMPTS=2 DELIVERY_RETRY_BASE_DELAY=50 spoolctl start \
	    >"$SCRATCH/start" 2>&1
	assertEquals "$(cat "$SCRATCH/start")" 0 $?
	sink
	destination ok
	answers ok 503
	drop env "$(job ok)"
	eventually in_queue failed "$ID"
	assertEquals "$ID.ok:p5,a2" "$(ticket failed "$ID")"
}

test_a_reload_does_not_disturb_what_is_in_flight() {
	instance
	start
	sink
	destination ok
	answers ok 'delay 600'
	drop one "$(job ok)"
	eventually arrived "$ID"
	setting retry max_attempts 4
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	drop two "$(job ok)"
	eventually delivered "$ID"
	eventually counts done 2
	assertEquals 'each once' 2 "$(arrivals '')"
}

. /usr/share/shunit2/shunit2
