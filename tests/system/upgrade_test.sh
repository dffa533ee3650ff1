#!/bin/sh
# upgrade_test - an instance of an older format, or a newer one: what refuses
# it, what brings it up to date, and the way back
# shellcheck disable=SC1010 # "done" is a queue
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
MARK=spooldupg
# shellcheck source=tests/system/system.sh
. "$(dirname "$0")/system.sh"
SYSTEM_ORG=$A
ORG=demo

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

# Makes the stopped instance one from before formats: nothing says what it is,
# and the queue that came last is not there.
age() {
	sed -i '/^format/d' "$CONF"
	rm -f "$INSTANCE/state/format"
	rmdir "$SPOOL/stored"
}

# An old one with a destination that has a secret, and jobs: one delivered, one
# that waits for the destination to be enabled, one that waits to be retried,
# one that was held and one that failed.
old_instance() {
	instance
	start
	sink
	destination ok '"headers":{"Authorization":"Bearer s3cret-ok"}'
	destination bad
	answers bad 503
	drop one "$(job ok)"
	FIRST=$ID
	eventually delivered "$FIRST"
	answers ok 400
	drop two "$(job ok)"
	FAILED=$ID
	eventually in_queue failed "$FAILED"
	answers ok 200
	switch disable ok
	drop three "$(job ok)"
	WAITING=$ID
	drop four "$(job ok)"
	HELD=$ID
	eventually in_queue cur "$WAITING"
	eventually in_queue cur "$HELD"
	spoolsuper -h "$HELD" >/dev/null
	slow_retries
	spoolctl reload >/dev/null
	drop five "$(job bad)"
	RETRIED=$ID
	eventually in_queue retry "$RETRIED"
	stop
	age
}

# Everything but the log and the scratch: names, owners, modes, times, content.
tree() {
	(cd "$INSTANCE" && find . \( -path ./scratch -o -path ./log \) -prune \
	    -o -printf '%p %U %G %m %y %T@ ' \( -type f -exec sha256sum {} \; \
	    -o -printf '\n' \) | sort)
}

# The same without times, of what spoold or a command has put there.
content() {
	(cd "$INSTANCE" && find . \( -path ./scratch -o -path ./log \) -prune \
	    -o -printf '%p %U %G %m %y ' \( -type f -exec sha256sum {} \; \
	    -o -printf '\n' \) | sort)
}

# says TEXT: $OUT has that line.
says() {
	grep -Fxq -- "$1" "$SCRATCH/out"
	assertEquals "\"$1\" is a line of: $OUT" 0 $?
}

upgraded() {
	run spoolctl upgrade
	assertEquals "$ERR" 0 "$STATUS"
}

test_one_made_by_this_version_is_of_its_format() {
	instance
	assertEquals 'format = 1' "$(grep ^format "$CONF")"
	start
	assertEquals 1 "$(cat "$INSTANCE/state/format")"
	assertEquals 600 "$(stat -c %a "$INSTANCE/state/format")"
	run spoolctl upgrade
	ran 0 'The instance is of format 1, which is the newest.' ''
	stop
	before=$(tree)
	run spoolctl upgrade
	ran 0 'The instance is of format 1, which is the newest.' ''
	run spoolctl -j upgrade
	ran 0 '{"from":1,"to":1,"changed":false}' ''
	assertEquals "$before" "$(tree)"
	run spoolctl upgrade --back
	failed_with 65 spoolctl CONFLICT
}

test_an_older_one_is_refused_with_the_command_that_helps() {
	old_instance
	before=$(tree)
	for command in 'spoolctl start' 'spoolctl start -f' \
	    'spoolkey rotate' 'spooldest disable bad' 'spoolsuper -s' \
	    'spoolconf -e queue.reserve_bytes=2M' 'spoolctl org add other' \
	    'spoolctl org remove demo'; do
		run $command
		assertEquals "$command: $ERR" 78 "$STATUS"
		assertContains "$command" "$ERR" "CONFIG_ERROR: $INSTANCE/state is of format 0, and this version of spoold needs 1: spoolctl upgrade"
	done
	run spoolctl check
	assertEquals 1 "$STATUS"
	says "format: $INSTANCE/state is of format 0, and this version of spoold needs 1: spoolctl upgrade; with -n it says first what would change"
	assertEquals "$before" "$(tree)"
	upgraded
	run spoolctl check
	assertNotContains "$OUT" 'format'
}

