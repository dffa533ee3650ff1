#!/bin/sh
# organization_test - several organizations in the system's instance: whom its
# processes run as, and what the users of one may do with what is another's
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
MARK=spooldorg
# shellcheck source=tests/system/system.sh
. "$(dirname "$0")/system.sh"

oneTimeSetUp() {
	if [ "$(id -u)" -eq 0 ]; then
		kernel protects
		unmark
		clients
	fi
}

oneTimeTearDown() {
	[ "$(id -u)" -ne 0 ] || unmark
}

# Three organizations, running, each with a destination.
three() {
	system_instance "$A" "$B" "$C"
	[ -n "$INSTANCE" ] || return 1
	start
	sink
	for org in "$A" "$B" "$C"; do
		destination_of "$org" ok
	done
}

# status PID FIELD: a line of its status, fields separated by one space.
status() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr -s '\t ' ' ' |
	    sed 's/ $//'
}

# runs_as USER PID: it does, wholly, and can become nobody else.
runs_as() {
	uid=$(id -u "$1") gid=$(id -g "$1")
	assertEquals "$1: uids" "$uid $uid $uid $uid" "$(status "$2" Uid)"
	assertEquals "$1: gids" "$gid $gid $gid $gid" "$(status "$2" Gid)"
	assertEquals "$1: groups" '' "$(status "$2" Groups)"
	for set in CapInh CapPrm CapEff CapAmb; do
		assertEquals "$1: $set" 0000000000000000 "$(status "$2" $set)"
	done
	assertEquals "$1: privileges" 1 "$(status "$2" NoNewPrivs)"
	assertEquals "$1: files" root "$(stat -c %U "/proc/$2/maps")"
}

test_each_process_runs_as_the_user_of_the_table() {
	three || return
	drop_as "$MARK-a1" "$A" one "$(job ok)"
	eventually delivered_of "$A" "$ID"
	runs_as "$MARK" "$(supervisor)"
	for pid in $(pgrep -P "$(supervisor)" -x spoold); do
		runs_as "$MARK" "$pid"
	done
	runs_as "$MARK-intake" "$(workers_of intake "$A")"
	runs_as "$MARK-webhook" "$(workers_of webhook "$A")"
	pid=$(nurse)
	assertEquals '0 0 0 0' "$(status "$pid" Uid)"
	for set in CapPrm CapEff CapBnd; do
		# Bits 5, 6 and 7: KILL, SETGID, SETUID.
		assertEquals "nurse: $set" 00000000000000e0 \
		    "$(status "$pid" $set)"
	done
	assertEquals 1 "$(status "$pid" NoNewPrivs)"
	assertEquals '/dev/null /dev/null /dev/null anon_inode:[signalfd]' \
	    "$(for fd in /proc/"$pid"/fd/*; do readlink "$fd"; done |
	    grep -v '^socket:' | paste -sd ' ')"
	assertEquals 'its sockets' 1 "$(for fd in /proc/"$pid"/fd/*; do
	    readlink "$fd"; done | grep -c '^socket:')"
	assertEquals 'none is left' 0 "$(pgrep -P "$pid" -u root | wc -l)"
}

test_a_worker_is_in_the_groups_that_root_put_its_user_into() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	usermod -aG "$C-submitters" "$MARK-intake"
	start
	drop_as "$MARK-a1" "$A" one '{}'
	eventually sh -c "ls '$SPOOL'/failed/one.*.json"
	assertEquals "$(getent group "$C-submitters" | cut -d : -f 3)" \
	    "$(status "$(workers_of intake "$A")" Groups)"
	gpasswd -d "$MARK-intake" "$C-submitters" >/dev/null
}

test_a_worker_process_serves_one_organization() {
	three || return
	for org in "$A" "$B" "$C"; do
		drop_as "$MARK-${org#"$MARK-"}1" "$org" one "$(job ok)"
		eventually delivered_of "$org" "$ID"
	done
	for kind in intake webhook; do
		pids=$(for org in "$A" "$B" "$C"; do
		    workers_of $kind "$org"; done)
		assertEquals "$kind" 3 "$(echo "$pids" | sort -u | wc -l)"
		for pid in $pids; do
			assertEquals "$(nurse)" \
			    "$(status "$pid" PPid)"
		done
	done
}

