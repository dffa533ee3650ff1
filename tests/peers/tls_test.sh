#!/bin/sh
# tls_test - nginx with certificates of a private authority, good and bad
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"

# authority NAME
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "/CN=$1" -days 90 -keyout "$PKI/$1.key" \
	    -out "$PKI/$1.pem" 2>>"$PKI/log"
}

# certificate NAME SUBJECT_ALT_NAMES DAYS: signed by the authority `ca`.
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "/CN=$1" -keyout "$PKI/$1.key" -out "$PKI/$1.csr" \
	    2>>"$PKI/log"
	printf 'subjectAltName=%s\n' "$2" >"$PKI/$1.ext"
	openssl x509 -req -in "$PKI/$1.csr" -CA "$PKI/ca.pem" -days "$3" \
	    -CAkey "$PKI/ca.key" -CAcreateserial -extfile "$PKI/$1.ext" \
	    -out "$PKI/$1.pem" 2>>"$PKI/log"
}

# free_port: one that nobody listens on now.
free_port() {
	node -e 'const s = require("node:net").createServer();
	    s.listen(0, "127.0.0.1", () => { console.log(s.address().port);
	    s.close(); })'
}

# server NAME PORT [PROTOCOLS [MORE]]: a server block that passes on to the sink.
server() {
	cat <<-BLOCK
		server {
			listen 127.0.0.1:$2 ssl;
			ssl_certificate $PKI/$1.pem;
			ssl_certificate_key $PKI/$1.key;
			ssl_protocols ${3:-TLSv1.2 TLSv1.3};
			ssl_ciphers DEFAULT:@SECLEVEL=0;
			${4-}
			location / {
				proxy_pass http://127.0.0.1:$SINK_PORT;
				proxy_set_header X-TLS \$ssl_protocol;
				proxy_set_header X-Client \$ssl_client_s_dn;
			}
		}
	BLOCK
}

# An instance, a sink, and nginx in front of it with four certificates.
tls_instance() {
	instance
	slow_retries
	start
	sink
	PKI=$SCRATCH/pki
	mkdir "$PKI" "$PKI/nginx"
	authority ca
	authority other
	certificate good DNS:localhost,IP:127.0.0.1 30
	certificate name DNS:elsewhere.example 30
	certificate expired IP:127.0.0.1 -1
	certificate client DNS:spoold.example 30
	openssl req -x509 -key "$PKI/client.key" -subj /CN=stranger -days 30 \
	    -out "$PKI/stranger.pem" 2>>"$PKI/log"
	GOOD=$(free_port)
	NAME=$(free_port)
	EXPIRED=$(free_port)
	OLD=$(free_port)
	MUTUAL=$(free_port)
	{
		echo "pid $PKI/nginx/pid; error_log $PKI/nginx/error;"
		echo 'worker_processes 1; daemon off; events { }'
		echo "http { access_log off; client_body_temp_path $PKI/nginx/b;"
		echo "proxy_temp_path $PKI/nginx/p; fastcgi_temp_path $PKI/nginx/f;"
		echo "uwsgi_temp_path $PKI/nginx/u; scgi_temp_path $PKI/nginx/s;"
		server good "$GOOD"
		server name "$NAME"
		server expired "$EXPIRED"
		server good "$OLD" TLSv1.1
		server good "$MUTUAL" 'TLSv1.2 TLSv1.3' \
		    "ssl_client_certificate $PKI/ca.pem; ssl_verify_client on;"
		echo '}'
	} >"$PKI/nginx.conf"
	nginx -p "$PKI" -e "$PKI/nginx/error" -c "$PKI/nginx.conf" \
	    >"$PKI/nginx.log" 2>&1 &
	echo $! >"$SCRATCH/nginx.pid"
	eventually curl -s --cacert "$PKI/ca.pem" "https://127.0.0.1:$GOOD/up"
}

# nginx ends its own worker when it is asked, not when it is killed.
end_nginx() {
	kill -TERM "$(cat "$SCRATCH/nginx.pid")"
	rm "$SCRATCH/nginx.pid"
}

# tls_destination NAME URL [CA] [MORE]
tls_destination() {
	jq -n --arg id "$1" --arg url "$2" --rawfile ca "${3:-/dev/null}" \
	    '{id: $id, label: $id, type: "webhook", config: {webhook: ({url:
	    $url} + if $ca == "" then {} else {tls: {ca: $ca}} end)}}' |
	    spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

