#!/bin/sh
# local_test - tickets that become files beneath an organization's directories
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# An instance that may write beneath $SHARE.
storing() {
	instance
	SHARE=$SCRATCH/share
	mkdir "$SHARE"
	setting "organization $ORG" local_allow "{\"$SHARE\"}"
}

# store NAME [MEMBERS [CONFIG]]: a destination in $SHARE.
store() {
	printf '{"id":"%s","label":"%s","type":"storage","config":{"storage":
	    {"provider":"local"%s,"config":{"directory":"%s"%s}}}}' "$1" "$1" \
	    "${2:+,$2}" "${DIRECTORY:-$SHARE}" "${3:+,$3}" |
	    spooldest create - >"$SCRATCH/created" 2>&1 ||
	    fail "create: $(cat "$SCRATCH/created")"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

# with_file DESTINATION [MEMBERS]: the text of a job with data/payload.bin.
with_file() {
	printf '{"destinations":["%s"],"payload":{"type":"export",
	    "file":"payload.bin"%s}}' "$1" "${2:+,$2}"
}

# What the last attempt at that destination was said to be.
said() {
	journal "select(.dest == \"$1\" and (.event == \"deferred\" or
	    .event == \"failed\")) | \"\(.event) \(.errorCode): \(.reason)\"" |
	    tail -1
}

failed() {
	in_queue failed "$1" "${2-}"
}

deferred() {
	in_queue retry "$1" "${2-}"
}

# All files below the share, hidden ones too.
files() {
	(cd "$SHARE" && find . ! -type d | sort | paste -sd ' ')
}

conflict='failed CONFLICT: something else has that name already; the destination does not overwrite'

test_the_payload_arrives_byte_for_byte_under_the_path_and_name_of_the_templates() {
	storing
	start
	store a '"path":"/{organizationId}/{year}-{month}/{metadata.ward}/","filename":"{type} {metadata.n}.bin"'
	head -c 300001 /dev/urandom >"$SCRATCH/payload"
	cp "$SCRATCH/payload" "$SPOOL/data/payload.bin"
	drop one "$(with_file a '"metadata":{"ward":"é +%20=\"x\u0027","n":7}')"
	eventually delivered "$ID"
	cmp "$SCRATCH/payload" \
	    "$SHARE/demo/$(date -u +%Y-%m)/é +%20=\"x'/export 7.bin"
	assertEquals 'same' 0 $?
	assertEquals 'alone' 1 "$(find "$SHARE" -type f | wc -l)"
}

test_data_has_the_bytes_that_the_client_wrote_and_the_ids_name() {
	storing
	start
	store a
	drop one '{"destinations":["a"],"payload":{"type":"data",
	    "data":{"n": 1.10, "e":"\u00e9"} }}'
	eventually delivered "$ID"
	assertEquals '{"n": 1.10, "e":"\u00e9"}' "$(cat "$SHARE/$ID.json")"
	assertEquals "./$ID.json" "$(files)"
}

test_an_empty_file_and_a_name_of_255_bytes_arrive() {
	storing
	start
	store a '"filename":"{metadata.name}"'
	name=$(head -c 255 /dev/zero | tr '\0' n)
	: >"$SPOOL/data/payload.bin"
	drop one "$(with_file a "\"metadata\":{\"name\":\"$name\"}")"
	eventually delivered "$ID"
	assertEquals "./$name" "$(files)"
	assertEquals 0 "$(stat -c %s "$SHARE/$name")"
	drop two "$(job a | sed "s/{\"n\":1}/1,\"metadata\":{\"name\":\"${name}n\"}/")"
	eventually failed "$ID"
	assertEquals 'failed VALIDATION_ERROR: make a file: File name too long: a name in the path is too long for it' \
	    "$(said a | sed 's/open what has that name/make a file/')"
}

