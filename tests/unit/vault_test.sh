#!/bin/sh
# vault_test.sh - lib/vault: credentials at rest, judged by node's crypto

. tests/unit/common.sh

PLACE='hospital ehr https://ehr.example:443 webhook.secret'
VALUE='whsec_pässword "x"'

setUp() {
	[ -d "$SHUNIT_TMPDIR" ] || return 0
	K=$(mktemp -d "$SHUNIT_TMPDIR/keys.XXXXXX")
	"$BUILD/tests/probe_vault" create "$K" >/dev/null
}

probe() {
	"$BUILD/tests/probe_vault" "$@"
}

# seal VALUE PLACE...
seal() {
	_value=$1
	shift
	printf '%s' "$_value" | probe seal "$K" "$@"
}

unseal() {
	probe unseal "$K" "$@"
}

reference() {
	_verb=$1
	shift
	node tests/unit/vault_reference.mjs "$_verb" "$K/master.key" "$@"
}

moved='CONFIG_ERROR: webhook.secret of ehr does not open: it was sealed for another place, or changed'

test_a_key_is_32_random_bytes_that_only_its_owner_reads() {
	assertEquals '400 32' "$(stat -c '%a %s' "$K/master.key")"
	mkdir "$K/other"
	expect 0 '' probe create "$K/other"
	assertFalse 'two keys are alike' \
	    "cmp -s '$K/master.key' '$K/other/master.key'"
	expect 1 "CONFLICT: $K/master.key exists" probe create "$K"
	expect 1 "INTERNAL_ERROR: open $K/none: No such file or directory" \
	    probe create "$K/none"
}

# shellcheck disable=SC2086 # PLACE is four words
test_a_value_comes_back_from_its_place() {
	for value in "$VALUE" '' x "$(node -e 'process.stdout.write("k".repeat(60000))')"; do
		expect 0 "$value" unseal $PLACE "$(seal "$value" $PLACE)"
	done
}

# shellcheck disable=SC2086
test_node_opens_what_is_sealed_here() {
	expect 0 "$VALUE" reference open $PLACE "$(seal "$VALUE" $PLACE)"
	expect 0 'x' reference open hospital ehr '' webhook.headers.X-Key \
	    "$(seal x hospital ehr '' webhook.headers.X-Key)"
}

# shellcheck disable=SC2086
test_what_node_seals_opens_here() {
	expect 0 "$VALUE" unseal $PLACE "$(reference seal $PLACE "$VALUE")"
}

# shellcheck disable=SC2086
test_a_sealed_value_does_not_open_anywhere_else() {
	sealed=$(seal "$VALUE" $PLACE)
	expect 1 "$moved" unseal clinic ehr https://ehr.example:443 webhook.secret "$sealed"
	expect 1 "$moved" unseal hospital ehr http://ehr.example:443 webhook.secret "$sealed"
	expect 1 "$moved" unseal hospital ehr https://ehr.example:444 webhook.secret "$sealed"
	expect 1 "$moved" unseal hospital ehr '' webhook.secret "$sealed"
	expect 1 'CONFIG_ERROR: webhook.secret of lab does not open: it was sealed for another place, or changed' \
	    unseal hospital lab https://ehr.example:443 webhook.secret "$sealed"
	expect 1 'CONFIG_ERROR: webhook.other of ehr does not open: it was sealed for another place, or changed' \
	    unseal hospital ehr https://ehr.example:443 webhook.other "$sealed"
}

test_lengths_keep_names_apart() {
	sealed=$(seal x ab c '' f)
	expect 1 'CONFIG_ERROR: f of bc does not open: it was sealed for another place, or changed' \
	    unseal a bc '' f "$sealed"
	sealed=$(seal x a b cd e)
	expect 1 'CONFIG_ERROR: de of b does not open: it was sealed for another place, or changed' \
	    unseal a b c de "$sealed"
}

