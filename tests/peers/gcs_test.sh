#!/bin/sh
# gcs_test - tickets that become objects of Google Cloud Storage, at a server of
# its API (gcs_server.mjs) that verifies what it is shown, and read back by
# Google's own library
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/system/stored.sh
. "$(dirname "$0")/../system/stored.sh"
# shellcheck source=tests/peers/clouds.sh
. "$(dirname "$0")/clouds.sh"

EMAIL=spool@proj.iam.gserviceaccount.com
TOKEN=static-token-of-the-tests

oneTimeSetUp() {
	KEYS=$(mktemp -d "${TMPDIR:-/tmp}/spoold-gcs.XXXXXX") || exit 1
	for name in good other; do
		openssl genrsa -out "$KEYS/$name.pem" 2048 2>/dev/null
	done
	openssl rsa -in "$KEYS/good.pem" -pubout -out "$KEYS/public.pem" \
	    2>/dev/null
}

oneTimeTearDown() {
	[ -z "$KEYS" ] || rm -rf "$KEYS"
	KEYS=
}

# The server; $GATE is its URL, $GATE_DIR what it keeps.
gate() {
	gate_run gcs_server.mjs "$KEYS/public.pem" "$EMAIL"
	echo "$TOKEN" >"$GATE_DIR/static"
	rule sdk '{"match":"resumable .*gcloud-node","open":true}'
}

# account [KEY [URL]]: the text of a key file, as a string of JSON.
account() {
	jq -n --rawfile key "$KEYS/${1:-good}.pem" --arg email "$EMAIL" \
	    --arg url "${2:-$GATE/token}" '{type: "service_account",
	    project_id: "proj", private_key_id: "abc123", private_key: $key,
	    client_email: $email, client_id: "1", token_uri: $url} | tojson'
}

# bucket NAME [MEMBERS [CONFIG]]: the text of a destination.
bucket() {
	printf '{"id":"%s","label":"%s","type":"storage","config":{"storage":
	    {"provider":"%s"%s,"config":{"endpoint":"%s","bucket":"%s"%s}}}}' \
	    "$1" "$1" "${PROVIDER:-gcs}" "${2:+,$2}" "${ENDPOINT:-$GATE}" \
	    "${BUCKET:-spool}" ",${3:-\"credentials\":$(account)}"
}

store() {
	bucket "$@" | created "$1"
}

# gcs COMMAND ARGUMENT...: as Google's own library has it; gcs.mjs.
gcs() {
	command=$1
	shift
	node "$TESTS/peers/gcs.mjs" "$GATE" "$TOKEN" "$command" spool "$@"
}

# arrived_as KEY FILE: the library reads these bytes back, and their CRC32C.
arrived_as() {
	gcs get "$1" >"$SCRATCH/got"
	cmp "$2" "$SCRATCH/got"
	assertEquals "$1" 0 $?
}

# How often the server was asked what matches.
asked() {
	jq -r '"\(.method) \(.target) \(.headers["content-range"])"' \
	    "$GATE_DIR/requests" | grep -c -- "$1"
}

# other KEY: somebody else's, for `replacing`.
other() {
	gcs put "$1" '{"n":9}'
}

content() {
	gcs get "$1"
}

test_the_library_of_google_speaks_with_the_server_of_these_tests() {
	instance
	gate
	rule sdk '{"match":"^POST .*uploadType=resumable","open":true}'
	head -c 3000001 /dev/urandom >"$SCRATCH/big"
	gcs upload 'a b+é' "$SCRATCH/big"
	arrived_as 'a b+é' "$SCRATCH/big"
	assertEquals 'a b+é' "$(gcs keys)"
	assertEquals 'bytes 0-1048575/*' "$(jq -r '.headers["content-range"] //
	    empty' "$GATE_DIR/requests" | head -1)"
}

