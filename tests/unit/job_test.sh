#!/bin/sh
# job_test.sh - lib/job: what a client may drop, and what it is told otherwise
# shellcheck disable=SC2016 # node's programs are in single quotes

. tests/unit/common.sh

TRACE=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01

job() {
	printf '%s' "$1" | "$BUILD/tests/probe_job"
}

# The smallest job, with more members: top, in payload, in options.
with() {
	printf '{"destinations":["a"]%s,"payload":{"type":"data","data":1%s}%s}' \
	    "$1" "$2" "${3:+,\"options\":{$3\}}"
}

# refused PATH WORDS JOB: the words go on after the path.
refused() {
	expect 1 "VALIDATION_ERROR path=$1: $1 $2" job "$3"
}

refused_destinations() {
	refused "$1" "$2" "{\"destinations\":$3,\"payload\":{\"type\":\"data\",\"data\":1}}"
}

refused_payload() {
	refused "$1" "$2" "{\"destinations\":[\"a\"],\"payload\":$3}"
}

refused_option() {
	refused "options.$1" "$2" "$(with '' '' "\"$1\":$3")"
}

word_rule='must be a string of 1 to 256 characters without control characters'
file_rule='must be a file'\''s name of 1 to 255 bytes, without "/" and control characters, and not "." or ".."'
media_rule='must be a media type like "application/pdf", at most 255 bytes'
trace_rule='must be a W3C traceparent, like "00-<32 hex digits>-<16 hex digits>-01" in lower case, with neither id all zeros'
id_rule='must be a destination'\''s id: 1 to 63 of a-z, 0-9 and "-", not beginning with "-"'
time_rule='must be a time as in RFC 3339, like "2026-11-23T21:04:05Z"'
list_rule='must be an array of 1 to 50 destination ids, or "default"'
type_rule='must be "report", "export", "data" or "custom"'
priority_rule='must be a whole number from 0 to 10'

# repeat TEXT COUNT
repeat() {
	node -e 'process.stdout.write(process.argv[1].repeat(process.argv[2]))' \
	    "$1" "$2"
}

test_the_smallest_job_has_the_defaults() {
	expect 0 'destination[0]=a
type=data
data=1
priority=5' job "$(with)"
}