# shellcheck disable=SC2086
test_a_changed_value_does_not_open() {
	sealed=$(seal "$VALUE" $PLACE)
	for part in 2 3; do
		changed=$(printf '%s' "$sealed" | node -e '
		const parts = require("fs").readFileSync(0, "utf8").split(".");
		const bytes = Buffer.from(parts[process.argv[1]], "base64url");
		bytes[5] ^= 1;
		parts[process.argv[1]] = bytes.toString("base64url");
		process.stdout.write(parts.join("."))' "$part")
		expect 1 "$moved" unseal $PLACE "$changed"
	done
}

# shellcheck disable=SC2086
test_what_is_no_sealed_value_is_said_to_be_none() {
	sealed=$(seal "$VALUE" $PLACE)
	for wrong in '' v1 v1. v1.. v1... v2 vx. "$sealed=" \
	    "$sealed.x" "${sealed%.*}." "${sealed%.*}.AAAA" x.y.z.w; do
		expect 1 'CONFIG_ERROR: it is no sealed value' \
		    unseal $PLACE "$wrong"
	done
	for later in "v2${sealed#v1}" "v10${sealed#v1}"; do
		expect 1 'CONFIG_ERROR: it was sealed by a later version of spoold' \
		    unseal $PLACE "$later"
	done
}

# shellcheck disable=SC2086
test_another_master_key_is_recognized() {
	sealed=$(seal "$VALUE" $PLACE)
	mkdir "$K/other"
	probe create "$K/other"
	id=$(probe seal "$K/other" $PLACE </dev/null | cut -d . -f 2)
	expect 1 "CONFIG_ERROR: it was sealed under another master key than $id" \
	    probe unseal "$K/other" $PLACE "$sealed"
}

# shellcheck disable=SC2086
test_each_sealing_differs() {
	assertNotEquals "$(seal "$VALUE" $PLACE)" "$(seal "$VALUE" $PLACE)"
}

# shellcheck disable=SC2086
test_a_key_that_is_not_safe_is_refused() {
	for mode in 0440 0404 0640 0660 0420; do
		chmod "$mode" "$K/master.key"
		expect 1 "CONFIG_ERROR: $K/master.key has mode $mode, others may read it: take the key for known and make a new one, or chmod 0400 if nobody was there" \
		    unseal $PLACE x
	done
	chmod 0600 "$K/master.key"
	expect 1 'CONFIG_ERROR: it is no sealed value' unseal $PLACE x
}

# shellcheck disable=SC2086
test_a_key_that_is_none_is_refused() {
	mv "$K/master.key" "$K/kept"
	expect 1 "CONFIG_ERROR: master key $K/master.key: No such file or directory" \
	    unseal $PLACE x
	ln -s kept "$K/master.key"
	expect 1 "CONFIG_ERROR: master key $K/master.key: Too many levels of symbolic links" \
	    unseal $PLACE x
	rm "$K/master.key"
	head -c 31 "$K/kept" >"$K/master.key"
	chmod 0400 "$K/master.key"
	expect 1 "CONFIG_ERROR: $K/master.key has 31 bytes, a master key has 32" \
	    unseal $PLACE x
	rm -f "$K/master.key"
	mkfifo -m 0400 "$K/master.key"
	expect 1 "CONFIG_ERROR: $K/master.key is no regular file" \
	    timeout 10 "$BUILD/tests/probe_vault" unseal "$K" $PLACE x
}

# shellcheck disable=SC2086
test_a_key_of_somebody_else_is_refused() {
	chown 12345 "$K/master.key" || fail 'only root can give a file away'
	expect 1 "CONFIG_ERROR: $K/master.key belongs to uid 12345, it must belong to uid 0, who runs spoold" \
	    unseal $PLACE x
}

# shellcheck disable=SC2086
test_a_systemd_credential_comes_first() {
	mkdir "$K/credentials" "$K/empty"
	head -c 32 /dev/zero >"$K/credentials/spoold.master-key"
	chmod 0440 "$K/credentials/spoold.master-key"
	sealed=$(printf x | CREDENTIALS_DIRECTORY=$K/credentials probe seal "$K" $PLACE)
	assertEquals x "$(node tests/unit/vault_reference.mjs open \
	    "$K/credentials/spoold.master-key" $PLACE "$sealed")"
	sealed=$(printf x | CREDENTIALS_DIRECTORY=$K/empty probe seal "$K" $PLACE)
	expect 0 x reference open $PLACE "$sealed"
}

test_secrets_are_locked_and_not_dumped() {
	expect 0 '0123456789 10
locked=yes dumped=no
other 5
her 3' probe memory x
}

# shellcheck disable=SC2086
test_nothing_of_a_value_is_in_what_is_said() {
	sealed=$(seal "$VALUE" $PLACE)
	said=$(unseal hospital lab '' webhook.secret "$sealed" 2>&1)
	assertNotContains "$said" "$sealed"
	assertNotContains "$said" pässword
}

base64_round() {
	node -e '
	const { spawnSync } = require("child_process");
	const { randomBytes } = require("crypto");
	const [probe, kind] = process.argv.slice(1);
	const name = kind === "url" ? "base64url" : "base64";
	for (let n = 0; n < 40; n++) {
		const bytes = randomBytes(n);
		const text = spawnSync(probe, ["encode", kind],
		    { input: bytes }).stdout.toString();
		const back = spawnSync(probe, ["decode", kind],
		    { input: text });
		if (text !== bytes.toString(name) || back.status !== 0 ||
		    !back.stdout.equals(bytes))
			console.log(n, text);
	}
	console.log("alike")' "$BUILD/tests/probe_vault" "$1"
}

test_base64_is_that_of_node() {
	expect 0 alike base64_round standard
	expect 0 alike base64_round url
}

decode() {
	printf '%s' "$2" | probe decode "$1"
}

test_base64_has_one_text_for_each_value() {
	expect 0 f decode standard 'Zg=='
	for wrong in Zg Zg= 'Zg===' 'Zh==' 'Z===' '====' 'Zg==Zg==' 'Zm8' \
	    'Zm9' 'Zm 9v' 'Zm9v
' 'Zm-_'; do
		expect 1 '' decode standard "$wrong"
	done
	expect 0 f decode url Zg
	for wrong in Z 'Zg==' Zh Zm9 'Zm+/' 'Zm9vZ'; do
		expect 1 '' decode url "$wrong"
	done
}

run_suite
