#!/bin/sh
# sftp_encrypt_test - files that are encrypted on their way to an OpenSSH server
# shellcheck disable=SC1010,SC2016,SC2119 # "done" is a queue; $… is jq's
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/sshd.sh
. "$TESTS/peers/sshd.sh"
# shellcheck source=tests/peers/certificates.sh
. "$TESTS/peers/certificates.sh"

oneTimeSetUp() {
	ssh_keys
	authority
	person ann rsa:2048 a@example.net 'keyUsage = keyEncipherment'
	person bob 'ec -pkeyopt ec_paramgen_curve:P-256' b@example.net
	person eve rsa:2048 eve@example.net
}

# encrypting NAME MORE [FILE]...: a destination that encrypts to these
# certificates, ann's and bob's if none is named.
encrypting() {
	_name=$1 _more=$2
	shift 2
	[ $# -gt 0 ] || set -- "$CA/ann.pem" "$CA/bob.pem"
	sftp_destination "$_name" "{encrypt: $(cat "$@" | jq -Rs .)} +
	    ${_more:-{\}}"
}

# opens FILE NAME: the server's file, as that one; what was in it in opened.
opens() {
	openssl cms -decrypt -inform DER -in "$REMOTE/$1" \
	    -recip "$CA/$2.pem" -inkey "$CA/$2.key" -out "$SCRATCH/opened" \
	    >"$SCRATCH/decrypt" 2>&1
}

# holds FILE NAME CONTENT
holds() {
	opens "$1" "$2"
	_status=$?
	assertEquals "$1: $(cat "$SCRATCH/decrypt")" 0 $_status
	cmp "$SCRATCH/$3" "$SCRATCH/opened"
	assertEquals "$1 is what was dropped" 0 $?
}

remote_files() {
	(cd "$REMOTE" && find . -type f | sort | paste -sd ' ')
}

# --- what arrives -----------------------------------------------------------

test_a_file_is_encrypted_to_each_certificate_and_to_nobody_else() {
	sftp_instance
	encrypting cbc '{verify: "sha256"}'
	encrypting gcm '{encryptCipher: "aes-256-gcm", filename: "{type}.cms"}'
	payload 'a b.bin' 300001
	head -c 100000 /dev/zero >"$SPOOL/data/zero"
	cp "$SPOOL/data/zero" "$SCRATCH/zero"
	drop one "$(file_job cbc 'a b.bin')"
	eventually delivered "$ID"
	drop two "$(file_job gcm zero)"
	eventually delivered "$ID"
	assertEquals 'a template says the whole name, the own one gets .p7m' \
	    './a b.bin.p7m ./export.cms' "$(remote_files)"
	for who in ann bob; do
		holds 'a b.bin.p7m' $who 'a b.bin'
		holds export.cms $who zero
	done
	for file in 'a b.bin.p7m' export.cms; do
		opens "$file" eve
		assertEquals "$file" 4 $?
		assertEquals "$file" 'Error decrypting CMS using private key' \
		    "$(head -n 1 "$SCRATCH/decrypt")"
	done
	for kind in pkcs7-envelopedData id-smime-ct-authEnvelopedData; do
		cat "$REMOTE"/* >"$SCRATCH/all"
		case $kind in
		*auth*) file=export.cms ;;
		*) file='a b.bin.p7m' ;;
		esac
		assertEquals $kind 1 "$(openssl cms -cmsout -print -noout \
		    -inform DER -in "$REMOTE/$file" |
		    grep -c "contentType: $kind ")"
	done
}

test_data_and_files_of_any_size_come_out_whole() {
	sftp_instance
	encrypting cbc '{verify: "sha256"}'
	encrypting gcm '{encryptCipher: "aes-256-gcm", path: "gcm",
	    createDirectories: true, verify: "sha256"}'
	for size in 0 1 4095 4096 32768 65536 1000000; do
		payload "s$size" $size
		cp "$SCRATCH/s$size" "$SPOOL/data/t$size"
		drop "c$size" "$(file_job cbc "s$size")"
		eventually delivered "$ID"
		holds "s$size.p7m" ann "s$size"
		drop "g$size" "$(file_job gcm "t$size" \
		    "\"filename\":\"s$size\"")"
		eventually delivered "$ID"
		holds "gcm/s$size.p7m" bob "s$size"
	done
	drop data "$(job cbc)"
	eventually delivered "$ID"
	opens "$ID.json.p7m" ann
	assertEquals "$(jq -c .payload.data "$SPOOL/jobs/$ID"*)" \
	    "$(cat "$SCRATCH/opened")"
}

test_a_file_whose_bytes_were_changed_is_not_opened() {
	sftp_instance
	encrypting a '{encryptCipher: "aes-256-gcm", filename: "x"}'
	payload x 50000
	drop one "$(file_job a x)"
	eventually delivered "$ID"
	holds x ann x
	old=$(od -An -tu1 -j 25000 -N 1 "$REMOTE/x" | tr -d ' ')
	printf '%b' "\\0$(printf %o $(((old + 1) % 256)))" |
	    dd of="$REMOTE/x" bs=1 seek=25000 conv=notrunc 2>/dev/null
	opens x ann
	assertEquals 4 $?
	assertEquals 'Error decrypting CMS structure' \
	    "$(head -n 1 "$SCRATCH/decrypt")"
}

# --- a second attempt ---------------------------------------------------------

part_has() {
	[ "$(find "$REMOTE" -name ".*.$1.*.part" -size "+$2c" | wc -l)" = 1 ]
}

test_a_killed_worker_starts_over_and_leaves_nothing_behind() {
	sftp_instance
	setting retry base_delay 100ms
	setting retry max_delay 200ms
	spoolctl reload >/dev/null
	encrypting big '{timeout: 20000, verify: "sha256"}'
	payload big.bin 134217728
	drop big "$(file_job big big.bin)"
	eventually part_has "$ID" 10000000
	# shellcheck disable=SC2046 # a pid
	kill -9 $(workers sftp)
	assertEquals 'no half file' '' "$(find "$REMOTE" -name 'big.bin*')"
	eventually_within 120 delivered "$ID"
	holds big.bin.p7m ann big.bin
	assertEquals ./big.bin.p7m "$(remote_files)"
	! sanitized || return 0
	# shellcheck disable=SC2046 # a pid
	memory=$(awk '/^VmHWM:/ { print int($2 / 1024) }' \
	    "/proc/$(workers sftp)/status")
	assertTrue "$memory MiB" "[ ${memory:-99} -lt 48 ]"
}

test_a_name_that_is_there_is_a_conflict_unless_it_may_be_replaced() {
	sftp_instance
	encrypting a '{filename: "x"}'
	encrypting b '{filename: "x", overwrite: true}'
	payload first 7000
	payload second 7000
	drop one "$(file_job a first)"
	eventually delivered "$ID"
	# The same content: nobody can see that any more.
	cp "$SCRATCH/first" "$SPOOL/data/first"
	drop again "$(file_job a first)"
	eventually in_queue failed "$ID"
	assertEquals 'failed CONFLICT a file of that name is there already: whether it has this content cannot be told, for it is encrypted' \
	    "$(said a)"
	holds x ann first
	drop two "$(file_job b second)"
	eventually delivered "$ID"
	holds x ann second
	assertEquals ./x "$(remote_files)"
}

# worker COMMANDS: the probe's answer, but for where and when.
worker() {
	printf 'setup\n%s\nclose\nend\n' "$1" | "$BUILD/tests/probe_worker" \
	    "$BUILD/libexec/spoold/sftp" 2>&1 | sed -e '/^ready /d' \
	    -e 's/ peer=.*//' -e 's/ bytes=[0-9]*//'
}

# settings MORE: as a word of a command.
settings() {
	jq -nc --argjson port "$SSHD_PORT" --arg user "$(id -un)" \
	    --arg pin "$(fingerprint ed25519)" \
	    --rawfile key "$KEYS/user_ed25519" --rawfile a "$CA/ann.pem" \
	    "{host: \"127.0.0.1\", port: \$port, username: \$user,
	    hostKey: \$pin, privateKey: \$key, encrypt: \$a} + $1" |
	    sed -e 's/\\n/\\u000a/g' -e 's/ /\\s/g' -e 's/^/config=/'
}

