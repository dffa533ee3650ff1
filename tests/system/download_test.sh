#!/bin/sh
# download_test - links: published, fetched as often as they may be, ended
# shellcheck disable=SC1010,SC2016,SC2119 # "done" is a queue; $… is jq's
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

# --- what the tests share -----------------------------------------------------

BASE=https://files.example.org/get

# listening: an instance whose links are fetched behind a proxy, which is us.
listening() {
	instance
	SOCKET=$INSTANCE/links.sock
	setting download listen "unix:$SOCKET"
	start
	eventually test -S "$SOCKET"
}

# download NAME [MEMBERS]: a destination of that type.
download() {
	printf '{"id":"%s","label":"%s","type":"download","config":{"download":
	    {"baseUrl":"%s"%s}}}' "$1" "$1" "$BASE" "${2:+,$2}" |
	    spooldest create -o "$ORG" - >"$SCRATCH/created" 2>&1 ||
	    fail "create: $(cat "$SCRATCH/created")"
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

# with_file DESTINATION [MEMBERS]: the text of a job with data/payload.bin.
with_file() {
	printf '{"destinations":["%s"],"payload":{"type":"export",
	    "file":"payload.bin"%s}}' "$1" "${2:+,$2}"
}

# publish STEM DESTINATION [MEMBERS]: 300 kB at a link; $ID, $LINK, $TOKEN and
# $REFERENCE are its.
publish() {
	head -c 300001 /dev/urandom >"$SCRATCH/payload"
	cp "$SCRATCH/payload" "$SPOOL/data/payload.bin"
	drop "$1" "$(with_file "$2" "${3-}")"
	published "$1" "$2"
}

