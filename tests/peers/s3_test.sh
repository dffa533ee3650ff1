#!/bin/sh
# s3_test - tickets that become objects in a bucket, judged by AWS's signer, by
# a server that verifies signatures, and by what AWS's SDK reads back
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/swift.sh
. "$(dirname "$0")/swift.sh"
# shellcheck source=tests/peers/gate.sh
. "$(dirname "$0")/gate.sh"

oneTimeSetUp() {
	swift_start
}

oneTimeTearDown() {
	swift_end
}

# bucket NAME [MEMBERS [CONFIG]]: the text of a destination at $ENDPOINT.
bucket() {
	printf '{"id":"%s","label":"%s","type":"storage","config":{"storage":
	    {"provider":"s3"%s,"config":{"endpoint":"%s","region":"us-east-1",
	    "bucket":"%s","accessKeyId":"%s","secretAccessKey":"%s"%s}}}}' \
	    "$1" "$1" "${2:+,$2}" "${ENDPOINT:-$GATE}" "${BUCKET:-spool}" \
	    "${KEY:-$S3_KEY}" "${SECRET:-$S3_SECRET}" "${3:+,$3}"
}

store() {
	bucket "$@" | created "$1"
}

# arrived_as KEY FILE: the SDK reads these bytes back.
arrived_as() {
	s3 get spool "$1" >"$SCRATCH/got"
	cmp "$2" "$SCRATCH/got"
	assertEquals "$1" 0 $?
}

test_what_is_stored_the_sdk_reads_back_byte_for_byte_with_type_and_metadata() {
	instance
	start
	ENDPOINT=$S3 store a '"path":"/back/{metadata.ward}"'
	head -c 300001 /dev/urandom >"$SCRATCH/payload"
	cp "$SCRATCH/payload" "$SPOOL/data/payload.bin"
	drop one "$(with_file a '"contentType":"text/x-a; b=c","metadata":{
	    "ward":"W 7","n":1.50,"yes":true,"e":"né"}')"
	eventually delivered "$ID"
	arrived_as 'back/W 7/payload.bin' "$SCRATCH/payload"
	sum=$(sha256sum <"$SCRATCH/payload" | cut -d ' ' -f 1)
	assertEquals "text/x-a; b=c 300001 W 7 1.50 true =?UTF-8?B?bsOp?= $sum" \
	    "$(s3 head spool 'back/W 7/payload.bin' | jq -r '"\(.type) \(.length) \(.metadata.ward) \(.metadata.n) \(.metadata.yes) \(.metadata.e) \(.metadata["spoold-sha256"])"')"
	drop two "$(data a '{"ward":"x"}')"
	eventually delivered "$ID"
	printf '{"n":1}' >"$SCRATCH/payload"
	arrived_as "back/x/$ID.json" "$SCRATCH/payload"
	assertEquals application/json "$(s3 head spool "back/x/$ID.json" |
	    jq -r .type)"
	: >"$SPOOL/data/payload.bin"
	: >"$SCRATCH/payload"
	drop empty "$(with_file a '"metadata":{"ward":"empty"}')"
	eventually delivered "$ID"
	arrived_as back/empty/payload.bin "$SCRATCH/payload"
}

test_keys_arrive_as_they_were_written_and_are_signed_as_aws_does_it() {
	instance
	start
	gate
	store a '"filename":"keys/{metadata.k}"'
	store direct '"filename":"direct/{metadata.k}"'
	long=$(head -c 1019 /dev/zero | tr '\0' k)
	printf '%s\n' 'a b.txt' 'a+b.txt' 'dt=2026-01-01 x=1' '100%41.txt' \
	    "it's (1)!*" 'quote"<>&.txt' 'a:b@c,d;e$f' 'tilde~x_y-z' \
	    '[x]{y}|^`' 'héllo 漢字' '#?&=' "$long" >"$SCRATCH/keys"
	while read -r key; do
		metadata=$(jq -cn --arg k "$key" '{k: $k}')
		[ "$key" != "$long" ] || {
			store long '"filename":"keys/'"$long"'"'
			metadata='{}'
		}
		drop k "$(data "$([ "$key" = "$long" ] && echo long || echo a)" \
		    "$(printf %s "$metadata" | sed 's/é/e/; s/漢字/z/')")"
		eventually delivered "$ID"
	done <"$SCRATCH/keys"
	well_signed
	sed 's|^|keys/|; s/é/e/; s/漢字/z/' "$SCRATCH/keys" | LC_ALL=C sort \
	    >"$SCRATCH/wanted"
	s3 keys spool | grep '^keys/' | LC_ALL=C sort >"$SCRATCH/there"
	cmp "$SCRATCH/wanted" "$SCRATCH/there"
	assertEquals "$(diff "$SCRATCH/wanted" "$SCRATCH/there")" 0 $?
}