test_what_is_stored_the_library_reads_back_byte_for_byte_with_type_and_metadata() {
	instance
	start
	gate
	store a '"path":"/back/{metadata.ward}"'
	head -c 300001 /dev/urandom >"$SCRATCH/payload"
	cp "$SCRATCH/payload" "$SPOOL/data/payload.bin"
	drop one "$(with_file a '"contentType":"text/x-a; b=c","metadata":{
	    "ward":"W 7","n":1.50,"yes":true,"e":"né"}')"
	eventually delivered "$ID"
	arrived_as 'back/W 7/payload.bin' "$SCRATCH/payload"
	sum=$(sha256sum <"$SCRATCH/payload" | cut -d ' ' -f 1)
	md5=$(md5sum <"$SCRATCH/payload" | cut -d ' ' -f 1)
	gcs head 'back/W 7/payload.bin' >"$SCRATCH/head"
	assertEquals "text/x-a; b=c 300001 $md5 W 7 1.50 true =?UTF-8?B?bsOp?= $sum" \
	    "$(jq -r '"\(.type) \(.length) \(.md5) \(.metadata.ward) \(.metadata.n) \(.metadata.yes) \(.metadata.e) \(.metadata["spoold-sha256"])"' "$SCRATCH/head")"
	assertEquals 'the generation' "$(jq -r .generation "$SCRATCH/head")" \
	    "$(journal 'select(.event == "delivered") | .reference')"
	drop two "$(data a '{"ward":"x"}')"
	eventually delivered "$ID"
	printf '{"n":1}' >"$SCRATCH/payload"
	arrived_as "back/x/$ID.json" "$SCRATCH/payload"
	: >"$SPOOL/data/payload.bin"
	: >"$SCRATCH/payload"
	PROVIDER=gcp store b '"path":"/back/{metadata.ward}"'
	drop empty "$(with_file b '"metadata":{"ward":"empty"}')"
	eventually delivered "$ID"
	arrived_as back/empty/payload.bin "$SCRATCH/payload"
}

test_names_arrive_as_they_were_written() {
	instance
	start
	gate
	store a '"filename":"keys/{metadata.k}"'
	odd_keys | while read -r key; do
		drop k "$(data a "$(jq -cn --arg k "$key" '{m: 1, k: $k}')")"
		eventually delivered "$ID"
	done
	long=$(head -c 1019 /dev/zero | tr '\0' k)
	store long '"filename":"keys/'"$long"'"'
	drop long "$(data long '{}')"
	eventually delivered "$ID"
	{ odd_keys; echo "$long"; } |
	    sed 's|^|keys/|' | LC_ALL=C sort >"$SCRATCH/wanted"
	gcs keys | LC_ALL=C sort >"$SCRATCH/there"
	assertEquals "$(diff "$SCRATCH/wanted" "$SCRATCH/there")" 0 $?
}

test_nothing_is_replaced_and_the_same_content_counts_as_delivered() {
	instance
	start
	gate
	replacing
	assertEquals 'conditions' 5 "$(asked 'multipart&ifGenerationMatch=0')"
}

# --- tokens ---

test_one_grant_serves_many_tickets() {
	instance
	start
	gate
	store a '"filename":"many/{metadata.k}"'
	store b '"filename":"more/{metadata.k}"'
	for i in 1 2 3 4 5; do
		drop "$i" "$(data a "{\"k\":$i}" |
		    sed 's/\["a"\]/["a","b"]/')"
	done
	eventually all_stored 10
	assertEquals 'grants' 1 "$(asked '^POST /token')"
}

test_a_token_that_has_expired_is_asked_for_anew() {
	instance
	start
	gate
	rule short '{"match":"^POST /token","expires":0}'
	store a '"filename":"short/{metadata.k}","overwrite":true'
	for i in 1 2; do
		drop "$i" "$(data a "{\"k\":$i}")"
		eventually delivered "$ID"
	done
	assertEquals 'grants' 2 "$(asked '^POST /token')"
}

all_stored() {
	[ "$(gcs keys | wc -l)" -eq "$1" ]
}

test_a_token_that_was_refused_is_asked_for_anew() {
	instance
	start
	gate
	store a '"filename":"anew/{metadata.k}"'
	drop one "$(data a '{"k":1}')"
	eventually delivered "$ID"
	rule gone '{"match":"^POST .*multipart","times":1,"status":401,"code":"authError"}'
	drop two "$(data a '{"k":2}')"
	eventually delivered "$ID"
	assertEquals 'deferred AUTHENTICATION_FAILED: it answered 401 authError: the token is not valid, or no more' \
	    "$(said a)"
	assertEquals 'grants' 2 "$(asked '^POST /token')"
}

test_an_access_token_does_without_a_service_account() {
	instance
	start
	gate
	store a '"filename":"bearer"' "\"accessToken\":\"$TOKEN\""
	drop one "$(data a '{}')"
	eventually delivered "$ID"
	assertEquals 'grants' 0 "$(asked '^POST /token')"
	nowhere_in_clear "$TOKEN"
}

