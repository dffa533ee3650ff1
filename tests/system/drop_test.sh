#!/bin/sh
# drop_test - what clients drop: taken under the id that anybody can compute,
# waited for, or refused with its code and reason beside it
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
# shellcheck source=tests/system/cases.sh
. "$(dirname "$0")/cases.sh"

# --- accepted ---------------------------------------------------------------

test_a_moved_job_arrives_once_under_the_id_computed_beforehand() {
	instance
	start
	sink
	destination ok
	drop first "$(job ok)"
	eventually delivered "$ID" ok
	assertEquals 1 "$(arrivals "$ID")"
	assertEquals 'accepted attempt delivered' "$(events "$ID")"
	assertTrue 'job kept' "[ -f '$SPOOL/jobs/$ID.json' ]"
	eventually receipt_says first "$ID" '.status == "completed"'
	assertEquals "$ID.ok:p5,a1" "$(ticket done "$ID")"
	assertTrue 'new/ is empty' new_is_empty
}

test_a_copied_job_arrives_too() {
	instance
	start
	sink
	destination ok
	job ok >"$SCRATCH/copied.json"
	cp "$SCRATCH/copied.json" "$SPOOL/new/"
	eventually counts done 1
	ID=$(find "$SPOOL/done" -name '*.ok:p5,a1' -printf '%f\n')
	ID=${ID%%.*}
	assertEquals 'the id is the file'\''s' "$(node \
	    "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/jobs/$ID.json" \
	    =copied.json)" "$ID"
	assertEquals 1 "$(arrivals "$ID")"
}

test_jobs_dropped_while_spoold_is_down_wait() {
	instance
	start
	sink
	destination ok
	stop
	drops 20 early "$(job ok)"
	start
	eventually counts done 20
	while read -r id name; do
		assertEquals "$name" 1 "$(arrivals "$id")"
	done <"$SCRATCH/drops"
}

test_a_job_with_default_destinations_goes_to_all_of_them() {
	instance
	start
	sink
	destination a
	destination b
	run spooldest default add a b
	assertEquals "$ERR" 0 "$STATUS"
	drop def '{"destinations":"default",
	    "payload":{"type":"report","data":null}}'
	eventually delivered "$ID" a
	eventually delivered "$ID" b
	eventually receipt_says def "$ID" '.status == "completed" and
	    (.destinations | length) == 2'
}

test_a_payload_file_leaves_data_and_arrives_whole() {
	instance
	start
	sink
	destination ok
	head -c 300000 /dev/urandom >"$SPOOL/data/scan.pdf"
	sum=$(sha256sum <"$SPOOL/data/scan.pdf")
	sum=${sum%% *}
	drop scan '{"destinations":["ok"],"payload":{"type":"export",
	    "file":"scan.pdf","contentType":"application/pdf"}}'
	eventually delivered "$ID" ok
	assertEquals "$sum" "$(request "$ID" .sha256)"
	assertEquals application/pdf \
	    "$(request "$ID" '.headers["content-type"]')"
	assertEquals 'data/ is empty' '' "$(ls "$SPOOL/data")"
	assertTrue "[ -f '$SPOOL/jobs/$ID.data' ]"
	assertEquals "$sum" "$(journal 'select(.event == "accepted") |
	    .sha256')"
}

test_names_that_are_no_drops_are_left_alone() {
	instance
	start
	sink
	destination ok
	job ok >"$SPOOL/new/.hidden.json"
	job ok >"$SPOOL/new/notes.txt"
	drop after "$(job ok)"
	eventually delivered "$ID" ok
	assertTrue "[ -f '$SPOOL/new/.hidden.json' ]"
	assertTrue "[ -f '$SPOOL/new/notes.txt' ]"
	assertEquals 1 "$(count done)"
}

# --- not whole --------------------------------------------------------------

test_a_half_written_job_is_waited_for_and_taken_when_it_is_whole() {
	instance
	start
	sink
	destination ok
	text=$(job ok)
	printf '%.40s' "$text" >"$SPOOL/new/half.json"
	drop other "$(job ok)"
	eventually delivered "$ID" ok
	assertTrue 'still there' "[ -f '$SPOOL/new/half.json' ]"
	printf '%s' "${text#????????????????????????????????????????}" \
	    >>"$SPOOL/new/half.json"
	eventually counts done 2
	assertEquals 2 "$(arrivals '')"
}

test_what_stays_unfinished_is_refused_and_what_is_removed_is_withdrawn() {
	instance
	start
	sink
	cases
	wrong empty ''
	wrong open '{"destinations":["ok"]'
	wrong string '{"destinations":["ok'
	wrong blank ' \n'
	wrong gone '{"destin'
	destination ok
	drop_cases
	drop whole "$(job ok)"
	eventually delivered "$ID"
	assertEquals 'all of them wait' 5 "$(find "$SPOOL/new" -type f | wc -l)"
	rm "$SPOOL/new/gone.json"
	eventually_within 30 new_is_empty
	for name in empty open string blank; do
		refused "$name" VALIDATION_ERROR
	done
	assertEquals withdrawn "$(events "$(id_of gone)")"
}