test_keys_that_are_not_ascii_arrive_as_they_were_written() {
	instance
	start
	gate
	store a '"filename":"né/漢字 {type}"'
	drop one "$(data a '{}')"
	eventually delivered "$ID"
	well_signed
	assertEquals 'né/漢字 data' "$(s3 keys spool | grep '^né/')"
}

test_a_bucket_may_stand_in_the_hosts_name() {
	instance
	start
	ENDPOINT=http://localhost:$S3_PORT store a '"filename":"virtual"' \
	    '"pathStyle":false'
	drop one "$(data a '{}')"
	eventually delivered "$ID"
	printf '{"n":1}' >"$SCRATCH/payload"
	arrived_as virtual "$SCRATCH/payload"
}

# replacing ENDPOINT PREFIX: what is there stays.
replacing() {
	ENDPOINT=$1 store a "\"filename\":\"$2-{metadata.k}\""
	ENDPOINT=$1 store over "\"filename\":\"$2-{metadata.k}\",\"overwrite\":true"
	drop first "$(data a '{"k":"x"}')"
	eventually delivered "$ID"
	drop same "$(data a '{"k":"x"}')"
	eventually delivered "$ID"
	drop other "$(data a '{"k":"x"}' | sed 's/{"n":1}/{"n":2}/')"
	eventually failed "$ID"
	assertEquals "$conflict" "$(said a)"
	s3 put spool "$2-y" '{"n":1}'
	drop foreign "$(data a '{"k":"y"}')"
	eventually failed "$ID"
	assertEquals '{"n":1}' "$(s3 get spool "$2-x")"
	drop over "$(data over '{"k":"x"}' | sed 's/{"n":1}/{"n":3}/')"
	eventually delivered "$ID"
	assertEquals '{"n":3}' "$(s3 get spool "$2-x")"
}

test_nothing_is_replaced_and_the_same_content_counts_as_delivered() {
	instance
	start
	gate
	replacing "$GATE" condition
	well_signed
	assertEquals 'conditions' '*' "$(jq -r 'select(.method == "PUT" and
	    (.target | endswith("condition-x"))) | .headers["if-none-match"]' \
	    "$GATE_DIR/requests" | head -1)"
}

test_where_the_server_knows_no_conditions_it_is_asked_before() {
	instance
	start
	replacing "$S3" asked
}

test_class_encryption_lock_and_token_are_sent_and_signed() {
	instance
	start
	gate
	printf 'tok/en+=' >"$GATE_DIR/token"
	store a '"filename":"headers"' '"storageClass":"STANDARD_IA",
	    "serverSideEncryption":"aws:kms","kmsKeyId":"k-1",
	    "sessionToken":"tok/en+=","objectLock":{"mode":"COMPLIANCE","days":3}'
	drop one "$(data a '{"m":"a","m-b":"b"}')"
	eventually delivered "$ID"
	well_signed
	jq 'select(.method == "PUT") | .headers' "$GATE_DIR/requests" \
	    >"$SCRATCH/headers"
	assertEquals 'STANDARD_IA aws:kms k-1 COMPLIANCE a b' "$(jq -r \
	    '"\(.["x-amz-storage-class"]) \(.["x-amz-server-side-encryption"]) \(.["x-amz-server-side-encryption-aws-kms-key-id"]) \(.["x-amz-object-lock-mode"]) \(.["x-amz-meta-m"]) \(.["x-amz-meta-m-b"])"' \
	    "$SCRATCH/headers")"
	assertEquals "$(date -u -d '3 days' +%Y-%m-%d)" "$(jq -r \
	    '.["x-amz-object-lock-retain-until-date"]' "$SCRATCH/headers" |
	    cut -c 1-10)"
	assertEquals "$(printf '{"n":1}' | openssl dgst -sha256 -binary | base64)" \
	    "$(jq -r '.["x-amz-checksum-sha256"]' "$SCRATCH/headers")"
	for secret in tok/en "\"$S3_SECRET\""; do
		assertEquals "$secret at rest" '' "$(grep -rlF -- "$secret" \
		    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
	done
	run spooldest show -j a
	assertEquals '******** ********' "$(jq -r '.config.storage.config |
	    "\(.secretAccessKey) \(.sessionToken)"' "$SCRATCH/out")"
}

