#!/bin/sh
# sftp_test - files into the directories of a real OpenSSH server
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/sshd.sh
. "$TESTS/peers/sshd.sh"

oneTimeSetUp() {
	ssh_keys
}

# same NAME FILE: what was dropped as NAME is the server's FILE.
same() {
	cmp "$SCRATCH/$1" "$REMOTE/$2"
	assertEquals "$2" 0 $?
}

# remote_files: all of them, sorted, with their paths.
remote_files() {
	(cd "$REMOTE" && find . -type f | sort | paste -sd ' ')
}

# --- host keys --------------------------------------------------------------

test_another_host_key_is_a_mismatch_before_anybody_logs_in() {
	sftp_instance
	sftp_destination other '{hostKey: ("SHA256:" + "A" * 43)}'
	drop one "$(job other)"
	eventually deferred other
	assertEquals "deferred HOST_KEY_MISMATCH the server's key is $(
	    fingerprint ed25519), which is not the destination's hostKey" \
	    "$(said other)"
	assertEquals 0 "$(grep -c -E 'Accepted|Failed|Postponed' \
	    "$SCRATCH/sshd.log")"
	assertEquals '' "$(remote_files)"
}

test_each_key_of_a_server_can_be_pinned_by_fingerprint_or_line() {
	sftp_instance
	for type in ed25519 ecdsa rsa; do
		sftp_destination "print-$type" \
		    "{hostKey: \"$(fingerprint $type)\"}"
		sftp_destination "line-$type" "{hostKey:
		    \"[127.0.0.1]:$SSHD_PORT $(cat "$KEYS/host_$type.pub")\"}"
		sftp_destination "pub-$type" \
		    "{hostKey: \"$(cat "$KEYS/host_$type.pub")\"}"
		drop "key-$type" "$(job "print-$type" "line-$type" \
		    "pub-$type")"
		for how in print line pub; do
			eventually delivered "$ID" "$how-$type"
		done
	done
}

test_a_pinned_line_is_not_met_by_a_server_without_such_a_key() {
	HOST_KEYS='ecdsa rsa' sftp_instance
	sftp_destination line \
	    "{hostKey: \"$(cat "$KEYS/host_ed25519.pub")\"}"
	drop one "$(job line)"
	eventually deferred line
	assertEquals "deferred HOST_KEY_MISMATCH the server has no key of the type that the destination's hostKey has; its key is $(fingerprint ecdsa)" \
	    "$(said line)"
	eventually alerted 1
	assertEquals "the server of line has the key $(fingerprint ecdsa), which is not its hostKey, so nothing is sent to it: spooldest test line" \
	    "$(alert_reason)"
}

test_servers_that_have_one_host_key_or_cipher_or_mac_only_are_spoken_to() {
	sftp_instance
	n=0
	for only in 'HostKeyAlgorithms rsa-sha2-256' \
	    'HostKeyAlgorithms rsa-sha2-512' \
	    'Ciphers chacha20-poly1305@openssh.com' \
	    'Ciphers aes256-gcm@openssh.com' 'Ciphers aes128-ctr' \
	    'MACs hmac-sha2-256-etm@openssh.com' 'MACs hmac-sha2-512' \
	    'KexAlgorithms curve25519-sha256' \
	    'KexAlgorithms diffie-hellman-group16-sha512'; do
		n=$((n + 1))
		kill "$(cat "$SCRATCH/sshd.pid")"
		SSHD_PORT=
		sshd "$only"
		case $only in
		*HostKey*) pin=$(fingerprint rsa) ;;
		*) pin=$(fingerprint ed25519) ;;
		esac
		sftp_destination "only-$n" "{hostKey: \"$pin\"}"
		drop "only-$n" "$(job "only-$n")"
		eventually delivered "$ID"
	done
}

alerted() {
	[ "$(spoolctl -j status | jq -r '[.alerts[].name |
	    select(. == "host-key-mismatch")] | length')" = "$1" ]
}

alert_reason() {
	spoolctl -j status | jq -r '.alerts[] |
	    select(.name == "host-key-mismatch") | .reason'
}

# The alert lines of the journal, as "state destination".
alert_lines() {
	journal 'select(.event == "alert" and
	    .name == "host-key-mismatch") | "\(.state) \(.org) \(.dest)"'
}