test_every_field_is_read() {
	expect 0 "organization=hospital
destination[0]=ehr-webhook
destination[1]=archive
type=report
data={\"reportId\": \"rpt-456\", \"n\": 12345678901234567890}
filename=Befund Müller.pdf
contentType=application/pdf
metadata={\"reportType\": \"compliance\", \"n\": 1.10}
priority=8
correlationId=audit-batch-789
idempotencyKey=key-123
tag[0]=q1
tag[1]=q2
deliverAt=2026-11-23T20:04:05.123Z
expiresAt=2026-11-24T00:00:00.000Z
traceparent=$TRACE
callback=back" job '{
  "organizationId": "hospital",
  "destinations": ["ehr-webhook", "archive"],
  "payload": {
    "type": "report",
    "data": {"reportId": "rpt-456", "n": 12345678901234567890},
    "filename": "Befund Müller.pdf", "contentType": "application/pdf",
    "metadata": {"reportType": "compliance", "n": 1.10}
  },
  "options": {"priority": 8, "correlationId": "audit-batch-789",
    "idempotencyKey": "key-123", "tags": ["q1", "q2"],
    "deliverAt": "2026-11-23T21:04:05.123+01:00",
    "expiresAt": "2026-11-24T00:00:00Z",
    "traceparent": "'"$TRACE"'", "callback": "back"}
}'
}

test_a_payload_file_takes_the_place_of_data() {
	expect 0 'destinations=default
type=custom
file=scan 1.dcm
priority=0' job '{"options":{"priority":0},"payload":{"file":"scan 1.dcm","type":"custom"},"destinations":"default"}'
}

test_metadata_may_come_before_data_and_anything_may_be_data() {
	for data in null '""' '[1,{"a":[]}]' 'true' '-1.50e+3'; do
		expect 0 "destination[0]=a
type=data
data=$data
metadata={ \"x\" : {} }
priority=5" job "{\"payload\":{\"metadata\":{ \"x\" : {} },\"type\":\"data\",\"data\": $data },\"destinations\":[\"a\"]}"
	done
}

test_what_is_below_data_and_metadata_is_not_looked_at() {
	expect 0 'destination[0]=a
type=data
data={"unknown":{"type":7}}
metadata={"type":null,"options":[]}
priority=5' job '{"destinations":["a"],"payload":{"type":"data","data":{"unknown":{"type":7}},"metadata":{"type":null,"options":[]}}}'
}

test_a_text_that_ends_too_early_is_no_error() {
	for text in '' '{' '{"destinations":["a"],"payload":{"type":"da'; do
		expect 2 early job "$text"
	done
}

test_a_job_is_an_object() {
	expect 1 'VALIDATION_ERROR: a job must be an object, not an array' \
	    job '[]'
	expect 1 'VALIDATION_ERROR: a job must be an object, not null' \
	    job null
}

test_the_strict_scan_comes_first() {
	expect 1 'VALIDATION_ERROR at=23 path=destinations: this name is already in the object, at byte 23' \
	    job '{"destinations":["a"], "destinations":["b"]}'
}

test_unknown_fields_are_errors_wherever_they_are() {
	refused organisationId 'is no field of a job; allowed here are organizationId, destinations, payload, options' \
	    "$(with ',"organisationId":"x"')"
	refused Destinations 'is no field of a job; allowed here are organizationId, destinations, payload, options' \
	    "$(with ',"Destinations":["b"]')"
	refused payload.retries 'is no field of a job; allowed here are type, data, file, filename, contentType, metadata' \
	    "$(with '' ',"retries":3')"
	refused options.expires 'is no field of a job; allowed here are priority, correlationId, idempotencyKey, tags, deliverAt, expiresAt, traceparent, callback' \
	    "$(with '' '' '"expires":"2026-01-01T00:00:00Z"')"
	refused payload.data 'is no field of a job; allowed here are organizationId, destinations, payload, options' \
	    '{"payload.data":1,"destinations":["a"],"payload":{"type":"data","data":1}}'
}

test_required_fields_are_missed() {
	refused destinations 'is missing' '{"payload":{"type":"data","data":1}}'
	refused payload 'is missing' '{"destinations":["a"]}'
	refused_payload payload.type 'is missing' '{"data":1}'
}

test_objects_are_objects() {
	refused_payload payload 'must be an object' '"x"'
	refused options 'must be an object' '{"destinations":["a"],"payload":{"type":"data","data":1},"options":null}'
}

test_the_organization_is_a_word() {
	refused organizationId "$word_rule" "$(with ',"organizationId":7')"
	refused organizationId "$word_rule" "$(with ',"organizationId":""')"
	refused organizationId "$word_rule" "$(with ',"organizationId":"a\nb"')"
}

test_destinations_are_a_list_of_1_to_50_or_default() {
	for wrong in '[]' 7 null '{}' '"a"' '"Default"'; do
		refused_destinations destinations "$list_rule" "$wrong"
	done
	expect 0 50 job_destinations 50
	refused_destinations destinations "$list_rule" "$(numbered 51)"
}

numbered() {
	node -e 'console.log(JSON.stringify([...Array(+process.argv[1]).keys()].map(String)))' "$1"
}

job_destinations() {
	job "{\"destinations\":$(numbered "$1"),\"payload\":{\"type\":\"data\",\"data\":1}}" |
	    grep -c '^destination'
}

test_destinations_are_ids() {
	for wrong in '"A"' '"-a"' '"a_b"' '""' '7' 'null' '["a"]' '"ä"' \
	    "\"$(repeat a 64)\""; do
		refused_destinations 'destinations[1]' "$id_rule" "[\"a\",$wrong]"
	done
	refused_destinations 'destinations[0]' "$id_rule" '["../a"]'
}

test_no_destination_is_named_twice() {
	refused_destinations 'destinations[2]' 'repeats destinations[0] (a)' \
	    '["a","b","a"]'
}

test_default_stands_alone() {
	expect 1 'VALIDATION_ERROR path=destinations[1]: destinations[1]: "default" stands alone, in place of the array' \
	    job '{"destinations":["a","default"],"payload":{"type":"data","data":1}}'
}

test_the_type_is_one_of_four() {
	for type in report export data custom; do
		expect 0 "type=$type" job_type "\"$type\""
	done
	for wrong in '"Report"' '"reports"' '""' 1 null; do
		refused_payload payload.type "$type_rule" "{\"type\":$wrong,\"data\":1}"
	done
}

job_type() {
	job "{\"destinations\":[\"a\"],\"payload\":{\"type\":$1,\"data\":1}}" |
	    grep '^type'
}

test_data_or_a_file_is_one_of_two() {
	refused_payload payload.file 'and payload.data are both given; one of the two is allowed' \
	    '{"type":"data","data":1,"file":"x"}'
	refused_payload payload 'must have data, or the name of a file in data/ as payload.file' \
	    '{"type":"data"}'
}

test_a_file_is_one_name() {
	for wrong in '""' '"."' '".."' '"a/b"' '"/etc/passwd"' '"../x"' \
	    '"a\nb"' '"a\u007f"' '"a\u0085"' 7 null "\"$(repeat x 256)\""; do
		refused_payload payload.file "$file_rule" "{\"type\":\"data\",\"file\":$wrong}"
		refused payload.filename "$file_rule" "$(with '' ",\"filename\":$wrong")"
	done
	expect 0 '...' job_file '...'
	expect 0 "$(repeat ä 127)" job_file "$(repeat ä 127)"
	refused_payload payload.file "$file_rule" "{\"type\":\"data\",\"file\":\"$(repeat ä 128)\"}"
}

job_file() {
	job "{\"destinations\":[\"a\"],\"payload\":{\"type\":\"data\",\"file\":\"$1\"}}" |
	    sed -n 's/^file=//p'
}

test_a_content_type_is_a_media_type() {
	for wrong in '""' '"pdf"' '"/pdf"' '"application/"' '"text/plain;"' \
	    '"text/plain; charset"' '"text/plain\r\nX: y"' '"text/plain, b/c"' \
	    '"text/ plain"' '"text/plain; a=\"b"' '"text/plain; a=\"ä\""' 7; do
		refused payload.contentType "$media_rule" \
		    "$(with '' ",\"contentType\":$wrong")"
	done
	for right in application/pdf 'text/plain; charset=utf-8' \
	    'multipart/related; boundary=\"a b\\\" c\" ;x=y' \
	    application/vnd.hl7.v3+json; do
		expect 0 1 count_of contentType "$(with '' ",\"contentType\":\"$right\"")"
	done
	refused payload.contentType "$media_rule" \
	    "$(with '' ",\"contentType\":\"a/$(repeat b 254)\"")"
}

