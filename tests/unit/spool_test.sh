#!/bin/sh
# spool_test.sh - spool-layout/layout and lib/spool: directories, and moves
# that never replace

. tests/unit/common.sh

ID=01JDCZ7Q2T5M8YB3K4N6P9RSVW
T=$ID.ehr-webhook:p5,a0

QUEUES='cur data done failed hold jobs keys new receipts retry stored tmp'

setUp() {
	# shunit2 calls it once more at the very end.
	[ -d "$SHUNIT_TMPDIR" ] || return 0
	D=$(mktemp -d "$SHUNIT_TMPDIR/spool.XXXXXX")
	O=$D/demo
	"$BUILD/tests/probe_spool" layout "$D" demo >/dev/null
}

probe() {
	"$BUILD/tests/probe_spool" "$@"
}

# spool VERB ARGUMENT...: of the test's own spool.
spool() {
	probe "$D" demo "$@"
}

# given TEXT VERB ARGUMENT...: with that as the file's text.
given() {
	_in=$1
	shift
	printf '%s' "$_in" | spool "$@"
}

check() {
	probe check "$D" demo "$@"
}

# listed QUEUE: its names in order.
listed() {
	spool list "$1" | sort
}

test_the_layout_has_every_directory_for_one_user_alone() {
	assertEquals "$QUEUES" "$(cd "$O" && echo *)"
	for directory in "$O" "$O"/*; do
		assertEquals "$directory" 700 "$(stat -c %a "$directory")"
	done
	expect 0 '0 remain' check
}

test_a_umask_takes_nothing_away() {
	mkdir "$D/u"
	(umask 0277 && probe layout "$D/u" demo >/dev/null)
	assertEquals 700 "$(stat -c %a "$D/u/demo/cur")"
}

test_creating_leaves_what_exists() {
	chmod 750 "$O/cur"
	: >"$O/cur/$T"
	expect 0 1 probe layout "$D" demo
	assertEquals 750 "$(stat -c %a "$O/cur")"
	assertTrue 'the ticket is there' "[ -f '$O/cur/$T' ]"
}

# --- shared by several users: uid 64001 is spoold's, gid 64002 the submitters'

# shared COMMAND...: with those owners; only root can give files away.
shared() {
	assertEquals 'only root can run this' 0 "$(id -u)"
	S=$D/shared
	[ -d "$S" ] || { chmod 711 "${SHUNIT_TMPDIR%/*}" "$SHUNIT_TMPDIR" "$D" &&
	    mkdir "$S"; }
	OWNERS=64001:64001:64002 "$@"
}

# as UID GID COMMAND...: as that user, in that group alone.
as() {
	_uid=$1 _gid=$2
	shift 2
	setpriv --reuid "$_uid" --regid "$_gid" --clear-groups "$@"
}

# refused COMMAND...: it is said to be none of the caller's.
refused() {
	# shellcheck disable=SC2069 # what it says, and no more
	said=$("$@" 2>&1 >/dev/null)
	assertNotEquals "$* was done" 0 $?
	assertContains "$*" "$said" 'ermission denied'
}

test_a_shared_layout_is_spoolds_and_lets_the_group_in_where_it_drops() {
	(umask 077 && shared probe layout "$D/shared" demo >/dev/null)
	shared true
	assertEquals 'cur 64001:64001 700
data 64001:64002 3730
demo 64001:64002 710
done 64001:64001 700
failed 64001:64001 700
hold 64001:64001 700
jobs 64001:64001 700
keys 64001:64001 700
new 64001:64002 3730
receipts 64001:64002 2750
retry 64001:64001 700
stored 64001:64001 700
tmp 64001:64002 3730' "$(find "$S" -mindepth 1 -printf '%f %U:%G %m\n' | sort)"
	for queue in tmp data new; do
		assertEquals "$queue" 'user::rwx
group::-wx
other::---
default:user::rw-
default:user:64001:rw-
default:group::---
default:mask::rw-
default:other::---' "$(getfacl -cpn "$S/demo/$queue" | grep .)"
	done
	shared expect 0 '0 remain' probe check "$S" demo
}

# Appending that creates nothing: what would create, fs.protected_regular = 2
# forbids here to all but the file's owner.
APPEND='dd oflag=append conv=notrunc,nocreat status=none'

test_what_one_submitter_drops_another_cannot_read_replace_or_remove() {
	shared probe layout "$D/shared" demo >/dev/null
	for queue in tmp data new; do
		q=$S/demo/$queue
		as 64011 64002 sh -c "umask 022 && echo mine >'$q/a'"
		assertEquals "$queue: made" 0 $?
		refused as 64012 64002 ls "$q"
		refused as 64012 64002 cat "$q/a"
		refused as 64012 64002 sh -c "echo more | $APPEND of='$q/a'"
		as 64012 64002 sh -c "echo other >'$q/b'"
		for act in "rm -f '$q/a'" "mv -f '$q/b' '$q/a'" \
		    "mv '$q/a' '$q/c'"; do
			as 64012 64002 sh -c "$act" 2>/dev/null
			assertNotEquals "$act" 0 $?
		done
		assertEquals "$queue" mine "$(as 64001 64001 cat "$q/a")"
		as 64001 64001 sh -c "echo spoold | $APPEND of='$q/a' &&
		    mv '$q/a' '$S/demo/jobs/$queue'"
		assertEquals "$queue: spoold may" 0 $?
		refused as 64011 64002 cat "$S/demo/jobs/$queue"
		refused as 64013 64013 ls -d "$q/b"
	done
}

test_a_shared_layout_that_was_changed_is_mended() {
	shared probe layout "$D/shared" demo >/dev/null
	chown 64012 "$S/demo/new"
	chgrp 64012 "$S/demo/data"
	chmod 1777 "$S/demo/tmp"
	setfacl -b "$S/demo/tmp" && setfacl -m u:64012:rwx "$S/demo/cur"
	setfacl -d -m u:64012:rwx "$S/demo/jobs"
	differs='demo/tmp has mode 3777 instead of 3730%
demo/tmp has an ACL that is not its own%
demo/data belongs to gid 64012 instead of 64002%
demo/new belongs to uid 64012 instead of 64001%
demo/jobs has an ACL that is not its own%
demo/cur has mode 0770 instead of 0700%
demo/cur has an ACL that is not its own%'
	shared expect 0 "$(echo "$differs" | tr -d %)
7 remain" probe check "$S" demo
	shared expect 0 "$(echo "$differs" | sed 's/%/ (mended)/')
0 remain" probe check "$S" demo fix
	shared expect 0 '0 remain' probe check "$S" demo
}

test_a_link_in_place_of_a_directory_is_never_followed() {
	shared probe layout "$D/shared" demo >/dev/null
	mkdir "$D/elsewhere" && rmdir "$S/demo/new" "$S/demo/keys"
	ln -s "$D/elsewhere" "$S/demo/new"
	: >"$S/demo/keys"
	shared expect 0 'demo/new is no directory
demo/keys is no directory
2 remain' probe check "$S" demo fix
	assertEquals '0:0 755' "$(stat -c '%u:%g %a' "$D/elsewhere")"
}

test_an_empty_spool_is_removed_and_any_other_stays() {
	mkdir "$O/done/2026-11-29"
	: >"$O/hold/$T"
	expect 2 'hold is not empty
0' probe clear "$D" demo
	assertTrue 'it is there' "[ -f '$O/hold/$T' ]"
	expect 0 1 probe layout "$D" demo
	rm "$O/hold/$T"
	expect 0 1 probe clear "$D" demo
	assertFalse 'it is gone' "[ -e '$O' ]"
	expect 0 1 probe clear "$D" demo
}

test_check_names_what_differs_and_fix_mends_it() {
	rmdir "$O/hold"
	chmod 755 "$O/new"
	chmod 711 "$O"
	expect 0 'demo has mode 0711 instead of 0700
demo/new has mode 0755 instead of 0700
demo/hold is missing
3 remain' check
	expect 0 'demo has mode 0711 instead of 0700 (mended)
demo/new has mode 0755 instead of 0700 (mended)
demo/hold is missing (mended)
0 remain' check fix
	expect 0 '0 remain' check
}

test_check_does_not_mend_what_it_cannot() {
	rmdir "$O/hold" "$O/keys"
	ln -s cur "$O/hold"
	: >"$O/keys"
	mkdir "$O/extra" "$O/.own"
	expect 0 'demo/hold is no directory
demo/keys is no directory
demo/extra is none of the spool'\''s directories
3 remain' check fix
}

test_check_makes_a_whole_organization() {
	expect 0 'other is missing
1 remain' probe check "$D" other
	expect 0 'other is missing (mended)
0 remain' probe check "$D" other fix
	expect 0 '0 remain' probe check "$D" other
}

test_check_sees_another_owner() {
	chown 12345 "$O/cur" || fail 'only root can give a directory away'
	expect 0 'demo/cur belongs to uid 12345 instead of 0
1 remain' check
}

test_file_systems_are_told_apart() {
	expect 2 0 probe filesystem /dev/shm
	expect 1 'CONFIG_ERROR: the spool is on a file system (type 0x9fa0) that does not keep what spoold promises: use ext4, XFS or btrfs' \
	    probe filesystem /proc
}

test_a_spool_that_is_not_whole_is_not_opened() {
	rmdir "$O/retry"
	expect 1 "CONFIG_ERROR: $D/demo/retry is missing: spoolctl check --fix makes it anew" \
	    spool list cur
	ln -s cur "$O/retry"
	expect 1 "INTERNAL_ERROR: open $D/demo/retry: Not a directory" \
	    spool list cur
	ln -s demo "$D/linked"
	expect 1 "INTERNAL_ERROR: open $D/linked: Not a directory" \
	    probe "$D" linked list cur
	expect 1 "INTERNAL_ERROR: open $D/../x: Invalid cross-device link" \
	    probe "$D" ../x list cur
}

test_stat_says_what_is_there_and_what_is_not() {
	given hello create cur "$T" >/dev/null
	expect 0 1 spool due cur "$T" 1763999990123
	expect 0 'file size=5 due=1763999990123 born=known
1' spool stat cur "$T"
	expect 2 0 spool stat hold "$T"
	ln -s /etc/passwd "$O/new/link.json"
	expect 0 link link_kind
}

link_kind() {
	_kind=$(spool stat new link.json) && echo "${_kind%% *}"
}

test_a_move_never_replaces() {
	given one create cur "$T" >/dev/null
	given two create hold "$T" >/dev/null
	expect 1 "INTERNAL_ERROR: move cur/$T to hold/$T: File exists" \
	    spool move cur "$T" hold "$T"
	assertEquals one "$(cat "$O/cur/$T")"
	assertEquals two "$(cat "$O/hold/$T")"
	expect 0 1 spool move cur "$T" retry "$T"
	expect 2 0 spool move cur "$T" retry "$T"
}

test_two_names_of_one_file_are_no_move() {
	given one create cur "$T" >/dev/null
	ln "$O/cur/$T" "$O/hold/$T"
	expect 1 "INTERNAL_ERROR: move cur/$T to hold/$T: File exists" \
	    spool move cur "$T" hold "$T"
	assertTrue "[ -f '$O/cur/$T' ]"
}

test_a_name_with_a_path_in_it_is_none() {
	given one create cur "$T" >/dev/null
	for name in '' . .. a/b ../cur/x /etc/passwd 2025-11-24/x; do
		expect 1 'INTERNAL_ERROR: a name in cur/ that is none: Invalid argument' \
		    spool stat cur "$name"
	done
	expect 1 'INTERNAL_ERROR: a name in hold/ that is none: Invalid argument' \
	    spool move cur "$T" hold "../../$T"
	expect 1 'INTERNAL_ERROR: a name in done/ that is none: Invalid argument' \
	    spool stat 'done' ../cur/x
	expect 1 'INTERNAL_ERROR: a name in done/ that is none: Invalid argument' \
	    spool stat 'done' 2025-11-24/../x
}

test_delivered_tickets_go_to_their_day() {
	for n in 0 1 2; do
		given one create cur "$ID.d$n:p5,a0" >/dev/null
	done
	# Both days in one process: the one kept open is given up.
	expect 0 1 spool 'done' cur "$ID.d0:p5,a0" "$ID.d0:p5,a1" 1763999990000 \
	    "$ID.d1:p5,a0" "$ID.d1:p5,a1" 1764028799999 \
	    "$ID.d2:p5,a0" "$ID.d2:p5,a1" 1764028800000
	expect 0 "1
2025-11-24/$ID.d0:p5,a1
2025-11-24/$ID.d1:p5,a1
2025-11-25/$ID.d2:p5,a1" listed 'done'
	assertEquals 700 "$(stat -c %a "$O/done/2025-11-24")"
}

test_a_name_in_done_has_its_day() {
	given one create 'done' "2025-11-24/$T" >/dev/null
	expect 0 'one1' spool open 'done' "2025-11-24/$T"
	expect 0 1 spool move 'done' "2025-11-24/$T" cur "$T"
	expect 2 0 spool stat 'done' "2025-11-24/$T"
	expect 2 0 spool stat 'done' "2025-11-25/$T"
	expect 2 0 spool move 'done' "2025-11-25/$T" cur "$T"
	expect 2 0 spool remove 'done' "2025-11-25/$T"
	expect 2 0 given x append 'done' "2025-11-25/$T"
	assertFalse 'no day is made by looking' "[ -e '$O/done/2025-11-25' ]"
	mv "$O/done/2025-11-24" "$O/done/away"
	ln -s away "$O/done/2025-11-24"
	expect 1 'INTERNAL_ERROR: open directory done/2025-11-24: Not a directory' \
	    spool stat 'done' "2025-11-24/$T"
}

test_creating_never_replaces() {
	expect 0 1 given one create cur "$T"
	expect 2 0 given two create cur "$T"
	expect 0 'one1' spool open cur "$T"
	assertEquals 600 "$(stat -c %a "$O/cur/$T")"
	ln -s nowhere "$O/cur/x"
	expect 2 0 given two create cur x
	assertFalse "[ -e '$O/cur/nowhere' ]"
}

# small COMMAND...: no file may grow beyond 1 KiB.
small() {
	(trap '' XFSZ && ulimit -f 2 && "$@")
}

test_what_cannot_be_written_whole_is_not_there() {
	large=$(node -e 'process.stdout.write("x".repeat(5000))')
	expect 1 "INTERNAL_ERROR: create cur/$T: File too large" \
	    small given "$large" create cur "$T"
	expect 1 "INTERNAL_ERROR: write receipts/r.json: File too large" \
	    small given "$large" replace receipts r.json
	assertEquals '' "$(find "$O/cur" "$O/receipts" -type f)"
}

test_replacing_leaves_the_old_or_the_new() {
	expect 0 1 given one replace receipts r.json
	expect 0 1 given two replace receipts r.json
	expect 0 'two1' spool open receipts r.json
	large=$(node -e 'process.stdout.write("x".repeat(5000))')
	expect 1 "INTERNAL_ERROR: write receipts/r.json: File too large" \
	    small given "$large" replace receipts r.json
	expect 0 'two1' spool open receipts r.json
	# What one that was killed left behind.
	printf torn >"$O/receipts/.replacing"
	expect 0 1 given three replace receipts r.json
	assertEquals 'r.json' "$(ls -A "$O/receipts")"
	# Where clients write, too, it has a name that is nobody else's.
	printf torn >"$O/tmp/.r.json"
	printf theirs >"$O/tmp/.replacing"
	expect 0 1 given three replace tmp r.json
	assertTrue "[ -f '$O/tmp/r.json' ] && [ ! -e '$O/tmp/.r.json' ]"
	assertEquals theirs "$(cat "$O/tmp/.replacing")"
}

test_replacing_does_not_write_through_a_link() {
	printf kept >"$D/kept"
	ln -s "$D/kept" "$O/receipts/.replacing"
	ln -s "$D/kept" "$O/receipts/r.json"
	expect 0 1 given one replace receipts r.json
	assertEquals kept "$(cat "$D/kept")"
	assertFalse "[ -L '$O/receipts/r.json' ]"
}

test_appending_adds_whole_lines() {
	given 'first
' create cur "$T" >/dev/null
	expect 0 1 given 'second
' append cur "$T"
	expect 0 'first
second
1' spool open cur "$T"
	expect 2 0 given x append cur nothing
}

test_appending_cuts_what_a_crash_left() {
	given 'first
torn' create cur "$T" >/dev/null
	expect 0 1 given 'second
' append cur "$T"
	expect 0 'first
second
1' spool open cur "$T"
	node -e 'process.stdout.write("line\n" + "x".repeat(10000))' \
	    >"$O/cur/$T"
	expect 0 1 given 'next
' append cur "$T"
	expect 0 'line
next
1' spool open cur "$T"
}

test_an_append_that_fails_is_undone() {
	given 'first
' create cur "$T" >/dev/null
	large=$(node -e 'process.stdout.write("x".repeat(5000))')
	expect 1 "INTERNAL_ERROR: append to cur/$T: File too large" \
	    small given "$large" append cur "$T"
	expect 0 'first
1' spool open cur "$T"
}

test_appending_nothing_only_looks() {
	given 'first
torn' create cur "$T" >/dev/null
	expect 0 1 given '' append cur "$T"
	expect 0 'first
torn1' spool open cur "$T"
	expect 2 0 given '' append cur nothing
}

test_only_regular_files_are_opened() {
	mkfifo "$O/new/fifo.json"
	mkdir "$O/new/directory.json"
	ln -s /etc/passwd "$O/new/link.json"
	expect 1 'PAYLOAD_UNREADABLE: new/fifo.json is no regular file' \
	    timeout 10 "$BUILD/tests/probe_spool" "$D" demo open new fifo.json
	expect 1 'PAYLOAD_UNREADABLE: new/directory.json is no regular file' \
	    spool open new directory.json
	expect 1 'INTERNAL_ERROR: open new/link.json: Too many levels of symbolic links' \
	    spool open new link.json
	expect 1 'INTERNAL_ERROR: open new/none: No such file or directory' \
	    spool open new none
	expect 1 'PAYLOAD_UNREADABLE: new/fifo.json is no regular file' \
	    timeout 10 "$BUILD/tests/probe_spool" "$D" demo append new fifo.json
}

test_removing_says_whether_it_was_there() {
	given one create keys k >/dev/null
	expect 0 1 spool remove keys k
	expect 2 0 spool remove keys k
}

test_a_directory_removed_underneath_is_no_lost_race() {
	given one create cur "$T" >/dev/null
	expect 1 "INTERNAL_ERROR: move cur/$T to hold/$T: the directory is not there any more: No such file or directory" \
	    removed_underneath
	assertTrue "[ -f '$O/cur/$T' ]"
}

# What rename(2) says when the target's directory was removed after it was
# opened is what it says of a source that has gone.
removed_underneath() {
	ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null -e trace=renameat2 \
	    -e inject=renameat2:error=ENOENT \
	    "$BUILD/tests/probe_spool" "$D" demo move cur "$T" hold "$T"
}

test_a_ticket_is_read_where_it_is() {
	expect 2 0 spool read cur "$T"
	: >"$O/cur/$T"
	expect 2 0 spool read cur "$T"
	sha=$(node -e 'process.stdout.write("0".repeat(64))')
	printf '{"id":"%s","name":"x.json","submitter":"ris","acceptedAt":"2025-11-24T15:59:00.000Z","type":"report","priority":5,"inode":1,"jobBytes":3,"jobSha256":"%s","bytes":1,"sha256":"%s","destinations":["a"]}\n{"event":"maybe","attempt":1}\n' \
	    $ID "$sha" "$sha" >"$O/cur/$T"
	expect 0 'x.json lines=1
1' spool read cur "$T"
}

test_a_list_has_every_name_but_the_hidden() {
	expect 0 1 listed cur
	given one create cur b >/dev/null
	given one create cur a >/dev/null
	given one create cur .hidden >/dev/null
	expect 0 '1
a
b' listed cur
}

test_done_is_listed_through_its_days() {
	given one create 'done' 2025-11-24/a >/dev/null
	given one create 'done' 2025-11-24/.x >/dev/null
	given one create 'done' 2025-11-25/b >/dev/null
	mkdir "$O/done/2025-11-26" "$O/done/.2025"
	: >"$O/done/stray"
	expect 0 '1
2025-11-24/a
2025-11-25/b
stray' listed 'done'
}

test_two_walks_do_not_disturb_each_other() {
	for n in 1 2 3 4 5 6 7 8 9; do
		given one create cur "t$n" >/dev/null
	done
	expect 0 '9 and 9
1' spool list-twice cur
}

# hold SPOOL JOURNAL: holds the lock; `let_go` ends it.
hold() {
	mkfifo "$D/pipe"
	"$BUILD/tests/probe_spool" lock "$1" "$2" <"$D/pipe" >"$D/said" 2>&1 &
	_holder=$!
	exec 9>"$D/pipe"
	until [ -s "$D/said" ]; do sleep 0.05; done
	assertEquals locked "$(cat "$D/said")"
}

# lock SPOOL JOURNAL: tries, and lets go at once.
lock() {
	"$BUILD/tests/probe_spool" lock "$1" "$2" </dev/null
}

let_go() {
	exec 9>&-
	until [ "$(wc -l <"$D/said")" = 2 ]; do sleep 0.05; done
}

test_one_process_has_the_lock() {
	hold "$D" "$D/journal"
	expect 1 "UNAVAILABLE: another spoold has the lock $D/.lock" \
	    lock "$D" "$D/journal"
	let_go
	# It is the descriptor that holds it, not the process, which lives.
	expect 0 'locked
released' lock "$D" "$D/journal"
	wait "$_holder"
}

test_a_lock_that_is_let_go_soon_is_waited_for() {
	hold "$D" "$D/journal"
	"$BUILD/tests/probe_spool" lock "$D" "$D/journal" </dev/null \
	    >"$D/second" 2>&1 9>&- &
	until readlink "/proc/$!/fd/"* | grep -qx "$D/.lock"; do
		kill -0 $! || break
	done 2>/dev/null
	let_go
	wait $!
	assertEquals 'locked released' "$(paste -sd ' ' "$D/second")"
	wait "$_holder"
}

test_the_lock_is_over_the_journal_too() {
	mkdir "$D/second"
	hold "$D" "$D/journal"
	expect 1 "UNAVAILABLE: another spoold has the lock $D/journal/.lock" \
	    lock "$D/second" "$D/journal"
	let_go
	wait "$_holder"
	assertEquals 700 "$(stat -c %a "$D/journal")"
}

test_the_lock_ends_with_its_process() {
	hold "$D" "$D/journal"
	kill -9 "$_holder"
	wait "$_holder" 2>/dev/null
	expect 0 'locked
released' lock "$D" "$D/journal"
	exec 9>&-
}

run_suite