# Each line: what is tried on a file that another has dropped.
attacks() {
	cat <<-'END'
		ls "$d"
		cat "$d/$f"
		echo more >>"$d/$f"
		: >"$d/$f"
		rm -f "$d/$f"
		mv "$d/$f" "$d/stolen"
		echo mine >"$d/own"; mv -f "$d/own" "$d/$f"
		ln "$d/$f" "$d/linked"
		ln "$d/$f" "$s/tmp/linked"
		chmod 666 "$d/$f"
		touch "$d/$f"
		setfacl -m u:$(id -u):rw "$d/$f"
		truncate -s 0 "$d/$f"
		mv "$d" "$s/elsewhere"
		rmdir "$d"
	END
}

# could USER DIRECTORY FILE SPOOL [but-look-at]: what of that succeeds; with the
# last one, beside looking.
could() {
	attacks | sed "${5:+1d}" | while read -r attack; do
		if as "$1" env d="$2" f="$3" s="$4" sh -c \
		    "umask 0; $attack" >/dev/null 2>&1 </dev/null; then
			echo "$attack"
		fi
	done
}

# attacked, as above: nothing of it does, and the file is as it was.
attacked() {
	before=$(sha256sum <"$2/$3"; stat -c '%i %u:%g %a %Y' "$2/$3")
	assertEquals "by $1 in $2" '' "$(could "$@")"
	assertEquals "$1 changed $2/$3" "$before" \
	    "$(sha256sum <"$2/$3"; stat -c '%i %u:%g %a %Y' "$2/$3")"
}

test_what_a_submitter_drops_is_no_other_users_to_see_or_change() {
	system_instance "$A" "$B" "$C"
	[ -n "$INSTANCE" ] || return
	for queue in tmp data new; do
		printf 'secret' | as "$MARK-a1" sh -c \
		    "umask 022; cat >'$SPOOL/$queue/known.json'"
		assertEquals "$queue: dropped" 0 $?
		for user in $CLIENTS; do
			[ "$user" = "$MARK-a1" ] || attacked "$user" \
			    "$SPOOL/$queue" known.json "$SPOOL"
		done
		for kind in intake webhook pipe; do
			attacked "$MARK-$kind" "$SPOOL/$queue" known.json \
			    "$SPOOL"
		done
		# Who may, can: so it is the rights that kept the others out.
		assertEquals "$queue: its own" 7 "$(could "$MARK-a1" \
		    "$SPOOL/$queue" known.json "$SPOOL" | wc -l)"
	done
}

test_what_is_accepted_is_no_users_not_even_its_submitters() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	for queue in jobs cur retry hold failed done stored keys; do
		: >"$SPOOL/$queue/known.json"
		chown "$MARK:$MARK" "$SPOOL/$queue/known.json"
		for user in $CLIENTS "$MARK-webhook"; do
			attacked "$user" "$SPOOL/$queue" known.json "$SPOOL"
		done
	done
	for place in state log etc/keys; do
		for user in $CLIENTS "$MARK-webhook" "$MARK-intake"; do
			said=$(as "$user" ls "$INSTANCE/$place" 2>&1)
			assertContains "$user $place" "$said" 'ermission denied'
		done
	done
	said=$(as "$MARK-a1" ls "$INSTANCE/spool" "$SPOOL" 2>&1)
	assertEquals 'not listed' 2 "$(echo "$said" | grep -c 'ermission')"
}

test_another_organizations_spool_cannot_even_be_dropped_into() {
	system_instance "$A" "$B" "$C"
	[ -n "$INSTANCE" ] || return
	while read -r user org may; do
		as "$user" sh -c "echo x >'$INSTANCE/spool/$org/tmp/$user' &&
		    mv '$INSTANCE/spool/$org/tmp/$user' \
		    '$INSTANCE/spool/$org/new/'" 2>/dev/null
		status=$?
		[ $status -eq 0 ] && status=yes || status=no
		assertEquals "$user in $org" "$may" "$status"
	done <<-END
		$MARK-a1 $A yes
		$MARK-a2 $A yes
		$MARK-b1 $A no
		$MARK-c1 $A no
		$MARK-bc $A no
		$MARK-none $A no
		$MARK-a1 $B no
		$MARK-b1 $B yes
		$MARK-bc $B yes
		$MARK-none $B no
		$MARK-a1 $C no
		$MARK-c1 $C yes
		$MARK-bc $C yes
		$MARK-none $C no
	END
}

