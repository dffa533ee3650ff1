#!/bin/sh
# records_test.sh - lib/facts, lib/ticket_file, lib/receipt: what a ticket's
# lines say, and the receipt that is made of them
# shellcheck disable=SC2016 # node's programs are in single quotes

. tests/unit/common.sh

ID=01JDCZ7Q2T5M8YB3K4N6P9RSVW
SHA=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
NOW=1764000000123
NOW_TEXT=2025-11-24T16:00:00.123Z
AT=1763999990000
AT_TEXT=2025-11-24T15:59:50.000Z

# The fields behind the id, of the job's order of destinations.
FACTS='"name":"report-17.json","submitter":"ris","acceptedAt":"2025-11-24T15:59:00.000Z","type":"report","priority":5,"inode":4242,"jobBytes":300,"jobSha256":"'$SHA'","bytes":1234,"sha256":"'$SHA'","dataOffset":61,"dataLength":17'
DESTINATIONS='"destinations":["ehr-webhook","archive"]'
FIRST='{"id":"'$ID'",'$FACTS,$DESTINATIONS'}'

probe() {
	"$BUILD/tests/probe_records" "$@"
}

given() {
	_in=$1
	shift
	printf '%s\n' "$_in" | probe "$@"
}

facts() {
	given "$1" facts
}

# events LINE...: a ticket with these lines behind its facts.
events() {
	printf '%s\n' "$FIRST" "$@" >"$SHUNIT_TMPDIR/events"
	probe events <"$SHUNIT_TMPDIR/events"
}

# ticket FILE LINE...: written below the temporary directory.
ticket() {
	_file=$SHUNIT_TMPDIR/$1
	shift
	printf '%s\n' "$FIRST" "$@" >"$_file"
}

# line EVENT ATTEMPT [CODE ERROR DUPLICATE REASON REFERENCE]
line() {
	probe line "$1" "$2" 12 "$AT" 0 41 "${3:-0}" "${4:-NONE}" "${5:-0}" \
	    "${6:--}" "${7:--}"
}

# receipt ARGUMENT...: with files named below the temporary directory.
receipt() {
	(cd "$SHUNIT_TMPDIR" && case $BUILD in
	/*) "$BUILD/tests/probe_records" receipt hospital "$NOW" "$@" ;;
	*) "$OLDPWD/$BUILD/tests/probe_records" receipt hospital "$NOW" "$@" ;;
	esac)
}

# status_of ARGUMENT...: the whole's and each destination's.
status_of() {
	receipt "$@" | sed 1d | node -e '
	const r = JSON.parse(require("fs").readFileSync(0));
	console.log([r.status, ...r.destinations.map(
	    d => `${d.destinationId}=${d.status}`)].join(" "))'
}

# fields_of FIELD,... ARGUMENT...: of the first destination.
fields_of() {
	_fields=$1
	shift
	receipt "$@" | sed 1d | node -e '
	const [d] = JSON.parse(require("fs").readFileSync(0)).destinations;
	console.log(process.argv[1].split(",").map(f => d[f]).join(" "))' \
	    "$_fields"
}

first=$ID.ehr-webhook:p5
second=$ID.archive:p5

test_facts_are_read_and_written_alike() {
	expect 0 "$FIRST" facts "$FIRST"
	full='{"id":"'$ID'","organizationId":"hospital",'$FACTS',"metadataOffset":90,"metadataLength":2,"expiresAt":"2025-11-25T00:00:00.000Z","deliverAt":"2025-11-24T23:00:00.000Z","key":"key-123","correlationId":"audit \u001b789","tags":["q1","ä"],"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","callback":"back",'$DESTINATIONS'}'
	expect 0 "$full" facts "$full"
	file='{"id":"'$ID'",'$(printf '%s' "$FACTS" |
	    sed 's/,"dataOffset.*//')',"file":"scan.dcm","filename":"Scan 1.dcm","contentType":"application/dicom",'$DESTINATIONS'}'
	expect 0 "$file" facts "$file"
}

test_an_accepted_line_has_its_id_as_job_and_more_beside() {
	expect 0 "$FIRST" facts '{"seq":7,"event":"accepted","org":"hospital","job":"'$ID'",'"$FACTS,$DESTINATIONS"',"tickets":[{"dest":"archive"}],"hash":"00"}'
}