# The same for a job that was dropped.
published() {
	eventually delivered "$ID" "$2"
	eventually receipt_says "$1" "$ID" '.status == "completed"'
	LINK=$(entry "$1" "$2" .link)
	TOKEN=${LINK##*/}
	REFERENCE=$(entry "$1" "$2" .crossSystemReference)
}

# entry STEM DESTINATION EXPRESSION: of the receipt's entry.
entry() {
	jq -r ".destinations[] | select(.destinationId == \"$2\") | $3" \
	    "$(receipt "$1" "$ID")"
}

# ask METHOD [FROM [OPTIONS]...]: the status of a request for $TOKEN.
ask() {
	method=$1
	from=${2-192.0.2.7}
	shift $(($# > 2 ? 2 : $#))
	curl -s -o "$SCRATCH/body" -w '%{http_code}' --max-time 20 \
	    --unix-socket "$SOCKET" -X "$method" -D "$SCRATCH/head" \
	    ${from:+-H "X-Forwarded-For: $from"} "$@" \
	    "http://files.example.org/d/$TOKEN"
}

# says STATUS METHOD [FROM]: waits for that answer.
says() {
	[ "$(ask "$2" ${3+"$3"})" = "$1" ]
}

# takes COUNT: so many at once, each from an address of its own; their statuses.
takes() {
	seq "$1" | xargs -P 50 -I {} curl -s -o /dev/null -w '%{http_code}\n' \
	    --max-time 20 --unix-socket "$SOCKET" -X POST \
	    -H 'X-Forwarded-For: 198.51.100.{}' \
	    "http://files.example.org/d/$TOKEN"
}

# Fetches of $REFERENCE, as the journal has them.
fetches() {
	journal "select(.event == \"download\" and .reference == \"$REFERENCE\") |
	    .count" | paste -sd ' '
}

took() {
	[ -n "$(fetches)" ]
}

# The reasons of refusals at $REFERENCE, and how often.
denials() {
	journal "select(.event == \"download.denied\" and
	    .reference == \"$REFERENCE\") | \"\(.count) \(.reason)\""
}

# --- publishing ---------------------------------------------------------------

test_a_link_stands_in_the_submitters_receipt_and_nowhere_else() {
	listening
	download dl '"maxAccess":3,"expiryHours":2'
	publish one dl
	assertTrue "$LINK" "expr '$LINK' : '$BASE/d/[A-Za-z0-9_-]*\$' >/dev/null"
	assertEquals 43 "${#TOKEN}"
	assertEquals 7200 "$(entry one dl '((.expiresAt | sub("\\..*"; "Z") |
	    fromdate) - (.deliveredAt | sub("\\..*"; "Z") | fromdate))')"
	assertEquals 200 "$(ask GET)"
	assertEquals 200 "$(ask POST)"
	assertTrue 'byte for byte' 'cmp "$SCRATCH/payload" "$SCRATCH/body"'
	run spoolq --explain "$ID"
	assertTrue "$OUT" "echo \"\$OUT\" | grep -q \
	    'its link is $REFERENCE, fetched 1 time of 3'"
	run spoolctl check
	assertEquals "$OUT" '' "$(echo "$OUT" | grep "$REFERENCE")"
	printf '{"id":1,"verb":"delivery.status","organizationId":"%s",%s}\n' \
	    "$ORG" "\"deliveryId\":\"$ID\"" |
	    node "$TESTS/system/control.mjs" "$INSTANCE/run/control.sock" \
	    >"$SCRATCH/status"
	assertEquals 'completed null null' "$(jq -r '.result |
	    "\(.status) \(.destinations[0].link) \(.destinations[0].expiresAt)"
	    ' "$SCRATCH/status")"
	rm "$SCRATCH/head" "$SCRATCH/body"
	stop
	assertEquals "$(receipt one "$ID")" "$(grep -rlF -- "$TOKEN" \
	    "$INSTANCE")"
}

test_who_waits_for_a_job_is_told_where_its_link_stands() {
	listening
	download dl
	run spoolsubmit -d dl -D 1 -w 30
	ID=$(jq -r .deliveryId "$SCRATCH/out")
	file=$(find "$SPOOL/receipts" -name "*$ID.json")
	assertEquals "0: spoolsubmit: the link stands in $file" "$STATUS: $ERR"
	assertTrue 'it does' "jq -e '.destinations[0].link' '$file'"
}

test_a_token_is_made_of_the_master_key_as_it_is_promised() {
	listening
	download dl
	publish one dl
	assertEquals "$(node -e '
		const c = require("crypto"), fs = require("fs");
		const [file, text] = process.argv.slice(1);
		const key = c.hkdfSync("sha256", fs.readFileSync(file), "",
		    "download-token", 32);
		console.log(c.createHmac("sha256", Buffer.from(key))
		    .update(text).digest("base64url"));' \
	    "$(find "$INSTANCE" -name master.key)" "$ORG
$ID
dl
1
")" "$TOKEN"
	assertEquals "$(printf %s "$TOKEN" | sha256sum | cut -c1-16)" \
	    "$REFERENCE"
}

test_inline_data_are_fetched_as_they_were_dropped() {
	listening
	download dl
	drop one '{"destinations":["dl"],"payload":{"type":"data",
	    "data":{"n": 12345678901234567890, "x":"\u00e9"},"metadata":{"w":7}}}'
	published one dl
	assertEquals 200 "$(ask POST)"
	assertEquals '{"n": 12345678901234567890, "x":"\u00e9"}' \
	    "$(cat "$SCRATCH/body")"
	assertTrue 'its type' \
	    "grep -qi '^content-type: application/json' '$SCRATCH/head'"
}

test_what_a_file_is_called_follows_its_template_and_stays_sealed() {
	listening
	download dl '"filename":"{metadata.patient}-{type}.bin"'
	publish one dl '"metadata":{"patient":"Zschokke"}'
	assertEquals 200 "$(ask POST)"
	assertTrue 'the name' \
	    "grep -qi '^content-disposition:.*\"Zschokke-export.bin\"' \
	    '$SCRATCH/head'"
	assertEquals '' "$(grep -rl Zschokke "$LOG" "$SPOOL"/jobs/*.link \
	    "$SPOOL/done" "$SPOOL/receipts")"
}