test_a_wrong_key_secret_or_bucket_is_said_and_waits_to_be_mended() {
	instance
	slow_retries
	start
	gate
	KEY=AKNOBODY store id
	export ENDPOINT="$S3"
	SECRET=wrong store secret
	BUCKET=nobucket store bucket
	unset ENDPOINT
	drop one "$(job id secret bucket)"
	for name in id secret bucket; do
		eventually deferred "$ID" $name
	done
	assertEquals 'deferred AUTHENTICATION_FAILED: it answered 403 InvalidAccessKeyId: it knows no such accessKeyId' \
	    "$(said id)"
	assertEquals 'deferred AUTHENTICATION_FAILED: it answered 403 SignatureDoesNotMatch: the secretAccessKey is not that of the accessKeyId' \
	    "$(said secret)"
	assertEquals 'deferred CONFIG_ERROR: it answered 404 NoSuchBucket: there is no such bucket' \
	    "$(said bucket)"
	printf '{"config":{"storage":{"config":{"secretAccessKey":"%s"}}}}' \
	    "$S3_SECRET" | spooldest update secret - >"$SCRATCH/out" 2>&1
	assertEquals "$(cat "$SCRATCH/out")" 0 $?
	run spoolq -s secret
	eventually delivered "$ID" secret
	echo '{"config":{"storage":{"config":{"endpoint":"http://127.0.0.1:1"}}}}' \
	    >"$SCRATCH/patch"
	run spooldest update secret "$SCRATCH/patch"
	failed_with 65 spooldest VALIDATION_ERROR
	assertContains "$ERR" \
	    'config.storage.config.secretAccessKey has to be given again'
}

# STATUS CODE OUTCOME: what each of S3's error codes comes to.
codes='403 AccessDenied deferred AUTHENTICATION_FAILED
400 ExpiredToken deferred AUTHENTICATION_FAILED
403 RequestTimeTooSkewed deferred AUTHENTICATION_FAILED
400 AuthorizationHeaderMalformed deferred CONFIG_ERROR
301 PermanentRedirect deferred CONFIG_ERROR
400 InvalidStorageClass deferred CONFIG_ERROR
503 SlowDown deferred HTTP_STATUS
500 InternalError deferred HTTP_STATUS
400 RequestTimeout deferred HTTP_STATUS
409 ConditionalRequestConflict deferred HTTP_STATUS
507 XMinioStorageFull deferred REMOTE_FULL
400 BadDigest deferred PROTOCOL_ERROR
400 EntityTooLarge failed HTTP_STATUS
400 KeyTooLongError failed HTTP_STATUS
400 MetadataTooLarge failed HTTP_STATUS
400 InvalidArgument failed HTTP_STATUS
418 SomethingNew deferred HTTP_STATUS'

test_each_error_code_means_what_the_table_says() {
	instance
	slow_retries
	start
	gate
	echo "$codes" >"$SCRATCH/codes"
	store a '"filename":"code-{metadata.k}"'
	while read -r status code event error; do
		rule "$code" "{\"match\":\"code-$code\",\"status\":$status,
		    \"code\":\"$code\"}"
		drop "$code" "$(data a "{\"k\":\"$code\"}")"
		case $event in
		failed) eventually failed "$ID" ;;
		*) eventually deferred "$ID" ;;
		esac
		assertEquals "$code" "$event $error: it answered $status" \
		    "$(said a | sed 's/\(answered [0-9]*\).*/\1/')"
		run spoolctl reload
	done <"$SCRATCH/codes"
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

test_a_payload_that_was_changed_is_never_there() {
	instance
	start
	gate
	store a '"filename":"changed"'
	switch disable a
	head -c 200k /dev/urandom >"$SPOOL/data/payload.bin"
	drop one "$(with_file a)"
	eventually in_queue cur "$ID"
	printf xyz | dd of="$SPOOL/jobs/$ID.data" bs=1 seek=1999 \
	    conv=notrunc 2>/dev/null
	switch enable a
	eventually failed "$ID"
	assertEquals 'failed PAYLOAD_CHANGED: the payload is no longer what was accepted' \
	    "$(said a)"
	assertEquals 0 "$(s3 keys spool | grep -c '^changed')"
}

