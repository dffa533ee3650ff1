#!/bin/sh
# egress_test - which addresses may be connected to, whatever they look like
. "$(dirname "$0")/common.sh"

# judged ADDRESS... -- [RULE...] [-- PLAINTEXT_RULE...]: a line each
judged() {
	addresses=
	while [ "$1" != -- ]; do
		addresses="$addresses$1
"
		shift
	done
	shift
	printf '%s' "$addresses" | "$BUILD/tests/probe_egress" "$@" |
	    sed 's/; plain .*//'
}

# plain ADDRESS -- …: the same, without TLS
plain() {
	printf '%s\n' "$1" | {
		shift 2
		"$BUILD/tests/probe_egress" "$@"
	} | sed 's/.*; plain //'
}

never='never without being named'

test_without_a_rule_nothing_is_allowed() {
	expect 0 "127.0.0.1: 127.0.0.1 (this host itself) is not within egress_allow
8.8.8.8: 8.8.8.8 (public) is not within egress_allow
10.1.2.3: 10.1.2.3 (private) is not within egress_allow
2a00::1: 2a00::1 (public) is not within egress_allow" \
	    judged 127.0.0.1 8.8.8.8 10.1.2.3 2a00::1 --
}

test_the_words_stand_for_what_they_say() {
	expect 0 '10.0.0.1: yes
172.16.0.1: yes
172.31.255.255: yes
172.32.0.1: 172.32.0.1 (public) is not within egress_allow
192.168.255.1: yes
fd12:3456::1: yes
8.8.8.8: 8.8.8.8 (public) is not within egress_allow' \
	    judged 10.0.0.1 172.16.0.1 172.31.255.255 172.32.0.1 \
	    192.168.255.1 fd12:3456::1 8.8.8.8 -- private
	expect 0 '8.8.8.8: yes
2a00:1450::1: yes
10.0.0.1: 10.0.0.1 (private) is not within egress_allow
127.0.0.1: 127.0.0.1 (this host itself) is not within egress_allow' \
	    judged 8.8.8.8 2a00:1450::1 10.0.0.1 127.0.0.1 -- public
	expect 0 '127.0.0.1: yes
127.255.0.9: yes
::1: yes
10.0.0.1: 10.0.0.1 (private) is not within egress_allow' \
	    judged 127.0.0.1 127.255.0.9 ::1 10.0.0.1 -- loopback
}

test_what_is_dangerous_needs_to_be_named_whatever_words_there_are() {
	for address in 0.0.0.0 0.1.2.3 169.254.169.254 169.254.0.1 \
	    100.100.100.200 224.0.0.1 255.255.255.255 :: fe80::1 ff02::1 \
	    fd00:ec2::254 2001::1 64:ff9b:1::a00:1 168.63.129.16 192.0.0.8 \
	    192.88.99.1 198.19.0.1 100::1 4000::1 2001:db8::1 3fff::1; do
		expect 0 "$address: $address ($never) is not within egress_allow" \
		    judged "$address" -- public private loopback
	done
	expect 0 '169.254.169.254: yes' \
	    judged 169.254.169.254 -- 169.254.169.254
	expect 0 'fe80::1: yes' judged fe80::1 -- fe80::/10
}

test_an_address_counts_as_what_it_stands_for() {
	for address in ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::; do
		expect 0 "$address: 127.0.0.1 (this host itself) is not within egress_allow" \
		    judged "$address" -- public private
		expect 0 "$address: yes" judged "$address" -- 127.0.0.0/8
	done
	expect 0 "::ffff:169.254.169.254: 169.254.169.254 ($never) is not within egress_allow" \
	    judged ::ffff:169.254.169.254 -- public
	expect 0 "::127.0.0.1: ::127.0.0.1 ($never) is not within egress_allow" \
	    judged ::127.0.0.1 -- public loopback
	expect 0 '::ffff:10.0.0.1: yes' judged ::ffff:10.0.0.1 -- private
}

