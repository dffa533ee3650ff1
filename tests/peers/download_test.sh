#!/bin/sh
# download_test - the worker for links, as curl, wget and nginx see it
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/links.sh
. "$(dirname "$0")/links.sh"

NGINX=

tearDown() {
	if [ -n "$NGINX" ]; then
		kill "$NGINX"
		wait "$NGINX" || :
		NGINX=
	fi
	links_end
}

# content BYTES: $FILE with that many, and $SUM.
content() {
	FILE=$LINKS/content
	head -c "$1" /dev/urandom >"$FILE"
	SUM=$(sha256sum "$FILE" | cut -d' ' -f1)
}

# get CURL'S WORD...: $CODE and $TOOK (ms), the head in $LINKS/head (sorted,
# without the date), the body in $LINKS/body.
get() {
	rm -f "$LINKS/body"
	: >"$LINKS/raw"
	# shellcheck disable=SC2046 # two words
	set -- $(curl -s -m 60 -D "$LINKS/raw" -o "$LINKS/body" \
	    -w '%{http_code} %{time_total}' "$@")
	CODE=$1
	TOOK=$(awk -v s="$2" 'BEGIN { print int(s * 1000) }')
	tr -d '\r' <"$LINKS/raw" | grep -v '^Date:\|^$' | sort >"$LINKS/head"
}

head_says() {
	assertTrue "no \"$1\" in: $(cat "$LINKS/head")" \
	    "grep -qxF '$1' '$LINKS/head'"
}

descriptors() {
	find "/proc/$(links_worker)/fd" -type l | wc -l
}

descriptors_are() {
	[ "$(descriptors)" -eq "$1" ]
}

# --- what it promises --------------------------------------------------------

test_the_page_and_a_head_use_nothing_up() {
	links_ready
	content 1000
	link TOKEN file="$FILE" left=1
	get "$URL/TOKEN"
	assertEquals 200 "$CODE"
	assertContains "$(cat "$LINKS/body")" '<bdi>report.pdf</bdi>'
	assertContains "$(cat "$LINKS/body")" "<code>$SUM</code>"
	policy=$(sed -n 's/^Content-Security-Policy: //p' "$LINKS/head")
	assertContains "$policy" "default-src 'none'; style-src 'sha256-"
	assertContains "$policy" "form-action 'self'; frame-ancestors 'none'"
	get -I "$URL/TOKEN"
	assertEquals 200 "$CODE"
	head_says 'Content-Type: text/html; charset=utf-8'
	get -I "$URL/TOKEN/file"
	assertEquals 404 "$CODE"
	get "$URL/TOKEN/file"
	assertEquals 404 "$CODE"
	assertEquals 0 "$(asked 'take TOKEN from 127.0.0.1: yes')"
	get -d '' "$URL/TOKEN"
	assertEquals 200 "$CODE"
	assertTrue "cmp '$FILE' '$LINKS/body'"
}

test_every_answer_is_kept_nowhere_and_guessed_by_nobody() {
	links_ready
	content 1000
	link TOKEN file="$FILE"
	for request in "$URL/TOKEN" "-d x $URL/TOKEN" "$URL/NOTHING" \
	    "-X PUT $URL/TOKEN"; do
		# shellcheck disable=SC2086 # words of curl's
		get $request
		for line in 'Cache-Control: no-store' \
		    'Referrer-Policy: no-referrer' \
		    'X-Content-Type-Options: nosniff' 'X-Frame-Options: DENY' \
		    'X-Robots-Tag: noindex, nofollow' \
		    'Cross-Origin-Resource-Policy: same-origin'; do
			head_says "$line"
		done
		assertContains "$(cat "$LINKS/head")" \
		    "Content-Security-Policy: default-src 'none'"
	done
	get -X PUT "$URL/TOKEN"
	assertEquals 405 "$CODE"
	head_says 'Allow: GET, HEAD, POST'
}