test_a_name_that_no_file_can_have_is_said_so_at_once() {
	listening
	download dl '"filename":"{metadata.patient}"'
	long=$(printf '%0100d' 0 | sed 's/0/\xe5\x90\x8d/g')
	while read -r name wrong; do
		drop one "{\"destinations\":[\"dl\"],\"payload\":{
		    \"type\":\"data\",\"data\":1,
		    \"metadata\":{\"patient\":\"$name\"}}}"
		eventually in_queue failed "$ID"
		assertEquals "$name" "VALIDATION_ERROR $wrong" "$(journal "select(
		    .job == \"$ID\" and .event == \"failed\") |
		    \"\(.errorCode) \(.reason)\"" | sed 's/the file.s name //;
		    s/^\(VALIDATION_ERROR\) filename: /\1 /')"
	done <<-END
		.hidden begins with a dot
		$long is longer than 255 bytes
	END
}

test_guesses_do_not_hide_who_was_refused_at_a_link() {
	listening
	download dl '"allowedIpRanges":["198.51.100.0/24"]'
	publish one dl
	good=$TOKEN
	for n in $(seq 100 239); do
		TOKEN=$n$(echo "$good" | cut -c4-)
		ask GET "203.0.113.$n" >/dev/null
	done
	TOKEN=$good
	assertEquals 404 "$(ask POST 203.0.113.9)"
	assertEquals '203.0.113.9 it is not for that address' "$(journal 'select(
	    .event == "download.denied" and .reference != null) |
	    "\(.peer.address) \(.reason)"')"
	assertEquals 'told apart' 129 "$(journal 'select(.event ==
	    "download.denied" and .reference == null) | .seq' | wc -l)"
}

# --- how often ----------------------------------------------------------------

test_of_fifty_fetches_at_once_exactly_as_many_get_through_as_may() {
	listening
	download dl '"maxAccess":7'
	publish one dl
	takes 50 >"$SCRATCH/statuses"
	assertEquals '7 200,43 404' "$(sort "$SCRATCH/statuses" | uniq -c |
	    sed 's/^ *//' | paste -sd ,)"
	assertEquals '1 2 3 4 5 6 7' "$(fetches)"
	assertEquals 404 "$(ask GET)"
}

test_no_crash_brings_a_fetch_more() {
	listening
	setting queue checkpoint_interval 1h
	run spoolctl reload
	download dl '"maxAccess":6'
	publish one dl
	for round in 1 2 3; do
		takes 30 >"$SCRATCH/statuses.$round" &
		eventually took
		crash
		wait $!
		start
		eventually says 404 GET 192.0.2.1 || eventually says 200 GET
	done
	takes 30 >"$SCRATCH/statuses.4"
	got=$(cat "$SCRATCH"/statuses.* | grep -c 200)
	assertTrue "$got of six" "[ $got -le 6 ]"
	assertEquals '1 2 3 4 5 6' "$(fetches)"
	assertEquals 404 "$(ask POST)"
	assertEquals 6 "$(jq -s '.[0].fetches' "$SPOOL/jobs/$REFERENCE.link")"
}

test_a_worker_that_is_killed_is_followed_by_another_with_the_same_counts() {
	listening
	download dl '"maxAccess":3'
	publish one dl
	assertEquals 200 "$(ask POST)"
	old=$(workers download)
	kill -9 "$old"
	eventually says 200 GET
	assertNotEquals "$old" "$(workers download)"
	assertEquals '200 200 404' "$(ask POST) $(ask POST) $(ask POST)"
	assertEquals '1 2 3' "$(fetches)"
}

test_to_look_to_ask_for_the_head_and_to_go_on_count_for_nothing() {
	listening
	download dl '"maxAccess":1'
	publish one dl
	for n in 1 2 3; do
		assertEquals 200 "$(ask GET)"
		assertEquals 200 "$(ask HEAD 192.0.2.7 --head)"
	done
	assertEquals 200 "$(ask POST 192.0.2.7 -c "$SCRATCH/jar")"
	cookie=$(sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\).*/\1/p' "$SCRATCH/head")
	assertEquals 206 "$(ask GET 192.0.2.7 -H "Cookie: $cookie" -r 100-199)"
	assertEquals 100 "$(wc -c <"$SCRATCH/body")"
	assertEquals 404 "$(ask GET 192.0.2.7 -r 100-199)"
	assertEquals 1 "$(fetches)"
}

test_a_link_without_a_limit_can_be_fetched_on_and_on() {
	listening
	download dl '"maxAccess":0,"direct":true'
	publish one dl
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		assertEquals 200 "$(ask GET "192.0.2.$n")"
	done
	assertEquals '1 2 3 4 5 6 7 8 9 10 11 12' "$(fetches)"
}

# --- until when, from where ---------------------------------------------------