test_files_and_the_directories_that_were_missing_have_the_mode_and_the_group() {
	storing
	start
	group=$(id -gn)
	store a '"path":"x/{metadata.y}"' "\"mode\":\"0660\",\"group\":\"$group\""
	store b '"path":"z"'
	drop one "$(job a b | sed 's/{"n":1}/1,"metadata":{"y":"y"}/')"
	eventually delivered "$ID" a
	eventually delivered "$ID" b
	assertEquals "660 $group" "$(stat -c '%a %G' "$SHARE/x/y/$ID.json")"
	assertEquals "770 $group" "$(stat -c '%a %G' "$SHARE/x/y")"
	assertEquals "770 $group" "$(stat -c '%a %G' "$SHARE/x")"
	assertEquals 640 "$(stat -c %a "$SHARE/z/$ID.json")"
	assertEquals 750 "$(stat -c %a "$SHARE/z")"
}

test_the_same_content_there_already_is_delivered_and_other_content_a_conflict() {
	storing
	start
	store a '"filename":"name"'
	printf '{"n":1}' >"$SHARE/name"
	before=$(stat -c '%i %Y' "$SHARE/name")
	drop same "$(job a)"
	eventually delivered "$ID"
	assertEquals 'untouched' "$before" "$(stat -c '%i %Y' "$SHARE/name")"
	printf '{"n":2}' >"$SHARE/name"
	drop other "$(job a)"
	eventually failed "$ID"
	assertEquals "$conflict" "$(said a)"
	printf '{"n":1}x' >"$SHARE/name"
	drop longer "$(job a)"
	eventually failed "$ID"
	assertEquals '{"n":1}x' "$(cat "$SHARE/name")"
	assertEquals ./name "$(files)"
}

test_what_an_attempt_left_is_gone_after_one_that_has_nothing_to_write() {
	storing
	start
	store a
	drop one "$(job a)"
	eventually delivered "$ID"
	ln "$SHARE/$ID.json" "$SHARE/.spoold.$ID.a.part"
	spoolsuper --delivered -r "$ID" >/dev/null
	eventually twice
	eventually delivered "$ID"
	assertEquals "./$ID.json" "$(files)"
}

twice() {
	[ "$(journal 'select(.event == "delivered") | .seq' | wc -l)" -eq 2 ]
}

test_a_destination_that_overwrites_replaces_at_once() {
	storing
	start
	store a '"filename":"name","overwrite":true'
	echo other >"$SHARE/name"
	exec 9<"$SHARE/name"
	drop one "$(job a)"
	eventually delivered "$ID"
	assertEquals '{"n":1}' "$(cat "$SHARE/name")"
	assertEquals 'who had it open reads on' other "$(cat <&9)"
	exec 9<&-
	assertEquals ./name "$(files)"
}

test_no_link_leads_elsewhere() {
	storing
	start
	mkdir "$SCRATCH/elsewhere" "$SHARE/d"
	ln -s "$SCRATCH/elsewhere" "$SHARE/link"
	ln -s "$SCRATCH/elsewhere/file" "$SHARE/d/name"
	slow_retries
	run spoolctl reload
	store a '"path":"link"'
	store b '"path":"d","filename":"name"'
	store c '"path":"d","filename":"name","overwrite":true'
	DIRECTORY=$SHARE/link store d
	drop one "$(job a b c d)"
	eventually deferred "$ID" a
	eventually failed "$ID" b
	eventually delivered "$ID" c
	eventually deferred "$ID" d
	assertEquals "$conflict" "$(said b)"
	for name in a d; do
		assertEquals "$name: $(said $name)" 1 "$(said $name |
		    grep -c '^deferred CONFIG_ERROR: .*\(Not a directory\|symbolic link\)')"
	done
	assertEquals 'nothing came out' '' "$(ls "$SCRATCH/elsewhere")"
	assertEquals 'replaced the link itself' 'regular file' \
	    "$(stat -c %F "$SHARE/d/name")"
}

test_a_value_that_would_lead_elsewhere_has_failed() {
	storing
	start
	store a '"path":"in/{metadata.v}","filename":"name"'
	for value in .. a/b /etc ../../x; do
		drop "v$(printf %s "$value" | tr -c a-z0-9 -)" \
		    "$(job a | sed "s|{\"n\":1}|1,\"metadata\":{\"v\":\"$value\"}|")"
		eventually failed "$ID"
		assertEquals "$value" 'failed VALIDATION_ERROR' \
		    "$(said a | cut -d : -f 1)"
	done
	assertEquals '' "$(files)"
}

