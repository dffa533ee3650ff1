#!/bin/sh
# fairness_test - one organization's crowd, and its trouble, never delay another
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

EVENTS=/proc/sys/fs/inotify/max_queued_events

# organizations NAME...: a private instance with these beside demo, stopped.
organizations() {
	instance
	for other in "$@"; do
		spoolctl org add "$other" >"$SCRATCH/added" 2>&1 ||
		    fail "org add: $(cat "$SCRATCH/added")"
		spoolconf -e "organization.$other.egress_allow=loopback"
	done
}

# within ORGANIZATION COMMAND...: the harness's functions, there.
within() {
	ORG=$1
	SPOOL=$INSTANCE/spool/$1
	shift
	"$@"
	ORG=demo
	SPOOL=$INSTANCE/spool/demo
}

# destination_in ORGANIZATION NAME
destination_in() {
	printf '{"id":"%s","label":"%s","type":"webhook","config":{"webhook":{
	    "url":"%s/%s"}}}' "$2" "$2" "$SINK" "$2" |
	    spooldest -o "$1" create - >"$SCRATCH/created" 2>&1 ||
	    fail "create: $(cat "$SCRATCH/created")"
}

arrivals_at() {
	grep -c "\"path\":\"/$1" "$SINK_DIR/requests"
}

has_arrivals() {
	[ "$(arrivals_at "$1")" -ge "$2" ]
}

logged() {
	grep -q "$1" "$LOG/spoold.log"
}

test_however_many_of_ones_destinations_hang_another_has_slots() {
	organizations quiet
	setting queue concurrency 20
	sink
	start
	# As many as would take every slot.
	for n in 1 2 3 4 5 6 7 8; do
		destination_in demo "hang$n"
		answers "hang$n" hang
	done
	destination_in quiet still
	for n in 1 2 3 4 5 6 7 8; do
		drops 10 "hang$n-" "$(job "hang$n")"
	done
	eventually has_arrivals hang 10
	within quiet drop one "$(job still)"
	within quiet eventually delivered "$ID"
	assertEquals 'half of them hang' 10 "$(arrivals_at hang)"
	assertEquals 'and none of those has ended' 0 "$(count done)"
}

test_one_organization_alone_has_all_slots() {
	instance
	setting queue concurrency 20
	sink
	start
	for n in 1 2 3 4 5 6 7 8 9; do
		destination_in demo "hang$n"
		answers "hang$n" hang
		drops 10 "hang$n-" "$(job "hang$n")"
	done
	eventually has_arrivals hang 20
}

test_events_that_are_lost_are_those_of_the_organization_that_made_too_many() {
	needs_root || return
	organizations quiet
	sink
	before=$(cat "$EVENTS")
	echo 64 >"$EVENTS"
	start
	echo "$before" >"$EVENTS"
	destination_in demo ok
	destination_in quiet still
	kill -STOP "$(supervisor)"
	drops 200 many "$(job)"
	within quiet drop one "$(job still)"
	kill -CONT "$(supervisor)"
	within quiet eventually delivered "$ID"
	eventually counts done 200
	assertTrue 'those of the crowd' \
	    'logged "demo: events were lost, reading its directories"'
	assertFalse 'no others' 'logged "quiet: events were lost"'
}

test_organizations_beyond_what_the_kernel_allows_share_and_miss_nothing() {
	needs_root || return
	organizations second third fourth
	sink
	unshare -U --map-root-user sh -c \
	    'echo 3 >/proc/sys/user/max_inotify_instances
	    exec spoolctl start' >"$SCRATCH/start" 2>&1
	assertEquals "$(cat "$SCRATCH/start")" 0 $?
	for org in demo second third fourth; do
		destination_in "$org" ok
		within "$org" drop "of-$org" "$(job)"
		within "$org" eventually delivered "$ID"
	done
	# The trouble of one is not the others' either.
	kill -STOP "$(supervisor)"
	mv "$INSTANCE/spool/third/new" "$INSTANCE/spool/third/.away"
	mv "$INSTANCE/spool/third/.away" "$INSTANCE/spool/third/new"
	within fourth drop beside "$(job)"
	kill -CONT "$(supervisor)"
	within fourth eventually delivered "$ID"
	assertEquals 'have none of their own' 'third
fourth' "$(sed -n 's/.* \([a-z]*\): shares an inotify with.*/\1/p' \
	    "$LOG/spoold.log")"
}

# moved ORGANIZATION: when each of its tickets came to cur/, s.
moved() {
	find "$INSTANCE/spool/$1/cur" -type f -printf '%C@\n'
}

# All of a crowd's are due before the one of the other organization.  Disabled,
# the destinations leave in cur/ what came there.
test_retries_of_a_crowd_do_not_keep_anothers_waiting() {
	organizations quiet
	slow_retries
	sink
	start
	destination_in demo ok
	destination_in quiet still
	answers ok 503
	answers still 503
	drops 3000 many "$(job)"
	within quiet drop one "$(job still)"
	within quiet eventually in_queue retry "$ID"
	eventually_within 120 counts retry 3000
	spooldest -o demo disable ok >"$SCRATCH/disabled" 2>&1
	spooldest -o quiet disable still >"$SCRATCH/disabled" 2>&1
	stop
	find "$SPOOL/retry" -type f -exec touch -d '1 hour ago' {} +
	find "$INSTANCE/spool/quiet/retry" -type f \
	    -exec touch -d '1 minute ago' {} +
	start
	eventually counts cur 3000
	within quiet eventually counts cur 1
	before=$(moved demo | awk -v at="$(moved quiet)" '$1 < at' | wc -l)
	assertTrue "$before of 3000 went before" "[ $before -lt 1000 ]"
}

test_a_directory_that_comes_back_later_is_watched_again() {
	organizations quiet
	sink
	start
	destination_in quiet still
	mv "$INSTANCE/spool/quiet/new" "$INSTANCE/spool/quiet/.away"
	eventually logged 'quiet: a directory was replaced'
	destination_in demo ok
	drop other "$(job)"
	eventually delivered "$ID"
	mv "$INSTANCE/spool/quiet/.away" "$INSTANCE/spool/quiet/new"
	within quiet drop one "$(job still)"
	within quiet eventually delivered "$ID"
	within quiet drop two "$(job still)"
	within quiet eventually delivered "$ID"
}

. /usr/share/shunit2/shunit2
