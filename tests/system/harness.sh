# harness.sh - what the system suites share: a private instance for each test
#
# A suite is `BUILD=build sh tests/system/x_test.sh`, from anywhere: it sources
# this file, defines its tests (each named as the sentence that it shows), and
# sources shunit2 last.  Each test begins with `instance`, which makes a spool
# of its own below $TMPDIR; tearDown ends everything that belongs to it and
# looks whether what it leaves is sound: it stopped when asked, no sanitizer
# complained, and the journal verifies.
#
# Nothing here sleeps for a time that it hopes is long enough: `eventually`
# waits for the fact itself.  TEST_PATIENCE is how many seconds it waits at
# most (a slow machine or a sanitizer's build needs more).
# shellcheck shell=sh disable=SC1010,SC2034 # "done" is a queue; for the suites

TESTS=$(CDPATH='' cd -- "$(dirname "$0")/.." && pwd)
BUILD=$(CDPATH='' cd -- "${BUILD:-$TESTS/../build}" && pwd) || exit 1
PATH=$BUILD/bin:$BUILD/sbin:$PATH
# shellcheck source=tests/sanitized.sh
. "$TESTS/sanitized.sh"
# Who runs make has the build as it is, or it would be made anew otherwise.
if sanitized; then
	: "${TEST_PATIENCE:=60}"
	export SAN=1
else
	: "${TEST_PATIENCE:=20}"
fi
export BUILD PATH TEST_PATIENCE

# What the caller's environment says is not what is tested here.
for name in $(env | sed -n 's/^\(SPOOLD_[A-Z_]*\|DELIVERY_[A-Z_]*\)=.*/\1/p')
do
	unset "$name"
done
unset MAKEFLAGS MAKELEVEL MFLAGS
umask 022

INSTANCE=
ORG=demo

# --- instances --------------------------------------------------------------

# instance [DIR]: makes a private instance that is not running, in a directory
# of its own unless told where.  Waits are short in it, so that a test sees in a
# second what takes hours in earnest.
instance() {
	INSTANCE=${1-$(mktemp -d "${TMPDIR:-/tmp}/spoold-test.XXXXXX")} || exit 1
	use_instance "$INSTANCE"
	mkdir "$SCRATCH"
	spoolctl init --root "$INSTANCE" --organization "$ORG" \
	    >"$SCRATCH/init" 2>&1 || fail "init: $(cat "$SCRATCH/init")"
	setting retry schedule '{}'
	setting retry base_delay 100ms
	setting retry max_delay 400ms
	setting queue checkpoint_interval 500ms
	setting queue reserve_bytes 1M
	setting queue reserve_inodes 100
}

# Points all names at the instance below $1; ASAN_MORE are options besides.
use_instance() {
	CONF=$1/etc/spoold.conf
	SPOOL=$1/spool/$ORG
	LOG=$1/log
	SCRATCH=$1/scratch
	SPOOLD_CONFIG=$CONF
	ASAN_OPTIONS=log_path=$1/sanitizer:detect_leaks=1${ASAN_MORE:+:$ASAN_MORE}
	UBSAN_OPTIONS=log_path=$1/sanitizer:print_stacktrace=1
	export SPOOLD_CONFIG ASAN_OPTIONS UBSAN_OPTIONS
}

# setting SECTION NAME VALUE: changes spoold.conf.  SECTION is `top`, a
# section's name, or `organization demo`; a duration needs no quotes.
setting() {
	case $3 in
	\{* | \"*) value=$3 ;;
	*) value="\"$3\"" ;;
	esac
	awk -v section="$1" -v name="$2" -v value="$value" '
	function put() { print tab name " = " value; done = 1 }
	BEGIN { here = section == "top"; tab = here ? "" : "\t" }
	{
		opens = $0; gsub(/"/, "", opens)
		if (section != "top" && opens ~ "^" section "[ \t]*[{]") {
			print; here = 1; next
		}
	}
	here && section != "top" && /^}/ { if (!done) put(); here = 0 }
	here && $0 ~ "^[ \t]*" name "[ \t]*=" { if (!done) put(); next }
	{ print }
	END {
		if (done) exit
		if (section == "top") { put(); exit }
		print section " {"; put(); print "}"
	}' "$CONF" >"$CONF.new" && cat "$CONF.new" >"$CONF" && rm "$CONF.new"
}

# slow_retries: what is deferred waits for an hour.
slow_retries() {
	setting retry base_delay 1h
	setting retry max_delay 1h
}

start() {
	timeout $((TEST_PATIENCE * 4)) spoolctl start "$@" \
	    >"$SCRATCH/start" 2>&1 ||
	    fail "start: $(cat "$SCRATCH/start" "$LOG/spoold.log")"
}

