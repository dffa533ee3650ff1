#!/bin/sh
# hostile_test - receivers that misbehave in every way of hostile_cases.mjs, all
# at once: each ticket ends as spoold-webhook(8) says, and the worker neither
# grows nor stalls nor keeps anything
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
# shellcheck source=tests/system/hostile.sh
. "$TESTS/system/hostile.sh"

# waits: `name ms` of those whose wait is in the table.
waits() {
	journal 'def ms: (.[0:19] + "Z" | fromdate) * 1000 +
	    (.[20:23] | tonumber);
	    select(.event == "deferred" and .attempt == 1) |
	    "\(.dest) \((.due | ms) - (.time | ms))"'
}

waits_as_wanted() {
	waits | sort >"$SCRATCH/waits"
	assertEquals 'waits' '' "$(awk '$NF ~ /^[0-9]+$/ {
	    print $1, $(NF - 1), $NF }' "$HOSTILE/wanted" | sort |
	    join - "$SCRATCH/waits" | awk '$4 < $2 || $4 > $3')"
}

test_each_misbehaviour_has_its_outcome_and_costs_nobody_anything() {
	hostile_instance webhook
	sink
	destination good
	hostile "$TESTS/system/hostile.mjs" || return
	meets webhook waits_as_wanted
	assertFalse 'a cookie came back' '[ -e "$HOSTILE/seen" ]'
}

test_a_connection_is_waited_for_for_ten_seconds() {
	instance
	slow_retries
	start
	python3 -c '
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
held = []
for i in range(4):
    c = socket.socket(); c.setblocking(False); c.connect_ex(s.getsockname())
    held.append(c)
print(s.getsockname()[1], flush=True)
time.sleep(600)' >"$SCRATCH/port" &
	echo $! >"$SCRATCH/deaf.pid"
	eventually test -s "$SCRATCH/port"
	SINK=http://127.0.0.1:$(cat "$SCRATCH/port")
	destination deaf '"timeout":60000'
	drop one "$(job deaf)"
	eventually_within 40 in_queue retry "$ID"
	ms=$(journal 'select(.event == "deferred") | .ms')
	assertTrue "$ms ms" "[ $ms -ge 9500 -a $ms -lt 20000 ]"
}

. /usr/share/shunit2/shunit2
