#!/bin/sh
# journal_test.sh - lib/journal*: commit, recovery, keys, reading, verifying
#
# What was written is judged by tests/data/verify_journal.mjs too, which knows
# the format and nothing of our code.

. tests/unit/journal_common.sh

cuts() {
	find "$J" -name '*.cut.*' | sort | sed 's/.*jsonl.cut/cut/'
}

# --- writing ------------------------------------------------------------------

test_a_new_journal_begins_with_its_instance_and_key() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
last=1 durable=1 checkpoint=0 pending=0 instance=32' <<-'END'
		open @
		add start "version":"1"
		commit
		state
	END
	assertEquals "$(cat "$DIR/journal.pub")" \
	    "$(jq -r .key "$(segment 1)")"
	assertEquals 32 "$(jq -j .instance "$(segment 1)" | wc -c)"
	assertEquals '["seq","time","event","instance","key","version","hash"]' \
	    "$(jq -c keys_unsorted "$(segment 1)")"
	expect 0 'good lines=1 checkpoints=0 last=1 unproven=1' judge
	assertEquals 600 "$(stat -c %a "$DIR/journal.key")"
	assertEquals 600 "$(stat -c %a "$(segment 1)")"
}

test_lines_are_written_when_they_are_committed() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
2
last=2 durable=0 checkpoint=0 pending=1 instance=32
end
commit 1
last=2 durable=2 checkpoint=0 pending=0 instance=32
1 start
2 attempt
end
commit 1' <<-'END'
		open @
		add start
		add attempt "a":1
		state
		read @/journal 1
		commit
		state
		read @/journal 1
		commit
	END
}

test_an_independent_verifier_agrees() {
	two_days
	expect 0 'good lines=10 checkpoints=3 last=10 unproven=1' judge
	does 'verify 0 lines=10 checkpoints=3 first=1 last=10 unproven=1 bad=:0' \
	    <<-'END'
		verify @/journal
	END
	assertEquals 2 "$(find "$J" -name '*.jsonl' | wc -l)"
}

test_a_checkpoint_says_what_it_covers_and_its_signature_comes_last() {
	two_days
	assertEquals '["seq","time","event","upTo","inFlight","key","hash","signature"]
[2,[{"seq":3}]]' "$(sed -n 4p "$(segment 1)" |
	    jq -c 'keys_unsorted, [.upTo, .inFlight]')"
}

test_a_full_disk_leaves_no_half_line_and_loses_nothing() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
2
commit 0
UNAVAILABLE: append to SEGMENT0001: No space left on device
1 start
end
3
commit 0
UNAVAILABLE: append to SEGMENT0001: No space left on device
last=3 durable=1 checkpoint=0 pending=1 instance=32
commit 1
1 start
2 attempt
3 delivered
end
verify 0 lines=3 checkpoints=0 first=1 last=3 unproven=3 bad=:0' <<-END
		open @
		add start
		commit
		fail write ENOSPC 2
		add attempt
		commit
		read @/journal 1
		add delivered
		commit
		state
		commit
		read @/journal 1
		verify @/journal
	END
	assertEquals 1 "$(find "$J" -name '*.jsonl' | wc -l)"
}

test_after_a_failed_sync_the_lines_go_into_a_new_segment() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
2
3
commit 1
4
commit 1
last=4 durable=4 checkpoint=3 pending=0 instance=32
1 start
2 attempt
3 checkpoint
4 stop
end
verify 0 lines=4 checkpoints=1 first=1 last=4 unproven=1 bad=:0
open fresh=0 seq=4 checkpoint=3 previous=0 upTo=2 cut=0 bad=0 time=1
5
commit 1' <<-'END'
		open @
		add start
		commit
		fail fdatasync EIO
		add attempt
		checkpoint 2
		commit
		add stop
		commit
		state
		read @/journal 1
		verify @/journal
		close
		open @
		add start
		commit
	END
	assertEquals '1 2 3' "$(jq -j '.seq, " "' "$(segment 1)" |
	    sed 's/ $//')"
	assertEquals '2 3 4 5' "$(jq -j '.seq, " "' "$(segment 2)" |
	    sed 's/ $//')"
	expect 0 'good lines=5 checkpoints=1 last=5 unproven=2' judge
}