test_metadata_that_no_header_can_have_has_failed() {
	instance
	start
	gate
	store a '"filename":"meta-{deliveryId}"'
	drop name "$(data a '{"a b":1}')"
	eventually failed "$ID"
	assertEquals 'failed VALIDATION_ERROR: payload.metadata has a name that no header can have: letters, digits, "-", "_" and "." are possible' \
	    "$(said a)"
	drop size "$(data a "{\"a\":\"$(head -c 9000 /dev/zero | tr '\0' x)\"}")"
	eventually failed "$ID"
	assertEquals 'failed VALIDATION_ERROR' "$(said a | cut -d : -f 1)"
	drop odd "$(data a '{"nl":"a\nb","sp":" a  b "}')"
	eventually delivered "$ID"
	well_signed
	assertEquals '=?UTF-8?B?YQpi?= =?UTF-8?B?IGEgIGIg?=' "$(s3 head spool \
	    "meta-$ID" | jq -r '"\(.metadata.nl) \(.metadata.sp)"')"
}

# --- in parts ---

read_back() {
	assertEquals "$SUM" "$(s3 get spool "$1" | sha256sum)"
}

test_a_large_payload_goes_in_parts_and_a_part_that_fails_is_sent_again() {
	instance
	start
	gate
	store a '"filename":"parts é"'
	rule two '{"match":"partNumber=2&","times":2,"status":500,"code":"InternalError"}'
	large 70M one
	drop one "$(with_file a '"metadata":{"m":"x"}')"
	eventually_within 120 delivered "$ID"
	well_signed
	read_back 'parts é'
	assertEquals 'x' "$(s3 head spool 'parts é' | jq -r .metadata.m)"
	assertEquals '1 3 1 1 1' "$(for part in 1 2 3 4 5; do
		requests | grep -c "^PUT .*partNumber=$part&"
	done | paste -sd ' ')"
	assertEquals 'one attempt' 1 "$(journal \
	    'select(.event == "attempt") | .dest' | wc -l)"
	assertEquals 'uploads' '' "$(s3 uploads spool)"
	small_in_memory
	puts=$(requests | grep -c '^PUT ')
	large 70M one
	drop again "$(with_file a)"
	eventually_within 120 delivered "$ID"
	assertEquals 'not sent again' "$puts" "$(requests | grep -c '^PUT ')"
}

test_what_is_given_up_leaves_no_parts_behind() {
	instance
	slow_retries
	start
	gate
	store a '"filename":"given up"'
	rule three '{"match":"partNumber=3&","status":403,"code":"AccessDenied"}'
	rule abort '{"match":"^DELETE ","times":1,"status":503,"code":"SlowDown"}'
	large 70M two
	drop one "$(with_file a)"
	eventually_within 120 deferred "$ID"
	assertEquals 'deferred AUTHENTICATION_FAILED: it answered 403 AccessDenied' \
	    "$(said a | sed 's/: the key may .*//')"
	assertEquals 'the abort, twice' 2 "$(requests | grep -c '^DELETE ')"
	assertEquals 'uploads' '' "$(s3 uploads spool)"
	assertEquals 0 "$(s3 keys spool | grep -c '^given up')"
}

# large_under_way NAME: the worker hangs at the third part of six.
large_under_way() {
	store a "\"filename\":\"$1\""
	rule three '{"match":"partNumber=3&","times":1,"hang":true}'
	large 70M six
	drop one "$(with_file a)"
	eventually_within 120 grep -q partNumber=3 "$GATE_DIR/requests"
	assertEquals 'under way' "$1" "$(s3 uploads spool)"
}

test_the_next_attempt_goes_on_with_the_parts_of_one_that_was_killed() {
	instance
	start
	gate
	large_under_way 'killed & left'
	kill -9 "$(workers storage)"
	eventually_within 120 delivered "$ID"
	well_signed
	read_back 'killed & left'
	assertEquals 'uploads' '' "$(s3 uploads spool)"
	assertEquals 'given up' 0 "$(requests | grep -c '^DELETE ')"
	assertEquals 'begun' 1 "$(requests | grep -c '^POST .*uploads=')"
	for part in 1 2; do
		assertEquals "part $part" 1 "$(requests |
		    grep -c "^PUT .*partNumber=$part&")"
	done
}

