# clouds.sh - what the suites of the stores in clouds have in common
# shellcheck shell=sh disable=SC1010,SC2034 # "done" is a queue; for the suites
#
# Each has `store NAME [MEMBERS [CONFIG]]`, which makes a destination, and for
# `replacing` also `other KEY`, which puts {"n":9} there, and `content KEY`.

# gate_run PROGRAM ARGUMENT...: $GATE is its URL, $GATE_DIR what it keeps.
gate_run() {
	GATE_DIR=$SCRATCH/gate
	mkdir -p "$GATE_DIR/rules"
	program=$1
	shift
	node "$TESTS/peers/$program" "$GATE_DIR" "$@" >"$GATE_DIR/log" 2>&1 &
	echo $! >"$GATE_DIR/sink.pid"
	eventually test -s "$GATE_DIR/port"
	GATE=http://127.0.0.1:$(cat "$GATE_DIR/port")
}

# rule NAME RULE: what is answered otherwise from now on; see rules.mjs.
rule() {
	printf '%s\n' "$2" >"$GATE_DIR/new"
	mv "$GATE_DIR/new" "$GATE_DIR/rules/$1"
}

no_rule() {
	rm -f "$GATE_DIR/rules/$1"
}

# Creates the destination $1, which standard input has.
created() {
	spooldest create - >"$SCRATCH/created" 2>"$SCRATCH/warned" ||
	    fail "create: $(cat "$SCRATCH/warned")"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

# data DESTINATION METADATA: the text of a job.
data() {
	printf '{"destinations":["%s"],"payload":{"type":"data",
	    "data":{"n":1},"metadata":%s}}' "$1" "$2"
}

# with_file DESTINATION [MEMBERS]: the text of a job with data/payload.bin.
with_file() {
	printf '{"destinations":["%s"],"payload":{"type":"export",
	    "file":"payload.bin"%s}}' "$1" "${2:+,$2}"
}

# large SIZE SEED: as data/payload.bin; $SUM and $MD5 are what it has.
large() {
	head -c "$1" /dev/zero | openssl enc -aes-128-ctr -nosalt \
	    -pass "pass:$2" -pbkdf2 >"$SPOOL/data/payload.bin"
	SUM=$(sha256sum <"$SPOOL/data/payload.bin")
	MD5=$(md5sum <"$SPOOL/data/payload.bin" | cut -c 1-32)
}

said() {
	journal "select(.dest == \"$1\" and (.event == \"deferred\" or
	    .event == \"failed\")) | \"\(.event) \(.errorCode): \(.reason)\"" |
	    tail -1
}

failed() {
	in_queue failed "$1" "${2-}"
}

deferred() {
	in_queue retry "$1" "${2-}"
}

# Requests that the gate saw: METHOD and target, one a line.
requests() {
	jq -r '"\(.method) \(.target)"' "$GATE_DIR/requests"
}

# None came from somebody who may not.
well_signed() {
	assertEquals 'signatures' '' "$(jq -r 'select(.bad != null) |
	    "\(.bad) \(.method) \(.target)"' "$GATE_DIR/requests")"
}

# Secrets are in no file of the instance.
nowhere_in_clear() {
	for secret; do
		assertEquals "$secret at rest" '' "$(grep -rlF -- "$secret" \
		    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
	done
}

odd_keys() {
	printf '%s\n' 'a b.txt' 'a+b.txt' 'dt=2026-01-01 x=1' '100%41.txt' \
	    "it's (1)!*" 'quote"<>&.txt' 'a:b@c,d;e$f' 'tilde~x_y-z' \
	    '[x]{y}|^`' '#?&=' 'é漢字 mixed+%'
}

conflict='failed CONFLICT: something else has that key already; the destination does not overwrite'

# What is there stays, the same counts, and `overwrite` replaces.
replacing() {
	store a '"filename":"held-{metadata.k}"'
	store over '"filename":"held-{metadata.k}","overwrite":true'
	drop first "$(data a '{"k":"x"}')"
	eventually delivered "$ID"
	drop same "$(data a '{"k":"x"}')"
	eventually delivered "$ID"
	drop other "$(data a '{"k":"x"}' | sed 's/{"n":1}/{"n":2}/')"
	eventually failed "$ID"
	assertEquals "$conflict" "$(said a)"
	other held-y
	drop foreign "$(data a '{"k":"y"}')"
	eventually failed "$ID"
	drop alike "$(data a '{"k":"y"}' | sed 's/{"n":1}/{"n":9}/')"
	eventually delivered "$ID"
	assertEquals '{"n":1}' "$(content held-x)"
	drop over "$(data over '{"k":"x"}' | sed 's/{"n":1}/{"n":3}/')"
	eventually delivered "$ID"
	assertEquals '{"n":3}' "$(content held-x)"
}

# erasing REPLACED: one that is as it was goes, and what somebody replaced one by
# stays, of which the journal says that.
erasing() {
	for name in goes stays; do
		drop "$name" "$(data a '{}')"
		eventually delivered "$ID" a
		due "$ID"
	done
	other "old-$ID"
	sweep 2
	assertEquals "old-$ID" "$(there)"
	assertEquals '{"n":9}' "$(content "old-$ID")"
	assertEquals "$1
a null older than the destination's retention.days" "$(erased | sort)"
	assertEquals '' "$(records)"
}

# Lines of STATUS CODE EVENT ERROR, to the destination `a`.
each_code() {
	while read -r status code event error; do
		rule "$code" "{\"match\":\"code-$code\",\"status\":$status,
		    \"code\":\"$code\"}"
		drop "$code" "$(data a "{\"k\":\"$code\"}")"
		case $event in
		failed) eventually failed "$ID" ;;
		*) eventually deferred "$ID" ;;
		esac
		assertEquals "$code" "$event $error: it answered $status" \
		    "$(said a | sed 's/\(answered [0-9]*\).*/\1/')"
		run spoolctl reload
	done
}

# misbehave MATCH SIZE: what matches is answered badly, in each way; whatever
# that is, the ticket waits, and says why.
misbehave() {
	for way in '"status":200,"body":"\u0000\u0001garbage{<"' \
	    '"status":200,"body":""' '"status":200,"flood":true'; do
		ways=$((${ways:-0} + 1))
		store "odd-$ways" "\"filename\":\"odd-small-$ways\"" >/dev/null
		rule odd "{\"match\":\"$1\",$way}"
		large "$2" "$ways"
		drop "odd-$ways" "$(with_file "odd-$ways")"
		eventually_within 120 settled "$ID"
		case $(said "odd-$ways") in
		'deferred '*:' '?*) ;;
		*) taken "$1" "$way" "$ID" ;;
		esac
		no_rule odd
	done
}

settled() {
	deferred "$1" || failed "$1" || delivered "$1"
}

# What a test says of an answer that is no error at that step.
taken() {
	fail "$1 $2: $(said "odd-$ways") $(ticket failed "$3")"
}

# steps_of DESTINATION: success, code, and each step's state, in one line.
steps_of() {
	spooldest test -j "$1" >"$SCRATCH/out" 2>"$SCRATCH/err"
	jq -r '"\(.success) \(.errorCode) \([.steps[] | "\(.name)=\(.ok)"] |
	    join(" "))"' "$SCRATCH/out"
}

# However much it stored.
small_in_memory() {
	most=40000
	! sanitized || most=700000
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' \
	    "/proc/$(workers storage)/status")
	[ "$peak" -le $most ]
	assertEquals "$peak KiB at most" 0 $?
}