test_a_failed_write_goes_into_a_new_segment_too() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
2
commit 1
verify 0 lines=2 checkpoints=0 first=1 last=2 unproven=2 bad=:0' <<-'END'
		open @
		add start
		commit
		fail write EIO
		add attempt
		commit
		verify @/journal
	END
	assertEquals 2 "$(find "$J" -name '*.jsonl' | wc -l)"
}

test_half_a_line_that_cannot_be_taken_back_is_left_behind() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
2
commit 1
1 start
2 attempt
end
verify 0 lines=2 checkpoints=0 first=1 last=2 unproven=2 bad=:0
open fresh=0 seq=2 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=1' <<-'END'
		open @
		add start
		commit
		fail write ENOSPC
		fail ftruncate EIO
		add attempt
		commit
		read @/journal 1
		verify @/journal
		close
		open @
	END
	expect 0 'good lines=2 checkpoints=0 last=2 unproven=2' judge
	assertEquals 2 "$(find "$J" -name '*.jsonl' | wc -l)"
}

test_a_journal_that_fails_twice_takes_nothing_any_more() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
2
commit -1
INTERNAL_ERROR: sync SEGMENT0002: Input/output error
commit -1
UNAVAILABLE: the journal failed and takes nothing until a restart
last=2 durable=1 checkpoint=0 pending=1 instance=32' <<-'END'
		open @
		add start
		commit
		fail fdatasync EIO 2
		add attempt
		commit
		commit
		state
	END
}

test_no_segment_without_a_durable_name() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 0
UNAVAILABLE: sync the journal'"'"'s directory: No space left on device
commit 1' <<-'END'
		open @
		add start
		fail fsync ENOSPC
		commit
		commit
	END
	assertEquals 1 "$(find "$J" -name '*.jsonl' | wc -l)"
}

# --- a sync that nobody waits for ------------------------------------------------

test_what_is_added_during_a_sync_waits_for_the_next() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
2
begin 1 syncing=1
3
last=3 durable=0 checkpoint=0 pending=1 instance=32
ended 1 syncing=0
last=3 durable=2 checkpoint=0 pending=1 instance=32
begin 1 syncing=1
ended 1 syncing=0
last=3 durable=3 checkpoint=0 pending=0 instance=32
begin 1 syncing=0
verify 0 lines=3 checkpoints=0 first=1 last=3 unproven=3 bad=:0' <<-'END'
		open @
		add start
		add attempt
		begin
		add attempt
		state
		ended
		state
		begin
		ended
		state
		begin
		verify @/journal
	END
	assertEquals '1 2 3' "$(jq -j '.seq, " "' "$(segment 1)" |
	    sed 's/ $//')"
}

test_a_signal_that_comes_late_makes_nothing_durable() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
begin 1 syncing=1
ended 1 syncing=0
2
woken 1 times: 1 syncing=0
last=2 durable=1 checkpoint=0 pending=1 instance=32
begin 1 syncing=1
ended 1 syncing=0
last=2 durable=2 checkpoint=0 pending=0 instance=32' <<-'END'
		open @
		add start
		begin
		ended
		signal
		add attempt
		woken
		state
		begin
		ended
		state
	END
}

test_a_checkpoint_counts_when_its_own_line_is_durable() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
begin 1 syncing=1
2
ended 1 syncing=0
last=2 durable=1 checkpoint=0 pending=1 instance=32
commit 1
last=2 durable=2 checkpoint=2 pending=0 instance=32' <<-'END'
		open @
		add start
		begin
		checkpoint 1
		ended
		state
		commit
		state
	END
}

test_a_commit_waits_for_the_sync_under_way() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
begin 1 syncing=1
2
commit 1
last=2 durable=2 checkpoint=0 pending=0 instance=32
verify 0 lines=2 checkpoints=0 first=1 last=2 unproven=2 bad=:0' <<-'END'
		open @
		add start
		begin
		add attempt
		commit
		state
		verify @/journal
	END
}

