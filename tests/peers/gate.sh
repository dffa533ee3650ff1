# gate.sh - gate.mjs before the server that swift.sh starts
# shellcheck shell=sh disable=SC2034,SC2154

# Stands before the server and judges; $GATE is its URL, $GATE_DIR what it keeps.
gate() {
	GATE_DIR=$SCRATCH/gate
	mkdir -p "$GATE_DIR/rules"
	node "$TESTS/peers/gate.mjs" "$GATE_DIR" "$S3" "$S3_KEY" "$S3_SECRET" \
	    >"$GATE_DIR/log" 2>&1 &
	echo $! >"$GATE_DIR/sink.pid"
	eventually test -s "$GATE_DIR/port"
	GATE=http://127.0.0.1:$(cat "$GATE_DIR/port")
}

# rule NAME RULE: how the gate answers from now on; see gate.mjs.
rule() {
	printf '%s\n' "$2" >"$GATE_DIR/new"
	mv "$GATE_DIR/new" "$GATE_DIR/rules/$1"
}