test_whatever_is_not_to_be_fetched_looks_alike() {
	links_ready
	content 1000
	link USED file="$FILE" left=0
	link PAST file="$FILE" expires=1000
	link ELSEWHERE file="$FILE" allow=192.0.2.0/24
	link REVOKED file="$FILE"
	tell revoke REVOKED
	eventually grep -qx revoked "$LINKS/out"
	get "$URL/UNKNOWN"
	assertEquals 404 "$CODE"
	cp "$LINKS/head" "$LINKS/expected.head"
	cp "$LINKS/body" "$LINKS/expected.body"
	for token in USED PAST ELSEWHERE REVOKED '%00' a.b 'x' \
	    "$(printf '%0900d' 0)" ..; do
		for words in '' '-d x' '-H Range:bytes=1-' \
		    '-H Cookie:fetch-0=1.2.3'; do
			# shellcheck disable=SC2086 # words of curl's
			get --path-as-is $words "$URL/$token"
			assertEquals "$token $words" 404 "$CODE"
			assertTrue "head of $token $words" "cmp '$LINKS/head' \
			    '$LINKS/expected.head'"
			assertTrue "body of $token $words" "cmp '$LINKS/body' \
			    '$LINKS/expected.body'"
			assertTrue "$token took $TOOK" "[ $TOOK -ge 250 ]"
		done
	done
	get "http://127.0.0.1:$PORT/"
	assertTrue "cmp '$LINKS/head' '$LINKS/expected.head'"
	assertTrue "took $TOOK" "[ $TOOK -ge 250 ]"
}

test_a_fetch_goes_on_where_it_broke_off_with_curl_and_wget() {
	links_ready
	content 3000000
	link TOKEN file="$FILE" left=1
	curl -s -m 60 -c "$LINKS/jar" -d '' -r 0-0 -o /dev/null "$URL/TOKEN"
	head -c 1000000 "$FILE" >"$LINKS/part"
	assertEquals 206 "$(curl -s -m 60 -b "$LINKS/jar" -C - \
	    -o "$LINKS/part" -w '%{http_code}' "$URL/TOKEN")"
	assertTrue "cmp '$FILE' '$LINKS/part'"
	link OTHER file="$FILE" left=1
	wget -q -O "$LINKS/first" --post-data='' --keep-session-cookies \
	    --save-cookies "$LINKS/cookies" "$URL/OTHER/file"
	assertTrue "cmp '$FILE' '$LINKS/first'"
	mkdir "$LINKS/wget"
	head -c 2000000 "$FILE" >"$LINKS/wget/file"
	wget -q -c -P "$LINKS/wget" --load-cookies "$LINKS/cookies" \
	    "$URL/OTHER/file"
	assertTrue "cmp '$FILE' '$LINKS/wget/file'"
	assertEquals 1 "$(asked 'take TOKEN from 127.0.0.1: yes')"
	assertEquals 1 "$(asked 'take OTHER from 127.0.0.1: yes')"
}

test_a_fetch_brings_twice_the_size_and_no_more() {
	links_ready
	content 100000
	link TOKEN file="$FILE" left=1
	get -c "$LINKS/jar" -d '' "$URL/TOKEN"
	assertEquals 200 "$CODE"
	assertContains "$(cat "$LINKS/head")" '; Max-Age=86400; HttpOnly; SameSite=Lax'
	assertNotContains "$(cat "$LINKS/head")" Secure
	get -b "$LINKS/jar" "$URL/TOKEN/file"
	assertEquals 200 "$CODE"
	assertTrue "cmp '$FILE' '$LINKS/body'"
	get -b "$LINKS/jar" -r 0-0 "$URL/TOKEN/file"
	assertEquals 404 "$CODE"
}

test_what_did_not_arrive_was_not_brought() {
	links_ready
	content 8000000
	link TOKEN file="$FILE" left=1
	curl -s -m 60 -c "$LINKS/jar" -d '' "$URL/TOKEN" | head -c 1000 >/dev/null
	for _ in 1 2 3; do
		curl -s -m 60 -b "$LINKS/jar" "$URL/TOKEN/file" |
		    head -c 1000 >/dev/null
	done
	get -b "$LINKS/jar" "$URL/TOKEN/file"
	assertEquals 200 "$CODE"
	assertTrue "cmp '$FILE' '$LINKS/body'"
}