# The next attempt is told what the last one was about to name so.
test_what_an_earlier_attempt_has_written_counts_as_delivered() {
	sftp_instance
	cd "$SCRATCH" || exit 1
	job a >"$SCRATCH/job"
	worker "attempt 1 job $(settings '{filename: "x"}')
keeps 1
wait" >said
	own="$(sha256sum <"$REMOTE/x" | cut -d ' ' -f 1) $(
	    wc -c <"$REMOTE/x")"
	assertEquals "keeps $own
outcome token=1 delivered code=0
exit status 0" "$(cat said)"
	cp "$REMOTE/x" before
	other=$(echo "$own" | tr 0-9a-f 1-9a-f0)
	assertEquals 'outcome token=1 delivered code=0
outcome token=2 failed CONFLICT code=0
outcome token=3 failed CONFLICT code=0
exit status 0' "$(worker "attempt 1 job resume=$(echo "$own" |
	    sed 's/ /\\s/') $(settings '{filename: "x"}')
wait
attempt 2 job resume=${other%% *}\\s${own##* } $(settings '{filename: "x"}')
wait
attempt 3 job resume=no $(settings '{filename: "x"}')
wait" | sed 's/ reason=.*//')"
	cmp before "$REMOTE/x"
	assertEquals 'it is the same still' 0 $?
	cd / || exit 1
}