test_facts_that_are_missing_or_no_facts_are_refused_by_name() {
	for field in name submitter acceptedAt type priority inode jobBytes \
	    jobSha256 bytes sha256 destinations; do
		expect 1 "VALIDATION_ERROR path=$field: $field is missing" facts \
		    "$(printf '%s' "$FIRST" | sed "s/\"$field\"/\"no\"/")"
	done
	expect 1 'VALIDATION_ERROR path=id: id is missing or no delivery id' \
	    facts "{$FACTS,$DESTINATIONS}"
	expect 1 'VALIDATION_ERROR path=id: id is missing or no delivery id' \
	    facts '{"id":"01JDCZ",'"$FACTS,$DESTINATIONS}"
	expect 1 'VALIDATION_ERROR path=priority: priority is not as spoold wrote it' \
	    facts "$(printf '%s' "$FIRST" | sed 's/:5,/:11,/')"
	expect 1 'VALIDATION_ERROR path=sha256: sha256 is not as spoold wrote it' \
	    facts "$(printf '%s' "$FIRST" | sed "s/\"sha256\":\"0/\"sha256\":\"A/")"
	expect 1 'VALIDATION_ERROR path=destinations: destinations has something that is no destination id' \
	    facts "$(printf '%s' "$FIRST" | sed 's/archive/..\/archive/')"
}

test_an_inode_beyond_53_bits_stays_exact() {
	large=$(printf '%s' "$FIRST" | sed 's/:4242/:9223372036854775807/')
	expect 0 "$large" facts "$large"
}

test_a_line_has_what_there_is_to_say() {
	expect 0 '{"event":"deferred","attempt":1,"seq":12,"at":"2025-11-24T15:59:50.000Z","due":"2025-11-24T16:00:00.123Z","ms":41,"code":503,"errorCode":"HTTP_STATUS","possibleDuplicate":true,"reason":"status 503","reference":"req-77"}' \
	    probe line deferred 1 12 "$AT" "$NOW" 41 503 HTTP_STATUS 1 \
	    'status 503' req-77
	expect 0 '{"event":"cancelled","seq":9,"at":"2025-11-24T15:59:50.000Z","reason":"cancelled"}' \
	    probe line cancelled 0 9 "$AT" 0 0 0 NONE 0 cancelled -
	expect 0 '{"event":"delivered","attempt":2,"seq":9,"at":"2025-11-24T15:59:50.000Z","ms":0,"code":200}' \
	    probe line delivered 2 9 "$AT" 0 0 200 NONE 0 - -
}

test_lines_come_back_as_they_were_written() {
	deferred=$(line deferred 1 503 HTTP_STATUS 0 'status 503')
	delivered=$(line delivered 2 200 NONE 1 - req-77)
	expect 0 "report-17.json
$deferred
$delivered
last=delivered doubtful=yes" events "$deferred" "$delivered"
}