test_tokens_may_come_from_elsewhere_but_are_for_whom_the_key_file_says() {
	instance
	slow_retries
	start
	gate
	# The server verifies that the audience is its own URL.
	store good '"filename":"elsewhere"' "\"credentials\":$(account good \
	    "$GATE/token"),\"tokenEndpoint\":\"$GATE/token\""
	store wrong '"filename":"wrong"' "\"credentials\":$(account good \
	    https://oauth2.googleapis.com/token),\"tokenEndpoint\":\"$GATE/token\""
	drop one "$(job good wrong)"
	eventually delivered "$ID" good
	eventually deferred "$ID" wrong
	assertEquals 'deferred AUTHENTICATION_FAILED: no token for it: it answered 400 invalid_grant' \
	    "$(said wrong | sed 's/invalid_grant: .*/invalid_grant/')"
	echo '{"config":{"storage":{"config":{"tokenEndpoint":"http://127.0.0.1:1/token"}}}}' \
	    >"$SCRATCH/patch"
	run spooldest update good "$SCRATCH/patch"
	failed_with 65 spooldest VALIDATION_ERROR
	assertContains "$ERR" \
	    'config.storage.config.credentials has to be given again'
}

test_the_egress_policy_is_for_where_tokens_come_from_too() {
	instance
	slow_retries
	start
	gate
	store a '"filename":"egress"' \
	    "\"credentials\":$(account good https://169.254.169.254/token)"
	drop one "$(data a '{}')"
	eventually deferred "$ID"
	assertEquals 'deferred EGRESS_DENIED' "$(said a | cut -d : -f 1)"
}

test_a_wrong_key_or_bucket_is_said_and_waits_to_be_mended() {
	instance
	slow_retries
	start
	gate
	store key '' "\"credentials\":$(account other)"
	BUCKET=nowhere store bucket
	drop one "$(job key bucket)"
	eventually deferred "$ID" key
	eventually deferred "$ID" bucket
	assertEquals 'deferred AUTHENTICATION_FAILED: no token for it: it answered 400 invalid_grant: the credentials are not those of a service account that is there, or their key was deleted, or the clocks differ' \
	    "$(said key)"
	assertEquals 'deferred CONFIG_ERROR: it answered 404 notFound: there is no such bucket' \
	    "$(said bucket)"
	printf '{"config":{"storage":{"config":{"credentials":%s}}}}' \
	    "$(account)" | spooldest update key - >"$SCRATCH/out" 2>&1
	assertEquals "$(cat "$SCRATCH/out")" 0 $?
	run spoolq -s key
	eventually delivered "$ID" key
	nowhere_in_clear "$(sed -n 3p "$KEYS/good.pem")"
}

# STATUS CODE OUTCOME: what each of the reasons comes to.
codes='401 authError deferred AUTHENTICATION_FAILED
403 forbidden deferred AUTHENTICATION_FAILED
403 insufficientPermissions deferred AUTHENTICATION_FAILED
403 accountDisabled deferred AUTHENTICATION_FAILED
403 accessNotConfigured deferred CONFIG_ERROR
404 notFound deferred CONFIG_ERROR
403 retentionPolicyNotMet failed CONFLICT
403 objectUnderActiveHold failed CONFLICT
403 quotaExceeded deferred REMOTE_FULL
403 rateLimitExceeded deferred HTTP_STATUS
429 rateLimitExceeded deferred HTTP_STATUS
503 backendError deferred HTTP_STATUS
500 internalError deferred HTTP_STATUS
409 conflict deferred HTTP_STATUS
413 uploadTooLarge failed HTTP_STATUS
400 invalid failed HTTP_STATUS
418 somethingNew deferred HTTP_STATUS'

test_each_reason_means_what_the_table_says() {
	instance
	slow_retries
	start
	gate
	store a '"filename":"code-{metadata.k}","overwrite":true'
	echo "$codes" | each_code
}

# What is said where tokens come from.
token_codes='400 invalid_grant AUTHENTICATION_FAILED
401 invalid_client AUTHENTICATION_FAILED
403 access_denied AUTHENTICATION_FAILED
400 unsupported HTTP_STATUS
404 gone HTTP_STATUS
503 busy HTTP_STATUS'

