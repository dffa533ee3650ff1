#!/bin/sh
# azure_test - tickets that become blobs, judged by the emulator of Azure
# Storage and by what Azure's own library signs and reads back
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/system/stored.sh
. "$(dirname "$0")/../system/stored.sh"
# shellcheck source=tests/peers/azurite.sh
. "$(dirname "$0")/azurite.sh"
# shellcheck source=tests/peers/clouds.sh
. "$(dirname "$0")/clouds.sh"

oneTimeSetUp() {
	azurite_start
}

oneTimeTearDown() {
	azurite_end
}

# Stands before the emulator and judges; $GATE is its URL, $GATE_DIR what it
# keeps.
gate() {
	gate_run azure_gate.mjs "$AZURITE" "$AZURE_ACCOUNT" "$AZURE_KEY"
	GATE=$GATE/$AZURE_ACCOUNT
}

# container NAME [MEMBERS [CONFIG]]: the text of a destination at $ENDPOINT.
container() {
	printf '{"id":"%s","label":"%s","type":"storage","config":{"storage":
	    {"provider":"azure"%s,"config":{"endpoint":"%s",
	    "accountName":"%s","container":"%s"%s}}}}' \
	    "$1" "$1" "${2:+,$2}" "${ENDPOINT:-$GATE}" \
	    "$AZURE_ACCOUNT" "${CONTAINER:-spool}" \
	    ",${3:-\"accountKey\":\"$AZURE_KEY\"}"
}

store() {
	container "$@" | created "$1"
}

# arrived_as KEY FILE: the library reads these bytes back.
arrived_as() {
	azure get spool "$1" >"$SCRATCH/got"
	cmp "$2" "$SCRATCH/got"
	assertEquals "$1" 0 $?
}

test_what_is_stored_the_library_reads_back_byte_for_byte_with_type_and_metadata() {
	instance
	start
	gate
	store a '"path":"/back/{metadata.ward}"'
	head -c 300001 /dev/urandom >"$SCRATCH/payload"
	cp "$SCRATCH/payload" "$SPOOL/data/payload.bin"
	drop one "$(with_file a '"contentType":"text/x-a; b=c","metadata":{
	    "ward":"W 7","n":1.50,"yes":true,"e":"né","1-st.x":"y"}')"
	eventually delivered "$ID"
	well_signed
	arrived_as 'back/W 7/payload.bin' "$SCRATCH/payload"
	sum=$(sha256sum <"$SCRATCH/payload" | cut -d ' ' -f 1)
	md5=$(md5sum <"$SCRATCH/payload" | cut -d ' ' -f 1)
	azure head spool 'back/W 7/payload.bin' >"$SCRATCH/head"
	assertEquals "text/x-a; b=c 300001 $md5 W 7 1.50 true =?UTF-8?B?bsOp?= y $sum" \
	    "$(jq -r '"\(.type) \(.length) \(.md5) \(.metadata.ward) \(.metadata.n) \(.metadata.yes) \(.metadata.e) \(.metadata["_1_st_x"]) \(.metadata.spoold_sha256)"' "$SCRATCH/head")"
	drop two "$(data a '{"ward":"x"}')"
	eventually delivered "$ID"
	printf '{"n":1}' >"$SCRATCH/payload"
	arrived_as "back/x/$ID.json" "$SCRATCH/payload"
	assertEquals application/json "$(azure head spool "back/x/$ID.json" |
	    jq -r .type)"
	: >"$SPOOL/data/payload.bin"
	: >"$SCRATCH/payload"
	drop empty "$(with_file a '"metadata":{"ward":"empty"}')"
	eventually delivered "$ID"
	arrived_as back/empty/payload.bin "$SCRATCH/payload"
}

test_names_arrive_as_they_were_written_and_are_signed_as_azure_does_it() {
	instance
	start
	gate
	store a '"filename":"keys/{metadata.k}"'
	odd_keys | while read -r key; do
		drop k "$(data a "$(jq -cn --arg k "$key" '{m: 1, k: $k}')")"
		eventually delivered "$ID"
	done
	store fixed '"filename":"keys/né 漢字 {type}"'
	drop fixed "$(data fixed '{}')"
	eventually delivered "$ID"
	long=$(head -c 1019 /dev/zero | tr '\0' k)
	store long '"filename":"keys/'"$long"'"'
	drop long "$(data long '{}')"
	eventually delivered "$ID"
	well_signed
	{ odd_keys; echo 'né 漢字 data'; echo "$long"; } |
	    sed 's|^|keys/|' | LC_ALL=C sort >"$SCRATCH/wanted"
	azure keys spool | grep '^keys/' | LC_ALL=C sort >"$SCRATCH/there"
	assertEquals "$(diff "$SCRATCH/wanted" "$SCRATCH/there")" 0 $?
}

