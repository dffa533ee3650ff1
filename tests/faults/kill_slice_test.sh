#!/bin/sh
# kill_slice_test - an evenly spread slice of the kill campaign and of its two
# companions; `make faults` runs all of them
TESTS=$(CDPATH='' cd -- "$(dirname "$0")/.." && pwd)
BUILD=$(CDPATH='' cd -- "${BUILD:-$TESTS/../build}" && pwd) || exit 1
export BUILD

# holds PROGRAM ARGUMENTS...
holds() {
	program=$1
	shift
	output=$(node "$TESTS/faults/$program" "$@" 2>&1)
	status=$?
	echo "$output" | sed 's/^/# /'
	assertEquals "$output" 0 "$status"
}

test_a_kill_at_any_system_call_loses_nothing_and_repeats_nothing_unmarked() {
	holds kill_campaign.mjs --slice 40
}

test_random_kills_under_load_lose_nothing_and_repeat_nothing_unmarked() {
	holds random_kills.mjs --kills 25
}

test_power_cuts_lose_nothing_that_was_durable() {
	if [ "$(id -u)" -ne 0 ]; then
		fail 'power cuts need root: mount, FS_IOC_SHUTDOWN'
		return
	fi
	holds power_cut.mjs ext4 --cuts 4
	holds power_cut.mjs xfs --cuts 4
}

. /usr/share/shunit2/shunit2