test_a_direct_link_is_fetched_by_a_plain_get_and_only_by_that() {
	links_ready
	content 1000
	link TOKEN file="$FILE" direct=1 left=3 type=text/csv name=a.csv
	get -I "$URL/TOKEN"
	assertEquals 200 "$CODE"
	head_says "Content-Length: 1000"
	head_says "ETag: \"$SUM\""
	head_says 'Accept-Ranges: bytes'
	get -r 1000- "$URL/TOKEN"
	assertEquals 416 "$CODE"
	head_says 'Content-Range: bytes */1000'
	get -H 'If-Match: "other"' "$URL/TOKEN"
	assertEquals 412 "$CODE"
	assertEquals 0 "$(asked 'take TOKEN from 127.0.0.1: yes')"
	get -c "$LINKS/jar" "$URL/TOKEN"
	assertEquals 200 "$CODE"
	head_says 'Content-Type: text/csv'
	head_says 'Content-Disposition: attachment; filename="a.csv"'
	get -b "$LINKS/jar" -r 500- "$URL/TOKEN"
	assertEquals 206 "$CODE"
	assertEquals 1 "$(asked 'take TOKEN from 127.0.0.1: yes')"
	get -r 500- "$URL/TOKEN"
	assertEquals 206 "$CODE"
	head_says 'Content-Range: bytes 500-999/1000'
	get -H 'If-Range: "other"' -r 500- "$URL/TOKEN"
	assertEquals 200 "$CODE"
	assertTrue "cmp '$FILE' '$LINKS/body'"
	get "$URL/TOKEN"
	assertEquals 404 "$CODE"
}

test_no_more_fetches_than_there_are_however_many_ask_at_once() {
	links_ready
	content 200000
	link TOKEN file="$FILE" left=5
	curl -s -m 60 --parallel --parallel-max 40 --parallel-immediate -d '' \
	    -w '%{http_code}\n' "$URL/TOKEN?[1-40]" -o "$LINKS/got.#1" \
	    >"$LINKS/codes"
	assertEquals '5 35' "$(grep -cx 200 "$LINKS/codes") $(grep -cx 404 \
	    "$LINKS/codes")"
}

test_what_cannot_be_counted_at_the_moment_is_not_said_to_be_gone() {
	links_ready
	link TOKEN
	tell unable
	eventually grep -qx unable "$LINKS/out"
	get -d '' "$URL/TOKEN"
	assertEquals 503 "$CODE"
	head_says 'Retry-After: 60'
	get "$URL/TOKEN"
	assertEquals 200 "$CODE"
}

test_a_worker_that_is_to_end_sends_what_it_is_sending() {
	links_ready
	content 20000000
	link TOKEN file="$FILE" direct=1
	curl -s -m 60 --limit-rate 8M -o "$LINKS/slow" "$URL/TOKEN" &
	slow=$!
	eventually grep -qx 'take TOKEN from 127.0.0.1: yes' "$LINKS/out"
	eventually test -s "$LINKS/slow"
	tell retire
	eventually grep -qx retired "$LINKS/out"
	eventually refused
	assertTrue 'it is gone too early' "kill -0 $slow"
	wait "$slow"
	assertEquals 0 $?
	assertTrue "cmp '$FILE' '$LINKS/slow'"
	eventually grep -qx 'exit status 0' "$LINKS/out"
}

refused() {
	curl -s -m 60 -o /dev/null "$URL/TOKEN"
	[ $? -eq 7 ]
}