test_a_directory_that_is_not_allowed_is_not_written_to_until_it_is() {
	storing
	mkdir "$SCRATCH/sharex"
	start
	run spooldest create - <<-END
		{"id":"a","label":"a","type":"storage","config":{"storage":{
		 "provider":"local","config":{"directory":"$SCRATCH/sharex"}}}}
	END
	failed_with 65 spooldest VALIDATION_ERROR
	assertContains "$ERR" "config.storage.config.directory is not beneath a directory of the organization's local_allow"
	setting "organization $ORG" local_allow "{\"$SCRATCH/sharex\"}"
	run spoolctl reload
	DIRECTORY=$SCRATCH/sharex store a
	setting "organization $ORG" local_allow "{\"$SHARE\"}"
	run spoolctl reload
	drop one "$(job a)"
	eventually deferred "$ID"
	assertEquals "deferred CONFIG_ERROR: the destination's config.directory is not beneath a directory of the organization's local_allow" \
	    "$(said a)"
	assertEquals '' "$(ls -A "$SCRATCH/sharex")"
	setting "organization $ORG" local_allow "{\"$SHARE\", \"$SCRATCH/sharex/\"}"
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	eventually delivered "$ID"
	assertEquals "$ID.json" "$(ls -A "$SCRATCH/sharex")"
}

test_nothing_is_written_within_spoolds_own_directories() {
	storing
	setting "organization $ORG" local_allow \
	    "{\"$INSTANCE\", \"$INSTANCE/spool\", \"$LOG\"}"
	slow_retries
	start
	DIRECTORY=$INSTANCE/spool/$ORG store spool '"path":"x"'
	DIRECTORY=$LOG store log
	DIRECTORY=$INSTANCE store root '"path":"state"'
	DIRECTORY=$INSTANCE store keys '"path":"keys/x"'
	drop one "$(job spool log root)"
	for name in spool log root; do
		eventually deferred "$ID" $name
		assertEquals "$name" 'deferred CONFIG_ERROR: the path leads into a directory of spoold'"'"'s own' \
		    "$(said $name)"
	done
	assertEquals '' "$(find "$INSTANCE" -name "$ID.json" \
	    -path '*/x/*' -o -name "$ID.json" -path '*/log/*' -o \
	    -name "$ID.json" -path '*/state/*')"
	assertEquals 'said in the log' 2 "$(grep -c 'local_allow: .* is left out' \
	    "$LOG/spoold.log")"
}

test_days_without_cleanup_are_warned_of() {
	storing
	start
	printf '{"id":"a","label":"a","type":"storage","config":{"storage":
	    {"provider":"local","retention":{"days":30},
	    "config":{"directory":"%s"}}}}' "$SHARE" >"$SCRATCH/a.json"
	run spooldest create "$SCRATCH/a.json"
	assertEquals '0: spooldest: warning: config.storage.retention.days: nothing is erased without autoCleanup' \
	    "$STATUS: $ERR"
	run spooldest update a - <<-END
		{"config": {"storage": {"retention": {"autoCleanup": true}}}}
	END
	assertEquals '0: ' "$STATUS: $ERR"
}

test_a_directory_that_is_not_there_is_waited_for_and_not_made() {
	storing
	start
	DIRECTORY=$SHARE/mounted/later store a
	drop one "$(job a)"
	eventually deferred "$ID"
	assertEquals "deferred CONFIG_ERROR: config.directory is not there: make or mount it" \
	    "$(said a)"
	assertEquals '' "$(ls -A "$SHARE")"
	mkdir -p "$SHARE/mounted/later"
	eventually delivered "$ID"
}

test_a_full_disk_is_waited_for_and_leaves_nothing_half_written() {
	storing
	mkdir "$SHARE/full"
	mount -t tmpfs -o size=256k none "$SHARE/full" ||
	    fail 'no tmpfs, or not root'
	start
	DIRECTORY=$SHARE/full store a '"filename":"name"'
	head -c 200k /dev/zero >"$SHARE/full/other"
	head -c 100k /dev/urandom >"$SPOOL/data/payload.bin"
	drop one "$(with_file a)"
	eventually deferred "$ID"
	assertEquals 'deferred REMOTE_FULL: write: No space left on device: make room there' \
	    "$(said a)"
	switch disable a
	eventually test -z "$(find "$SHARE/full" -name '.spoold*')"
	rm "$SHARE/full/other"
	switch enable a
	eventually delivered "$ID"
	assertEquals 102400 "$(stat -c %s "$SHARE/full/name")"
	assertEquals name "$(ls -A "$SHARE/full")"
	stop
	umount "$SHARE/full"
}