stop() {
	timeout $((TEST_PATIENCE * 2)) spoolctl stop "$@" \
	    >"$SCRATCH/stop" 2>&1 ||
	    fail "stop: $(cat "$SCRATCH/stop")"
}

# Every spoold process of the instance: the supervisor, and what it forked.
spoolds() {
	pgrep -f "^[^ ]*/sbin/spoold -c $CONF"
}

# The instance's supervisor, or nothing.
supervisor() {
	for pid in $(spoolds); do
		parent=$(ps -o ppid= -p "$pid" | tr -d ' ')
		spoolds | grep -qx "$parent" || echo "$pid"
	done
}

# The process that syncs for the supervisor.
helper() {
	pgrep -P "$(supervisor)" -f '/sbin/spoold'
}

# The worker processes of that transport.
workers() {
	for parent in $(supervisor); do
		pgrep -P "$parent" -f "libexec/spoold/$1"
	done
}

running() {
	[ -n "$(spoolds)" ]
}

stopped() {
	! running
}

# kill -9 of the supervisor; its workers end by themselves.
crash() {
	victims=$(supervisor)
	# shellcheck disable=SC2086 # several pids
	kill -9 $victims
	eventually stopped
}

# Ends the processes that belong to the instance, whatever state they are in.
end_processes() {
	for pid in $(spoolds); do
		kill -9 "$pid" $(pgrep -P "$pid")
	done
	for file in "$SCRATCH"/*.pid "$SCRATCH"/*/sink.pid; do
		[ -f "$file" ] || continue
		kill -9 "$(cat "$file")" && rm "$file"
	done 2>/dev/null
}

setUp() {
	INSTANCE=
}

# shunit2 calls it once more at the end of a suite.
tearDown() {
	[ -n "$INSTANCE" ] && [ -d "$INSTANCE" ] || return 0
	check_sound
	end_processes
	rm -rf "$INSTANCE"
	INSTANCE=
}

# What every test leaves behind must be true of it.
check_sound() {
	if running; then
		stop --now
		eventually stopped
	fi
	for report in "$INSTANCE"/sanitizer* "$SCRATCH"/reports/*; do
		[ -e "$report" ] && fail "sanitizer: $(head -40 "$report")"
	done
	if ls "$LOG"/journal/*.jsonl >/dev/null 2>&1; then
		spoollog verify >"$SCRATCH/verify" 2>&1
		assertEquals "journal: $(cat "$SCRATCH/verify")" 0 $?
		node "$TESTS/data/verify_journal.mjs" "$LOG/journal" \
		    "$LOG/journal.pub" >"$SCRATCH/verify" 2>&1
		assertEquals "judged: $(cat "$SCRATCH/verify")" 0 $?
	fi
}

# --- waiting and running ----------------------------------------------------

# Waits until the command succeeds; fails the test if it does not in time.
eventually() {
	eventually_within "$TEST_PATIENCE" "$@"
}

eventually_within() {
	limit=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -gt "$limit" ]; then
			fail "never came true: $*"
			tail -5 "$LOG/spoold.log" >&2
			return 1
		fi
		sleep 0.02
	done
}

# needs_root: true if root runs this, as the whole check is to be run.
needs_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	fail 'only root can run this'
	return 1
}

# clock: makes one that is wrong by the seconds in $SCRATCH/offset; whoever is
# started with $CLOCK for LD_PRELOAD and that for CLOCK_OFFSET goes by it.  The
# sanitizers' own runtime has to be the first that is loaded.
clock() {
	${CC:-cc} -shared -fPIC -o "$SCRATCH/clock.so" "$TESTS/data/clock.c"
	head -c 8 /dev/zero >"$SCRATCH/offset"
	CLOCK=$SCRATCH/clock.so
	! sanitized || CLOCK=$(${CC:-cc} -print-file-name=libasan.so):$CLOCK
}

# clock_is SECONDS: from now on so much ahead.
clock_is() {
	node -e 'const b = Buffer.alloc(8), fs = require("node:fs");
	    b.writeBigInt64LE(BigInt(process.argv[1]));
	    fs.writeSync(fs.openSync(process.argv[2], "r+"), b, 0, 8, 0)' \
	    "$1" "$SCRATCH/offset"
}

# Runs a command, and keeps $STATUS, $OUT and $ERR.
run() {
	"$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	STATUS=$?
	OUT=$(cat "$SCRATCH/out")
	ERR=$(cat "$SCRATCH/err")
	return 0
}

# ran STATUS OUT ERR: what the last one did, exactly.
ran() {
	assertEquals 'status' "$1" "$STATUS"
	assertEquals 'stdout' "$2" "$OUT"
	assertEquals 'stderr' "$3" "$ERR"
}

# failed_with STATUS COMMAND CODE: it did nothing but say so, in one line.
failed_with() {
	assertEquals "status of $2: $ERR" "$1" "$STATUS"
	assertEquals 'stdout' '' "$OUT"
	assertEquals 'one line on stderr' 1 "$(wc -l <"$SCRATCH/err")"
	assertEquals 'stderr begins' "$2: $3: " "$(
	    sed "s/^\($2: $3: \)..*/\1/" "$SCRATCH/err")"
}