test_each_destination_with_another_key_has_an_alert_that_says_it() {
	sftp_instance
	for name in one two; do
		sftp_destination "$name" '{hostKey: ("SHA256:" + "A" * 43)}'
	done
	drop job "$(job one two)"
	eventually deferred one
	eventually deferred two
	eventually alerted 2
	key=$(fingerprint ed25519)
	assertEquals "the server of one has the key $key, which is not its hostKey, so nothing is sent to it: spooldest test one
the server of two has the key $key, which is not its hostKey, so nothing is sent to it: spooldest test two" \
	    "$(alert_reason | sort)"
	run spoolctl check
	assertContains "$OUT" "alert: host-key-mismatch: the server of two has the key $key"
	# What says nothing of server or key mends nothing.
	echo '{"label":"Another"}' | spooldest update one - \
	    >"$SCRATCH/updated" 2>&1
	switch disable two
	eventually alerted 1
	assertEquals "begin $ORG one
begin $ORG two
end $ORG two" "$(alert_lines)"
	jq -n --arg pin "$key" --rawfile key "$KEYS/user_ed25519" \
	    '{config: {sftp: {hostKey: $pin, privateKey: $key}}}' |
	    spooldest update one - >"$SCRATCH/updated" 2>&1
	eventually alerted 0
	assertEquals "end $ORG one" "$(alert_lines | tail -1)"
}

test_a_mismatch_alerts_until_it_is_mended() {
	sftp_instance
	sftp_destination changed '{hostKey: ("SHA256:" + "A" * 43)}'
	drop one "$(job changed)"
	eventually deferred changed
	eventually alerted 1
	jq -n --arg pin "$(fingerprint ed25519)" \
	    --rawfile key "$KEYS/user_ed25519" \
	    '{config: {sftp: {hostKey: $pin, privateKey: $key}}}' |
	    spooldest update changed - >"$SCRATCH/updated" 2>&1
	assertEquals "$(cat "$SCRATCH/updated")" 0 $?
	run spoolq -s changed
	eventually delivered "$ID"
	eventually alerted 0
}

test_a_mismatch_ends_with_the_right_key_whatever_else_is_wrong() {
	sftp_instance
	sftp_destination one '{username: "nobody-here"}'
	right=$SSHD_PORT
	# In between: another key at the same port.
	kill "$(cat "$SCRATCH/sshd.pid")"
	sshd "HostKeyAlgorithms ecdsa-sha2-nistp256"
	assertEquals "$right" "$SSHD_PORT"
	drop one "$(job one)"
	eventually alerted 1
	kill "$(cat "$SCRATCH/sshd.pid")"
	sshd
	assertEquals "$right" "$SSHD_PORT"
	spoolq -i "$ID" >/dev/null
	eventually alerted 0
	assertEquals 'deferred AUTHENTICATION_FAILED' \
	    "$(said one | cut -d ' ' -f 1-2)"
}

test_where_no_key_is_pinned_the_alert_says_so() {
	sftp_instance
	sftp_destination none
	stop
	# As somebody's own tool may have written it.
	file=$INSTANCE/state/$ORG/destinations/none.json
	jq 'del(.config.sftp.hostKey)' "$file" >"$SCRATCH/none"
	cat "$SCRATCH/none" >"$file"
	start
	drop one "$(job none)"
	eventually alerted 1
	assertEquals "the server of none has the key $(fingerprint ed25519), and it has no hostKey to compare that with, so nothing is sent to it: spooldest test none" \
	    "$(alert_reason)"
}

# lacks NAME WORDS LINE...: what is said of a server with these lines.
lacks() {
	kill "$(cat "$SCRATCH/sshd.pid")"
	SSHD_PORT=
	name=$1 words=$2
	shift 2
	sshd "$@"
	sftp_destination "$name"
	drop "$name" "$(job "$name")"
	eventually deferred "$name"
	assertEquals "deferred PROTOCOL_ERROR no $words is common with the \
server" "$(said "$name")"
}

test_a_server_that_knows_old_algorithms_only_is_told_by_what_is_missing() {
	sftp_instance
	lacks cipher cipher 'Ciphers aes128-cbc,3des-cbc'
	lacks mac MAC 'Ciphers aes128-ctr' 'MACs hmac-sha1,hmac-md5'
	lacks kex 'way to exchange keys' \
	    'KexAlgorithms diffie-hellman-group14-sha1'
}

# --- logging in -------------------------------------------------------------