test_a_part_of_a_file_is_all_that_is_there() {
	links_ready
	printf 'before{"n":1}after' >"$LINKS/job"
	link TOKEN file="$LINKS/job" offset=6 length=7 direct=1
	get "$URL/TOKEN"
	assertEquals '{"n":1}' "$(cat "$LINKS/body")"
	get -r -3 "$URL/TOKEN"
	assertEquals ':1}' "$(cat "$LINKS/body")"
	link EMPTY file="$LINKS/job" offset=0 length=0 direct=1
	get "$URL/EMPTY"
	assertEquals '200 0' "$CODE $(wc -c <"$LINKS/body")"
}

test_what_was_changed_is_not_sent_whole_and_not_gone_on_with() {
	links_ready
	content 500000
	link TOKEN file="$FILE"
	get -c "$LINKS/jar" -d '' "$URL/TOKEN"
	assertEquals 200 "$CODE"
	printf x | dd of="$FILE" bs=1 seek=499999 conv=notrunc 2>/dev/null
	get -b "$LINKS/jar" -r 100- "$URL/TOKEN/file"
	assertEquals 404 "$CODE"
	curl -s -m 60 -d '' -o "$LINKS/body" "$URL/TOKEN"
	assertEquals 18 $?
	assertTrue "[ $(wc -c <"$LINKS/body") -lt 500000 ]"
	assertContains "$(cat "$LINKS/spoold.log")" \
	    'cut off: what was published is no longer what it was, or cannot be read'
}

# --- who asks ----------------------------------------------------------------

# nginx before the worker, from $1 on: `server 127.0.0.1:PORT` or a Unix socket.
proxy() {
	mkdir "$LINKS/nginx"
	PROXY=$((PORT + 1))
	{
		echo "daemon off; worker_processes 1; user root;"
		echo "pid $LINKS/nginx/pid; error_log $LINKS/nginx/error;"
		echo "events { worker_connections 200; }"
		echo "http { access_log off; client_body_temp_path $LINKS/nginx/b;"
		echo "proxy_temp_path $LINKS/nginx/p; fastcgi_temp_path $LINKS/nginx/f;"
		echo "uwsgi_temp_path $LINKS/nginx/u; scgi_temp_path $LINKS/nginx/s;"
		echo "upstream links { server $1; keepalive 4; }"
		echo "server { listen 127.0.0.1:$PROXY; location /get/ {"
		echo "proxy_pass http://links$2; proxy_http_version 1.1;"
		echo 'proxy_set_header Connection "";'
		echo 'proxy_set_header X-Forwarded-Proto https;'
		echo 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;'
		echo "} } }"
	} >"$LINKS/nginx.conf"
	nginx -p "$LINKS" -e "$LINKS/nginx/error" -c "$LINKS/nginx.conf" \
	    >"$LINKS/nginx.log" 2>&1 &
	NGINX=$!
	eventually test -s "$LINKS/nginx/pid"
	eventually curl -s -o /dev/null "http://127.0.0.1:$PROXY/"
}

test_behind_nginx_the_client_is_who_nginx_says() {
	links_ready 'proxies=127.0.0.1/32\n'
	proxy "127.0.0.1:$PORT" ''
	content 300000
	link TOKEN file="$FILE" left=1 allow=127.0.0.9
	get --interface 127.0.0.8 "http://127.0.0.1:$PROXY/get/d/TOKEN"
	assertEquals 404 "$CODE"
	# What the client itself says of where it comes from stands further left.
	get --interface 127.0.0.8 -H 'X-Forwarded-For: 127.0.0.9' \
	    "http://127.0.0.1:$PROXY/get/d/TOKEN"
	assertEquals 404 "$CODE"
	get --interface 127.0.0.9 "http://127.0.0.1:$PROXY/get/d/TOKEN"
	assertEquals 200 "$CODE"
	get --interface 127.0.0.9 -c "$LINKS/jar" -d '' \
	    "http://127.0.0.1:$PROXY/get/d/TOKEN/file"
	assertEquals 200 "$CODE"
	assertTrue "cmp '$FILE' '$LINKS/body'"
	assertContains "$(cat "$LINKS/head")" '; SameSite=Lax; Secure'
	# Without a word of where it comes from nobody gets anything.
	get "$URL/TOKEN"
	assertEquals 404 "$CODE"
	assertEquals 1 "$(asked 'look TOKEN from : no')"
	# Who is no proxy is believed nothing.
	get --interface 127.0.0.7 -H 'X-Forwarded-For: 127.0.0.9' "$URL/TOKEN"
	assertEquals 404 "$CODE"
	assertEquals 1 "$(asked 'look TOKEN from 127.0.0.7: no')"
}