test_all_lines_go_into_a_new_segment_after_a_sync_that_failed_meanwhile() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
2
begin 1 syncing=1
3
ended 1 syncing=0
last=3 durable=3 checkpoint=0 pending=0 instance=32
verify 0 lines=3 checkpoints=0 first=1 last=3 unproven=3 bad=:0' <<-'END'
		open @
		add start
		commit
		add attempt
		fail io_getevents EIO
		begin
		add attempt
		ended
		state
		verify @/journal
	END
	assertEquals '1 2' "$(jq -j '.seq, " "' "$(segment 1)" |
	    sed 's/ $//')"
	assertEquals '2 3' "$(jq -j '.seq, " "' "$(segment 2)" |
	    sed 's/ $//')"
}

test_a_sync_that_failed_and_a_second_one_end_the_journal() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
begin 1 syncing=1
ended -1 syncing=0
INTERNAL_ERROR: sync SEGMENT0002: Input/output error
last=1 durable=0 checkpoint=0 pending=1 instance=32
begin -1 syncing=0
UNAVAILABLE: the journal failed and takes nothing until a restart' <<-'END'
		open @
		add start
		fail io_getevents EIO
		fail fdatasync EIO
		begin
		ended
		state
		begin
	END
}

test_where_the_kernel_cannot_a_sync_is_done_at_once() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
begin 1 syncing=0
last=1 durable=1 checkpoint=0 pending=0 instance=32
2
begin 1 syncing=0
last=2 durable=2 checkpoint=0 pending=0 instance=32
verify 0 lines=2 checkpoints=0 first=1 last=2 unproven=2 bad=:0' <<-'END'
		open @
		add start
		fail io_submit EINVAL 2
		begin
		state
		fail fdatasync EIO
		fail io_submit EINVAL
		add attempt
		begin
		state
		verify @/journal
	END
	assertEquals 2 "$(find "$J" -name '*.jsonl' | wc -l)"
}

test_a_full_disk_is_said_before_a_sync_is_begun() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
2
begin 0 syncing=0
UNAVAILABLE: append to SEGMENT0001: No space left on device
begin 1 syncing=1
ended 1 syncing=0
verify 0 lines=2 checkpoints=0 first=1 last=2 unproven=2 bad=:0' <<-'END'
		open @
		add start
		commit
		add attempt
		fail write ENOSPC
		begin
		begin
		ended
		verify @/journal
	END
}

# --- segments and keys ----------------------------------------------------------

test_each_day_has_its_segment_and_its_key() {
	journal <<-'END' >/dev/null
		open @
		add start
		checkpoint 1
		commit
		clock 1
		add attempt
		checkpoint 3
		commit
		checkpoint 4
		commit
		clock 3
		checkpoint 5
		commit
	END
	assertEquals 3 "$(find "$J" -name '*.jsonl' | wc -l)"
	assertEquals 'start checkpoint attempt key.rotated checkpoint checkpoint key.rotated checkpoint ' \
	    "$(cat "$J"/*.jsonl | jq -j '.event, " "')"
	assertEquals 3 "$(cat "$J"/*.jsonl | jq -r 'select(.event ==
	    "checkpoint").key' | sort -u | wc -l)"
	expect 0 'good lines=8 checkpoints=4 last=8 unproven=0' judge
	assertFalse "a key that is not in use" "[ -e $DIR/journal.key.new ]"
}

test_the_day_never_goes_back() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
3
commit 1
4
commit 1
open fresh=0 seq=4 checkpoint=4 previous=3 upTo=3 cut=0 bad=0 time=1
5
commit 1
verify 0 lines=5 checkpoints=2 first=1 last=5 unproven=1 bad=:0' <<-'END'
		open @
		add start
		commit
		clock 5
		checkpoint 1
		commit
		clock 2
		checkpoint 3
		commit
		close
		open @
		add start
		commit
		verify @/journal
	END
	assertEquals 2 "$(find "$J" -name '*.jsonl' | wc -l)"
	expect 0 'good lines=5 checkpoints=2 last=5 unproven=1' judge
}