test_a_cidr_admits_what_is_in_it_to_the_bit() {
	expect 0 '10.20.31.255: yes
10.20.32.0: 10.20.32.0 (private) is not within egress_allow
10.20.15.255: 10.20.15.255 (private) is not within egress_allow' \
	    judged 10.20.31.255 10.20.32.0 10.20.15.255 -- 10.20.16.0/20
	expect 0 '2a00::ffff: yes
2a00::1:0: 2a00::1:0 (public) is not within egress_allow' \
	    judged 2a00::ffff 2a00::1:0 -- 2a00::/112
	expect 0 '8.8.8.8: yes
8.8.8.9: 8.8.8.9 (public) is not within egress_allow' \
	    judged 8.8.8.8 8.8.8.9 -- 8.8.8.8
}

test_a_cidr_that_is_wider_than_a_dangerous_network_does_not_name_it() {
	expect 0 "8.8.8.8: yes
10.0.0.1: yes
127.0.0.1: 127.0.0.1 (this host itself) is not within egress_allow
169.254.169.254: 169.254.169.254 ($never) is not within egress_allow" \
	    judged 8.8.8.8 10.0.0.1 127.0.0.1 169.254.169.254 -- 0.0.0.0/0
	expect 0 '::1: ::1 (this host itself) is not within egress_allow' \
	    judged ::1 -- ::/0
	expect 0 '127.0.0.1: yes' judged 127.0.0.1 -- 127.0.0.0/8
}

test_the_hosts_own_addresses_are_the_host_itself() {
	# shellcheck disable=SC2119
	if [ -z "$(judged own --)" ]; then
		assertEquals 'it has none' '' "$(hostname -I | tr -d ' ')"
		return
	fi
	expect 0 'own: (this host itself) is not within egress_allow' \
	    judged own -- public private 0.0.0.0/0
	expect 0 'own: yes' judged own -- loopback
}

test_plain_http_goes_to_loopback_or_where_it_is_named() {
	expect 0 yes plain 127.0.0.1 --
	expect 0 yes plain ::ffff:127.0.0.1 --
	expect 0 '10.0.0.1 is spoken to without TLS only where plaintext_allow names it' \
	    plain 10.0.0.1 -- private public
	expect 0 yes plain 10.0.0.1 -- private -- 10.0.0.0/24
	expect 0 '10.0.1.1 is spoken to without TLS only where plaintext_allow names it' \
	    plain 10.0.1.1 -- private -- 10.0.0.0/24
}

test_a_port_narrows_what_a_rule_admits() {
	expect 0 '10.0.0.1 443: yes
10.0.0.1 80: 10.0.0.1:80 (private) is not within egress_allow
8.8.8.8 8000: yes
8.8.8.8 8999: yes
8.8.8.8 9000: 8.8.8.8:9000 (public) is not within egress_allow
127.0.0.1 25: yes
::1 25: yes
2a00::1 993: yes
2a00::1 25: [2a00::1]:25 (public) is not within egress_allow' \
	    judged '10.0.0.1 443' '10.0.0.1 80' '8.8.8.8 8000' \
	    '8.8.8.8 8999' '8.8.8.8 9000' '127.0.0.1 25' '::1 25' \
	    '2a00::1 993' '2a00::1 25' -- private:443 public:8000-8999 \
	    'loopback:*' '[2a00::/16]:993'
	expect 0 '10.0.0.1 22: yes
10.0.1.1 22: 10.0.1.1:22 (private) is not within egress_allow' \
	    judged '10.0.0.1 22' '10.0.1.1 22' -- 10.0.0.0/24:22
}

