#!/bin/sh
# clock_test.sh - lib/clock: times and durations as text

. tests/unit/common.sh

base() {
	"$BUILD/tests/probe_base" "$@"
}

refused() {
	expect 1 no base "$@"
}

NOW=1763931845123	# 2025-11-23T21:04:05.123Z

test_a_time_is_written_with_milliseconds_in_utc() {
	expect 0 '2025-11-23T21:04:05.123Z 2025-11-23' base format "$NOW"
	expect 0 '1970-01-01T00:00:00.000Z 1970-01-01' base format 0
	expect 0 '2000-02-29T00:00:00.007Z 2000-02-29' base format 951782400007
}

test_times_before_1970_are_right_too() {
	expect 0 '1969-12-31T23:59:59.999Z 1969-12-31' base format -1
	expect 0 '-1 999000000 -1' base timespec -1
	expect 0 '-1 0 -1000' base timespec -1000
	expect 0 '1 1000000 1001' base timespec 1001
}

test_times_without_a_four_digit_year_become_the_nearest_that_has() {
	expect 0 '9999-12-31T23:59:59.999Z 9999-12-31' base format 9223372036854775807
	expect 0 '0000-01-01T00:00:00.000Z 0000-01-01' base format -9223372036854775808
}

test_offsets_and_fractions_of_any_length_are_read() {
	for text in 2025-11-23T21:04:05.123Z 2025-11-23t21:04:05.1239999z \
	    2025-11-23T22:04:05.123+01:00 2025-11-23T15:34:05.123-05:30 \
	    2025-11-24T21:03:05.123+23:59 2025-11-23T21:04:05.123-00:00 \
	    2025-11-23T21:04:05.123000000000000000000000000000000001Z; do
		expect 0 "$NOW" base parse "$text"
	done
	expect 0 1763931845000 base parse 2025-11-23T21:04:05Z
	expect 0 1763931845500 base parse 2025-11-23T21:04:05.5Z
}

test_a_fraction_is_cut_and_never_rounded_up() {
	expect 0 1763931845999 base parse 2025-11-23T21:04:05.99999Z
	expect 0 -1 base parse 1969-12-31T23:59:59.999999Z
}

test_leap_years_follow_the_gregorian_rule() {
	expect 0 951782400000 base parse 2000-02-29T00:00:00Z
	expect 0 1709164800000 base parse 2024-02-29T00:00:00Z
	refused parse 2023-02-29T00:00:00Z
	refused parse 1900-02-29T00:00:00Z
	refused parse 2100-02-29T00:00:00Z
}

test_a_leap_second_is_taken_at_the_end_of_a_month_only() {
	expect 0 1483228800000 base parse 2016-12-31T23:59:60Z
	expect 0 1483228800000 base parse 2016-12-31T18:59:60.9-05:00
	refused parse 2016-12-31T22:59:60Z
	refused parse 2016-12-30T23:59:60Z
	refused parse 2016-12-31T23:59:61Z
}

test_what_is_no_rfc_3339_is_refused() {
	for text in '' 2025-11-23 2025-11-23T21:04:05 2025-11-23T21:04Z \
	    '2025-11-23 21:04:05Z' 2025-11-23T21:04:05,5Z \
	    2025-11-23T21:04:05.Z 2025-11-23T24:00:00Z 2025-11-23T21:60:00Z \
	    2025-00-10T00:00:00Z 2025-13-10T00:00:00Z 2025-04-31T00:00:00Z \
	    2025-01-00T00:00:00Z 2025-01-32T00:00:00Z 25-01-01T00:00:00Z \
	    20250101T000000Z 2025-1-01T00:00:00Z +2025-01-01T00:00:00Z \
	    12025-01-01T00:00:00Z 2025-11-23T21:04:05+0100 \
	    2025-11-23T21:04:05+24:00 2025-11-23T21:04:05+01:60 \
	    2025-11-23T21:04:05+1:00 2025-11-23T21:04:05Zx \
	    2025-11-23T21:04:05.123Z\  \ 2025-11-23T21:04:05Z \
	    2025-11-23T21:-4:05Z 2025-W47-7T21:04:05Z; do
		refused parse "$text"
	done
}