test_a_receipt_is_its_submitters_alone_to_read() {
	three || return
	drop_as "$MARK-a1" "$A" one "$(job ok)"
	eventually delivered_of "$A" "$ID"
	one=$(receipt one "$ID")
	eventually test -f "$one"
	drop_as "$MARK-a2" "$A" two '{"destinations":["nowhere"]}'
	two=$(receipt two "$ID")
	eventually test -f "$two"
	as "$MARK-a1" jq -e '.status == "completed" and
	    .submitter == "'"$MARK-a1"'"' "$one" >/dev/null
	assertEquals 'its own' 0 $?
	as "$MARK-a2" jq -e '.status == "refused"' "$two" >/dev/null
	assertEquals 'its own, refused' 0 $?
	assertEquals 'both are listed' 2 \
	    "$(as "$MARK-a2" ls "$SPOOL/receipts" | wc -l)"
	for user in b1 c1 bc none webhook; do
		attacked "$MARK-$user" "$SPOOL/receipts" "${one##*/}" "$SPOOL"
	done
	# Its own organization's may list it, and no more.
	attacked "$MARK-a2" "$SPOOL/receipts" "${one##*/}" "$SPOOL" \
	    but-look-at
	# shellcheck disable=SC2016 # as it stands in the list
	assertEquals 'its submitter' 'ls "$d"
cat "$d/$f"' "$(could "$MARK-a1" "$SPOOL/receipts" "${one##*/}" "$SPOOL")"
	said=$(as "$MARK-a2" cat "$one" 2>&1)
	assertContains "$said" 'ermission denied'
}

test_a_drop_that_spoold_may_not_read_says_which_chmod_helps() {
	three || return
	printf '%s' "$(job ok)" | as "$MARK-a1" sh -c \
	    "umask 077; cat >'$SPOOL/tmp/p'; chmod 600 '$SPOOL/tmp/p';
	    mv -n '$SPOOL/tmp/p' '$SPOOL/new/p.json'"
	eventually sh -c "ls '$SPOOL'/failed/p.*.json.error"
	assertContains "$(cat "$SPOOL"/failed/p.*.json.error)" 'chmod u+r,g+r'
}

# --- organizations that come and go -------------------------------------------

test_an_organization_is_added_and_removed_while_spoold_runs() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	start
	run spoolctl org add "$B" --viewers "$MARK-viewers"
	ran 0 '' ''
	run spoolctl org list
	ran 0 "$A
$B" ''
	assertEquals '# kept' "$(head -1 "$CONF")"
	sink
	destination_of "$B" ok
	spoolconf -e "organization.$B.egress_allow=loopback"
	spoolctl reload >/dev/null
	drop_as "$MARK-b1" "$B" one "$(job ok)"
	eventually delivered_of "$B" "$ID"
	run spoolctl org remove "$B"
	failed_with 65 spoolctl CONFLICT
	run spoolctl org list
	assertEquals 'both are there' 2 "$(wc -l <"$SCRATCH/out")"
	run spoolctl org add "$C"
	ran 0 '' ''
	run spoolctl org remove "$C"
	ran 0 '' ''
	assertFalse 'its spool is gone' "[ -e '$INSTANCE/spool/$C' ]"
	assertFalse 'its state is gone' "[ -e '$INSTANCE/state/$C' ]"
	run spoolctl org remove "$C"
	failed_with 68 spoolctl ORGANIZATION_NOT_FOUND
	run spoolctl org add "$A"
	failed_with 65 spoolctl CONFLICT
	assertEquals "added $B root (0)
