#!/bin/sh
# download_test - what the worker for links makes of paths, headers and names
. "$(dirname "$0")/common.sh"

download() {
	"$BUILD/tests/probe_download" "$@"
}

test_a_link_is_the_last_part_behind_d() {
	expect 0 'link [abc_-1]' download route /d/abc_-1
	expect 0 'file [abc]' download route /d/abc/file
	expect 0 'link [abc]' download route /get/it/d/abc
	expect 0 'file [abc]' download route /d/d/abc/file
	expect 0 'link [a%2Fb]' download route /d/a%2Fb
	expect 0 'link [..]' download route /d/..
}

test_any_other_path_is_no_link() {
	for path in '' / /d /d/ /d//file /file /d/a/b /d/abc/ /abc \
	    /xd/abc d/abc /d/abc/File '*'; do
		expect 0 none download route "$path"
	done
}

test_a_range_is_read_as_the_rfc_says() {
	expect 0 0+500 download range 1000 bytes=0-499
	expect 0 500+500 download range 1000 bytes=500-
	expect 0 500+500 download range 1000 bytes=500-99999
	expect 0 900+100 download range 1000 bytes=-100
	expect 0 0+1000 download range 1000 bytes=-5000
	expect 0 999+1 download range 1000 bytes=999-999
	expect 0 0+1 download range 1000 'BYTES= 0-0 '
	expect 0 1+999 download range 1000 bytes=1-99999999999999999999999
}

test_a_range_of_nothing_is_told_so() {
	expect 0 none download range 1000 bytes=1000-
	expect 0 none download range 1000 bytes=99999999999999999999999-
	expect 0 none download range 1000 bytes=-0
	expect 0 none download range 0 bytes=0-
	expect 0 none download range 0 bytes=-1
}

test_a_range_that_is_none_is_ignored() {
	for range in '' bytes bytes= bytes=- bytes=a- bytes=1 bytes=5-4 \
	    bytes=0-1,3-4 'bytes=0-1, bytes=3-4' lines=0-1 bytes=0x1-2 \
	    bytes=--1 bytes=1-2x 'bytes=0 -1'; do
		expect 0 whole download range 1000 "$range"
	done
}

test_a_condition_holds_for_the_very_tag_alone() {
	expect 0 yes download if '"a"' ''
	expect 0 yes download if '"a"' '"a"'
	expect 0 no download if '"a"' '"b"'
	expect 0 no download if '"a"' 'W/"a"'
	expect 0 no download if '"a"' 'Sat, 28 Nov 2026 23:03:59 GMT'
	expect 0 yes download match '"a"' ''
	expect 0 yes download match '"a"' '*'
	expect 0 yes download match '"a"' '"b", "a"'
	expect 0 no download match '"a"' '"b", W/"a"'
}

test_a_peer_is_the_socket_unless_that_is_a_trusted_proxy() {
	expect 0 192.0.2.7 download peer '' 192.0.2.7 10.0.0.1
	expect 0 192.0.2.7 download peer '10.0.0.0/8
' 192.0.2.7 10.0.0.1
	expect 0 192.0.2.7 download peer '10.0.0.0/8
' 10.0.0.1 192.0.2.7
	expect 0 192.0.2.7 download peer '' unix 192.0.2.7
}

test_of_many_hops_the_rightmost_untrusted_counts() {
	proxies='10.0.0.0/8
2001:db8:1::/48
'
	expect 0 192.0.2.7 download peer "$proxies" 10.0.0.1 \
	    '198.51.100.1, 192.0.2.7, 10.9.9.9,2001:db8:1::5'
	expect 0 2001:db8::7 download peer "$proxies" 10.0.0.1 \
	    '192.0.2.7, [2001:db8::7]:4711'
	expect 0 192.0.2.7 download peer "$proxies" 2001:db8:1::1 \
	    '192.0.2.7:4711, ::ffff:10.1.1.1'
}