test_what_was_left_and_nobody_remembers_is_given_up_by_the_next_attempt() {
	instance
	start
	gate
	large_under_way 'killed & forgotten'
	crash
	start
	eventually_within 120 delivered "$ID"
	well_signed
	read_back 'killed & forgotten'
	assertEquals 'uploads' '' "$(s3 uploads spool)"
	assertEquals 'given up' 1 "$(requests | grep -c '^DELETE ')"
}

test_a_completion_whose_answer_is_lost_is_a_possible_duplicate() {
	instance
	start
	gate
	store a '"filename":"completed"'
	rule lost '{"match":"^POST .*uploadId","times":1,"silent":true}'
	large 70M three
	drop one "$(with_file a)"
	eventually_within 120 delivered "$ID"
	assertEquals 'deferred MAY_HAVE_ARRIVED' "$(said a | cut -d : -f 1)"
	read_back completed
	assertEquals 'parts' 5 "$(requests | grep -c '^PUT ')"
	assertEquals 'uploads' '' "$(s3 uploads spool)"
}

test_in_parts_too_nothing_is_replaced_and_servers_without_conditions_will_do() {
	instance
	start
	export ENDPOINT="$S3"
	store a '"filename":"direct parts"'
	store over '"filename":"direct parts","overwrite":true'
	unset ENDPOINT
	large 70M four
	drop one "$(with_file a)"
	eventually_within 120 delivered "$ID"
	read_back 'direct parts'
	before=$SUM
	large 70M five
	drop two "$(with_file a)"
	eventually_within 120 failed "$ID"
	assertEquals "$conflict" "$(said a)"
	SUM=$before read_back 'direct parts'
	large 70M five
	drop three "$(with_file over)"
	eventually_within 120 delivered "$ID"
	read_back 'direct parts'
	assertEquals 'uploads' '' "$(s3 uploads spool)"
}

# --- tests ---

test_a_test_writes_a_small_object_and_removes_it_and_says_what_is_wrong() {
	instance
	start
	gate
	store good
	SECRET=wrong store secret
	BUCKET=nobucket store bucket
	assertEquals 'true null resolve=true connect=true authenticate=true write=true' \
	    "$(steps_of good)"
	well_signed
	assertEquals 0 "$(s3 keys spool | grep -c spoold.test)"
	assertEquals 'false AUTHENTICATION_FAILED resolve=true connect=true authenticate=false' \
	    "$(steps_of secret)"
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of bucket)"
	ENDPOINT=$S3 store direct
	assertEquals 'true null resolve=true connect=true authenticate=true write=true' \
	    "$(steps_of direct)"
	rule blind '{"match":"spoold.test","blind":true}'
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=true write=false' \
	    "$(steps_of good)"
	assertEquals 'it ignores If-None-Match, and replaces what is there: only a destination that says overwrite can use it' \
	    "$(jq -r .message "$SCRATCH/out")"
	rule blind '{"match":"spoold.test","date":"Sat, 28 Nov 2020 19:00:00 GMT"}'
	assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=false write=true' \
	    "$(steps_of good)"
	assertEquals "this machine's clock is N s ahead of the server's, and what signs with the time is refused: set the clock" \
	    "$(jq -r .message "$SCRATCH/out" | sed 's/[0-9]* s/N s/')"
	assertEquals 0 "$(s3 keys spool | grep -c spoold.test)"
}

test_a_web_server_that_is_no_store_is_told_from_one() {
	instance
	start
	node -e 'require("http").createServer((request, response) => {
	    response.statusCode = Number(request.url.split("/")[1]);
	    response.end("<h1>no</h1>"); })
	    .listen(0, "127.0.0.1", function () {
	    console.log(this.address().port); })' >"$SCRATCH/web" &
	web=$!
	eventually test -s "$SCRATCH/web"
	for status in 404 405; do
		ENDPOINT=http://127.0.0.1:$(cat "$SCRATCH/web") BUCKET=$status \
		    store "a$status"
		assertEquals 'false CONFIG_ERROR resolve=true connect=true authenticate=false' \
		    "$(steps_of "a$status")"
		assertEquals "it answered $status: there is no such store: mend endpoint" \
		    "$(jq -r .message "$SCRATCH/out")"
	done
	drop one "$(data a405 '{}')"
	eventually deferred "$ID"
	assertEquals 'deferred CONFIG_ERROR: it answered 405: there is no such store: mend endpoint' \
	    "$(said a405)"
	kill $web
}

. /usr/share/shunit2/shunit2
