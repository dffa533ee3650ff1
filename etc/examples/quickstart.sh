#!/bin/sh
# quickstart.sh - from a source tree to the receipt of a job that arrived
#
# `make quickstart` runs it from the top of the tree.  Each run makes a place of
# its own, ./run/1, ./run/2, …: what an earlier one started is stopped, nothing
# is ever deleted.  What commands say goes to build.log there.

: "${BUILD:=build}" "${MAKE:=make}"
run=1
while [ -e "run/$run" ]; do run=$((run + 1)); done
mkdir -p "run/$run" || exit 1
PLACE=$PWD/run/$run
CONF=$PLACE/etc/spoold.conf
LOG=$PLACE/build.log

# step WORDS COMMAND...: says it, does it; what goes wrong is shown.
step() {
	echo "$1"
	shift
	"$@" >>"$LOG" 2>&1 && return
	tail -12 "$LOG" | cut -c 1-160 >&2
	echo "That did not work; all of it is in $LOG" >&2
	exit 1
}

build() {
	$MAKE deps && $MAKE programs man
}

# What earlier runs started: the instance by its lock, the receiver by its pid
# if that still is one.
stop_earlier() {
	for old in run/*/etc/spoold.conf; do
		[ "$old" = 'run/*/etc/spoold.conf' ] ||
		    ! spoolctl -c "$old" status || spoolctl -c "$old" stop
	done
	for old in run/*/receiver.pid; do
		[ -f "$old" ] || continue
		pid=$(cat "$old")
		! grep -aq receiver.py "/proc/$pid/cmdline" || kill "$pid"
	done 2>/dev/null
	:
}

start() {
	spoolctl init --root "$PLACE" --organization demo &&
	    spoolctl -c "$CONF" start
}

receive() {
	(umask 077 && printf 'whsec_%s\n' "$(head -c 32 /dev/urandom |
	    base64)" >"$PLACE/secret")
	setsid python3 etc/examples/receiver.py "$PLACE/secret" \
	    >"$PLACE/receiver.log" 2>&1 </dev/null &
	echo $! >"$PLACE/receiver.pid"
	wait_for test -s "$PLACE/receiver.log"
}

# wait_for COMMAND...: for at most half a minute.
wait_for() {
	tries=300
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

create() {
	printf '{"label": "Receiver", "type": "webhook", "config": {"webhook":
	    {"url": "%s", "secret": "%s"}}}' "$(head -1 "$PLACE/receiver.log")" \
	    "$(cat "$PLACE/secret")" | spooldest -c "$CONF" create -
}

drop() {
	cp etc/examples/job.json "$PLACE/spool/demo/tmp/first.json" &&
	    mv -n "$PLACE/spool/demo/tmp/first.json" \
	    "$PLACE/spool/demo/new/first.json"
}

received() {
	ls "$PLACE"/spool/demo/receipts/first.*.json
}

step '1. Installing what is missing, building' build
BIN=$(CDPATH='' cd -- "$BUILD/bin" && pwd)
PATH=$BIN:$PATH
stop_earlier >>"$LOG" 2>&1
step "2. Starting a private instance below run/$run" start
step '3. Starting a receiver that checks signatures' receive
step '4. Creating a destination for it' create
step '5. Dropping a job: cp to tmp/, then mv to new/' drop
step '6. Waiting for its receipt:' wait_for received
sed 's/,"/, "/g' "$PLACE"/spool/demo/receipts/first.*.json | fold -s -w 79
echo
grep -q '"status":"completed"' "$PLACE"/spool/demo/receipts/first.*.json ||
    exit 1
cat <<END
Next, type:
  export PATH=$BIN:\$PATH
  export SPOOLD_CONFIG=$CONF
  spoolsubmit -d receiver -D '{"hello": "again"}' -w
  cat run/$run/receiver.log; spoolq; spoolctl status; spooldest list
  spoolctl stop; kill \$(cat run/$run/receiver.pid)
END