# key_destination NAME FILE [PASSPHRASE]
key_destination() {
	sftp_destination "$1" "{privateKey: $(jq -Rs . "$2"),
	    passphrase: ${3:+\"}${3:-null}${3:+\"}}"
}

test_keys_of_each_type_in_each_format_encrypted_or_not_log_in() {
	sftp_instance
	n=0
	for type in ed25519 ecdsa rsa; do
		for format in RFC4716 PEM PKCS8; do
			# OpenSSH writes ed25519 in its own format only.
			[ "$type$format" != ed25519PEM ] || continue
			[ "$type$format" != ed25519PKCS8 ] || continue
			for word in '' sesame-open; do
				n=$((n + 1))
				cp "$KEYS/user_$type" "$SCRATCH/key"
				chmod 600 "$SCRATCH/key"
				ssh-keygen -q -p -m $format -P '' -N "$word" \
				    -f "$SCRATCH/key" >/dev/null
				key_destination "key-$n" "$SCRATCH/key" "$word"
				drop "key-$n" "$(job "key-$n")"
				eventually delivered "$ID"
			done
		done
	done
	assertEquals 14 "$(logins)"
}

# ssh-keygen does not write this format for such a key.
test_an_ed25519_key_in_pkcs8_logs_in_encrypted_or_not() {
	sftp_instance
	openssl genpkey -algorithm ed25519 -out "$SCRATCH/key" 2>/dev/null
	openssl pkcs8 -topk8 -in "$SCRATCH/key" -passout pass:sesame-open \
	    -out "$SCRATCH/locked"
	openssl pkey -in "$SCRATCH/key" -pubout -outform DER \
	    -out "$SCRATCH/public"
	{
		printf 'ssh-ed25519 '
		{
			printf '\0\0\0\13ssh-ed25519\0\0\0\40'
			tail -c 32 "$SCRATCH/public"
		} | base64 -w 0
	} >"$SCRATCH/authorized"
	kill "$(cat "$SCRATCH/sshd.pid")"
	SSHD_PORT=
	sshd "AuthorizedKeysFile $SCRATCH/authorized"
	key_destination pkcs8 "$SCRATCH/key"
	key_destination locked "$SCRATCH/locked" sesame-open
	for name in pkcs8 locked; do
		drop $name "$(job $name)"
		eventually delivered "$ID"
	done
}

test_a_refused_key_stays_deferred_and_a_mended_one_delivers_what_waited() {
	sftp_instance
	ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/stranger"
	key_destination mended "$SCRATCH/stranger"
	drop one "$(job mended)"
	eventually deferred mended
	assertEquals 'deferred AUTHENTICATION_FAILED the server refused the user or the key' \
	    "$(said mended)"
	jq -n --rawfile key "$KEYS/user_ed25519" \
	    '{config: {sftp: {privateKey: $key}}}' |
	    spooldest update mended - >"$SCRATCH/updated" 2>&1
	assertEquals "$(cat "$SCRATCH/updated")" 0 $?
	run spoolq -s mended
	eventually delivered "$ID"
}

test_a_wrong_passphrase_is_said_and_nothing_is_given_up() {
	sftp_instance
	cp "$KEYS/user_ed25519" "$SCRATCH/key"
	ssh-keygen -q -p -P '' -N right-one -f "$SCRATCH/key" >/dev/null
	key_destination locked "$SCRATCH/key" wrong-one
	drop one "$(job locked)"
	eventually deferred locked
	assertEquals "deferred CONFIG_ERROR the destination's privateKey cannot be read: it is damaged, of a kind that is not supported, or the passphrase is not its own" \
	    "$(said locked)"
}

# In a mount namespace of its own the server sees a user with a password.
password_server() {
	user=spoold-sftp-test
	cp /etc/passwd "$SCRATCH/passwd"
	cp /etc/shadow "$SCRATCH/shadow"
	echo "$user:x:$(id -u nobody):$(id -g nobody)::/:/bin/sh" \
	    >>"$SCRATCH/passwd"
	echo "$user:$(openssl passwd -6 'pass word')::0:99999:7:::" \
	    >>"$SCRATCH/shadow"
	chmod 755 "$INSTANCE" "$SCRATCH"
	cat >"$SCRATCH/under" <<-END
	#!/bin/sh
	mount --bind $SCRATCH/passwd /etc/passwd
	mount --bind $SCRATCH/shadow /etc/shadow
	exec "\$@"
	END
	chmod +x "$SCRATCH/under"
	kill "$(cat "$SCRATCH/sshd.pid")"
	SSHD_PORT=
	SSHD_UNDER="unshare -m $SCRATCH/under"
	chmod 777 "$REMOTE"
	sshd "$@"
	SSHD_UNDER=
}

test_a_password_logs_in_and_a_wrong_one_is_deferred() {
	sftp_instance
	password_server 'PasswordAuthentication yes'
	sftp_destination word "{username: \"$user\", privateKey: null,
	    password: \"pass word\"}"
	sftp_destination wrong "{username: \"$user\", privateKey: null,
	    password: \"pass-word\"}"
	drop one "$(job word)"
	eventually delivered "$ID"
	drop two "$(job wrong)"
	eventually deferred wrong
	assertEquals 'deferred AUTHENTICATION_FAILED the server refused the user or the password' \
	    "$(said wrong)"
	assertEquals 'at rest' '' "$(grep -rlF 'pass word' \
	    "$INSTANCE/spool" "$INSTANCE/state" "$INSTANCE/log")"
}

test_a_server_that_asks_for_the_password_itself_is_answered() {
	sftp_instance
	password_server 'KbdInteractiveAuthentication yes' 'UsePAM yes'
	sftp_destination asked "{username: \"$user\", privateKey: null,
	    password: \"pass word\"}"
	drop one "$(job asked)"
	eventually delivered "$ID"
	assertEquals 1 "$(grep -c '^Accepted keyboard-interactive' \
	    "$SCRATCH/sshd.log")"
}

# --- files ------------------------------------------------------------------

test_data_and_files_arrive_under_the_names_that_templates_give() {
	sftp_instance
	sftp_destination plain
	sftp_destination named '{path: "/in/{year}/{metadata.ward}",
	    filename: "{type}-{timestamp}-{correlationId}.json",
	    createDirectories: true, verify: "sha256"}'
	drop data '{"destinations":["plain","named"],"payload":{"type":"report",
	    "data":{"n":1.10},"metadata":{"ward":"3b"}},
	    "options":{"correlationId":"c 7é"}}'
	eventually delivered "$ID" plain
	eventually delivered "$ID" named
	at=$(journal 'select(.event == "accepted") | .time')
	stamp=$(echo "$at" | sed 's/[-:]//g; s/\..*/Z/')
	assertEquals "./$ID.json ./in/$(echo "$at" | cut -c 1-4)/3b/report-$stamp-c 7é.json" \
	    "$(remote_files)"
	assertEquals '{"n":1.10}' "$(cat "$REMOTE/$ID.json")"
	payload 'a b.bin' 100001
	drop file "$(file_job plain 'a b.bin')"
	eventually delivered "$ID"
	same 'a b.bin' 'a b.bin'
	: >"$SCRATCH/empty"
	: >"$SPOOL/data/empty"
	drop none "$(file_job plain empty)"
	eventually delivered "$ID"
	same empty empty
}

