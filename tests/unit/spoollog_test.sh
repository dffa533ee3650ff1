#!/bin/sh
# spoollog_test.sh - the journal shown, searched, followed, verified
#
# The journal is made by the probe; no spoold runs.

. tests/unit/journal_common.sh

unset NO_COLOR SPOOLD_CONFIG

# spoollog ARGUMENT...: times as TIME, the scratch directory as @.
spoollog() {
	"$BUILD/bin/spoollog" -c "$DIR/spoold.conf" "$@" >"$DIR/out" 2>&1
	_status=$?
	sed -E "s|$DIR|@|g; s/[0-9-]{10}T[0-9:.]{12}Z/TIME/g
	    s/[0-9-]{10}\.([0-9]{4})\.jsonl/SEGMENT\1/g" "$DIR/out"
	return $_status
}

ID=01JDCZ7Q2T5M8YB3K4N6P9RSVW

instance() {
	cat >"$DIR/spoold.conf" <<-END
		log_directory = "$DIR"
		organization demo {
		}
		organization other {
		}
	END
}

written() {
	instance
	journal <<-END >/dev/null
		open @
		add start "version":"1"
		add accepted "org":"demo","job":"$ID","name":"a\\u001bb.json","key":"k-1","tickets":[{"dest":"hook"},{"dest":"late","due":"2030-01-01T00:00:00.000Z"}]
		add attempt "org":"demo","job":"$ID","dest":"hook","attempt":1
		checkpoint 2 [{"seq":3,"dest":"hook"}]
		add deferred "org":"demo","job":"$ID","dest":"hook","of":3,"code":503,"reason":"10.0.0.7:443:\\u202esaid \\"503\\""
		add accepted "org":"other","job":"01JDCZ7Q2T5M8YB3K4N6P9RSVX"
		add destination.created "org":"other","dest":"hook","by":"root (0)"
		commit
	END
}

test_lines_are_aligned_and_what_comes_from_outside_is_escaped() {
	written
	key=$(cat "$DIR/journal.pub")
	instance=$(jq -r 'select(.seq == 1).instance' "$(segment 1)")
	expect 0 "TIME start        -                                        instance=$instance key=$key version=1
TIME accepted     $ID               org=demo name=\"a\\x1bb.json\" key=k-1 tickets=hook,late
TIME attempt      $ID.hook          org=demo attempt=1
TIME checkpoint   -                                        upTo=2 inFlight=1
TIME deferred     $ID.hook          org=demo of=3 code=503 reason=\"10.0.0.7:443:\\u202esaid \\\"503\\\"\"
TIME accepted     01JDCZ7Q2T5M8YB3K4N6P9RSVX               org=other
TIME destination.created hook                                     org=other by=\"root (0)\"" spoollog
}

test_json_is_the_journal_itself() {
	written
	spoollog -j >/dev/null
	assertTrue "cmp -s $DIR/out $(segment 1)"
}

# seqs ARGUMENT...: of the lines that are printed.
seqs() {
	"$BUILD/bin/spoollog" -c "$DIR/spoold.conf" -j "$@" |
	    jq -j '.seq, " "'
}

test_lines_are_chosen_by_what_they_are_about() {
	written
	expect 0 '2 6 ' seqs --event accepted
	expect 0 '2 3 6 ' seqs --event accepted --event attempt
	expect 0 '2 3 5 ' seqs --job $ID
	expect 0 '2 3 5 6 ' seqs --job 01JDCZ7Q
	expect 0 '' seqs --job 11JDCZ7Q
	expect 0 '2 3 5 7 ' seqs --dest hook
	expect 0 '2 ' seqs --dest late
	expect 0 '' seqs --dest hoo
	expect 0 '6 7 ' seqs -o other
	expect 0 '7 ' seqs --organization other --dest hook
	expect 0 '5 ' seqs -o demo --event deferred --job $ID --dest hook
}

test_lines_are_chosen_by_time() {
	instance
	two_days
	today=$(date -u +%Y-%m-%d)
	tomorrow=$(date -u -d tomorrow +%Y-%m-%d)
	expect 0 '1 2 3 4 5 6 ' seqs --until "$tomorrow"
	expect 0 '7 8 9 10 ' seqs --since "$tomorrow"
	expect 0 '1 2 3 4 5 6 7 8 9 10 ' seqs --since "$today"
	expect 0 '1 2 3 4 5 6 7 8 9 10 ' seqs --since 1h
	expect 0 '' seqs --since "$today" --until 2001-01-01
	expect 0 '' seqs --since 2100-01-01
	expect 64 'spoollog: USAGE: --since: "soon" is no time: 2026-11-23T21:04:05Z, 2026-11-23, today, yesterday, or an age (2h)' \
	    spoollog --since soon | head -1
}