test_no_token_is_deferred_whatever_the_answer() {
	instance
	slow_retries
	start
	gate
	echo "$token_codes" >"$SCRATCH/codes"
	store a '"filename":"token-{metadata.k}"'
	while read -r status code error; do
		rule token "{\"match\":\"/token\",\"status\":$status,
		    \"code\":\"$code\"}"
		drop "$code" "$(data a "{\"k\":\"$code\"}")"
		eventually deferred "$ID"
		assertEquals "$code" "deferred $error: no token for it: it answered $status" \
		    "$(said a | sed 's/\(answered [0-9]*\).*/\1/')"
		run spoolctl reload
	done <"$SCRATCH/codes"
	for answer in '"cut":true' '"flood":true,"status":200' \
	    '"body":"{\"access_token\":\"a b\",\"expires_in\":1}","status":200' \
	    '"body":"{\"access_token\":7}","status":200' \
	    '"body":"","status":200' '"body":"[","status":200'; do
		rule token "{\"match\":\"/token\",$answer}"
		drop odd "$(data a '{"k":"odd"}')"
		eventually deferred "$ID"
		assertContains "$(said a)" 'no token for it: '
		run spoolctl reload
	done
}

test_an_answer_that_is_lost_is_a_possible_duplicate_that_is_compared() {
	instance
	start
	gate
	store a '"filename":"lost"'
	rule lost '{"match":"^POST .*multipart","times":1,"silent":true}'
	drop one "$(data a '{}')"
	eventually delivered "$ID"
	assertEquals 'deferred MAY_HAVE_ARRIVED' "$(said a | cut -d : -f 1)"
	assertEquals 'asked' 1 "$(asked '^GET .*/o/lost')"
	eventually receipt_says one "$ID" \
	    '.destinations[0].possibleDuplicate == true'
}

# --- sessions ---

test_from_eight_mebibytes_on_it_goes_to_a_session_and_a_part_that_fails_is_sent_again() {
	instance
	start
	gate
	store a '"filename":"session é"'
	rule two '{"match":"bytes 16777216-","times":2,"status":503,"code":"backendError"}'
	large 70M one
	drop one "$(with_file a '"contentType":"text/x-a","metadata":{"m":"x"}')"
	eventually_within 120 delivered "$ID"
	assertEquals "$SUM" "$(gcs get 'session é' | sha256sum)"
	assertEquals "text/x-a x $MD5" "$(gcs head 'session é' |
	    jq -r '"\(.type) \(.metadata.m) \(.md5)"')"
	assertEquals 'the second' 3 "$(asked 'bytes 16777216-')"
	assertEquals 'asked where it is' 2 "$(asked 'bytes \*/')"
	assertEquals 'one attempt' 1 "$(journal \
	    'select(.event == "attempt") | .dest' | wc -l)"
	small_in_memory
	puts=$(asked '^PUT ')
	large 70M one
	drop again "$(with_file a)"
	eventually_within 120 delivered "$ID"
	assertEquals 'not sent again' "$puts" "$(asked '^PUT ')"
	large 7M two
	store small '"filename":"no session"'
	drop small "$(with_file small)"
	eventually delivered "$ID"
	assertEquals 'not sent to one' "$puts" "$(asked '^PUT ')"
}

test_it_goes_on_in_the_middle_of_a_part_where_the_server_stopped() {
	instance
	start
	gate
	store a '"filename":"middle"'
	rule cut '{"match":"bytes 33554432-","times":1,"hang":true,"bytes":3000000}'
	large 70M three
	drop one "$(with_file a)"
	eventually_within 60 grep -q 33554432 "$GATE_DIR/requests"
	kill -9 "$(workers storage)"
	eventually_within 120 delivered "$ID"
	assertEquals "$SUM" "$(gcs get middle | sha256sum)"
	# What had come of that part was not sent again.
	assertEquals 'the third anew' 1 "$(asked 'bytes 33554432-')"
	assertEquals 'the first' 1 "$(asked 'bytes 0-')"
}

test_the_next_attempt_goes_on_with_the_session_of_one_that_was_killed() {
	instance
	start
	gate
	store a '"filename":"killed & left","timeout":300000'
	rule nine '{"match":"bytes 150994944-","times":1,"hang":true}'
	large 256M two
	drop one "$(with_file a)"
	eventually_within 120 grep -q 150994944 "$GATE_DIR/requests"
	assertEquals 'nothing under its name' '' "$(gcs keys)"
	id=$(jq -r .target "$GATE_DIR/requests" |
	    sed -n 's/.*upload_id=//p' | head -1)
	kill -9 "$(workers storage)"
	eventually_within 120 delivered "$ID"
	assertEquals "$SUM" "$(gcs get 'killed & left' | sha256sum)"
	assertEquals 'one session' 1 "$(asked 'uploadType=resumable&if')"
	assertEquals 'the first once' 1 "$(asked 'bytes 0-')"
	assertEquals 'asked where it is' 1 "$(asked 'bytes \*/')"
	# Its URL is a secret, and was in memory only.
	nowhere_in_clear "$id"
}