test_values_that_could_lead_elsewhere_end_the_ticket() {
	sftp_instance
	sftp_destination ward '{path: "{metadata.ward}"}'
	for value in .. a/b 'a\u000db' 'a\u0001'; do
		drop "v$(journal 'select(.event == "failed")' | wc -l)" \
		    "{\"destinations\":[\"ward\"],\"payload\":{\"type\":
		    \"data\",\"data\":1,\"metadata\":{\"ward\":\"$value\"}}}"
		eventually in_queue failed "$ID"
		assertEquals "$value" 'failed VALIDATION_ERROR' \
		    "$(said ward | cut -d ' ' -f 1-2)"
	done
	assertEquals '' "$(remote_files)"
}

test_a_directory_that_is_missing_is_made_only_if_so_told() {
	sftp_instance
	sftp_destination strict '{path: "a/b"}'
	sftp_destination maker '{path: "a/b/c", createDirectories: true}'
	drop one "$(job strict)"
	eventually deferred strict
	assertEquals 'deferred SFTP_STATUS create the file: no such file or directory' \
	    "$(said strict)"
	drop two "$(job maker)"
	eventually delivered "$ID"
	assertEquals "./a/b/c/$ID.json" "$(remote_files)"
}

test_the_same_file_counts_as_delivered_and_another_is_a_conflict() {
	sftp_instance
	sftp_destination here '{filename: "x"}'
	payload first 70000
	cp "$SCRATCH/first" "$REMOTE/x"
	inode=$(stat -c %i "$REMOTE/x")
	drop same "$(file_job here first)"
	eventually delivered "$ID"
	assertEquals 'not written again' "$inode" "$(stat -c %i "$REMOTE/x")"
	payload second 70000
	drop other "$(file_job here second)"
	eventually in_queue failed "$ID"
	assertEquals 'failed CONFLICT a file of that name is there already: it has other content' \
	    "$(said here)"
	payload third 70001
	drop longer "$(file_job here third)"
	eventually in_queue failed "$ID"
	assertEquals 'failed CONFLICT a file of that name is there already: it has another size' \
	    "$(said here)"
	same first x
	assertEquals 'nothing else' ./x "$(remote_files)"
	rm "$REMOTE/x"
	mkdir "$REMOTE/x"
	drop directory "$(job here)"
	eventually in_queue failed "$ID"
	assertEquals 'failed CONFLICT a file of that name is there already: it is a directory' \
	    "$(said here)"
}

