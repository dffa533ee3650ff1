#!/bin/sh
# destination_test.sh - lib/destination, lib/url: what a destination may be,
# and that its credentials are sealed for it alone

. tests/unit/common.sh

oneTimeSetUp() {
	K=$SHUNIT_TMPDIR/keys
	mkdir "$K"
	"$BUILD/tests/probe_vault" create "$K"
	openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days 2 \
	    -keyout "$SHUNIT_TMPDIR/ca.key" -out "$SHUNIT_TMPDIR/ca.pem" \
	    2>/dev/null
}

probe() {
	"$BUILD/tests/probe_destination" "$@"
}

# make JSON [TAKEN]: all that is printed.
make() {
	printf '%s' "$1" | probe make "$K" hospital "${2:-}"
}

# document JSON [TAKEN]: the document alone.
document() {
	make "$@" | head -n 1
}

# of VERB JSON ARGUMENT...: another verb's answer about what is made of it.
of() {
	_verb=$1
	document "$2" >"$SHUNIT_TMPDIR/document"
	shift 2
	probe "$_verb" "$@" <"$SHUNIT_TMPDIR/document"
}

# webhook MEMBERS [TOP]: more members of the config, and at the top.
webhook() {
	printf '{"label":"A","type":"webhook"%s,"config":{"webhook":{"url":"https://a.example/x"%s}}}' \
	    "${2:+,$2}" "${1:+,$1}"
}

# refused PATH WORDS JSON
refused() {
	expect 1 "VALIDATION_ERROR path=$1: $1 $2" make "$3"
}

refused_config() {
	refused "config.webhook.$1" "$2" "$(webhook "$3")"
}

refused_top() {
	refused "$1" "$2" "$(webhook '' "$3")"
}

# taken_config MEMBERS: accepted, and in the opened config as it was given.
taken_config() {
	_opened=$(of open "$(webhook "$1")" "$K" hospital)
	case $_opened in
	*"$1"*) ;;
	*) fail "$1 is not in $_opened" ;;
	esac
}

repeat() {
	node -e 'process.stdout.write(process.argv[1].repeat(process.argv[2]))' \
	    "$1" "$2"
}

# stamped: times and sealed values in place of themselves.
stamped() {
	sed -e 's/"20[0-9T:.-]*Z"/"TIME"/g' \
	    -e 's/{"sealed":"v1\.[A-Za-z0-9._-]*"}/SEALED/g' \
	    -e 's/whsec_[A-Za-z0-9+/]*=/SECRET/g'
}

made() {
	make "$@" | stamped
}

string_rule='must be a string of 1 to 256 characters without control characters'

test_the_smallest_one_gets_all_that_it_needs() {
	expect 0 '{"id":"a","organizationId":"hospital","label":"A","type":"webhook","description":"","isDefault":false,"disabled":false,"disabledAt":null,"disabledBy":null,"disabledReason":null,"countUsage":0,"lastUsedAt":null,"createdAt":"TIME","updatedAt":"TIME","version":1,"config":{"webhook":{"url":"https://a.example/x","secret":SEALED}},"limits":{"concurrency":0,"ratePerMinute":0,"ordered":false},"submitters":[],"secrets":[{"secretId":"1","made":true,"createdAt":"TIME"}]}
secret SECRET' made "$(webhook)"
}

test_every_field_has_its_place_whatever_order_it_came_in() {
	expect 0 '{"id":"ehr","organizationId":"hospital","label":"EHR","type":"webhook","description":"x\ny","isDefault":true,"disabled":true,"disabledAt":"TIME","disabledBy":null,"disabledReason":null,"countUsage":0,"lastUsedAt":null,"createdAt":"TIME","updatedAt":"TIME","version":1,"config":{"webhook":{"url":"https://a.example/x","method":"PUT","headers":{"Authorization":SEALED,"Accept":"a/b"},"body":"data","signature":"none","timeout":5000,"retryConfig":{"maxRetries":3,"baseDelay":10,"backoffMultiplier":2.50,"maxBackoffDelay":60000},"tls":{"minimum":"1.3"}}},"limits":{"concurrency":20,"ratePerMinute":600,"ordered":true},"submitters":["ris","pacs"]}' \
	    made '{"submitters":["ris","pacs"],"limits":{"ordered":true,"ratePerMinute":600,"concurrency":20},"config":{"webhook":{"tls":{"minimum":"1.3"},"retryConfig":{"maxBackoffDelay":60000,"backoffMultiplier":2.50,"baseDelay":10,"maxRetries":3},"timeout":5000,"signature":"none","body":"data","headers":{"Authorization":"Bearer x","Accept":"a/b"},"method":"PUT","url":"https://a.example/x"}},"disabled":true,"isDefault":true,"description":"x\ny","type":"webhook","label":"EHR","organizationId":"hospital","id":"ehr"}'
}

