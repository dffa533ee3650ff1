#!/bin/sh
# proxy_test - through a real HTTP proxy where a destination names one, and
# through none elsewhere
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"

# proxy [BasicAuth LINE]: starts one; $PROXY is its URL.
proxy() {
	PROXY_PORT=$(node -e 'const s = require("node:net").createServer();
	    s.listen(0, "127.0.0.1", () => { console.log(s.address().port);
	    s.close(); })')
	printf '%s\n' "Port $PROXY_PORT" 'Listen 127.0.0.1' 'MaxClients 20' \
	    'Timeout 60' 'LogLevel Info' "LogFile \"$SCRATCH/proxy.log\"" \
	    'Allow 127.0.0.1' "${1:-}" >"$SCRATCH/proxy.conf"
	tinyproxy -d -c "$SCRATCH/proxy.conf" >"$SCRATCH/proxy.out" 2>&1 &
	echo $! >"$SCRATCH/proxy.pid"
	PROXY=http://127.0.0.1:$PROXY_PORT
	eventually curl -s "$PROXY"
}

asked() {
	grep -c "Request.*$1 " "$SCRATCH/proxy.log"
}

# secure: a receiver that speaks TLS, behind $SECURE, with $SCRATCH/tls.pem.
secure() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -days 90 \
	    -keyout "$SCRATCH/tls.key" -out "$SCRATCH/tls.pem" 2>/dev/null
	GUARD=$SCRATCH/guard
	mkdir "$GUARD"
	echo '{"token":"tok-5e"}' >"$GUARD/known.json"
	node "$TESTS/peers/guard.mjs" "$GUARD" "$SCRATCH/tls.key" \
	    "$SCRATCH/tls.pem" >"$GUARD/log" 2>&1 &
	echo $! >"$SCRATCH/guard.pid"
	eventually test -s "$GUARD/port"
	SECURE=https://127.0.0.1:$(cat "$GUARD/port")
}

# to NAME URL MORE: a destination there; MORE as jq sees it, with $ca, $proxy.
to() {
	jq -n --arg id "$1" --arg url "$2" --arg proxy "$PROXY" \
	    --rawfile ca "$SCRATCH/tls.pem" "{id: \$id, label: \$id,
	    type: \"webhook\", config: {webhook: ({url: \$url} + $3)}}" |
	    spooldest create - >"$SCRATCH/created" 2>"$SCRATCH/warned"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

proxy_instance() {
	instance
	slow_retries
	setting "organization $ORG" egress_allow '{"loopback"}'
	start
	sink
	secure
}

code_of() {
	journal "select(.dest == \"$1\" and .event == \"deferred\") |
	    .errorCode" | paste -sd ' '
}

test_requests_go_through_the_proxy_that_is_named_and_others_through_none() {
	proxy_instance
	proxy
	to plain "$SINK/plain" '{proxy: $proxy}'
	to tunnel "$SECURE/tunnel" '{proxy: $proxy, tls: {ca: $ca}}'
	to direct "$SINK/direct" '{}'
	drop one "$(job plain tunnel direct)"
	for name in plain tunnel direct; do
		eventually delivered "$ID" $name
	done
	assertEquals 'one request' 1 "$(asked "POST http.*/plain")"
	assertEquals 'one tunnel' 1 "$(asked 'CONNECT')"
	assertEquals 'and no more' 0 "$(asked '.*/direct')"
	assertEquals 'the signature went inside' "$ID" "$(jq -r .id \
	    "$GUARD/requests")"
	assertEquals "127.0.0.1:$PROXY_PORT" "$(journal 'select(.dest ==
	    "tunnel" and .event == "delivered") |
	    .peer | .address? // .' | cut -d ' ' -f 1)"
}