test_a_configuration_of_a_later_format_is_refused_whatever_else_it_has() {
	old_instance
	upgraded
	start
	sed -i 's/^format = 1/unheard { of = {"a", "b"} }\nformat = "2" # later/' \
	    "$CONF"
	words="$CONF is of format 2, which a later version of spoold has written; this one, $(
	    spoolctl --version | sed 's/.* //'), knows 1 at most: run the later one, or go back with its spoolctl upgrade --back"
	run spoolctl reload
	ran 78 '' "spoolctl: CONFIG_ERROR: $words"
	for command in 'spoolctl upgrade' 'spoolctl upgrade -n' \
	    'spoolctl upgrade --back' 'spoolctl start' 'spoolq'; do
		run $command
		ran 78 '' "${command%% *}: CONFIG_ERROR: $words"
	done
	run spoolctl check
	ran 1 "configuration: $words" ''
	sed -i -e '/^unheard/d' -e 's/^format.*/format = 1/' "$CONF"
}

test_a_state_of_a_later_format_is_refused() {
	instance
	start
	stop
	echo 2 >"$INSTANCE/state/format"
	before=$(tree)
	for command in 'spoolctl start' 'spoolkey rotate' 'spoolctl upgrade' \
	    'spoolctl upgrade --back'; do
		run $command
		failed_with 78 "${command%% *}" CONFIG_ERROR
		assertContains "$command" "$ERR" "$INSTANCE/state is of format 2, which a later version of spoold has written"
	done
	for text in '' 0 -1 one '1 2' 99999999999; do
		echo "$text" >"$INSTANCE/state/format"
		run spoolctl start
		failed_with 78 spoolctl CONFIG_ERROR
		assertContains "$text" "$ERR" 'is not the number of a format'
	done
	echo 1 >"$INSTANCE/state/format"
	assertEquals "$(echo "$before" | sed 's/ 1[0-9]*[.][0-9]* .*//')" \
	    "$(tree | sed 's/ 1[0-9]*[.][0-9]* .*//')"
}

test_no_variable_says_another_format() {
	instance
	SPOOLD_FORMAT=0 run spoolconf format
	ran 0 'format = 1' ''
	run spoolconf -e format=2
	assertEquals 78 "$STATUS"
	assertEquals 'format = 1' "$(grep ^format "$CONF")"
}

