#!/bin/sh
# refusal_test - what is wrong is refused with its code, its place and its
# reason beside it, and stops nothing else
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
# shellcheck source=tests/system/cases.sh
. "$(dirname "$0")/cases.sh"

# --- wrong documents --------------------------------------------------------

good_to_extend='"destinations":["ok"],"payload":{"type":"data"'

# deep N: an array nested that deep.
deep() {
	printf "%${1}s" '' | tr ' ' '['
	printf "%${1}s" '' | tr ' ' ']'
}

test_every_document_that_is_no_strict_json_is_refused_with_its_place() {
	instance
	start
	sink
	destination ok
	cases
	p="{$good_to_extend,\"data\":"	# 51 bytes
	wrong bom "\\357\\273\\277{}"
	wrong utf8 "$p\"\\377\"}}"
	wrong overlong "$p\"\\300\\257\"}}"
	wrong encoded-surrogate "$p\"\\355\\240\\200\"}}"
	wrong high "$p\"\\\\ud800\"}}"
	wrong low "$p\"\\\\udc00\"}}"
	wrong nul "$p\"\\000\"}}"
	wrong nul-escape "$p\"\\\\u0000\"}}"
	wrong control "$p\"\\t\"}}"
	wrong escape "$p\"\\\\x41\"}}"
	wrong after "${p}1}} x"
	wrong second "${p}1}}{}"
	wrong nul-after "${p}1}}\\000"
	wrong range "${p}1e999}}"
	wrong minus-range "${p}-1e999}}"
	wrong zero "${p}01}}"
	wrong plus "${p}+1}}"
	wrong point "${p}1.}}"
	wrong nan "${p}NaN}}"
	wrong infinity "${p}-Infinity}}"
	wrong hex "${p}0x10}}"
	wrong quote "$p'x'}}"
	wrong comma "${p}[1,]}}"
	wrong comment "${p}1/**/}}"
	wrong word "${p}True}}"
	wrong key "$p{a:1}}}"
	wrong twice "$p{\"a\":1,\"a\":2}}}"
	wrong twice-escaped "$p{\"a\":1,\"\\\\u0061\":2}}}"
	wrong twice-above "${p}1},\"destinations\":[\"ok\"]}"
	wrong deep "$p$(deep 63)}}"
	wrong array '[]'
	wrong text '"x"'
	wrong null 'null'
	wrong brace '}'
	drop_cases
	eventually_within 40 new_is_empty
	for case in "$CASES"/*; do
		refused "${case##*/}" VALIDATION_ERROR
	done
	refused bom VALIDATION_ERROR 0
	for name in utf8 overlong encoded-surrogate high low nul nul-escape \
	    control escape; do
		at=$(jq .details.offset \
		    "$SPOOL/failed/$name.$(id_of $name).json.error")
		assertTrue "$name: offset $at" "[ $at -ge 51 -a $at -le 58 ]"
	done
	assertEquals 'nothing was sent' 0 "$(arrivals '')"
	drop good "{$good_to_extend,\"data\":$(deep 62)}}"
	eventually delivered "$ID" ok
}

# --- wrong fields -----------------------------------------------------------

# field NAME PATH TEXT: a case with that wrong field.
field() {
	wrong "$1" "$(printf '%s' "$3" | sed 's/\\/\\\\/g; s/%/%%/g')"
	echo "$1 $2" >>"$SCRATCH/paths"
}

long() {
	printf '%257s' '' | tr ' ' x
}

