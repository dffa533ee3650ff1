#!/bin/sh
# intake_test - what the intake worker says of a dropped file
. "$(dirname "$0")/common.sh"

INTAKE=$BUILD/libexec/spoold/intake

setUp() {
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/intake-test.XXXXXX")
	OLD=$PWD
}

tearDown() {
	[ -z "$DIR" ] || rm -rf "$DIR"
	DIR=
}

# intake COMMANDS: the probe's answer, without the first line (ready).
intake() {
	printf 'setup%s\n%s\nclose\nend\n' "$SETUP" "$1" |
	    (cd "$DIR" && case $INTAKE in
	    /*) "$PROBE" "$INTAKE" ;;
	    *) "$PROBE" "$OLD/$INTAKE" ;;
	    esac) | sed 1d
}
case $BUILD in
/*) PROBE=$BUILD/tests/probe_worker ;;
*) PROBE=$PWD/$BUILD/tests/probe_worker ;;
esac
SETUP=

digest() {
	sha256sum "$1" | cut -d ' ' -f 1
}

test_a_job_with_data_is_accepted_with_all_its_facts() {
	printf '%s' '{"organizationId":"demo","destinations":["a","b"],
	    "payload":{"metadata": {"k" : 1} ,"type":"export","data": [1.10]},
	    "options":{"priority":8,"correlationId":"c 1",
	    "idempotencyKey":"k-1","tags":["x","y z"],
	    "deliverAt":"1970-01-01T00:00:02Z","expiresAt":
	    "1970-01-01T00:00:03.5Z","callback":"back","traceparent":
	    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}' \
	    >"$DIR/job"
	printf '[1.10]' >"$DIR/data"
	data=$(grep -ob '\[1.10\]' "$DIR/job" | cut -d : -f 1)
	metadata=$(grep -ob '{"k" : 1}' "$DIR/job" | cut -d : -f 1)
	expect 0 "accept token=7 type=export priority=8 job=$(stat -c %s \
"$DIR/job") payload=6 data=$data+6 metadata=$metadata+9 deliver=2000 expires=3500 \
jobSha256=$(digest "$DIR/job") sha256=$(digest "$DIR/data") \
destinations=\"a\\nb\\n\" correlationId=\"c 1\" key=\"k-1\" tags=\"x\\ny z\\n\" \
traceparent=\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\" callback=\"back\"
exit status 0" intake 'drop 7 job'
}

test_the_default_destinations_are_the_word() {
	echo '{"destinations":"default","payload":{"type":"data","data":1}}' \
	    >"$DIR/job"
	assertEquals 'destinations="default\n"' \
	    "$(intake 'drop 1 job' | grep -o 'destinations=.*')"
}

test_a_payload_file_is_asked_for_and_hashed() {
	printf '%s' '{"destinations":["a"],"payload":{"type":"export",
	    "file":"big.bin","filename":"x y.bin","contentType":"a/b"}}' \
	    >"$DIR/job"
	head -c 9000001 /dev/zero >"$DIR/big.bin"
	expect 0 "need token=1 file=big.bin
accept token=1 type=export priority=5 job=$(stat -c %s "$DIR/job") \
payload=9000001 data=0+0 metadata=0+0 deliver=0 expires=0 jobSha256=$(digest \
"$DIR/job") sha256=$(digest "$DIR/big.bin") destinations=\"a\\n\" file=\"big.bin\" \
filename=\"x y.bin\" contentType=\"a/b\"
exit status 0" intake 'drop 1 job
wait
payload 1 big.bin'
}

test_an_empty_payload_file_is_one() {
	echo '{"destinations":["a"],"payload":{"type":"data","file":"e"}}' \
	    >"$DIR/job"
	: >"$DIR/e"
	assertEquals "payload=0 sha256=$(digest /dev/null)" "$(intake 'drop 1 job
wait
payload 1 e' | grep -o ' payload=0\| sha256=[0-9a-f]*' | paste -sd '' |
	    sed 's/^ //')"
}

test_a_payload_that_cannot_be_had_refuses_the_job_in_spoolds_words() {
	echo '{"destinations":["a"],"payload":{"type":"data","file":"f"}}' \
	    >"$DIR/job"
	expect 0 'need token=1 file=f
refuse token=1 PAYLOAD_NOT_FOUND path="payload.file" text="there is no f"
exit status 0' intake 'drop 1 job
wait
payload 1 PAYLOAD_NOT_FOUND there\sis\sno\sf'
}

test_a_drop_is_not_held_up_by_a_large_payload_before_it() {
	echo '{"destinations":["a"],"payload":{"type":"data","file":"f"}}' \
	    >"$DIR/large"
	echo '{"destinations":["a"],"payload":{"type":"data","data":1}}' \
	    >"$DIR/small"
	truncate -s 1G "$DIR/f"
	assertEquals 'accept token=2
accept token=1' "$(intake 'drop 1 large
wait
payload 1 f
drop 2 small
wait 2' | grep -o 'accept token=.')"
}

test_half_a_job_is_not_whole_yet() {
	printf '{"destinations":["a"],' >"$DIR/job"
	: >"$DIR/empty"
	expect 0 'refuse token=1 VALIDATION_ERROR incomplete at=22 text="the JSON ends too early, after 22 bytes"
refuse token=2 VALIDATION_ERROR incomplete at=0 text="the JSON ends too early, after 0 bytes"
exit status 0' intake 'drop 1 job
drop 2 empty'
}

test_what_is_wrong_is_refused_with_the_place() {
	printf '{"destinations":["a"],"a":1,}' >"$DIR/job"
	assertEquals 'refuse token=1 VALIDATION_ERROR at=28' \
	    "$(intake 'drop 1 job' | head -1 | sed 's/ text=.*//')"
	echo '{"destinations":["a"],"payload":{"type":"data","data":1},
	    "options":{"priority":11}}' >"$DIR/job"
	assertEquals 'refuse token=1 VALIDATION_ERROR path="options.priority" text="options.priority must be a whole number from 0 to 10"' \
	    "$(intake 'drop 1 job' | head -1)"
}