test_a_revoked_link_opens_nothing_any_more_and_never_comes_back() {
	listening
	download dl
	publish one dl
	assertEquals 200 "$(ask POST)"
	run spoolsuper --revoke "$ID"
	ran 0 "$ID.dl: revoked
1 ticket revoked" ''
	assertEquals '404 404' "$(ask GET) $(ask POST)"
	assertEquals '1 it was revoked' "$(denials)"
	assertEquals 'null null true' "$(entry one dl \
	    '"\(.link) \(.expiresAt) \(.revokedAt != null)"')"
	assertEquals "revoked $ID dl $REFERENCE root (0)" "$(journal 'select(
	    .event == "revoked") | "\(.event) \(.job) \(.dest) \(.reference) \(
	    .by)"')"
	run spoolsuper --revoke "$ID.dl"
	ran 0 "$ID.dl: unchanged: it has no link that can be fetched
0 tickets revoked, 1 unchanged" ''
	gone=$TOKEN
	run spoolsuper --delivered -r "$ID"
	assertEquals 0 "$STATUS"
	eventually receipt_says one "$ID" '.destinations[0].link != null'
	published one dl
	assertNotEquals "$gone" "$TOKEN"
	assertEquals 200 "$(ask POST)"
	TOKEN=$gone
	assertEquals 404 "$(ask POST)"
}

test_a_ticket_that_waits_goes_on_though_its_link_is_revoked() {
	listening
	slow_retries
	setting queue checkpoint_interval 1h
	run spoolctl reload
	eventually says 404 GET
	download dl
	publish one dl
	# Nobody can publish it before it is held.
	setting download listen ''
	run spoolctl reload
	run spoolsuper --delivered -r "$ID"
	run spoolsuper -h "$ID"
	eventually in_queue hold "$ID" dl
	run spoolsuper --revoke "$ID"
	assertEquals "$ID.dl: revoked" "$(echo "$OUT" | head -1)"
	setting download listen "unix:$SOCKET"
	run spoolctl reload
	run spoolsuper -H "$ID"
	eventually delivered "$ID" dl
	assertEquals "requeued root (0)" "$(journal 'select(
	    .event == "requeued") | "\(.event) \(.by)"')"
}

test_a_link_is_revoked_while_spoold_is_down_too() {
	listening
	download dl
	publish one dl
	stop
	run spoolsuper --revoke "$ID"
	assertEquals "$ID.dl: revoked" "$(echo "$OUT" | head -1)"
	start
	eventually says 404 GET
	assertEquals '1 it was revoked' "$(denials)"
}

# A link's file is spoold's own; the test lets it expire by hand.
expire() {
	sed -i '2s/"expiresAt":"[^"]*"/"expiresAt":"2026-01-01T00:00:00.000Z"/' \
	    "$SPOOL/jobs/$REFERENCE.link"
}

test_an_expired_link_opens_nothing_and_is_swept_as_a_revoked_one() {
	listening
	download dl
	publish one dl
	expired=$REFERENCE
	expire
	assertEquals '404 404' "$(ask GET) $(ask POST)"
	assertEquals '1 it has expired' "$(denials)"
	publish two dl
	run spoolsuper --revoke "$ID"
	revoked=$REFERENCE
	publish three dl
	run spoolsuper -p
	assertEquals 'links: 2 links' "$(echo "$OUT" | grep links)"
	assertEquals "$REFERENCE.link" "$(cd "$SPOOL/jobs" && echo *.link)"
	assertEquals "$(printf '%s.link\n' "$expired" "$revoked" | sort)" \
	    "$(journal 'select(.event == "purged" and .kind == "links") |
	    .names[]' | sort)"
	assertEquals 200 "$(ask GET)"
}

test_only_who_comes_from_where_it_is_allowed_gets_in() {
	listening
	download dl '"allowedIpRanges":["192.0.2.0/25","2001:db8:7::/48"]'
	publish one dl
	assertEquals '200 200 404 404 404' "$(ask POST 192.0.2.127) $(
	    ask POST 2001:db8:7:1::5) $(ask POST 192.0.2.128) $(
	    ask GET 2001:db8:8::1) $(ask POST '')"
	assertEquals '1 it is not for that address' "$(denials | uniq)"
	assertEquals '192.0.2.127,2001:db8:7:1::5' "$(journal 'select(
	    .event == "download") | .peer.address' | paste -sd ,)"
}