test_a_payload_that_changed_never_gets_its_name() {
	sftp_instance
	cd "$SCRATCH" || exit 1
	printf '{"destinations":["a"],"payload":{"type":"export","file":"x",
	    "filename":"x"}}' >job
	head -c 3000000 /dev/zero >file.bin
	assertEquals 'outcome token=1 failed PAYLOAD_CHANGED code=0 reason="the payload is no longer what was accepted"
exit status 0' "$(worker "attempt 1 job payload=file.bin change=file.bin,0,x $(settings '{}')
wait")"
	assertEquals '' "$(remote_files)"
	cd / || exit 1
}

# --- certificates that end --------------------------------------------------

# ends SECONDS: options for a certificate that ends then.
ends() {
	echo "-startdate $(date -u -d '1 hour ago' +%Y%m%d%H%M%SZ) \
	    -enddate $(date -u -d "$1 seconds" +%Y%m%d%H%M%SZ)"
}

has_ended() {
	! openssl x509 -in "$CA/$1.pem" -noout -checkend 0 >/dev/null
}

test_a_certificate_that_ends_defers_until_there_is_another() {
	sftp_instance
	encrypting a '{filename: "x"}'
	VALID=$(ends 6) person brief rsa:2048 c@example.net
	jq -n --rawfile c "$CA/brief.pem" \
	    '{config: {sftp: {encrypt: $c}}}' >"$SCRATCH/patch"
	run spooldest update a "$SCRATCH/patch"
	assertEquals 'spooldest: warning: config.sftp.encrypt: a certificate of encrypt (number 1) expires within a day' \
	    "$ERR"
	payload x 1000
	eventually has_ended brief
	drop one "$(file_job a x)"
	eventually deferred a
	assertEquals "deferred CONFIG_ERROR the destination's encrypt has no certificate that is valid now: give another with spooldest update" \
	    "$(said a)"
	run spooldest test a
	assertEquals 78 "$STATUS"
	assertEquals '' "$(remote_files)"
	VALID=$(ends 900000) person soon rsa:2048 c@example.net
	jq -n --rawfile c "$CA/soon.pem" \
	    '{config: {sftp: {encrypt: [$c]}}}' >"$SCRATCH/patch"
	run spooldest update a "$SCRATCH/patch"
	assertEquals "$ERR" 0 "$STATUS"
	run spooldest test a
	assertEquals "$ERR" 0 "$STATUS"
	assertContains "$OUT" \
	    'a certificate of encrypt (number 1) expires in 10 days'
	run spoolq -s a
	eventually delivered "$ID"
	holds x soon x
}

. /usr/share/shunit2/shunit2
