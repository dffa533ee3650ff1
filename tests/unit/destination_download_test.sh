#!/bin/sh
# destination_download_test.sh - what a destination of the type download may say

. tests/unit/common.sh

oneTimeSetUp() {
	K=$SHUNIT_TMPDIR/keys
	mkdir "$K"
	"$BUILD/tests/probe_vault" create "$K"
}

# download CHANGE: a destination after that change by jq to its settings.
download() {
	jq -nc "{label: \"A\", type: \"download\", config: {download:
	    ({baseUrl: \"https://files.example/get\"} | $1)}}"
}

make() {
	download "$1" | "$BUILD/tests/probe_destination" make "$K" hospital ''
}

# refused FIELD WORDS CHANGE
refused() {
	expect 1 "VALIDATION_ERROR path=config.download.$1: config.download.$1 $2" \
	    make "$3"
}

# taken CHANGE
taken() {
	assertEquals "$1" '{"id":"a"' "$(make "$1" | cut -c 1-9)"
}

test_links_begin_with_https_or_on_this_machine() {
	for url in https://a.example https://a.example/ https://a.example:8443/x \
	    http://localhost http://localhost:8080/get http://127.0.0.1:1 \
	    http://127.8.9.1/x 'http://[::1]:8080'; do
		taken ".baseUrl = \"$url\""
	done
	secret='must be https: a link opens what it leads to, and does not go over a network in clear'
	for url in http://a.example http://10.0.0.7 http://128.0.0.1 \
	    'http://[::2]' http://localhost.example http://127.1; do
		refused baseUrl "$secret" ".baseUrl = \"$url\""
	done
	refused baseUrl 'must not have a user or password' \
	    '.baseUrl = "https://u@a.example"'
	refused baseUrl "must not have a query: the link's own path follows" \
	    '.baseUrl = "https://a.example/?x="'
	refused baseUrl 'must not be longer than 512 bytes' \
	    '.baseUrl = "https://a.example/" + "x" * 500'
	refused baseUrl 'is missing' 'del(.baseUrl)'
}

test_how_often_and_for_how_long_has_bounds() {
	taken '. + {expiryHours: 1, maxAccess: 0}'
	taken '. + {expiryHours: 87600, maxAccess: 1000000}'
	refused expiryHours 'must be a whole number from 1 to 87600' \
	    '.expiryHours = 0'
	refused maxAccess 'must be a whole number from 0 to 1000000' \
	    '.maxAccess = -1'
	refused maxAccess 'must be a whole number from 0 to 1000000' \
	    '.maxAccess = "3"'
}

test_from_where_is_told_by_networks() {
	taken '.allowedIpRanges = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]'
	networks='must be an array of 1 to 64 CIDRs, such as "192.0.2.0/24" and "2001:db8::/32"'
	for value in '[]' '"10.0.0.0/8"' '["10.0.0.0/33"]' '["private"]' \
	    '["10.0.0"]' '[7]' '["10.0.0.0/8 "]' '["::/129"]' \
	    '[range(65) | "10.0.0.\(.)"]'; do
		refused allowedIpRanges "$networks" ".allowedIpRanges = $value"
	done
}

test_the_others_have_their_forms_too() {
	taken '. + {direct: true, notify: "mail", filename: "{type}.pdf"}'
	refused direct 'must be true or false' '.direct = "yes"'
	refused notify 'must be 1 to 63 of a-z, 0-9 and "-", not beginning with "-"' \
	    '.notify = "A"'
	for field in proxy tls; do
		refused $field 'means nothing to a link, which is fetched' \
		    ".$field = if \"$field\" == \"tls\" then {minimum: \"1.3\"}
		    else \"http://a.example\" end"
	done
}

run_suite