test_by_a_unix_socket_too_whatever_path_the_proxy_takes_off() {
	mkdir -m 700 "${TMPDIR:-/tmp}/spoold-unix.$$"
	socket=${TMPDIR:-/tmp}/spoold-unix.$$/links
	# What a worker that was killed leaves behind.
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$socket"
	links "listen=unix:$socket"
	eventually grep -q '^ready shut_in=1$' "$LINKS/out"
	assertEquals 660 "$(stat -c %a "$socket")"
	proxy "unix:$socket" /
	content 3000000
	link TOKEN file="$FILE" left=1
	get "http://127.0.0.1:$PROXY/get/d/TOKEN"
	assertEquals 200 "$CODE"
	assertContains "$(cat "$LINKS/body")" 'action="TOKEN/file"'
	get -c "$LINKS/jar" -d '' "http://127.0.0.1:$PROXY/get/d/TOKEN/file"
	assertTrue "cmp '$FILE' '$LINKS/body'"
	# Its cookie is for clients that speak TLS to the proxy.
	sed -i 's/TRUE\(.*\)TRUE/TRUE\1FALSE/; s/	TRUE	\([0-9]*\)	fetch/	FALSE	\1	fetch/' \
	    "$LINKS/jar"
	get -b "$LINKS/jar" -r 100- "http://127.0.0.1:$PROXY/get/d/TOKEN/file"
	assertEquals 206 "$CODE"
	rm -rf "${TMPDIR:-/tmp}/spoold-unix.$$"
}

# --- TLS ---------------------------------------------------------------------

# certificate NAME DAYS: of 127.0.0.1, signed by itself.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -out "$1.pem" -days "$2" -subj /CN=127.0.0.1 \
	    -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1
}

test_tls_of_1_2_at_least_where_there_is_a_certificate() {
	pki=$(mktemp -d "${TMPDIR:-/tmp}/spoold-pki.XXXXXX")
	certificate "$pki/good" 90
	links_ready "certificate=$pki/good.pem" "key=$pki/good.key"
	content 2000000
	link TOKEN file="$FILE"
	secure=https://127.0.0.1:$PORT/d
	get --cacert "$pki/good.pem" -d '' "$secure/TOKEN"
	assertEquals 200 "$CODE"
	assertTrue "cmp '$FILE' '$LINKS/body'"
	assertContains "$(cat "$LINKS/head")" '; SameSite=Lax; Secure'
	get --cacert "$pki/good.pem" --tls-max 1.2 -d '' "$secure/TOKEN"
	assertEquals 200 "$CODE"
	get --cacert "$pki/good.pem" --tlsv1.0 --tls-max 1.1 \
	    --ciphers DEFAULT:@SECLEVEL=0 "$secure/TOKEN"
	assertEquals 000 "$CODE"
	get "$URL/TOKEN"
	assertEquals 000 "$CODE"
	tell test
	eventually grep -q '^tested' "$LINKS/out"
	assertEquals "tested connect=1 tls=1 error=NONE peer=127.0.0.1:$PORT tls=certificate, 89 days left reason=" \
	    "$(grep '^tested' "$LINKS/out" | sed 's/error= /error=NONE /')"
	rm -rf "$pki"
}