test_only_a_server_that_the_private_authority_vouches_for_gets_anything() {
	tls_instance
	ca=$PKI/ca.pem
	tls_destination good "https://127.0.0.1:$GOOD/good" "$ca"
	tls_destination localhost "https://localhost:$GOOD/localhost" "$ca"
	tls_destination no-ca "https://127.0.0.1:$GOOD/no-ca"
	tls_destination other-ca "https://127.0.0.1:$GOOD/other-ca" \
	    "$PKI/other.pem"
	tls_destination name "https://127.0.0.1:$NAME/name" "$ca"
	tls_destination expired "https://127.0.0.1:$EXPIRED/expired" "$ca"
	tls_destination old "https://127.0.0.1:$OLD/old" "$ca"
	tls_destination no-tls "https://127.0.0.1:$SINK_PORT/no-tls" "$ca"
	drop all "$(job good localhost no-ca other-ca name expired old no-tls)"
	eventually delivered "$ID" good
	eventually delivered "$ID" localhost
	for name in no-ca other-ca name expired old no-tls; do
		eventually in_queue retry "$ID" $name
		assertEquals $name TLS_FAILURE "$(journal "select(.dest ==
		    \"$name\" and .event == \"deferred\") | .errorCode")"
	done
	assertEquals '/good /localhost' "$(jq -r 'select(.id) | .path' \
	    "$SINK_DIR/requests" | sort | paste -sd ' ')"
	assertEquals 'what it was sent over is on record' TLSv1.3 "$(journal \
	    'select(.dest == "good" and .event == "delivered") |
	    [.. | strings | select(test("^TLSv"))][0]')"
	end_nginx
}

test_a_test_says_whose_certificate_it_is_and_how_long_it_lasts() {
	tls_instance
	tls_destination good "https://127.0.0.1:$GOOD/good" "$PKI/ca.pem"
	tls_destination expired "https://127.0.0.1:$EXPIRED/expired" \
	    "$PKI/ca.pem"
	run spooldest -j test good
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'TLSv1.3, certificate by ca, 29 days left' "$(jq -r \
	    '.steps[] | select(.name == "tls") | .message' "$SCRATCH/out")"
	run spooldest test expired
	assertEquals 75 "$STATUS"
	assertContains "$ERR" 'certificate has expired'
	end_nginx
}

# tls_file NAME URL TLS_MEMBERS: a destination's text; the members as jq sees
# them, with $ca, $key, $cert and $other as what is in these files.
tls_file() {
	jq -n --arg id "$1" --arg url "$2" --rawfile ca "$PKI/ca.pem" \
	    --rawfile cert "$PKI/client.pem" --rawfile key "$PKI/client.key" \
	    --rawfile stranger "$PKI/stranger.pem" \
	    --rawfile other "$PKI/good.key" "{id: \$id, label: \$id,
	    type: \"webhook\", config: {webhook: {url: \$url,
	    tls: ({ca: \$ca} + $3)}}}" >"$SCRATCH/file"
}

# created: that file's destination, without complaint.
created() {
	run spooldest create "$SCRATCH/file"
	assertEquals "$ERR" 0 "$STATUS"
}

# pin NAME: of a certificate's public key, by openssl.
pin() {
	printf 'sha256//%s' "$(openssl x509 -in "$PKI/$1.pem" -noout -pubkey |
	    openssl pkey -pubin -outform DER |
	    openssl dgst -sha256 -binary | base64)"
}

test_a_server_that_demands_certificates_gets_the_destinations_own() {
	tls_instance
	tls_file known "https://127.0.0.1:$MUTUAL/known" \
	    '{clientCert: $cert, clientKey: $key}'
	created
	tls_file none "https://127.0.0.1:$MUTUAL/none" '{}'
	created
	tls_file stranger "https://127.0.0.1:$MUTUAL/stranger" \
	    '{clientCert: $stranger, clientKey: $key}'
	created
	drop all "$(job known)"
	eventually delivered "$ID"
	assertEquals 'CN=client' "$(jq -r 'select(.id) |
	    .headers["x-client"]' "$SINK_DIR/requests")"
	drop others "$(job none stranger)"
	for name in none stranger; do
		eventually in_queue failed "$ID" "$name"
		assertEquals "$name" 'HTTP_STATUS 400' "$(journal "select(.dest
		    == \"$name\" and .event == \"failed\") |
		    \"\(.errorCode) \(.code)\"")"
	done
	assertEquals 'nobody elses reached it' 1 "$(jq -r 'select(.id) | .path' \
	    "$SINK_DIR/requests" | wc -l)"
	drop again "$(job known)"
	eventually delivered "$ID"
	line=$(sed -n 3p "$PKI/client.key")
	assertEquals 'the key is nowhere in clear' '' "$(grep -rlF "$line" \
	    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
	run spooldest -j show known
	assertEquals '********' "$(jq -r .config.webhook.tls.clientKey \
	    "$SCRATCH/out")"
	end_nginx
}