test_another_organizations_job_is_no_business_of_this_spool() {
	echo '{"organizationId":"other","destinations":["a"],
	    "payload":{"type":"data","data":1}}' >"$DIR/job"
	expect 0 'refuse token=1 ORGANIZATION_MISMATCH path="organizationId" text="this is the spool of another organization"
exit status 0' intake 'drop 1 job'
}

test_what_is_too_large_is_refused_and_never_read_to_its_end() {
	SETUP=' maxJobSize=2000 maxPayloadSize=100000'
	{
		printf '{"destinations":["a"],"payload":{"type":"data","data":"'
		head -c 3000 /dev/zero | tr '\0' x
		echo '"}}'
	} >"$DIR/job"
	truncate -s 1T "$DIR/hole"
	echo '{"destinations":["a"],"payload":{"type":"data","file":"f"}}' \
	    >"$DIR/file"
	expect 0 'refuse token=1 PAYLOAD_TOO_LARGE text="the job is larger than queue.max_job_size, 2000 bytes"
refuse token=2 PAYLOAD_TOO_LARGE text="the job is larger than queue.max_job_size, 2000 bytes"
need token=3 file=f
refuse token=3 PAYLOAD_TOO_LARGE text="the payload is larger than queue.max_payload_size, 100000 bytes"
exit status 0' intake 'drop 1 job
drop 2 hole
drop 3 file
wait 3
payload 3 hole'
	SETUP=
}

test_a_directory_is_no_job() {
	mkdir "$DIR/job"
	expect 0 'refuse token=1 PAYLOAD_UNREADABLE text="read the job: Is a directory"
exit status 0' intake 'drop 1 job'
}

test_its_memory_stays_small() {
	limit=$(bound 49152)
	{
		printf '{"destinations":["a"],"payload":{"type":"data","data":"'
		head -c 10000000 /dev/zero | tr '\0' x
		echo '"}}'
	} >"$DIR/job"
	truncate -s 2G "$DIR/f"
	echo '{"destinations":["a"],"payload":{"type":"data","file":"f"}}' \
	    >"$DIR/file"
	assertEquals "memory: within $limit KiB" "$(intake 'drop 1 job
drop 2 job
drop 3 file
wait 3
payload 3 f
wait
memory '"$limit" | grep memory)"
}

test_it_lives_with_what_is_not_for_it() {
	echo '{"destinations":["a"],"payload":{"type":"data","data":1}}' \
	    >"$DIR/job"
	assertEquals 'accept token=1
exit status 0' "$(intake 'payload 9 job
payload 9 PAYLOAD_NOT_FOUND x
drop 1 job
payload 1 job' | sed 's/ type=.*//')"
}

test_a_broken_link_ends_it_with_a_word_in_the_log() {
	assertEquals 'link: shorter than a header
exit status 70' "$(printf 'setup\nraw 00\nend\n' |
	    "$PROBE" "$INTAKE" 2>&1 | sed 1d |
	    sed 's/.*spoold-intake: //')"
	assertEquals 'the first record is no setup
exit status 70' "$(echo '{"destinations":["a"],"payload":{"type":"data",
	    "data":1}}' >"$DIR/job"; printf 'drop 1 %s\nend\n' "$DIR/job" |
	    "$PROBE" "$INTAKE" 2>&1 | sed 's/.*spoold-intake: //')"
}

test_it_is_shut_in_by_the_kernel() {
	expect 0 'NoNewPrivs: 1
Seccomp: 2
exit status 0' intake 'proc NoNewPrivs
proc Seccomp'
}

run_suite
