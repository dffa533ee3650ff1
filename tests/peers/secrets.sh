# secrets.sh - what the suites about secrets share: a receiver that knows some,
# judged by the reference libraries
# shellcheck shell=sh disable=SC2034 # variables of the harness

# receiver SECRET...: starts one that knows these; $SINK is its URL.
receiver() {
	RECEIVER=$SCRATCH/receiver
	mkdir "$RECEIVER"
	knows "$@"
	node "$TESTS/peers/receiver.mjs" "$RECEIVER" >"$RECEIVER/log" 2>&1 &
	echo $! >"$SCRATCH/receiver.pid"
	eventually test -s "$RECEIVER/port"
	SINK=http://127.0.0.1:$(cat "$RECEIVER/port")
}

# What the receiver knows from now on.
knows() {
	printf '%s\n' "$@" >"$RECEIVER/secrets.new"
	mv "$RECEIVER/secrets.new" "$RECEIVER/secrets"
}

# own_knows DESTINATION SECRET...: what it knows for that one.
own_knows() {
	own=$RECEIVER/secrets.$1
	shift
	printf '%s\n' "$@" >"$own.new"
	mv "$own.new" "$own"
}

# received FIELD: of the last request.
received() {
	tail -1 "$RECEIVER/requests" | jq -r ".$1"
}

# setting cannot write a section within another.
overlap() {
	printf 'security {\n\twebhook_secrets {\n\t\t%s = %s\n\t}\n}\n' \
	    "${2:-overlap_days}" "$1" >>"$CONF"
}

secrets() {
	spooldest -j secret list "${2:-ehr}" | jq -r "$1"
}

has_secrets() {
	[ "$(secrets '.secrets | length' "${2:-ehr}")" = "$1" ]
}
