#!/bin/sh
# roles_test - who may ask for what over the control socket: every verb by every
# role, as tests/data/roles.tsv says, and each refusal on record
#
# As root only, in the system's instance.  Clients run as users that every
# Debian has, each in the group of one role; the kernel says so to spoold.
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"
MARK=spooldrole
# shellcheck source=tests/system/system.sh
. "$(dirname "$0")/system.sh"

MATRIX=$TESTS/data/roles.tsv

# What spoold frees is written over at once, so that a request which is still
# read after its answer is found out without sanitizers, too.
MALLOC_PERTURB_=165
export MALLOC_PERTURB_

oneTimeSetUp() {
	[ "$(id -u)" -ne 0 ] || unmark
}

oneTimeTearDown() {
	[ "$(id -u)" -ne 0 ] || unmark
}

# There are two.
spooldest() {
	command spooldest -o "$A" "$@"
}

# Two organizations, running, and what clients run where they can reach it.
organizations() {
	system_instance "$A" "$B"
	[ -n "$INSTANCE" ] || return 1
	while read -r org name group; do
		spoolconf -e "organization.$org.$name=$group" || fail "$name"
	done <<-END
		$A viewers man
		$A operators lp
		$A administrators mail
		$A auditors news
		$B viewers uucp
		$B operators uucp
		$B administrators uucp
		$B auditors uucp
	END
	cp "$TESTS/system/control.mjs" "$INSTANCE/client.mjs"
	cp "$TESTS/system/payload.py" "$INSTANCE/payload.py"
	chmod 755 "$INSTANCE"/*.mjs "$INSTANCE"/*.py
	start
}

# The user who has that role and no other, and his group.
user_of() {
	case $1 in
	submitter) echo games "$A-submitters" ;;
	colleague) echo proxy "$A-submitters" ;;
	viewer) echo man man ;;
	operator) echo lp lp ;;
	administrator) echo mail mail ;;
	auditor) echo news news ;;
	stranger) echo uucp uucp ;;
	nobody) echo nobody nogroup ;;
	root) echo root root ;;
	esac
}

# by ROLE COMMAND...: with that group beside a primary one that has no role;
# an auditor's is his primary one.
by() {
	# shellcheck disable=SC2046 # two words
	set -- $(user_of "$1") "$@"
	_user=$1 _group=$2 _primary=nogroup
	[ "$3" != auditor ] || _primary=news
	shift 3
	(cd / && PATH=/usr/bin:/bin:$PATH setpriv --reuid "$_user" \
	    --regid "$_primary" --groups "$_group" \
	    --inh-caps=-all --bounding-set=-all -- "$@")
}

# ask ROLE: sends what is in $SCRATCH/ask; the answers are in $SCRATCH/out.
ask() {
	by "$1" timeout 30 node "$INSTANCE/client.mjs" \
	    "$INSTANCE/run/control.sock" <"$SCRATCH/ask" >"$SCRATCH/out" \
	    2>"$SCRATCH/err"
	assertEquals "$1: $(cat "$SCRATCH/err")" 0 $?
}

# one ROLE VERB [MEMBERS]: asks that alone.
one() {
	printf '{"id":1,"verb":"%s"%s}\n' "$2" "${3:+,$3}" >"$SCRATCH/ask"
	ask "$1"
}

answer() {
	jq -r "$1" "$SCRATCH/out"
}

# requests ORGANIZATION [ROLE]: one for each row, numbered; not root's stop.
requests() {
	awk -F '\t' -v org="$1" -v role="$2" '
	/^#/ || $1 == "verb" || (role == "root" && $1 == "server.stop") {
		next
	}
	{
		printf "{\"id\":%d,\"verb\":\"%s\",\"organizationId\":\"%s\"%s}\n",
		    NR, $1, org, $7 == "-" ? "" : "," $7
	}' "$MATRIX"
}

# expected ROLE: `number verb yes|no` for each row, as the matrix says.
expected() {
	awk -F '\t' -v role="$1" '
	/^#/ { next }
	$1 == "verb" {
		for (i = 2; i <= 6; i++)
			if ($i == role)
				column = i
		next
	}
	role == "root" && $1 == "server.stop" { next }
	{ print NR, $1, role == "root" ? "yes" : column ? $column : "no" }
	' "$MATRIX"
}

# What was answered, likewise.  Nobody was told of an error of spoold's own.
observed() {
	jq -r '"\(.id) \(if .error.code == "PERMISSION_DENIED" or
	    .error.code == "ORGANIZATION_NOT_FOUND" then "no" else "yes" end)"
	    ' "$SCRATCH/out" | sort -n >"$SCRATCH/observed"
	sed 's/^[^"]*"id":\([0-9]*\),"verb":"\([^"]*\)".*/\1 \2/' \
	    "$SCRATCH/ask" | join -1 1 -2 1 - "$SCRATCH/observed"
}

