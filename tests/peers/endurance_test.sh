#!/bin/sh
# endurance_test - every worker sends a payload of any size in little memory,
# and has nothing left of the tickets that it has done.  With TEST_FULL=1 (`make
# faults`) these are 2 GiB and 10,000 tickets, else 64 MiB and 200.
#
# A transport is a function to_NAME, which makes a destination `a` and says in
# $WORKER whose process that is, and a test of one line.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck disable=SC2034 # variables of the functions that are called by name
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/sshd.sh
. "$TESTS/peers/sshd.sh"

SIZE=67108864 TICKETS=200 GROWTH=3072
[ "${TEST_FULL-}" != 1 ] || SIZE=2147483648 TICKETS=10000 GROWTH=4096

oneTimeSetUp() {
	ssh_keys
}

# --- the transports -----------------------------------------------------------

# makes TYPE CONFIG: the destination.
makes() {
	printf '{"id":"a","label":"a","type":"%s","config":{"%s":%s}}' "$1" \
	    "$1" "$2" | spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals "$(cat "$SCRATCH/created")" a "$(cat "$SCRATCH/created")"
	WORKER=$1
}

to_webhook() {
	makes webhook "{\"url\":\"http://127.0.0.1:$HTTP/a\"}"
}

to_pipe() {
	printf '#!/bin/sh\ncat <&3 >/dev/null 2>&1\nexit 0\n' >"$SCRATCH/program"
	chmod 755 "$SCRATCH/program"
	printf 'pipe p {\n\tcommand = {"%s"}\n}\n' "$SCRATCH/program" >>"$CONF"
	setting "organization $ORG" pipes_allow '{"p"}'
	spoolctl reload >"$SCRATCH/reload" 2>&1
	makes pipe '{"pipe":"p"}'
}

to_email() {
	makes email "{\"smtpConfig\":{\"host\":\"127.0.0.1\",\"port\":$SMTP,
	    \"startTls\":\"never\"},\"from\":\"s@example.org\",
	    \"recipients\":[\"a@example.net\"]}"
}

to_local() {
	mkdir "$SCRATCH/share"
	setting "organization $ORG" local_allow "{\"$SCRATCH/share\"}"
	spoolctl reload >"$SCRATCH/reload" 2>&1
	makes storage "{\"provider\":\"local\",\"overwrite\":true,
	    \"config\":{\"directory\":\"$SCRATCH/share\"}}"
}

to_s3() {
	makes storage "{\"provider\":\"s3\",\"overwrite\":true,\"config\":{
	    \"endpoint\":\"http://127.0.0.1:$HTTP\",\"bucket\":\"spool\",
	    \"region\":\"us-east-1\",\"accessKeyId\":\"k\",
	    \"secretAccessKey\":\"s\"}}"
}

to_azure() {
	makes storage "{\"provider\":\"azure\",\"overwrite\":true,\"config\":{
	    \"endpoint\":\"http://127.0.0.1:$HTTP/account\",
	    \"container\":\"spool\",\"accountName\":\"account\",
	    \"accountKey\":\"$(printf %064d 0 | base64 -w 0)\"}}"
}

to_gcs() {
	makes storage "{\"provider\":\"gcs\",\"overwrite\":true,\"config\":{
	    \"endpoint\":\"http://127.0.0.1:$HTTP\",\"bucket\":\"spool\",
	    \"accessToken\":\"token\"}}"
}

to_api() {
	makes email "{\"service\":\"custom\",\"endpoint\":
	    \"http://127.0.0.1:$HTTP/mail\",\"from\":\"s@example.org\",
	    \"recipients\":[\"a@example.net\"],\"requestTemplate\":
	    {\"content\":\"{{message.attachment.content}}\"}}"
}

to_sftp() {
	SSHD_PORT=
	sshd
	sftp_destination a '{overwrite: true, timeout: 30000}'
	WORKER=sftp
}

# --- what is counted ----------------------------------------------------------

# figure NAME PID: in KiB, of /proc/PID/status.
figure() {
	sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$2/status"
}

descriptors() {
	find "/proc/$1/fd" -type l | wc -l
}

one_more() {
	more=$((${more:-0} + 1))
	drop "more-$more" "$(job a)"
	eventually_within 60 delivered "$ID"
}

# back_to PID COUNT: it has no more descriptors, once it has done one ticket
# more: kept connections whose servers have gone are closed by the next.
back_to() {
	one_more
	[ "$(descriptors "$1")" -le "$2" ]
}

# The figures are for no sanitizer's build, which has shadow memory.
at_most() {
	echo "# $1: $2 KiB"
	sanitized ||
	    assertTrue "$1: $2 KiB, more than $3" "[ $2 -le $3 ]"
}

# endures NAME: the large payload, then the many tickets.
endures() {
	instance
	start
	mkdir "$SCRATCH/discard"
	node "$TESTS/peers/discard.mjs" "$SCRATCH/discard" \
	    >"$SCRATCH/discard/log" 2>&1 &
	echo $! >"$SCRATCH/discard.pid"
	eventually test -s "$SCRATCH/discard/port"
	read -r HTTP SMTP <"$SCRATCH/discard/port"
	more=0
	"to_$1"
	one_more
	pid=$(workers "$WORKER")
	had=$(descriptors "$pid")
	began=$(date +%s)
	truncate -s $SIZE "$SPOOL/data/large.bin"
	echo end >>"$SPOOL/data/large.bin"
	drop large '{"destinations":["a"],"payload":{"type":"export",
	    "file":"large.bin"}}'
	eventually_within 600 delivered "$ID"
	echo "# $1: $((SIZE / 1048576)) MiB in $(($(date +%s) - began)) s"
	assertEquals "$ID.a:p5,a1" "$(ticket done "$ID")"
	at_most "$1, the most" "$(figure VmHWM "$pid")" 65535
	# What it keeps for its work it has by the first tens of tickets.
	drops 50 warm "$(job a)"
	eventually_within 60 counts done 52
	before=$(figure VmRSS "$pid")
	spoold_had=$(descriptors "$(supervisor)")
	began=$(date +%s)
	drops $TICKETS many "$(job a)"
	eventually_within 600 counts done $((TICKETS + 52))
	echo "# $1: $TICKETS tickets in $(($(date +%s) - began)) s"
	at_most "$1, more than before" \
	    "$(($(figure VmRSS "$pid") - before))" $GROWTH
	eventually_within 60 back_to "$pid" "$had"
	echo "# $1: $(descriptors "$pid") descriptors, before $had"
	assertEquals 'the same worker' "$pid" "$(workers "$WORKER")"
	assertEquals "spoold's descriptors" "$spoold_had" \
	    "$(descriptors "$(supervisor)")"
}

test_the_webhook_worker_endures() {
	endures webhook
}

test_the_pipe_worker_endures() {
	endures pipe
}

test_the_email_worker_endures() {
	endures email
}

test_the_storage_worker_endures_with_directories() {
	endures local
}

test_the_storage_worker_endures_with_s3() {
	endures s3
}

test_the_storage_worker_endures_with_azure_storage() {
	endures azure
}

test_the_storage_worker_endures_with_google_cloud_storage() {
	endures gcs
}

test_the_email_worker_endures_with_an_api() {
	endures api
}

test_the_sftp_worker_endures() {
	endures sftp
}

. /usr/share/shunit2/shunit2