test_overwrite_replaces_with_and_without_posix_rename() {
	sftp_instance
	sftp_destination over '{filename: "x", overwrite: true}'
	for denied in none posix-rename; do
		kill "$(cat "$SCRATCH/sshd.pid")"
		# The same port: the destination is the same.
		sshd "ForceCommand internal-sftp -d $REMOTE -P $denied"
		payload old 5000
		payload "new-$denied" 6000
		cp "$SCRATCH/old" "$REMOTE/x"
		drop "$denied" "$(file_job over "new-$denied")"
		eventually delivered "$ID"
		same "new-$denied" x
		assertEquals ./x "$(remote_files)"
	done
}

test_a_server_without_extensions_is_enough() {
	sftp_instance "ForceCommand internal-sftp -d $INSTANCE/remote \
-P posix-rename,fsync,statvfs,hardlink"
	mkdir "$INSTANCE/remote"
	sftp_destination bare
	drop one "$(job bare)"
	eventually delivered "$ID"
}

test_a_directory_that_may_not_be_written_is_deferred() {
	sftp_instance
	password_server 'PasswordAuthentication yes'
	chmod 755 "$REMOTE"
	sftp_destination denied "{username: \"$user\", privateKey: null,
	    password: \"pass word\"}"
	drop one "$(job denied)"
	eventually deferred denied
	assertEquals 'deferred SFTP_STATUS create the file: permission denied' \
	    "$(said denied)"
	run spooldest test denied
	assertEquals 75 "$STATUS"
	assertEquals 'spooldest: SFTP_STATUS: create a file: permission denied' \
	    "$ERR"
}

# worker COMMANDS: what the worker alone answers to them.
worker() {
	printf 'setup\n%s\nclose\nend\n' "$1" | "$BUILD/tests/probe_worker" \
	    "$BUILD/libexec/spoold/sftp" 2>&1 | sed -e '/^ready /d' \
	    -e 's/ peer=.*//' -e 's/reason="/"/'
}

# settings [MORE]: as words of a command, blanks and newlines escaped.
settings() {
	jq -nc --argjson port "$SSHD_PORT" --arg user "$(id -un)" \
	    --arg pin "$(fingerprint ed25519)" \
	    --rawfile key "$KEYS/user_ed25519" "{host: \"127.0.0.1\",
	    port: \$port, username: \$user, hostKey: \$pin,
	    privateKey: \$key} + ${1:-{\}} |
	    with_entries(select(.value != null))" |
	    sed -e 's/\\n/\\u000a/g' -e 's/ /\\s/g' -e 's/^/config=/'
}

test_a_payload_that_changed_never_gets_its_name() {
	sftp_instance
	cd "$SCRATCH" || exit 1
	printf '{"destinations":["a"],"payload":{"type":"export","file":"x",
	    "filename":"x"}}' >job
	head -c 3000000 /dev/zero >file.bin
	assertEquals 'outcome token=1 failed PAYLOAD_CHANGED code=0 bytes=2981888 "the payload is no longer what was accepted"
exit status 0' "$(worker "attempt 1 job payload=file.bin change=file.bin,0,x $(settings)
wait")"
	assertEquals '' "$(remote_files)"
	cd / || exit 1
}

test_a_payload_that_changed_as_what_was_left_did_is_found_out() {
	sftp_instance
	cd "$SCRATCH" || exit 1
	printf '{"destinations":["a"],"payload":{"type":"export","file":"x",
	    "filename":"x"}}' >job
	head -c 100000 /dev/zero >file.bin
	{ printf x; head -c 99999 /dev/zero; } \
	    >"$REMOTE/.x.01JDCZ7Q2T5M8YB3K4N6P9RSVW.ehr.part"
	assertEquals 'outcome token=1 failed PAYLOAD_CHANGED code=0 bytes=0 "the payload is no longer what was accepted"
exit status 0' "$(worker "attempt 1 job payload=file.bin change=file.bin,0,x $(settings)
wait")"
	assertEquals '' "$(remote_files)"
	cd / || exit 1
}

test_a_server_whose_key_is_not_pinned_shows_it_and_gets_nothing() {
	sftp_instance
	cd "$SCRATCH" || exit 1
	job a >"$SCRATCH/job"
	assertEquals "outcome token=1 deferred HOST_KEY_MISMATCH code=0 bytes=0 transport \"the server's key is $(
	    fingerprint ed25519); pin it as hostKey if it is the right one\"