test_nothing_is_replaced_and_the_same_content_counts_as_delivered() {
	instance
	start
	gate
	replacing
	well_signed
	assertEquals 'conditions' '*' "$(jq -r 'select(.method == "PUT" and
	    (.target | endswith("held-x"))) | .headers["if-none-match"]' \
	    "$GATE_DIR/requests" | head -1)"
}

# other KEY: somebody else's, for `replacing`.
other() {
	azure put spool "$1" '{"n":9}'
}

content() {
	azure get spool "$1"
}

test_metadata_that_would_be_lost_has_failed() {
	instance
	start
	gate
	store a '"filename":"meta-{deliveryId}"'
	drop same "$(data a '{"a-b":1,"a.b":2}')"
	eventually failed "$ID"
	assertEquals 'failed VALIDATION_ERROR: payload.metadata has two names that are the same to the server' \
	    "$(said a)"
	drop own "$(data a '{"Spoold-SHA256":"x"}')"
	eventually failed "$ID"
	assertEquals "failed VALIDATION_ERROR: payload.metadata has a name with spoold- before it, which is spoold's own" \
	    "$(said a)"
	drop odd "$(data a '{"nl":"a\nb"}')"
	eventually delivered "$ID"
	assertEquals '=?UTF-8?B?YQpi?=' "$(azure head spool "meta-$ID" |
	    jq -r .metadata.nl)"
}

test_a_wrong_key_or_container_is_said_and_waits_to_be_mended() {
	instance
	slow_retries
	start
	gate
	wrong=$(printf 'a wrong key of 32 bytes, at least' | base64)
	store key '' "\"accountKey\":\"$wrong\""
	CONTAINER=nowhere store container
	drop one "$(job key container)"
	eventually deferred "$ID" key
	eventually deferred "$ID" container
	assertEquals "deferred AUTHENTICATION_FAILED: it answered 403 AuthenticationFailed: the accountKey is not the account's, or the sasToken is not valid, not yet or no more" \
	    "$(said key)"
	assertEquals 'deferred CONFIG_ERROR: it answered 404 ContainerNotFound: there is no such container' \
	    "$(said container)"
	printf '{"config":{"storage":{"config":{"accountKey":"%s"}}}}' \
	    "$AZURE_KEY" | spooldest update key - >"$SCRATCH/out" 2>&1
	assertEquals "$(cat "$SCRATCH/out")" 0 $?
	run spoolq -s key
	eventually delivered "$ID" key
	echo '{"config":{"storage":{"config":{"endpoint":"http://127.0.0.1:1"}}}}' \
	    >"$SCRATCH/patch"
	run spooldest update key "$SCRATCH/patch"
	failed_with 65 spooldest VALIDATION_ERROR
	assertContains "$ERR" \
	    'config.storage.config.accountKey has to be given again'
	nowhere_in_clear "$AZURE_KEY"
}

test_a_sas_stores_and_stands_nowhere() {
	instance
	slow_retries
	start
	gate
	sas=$(azure sas spool cwr 3600)
	store good '"filename":"sas"' "\"sasToken\":\"?$sas\""
	old=$(azure sas spool cwr -60)
	store old '"filename":"old"' "\"sasToken\":\"$old\""
	weak=$(azure sas spool r 3600)
	store weak '"filename":"weak"' "\"sasToken\":\"$weak\""
	drop one "$(job good old weak)"
	eventually delivered "$ID" good
	assertEquals '{"n":1}' "$(azure get spool sas)"
	for name in old weak; do
		eventually deferred "$ID" $name
	done
	assertEquals 'deferred AUTHENTICATION_FAILED: it answered 403 AuthenticationFailed (expired): the sasToken has expired: make a new one' \
	    "$(said old)"
	assertEquals 'deferred AUTHENTICATION_FAILED: it answered 403 AuthorizationPermissionMismatch: the sasToken may not do that: it needs create, write and read, and for a test or retention delete' \
	    "$(said weak)"
	nowhere_in_clear "$(echo "$sas" | sed 's/.*sig=//')"
}

# STATUS CODE OUTCOME: what each of Azure's error codes comes to.
codes='403 AuthenticationFailed deferred AUTHENTICATION_FAILED
403 AuthorizationFailure deferred AUTHENTICATION_FAILED
403 AuthorizationPermissionMismatch deferred AUTHENTICATION_FAILED
403 KeyBasedAuthenticationNotPermitted deferred AUTHENTICATION_FAILED
403 AccountIsDisabled deferred AUTHENTICATION_FAILED
404 ContainerNotFound deferred CONFIG_ERROR
409 ContainerBeingDeleted deferred CONFIG_ERROR
503 ServerBusy deferred HTTP_STATUS
500 OperationTimedOut deferred HTTP_STATUS
500 InternalError deferred HTTP_STATUS
429 TooManyRequests deferred HTTP_STATUS
412 LeaseIdMissing deferred HTTP_STATUS
409 BlobImmutableDueToPolicy failed CONFLICT
409 BlobImmutableDueToLegalHold failed CONFLICT
400 Md5Mismatch deferred PROTOCOL_ERROR
413 RequestBodyTooLarge failed HTTP_STATUS
400 MetadataTooLarge failed HTTP_STATUS
400 InvalidQueryParameterValue failed HTTP_STATUS
418 SomethingNew deferred HTTP_STATUS'

