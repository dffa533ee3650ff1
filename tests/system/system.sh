# system.sh - the system's instance for tests: its own users, groups and places
#
# A suite sources this after harness.sh.  Everything that is made outside of
# the instance's directory is called spooldtest or begins with spooldtest-, and
# is gone when the suite ends.  Only root can run it: elsewhere its tests fail.
# Suites that run at once have a MARK of their own before they source this.
# shellcheck shell=sh disable=SC2034 # for the suites

: "${MARK:=spooldtest}"
A=$MARK-a B=$MARK-b C=$MARK-c
ORG=$A
CLIENTS="$MARK-a1 $MARK-a2 $MARK-b1 $MARK-c1 $MARK-bc $MARK-none"

# Ends what is marked: processes, users, groups.
unmark() {
	cut -d : -f 1 /etc/passwd | grep "^$MARK" | xargs -r -n 1 userdel
	cut -d : -f 1 /etc/group | grep "^$MARK" | xargs -r -n 1 groupdel
	return 0
}

# kernel protects|bare: what fs.protected_* is while the suite runs.  That is
# the whole machine's: suites that need it one way or the other wait for each
# other, until their shell ends.
kernel() {
	KERNEL=$1
	exec 8>"${TMPDIR:-/tmp}/spoold-test.kernel"
	case $1 in
	protects) flock -s 8 ;;
	bare) flock -x 8 ;;
	esac
}

# A user of each kind: two in one group, one in two, one in none.
clients() {
	for org in "$A" "$B" "$C"; do
		groupadd -f "$org-submitters"
	done
	for user in $CLIENTS; do
		id "$user" >/dev/null 2>&1 || useradd --no-create-home \
		    --home-dir /nonexistent --user-group "$user"
	done
	usermod -aG "$A-submitters" "$MARK-a1"
	usermod -aG "$A-submitters" "$MARK-a2"
	usermod -aG "$B-submitters" "$MARK-b1"
	usermod -aG "$C-submitters" "$MARK-c1"
	usermod -aG "$B-submitters,$C-submitters" "$MARK-bc"
}

# as USER COMMAND...: with that user's groups, and nothing of root's.
as() {
	_user=$1
	shift
	setpriv --reuid "$_user" --regid "$_user" --init-groups \
	    --inh-caps=-all --bounding-set=-all "$@"
}

# system_instance [ORG]...: made, not running; the first is $ORG.
system_instance() {
	needs_root || return 1
	[ -n "${KERNEL-}" ] || kernel protects
	INSTANCE=$(mktemp -d "${TMPDIR:-/tmp}/spoold-test.XXXXXX") || exit 1
	chmod 755 "$INSTANCE"
	use_instance "$INSTANCE"
	mkdir "$SCRATCH" "$INSTANCE/etc"
	# Where each user can write what a sanitizer says.
	mkdir -m 1777 "$SCRATCH/reports"
	ASAN_OPTIONS=log_path=$SCRATCH/reports/address:detect_leaks=1
	UBSAN_OPTIONS=log_path=$SCRATCH/reports/undefined:print_stacktrace=1
	cat >"$CONF" <<-END
		# kept
		spool_directory = "$INSTANCE/spool"
		state_directory = "$INSTANCE/state"
		log_directory = "$LOG"
		run_directory = "$INSTANCE/run"
		key_directory = "$INSTANCE/etc/keys"
		user = "$MARK"
		log { target = "$LOG/spoold.log" }
		queue { reserve_bytes = 1M reserve_inodes = 100
			checkpoint_interval = 500ms }
		retry { schedule = {} base_delay = 100ms max_delay = 400ms }
	END
	for org in "${@:-$A}"; do
		spoolctl init -o "$org" >"$SCRATCH/init" 2>&1 ||
		    fail "init: $(cat "$SCRATCH/init")"
		spoolconf -e "organization.$org.egress_allow=loopback" ||
		    fail "egress of $org"
	done
}

# destination_of ORG NAME: a webhook at the receiver.
destination_of() {
	printf '{"id":"%s","label":"%s","type":"webhook","config":{"webhook":
	    {"url":"%s/%s"}}}' "$2" "$2" "$SINK" "$2" |
	    spooldest -o "$1" create - >"$SCRATCH/created" 2>&1 ||
	    fail "create: $(cat "$SCRATCH/created")"
}

# drop_as USER ORG NAME TEXT: as a client does it; $ID as always.
drop_as() {
	spool=$INSTANCE/spool/$2
	printf '%s' "$4" | as "$1" sh -c "umask 022 && cat >'$spool/tmp/$3'"
	ID=$(node "$TESTS/data/spool_id.mjs" "$2" "$spool/tmp/$3" "=$3.json")
	as "$1" mv -n "$spool/tmp/$3" "$spool/new/$3.json"
}

# delivered_of ORG ID
delivered_of() {
	[ -n "$(find "$INSTANCE/spool/$1/done" -name "$2.*")" ]
}

nurse() {
	pgrep -P "$(supervisor)" -x spoold-nurse
}

# workers_of TRANSPORT ORG: their pids, as spoold says.
workers_of() {
	spoolctl -j status | jq -r ".workers[] |
	    select(.transport == \"$1\" and .organizationId == \"$2\") | .pid"
}
