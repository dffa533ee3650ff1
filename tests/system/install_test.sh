#!/bin/sh
# install_test - the Makefile's own promises: what install copies runs where it
# is, and the quick start ends with a receipt
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

SOURCE=$(CDPATH='' cd -- "$TESTS/.." && pwd)

setUp() {
	PLACE=$(mktemp -d "${TMPDIR:-/tmp}/spoold-install.XXXXXX")
	SCRATCH=$PLACE/scratch
	mkdir "$SCRATCH"
}

tearDown() {
	cd "$TESTS" && [ -d "$PLACE" ] || return 0
	for conf in "$PLACE"/*/etc/spoold.conf "$PLACE"/source/run/*/etc/*.conf
	do
		[ -f "$conf" ] && spoolctl -c "$conf" stop --now
	done >/dev/null 2>&1
	for pid in "$PLACE"/receiver.pid "$PLACE"/source/run/*/receiver.pid; do
		[ -f "$pid" ] && kill "$(cat "$pid")"
	done 2>/dev/null
	rm -rf "$PLACE"
}

installed() {
	run make -C "$SOURCE" BUILD="$BUILD" DESTDIR="$PLACE" "$@" install
	assertEquals "$ERR" 0 "$STATUS"
}

test_every_example_of_a_destination_is_taken_as_it_stands() {
	mkdir "$PLACE/own"
	instance "$PLACE/own"
	setting download listen "unix:$INSTANCE/links.sock"
	start
	for file in "$SOURCE"/etc/examples/*.json; do
		[ "${file##*/}" != job.json ] || continue
		run spooldest create "$file"
		# What a template needs of a job is no mistake of theirs.
		assertEquals "$file: 0 " "$file: $STATUS $(echo "$ERR" |
		    grep -v ' is empty unless a job')"
	done
	run spooldest list
	for type in webhook download storage email sftp; do
		assertContains "$OUT" " $type "
	done
	stop
}

test_everything_is_installed_where_it_belongs() {
	installed PREFIX=/opt/spoold SYSCONFDIR=/etc/opt LOCALSTATEDIR=/var/opt
	for file in bin/spoolctl bin/spoolsubmit bin/spoolq bin/spoolsuper \
	    bin/spooldest bin/spoolcat bin/spoollog bin/spoolconf \
	    bin/spoolkey sbin/spoold \
	    libexec/spoold/intake libexec/spoold/webhook; do
		[ -x "$PLACE/opt/spoold/$file" ]
		assertEquals "$file can be run" 0 $?
	done
	for file in include/libspool.h lib/libspool.a lib/libspool.so \
	    lib/libspool.so.0 lib/pkgconfig/libspool.pc \
	    share/doc/spoold/examples/spooler.c; do
		[ -s "$PLACE/opt/spoold/$file" ]
		assertEquals "$file is there" 0 $?
	done
	assertEquals 'prefix=/opt/spoold' \
	    "$(head -1 "$PLACE/opt/spoold/lib/pkgconfig/libspool.pc")"
	for file in man1/spoolctl.1 man3/spool.3 man5/spoold.conf.5 \
	    man8/spoold.8; do
		[ -s "$PLACE/opt/spoold/share/man/$file" ]
		assertEquals "$file is there" 0 $?
	done
	unit=$PLACE/opt/spoold/lib/systemd/system/spoold.service
	assertEquals 'ExecStartPre=+/usr/bin/env install -d -o spoold -g spoold -m 0755 /var/opt/run/spoold
ExecStart=/opt/spoold/sbin/spoold -c /etc/opt/spoold/spoold.conf
ExecReload=+/opt/spoold/bin/spoolctl -c /etc/opt/spoold/spoold.conf reload
ReadWritePaths=-/var/opt/spool/spoold -/var/opt/lib/spoold -/var/opt/log/spoold -/var/opt/run/spoold' \
	    "$(grep '^Exec\|^ReadWrite' "$unit")"
	[ -s "$PLACE/opt/spoold/share/doc/spoold/README.md" ]
	assertEquals 'README.md is there' 0 $?
	assertEquals 'format = 1
spool_directory = "/var/opt/spool/spoold"
state_directory = "/var/opt/lib/spoold"
log_directory = "/var/opt/log/spoold"
run_directory = "/var/opt/run/spoold"
key_directory = "/etc/opt/spoold/keys"' \
	    "$(grep '^[a-z_]* =' "$PLACE/etc/opt/spoold/spoold.conf")"
}