test_tls_of_1_3_where_the_instance_says_so() {
	pki=$(mktemp -d "${TMPDIR:-/tmp}/spoold-pki.XXXXXX")
	certificate "$pki/good" 3
	links_ready "certificate=$pki/good.pem" "key=$pki/good.key" tlsMinimum=1.3
	link TOKEN
	get --cacert "$pki/good.pem" "https://127.0.0.1:$PORT/d/TOKEN"
	assertEquals 200 "$CODE"
	get --cacert "$pki/good.pem" --tls-max 1.2 \
	    "https://127.0.0.1:$PORT/d/TOKEN"
	assertEquals 000 "$CODE"
	assertContains "$(cat "$LINKS/spoold.log")" \
	    'download.tls_certificate: 2 days left of it'
	rm -rf "$pki"
}

# refuses SENTENCE WORD...: the worker does not start with that setup.
refuses() {
	sentence=$1
	shift
	links "$@"
	eventually grep -q '^exit status 78$' "$LINKS/out"
	assertContains "$(cat "$LINKS/spoold.log")" "]: $sentence"
	links_end
}

test_a_listener_that_would_show_links_to_others_is_refused() {
	words='can be reached from other hosts, and links are secret: it needs download.tls_certificate and download.tls_key, or be a loopback address or a Unix socket with a proxy before it'
	refuses "download.listen: 0.0.0.0:8080 $words" listen=0.0.0.0:8080
	refuses "download.listen: [::]:8080 $words" 'listen=[::]:8080'
	refuses "download.listen: 192.0.2.1:80 $words" listen=192.0.2.1:80 \
	    'proxies=10.0.0.0/8\n'
}

test_a_setup_that_is_wrong_is_said_so() {
	pki=$(mktemp -d "${TMPDIR:-/tmp}/spoold-pki.XXXXXX")
	certificate "$pki/one" 9
	certificate "$pki/two" 9
	for where in localhost:80 127.0.0.1 127.0.0.1:0 127.0.0.1:99999 \
	    :80 '[::1' unix:relative 127.0.0.1:80x \
	    127.0.0.1:08443 '[127.0.0.1]:80'; do
		refuses "download.listen: \"$where\" is none of ADDR:PORT, [V6]:PORT or unix:PATH" \
		    "listen=$where"
	done
	echo precious >"$pki/file"
	refuses "download.listen: $pki/file is there, and no socket" \
	    "listen=unix:$pki/file"
	assertEquals precious "$(cat "$pki/file")"
	refuses 'download.trusted_proxies: "10.0.0.0/33" is no address and no network' \
	    listen=127.0.0.1:@PORT@ 'proxies=10.0.0.0/33\n'
	refuses 'download.tls_certificate and download.tls_key: one needs the other' \
	    listen=127.0.0.1:@PORT@ "certificate=$pki/one.pem"
	refuses 'download.tls_key: it does not belong to download.tls_certificate' \
	    listen=127.0.0.1:@PORT@ "certificate=$pki/one.pem" "key=$pki/two.key"
	refuses 'download.tls_certificate: no certificate in PEM' \
	    listen=127.0.0.1:@PORT@ "certificate=$pki/one.key" "key=$pki/one.key"
	refuses "download.tls_key: read $pki/none: No such file or directory" \
	    listen=127.0.0.1:@PORT@ "certificate=$pki/one.pem" "key=$pki/none"
	rm -rf "$pki"
}

# --- clients that mean no good -----------------------------------------------

clients() {
	node "$TESTS/peers/download_clients.mjs" "$PORT" "$@"
}

test_garbage_and_aborts_leave_nothing_behind() {
	links_ready
	content 20000000
	link TOKEN file="$FILE"
	before=$(descriptors)
	assertEquals 'done' "$(clients garbage)"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		curl -s -m 60 -d '' "$URL/TOKEN" | head -c 70000 >/dev/null
	done
	eventually descriptors_are "$before"
	get -d '' "$URL/TOKEN"
	assertEquals 200 "$CODE"
	assertTrue "cmp '$FILE' '$LINKS/body'"
}