test_the_matrix_has_every_verb_that_there_is_and_no_other() {
	assertEquals "$(sed -n 's/^VERB([^"]*"\([^"]*\)".*/\1/p' \
	    "$TESTS/../lib/verbs.def" | sort)" \
	    "$(grep -v '^#' "$MATRIX" | sed 1d | cut -f 1 | sort -u)"
}

test_every_verb_by_every_role_is_allowed_or_refused_as_the_matrix_says() {
	organizations || return
	for role in submitter viewer operator administrator auditor stranger \
	    nobody root; do
		requests "$A" "$role" >"$SCRATCH/ask"
		ask "$role"
		assertEquals "$role" "$(expected "$role")" "$(observed)"
		assertEquals "$role" '' \
		    "$(answer 'select(.error.code == "INTERNAL_ERROR")')"
		expected "$role" | sed -n "s/^[0-9]* \(.*\) no$/$role \1/p" \
		    >>"$SCRATCH/refused"
	done
	one root server.stop
	assertEquals true "$(answer .ok)"
	eventually stopped
	sort "$SCRATCH/refused" | uniq -c |
	    while read -r count role verb; do
		# shellcheck disable=SC2046 # two words
		set -- $(user_of "$role") "$verb" "$count"
		assertEquals "$role $verb" "$4" "$(journal "
		    select(.event == \"denied\" and .verb == \"$3\" and
		    .by == \"$1 ($(id -u "$1"))\") | .count" |
		    awk '{ n += $1 } END { print n + 0 }')"
	done
	assertEquals 'and nothing else is' "$(wc -l <"$SCRATCH/refused")" \
	    "$(journal 'select(.event == "denied") | .count' |
	    awk '{ n += $1 } END { print n }')"
}

test_an_organization_of_others_answers_as_one_that_does_not_exist() {
	organizations || return
	requests "$B" | grep -v -e '"server\.' -e '"config\.' >"$SCRATCH/ask"
	ask administrator
	sed "s/no organization $B/no organization X/" "$SCRATCH/out" \
	    >"$SCRATCH/known"
	sed -i "s/\"$B\"/\"nope\"/" "$SCRATCH/ask"
	ask administrator
	sed 's/no organization nope/no organization X/' "$SCRATCH/out" \
	    >"$SCRATCH/nope"
	assertEquals "$(cat "$SCRATCH/nope")" "$(cat "$SCRATCH/known")"
	assertEquals 'ORGANIZATION_NOT_FOUND' \
	    "$(answer .error.code | sort -u)"
	one administrator destination.list
	assertEquals 'his own need not be named' true "$(answer .ok)"
	stop
	assertEquals 'mail (8)' "$(journal "select(.event == \"denied\" and
	    .org == \"$B\" and .verb == \"destination.list\") | .by")"
	assertEquals 'mail (8)' "$(journal 'select(.event == "denied" and
	    .org == null and .verb == "destination.list") | .by')"
}

test_refusals_of_the_same_are_a_line_and_a_count() {
	organizations || return
	for _ in 1 2 3 4 5 6 7; do
		echo '{"id":1,"verb":"queue.flush"}'
	done >"$SCRATCH/ask"
	ask viewer
	assertEquals 'PERMISSION_DENIED' "$(answer .error.code | sort -u)"
	assertEquals 'queue.flush is not for man (6)' \
	    "$(answer .error.message | sort -u)"
	stop
	assertEquals '1 6' "$(journal 'select(.event == "denied") | .count' |
	    paste -sd ' ')"
}

# dropped ROLE NAME: a job of his to `ok`; its id.
dropped() {
	job ok | by "$1" sh -c "umask 022 && cat >'$SPOOL/tmp/$2'"
	node "$TESTS/data/spool_id.mjs" "$A" "$SPOOL/tmp/$2" "=$2.json"
	by "$1" mv -n "$SPOOL/tmp/$2" "$SPOOL/new/$2.json"
}