test_what_an_attempt_left_that_was_killed_is_removed_by_the_next() {
	storing
	start
	store a
	switch disable a
	drop one "$(job a)"
	eventually in_queue cur "$ID"
	echo half >"$SHARE/.spoold.$ID.a.part"
	switch enable a
	eventually delivered "$ID"
	assertEquals "./$ID.json" "$(files)"
	assertEquals '{"n":1}' "$(cat "$SHARE/$ID.json")"
}

test_a_payload_that_was_changed_has_failed_and_nothing_is_there() {
	storing
	start
	store a
	switch disable a
	head -c 200k /dev/urandom >"$SPOOL/data/payload.bin"
	drop one "$(with_file a)"
	eventually in_queue cur "$ID"
	printf xyz | dd of="$SPOOL/jobs/$ID.data" bs=1 seek=199999 \
	    conv=notrunc 2>/dev/null
	switch enable a
	eventually failed "$ID"
	assertEquals 'failed PAYLOAD_CHANGED: the payload is no longer what was accepted' \
	    "$(said a)"
	assertEquals '' "$(files)"
}

test_a_file_is_synced_before_it_has_its_name_and_the_directory_after() {
	storing
	start
	store a
	drop first "$(job a)"
	eventually delivered "$ID"
	pid=$(workers storage)
	strace -o "$SCRATCH/trace" -e trace=fsync,renameat2 -p "$pid" \
	    2>"$SCRATCH/strace" &
	echo $! >"$SCRATCH/strace.pid"
	eventually grep -q attached "$SCRATCH/strace"
	drop second "$(job a)"
	eventually delivered "$ID"
	eventually grep -q renameat2 "$SCRATCH/trace"
	eventually test "$(grep -c . "$SCRATCH/trace")" -ge 3
	assertEquals 'fsync renameat2 fsync' \
	    "$(sed 's/(.*//' "$SCRATCH/trace" | head -3 | paste -sd ' ')"
	assertEquals 'another descriptor' 2 "$(sed -n 's/^fsync(\([0-9]*\)).*/\1/p' \
	    "$SCRATCH/trace" | head -2 | sort -u | wc -l)"
}

test_a_large_payload_is_never_in_memory_and_other_tickets_go_on() {
	storing
	start
	store a
	head -c 100M /dev/zero >"$SPOOL/data/payload.bin"
	drop large "$(with_file a '"filename":"large"')"
	large=$ID
	drop small "$(job a)"
	eventually delivered "$ID"
	eventually delivered "$large"
	pid=$(workers storage)
	assertEquals 104857600 "$(stat -c %s "$SHARE/large")"
	most=40000
	! sanitized || most=600000
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
	[ "$peak" -le $most ]
	assertEquals "$peak KiB at most" 0 $?
}

test_a_test_writes_and_removes_a_file_and_says_what_is_wrong() {
	storing
	start
	store a
	run spooldest test -j a
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'true write true' "$(jq -r \
	    '"\(.success) \(.steps[0].name) \(.steps[0].ok)"' "$SCRATCH/out")"
	assertEquals '' "$(files)"
	run spooldest test -j --deliver a
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'write' "$(jq -r '[.steps[].name] | join(" ")' \
	    "$SCRATCH/out")"
	assertEquals '' "$(files)"
	DIRECTORY=$SHARE/none store b
	run spooldest test -j b
	assertEquals 'false CONFIG_ERROR write false' "$(jq -r \
	    '"\(.success) \(.errorCode) \(.steps[0].name) \(.steps[0].ok)"' \
	    "$SCRATCH/out")"
	store c '' '"group":"no-such-group"'
	run spooldest test -j c
	assertEquals "the destination's config.group is none that spoold is in" \
	    "$(jq -r .message "$SCRATCH/out")"
	assertEquals '' "$(files)"
}

. /usr/share/shunit2/shunit2