test_a_proxy_that_asks_for_credentials_gets_them_and_not_the_receivers() {
	proxy_instance
	proxy 'BasicAuth hospital pr0xy-5e'
	right='proxyAuth: {user: "hospital", password: "pr0xy-5e"}'
	wrong='proxyAuth: {user: "hospital", password: "pr0xy-5f"}'
	auth='auth: {type: "bearer", token: "tok-5e"}'
	to plain "$SINK/plain" "{proxy: \$proxy, $right}"
	to tunnel "$SECURE/bearer" "{proxy: \$proxy, tls: {ca: \$ca}, $right,
	    $auth}"
	to wrong-plain "$SINK/wrong" "{proxy: \$proxy, $wrong}"
	to wrong-tunnel "$SECURE/wrong" "{proxy: \$proxy, tls: {ca: \$ca},
	    $wrong}"
	to none "$SECURE/none" '{proxy: $proxy, tls: {ca: $ca}}'
	drop one "$(job plain tunnel wrong-plain wrong-tunnel none)"
	eventually delivered "$ID" plain
	eventually delivered "$ID" tunnel
	for name in wrong-plain wrong-tunnel none; do
		eventually in_queue retry "$ID" $name
		assertEquals $name AUTHENTICATION_FAILED "$(code_of $name)"
	done
	assertEquals 'the receiver never saw them' 'null null' "$({
		jq -r '.headers["proxy-authorization"]' "$GUARD/requests"
		request "$ID" '.headers["proxy-authorization"]'
	} | paste -sd ' ')"
	assertEquals 'nowhere in clear' '' "$(grep -rl 'pr0xy-5e' \
	    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
}

# What stands in the tunnel's request can be read on the way.
test_the_request_for_a_tunnel_tells_nothing_but_where_to() {
	proxy_instance
	node -e 'const [dir] = process.argv.slice(1), fs = require("node:fs");
	    require("node:net").createServer((socket) => {
		socket.on("error", () => {});
		socket.on("data", (bytes) => {
			fs.appendFileSync(dir + "/tunnel", bytes);
			socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"); });
	    }).listen(0, "127.0.0.1", function () {
		fs.writeFileSync(dir + "/proxy.port", `${this.address().port}`);
	    })' "$SCRATCH" &
	echo $! >"$SCRATCH/proxy.pid"
	eventually test -s "$SCRATCH/proxy.port"
	PROXY=http://127.0.0.1:$(cat "$SCRATCH/proxy.port")
	to tunnel "$SECURE/bearer" '{proxy: $proxy, tls: {ca: $ca},
	    auth: {type: "bearer", token: "tok-5e"},
	    headers: {"X-Own": "own-5e"}}'
	drop one "$(job tunnel)"
	eventually in_queue retry "$ID"
	assertEquals CONNECT_FAILURE "$(code_of tunnel)"
	assertEquals "CONNECT ${SECURE#https://} HTTP/1.1,Host: ${SECURE#https://},Proxy-Connection: Keep-Alive," \
	    "$(tr -d '\r' <"$SCRATCH/tunnel" | paste -sd ,)"
}

test_the_environment_neither_names_a_proxy_nor_forbids_one() {
	proxy_instance
	stop
	PROXY=http://127.0.0.1:1
	export http_proxy=$PROXY https_proxy=$PROXY all_proxy=$PROXY
	start
	unset http_proxy https_proxy all_proxy
	to direct "$SINK/direct" '{}'
	to secure "$SECURE/direct" '{tls: {ca: $ca}}'
	drop one "$(job direct secure)"
	eventually delivered "$ID" direct
	eventually delivered "$ID" secure
	stop
	proxy
	export no_proxy='*' NO_PROXY='*'
	start
	unset no_proxy NO_PROXY
	to proxied "$SINK/proxied" '{proxy: $proxy}'
	drop two "$(job proxied)"
	eventually delivered "$ID"
	assertEquals 1 "$(asked 'POST http.*/proxied')"
}

test_a_proxy_opens_no_way_around_the_egress_policy() {
	proxy_instance
	proxy
	to metadata 'http://169.254.169.254/latest/meta-data/' '{proxy: $proxy}'
	to hex 'https://0xa9fea9fe/latest/' '{proxy: $proxy}'
	to mapped 'https://[::ffff:169.254.169.254]/x' '{proxy: $proxy}'
	to private 'https://10.1.2.3/x' '{proxy: $proxy}'
	PROXY=http://10.1.2.3:3128
	to outside "$SECURE/x" '{proxy: $proxy}'
	PROXY=http://127.0.0.1:1
	to closed "$SECURE/x" '{proxy: $proxy}'
	drop one "$(job metadata hex mapped private outside closed)"
	for name in metadata hex mapped private outside; do
		eventually in_queue retry "$ID" $name
		assertEquals $name EGRESS_DENIED "$(code_of $name)"
	done
	eventually in_queue retry "$ID" closed
	assertEquals CONNECT_FAILURE "$(code_of closed)"
	assertEquals 'the proxy was not asked' 0 "$(asked '\(POST\|CONNECT\).*')"
}

. /usr/share/shunit2/shunit2
