#!/bin/sh
# journal_verify_test.sh - lib/journal_verify: whatever was changed is found
#
# Each verdict is compared with that of tests/data/verify_journal.mjs.

. tests/unit/journal_common.sh

# found WORDS OURS THEIRS: both verifiers say where it is.
found() {
	_words=$1 _ours=$2 _theirs=$3
	_got=$(printf 'verify @/journal\n' | journal |
	    sed -nE 's/[0-9-]{10}\.([0-9]{4})\.jsonl/SEGMENT\1/g
		1s/^verify (-?[0-9]*) .*bad=(.*)$/\1 \2/p; 2p')
	assertEquals "$_ours
VALIDATION_ERROR: $_words" "$_got"
	assertEquals "$_theirs" "$(judge)"
}

test_every_change_of_every_kind_is_found() {
	journal <<-'END' >/dev/null
		open @
		add start
		add accepted "a":1
		checkpoint 2 [{"seq":3}]
		commit
		clock 1
		add attempt "b":2
		checkpoint 3
		commit
		add stop
		commit
	END
	expect 0 'flipped: all
unhashed: all
dropped: all
doubled: all
moved: all
spaced: all
emptied: all
swapped: all
segment dropped: all
segments swapped: all
segments joined: all
cut: all
cut, with a head: all
whole, with a head: all
another head: all
wrong: 0' node tests/unit/journal_tamper.mjs "$BUILD/tests/probe_journal" "$DIR"
}

test_hashes_made_to_fit_do_not_help_without_the_key() {
	two_days
	node tests/unit/journal_forge.mjs "$DIR" hashes
	found 'SEGMENT0001 line 4 has a signature that is not by its key' \
	    '1 SEGMENT0001:4' 'bad SEGMENT0001 4: signature'
}

test_a_journal_signed_by_another_key_is_not_the_journal() {
	two_days
	for how in own today; do
		node tests/unit/journal_forge.mjs "$DIR" $how
		found 'SEGMENT0001 line 1 names another key than the public one given' \
		    '1 SEGMENT0001:1' \
		    'bad SEGMENT0001 1: not the public key given'
	done
}

test_who_has_todays_key_cannot_sign_yesterday() {
	two_days
	node tests/unit/journal_forge.mjs "$DIR" late
	found 'SEGMENT0001 line 4 has a signature that is not by its key' \
	    '1 SEGMENT0001:4' 'bad SEGMENT0001 4: signature'
}

test_a_new_key_must_be_signed_by_the_one_before() {
	two_days
	node -e '
		const { readFileSync, writeFileSync } = require("node:fs");
		const { createHash } = require("node:crypto");
		const [path, before] = process.argv.slice(1);
		const sha = (...p) => p.reduce((h, x) => h.update(x),
		    createHash("sha256")).digest();
		const lines = readFileSync(path, "utf8").split("\n");
		const line = JSON.parse(lines[1]);
		line.keySignature = line.keySignature.replace(/^./,
		    (c) => c === "A" ? "B" : "A");
		delete line.hash;
		const body = JSON.stringify(line).slice(0, -1);
		const hash = sha(Buffer.from(JSON.parse(lines[0]).hash, "hex"),
		    sha(body)).toString("hex");
		lines[1] = `${body},"hash":"${hash}"}`;
		writeFileSync(path, lines.join("\n"));
	' "$(segment 2)"
	found 'SEGMENT0001 line 2 has a new key that the one before did not sign' \
	    '1 SEGMENT0001:2' 'bad SEGMENT0001 2: new key not signed'
}

# What an error of the disk leaves: lines 2 to 4 in both segments.
rewritten() {
	journal <<-'END' >/dev/null
		open @
		add start
		commit
		fail fdatasync EIO
		add attempt "a":1
		checkpoint 2
		add attempt "a":2
		commit
		add stop
		commit
	END
}

test_lines_that_a_later_segment_has_again_are_passed_over() {
	rewritten
	expect 0 'good lines=5 checkpoints=1 last=5 unproven=2' judge
	does 'verify 0 lines=5 checkpoints=1 first=1 last=5 unproven=2 bad=:0' \
	    <<-'END'
		verify @/journal
	END
	# torn, and gone
	truncate -s -20 "$(segment 1)"
	does 'verify 0 lines=5 checkpoints=1 first=1 last=5 unproven=2 bad=:0' \
	    <<-'END'
		verify @/journal
	END
	expect 0 'good lines=5 checkpoints=1 last=5 unproven=2' judge
	sed -i '2,$d' "$(segment 1)"
	expect 0 'good lines=5 checkpoints=1 last=5 unproven=2' judge
}

test_other_lines_in_the_place_of_signed_ones_are_found() {
	rewritten
	head -1 "$(segment 1)" >"$DIR/first"
	cp "$(segment 1)" "$DIR/signed"
	# the same journal without the checkpoint: a line of its own at seq 3
	cp -r "$DIR" "$DIR.other"
	rm "$DIR.other"/journal/*.0002.jsonl
	cp "$DIR/first" "$DIR.other/journal/$(basename "$(segment 1)")"
	printf 'open %s\nadd attempt "a":1\nadd attempt "b":1\ncommit\n' \
	    "$DIR.other" | "$BUILD/tests/probe_journal" >/dev/null
	sed 1d "$DIR.other"/journal/*.0001.jsonl >"$(segment 2)"
	rm -rf "$DIR.other"
	found 'SEGMENT0002 line 2 is not the signed checkpoint that an earlier segment has in its place' \
	    '1 SEGMENT0002:2' 'bad SEGMENT0002 2: a signed line was replaced'
	sed -i 2d "$(segment 2)"
	found 'the last line is 2, an earlier segment has a signed checkpoint 3: lines are missing' \
	    '1 :0' 'bad SEGMENT0002 2: a signed line is missing'
}

test_what_was_put_aside_is_not_looked_at() {
	two_days
	printf 'x\n' >"$(segment 1).cut.4"
	printf 'x\n' >"$J/notes"
	expect 0 'good lines=10 checkpoints=3 last=10 unproven=1' judge
	does 'verify 0 lines=10 checkpoints=3 first=1 last=10 unproven=1 bad=:0' \
	    <<-'END'
		verify @/journal
	END
}

test_a_head_must_be_a_head() {
	two_days
	for head in 1 1: x:00 1:00 0:$(printf 0%.0s $(seq 64)); do
		does "verify -1 lines=0 checkpoints=0 first=0 last=0 unproven=0 bad=:0
USAGE: $head: a head is SEQ:HASH, as \`spoollog head\` prints it" <<-END
			verify @/journal - $head
		END
	done
}

test_what_cannot_be_read_is_no_verdict() {
	two_days
	does 'verify -1 lines=0 checkpoints=0 first=0 last=0 unproven=0 bad=:0
CONFIG_ERROR: @/nothing: no public key is there' <<-'END'
		verify @/journal @/nothing
	END
	does 'verify -1 lines=0 checkpoints=0 first=0 last=0 unproven=0 bad=:0
INTERNAL_ERROR: open @/nothing: No such file or directory' <<-'END'
		verify @/nothing @/journal.pub - @/nothing
	END
	mkdir "$DIR/empty"
	does 'verify 1 lines=0 checkpoints=0 first=0 last=0 unproven=0 bad=:0
VALIDATION_ERROR: there is no line' <<-'END'
		verify @/empty @/journal.pub
	END
}

run_suite