# --- the receiver -----------------------------------------------------------

# sink [NAME]: starts a receiver; $SINK is its URL, $SINK_DIR what it keeps.
sink() {
	SINK_DIR=$SCRATCH/${1:-sink}
	mkdir -p "$SINK_DIR/answer"
	node "$TESTS/system/sink.mjs" "$SINK_DIR" >"$SINK_DIR/log" 2>&1 &
	echo $! >"$SINK_DIR/sink.pid"
	eventually test -s "$SINK_DIR/port"
	SINK_PORT=$(cat "$SINK_DIR/port")
	SINK=http://127.0.0.1:$SINK_PORT
}

# answers NAME RULE: how requests for /NAME are answered from now on.
answers() {
	printf '%s\n' "$2" >"$SINK_DIR/answer/$1.new"
	mv "$SINK_DIR/answer/$1.new" "$SINK_DIR/answer/$1"
}

# How often the receiver was sent that id (all of them without one).
arrivals() {
	[ -f "$SINK_DIR/requests" ] || { echo 0; return; }
	grep -c "\"id\":\"${1-}" "$SINK_DIR/requests"
}

arrived() {
	[ "$(arrivals "$1")" -ge "${2:-1}" ]
}

# A field of the receiver's record of the last request for that id.
request() {
	grep "\"id\":\"$1\"" "$SINK_DIR/requests" | tail -1 | jq -r "$2"
}

# destination NAME [CONFIG MEMBERS]: a webhook at the receiver, as a default.
destination() {
	printf '{"id":"%s","label":"%s","type":"webhook","config":{"webhook":
	    {"url":"%s/%s"%s}}}' "$1" "$1" "$SINK" "$1" "${2:+,$2}" |
	    spooldest create - >"$SCRATCH/created" 2>"$SCRATCH/warned" ||
	    fail "create: $(cat "$SCRATCH/warned")"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

# switch enable|disable DESTINATION
switch() {
	spooldest "$1" "$2" >"$SCRATCH/switched" 2>&1 ||
	    fail "$1 $2: $(cat "$SCRATCH/switched")"
}

# --- dropping ---------------------------------------------------------------

# job [DESTINATION]...: the text of a plain job to these.
job() {
	[ $# -gt 0 ] || set -- ok
	list=$(printf '"%s",' "$@")
	printf '{"destinations":[%s],"payload":{"type":"data","data":{"n":1}}}' \
	    "${list%,}"
}

# drop NAME TEXT: as a client does it.  $ID is computed before the rename, by
# a program that shares nothing with spoold.
drop() {
	printf '%s' "$2" >"$SPOOL/tmp/$1"
	ID=$(node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/tmp/$1" "=$1.json")
	mv -n "$SPOOL/tmp/$1" "$SPOOL/new/$1.json"
}

# drops COUNT PREFIX TEXT [--sync]: many, their ids and names in $SCRATCH/drops.
drops() {
	node "$TESTS/data/drops.mjs" "$SPOOL" "$@" >>"$SCRATCH/drops"
}

# --- looking ----------------------------------------------------------------

# ticket QUEUE ID [DESTINATION]: the names of such tickets there.
ticket() {
	find "$SPOOL/$1" -name "$2.${3-}*" ! -name '.*' ! -name '*.json*' \
	    -printf '%f\n'
}

in_queue() {
	[ -n "$(ticket "$@")" ]
}

# count QUEUE: how many tickets there are.
count() {
	find "$SPOOL/$1" -type f ! -name '.*' ! -name '*.json' \
	    ! -name '*.error' | wc -l
}

counts() {
	[ "$(count "$1")" -eq "$2" ]
}

# receipt STEM ID: its path.
receipt() {
	echo "$SPOOL/receipts/$1.$2.json"
}

# receipt_says STEM ID EXPRESSION: a jq expression over the receipt is true.
receipt_says() {
	[ -f "$(receipt "$1" "$2")" ] &&
	    [ "$(jq "$3" "$(receipt "$1" "$2")")" = true ]
}

# journal EXPRESSION: what jq selects from its lines, raw, one a line.
journal() {
	cat "$LOG"/journal/*.jsonl | jq -r "$1"
}

# events ID: the names of a job's events in the journal, in one line.
events() {
	journal "select(.job == \"$1\") | .event" | paste -sd ' '
}

delivered() {
	in_queue done "$1" "${2-}"
}
