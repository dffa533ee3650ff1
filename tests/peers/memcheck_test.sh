#!/bin/sh
# memcheck_test - under valgrind no worker loses memory or uses what it should
# not: when a ticket arrives, when one fails, when a destination is tested
#
# A worker ends by _exit(2), and nobody may trace it or read its memory, so the
# leak detector of a sanitizer's build never runs in one; valgrind's does.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/sshd.sh
. "$TESTS/peers/sshd.sh"

# The sanitizers' own memory is none of valgrind's: there it is the usual
# build, made beside theirs.
CHECKED=$(readlink -f "$BUILD")
! sanitized || CHECKED=$CHECKED/usual

oneTimeSetUp() {
	! sanitized || make -s -C "$TESTS/.." SAN=0 BUILD="$CHECKED" programs \
	    >"$SHUNIT_TMPDIR/make" 2>&1 || cat "$SHUNIT_TMPDIR/make"
	ssh_keys
	TREE=$SHUNIT_TMPDIR/tree
	mkdir -p "$TREE/libexec/spoold"
	cp -a "$CHECKED/sbin" "$CHECKED/bin" "$TREE"
	PATH=$TREE/bin:$TREE/sbin:$PATH
	for worker in "$CHECKED"/libexec/spoold/*; do
		checked "${worker##*/}" >"$TREE/libexec/spoold/${worker##*/}"
		chmod 755 "$TREE/libexec/spoold/${worker##*/}"
	done
}

# checked WORKER: the program that stands in its place.  Intake's sandbox kills
# whoever calls what intake never does.
checked() {
	echo '#!/bin/sh'
	[ "$1" = intake ] || printf '%s ' exec "$(command -v valgrind)" -q \
	    --leak-check=full --show-leak-kinds=definite,indirect \
	    --errors-for-leak-kinds=definite,indirect --error-exitcode=99 \
	    --num-callers=30 --log-file="$TREE/$1.%p"
	[ "$1" != intake ] || printf 'exec '
	echo "$CHECKED/libexec/spoold/$1"
}

# Every worker whose transport was used has ended, and said nothing.
nothing_said() {
	for worker in "$@"; do
		ls "$TREE/$worker".* >/dev/null 2>&1
		assertEquals "$worker was not checked" 0 $?
	done
	# Others of its lines are about what the kernel can and it cannot.
	assertEquals '' "$(cat "$TREE"/*.[0-9]* | grep '^==')"
}

# create TYPE NAME CONFIG
create() {
	printf '{"id":"%s","label":"%s","type":"%s","config":{"%s":%s}}' "$2" \
	    "$2" "$1" "$1" "$3" | spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals "$2" "$(tail -1 "$SCRATCH/created")"
}

# to DESTINATION...: these in JSON.
to() {
	printf '"%s",' "$@" | sed 's/,$//'
}

over() {
	in_queue done "$1" "$2" || in_queue retry "$1" "$2" ||
	    in_queue failed "$1" "$2"
}

test_no_worker_loses_memory_or_uses_what_is_none_of_its() {
	instance
	slow_retries
	setting top sandbox besteffort
	mkdir "$SCRATCH/share" "$SCRATCH/discard"
	setting "organization $ORG" local_allow "{\"$SCRATCH/share\"}"
	printf '#!/bin/sh\nread -r line\necho reference\n' >"$SCRATCH/program"
	chmod 755 "$SCRATCH/program"
	printf 'pipe p {\n\tcommand = {"%s"}\n}\n' "$SCRATCH/program" >>"$CONF"
	setting "organization $ORG" pipes_allow '{"p"}'
	start
	node "$TESTS/peers/discard.mjs" "$SCRATCH/discard" \
	    >"$SCRATCH/discard/log" 2>&1 &
	echo $! >"$SCRATCH/discard.pid"
	eventually test -s "$SCRATCH/discard/port"
	read -r http smtp <"$SCRATCH/discard/port"
	SSHD_PORT=
	sshd
	create webhook webhook "{\"url\":\"http://127.0.0.1:$http/a\"}"
	create webhook webhook-bad '{"url":"http://127.0.0.1:1/a"}'
	create pipe pipe '{"pipe":"p"}'
	mail='"from":"s@example.org","recipients":["a@example.net"]'
	create email email "{\"smtpConfig\":{\"host\":\"127.0.0.1\",
	    \"port\":$smtp,\"startTls\":\"never\"},$mail,
	    \"subject\":\"{{ward}}\",\"htmlTemplate\":\"<p>{{ward}}\"}"
	create email email-bad "{\"smtpConfig\":{\"host\":\"127.0.0.1\",
	    \"port\":$smtp},$mail}"
	create storage local "{\"provider\":\"local\",\"config\":{
	    \"directory\":\"$SCRATCH/share\"}}"
	create storage local-bad "{\"provider\":\"local\",\"path\":
	    \"{metadata.none}\",\"config\":{\"directory\":\"$SCRATCH/share\"}}"
	s3='"bucket":"spool","region":"r","accessKeyId":"k","secretAccessKey":"s"'
	create storage s3 "{\"provider\":\"s3\",\"config\":{
	    \"endpoint\":\"http://127.0.0.1:$http\",$s3}}"
	create storage s3-bad "{\"provider\":\"s3\",\"config\":{
	    \"endpoint\":\"http://127.0.0.1:1\",$s3}}"
	sftp_destination sftp '{timeout: 30000}'
	sftp_destination sftp-bad '{hostKey: ("SHA256:" + "A" * 43),
	    timeout: 30000}'
	good='webhook email s3 sftp'
	# Valgrind lets no program have the limits that a pipe's gets, and
	# knows no openat2(2).
	bad='pipe local webhook-bad email-bad local-bad s3-bad sftp-bad'
	head -c 300000 /dev/urandom >"$SPOOL/data/file"
	# shellcheck disable=SC2086 # lists
	drop one "{\"destinations\":[$(to $good $bad)],\"payload\":{\"type\":
	    \"data\",\"data\":1,\"metadata\":{\"ward\":\"B\"}}}"
	one=$ID
	# shellcheck disable=SC2086
	drop two "{\"destinations\":[$(to $good)],\"payload\":{\"type\":
	    \"export\",\"file\":\"file\",\"metadata\":{\"ward\":\"B\"}}}"
	for name in $good; do
		eventually_within 200 delivered "$one" "$name" || return
		eventually_within 200 delivered "$ID" "$name" || return
	done
	for name in $bad; do
		eventually_within 200 over "$one" "$name" || return
	done
	for name in $good $bad; do
		spooldest test "$name" >"$SCRATCH/tested" 2>&1
	done
	stop
	eventually stopped
	nothing_said webhook pipe email storage sftp
}

. /usr/share/shunit2/shunit2