test_each_error_code_means_what_the_table_says() {
	instance
	slow_retries
	start
	gate
	store a '"filename":"code-{metadata.k}","overwrite":true'
	echo "$codes" | each_code
	well_signed
}

test_an_answer_that_is_lost_is_a_possible_duplicate_that_is_compared() {
	instance
	start
	gate
	store a '"filename":"lost"'
	rule lost '{"match":"^PUT ","times":1,"silent":true}'
	drop one "$(data a '{}')"
	eventually delivered "$ID"
	assertEquals 'deferred MAY_HAVE_ARRIVED' "$(said a | cut -d : -f 1)"
	assertEquals 'PUT PUT HEAD' "$(jq -r .method "$GATE_DIR/requests" |
	    paste -sd ' ')"
	eventually receipt_says one "$ID" \
	    '.destinations[0].possibleDuplicate == true'
}

# --- blocks ---

test_a_large_payload_goes_in_blocks_and_one_that_fails_is_sent_again() {
	instance
	start
	gate
	store a '"filename":"blocks é"'
	# The second block, twice.
	rule two '{"match":"blockid=00000001","times":2,"status":503,"code":"ServerBusy"}'
	large 70M one
	drop one "$(with_file a '"metadata":{"m":"x"}')"
	eventually_within 120 delivered "$ID"
	well_signed
	assertEquals "$SUM" "$(azure get spool 'blocks é' | sha256sum)"
	assertEquals "x $MD5" "$(azure head spool 'blocks é' |
	    jq -r '"\(.metadata.m) \(.md5)"')"
	assertEquals '1 3 1 1 1' "$(for block in 0 1 2 3 4; do
		requests | grep -c "^PUT .*blockid=0000000$block"
	done | paste -sd ' ')"
	assertEquals 'one attempt' 1 "$(journal \
	    'select(.event == "attempt") | .dest' | wc -l)"
	small_in_memory
	puts=$(requests | grep -c '^PUT ')
	large 70M one
	drop again "$(with_file a)"
	eventually_within 120 delivered "$ID"
	assertEquals 'not sent again' "$puts" "$(requests | grep -c '^PUT ')"
}

test_the_next_attempt_goes_on_with_the_blocks_of_one_that_was_killed() {
	instance
	start
	gate
	store a '"filename":"killed & left","timeout":300000'
	rule nine '{"match":"blockid=00000009","times":1,"hang":true}'
	large 256M two
	drop one "$(with_file a)"
	eventually_within 120 grep -q blockid=00000009 "$GATE_DIR/requests"
	assertEquals 'nothing under its name' '' "$(azure keys spool |
	    grep killed)"
	assertEquals 'blocks' 9 "$(azure blocks spool 'killed & left' | wc -l)"
	kill -9 "$(workers storage)"
	eventually_within 120 delivered "$ID"
	well_signed
	assertEquals "$SUM" "$(azure get spool 'killed & left' | sha256sum)"
	assertEquals 'the first once' 1 "$(requests |
	    grep -c 'blockid=00000000')"
	assertEquals 'the tenth twice' 2 "$(requests |
	    grep -c 'blockid=00000009')"
	assertEquals 'none left' 0 "$(azure blocks spool 'killed & left' |
	    wc -l)"
}

test_blocks_that_do_not_fit_are_sent_anew() {
	instance
	start
	gate
	store a '"filename":"misled"'
	rule two '{"match":"blockid=00000002","times":3,"status":503,"code":"ServerBusy"}'
	rule list '{"match":"blocklisttype","times":1,"status":200,"body":"<BlockList><UncommittedBlocks><Block><Name>00000000zz</Name><Size>16777216</Size></Block><Block><Name>ffffffff</Name><Size>1</Size></Block><Block><Name>"}'
	large 70M three
	drop one "$(with_file a)"
	eventually_within 120 delivered "$ID"
	assertEquals "$SUM" "$(azure get spool misled | sha256sum)"
	assertEquals 'both times' 2 "$(requests | grep -c 'blockid=00000000')"
}

test_what_is_given_up_never_has_its_name() {
	instance
	slow_retries
	start
	gate
	store a '"filename":"given up"'
	rule three '{"match":"blockid=00000003","status":403,"code":"AuthorizationPermissionMismatch"}'
	large 70M four
	drop one "$(with_file a)"
	eventually_within 120 deferred "$ID"
	assertEquals 'deferred AUTHENTICATION_FAILED' "$(said a |
	    cut -d : -f 1)"
	assertEquals '' "$(azure keys spool | grep 'given up')"
}