test_a_torn_last_line_is_left_out() {
	deferred=$(line deferred 1)
	expect 0 "report-17.json
$deferred
last=deferred doubtful=no" torn "$FIRST
$deferred
{\"event\":\"deli"
}

torn() {
	printf '%s' "$1" >"$SHUNIT_TMPDIR/events"
	probe events <"$SHUNIT_TMPDIR/events"
}

test_a_file_without_a_whole_first_line_is_none() {
	expect 2 'no first line' torn ''
	expect 2 'no first line' torn "$FIRST"
}

test_a_first_line_that_is_none_is_refused() {
	expect 1 'VALIDATION_ERROR at=0: a value is missing, at byte 0' \
	    torn 'x
'
}

test_later_lines_that_cannot_be_read_are_left_out() {
	deferred=$(line deferred 1)
	expect 0 "report-17.json
$deferred
last=deferred doubtful=no" events 'no json' "$deferred" \
	    '{"event":"telepathy","attempt":2}' '[]' ''
}

test_of_a_file_that_is_too_long_both_ends_are_read() {
	last=$(line failed 9999 500 HTTP_STATUS 0 last)
	{ printf '%s\n' "$FIRST" "$(line maybe 1)"
	  _l=$(line deferred 2 503 HTTP_STATUS 0 'status 503')
	  node -e 'process.stdout.write((process.argv[1] + "\n").repeat(3000))' "$_l"
	  printf '%s\n' "$last"; } >"$SHUNIT_TMPDIR/long"
	assertEquals "last=failed doubtful=no" \
	    "$(probe events <"$SHUNIT_TMPDIR/long" | tail -n 1)"
	assertEquals "$last" \
	    "$(probe events <"$SHUNIT_TMPDIR/long" | tail -n 2 | head -n 1)"
}

test_what_may_have_arrived_makes_the_next_attempt_doubtful() {
	for doubtful in "$(line maybe 1)" "$(line delivered 1 200)" \
	    "$(line deferred 1 0 WORKER_DIED)" \
	    "$(line deferred 1 0 MAY_HAVE_ARRIVED)" \
	    "$(line deferred 1 0 CONNECT_FAILURE 1)"; do
		assertEquals 'doubtful=yes' \
		    "$(events "$doubtful" | sed -n 's/^last=.* //p')"
		# It stays so, whatever comes later.
		assertEquals 'last=none doubtful=yes' "$(events "$doubtful" \
		    "$(line requeued 0)" | tail -n 1)"
	done
	for clear in "$(line deferred 1 503 HTTP_STATUS)" \
	    "$(line failed 1 400 HTTP_STATUS)" "$(line cancelled 0)"; do
		assertEquals 'doubtful=no' \
		    "$(events "$clear" | sed -n 's/^last=.* //p')"
	done
}

test_a_receipt_says_it_all_in_order() {
	ticket a "$(line deferred 1 503 HTTP_STATUS 0 'status 503')" \
	    "$(line delivered 2 200 NONE 0 - req-77)"
	ticket b "$(line failed 5 400 HTTP_STATUS 1 'status 400')"
	expect 0 'finished
{"deliveryId":"'$ID'","name":"report-17.json","organizationId":"hospital","submitter":"ris","status":"failed","destinations":[{"destinationId":"ehr-webhook","status":"delivered","attempts":2,"lastAttemptAt":"'$AT_TEXT'","deliveredAt":"'$AT_TEXT'","responseCode":200,"responseTime":41,"crossSystemReference":"req-77","possibleDuplicate":false},{"destinationId":"archive","status":"failed","attempts":5,"lastAttemptAt":"'$AT_TEXT'","responseCode":400,"responseTime":41,"possibleDuplicate":true,"failureReason":"status 400","errorCode":"HTTP_STATUS"}],"payload":{"type":"report","bytes":1234,"sha256":"'$SHA'"},"createdAt":"2025-11-24T15:59:00.000Z","updatedAt":"'$NOW_TEXT'"}' \
	    receipt failed:0:0 "$second,a5" b done:0:0 "$first,a2" a
}

test_correlation_id_and_tags_are_in_a_receipt() {
	printf '%s\n' "$FIRST" | sed 's/"destinations"/"correlationId":"audit-batch-789","tags":["q1","q2"],&/' \
	    >"$SHUNIT_TMPDIR/c"
	assertEquals '"correlationId":"audit-batch-789","tags":["q1","q2"],"createdAt"' \
	    "$(receipt "cur:0:0" "$first,a0" c |
	    sed -n 's/.*\("correlationId.*"createdAt"\).*/\1/p')"
}

test_the_status_is_that_of_all_tickets() {
	ticket n
	ticket d "$(line delivered 1 200)"
	ticket f "$(line failed 1 400 HTTP_STATUS)"
	ticket c "$(line cancelled 0)"
	ticket e "$(line expired 0)"
	ticket r "$(line deferred 1 503 HTTP_STATUS)"
	expect 0 'queued ehr-webhook=pending archive=pending' status_of \
	    cur:0:0 "$first,a0" n retry:$NOW:0 "$second,a0" n
	expect 0 'queued ehr-webhook=held archive=pending' status_of \
	    hold:0:0 "$first,a0" n cur:0:0 "$second,a0" n
	expect 0 'processing ehr-webhook=pending archive=pending' status_of \
	    cur:0:1 "$first,a0" n cur:0:0 "$second,a0" n
	expect 0 'processing ehr-webhook=delivered archive=retrying' status_of \
	    done:0:0 "$first,a1" d retry:$NOW:0 "$second,a1" r
	expect 0 'processing ehr-webhook=delivered archive=held' status_of \
	    done:0:0 "$first,a1" d hold:0:0 "$second,a1" r
	expect 0 'processing ehr-webhook=failed archive=retrying' status_of \
	    failed:0:0 "$first,a1" f cur:0:1 "$second,a1" r
	expect 0 'completed ehr-webhook=delivered archive=delivered' status_of \
	    done:0:0 "$first,a1" d done:0:0 "$second,a1" d
	expect 0 'failed ehr-webhook=delivered archive=failed' status_of \
	    done:0:0 "$first,a1" d failed:0:0 "$second,a1" f
	expect 0 'failed ehr-webhook=cancelled archive=failed' status_of \
	    failed:0:0 "$first,a0" c failed:0:0 "$second,a1" f
	expect 0 'failed ehr-webhook=delivered archive=expired' status_of \
	    done:0:0 "$first,a1" d failed:0:0 "$second,a0" e
	expect 0 'cancelled ehr-webhook=delivered archive=cancelled' status_of \
	    done:0:0 "$first,a1" d failed:0:0 "$second,a0" c
}