test_what_the_supervisor_asks_for_is_read_from_the_document() {
	expect 0 'a webhook version=1 concurrency=0 rate=0 timeout=30000
retries=-1 base=-1 max=-1 multiplier=-1' of fields "$(webhook)"
	expect 0 'a webhook default disabled version=1 concurrency=2 rate=3 ordered timeout=5
retries=0 base=-1 max=-1 multiplier=-1' of fields "$(webhook \
	    '"timeout":5,"retryConfig":{"maxRetries":0}' \
	    '"isDefault":true,"disabled":true,"limits":{"concurrency":2,"ratePerMinute":3,"ordered":true}')"
	expect 0 'a webhook version=1 concurrency=0 rate=0 timeout=30000
retries=-1 base=-1 max=60000 multiplier=-1 formula' \
	    of fields "$(webhook '"retryConfig":{"maxBackoffDelay":60000}')"
}

# --- the id ---

id_of() {
	document "$@" | sed 's/{"id":"\([^"]*\)".*/\1/'
}

labelled() {
	id_of "$(webhook | sed "s/\"A\"/\"$1\"/")" "${2:-}"
}

test_an_id_is_made_from_the_label() {
	expect 0 ehr-webhook labelled 'EHR webhook'
	expect 0 a--b--c labelled 'A, b+ C'
	expect 0 m-nchen labelled 'München'
	expect 0 x labelled ' (x)! '
	expect 0 webhook labelled 'ÄÖ ß'
	expect 0 "$(repeat a 63)" labelled "$(repeat A 70)"
	expect 0 "$(repeat a 62)" labelled "$(repeat a 62) b"
}

test_an_id_that_is_made_is_made_unique() {
	expect 0 ehr-2 labelled ehr ehr
	expect 0 ehr-4 labelled ehr ehr,ehr-2,ehr-3
	expect 0 default-2 labelled Default
	expect 0 "$(repeat a 61)-2" labelled "$(repeat a 63)" "$(repeat a 63)"
}

test_an_id_that_is_given_has_to_be_free_and_one() {
	expect 0 given id_of "$(webhook '' '"id":"given"')"
	expect 1 'CONFLICT path=id: destination given exists already' \
	    make "$(webhook '' '"id":"given"')" given
	for wrong in '""' '"A"' '"-a"' '"a.b"' "\"$(repeat a 64)\"" 7 null; do
		refused_top id 'must be 1 to 63 of a-z, 0-9 and "-", not beginning with "-"' \
		    "\"id\":$wrong"
	done
	refused_top id 'must not be "default", which stands for the default destinations' \
	    '"id":"default"'
}

# --- what is wrong ---

test_all_that_is_wrong_is_said_at_once() {
	expect 1 'VALIDATION_ERROR path=label: label '"$string_rule"'; x is unknown (allowed: id, organizationId, label, type, description, isDefault, disabled, config, limits, submitters); config.webhook.method must be "POST" or "PUT"; config.webhook.url is missing' \
	    make '{"label":7,"x":1,"type":"webhook","config":{"webhook":{"method":"GET"}}}'
}

test_more_than_fits_is_counted() {
	expect 0 1 more_than_fits
}

more_than_fits() {
	make "$(webhook "\"$(repeat a 200)\":1,\"$(repeat b 200)\":1,\"$(repeat c 200)\":1,\"$(repeat d 200)\":1")" |
	    grep -c 'is unknown.*; and 2 more$'
}

test_a_destination_is_an_object() {
	expect 1 'VALIDATION_ERROR: a destination must be an object' make '[]'
}

test_what_a_pipe_has_no_use_for_is_refused() {
	expect 1 'VALIDATION_ERROR path=config.pipe.proxy: config.pipe.proxy means nothing to a program' \
	    make '{"label":"A","type":"pipe","config":{"pipe":{"pipe":"fax","proxy":"http://a"}}}'
}

test_required_fields_are_missed() {
	expect 1 'VALIDATION_ERROR path=label: label is missing; type is missing; config is missing' \
	    make '{}'
	refused config.webhook.url 'is missing' \
	    '{"label":"A","type":"webhook","config":{"webhook":{}}}'
	refused config.webhook 'is missing' \
	    '{"label":"A","type":"webhook","config":{}}'
	refused config.webhook 'must be an object' \
	    '{"label":"A","type":"webhook","config":{"webhook":"x"}}'
	refused config 'must be an object with one member, named as the type' \
	    '{"label":"A","type":"webhook","config":[]}'
}