test_a_configuration_that_is_there_stays() {
	mkdir -p "$PLACE/etc/spoold"
	echo '# mine' >"$PLACE/etc/spoold/spoold.conf"
	installed PREFIX=/usr
	assertEquals '# mine' "$(cat "$PLACE/etc/spoold/spoold.conf")"
}

test_what_is_installed_runs_where_it_is() {
	installed PREFIX=/usr
	run "$PLACE/usr/bin/spoolctl" init --root "$PLACE/instance" -o demo
	assertEquals "$ERR" 0 "$STATUS"
	run "$PLACE/usr/bin/spoolctl" -c "$PLACE/instance/etc/spoold.conf" \
	    start
	ran 0 '' ''
	pid=$("$PLACE/usr/bin/spoolctl" -c "$PLACE/instance/etc/spoold.conf" \
	    -j status | jq .pid)
	assertEquals "$PLACE/usr/sbin/spoold" \
	    "$(readlink "/proc/$pid/exe")"
	run "$PLACE/usr/bin/spoolctl" -c "$PLACE/instance/etc/spoold.conf" stop
	ran 0 '' ''
}

# A tree without .git; as old as this one, so that nothing is built anew.
source_copy() {
	mkdir "$PLACE/source"
	(cd "$SOURCE" && cp -rp Makefile README.md CHANGELOG.md LICENSE etc \
	    lib libspool man spool-layout spoold workers tests \
	    "$PLACE/source")
}

test_the_quick_start_ends_with_a_receipt_on_one_screen() {
	source_copy
	cd "$PLACE/source" || return
	run make BUILD="$BUILD" quickstart
	assertEquals "$OUT$ERR" 0 "$STATUS"
	assertTrue "$OUT" "[ $(wc -l <"$SCRATCH/out") -le 24 ]"
	assertEquals '' "$ERR"
	grep -q '"status":"completed"' "$SCRATCH/out"
	assertEquals 'the receipt is shown' 0 $?
	assertEquals 'the receiver found it genuine' 1 \
	    "$(grep -c ': 200 {.*"total": 1.10}' run/1/receiver.log)"
	touch run/1/mine
	run make BUILD="$BUILD" quickstart
	assertEquals "$OUT$ERR" 0 "$STATUS"
	assertTrue 'nothing was deleted' '[ -f run/1/mine ]'
	run spoolctl -c "$PWD/run/1/etc/spoold.conf" status
	assertEquals 'the first one was stopped' 2 "$STATUS"
	run spoolctl -c "$PWD/run/2/etc/spoold.conf" status
	assertEquals 'the second one runs' 0 "$STATUS"
}

test_what_it_says_to_type_next_works() {
	source_copy
	cd "$PLACE/source" || return
	run make BUILD="$BUILD" quickstart
	assertEquals "$OUT$ERR" 0 "$STATUS"
	sed -n '/^Next/,$ s/^  //p' "$SCRATCH/out" >"$SCRATCH/next"
	run sh -e "$SCRATCH/next"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'both were delivered' 2 \
	    "$(grep -c ': 200 ' run/1/receiver.log)"
}

# The indented lines of README.md below "By hand", with another home.
test_the_ten_lines_of_the_readme_deliver_a_job() {
	source_copy
	cd "$PLACE/source" || return
	port=$(python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	sed -n '/^## By hand/,/^## /s/^    //p' README.md >"$SCRATCH/lines"
	assertEquals 10 "$(wc -l <"$SCRATCH/lines")"
	sed -e "1s|.*|export PATH=$BUILD/bin:\$PATH SPOOLD_CONFIG=~/spoold/etc/spoold.conf|" \
	    -e "s/8080/$port/" \
	    -e 's/ &$/ >~\/log 2>\&1 \& echo $! >~\/receiver.pid/' \
	    "$SCRATCH/lines" >"$SCRATCH/lines.sh"
	run timeout 60 env HOME="$PLACE" sh -e "$SCRATCH/lines.sh"
	assertEquals "$OUT$ERR" 0 "$STATUS"
	grep -q '"status":"completed"' "$SCRATCH/out"
	assertEquals "a receipt: $OUT" 0 $?
}

test_help_lists_every_target() {
	run make -C "$SOURCE" --no-print-directory BUILD="$BUILD" help
	assertEquals "$ERR" 0 "$STATUS"
	for target in all deps check-deps install quickstart check lint \
	    faults bench clean help; do
		grep -q "^  $target  " "$SCRATCH/out"
		assertEquals "$target is listed" 0 $?
	done
}

. /usr/share/shunit2/shunit2