test_a_list_whose_answer_is_lost_is_a_possible_duplicate() {
	instance
	start
	gate
	store a '"filename":"completed"'
	rule lost '{"match":"^PUT .*comp=blocklist","times":1,"silent":true}'
	large 70M five
	drop one "$(with_file a)"
	eventually_within 120 delivered "$ID"
	assertEquals 'deferred MAY_HAVE_ARRIVED' "$(said a | cut -d : -f 1)"
	assertEquals "$SUM" "$(azure get spool completed | sha256sum)"
	assertEquals 'blocks' 5 "$(requests | grep -c 'blockid=')"
}

test_in_blocks_too_nothing_is_replaced() {
	instance
	start
	gate
	store a '"filename":"kept"'
	store over '"filename":"kept","overwrite":true'
	azure put spool kept '{"n":9}'
	large 70M six
	drop one "$(with_file a)"
	eventually_within 120 failed "$ID"
	assertEquals "$conflict" "$(said a)"
	assertEquals '{"n":9}' "$(azure get spool kept)"
	# Somebody is faster than the list.
	store late '"filename":"late"'
	rule four '{"match":"blockid=00000004","wait":"faster"}'
	large 70M six
	drop late "$(with_file late)"
	eventually_within 120 grep -q blockid=00000004 "$GATE_DIR/requests"
	azure put spool late '{"n":9}'
	: >"$GATE_DIR/faster"
	eventually_within 120 failed "$ID"
	assertEquals '{"n":9}' "$(azure get spool late)"
	large 70M six
	drop over "$(with_file over)"
	eventually_within 120 delivered "$ID"
	assertEquals "$SUM" "$(azure get spool kept | sha256sum)"
}

# --- erased again ---

test_what_it_stored_is_erased_if_it_is_that_still() {
	instance
	start
	gate
	store a '"filename":"old-{deliveryId}","retention":{"days":30,"autoCleanup":true}'
	erasing 'a CONFLICT something else has that key now: it was left there'
	well_signed
	assertEquals 'If-Match' 1 "$(jq -r 'select(.method == "DELETE") |
	    .headers["if-match"]' "$GATE_DIR/requests" | grep -c '"0x')"
}

# there: the keys of that test.
there() {
	azure keys spool | grep '^old-'
}

# --- servers that do not behave ---

test_garbage_silence_and_too_much_at_each_step_are_deferred_with_a_reason() {
	instance
	slow_retries
	start
	gate
	for step in 'HEAD .*' 'PUT .*blockid=00000000' 'PUT .*comp=blocklist'; do
		misbehave "^$step" 64M
	done
	misbehave '^PUT .*small' 7
	assertEquals '' "$(azure keys spool | grep '^odd-')"
}

# --- tests ---

test_a_test_writes_a_small_blob_and_removes_it_and_says_what_is_wrong() {
	instance
	start
	gate
	good='true null resolve=true connect=true authenticate=true write=true'
	store good
	assertEquals "$good" "$(steps_of good)"
	well_signed
	assertEquals 0 "$(azure keys spool | grep -c spoold.test)"
	wrong=$(printf 'a wrong key of 32 bytes, at least' | base64)
	store key '' "\"accountKey\":\"$wrong\""
	assertEquals 'false AUTHENTICATION_FAILED resolve=true connect=true authenticate=false' \
	    "$(steps_of key)"
	CONTAINER=nowhere store container
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of container)"
	assertEquals 'it answered 404 ContainerNotFound: there is no such container' \
	    "$(jq -r .message "$SCRATCH/out")"
	store sas '' "\"sasToken\":\"$(azure sas spool cwrd 3600)\""
	assertEquals "$good" "$(steps_of sas)"
	store old '' "\"sasToken\":\"$(azure sas spool cwrd -60)\""
	assertEquals 'false AUTHENTICATION_FAILED resolve=true connect=true authenticate=false' \
	    "$(steps_of old)"
	assertEquals 'it answered 403 AuthenticationFailed (expired): the sasToken has expired: make a new one' \
	    "$(jq -r .message "$SCRATCH/out")"
	store weak '' "\"sasToken\":\"$(azure sas spool r 3600)\""
	assertEquals 'false AUTHENTICATION_FAILED resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of weak)"
	rule blind '{"match":"spoold.test","blind":true}'
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of good)"
	rule blind '{"match":"spoold.test","date":"Sat, 28 Nov 2020 19:00:00 GMT"}'
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=false write=true' \
	    "$(steps_of good)"
	assertEquals 0 "$(azure keys spool | grep -c spoold.test)"
}

. /usr/share/shunit2/shunit2