test_the_config_is_that_of_its_type() {
	expect 1 'VALIDATION_ERROR path=config.email: config.email does not belong to the type webhook' \
	    make '{"label":"A","type":"webhook","config":{"webhook":{"url":"https://a"},"email":{}}}'
	refused type 'must be "webhook", "pipe", "email", "storage", "sftp" or "download"' \
	    '{"label":"A","type":"pigeon","config":{"pigeon":{}}}'
}

test_what_spoold_sets_cannot_be_given() {
	for field in version createdAt updatedAt countUsage disabledBy; do
		refused_top "$field" 'is unknown (allowed: id, organizationId, label, type, description, isDefault, disabled, config, limits, submitters)' \
		    "\"$field\":1"
	done
}

test_unknown_fields_are_errors_wherever_they_are() {
	allowed='is unknown (allowed: url, method, headers, auth, body, signature, secret, successStatus, timeout, retryConfig, tls, proxy, proxyAuth)'
	refused_config retries "$allowed" '"retries":3'
	refused_config URL "$allowed" '"URL":"x"'
	refused_config retryConfig.maxRetries "$allowed" \
	    '"retryConfig.maxRetries":3'
	refused_config retryConfig.retries 'is unknown (allowed: maxRetries, baseDelay, backoffMultiplier, maxBackoffDelay)' \
	    '"retryConfig":{"retries":3}'
	refused_config tls.key 'is unknown (allowed: ca, clientCert, clientKey, pinnedPublicKey, minimum)' \
	    '"tls":{"key":"x"}'
	refused_config retryConfig 'must be an object' '"retryConfig":3'
	refused_top limits.rate 'is unknown (allowed: concurrency, ratePerMinute, ordered)' \
	    '"limits":{"rate":3}'
}

test_strings_booleans_and_users_are_checked() {
	refused label "$string_rule" "$(webhook | sed 's/"A"/""/')"
	refused label "$string_rule" "$(webhook | sed 's/"A"/"a\\u001bb"/')"
	refused label "$string_rule" "$(webhook | sed "s/\"A\"/\"$(repeat ä 257)\"/")"
	refused_top description 'must be a string of up to 4096 characters, without control characters but newline and tab' \
	    '"description":"a\rb"'
	refused_top isDefault 'must be true or false' '"isDefault":"yes"'
	refused_top disabled 'must be true or false' '"disabled":null'
	refused_top limits.ordered 'must be true or false' '"limits":{"ordered":1}'
	for wrong in '"ris"' '[1]' '[""]' '["a\n"]'; do
		refused_top submitters 'must be an array of up to 1000 user names' \
		    "\"submitters\":$wrong"
	done
}

test_another_organization_is_refused() {
	expect 1 'ORGANIZATION_MISMATCH: organizationId must be hospital, if it is given' \
	    make "$(webhook '' '"organizationId":"clinic"')"
}

test_numbers_are_within_their_bounds() {
	for wrong in -1 10001 1.5 '"5"' null; do
		refused_top limits.concurrency 'must be a whole number from 0 to 10000' \
		    "\"limits\":{\"concurrency\":$wrong}"
	done
	refused_top limits.ratePerMinute 'must be a whole number from 0 to 1000000' \
	    '"limits":{"ratePerMinute":1000001}'
	for wrong in 0 -1 86400001 '"30s"'; do
		refused_config timeout 'must be a whole number from 1 to 86400000 (milliseconds)' \
		    "\"timeout\":$wrong"
	done
	for wrong in -1 9999 1.5 '"3"'; do
		refused_config retryConfig.maxRetries 'must be a whole number from 0 to 9998' \
		    "\"retryConfig\":{\"maxRetries\":$wrong}"
	done
	refused_config retryConfig.baseDelay 'must be a whole number from 1 to 86400000 (milliseconds)' \
	    '"retryConfig":{"baseDelay":0}'
	refused_config retryConfig.maxBackoffDelay 'must be a whole number from 1 to 31536000000 (milliseconds)' \
	    '"retryConfig":{"maxBackoffDelay":31536000001}'
	for wrong in 0.5 101 '"2"' true; do
		refused_config retryConfig.backoffMultiplier 'must be a number from 1 to 100' \
		    "\"retryConfig\":{\"backoffMultiplier\":$wrong}"
	done
	taken_config '"retryConfig":{"maxRetries":9998,"baseDelay":1,"backoffMultiplier":1,"maxBackoffDelay":31536000000}'
}