exit status 0" "$(worker "attempt 1 job $(settings '{hostKey: null}')
wait")"
	assertEquals 0 "$(logins)"
	cd / || exit 1
}

# silent_port: where somebody listens, and says nothing.
silent_port() {
	port=$(free_port)
	node -e 'require("net").createServer(() => {})
	    .listen(process.argv[1], "127.0.0.1", () => console.log("up"))' \
	    "$port" >"$SCRATCH/silent" &
	echo $! >"$SCRATCH/silent.pid"
	eventually grep -q up "$SCRATCH/silent"
}

# The sanitizers keep what was freed, and more than can be searched.
test_what_logs_in_is_not_in_memory_when_nothing_is_under_way() {
	sftp_instance
	password_server 'PasswordAuthentication yes'
	silent_port
	cd "$SCRATCH" || exit 1
	job a >"$SCRATCH/job"
	cp "$KEYS/user_ed25519" key
	ssh-keygen -q -p -P '' -N sesame-7 -f key >/dev/null
	locked="passphrase: \"sesame-7\", privateKey: $(jq -Rs . key)"
	word="username: \"$user\", privateKey: null, path: \"other\",
	    createDirectories: true, password: \"pass word\""
	searched=1
	! sanitized || searched=0
	worker "$(sed "/^find/s/^/$searched/; /^gone/s/^/$searched/; s/^1//;
	    /^0/d" <<-END
	attempt 1 job timeout=3000 $(settings "{$locked, port: $port}")
	attempt 2 job timeout=3000 $(settings "{$word, port: $port}")
	attempt 3 job $(settings "{$locked}")
	attempt 4 job $(settings "{$word}")
	wait 2
	find sesame-7
	find pass\sword
	wait 2
	gone sesame-7
	gone pass\sword
	gone $(sed -n 3p "$KEYS/user_ed25519")
	END
	)" >said
	assertEquals 2 "$(grep -c ' delivered ' said)"
	assertEquals 2 "$(grep -c ' deferred TIMEOUT ' said)"
	assertEquals 'searched' $((5 * searched)) "$(grep -c '^found' said)"
	assertEquals 'afterwards' $((3 * searched)) "$(grep '^found' said |
	    tail -3 | grep -c 'found 0 times')"
	assertEquals 'it was there' 0 "$(grep '^found' said | head -2 |
	    grep -c 'found 0 times')"
	cd / || exit 1
}

test_no_descriptor_is_left_of_sessions_that_ended() {
	sftp_instance
	sftp_destination first
	drop first "$(job first)"
	eventually delivered "$ID"
	# shellcheck disable=SC2046 # a pid
	before=$(find /proc/$(workers sftp)/fd -type l | wc -l)
	for n in $(seq 12); do
		sftp_destination "mis-$n" '{hostKey: ("SHA256:" + "A" * 43)}'
		drop "mis-$n" "$(job "mis-$n")"
		eventually deferred "mis-$n"
	done
	# shellcheck disable=SC2046
	after=$(find /proc/$(workers sftp)/fd -type l | wc -l)
	# The first session may have been idle for long enough by now.
	assertTrue "$after, and $before before" "[ $after -le $before ]"
}

# --- interrupted ------------------------------------------------------------

part_of() {
	find "$REMOTE" -name ".*.$1.*.part"
}

# part_has ID BYTES: there are at least so many.
part_has() {
	[ "$(stat -c %s "$(part_of "$1")")" -ge "$2" ]
}

test_a_killed_worker_resumes_a_large_upload_and_never_shows_half_of_it() {
	sftp_instance
	setting retry base_delay 100ms
	setting retry max_delay 200ms
	spoolctl reload >/dev/null
	sftp_destination big '{timeout: 20000}'
	payload big.bin 268435456
	drop big "$(file_job big big.bin)"
	eventually part_has "$ID" 20000000
	# shellcheck disable=SC2046 # a pid
	kill -9 $(workers sftp)
	assertEquals 'no half file' '' "$(find "$REMOTE" -name big.bin)"
	before=$(stat -c '%i %W' "$(part_of "$ID")")
	eventually_within 120 delivered "$ID"
	same big.bin big.bin
	assertEquals 'the same file, renamed' "$before" \
	    "$(stat -c '%i %W' "$REMOTE/big.bin")"
	assertEquals ./big.bin "$(remote_files)"
}

