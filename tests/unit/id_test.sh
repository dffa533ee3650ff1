#!/bin/sh
# id_test.sh - lib/id and lib/ticket: the names that everything goes by

. tests/unit/common.sh

base() {
	"$BUILD/tests/probe_base" "$@"
}

refused() {
	expect 1 no base "$@"
}

ID=01JDCZ7Q2T5M8YB3K4N6P9RSVW

setUp() {
	home=$(mktemp -d)
}

tearDown() {
	[ -n "${home:-}" ] && rm -rf "$home"
	home=
}

# The same computation, by node, from numbers.
independent() {
	# shellcheck disable=SC2016
	node -e '
	const { createHash } = require("node:crypto");
	const [org, name, ino, bs, bns, ms, mns, size] = process.argv.slice(1);
	const ns = (s, n) => BigInt(s) * 1000000000n + BigInt(n);
	const hash = createHash("sha256").update(`${org}\n${name}\n${ino}\n` +
	    `${ns(bs, bns)}\n${ns(ms, mns)}\n${size}\n`).digest("hex");
	const time = BigInt(bs) * 1000n + BigInt(bns) / 1000000n;
	let bits = BigInt.asUintN(48, time) << 80n |
	    BigInt("0x" + hash.slice(0, 20));
	let id = "";
	for (let i = 0; i < 26; i++, bits >>= 5n)
		id = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits & 31n] + id;
	console.log(id);' "$@"
}

test_an_id_is_what_the_formula_says() {
	for numbers in '1 0 0 0 0 0' '77 1763931845 123456789 1763931845 1 4096' \
	    '18446744073709551615 1 999999999 0 5 18446744073709551615' \
	    '3 281474976710 655000000 9 999999999 7'; do
		# shellcheck disable=SC2086
		expect 0 "$(independent hospital job.json $numbers)" \
		    base id-numbers hospital job.json $numbers
	done
}

test_an_mtime_of_any_year_is_hashed_exactly() {
	for mtime in '-1 0' '-1 300000000' '-2 1' '-9223372036 854775808' \
	    '9223372036 854775808' '13569465600 1' '9223372036854775807 999999999' \
	    '-9223372036854775808 0' '-9223372036854775808 1'; do
		# shellcheck disable=SC2086
		expect 0 "$(independent o j.json 5 1700000000 1 $mtime 10)" \
		    base id-numbers o j.json 5 1700000000 1 $mtime 10
	done
}

test_names_of_any_utf_8_are_hashed_as_they_are() {
	expect 0 "$(independent klinik 'Befund für Ümit 😀.json' 5 1 2 3 4 5)" \
	    base id-numbers klinik 'Befund für Ümit 😀.json' 5 1 2 3 4 5
}

test_a_files_id_is_what_another_program_computes() {
	printf '{}' >"$home/report-17.json"
	touch "$home/empty.json"
	printf 'x' >"$home/old.json"
	touch -d '1961-07-04 12:00:00.7' "$home/old.json"
	for name in report-17 empty old; do
		expect 0 "$(node tests/data/spool_id.mjs hospital \
		    "$home/$name.json")" \
		    base id-file hospital "$name.json" "$home/$name.json"
	done
}

test_an_id_depends_on_every_part() {
	first=$(base id-numbers o j.json 5 1700000000 1 3 4 10)
	for other in 'p j.json 5 1700000000 1 3 4 10' \
	    'o k.json 5 1700000000 1 3 4 10' 'o j.json 6 1700000000 1 3 4 10' \
	    'o j.json 5 1700000000 2 3 4 10' 'o j.json 5 1700000000 1 4 4 10' \
	    'o j.json 5 1700000000 1 3 5 10' 'o j.json 5 1700000000 1 3 4 11'; do
		# shellcheck disable=SC2086
		assertNotEquals "$other" "$first" "$(base id-numbers $other)"
	done
}

test_ids_sort_by_time_as_text_and_as_bytes() {
	before=$(base id-numbers o j.json 5 1700000000 999000000 3 4 10)
	after=$(base id-numbers o j.json 5 1700000001 0 3 4 10)
	expect 0 '<' base id-order "$before" "$after"
	expect 0 '>' base id-order "$after" "$before"
	expect 0 '=' base id-order "$after" "$after"
	assertEquals "$before" "$(printf '%s\n' "$after" "$before" |
	    LC_ALL=C sort | head -n 1)"
}

test_ids_are_read_as_they_are_written() {
	expect 0 '019359f3dc5a2d11e58e64a9ac9c677c 01JDCZ7Q2T5M8YB3K4N6P9RSVW 1732380974170' \
	    base id "$ID"
	expect 0 '00000000000000000000000000000000 00000000000000000000000000 0' \
	    base id 00000000000000000000000000
	expect 0 'ffffffffffffffffffffffffffffffff 7ZZZZZZZZZZZZZZZZZZZZZZZZZ 281474976710655' \
	    base id 7ZZZZZZZZZZZZZZZZZZZZZZZZZ
}

test_only_exact_ids_are_read() {
	refused id ''
	refused id 01JDCZ7Q2T5M8YB3K4N6P9RSV
	refused id 01jdcz7q2t5m8yb3k4n6p9rsvw
	refused id 81JDCZ7Q2T5M8YB3K4N6P9RSVW
	for letter in I L O U - . ' ' é; do
		refused id "01JDCZ7Q2T5M8YB3K4N6P9RSV$letter"
	done
}

test_what_follows_an_id_is_not_looked_at() {
	expect 0 "$(base id $ID)" base id "$ID.ehr-webhook:p5,a2"
}

test_a_tickets_name_is_read_and_written() {
	expect 0 "$ID ehr-webhook 5 2 same" base ticket "$ID.ehr-webhook:p5,a2"
	expect 0 "$ID a 0 0 same" base ticket "$ID.a:p0,a0"
	long=$(printf '%063d' 7)
	expect 0 "$ID $long 10 9999 same" base ticket "$ID.$long:p10,a9999"
}

test_other_names_are_no_tickets() {
	for name in '' "$ID" "$ID." "$ID.x" "$ID.x:" "$ID.x:p5" "$ID.x:p5,a" \
	    "$ID.x:p,a1" "$ID.x:p11,a0" "$ID.x:p5,a10000" "$ID.x:p05,a0" \
	    "$ID.x:p5,a00" "$ID.x:p5,a1 " "$ID.x:p5,a1.json" "$ID.x:p+5,a1" \
	    "$ID.x:p-1,a1" "$ID.x:p5,a-1" "$ID.x:P5,a1" "$ID.x:p5;a1" \
	    "$ID:x:p5,a1" "$ID..x:p5,a1" "$ID.-x:p5,a1" "$ID.X:p5,a1" \
	    "$ID.x_y:p5,a1" "$ID.:p5,a1" ".$ID.x:p5,a1" \
	    "$ID.$(printf '%064d' 7):p5,a1" "$ID.x:p99999999999999,a1"; do
		refused ticket "$name"
	done
}

test_destination_ids_are_short_lower_case_words() {
	for id in a 7 ehr-webhook a- 0-0 "$(printf '%063d' 0)"; do
		expect 0 yes base destination "$id"
	done
	for id in '' - -a A a_b a.b a/b 'a b' é "$(printf '%064d' 0)"; do
		expect 0 no base destination "$id"
	done
}

run_suite
