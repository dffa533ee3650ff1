#!/bin/sh
# path_test - paths with names in braces: what they yield, and what they refuse
. "$(dirname "$0")/common.sh"

path() {
	"$BUILD/tests/probe_path" "$@"
}

test_every_name_stands_for_its_value() {
	expect 0 '[in/acme/2026/11/23/21/20261123T210405Z.01JD.report.c-7]' \
	    path 'in/{organizationId}/{year}/{month}/{day}/{hour}/{timestamp}.{deliveryId}.{type}.{correlationId}' \
	    organizationId=acme year=2026 month=11 day=23 hour=21 \
	    timestamp=20261123T210405Z deliveryId=01JD type=report \
	    correlationId=c-7
}

test_metadata_is_named_behind_a_dot() {
	expect 0 '[ward-3/Müller, Jörg]' \
	    path '{metadata.ward}/{metadata.full name}' metadata.ward=ward-3 \
	    'metadata.full name=Müller, Jörg'
}

test_a_template_without_names_is_itself() {
	expect 0 '[in/box one/x=1&y+2%20]' path 'in/box one/x=1&y+2%20'
}

test_what_a_value_has_in_braces_is_not_looked_at_again() {
	expect 0 '[{type}]' path '{metadata.a}' 'metadata.a={type}' type=x
}

test_a_template_that_is_wrong_is_said_so_before_there_is_a_value() {
	expect 0 'it has a brace without its other half' path 'a{type'
	expect 0 'it has a brace without its other half' path 'a}b'
	expect 0 'it names something unknown in braces' path '{tpye}'
	expect 0 'it names something unknown in braces' path '{}'
	expect 0 'it names something unknown in braces' path '{metadata.}'
	expect 0 'it names something unknown in braces' path '{metadata}'
	expect 0 'it must have 1 to 1024 bytes' path ''
	expect 0 'it must have 1 to 1024 bytes' \
	    path "$(printf '%01025d' 0)"
	expect 0 'it has a control character in it' path "$(printf 'a\nb')"
}

# refused VALUE WORDS: such a value does not fit.
refused() {
	expect 0 "VALIDATION_ERROR payload.metadata.a: payload.metadata.a $2: a path does not take it" \
	    path 'x/{metadata.a}' "metadata.a=$1"
}

test_a_value_that_could_lead_elsewhere_is_refused_with_its_path() {
	refused a/b 'has a slash in it'
	refused /etc 'has a slash in it'
	refused 'a\b' 'has a slash in it'
	refused .. 'has ".." in it'
	refused 'a..b' 'has ".." in it'
	refused "$(printf 'a\rb')" 'has a control character in it'
	refused "$(printf 'a\nb')" 'has a control character in it'
	refused "$(printf 'a\177')" 'has a control character in it'
	refused "$(printf 'a\302\205')" 'has a control character in it'
	refused "$(printf '\377')" 'is not UTF-8'
	refused '' 'is empty'
	expect 0 'VALIDATION_ERROR correlationId: correlationId has a slash in it: a path does not take it' \
	    path '{correlationId}' correlationId=a/b
}

test_a_value_that_the_job_has_not_is_refused() {
	expect 0 'VALIDATION_ERROR correlationId: correlationId is needed, but the job has none: a path does not take it' \
	    path '{correlationId}'
	expect 0 'VALIDATION_ERROR payload.metadata.ward: payload.metadata.ward is needed, but the job has none: a path does not take it' \
	    path 'x/{metadata.ward}' metadata.war=1
}

test_a_path_is_no_longer_than_1024_bytes() {
	expect 0 "[$(printf '%01024d' 0)]" \
	    path '{metadata.a}' "metadata.a=$(printf '%01024d' 0)"
	expect 0 'VALIDATION_ERROR : the path has more than 1024 bytes' \
	    path '{metadata.a}b' "metadata.a=$(printf '%01024d' 0)"
}

. /usr/share/shunit2/shunit2