test_every_day_is_judged_as_javascript_does() {
	# shellcheck disable=SC2016
	expect 0 '0 differ' node -e '
	const { spawnSync } = require("node:child_process");
	const lines = [], right = [];
	const two = (n) => String(n).padStart(2, "0");
	for (const year of ["0000", "0001", "1600", "1900", "1969", "1972",
	    "2023", "2024", "2100", "9999"])
		for (let month = 0; month < 14; month++)
			for (let day = 0; day < 33; day++) {
				const text = `${year}-${two(month)}-${two(day)}`;
				const at = new Date(0);
				at.setUTCFullYear(Number(year), month - 1, day);
				const same = at.toISOString().startsWith(text);
				lines.push(`${text}T00:00:00Z`);
				right.push(same ? String(at.getTime()) : "no");
			}
	for (let i = 0; i < 5000; i++) {
		const ms = Math.floor((Math.random() - 0.3) * 1e13);
		const offset = Math.floor(Math.random() * 2879) - 1439;
		const local = new Date(ms + offset * 60000).toISOString();
		const size = Math.abs(offset);
		lines.push(local.slice(0, -1) + (offset < 0 ? "-" : "+") +
		    `${two(Math.floor(size / 60))}:${two(size % 60)}`);
		right.push(String(ms));
	}
	const run = spawnSync(process.argv[1], ["parse-lines"],
	    { input: lines.join("\n") + "\n" });
	const said = String(run.stdout).trim().split("\n");
	const wrong = lines.filter((line, i) => said[i] !== right[i]);
	console.log(`${wrong.length} differ`, ...wrong.slice(0, 5));
	' "$BUILD/tests/probe_base"
}

test_what_people_type_is_understood() {
	expect 0 1763931845123 base when 2025-11-23T21:04:05.123Z 0
	expect 0 1763856000000 base when 2025-11-23 0
	expect 0 1763856000000 base when today "$NOW"
	expect 0 1763769600000 base when yesterday "$NOW"
	expect 0 1763924645123 base when 2h "$NOW"
	expect 0 1763931844623 base when 500ms "$NOW"
}

test_what_people_mistype_is_not_guessed_at() {
	for text in '' 20251123 2025-02-30 tomorrow Today -2h 2w 2hours '2 h'; do
		refused when "$text" "$NOW"
	done
}

test_durations_take_a_unit_or_are_milliseconds() {
	expect 0 500 base duration 500ms
	expect 0 30000 base duration 30s
	expect 0 300000 base duration 5m
	expect 0 7200000 base duration 2h
	expect 0 604800000 base duration 7d
	expect 0 250 base duration 250
	expect 0 0 base duration 0
	expect 0 864000000000 base duration 10000d
}

test_other_durations_are_refused() {
	for text in '' s -1s +1s 1.5h '1 s' ' 1s' 1s\  1w 1S 1h30m 10001d \
	    864000000001 99999999999999999999s; do
		refused duration "$text"
	done
}

test_durations_are_written_in_the_largest_unit_that_is_exact() {
	for pair in '0 0s 0s' '1 1ms 0s' '999 999ms 0s' '1000 1s 1s' \
	    '90000 90s 1m' '120000 2m 2m' '41999 41999ms 41s' \
	    '11000000 11000s 3h' '172800000 2d 2d' '262800000 73h 3d' \
	    '-5 -5ms 0s' '-120000 -2m 0s'; do
		expect 0 "${pair#* }" base waits "${pair%% *}"
	done
}

test_the_clocks_run() {
	expect 0 'right on' base now "$(date +%s)"
}

run_suite