test_a_pattern_admits_names_at_public_addresses_only() {
	expect 0 'api.example.org>8.8.8.8 443: yes
api.example.org>8.8.8.8 80: 8.8.8.8:80 (public), asked for as api.example.org, is not within egress_allow
a.b.example.org>8.8.8.8 443: yes
example.org>8.8.8.8 443: 8.8.8.8:443 (public), asked for as example.org, is not within egress_allow
api.example.org.evil.net>8.8.8.8 443: 8.8.8.8:443 (public), asked for as api.example.org.evil.net, is not within egress_allow
evilexample.org>8.8.8.8 443: 8.8.8.8:443 (public), asked for as evilexample.org, is not within egress_allow
8.8.8.8 443: 8.8.8.8:443 (public) is not within egress_allow
api.example.org>10.0.0.1 443: 10.0.0.1:443 (private), asked for as api.example.org, is not within egress_allow
api.example.org>127.0.0.1 443: 127.0.0.1:443 (this host itself), asked for as api.example.org, is not within egress_allow
api.example.org>169.254.169.254 443: 169.254.169.254:443 (never without being named), asked for as api.example.org, is not within egress_allow' \
	    judged 'api.example.org>8.8.8.8 443' \
	    'api.example.org>8.8.8.8 80' 'a.b.example.org>8.8.8.8 443' \
	    'example.org>8.8.8.8 443' \
	    'api.example.org.evil.net>8.8.8.8 443' \
	    'evilexample.org>8.8.8.8 443' '8.8.8.8 443' \
	    'api.example.org>10.0.0.1 443' 'api.example.org>127.0.0.1 443' \
	    'api.example.org>169.254.169.254 443' -- '*.Example.org:443'
	expect 0 's3.eu.cloud.example>8.8.8.8 443: yes
s3.eu.evil.cloud.example>8.8.8.8 443: 8.8.8.8:443 (public), asked for as s3.eu.evil.cloud.example, is not within egress_allow
any.where>8.8.8.8 443: 8.8.8.8:443 (public), asked for as any.where, is not within egress_allow
any.where>8.8.8.8 22: yes' \
	    judged 's3.eu.cloud.example>8.8.8.8 443' \
	    's3.eu.evil.cloud.example>8.8.8.8 443' 'any.where>8.8.8.8 443' \
	    'any.where>8.8.8.8 22' -- 's3.*.cloud.example:443' '*:22'
	expect 0 'his.lan>10.0.0.1 443: yes' \
	    judged 'his.lan>10.0.0.1 443' -- his.lan:443 10.0.0.1:443
}

test_a_name_that_a_proxy_resolves_is_public_or_a_patterns() {
	for name in localhost a.localhost localhost.localdomain his.lan \
	    metadata.google.internal printer.local server 0x7f.1x 1.2.3.4.5 \
	    x.home.arpa; do
		expect 0 "?$name 443: $name:443, a name that the proxy resolves, is not within egress_allow" \
		    judged "?$name 443" -- public private loopback
	done
	expect 0 '?api.example.org 443: yes' judged '?api.example.org 443' \
	    -- public
	expect 0 '?api.example.org 443: api.example.org:443, a name that the proxy resolves, is not within egress_allow
?his.lan 443: yes
?his.lan 80: his.lan:80, a name that the proxy resolves, is not within egress_allow' \
	    judged '?api.example.org 443' '?his.lan 443' '?his.lan 80' -- \
	    private his.lan:443
}

test_a_rule_that_is_none_is_named() {
	for rule in internal 10.0.0.0/33 10.0.0/8 '10.0.0.0/' '10.0.0.0/8x' \
	    2a00::/129 '10.0.0.0/-1' '' Public api.example.org public: \
	    public:0 public:65536 public:9-8 public:x :443 a..b:1 a/8:1 \
	    '[::1' '[127.0.0.1]:1' '[::1]x' 'a b:1' '*.*.*.*:1' 10.0.0.0/40:1; do
		expect 1 "CONFIG_ERROR: \"$rule\": allowed are CIDRs and the words private, public and loopback, with or without :PORT, and NAME:PORT, where * stands for a part of the name" \
		    "$BUILD/tests/probe_egress" private "$rule" </dev/null
	done
}

run_suite