test_a_key_that_does_not_fit_its_certificate_is_refused_at_once() {
	tls_instance
	url=https://127.0.0.1:$MUTUAL/x
	openssl pkey -in "$PKI/client.key" -aes256 -passout pass:x \
	    -out "$PKI/locked.key"
	while IFS='|' read -r what members path; do
		tls_file x "$url" "$members"
		run spooldest create "$SCRATCH/file"
		failed_with 65 spooldest VALIDATION_ERROR
		assertContains "$what: $ERR" "$ERR" "config.webhook.tls.$path"
	done <<-'END'
		another key|{clientCert: $cert, clientKey: $other}|clientKey is not the key
		no key|{clientCert: $cert}|clientKey is missing
		no certificate|{clientKey: $key}|clientCert is missing
		a path|{clientCert: $cert, clientKey: "/etc/ssl/key.pem"}|clientKey must be a private key
		a certificate|{clientCert: $cert, clientKey: $cert}|clientKey must be a private key
		no hash|{pinnedPublicKey: "sha256//x"}|pinnedPublicKey must be
		no prefix|{pinnedPublicKey: "AAAA"}|pinnedPublicKey must be
		an end|{pinnedPublicKey: "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;"}|pinnedPublicKey must be
	END
	jq --rawfile key "$PKI/locked.key" --rawfile cert "$PKI/client.pem" \
	    '.config.webhook.tls += {clientKey: $key, clientCert: $cert}' \
	    "$SCRATCH/file" >"$SCRATCH/locked"
	run timeout 20 spooldest create "$SCRATCH/locked"
	failed_with 65 spooldest VALIDATION_ERROR
	end_nginx
}

test_a_pinned_public_key_has_to_be_the_servers() {
	tls_instance
	url=https://127.0.0.1:$GOOD
	good=$(pin good)
	other=$(pin client)
	tls_file good "$url/good" "{pinnedPublicKey: \"$good\"}"
	created
	tls_file either "$url/either" "{pinnedPublicKey: \"$other;$good\"}"
	created
	tls_file other "$url/other" "{pinnedPublicKey: \"$other\"}"
	created
	tls_file expired "https://127.0.0.1:$EXPIRED/expired" \
	    "{pinnedPublicKey: \"$(pin expired)\"}"
	created
	drop all "$(job good either other expired)"
	eventually delivered "$ID" good
	eventually delivered "$ID" either
	for name in other expired; do
		eventually in_queue retry "$ID" $name
		assertEquals $name TLS_FAILURE "$(journal "select(.dest ==
		    \"$name\" and .event == \"deferred\") | .errorCode")"
	done
	end_nginx
}

test_connections_are_kept_and_used_again() {
	tls_instance
	tls_destination good "https://127.0.0.1:$GOOD/good" "$PKI/ca.pem"
	sed -i 's/access_log off;/log_format c "$connection"; access_log conns c;/' \
	    "$PKI/nginx.conf"
	kill -HUP "$(cat "$SCRATCH/nginx.pid")"
	for n in 1 2 3 4 5 6; do
		drop "job-$n" "$(job good)"
		eventually delivered "$ID"
	done
	eventually test -s "$PKI/conns"
	assertEquals 'one connection for the last ones' 1 \
	    "$(tail -4 "$PKI/conns" | sort -u | wc -l)"
	end_nginx
}

test_the_instances_own_authorities_count_where_a_destination_has_none() {
	tls_instance
	setting security ca_file "$PKI/ca.pem"
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	tls_destination good "https://127.0.0.1:$GOOD/good"
	drop one "$(job good)"
	eventually delivered "$ID"
	end_nginx
}

. /usr/share/shunit2/shunit2