# count_of FIELD JOB
count_of() {
	job "$2" | grep -c "^$1"
}

test_metadata_is_an_object() {
	for wrong in '[]' '"x"' 1 null; do
		refused payload.metadata 'must be an object' \
		    "$(with '' ",\"metadata\":$wrong")"
	done
}

test_priority_is_a_whole_number_from_0_to_10() {
	for wrong in -1 11 1.5 '"5"' true null 1e30; do
		refused_option priority "$priority_rule" "$wrong"
	done
	for right in 0 10 5.0 1e1; do
		expect 0 1 count_of priority "$(with '' '' "\"priority\":$right")"
	done
}

test_words_have_1_to_256_characters() {
	for field in correlationId idempotencyKey; do
		for wrong in '""' 7 null '[]' '"a\tb"' '"a\u001bb"' \
		    '"\u009b"' "\"$(repeat ä 257)\""; do
			refused_option "$field" "$word_rule" "$wrong"
		done
		expect 0 1 count_of "$field" \
		    "$(with '' '' "\"$field\":\"$(repeat 😀 256)\"")"
	done
}

test_tags_are_up_to_32_words() {
	for wrong in '"q1"' '{}' null "$(numbered 33)"; do
		refused_option tags 'must be an array of up to 32 strings' "$wrong"
	done
	expect 0 32 count_of tag "$(with '' '' "\"tags\":$(numbered 32)")"
	refused 'options.tags[1]' "$word_rule" "$(with '' '' '"tags":["a","b\n"]')"
	refused 'options.tags[0]' "$word_rule" "$(with '' '' "\"tags\":[\"$(repeat x 257)\"]")"
	refused 'options.tags[0]' "$word_rule" "$(with '' '' '"tags":[1]')"
}