test_choices_name_what_there_is() {
	refused_config method 'must be "POST" or "PUT"' '"method":"post"'
	refused_config body 'must be "envelope", "data" or "file"' '"body":"raw"'
	refused_config signature 'must be "standard", "x-webhook", "both" or "none"' \
	    '"signature":"hmac"'
	refused_config signature 'must be "standard", "x-webhook", "both" or "none"' \
	    '"signature":"standard|x-webhook"'
	refused_config tls.minimum 'must be "1.2" or "1.3"' '"tls":{"minimum":1.2}'
	for right in '"method":"PUT"' '"body":"file"' '"signature":"both"' \
	    '"tls":{"minimum":"1.2"}'; do
		taken_config "$right"
	done
}

# --- URLs ---

url() {
	probe url "$1"
}

test_a_url_has_an_origin() {
	expect 0 https://a.example:443 url https://a.example
	expect 0 https://a.example:443 url 'HTTPS://A.Example/x?y=1&z=%20@:/'
	expect 0 http://127.0.0.1:80 url http://127.0.0.1/
	expect 0 http://localhost:9000 url 'http://localhost:9000?x'
	expect 0 'https://[::1]:8443' url 'https://[::1]:8443/x'
	expect 0 'https://[2001:db8::a]:443' url 'https://[2001:DB8::A]'
	expect 0 https://my_host.local.:443 url https://my_host.local./
}

test_a_url_is_refused_for_a_reason() {
	scheme='must begin with https:// or http://'
	for wrong in '' a.example ftp://a file:///etc/passwd https:/a \
	    javascript:x //a; do
		expect 1 "$scheme" url "$wrong"
	done
	for wrong in https://user:pw@a/ https://user@a 'https://@a' \
	    'http://a:80@b/'; do
		expect 1 'must not have a user or password' url "$wrong"
	done
	for wrong in 'https://a/x y' 'https://a/ä' 'https://a\b/' \
	    'https://a/<x>' 'https://a/"' 'https://a/
x' "https://a/$(printf '\001')" 'https://a/{id}' 'https://ä.example'; do
		expect 1 'must be visible ASCII, other characters escaped as %XX' \
		    url "$wrong"
	done
	expect 1 'must not have a fragment (#…), it is never sent' url 'https://a/#x'
	for wrong in https://a:0 https://a:65536 https://a: https://a:8x \
	    https://a:-1 'https://a:+1' 'https://[::1]:x'; do
		expect 1 'must have a port from 1 to 65535, if any' url "$wrong"
	done
	for wrong in https:// https:///x 'https://[::1' 'https://[::1]x' \
	    'https://[a]' 'https://[]' 'https://a..b' 'https://.a' \
	    'https://%61' 'https://a,b' 'https://[fe80::1%eth0]' 'https://:80' \
	    "https://$(repeat a 64)"; do
		expect 1 'must have a host: a name in ASCII (xn--… for others), an IPv4 address, or an IPv6 address in []' \
		    url "$wrong"
	done
	expect 1 'must not be longer than 2048 bytes' url "https://a/$(repeat x 2048)"
	expect 1 'must have a host of at most 255 bytes' url "https://$(repeat a. 150)"
}

test_a_url_is_checked_where_it_stands() {
	refused config.webhook.url 'must not have a user or password' \
	    '{"label":"A","type":"webhook","config":{"webhook":{"url":"https://u:p@a"}}}'
	refused config.webhook.url 'must be a string' \
	    '{"label":"A","type":"webhook","config":{"webhook":{"url":7}}}'
}

# --- headers ---

test_headers_that_are_spoolds_own_may_not_be_set() {
	for name in Host host Content-Length TRANSFER-encoding Connection \
	    webhook-id Webhook-Signature webhook-x; do
		refused_config "headers.$name" "may not be set, it is spoold's own" \
		    "\"headers\":{\"$name\":\"x\"}"
	done
}

test_a_header_cannot_become_two() {
	rule='must be a string of 1 to 8192 bytes without CR, LF and other control characters'
	for wrong in '"a\r\nX: y"' '"a\nb"' '"a\rb"' '"\u007f"' '"\u0085"' \
	    '""' 7 null '["a"]' "\"$(repeat x 8193)\""; do
		refused_config headers.X-A "$rule" "\"headers\":{\"X-A\":$wrong}"
	done
	expect 1 'VALIDATION_ERROR at=98 path=config.webhook.headers.X-A: NUL is not allowed, at byte 98' \
	    make "$(webhook '"headers":{"X-A":"a\u0000b"}')"
	name='must be a header'\''s name: up to 128 letters, digits and "-"'
	for wrong in 'a b' 'a:' '' 'ä' '(x)'; do
		refused_config "headers.$wrong" "$name" "\"headers\":{\"$wrong\":\"x\"}"
	done
	refused_config headers.x-a 'is there twice' \
	    '"headers":{"X-A":"1","x-a":"2"}'
	refused_config headers 'must be an object of up to 64 headers' '"headers":[]'
	taken_config '"headers":{"X-A":"a\tbä \"c\"","Authorization":"Bearer x"}'
}