test_a_large_segment_is_followed_by_another() {
	journal <<-'END' >/dev/null
		open @
		add start
		commit
		close
		size 268435400
		open @
		add attempt
		commit
		add attempt
		commit
		verify @/journal
	END
	assertEquals 2 "$(find "$J" -name '*.0002.jsonl' -o -name '*.0001.jsonl' |
	    wc -l)"
	expect 0 'good lines=3 checkpoints=0 last=3 unproven=3' judge
}

test_a_new_key_that_was_never_announced_is_wiped() {
	journal <<-'END' >/dev/null
		open @
		add start
		checkpoint 1
		commit
		clock 1
		checkpoint 2
	END
	assertTrue "[ -e $DIR/journal.key.new ]"
	old=$(cat "$DIR/journal.key")
	does 'open fresh=0 seq=2 checkpoint=2 previous=0 upTo=1 cut=0 bad=0 time=1
4
commit 1
verify 0 lines=4 checkpoints=2 first=1 last=4 unproven=0 bad=:0' <<-'END'
		clock 1
		open @
		checkpoint 2
		commit
		verify @/journal
	END
	assertNotEquals "$old" "$(cat "$DIR/journal.key")"
	assertFalse "[ -e $DIR/journal.key.new ]"
}

test_a_new_key_that_was_announced_is_put_in_place() {
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
2
commit 1
4
commit 1
last=4 durable=4 checkpoint=4 pending=0 instance=32
INTERNAL_ERROR: write @/journal.key: Input/output error' <<-'END'
		open @
		add start
		checkpoint 1
		commit
		clock 1
		checkpoint 2
		fail fsync EIO 9 1
		commit
		state
		checkpoint 4
	END
	assertTrue "[ -e $DIR/journal.key.new ]"
	assertEquals 'the old key' "$(printf 0%.0s $(seq 44))" \
	    "$(cat "$DIR/journal.key")"
	does 'open fresh=0 seq=4 checkpoint=4 previous=2 upTo=2 cut=0 bad=0 time=1
5
commit 1
verify 0 lines=5 checkpoints=3 first=1 last=5 unproven=0 bad=:0' <<-'END'
		clock 1
		open @
		checkpoint 4
		commit
		verify @/journal
	END
	assertFalse "[ -e $DIR/journal.key.new ]"
	assertEquals 0 "$(grep -c 0000000000 "$DIR/journal.key")"
}

test_another_key_than_the_journals_is_refused() {
	two_days
	mkdir "$DIR/other"
	printf 'open @/other\nadd start\ncommit\n' | journal >/dev/null
	cp "$DIR/other/journal.key" "$DIR/journal.key"
	does 'CONFIG_ERROR: @/journal.key: not the key that the journal in @/journal names last; restore both from the same time' <<-'END'
		open @
	END
}

# --- opening --------------------------------------------------------------------

test_what_is_wrong_at_the_end_is_put_aside() {
	two_days
	n=0
	for tail in '{"seq":11,"time":' '\0\0\0\0\0\0\0\0' 'x\n' '\n' \
	    '{"seq":11,"time":"2026-01-01T00:00:00.000Z","event":"stop"}\ny'
	do
		n=$((n + 1))
		# shellcheck disable=SC2059
		printf "$tail" >"$DIR/tail"
		cat "$DIR/tail" >>"$(segment 2)"
		does "open fresh=0 seq=10 checkpoint=9 previous=6 upTo=7 cut=$(
		    wc -c <"$DIR/tail") bad=0 time=1" <<-'END'
			open @
		END
		newest=$(cuts | tail -1)
		[ $n -eq 1 ] && assertEquals cut.11 "$newest"
		assertEquals $n "$(cuts | wc -l)"
		[ $n -eq 1 ] || newest=cut.11.$n
		assertTrue "$tail" "cmp -s $DIR/tail $(segment 2).$newest"
		expect 0 'good lines=10 checkpoints=3 last=10 unproven=1' judge
	done
	does 'open fresh=0 seq=10 checkpoint=9 previous=6 upTo=7 cut=0 bad=0 time=1