test_what_would_change_is_said_and_nothing_is_changed() {
	old_instance
	before=$(tree)
	run spoolctl upgrade -n
	ran 0 "would change $CONF
would make $SPOOL/stored
would make $INSTANCE/state/format
It would go from format 0 to 1." ''
	run spoolctl -j upgrade --dry-run
	ran 0 "{\"path\":\"$CONF\",\"would\":\"change\"}
{\"path\":\"$SPOOL/stored\",\"would\":\"make\"}
{\"path\":\"$INSTANCE/state/format\",\"would\":\"make\"}
{\"from\":0,\"to\":1,\"changed\":false}" ''
	assertEquals "$before" "$(tree)"
	upgraded
	before=$(tree)
	run spoolctl upgrade --back -n
	ran 0 "would put back $CONF
would remove $SPOOL/stored
would remove $INSTANCE/state/format
It would go back from format 1 to 0." ''
	assertEquals "$before" "$(tree)"
}

test_comments_and_order_of_the_configuration_survive() {
	old_instance
	cat >"$SCRATCH/mine" <<-END
		# mine, first
		user = "" /* nobody */
		// and last

		organization other { egress_allow = {} } # stays
	END
	cat "$CONF" >>"$SCRATCH/mine"
	cat "$SCRATCH/mine" >"$CONF"
	chmod 640 "$CONF"
	upgraded
	assertEquals '1' "$(grep -c '^format = 1$' "$CONF")"
	assertEquals "$(cat "$SCRATCH/mine")" "$(grep -v '^format' "$CONF")"
	assertEquals 640 "$(stat -c %a "$CONF")"
	assertEquals 'format = 1' "$(spoolconf format)"
	run spoolctl upgrade --back
	assertEquals "$ERR" 0 "$STATUS"
	cmp "$SCRATCH/mine" "$CONF"
	assertEquals 'as it was' 0 $?
	assertEquals 640 "$(stat -c %a "$CONF")"
}

test_what_was_in_its_spool_is_delivered_after_it() {
	old_instance
	jobs=$(cd "$SPOOL" && find . -type f ! -name '.*' | sort)
	upgraded
	says "changed $CONF"
	says "made $SPOOL/stored"
	says "made $INSTANCE/state/format"
	assertContains "$OUT" "What was before is kept in $CONF.before-format-1 and $INSTANCE/state/.before-format-1"
	assertEquals "$jobs" "$(cd "$SPOOL" && find . -type f ! -name '.*' |
	    sort)"
	run spoolkey -j check
	assertEquals '3 0' "$(jq -r '"\(.values) \(.closed)"' "$SCRATCH/out")"
	start
	switch enable ok
	eventually delivered "$WAITING"
	assertEquals 'Bearer s3cret-ok' \
	    "$(request "$WAITING" .headers.authorization)"
	spoolsuper -H "$HELD" >/dev/null
	eventually delivered "$HELD"
	spoolsuper -r "$FAILED" >/dev/null
	eventually delivered "$FAILED"
	answers bad 200
	spoolq -i "$RETRIED" >/dev/null
	eventually delivered "$RETRIED"
	assertEquals 'once' 1 "$(arrivals "$FIRST")"
	drop six "$(job ok)"
	eventually delivered "$ID"
	eventually receipt_says six "$ID" '.status == "completed"'
	run spoolctl check
	ran 0 'Nothing is wrong' ''
}

test_it_is_on_record_with_who_did_it() {
	old_instance
	upgraded
	run spoolctl upgrade --back
	assertEquals "$ERR" 0 "$STATUS"
	me="$(id -un) ($(id -u))"
	assertEquals "0 1 $me
1 0 $me" "$(journal 'select(.event == "format.changed") |
	    "\(.from) \(.to) \(.by)"')"
	upgraded
	start
}

test_it_is_refused_while_spoold_runs() {
	old_instance
	upgraded
	start
	# As where it was the older version that still runs.
	sed -i '/^format/d' "$CONF"
	before=$(cat "$CONF")
	run spoolctl upgrade
	failed_with 75 spoolctl UNAVAILABLE
	assertContains "$ERR" 'spoolctl stop'
	run spoolctl upgrade --back
	failed_with 75 spoolctl UNAVAILABLE
	run spoolctl upgrade -n
	ran 0 "would change $CONF
It would go from format 0 to 1." ''
	assertEquals "$before" "$(cat "$CONF")"
}

test_a_configuration_that_says_nothing_is_as_the_state() {
	instance
	start
	stop
	sed -i '/^format/d' "$CONF"
	start
	run spoolctl check
	ran 0 'Nothing is wrong' ''
	stop
	upgraded
	assertEquals 'format = 1' "$(grep ^format "$CONF")"
}

test_no_command_makes_a_new_one_an_old_one() {
	for command in 'spoolctl upgrade' 'spoolctl check --fix' \
	    'spoolsuper -s'; do
		instance
		sed -i '/^format/d' "$CONF"
		for queue in cur hold; do
			echo '{}' >"$SPOOL/$queue/01JD8Z3K5N6P7Q8R9S0T1V2W3X.ok:p5,a0"
		done
		run $command
		assertNotEquals "$command: $ERR" 78 "$STATUS"
		assertEquals "$command: no key without a format" \
		    "$(find "$INSTANCE/state" -name format | wc -l)" \
		    "$(find "$INSTANCE/state" -name journal.key | wc -l)"
		rm -f "$SPOOL/cur"/* "$SPOOL/hold"/*
		start
		assertEquals "$command" 1 "$(cat "$INSTANCE/state/format")"
		stop
	done
}

test_the_way_back_leaves_all_as_it_was() {
	old_instance
	before=$(content)
	upgraded
	run spoolctl upgrade --back
	ran 0 "put back $CONF
removed $SPOOL/stored
removed $INSTANCE/state/format
The instance is of format 0 again: start the version of spoold that it was of." ''
	assertEquals "$before" "$(content)"
	run spoolctl upgrade --back
	ran 0 'The instance is of format 0 already.' ''
	run spoolctl start
	failed_with 78 spoolctl CONFIG_ERROR
	upgraded
	start
}

test_no_way_back_is_gone_on_which_something_would_be_lost() {
	old_instance
	upgraded
	echo '# since' >>"$CONF"
	touch "$SPOOL/stored/x"
	before=$(tree)
	for n in '' -n; do
		run spoolctl upgrade --back $n
		failed_with 65 spoolctl CONFLICT
		assertContains "$ERR" "$CONF was changed since (compare it with $CONF.before-format-1/0.after)"
		assertContains "$ERR" "$SPOOL/stored has something in it"
		assertEquals "$before" "$(tree)"
	done
	rm "$SPOOL/stored/x"
	run spoolctl upgrade --back
	failed_with 65 spoolctl CONFLICT
	assertNotContains "$ERR" stored
	sed -i '$d' "$CONF"
	run spoolctl upgrade --back
	assertEquals "$ERR" 0 "$STATUS"
	# What came since and needs nothing of the new format stays.
	upgraded
	start
	destination later
	stop
	run spoolctl upgrade --back
	assertEquals "$ERR" 0 "$STATUS"
	assertTrue 'stays' "[ -f '$INSTANCE/state/demo/destinations/later.json' ]"
}

test_no_half_way_back_is_gone_where_a_record_is_missing() {
	old_instance
	upgraded
	for lost in "$CONF" "$INSTANCE/state"; do
		record=$CONF.before-format-1
		[ "$lost" = "$CONF" ] ||
		    record=$INSTANCE/state/.before-format-1
		mv "$record" "$SCRATCH/lost"
		before=$(tree)
		for n in '' -n; do
			run spoolctl upgrade --back $n
			ran 65 '' "spoolctl: CONFLICT: $lost is of format 1, and what it was in format 0 is not kept: restore $record from a backup; nothing was changed"
		done
		assertEquals "$before" "$(tree)"
		mv "$SCRATCH/lost" "$record"
	done
	run spoolctl upgrade --back
	assertEquals "$ERR" 0 "$STATUS"
}

test_what_is_neither_text_is_named_with_the_one_that_is_kept() {
	old_instance
	record '{"place":"state","path":"organizations","there":true}'
	before=$(tree)
	for n in '' -n; do
		run spoolctl upgrade $n
		failed_with 65 spoolctl CONFLICT
		assertContains "$ERR" "$INSTANCE/state/organizations was changed since (compare it with $INSTANCE/state/.before-format-1/0.after)"
		assertNotContains "$ERR" --back
	done
	assertEquals "$before" "$(tree)"
}

test_what_is_kept_has_no_secret_and_is_nobody_elses_to_read() {
	old_instance
	upgraded
	for kept in "$CONF.before-format-1" "$INSTANCE/state/.before-format-1"
	do
		assertEquals 700 "$(stat -c %a "$kept")"
	done
	assertEquals '' "$(grep -rl s3cret "$INSTANCE/etc" "$INSTANCE/state" \
	    "$SPOOL" "$LOG")"
}

# record FROM ENTRY: what the state is said to have been changed by.
record() {
	mkdir -p "$INSTANCE/state/.before-format-1"
	(cd "$INSTANCE/state/.before-format-1" && echo x >0.before &&
	    echo precious >0.after &&
	    echo "{\"from\":0,\"to\":1,\"changes\":[$1]}" >changes)
}

test_what_is_kept_is_about_what_is_below_its_place_alone() {
	old_instance
	echo precious >"$INSTANCE/precious"
	for path in ../precious "$INSTANCE/precious" '' . .. a//b ./a a/.. a/ \
	    a/../../precious; do
		record "{\"place\":\"state\",\"path\":\"$path\",\"there\":true}"
		for back in '' --back; do
			run spoolctl upgrade $back
			failed_with 78 spoolctl CONFIG_ERROR
			assertContains "$path" "$ERR" 'nothing of an upgrade'
		done
	done
	for entry in 'spool demo' 'spool demo/' 'spool ../stored' \
	    'spool demo/other' 'spool demo/cur/cur' 'spool demo/../stored' \
	    'state demo/stored' 'configuration demo/stored'; do
		record "{\"place\":\"${entry% *}\",\"path\":\"${entry#* }\",\"directory\":true}"
		for back in '' --back; do
			run spoolctl upgrade $back
			failed_with 78 spoolctl CONFIG_ERROR
			assertContains "$entry" "$ERR" 'nothing of an upgrade'
		done
	done
	assertEquals precious "$(cat "$INSTANCE/precious")"
	rm -rf "$INSTANCE/state/.before-format-1"
	upgraded
}

test_root_changes_nothing_of_somebody_elses_private_instance() {
	needs_root || return
	old_instance
	echo precious >"$INSTANCE/precious"
	record '{"place":"state","path":"../precious","there":true}'
	chown -R "$MARK-a1" "$INSTANCE"
	for roots in precious etc/spoold.conf state; do
		chown root "$INSTANCE/$roots"
		before=$(tree)
		for back in '' -n --back; do
			run spoolctl upgrade $back
			failed_with 77 spoolctl PERMISSION_DENIED
			assertContains "$ERR" "is somebody else's"
		done
		assertEquals "$before" "$(tree)"
		chown "$MARK-a1" "$INSTANCE/$roots"
	done
	chown -R root "$INSTANCE"
	rm -rf "$INSTANCE/state/.before-format-1"
	upgraded
}

# cut COMMAND CALL N: kills it at its Nth such call; false if there is none.
cut_at() {
	strace -E ASAN_OPTIONS=detect_leaks=0 -o /dev/null \
	    -e "inject=$2:signal=KILL:when=$3" \
	    spoolctl upgrade ${1:+"$1"} >"$SCRATCH/killed" 2>&1
	[ $? -eq 137 ]
}

# everywhere ARGUMENT FUNCTION: that upgrade is cut off at each of its calls
# that change something, from the same beginning each time; the function gets
# it from there.
everywhere() {
	cp -a "$INSTANCE" "$INSTANCE.kept"
	for call in renameat fsync mkdirat mkdir unlinkat rmdir fchown fchmod write
	do
		n=1
		while cut_at "$1" "$call" "$n"; do
			"$2" "$call $n"
			n=$((n + 1))
			rm -rf "$INSTANCE"
			cp -a "$INSTANCE.kept" "$INSTANCE"
		done
		POINTS=$((POINTS + n - 1))
		rm -rf "$INSTANCE"
		cp -a "$INSTANCE.kept" "$INSTANCE"
	done
	rm -rf "$INSTANCE.kept"
}

# What an upgrade leaves: all but the times and the numbers of its record.
goes_on() {
	run spoolctl upgrade
	assertEquals "on: $1: $ERR" 0 "$STATUS"
	assertEquals "on: $1" "$WANTED" "$(content)"
}

goes_back() {
	run spoolctl upgrade --back
	assertEquals "back: $1: $ERR" 0 "$STATUS"
	assertEquals "back: $1" "$BEFORE" "$(content)"
}

# One of them, and the other way round.
turns_back() {
	cp -a "$INSTANCE" "$INSTANCE.cut"
	goes_on "$1"
	rm -rf "$INSTANCE"
	mv "$INSTANCE.cut" "$INSTANCE"
	goes_back "$1"
}

# cut_off_forwards: an upgrade of the instance as it is, at each point.
cut_off_forwards() {
	POINTS=0
	BEFORE=$(content)
	cp -a "$INSTANCE" "$INSTANCE.old"
	upgraded
	WANTED=$(content)
	rm -rf "$INSTANCE"
	mv "$INSTANCE.old" "$INSTANCE"
	everywhere '' turns_back
	assertTrue "points: $POINTS" "[ $POINTS -gt 40 ]"
	echo "# cut off at $POINTS points"
}

test_cut_off_anywhere_it_goes_on_or_back() {
	old_instance
	cut_off_forwards
}

test_cut_off_anywhere_the_way_back_goes_on_or_turns_round() {
	old_instance
	POINTS=0
	BEFORE=$(content)
	upgraded
	WANTED=$(content)
	everywhere --back turns_back
	assertTrue "points: $POINTS" "[ $POINTS -gt 15 ]"
	echo "# cut off at $POINTS points"
}

test_cut_off_it_is_refused_by_spoold_until_it_has_ended() {
	old_instance
	# Its last rename but one: what the state says is still missing.
	n=1
	while :; do
		cp -a "$INSTANCE" "$INSTANCE.kept"
		cut_at '' renameat "$n" || break
		if [ ! -e "$INSTANCE/state/format" ]; then
			run spoolctl start
			failed_with 78 spoolctl CONFIG_ERROR
		fi
		rm -rf "$INSTANCE"
		mv "$INSTANCE.kept" "$INSTANCE"
		n=$((n + 1))
	done
	rm -rf "$INSTANCE.kept"
	assertTrue "$n" "[ $n -gt 4 ]"
	start
}

# --- the system's instance ------------------------------------------------------

# An old one, with a job that waits.
old_system() {
	system_instance "$SYSTEM_ORG"
	[ -n "$INSTANCE" ] || return 1
	start
	sink
	destination_of "$SYSTEM_ORG" ok
	spooldest -o "$SYSTEM_ORG" disable ok >/dev/null
	drop_as "$MARK-a1" "$SYSTEM_ORG" one "$(job ok)"
	SPOOL=$INSTANCE/spool/$SYSTEM_ORG
	eventually in_queue cur "$ID"
	stop
	age
}

test_the_systems_instance_keeps_owners_and_modes() {
	old_system || return
	before=$(content)
	upgraded
	assertEquals "root root 644" "$(stat -c '%U %G %a' "$CONF")"
	assertEquals "$MARK $MARK 600" \
	    "$(stat -c '%U %G %a' "$INSTANCE/state/format")"
	assertEquals "$MARK $MARK 700" \
	    "$(stat -c '%U %G %a' "$SPOOL/stored")"
	assertEquals "root 700" "$(stat -c '%U %a' "$CONF.before-format-1")"
	assertEquals "$MARK 700" \
	    "$(stat -c '%U %a' "$INSTANCE/state/.before-format-1")"
	assertEquals '' "$(find "$INSTANCE/state" "$INSTANCE/spool" "$LOG" \
	    -user root)"
	run spoolctl upgrade --back
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$before" "$(content)"
	upgraded
	run spoolctl check
	assertEquals '' "$(grep -e format -e layout "$SCRATCH/out")"
	start
	spooldest -o "$SYSTEM_ORG" enable ok >/dev/null
	eventually delivered_of "$SYSTEM_ORG" "$ID"
}

test_the_systems_instance_cut_off_anywhere_goes_on_or_back() {
	old_system || return
	cut_off_forwards
	upgraded
	everywhere --back turns_back
}

test_what_root_had_not_given_away_yet_is_mended_or_removed() {
	old_system || return
	before=$(content)
	upgraded
	wanted=$(content)
	# As it is between the two calls, the state not ended.
	rm "$INSTANCE/state/format"
	chown root:root "$SPOOL/stored"
	chmod 700 "$SPOOL/stored"
	cp -a "$INSTANCE" "$INSTANCE.half"
	upgraded
	assertEquals "$wanted" "$(content)"
	rm -rf "$INSTANCE"
	mv "$INSTANCE.half" "$INSTANCE"
	run spoolctl upgrade --back -n
	assertEquals "$ERR" 0 "$STATUS"
	run spoolctl upgrade --back
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$before" "$(content)"
}

test_an_organization_that_is_gone_keeps_nobody_from_it() {
	old_instance
	cut_at '' mkdirat 1 || fail 'not cut off'
	assertFalse 'not made yet' "[ -e '$SPOOL/stored' ]"
	sed -i 's/^organization demo/organization other/' "$CONF"
	upgraded
	assertEquals 1 "$(cat "$INSTANCE/state/format")"
	assertFalse 'not made' "[ -e '$SPOOL/stored' ]"
}

test_the_systems_instance_is_upgraded_by_root_alone() {
	old_system || return
	before=$(content)
	for user in "$MARK" "$MARK-a1"; do
		run as "$user" "$BUILD/bin/spoolctl" upgrade
		failed_with 77 spoolctl PERMISSION_DENIED
		run as "$user" "$BUILD/bin/spoolctl" upgrade --back
		failed_with 77 spoolctl PERMISSION_DENIED
	done
	assertEquals "$before" "$(content)"
	upgraded
}

test_root_takes_no_group_of_its_own_along() {
	old_system || return
	strace -E ASAN_OPTIONS=detect_leaks=0 -o "$SCRATCH/calls" \
	    -e trace=setgroups,setresuid \
	    spoolctl upgrade >"$SCRATCH/out" 2>&1
	assertEquals "$(cat "$SCRATCH/out")" 0 $?
	first=$(grep -n -m 1 "setresuid(.*, $(id -u "$MARK"), " \
	    "$SCRATCH/calls" | cut -d : -f 1)
	assertTrue 'before it is spoold' \
	    "head -n '${first:-0}' '$SCRATCH/calls' |
		grep -q '^setgroups(0, NULL)'"
}

test_who_is_spoold_cannot_have_root_write_elsewhere() {
	old_system || return
	echo precious >"$INSTANCE/precious"
	chmod 600 "$INSTANCE/precious"
	state=$INSTANCE/state
	# A link in place of what is written, and of where the record goes.
	as "$MARK" ln -s "$INSTANCE/precious" "$state/format"
	run spoolctl upgrade
	assertNotEquals 0 "$STATUS"
	as "$MARK" rm "$state/format"
	as "$MARK" ln -s "$INSTANCE" "$state/.before-format-1"
	run spoolctl upgrade
	assertNotEquals 0 "$STATUS"
	as "$MARK" rm "$state/.before-format-1"
	# A record that is about somebody else's files.
	for entry in '{"place":"configuration","path":"spoold.conf","directory":false,"there":true}' \
	    '{"place":"state","path":"../precious","directory":false,"there":true}' \
	    '{"place":"spool","path":"../etc","directory":true,"there":false}'
	do
		as "$MARK" sh -c "umask 077 && mkdir '$state/.before-format-1' &&
		    cd '$state/.before-format-1' && echo x >0.before &&
		    echo precious >0.after && echo '{\"from\":0,\"to\":1,
		    \"changes\":[$entry]}' >changes"
		for back in '' --back; do
			run spoolctl upgrade $back
			assertNotEquals "$entry $back: $OUT" 0 "$STATUS"
		done
		assertEquals precious "$(cat "$INSTANCE/precious")"
		assertTrue 'is there' "[ -d '$INSTANCE/etc' ]"
		rm -rf "$state/.before-format-1"
	done
	rm -rf "$CONF.before-format-1"
	run spoolctl upgrade
	assertEquals "$ERR" 0 "$STATUS"
	start
}

. /usr/share/shunit2/shunit2