test_a_restart_forgets_the_session_and_begins_anew() {
	instance
	start
	gate
	store a '"filename":"restarted"'
	rule two '{"match":"bytes 16777216-","times":1,"hang":true}'
	large 40M two
	drop one "$(with_file a)"
	eventually_within 60 grep -q 16777216- "$GATE_DIR/requests"
	crash
	start
	eventually_within 120 delivered "$ID"
	assertEquals "$SUM" "$(gcs get restarted | sha256sum)"
	assertEquals 'two sessions' 2 "$(asked 'uploadType=resumable&if')"
}

test_a_destination_that_was_changed_begins_anew() {
	instance
	slow_retries
	start
	gate
	store a '"filename":"changed"'
	rule two '{"match":"bytes 16777216-","status":503,"code":"backendError"}'
	large 40M two
	drop one "$(with_file a)"
	eventually_within 60 deferred "$ID"
	no_rule two
	echo '{"config":{"storage":{"filename":"changed to"}}}' |
	    spooldest update a - >"$SCRATCH/out" 2>&1
	run spoolq -s a
	eventually_within 60 delivered "$ID"
	assertEquals 'changed to' "$(gcs keys)"
	assertEquals 'two sessions' 2 "$(asked 'uploadType=resumable&if')"
}

test_a_session_that_is_lost_begins_anew() {
	instance
	start
	gate
	store a '"filename":"lost"'
	rule two '{"match":"bytes 16777216-","times":1,"lost":true}'
	large 40M three
	drop one "$(with_file a)"
	eventually_within 60 delivered "$ID"
	assertEquals "$SUM" "$(gcs get lost | sha256sum)"
	assertEquals 'two sessions' 2 "$(asked 'uploadType=resumable&if')"
	assertEquals 'one attempt' 1 "$(journal \
	    'select(.event == "attempt") | .dest' | wc -l)"
	# Always lost: it is given up after three.
	setting retry base_delay 1h
	run spoolctl reload
	store b '"filename":"lost again"'
	rule two '{"match":"bytes 16777216-","status":410,"code":"gone"}'
	large 40M four
	drop two "$(with_file b)"
	eventually_within 120 deferred "$ID"
	assertEquals 'deferred PROTOCOL_ERROR: it has forgotten the upload, 3 times' \
	    "$(said b)"
}

test_an_answer_that_sends_it_elsewhere_is_refused() {
	instance
	slow_retries
	start
	gate
	large 9M four
	number=0
	for location in 'http://127.0.0.1:1/upload?upload_id=x' \
	    'https://storage.googleapis.com/x?upload_id=x' '/relative' \
	    'http://user@127.0.0.1/x' "$GATE.evil.example/x" 'garbage'; do
		number=$((number + 1))
		store "a$number" "\"filename\":\"away-$number\""
		rule away "{\"match\":\"uploadType=resumable\",
		    \"location\":\"$location\"}"
		large 9M four
		drop "one$number" "$(with_file "a$number")"
		eventually deferred "$ID"
		assertEquals "$location" "deferred PROTOCOL_ERROR: it began an upload at a URL that is not its own host's" \
		    "$(said "a$number")"
	done
	assertEquals 'parts' 0 "$(asked '^PUT ')"
}

test_a_last_part_whose_answer_is_lost_is_asked_about() {
	instance
	start
	gate
	store a '"filename":"last"'
	rule lost '{"match":"bytes 33554432-","times":1,"silent":true}'
	large 40M five
	drop one "$(with_file a)"
	eventually_within 60 delivered "$ID"
	assertEquals "$SUM" "$(gcs get last | sha256sum)"
	assertEquals 'one attempt' 1 "$(journal \
	    'select(.event == "attempt") | .dest' | wc -l)"
	assertEquals 'the last once' 1 "$(asked 'bytes 33554432-')"
}