test_all_headers_but_a_few_harmless_ones_are_sealed() {
	expect 0 '"headers":{"accept":"a/b","X-Request-Source":"ris","X-Key":SEALED,"Cookie":SEALED}' \
	    sealed_headers '"headers":{"accept":"a/b","X-Request-Source":"ris","X-Key":"k","Cookie":"c"}'
}

sealed_headers() {
	document "$(webhook "$1")" | stamped |
	    sed 's/.*\("headers":{[^}]*}\).*/\1/'
}

test_a_mask_is_no_value() {
	refused_config headers.X-Key 'must be the value itself, not what stands for it in a listing' \
	    '"headers":{"X-Key":"********"}'
	refused_config secret 'must be "whsec_" or "whsk_" and base64, or for the signature x-webhook a string of 16 to 256 bytes' \
	    '"secret":"********"'
}

# --- secrets ---

test_a_secret_is_made_where_one_is_used() {
	for signature in standard x-webhook both; do
		expect 0 secret\ SECRET second_line "\"signature\":\"$signature\""
	done
	expect 0 '' second_line '"signature":"none"'
	expect 0 '' second_line "\"secret\":\"whsec_$(repeat A 32)\""
	_a=$(make "$(webhook)" | sed 1d)
	assertNotEquals "$_a" "$(make "$(webhook)" | sed 1d)"
	assertEquals 32 "$(printf '%s' "${_a#secret whsec_}" | base64 -d | wc -c)"
}

second_line() {
	made "$(webhook "$1")" | sed 1d
}

test_a_secret_that_is_given_is_base64_of_24_to_64_bytes() {
	for right in "$(repeat A 32)" MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw \
	    "$(repeat A 86)=="; do
		taken_config "\"secret\":\"whsec_$right\""
	done
	for wrong in '' AAAA "$(repeat A 31)" "$(repeat A 28)" \
	    "$(repeat A 88)" "$(repeat - 32)" "$(repeat A 32) "; do
		refused_config secret 'must have base64 of 24 to 64 bytes behind "whsec_"' \
		    "\"secret\":\"whsec_$wrong\",\"signature\":\"x-webhook\""
	done
}

test_a_raw_secret_is_for_x_webhook_alone() {
	taken_config '"signature":"x-webhook","secret":"0123456789abcdef"'
	for signature in '' ',"signature":"standard"' ',"signature":"both"'; do
		refused_config secret 'must be "whsec_" and base64 unless the signature is x-webhook' \
		    "\"secret\":\"0123456789abcdef\"$signature"
	done
	for wrong in '"0123456789abcde"' '7' '"0123456789abcde\n"' '{"sealed":"x"}' \
	    "\"$(repeat x 257)\""; do
		refused_config secret 'must be "whsec_" or "whsk_" and base64, or for the signature x-webhook a string of 16 to 256 bytes' \
		    "\"signature\":\"x-webhook\",\"secret\":$wrong"
	done
}

# ed25519 BYTES: base64 of a key's seed, or of seed and public key.
ed25519() {
	node -e 'const { privateKey } = require("node:crypto")
	    .generateKeyPairSync("ed25519");
	const { d, x } = privateKey.export({ format: "jwk" });
	console.log(Buffer.from(Buffer.concat([d, x].map((part) =>
	    Buffer.from(part, "base64url"))).subarray(0, +process.argv[1]))
	    .toString("base64"))' "$1"
}

test_an_ed25519_key_is_its_seed_or_seed_and_public_key() {
	taken_config "\"secret\":\"whsk_$(ed25519 32)\""
	taken_config "\"signature\":\"none\",\"secret\":\"whsk_$(ed25519 64)\""
	other=$(ed25519 64 | cut -c 1-43)$(ed25519 64 | cut -c 44-)
	for wrong in '' "$(ed25519 31)" "$(ed25519 63)" "$(repeat A 86)==" \
	    "$other" 'not base64'; do
		refused_config secret 'must have base64 of an ed25519 key behind "whsk_": its seed of 32 bytes, or seed and public key' \
		    "\"secret\":\"whsk_$wrong\""
	done
	for signature in x-webhook both; do
		refused_config secret 'must be "whsec_" and base64 unless the signature is standard' \
		    "\"secret\":\"whsk_$(ed25519 32)\",\"signature\":\"$signature\""
	done
}

test_no_complaint_repeats_a_value() {
	said=$(make "$(webhook '"secret":"hunter2","headers":{"Host":"hunter2","X":"hunter2\n"},"method":"hunter2","timeout":"hunter2","tls":{"ca":"hunter2"}')")
	assertContains "$said" config.webhook.tls.ca
	assertNotContains "$said" hunter2
}

# --- certificates ---

pem() {
	node -e 'console.log(JSON.stringify(process.argv.slice(1).map(
	    f => require("fs").readFileSync(f, "utf8")).join("")))' "$@"
}