test_a_dead_letter_that_somebody_moved_there_is_failed() {
	ticket r "$(line deferred 1 503 HTTP_STATUS 0 'status 503')"
	expect 0 'failed ehr-webhook=failed' status_of failed:0:0 "$first,a1" r
	expect 0 'status 503 HTTP_STATUS' fields_of failureReason,errorCode \
	    failed:0:0 "$first,a1" r
}

test_a_held_ticket_is_under_way() {
	ticket n
	assertEquals 'under way' "$(receipt hold:0:0 "$first,a0" n | head -n 1)"
	assertEquals 'under way' "$(receipt retry:0:0 "$first,a0" n | head -n 1)"
	ticket c "$(line cancelled 0)"
	assertEquals finished "$(receipt failed:0:0 "$first,a0" c | head -n 1)"
}

test_a_retrying_destination_says_when_and_why() {
	ticket r "$(line deferred 1 503 HTTP_STATUS 0 'status 503')"
	expect 0 "retrying 1 $NOW_TEXT 503 41 status 503 HTTP_STATUS" fields_of \
	    status,attempts,nextAttemptAt,responseCode,responseTime,failureReason,errorCode \
	    retry:$NOW:0 "$first,a1" r
	# Due already.
	expect 0 "retrying $NOW_TEXT" fields_of status,nextAttemptAt \
	    cur:0:0 "$first,a1" r
	# Under way.
	expect 0 "retrying " fields_of status,nextAttemptAt \
	    cur:0:1 "$first,a1" r
}

test_an_expired_destination_says_so() {
	ticket e "$(line deferred 1 503 HTTP_STATUS 0 'status 503')" \
	    "$(line expired 0 0 NONE 0 'its expiresAt has passed')"
	expect 0 'expired its expiresAt has passed EXPIRED 503' fields_of \
	    status,failureReason,errorCode,responseCode \
	    failed:0:0 "$first,a1" e
}

test_requeued_begins_anew_but_for_the_doubt() {
	ticket q "$(line deferred 1 0 MAY_HAVE_ARRIVED 0 'no answer')" \
	    "$(line failed 2 400 HTTP_STATUS 1 'status 400')" \
	    "$(line requeued 0)"
	expect 0 'queued ehr-webhook=pending' status_of cur:0:0 "$first,a0" q
	expect 0 '0    true ' fields_of \
	    attempts,lastAttemptAt,responseCode,failureReason,possibleDuplicate,errorCode \
	    cur:0:0 "$first,a0" q
	# Cancelled before, delivered now.
	ticket q "$(line cancelled 0)" "$(line requeued 0)" \
	    "$(line delivered 1 200)"
	expect 0 'delivered 1 200  false' fields_of \
	    status,attempts,responseCode,failureReason,possibleDuplicate \
	    done:0:0 "$first,a1" q
	# Requeued, and put back by hand before anything happened.
	ticket q "$(line cancelled 0)" "$(line requeued 0)"
	expect 0 'failed ehr-webhook=failed' status_of failed:0:0 "$first,a0" q
}

test_a_possible_duplicate_is_marked() {
	for event in "$(line maybe 1)" "$(line deferred 1 0 WORKER_DIED)" \
	    "$(line deferred 1 0 MAY_HAVE_ARRIVED)"; do
		ticket m "$event" "$(line delivered 2 200)"
		expect 0 true fields_of possibleDuplicate \
		    done:0:0 "$first,a2" m
	done
}

