#!/bin/sh
# sandbox_test - what a worker that somebody has taken over can still do, and
# where no worker can be shut in
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

TABLE=$TESTS/data/sandbox.tsv
OLD_KERNEL=$BUILD/tests/probe_old_kernel

# kernel_is VERSION: or later.
kernel_is() {
	printf '%s\n' "$1" "$(uname -r)" | sort -VC
}

# setup KIND: what that worker is told at its start.
setup() {
	case $1 in
	plain) ;;
	pipe) echo 'setup pipes={}' ;;
	storage) printf 'setup local=%s\\n\n' "$PLACE/open" ;;
	download) echo "setup listen=unix:$PLACE/listener" ;;
	*) echo setup ;;
	esac
}

# outcome KIND ACT [PATH]: what comes of it, in a new worker each time.  What
# stops a plain program depends on the machine; nothing of spoold's does.
outcome() {
	program=$BUILD/libexec/spoold/$1 also=
	[ "$1" != plain ] || {
		program=$PLACE/plain
		also='/^E\(PERM\|ACCES\)$/!s/^E.*/done/'
	}
	{
		setup "$1"
		echo "try $2 ${3-}"
	} | PROBE_OTHER=$OTHER "$BUILD/tests/probe_worker" "$program" \
	    2>/dev/null | sed -n "s/^$2: //p" | sed "$also"
	rm -f "$PLACE/listener" "$PLACE"/*/new
	echo secret >"$PLACE/shut/file"
}

# told: of a table, what is the same for every kernel and build.  Signals and
# listening take later versions of Landlock; a sanitizer's report takes calls
# that are shut otherwise, so that what kills is refused only.
told() {
	later='listen|kill|tgkill' reports=
	! kernel_is 6.12 || later=-
	! sanitized || reports='|fork|owner|limits|dumpable|code'
	grep -vE "^($later$reports)	" | if sanitized; then
		sed -E 's/killed|EACCES|EPERM/refused/g'
	else
		cat
	fi
}

# outcomes FILE: the table, as the kernel answers.
outcomes() {
	head -1 "$TABLE"
	sed 1d "$TABLE" | cut -f 1,2 | while IFS='	' read -r act path; do
		printf '%s\t%s' "$act" "$path"
		place=$(echo "$path" | sed "s,^PLACE,$PLACE,; s,OTHER,$OTHER,")
		for kind in $KINDS; do
			# shellcheck disable=SC2086 # none, where it is -
			printf '\t%s' "$(outcome "$kind" "$act" \
			    ${place#-} </dev/null)"
		done
		echo
	done
}

test_what_each_kind_of_worker_can_do_is_what_the_table_says() {
	# Looking into what hides itself takes root.
	needs_root || return 1
	instance
	PLACE=$INSTANCE
	mkdir "$PLACE/open" "$PLACE/shut"
	echo secret >"$PLACE/shut/file"
	sleep 600 &
	OTHER=$!
	echo $OTHER >"$SCRATCH/other.pid"
	# A program like any other, which waits in the kernel.
	printf '#!/bin/sh\nexec sleep 600\n' >"$PLACE/plain"
	chmod 755 "$PLACE/plain"
	KINDS=$(head -1 "$TABLE" | cut -f 3- | tr '\t' ' ')
	outcomes >"$PLACE/outcomes"
	told <"$TABLE" >"$PLACE/wanted"
	assertEquals '' "$(told <"$PLACE/outcomes" | diff "$PLACE/wanted" -)"
	for program in "$BUILD"/libexec/spoold/*; do
		assertContains 'every worker has a column' " $KINDS " \
		    " ${program##*/} "
	done
}

# says PID FIELD: its status, and limit PID NAME: its hard limit.
says() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

limit() {
	sed -n "s/^$2  *[^ ]*  *\([^ ]*\) .*/\1/p" "/proc/$1/limits"
}