test_in_a_session_too_nothing_is_replaced() {
	instance
	start
	gate
	store a '"filename":"kept"'
	store over '"filename":"kept","overwrite":true'
	gcs put kept '{"n":9}'
	large 40M six
	drop one "$(with_file a)"
	eventually_within 60 failed "$ID"
	assertEquals "$conflict" "$(said a)"
	assertEquals '{"n":9}' "$(gcs get kept)"
	# Somebody is faster than the last part.
	store late '"filename":"late"'
	rule last '{"match":"bytes 33554432-","wait":"faster"}'
	large 40M six
	drop late "$(with_file late)"
	eventually_within 60 grep -q 33554432- "$GATE_DIR/requests"
	gcs put late '{"n":9}'
	: >"$GATE_DIR/faster"
	eventually_within 60 failed "$ID"
	assertEquals '{"n":9}' "$(gcs get late)"
	large 40M six
	drop over "$(with_file over)"
	eventually_within 60 delivered "$ID"
	assertEquals "$SUM" "$(gcs get kept | sha256sum)"
}

test_a_session_that_says_what_cannot_be_is_deferred() {
	instance
	slow_retries
	start
	gate
	number=0
	for range in 'bytes=0-99999999999' 'bytes=5-7' 'garbage' \
	    'bytes=0-' 'bytes=0--1' 'bytes=0-41943039'; do
		number=$((number + 1))
		store "a$number" "\"filename\":\"range-$number\""
		rule range "{\"match\":\"bytes [*0-9]\",\"range\":\"$range\"}"
		large 40M seven
		drop "one$number" "$(with_file "a$number")"
		eventually_within 60 deferred "$ID"
		case $(said "a$number") in
		'deferred PROTOCOL_ERROR: '* | 'deferred HTTP_STATUS: '*) ;;
		*) fail "$range: $(said "a$number")" ;;
		esac
	done
	no_rule range
	assertEquals '' "$(gcs keys | grep range)"
}

# --- erased again ---

test_what_it_stored_is_erased_if_it_is_that_still() {
	instance
	start
	gate
	store a '"filename":"old-{deliveryId}","retention":{"days":30,"autoCleanup":true}'
	# What was stored is not there any more: its generation is gone.
	erasing "a null older than the destination's retention.days"
	assertEquals 'by its generation' 1 \
	    "$(asked '^DELETE .*generation=[0-9][0-9]*')"
}

# there: the keys of that test.
there() {
	gcs keys
}

# --- servers that do not behave ---

test_garbage_silence_and_too_much_at_each_step_are_deferred_with_a_reason() {
	instance
	slow_retries
	start
	gate
	misbehave '^GET .*odd-small' 9M
	misbehave '^POST .*resumable' 9M
	misbehave '^PUT .*bytes 0-' 9M
	misbehave '^POST .*multipart' 7
	assertEquals '' "$(gcs keys)"
}

# --- tests ---

test_a_test_writes_a_small_object_and_removes_it_and_says_what_is_wrong() {
	instance
	start
	gate
	good='true null resolve=true connect=true authenticate=true write=true'
	store good
	assertEquals "$good" "$(steps_of good)"
	assertEquals '' "$(gcs keys)"
	store key '' "\"credentials\":$(account other)"
	assertEquals 'false AUTHENTICATION_FAILED resolve=true connect=true authenticate=false' \
	    "$(steps_of key)"
	assertContains "$(jq -r .message "$SCRATCH/out")" invalid_grant
	BUCKET=nowhere store bucket
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of bucket)"
	assertEquals 'it answered 404 notFound: there is no such bucket' \
	    "$(jq -r .message "$SCRATCH/out")"
	rule no '{"match":"spoold.test","status":403,"code":"forbidden"}'
	assertEquals 'false AUTHENTICATION_FAILED resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of good)"
	no_rule no
	rule blind '{"match":"spoold.test","blind":true}'
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of good)"
	rule blind '{"match":"spoold.test","date":"Sat, 28 Nov 2020 19:00:00 GMT"}'
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=false write=true' \
	    "$(steps_of good)"
	rule blind '{"match":"/token","date":"Sat, 28 Nov 2020 19:00:00 GMT"}'
	assertEquals 'false AUTHENTICATION_FAILED resolve=true connect=true authenticate=false' \
	    "$(steps_of key)"
	assertContains "$(jq -r .message "$SCRATCH/out")" \
	    "s ahead of the server's"
	assertEquals '' "$(gcs keys)"
}

. /usr/share/shunit2/shunit2