test_a_submitter_asks_for_what_is_his_own_alone() {
	organizations || return
	sink
	destination ok
	mine=$(dropped submitter mine)
	other=$(dropped colleague other)
	eventually delivered "$mine"
	eventually delivered "$other"
	one submitter delivery.status "\"deliveryId\":\"$mine\""
	assertEquals completed "$(answer .result.status)"
	one submitter delivery.submit '"name":"mine.json"'
	assertEquals "$mine" "$(answer .result.deliveryId)"
	one submitter delivery.status "\"deliveryId\":\"$other\""
	assertEquals "DELIVERY_NOT_FOUND nothing is known of $other" \
	    "$(answer '"\(.error.code) \(.error.message)"')"
	one submitter delivery.submit '"name":"other.json"'
	mv "$SCRATCH/out" "$SCRATCH/other"
	one submitter delivery.submit '"name":"never.json"'
	assertEquals "$(cat "$SCRATCH/out")" "$(cat "$SCRATCH/other")"
	one viewer delivery.status "\"deliveryId\":\"$other\""
	assertEquals completed "$(answer .result.status)"
	assertEquals 'delivery.status delivery.submit' "$(journal '
	    select(.event == "denied") | .verb' | sort | paste -sd ' ')"
}

test_an_auditor_reads_a_payload_with_a_reason_and_nobody_writes_it() {
	organizations || return
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	drop two '{"destinations":["ok"],"payload":{"type":"data",
	    "data":{"patient":"Doe"}},"options":{"priority":9}}'
	eventually delivered "$ID"
	one auditor delivery.payload "\"deliveryId\":\"$ID\""
	assertEquals 'VALIDATION_ERROR reason' \
	    "$(answer '"\(.error.code) \(.error.details.path)"')"
	cp "$TESTS/system/payload.py" "$INSTANCE/payload.py"
	chmod 755 "$INSTANCE/payload.py"
	by auditor python3 "$INSTANCE/payload.py" \
	    "$INSTANCE/run/control.sock" "$ID" 'complaint 7' \
	    >"$SCRATCH/out" 2>&1
	assertEquals '{"patient":"Doe"} read only' "$(cat "$SCRATCH/out")"
	assertEquals 'news (9) complaint 7' "$(journal "select(.event ==
	    \"payload.read\" and .job == \"$ID\") | \"\(.by) \(.reason)\"")"
	by administrator python3 "$INSTANCE/payload.py" \
	    "$INSTANCE/run/control.sock" "$ID" 'curious' \
	    >"$SCRATCH/out" 2>&1
	assertEquals 'PERMISSION_DENIED' "$(cat "$SCRATCH/out")"
}

# descriptors: how many spoold has.
descriptors() {
	find "/proc/$(supervisor)/fd" -mindepth 1 | wc -l
}

# He asks for a payload 3,000 times, and reads nothing of that for a while.
test_who_does_not_read_his_answers_takes_no_more_than_a_few_descriptors() {
	organizations || return
	sink
	destination ok
	drop one "$(job ok)"
	eventually delivered "$ID"
	cp "$TESTS/system/unread.mjs" "$INSTANCE/unread.mjs"
	chmod 755 "$INSTANCE/unread.mjs"
	mkdir -m 755 "$INSTANCE/told"
	question="{\"verb\":\"delivery.payload\",\"deliveryId\":\"$ID\","
	question="$question\"reason\":\"test\"}"
	before=$(descriptors)
	by auditor timeout 60 node "$INSTANCE/unread.mjs" \
	    "$INSTANCE/run/control.sock" 3000 "$question" \
	    "$INSTANCE/told/go" >"$SCRATCH/answers" 2>&1 &
	asker=$!
	eventually test -s "$SCRATCH/answers"
	run spoolctl status
	assertEquals "others are served: $ERR" 0 "$STATUS"
	held=$(($(descriptors) - before))
	assertTrue "$held" "[ $held -le 20 ]"
	: >"$INSTANCE/told/go"
	wait "$asker"
	assertEquals 'all are answered' 'waits
3000' "$(cat "$SCRATCH/answers")"
}

# command_by ROLE NAME...: one of spoold's commands, where he can reach it.
command_by() {
	role=$1 name=$2
	shift 2
	[ -x "$INSTANCE/bin/$name" ] ||
	    install -D "$BUILD/bin/$name" "$INSTANCE/bin/$name"
	run by "$role" timeout 60 "$INSTANCE/bin/$name" -o "$A" "$@"
}

test_a_submitter_submits_a_file_and_waits_for_it_with_the_command() {
	organizations || return
	sink
	destination ok
	printf 'what it says' >"$INSTANCE/report"
	command_by submitter spoolsubmit -d ok -f "$INSTANCE/report" -w
	assertEquals "$ERR" 'completed games' \
	    "$(answer '"\(.status) \(.submitter)"')"
	assertEquals "$(sha256sum <"$INSTANCE/report")" \
	    "$(request "$(answer .deliveryId)" .sha256)  -"
	command_by submitter spoolsubmit -d nope -D 1
	failed_with 68 spoolsubmit DESTINATION_NOT_FOUND
	command_by stranger spoolsubmit -d ok -D 1
	failed_with 77 spoolsubmit PERMISSION_DENIED
	command_by viewer spoolsubmit -d ok -D 1
	failed_with 77 spoolsubmit PERMISSION_DENIED
}