test_a_callback_does_not_count() {
	printf '%s\n' "$FIRST" | sed 's/"destinations"/"callback":"back",&/' \
	    >"$SHUNIT_TMPDIR/k"
	cat "$SHUNIT_TMPDIR/k" >"$SHUNIT_TMPDIR/kd"
	line delivered 1 200 >>"$SHUNIT_TMPDIR/kd"
	expect 0 'completed ehr-webhook=delivered back=pending' status_of \
	    done:0:0 "$first,a1" kd cur:0:0 "$ID.back:p5,a0" k
}

test_a_ticket_whose_file_is_lost_still_has_its_place() {
	ticket d "$(line delivered 1 200)"
	expect 0 'processing ehr-webhook=delivered archive=pending' status_of \
	    cur:0:0 "$second,a0" missing done:0:0 "$first,a1" d
}

published='{"event":"delivered","attempt":1,"seq":9,"at":"'$AT_TEXT'","ms":3,"reference":"0123456789abcdef","linkExpiresAt":"2025-12-24T15:59:00.000Z","linkNumber":1,"linkBase":"https://a.example","linkKey":"4d6abfaa"}'
ended='{"event":"revoked","seq":12,"at":"'$NOW_TEXT'","reference":"REF","by":"root (0)"}'

# link_of FILE: what the receipt says of the first destination's link.
link_of() {
	probe receipt hospital $NOW done:0:0 "$ID.ehr-webhook:p5,a1" \
	    "$SHUNIT_TMPDIR/$1" | tail -1 | jq -c '.destinations[0] | [.status,
	    .crossSystemReference, .link, .expiresAt, .revokedAt]'
}

test_what_a_link_is_made_from_again_stands_in_its_ticket() {
	expect 0 "report-17.json
$published
last=delivered doubtful=yes" events "$published"
}

test_a_revocation_is_of_the_link_that_it_names() {
	printf '%s\n' "$FIRST" "$published" >"$SHUNIT_TMPDIR/live"
	expect 0 '["delivered","0123456789abcdef",null,null,null]' link_of live
	for reference in 0123456789abcdef fedcba9876543210; do
		{
			cat "$SHUNIT_TMPDIR/live"
			echo "$ended" | sed "s/REF/$reference/"
		} >"$SHUNIT_TMPDIR/$reference"
	done
	expect 0 '["delivered","0123456789abcdef",null,null,"'$NOW_TEXT'"]' \
	    link_of 0123456789abcdef
	expect 0 '["delivered","0123456789abcdef",null,null,null]' \
	    link_of fedcba9876543210
}

test_a_refused_drop_has_a_receipt_with_the_error() {
	expect 0 '{"deliveryId":"'$ID'","name":"x.json","organizationId":"hospital","submitter":"ris","status":"refused","error":{"code":"VALIDATION_ERROR","message":"options.priority must be \"…\"","details":{"path":"options.priority","offset":17}},"destinations":[],"createdAt":"'$NOW_TEXT'","updatedAt":"'$NOW_TEXT'"}' \
	    probe refused hospital x.json $ID ris options.priority 17 \
	    'options.priority must be "…"'
	expect 0 '{"deliveryId":"'$ID'","name":"x.json","organizationId":"hospital","submitter":"ris","status":"refused","error":{"code":"VALIDATION_ERROR","message":"no","details":{}},"destinations":[],"createdAt":"'$NOW_TEXT'","updatedAt":"'$NOW_TEXT'"}' \
	    probe refused hospital x.json $ID ris '' -1 no
}

test_a_duplicate_names_the_first_one() {
	expect 0 '{"deliveryId":"'$ID'","name":"report-17.json","organizationId":"hospital","submitter":"ris","status":"duplicate","duplicateOf":"01JDCZ00000000000000000000","destinations":[],"payload":{"type":"report","bytes":1234,"sha256":"'$SHA'"},"createdAt":"2025-11-24T15:59:00.000Z","updatedAt":"'$NOW_TEXT'"}' \
	    given "$FIRST" duplicate hospital 01JDCZ00000000000000000000
}

test_a_receipt_is_named_by_stem_and_id() {
	expect 0 "report-17.$ID.json" probe name report-17.json $ID
	expect 0 "a.b.$ID.json" probe name a.b.json $ID
	expect 0 "$ID.json" probe name .json $ID
	expect 0 "$ID.json" probe name report.txt $ID
	long=$(node -e 'process.stdout.write("x".repeat(195))')
	expect 0 "$long.$ID.json" probe name "$long.json" $ID
	expect 0 "$ID.json" probe name "$long$long.json" $ID
}

run_suite