added $C root (0)
removed $C root (0)" "$(journal 'select(.event | startswith("organization.")) |
	    "\(.event | ltrimstr("organization.")) \(.org) \(.by)"')"
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

test_what_came_and_went_while_spoold_was_down_is_journaled_when_it_starts() {
	system_instance "$A" "$B"
	[ -n "$INSTANCE" ] || return
	start
	stop
	run spoolctl org add "$C"
	ran 0 '' ''
	run spoolctl org remove "$B"
	ran 0 '' ''
	: >"$SPOOL/hold/something"
	run spoolctl org remove "$A"
	failed_with 65 spoolctl CONFLICT
	rm "$SPOOL/hold/something"
	start
	assertEquals "organization.added $C
organization.removed $B" "$(journal \
	    'select(.event | startswith("organization.")) |
	    "\(.event) \(.org)"')"
	stop
	start
	assertEquals 'once' 2 "$(journal '.event' | grep -c '^organization')"
}

test_a_section_without_directories_is_refused_and_nothing_changes() {
	three || return
	cp -p "$CONF" "$SCRATCH/conf"
	printf 'organization %s-x { }\norganization %s-y { }\n' "$MARK" \
	    "$MARK" >>"$CONF"
	mkdir -m 700 "$INSTANCE/state/$MARK-x"
	run spoolctl reload
	failed_with 78 spoolctl CONFIG_ERROR
	cp -p "$SCRATCH/conf" "$CONF"
	run spoolctl reload
	ran 0 '' ''
	drop_as "$MARK-a1" "$A" one "$(job ok)"
	eventually delivered_of "$A" "$ID"
	assertEquals '' "$(journal '.event' | grep '^organization')"
}

test_organizations_are_roots_to_change() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	run as "$MARK-a1" spoolctl org add "$B"
	failed_with 77 spoolctl PERMISSION_DENIED
	run as "$MARK-a1" spoolctl org remove "$A"
	failed_with 77 spoolctl PERMISSION_DENIED
	run as "$MARK-a1" spoolctl init
	failed_with 77 spoolctl PERMISSION_DENIED
}

# Nor is what only a private instance's owner may set.
test_who_asks_is_led_nowhere_by_his_environment() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	case $BUILD in
	*san*) sanitize=-fsanitize=address,undefined ;;
	*) sanitize= ;;
	esac
	start
	# shellcheck disable=SC2086 # it may be none
	run gcc $sanitize -I"$TESTS/../libspool" \
	    "$TESTS/../etc/examples/spooler.c" "$BUILD/lib/libspool.a" -lacl \
	    -lconfuse -lcjson -lcrypto -lbsd -o "$SCRATCH/spooler"
	assertEquals "$ERR" 0 "$STATUS"
	run env SPOOLD_RUN_DIRECTORY=/nonexistent "$SCRATCH/spooler" queue
	assertEquals "$ERR" 0 "$STATUS"
	run env SPOOLD_RUN_DIRECTORY=/nonexistent spooldest list
	assertEquals "$ERR" 0 "$STATUS"
}

# The one that is started for him is led nowhere either, down to whose it makes
# a directory; what is ignored may be nonsense.
test_neither_is_the_spoold_that_is_started_to_answer_him() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	mkdir "$SCRATCH/elsewhere"
	chown root "$SCRATCH/elsewhere"
	for name in SPOOL STATE LOG RUN KEY; do
		run env "SPOOLD_${name}_DIRECTORY=$SCRATCH/elsewhere" \
		    CREDENTIALS_DIRECTORY="$SCRATCH/elsewhere" \
		    spooldest -o "$A" list
		assertEquals "$name: $ERR" 0 "$STATUS"
		assertEquals "$name" 0 "$(stat -c %u "$SCRATCH/elsewhere")"
		assertEquals "$name" '' "$(ls "$SCRATCH/elsewhere")"
	done
	run env SPOOLD_QUEUE_CONCURRENCY=many spooldest -o "$A" list
	assertEquals "$ERR" 0 "$STATUS"
	run env SPOOLD_SPOOL_DIRECTORY="$SCRATCH/elsewhere" \
	    spoold -c "$CONF" --offline 3<>/dev/null
	assertEquals 'called by hand' 0 \
	    "$(stat -c %u "$SCRATCH/elsewhere")"
	assertEquals 'called by hand' '' "$(ls "$SCRATCH/elsewhere")"
}

# --- how it is made and started -----------------------------------------------

