# shellcheck shell=sh
# shellcheck disable=SC1010,SC2034 # "done" is a queue; used by the suites
# by_hand.sh - a private instance made by hand, without spoold
#
# What the commands do with spoold down needs nothing but directories: so the
# suites that source this test the commands alone.

# Makes an instance below $ROOT with one organization, demo.
instance_by_hand() {
	ROOT=$(mktemp -d "$SHUNIT_TMPDIR/root.XXXXXX")
	SPOOL=$ROOT/spool/demo
	sed -n 's/^QUEUE(\([a-z]*\),.*/\1/p' spool-layout/queues.def |
	    while read -r queue; do
		mkdir -p "$SPOOL/$queue"
	done
	mkdir -p "$ROOT/etc" "$ROOT/run" "$ROOT/log" \
	    "$ROOT/state/demo/destinations"
	cat >"$ROOT/etc/spoold.conf" <<-END
	spool_directory = "$ROOT/spool"
	state_directory = "$ROOT/state"
	log_directory = "$ROOT/log"
	run_directory = "$ROOT/run"
	key_directory = "$ROOT/etc"
	retry { max_attempts = 10 }
	organization demo { }
	END
	SPOOLD_CONFIG=$ROOT/etc/spoold.conf
	PATH=$BUILD/bin:$PATH
	export SPOOLD_CONFIG PATH
}

# ticket QUEUE NAME [BYTES [LINE]...]: a ticket's file with its event lines.
ticket() {
	_queue=$1 _name=$2 _bytes=${3:-10}
	[ $# -gt 3 ] && shift 3 || shift $#
	_id=${_name%%.*} _dest=${_name#*.}
	{
		printf '{"id":"%s","name":"a.json","submitter":"root",' "$_id"
		printf '"acceptedAt":"2026-11-24T08:00:00.000Z","type":"data",'
		printf '"priority":5,"inode":1,"jobBytes":10,'
		printf '"jobSha256":"%064d","bytes":%d,"sha256":"%064d",' \
		    0 "$_bytes" 0
		printf '"dataOffset":1,"dataLength":%d,' "$_bytes"
		printf '"destinations":["%s"]}\n' "${_dest%%:*}"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$SPOOL/$_queue/$_name"
}

# Ids for these tickets; the first two have 9 characters in common.
A=01JDCZ7Q2T5M8YB3K4N6P9RSVW
B=01JDCZ7Q2Z5M8YB3K4N6P9RSVW
C=01JDCZ9Q2T5M8YB3K4N6P9RSVW
