#!/bin/sh
# worker_test - what a worker process has, and what its misfortune does not cost
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

running_instance() {
	instance
	start
	sink
	destination ok
}

all_judged() {
	[ -z "$(ls "$SPOOL/new")" ]
}

# A job with that many members in its data.
wide_job() {
	job ok | jq -c ".payload.data = ([range($1) | {key: \"k\\(.)\",
	    value: .}] | from_entries)"
}

test_an_object_may_have_many_members() {
	running_instance
	for members in 31 32 300 20000; do
		drop "wide-$members" "$(wide_job $members)"
		eventually delivered "$ID"
	done
	assertEquals '' "$(grep 'worker: died' "$LOG/spoold.log")"
}

test_a_drop_during_which_intake_dies_costs_no_other_its_place() {
	running_instance
	switch disable ok
	# stopped, it has them all at once; dead, any of them may be to blame
	drop warm "$(job ok)"
	eventually in_queue cur "$ID"
	for _ in 1 2 3 4 5; do
		pid=$(workers intake)
		kill -STOP "$pid"
		drops 20 "many-$pid" "$(job ok)"
		kill -9 "$pid"
		eventually all_judged
	done
	assertEquals '' "$(journal 'select(.event == "refused") | .name')"
	assertEquals 101 "$(count cur)"
}

test_workers_have_their_link_and_nothing_that_the_caller_had_open() {
	instance
	echo secret >"$SCRATCH/secret"
	exec 7<"$SCRATCH/secret"
	start
	exec 7<&-
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	for pid in $(supervisor) $(workers intake) $(workers webhook); do
		assertEquals '' "$(find "/proc/$pid/fd" -lname '*secret*')"
	done
	for kind in intake webhook; do
		pid=$(workers "$kind")
		for fd in 0 1; do
			assertEquals /dev/null \
			    "$(readlink "/proc/$pid/fd/$fd")"
		done
	done
}

test_workers_have_no_capabilities_even_where_root_started_them() {
	running_instance
	drop one "$(job ok)"
	eventually delivered "$ID"
	for kind in intake webhook; do
		for set in CapEff CapPrm CapBnd; do
			assertEquals "$kind $set" 0000000000000000 "$(sed -n \
			    "s/^$set:.//p" "/proc/$(workers "$kind")/status")"
		done
	done
}

test_a_ticket_that_no_worker_can_take_fails_alone() {
	running_instance
	switch disable ok
	drop edited "$(job ok)"
	edited=$ID
	drop good "$(job ok)"
	eventually counts cur 2
	file=$SPOOL/cur/$(ticket cur "$edited")
	jq -c ".correlationId = \"$(printf '%03000d' 0)\"" "$file" \
	    >"$SCRATCH/long"
	cat "$SCRATCH/long" >"$file"
	switch enable ok
	eventually delivered "$ID"
	eventually in_queue failed "$edited"
	assertEquals '' "$(grep 'worker: kill' "$LOG/spoold.log")"
}

. /usr/share/shunit2/shunit2