test_init_can_be_called_again_and_mends_what_was_lost() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	before=$(sha256sum <"$INSTANCE/etc/keys/master.key"; cat "$CONF")
	rm -r "$INSTANCE/log" "$SPOOL/new"
	chown root "$INSTANCE/state"
	run spoolctl -j init
	ran 0 "{\"configuration\":\"$CONF\",\"user\":\"$MARK\",\"organizations\":[\"$A\"]}" ''
	assertEquals "$before" "$(sha256sum <"$INSTANCE/etc/keys/master.key"
	    cat "$CONF")"
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

test_init_without_a_root_leaves_a_private_instance_alone() {
	instance
	needs_root || return 1
	before=$(cat "$CONF")
	run spoolctl init
	failed_with 65 spoolctl CONFLICT
	assertEquals "$before" "$(cat "$CONF")"
}

test_only_root_starts_it_and_only_from_what_root_alone_can_change() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	run as "$MARK-a1" spoolctl start
	failed_with 77 spoolctl PERMISSION_DENIED
	for change in "chmod g+w $CONF" "chown $MARK $CONF" \
	    "chmod o+w $INSTANCE/etc"; do
		cp -p "$CONF" "$SCRATCH/conf"
		$change
		run spoolctl start
		failed_with 78 spoolctl CONFIG_ERROR
		cp -p "$SCRATCH/conf" "$CONF"
		chown root "$CONF"
		chmod 755 "$INSTANCE/etc"
	done
	userdel "$MARK-sftp"
	run spoolctl start
	failed_with 78 spoolctl CONFIG_ERROR
	assertContains "$ERR" "there is no user $MARK-sftp"
	run spoolctl check
	assertContains "$OUT" "there is no user $MARK-sftp"
	spoolctl init >/dev/null
	start
}

test_check_fix_mends_owners_and_acls_beside_a_running_spoold() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	start
	chown root:root "$SPOOL/receipts"
	setfacl -b "$SPOOL/new"
	chmod 777 "$INSTANCE/spool"
	run spoolctl check
	assertEquals "$OUT" 1 "$STATUS"
	assertEquals "$OUT" 4 "$(wc -l <"$SCRATCH/out")"
	run spoolctl check --fix
	assertEquals "$OUT" 4 "$(grep -c '(mended)$' "$SCRATCH/out")"
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

test_what_root_makes_is_not_below_what_is_anothers() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	mkdir "$INSTANCE/theirs" "$INSTANCE/precious"
	chown "$MARK" "$INSTANCE/theirs"
	ln -s "$INSTANCE/precious" "$INSTANCE/theirs/run"
	for place in theirs/run theirs/below/run theirs/run/below; do
		spoolconf -e "run_directory=$INSTANCE/$place"
		run spoolctl start
		assertNotEquals "$place" 0 "$STATUS"
		run spoolctl init
		assertNotEquals "$place" 0 "$STATUS"
	done
	assertEquals root "$(stat -c %U "$INSTANCE/precious")"
	assertEquals '' "$(ls "$INSTANCE/precious")"
}

test_what_cannot_change_while_it_runs_is_refused() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	start
	cp -p "$CONF" "$SCRATCH/conf"
	spoolconf -e "user=$MARK-b1"
	kill -HUP "$(supervisor)"
	eventually grep -q 'user cannot change while spoold runs' \
	    "$LOG/spoold.log"
	cp -p "$SCRATCH/conf" "$CONF"
	chmod g+w "$CONF"
	run spoolctl reload
	failed_with 78 spoolctl CONFIG_ERROR
	assertContains "$ERR" "is not root's alone to write"
}

test_the_masters_key_is_spoolds() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	rm "$INSTANCE/etc/keys/master.key"
	run spoolkey init
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$MARK 400" \
	    "$(stat -c '%U %a' "$INSTANCE/etc/keys/master.key")"
	start
	run spoolkey check
	assertEquals "$ERR" 0 "$STATUS"
	stop
	run spoolkey rotate
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$MARK 400" \
	    "$(stat -c '%U %a' "$INSTANCE/etc/keys/master.key")"
	start
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

# --- the nurse ------------------------------------------------------------------