test_commands_do_for_each_role_what_it_may() {
	organizations || return
	sink
	destination ok
	answers ok 404
	job ok >"$INSTANCE/job"
	command_by submitter spoolsubmit -w "$INSTANCE/job"
	ID=$(answer .deliveryId)
	in_queue failed "$ID"
	assertEquals 0 $?
	command_by viewer spooldest list -j
	assertEquals ok "$(answer .id)"
	command_by viewer spooldest disable ok
	failed_with 77 spooldest PERMISSION_DENIED
	command_by viewer spoolcat "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	assertContains "$OUT" '"failed"'
	command_by viewer spoolcat -b "$ID"
	failed_with 77 spoolcat PERMISSION_DENIED
	command_by auditor spoolcat -b "$ID"
	failed_with 65 spoolcat VALIDATION_ERROR
	command_by auditor spoolcat -b --reason 'complaint 7' "$ID"
	ran 0 '{"n":1}' ''
	command_by operator spooldest disable ok --reason 'it is down'
	assertEquals "$ERR" 0 "$STATUS"
	command_by operator spoolsuper -r "$ID"
	ran 0 "$ID.ok: requeued
1 ticket requeued" ''
	command_by operator spoolsuper -h "$ID.ok"
	ran 0 "$ID.ok: held
1 ticket held" ''
	command_by viewer spoolsuper -H "$ID"
	failed_with 77 spoolsuper PERMISSION_DENIED
	command_by operator spoolsuper -H "${ID%????}"
	failed_with 77 spoolsuper PERMISSION_DENIED
	command_by operator spoolsuper -H "$ID"
	assertEquals "$ERR" 0 "$STATUS"
	answers ok 200
	command_by operator spooldest enable ok
	eventually delivered "$ID"
	command_by operator spoolsuper -r "$ID" --delivered
	ran 0 "$ID.ok: requeued
1 ticket requeued" ''
	command_by auditor spooldest delete ok
	failed_with 77 spooldest PERMISSION_DENIED
	assertEquals 'requeued held released requeued' "$(journal "
	    select(.job == \"$ID\" and .by == \"lp (7)\") | .event" |
	    paste -sd ' ')"
}

test_groups_are_those_of_the_last_reload() {
	organizations || return
	one viewer queue.status
	assertEquals true "$(answer .ok)"
	spoolconf -e "organization.$A.viewers=games"
	one viewer queue.status
	assertEquals true "$(answer .ok)"
	run spoolctl reload
	assertEquals "$ERR" 0 "$STATUS"
	one viewer queue.status
	assertEquals PERMISSION_DENIED "$(answer .error.code)"
	spoolconf -e "organization.$A.viewers=" "organization.$A.auditors=man"
	run spoolctl reload
	one viewer queue.status
	assertEquals true "$(answer .ok)"
}

test_the_sockets_of_a_private_instance_are_its_owners_alone() {
	instance
	cp "$TESTS/system/control.mjs" "$INSTANCE/client.mjs"
	chmod 711 "$INSTANCE"
	start
	assertEquals 'srw------- 700' "$(stat -c %A \
	    "$INSTANCE/run/control.sock") $(stat -c %a "$INSTANCE/run")"
	echo '{"id":1,"verb":"queue.status"}' >"$SCRATCH/ask"
	by viewer node "$INSTANCE/client.mjs" "$INSTANCE/run/control.sock" \
	    <"$SCRATCH/ask" >"$SCRATCH/out" 2>&1
	assertContains "$(cat "$SCRATCH/out")" EACCES
}

test_one_user_cannot_take_the_room_of_others() {
	organizations || return
	mkfifo "$SCRATCH/silent"
	for n in $(seq 1 40); do
		by nobody node "$INSTANCE/client.mjs" \
		    "$INSTANCE/run/control.sock" <"$SCRATCH/silent" \
		    >/dev/null 2>&1 &
		echo $! >"$SCRATCH/silent$n.pid"
	done
	exec 9>"$SCRATCH/silent"
	for role in viewer root; do
		one "$role" queue.status "\"organizationId\":\"$A\""
		assertEquals "$role" true "$(answer .ok)"
	done
	exec 9>&-
}

. /usr/share/shunit2/shunit2