test_an_authority_is_given_as_pem_and_not_as_a_path() {
	ca=$SHUNIT_TMPDIR/ca.pem
	taken_config "\"tls\":{\"ca\":$(pem "$ca")}"
	taken_config "\"tls\":{\"ca\":$(pem "$ca" "$ca")}"
	rule='must be certificates in PEM, their content and not a path'
	for wrong in '""' '"/etc/ssl/ca.pem"' 7 \
	    "$(pem "$SHUNIT_TMPDIR/ca.key")" \
	    "$(pem "$ca" "$SHUNIT_TMPDIR/ca.key")" \
	    "$(pem "$ca" | sed 's/MII\|MIH\|MIG\|MIB/XXX/')"; do
		refused_config tls.ca "$rule" "\"tls\":{\"ca\":$wrong}"
	done
}

# --- sealed, masked, opened ---

# --- authentication, statuses, proxies ---

test_each_kind_of_authentication_has_its_own_fields_and_no_others() {
	taken_config '"auth":{"type":"bearer","token":"t-1"}'
	taken_config '"auth":{"type":"basic","user":"ä b","password":"p:w"}'
	taken_config '"auth":{"type":"apiKey","header":"X-Key","key":"k-1"}'
	refused_config auth.type 'must be "bearer", "basic" or "apiKey"' \
	    '"auth":{"type":"digest"}'
	refused_config auth.token 'is missing: bearer needs it' \
	    '"auth":{"type":"bearer"}'
	refused_config auth.password 'is missing: basic needs it' \
	    '"auth":{"type":"basic","user":"u"}'
	refused_config auth.token 'belongs to the type bearer' \
	    '"auth":{"type":"basic","user":"u","password":"p","token":"t"}'
	refused_config auth 'has no type' '"auth":{}'
	refused_config auth 'has a user with a colon in it' \
	    '"auth":{"type":"basic","user":"u:v","password":"p"}'
	refused_config auth.token 'must be a string of 1 to 4096 characters without control characters' \
	    '"auth":{"type":"bearer","token":"a\r\nX: y"}'
	refused_config auth.token 'must be the value itself, not what stands for it in a listing' \
	    '"auth":{"type":"bearer","token":"********"}'
	for name in Host webhook-id; do
		refused_config auth.header "may not be set, it is spoold's own" \
		    "\"auth\":{\"type\":\"apiKey\",\"header\":\"$name\",\"key\":\"k\"}"
	done
	refused_config auth 'sets the header Authorization, which is among the headers, too' \
	    '"headers":{"authorization":"x"},"auth":{"type":"bearer","token":"t"}'
}

test_what_authenticates_is_sealed_and_the_user_is_not() {
	masked=$(of masked "$(webhook '"auth":{"type":"basic","user":"u-1","password":"p-1"},"proxy":"http://p.example:3128","proxyAuth":{"user":"u-2","password":"p-2"}')")
	for there in '"user":"u-1","password":"\*\*\*\*\*\*\*\*"' \
	    '"user":"u-2","password":"\*\*\*\*\*\*\*\*"'; do
		assertEquals "$there" 1 "$(echo "$masked" | grep -c "$there")"
	done
	assertEquals 0 "$(grep -c 'p-[12]' "$SHUNIT_TMPDIR/document")"
}

test_statuses_of_success_are_a_list_of_final_ones() {
	taken_config '"successStatus":[200,202,404]'
	for wrong in '[]' 200 '[100]' '[600]' '["200"]' '[200.5]' null; do
		refused_config successStatus 'must be an array of 1 to 64 whole numbers from 200 to 599' \
		    "\"successStatus\":$wrong"
	done
}

test_a_proxy_is_a_url_without_credentials_which_stand_beside_it() {
	taken_config '"proxy":"http://127.0.0.1:3128","proxyAuth":{"user":"u","password":"p"}'
	refused_config proxy 'must not have a user or password' \
	    '"proxy":"http://u:p@a"'
	refused_config proxy 'must begin with https:// or http://' \
	    '"proxy":"socks5://a"'
	refused_config proxyAuth 'needs a proxy' \
	    '"proxyAuth":{"user":"u","password":"p"}'
	refused_config proxyAuth 'needs both, user and password' \
	    '"proxy":"http://a","proxyAuth":{"user":"u"}'
}

test_nothing_sealed_shows_in_a_listing_or_the_file() {
	given=$(webhook '"headers":{"X-Key":"hunter2hunter2"},"signature":"x-webhook","secret":"hunter2hunter2hunter2"')
	assertNotContains "$(document "$given")" hunter2
	expect 0 '"headers":{"X-Key":"********"},"signature":"x-webhook","secret":"********"}}' \
	    masked_config "$given"
}

masked_config() {
	of masked "$1" | sed 's/.*\("headers".*}}\),"limits.*/\1/'
}

test_a_worker_gets_the_config_opened() {
	expect 0 '{"url":"https://a.example/x","headers":{"X-Key":"kä\"y","Accept":"a/b"},"signature":"x-webhook","secret":"0123456789abcdef","timeout":5}' \
	    of open "$(webhook '"headers":{"X-Key":"kä\"y","Accept":"a/b"},"signature":"x-webhook","secret":"0123456789abcdef","timeout":5')" \
	    "$K" hospital
}