11
commit 1
verify 0 lines=11 checkpoints=3 first=1 last=11 unproven=2 bad=:0' <<-'END'
		open @
		add start
		commit
		verify @/journal
	END
}

test_a_whole_line_without_its_newline_is_not_whole() {
	two_days
	truncate -s -1 "$(segment 2)"
	does 'open fresh=0 seq=9 checkpoint=9 previous=6 upTo=7 cut=133 bad=0 time=1' \
	    <<-'END'
		open @
	END
	assertEquals cut.10 "$(cuts)"
}

test_a_flipped_bit_after_the_last_checkpoint_ends_the_journal_there() {
	two_days
	sed -i '4s/"stop"/"stoq"/' "$(segment 2)"
	does 'open fresh=0 seq=9 checkpoint=9 previous=6 upTo=7 cut=134 bad=0 time=1
10
commit 1
verify 0 lines=10 checkpoints=3 first=1 last=10 unproven=1 bad=:0' <<-'END'
		open @
		add start
		commit
		verify @/journal
	END
}

test_a_wrong_line_before_a_valid_checkpoint_is_reported_and_left() {
	two_days
	sed -i '1s/"demo"/"dome"/' "$(segment 2)"
	cp "$(segment 2)" "$DIR/before"
	does 'open fresh=0 seq=10 checkpoint=9 previous=6 upTo=7 cut=0 bad=7 time=1
11
commit 1' <<-'END'
		open @
		add start
		commit
	END
	assertEquals '' "$(cuts)"
	head -4 "$(segment 2)" | cmp - "$DIR/before"
	assertEquals 0 $?
}

test_several_segments_after_a_wrong_line_are_put_aside() {
	journal <<-'END' >/dev/null
		open @
		add start
		checkpoint 1
		commit
		add attempt "a":1
		commit
		clock 1
		add attempt "a":2
		commit
		clock 2
		add attempt "a":3
		commit
	END
	sed -i '3s/"a":1/"a":9/' "$(segment 1)"
	does 'open fresh=0 seq=2 checkpoint=2 previous=0 upTo=1 cut=426 bad=0 time=1
3
commit 1
verify 0 lines=3 checkpoints=1 first=1 last=3 unproven=1 bad=:0' <<-'END'
		clock 2
		open @
		add start
		commit
		verify @/journal
	END
	assertEquals 3 "$(cuts | wc -l)"
	expect 0 'good lines=3 checkpoints=1 last=3 unproven=1' judge
}

test_a_checkpoint_copied_to_the_end_does_not_turn_the_journal_back() {
	two_days
	{ echo x; sed -n 4p "$(segment 1)"; } >"$DIR/tail"
	cat "$DIR/tail" >>"$(segment 2)"
	does "open fresh=0 seq=10 checkpoint=9 previous=6 upTo=7 cut=$(
	    wc -c <"$DIR/tail") bad=0 time=1" <<-'END'
		open @
	END
}

test_an_empty_segment_is_gone_on_in() {
	two_days
	: >"$(segment 2 | sed 's/0001/0002/')"
	does 'open fresh=0 seq=10 checkpoint=9 previous=6 upTo=7 cut=0 bad=0 time=1
11
commit 1
11 start
end' <<-'END'
		clock 1
		open @
		add start
		commit
		read @/journal 11
	END
	assertEquals 11 "$(jq .seq "$(segment 3)")"
	expect 0 'good lines=11 checkpoints=3 last=11 unproven=2' judge
}

test_a_first_write_that_was_torn_is_no_journal() {
	mkdir "$J"
	printf '{"seq":1,"time":"20' >"$J/2026-01-01.0001.jsonl"
	does 'open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=19 bad=0 time=0
1
commit 1
verify 0 lines=1 checkpoints=0 first=1 last=1 unproven=1 bad=:0' <<-'END'
		open @
		add start
		commit
		verify @/journal
	END
}

test_a_journal_without_its_beginning_is_refused() {
	two_days
	rm "$(segment 1)"
	does 'CONFIG_ERROR: SEGMENT0001: the journal'"'"'s first line, which names its instance and key, is not to be found; restore it' <<-'END'
		open @
	END
}