test_what_an_earlier_attempt_left_is_compared_before_it_is_used() {
	sftp_instance
	sftp_destination resumed
	payload r.bin 1000000
	job=$(file_job resumed r.bin)
	# The id is known before it is dropped: so the leftover can be.
	printf '%s' "$job" >"$SPOOL/tmp/r"
	id=$(node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/tmp/r" =r.json)
	head -c 600000 "$SCRATCH/r.bin" >"$REMOTE/.r.bin.$id.resumed.part"
	printf 'other bytes' | dd of="$REMOTE/.r.bin.$id.resumed.part" bs=1 \
	    seek=400000 conv=notrunc 2>/dev/null
	inode=$(stat -c %i "$REMOTE/.r.bin.$id.resumed.part")
	mv -n "$SPOOL/tmp/r" "$SPOOL/new/r.json"
	eventually delivered "$id"
	same r.bin r.bin
	assertEquals "$inode" "$(stat -c %i "$REMOTE/r.bin")"
}

test_a_leftover_that_is_longer_is_no_beginning_of_it() {
	sftp_instance
	sftp_destination longer
	payload l.bin 1000
	job=$(file_job longer l.bin)
	printf '%s' "$job" >"$SPOOL/tmp/l"
	id=$(node "$TESTS/data/spool_id.mjs" "$ORG" "$SPOOL/tmp/l" =l.json)
	head -c 2000 /dev/zero >"$REMOTE/.l.bin.$id.longer.part"
	mv -n "$SPOOL/tmp/l" "$SPOOL/new/l.json"
	eventually delivered "$id"
	same l.bin l.bin
}

test_names_and_destinations_of_any_length_leave_the_partial_file_a_name() {
	sftp_instance
	# 63 bytes, and names to the last byte that the server's files take.
	long=$(printf 'd%062d' 0)
	sftp_destination "$long"
	for name in "$(printf '%0255d' 0)" "a$(printf 'é%.0s' $(seq 127))"; do
		payload l.bin 1000
		drop one "$(file_job "$long" l.bin "\"filename\":\"$name\"")"
		eventually delivered "$ID"
		same l.bin "$name"
	done
}

test_a_long_upload_survives_new_keys_and_memory_stays_small() {
	sftp_instance 'RekeyLimit 4M'
	sftp_destination long '{verify: "sha256", timeout: 20000}'
	payload long.bin 100000000
	drop long "$(file_job long long.bin)"
	eventually_within 120 delivered "$ID"
	same long.bin long.bin
	# shellcheck disable=SC2046 # a pid
	kib=$(awk '/VmHWM/ { print $2 }' /proc/$(workers sftp)/status)
	# A sanitizer's own memory counts, too.
	sanitized || assertTrue "$kib KiB" "[ $kib -lt 40000 ]"
}

# --- sessions ---------------------------------------------------------------

test_a_session_carries_many_tickets_and_ends_when_it_is_idle() {
	sftp_instance
	sftp_destination kept
	for n in 1 2 3 4 5; do
		drop "one-$n" "$(job kept)"
		eventually delivered "$ID"
	done
	assertEquals 1 "$(logins)"
	eventually_within 40 grep -q '^Received disconnect' \
	    "$SCRATCH/sshd.log"
}

test_many_tickets_share_a_session() {
	sftp_instance
	sftp_destination many
	drops 200 m "$(job many)"
	eventually_within 60 counts done 200
	assertEquals 200 "$(find "$REMOTE" -type f | wc -l)"
	assertEquals 1 "$(logins)"
}

test_a_kept_session_that_ended_is_replaced_without_a_failure() {
	sftp_instance
	sftp_destination again
	drop one "$(job again)"
	eventually delivered "$ID"
	session=$(pgrep -P "$(cat "$SCRATCH/sshd.pid")")
	kill "$(cat "$SCRATCH/sshd.pid")"
	kill "$session"
	sshd
	drop two "$(job again)"
	eventually delivered "$ID"
	assertEquals '' "$(said again)"
}

test_a_kept_session_that_went_silent_is_replaced_without_a_failure() {
	sftp_instance
	sftp_destination silent '{timeout: 1000}'
	drop one "$(job silent)"
	eventually delivered "$ID"
	session=$(pgrep -P "$(pgrep -P "$(cat "$SCRATCH/sshd.pid")")" ||
	    pgrep -P "$(cat "$SCRATCH/sshd.pid")")
	# shellcheck disable=SC2086 # pids
	kill -STOP $session
	drop two "$(job silent)"
	eventually delivered "$ID"
	# shellcheck disable=SC2086
	kill -CONT $session
	assertEquals '' "$(said silent)"
	assertEquals 2 "$(logins)"
}