test_a_destination_whose_url_was_changed_does_not_open() {
	document "$(webhook)" >"$SHUNIT_TMPDIR/original"
	for change in s/a.example/b.example/ s/https:/http:/ \
	    s/a.example/a.example:444/ 's/"id":"a"/"id":"b"/'; do
		sed "$change" "$SHUNIT_TMPDIR/original" \
		    >"$SHUNIT_TMPDIR/document"
		expect 1 does_not_open opened hospital
	done
	sed s,/x,/y, "$SHUNIT_TMPDIR/original" >"$SHUNIT_TMPDIR/document"
	expect 0 opens opened hospital
	expect 1 does_not_open opened clinic
}

opened() {
	if _said=$(probe open "$K" "$1" <"$SHUNIT_TMPDIR/document"); then
		echo opens
		return
	fi
	case $_said in
	'CONFIG_ERROR: webhook.secret of '*' does not open: it was sealed for another place, or changed')
		echo does_not_open ;;
	*) echo "$_said" ;;
	esac
	return 1
}

test_node_opens_the_secret_of_a_document() {
	make "$(webhook)" >"$SHUNIT_TMPDIR/made"
	sealed=$(sed -n 's/.*"secret":{"sealed":"\([^"]*\)".*/\1/p' \
	    "$SHUNIT_TMPDIR/made")
	expect 0 "$(sed -n 's/^secret //p' "$SHUNIT_TMPDIR/made")" \
	    node tests/unit/vault_reference.mjs open "$K/master.key" hospital a \
	    https://a.example:443 webhook.secret "$sealed"
}

# --- changing ---

changed() {
	of "$@" | stamped | sed 's/.*\("isDefault.*\),"countUsage.*\("updatedAt.*\),"config.*/\1 \2/'
}

test_disabling_says_who_when_and_why() {
	expect 0 '"isDefault":false,"disabled":true,"disabledAt":"TIME","disabledBy":"ann (1000)","disabledReason":"moved" "updatedAt":"TIME","version":2' \
	    changed disable "$(webhook)" 'ann (1000)' moved
	expect 0 '"isDefault":false,"disabled":false,"disabledAt":null,"disabledBy":null,"disabledReason":null "updatedAt":"TIME","version":2' \
	    changed enable "$(webhook '' '"disabled":true')"
	expect 0 '"isDefault":true,"disabled":false,"disabledAt":null,"disabledBy":null,"disabledReason":null "updatedAt":"TIME","version":2' \
	    changed default "$(webhook)"
}

test_a_document_is_printed_as_it_was_read() {
	document "$(webhook '"retryConfig":{"backoffMultiplier":2.50}')" \
	    >"$SHUNIT_TMPDIR/document"
	expect 0 "$(cat "$SHUNIT_TMPDIR/document")" again
}

again() {
	probe again <"$SHUNIT_TMPDIR/document"
}

test_a_document_that_is_none_is_refused() {
	expect 1 'VALIDATION_ERROR path=id: id is none' read_text '{}'
	expect 1 'VALIDATION_ERROR path=type: type is unknown' \
	    read_text '{"id":"a","type":"pigeon"}'
	expect 1 'VALIDATION_ERROR path=config: config.webhook is missing' \
	    read_text '{"id":"a","type":"webhook","config":{}}'
}

read_text() {
	printf '%s' "$1" | probe fields
}