test_lines_written_twice_and_cut_go_from_both_segments() {
	journal <<-'END' >/dev/null
		open @
		add start
		commit
		fail fdatasync EIO
		add attempt "a":1
		add attempt "a":2
		checkpoint 3
		commit
	END
	# a power cut while the new segment was written
	sed -i '2,$d' "$(segment 2)"
	printf '{"seq":3,"ti' >>"$(segment 2)"
	does 'open fresh=0 seq=2 checkpoint=0 previous=0 upTo=0 cut=614 bad=0 time=1
3
commit 1
verify 0 lines=3 checkpoints=0 first=1 last=3 unproven=3 bad=:0' <<-'END'
		open @
		add start
		commit
		verify @/journal
	END
	expect 0 'good lines=3 checkpoints=0 last=3 unproven=3' judge
}

test_a_sync_that_fails_at_the_opening_is_an_error() {
	two_days
	does 'INTERNAL_ERROR: sync SEGMENT0001: Input/output error' <<-'END'
		fail fdatasync EIO
		open @
	END
}

# --- reading --------------------------------------------------------------------

test_reading_begins_at_any_line_and_goes_over_segments() {
	two_days
	for from in 0 1 2 6 7 8 10 11 99; do
		does "$(cat "$J"/*.jsonl | jq -r "select(.seq >= $from) |
		    \"\(.seq) \(.event)\""; echo end)" <<-END
			read @/journal $from
		END
	done
}

test_a_reader_goes_on_with_what_is_added() {
	does 'end
open fresh=1 seq=0 checkpoint=0 previous=0 upTo=0 cut=0 bad=0 time=0
1
commit 1
1 start
end
end
2
commit 1
4
commit 1
2 attempt
3 key.rotated
4 checkpoint
end
5
6
commit 1
5 attempt
6 attempt
end
7
commit 1
7 attempt
end' <<-END
		$(mkdir "$J")reader @/journal 1
		next
		open @
		add start
		commit
		next
		next
		add attempt
		commit
		clock 1
		checkpoint 2
		commit
		next
		add attempt
		add attempt
		fail fdatasync EIO
		commit
		next
		add attempt
		commit
		next
	END
}

test_half_a_line_is_waited_for() {
	two_days
	line=$(tail -1 "$(segment 2)")
	sed -i '$d' "$(segment 2)"
	printf '%s' "$line" | cut -c1-40 | tr -d '\n' >>"$(segment 2)"
	mkfifo "$DIR/in"
	"$BUILD/tests/probe_journal" <"$DIR/in" >"$DIR/out" &
	exec 9>"$DIR/in"
	printf 'read %s 8\n' "$J" >&9
	until grep -q end "$DIR/out"; do sleep 0.05; done
	printf '%s\n' "$line" | cut -c41- >>"$(segment 2)"
	printf 'next\n' >&9
	exec 9>&-
	wait $!
	assertEquals '8 key.rotated
9 checkpoint
end
10 stop
end' "$(cat "$DIR/out")"
}

test_a_wrong_line_is_reported_once_and_the_rest_is_read() {
	two_days
	sed -i '3s/"hook"/"kooh"/' "$(segment 1)"
	sed -i '2d' "$(segment 2)"
	does '1 start
2 accepted
VALIDATION_ERROR: SEGMENT0001 line 3 has a hash that is not that of its text after the line before
4 checkpoint
5 delivered
6 checkpoint
7 attempt
VALIDATION_ERROR: SEGMENT0001 line 2 has the seq 9 where 8 was to come
10 stop
end' <<-'END'
		read @/journal 1
	END
	sed -i '2s/.*/garbage/' "$(segment 1)"
	does '1 start
VALIDATION_ERROR: SEGMENT0001 line 2 does not begin with a seq
3 attempt
4 checkpoint
5 delivered
6 checkpoint
7 attempt
VALIDATION_ERROR: SEGMENT0001 line 2 has the seq 9 where 8 was to come
10 stop
end' <<-'END'
		read @/journal 1
	END
}

run_suite