test_times_are_rfc_3339() {
	for field in deliverAt expiresAt; do
		for wrong in '"tomorrow"' '"2026-11-23"' 1764000000 null \
		    '"2026-02-30T00:00:00Z"' '"2026-11-23T21:04:05"' '""'; do
			refused_option "$field" "$time_rule" "$wrong"
		done
	done
	expect 0 'expiresAt=1970-01-01T00:00:00.001Z' job_expires \
	    '1970-01-01T00:00:00Z'
}

job_expires() {
	job "$(with '' '' "\"expiresAt\":\"$1\"")" | grep expiresAt
}

test_a_job_expires_later_than_it_may_be_delivered() {
	refused options.expiresAt 'must be later than options.deliverAt' \
	    "$(with '' '' '"deliverAt":"2026-11-23T21:04:05Z","expiresAt":"2026-11-23T22:04:05+01:00"')"
}

test_a_traceparent_is_strictly_w3c() {
	id=4bf92f3577b34da6a3ce929d0e0e4736
	span=00f067aa0ba902b7
	for wrong in '' 00 "ff-$id-$span-01" "00-$(repeat 0 32)-$span-01" \
	    "00-$id-$(repeat 0 16)-01" "00-$id-$span-1" "00-$id-$span-01-x" \
	    "00-4BF92F3577b34da6a3ce929d0e0e4736-$span-01" \
	    "00-$id-$span-0g" "0-$id-$span-01" "00_$id-$span-01" \
	    " 00-$id-$span-01" "00-$id-$span-01 " "01-$id-$span-01x" \
	    "01-$id-$span-01-X"; do
		refused_option traceparent "$trace_rule" "\"$wrong\""
	done
	refused_option traceparent "$trace_rule" 7
	for right in "00-$id-$span-00" "cc-$id-$span-01" \
	    "01-$id-$span-ff-1a-7"; do
		expect 0 1 count_of traceparent \
		    "$(with '' '' "\"traceparent\":\"$right\"")"
	done
}

test_a_callback_is_another_destination() {
	refused_option callback "$id_rule" '"Back"'
	refused_option callback "$id_rule" '["b"]'
	refused_option callback 'must not be among the destinations (a is)' '"a"'
	refused_option callback 'must be one destination'\''s id, not "default"' \
	    '"default"'
}

test_an_envelope_has_a_bounded_number_of_values() {
	node -e '
	const deep = JSON.stringify([...Array(100000).keys()]);
	console.log(`{"destinations":["a"],"payload":{"type":"data","data":${deep}}}`)' \
	    >"$SHUNIT_TMPDIR/wide"
	expect 0 4 job_lines "$SHUNIT_TMPDIR/wide"
	node -e '
	const many = JSON.stringify([...Array(100000).keys()].map(String));
	console.log(`{"destinations":${many},"payload":{"type":"data","data":1}}`)' \
	    >"$SHUNIT_TMPDIR/many"
	expect 1 'VALIDATION_ERROR at=27565' job_start "$SHUNIT_TMPDIR/many"
}

job_lines() {
	"$BUILD/tests/probe_job" <"$1" | wc -l
}

job_start() {
	_answer=$("$BUILD/tests/probe_job" <"$1")
	_code=$?
	printf '%s\n' "${_answer%% path*}"
	return $_code
}

test_10_mib_of_inline_data_never_becomes_a_tree() {
	node -e '
	process.stdout.write("{\"destinations\":[\"a\"],\"payload\":{\"type\":\"data\",\"data\":[");
	process.stdout.write("1,".repeat(5e6) + "1]}}")' >"$SHUNIT_TMPDIR/large"
	expect 0 'destination[0]=a
type=data
data=[1,1,1,1,1,1,1,
priority=5' in_100_mb "$SHUNIT_TMPDIR/large"
}

# Room for some copies of the text; a tree would take 320 MB, and with the
# sanitizers, which reserve addresses without end, far more.
in_100_mb() {
	if sanitized; then
		ASAN_OPTIONS=$ASAN_OPTIONS:hard_rss_limit_mb=400 \
		    "$BUILD/tests/probe_job"
	else
		prlimit --as=100000000 "$BUILD/tests/probe_job"
	fi <"$1" | cut -c 1-20
}

run_suite