test_a_destination_is_not_larger_than_its_file_may_be() {
	headers=$(node -e 'const h = {};
	for (let i = 0; i < 10; i++) h["X-" + i] = "v".repeat(8000);
	console.log(JSON.stringify(h))')
	expect 1 'VALIDATION_ERROR: the destination is larger than 65536 bytes' \
	    make "$(webhook "\"headers\":$headers")"
}

# --- storage ---

# storage PROVIDER CONFIG [MEMBERS]
storage() {
	printf '{"label":"A","type":"storage","config":{"storage":{"provider":"%s","config":{%s}%s}}}' \
	    "$1" "$2" "${3:+,$3}"
}

s3='"region":"r","bucket":"bbb","accessKeyId":"k","secretAccessKey":"s"'

# refused_storage FIELD WORDS PROVIDER CONFIG [MEMBERS]
refused_storage() {
	refused "config.storage.$1" "$2" "$(storage "$3" "$4" "${5:-}")"
}

test_a_storage_keeps_its_credentials_sealed_and_all_else_as_given() {
	_wanted='{"storage":{"provider":"s3","config":{"endpoint":"https://s.example","region":"r","bucket":"bbb","accessKeyId":"k","secretAccessKey":SEALED,"sessionToken":SEALED,"objectLock":{"mode":"GOVERNANCE","days":1}},"path":"{year}","overwrite":true}}'
	assertEquals "$_wanted" "$(document "$(storage s3 "\"objectLock\":{\"mode\":\"GOVERNANCE\",\"days\":1},\"sessionToken\":\"t\",\"endpoint\":\"https://s.example\",$s3" \
	    '"overwrite":true,"path":"{year}"')" | jq -c .config | stamped)"
	expect 0 '{"provider":"s3","config":{"region":"r","bucket":"bbb","accessKeyId":"k","secretAccessKey":"s"}}' \
	    of open "$(storage s3 "$s3")" "$K" hospital
}

test_a_provider_has_the_fields_that_are_its_own() {
	refused_storage config.directory 'is missing: local needs it' local ''
	refused_storage config.bucket 'belongs to the providers s3 gcs' local \
	    '"directory":"/x","bucket":"bbb"'
	for field in region bucket accessKeyId secretAccessKey; do
		refused_storage "config.$field" 'is missing: s3 needs it' s3 \
		    "$(printf %s "$s3" | sed "s/\"$field\":\"[a-z]*\",*//; s/,\$//")"
	done
	refused_storage config.directory 'belongs to the provider local' s3 \
	    "$s3,\"directory\":\"/x\""
	refused_storage config.kmsKeyId 'needs serverSideEncryption with aws:kms or aws:kms:dsse' \
	    s3 "$s3,\"kmsKeyId\":\"k\""
	refused_storage provider 'must be "local", "s3", "azure", "gcs" or "gcp"' ftp ''
}

test_the_fields_of_a_storage_have_their_forms() {
	for wrong in '"x"' '"/"' '"/x/"' '"/x//y"' '"/x/../y"' '"/./x"' 7 \
	    '"/x\u0001"'; do
		refused_storage config.directory 'must be an absolute path of up to 1024 bytes without ".", "..", "//" and a "/" at the end' \
		    local "\"directory\":$wrong"
	done
	for wrong in 416 '"640"' '"4755"' '"0840"' '"0440"'; do
		refused_storage config.mode 'must be a string such as "0640": four octal digits, the first 0, and the owner may read and write' \
		    local "\"directory\":\"/x\",\"mode\":$wrong"
	done
	for wrong in '"ab"' '"a/b"' '"a..b"' '".ab"' '"a b"' '"a@evil.example"'; do
		refused_storage config.bucket 'must be 3 to 255 letters, digits, ".", "-" and "_"' \
		    s3 "$(printf %s "$s3" | sed "s|\"bbb\"|$wrong|")"
	done
	for wrong in '""' '"a.b"' '"a/b"' '"A"'; do
		refused_storage config.region 'must be a region'"'"'s name, such as "eu-central-1"' \
		    s3 "$(printf %s "$s3" | sed "s|\"r\"|$wrong|")"
	done
	for wrong in 1 '{}' '{"mode":"X","days":1}' '{"mode":"GOVERNANCE"}' \
	    '{"mode":"GOVERNANCE","days":0}' '{"mode":"GOVERNANCE","days":1,"x":1}'; do
		refused_storage config.objectLock 'must be an object with mode, "GOVERNANCE" or "COMPLIANCE", and days, a whole number from 1 to 36500' \
		    s3 "$s3,\"objectLock\":$wrong"
	done
}

run_suite
