#!/bin/sh
# control_test - the control socket, spoken to by hand: strict, and never a
# way to stop what spoold does for others
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# ask TEXT [--close]: with printf's escapes, as the client sends it.
ask() {
	# shellcheck disable=SC2059 # the text is the format
	printf "$1" >"$SCRATCH/ask"
	run timeout 20 node "$TESTS/system/control.mjs" \
	    "$INSTANCE/run/control.sock" ${2+"$2"} <"$SCRATCH/ask"
}

answer() {
	jq -r "$1" "$SCRATCH/out"
}

still_serves() {
	run spoolctl status
	assertEquals "$OUT$ERR" 0 "$STATUS"
}

test_the_socket_belongs_to_the_owner_alone() {
	instance
	start
	assertEquals 'srw-------' "$(stat -c %A "$INSTANCE/run/control.sock")"
	assertEquals 700 "$(stat -c %a "$INSTANCE/run")"
}

test_each_malformed_request_gets_an_error_of_its_own() {
	instance
	start
	while IFS='|' read -r what text code; do
		ask "$text\\n"
		assertEquals "$what: $ERR" "false $code" \
		    "$(answer '"\(.ok) \(.error.code)"')"
	done <<-EOF
		no json|hello|VALIDATION_ERROR
		cut|{"id":1,"verb":|VALIDATION_ERROR
		array|[]|USAGE
		no verb|{"id":1}|USAGE
		verb is a number|{"id":1,"verb":1}|USAGE
		unknown verb|{"id":1,"verb":"server.dance"}|USAGE
		unknown field|{"id":1,"verb":"server.status","x":1}|VALIDATION_ERROR
		twice|{"id":1,"verb":"server.status","id":2}|VALIDATION_ERROR
		bad utf8|{"id":1,"verb":"\\377"}|VALIDATION_ERROR
		NUL|{"id":1,"verb":"a\\\\u0000"}|VALIDATION_ERROR
		nowhere|{"id":1,"verb":"queue.status","organizationId":"x"}|ORGANIZATION_NOT_FOUND
		nobody|{"id":1,"verb":"destination.get","organizationId":"demo","destinationId":"x"}|DESTINATION_NOT_FOUND
		nothing|{"id":1,"verb":"delivery.status","organizationId":"demo","deliveryId":"00000000000000000000000000"}|DELIVERY_NOT_FOUND
		no id|{"id":1,"verb":"delivery.status","organizationId":"demo"}|VALIDATION_ERROR
	EOF
	still_serves
}

test_what_was_nearly_named_is_named() {
	instance
	start
	sink
	destination ehr-webhook
	destination archive
	ask '{"id":1,"verb":"destination.get","destinationId":"ehr-webhok"}\n'
	assertEquals '{"nearest":"ehr-webhook"}' \
	    "$(answer '.error.details | tojson')"
	ask '{"id":1,"verb":"destination.get","destinationId":"ehr"}\n'
	assertEquals '{}' "$(answer '.error.details | tojson')"
	ask '{"id":1,"verb":"queue.status","organizationId":"domo"}\n'
	assertEquals '{"nearest":"demo"}' \
	    "$(answer '.error.details | tojson')"
}

test_each_field_of_a_request_is_as_the_table_says() {
	instance
	start
	while IFS='|' read -r members path message; do
		ask "{\"id\":1,$members}\\n"
		assertEquals "$members" "VALIDATION_ERROR $path: $message" \
		    "$(answer '.error |
		    "\(.code) \(.details.path): \(.message)"')"
	done <<-'EOF'
		"verb":"queue.status","organizationId":7|organizationId|organizationId must be a text
		"verb":"server.stop","now":"no"|now|now must be true or false
		"verb":"destination.get"|destinationId|destinationId is missing: destination.get needs it
		"verb":"destination.list","limit":-1|limit|limit must be a whole number of 0 or more
		"verb":"destination.list","limit":1.5|limit|limit must be a whole number of 0 or more
		"verb":"delivery.hold","tickets":["a",1]|tickets|tickets must be an array of texts
		"verb":"destination.create","destinations":{}|destinations|destinations must be an array of objects
		"verb":"destination.update","destinationId":"x","destination":[]|destination|destination must be an object
		"verb":"destination.get","destinationId":null|destinationId|destinationId must be a text
		"verb":"destination.get","DestinationId":"x"|DestinationId|DestinationId is no field of destination.get
	EOF
	ask "{\"id\":1,\"verb\":\"destination.disable\",\"destinationId\":\"x\",\"reason\":\"$(printf '%1100s' '')\"}\\n"
	assertEquals reason "$(answer .error.details.path)"
	still_serves
}

test_several_requests_in_one_write_are_answered_in_order() {
	instance
	start
	ask '{"id":1,"verb":"server.status"}\n{"id":"two","verb":"x"}\n{"id":3,"verb":"server.status"}\n'
	assertEquals '1 true,two false,3 true' \
	    "$(answer '"\(.id) \(.ok)"' | paste -sd ,)"
}

# many ID [--close]: one that is answered at once, as many that wait for that
# job as are taken, and some more.
many() {
	{
		echo '{"id":0,"verb":"server.status"}'
		for n in $(seq 1 64); do
			echo "{\"id\":$n,\"verb\":\"delivery.status\",\"deliveryId\":\"$1\",\"wait\":true}"
		done
		for n in $(seq 65 70); do
			echo "{\"id\":$n,\"verb\":\"server.status\"}"
		done
	} >"$SCRATCH/ask"
	timeout 60 node "$TESTS/system/control.mjs" \
	    "$INSTANCE/run/control.sock" ${2+"$2"} <"$SCRATCH/ask" \
	    >"$SCRATCH/out"
}

test_requests_beyond_those_that_wait_are_answered_after_these() {
	instance
	start
	sink
	destination ok
	for mode in '' --close; do
		switch disable ok
		drop "one$mode" "$(job ok)"
		eventually in_queue cur "$ID"
		: >"$SCRATCH/out"
		many "$ID" ${mode:+"$mode"} &
		asker=$!
		eventually test -s "$SCRATCH/out"
		assertEquals "$mode" 1 "$(wc -l <"$SCRATCH/out")"
		switch enable ok
		wait "$asker"
		assertEquals "$mode: how it ended" 0 $?
		assertEquals "$mode" "$(seq 0 70)" "$(answer .id | sort -n)"
		assertEquals "$mode" true "$(answer .ok | sort -u)"
	done
}

# The kernel keeps who connects until there is a descriptor again.
test_without_descriptors_spoold_waits_for_some_and_does_not_spin() {
	instance
	start
	prlimit --pid "$(supervisor)" --nofile=3:
	timeout 60 spoolctl status >"$SCRATCH/status" 2>&1 &
	asker=$!
	eventually sh -c "[ \$(grep -c 'control: accept: .*again in a second' \
	    '$LOG/spoold.log') -ge 2 ]"
	tries=$(grep -c 'control: accept' "$LOG/spoold.log")
	assertTrue "$tries" "[ $tries -le 3 ]"
	prlimit --pid "$(supervisor)" --nofile=1024:
	wait "$asker"
	assertEquals "$(cat "$SCRATCH/status")" 0 $?
}

test_a_request_of_more_than_64_kib_is_refused_and_one_of_less_is_not() {
	instance
	start
	blank=$(printf '%65400s' '')
	ask "{\"id\":1,\"verb\":\"server.status\"$blank}\\n"
	assertEquals true "$(answer .ok)"
	blank=$(printf '%70000s' '')
	ask "{\"id\":1,\"verb\":\"server.status\"$blank}\\n" --close
	assertEquals 'false VALIDATION_ERROR' \
	    "$(answer '"\(.ok) \(.error.code)"')"
	ask "$(printf '%300000s' '' | tr ' ' x)" --close
	assertEquals 'without a newline too' 'false VALIDATION_ERROR' \
	    "$(answer '"\(.ok) \(.error.code)"')"
	still_serves
}

test_clients_that_leave_stay_silent_or_are_many_disturb_nobody() {
	instance
	start
	sink
	destination ok
	ask '{"id":1,"verb":"server.st' --close
	ask '' --close
	mkfifo "$SCRATCH/silent"
	set --
	for n in $(seq 1 30); do
		node "$TESTS/system/control.mjs" "$INSTANCE/run/control.sock" \
		    <"$SCRATCH/silent" >/dev/null 2>&1 &
		echo $! >"$SCRATCH/silent$n.pid"
	done
	exec 9>"$SCRATCH/silent"
	drop one "$(job ok)"
	eventually delivered "$ID"
	still_serves
	exec 9>&-
}

test_status_and_counts_are_as_the_contract_names_them() {
	instance
	start
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	ask '{"id":7,"verb":"server.status"}\n'
	assertEquals true "$(answer '.result | .health == "healthy" and
	    (.pid | type == "number") and (.version | type == "string") and
	    (.organizations[0].organizationId == "demo") and
	    (.alerts == []) and (.journal.seq >= .journal.durable)')"
	assertEquals "$(supervisor)" "$(answer .result.pid)"
	ask '{"id":8,"verb":"queue.status","organizationId":"demo"}\n'
	assertEquals true "$(answer '.result | .pendingCount == 0 and
	    .processingCount == 0 and .retryingCount == 0 and
	    .heldCount == 0 and .failedCount == 0 and
	    .completedCount == 1')"
	ask "{\"id\":9,\"verb\":\"delivery.status\",\"organizationId\":\"demo\",\"deliveryId\":\"$ID\"}\\n"
	assertEquals 'completed one.json' \
	    "$(answer '.result | "\(.status) \(.name)"')"
}

test_submitting_answers_when_the_drop_is_accepted_or_refused() {
	instance
	start
	sink
	destination ok
	destination off
	switch disable off
	drop one "$(job ok off)"
	ask '{"id":1,"verb":"delivery.submit","organizationId":"demo","name":"one.json"}\n'
	assertEquals "$ID" "$(answer .result.deliveryId)"
	drop two '{"destinations":["nope"],"payload":{"type":"data","data":1}}'
	ask '{"id":2,"verb":"delivery.submit","organizationId":"demo","name":"two.json"}\n'
	assertEquals "DESTINATION_NOT_FOUND $ID" \
	    "$(answer '.error | "\(.code) \(.details.deliveryId)"')"
	ask '{"id":3,"verb":"delivery.submit","organizationId":"demo","name":"never.json"}\n'
	assertEquals DELIVERY_NOT_FOUND "$(answer .error.code)"
	ask '{"id":4,"verb":"delivery.submit","organizationId":"demo","name":"../one.json"}\n'
	assertEquals DELIVERY_NOT_FOUND "$(answer .error.code)"
}

. /usr/share/shunit2/shunit2