test_what_names_nothing_is_an_error() {
	written
	expect 64 'spoollog: USAGE: --event: "arrived" is none; spoold-journal(5) lists them' \
	    spoollog --event arrived
	expect 64 'spoollog: USAGE: --job: "short" is no id, nor the first 8 characters of one or more' \
	    spoollog --job short
	expect 68 'spoollog: ORGANIZATION_NOT_FOUND: organization "nobody" does not exist; @/spoold.conf has those there are' \
	    spoollog -o nobody
	expect 64 'spoollog: USAGE: "verily" is nothing it can do; see spoollog --help' \
	    spoollog verily
	rm -r "$J"
	expect 75 'spoollog: UNAVAILABLE: @/journal: there is no journal yet: spoolctl start begins it' \
	    spoollog
}

test_a_wrong_line_is_said_and_the_others_are_printed() {
	instance
	two_days
	sed -i '3s/"hook"/"kooh"/' "$(segment 1)"
	expect 65 'TIME accepted     01JDCZ7Q2T5M8YB3K4N6P9RSVW               org=demo
spoollog: VALIDATION_ERROR: SEGMENT0001 line 3 has a hash that is not that of its text after the line before
TIME delivered    -                                        of=3' \
	    spoollog --event accepted --event delivered
}

# printed COUNT: the follower has printed that many lines.
printed() {
	_tries=0
	until [ "$(wc -l <"$DIR/followed")" -ge "$1" ]; do
		_tries=$((_tries + 1))
		[ $_tries -gt 200 ] && return 1
		sleep 0.05
	done
}

test_following_begins_with_the_last_lines_and_goes_on() {
	instance
	two_days
	printf 'open %s\nfill 10\ncommit\n' "$DIR" |
	    "$BUILD/tests/probe_journal" >/dev/null
	"$BUILD/bin/spoollog" -c "$DIR/spoold.conf" -f -j >"$DIR/followed" &
	follower=$!
	assertTrue 'the last ten' 'printed 10'
	journal <<-'END' >/dev/null
		open @
		add stop
		commit
		clock 3
		add start
		commit
	END
	assertTrue 'what was added' 'printed 12'
	kill $follower
	wait $follower 2>/dev/null
	assertEquals '11 12 13 14 15 16 17 18 19 20 21 22 ' \
	    "$(jq -j '.seq, " "' "$DIR/followed")"
}

test_the_head_is_the_last_line() {
	instance
	two_days
	hash=$(tail -1 "$(segment 2)" | jq -r .hash)
	expect 0 "10:$hash" spoollog head
	expect 0 "{\"seq\":10,\"hash\":\"$hash\"}" spoollog head -j
	expect 0 "good: 10 lines, 1 to 10, 3 checkpoints
1 lines after the last checkpoint are unproven" \
	    spoollog verify --head "10:$hash"
	sed -i '$d' "$(segment 2)"
	expect 1 'bad: the last line is 9, the head that was kept is 10: lines are missing' \
	    spoollog verify --head "10:$hash"
	expect 0 'good: 9 lines, 1 to 9, 3 checkpoints
the tail is unproven: lines cut off at the end show only with --head' \
	    spoollog verify
}

test_a_bad_journal_is_said_with_its_first_bad_line() {
	instance
	two_days
	sed -i '3s/"hook"/"kooh"/' "$(segment 1)"
	expect 1 'bad: SEGMENT0001 line 3 has a hash that is not that of its text after the line before' \
	    spoollog verify
	spoollog verify -j >/dev/null
	expect 0 '[false,"'"$(basename "$(segment 1)")"'",3]' \
	    jq -c '[.good, .segment, .line]' "$DIR/out"
}

test_a_copy_is_verified_without_a_configuration() {
	two_days
	verify() {
		SPOOLD_CONFIG=/nonexistent "$BUILD/bin/spoollog" verify "$@"
	}
	text='good: 10 lines, 1 to 10, 3 checkpoints
1 lines after the last checkpoint are unproven
the tail is unproven: lines cut off at the end show only with --head'
	expect 0 "$text" verify --key "$DIR/journal.pub" "$J"
	expect 0 "$text" verify --key "$DIR/journal.pub" "$J"/*.jsonl
	expect 1 "bad: $(basename "$(segment 2)") line 1 has the seq 7 where 1 was to come" \
	    verify --key "$DIR/journal.pub" "$(segment 2)"
	expect 75 "spoollog: UNAVAILABLE: $DIR/journal: there is no journal yet: spoolctl start begins it" \
	    verify_nothing
}

verify_nothing() {
	instance
	rm -r "$J"
	"$BUILD/bin/spoollog" -c "$DIR/spoold.conf" verify
}

run_suite