test_the_largest_of_everything_is_taken() {
	instance
	start
	sink
	destination ok
	word=$(printf '%256s' '' | sed 's/ /é/g')
	drop "$(printf '%195s' '' | tr ' ' n)" "{\"destinations\":[\"ok\"],
	    \"payload\":{\"type\":\"custom\",\"data\":1.7976931348623157e308,
	    \"metadata\":{\"a\":{\"b\":[1]}}},
	    \"options\":{\"priority\":10,\"correlationId\":\"$word\",
	    \"idempotencyKey\":\"$word\",\"tags\":[$(many 32 t)],
	    \"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}}"
	eventually delivered "$ID" ok
	assertEquals "$ID.ok:p10,a1" "$(ticket done "$ID")"
	eventually receipt_says "$(printf '%195s' '' | tr ' ' n)" "$ID" \
	    '.status == "completed" and (.tags | length) == 32 and
	    (.correlationId | length) == 256'
}

# --- no plain files, no plain names -----------------------------------------

# kept_unread ID CODE: refused without being opened, under its id alone.
kept_unread() {
	assertTrue "$1 is kept" "[ -e '$SPOOL/failed/$1.json' -o \
	    -L '$SPOOL/failed/$1.json' ]"
	assertEquals "$1" "$2" "$(jq -r .code "$SPOOL/failed/$1.json.error")"
}

test_what_is_no_plain_file_is_refused_without_being_opened() {
	instance
	start
	sink
	destination ok
	stop
	echo secret >"$SCRATCH/secret"
	ln -s "$SCRATCH/secret" "$SPOOL/new/link.json"
	ln -s nowhere "$SPOOL/new/dangling.json"
	mkfifo "$SPOOL/new/fifo.json"
	mkdir "$SPOOL/new/directory.json"
	job ok >"$SPOOL/tmp/twin"
	ln "$SPOOL/tmp/twin" "$SPOOL/new/hard.json"
	truncate -s 1G "$SPOOL/new/sparse.json"
	node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/new" >"$SCRATCH/ids"
	start
	eventually new_is_empty
	while read -r id hex; do
		case $hex in
		737061727365*)	# sparse.json
			assertEquals PAYLOAD_TOO_LARGE "$(jq -r .code \
			    "$SPOOL/failed/sparse.$id.json.error")"
			;;
		*)
			kept_unread "$id" PAYLOAD_UNREADABLE
			;;
		esac
	done <"$SCRATCH/ids"
	assertEquals 6 "$(wc -l <"$SCRATCH/ids")"
	assertEquals secret "$(cat "$SCRATCH/secret")"
	assertTrue "[ -p '$SPOOL'/failed/*.json ] ||
	    find '$SPOOL/failed' -type p | grep -q ."
	drop after "$(job ok)"
	eventually delivered "$ID" ok
}

test_a_name_that_cannot_be_is_kept_under_the_id() {
	instance
	start
	sink
	destination ok
	stop
	job ok >"$SPOOL/new/$(printf 'new\nline.json')"
	job ok >"$SPOOL/new/$(printf 'latin-\351.json')"
	job ok >"$SPOOL/new/$(printf 'escape-\033.json')"
	job ok >"$SPOOL/new/$(printf '%245s' '' | tr ' ' l).json"
	job ok >"$SPOOL/new/$(printf '%196s' '' | tr ' ' m).json"
	node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/new" >"$SCRATCH/ids"
	start
	eventually new_is_empty
	assertEquals 5 "$(wc -l <"$SCRATCH/ids")"
	while read -r id hex; do
		kept_unread "$id" VALIDATION_ERROR
		receipt=$SPOOL/receipts/$id.json
		assertEquals "$hex" 'refused VALIDATION_ERROR' "$(jq -r \
		    '.status + " " + .error.code' "$receipt")"
		assertEquals "$hex: escaped name" true "$(jq \
		    '.details.name | test("^[ -~]+$")' \
		    "$SPOOL/failed/$id.json.error")"
		assertEquals refused "$(events "$id")"
	done <"$SCRATCH/ids"
	drop after "$(job ok)"
	eventually delivered "$ID" ok
	assertEquals 1 "$(arrivals '')"
}

# --- permissions ------------------------------------------------------------

# The instance of a user without privileges, for root may read everything.
plain() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

test_what_spoold_may_not_read_is_refused_with_the_chmod_that_helps() {
	instance
	sink
	if [ "$(id -u)" -eq 0 ]; then
		chown -R 65534:65534 "$INSTANCE"
	fi
	plain spoolctl start >"$SCRATCH/start" 2>&1
	assertEquals "$(cat "$SCRATCH/start")" 0 $?
	job ok >"$SPOOL/tmp/locked"
	chmod 0 "$SPOOL/tmp/locked"
	ID=$(node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/tmp/locked" \
	    =locked.json)
	mv -n "$SPOOL/tmp/locked" "$SPOOL/new/locked.json"
	file=$SPOOL/failed/locked.$ID.json
	eventually test -f "$file.error"
	assertEquals PAYLOAD_UNREADABLE "$(jq -r .code "$file.error")"
	assertEquals true "$(jq '.message | test("chmod")' "$file.error")"
	plain spoolctl stop >"$SCRATCH/stop" 2>&1
	assertEquals "$(cat "$SCRATCH/stop")" 0 $?
}

. /usr/share/shunit2/shunit2