test_two_destinations_with_other_credentials_share_no_session() {
	sftp_instance
	sftp_destination a
	key_destination b "$KEYS/user_rsa"
	drop one "$(job a b)"
	eventually delivered "$ID" a
	eventually delivered "$ID" b
	assertEquals 2 "$(logins)"
	assertEquals "./$ID.json" "$(remote_files)"
}

# --- the way there ----------------------------------------------------------

test_an_address_that_is_not_allowed_is_not_connected_to() {
	sftp_instance
	setting "organization $ORG" egress_allow '{"public"}'
	spoolctl reload >/dev/null
	sftp_destination denied
	before=$(grep -c '^Connection from' "$SCRATCH/sshd.log")
	drop one "$(job denied)"
	eventually deferred denied
	assertEquals 'deferred EGRESS_DENIED' \
	    "$(said denied | cut -d ' ' -f 1-2)"
	assertEquals "$before" "$(grep -c '^Connection from' \
	    "$SCRATCH/sshd.log")"
}

test_it_goes_through_a_proxy_that_is_named() {
	sftp_instance
	proxy_port=$(free_port)
	printf '%s\n' "Port $proxy_port" 'Listen 127.0.0.1' 'MaxClients 20' \
	    'Timeout 60' 'LogLevel Info' "LogFile \"$SCRATCH/proxy.log\"" \
	    'Allow 127.0.0.1' 'BasicAuth spoold sesame' >"$SCRATCH/proxy.conf"
	tinyproxy -d -c "$SCRATCH/proxy.conf" >"$SCRATCH/proxy.out" 2>&1 &
	echo $! >"$SCRATCH/proxy.pid"
	eventually curl -s "http://127.0.0.1:$proxy_port"
	sftp_destination through "{proxy: \"http://127.0.0.1:$proxy_port\",
	    proxyAuth: {user: \"spoold\", password: \"sesame\"}}"
	sftp_destination stranger "{proxy: \"http://127.0.0.1:$proxy_port\"}"
	drop one "$(job through)"
	eventually delivered "$ID"
	assertEquals 1 "$(grep -c "CONNECT 127.0.0.1:$SSHD_PORT" \
	    "$SCRATCH/proxy.log")"
	drop two "$(job stranger)"
	eventually deferred stranger
	assertEquals 'deferred AUTHENTICATION_FAILED' \
	    "$(said stranger | cut -d ' ' -f 1-2)"
}

test_nobody_there_is_deferred() {
	sftp_instance
	sftp_destination gone '{port: 1}'
	drop one "$(job gone)"
	eventually deferred gone
	assertEquals 'deferred CONNECT_FAILURE' \
	    "$(said gone | cut -d ' ' -f 1-2)"
}

# --- tests of destinations --------------------------------------------------

# steps NAME: the steps of a test and whether they were good, in one line.
steps() {
	spooldest test -j "$1" 2>"$SCRATCH/err" |
	    jq -r '[.steps[] | "\(.name)=\(.ok)"] | join(" ")'
}

test_a_test_shows_each_step_and_leaves_nothing() {
	sftp_instance
	sftp_destination good '{path: "in/{year}/x", createDirectories: true}'
	sftp_destination pin '{hostKey: ("SHA256:" + "A" * 43)}'
	key_destination rsa "$KEYS/user_rsa"
	assertEquals 'resolve=true connect=true hostKey=true authenticate=true write=true' \
	    "$(steps good)"
	assertEquals '' "$(remote_files)"
	assertEquals 'resolve=true connect=true hostKey=false' "$(steps pin)"
	assertEquals "the server's key is $(fingerprint ed25519), which is \
not the destination's hostKey" "$(jq -r .message "$SCRATCH/err")"
	ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/stranger"
	key_destination refused "$SCRATCH/stranger"
	assertEquals 'resolve=true connect=true hostKey=true authenticate=false' \
	    "$(steps refused)"
}

test_a_server_of_another_protocol_is_told_from_one() {
	sftp_instance
	sink
	sftp_destination web "{port: $SINK_PORT}"
	assertEquals 'resolve=true connect=true hostKey=false' "$(steps web)"
	assertEquals 'it does not answer as SSH does: are host and port right?' \
	    "$(jq -r .message "$SCRATCH/err")"
}

test_a_synthetic_delivery_stays() {
	sftp_instance
	sftp_destination good
	run spooldest test --deliver good
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals '{"test":true}' "$(cat "$REMOTE"/spoold-test.*.json)"
}

# shellcheck source=/dev/null
. /usr/share/shunit2/shunit2