test_what_is_asked_for_and_is_none_is_counted_not_written_down() {
	listening
	download dl
	publish one dl
	good=$TOKEN
	for n in 1 2 3 4 5 6 7 8; do
		TOKEN=$n$n$n$n$(echo "$good" | cut -c5-)
		assertEquals 404 "$(ask GET)"
	done
	assertEquals '1 there is no such link 192.0.2.7 null' "$(journal 'select(
	    .event == "download.denied") | "\(.count) \(.reason) \(
	    .peer.address) \(.org)"')"
}

test_a_payload_that_its_owner_changes_is_not_what_was_published() {
	listening
	download dl
	head -c 1000 /dev/zero >"$SPOOL/data/payload.bin"
	exec 9>>"$SPOOL/data/payload.bin"
	drop one "$(with_file dl)"
	published one dl
	assertEquals 200 "$(ask POST)"
	printf x >&9
	exec 9>&-
	assertEquals '404 404' "$(ask POST) $(ask POST)"
	assertEquals '1 what it leads to is not what was published' "$(denials)"
	assertEquals 1 "$(fetches)"
}

# --- what follows from it -----------------------------------------------------

test_the_job_of_a_live_link_rests_from_its_end() {
	listening
	setting retention delivered 1s
	run spoolctl reload
	eventually says 404 GET
	download dl
	publish one dl
	kept=$ID
	drop plain "$(with_file dl)"
	run spoolsuper -p
	assertEquals 'delivered: 0 jobs' "$(echo "$OUT" | grep delivered)"
	touch -c -d '1 hour ago' "$SPOOL/receipts"/*
	run spoolsuper -p
	assertTrue 'its payload' "[ -f '$SPOOL/jobs/$kept.data' ]"
	assertEquals 200 "$(ask POST)"
	run spoolsuper --revoke "$kept"
	due() {
		run spoolsuper -p
		[ ! -f "$SPOOL/jobs/$kept.data" ]
	}
	eventually due
	assertEquals '' "$(ticket done "$kept")"
}

test_the_job_of_a_live_link_stays_whatever_became_of_its_ticket() {
	listening
	sink
	destination hook
	setting retention delivered 1s
	setting retention failed 1s
	run spoolctl reload
	eventually says 404 GET
	download dl
	publish one dl
	# Delivered, and requeued to come to nothing; the first link lives on.
	run spooldest disable dl
	run spoolsuper --delivered -r "$ID"
	eventually in_queue cur "$ID" dl
	run spoolsuper -d "$ID"
	eventually in_queue failed "$ID" dl
	find "$SPOOL/failed" -name "$ID.*" -exec touch -c -d '1 hour ago' {} +
	run spoolsuper -p
	assertEquals 'failed: 0 jobs' "$(echo "$OUT" | grep failed)"
	assertTrue 'its payload' "[ -f '$SPOOL/jobs/$ID.data' ]"
	assertEquals 200 "$(ask POST)"
	expire
	run spoolsuper -p
	assertEquals "$OUT" 'failed: 1 job' "$(echo "$OUT" | grep failed)"
	assertTrue 'its payload' "[ ! -f '$SPOOL/jobs/$ID.data' ]"
}

test_a_ticket_rests_from_its_links_end_though_it_is_tried_elsewhere() {
	listening
	sink
	destination hook
	download dl
	publish one dl
	rests() {
		find "$SPOOL/done" -name "$ID.dl:*" -printf '%T@'
	}
	before=$(rests)
	run spoolsuper --delivered -r "$ID.dl" --to hook
	assertEquals "$OUT$ERR" 0 "$STATUS"
	eventually arrived "$ID"
	assertNotEquals "" "$before"
	assertEquals "$before" "$(rests)"
}

test_who_is_to_be_told_gets_the_link_by_a_job_of_its_own() {
	listening
	sink
	mkdir "$SINK_DIR/bodies"
	destination hook '"body":"data"'
	download dl '"notify":"hook","maxAccess":4'
	publish one dl
	eventually arrived ''
	SENT=$(cat "$SINK_DIR"/bodies/*)
	assertEquals "$LINK" "$(echo "$SENT" | jq -r .link)"
	assertEquals "$ID dl payload.bin 300001 4 $(entry one dl .expiresAt)" \
	    "$(echo "$SENT" | jq -r '"\(.deliveryId) \(.destinationId) \(
	    .filename) \(.bytes) \(.maxAccess) \(.expiresAt)"')"
	assertEquals "$(sha256sum <"$SCRATCH/payload" | cut -d ' ' -f 1)" \
	    "$(echo "$SENT" | jq -r .sha256)"
	eventually counts done 2
	assertEquals '' "$(grep -rlF -- "$TOKEN" "$LOG")"
	crash
	start
	assertEquals 1 "$(arrivals)"
}

test_a_notice_to_nobody_or_to_another_link_is_refused() {
	listening
	download first
	for notify in nobody first; do
		printf '{"label":"x","type":"download","config":{"download":
		    {"baseUrl":"%s","notify":"%s"}}}' "$BASE" $notify |
		    spooldest create - >"$SCRATCH/out" 2>&1
		assertEquals 65 $?
		assertTrue "$(cat "$SCRATCH/out")" "grep -q \
		    'config.download.notify' '$SCRATCH/out'"
	done
}

test_a_destination_that_is_told_of_links_stays_until_nobody_names_it() {
	listening
	sink
	destination hook
	download dl '"notify":"hook"'
	run spooldest delete hook
	assertEquals '65: spooldest: CONFLICT: the notify of dl names hook: give it another, or delete it first' \
	    "$STATUS: $ERR"
	run spooldest update dl - <<-END
		{"config": {"download": {"notify": null}}}
	END
	assertEquals "$ERR" 0 "$STATUS"
	run spooldest delete hook
	assertEquals "$ERR" 0 "$STATUS"
}

# --- crashes ------------------------------------------------------------------

test_a_link_that_a_power_cut_took_is_made_again_with_its_count() {
	listening
	setting queue checkpoint_interval 1h
	run spoolctl reload
	eventually says 404 GET
	download dl '"maxAccess":3'
	publish one dl
	publish two dl
	assertEquals 200 "$(ask POST)"
	assertEquals 200 "$(ask POST)"
	link=$LINK
	crash
	# What was renamed may be there without its content, or not at all.
	: >"$SPOOL/jobs/$REFERENCE.link"
	: >"$(receipt two "$ID")"
	find "$SPOOL/done" -name "$ID.*" -delete
	start
	assertEquals "$link" "$(entry two dl .link)"
	eventually says 200 GET
	assertEquals '200 404' "$(ask POST) $(ask POST)"
	assertEquals '1 2 3' "$(fetches)"
	ticket=$(find "$SPOOL/done" -name "$ID.*")
	assertTrue 'it rests from its end' \
	    "[ '$ticket' -nt '$SPOOL/jobs/$REFERENCE.link' ]"
}

# image_mounted PLACE: the image, which keeps its writes for itself.
image_mounted() {
	mount -o loop,commit=600 "$INSTANCE/image" "$1" || fail 'mount'
}

# The spool on a file system of its own, which loses what the journal has.
spool_on_image() {
	truncate -s 64M "$INSTANCE/image"
	mkfs.ext4 -q "$INSTANCE/image"
	mkdir "$INSTANCE/mounted"
	image_mounted "$INSTANCE/mounted"
	cp -a "$INSTANCE/spool/." "$INSTANCE/mounted"
	umount "$INSTANCE/mounted"
	image_mounted "$INSTANCE/spool"
}

# What is not on the disk by now will never be.
power_cut() {
	perl -e 'open(my $f, "<", $ARGV[0]) or die $!;
	    my $how = pack("L", 2); ioctl($f, 0x8004587d, $how) or die $!' \
	    "$INSTANCE/spool" || fail 'FS_IOC_SHUTDOWN'
	crash
	eventually umount "$INSTANCE/spool"
	image_mounted "$INSTANCE/spool"
}

test_links_live_on_though_a_power_cut_takes_the_moves_to_jobs() {
	listening
	download dl
	setting queue checkpoint_interval 1h
	stop
	spool_on_image
	head -c 300001 /dev/urandom >"$SPOOL/data/payload.bin"
	drop file "$(with_file dl)"
	file=$ID
	drop data "$(job dl)"
	sync -f "$SPOOL"
	start
	published data dl
	data=$TOKEN
	ID=$file
	published file dl
	assertEquals 200 "$(ask POST)"
	power_cut
	assertTrue 'nothing has reached jobs/' \
	    "[ ! -e '$SPOOL/jobs/$file.data' ]"
	start
	eventually says 200 GET
	assertEquals 200 "$(ask POST)"
	assertEquals '1 2' "$(fetches)"
	TOKEN=$data
	assertEquals 200 "$(ask POST)"
	stop
	umount "$INSTANCE/spool"
}

test_a_revocation_that_a_power_cut_took_holds() {
	listening
	setting queue checkpoint_interval 1h
	run spoolctl reload
	eventually says 404 GET
	download dl
	publish one dl
	before=$(cat "$SPOOL/jobs/$REFERENCE.link" && echo .)
	run spoolsuper --revoke "$ID"
	crash
	printf '%s' "${before%.}" >"$SPOOL/jobs/$REFERENCE.link"
	start
	eventually says 404 GET
	assertEquals '1 it was revoked' "$(denials)"
	assertEquals true "$(entry one dl '.revokedAt != null')"
}

test_a_revocation_holds_though_its_ticket_is_gone() {
	listening
	setting queue checkpoint_interval 1h
	download dl
	publish one dl
	# The checkpoint of the end: its delivery is not read again.
	stop
	start
	before=$(cat "$SPOOL/jobs/$REFERENCE.link" && echo .)
	run spoolsuper --revoke "$ID"
	crash
	printf '%s' "${before%.}" >"$SPOOL/jobs/$REFERENCE.link"
	find "$SPOOL/done" -name "$ID.*" -delete
	start
	eventually says 404 GET
	assertEquals '1 it was revoked' "$(denials)"
}

test_a_link_whose_file_is_damaged_stops_nothing() {
	listening
	setting queue checkpoint_interval 1h
	download dl
	publish one dl
	stop
	start
	eventually says 200 GET
	assertEquals 200 "$(ask POST)"
	run spoolsuper --revoke "$ID"
	crash
	printf 'no link\n' >"$SPOOL/jobs/$REFERENCE.link"
	start
	eventually says 404 GET
	assertTrue 'it is logged' \
	    "grep -q 'warning.*link $REFERENCE: ' '$LOG/spoold.log'"
}

test_a_restored_spool_opens_no_link_until_somebody_has_looked() {
	listening
	download dl
	publish one dl
	stop
	start --restored
	eventually says 503 GET
	assertEquals '503 503' "$(ask POST) $(ask GET)"
	run spoolsuper --revoke "$ID"
	assertEquals "$ID.dl: revoked" "$(echo "$OUT" | head -1)"
	publish two dl
	assertEquals 503 "$(ask POST)"
	assertEquals '' "$(fetches)"
	stop
	start
	eventually says 200 GET
	assertEquals 200 "$(ask POST)"
}

# --- the listener -------------------------------------------------------------

test_without_a_listener_there_are_no_links() {
	instance
	start
	printf '{"label":"x","type":"download","config":{"download":
	    {"baseUrl":"%s"}}}' "$BASE" | spooldest create - \
	    >"$SCRATCH/out" 2>"$SCRATCH/err"
	assertEquals 65 $?
	assertEquals 'spooldest: VALIDATION_ERROR: type is download, and nobody listens for links: the administrator of this instance sets download.listen' \
	    "$(cat "$SCRATCH/err")"
	assertEquals '' "$(workers download)"
}

test_a_job_waits_while_nobody_listens_and_says_so() {
	listening
	download dl
	setting download listen ''
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	nobody_listens() {
		[ -z "$(workers download)" ]
	}
	eventually nobody_listens
	drop one "$(job dl)"
	eventually in_queue cur "$ID" dl
	run spoolq --explain "$ID"
	assertTrue "$OUT" "echo \"\$OUT\" | grep -q 'nobody listens for links'"
	# What it says helps is done as it stands, but for the address.
	command=$(echo "$OUT" | sed -n 's/^  command  //p' |
	    sed "s|ADDRESS:PORT|unix:$SOCKET|")
	assertContains "$command" "=unix:$SOCKET"
	run sh -c "$command"
	assertEquals "$command: $ERR" 0 "$STATUS"
	published one dl
	eventually says 200 GET
}

test_a_reload_listens_where_it_is_told_and_the_links_are_the_same() {
	listening
	download dl
	publish one dl
	assertEquals 200 "$(ask POST)"
	old=$SOCKET
	SOCKET=$INSTANCE/other.sock
	setting download listen "unix:$SOCKET"
	run spoolctl reload
	eventually says 200 GET
	assertEquals 200 "$(ask POST)"
	assertEquals '1 2' "$(fetches)"
	nobody_there() {
		[ "$(SOCKET=$old ask GET)" = 000 ]
	}
	eventually nobody_there
	# The same place again: one ends, the next one follows.
	run spoolctl reload
	eventually says 200 GET
	assertEquals 200 "$(ask POST)"
}

test_a_reload_cuts_nobody_off_who_fetches() {
	listening
	download dl '"maxAccess":0'
	head -c 20000000 /dev/urandom >"$SPOOL/data/payload.bin"
	cp "$SPOOL/data/payload.bin" "$SCRATCH/payload"
	drop one "$(with_file dl)"
	published one dl
	for round in 1 2 3; do
		old=$(workers download)
		curl -s --fail --limit-rate 8M --unix-socket "$SOCKET" \
		    -X POST -H 'X-Forwarded-For: 192.0.2.7' \
		    "http://files.example.org/d/$TOKEN" >"$SCRATCH/slow" &
		slow=$!
		eventually test -s "$SCRATCH/slow"
		takes 100 >"$SCRATCH/statuses" &
		others=$!
		eventually test -s "$SCRATCH/statuses"
		run spoolctl reload
		wait "$slow"
		assertEquals "round $round" 0 $?
		assertTrue 'byte for byte' \
		    "cmp '$SCRATCH/payload' '$SCRATCH/slow'"
		wait "$others"
		another() {
			workers download | grep -qvx "$old"
		}
		eventually another
		eventually says 200 GET
	done
	assertEquals '' "$(grep 'worker: kill' "$LOG/spoold.log")"
}

test_links_in_clear_go_over_no_network() {
	instance
	setting download listen 192.0.2.1:8443
	run spoolctl start
	failed_with 78 spoolctl CONFIG_ERROR
	assertTrue "$ERR" "echo \"\$ERR\" | grep -q 'without tls_certificate'"
	setting download listen ''
	setting download tls_key /nowhere/key
	run spoolctl start
	failed_with 78 spoolctl CONFIG_ERROR
	assertTrue "$ERR" "echo \"\$ERR\" | grep -q 'tls_certificate is missing'"
}

test_a_listener_that_cannot_start_says_why_and_with_which_status() {
	instance
	setting download listen "unix:$INSTANCE/none/links.sock"
	start
	has_said() {
		grep -q "$1" "$LOG/spoold.log"
	}
	eventually has_said 'download.listen: bind to .*: No such file'
	eventually has_said 'status 78'
	head -c 300000 /dev/zero >"$SCRATCH/large"
	setting download tls_certificate "$SCRATCH/large"
	setting download tls_key "$SCRATCH/large"
	run spoolctl reload
	eventually has_said \
	    "download.tls_certificate: .*/large is longer than 262143 bytes"
}

# --- organizations ------------------------------------------------------------

test_one_listener_serves_every_organization_and_mixes_none() {
	instance
	SOCKET=$INSTANCE/links.sock
	setting download listen "unix:$SOCKET"
	printf 'organization clinic {\n}\n' >>"$CONF"
	mkdir -m 700 "$INSTANCE/state/clinic"
	mkdir -m 700 "$INSTANCE/state/clinic/destinations"
	run spoolctl check --fix
	start
	download dl
	ORG=clinic
	use_instance "$INSTANCE"
	download dl
	publish one dl
	theirs=$ID
	assertEquals 200 "$(ask POST)"
	assertEquals clinic "$(journal 'select(.event == "download") | .org')"
	ORG=demo
	use_instance "$INSTANCE"
	run spoolsuper -o demo --revoke "$theirs"
	assertEquals 66 "$STATUS"
	assertEquals 200 "$(ask GET)"
	assertEquals 1 "$(workers download | wc -l)"
	run spoolctl stop -o demo
	eventually stopped
}

# shellcheck disable=SC1091
. shunit2