test_workers_of_an_instance_are_shut_in_hidden_and_bare() {
	instance
	setting "organization $ORG" local_allow "{\"$INSTANCE/archive\"}"
	FOREIGN=tok-5e
	export FOREIGN
	start
	unset FOREIGN
	sink
	destination ok
	printf '{"id":"box","label":"box","type":"storage","config":{"storage":{
	    "provider":"local","config":{"directory":"%s/archive"}}}}' \
	    "$INSTANCE" |
	    spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals box "$(cat "$SCRATCH/created")"
	drop one "$(job ok box)"
	eventually delivered "$ID" ok
	eventually delivered "$ID" box
	for kind in intake webhook storage; do
		pid=$(workers $kind)
		assertNotNull "$kind runs" "$pid"
		assertEquals "$kind: seccomp" 2 "$(says "$pid" Seccomp)"
		assertEquals "$kind: new privileges" 1 \
		    "$(says "$pid" NoNewPrivs)"
		for set in CapInh CapPrm CapEff CapBnd CapAmb; do
			assertEquals "$kind: $set" 0000000000000000 \
			    "$(says "$pid" $set)"
		done
		assertEquals "$kind: environment" 0 \
		    "$(wc -c <"/proc/$pid/environ")"
		assertEquals "$kind: cores" 0 \
		    "$(limit "$pid" 'Max core file size')"
		sanitized || assertNotEquals "$kind: memory" unlimited \
		    "$(limit "$pid" 'Max data size')"
	done
	assertEquals 'who needs no process makes none' 0 \
	    "$(limit "$(workers intake)" 'Max processes')"
	# Whoever is not dumpable belongs to root in /proc.
	assertEquals 'spoold: dumps' 00000010 "$(cat \
	    "/proc/$(supervisor)/coredump_filter")"
}

test_the_same_user_has_nothing_of_a_workers_memory_or_descriptors() {
	needs_root || return 1
	base=$(mktemp -d "${TMPDIR:-/tmp}/spoold-test.XXXXXX")
	chmod 755 "$base"
	instance "$base"
	start
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	for kind in webhook intake; do
		pid=$(workers $kind)
		# What remains to root without its capabilities is its user.
		for path in mem environ fd/3 maps; do
			setpriv --bounding-set=-all --inh-caps=-all \
			    head -c 1 "/proc/$pid/$path" >"$SCRATCH/got" \
			    2>"$SCRATCH/said"
			assertEquals "$kind $path" "$(printf \
			    "head: %s: Permission denied" \
			    "cannot open '/proc/$pid/$path' for reading")" \
			    "$(cat "$SCRATCH/said")"
			assertEquals "$kind $path" 0 \
			    "$(wc -c <"$SCRATCH/got")"
		done
		for act in memory descriptors trace; do
			assertEquals "$kind $act" 'Operation not permitted' \
			    "$(setpriv --bounding-set=-all --inh-caps=-all \
			    "$BUILD/tests/probe_sandbox" none $act "$pid")"
		done
	done
}

# without WHAT COMMAND...: on a kernel that has not got it.
without() {
	"$OLD_KERNEL" "$@"
}

test_where_the_kernel_cannot_shut_workers_in_a_start_is_refused_unless_told_so() {
	instance
	setting top sandbox required
	help='or set sandbox = "besteffort" to run without'
	run without seccomp spoolctl start
	assertEquals 78 "$STATUS"
	assertContains "$ERR" 'CONFIG_ERROR: this kernel does not offer seccomp (Function not implemented), so no worker can be shut in: use one built with CONFIG_SECCOMP_FILTER, '"$help"
	run without landlock spoolctl start
	assertEquals 78 "$STATUS"
	assertContains "$ERR" 'CONFIG_ERROR: this kernel does not offer Landlock (Function not implemented), so no worker can be shut in: use one of 5.13 or later that has landlock in its boot option lsm=, '"$help"
	assertFalse 'nothing runs' running
	run without nothing spoolctl start
	assertEquals "$ERR" 0 "$STATUS"
	stop
	assertEquals 'what is offline needs no worker' 0 "$(
	    without landlock spoolq >/dev/null 2>&1; echo $?)"
}

test_with_best_effort_jobs_are_delivered_and_the_log_says_what_is_missing() {
	for what in seccomp landlock; do
		instance
		run without $what spoolctl start
		assertEquals "$ERR" 0 "$STATUS"
		sink
		destination ok
		drop one "$(job ok)"
		eventually delivered "$ID"
		assertContains "$(cat "$LOG/spoold.log")" 'not shut in: '
		setting top sandbox required
		run spoolctl reload
		failed_with 78 spoolctl CONFIG_ERROR
		tearDown
	done
}

. /usr/share/shunit2/shunit2