test_a_worker_that_dies_is_known_and_another_is_started() {
	three || return
	drop_as "$MARK-a1" "$A" one "$(job ok)"
	eventually delivered_of "$A" "$ID"
	victim=$(workers_of webhook "$A")
	kill -9 "$victim"
	drop_as "$MARK-a1" "$A" two "$(job ok)"
	eventually delivered_of "$A" "$ID"
	assertNotEquals "$victim" "$(workers_of webhook "$A")"
	assertEquals 1 "$(grep -c "died webhook pid=$victim signal 9" \
	    "$LOG/spoold.log")"
}

test_a_worker_that_hangs_is_killed_by_the_nurse() {
	three || return
	spoolconf -e queue.processing_timeout=1s && spoolctl reload >/dev/null
	drop_as "$MARK-a1" "$A" one "$(job ok)"
	eventually delivered_of "$A" "$ID"
	victim=$(workers_of webhook "$A")
	kill -STOP "$victim"
	drop_as "$MARK-a1" "$A" two "$(job ok)"
	eventually_within 60 delivered_of "$A" "$ID"
	[ ! -e "/proc/$victim" ]
	assertEquals 'it is gone' 0 $?
}

test_without_its_nurse_spoold_says_so_and_ends_and_nothing_is_lost() {
	three || return
	answers ok hang
	drop_as "$MARK-a1" "$A" one "$(job ok)"
	eventually arrived "$ID"
	pid=$(supervisor) parts=$(nurse; workers_of webhook "$A")
	kill -9 "$(nurse)"
	eventually stopped
	for part in $parts $pid; do
		eventually test ! -e "/proc/$part"
	done
	assertEquals 1 "$(grep -c "nurse: pid=.* died: ending" \
	    "$LOG/spoold.log")"
	assertContains "$(tail -1 "$LOG/spoold.log")" 'is to be started anew'
	assertEquals 'in good order' stop "$(journal '.event' | grep -v \
	    checkpoint | tail -1)"
	answers ok 200
	start
	eventually delivered_of "$A" "$ID"
	eventually receipt_says one "$ID" '.destinations[0].possibleDuplicate'
}

test_when_spoold_is_killed_nothing_of_it_goes_on() {
	three || return
	answers ok hang
	drop_as "$MARK-a1" "$A" one "$(job ok)"
	eventually arrived "$ID"
	parts=$(nurse; workers_of webhook "$A"; workers_of intake "$A")
	kill -9 "$(supervisor)"
	for part in $parts; do
		eventually test ! -e "/proc/$part"
	done
	answers ok 200
	start
	eventually delivered_of "$A" "$ID"
}

test_a_pipe_runs_as_the_user_that_root_declared() {
	system_instance "$A"
	[ -n "$INSTANCE" ] || return
	for user in "$MARK-b1" ''; do
		printf 'pipe who%s {\n\tcommand = {"/bin/sh", "-c",
	"cat >/dev/null; id -un; id -Gn; exec 2>&1; cat %s"}\n%s}\n' \
		    "${user:+-b}" "$INSTANCE/etc/keys/master.key" \
		    "${user:+	user = \"$user\"
}" >>"$CONF"
	done
	spoolconf -e "organization.$A.pipes_allow=who,who-b"
	start
	for pipe in who who-b; do
		printf '{"id":"%s","label":"%s","type":"pipe","config":{"pipe":
		    {"pipe":"%s"}}}' $pipe $pipe $pipe | spooldest create - \
		    >/dev/null
		drop_as "$MARK-a1" "$A" $pipe "$(job $pipe)"
		eventually receipt_says $pipe "$ID" \
		    '.destinations[0].attempts >= 1'
	done
	users=$(ps -o user:32= -p "$(workers_of pipe "$A" | paste -sd ,)" |
	    sed 's/ *$//' | sort | paste -sd ' ')
	assertEquals "$MARK-b1 $MARK-pipe" "$users"
	run spoolcat -a "$ID"
	assertContains "$OUT" "$MARK-b1"
	printf 'pipe more { command = {"/bin/true"} user = "%s" }\n' \
	    "$MARK-c1" >>"$CONF"
	run spoolctl reload
	failed_with 78 spoolctl CONFIG_ERROR
	assertContains "$ERR" 'needs a restart'
	stop
	for user in root "$MARK"; do
		spoolconf -e "pipe.more.user=$user"
		run spoolctl start
		failed_with 78 spoolctl CONFIG_ERROR
	done
}

. /usr/share/shunit2/shunit2