test_a_peer_that_is_not_told_or_malformed_is_unknown() {
	for forwarded in '' ' ' ',' '192.0.2.7,' unknown '"192.0.2.7"' \
	    192.0.2 192.0.2.7x 192.0.2.7: 192.0.2.7:x '[2001:db8::7' \
	    '[2001:db8::7]x' 10.0.0.2 '10.0.0.2, 10.0.0.3' ' _hidden' \
	    '192.0.2.7, for=192.0.2.8'; do
		expect 0 unknown download peer '10.0.0.0/8
' 10.0.0.1 "$forwarded"
	done
	expect 0 unknown download peer '' unix \
	    "$(printf '%0300d' 0 | sed 's/0/192.0.2.7,/g')x"
}

test_a_proxy_that_is_no_network_is_refused() {
	expect 0 'download.trusted_proxies: "10.0.0.0/33" is no address and no network' \
	    download peer '10.0.0.0/33
' 10.0.0.1 ''
}

test_a_name_in_ascii_stands_once() {
	expect 0 'attachment; filename="report 1 (a).pdf"' \
	    download name 'report 1 (a).pdf'
}

test_any_other_name_stands_in_both_forms() {
	expect 0 "attachment; filename=\"_rzte.pdf\"; filename*=UTF-8''%C3%84rzte.pdf" \
	    download name 'Ärzte.pdf'
	expect 0 "attachment; filename=\"a_b_c_d.x\"; filename*=UTF-8''a%22b%5Cc%25d.x" \
	    download name 'a"b\c%d.x'
	expect 0 "attachment; filename=\"___ _.x\"; filename*=UTF-8''%E5%8C%BB%E7%99%82%E7%A5%A8%20%F0%9F%A9%BA.x" \
	    download name '医療票 🩺.x'
}

test_a_name_that_is_not_utf8_or_has_line_breaks_breaks_nothing() {
	expect 0 'attachment; filename="a_b"' \
	    download name "$(printf 'a\377b')"
	expect 0 "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab" \
	    download name "$(printf 'a\r\nb')"
}

test_the_page_escapes_whatever_it_shows() {
	page=$(download page '<script>"x" & '\''y'\''</script>' 'to"k<n' 1 -1)
	assertContains "$page" '<h1><bdi>&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;</bdi></h1>'
	assertContains "$page" '<title>&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;</title>'
	assertContains "$page" 'action="to&quot;k&lt;n/file"'
	assertContains "$page" '<dd>1 byte</dd>'
	assertContains "$page" '<dd>any number</dd>'
	assertNotContains "$page" '<script'
}

test_the_page_says_sizes_for_people_and_exactly() {
	# shellcheck disable=SC2043
	assertContains "$(download page a t 0 1)" '<dd>0 bytes</dd>'
	assertContains "$(download page a t 999 1)" '<dd>999 bytes</dd>'
	assertContains "$(download page a t 1000 1)" \
	    '<dd>1.0 kB <small>(1,000 bytes)</small></dd>'
	assertContains "$(download page a t 999999 1)" \
	    '<dd>1.0 MB <small>(999,999 bytes)</small></dd>'
	assertContains "$(download page a t 123456789 12)" \
	    '<dd>123 MB <small>(123,456,789 bytes)</small></dd>'
	assertContains "$(download page a t 9223372036854775807 12)" \
	    '<dd>9.2 EB <small>(9,223,372,036,854,775,807 bytes)</small></dd>'
	assertContains "$(download page a t 1 12)" '<dd>12</dd>'
	assertContains "$(download page a t 1 12)" \
	    '<time datetime="2026-11-30T00:53:20Z">30 November 2026, 00:53 UTC</time>'
}

# Found among others; not after a day, nor for another link, nor by another
# process; twice the size is enough and what did not arrive comes back; a
# forged one and one that made room are none.
test_a_pass_brings_its_fetch_and_nothing_else() {
	expect 0 'found 7 of 1000 bytes
none
none
none
1 0 1
none
found 7 of 1000 bytes
none
none' download pass
}

test_an_address_gets_so_much_and_the_table_stays_small() {
	expect 0 '300 30 10 300 0 10
200
4096 known, 0 more' download guests
}

run_suite