test_every_wrong_field_is_refused_with_its_path() {
	instance
	start
	sink
	destination ok
	cases
	d='"destinations":["ok"]'
	p='"payload":{"type":"data","data":1}'
	o="{$d,$p,\"options\":"
	field unknown destination "{$d,$p,\"destination\":1}"
	field letters Payload "{$d,$p,\"Payload\":1}"
	field in-payload payload.x "{$d,\"payload\":{\"type\":\"data\",
	    \"data\":1,\"x\":1}}"
	field in-options options.x "$o{\"x\":1}}"
	field no-destinations destinations "{$p}"
	field none destinations "{\"destinations\":[],$p}"
	field too-many destinations "{\"destinations\":[$(many 51 d)],$p}"
	field one-word destinations "{\"destinations\":\"ok\",$p}"
	field twice 'destinations[1]' "{\"destinations\":[\"ok\",\"ok\"],$p}"
	field number 'destinations[0]' "{\"destinations\":[1],$p}"
	field upper 'destinations[0]' "{\"destinations\":[\"OK\"],$p}"
	field no-payload payload "{$d}"
	field list payload "{$d,\"payload\":[]}"
	field no-type payload.type "{$d,\"payload\":{\"data\":1}}"
	field type payload.type "{$d,\"payload\":{\"type\":\"x\",\"data\":1}}"
	field both payload.file "{$d,\"payload\":{\"type\":\"data\",
	    \"data\":1,\"file\":\"f\"}}"
	field neither payload "{$d,\"payload\":{\"type\":\"data\"}}"
	field slash payload.file "{$d,\"payload\":{\"type\":\"data\",
	    \"file\":\"a/b\"}}"
	field up payload.file "{$d,\"payload\":{\"type\":\"data\",
	    \"file\":\"..\"}}"
	field metadata payload.metadata "{$d,\"payload\":{\"type\":\"data\",
	    \"data\":1,\"metadata\":[]}}"
	field media payload.contentType "{$d,\"payload\":{\"type\":\"data\",
	    \"file\":\"f\",\"contentType\":\"a/b\\r\\nX: y\"}}"
	field options options "{$d,$p,\"options\":1}"
	field eleven options.priority "$o{\"priority\":11}}"
	field minus options.priority "$o{\"priority\":-1}}"
	field half options.priority "$o{\"priority\":5.5}}"
	field quoted options.priority "$o{\"priority\":\"5\"}}"
	field key options.idempotencyKey "$o{\"idempotencyKey\":1}}"
	field long options.correlationId "$o{\"correlationId\":\"$(long)\"}}"
	field control options.correlationId "$o{\"correlationId\":\"\\n\"}}"
	field tags options.tags "$o{\"tags\":[$(many 33 t)]}}"
	field tag 'options.tags[0]' "$o{\"tags\":[1]}}"
	field at options.deliverAt "$o{\"deliverAt\":\"tomorrow\"}}"
	field day options.expiresAt "$o{\"expiresAt\":\"2026-02-30T00:00:00Z\"}}"
	field trace options.traceparent "$o{\"traceparent\":\"00-0-0-00\"}}"
	field self options.callback "$o{\"callback\":\"ok\"}}"
	field organization organizationId "{\"organizationId\":1,$d,$p}"
	drop_cases
	eventually new_is_empty
	while read -r name path; do
		refused "$name" VALIDATION_ERROR "$path"
	done <"$SCRATCH/paths"
	assertEquals 'nothing was sent' 0 "$(arrivals '')"
}

test_what_names_nothing_has_a_code_of_its_own() {
	instance
	setting queue max_payload_size 1M
	setting queue max_job_size 100k
	start
	sink
	destination ok
	cases
	p='"payload":{"type":"data","data":1}'
	f='{"destinations":["ok"],"payload":{"type":"data","file":'
	wrong elsewhere "{\"organizationId\":\"other\",
	    \"destinations\":[\"ok\"],$p}"
	wrong nowhere "{\"destinations\":[\"ok\",\"okk\"],$p}"
	wrong callback "{\"destinations\":[\"ok\"],$p,
	    \"options\":{\"callback\":\"nobody\"}}"
	wrong absent "$f\"absent.bin\"}}"
	wrong large "$f\"large.bin\"}}"
	wrong link "$f\"link.bin\"}}"
	wrong hard "$f\"hard.bin\"}}"
	wrong fifo "$f\"fifo.bin\"}}"
	wrong directory "$f\"directory.bin\"}}"
	wrong big "{\"destinations\":[\"ok\"],\"payload\":{\"type\":\"data\",
	    \"data\":\"$(printf '%110000s' '')\"}}"
	truncate -s 1048577 "$SPOOL/data/large.bin"
	echo x >"$SPOOL/data/twin.bin"
	ln "$SPOOL/data/twin.bin" "$SPOOL/data/hard.bin"
	ln -s twin.bin "$SPOOL/data/link.bin"
	mkfifo "$SPOOL/data/fifo.bin"
	mkdir "$SPOOL/data/directory.bin"
	drop_cases
	eventually new_is_empty
	refused elsewhere ORGANIZATION_MISMATCH
	refused nowhere DESTINATION_NOT_FOUND
	refused callback DESTINATION_NOT_FOUND
	refused absent PAYLOAD_NOT_FOUND
	refused large PAYLOAD_TOO_LARGE
	refused big PAYLOAD_TOO_LARGE
	for name in link hard fifo directory; do
		refused "$name" PAYLOAD_UNREADABLE
	done
	assertEquals 'a security event' 1 "$(journal \
	    'select(.event == "denied") | .event' | wc -l)"
	assertEquals 'nothing was sent' 0 "$(arrivals '')"
}

. /usr/share/shunit2/shunit2