test_thousands_of_idle_connections_of_one_address_stop_nobody_else() {
	links_ready
	link TOKEN
	clients idle 3000 >"$LINKS/idle" &
	idle=$!
	eventually grep -qx open "$LINKS/idle"
	get "$URL/TOKEN"
	assertEquals 200 "$CODE"
	assertTrue "$(descriptors) descriptors" "[ $(descriptors) -lt 230 ]"
	kill "$idle"
	wait "$idle" || :
}

test_an_address_that_asks_too_much_waits_and_the_others_do_not() {
	links_ready
	link TOKEN
	curl -s -m 60 --parallel --parallel-max 20 -w '%{http_code}\n' \
	    "$URL/TOKEN?[1-600]" -o /dev/null >"$LINKS/codes"
	assertTrue "[ $(grep -cx 200 "$LINKS/codes") -ge 300 ]"
	assertTrue "[ $(grep -cx 429 "$LINKS/codes") -gt 0 ]"
	assertEquals 600 "$(grep -cx '200\|429' "$LINKS/codes")"
	get --interface 127.0.0.2 "$URL/TOKEN"
	assertEquals 200 "$CODE"
}

test_who_is_too_slow_is_cut_off_and_who_is_not_answered_is_told() {
	links_ready
	content 60000000
	link TOKEN file="$FILE" direct=1
	before=$(descriptors)
	clients stall /d/TOKEN >"$LINKS/stall" &
	stall=$!
	eventually grep -qx 'take TOKEN from 127.0.0.1: yes' "$LINKS/out"
	clients drip >"$LINKS/drip" &
	drip=$!
	clients quiet >"$LINKS/quiet" &
	quiet=$!
	tell mute
	eventually grep -qx mute "$LINKS/out"
	get "$URL/TOKEN"
	assertEquals 503 "$CODE"
	assertTrue "took $TOOK" "[ $TOOK -ge 30000 ]"
	wait "$drip" "$quiet" "$stall"
	assertEquals 'cut off after 15 s' "$(cat "$LINKS/drip")"
	assertEquals 'cut off after 15 s' "$(cat "$LINKS/quiet")"
	# What its own kernel took for it arrived in the first of two windows.
	assertEquals 'cut off after 60 s' "$(cat "$LINKS/stall")"
	eventually descriptors_are "$before"
}

# figure NAME: in KiB, of the worker's /proc/PID/status.
figure() {
	sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" \
	    "/proc/$(links_worker)/status"
}

# at_most WHAT KIB MOST: but for a sanitizer, which has memory of its own.
at_most() {
	echo "# $1: $2 KiB"
	sanitized ||
	    assertTrue "$1: $2 KiB, more than $3" "[ $2 -le $3 ]"
}

# With TEST_FULL=1 (`make faults`) ten thousand are fetched.
test_the_download_worker_endures() {
	links_ready
	count=200
	[ "${TEST_FULL-}" != 1 ] || count=10000
	truncate -s 2G "$LINKS/large"
	echo small >"$LINKS/small"
	tell link LARGE "file=$LINKS/large"
	eventually_within 100 grep -qx 'link LARGE' "$LINKS/out"
	assertEquals 2147483648 "$(curl -s -m 200 -d '' "$URL/LARGE" | wc -c)"
	at_most 'the most' "$(figure VmHWM)" 65535
	for n in $(seq $count); do
		tell link "S$n" "file=$LINKS/small"
	done
	eventually_within 100 grep -qx "link S$count" "$LINKS/out"
	curl -s -d '' "$URL/S[1-50]" >"$LINKS/first"
	before=$(figure VmRSS)
	had=$(descriptors)
	# Few enough of each that none is one who asks too much.
	assertEquals $((count * 6)) "$(for n in $(seq $((count / 50))); do
		curl -s -m 100 --interface "127.0.1.$n" -d '' \
		    "$URL/S[$((n * 50 - 49))-$((n * 50))]"
	done | wc -c)"
	at_most 'more than before' "$(($(figure VmRSS) - before))" 3072
	eventually descriptors_are "$had"
}

# shellcheck source=/dev/null
. /usr/share/shunit2/shunit2
